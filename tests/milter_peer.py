# SPDX-License-Identifier: GPL-2.0-only
"""A mail server's side of the milter protocol by hand: what Sendmail and Postfix send, and what can't be made of them."""
import socket
import struct

VERSION, ALL_ACTIONS, ALL_STEPS = 6, 0x1FF, 0x1FFFFF
ADD_HEADERS, CHANGE_BODY, REMOVE_RECIPIENTS, CHANGE_HEADERS = 0x1, 0x2, 0x8, 0x10
SILENT = {b"L": 0x80, b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"U": 0x20000, b"N": 0x40000,
          b"B": 0x80000}
FINAL = (b"a", b"c", b"d", b"r", b"t", b"y")


def strings(*texts):
    return b"".join((text.encode() if isinstance(text, str) else text) + b"\0" for text in texts)


class Verdict:
    """What was said between the end of a message and its final answer."""

    def __init__(self, packets):
        self.packets = packets
        self.final, data = packets[-1]
        self.reply = data.rstrip(b"\0").decode()
        self.progress = sum(1 for command, _ in packets if command == b"p")
        self.changes = [(command, data) for command, data in packets[:-1] if command != b"p"]

    def headers(self):
        """(how, index, name, value) of each change of the header."""
        found = []
        for command, data in self.changes:
            if command not in (b"h", b"i", b"m"):
                continue
            index = struct.unpack(">I", data[:4])[0] if command != b"h" else None
            name, value, _ = (data if index is None else data[4:]).split(b"\0", 2)
            found.append((command.decode(), index, name.decode(), value.decode("utf-8", "replace")))
        return found

    def own(self):
        """The values of X-Rastel that were put on top."""
        return [value.strip() for how, index, name, value in self.headers() if how == "i" and index == 0 and name == "X-Rastel"]

    def removed(self):
        return [data.rstrip(b"\0").decode() for command, data in self.changes if command == b"-"]

    def body(self):
        pieces = [data for command, data in self.changes if command == b"b"]
        return b"".join(pieces) if pieces else None


class Server:
    """A connection to a filter. `address`: a path or a port."""

    def __init__(self, address, version=VERSION, actions=ALL_ACTIONS, steps=ALL_STEPS, timeout=60):
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(address if local else ("127.0.0.1", address))
        self.waiting = b""
        self.send(b"O", struct.pack(">III", version, actions, steps))
        command, data = self.packet()
        assert command == b"O", command
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])
        assert self.version <= version and not self.actions & ~(actions or 0xF) and not self.steps & ~(steps or 0x3F)
        self.macros = data[12:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack(">I", 1 + len(data)) + command + data)

    def packet(self):
        while len(self.waiting) < 4 or len(self.waiting) < 4 + struct.unpack(">I", self.waiting[:4])[0]:
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise EOFError(f"the filter closed with {self.waiting[:40]!r}")
            self.waiting += piece
        size = struct.unpack(">I", self.waiting[:4])[0]
        packet, self.waiting = self.waiting[4:4 + size], self.waiting[4 + size:]
        return packet[:1], packet[1:]

    def macro(self, command, **values):
        self.send(b"D", command + b"".join(strings(name if len(name) == 1 else "{" + name + "}", value)
                                           for name, value in values.items()))

    def step(self, command, data=b""):
        """The answer, or None where the filter has chosen to be silent."""
        self.send(command, data)
        if self.steps & SILENT.get(command, 0):
            return None
        return self.packet()

    def connect(self, name="client.example.org", address="192.0.2.7", family=b"4", port=4711, **macros):
        if macros:
            self.macro(b"C", **macros)
        return self.step(b"C", strings(name) + family + (struct.pack(">H", port) + strings(address) if family != b"U" else b""))

    def helo(self, name="client.example.org"):
        return self.step(b"H", strings(name))

    def mail(self, sender="a@remote.test", *arguments):
        return self.step(b"M", strings(f"<{sender}>", *arguments))

    def rcpt(self, recipient="alice@lab.test", *arguments):
        return self.step(b"R", strings(f"<{recipient}>", *arguments))

    def begin(self, *recipients, sender="a@remote.test", queue_id="4XyZ"):
        """From MAIL to DATA; the answers of MAIL and of each recipient."""
        answers = [self.mail(sender), *(self.rcpt(recipient) for recipient in recipients or ("alice@lab.test",))]
        self.macro(b"T", i=queue_id)
        self.step(b"T")
        return answers

    def header(self, message):
        """The header of a message in wire form, as a mail server shows it; its body."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = []
        for line in head.split(b"\r\n"):
            if line[:1] in (b" ", b"\t") and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        for field in fields:
            name, _, value = field.partition(b":")
            if not self.steps & 0x100000 and value.startswith(b" "):
                value = value[1:]
            self.step(b"L", strings(name, value))
        self.step(b"N")
        return body

    def body(self, body, size=65535):
        for at in range(0, len(body), size):
            self.step(b"B", body[at:at + size])

    def end(self, data=b""):
        self.send(b"E", data)
        return self.verdict()

    def verdict(self):
        packets = [self.packet()]
        while packets[-1][0] not in FINAL:
            packets.append(self.packet())
        return Verdict(packets)

    def offer(self, message):
        """All of one message of a new client; its answer is the caller's to wait for."""
        self.connect()
        self.helo()
        self.begin()
        self.body(self.header(message))
        self.send(b"E")

    def message(self, message, *recipients, size=65535, **envelope):
        """All of one message."""
        self.begin(*recipients, **envelope)
        self.body(self.header(message), size)
        return self.end()


def ask(address, message, *recipients, **options):
    """One message over a connection of its own."""
    with Server(address, **options) as server:
        server.connect()
        server.helo()
        verdict = server.message(message, *recipients)
        server.send(b"Q")
        return verdict
