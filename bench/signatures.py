#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Signature sets to measure with:  signatures.py FOLDER [--set production|tiny] [--scale 0.1] [--seed 1]

*production* has the size of what freshclam keeps: 2.6 M hashes in .hdb, 1.4 M in .hsb, 4.0 M of PE sections in .mdb,
110,000 body patterns in .ndb, 200,000 logical signatures in .ldb; *tiny* has nothing of that. Both know the EICAR test file.
The patterns are random, of the kinds that the real sets have: target types, offsets, gaps, wildcards, alternatives,
conditions on size and container, counts, some regular expressions. None of them is found in anything that isn't made for it.
`--scale 0.1` makes a tenth of each. The same seed and scale give the same bytes; whoever wants another set that is as good
as new takes another seed. Nothing but Python's standard library; a production set takes about a minute and 800 MB.

What it doesn't claim: that a mail costs the same with it as with the real set. What decides that most is the share of the
logical signatures that look at files of any type, `EVERY_FILE`: libclamav 1.4 prepares counters for each of them again for
every layer, about 10 us each. The share was chosen so that a file of 100 bytes costs about 5 ms and a mail of 5 KiB 8 ms.
"""
import argparse
import json
import os
import pathlib
import random
import sys
import time

COUNTS = {"hdb": 2_600_000, "hsb": 1_400_000, "mdb": 4_000_000, "ndb": 110_000, "ldb": 200_000}
EVERY_FILE = 0.004
SHORT_START = 0.02
FAMILIES = ("Win.Trojan.Agent", "Win.Malware.Generic", "Win.Downloader.Upatre", "Win.Worm.Mydoom", "Win.Ransomware.Locky",
            "Win.Packed.Razy", "Win.Dropper.Tiggre", "Doc.Dropper.Agent", "Xls.Dropper.Emotet", "Html.Phishing.Bank",
            "Js.Trojan.Redirector", "Pdf.Exploit.CVE", "Andr.Malware.Fakeinst", "Unix.Trojan.Mirai", "Osx.Adware.Genieo")
WORDS = ("function document window location script iframe password account verify update invoice payment secure login "
         "unescape charcode eval replace length string return object create shell execute download temp").split()


def eicar():
    """The anti-virus test file; in pieces, or this script itself would be taken for it."""
    return ("X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STAND" + "ARD-ANTIVIRUS" + "-TEST-FILE!" + "$H+H*").encode()


def eicar_signature():
    # Any type of file, at any place: people paste it into the middle of a mail.
    return f"Eicar-Test-Signature:0:*:{eicar().hex()}\n"


def hashes(file, kind, count, seed):
    """Lines of `digest:size:name` or, for sections, `size:digest:name`."""
    chance = random.Random(f"{seed} {kind}")
    done = 0
    width = 32 if kind == "hsb" else 16
    while done < count:
        some = min(50_000, count - done)
        digests = chance.randbytes(width * some).hex()
        sizes = chance.randbytes(4 * some)
        lines = []
        for number in range(some):
            digest = digests[2 * width * number:2 * width * (number + 1)]
            bits = int.from_bytes(sizes[4 * number:4 * number + 4], "little")
            # 1 KiB to 8 MiB, as many between 1 and 2 KiB as between 4 and 8 MiB.
            size = (1024 + (bits & 1023)) << (bits >> 10) % 13
            name = f"{FAMILIES[(bits >> 16) % len(FAMILIES)]}-{done + number + 1_000_000}-0"
            if kind == "mdb":
                lines.append(f"{size}:{digest}:{name}\n")
            elif kind == "hsb" and (bits >> 8) % 1000 == 0:
                lines.append(f"{digest}:*:{name}:73\n")  # of any size: these have every file hashed
            else:
                lines.append(f"{digest}:{size}:{name}\n")
        file.write("".join(lines))
        done += some


class Patterns:
    """Bodies of signatures, as hexadecimal digits with wildcards."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def bytes(self, least, most):
        return self.chance.randbytes(self.chance.randint(least, most)).hex()

    def text(self, least, most):
        """What looks like script or prose, yet is in no mail: every fourth word is a number drawn from 2**48."""
        chance, result = self.chance, b""
        want = chance.randint(least, most)
        while len(result) < want:
            word = f"{chance.getrandbits(48):x}" if chance.random() < 0.25 else chance.choice(WORDS)
            result += word.encode() + chance.choice((b"", b" ", b"(", b"=", b".", b"'"))
        # However short it was cut, it ends in what no mail has: of six such digits, as colours and numbers in HTML are,
        # one made mail of a thousand held some signature's.
        return (result[:max(want - 10, 0)] + f"{chance.getrandbits(40):010x}".encode()).hex()

    def piece(self, textual, least, most):
        return self.text(least, most) if textual else self.bytes(least, most)

    def body(self, textual, least=10, most=60):
        """One pattern, in a third of cases of several pieces."""
        chance = self.chance
        if chance.random() < SHORT_START:
            first = self.bytes(3, 4)
            return first + chance.choice(("{1-20}", "*", "??")) + self.piece(textual, 12, most)
        kind = chance.random()
        if kind < 0.68:
            return self.piece(textual, least, most)
        first, second = self.piece(textual, 8, 24), self.piece(textual, 8, 24)
        if kind < 0.78:
            return first + "??" * chance.randint(1, 4) + second
        if kind < 0.90:
            low = chance.randint(1, 30)
            return f"{first}{{{low}-{low + chance.randint(1, 200)}}}{second}"
        if kind < 0.95:
            return first + "*" + second
        alternatives = "|".join(self.bytes(2, 2) for _ in range(chance.randint(2, 4)))
        return f"{first}({alternatives}){second}"

    def name(self, number):
        return f"{self.chance.choice(FAMILIES)}-{9_000_000 + number}-{self.chance.randint(0, 2)}"

    def offset(self, target):
        kind = self.chance.random()
        if target == 1 and kind < 0.35:
            return f"EP+{self.chance.randint(0, 400)}" if kind < 0.2 else f"S{self.chance.randint(0, 3)}+{self.chance.randint(0, 900)}"
        if kind < 0.45:
            return str(self.chance.randint(0, 2048)) if kind < 0.42 else f"EOF-{self.chance.randint(80, 2048)}"
        if kind < 0.48:
            return f"{self.chance.randint(0, 512)},{self.chance.randint(8, 512)}"
        return "*"


NDB_TARGETS = ((0, 0.30), (1, 0.45), (2, 0.06), (3, 0.10), (4, 0.02), (5, 0.01), (6, 0.02), (7, 0.04))
LDB_TARGETS = ((0, EVERY_FILE), (1, 0.88), (2, 0.04), (3, 0.008), (4, 0.001), (5, 0.005), (6, 0.03), (7, 0.003),
               (10, 0.012), (11, 0.02))
TEXTUAL = (3, 4, 7)


def chooser(shares):
    return [target for target, _ in shares], [share for _, share in shares]


def ndb(file, count, seed):
    patterns = Patterns(f"{seed} ndb")
    targets, weights = chooser(NDB_TARGETS)
    for number in range(count):
        target = patterns.chance.choices(targets, weights)[0]
        file.write(f"{patterns.name(number)}:{target}:{patterns.offset(target)}:{patterns.body(target in TEXTUAL)}\n")


def conditions(patterns, target):
    chance = patterns.chance
    words = [f"Engine:{chance.choice((51, 73, 81))}-255"]
    if chance.random() < 0.1:
        low = chance.randint(1, 200_000)
        words.append(f"FileSize:{low}-{low * 20}")
    if chance.random() < 0.02:
        words.append("Container:" + chance.choice(("CL_TYPE_ZIP", "CL_TYPE_RAR", "CL_TYPE_MAIL", "CL_TYPE_7Z", "CL_TYPE_PDF")))
    if target == 1 and chance.random() < 0.1:
        words.append(f"NumberOfSections:{chance.randint(1, 4)}-{chance.randint(5, 12)}")
    return ",".join([*words, f"Target:{target}"])


def expression(chance, count):
    """What has to hold of `count` parts."""
    names = [str(number) for number in range(count)]
    if count == 1:
        return "0" if chance.random() < 0.9 else f"0>{chance.randint(1, 5)}"
    kind = chance.random()
    if kind < 0.75:
        return "&".join(names)
    if kind < 0.9:
        middle = chance.randint(1, count - 1)
        return f"({'&'.join(names[:middle])})&({'|'.join(names[middle:])})"
    if kind < 0.97:
        return f"({'|'.join(names)})>{chance.randint(1, 4)},{chance.randint(1, count)}"
    return "&".join(names[:-1]) + f"&({names[-1]}=0)"


def part(patterns, target, textual):
    chance = patterns.chance
    body = patterns.body(textual, 6, 40)
    kind = chance.random()
    if kind < 0.12:
        return f"{patterns.offset(target)}:{body}"
    if kind < 0.2:
        return f"{body}::{chance.choice(('i', 'w', 'a', 'iw'))}" if textual else f"{body}::{chance.choice(('i', 'a'))}"
    return body


def ldb(file, count, seed):
    patterns = Patterns(f"{seed} ldb")
    chance = patterns.chance
    targets, weights = chooser(LDB_TARGETS)
    for number in range(count):
        target = chance.choices(targets, weights)[0]
        textual = target in TEXTUAL
        parts = [part(patterns, target, textual) for _ in range(chance.choices((1, 2, 3, 4, 5, 8, 12), (44, 26, 14, 8, 4, 3, 1))[0])]
        logic = expression(chance, len(parts))
        if chance.random() < 0.01:  # a regular expression that is looked at once the first part was found
            parts.append(f"0/{chance.choice(WORDS)}[a-z]{{2,9}}\\s*=\\s*[0-9a-f]{{{chance.randint(6, 16)}}}/")
            logic = f"({logic})&{len(parts) - 1}"
        file.write(";".join([patterns.name(number), conditions(patterns, target), logic, *parts]) + "\n")


def write(folder, which="production", scale=1.0, seed=1):
    """Writes a set into a folder, which is created; the number of signatures by file."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = {"eicar.ndb": 1}
    (folder / "eicar.ndb").write_text(eicar_signature())
    if which == "tiny":
        return made
    for kind, full in COUNTS.items():
        count = max(1, round(full * scale))
        with open(folder / f"bench.{kind}", "w") as file:
            if kind == "ndb":
                ndb(file, count, seed)
            elif kind == "ldb":
                ldb(file, count, seed)
            else:
                hashes(file, kind, count, seed)
        made[f"bench.{kind}"] = count
    return made


def cached(store, which="production", scale=1.0, seed=1):
    """The folder of a set under `store`; made if it isn't there whole. Whoever edits this file gets it made anew."""
    stamp = f"{os.stat(__file__).st_mtime_ns:x}"
    folder = pathlib.Path(store) / (which if which == "tiny" else f"{which}-{scale:g}-{seed}")
    made = folder.with_suffix(".json")
    if not made.exists() or json.loads(made.read_text())["stamp"] != stamp:
        counts = write(folder, which, scale, seed)
        made.write_text(json.dumps({"stamp": stamp, "signatures": sum(counts.values()), "files": counts}) + "\n")
    return folder, json.loads(made.read_text())


def main():
    parser = argparse.ArgumentParser(description="Writes a signature set to measure with.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--set", choices=("production", "tiny"), default="production")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    choice = parser.parse_args()
    start = time.monotonic()
    counts = write(choice.folder, choice.set, choice.scale, choice.seed)
    print(f"{sum(counts.values()):,} signatures in {choice.folder}, {time.monotonic() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
