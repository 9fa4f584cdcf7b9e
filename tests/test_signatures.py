# SPDX-License-Identifier: GPL-2.0-only
"""Signatures that change while mail is scanned: what the folder gets is used, what is broken is refused and said, and every
message is answered meanwhile."""
import functools
import http.server
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import daemon
import peers


def ndb(name, text):
    return f"{name}:0:*:{text.encode().hex()}\n"


def put(folder, name, text):
    """As freshclam does: beside, then in its place."""
    (folder / f"{name}.tmp").write_text(text)
    (folder / f"{name}.tmp").rename(folder / name)


def signatures(rastel):
    return json.loads(rastel.cli("signatures", "status", "--json").stdout)


def wait_for(rastel, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition(status := signatures(rastel)):
        assert time.monotonic() < end, f"{status}\n{rastel.log()[-3000:]}"
        time.sleep(0.1)
    return status


def loads(rastel):
    return rastel.log().count(" scanning with ")


def answer(rastel, text):
    with rastel.client() as client:
        return client.deliver(peers.mail("signatures", text.encode() + b"\r\n"))


class Folder:
    """A folder that everybody can read."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="rastel-test-"))
        self.path.chmod(0o755)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


@pytest.fixture
def rastel(start):
    return start(sections={"signatures": {"settle": "1s"}})


def test_what_the_folder_gets_is_used(rastel):
    assert answer(rastel, "first-bad-word").code == 250
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    status = wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    assert status["watched"] == "by the kernel's word" and status["generation"] >= 2 and len(status["digest"]) == 64
    refused = answer(rastel, "first-bad-word")
    assert refused.code == 554 and "First.Bad" in str(refused), refused
    put(rastel.signatures, "local.ndb", ndb("Second.Bad", "second-bad-word"))
    wait_for(rastel, lambda now: now["state"] == "in use" and now["digest"] != status["digest"])
    assert answer(rastel, "first-bad-word").code == 250
    assert answer(rastel, "second-bad-word").code == 554


def test_touches_and_the_same_content_load_nothing(rastel):
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    before = loads(rastel)
    for _ in range(20):
        os.utime(rastel.signatures / "local.ndb")
        put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
        time.sleep(0.02)
    wait_for(rastel, lambda now: now["state"] == "settling")
    wait_for(rastel, lambda now: now["state"] == "in use")
    assert loads(rastel) == before, rastel.log()
    assert "nothing new" in rastel.cli("signatures", "reload").stdout


def test_a_file_that_grows_is_not_loaded_before_it_is_whole(rastel):
    with open(rastel.signatures / "slow.ndb", "w", encoding="ascii") as file:
        for number in range(30):  # a line in two halves, for three times as long as `settle`
            line = ndb(f"Slow.Bad{number}", f"slow-bad-word-{number}-")
            file.write(line[:20])
            file.flush()
            time.sleep(0.1)
            file.write(line[20:])
            file.flush()
    wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    assert loads(rastel) == 2 and "refused" not in rastel.log()
    assert answer(rastel, "slow-bad-word-29-").code == 554


def test_a_broken_set_is_refused_once_and_the_next_is_taken(rastel):
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    used = wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    put(rastel.signatures, "broken.ndb", "this is no signature\n")
    status = wait_for(rastel, lambda now: now["state"] == "refused")
    assert "broken.ndb" in status["refused"]["why"] and status["digest"] == used["digest"]
    assert answer(rastel, "first-bad-word").code == 554
    for _ in range(10):
        os.utime(rastel.signatures / "broken.ndb")
        time.sleep(0.3)
    time.sleep(2)
    assert rastel.log().count("signatures refused") == 1, "the same content isn't tried again"
    asked = rastel.cli("signatures", "reload", check=False)
    assert asked.returncode == 1 and "broken.ndb" in asked.stderr, asked
    put(rastel.signatures, "broken.ndb", ndb("Mended.Bad", "mended-bad-word"))
    wait_for(rastel, lambda now: now["state"] == "in use" and now["digest"] != used["digest"])
    assert answer(rastel, "mended-bad-word").code == 554


def test_a_set_that_condemns_harmless_mail_is_refused(rastel):
    put(rastel.signatures, "wide.ndb", ndb("Wide.Bad", "Kind regards"))
    status = wait_for(rastel, lambda now: now["state"] == "refused")
    assert "harmless" in status["refused"]["why"] and "Wide.Bad" in status["refused"]["why"]
    assert answer(rastel, "Kind regards").code == 250


def test_a_set_that_no_longer_finds_eicar_is_refused(rastel):
    """The canary in earnest: libclamav itself is told to overlook it."""
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    used = wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    put(rastel.signatures, "blind.ign2", "Eicar-Test-Signature\n")
    status = wait_for(rastel, lambda now: now["state"] == "refused")
    assert "doesn't find Eicar-Test-Signature" in status["refused"]["why"] and status["digest"] == used["digest"]
    with rastel.client() as client:
        assert client.deliver(daemon.infected()).code == 554
    assert answer(rastel, "first-bad-word").code == 554


def test_an_emptied_folder_changes_nothing_and_is_never_called_clean(rastel):
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    (rastel.signatures / "local.ndb").unlink()
    status = wait_for(rastel, lambda now: now["state"] == "refused")
    assert "empty" in status["refused"]["why"]
    assert answer(rastel, "first-bad-word").code == 554
    daemon_before = rastel.daemon()
    for pid in rastel.zygotes():
        os.kill(pid, 9)
    end = time.monotonic() + 30
    while "has become empty; trying again" not in rastel.log():
        assert time.monotonic() < end, rastel.log()
        time.sleep(0.1)
    assert answer(rastel, "first-bad-word").code == 451
    put(rastel.signatures, "local.ndb", ndb("First.Bad", "first-bad-word"))
    rastel.wait_ready()
    assert answer(rastel, "first-bad-word").code == 554
    assert rastel.daemon() == daemon_before


# The whole way from a new file on a mirror to a refused message.
@pytest.mark.parametrize("way", ["watched", "notified"])
def test_freshclam_from_a_mirror_of_ones_own(start, closing, tmp_path, way):
    freshclam = shutil.which("freshclam")
    if freshclam is None:
        pytest.skip("needs clamav-freshclam")
    # Notified: by the time that it looks itself the test is long over.
    rastel = start(sections={"signatures": {"settle": "1s" if way == "watched" else "1h"}})
    notify = f"OnUpdateExecute {daemon.BINARIES}/rastel -c {rastel.file} signatures reload\n" if way == "notified" else ""
    mirror, answered = tmp_path / "mirror", []
    mirror.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            answered.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(mirror)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.close = lambda: (server.shutdown(), server.server_close())
    closing(server)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    owner = pwd.getpwuid(os.geteuid()).pw_name
    configuration = tmp_path / "freshclam.conf"
    configuration.write_text(f"""DatabaseDirectory {rastel.signatures}
DatabaseOwner {owner}
DatabaseCustomURL {address}/mirrored.ndb
DatabaseCustomURL {address}/mirrored.hdb
DatabaseMirror 127.0.0.1
ExcludeDatabase main
ExcludeDatabase daily
ExcludeDatabase bytecode
MaxAttempts 1
{notify}""")

    def fetch():
        return subprocess.run([freshclam, f"--config-file={configuration}", "--no-dns", "--stdout"], capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)

    (mirror / "mirrored.hdb").write_text("d41d8cd98f00b204e9800998ecf8427f:1:Mirrored.Hash\n")
    (mirror / "mirrored.ndb").write_text(ndb("Mirrored.Bad", "mirrored-bad-word"))
    assert answer(rastel, "mirrored-bad-word").code == 250
    said = fetch()
    assert (rastel.signatures / "mirrored.ndb").exists(), said
    wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    refused = answer(rastel, "mirrored-bad-word")
    assert refused.code == 554 and "Mirrored.Bad" in str(refused)
    used = signatures(rastel)
    time.sleep(1.1)  # freshclam asks for what is newer than a second
    (mirror / "mirrored.ndb").write_text(ndb("Mirrored.Worse", "mirrored-worse-word"))
    said = fetch()
    wait_for(rastel, lambda now: now["state"] == "in use" and now["digest"] != used["digest"])
    assert answer(rastel, "mirrored-worse-word").code == 554, said
    assert any("mirrored.ndb" in path for path in answered)


def test_yara_rules_come_by_the_same_way(start, closing):
    rules = closing(Folder())
    put(rules.path, "first.yar", 'rule first_rule { strings: $a = "yara-bad-word" condition: $a }\n')
    rastel = start(sections={"signatures": {"settle": "1s", "yara": [str(rules.path)]}})
    used = signatures(rastel)
    assert used["yara_rules"] == 1 and used["builtin_only"]
    refused = answer(rastel, "yara-bad-word")
    assert refused.code == 554 and "YARA.first_rule" in str(refused)
    put(rules.path, "second.yara", "rule second_rule {\n  condition: nonsense\n}\n")
    status = wait_for(rastel, lambda now: now["state"] == "refused")
    assert "second.yara:2:" in status["refused"]["why"], status
    assert answer(rastel, "yara-bad-word").code == 554
    put(rules.path, "second.yara", 'rule second_rule { strings: $a = "yara-worse-word" condition: $a }\n')
    wait_for(rastel, lambda now: now["state"] == "in use" and now["yara_rules"] == 2)
    assert answer(rastel, "yara-worse-word").code == 554


def test_the_folder_may_come_later(start, closing):
    folder = closing(Folder()).path / "later"
    rastel = start(sections={"signatures": {"directory": str(folder), "settle": "500ms"}})
    assert signatures(rastel)["watched"] == "by looking"
    folder.mkdir()
    put(folder, "local.ndb", ndb("Late.Bad", "late-bad-word"))
    wait_for(rastel, lambda now: not now["builtin_only"] and now["state"] == "in use")
    assert answer(rastel, "late-bad-word").code == 554


def test_told_to_end_while_signatures_are_loaded_it_ends_at_once(start, closing):
    """A reload may take minutes: what is told meanwhile is heard."""
    rules = closing(Folder())
    rastel = start(sections={"signatures": {"yara": [str(rules.path)]}})
    put(rules.path, "many.yar", "".join(
        f'rule many_{number} {{ strings: $a = "bad-word-{number}" $b = /bad-{number}-[a-z]{{3,20}}/ condition: any of them }}\n'
        for number in range(12_000)))
    before = loads(rastel)
    rastel.send_signal(signal.SIGHUP)
    wait_for(rastel, lambda now: now["state"] == "loading")
    begun = time.monotonic()
    assert rastel.stop() == 0
    took = time.monotonic() - begun
    assert loads(rastel) == before, "it was loaded too soon for this test"
    assert took < 5, f"{took} s"
