# SPDX-License-Identifier: GPL-2.0-only
"""./dev bench reader: what reading mail under every reading costs, beside GMime, and within a whole scan.

Processor time of one thread, all in turns in one process (bench/reader_main.cpp), median of the rounds. Twice: with the mixed
corpus, and with its messages of over 50 KiB alone, which are nearly all base64."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import corpus
import signatures

COUNT = 500  # messages
HEAVY = 50 * 1024
LEAST_RATE = 1e9  # bytes a second, of base64-heavy mail
LEAST_OF_GMIME = 10
MOST_MORE = 0.03  # of a whole scan


def like_a_workers():
    """A worker's scratch space is memory, and its malloc asks for huge pages (src/base/os/huge_pages.hpp)."""
    environment = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    if os.access("/dev/shm", os.W_OK):
        environment["TMPDIR"] = "/dev/shm"
    return environment


def run(program, rounds, databases, files, output):
    lines = subprocess.run([program, str(rounds), databases, *map(str, files)], stdout=subprocess.PIPE, check=True, text=True,
                           env=like_a_workers()).stdout
    seconds = {}
    for line in lines.splitlines():
        row = json.loads(line)
        output.line("round", row)
        seconds.setdefault(row["what"], []).append(row["seconds"])
    return {what: statistics.median(times) for what, times in seconds.items()}, row["bytes"]


def measure(choice, output, store, table):
    program = choice.bin.parent / "bench/bench_reader"
    databases = "builtin"
    if choice.signatures == "production":
        databases = str(signatures.cached(store / "signatures", "production")[0])
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="rastel-bench-mail-", dir=choice.scratch))
    try:
        corpus.write(scratch, corpus.messages("mixed", max(int(COUNT * choice.scale), 100), choice.seed))
        files = sorted(scratch.glob("*.eml"))
        heavy = [file for file in files if file.stat().st_size > HEAVY]
        rows, targets = [], []
        for name, chosen in (("mixed", files), ("mixed, over 50 KiB", heavy)):
            times, size = run(program, choice.runs, databases, chosen, output)
            rate = {what: size / time for what, time in times.items()}
            more = times["scan"] / times["scan-libclamav-alone"] - 1
            rows += [[name, len(chosen), f"{size >> 20}", what, f"{time:.3f}", f"{rate[what] / 1e6:,.0f}"] for what, time in times.items()]
            against = rate["reader"] / rate["gmime"]
            targets += [(f"{name}: reader of GMime", f"{against:.2f}", f">= {LEAST_OF_GMIME}", against >= LEAST_OF_GMIME),
                        (f"{name}: scan's CPU with the second look, over libclamav alone", f"{more:+.1%}", f"<= {MOST_MORE:.0%}", more <= MOST_MORE)]
            if chosen is heavy:
                targets.append((f"{name}: reader, GB/s of raw mail", f"{rate['reader'] / 1e9:.2f}", f">= {LEAST_RATE / 1e9:g}", rate["reader"] >= LEAST_RATE))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n== reader, {databases if databases == 'builtin' else 'production'} signatures, median of {choice.runs}")
    table(["mail", "messages", "MiB", "what", "CPU s", "MB/s"], rows)
    print("\n== Targets")
    table(["target", "is", "wanted", ""], [[title, value, wanted, "met" if met else "MISSED"] for title, value, wanted, met in targets])
    for title, value, wanted, met in targets:
        output.line("target", {"target": title, "is": value, "wanted": wanted, "met": met})
