# SPDX-License-Identifier: GPL-2.0-only
"""What MimeKit unpacks: files in winmail.dat (with their names), files of yEnc, base64, quoted-printable and uuencode,
pieces of a message. Each is put into a mail here.

Its copies of texts had their CRLF made LF when they were checked out: what stands in the stream with CRLF is meant. Of an
object within winmail.dat it gives the interface identifier, 16 bytes, as well (MS-OXTNEF 2.1.3.4): the object's bytes are
what stands behind it.
"""
import base64
import dataclasses
import pathlib
import re
import zlib

from structure.part import digest

FOLDER = pathlib.Path("mimekit/UnitTests/TestData")
MAIL = "Subject: test\r\nMIME-Version: 1.0\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n"
INTERFACE = re.compile(rb".{8}\xc0\x00{6}\x46", re.S)  # of OLE and MAPI: all have the same second half


@dataclasses.dataclass
class Files:
    """A message and what must be found in it, under whatever reading: (name or None, bytes, any of them)."""
    name: str
    message: bytes
    files: list[tuple[str | None, list[bytes]]]


def mail(content_type, encoding, body):
    return MAIL.format(content_type, encoding).encode() + body


def differences(case, scanned):
    said = []
    for name, contents in case.files:
        found = [part for part in scanned if part["sha256"] in map(digest, contents)]
        if not found and b"" not in contents:
            said.append(f"{name}: not there, {len(contents[0])} bytes")
        if found and name is not None and not any(name in part["names"] for part in found):
            said.append(f"{name}: is called {[part['names'] for part in found]}")
    return said


def cases(unpacked):
    folder = unpacked / FOLDER
    yield from tnef(folder / "tnef")
    yield from yenc(folder / "yenc")
    yield from encoders(folder / "encoders")
    yield from partial(folder / "partial")


def tnef(folder):
    for path in sorted(folder.glob("*.tnef")):
        unpacked = path.with_suffix("")
        files = [(name_of(file), variants(file.read_bytes(), path.read_bytes()))
                 for file in sorted(unpacked.iterdir())] if unpacked.is_dir() else []
        content = base64.encodebytes(path.read_bytes()).replace(b"\n", b"\r\n")
        yield Files(f"tnef/{path.stem}", mail('application/ms-tnef; name="winmail.dat"', "base64", content), files)


def name_of(file):
    """MimeKit gives the text of the message a name of its own, and numbers what has none."""
    return None if file.name.startswith(("message.", "Untitled")) else file.name


def variants(content, stream):
    """`content`, as it may be in the stream of the winmail.dat."""
    found = [content, content.replace(b"\n", b"\r\n")]
    if b"\0" not in content and (mixed := re.search(re.escape(content).replace(b"\\\n", b"\r?\n"), stream)):
        found.append(mixed[0])
    if INTERFACE.match(content):
        found.append(content[16:])
    return found


def yenc(folder):
    photo = (folder / "joystick.jpg").read_bytes()
    for name, file, begin, end in (("00000020.ntx", "joystick.jpg", 0, 11250), ("00000021.ntx", "joystick.jpg", 11250, 19338)):
        yield Files(f"yenc/{name}", (folder / name).read_bytes(), [(file, [photo[begin:end]])])
    for name in ("simple.msg", "state-changes.ntx"):
        message = (folder / name).read_bytes()
        if name == "state-changes.ntx":
            message = mail("text/plain", "8bit", message)
        yield Files(f"yenc/{name}", message, [("testfile.txt", [unyenced(message)])])


def unyenced(text):
    """What is between =ybegin and =yend, proved by the checksum that stands there."""
    lines = re.search(rb"^=ybegin line=.*?\n(.*?)^=yend size=(\d+) crc32=(\w+)", text, re.S | re.M)
    content = re.sub(rb"=(.)", lambda escaped: bytes([(escaped[1][0] - 64) % 256]), re.sub(rb"\r?\n", b"", lines[1]), flags=re.S)
    content = bytes((byte - 42) % 256 for byte in content)
    assert len(content) == int(lines[2]) and zlib.crc32(content) == int(lines[3], 16)
    return content


def encoders(folder):
    photo, text = (folder / "photo.jpg").read_bytes(), (folder / "wikipedia.txt").read_bytes()
    for name, content_type, encoding, expected in (
            ("photo.b64", "image/jpeg", "base64", photo), ("photo.uu", "image/jpeg", "x-uuencode", photo),
            ("photo.uu-states", "text/plain", "7bit", photo), ("wikipedia.qp", "text/plain", "quoted-printable", text)):
        yield Files(f"encoders/{name}", mail(content_type, encoding, (folder / name).read_bytes()), [(None, [expected])])


def partial(folder):
    """A piece is a leaf: what it is a piece of, nobody knows who has only this one (RFC 2046 5.2.2)."""
    for path in sorted(folder.glob("*.[0-9].eml")):
        message = path.read_bytes()
        yield Files(f"partial/{path.stem}", message, [(None, [message.partition(b"\n\n")[2]])])
