# SPDX-License-Identifier: GPL-2.0-only
"""Whatever clamscan finds in a whole message with the same signatures, `rastel scan` finds too: in every mail of the public
corpora, and in ClamAV's own test files wrapped into mail in ten ways (three for each file, without --long)."""
import base64
import pathlib
import quopri
import re
import shutil
import subprocess

import pytest

import daemon
import scanning
from conftest import LONG, seeded, unpacked_corpus
from test_corpus import unxored

FEWEST = {"corpora": 250, "each way": 25}  # messages in which clamscan finds something, or the test tests nothing

HEAD = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\nMIME-Version: 1.0\r\n"


def lines(content):
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def part(name, content, encoding="base64", disposition="attachment"):
    body = {"base64": lines, "quoted-printable": lambda data: quopri.encodestring(data).replace(b"\n", b"\r\n"),
            "8bit": bytes}[encoding](content)
    return (b"Content-Type: application/octet-stream; name=\"%b\"\r\nContent-Disposition: %b; filename=\"%b\"\r\n"
            b"Content-Transfer-Encoding: %b\r\n\r\n" % (name, disposition.encode(), name, encoding.encode())) + body


def mixed(*parts, boundary=b"=_b", subtype=b"mixed"):
    return (b"Content-Type: multipart/%b; boundary=\"%b\"\r\n\r\n" % (subtype, boundary) +
            b"".join(b"--%b\r\n%b\r\n" % (boundary, one) for one in parts) + b"--%b--\r\n" % boundary)


TEXT = b"Content-Type: text/plain\r\n\r\nPlease see what is attached.\r\n"


def uuencoded(name, content):
    def line(data):
        return bytes([32 + len(data)]) + b"".join(
            bytes(32 + (int.from_bytes(data[at:at + 3].ljust(3, b"\0"), "big") >> shift & 63) or 96 for shift in (18, 12, 6, 0))
            for at in range(0, len(data), 3))
    return (b"begin 644 " + name + b"\r\n" + b"\r\n".join(line(content[at:at + 45]) for at in range(0, len(content), 45)) +
            b"\r\n`\r\nend\r\n")


WAYS = {
    "attached": lambda name, data: HEAD + mixed(TEXT, part(name, data)),
    "alone": lambda name, data: HEAD + part(name, data),
    "inline": lambda name, data: HEAD + mixed(TEXT, part(name, data, disposition="inline")),
    "quoted-printable": lambda name, data: HEAD + mixed(TEXT, part(name, data, "quoted-printable")),
    "eight-bit": lambda name, data: HEAD + mixed(TEXT, part(name, data, "8bit")),
    "nested": lambda name, data: HEAD + mixed(mixed(TEXT, part(name, data), boundary=b"=_inner", subtype=b"related"), TEXT),
    "forwarded": lambda name, data: HEAD + mixed(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + HEAD +
                                                 mixed(TEXT, part(name, data), boundary=b"=_inner")),
    "lf": lambda name, data: (HEAD + mixed(TEXT, part(name, data))).replace(b"\r\n", b"\n"),
    "uuencoded": lambda name, data: HEAD + b"\r\nSee below.\r\n\r\n" + uuencoded(name, data),
    "two": lambda name, data: HEAD + mixed(TEXT, part(b"first.bin", bytes(range(256))), part(name, data)),
}


@pytest.fixture(scope="module")
def signatures(tmp_path_factory):
    """ClamAV's own for its test files, and EICAR, as its string anywhere and by the digest of the zip that mime-is-broken has."""
    if shutil.which("clamscan") is None:
        pytest.skip("clamscan is missing")
    folder = tmp_path_factory.mktemp("signatures")
    inputs = unpacked_corpus("clamav-testfiles", tmp_path_factory.mktemp("testfiles")) / "unit_tests/input"
    shutil.copy(inputs / "clamav.hdb", folder / "clamav.hdb")
    (folder / "eicar.ndb").write_text(f"Eicar:0:*:{daemon.eicar().hex()}\n")
    return folder, inputs


def compare(mails, signatures, fewest):
    scan = subprocess.run(["clamscan", "--no-summary", "--infected", "--recursive", "--max-scansize=400M", "--max-filesize=100M",
                           "-d", signatures, mails], capture_output=True, text=True, errors="surrogateescape", check=False)
    theirs = {pathlib.Path(path) for path in re.findall(r"^(.*): \S+ FOUND$", scan.stdout, re.M)}
    assert len(theirs) >= fewest, (len(theirs), scan.stderr[-2000:])
    ours, count = set(), 0
    for row in scanning.said(mails, signatures=signatures):
        count += 1
        if any(finding["kind"] == "signature" for finding in row["findings"]):
            ours.add(pathlib.Path(row["path"]))
    missed = sorted(str(path) for path in theirs - ours)
    print(f"{count} messages: clamscan finds something in {len(theirs)}, rastel in {len(ours)}")
    assert not missed, missed[:20]


def test_in_the_public_corpora(signatures, tmp_path):
    folder, _ = signatures
    for name in ("mime-is-broken", "spamassassin-public", "spamassassin-tdata", "stalwart-mail-parser", "james-mime4j", "mimekit",
                 "enmime", "mikel-mail", "rspamd-messages"):
        unpacked_corpus(name, tmp_path)
    compare(tmp_path, folder, FEWEST["corpora"])


def test_in_test_files_wrapped_in_ten_ways(signatures, tmp_path):
    folder, inputs = signatures
    mails = tmp_path / "mails"
    mails.mkdir()
    # After each finding a fresh worker is forked: all of it takes minutes.
    ways = list(WAYS)
    seeded("ways").shuffle(ways)
    each = len(ways) if LONG else 3
    for number, (name, data) in enumerate(unxored(inputs / "clamav_hdb_scanfiles")):
        for way in (ways * 2)[number % len(ways):][:each]:
            (mails / f"{name}.{way}.eml").write_bytes(WAYS[way](name.encode(), data))
    compare(mails, folder, FEWEST["each way"] * each)
