# SPDX-License-Identifier: GPL-2.0-only
"""The small programs as a mail server starts them, the pipe door's protocol by hand, and delivery programs of a test's own."""
import array
import os
import pathlib
import socket
import stat
import struct
import subprocess

import daemon
import peers

DELIVER, FILTER, QMAIL_QUEUE = (daemon.BINARIES / f"rastel-{verb}" for verb in ("deliver", "filter", "qmail-queue"))
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "SENDER": "sender@elsewhere.example", "RECIPIENT": "alice@lab.test"}
ABOVE = b"From sender@elsewhere.example  Tue Mar  3 10:00:00 2026\nX-Original-To: alice@lab.test\nDelivered-To: alice@lab.test\n"


def local(message):
    """As a mail server keeps it and hands it on: with the system's line ends."""
    return message.replace(b"\r\n", b"\n")


class Mailbox:
    """A delivery program: it appends what it is given to a file, says which arguments it had, and ends as it is told to."""

    def __init__(self, folder, name="mda", after="exit 0", before=""):
        self.folder = pathlib.Path(folder)
        self.file, self.program = self.folder / f"{name}.box", self.folder / name
        self.program.write_text(f"#!/bin/sh\n{before}\ncat >>{self.file}.$$ && mv {self.file}.$$ {self.file}.$$.whole\n"
                                f"printf '%s\\n' \"$@\" >>{self.file}.arguments\n{after}\n")
        self.program.chmod(0o755)
        # Whoever delivers may write here.
        self.folder.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)

    def delivered(self):
        """Each message, whole."""
        return [path.read_bytes() for path in sorted(self.folder.glob(f"{self.file.name}.*.whole"))]

    def arguments(self):
        path = pathlib.Path(f"{self.file}.arguments")
        return path.read_text().splitlines() if path.exists() else []


def command(rastel, mailbox, *options, number=0):
    return [str(DELIVER), "--socket", address(rastel, number), *map(str, options), "--", str(mailbox.program), "-d", "alice"]


def address(rastel, number=0):
    return rastel.others["pipe"][number]["listen"].removeprefix("unix:")


def run(words, message, environment=None, timeout=60, **options):
    return subprocess.run(list(map(str, words)), input=message, capture_output=True, timeout=timeout,
                          env=ENVIRONMENT if environment is None else environment, **options)


def deliver(rastel, mailbox, message, *options, number=0, **more):
    """(exit code, what it said)"""
    done = run(command(rastel, mailbox, *options, number=number), message, **more)
    return done.returncode, (done.stdout + done.stderr).decode()


def is_below_our_line(delivered, message, above=b"", kind="clean"):
    """Byte by byte the message, but for our line below what stands above."""
    assert message.startswith(above)
    assert delivered.startswith(above), delivered[:300]
    line, end, rest = delivered[len(above):].partition(b"\n")
    assert line.startswith(b"X-Rastel: " + kind.encode() + b"; id="), line
    assert line.endswith(b"\r") == message.partition(b"\n")[0].endswith(b"\r"), line
    assert rest == message[len(above):]


def field(tag, value):
    return tag.encode() + struct.pack(">I", len(value)) + value


def frame(kind, body, version=1):
    return b"RP" + bytes([version]) + kind.encode() + struct.pack(">I", len(body)) + body


REQUEST = frame("Q", field("K", b"d") + field("S", b"a@x.example") + field("R", b"alice@lab.test"))


class Connection:
    def __init__(self, where, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(where)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, *descriptors):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        sent = self.socket.sendmsg([data], rights)
        if sent < len(data):
            self.socket.sendall(data[sent:])
        return self

    def answer(self):
        """The fields by their tags, "" for none; nothing when it was closed."""
        data = b""
        while len(data) < 8 or len(data) < 8 + struct.unpack(">I", data[4:8])[0]:
            more = self.socket.recv(4096)
            if not more:
                assert not data, data
                return None
            data += more
        assert data[:4] == b"RP\1A", data
        fields, rest = {}, data[8:]
        while rest:
            length = struct.unpack(">I", rest[1:5])[0]
            fields[chr(rest[0])], rest = rest[5:5 + length], rest[5 + length:]
        return fields


def memory_file(content):
    descriptor = os.memfd_create("message")
    os.write(descriptor, content)
    return descriptor


CLEAN = peers.mail("nothing in it")
INFECTED = daemon.infected()
BANNED = peers.mail("a program", b"--a\r\nContent-Type: text/plain\r\n\r\nhello\r\n--a\r\n"
                    b"Content-Type: application/octet-stream; name=setup.exe\r\n\r\nhello\r\n--a--\r\n",
                    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
