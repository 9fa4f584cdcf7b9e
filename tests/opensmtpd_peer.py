# SPDX-License-Identifier: GPL-2.0-only
"""What smtpd writes to its filters and reads from them, as OpenSMTPD 6.8.0p2 did with a filter that recorded it."""
import itertools
import os
import queue
import signal
import socket
import subprocess
import threading
import time

import daemon

FILTER = daemon.BINARIES / "rastel-opensmtpd-filter"
CONFIGURATION = ["config|smtpd-version|6.8.0p2", "config|smtp-session-timeout|300", "config|subsystem|smtp-in", "config|admd|lab.test",
                 "config|ready"]
DATA_TOKEN, COMMIT_TOKEN = "22a30d0267dba6e6", "22a30d0361f9938a"
NEEDED = {"report|smtp-in|link-disconnect", "report|smtp-in|tx-reset", "filter|smtp-in|data-line", "filter|smtp-in|commit"}
TRACE = [b"Received: from there (<unknown> [192.0.2.7])", b"\tby lab.test (OpenSMTPD) with ESMTP id 4fc80719;",
         b"\tSun, 29 Nov 2026 18:57:48 +0000 (UTC)"]


class Smtpd:
    """A filter's other side."""

    def __init__(self, *options, words=None, environment=None):
        # One socket for both, as smtpd has it: it takes more at once than a pipe.
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(list(map(str, words or [FILTER, *options])), stdin=theirs, stdout=theirs,
                                            stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"} if environment is None else environment)
        self.incoming = self.socket.makefile("rb")
        self.said = ""
        self.answers, self.ids, self.writing = {}, itertools.count(0x98801c06753b24a4), threading.Lock()
        self.listening = threading.Event()
        self.listening.set()
        for line in CONFIGURATION:
            self.write(line.encode())
        registered = set()
        while (line := self.incoming.readline()) != b"register|ready\n":
            assert line.startswith(b"register|"), (line, self.process.poll())
            registered.add(line[len(b"register|"):-1].decode())
        assert NEEDED <= registered, registered
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As smtpd goes: the end of its input is all that a filter sees of it. Its exit code, and what it said."""
        if not self.process.stderr.closed:
            self.listening.set()
            try:
                self.socket.shutdown(socket.SHUT_WR)
                self.process.wait(10)
            finally:
                self.process.kill()
            self.reader.join(10)
            self.said = self.process.stderr.read().decode()
            self.incoming.close()
            self.socket.close()
            self.process.stderr.close()
        return self.process.returncode, self.said

    def write(self, data):
        with self.writing:
            self.socket.sendall(data + b"\n")

    def listen(self):
        for line in self.incoming:
            self.listening.wait()
            kind, session, _, rest = line.rstrip(b"\n").split(b"|", 3)
            self.answers.setdefault(session.decode(), queue.Queue()).put((kind, rest))

    def report(self, event, session, *more):
        self.write(b"|".join([f"report|0.6|1795978668.375207|smtp-in|{event}|{session}".encode(),
                              *(part if isinstance(part, bytes) else part.encode() for part in more)]))

    def connect(self, client="192.0.2.7"):
        session = f"{next(self.ids):016x}"
        self.answers[session] = queue.Queue()
        self.report("link-connect", session, "<unknown>", "fail", f"{client}:56060", "0.0.0.0:25")
        self.report("link-identify", session, "EHLO", "there")
        return session

    def begin(self, session, sender="sender@elsewhere.example", recipients=("alice@lab.test",)):
        self.report("tx-begin", session, "4fc80719")
        self.report("tx-mail", session, "4fc80719", "ok", sender)
        for recipient in recipients:
            self.report("tx-rcpt", session, "4fc80719", "ok", recipient)
        self.report("tx-rcpt", session, "4fc80719", "permfail", "nobody@lab.test")

    def line(self, session, text):
        return f"filter|0.6|1795978668.386784|smtp-in|data-line|{session}|{DATA_TOKEN}|".encode() + text

    def data(self, session, message, end=True):
        lines = [b"." + text if text.startswith(b".") else text for text in message.removesuffix(b"\r\n").split(b"\r\n")]
        self.write(b"\n".join(self.line(session, text) for text in [*TRACE, *lines, *([b"."] if end else [])]))

    def commit(self, session):
        self.write(f"filter|0.6|1795978668.387778|smtp-in|commit|{session}|{COMMIT_TOKEN}|".encode())

    def answer(self, session, timeout=20):
        return self.answers[session].get(timeout=timeout)

    def handed_back(self, session, timeout=20):
        """The message as smtpd takes it then, with CRLF; nothing when there was only its end."""
        lines = []
        while True:
            kind, text = self.answer(session, timeout)
            assert kind == b"filter-dataline", (kind, text)
            if text == b".":
                return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)
            lines.append(text)

    def verdict(self, session, timeout=20):
        """(message, "proceed" or the refusal) of what has been sent to its end."""
        message = self.handed_back(session, timeout)
        self.commit(session)
        kind, result = self.answer(session)
        assert kind == b"filter-result", kind
        if result == b"proceed":
            self.report("tx-commit", session, "4fc80719", "3814")
        else:
            self.report("tx-rollback", session, "4fc80719")
        self.report("tx-reset", session, "4fc80719")
        return message, result.decode().removeprefix("reject|")

    def deliver(self, message, session=None, **envelope):
        own = session or self.connect()
        self.begin(own, **envelope)
        self.data(own, message)
        answer = self.verdict(own)
        if session is None:
            self.report("link-disconnect", own)
        return answer

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Bytes."""
        with open(f"/proc/{self.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def settles(self, descriptors, seconds=20):
        """Nothing is held any more."""
        end = time.monotonic() + seconds
        while self.descriptors() > descriptors:
            assert time.monotonic() < end, os.listdir(f"/proc/{self.process.pid}/fd")
            time.sleep(0.05)

    def is_there(self):
        return self.process.poll() is None

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)
