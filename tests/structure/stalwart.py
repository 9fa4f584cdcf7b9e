# SPDX-License-Identifier: GPL-2.0-only
"""stalwart's mail-parser: a JSON a message, once with its lines ended by LF, once by CRLF.

Its parts stand in one list, a multipart's body is their numbers. `offset_header`, `offset_body` and `offset_end` count in
the message; those of a message that was encoded, in what it was decoded to. Text is given in characters. What it couldn't
decode, it gives as it stands and says so (`is_encoding_problem`).
"""
import json
import pathlib

from structure.part import Case, Part

FOLDER = pathlib.Path("stalwart-mail-parser/resources/eml")


def cases(unpacked):
    """By name: "rfc/000 lf"."""
    for path in sorted((unpacked / FOLDER).glob("*/*.eml")):
        message = path.read_bytes()
        name = f"{path.parent.name}/{path.stem}"
        yield case(f"{name} lf", message.replace(b"\r", b""), path.with_suffix(".json"))
        yield case(f"{name} crlf", message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), path.with_suffix(".crlf.json"))


def case(name, message, expected):
    return Case(name, message, list(leaves(json.loads(expected.read_text()), "", whole=True)))


def leaves(message, path, whole):
    """`whole`: its offsets count in the message that was given."""
    parts = message["parts"]
    waiting = [(0, path, True)]
    while waiting:
        number, here, is_message = waiting.pop()
        part = parts[number]
        kind, body = next(iter(part["body"].items()))
        if kind == "Multipart" and body:
            waiting += [(child, f"{here}.{place}".lstrip("."), False) for place, child in enumerate(body, 1)]
            continue
        if is_message:
            here = f"{here}.1".lstrip(".")
        if kind == "Message":
            is_encoded = body["parts"][0]["offset_header"] != part["offset_body"]
            if is_encoded:
                yield placed(Part(here, may_be_absent=True), part, whole)
            yield from leaves(body, here, whole and not is_encoded)
        elif kind == "Multipart":
            yield placed(Part(here, may_be_absent=True, type=type_of(part)), part, whole)
        else:
            yield placed(leaf(here, part, kind, body), part, whole)


def placed(found, part, whole):
    if whole:
        found.entity = (part["offset_header"], part["offset_end"])
        found.body = (part["offset_body"], part["offset_end"])
    return found


def field(part, name, kind):
    """Of the first field of that name that could be read."""
    values = [one["value"].get(kind) for one in part["headers"] if one["name"] == name and isinstance(one["value"], dict)]
    return next((value for value in values if value), None)


def type_of(part):
    declared = field(part, "content_type", "ContentType")
    return f"{declared['c_type']}/{declared['c_subtype']}".lower() if declared else "text/plain"


def attributes(part, field_name):
    value = field(part, field_name, "ContentType") or {}
    return {one["name"].lower(): one["value"] for one in value.get("attributes") or []}


def name_of(part):
    name = attributes(part, "content_disposition").get("filename") or attributes(part, "content_type").get("name")
    return None if name and "\ufffd" in name else name  # 8 bits of a charset that nobody names


def leaf(path, part, kind, body):
    encoding = (field(part, "content_transfer_encoding", "Text") or "").lower()
    found = Part(path, type=type_of(part), name=name_of(part))
    if part["is_encoding_problem"] and encoding == "base64":
        return found
    if kind in ("Binary", "InlineBinary"):
        found.contents = [bytes(body)]
        return found
    found.text, found.encoding, found.charset = body, encoding, attributes(part, "content_type").get("charset", "utf-8")
    found.contents = encoded(body, found.charset)
    return found


def encoded(text, charset):
    """What bytes it may be the text of."""
    found = []
    for name in (charset, "utf-8", "windows-1252", "latin-1"):
        try:
            found.append(text.encode(name))
        except (LookupError, UnicodeEncodeError):
            pass
    return found
