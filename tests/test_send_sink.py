# SPDX-License-Identifier: GPL-2.0-only
"""`rastel sink` and `rastel send` against each other, against scripted peers, and through the door."""
import re
import signal
import subprocess
import time

import pytest

import daemon
import peers


class Sink:
    def __init__(self, *words, path=None):
        self.port = peers.free_port()
        self.address = f"unix:{path}" if path else f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([str(daemon.BINARIES / "rastel"), "sink", "--listen", self.address, *map(str, words)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + 10
        while True:
            try:
                peers.Client(path or self.port).close()
                return
            except (OSError, peers.Closed):
                assert time.monotonic() < end and self.process.poll() is None, self.process.stdout.read()
                time.sleep(0.05)

    def close(self):
        """Ends it; what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=10)[0]
        assert self.process.returncode == 0, said
        return said


def send(*words):
    return subprocess.run([str(daemon.BINARIES / "rastel"), "send", *map(str, words)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("lmtp", [[], ["--lmtp"]])
def test_what_is_sent_arrives_in_the_maildir_byte_for_byte(closing, tmp_path, lmtp):
    messages = tmp_path / "messages"
    messages.mkdir()
    contents = [peers.mail(f"number {number}", b".\r\n..\r\n" + bytes(range(128, 200)) + b"\r\n") for number in range(3)]
    for number, content in enumerate(contents):
        (messages / f"{number}.eml").write_bytes(content)
    sink = closing(Sink(*lmtp, "--maildir", tmp_path / "box"))
    answer = send("--to", sink.address, *lmtp, "--messages", messages)
    assert answer.returncode == 0, answer
    found = [path.read_bytes() for path in (tmp_path / "box").rglob("*") if path.is_file()]
    assert sorted(contents) == sorted(data[data.index(b"From: <sender"):] for data in found if b"From: <sender" in data)


def test_the_load_generator_says_latencies(closing, tmp_path):
    (tmp_path / "one.eml").write_bytes(peers.mail())
    sink = closing(Sink())
    answer = send("--to", sink.address, "--sessions", 4, "--messages", tmp_path)
    assert answer.returncode == 0, answer
    assert re.search(r"p?50|median", answer.stdout) and "99" in answer.stdout and "ms" in answer.stdout, answer.stdout


def test_the_sink_speaks_correctly(closing, tmp_path, how):
    sink = closing(Sink("--maildir", tmp_path / "box"))
    with peers.Client(sink.port, how) as client:
        client.hello()
        assert client.command("DATA").code in (503, 554)
        assert client.deliver(peers.mail()).code == 250
        assert client.deliver(peers.mail(), chunks=[3]).code == 250
        assert client.quit().code == 221


def test_refusals_are_counted_and_fail(closing, tmp_path):
    (tmp_path / "one.eml").write_bytes(peers.mail())
    hop = closing(peers.NextHop({"DOT": "554 5.7.1 no"}))
    answer = send("--to", hop.address, "--messages", tmp_path)
    assert "554" in answer.stdout + answer.stderr
    answer = send("--to", f"127.0.0.1:{peers.free_port()}", "--messages", tmp_path)
    assert answer.returncode == 75 and answer.stderr


def test_through_the_door(doors, tmp_path):
    (tmp_path / "clean.eml").write_bytes(peers.mail("sent"))
    (tmp_path / "infected.eml").write_bytes(daemon.infected())
    send("--to", f"127.0.0.1:{doors.rastel.door()}", "--messages", tmp_path)
    assert {b"sent" in message.content for message in doors.hop.messages} == {True}
