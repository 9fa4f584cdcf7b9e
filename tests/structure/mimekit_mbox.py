# SPDX-License-Identifier: GPL-2.0-only
"""MimeKit's offsets of mailboxes: of every entity where it begins, where its header and where it itself ends, once with
lines ended by LF, once by CRLF. The messages are cut out of the mailbox by MimeKit's offsets.
"""
import json
import pathlib

from structure.part import Case, Part

FOLDER = pathlib.Path("mimekit/UnitTests/TestData/mbox")


def cases(unpacked):
    for path in sorted((unpacked / FOLDER).glob("*.mbox.txt")):
        mailbox = path.read_bytes().replace(b"\r\n", b"\n")
        for end, content in (("unix", mailbox), ("dos", mailbox.replace(b"\n", b"\r\n"))):
            offsets = path.with_name(path.name.removesuffix(".mbox.txt") + f".{end}-offsets.json")
            if not offsets.exists():  # two of them are for other tests
                continue
            for number, message in enumerate(json.loads(offsets.read_text())):
                begin, stop = message["beginOffset"], message["endOffset"]
                name = f"{path.name.removesuffix('.mbox.txt')}/{number} {end}"
                yield Case(name, content[begin:stop], list(leaves(message["body"], begin)))


def leaves(root, begin):
    waiting = [(root, "", True)]
    while waiting:
        entity, here, is_message = waiting.pop()
        children = entity.get("children", [])
        for number, child in enumerate(children, 1):
            waiting.append((child, f"{here}.{number}".lstrip("."), False))
        if children:
            continue
        if is_message:
            here = f"{here}.1".lstrip(".")
        if "message" in entity:
            waiting.append((entity["message"]["body"], here, True))
        else:
            yield leaf(entity, here, begin)


def leaf(entity, path, begin):
    first, body, end = (entity[name] - begin for name in ("beginOffset", "headersEndOffset", "endOffset"))
    found = Part(path, type=entity["mimeType"].lower(), entity=(first, end), body=(body, end))
    found.may_be_absent = body == end or found.type.startswith("multipart/")
    return found
