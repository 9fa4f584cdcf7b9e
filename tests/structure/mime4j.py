# SPDX-License-Identifier: GPL-2.0-only
"""Apache James' mime4j: the tree of a message in XML, its decoded bodies in files beside it.

`NAME.xml` holds the bodies as they stand in the message, `NAME_decoded.xml` names the files. Header fields that mime4j
couldn't read are left out; line breaks are as Java wrote them. Offsets aren't told, but the bytes at them are.
"""
import html
import pathlib
import re

from structure.part import Case, Part

FOLDER = pathlib.Path("james-mime4j/core/src/test/resources")
# Not every one of the files is well-formed XML: control characters of the messages stand in them.
TAGS = b"message|header|field|multipart|preamble|body-part|body|epilogue|text-body|binary-body"
TOKEN = re.compile(rb'<(/?)(' + TAGS + rb')(?: name="([^"]*)")?(/?)>')


class Node:
    def __init__(self, tag, name=None):
        self.tag, self.name, self.text, self.children = tag, name, b"", []

    def all(self, *tags):
        return [child for child in self.children if child.tag in tags]

    def first(self, *tags):
        return next(iter(self.all(*tags)), None)


def read(path):
    """The tree of <message>."""
    root = Node("")
    open_nodes, at, text = [root], 0, path.read_bytes().replace(b"\r\n", b"\n")
    for token in TOKEN.finditer(text):
        open_nodes[-1].text += text[at:token.start()]
        at = token.end()
        closing, tag, name, empty = token.groups()
        if closing:
            open_nodes.pop()
            continue
        node = Node(tag.decode(), name and name.decode())
        open_nodes[-1].children.append(node)
        if not empty:
            open_nodes.append(node)
    return root.first("message")


def unescaped(node):
    """What stood there: latin-1 keeps its bytes; a line break stands behind the tag."""
    return html.unescape(node.text.decode("latin-1").removeprefix("\n")).encode("latin-1", "replace")


def leaves(message):
    """(path as IMAP counts, node, whether it stands in the message undecoded) of what has a body and no parts."""
    waiting = [(message, "", True, True)]
    while waiting:
        node, here, is_message, undecoded = waiting.pop()
        multipart = node.first("multipart")
        parts = multipart.all("body-part") if multipart else []
        for number, child in enumerate(parts, 1):
            waiting.append((child, f"{here}.{number}".lstrip("."), False, undecoded))
        if parts:
            continue
        if is_message:
            here = f"{here}.1".lstrip(".")
        yield here, node, undecoded
        within = node.first("message")
        if within is not None:
            waiting.append((within, here, True, undecoded and not is_encoded(node)))


def cases(unpacked):
    for path in sorted((unpacked / FOLDER).glob("*/*.msg")):
        undecoded = {place: node for place, node, stands_there in leaves(read(path.with_suffix(".xml"))) if stands_there}
        parts = []
        for place, node, _ in leaves(read(path.with_name(path.stem + "_decoded.xml"))):
            body = node.first("text-body", "binary-body")
            if body is not None:
                parts.append(leaf(place, path.with_name(body.name), undecoded.get(place)))
            elif node.first("multipart") or is_encoded(node):
                parts.append(Part(place, may_be_absent=True))
        message = path.read_bytes()
        if message.startswith(b"From "):  # a mailbox's line, which is no part of it: `rastel scan` takes it for that
            message = message.partition(b"\n")[2]
        yield Case(f"{path.parent.name}/{path.stem}", message, parts)


def is_encoded(node):
    fields = [unescaped(field).lower() for field in node.first("header").all("field")]
    return any(re.match(rb"content-transfer-encoding:\s*(base64|quoted-printable)", field) for field in fields)


def leaf(place, file, undecoded):
    """`undecoded`: its node in the other XML, if it stands there."""
    part = Part(place, contents=line_breaks(file.read_bytes()))
    if undecoded is not None and undecoded.first("body"):
        part.raw_header = [unescaped(field) for field in undecoded.first("header").all("field")]
        part.raw_body = unescaped(undecoded.first("body"))
    return part


def line_breaks(content):
    lines = content.replace(b"\r\n", b"\n")
    return [content, lines, lines.replace(b"\n", b"\r\n")]
