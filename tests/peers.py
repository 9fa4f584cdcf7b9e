# SPDX-License-Identifier: GPL-2.0-only
"""SMTP and LMTP peers under a script: a client that sends whole, byte by byte or in random pieces, and a next hop that
answers whatever a test tells it and keeps every message byte-exact. Raw sockets: what a library would hide is the point.
"""
import dataclasses
import random
import socket
import threading
import time

WAYS = ["whole", "bytes", "pieces"]


handed_out = set()


def free_port():
    """One that nobody listens on now. Never the same twice: who asked first may not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in handed_out:
            handed_out.add(port)
            return port


@dataclasses.dataclass
class Reply:
    code: int
    lines: list

    @property
    def text(self):
        return " / ".join(self.lines)

    def __repr__(self):
        return f"{self.code} {self.text}"


class Closed(Exception):
    """The other side has closed."""


def stuffed(content):
    """Dot-stuffed, with its end of data."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def mail(subject="a test", body=b"Hello.\r\n", extra=b""):
    return (f"From: <sender@elsewhere.example>\r\nTo: <alice@lab.test>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{random.getrandbits(64):x}@elsewhere.example>\r\n"
            f"Date: Tue, 03 Mar 2026 10:00:00 +0000\r\n").encode() + extra + b"\r\n" + body


class Client:
    def __init__(self, where, how="whole", lmtp=False, seed=1, timeout=60, connection=None):
        """`where`: a port of 127.0.0.1, or the path of a unix socket; or `connection`: a connected socket."""
        if connection is None:
            if isinstance(where, int):
                connection = socket.create_connection(("127.0.0.1", where), timeout)
            else:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(str(where))
        connection.settimeout(timeout)
        self.socket = connection
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.how, self.lmtp, self.random = how, lmtp, random.Random(seed)
        self.buffer = b""
        self.banner = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        if self.how == "whole" or len(data) > 200_000:
            self.socket.sendall(data)
            return
        start = 0
        while start < len(data):
            size = 1 if self.how == "bytes" else self.random.choice([1, 1, 2, 3, 7, 40, 1000])
            self.socket.sendall(data[start:start + size])
            start += size

    def line(self):
        while b"\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise Closed(self.buffer)
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), f"a reply line without CRLF: {line!r}"
        return line[:-1].decode("utf-8", "backslashreplace")

    def reply(self):
        lines = []
        while True:
            line = self.line()
            assert len(line) >= 4 and line[:3].isdigit() and line[3] in " -", f"no reply line: {line!r}"
            lines.append(line[4:])
            if line[3] == " ":
                return Reply(int(line[:3]), lines)
            assert len(lines) < 1000

    def command(self, text):
        self.send((text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        return self.reply()

    def hello(self, name="client.example"):
        answer = self.command(("LHLO " if self.lmtp else "EHLO ") + name)
        assert answer.code == 250, answer
        words = [line.split(" ", 1) for line in answer.lines[1:]]
        self.keywords = {word[0].upper(): word[1] if len(word) > 1 else "" for word in words}
        return self.keywords

    def envelope(self, sender, recipients, parameters=""):
        answer = self.command(f"MAIL FROM:<{sender}>{parameters}")
        if answer.code != 250:
            return [answer]
        return [answer] + [self.command(f"RCPT TO:<{recipient}>") for recipient in recipients]

    def finals(self, accepted):
        """The replies to the end of data."""
        answers = [self.reply() for _ in range(accepted if self.lmtp else 1)]
        return answers if self.lmtp else answers[0]

    def deliver(self, content, sender="sender@elsewhere.example", recipients=("alice@lab.test",), chunks=None):
        """A whole transaction; the final reply (LMTP: a list of them), or the reply that ended it before. `chunks`: sizes
        for BDAT instead of DATA (the rest goes in the last)."""
        if not hasattr(self, "keywords"):
            self.hello()
        answers = self.envelope(sender, recipients)
        good = [answer for answer in answers[1:] if answer.code == 250]
        if answers[0].code != 250 or not good:
            return [answers[-1]] if self.lmtp else answers[-1]
        if chunks is None:
            answer = self.command("DATA")
            if answer.code != 354:
                return [answer] if self.lmtp else answer
            self.send(stuffed(content))
            return self.finals(len(good))
        start = 0
        for size in chunks:
            self.send(b"BDAT %d\r\n" % len(content[start:start + size]) + content[start:start + size])
            answer = self.reply()
            if answer.code != 250:
                return [answer] if self.lmtp else answer
            start += size
        self.send(b"BDAT %d LAST\r\n" % len(content[start:]) + content[start:])
        return self.finals(len(good))

    def quit(self):
        answer = self.command("QUIT")
        self.close()
        return answer

    def at_end(self, seconds=10):
        """True if the other side has closed."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


@dataclasses.dataclass
class Received:
    sender: str
    recipients: list
    content: bytes  # un-stuffed
    commands: list  # of this session, up to this message
    accepted: bool = False  # answered with 250 (LMTP: to anybody)
    xforward: list = dataclasses.field(default_factory=list)


# What a hook may return beside a reply: do this instead of answering.
CLOSE = object()   # close the connection
HANG = object()    # say nothing until the next hop is stopped

FULL = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES",
        "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"]


class NextHop:
    """Listens, speaks SMTP or LMTP, and answers by `hooks`: a verb ("BANNER", "EHLO", "MAIL", "RCPT", "DATA", "DOT",
    "RSET", "QUIT", …) to a reply, CLOSE, HANG, or a function of (session, line) that returns one of these or None for the
    usual answer. Replies are the text without the last CRLF; several replies in one are several. `messages` are those
    whose end of data came, in order; `commands` all command lines of all sessions."""

    session = None  # the class of its sessions; below

    def __init__(self, hooks=None, keywords=None, lmtp=False, path=None, port=0, listener=None, proxy=None):
        self.hooks, self.lmtp = dict(hooks or {}), lmtp
        self.keywords = FULL if keywords is None else keywords
        self.messages, self.commands, self.unfinished = [], [], []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.connections = 0
        self.preambles = []  # PROXY headers, one a connection, where `proxy` says that there are some
        self.proxy = proxy
        if listener is not None:
            self.listener = listener
        elif path is not None:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", port))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1] if path is None else None
        self.address = f"{'lmtp:' if lmtp else ''}{f'unix:{path}' if path is not None else f'127.0.0.1:{self.port}'}"
        self.sessions = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Cuts every connection and listens no more."""
        self.stopping.set()
        for opened in [self.listener, *self.sessions]:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            opened.close()

    def wait_for(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"in {seconds} s the next hop saw only {self.commands[-20:]}"
            time.sleep(0.01)

    def wait_messages(self, count, seconds=30):
        self.wait_for(lambda: len(self.messages) >= count, seconds)
        return self.messages

    def accepted(self):
        return [message for message in self.messages if message.accepted]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sessions.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.session(self, connection).run()
        except (OSError, Closed):
            pass
        finally:
            connection.close()


class _Session:
    def __init__(self, hop, connection):
        self.hop, self.connection, self.buffer = hop, connection, b""
        self.sender, self.recipients, self.log, self.xforward = None, [], [], []

    def say(self, text):
        self.connection.sendall((text if isinstance(text, bytes) else text.encode()) + b"\r\n")

    def line(self):
        while b"\n" not in self.buffer:
            more = self.connection.recv(65536)
            if not more:
                raise Closed
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")

    def content(self):
        """Up to CRLF.CRLF exactly (RFC 5321 4.1.1.4); what a bare line feed would end too is seen by the test."""
        data = b"\r\n" + self.buffer  # the end of the DATA line counts
        searched = 0
        while (end := data.find(b"\r\n.\r\n", searched)) < 0:
            searched = max(0, len(data) - 4)
            more = self.connection.recv(262144)
            if not more:
                self.hop.unfinished.append(data[2:])
                raise Closed
            data += more
        self.buffer = data[end + 5:]
        return data[:end + 2].replace(b"\r\n.", b"\r\n")[2:]  # RFC 5321 4.5.2: whatever follows the dot

    def decide(self, verb, line, usual):
        hook = self.hop.hooks.get(verb)
        if callable(hook):
            hook = hook(self, line)
        return usual if hook is None else hook

    def answer(self, verb, line, usual):
        return self.give(self.decide(verb, line, usual))

    def give(self, reply):
        if reply is CLOSE:
            raise Closed
        if reply is HANG:
            self.hop.stopping.wait()
            raise Closed
        if reply is not False:
            self.say(reply)
        return reply if isinstance(reply, str) else ""

    def preamble(self):
        """A PROXY header: version 1 is a line, version 2 says its length."""
        def more(size):
            while len(self.buffer) < size:
                data = self.connection.recv(65536)
                if not data:
                    raise Closed
                self.buffer += data
        if self.hop.proxy == "v1":
            header = self.line().encode()
        else:
            more(16)
            size = 16 + int.from_bytes(self.buffer[14:16], "big")
            more(size)
            header, self.buffer = self.buffer[:size], self.buffer[size:]
        self.hop.preambles.append(header)

    def run(self):
        if self.hop.proxy:
            self.preamble()
        self.answer("BANNER", "", "220 next.example ESMTP")
        while True:
            line = self.line()
            with self.hop.lock:
                self.hop.commands.append(line)
            self.log.append(line)
            verb = line.split(" ", 1)[0].upper()
            if verb in ("EHLO", "LHLO"):
                all_lines = ["next.example", *self.hop.keywords]
                self.answer(verb, line, "\r\n".join(f"250{'-' if i + 1 < len(all_lines) else ' '}{text}"
                                                     for i, text in enumerate(all_lines)))
            elif verb == "MAIL":
                if self.answer(verb, line, "250 2.1.0 Ok").startswith("250"):
                    self.sender, self.recipients = line, []
            elif verb == "RCPT":
                if self.answer(verb, line, "250 2.1.5 Ok").startswith("250"):
                    self.recipients.append(line)
            elif verb == "DATA":
                if self.answer(verb, line, "354 go ahead").startswith("354"):
                    self.take_content(line)
            elif verb == "QUIT":
                self.answer(verb, line, "221 2.0.0 Bye")
                return
            else:
                if verb == "XFORWARD":
                    self.xforward.append(line)
                if verb == "RSET":
                    self.sender, self.recipients = None, []
                known = verb in ("RSET", "NOOP", "XFORWARD", "HELO", "VRFY", "EXPN", "HELP", "ETRN")
                self.answer(verb, line, "250 2.0.0 Ok" if known else "502 5.5.2 unknown")

    def take_content(self, line):
        received = Received(self.sender, list(self.recipients), self.content(), list(self.log), xforward=self.xforward)
        self.xforward = []
        with self.hop.lock:
            self.hop.messages.append(received)
            number = len(self.hop.messages)
        usual = f"250 2.0.0 Ok: queued as Q{number}"
        if self.hop.lmtp:
            usual = "\r\n".join(f"250 2.0.0 <{r}> kept" for r in range(len(self.recipients)))
        reply = self.decide("DOT", line, usual)
        # Before the reply goes out: the other side may die of it, or be quicker than we are.
        received.accepted = isinstance(reply, str) and any(part.startswith("250") for part in reply.split("\r\n"))
        self.give(reply)
        self.sender, self.recipients = None, []


NextHop.session = _Session


def our_header(content):
    """Splits a passed message: (the X-Rastel line, the rest)."""
    assert content.lower().startswith(b"x-rastel:"), content[:200]
    end = content.index(b"\r\n") + 2
    while content[end:end + 1] in (b" ", b"\t"):
        end = content.index(b"\r\n", end) + 2
    return content[:end - 2].decode(), content[end:]
