#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Mail to measure with:  corpus.py FOLDER [--corpus mixed|small] [--count 500] [--seed 1] [--seen | --attachments]

*mixed*: of a hundred messages 60 are text and HTML of 3 to 30 KiB, 25 have one attachment of 50 to 300 KiB (before base64),
10 one of 1 to 3 MiB, 5 one of 5 to 10 MiB; *small*: only the first kind. One message of a hundred has the EICAR test file in
a zip instead of what it would have had. Attachments are what mail has: PDF, docx, xlsx, JPEG, PNG, zip, some that nothing
looks into. Shapes are real, contents are made up.

Every decoded part differs from every other, down to the members of archives and the streams of a PDF, within a set and
between sets of different seeds, so nothing that remembers what it saw gains anything. `--seen` is the opposite: the texts are
new, the attachments come from a pool that only the corpus's name decides; `--attachments` writes that pool once, for
whoever is to have seen it before.

The same arguments give the same bytes. A file's name begins with its number and ends in what it is: 000012-clean.eml,
000013-eicar.eml. Each message begins with Received:, as all mail does that has come through a mail server: libclamav doesn't
take what begins with some other headers for mail.
"""
import argparse
import base64
import binascii
import io
import pathlib
import quopri
import random
import struct
import zipfile
import zlib

from signatures import eicar

KIB, MIB = 1024, 1024 * 1024
SHARES = {"text": 60, "medium": 25, "large": 10, "huge": 5}
SIZES = {"text": (3 * KIB, 30 * KIB), "medium": (50 * KIB, 300 * KIB), "large": (1 * MIB, 3 * MIB), "huge": (5 * MIB, 10 * MIB)}
POOL = {"medium": 20, "large": 8, "huge": 4}
FIXED = (2026, 3, 1, 12, 0, 0)
WORDS = ("the of and to in is you that it was for on are as with his they at be this from have or by one had not but what all "
         "were when we there can an your which their said if do will each about how up out them then she many some so these "
         "would other into has more her two like him see time could no make than first been its who now people my made over "
         "did down only way find use may water long little very after words called just where most know order invoice "
         "meeting report project delivery customer attached please regards schedule budget review contract draft").split()


def sentences(chance, least):
    """Prose of at least so many characters, in lines as mail programs break them."""
    lines, length = [], 0
    while length < least:
        line = " ".join(chance.choices(WORDS, k=chance.randint(9, 13))).capitalize() + "."
        lines.append(line)
        length += len(line) + 2
    return lines


def token(chance):
    return f"{chance.getrandbits(64):016x}"


def plain(chance, size):
    lines = [f"Reference {token(chance)}.", ""]
    for number, line in enumerate(sentences(chance, size)):
        lines.append(line)
        if number % 7 == 6:
            lines.append("")
    return ("\r\n".join(lines) + "\r\n").encode()


def html(chance, size):
    mark = token(chance)
    pieces = [f"<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>News {mark}</title>\r\n<style>p{{margin:0 0 1em}}"
              ".b{color:#333;font-family:Arial}</style></head><body>\r\n<table width=\"600\" cellpadding=\"0\">\r\n"]
    length = len(pieces[0])
    while length < size:
        text = " ".join(chance.choices(WORDS, k=24))
        number = chance.randrange(10**9)
        piece = (f"<tr><td class=\"b\" style=\"padding:{number % 20}px\"><a href=\"https://news.example/{mark}/{number}?u={number * 7}\">"
                 f"<img src=\"https://img.example/{number}.png\" width=\"{number % 600}\" alt=\"\"></a><p>{text}&nbsp;</p></td></tr>\r\n")
        pieces.append(piece)
        length += len(piece)
    pieces.append("</table></body></html>\r\n")
    return "".join(pieces).encode()


# Attachments: about `size` bytes of a format, every piece inside of its own.

def prose(chance, size):
    """Much text fast: compresses as text does, and begins with what is nowhere else."""
    block = " ".join(chance.choices(WORDS, k=3000))
    lines, length = [token(chance)], 0
    while length < size:
        start = chance.randrange(len(block) - 400)
        line = block[start:start + chance.randint(60, 400)]
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines).encode()


def pdf(chance, size):
    result, offsets, left, number = io.BytesIO(), [], size, 3
    result.write(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")

    def add(number, head, stream=None):
        offsets.append(result.tell())
        body = head if stream is None else head[:-2] + f"/Length {len(stream)}>>\nstream\n".encode() + stream + b"\nendstream"
        result.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    add(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    while left > 0 and number < 12:
        if number % 3 == 2 or left > MIB:  # a picture
            stream = jpeg(chance, max(left // (12 - number), 2000))
            add(number, b"<</Type/XObject/Subtype/Image/Width 640/Height 480/ColorSpace/DeviceRGB/Filter/DCTDecode>>", stream)
        else:
            # Text shrinks to about a third here.
            stream = zlib.compress(b"BT /F1 11 Tf (" + prose(chance, max(3 * left // (12 - number), 2000)) + b") Tj ET")
            add(number, b"<</Filter/FlateDecode>>", stream)
        left -= len(stream)
        number += 1
    table = result.tell()
    result.write(f"xref\n0 {number}\n0000000000 65535 f \n".encode() + b"".join(b"%010d 00000 n \n" % at for at in offsets))
    result.write(f"trailer\n<</Size {number}/Root 1 0 R/ID[<{token(chance)}>]>>\nstartxref\n{table}\n%%EOF\n".encode())
    return result.getvalue()


def jpeg(chance, size):
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00\xff\xdb\x00\x43\x00" + chance.randbytes(64)
    scan = chance.randbytes(max(size - len(head) - 40, 16)).replace(b"\xff", b"\xfe")  # no marker within a scan
    return (head + b"\xff\xc0\x00\x0b\x08\x01\xe0\x02\x80\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + scan +
            b"\xff\xd9")


def png(chance, size):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))

    height = max(size // 1801, 1)
    pixels = b"".join(b"\0" + row for row in (chance.randbytes(1800) for _ in range(height)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 600, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(pixels, 1)) + chunk(b"IEND", b""))


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            method = zipfile.ZIP_STORED if name.endswith((".jpeg", ".png")) else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, FIXED), content, method, 6)
    return buffer.getvalue()


def xml(chance, size, root, item):
    return (f"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<{root} id=\"{token(chance)}\">".encode() +
            b"".join(f"<{item}>{line}</{item}>".encode() for line in prose(chance, size).decode().split("\n")) + f"</{root}>".encode())


def office(chance, size, folder, name):
    """About a third text, the rest a picture, as such files are."""
    members = [("[Content_Types].xml", xml(chance, 400, "Types", "Default")), ("_rels/.rels", xml(chance, 300, "Relationships", "Relationship")),
               ("docProps/core.xml", xml(chance, 300, "coreProperties", "title")), (f"{folder}/{name}.xml", xml(chance, size, "document", "t")),
               (f"{folder}/styles.xml", xml(chance, 8000, "styles", "style"))]
    members.append((f"{folder}/media/image1.jpeg", jpeg(chance, max(size - len(zipped(members)), 5000))))
    return zipped(members)


def docx(chance, size):
    return office(chance, size, "word", "document")


def xlsx(chance, size):
    return office(chance, size, "xl", "sharedStrings")


def archive(chance, size):
    """Half pictures, half text."""
    members, left = [], size
    while left > 0:
        some = min(left, chance.randint(size // 6, size // 3) + 1)
        if len(members) % 2:
            members.append((f"picture{len(members)}.jpeg", jpeg(chance, some)))
        else:
            members.append((f"notes{len(members)}.txt", prose(chance, 3 * some)))
        left -= some
    return zipped(members)


def opaque(chance, size):
    return b"\0\1bench" + chance.randbytes(size - 7)


FORMATS = {"pdf": (pdf, "application/pdf"), "jpg": (jpeg, "image/jpeg"), "png": (png, "image/png"),
           "docx": (docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
           "xlsx": (xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
           "zip": (archive, "application/zip"), "dat": (opaque, "application/octet-stream")}
MIX = {"medium": ("pdf", "pdf", "pdf", "docx", "docx", "xlsx", "jpg", "jpg", "png", "zip"),
       "large": ("pdf", "pdf", "jpg", "jpg", "jpg", "docx", "zip", "zip", "png", "dat"),
       "huge": ("pdf", "jpg", "zip", "zip", "dat")}


def attachment(chance, kind):
    ending = chance.choice(MIX[kind])
    make, content_type = FORMATS[ending]
    name = f"{chance.choice(('report', 'invoice', 'scan', 'IMG', 'offer'))}-{chance.randrange(10**6)}.{ending}"
    return name, content_type, make(chance, chance.randint(*SIZES[kind]))


def infected(chance):
    members = [("eicar.com", eicar()), ("readme.txt", plain(chance, 300))]
    return f"invoice-{chance.randrange(10**6)}.zip", "application/zip", zipped(members)


# Messages

def base64_lines(content):
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def part(chance, content_type, content, extra=""):
    """A part's header and body in the encoding that mail programs give it."""
    if not content_type.startswith("text/"):
        body = base64_lines(content)
        return f"Content-Type: {content_type}{extra}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + body
    kind = chance.choice(("7bit", "quoted-printable", "quoted-printable", "base64"))
    if kind == "quoted-printable":
        content = quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    elif kind == "base64":
        content = base64_lines(content)
    return f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {kind}\r\n\r\n".encode() + content


def multipart(chance, kind, parts):
    boundary = f"----=_Part_{chance.getrandbits(64):x}"
    return (f"Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n".encode() +
            b"".join(f"--{boundary}\r\n".encode() + one + b"\r\n" for one in parts) + f"--{boundary}--\r\n".encode())


def text_body(chance, size):
    kind = chance.random()
    if kind < 0.4:
        return part(chance, "text/plain", plain(chance, size))
    if kind < 0.6:
        return part(chance, "text/html", html(chance, size))
    return multipart(chance, "alternative", [part(chance, "text/plain", plain(chance, size // 4)),
                                             part(chance, "text/html", html(chance, size * 3 // 4))])


def headers(chance):
    day, minute = chance.randint(1, 28), chance.randint(10, 59)
    when = f"Mon, {day:02} Mar 2026 10:{minute}:{chance.randint(10, 59)} +0000"
    sender, host = f"{chance.choice(WORDS)}.{chance.choice(WORDS)}", f"mail{chance.randrange(100)}.sender{chance.randrange(1000)}.example"
    signature = base64.b64encode(chance.randbytes(192)).decode()
    return (f"Received: from {host} ({host} [192.0.2.{chance.randint(1, 254)}])\r\n\tby mx.bench.example (Postfix) with ESMTPS id "
            f"{token(chance)[:11].upper()}\r\n\tfor <recipient@example.com>; {when}\r\n"
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={host}; s=s1;\r\n\th=from:to:subject:date:message-id;\r\n"
            f"\tbh={base64.b64encode(chance.randbytes(32)).decode()};\r\n\tb={signature[:64]}\r\n\t {signature[64:128]}\r\n\t {signature[128:]}\r\n"
            f"From: {sender.title()} <{sender}@{host}>\r\nTo: Recipient <recipient@example.com>\r\n"
            f"Subject: {' '.join(chance.choices(WORDS, k=6))} {chance.randrange(10**6)}\r\nDate: {when}\r\n"
            f"Message-ID: <{token(chance)}.{token(chance)}@{host}>\r\nMIME-Version: 1.0\r\n").encode()


def message(chance, kind, attached=None):
    """`attached`: (name, type, content) instead of one of the kind's own."""
    if kind == "text" and attached is None:
        return headers(chance) + text_body(chance, chance.randint(*SIZES["text"]))
    name, content_type, content = attached or attachment(chance, kind)
    disposition = f"; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\""
    return headers(chance) + multipart(chance, "mixed", [text_body(chance, chance.randint(1000, 6000)),
                                                         part(chance, content_type, content, disposition)])


def pooled(corpus, kind, number):
    return attachment(random.Random(f"{corpus} pool {kind} {number}"), kind)


def kinds(corpus, count, chance):
    """Exact shares in a random order; with them whether it is EICAR's turn: one of a hundred, at least one."""
    if corpus == "small":
        result = ["text"] * count
    else:
        result = [kind for kind, share in SHARES.items() for _ in range(count * share // 100)]
        result += ["text"] * (count - len(result))
        chance.shuffle(result)
    bad = set(chance.sample(range(count), max(1, count // 100)))
    return [(kind, number in bad) for number, kind in enumerate(result)]


def messages(corpus, count, seed, seen=False):
    """Pairs of name and bytes."""
    for number, (kind, bad) in enumerate(kinds(corpus, count, random.Random(f"{corpus} {seed} kinds {count}"))):
        chance = random.Random(f"{corpus} {seed} {number}")
        if bad:
            yield f"{number:06}-eicar.eml", message(chance, "text", infected(chance))
        else:
            attached = pooled(corpus, kind, chance.randrange(POOL[kind])) if seen and kind in POOL else None
            yield f"{number:06}-clean.eml", message(chance, kind, attached)


def pool(corpus, seed):
    """Each attachment of the pool once, under a text of its own."""
    for number, (kind, index) in enumerate((kind, index) for kind, count in POOL.items() for index in range(count)):
        yield f"{number:06}-clean.eml", message(random.Random(f"{corpus} {seed} pool {number}"), kind, pooled(corpus, kind, index))


def write(folder, made):
    """Writes what messages() or pool() gives; names and sizes."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, content in made:
        (folder / name).write_bytes(content)
        sizes[name] = len(content)
    return sizes


def main():
    parser = argparse.ArgumentParser(description="Writes mail to measure with.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--corpus", choices=("mixed", "small"), default="mixed")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seen", action="store_true")
    parser.add_argument("--attachments", action="store_true")
    choice = parser.parse_args()
    made = pool(choice.corpus, choice.seed) if choice.attachments else messages(choice.corpus, choice.count, choice.seed, choice.seen)
    sizes = write(choice.folder, made)
    print(f"{len(sizes)} messages, mean {sum(sizes.values()) // len(sizes)} bytes")


if __name__ == "__main__":
    main()
