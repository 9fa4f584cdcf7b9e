# SPDX-License-Identifier: GPL-2.0-only
"""Attachments of letters: office files, pictures, archives, texts that look like something else, and names of all sorts."""
import binascii
import dataclasses
import io
import re
import struct
import zipfile
import zlib

from honest import texts


@dataclasses.dataclass(frozen=True)
class Attachment:
    label: str
    name: str  # empty: none
    type: str
    data: bytes
    content_id: str = ""  # of a picture that the HTML shows


def zipped(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0)), content)
    return buffer.getvalue()


def png(width, height, colour):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    lines = (b"\0" + bytes(colour) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def pdf():
    return (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
            b"trailer<</Root 1 0 R>>\n%%EOF\n")


def word():
    return zipped(("[Content_Types].xml", b"<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
                  ("word/document.xml", b"<?xml version=\"1.0\"?><w:document/>"))


FORWARDED = (b"Return-Path: <carol@elsewhere.example>\r\nReceived: from a.example by b.example; Tue, 3 Nov 2026 10:12:00 +0100\r\n"
             b"From: Carol <carol@elsewhere.example>\r\nTo: anna@sender.example\r\nSubject: =?utf-8?Q?F=C3=BCr_dich?=\r\n"
             b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n"
             b"--inner\r\nContent-Type: text/plain\r\n\r\nplain\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--inner--\r\n")
# A browser's page with its pictures, and a mailbox, as people attach them.
ARCHIVE = (b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: Example\r\nMIME-Version: 1.0\r\n"
           b"Content-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"----MultipartBoundary--abc----\"\r\n\r\n\r\n"
           b"------MultipartBoundary--abc----\r\nContent-Type: text/html\r\nContent-ID: <frame@mhtml.blink>\r\n"
           b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>a =3D b</p>\r\n------MultipartBoundary--abc------\r\n")
MAILBOX = b"".join(b"From carol@elsewhere.example Tue Nov  3 10:12:00 2026\n" + FORWARDED.replace(b"\r\n", b"\n") + b"\n" for _ in range(3))
CHAIN = FORWARDED
for level in range(6):
    CHAIN = (b"From: hop%d@sender.example\r\nSubject: Fwd: %d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"level%d\"\r\n\r\n"
             b"--level%d\r\n\r\nfyi\r\n--level%d\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--level%d--\r\n" %
             (level, level, level, level, level, CHAIN, level))
EVENT = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//honest//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:42@sender.example\r\n"
         "DTSTAMP:20261103T091200Z\r\nDTSTART:20261110T090000Z\r\nDTEND:20261110T100000Z\r\nSUMMARY:Besprechung über alles\r\n"
         "ORGANIZER:mailto:anna@sender.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
CARD = ("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Groß;Jürgen\r\nFN:Jürgen Groß\r\nEMAIL:juergen@sender.example\r\n"
        "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\r\nEND:VCARD\r\n")
LOG = "".join(f"From {number} to {number + 1}: --mark-- at 10:{number % 60:02}\n\n--{'=' * (number % 40)}\n" for number in range(200))
UUENCODED = ("A file as in the old days:\n\nbegin 644 hello.txt\n" + binascii.b2a_uu(b"hello, world\n").decode() +
             "`\nend\n\nThat was it.\n")
LONG_NAME = "Protokoll der außerordentlichen Mitgliederversammlung vom dritten November mit allen Anlagen und Abstimmungen " * 2
BINARY = bytes(range(256)) * 300

PICTURES = [Attachment("logo", "logo.png", "image/png", png(16, 16, (200, 30, 30)), "logo@sender.example"),
            Attachment("chart", "Übersicht.png", "image/png", png(64, 48, (20, 130, 30)), "chart@sender.example")]

ATTACHMENTS = [
    Attachment("pdf", "invoice.pdf", "application/pdf", pdf()),
    Attachment("zip", "all files.zip", "application/zip", zipped(("a.txt", b"a\n"), ("b/c.txt", b"c\n" * 500))),
    Attachment("word", "Bericht für Köln.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", word()),
    Attachment("picture", "photo.png", "image/png", png(200, 100, (1, 2, 3))),
    Attachment("binary", "data.bin", "application/octet-stream", BINARY),
    Attachment("empty", "empty.txt", "text/plain", b""),
    Attachment("one-byte", "one.bin", "application/octet-stream", b"\0"),
    Attachment("log", "server.log", "text/plain", LOG.encode()),
    Attachment("patch", "0001-parser.patch", "text/x-patch", texts.PATCH.encode()),
    Attachment("about-mime", "mime.txt", "text/plain", texts.ABOUT_MIME.encode()),
    Attachment("uuencoded", "old.txt", "text/plain", UUENCODED.encode()),
    Attachment("crlf", "windows.txt", "text/plain", b"one\r\ntwo\r\n\r\nthree"),
    Attachment("old-mac", "mac.txt", "text/plain", b"one\rtwo\rthree\r"),
    Attachment("mixed-ends", "mixed.txt", "text/plain", b"one\ntwo\r\nthree\rfour\n\r"),
    Attachment("utf-16", "unicode.csv", "text/csv", "Name;Straße\r\nGroß;Köln\r\n".encode("utf-16")),
    Attachment("latin", "latin.txt", "text/plain", "Grüße\n".encode("latin-1")),
    Attachment("html", "page.html", "text/html", b"<html><body><p>caf\xc3\xa9</p></body></html>\n"),
    Attachment("event", "invite.ics", "text/calendar", EVENT.encode()),
    Attachment("card", "Jürgen Groß.vcf", "text/vcard", CARD.encode()),
    Attachment("mail", "forwarded.eml", "message/rfc822", FORWARDED),
    Attachment("mail-lf", "forwarded-lf.eml", "message/rfc822", FORWARDED.replace(b"\r\n", b"\n")),
    Attachment("signature", "signature.asc", "application/pgp-signature", texts.PGP_SIGNED_INLINE.encode()),
    Attachment("long-text", "long.txt", "text/plain", (texts.LONG * 3).encode()),
    Attachment("long-name", LONG_NAME + ".pdf", "application/pdf", pdf()),
    Attachment("russian-name", "Отчёт о проделанной работе.pdf", "application/pdf", pdf()),
    Attachment("japanese-name", "議事録.txt", "text/plain", "会議\n".encode()),
    Attachment("hebrew-name", "מסמך.txt", "text/plain", b"text\n"),
    Attachment("emoji-name", "🎉.txt", "text/plain", b"party\n"),
    Attachment("apostrophe-name", "it's 100% (final); v=2.txt", "text/plain", b"text\n"),
    Attachment("quoted-name", "a \"quoted\" name.txt", "text/plain", b"text\n"),
    Attachment("many-dots", "archive.2026.11.03.tar.gz", "application/gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"),
    Attachment("script", "run.sh", "application/x-sh", b"#!/bin/sh\n# --help\necho 'Content-Type: text/html'\n"),
    Attachment("no-name", "", "application/octet-stream", BINARY[:300]),
    Attachment("saved-mail", "saved.txt", "text/plain", FORWARDED),
    Attachment("saved-mail-octets", "saved.eml", "application/octet-stream", FORWARDED),
    Attachment("mail-chain", "chain.eml", "message/rfc822", CHAIN),
    Attachment("web-archive", "page.mht", "message/rfc822", ARCHIVE),
    Attachment("web-archive-octets", "page.mhtml", "application/octet-stream", ARCHIVE),
    Attachment("mailbox", "archive.mbox", "application/mbox", MAILBOX),
    Attachment("mail-fields", "fields.txt", "text/plain", texts.HEADER_FIRST.encode()),
    Attachment("marks-name", "\u200fדוח שנתי (1)\u200e.pdf", "application/pdf", pdf()),
    Attachment("narrow-space-name", "Screenshot 2026-11-03 at 10.12.00\u202fAM.png", "image/png", png(20, 10, (1, 2, 3))),
    Attachment("parameter-name", "boundary=frontier; name=x.txt", "text/plain", b"text\n"),
    Attachment("multipart-name", "S3 multipart upload, message and boundary.pdf", "application/pdf", pdf()),
    Attachment("percent-name", "100%25 utf-8''x.txt", "text/plain", b"text\n"),
    Attachment("encoded-word-name", "=?utf-8?Q?x?=.txt", "text/plain", b"text\n"),
    Attachment("trailing-dot-name", "Protokoll v1.0 .txt", "text/plain", b"text\n"),
    Attachment("spaces-name", "a  file   with     spaces.txt", "text/plain", b"text\n"),
    Attachment("delimiters", "dashes.txt", "text/plain", b"--\n-- \n---\n--a\n--a--\n--=-=-=\n"),
]


def write(folder, attached):
    """Its file, under its own name as far as a file system takes it; programs that read files name the part by it."""
    name = re.sub(r"[/\0]", "_", attached.name or "noname")
    while len(name.encode()) > 250:
        stem, dot, end = name.rpartition(".")
        name = stem[:-1] + dot + end
    place = folder / attached.label
    place.mkdir(parents=True, exist_ok=True)
    path = place / name
    path.write_bytes(attached.data)
    return path
