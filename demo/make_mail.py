#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the sample mails into a folder:  make_mail.py FOLDER

The class that a mail must get is the part of its name before the first "-". The harmless small ones are files in
demo/mail; what an anti-virus program would take out of a checkout, and what is large, is made here. Always the same
bytes: seeded, with fixed dates. Nothing but Python's standard library.
"""
import base64
import binascii
import io
import pathlib
import random
import struct
import sys
import zipfile

FIXED = (2026, 3, 1, 12, 0, 0)


def eicar():
    """The anti-virus test file; in pieces, or this script itself would be taken for it."""
    return ("X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STAND" + "ARD-ANTIVIRUS" + "-TEST-FILE!" + "$H+H*").encode()


def zipped(name, content, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, FIXED), content, method)
    return buffer.getvalue()


def nested(depth):
    content, name = b"the innermost file\n", "innermost.txt"
    for level in range(depth):
        content, name = zipped(name, content, zipfile.ZIP_STORED), f"level{level}.zip"
    return content


def zip_crypto(data, password, first):
    """PKWARE's traditional encryption (APPNOTE 6.1), which every unpacker knows and Python can't write."""
    table = [binascii.crc32(bytes([value]), 0xFFFFFFFF) ^ 0xFFFFFFFF for value in range(256)]
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value, byte):
        return (value >> 8) ^ table[(value ^ byte) & 0xFF]

    def update(byte):
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    result = bytearray()
    for byte in first + data:
        word = (keys[2] & 0xFFFF) | 2
        result.append(byte ^ ((word * (word ^ 1) >> 8) & 0xFF))
        update(byte)
    return bytes(result)


def encrypted_zip(name, content, password):
    checksum = binascii.crc32(content)
    header = random.Random(7).randbytes(11) + bytes([checksum >> 24])  # the last byte lets an unpacker check
    data = zip_crypto(content, password, header)
    date = (FIXED[0] - 1980) << 9 | FIXED[1] << 5 | FIXED[2]
    common = struct.pack("<HHHHHIIIHH", 20, 1, 0, FIXED[3] << 11, date, checksum, len(data), len(content), len(name), 0)
    local = b"PK\x03\x04" + common + name + data
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def pdf():
    page = b"BT /F1 24 Tf 72 720 Td (Invoice 2026-03, nothing to pay) Tj ET"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
               b"/Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    result, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(result)
    result += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    result += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    result += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(result)


def headers(subject, number, content_type):
    return (f"From: Sam Sender <sam@sender.example>\r\nTo: Demo User <you@demo.example>\r\nSubject: {subject}\r\n"
            f"Date: Fri, 06 Mar 2026 10:{number:02d}:00 +0000\r\nMessage-ID: <demo-{number}@sender.example>\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n").encode()


def lines(data):
    text = base64.b64encode(data)
    return b"".join(text[start:start + 76] + b"\r\n" for start in range(0, len(text), 76))


def with_attachment(subject, number, name, content_type, content):
    boundary = f"=_demo_{number}"
    return (headers(subject, number, f'multipart/mixed; boundary="{boundary}"') +
            f"--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nPlease see what is attached.\r\n\r\n"
            f"--{boundary}\r\nContent-Type: {content_type}; name=\"{name}\"\r\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\r\n"
            f"Content-Transfer-Encoding: base64\r\n\r\n".encode() + lines(content) + f"--{boundary}--\r\n".encode())


def forwarded(inner, number):
    boundary = f"=_demo_{number}"
    return (headers("Fwd: what is this?", number, f'multipart/mixed; boundary="{boundary}"') +
            f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nCan you open this? I can't.\r\n\r\n"
            f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n".encode() +
            inner + f"\r\n--{boundary}--\r\n".encode())


def tnef_attribute(level, number, data):
    return bytes([level]) + struct.pack("<II", number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(name, content):
    """What Outlook wraps attachments in when it takes the reader for another Outlook (MS-OXTNEF 2.1)."""
    return (struct.pack("<IH", 0x223E9F78, 1) + tnef_attribute(1, 0x00089006, struct.pack("<I", 0x00010000)) +
            tnef_attribute(2, 0x00069002, bytes(14)) + tnef_attribute(2, 0x00018010, name.encode() + b"\0") +
            tnef_attribute(2, 0x0006800F, content))


def two_boundaries(number):
    """To some programs the first boundary counts, to others the last: each sees another attachment."""
    return (headers("Which of the two?", number, 'multipart/mixed; boundary="=_one"; boundary="=_two"') +
            b"--=_one\r\nContent-Type: text/plain\r\n\r\nThe figures are attached.\r\n--=_one--\r\n\r\n"
            b"--=_two\r\nContent-Type: text/plain\r\n\r\nThe other figures are attached.\r\n--=_two--\r\n")


def defective_base64(number):
    """Padding in the middle, and characters that aren't base64: what comes out depends on who decodes."""
    whole = with_attachment("Slightly damaged", number, "data.bin", "application/octet-stream", b"MARK")
    text = base64.b64encode(eicar()[:20]) + b"\r\n!" + base64.b64encode(eicar()[20:])
    return whole.replace(base64.b64encode(b"MARK"), text)


def encoded_message(inner, number):
    """RFC 2045 6.4 forbids to encode a message within a message; most programs read it all the same."""
    boundary = f"=_demo_{number}"
    return (headers("Fwd: encoded", number, f'multipart/mixed; boundary="{boundary}"') +
            f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() +
            lines(inner) + f"--{boundary}--\r\n".encode())


def samples():
    """(name, bytes) of all that is made; what needs 30 MB of memory comes last."""
    plain_eicar = with_attachment("A test file", 2, "eicar.com", "application/octet-stream", eicar())
    yield "clean-pdf-attachment", with_attachment("Invoice", 1, "invoice.pdf", "application/pdf", pdf())
    yield "infected-eicar", plain_eicar
    yield "infected-eicar-in-zip-in-zip", with_attachment(
        "Two wrappings", 3, "outer.zip", "application/zip", zipped("inner.zip", zipped("eicar.com", eicar())))
    yield "infected-eicar-forwarded", forwarded(plain_eicar, 4)
    yield "encrypted-zip", with_attachment(
        "The password is in the other mail", 5, "locked.zip", "application/zip",
        encrypted_zip(b"figures.csv", b"quarter,amount\n1,4711\n2,815\n", b"secret"))
    # Deeper than [engine] max_depth (32): nobody may say that it was looked at to the end.
    yield "unscanned-limit-archive", with_attachment(
        "Archives in archives", 6, "deep.zip", "application/zip", nested(40))
    harmless = b"Nothing that runs.\n"
    yield "banned-double-extension", with_attachment(
        "Your invoice", 8, "invoice.pdf.exe", "application/pdf", harmless)
    # U+202E turns the rest of the name round: "photoexe.jpg" is what people see.
    yield "banned-name-turned-round", with_attachment(
        "A photograph", 9, "=?utf-8?q?photo=E2=80=AEgpj.exe?=", "image/jpeg", harmless)
    yield "ambiguous-two-boundaries", two_boundaries(10)
    yield "infected-base64-with-defects", defective_base64(11)
    yield "infected-encoded-message", encoded_message(plain_eicar, 12)
    yield "infected-winmail-dat", with_attachment(
        "From Outlook", 13, "winmail.dat", "application/ms-tnef", winmail("eicar.com", eicar()))
    yield "clean-30MB", with_attachment(
        "The photographs", 7, "photographs.bin", "application/octet-stream", random.Random(30).randbytes(21_900_000))


def main(folder):
    target = pathlib.Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted((pathlib.Path(__file__).resolve().parent / "mail").glob("*.eml")):
        text = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        (target / path.name).write_bytes(text)
    for name, content in samples():
        (target / f"{name}.eml").write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_mail.py FOLDER")
    main(sys.argv[1])
