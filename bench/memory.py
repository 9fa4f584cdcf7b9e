# SPDX-License-Identifier: GPL-2.0-only
"""How much memory Rastel takes: with many large messages at a time, and a connection that says nothing.

*Growth* is over idle: RSS of all processes summed, and Shmem of the machine (memory files and tmpfs, mapped or not), at its
highest while the messages come in, against the same before. RSS counts what processes share once for each, so it errs on the
high side; PSS, which doesn't, stands beside it. Shmem is the machine's: run it on one that does nothing else.
"""
import os
import pathlib
import random
import resource
import shutil
import socket
import tempfile
import time

import contenders
import corpus
import processes
import race
import signatures

SESSIONS, SIZE, MOST_GROWTH = 100, 50 * 1024 * 1024, 150  # MiB
IDLE, MOST_IDLE = 2000, 40                                # KiB each


class Rastel(contenders.Rastel):
    """A reply later than any scan here takes: what is measured is memory, not patience."""
    name = "rastel-memory"

    def begin(self):
        (port,) = contenders.free_ports(1)
        self.start_rastel([[*contenders.door(port, self.sink.port)[:-1], f"max_sessions = {IDLE + 100}", "reply_deadline = \"30m\""]])
        self.target, self.port = f"127.0.0.1:{port}", port


def large_mail(folder, size, count):
    """Messages of that size, each of its own: an attachment that nothing looks into, and EICAR in the last."""
    folder.mkdir()
    for number in range(count):
        chance = random.Random(f"memory {number}")
        block = b"\0\1bench" + chance.randbytes(57 * (1 << 14) - 7)  # whole lines of base64, so that it can be repeated
        once = corpus.message(chance, "huge", ("data.dat", "application/octet-stream", block))
        lines = corpus.base64_lines(block)
        head, tail = once.split(lines)
        with open(folder / f"{number:06}-clean.eml", "wb") as file:
            file.write(head)
            for _ in range(size // len(lines)):
                file.write(lines)
            file.write(tail)
    chance = random.Random("memory eicar")
    (folder / f"{count:06}-eicar.eml").write_bytes(corpus.message(chance, "text", corpus.infected(chance)))


def settled(rastel):
    """Memory when nothing happens: the least of a second."""
    samples = []
    for _ in range(5):
        samples.append(rastel.memory())
        time.sleep(0.2)
    return min(samples, key=lambda one: one["rss"] + one["shmem"])


def many_large(choice, rastel, scratch, output, sessions=SESSIONS, size=SIZE):
    """Growth in MiB by kind, or None with the reason printed; the spool's highest."""
    large_mail(scratch / "large", size, sessions)
    corpus.write(scratch / "first", corpus.messages("small", 20, "warm"))
    race.run(choice.bin, rastel, scratch / "first", 4, choice.timeout)
    idle = settled(rastel)
    store, spool = rastel.folder / "store", [0]

    def pids():
        spool[0] = max(spool[0], on_disk(store, rastel.pids()))
        return rastel.pids()

    with processes.MemoryCurve(pids, 0.25) as curve:
        done = race.run(choice.bin, rastel, scratch / "large", sessions, 1800)
    for sample in curve.samples:
        output.line("memory", sample)
    growth = {"rss_shmem": curve.peak("rss", "shmem") - idle["rss"] - idle["shmem"], "pss_shmem": curve.peak("pss", "shmem") - idle["pss"] - idle["shmem"],
              "rss": curve.peak("rss") - idle["rss"], "shmem": curve.peak("shmem") - idle["shmem"], "spool": spool[0]}
    return idle, growth, done, curve.samples


def on_disk(store, pids):
    """MiB of the spool: files in the store and unnamed ones that a process has open there."""
    total, counted = 0, set()
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(store) for name in names]
    for pid in pids:
        try:
            paths += [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")
                      if os.readlink(f"/proc/{pid}/fd/{name}").startswith(str(store))]
        except OSError:
            continue
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) not in counted:
            counted.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
    return total / (1 << 20)


def idle_connections(rastel, count=IDLE):
    """KiB that a connection costs that has been greeted and says nothing, by kind."""
    before = settled(rastel)
    connections = []
    try:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", rastel.port), 60)
            connections.append(connection)
            if not connection.recv(200).startswith(b"220"):
                raise RuntimeError(f"connection {len(connections)} of {count} was not greeted with 220")
        after = settled(rastel)
    finally:
        for connection in connections:
            connection.close()
    return {kind: (sum(after[key] for key in keys) - sum(before[key] for key in keys)) * 1024 / count
            for kind, keys in (("rss_shmem", ("rss", "shmem")), ("pss_shmem", ("pss", "shmem")))}


def measure(choice, output, store, table):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(IDLE, hard - 200)
    folder, made = signatures.cached(store / "signatures", choice.signatures)
    sessions, size = (20, SIZE // 5) if choice.quick else (SESSIONS, SIZE)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="rastel-bench-mail-", dir=choice.scratch))
    rastel = Rastel(choice.bin, folder)
    try:
        rastel.start()
        idle, growth, done, samples = many_large(choice, rastel, scratch, output, sessions, size)
        each = idle_connections(rastel, count)
    finally:
        rastel.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n== memory, {made['signatures']:,} signatures; idle: RSS {idle['rss']:.0f} MiB, PSS {idle['pss']:.0f} MiB")
    step = max(len(samples) // 20, 1)
    table(["second", "RSS MiB", "PSS MiB", "Shmem MiB"], [[f"{one['seconds']:.1f}", *(f"{one[key]:.0f}" for key in ("rss", "pss", "shmem"))]
                                                         for one in samples[::step]])
    void = f"VOID: {done['void']}" if done["void"] else ""
    rows = [[f"{sessions} sessions x {size >> 20} MiB: RSS + Shmem over idle, MiB", f"{growth['rss_shmem']:.0f}", f"<= {MOST_GROWTH}",
             void or met(growth["rss_shmem"] <= MOST_GROWTH)],
            ["   PSS + Shmem over idle, MiB", f"{growth['pss_shmem']:.0f}", "", ""],
            ["   spool on disk, MiB", f"{growth['spool']:.0f}", "", ""],
            [f"{count} idle connections: RSS + Shmem, KiB each", f"{each['rss_shmem']:.1f}", f"<= {MOST_IDLE}", met(each["rss_shmem"] <= MOST_IDLE)],
            ["   PSS + Shmem, KiB each", f"{each['pss_shmem']:.1f}", "", ""]]
    print("\n== Targets")
    table(["target", "is", "wanted", ""], rows)
    output.line("growth", {"idle": idle, **growth, "void": done["void"], "seconds": done["seconds"], "idle_connection_kib": each})


def met(holds):
    return "met" if holds else "MISSED"
