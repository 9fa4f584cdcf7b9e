# SPDX-License-Identifier: GPL-2.0-only
"""./dev bench deliver: what rastel-deliver adds to a local delivery of a small message, and how long it takes to start.

The delivery program is cat, and the message is known to be clean, so that no scan is in it. One after the other, in turns.
"""
import statistics
import subprocess
import time

import corpus
import signatures
from contenders import Contender

ROUNDS = 300
TARGETS = {"start": 5.0, "added": 3.0}  # ms


class Pipe(Contender):
    name, client = "rastel-pipe", "pipe"

    def begin(self):
        self.target = self.folder / "pipe.sock"
        self.start_rastel([["name = \"pipe\"", f"listen = \"unix:{self.target}\"", "socket_mode = \"0666\""]], kind="pipe")
        self.wait_for_socket(self.target, None)


def seconds(words, message):
    begin = time.perf_counter()
    ended = subprocess.run(words, input=message, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - begin, ended.returncode


def measure(choice, output, store, table):
    folder, _ = signatures.cached(store / "signatures", choice.signatures)
    clean = next(content for name, content in corpus.messages("small", 10, choice.seed) if "clean" in name)
    message = clean.replace(b"\r\n", b"\n")
    deliver = choice.bin / "rastel-deliver"
    contender = Pipe(choice.bin, folder).start()
    try:
        ways = {"cat": (["/bin/cat"], 0), "rastel-deliver alone": ([deliver], 75),  # a wrong command line: its start and its end
                "rastel-deliver -- cat": ([deliver, "--socket", contender.target, "--", "/bin/cat"], 0)}
        times = {name: [] for name in ways}
        for _ in range(ROUNDS // 10 if choice.quick else ROUNDS):
            for name, (words, code) in ways.items():
                took, ended = seconds(words, message)
                if ended != code:
                    raise RuntimeError(f"{name}: {ended} instead of {code}")
                times[name].append(took)
    finally:
        contender.stop()
    median = {name: statistics.median(some) * 1000 for name, some in times.items()}
    output.line("deliver", {"median_ms": median, "bytes": len(message)})
    table(["one after the other", "median ms", "p95"], [[name, f"{median[name]:.2f}", f"{statistics.quantiles(some, n=20)[-1] * 1000:.2f}"]
                                                        for name, some in times.items()])
    values = {"start": median["rastel-deliver alone"], "added": median["rastel-deliver -- cat"] - median["cat"]}
    table(["target", "is", "wanted", ""], [[name, f"{value:.2f} ms", f"<= {TARGETS[name]:.0f} ms", "met" if value <= TARGETS[name] else "MISSED"]
                                           for name, value in values.items()])
