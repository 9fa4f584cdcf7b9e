# SPDX-License-Identifier: GPL-2.0-only
"""What an oracle expects of a message, and what of it the default reading of `rastel scan --json` doesn't say."""
import base64
import binascii
import dataclasses
import hashlib
import quopri
import re


@dataclasses.dataclass
class Part:
    """What may be shown as a leaf. What is None, the oracle doesn't tell."""
    path: str  # as IMAP counts (RFC 9051 6.4.5)
    may_be_absent: bool = False  # a multipart without parts, an encoded message: shown by us as a whole
    type: str | None = None  # declared, in lower case
    name: str | None = None  # of the file: one of ours
    contents: list[bytes] | None = None  # decoded; any of them
    entity: tuple[int, int] | None = None  # in the message
    body: tuple[int, int] | None = None
    raw_header: list[bytes] | None = None  # its fields without the last line break, lines ended by LF
    raw_body: bytes | None = None  # undecoded, lines ended by LF
    text: str | None = None  # its characters, where the oracle gives no bytes
    encoding: str | None = None  # by which ours lead to them: Content-Transfer-Encoding
    charset: str | None = None


@dataclasses.dataclass
class Case:
    """A message with what its oracle says of it."""
    name: str
    message: bytes
    parts: list[Part]


def digest(content):
    return hashlib.sha256(content).hexdigest()


def in_order(path):
    return [int(number) for number in path.split(".")]


def by_default(parts):
    return {part["path"]: part for part in parts if part["reading"] == "" and "?" not in part["path"]}


def differences(case, scanned):
    """What differs, a sentence each."""
    ours, said = by_default(scanned), []
    met = {part["sha256"] for part in ours.values()}
    for part in sorted(case.parts, key=lambda part: in_order(part.path)):
        found = ours.pop(part.path, None)
        if found is not None:
            said += [f"{part.path}: {what}" for what in of_part(part, found, case.message)]
        elif not part.may_be_absent and not is_not_reported(part, met):
            said.append(f"{part.path}: not there")
    return said + [f"{path}: only ours" for path in sorted(ours, key=in_order)]


def is_not_reported(part, met):
    """A leaf without bytes isn't, nor one whose bytes are another's."""
    return any(content == b"" or digest(content) in met for content in part.contents or [])


def of_part(part, found, message):
    if part.type is not None and part.type != found["type"]:
        yield f"type {found['type']}, not {part.type}"
    if part.name is not None and part.name not in found["names"]:
        yield f"called {found['names']}, not {part.name}"
    if "entity" in found:
        yield from of_places(part, tuple(found["entity"]), tuple(found["body"]), message)
    elif part.entity is not None:
        yield "no place"
    if part.contents is not None and found["sha256"] not in map(digest, part.contents) and not is_text(part, found, message):
        yield f"other bytes, {found['size']} of them, not {' or '.join(str(len(content)) for content in part.contents)}"


def of_places(part, entity, body, message):
    if part.entity is not None and entity != part.entity:
        yield f"entity at {entity}, not {part.entity}"
    if part.body is not None and body != part.body:
        yield f"body at {body}, not {part.body}"
    if part.raw_header is not None and not is_header(lines(message[entity[0]:body[0]]), part.raw_header):
        yield f"header {message[entity[0]:body[0]]!r}, not {part.raw_header!r}"
    if part.raw_body is not None and lines(message[body[0]:body[1]]) != part.raw_body:
        yield f"body {message[body[0]:body[1]]!r}, not {part.raw_body!r}"


def lines(text):
    return text.replace(b"\r\n", b"\n")


FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:", re.M)  # RFC 5322 2.2, with 4.5's white space


def is_header(text, fields):
    """Whether these are its fields, in order, and what is left over is none by RFC 5322."""
    left, at = b"", 0
    for field in fields:
        place = text.find(field + b"\n", at)
        if place < 0:
            return False
        left, at = left + text[at:place], place + len(field) + 1
    return FIELD.search(left + text[at:]) is None


def is_text(part, found, message):
    """Whether Python, by the part's own encoding, comes from its body to our bytes and from those to the oracle's text."""
    if part.text is None or "body" not in found:
        return False
    body = message[found["body"][0]:found["body"][1]]
    try:
        if part.encoding == "base64":
            body = base64.b64decode(body)
        elif part.encoding == "quoted-printable":
            body = quopri.decodestring(body)
        text = body.decode(part.charset, "replace")
    except (LookupError, binascii.Error):
        return False
    if digest(body) != found["sha256"]:
        return False
    return shortened(text) == shortened(part.text)


def shortened(text):
    """Programs don't agree on how many bytes one U+FFFD stands for, nor whether one ends a text that ends too early."""
    return re.sub("\ufffd+", "\ufffd", text).rstrip("\ufffd")
