# SPDX-License-Identifier: GPL-2.0-only
"""What is remembered of clean messages and parts hides nothing: every probe (probes.py) that clamd finds is found by an
engine that has seen nothing, and by one that has seen its parts elsewhere, where they were clean."""
import hashlib
import shutil
import socket
import struct
import subprocess
import time

import pytest

import probes
from test_signatures import Folder, put


class Clamd:
    """A clamd of the test's own, without its cache (which hides things: it is keyed by MD5)."""

    def __init__(self, signatures, folder):
        self.path = folder / "clamd.sock"
        settings = folder / "clamd.conf"
        settings.write_text(f"DatabaseDirectory {signatures}\nLocalSocket {self.path}\nForeground yes\nDisableCache yes\n"
                            f"TemporaryDirectory {folder}\nUser root\nLogFile {folder}/clamd.log\n")
        self.process = subprocess.Popen(["clamd", "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not self.path.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, (folder / "clamd.log").read_text()
            time.sleep(0.1)

    def scan(self, content):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(60)
            peer.connect(str(self.path))
            peer.sendall(b"zINSTREAM\0" + struct.pack(">I", len(content)) + content + struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0"):
                answer += peer.recv(4096)
        return answer.decode().rstrip("\0")

    def close(self):
        self.process.kill()
        self.process.wait()


def remembered(rastel):
    return rastel.status()["remembered"]


def deliver(rastel, content):
    with rastel.client() as client:
        return client.deliver(content)


def refused(answer, probe):
    return answer.code == 554 and probe.name in answer.text


def ballast(folder, count):
    """Hashes that no file has: with so many signatures the engine spreads the patterns over both of libclamav's matchers."""
    (folder / "ballast.hdb").write_text("".join(f"{number:032x}:{number % 60000 + 1}:Ballast-{number}\n" for number in range(count)))


@pytest.mark.parametrize("more", [0, 1_000_000], ids=["one matcher", "both matchers"])
def test_nothing_that_clamd_finds_is_lost_cold_or_warm(start, closing, tmp_path, more):
    if shutil.which("clamd") is None:
        pytest.skip("clamd is missing")
    all_probes = probes.all_probes()
    assert len(all_probes) >= 80 and len({probe.name for probe in all_probes}) == len(all_probes)
    rastel = start(sections={"policy": {"encrypted": "pass", "banned": "pass", "banned_in_archives": "pass"}})
    probes.write_signatures(all_probes, rastel.signatures)
    if more:
        ballast(rastel.signatures, more)
    clamd = closing(Clamd(rastel.signatures, tmp_path))
    for probe in all_probes:
        assert f"{probe.name}.UNOFFICIAL FOUND" in clamd.scan(probe.infected), probe.name
        for content in probe.clean:
            assert clamd.scan(content).endswith("OK"), probe.name
    rastel.cli("reload")
    rastel.wait_ready()

    cold = [probe.name for probe in all_probes if not refused(deliver(rastel, probe.infected), probe)]
    assert not cold, "missed by an engine that has seen nothing"
    assert not rastel.hop.messages
    # Everything around the needles, twice: the second time much of it is known.
    for turn in range(2):
        before = remembered(rastel)
        for probe in all_probes:
            for number, content in enumerate(probe.clean):
                # Unique as a message, the same in its parts.
                first, rest = content.split(b"Subject: a mail", 1)
                answer = deliver(rastel, first + b"Subject: a mail %d.%d" % (turn, number) + rest)
                assert answer.code == 250, (probe.name, number, answer)
    after = remembered(rastel)
    assert after["layers_known"] - before["layers_known"] > 100, (before, after)
    warm = [probe.name for probe in all_probes if not refused(deliver(rastel, probe.infected), probe)]
    assert not warm, "missed by an engine that has seen its parts elsewhere"
    # And once more, after what they are has been remembered or forgotten.
    again = [probe.name for probe in all_probes if not refused(deliver(rastel, probe.infected), probe)]
    assert not again


def test_a_colliding_md5_pair_is_told_apart(start):
    harmless, harmful = probes.colliding_pair()
    assert hashlib.md5(harmless).digest() == hashlib.md5(harmful).digest() and harmless != harmful
    rastel = start()
    (rastel.signatures / "pair.hsb").write_text(f"{hashlib.sha256(harmful).hexdigest()}:128:Second.Of.The.Pair\n")
    rastel.cli("reload")
    rastel.wait_ready()
    for _ in range(2):
        assert deliver(rastel, probes.with_letter(probes.part(harmless, name=b"a.bin"))).code == 250
    answer = deliver(rastel, probes.with_letter(probes.part(harmful, name=b"a.bin")))
    assert answer.code == 554 and "Second.Of.The.Pair" in answer.text


def test_the_very_same_message_is_known_and_another_is_not(start):
    rastel = start()
    content = probes.with_letter(probes.part(b"harmless", name=b"a.bin"))
    for _ in range(3):
        assert deliver(rastel, content).code == 250
    assert remembered(rastel)["messages_known"] == 2
    assert deliver(rastel, content.replace(b"harmless", b"harmful!").replace(b"a mail", b"a fail")).code == 250
    assert remembered(rastel)["messages_known"] == 2
    assert len(rastel.hop.messages) == 4


def test_new_signatures_condemn_what_was_clean_before(start):
    rastel = start()
    bad = b"\0" + probes.marker(500) + probes.FILLER
    content = probes.with_letter(probes.part(bad, name=b"a.bin"))
    for _ in range(2):
        assert deliver(rastel, content).code == 250
    (rastel.signatures / "new.ndb").write_text(f"New.Bad:0:*:{bad[:30].hex()}\n")
    rastel.cli("reload")
    rastel.wait_ready()
    answer = deliver(rastel, content)
    assert answer.code == 554 and "New.Bad" in answer.text
    assert remembered(rastel)["messages_known"] == 1, "what the old ones knew counts no longer"


def test_nothing_is_remembered_where_it_is_switched_off(start):
    rastel = start(sections={"engine": {"workers": 2, "verdict_cache": "0"}})
    content = probes.with_letter(probes.part(b"harmless", name=b"a.bin"))
    for _ in range(3):
        assert deliver(rastel, content).code == 250
    known = remembered(rastel)
    assert known["messages_known"] == 0 and known["entries"] == 0


def test_rules_find_beside_what_is_known(start, closing):
    """A part that is known isn't given to the rules again: it was, and nothing in it matched. What is new is, and so is the
    message as a whole, in which a rule may find together what lies in different parts."""
    rules = closing(Folder())
    put(rules.path, "rules.yar", 'rule in_a_part { strings: $a = "yara-bad-word" condition: $a }\n'
        'rule across_parts { strings: $a = "yara-left-half" $b = "yara-right-half" condition: all of them }\n')
    rastel = start(sections={"signatures": {"yara": [str(rules.path)]}})
    known, left, right = (probes.part(b"harmless and known " + word, name=b"known.bin", encoding=b"8bit")
                          for word in (b"", b"yara-left-half", b"yara-right-half"))
    bad = probes.part(b"\0 yara-bad-word", name=b"bad.bin")
    counts = []
    for subject in (b"one", b"two"):
        for part in (known, left, right):
            content = probes.with_letter(part).replace(b"Subject: a mail", b"Subject: " + subject)
            assert deliver(rastel, content).code == 250
        counts.append(remembered(rastel)["layers_known"])
    assert counts[1] - counts[0] >= 6, "three letters and three parts"
    for _ in range(2):
        answer = deliver(rastel, probes.with_letter(known, bad))
        assert answer.code == 554 and "in_a_part" in answer.text
        answer = deliver(rastel, probes.with_letter(left, right))
        assert answer.code == 554 and "across_parts" in answer.text
