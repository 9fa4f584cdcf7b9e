#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""./dev bench readings: what Rastel makes of the mails of noxxi/mime-is-broken, which hide a file's content or its name.

Each mail is scanned without its X-Payload-Id, which names the trick. Printed by trick: whether the hidden file was extracted,
flagged as something that no honest program writes, or neither, beside whether one of eight other parsers reads it; and for the
mails that hide a name whether the true one is among a part's names. Ends with 1 when a target is missed.
"""
import argparse
import collections
import csv
import dataclasses
import email
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import scanning  # noqa: E402

ARCHIVE, READABLE = "mime-is-broken.tar.xz", "mime-is-broken.readable.tsv"
PLAIN = "1652908061.1h9U"  # the mail from which everybody takes the hidden file
# What is asked for. Of those that one of the parsers reads: extracted; extracted or flagged. Of the others: extracted.
# Of those that hide a name: the true one is known, or flagged.
TARGETS = {"extracted": 312, "extracted or flagged": 316, "others extracted": 30, "names": 176}

# Why some mails aren't extracted: end of the trick, and the reason.
EXPLAINED = {
    "-base64-linelen-4XX": "lines of six digits, of which four are meant: nothing says which",
    "-base64-linelen-4XXX": "lines of seven digits, of which four are meant: nothing says which",
    "-qp-=Hh_allenc-cont": "behind each soft break an escaped line feed, which by all rules is a byte of the file",
    "-qp-H2=aH": "=a is put into each escape and makes another one of it: ==a03 is a mark, A0 and 3",
    "-qp-O2=HO": "=0 before each character, a valid escape with those that are hexadecimal digits",
    "-b64_HB_delim-none_nl_junkB-mixedlen": "the body's lines stand in the header, more than we take",
    "-outer_in_inner_base64-singlepart-b64h-basic-base64-mixedlen": "delimiters between the digits, more readings than we take",
    "binhex": "its BinHex holds the words ARRAY(0x…) by a slip of what made it, no zip",
    "binhex40": "its BinHex holds the words ARRAY(0x…) by a slip of what made it, no zip",
    "gzip64": "the reader leaves gzip to libclamav",
}


@dataclasses.dataclass(frozen=True)
class Mail:
    file: str
    trick: str
    readable: bool  # by one of the eight parsers
    outcome: str    # extracted, flagged or neither; named, flagged or neither
    said: scanning.Scanned


def corpora():
    return pathlib.Path(os.environ.get("RASTEL_CORPORA") or HERE.parent.parent / "shared" / "corpora")


def without_label(content):
    """The mail without the field that names its trick, and that trick."""
    field = re.search(rb"^X-Payload-Id: (\S+) .*\r?\n", content, re.M)
    return content[:field.start()] + content[field.end():], field[1].decode()


def unpacked(archive, folder):
    """Mails of both kinds without their labels: folder of each kind, trick of each file."""
    subprocess.run(["tar", "xJf", str(archive), "-C", str(folder)], check=True)
    tricks = {"content": {}, "name": {}}
    for kind, source in (("content", "hide-content.d"), ("name", "hide-filename.d")):
        (folder / kind).mkdir()
        for path in sorted((folder / "mime-is-broken" / source).rglob("1652*")):
            content, tricks[kind][path.name] = without_label(path.read_bytes())
            (folder / kind / path.name).write_bytes(content)
    return tricks


def attachments(content):
    return [part.get_payload(decode=True) for part in email.message_from_bytes(content).walk() if not part.is_multipart()]


def hidden_content(folder, tricks, readable, binaries=None):
    payload = attachments((folder / "content" / PLAIN).read_bytes())[-1]
    assert payload.startswith(b"PK"), "the zip isn't where it was"
    digest = hashlib.sha256(payload).hexdigest()
    for path, said in sorted(scanning.scan(folder / "content", binaries=binaries).items()):
        outcome = "extracted" if said.has(digest) else "flagged" if said.hard else "neither"
        yield Mail(path.name, tricks[path.name], path.name in readable, outcome, said)


def true_name(trick):
    """Two mails have an honest name, that of a picture; in all others a zip hides, in some with a semicolon in its name."""
    return "file.png" if trick.endswith(".png") else "file;.zip" if ";x" in trick else "file.zip"


def hidden_names(folder, tricks, binaries=None):
    for path, said in sorted(scanning.scan(folder / "name", binaries=binaries).items()):
        digest = hashlib.sha256(attachments((folder / "name" / path.name).read_bytes())[-1]).hexdigest()
        names = {name for part in said.parts if part["sha256"] == digest for name in part["names"]}
        outcome = "named" if true_name(tricks[path.name]) in names else "flagged" if said.hard else "neither"
        yield Mail(path.name, tricks[path.name], True, outcome, said)


def readable_files(table):
    """Of those that one of eight parsers reads."""
    with open(table, newline="") as file:
        return {row[0] for row in csv.reader(file, delimiter="\t") if not row[0].startswith("#") and "1" in row[1]}


def measure(folder, binaries=None):
    """The mails that hide content, and those that hide a name."""
    tricks = unpacked(corpora() / ARCHIVE, folder)
    readable = readable_files(corpora() / READABLE)
    content = list(hidden_content(folder, tricks["content"], readable, binaries))
    return content, list(hidden_names(folder, tricks["name"], binaries))


def figures(content, names):
    """Of each target what was reached."""
    read = collections.Counter(mail.outcome for mail in content if mail.readable)
    others = collections.Counter(mail.outcome for mail in content if not mail.readable)
    named = collections.Counter(mail.outcome for mail in names)
    return {"extracted": read["extracted"], "extracted or flagged": read["extracted"] + read["flagged"],
        "others extracted": others["extracted"],
            "names": named["named"] + named["flagged"]}


def print_tricks(mails):
    for mail in sorted(mails, key=lambda mail: (mail.outcome, mail.trick)):
        read = "" if mail.readable else "  (read by no other parser)"
        flags = " ".join(flag["code"] for flag in mail.said.said["flags"])
        print(f"{mail.outcome:<10} {mail.trick}{read}{'  ' + flags if flags else ''}")
        why = [reason for end, reason in EXPLAINED.items() if mail.trick.endswith(end)]
        if why and mail.outcome in ("flagged", "neither"):
            print(f"{'':<10} {why[0]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parent / "build/release/bin", help="where rastel is")
    choice = parser.parse_args()
    if not (corpora() / ARCHIVE).exists():
        sys.exit(f"bench: no {ARCHIVE} in {corpora()}: RASTEL_CORPORA says where it is")
    with tempfile.TemporaryDirectory(prefix="rastel-readings-") as folder:
        content, names = measure(pathlib.Path(folder), choice.bin)
    for title, mails in (("Hidden content", content), ("Hidden names", names)):
        print(f"\n{title}: {len(mails)} mails")
        print_tricks(mails)
    reached = figures(content, names)
    print()
    for target, wanted in TARGETS.items():
        print(f"{target}: {reached[target]}, wanted {wanted}: {'met' if reached[target] >= wanted else 'MISSED'}")
    return any(reached[target] < wanted for target, wanted in TARGETS.items())


if __name__ == "__main__":
    sys.exit(main())
