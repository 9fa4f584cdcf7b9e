# SPDX-License-Identifier: GPL-2.0-only
"""The clamd door asked by rspamd's antivirus module and by amavisd-new, which take mail apart by themselves."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

import daemon
import peers
from clamd_peer import AMBIGUOUS, CLEAN, EICAR, INFECTED


@pytest.fixture
def folder():
    """Of a name without anything that a configuration would understand, and one that other users walk through."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="rastel-scanner-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(port, log, *command):
    """The program, listening on the port; ended with whatever it has started."""
    with open(log, "ab") as said:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL,
                                   stdout=said, stderr=said, process_group=0)
    try:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None and time.monotonic() < end, log.read_text(errors="replace")[-3000:]
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_rspamd_finds_what_the_door_finds(closing, folder):
    rastel = closing(daemon.Rastel(clamd=[{"findings": "policy"}])).start()
    port = peers.free_port()
    (folder / "tld").write_text("com\nexample\ntest\n")  # the real list takes half a minute to compile
    (folder / "rspamd.conf").write_text(
        f"""options {{ pidfile = "{folder}/pid"; filters = ""; dns {{ nameserver = ["127.0.0.1"]; timeout = 0.1s; }}
            control_socket = "{folder}/control.sock"; url_tld = "{folder}/tld"; tempdir = "{folder}"; }}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
modules {{ path = "/usr/share/rspamd/plugins/antivirus.lua"; }}
metric {{ name = "default"; actions {{ reject = 15; }} }}
antivirus {{ rastel {{ type = "clamav"; servers = "{rastel.address("clamd")}"; symbol = "RASTEL_VIRUS"; scan_mime_parts = false;
                       log_clean = true; action = "reject"; }} }}
""")

    def symbols(message):
        said = subprocess.run(["rspamc", "-h", f"127.0.0.1:{port}", "symbols"], input=message, capture_output=True, timeout=60, check=True)
        return said.stdout.decode(errors="replace")

    # As root it goes on as whom it was told to, or as root.
    with running(port, folder / "out", "rspamd", "-f", "-i", "-c", folder / "rspamd.conf"):
        clean, infected, ambiguous = symbols(CLEAN), symbols(INFECTED), symbols(AMBIGUOUS)
    assert "Action: no action" in clean and "RASTEL_VIRUS" not in clean, clean
    assert "message or mime_part is clean" in (folder / "log").read_text()  # it did ask
    assert "Action: reject" in infected and f"RASTEL_VIRUS (0.00)[{EICAR}]" in infected, infected
    assert "RASTEL_VIRUS (0.00)[Rastel.Ambiguous.DupBoundaryParam]" in ambiguous, ambiguous


@pytest.mark.skipif(os.geteuid() != 0, reason="amavisd and rasteld have to be the same user")
def test_amavis_finds_what_the_door_finds(closing, folder):
    home = folder / "home"  # its user's; the configuration must not be
    for path in (home, home / "tmp", home / "db"):
        path.mkdir()
        shutil.chown(path, "nobody", "nogroup")
        path.chmod(0o755)
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel(clamd=[{"scan_folders": [str(home / "tmp")]}])).start()
    port = peers.free_port()
    (folder / "amavisd.conf").write_text(f"""use strict;
$max_servers = 1; $daemon_user = 'nobody'; $daemon_group = 'nogroup';
$MYHOME = '{home}'; $TEMPBASE = '{home}/tmp'; $ENV{{TMPDIR}} = $TEMPBASE; $db_home = '{home}/db';
$lock_file = '{home}/lock'; $pid_file = '{home}/pid'; $enable_db = 0; $enable_zmq = 0;
$do_syslog = 0; $logfile = '{home}/log'; $log_level = 1; $myhostname = 'amavis.lab.test'; $mydomain = 'lab.test';
$inet_socket_bind = '127.0.0.1'; $inet_socket_port = {port};
$forward_method = 'smtp:[127.0.0.1]:{hop.port}'; $notify_method = $forward_method;
$final_virus_destiny = D_REJECT; $final_unchecked_destiny = D_TEMPFAIL; $virus_quarantine_method = undef; $virus_admin = undef; @bypass_spam_checks_maps = (1);
@av_scanners = (['Rastel', \\&ask_daemon, ["CONTSCAN {{}}\\n", "{rastel.address("clamd")}"], qr/\\bOK$/m, qr/\\bFOUND$/m,
                 qr/^.*?: (?!Infected Archive)(.*) FOUND$/m]);
@av_scanners_backup = ();
1;
""")

    def deliver(message):
        with peers.Client(port) as client:
            return client.deliver(message, recipients=["alice@lab.test"])

    with running(port, folder / "out", "amavisd", "-c", folder / "amavisd.conf", "foreground"):
        assert deliver(CLEAN).code == 250
        refused = deliver(INFECTED)
        # What can't be asked isn't clean; by default amavis lets it through all the same.
        rastel.stop()
        waiting = deliver(peers.mail("another", b"What amavis has not met before.\r\n"))
    assert refused.code == 554 and f"INFECTED: {EICAR}" in str(refused), refused
    assert waiting.code // 100 == 4, waiting
    assert len(hop.messages) == 1 and hop.messages[0].content.endswith(CLEAN.split(b"\r\n\r\n", 1)[1])
    assert f"{home}/tmp/amavis-" in rastel.log() and f"{EICAR} FOUND" in rastel.log()
