# SPDX-License-Identifier: GPL-2.0-only
"""The bench does what it says: what it generates, what it counts, what it doesn't let count."""
import collections
import email
import email.policy
import hashlib
import io
import pathlib
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
import types
import zipfile

import pytest

import daemon

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import contenders  # noqa: E402
import corpus  # noqa: E402
import processes  # noqa: E402
import race  # noqa: E402
import signatures  # noqa: E402
import targets  # noqa: E402


def leaves(content):
    """Every decoded part of a message, every member of an archive and every stream of a PDF in it."""
    for part in email.message_from_bytes(content, policy=email.policy.SMTP).walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        yield payload
        if payload.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(payload)) as archive:
                yield from (archive.read(name) for name in archive.namelist())
        if payload.startswith(b"%PDF"):
            yield from re.findall(rb"stream\n(.*?)\nendstream", payload, re.S)


def attachments(made):
    """Digests of what is attached."""
    return {hashlib.sha256(part.get_payload(decode=True)).digest()
            for name, content in made if name.endswith("-clean.eml")
            for part in email.message_from_bytes(content).walk() if part.get_filename()}


def test_a_corpus_has_its_shares_and_sizes():
    sizes = collections.Counter()
    made = list(corpus.messages("mixed", 100, "shares"))
    for name, content in made:
        size = len(content)
        kind = "text" if size < 60_000 else "medium" if size < 500_000 else "large" if size < 5_000_000 else "huge"
        if name.endswith("-clean.eml"):
            sizes[kind] += 1
        else:
            assert sum(leaf == corpus.eicar() for leaf in leaves(content)) == 1, name
        assert size < 16_000_000 and content.startswith(b"Received: ") and b"\n" not in content.replace(b"\r\n", b"")
    sizes[None] = len(made) - sum(sizes.values())  # the one that EICAR took the place of
    assert sizes[None] == 1
    for kind, share in corpus.SHARES.items():
        assert share - 1 <= sizes[kind] <= share, sizes
    small = list(corpus.messages("small", 200, "shares"))
    assert sum(name.endswith("-eicar.eml") for name, _ in small) == 2
    assert all(len(content) < 60_000 for _, content in small)


def test_every_part_of_a_cold_corpus_is_unique_and_nothing_is_left_to_chance():
    seen = set()
    for seed in ("a", "b"):
        made = list(corpus.messages("mixed", 30, seed))
        for name, content in made:
            for leaf in leaves(content):
                if leaf == corpus.eicar():
                    continue
                digest = hashlib.sha256(leaf).digest()
                assert digest not in seen, (seed, name, leaf[:80])
                seen.add(digest)
    assert len(seen) > 100
    assert made == list(corpus.messages("mixed", 30, "b"))


def test_attachments_seen_before_come_from_the_pool_under_new_texts():
    known = attachments(corpus.pool("mixed", "warm"))
    first, second = list(corpus.messages("mixed", 30, "a", seen=True)), list(corpus.messages("mixed", 30, "b", seen=True))
    assert len(known) == sum(corpus.POOL.values())
    assert attachments(first) and attachments(first) | attachments(second) <= known
    assert not {content for _, content in first} & {content for _, content in second}
    assert not attachments(corpus.messages("mixed", 30, "a")) & known


def test_a_signature_set_is_whole_loads_and_is_always_the_same(tmp_path):
    counts = signatures.write(tmp_path / "a", "production", 0.001)
    assert {name: number for name, number in counts.items() if name != "eicar.ndb"} == {
        f"bench.{kind}": count // 1000 for kind, count in signatures.COUNTS.items()}
    signatures.write(tmp_path / "b", "production", 0.001)
    signatures.write(tmp_path / "c", "production", 0.001, seed=2)
    for name in counts:
        text = (tmp_path / "a" / name).read_text()
        assert len(text.splitlines()) == counts[name]
        assert text == (tmp_path / "b" / name).read_text()
        assert name == "eicar.ndb" or text != (tmp_path / "c" / name).read_text()
    if not shutil.which("clamscan"):
        pytest.skip("clamscan is not installed")
    mail = tmp_path / "mail"
    corpus.write(mail, corpus.messages("small", 30, "signatures"))
    said = subprocess.run(["clamscan", "-d", str(tmp_path / "a"), "-r", str(mail)], capture_output=True, text=True, timeout=120).stdout
    assert f"Known viruses: {sum(counts.values())}\n" in said, "libclamav takes every line"
    assert re.findall(r"(\d+-\w+)\.eml: (\S+) FOUND", said) == [
        (path.stem, "Eicar-Test-Signature.UNOFFICIAL") for path in mail.glob("*-eicar.eml")]


def test_a_set_that_is_there_is_not_made_again(tmp_path):
    folder, made = signatures.cached(tmp_path, "production", 0.0001)
    before = (folder / "bench.hdb").stat().st_mtime_ns
    assert signatures.cached(tmp_path, "production", 0.0001) == (folder, made)
    assert (folder / "bench.hdb").stat().st_mtime_ns == before
    assert signatures.cached(tmp_path, "tiny")[1]["signatures"] == 1


@pytest.fixture
def mail(tmp_path):
    corpus.write(tmp_path / "mail", corpus.messages("small", 25, "mail"))
    return tmp_path / "mail"


class PassesEverything(contenders.Direct):
    """Says that it scans, and is a sink."""
    name, scans = "passes-everything", True


def test_who_lets_eicar_pass_is_void(mail, closing, tmp_path):
    one = closing(PassesEverything(daemon.BINARIES, tmp_path).start())
    result = race.run(daemon.BINARIES, one, mail, 4)
    assert result["void"].startswith("1 EICAR passed (0000")
    assert race.median([result]) is None
    good = closing(contenders.Direct(daemon.BINARIES, tmp_path).start())
    result = race.run(daemon.BINARIES, good, mail, 4)
    assert result["void"] is None and result["messages"] == 25 and 0 < result["p50"] <= result["p99"]
    assert race.median([result])["per_second"] == result["per_second"]


def test_a_clamd_that_calls_everything_clean_is_void(mail, tmp_path):
    class Liar(socketserver.BaseRequestHandler):
        def handle(self):
            end = b""
            while not end.endswith(b"\0\0\0\0"):
                end = (end + self.request.recv(1 << 16))[-4:]
            self.request.sendall(b"stream: OK\0")

    path = str(tmp_path / "clamd.sock")
    with socketserver.ThreadingUnixStreamServer(path, Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        liar = types.SimpleNamespace(name="liar", scans=True, client="instream", target=path, sink=None, seconds=dict, idle=lambda: True)
        result = race.run(daemon.BINARIES, liar, mail, 4)
        server.shutdown()
    assert result["void"].startswith("1 EICAR passed")
    assert race.run(daemon.BINARIES, liar, mail, 2, timeout=5)["void"].count("without an answer") == 1, "nobody listens any more"


def sent(**answers):
    return race.Sent({name.replace("_", "-"): code for name, code in answers.items()}, {}, [1.0], 1.0, 0.0)


@pytest.mark.parametrize("answers, arrived, word", [
    ({"a_clean": 250, "b_eicar": 554}, {"a-clean": 1}, None),
    ({"a_clean": 250, "b_eicar": 250}, {"a-clean": 1}, None),  # accepted and kept
    ({"a_clean": 250, "b_eicar": 554}, {}, "1 lost"),
    ({"a_clean": 250, "b_eicar": 554}, {"a-clean": 2}, "1 came twice"),
    ({"a_clean": 250, "b_eicar": 554}, {"a-clean": 1, "b-eicar": 1}, "1 EICAR passed"),
    ({"a_clean": 451, "b_eicar": 554}, {}, "1 clean refused"),
    ({"a_clean": 250, "b_eicar": 554}, {"a-clean": 1, "z-clean": 1}, "1 that nobody sent"),
    ({"b_eicar": 554}, {}, "1 not tried"),
    ({"a_clean": 250, "b_eicar": 550}, None, None),
    ({"a_clean": 250, "b_eicar": 451}, None, "1 EICAR passed"),  # clamd alone has to find it
])
def test_what_voids_a_run(answers, arrived, word):
    said = race.verdict(True, ["a-clean", "b-eicar"], sent(**answers), arrived)
    assert (said or "").startswith(word or "") and bool(said) == bool(word)


BUSY = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"


def test_time_of_processes_that_have_ended_counts(closing, tmp_path):
    # A child that its parent waits for, one whose parent ended first, and one that goes on.
    script = (f"import os, subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {BUSY.format(0.2)!r}])\n"
              f"if os.fork() == 0:\n  if os.fork() == 0:\n    time.sleep(0.2)\n    exec({BUSY.format(0.3)!r})\n  os._exit(0)\nos.wait()\n"
              f"exec({BUSY.format(0.4)!r})\nopen({str(tmp_path / 'done')!r}, 'w')\ntime.sleep(600)")
    component = closing(processes.Component("rest", [sys.executable, "-c", script], tmp_path))
    end = time.monotonic() + 60
    while not ((tmp_path / "done").exists() and len(component.pids()) == 1):
        assert time.monotonic() < end and component.alive(), component.said()
        time.sleep(0.05)
    assert 0.9 <= sum(component.seconds().values()) < 1.9
    pids = component.pids()
    component.stop()
    assert not any(daemon.alive(pid) for pid in pids)


def test_targets_are_judged_by_what_was_measured():
    def figures(rate, cpu):
        return {"per_second": rate, "cpu": cpu}
    rows = targets.judged({("small", "rastel", 10): figures(300, {"daemon": 0.2, "master": 0.1, "engine": 1.7}),
                           ("small", "clamd", 10): figures(100, {"clamd": 3.0}), ("small", "clamsmtp", 1): figures(1, {"clamd": 1.0}),
                           ("small", "rastel", 1): None})
    (void_one, *_) = targets.judged({("small", "rastel", 10): figures(300, {"engine": 1.0}) | {"void": 1},
                                     ("small", "clamd", 10): figures(100, {"clamd": 3.0})})
    assert void_one["is"] == "3.00" and void_one["met"] == "MISSED", "one of its runs let an EICAR pass"
    by_name = {row["target"]: (row["is"], row["met"]) for row in rows}
    assert by_name["small, of clamd alone, 10 sessions: messages/s"] == ("3.00", "met")
    assert by_name["small, of clamd alone, 10 sessions: messages per CPU second"] == ("1.50", "MISSED")
    assert by_name["small, of clamsmtp, 1 session: messages/s"] == ("not measured", "")
    assert by_name["CPU ms a small message in daemon and master, 10 sessions"] == ("0.30", "MISSED")


