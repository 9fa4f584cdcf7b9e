# SPDX-License-Identifier: GPL-2.0-only
"""What the classes of evasions are made of: the part that carries the payload, and the two tables that classes stand in.

A class is a function and a table of its variants; its name and the variant's are the pair's name later on:

    @structure("parameters", {"comma": b", ", "nothing": b" "})
    def separator(entity, variant): …

An encoding makes an Entity of a payload; a structure makes a mail of an Entity, or None where the two can't be put together.
"""
import dataclasses
import functools

CRLF = b"\r\n"
STRUCTURES, ENCODINGS = {}, {}


def _enter(table, group, variants):
    def take(function):
        for name, variant in variants.items():
            table[f"{group}/{function.__name__}/{name}"] = functools.partial(function, variant=variant)
        return function
    return take


def structure(group, variants):
    return _enter(STRUCTURES, group, variants)


def encoding(group, variants):
    return _enter(ENCODINGS, group, variants)


def lines(*parts):
    """Header lines or body lines, each with its end; None is left out."""
    return b"".join(part + CRLF for part in parts if part is not None)


@dataclasses.dataclass(frozen=True)
class Entity:
    body: bytes  # as it stands in the mail
    encoding: tuple = (b"Content-Transfer-Encoding: base64",)  # whole header lines; none: undeclared
    type: bytes = b'Content-Type: application/octet-stream; name="p.exe"'  # a whole header line, or None
    disposition: bytes = b'Content-Disposition: attachment; filename="p.exe"'

    def whole(self, before=(), encoding=None, type="its own", behind=()):
        """Header, blank line and body, with other lines about or instead of its own."""
        chosen = self.type if type == "its own" else type
        encoded = self.encoding if encoding is None else encoding
        return lines(*before, chosen, *encoded, self.disposition, *behind, b"") + self.body


OUTER = (b"From: a@example.org", b"To: b@example.net", b"Subject: t")
VERSION = (b"MIME-Version: 1.0",)
TEXT = lines(b"Content-Type: text/plain", b"", b"hello")


def mail(type_lines, body, version=VERSION):
    """A mail with these lines for its Content-Type."""
    return lines(*OUTER, *version, *type_lines, b"") + body


def multipart(parts, delimiter=b"--limit", close=b"--limit--"):
    """A body of several parts; `close` None leaves it open."""
    return b"".join(delimiter + CRLF + part.removesuffix(CRLF) + CRLF for part in parts) + lines(close)


MIXED = b"Content-Type: multipart/mixed; boundary=limit"
