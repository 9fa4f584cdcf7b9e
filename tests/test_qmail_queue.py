# SPDX-License-Identifier: GPL-2.0-only
"""rastel-qmail-queue in place of qmail-queue, which here is a stand-in that obeys qmail-queue(8): the message from
descriptor 0, then the envelope from descriptor 1, and an exit code."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

import daemon
import peers
import pipe_peer
from pipe_peer import CLEAN, ENVIRONMENT, QMAIL_QUEUE, is_below_our_line, local

ENVELOPE = b"Fsender@elsewhere.example\0Talice@lab.test\0Tbob@lab.test\0\0"


@pytest.fixture(scope="module")
def pipe_doors():
    rastel = daemon.Rastel(pipe=[{}, {"place": "before-queue"}], rules=[{"recipients": ["defer@lab.test"], "infected": "defer"}]).start()
    yield rastel
    rastel.close()


class Queue:
    def __init__(self, folder, code=0):
        self.folder, self.program = folder, folder / "qmail-queue.real"
        self.program.write_text(f"#!{sys.executable}\nimport os, sys\n"
                                "def everything(number):\n"
                                "    data = b''\n"
                                "    while more := os.read(number, 65536):\n        data += more\n"
                                "    return data\n"
                                f"message, envelope = everything(0), everything(1)\n"
                                f"open('{folder}/%d.envelope' % os.getpid(), 'wb').write(envelope)\n"
                                f"open('{folder}/%d.new' % os.getpid(), 'wb').write(message)\n"
                                f"os.rename('{folder}/%d.new' % os.getpid(), '{folder}/%d.message' % os.getpid())\n"
                                f"open('{folder}/words', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
                                f"os._exit({code})\n")
        self.program.chmod(0o755)

    def queued(self):
        return [(path.read_bytes(), path.with_suffix(".envelope").read_bytes()) for path in sorted(self.folder.glob("*.message"))]


def queue(words, message, envelope=ENVELOPE, environment=None, **options):
    """As qmail.c: both pipes are written while it runs. The exit code."""
    (message_out, message_in), (envelope_out, envelope_in) = os.pipe(), os.pipe()
    child = subprocess.Popen(list(map(str, words)), stdin=message_out, stdout=envelope_out,
                             env={**ENVIRONMENT, **(environment or {})}, **options)
    os.close(message_out)
    os.close(envelope_out)
    for number, data in ((message_in, message), (envelope_in, envelope)):
        try:
            with os.fdopen(number, "wb") as pipe:
                pipe.write(data)
        except BrokenPipeError:
            pass
    return child.wait(60)


def through(rastel, real, message, envelope=ENVELOPE, *options, number=0, **more):
    return queue([QMAIL_QUEUE, "--socket", pipe_peer.address(rastel, number), "--real", real, *options], message, envelope, **more)


def test_what_passes_is_queued_with_its_envelope_as_it_was(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    message = b"Received: (qmail 1 invoked by uid 0); 3 Mar 2026\n" + local(CLEAN)
    assert through(pipe_doors, real.program, message) == 0
    (queued, envelope), = real.queued()
    is_below_our_line(queued, message)
    assert envelope == ENVELOPE
    odd = b"F#@[]\0Ta b\"\0T" + b"x" * 900 + b"\0\0"
    assert through(pipe_doors, real.program, message, odd) == 0
    assert odd in [envelope for _, envelope in real.queued()]


def test_each_outcome_has_its_code(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    before = len(pipe_doors.held())
    assert through(pipe_doors, real.program, local(daemon.infected("queued"))) == 0
    held = pipe_doors.held()
    assert len(held) == before + 1
    assert held[0]["from"] == "sender@elsewhere.example"
    assert {one["address"] for one in held[0]["to"]} == {"alice@lab.test", "bob@lab.test"}
    assert through(pipe_doors, real.program, local(daemon.infected("refused")), number=1) == 31
    assert through(pipe_doors, real.program, local(daemon.infected("deferred")), b"F\0Tdefer@lab.test\0\0") == 71
    assert real.queued() == []


@pytest.mark.parametrize("envelope", [b"", b"F", b"Fa\0", b"Fa\0\0", b"Fa\0Tb\0", b"Ta\0\0", b"Fa\0Tb\0\0x", b"F" + b"a" * 1003 + b"\0Tb\0\0",
                                      b"Fa\0Xb\0\0"])
def test_a_broken_envelope_is_91(pipe_doors, tmp_path, envelope):
    real = Queue(tmp_path)
    assert through(pipe_doors, real.program, local(CLEAN), envelope) == 91
    assert real.queued() == []


@pytest.mark.parametrize("code", [0, 11, 31, 51, 52, 53, 61, 71, 81, 91, 111])
def test_the_code_of_the_real_one_is_ours(pipe_doors, tmp_path, code):
    assert through(pipe_doors, Queue(tmp_path, code).program, local(CLEAN)) == code


def test_trouble_comes_again(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    assert through(pipe_doors, "/nonexistent", local(CLEAN)) == 71
    assert queue([QMAIL_QUEUE, "--socket", "/nonexistent", "--real", real.program], local(CLEAN)) == 71
    assert queue([QMAIL_QUEUE, "--socket", "/nonexistent", "--fail=pass", "--real", real.program], local(CLEAN)) == 0
    assert real.queued()[0][0] == b"X-Rastel: unscanned(engine); passed\n" + local(CLEAN)
    assert queue([QMAIL_QUEUE, "--frobnicate=1"], local(CLEAN)) == 81
    pid = pipe_doors.daemon()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert through(pipe_doors, real.program, local(CLEAN), ENVELOPE, "--timeout=2s") == 52
    finally:
        os.kill(pid, signal.SIGCONT)
    crashing = tmp_path / "crashing"
    crashing.write_text("#!/bin/sh\nkill -9 $$\n")
    crashing.chmod(0o755)
    assert through(pipe_doors, crashing, local(CLEAN)) == 81
    limited = ["prlimit", "--fsize=4096", QMAIL_QUEUE, "--socket", pipe_peer.address(pipe_doors), "--real", real.program]
    assert queue(limited, local(CLEAN) + b"x" * 10_000) == 53
    assert len(real.queued()) == 1


def test_it_finds_the_real_one(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    words = [QMAIL_QUEUE, "--socket", pipe_peer.address(pipe_doors)]
    assert queue(words, local(CLEAN), environment={"RASTEL_QMAIL_QUEUE": str(real.program)}) == 0
    assert len(real.queued()) == 1
    shutil.copy(QMAIL_QUEUE, tmp_path / "qmail-queue")
    assert queue([tmp_path / "qmail-queue", "--socket", pipe_peer.address(pipe_doors)], local(CLEAN)) == 0
    assert len(real.queued()) == 2


def test_it_waits_for_the_real_one(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\nsleep 1\nexec {real.program}\n")
    slow.chmod(0o755)
    done = []
    waiting = threading.Thread(target=lambda: done.append(through(pipe_doors, slow, local(CLEAN))))
    waiting.start()
    end = time.monotonic() + 30
    while waiting.is_alive():
        assert not done or real.queued()
        assert time.monotonic() < end
        time.sleep(0.01)
    assert done == [0] and len(real.queued()) == 1


def test_killed_at_any_instant_it_says_nothing_that_is_not_so(pipe_doors, tmp_path):
    real = Queue(tmp_path)
    for number in range(20):
        message = local(peers.mail(f"round {number}", b"line\n" * 5_000))
        words = [QMAIL_QUEUE, "--socket", pipe_peer.address(pipe_doors), "--real", str(real.program)]
        (message_out, message_in), (envelope_out, envelope_in) = os.pipe(), os.pipe()
        child = subprocess.Popen(words, stdin=message_out, stdout=envelope_out, env=ENVIRONMENT)
        os.close(message_out)
        os.close(envelope_out)
        killer = threading.Timer(0.004 * number, lambda pid=child.pid: daemon.send_signal(pid, signal.SIGKILL))
        killer.start()
        for descriptor, data in ((message_in, message), (envelope_in, ENVELOPE)):
            try:
                with os.fdopen(descriptor, "wb") as pipe:
                    pipe.write(data)
            except BrokenPipeError:
                pass
        code = child.wait(30)
        killer.cancel()
        assert code in (0, -signal.SIGKILL), code
        if code != 0:
            assert through(pipe_doors, real.program, message) == 0
        assert any(b"Subject: round %d\n" % number in queued for queued, _ in real.queued())
    for queued, envelope in real.queued():
        assert envelope == ENVELOPE and queued.endswith(b"line\n" * 5_000)
