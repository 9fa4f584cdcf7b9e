# SPDX-License-Identifier: GPL-2.0-only
"""A contender's processes: started and ended, their processor time by name, their memory."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from launch import descendants

HERE = pathlib.Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def name_of(pid):
    return read(f"/proc/{pid}/comm").strip()


def times(pid):
    """Seconds of a process itself, and of its children that have ended and were waited for."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not fields:
        return 0.0, 0.0
    own, ended = (int(fields[11]) + int(fields[12])) / TICK, (int(fields[13]) + int(fields[14])) / TICK
    # A tick is 10 ms, too coarse for few messages; nanoseconds stand a thread. Threads that have ended are only in the ticks.
    try:
        precise = sum(int(read(f"/proc/{pid}/task/{task}/schedstat").split()[0]) for task in os.listdir(f"/proc/{pid}/task")) / 1e9
    except (FileNotFoundError, ProcessLookupError, IndexError):
        precise = 0.0
    return (precise if abs(precise - own) < 0.05 else own), ended


class Component:
    """One program of a contender with all that it starts. `names`: what to call its processes in the table, by their comm;
    the rest, and what has ended, goes to `rest`."""

    def __init__(self, rest, command, folder, names=None, environment=None):
        self.rest, self.names = rest, names or {}
        self.log = pathlib.Path(folder) / f"{rest}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-B", str(HERE / "launch.py"), *map(str, command)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment, process_group=0)

    def pids(self):
        return descendants(self.process.pid)

    def seconds(self):
        """Processor seconds since it was started, by name."""
        result = {self.rest: times(self.process.pid)[1]}
        for pid in self.pids():
            own, ended = times(pid)
            name = self.names.get(name_of(pid), self.rest)
            result[name] = result.get(name, 0.0) + own
            result[self.rest] += ended
        return result

    def alive(self):
        return self.process.poll() is None

    def said(self):
        return read(self.log)[-2000:]

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait()


def kib(text, key):
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(key + ":"))


def memory(pids):
    """MiB of these processes: `rss` summed (what is shared counts once a process), `pss` (what is shared counts once),
    and `shmem` of the whole machine, mapped or not: memory files and tmpfs are nowhere else."""
    rss = pss = pss_shmem = 0
    for pid in pids:
        rollup = read_rollup(pid)
        rss += kib(rollup, "Rss")
        pss += kib(rollup, "Pss")
        pss_shmem += kib(rollup, "Pss_Shmem")
    shmem = kib(read("/proc/meminfo"), "Shmem")
    # Mapped memory files stand in both: counted once, under shmem.
    return {"rss": rss / 1024, "pss": (pss - pss_shmem) / 1024, "shmem": shmem / 1024}


def read_rollup(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return ""


class MemoryCurve:
    """Samples the memory of processes while something runs."""

    def __init__(self, pids, every=0.5):
        self.pids, self.every, self.samples, self.ended = pids, every, [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        start = time.monotonic()
        while True:
            self.samples.append({"seconds": round(time.monotonic() - start, 2), **memory(self.pids())})
            if self.ended.wait(self.every):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def peak(self, *keys):
        return max(sum(sample[key] for key in keys) for sample in self.samples)
