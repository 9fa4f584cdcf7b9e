# SPDX-License-Identifier: GPL-2.0-only
"""TLS with real programs: openssl, swaks and msmtp as clients; Postfix (OpenSSL) and Exim (GnuTLS) as clients and as next hops,
each in a root of its own (lab/alone.py). Both MTAs stand on both sides at once: client → MTA → TLS → Rastel → TLS → MTA → sink."""
import shutil
import subprocess
import time

import pytest

import alone
import daemon
import peers
import roots

POSTFIX = """#!/bin/sh
set -eu
postconf -e 'compatibility_level = 3.6' 'maillog_file = /share/mail.log' 'maillog_file_prefixes = /share, /var, /dev/stdout' \\
  'inet_protocols = ipv4' 'inet_interfaces = 127.0.0.1' 'myhostname = hop.test' 'mydestination =' 'mynetworks = 127.0.0.0/8' \\
  'alias_maps =' 'alias_database =' 'biff = no' 'smtpd_peername_lookup = no' 'smtp_dns_support_level = disabled' \\
  'smtpd_relay_restrictions = permit_mynetworks, reject' 'queue_run_delay = 2s' 'minimal_backoff_time = 2s' \\
  'maximal_backoff_time = 4s' 'smtpd_tls_cert_file = /share/good.pem' 'smtpd_tls_key_file = /share/good.key' \\
  'smtp_tls_CAfile = /share/root.pem' 'smtp_tls_loglevel = 1' 'smtpd_tls_loglevel = 1' 'smtp_tls_wrappermode = no'
postconf -F '*/*/chroot = n'
postconf -MX smtp/inet 2>/dev/null || :
cat >>/etc/postfix/master.cf <<'MASTER'
127.0.0.1:{IN} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o content_filter=sink:[127.0.0.1]:{SINK}
127.0.0.1:{WRAPPED} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o content_filter=sink:[127.0.0.1]:{SINK}
127.0.0.1:{OUT} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o content_filter=secure:[127.0.0.1]:{DOOR}
sink unix - - n - - smtp
  -o smtp_tls_security_level=none
secure unix - - n - - smtp
  -o smtp_tls_security_level=secure -o smtp_tls_secure_cert_match=door.test
MASTER
exec postfix start-fg
"""

EXIM = """#!/bin/sh
set -eu
cat >/etc/exim4/exim4.conf <<'CONFIGURATION'
primary_hostname = hop.test
local_interfaces = <; [127.0.0.1]:{IN} ; [127.0.0.1]:{WRAPPED} ; [127.0.0.1]:{OUT}
tls_on_connect_ports = {WRAPPED}
tls_advertise_hosts = *
tls_certificate = /share/good.pem
tls_privatekey = /share/exim.key
log_file_path = /share/exim-%slog
log_selector = +tls_certificate_verified +tls_cipher
acl_smtp_rcpt = accept
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
bounce_return_body = false
begin routers
to_rastel:
  driver = manualroute
  condition = ${if eq{$received_port}{{OUT}}}
  route_list = * 127.0.0.1::{DOOR}
  self = send
  transport = secure
to_sink:
  driver = manualroute
  route_list = * 127.0.0.1::{SINK}
  self = send
  transport = plain
begin transports
plain:
  driver = smtp
  hosts_avoid_tls = *
secure:
  driver = smtp
  hosts_require_tls = *
  tls_verify_certificates = /share/root.pem
  tls_verify_hosts = *
  tls_verify_cert_hostnames =
  tls_sni = door.test
begin retry
* * F,1h,2s
CONFIGURATION
exec exim4 -bdf -q2s
"""
SCRIPTS = {"postfix": POSTFIX, "exim": EXIM}


class Both:
    """An MTA on both sides of Rastel."""

    def __init__(self, name, made, folder):
        self.sink = peers.NextHop()
        ports = {word: peers.free_port() for word in ("IN", "WRAPPED", "OUT", "DOOR", "IMPLICIT")}
        self.ports = ports
        folder.chmod(0o755)
        for file in ("root.pem", "good.pem", "good.key"):
            shutil.copy(made.file(file), folder / file)
        shutil.copy(made.file("good.key"), folder / "exim.key")
        (folder / "exim.key").chmod(0o644)  # Exim reads it as its own user; it is of a test
        script = SCRIPTS[name]
        for word, port in {**ports, "SINK": self.sink.port}.items():
            script = script.replace("{" + word + "}", str(port))
        (folder / "start.sh").write_text(script)
        folder.chmod(0o777)  # logs of users that only the root knows
        tls = {"mode": "require", **made.pair("good")}
        verified = {"next_hop_tls_name": "hop.test", "next_hop_tls_ca": made.file("root.pem"), "tls": tls}
        self.server = self.rastel = None
        try:
            self.server = alone.Server(name, "start.sh", folder)
            for word in ("IN", "WRAPPED", "OUT"):
                self.server.wait_for(ports[word])
            self.rastel = daemon.Rastel(
                {"name": "starttls", "listen": f"127.0.0.1:{ports['DOOR']}", "next_hop": f"127.0.0.1:{ports['IN']}",
                 "next_hop_tls": "require", **verified},
                {"name": "implicit", "listen": f"127.0.0.1:{ports['IMPLICIT']}", "next_hop": f"127.0.0.1:{ports['WRAPPED']}",
                 "next_hop_tls": "implicit", **verified}).start()
        except BaseException:
            self.close()
            raise

    def close(self):
        for part in (self.rastel, self.server):
            if part is not None:
                part.close()
        self.sink.stop()


@pytest.fixture(scope="module", params=["postfix", "exim"])
def both(request, made, tmp_path_factory):
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    both = Both(request.param, made, tmp_path_factory.mktemp(request.param))
    yield both
    both.close()


def swaks(port, *words, body="hello"):
    answer = subprocess.run(["swaks", "--server", f"127.0.0.1:{port}", "--from", "a@elsewhere.example", "--to", "alice@lab.test",
                             "--body", body, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return answer.returncode, answer.stdout + answer.stderr


def wait_for_mark(sink, mark, seconds=90):
    end = time.monotonic() + seconds
    while True:
        found = [message for message in list(sink.messages) if mark.encode() in message.content]
        if found:
            return found
        assert time.monotonic() < end, f"{mark} did not come"
        time.sleep(0.1)


def test_mail_goes_from_an_mta_through_rastel_to_an_mta(both):
    with peers.Client(both.ports["OUT"]) as client:
        for number in range(3):
            assert client.deliver(peers.mail(f"chain {number}", extra=b"X-Mark: through both\r\n")).code == 250
    for number in range(3):
        found = wait_for_mark(both.sink, f"chain {number}")
        assert len(found) == 1 and b"X-Rastel: clean" in found[0].content
    lines = [line for line in both.rastel.log().splitlines() if "door=starttls" in line and "class=clean" in line]
    assert len(lines) == 3 and all(" tls=TLSv1.3 " in line for line in lines)


def test_infected_mail_of_an_mta_goes_nowhere(both):
    with peers.Client(both.ports["OUT"]) as client:
        assert client.deliver(daemon.infected("infected chain")).code == 250  # the MTA's own promise
    end = time.monotonic() + 60
    while not any("class=infected" in line for line in both.rastel.log().splitlines()):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert not [message for message in both.sink.messages if daemon.eicar() in message.content]


@pytest.mark.parametrize("door", ["DOOR", "IMPLICIT"])
def test_swaks_is_answered_with_the_words_of_the_mta(both, door):
    status, said = swaks(both.ports[door], "--tls", "--tls-sni", "door.test", "--h-Subject", f"swaks {door}")
    assert status == 0, said
    assert "queued as" in said or "OK id=" in said, said
    wait_for_mark(both.sink, f"swaks {door}")


# Clients that need no root

@pytest.fixture
def doors(start, made):
    pair = made.pair("good")
    return start({"tls": {"mode": "require", **pair}, "certificates": [made.pair("second")]},
                 {"tls": {"mode": "implicit", **pair}}, {"tls": {"mode": "require", **pair}, "protocol": "lmtp"})


def test_swaks(doors):
    for number, how in enumerate(["--tls", "--tls-on-connect"]):
        status, said = swaks(doors.door(number), how)
        assert status == 0 and "TLS started" in said, said
        assert len(doors.hops[number].accepted()) == 1
    status, said = swaks(doors.door(0))
    assert status != 0 and "530 5.7.0" in said
    status, said = swaks(doors.door(0), "--tls", body=daemon.eicar().decode())
    assert status != 0 and "554 5.7.1 Message refused: infected" in said
    status, said = swaks(doors.door(2), "--tls", "--protocol", "LMTP")
    assert status == 0, said
    assert [len(hop.accepted()) for hop in doors.hops] == [1, 1, 1]


def s_client(port, *words, said=""):
    answer = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-crlf", "-quiet", "-verify_quiet", *words],
                            input=said, capture_output=True, text=True, timeout=60)
    return answer.returncode, answer.stdout + answer.stderr


MESSAGE = "EHLO c\nMAIL FROM:<a@x.example>\nRCPT TO:<alice@lab.test>\nDATA\nSubject: s\n\nx\n.\nQUIT\n"


def test_openssl(doors, made):
    root = ["-CAfile", made.file("root.pem"), "-verify_return_error"]
    for number, words in enumerate([["-starttls", "smtp"], []]):
        status, said = s_client(doors.door(number), *words, *root, "-verify_hostname", "door.test", said=MESSAGE)
        assert status == 0 and "250 2.0.0 Ok: queued as" in said and "221 2.0.0" in said, said
        assert len(doors.hops[number].accepted()) == 1
    words = ["-starttls", "smtp", *root, "-servername", "second.test", "-verify_hostname", "second.test"]
    assert s_client(doors.door(0), *words, said="QUIT\n")[0] == 0
    words[words.index("second.test")] = "nobody.test"
    assert s_client(doors.door(0), *words, said="QUIT\n")[0] != 0
    for version in ("-tls1", "-tls1_1"):
        status, said = s_client(doors.door(0), "-starttls", "smtp", version, "-cipher", "ALL:@SECLEVEL=0", said=MESSAGE)
        assert status != 0 and "250 2.0.0 Ok" not in said, said
    status, said = s_client(doors.door(2), "-starttls", "lmtp", said="LHLO c\nNOOP\nQUIT\n")
    assert status == 0 and "221 2.0.0" in said, said
    assert [len(hop.messages) for hop in doors.hops] == [1, 1, 0]


@pytest.mark.skipif(shutil.which("msmtp") is None, reason="msmtp is not installed")
def test_msmtp(doors, made, tmp_path):
    def send(number, starttls, trust="root.pem", host="door.test"):
        configuration = tmp_path / "msmtprc"
        lines = ["account default", "host 127.0.0.1", f"port {doors.door(number)}", "from a@x.example", "tls on",
                 f"tls_starttls {starttls}", f"tls_trust_file {made.file(trust)}", f"tls_host_override {host}", ""]
        configuration.write_text("\n".join(lines))
        configuration.chmod(0o600)
        return subprocess.run(["msmtp", "-C", str(configuration), "alice@lab.test"], input="Subject: s\n\nhello\n",
                              capture_output=True, text=True, timeout=60)
    for number, starttls in enumerate(["on", "off"]):
        answer = send(number, starttls)
        assert answer.returncode == 0, answer.stderr
        assert len(doors.hops[number].accepted()) == 1
    assert send(0, "on", trust="stranger.pem").returncode != 0
    assert send(0, "on", host="other.test").returncode != 0
    assert len(doors.hops[0].messages) == 1
