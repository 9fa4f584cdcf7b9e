# SPDX-License-Identifier: GPL-2.0-only
"""Mail that is made to take long: each is looked at to its end, or called unscanned for a limit that it met, long before the
deadline; what time it takes grows with its size. Prints the curve; --long goes up to 64 MB."""
import base64
import time

import pytest

import conftest
import scanning
from conftest import LONG

MIB = 1 << 20
SIZES = [1, 2, 4, 8, 16, 32, 64] if LONG else [1, 4]  # MiB
DEADLINE = 300  # seconds, [engine] deadline's default: behind it the class would be unscanned(timeout)
HEAD = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def repeated(line, size):
    return line * (size // len(line))


def numbered(line, size):
    """`line` with a number in it, so often."""
    each = line.count(b"%d")
    return b"".join(line % ((number,) * each) for number in range(size // (len(line) + 4 * each)))


def prefixes(size):
    lines, length, total = [], 1, 0
    while total < size:
        lines.append(b"--" + b"a" * length + b"\r\n")
        length = length % 4000 + 7
        total += len(lines[-1])
    return b"".join(lines)


ATTACKS = {
    "fields": lambda size: HEAD + repeated(b"X-Field: value\r\n", size) + b"\r\ntext\r\n",
    "one long field": lambda size: HEAD + b"X-Field: " + b"v" * size + b"\r\n\r\ntext\r\n",
    "one folded field": lambda size: HEAD + b"X-Field: v\r\n" + repeated(b" v\r\n", size) + b"\r\ntext\r\n",
    "parts": lambda size: MIXED + repeated(b"--b\r\n\r\nx\r\n", size) + b"--b--\r\n",
    "nested messages": lambda size: HEAD + repeated(b"Content-Type: message/rfc822\r\n\r\n", size) + b"text\r\n",
    "nested multiparts": lambda size: HEAD + numbered(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", size),
    "delimiters of nobody": lambda size: MIXED + numbered(b"--x%d\r\nContent-Type: text/plain\r\n", size),
    "prefixes of a boundary": lambda size: HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + prefixes(size),
    "parameters": lambda size: HEAD + b"Content-Type: text/plain" + numbered(b"; a%d=b", size) + b"\r\n\r\ntext\r\n",
    "continued parameters": lambda size: HEAD + b"Content-Type: text/plain" + numbered(b"; name*%d=b", size) + b"\r\n\r\ntext\r\n",
    "boundaries": lambda size: HEAD + numbered(b"Content-Type: multipart/mixed; boundary=b%d\r\n", size) + b"\r\n--b1\r\n\r\nx\r\n",
    "brackets": lambda size: HEAD + b"Content-Type: " + b"(" * size + b"\r\n\r\ntext\r\n",
    "encoded words": lambda size: HEAD + b"Content-Type: text/plain; name=\"" + repeated(b"=?utf-8?q?a?= ", size) + b"\"\r\n\r\ntext\r\n",
    "base64 with junk": lambda size: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + repeated(b"QUFB!=", size),
    "quoted-printable": lambda size: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + repeated(b"=4=\r\n1==", size),
    "uuencoded beginnings": lambda size: HEAD + b"\r\n" + repeated(b"begin 644 a\r\nM\r\n", size),
    "programs": lambda size: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"xMZ" * (size // 4)),
    "data addresses": lambda size: HEAD + b"Content-Type: text/html\r\n\r\n" + repeated(b"<a href='data:;base64,QUFB'>\r\n", size),
    "mailbox lines": lambda size: HEAD + b"\r\n" + repeated(b"\r\nFrom a Thu Jan  1 00:00:00 1970\r\nSubject: a\r\n\r\n", size),
    "carriage returns": lambda size: HEAD + b"\r" * size + b"\r\n",
}


@pytest.fixture(scope="module")
def curve():
    rows = {}
    yield rows
    conftest.tables.append(("Attacks: seconds of rastel scan by MiB", ["attack", *map(str, SIZES), "class"],
                            [[name, *(f"{seconds:.1f}" for seconds, _ in row), row[-1][1]] for name, row in rows.items()]))


@pytest.mark.parametrize("name", ATTACKS)
def test_takes_no_longer_than_its_size(name, curve, tmp_path):
    for size in SIZES:
        path = tmp_path / f"{size}.eml"
        path.write_bytes(ATTACKS[name](size * MIB))
        assert path.stat().st_size > 0.8 * size * MIB
        before = time.monotonic()
        one = scanning.said(path)[0]
        curve.setdefault(name, []).append((time.monotonic() - before, f"{one['class']}({one['reason']})" if one["reason"] else one["class"]))
        # The memory of a worker is a limit like others; what libclamav makes of 64 MiB of nested multiparts goes beyond it.
        limited = one["class"] == "unscanned" and (one["reason"] == "limit" or (name == "nested multiparts" and one["reason"] == "memory"))
        assert one["class"] in ("clean", "ambiguous") or limited, (one["class"], one["reason"], one["findings"][:5])
        assert one["ms"] < DEADLINE * 1000
        path.unlink()
