#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""./dev bench [smtp|memory|reader|deliver]: measures Rastel beside what it replaces. README.md says what the figures mean."""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import contenders
import corpus
import deliver
import memory
import race
import reader
import signatures
import targets

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
STORE = CHECKOUT / "build/bench"
SOLO = ("direct", "rastel-blind", "rastel", "clamd", "clamsmtp")
BEHIND = ("postfix", "postfix-rastel-before", "postfix-rastel-after-lmtp", "postfix-rastel-after-smtp", "postfix-rastel-milter",
          "postfix-rastel-milter-tcp", "postfix-clamav-milter", "postfix-clamav-milter-tcp",
          "postfix-clamsmtp-before", "postfix-clamsmtp-after")
# Name of a race: signature set, corpus, whether the attachments were seen before, contenders, messages for (1, more) sessions.
RACES = {"small": ("tiny", "small", False, (*SOLO, *BEHIND), (300, 1000)),
         "mixed": ("tiny", "mixed", False, (*SOLO, "postfix", "postfix-clamav-milter"), (60, 200)),
         "seen": ("tiny", "mixed", True, ("rastel", "clamd"), (60, 200)),
         "production-small": ("production", "small", False, ("rastel", "clamd", "clamsmtp", "postfix-clamav-milter"), (200, 500)),
         "production-mixed": ("production", "mixed", False, ("rastel", "clamd", "clamsmtp", "postfix-clamav-milter"), (40, 100))}


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=CHECKOUT, timeout=60).stdout.strip()
    except OSError:
        return ""


def facts(binaries):
    packages = said("dpkg-query", "-W", "-f=${Package} ${Version}\\n", "libclamav12", "libclamav11", "clamav-daemon", "clamav-milter",
                    "clamsmtp", "postfix")
    return {"commit": said("git", "-c", "safe.directory=*", "describe", "--always", "--dirty"), "kernel": platform.release(),
            "cores": os.cpu_count(), "processor": next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "?"),
            "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20, "programs": str(binaries),
            "packages": [line for line in packages.splitlines() if " " in line],
            "load_before": os.getloadavg()[0], "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


class Output:
    """JSON lines in a file, words for people on standard output."""

    def __init__(self, name):
        STORE.mkdir(parents=True, exist_ok=True)
        self.path = STORE / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
        self.file = open(self.path, "w")

    def line(self, kind, values):
        self.file.write(json.dumps({"kind": kind, **values}) + "\n")
        self.file.flush()


def table(columns, rows):
    widths = [max(len(str(row[number])) for row in [columns, *rows]) for number in range(len(columns))]
    for row in [columns, *rows]:
        print("  ".join(str(cell).ljust(width) if number == 0 else str(cell).rjust(width)
                        for number, (cell, width) in enumerate(zip(row, widths))).rstrip())


def figures_row(name, sessions, runs):
    figures = race.median(runs)
    void = [one["void"] for one in runs if one["void"]]
    if figures is None:
        return [name, sessions, "VOID", "", "", "", "", "", void[0]]
    parts = " ".join(f"{key} {seconds:.2f}" for key, seconds in figures["cpu"].items())
    return [name, sessions, f"{figures['per_second']:.1f}", *(f"{figures[key]:.1f}" for key in ("p50", "p95", "p99")),
            f"{race.cpu_of(figures):.2f}", parts, f"{len(void)} of {len(runs)} runs VOID: {void[0]}" if void else ""]


def run_race(name, choice, output, results):
    which, kind, seen, default, counts = RACES[name]
    wanted = choice.contenders or default
    folder, made = signatures.cached(STORE / "signatures", which)
    print(f"\n== {name}: {made['signatures']:,} signatures, corpus {kind}{', attachments seen before' if seen else ''}", flush=True)
    runs = {}
    with contextlib.ExitStack() as stack:
        running = []
        for one in wanted:
            reason = contenders.ALL[one].why_not()
            if reason:
                print(f"   {one} is left out: {reason}")
                continue
            contender = contenders.ALL[one](choice.bin, folder)
            stack.callback(contender.stop)
            running.append(contender.start())
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rastel-bench-mail-", dir=choice.scratch)))
        if seen:
            corpus.write(scratch / "pool", corpus.pool(kind, "warm"))
            for contender in running:
                race.run(choice.bin, contender, scratch / "pool", 4, choice.timeout)
            shutil.rmtree(scratch / "pool")
        for number in range(choice.runs):
            for sessions in choice.sessions:
                count = max(round(counts[sessions > 1] * choice.scale), 20)
                mail = scratch / f"{number}-{sessions}"
                sizes = corpus.write(mail, corpus.messages(kind, count, f"{choice.seed}-{number}-{sessions}", seen))
                for contender in running:
                    one = race.run(choice.bin, contender, mail, sessions, choice.timeout)
                    one |= {"race": name, "run": number, "mean_bytes": sum(sizes.values()) // len(sizes), "memory": contender.memory()}
                    output.line("run", one)
                    runs.setdefault((contender.name, sessions), []).append(one)
                    print(f"   run {number + 1} of {choice.runs}: {contender.name}, {sessions} sessions: {one['per_second']:.1f}/s"
                          f"{'  VOID: ' + one['void'] if one['void'] else ''}", file=sys.stderr, flush=True)
                shutil.rmtree(mail)
    table(["contender", "sessions", "msg/s", "p50 ms", "p95", "p99", "CPU s/1000", "by process", ""],
          [figures_row(contender, sessions, runs[contender, sessions]) for contender, sessions in
           sorted(runs, key=lambda key: (list(wanted).index(key[0]), key[1]))])
    last = {contender: them[-1]["memory"] for (contender, _), them in runs.items()}
    print("   MiB: " + "; ".join(f"{contender} RSS {one['rss']:.0f} PSS {one['pss']:.0f}" for contender, one in last.items() if one["rss"]))
    for key, them in runs.items():
        figures = race.median(them)
        results[name, *key] = figures
        output.line("median", {"race": name, "contender": key[0], "sessions": key[1], **(figures or {"void": them[0]["void"]})})


def smtp(choice, output):
    results = {}
    for name in choice.races:
        run_race(name, choice, output, results)
    rows = targets.judged(results)
    for row in rows:
        output.line("target", row)
    print("\n== Targets")
    table(["target", "is", "wanted", ""], [[row["target"], row["is"], row["wanted"], row["met"]] for row in rows])


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures Rastel beside what it replaces.")
    parser.add_argument("name", nargs="?", default="smtp", choices=["smtp", "memory", "reader", "deliver"])
    parser.add_argument("--quick", action="store_true", help="one run, fewer messages, tiny signatures: five minutes")
    parser.add_argument("--runs", type=int, help="how many, of which the median counts (5)")
    parser.add_argument("--sessions", type=int, nargs="+", help="1 10 50")
    parser.add_argument("--races", nargs="+", choices=RACES, help="which of them")
    parser.add_argument("--contenders", nargs="+", choices=contenders.ALL, help="instead of each race's own")
    parser.add_argument("--scale", type=float, help="times the usual number of messages")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--signatures", choices=("tiny", "production"), default="tiny", help="for all but smtp")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for an answer")
    parser.add_argument("--bin", type=pathlib.Path, default=CHECKOUT / "build/release/bin", help="Rastel's programs")
    parser.add_argument("--scratch", help="where the mail lies while it is sent")
    choice = parser.parse_args()
    choice.runs = choice.runs or (1 if choice.quick else 5)
    choice.sessions = choice.sessions or ([1, 10] if choice.quick else [1, 10, 50])
    choice.races = choice.races or (["small", "mixed"] if choice.quick else list(RACES))
    choice.scale = choice.scale or (0.3 if choice.quick else 1.0)
    choice.bin = choice.bin.resolve()
    return choice


def main():
    choice = parse()
    # Each message that waits to be sent is an open file.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    output = Output(choice.name)
    known = facts(choice.bin)
    output.line("facts", known)
    print(f"Rastel {known['commit']}, {known['processor']}, {known['cores']} cores, kernel {known['kernel']}, load {known['load_before']:.1f}\n"
          f"{', '.join(known['packages'])}")
    if known["load_before"] > 0.5:
        print("The machine is busy with something else: figures will be off.")
    try:
        if choice.name == "memory":
            memory.measure(choice, output, STORE, table)
        elif choice.name == "reader":
            reader.measure(choice, output, STORE, table)
        elif choice.name == "deliver":
            deliver.measure(choice, output, STORE, table)
        else:
            smtp(choice, output)
    except KeyboardInterrupt:
        sys.exit("bench: ended by Ctrl-C")
    print(f"\nEvery figure: {output.path}")


if __name__ == "__main__":
    main()
