# SPDX-License-Identifier: GPL-2.0-only
"""Signatures are reloaded three times, once broken, in a run of 10 sessions: every EICAR is refused, no reply is late, and
master and daemon answer all the time. With a small set by default; RASTEL_LONG=1 takes one of production size. How slow the
slowest answers are, beside those of the minute before, is printed."""
import pathlib
import subprocess
import sys
import threading
import time

import daemon
import peers
from conftest import LONG, tables
from test_signatures import ndb, put, signatures, wait_for

SESSIONS = 10
BEFORE = 60 if LONG else 4  # seconds
REPLY_DEADLINE = 80  # of a door before the queue
GENERATOR = daemon.CHECKOUT / "bench" / "signatures.py"


class Load:
    """Sessions that send what they are given, one EICAR in five, until they are told to end."""

    def __init__(self, rastel):
        self.rastel, self.ending, self.done, self.wrong, self.refused = rastel, threading.Event(), [], [], 0
        self.threads = [threading.Thread(target=self.session, args=(number,)) for number in range(SESSIONS)]
        for thread in self.threads:
            thread.start()

    def session(self, number):
        count = 0
        while not self.ending.is_set():
            try:
                with self.rastel.client(timeout=REPLY_DEADLINE + 20) as client:
                    for _ in range(20):
                        count += 1
                        bad = count % 5 == 0
                        unique = f"X-Unique: {number} {count}\r\n".encode()
                        content = daemon.infected(extra=unique) if bad else peers.mail("load", b"text\r\n" * 200, unique)
                        begun = time.monotonic()
                        code = client.deliver(content).code
                        self.done.append((begun, time.monotonic() - begun))
                        if code != (554 if bad else 250):
                            self.wrong.append((bad, code))
                        self.refused += bad
                        if self.ending.is_set():
                            return
            except (OSError, AssertionError, peers.Closed) as error:
                self.wrong.append(("connection", repr(error)))

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(REPLY_DEADLINE + 30)


def p99(latencies):
    return sorted(latencies)[int(len(latencies) * 0.99)] if latencies else 0.0


def memory(pids):
    total = 0
    for pid in pids:
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
        except (OSError, ProcessLookupError):
            pass
    return total // 1024


class Watcher:
    """Memory of all processes each second, and how long the daemon takes to say how it is."""

    def __init__(self, rastel):
        self.rastel, self.ending, self.curve, self.slowest, self.silent = rastel, threading.Event(), [], 0.0, 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending.wait(1):
            begun = time.monotonic()
            self.silent += not self.rastel.status()
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.curve.append(memory([self.rastel.process.pid, *self.rastel.everything()]))

    def end(self):
        self.ending.set()
        self.thread.join(30)


def test_reload_under_load(closing):
    rastel = closing(daemon.Rastel({"next_hop": closing(peers.NextHop()).address},
                                   sections={"signatures": {"settle": "2s"}, "engine": {"workers": 2}}))
    if LONG:
        subprocess.run([sys.executable, str(GENERATOR), str(rastel.signatures)], check=True, timeout=900)
    put(rastel.signatures, "changing.ndb", ndb("First.Bad", "first-bad-word"))
    rastel.start(ready=False)
    rastel.wait_ready(300)
    assert not signatures(rastel)["builtin_only"]
    load, watcher, rounds = Load(rastel), Watcher(rastel), []
    try:
        time.sleep(BEFORE)
        begun = min((when for when, _ in load.done), default=0)
        before = p99([took for when, took in load.done])
        for name, text in (("good", ndb("Second.Bad", "second-bad-word")), ("broken", "no signature at all\n"),
                           ("good again", ndb("Third.Bad", "third-bad-word"))):
            used, since = signatures(rastel), time.monotonic()
            put(rastel.signatures, "changing.ndb", text)
            if name == "broken":
                wait_for(rastel, lambda now: now["state"] == "refused", seconds=300)
            else:
                wait_for(rastel, lambda now, old=used["digest"]: now["digest"] != old and now["state"] == "in use", seconds=300)
            took = time.monotonic() - since
            during = [answer for when, answer in load.done if when >= since]
            rounds.append((name, f"{took:.1f}", len(during), f"{p99(during) * 1000:.0f}", f"{max(during, default=0) * 1000:.0f}"))
        time.sleep(1)
    finally:
        load.end()
        watcher.end()
    total = [took for _, took in load.done]
    tables.append(("Reload under load", ["set", "seconds", "messages", "p99 ms", "slowest ms"],
                   [("before", BEFORE, sum(when < begun + BEFORE for when, _ in load.done), f"{before * 1000:.0f}", "-"), *rounds,
                    ("slowest status", "-", "-", "-", f"{watcher.slowest * 1000:.0f}")]))
    tables.append(("Memory a second, MiB (PSS of all processes)", ["MiB"], [(" ".join(map(str, watcher.curve)),)]))
    assert not load.wrong, load.wrong[:5]
    assert max(total) < REPLY_DEADLINE
    if LONG:  # short runs have too few messages for a figure
        assert max(float(row[3]) for row in rounds) <= 2 * before * 1000, (before, rounds)
    assert watcher.silent == 0, "the daemon didn't answer"
    assert len(load.done) > SESSIONS and load.refused > SESSIONS and watcher.curve
    assert rastel.process.poll() is None and rastel.log().count("the daemon died") == 0
    rastel.stop()
