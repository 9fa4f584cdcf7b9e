#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A stand-in for qmail, which isn't in Debian. What of it meets Rastel's programs is done as its manual says and as qmail.c does
it: qmail-queue(8), qmail-command(8), dot-qmail(5), with qmail's own words to clients; nothing else is.

usage: qmail.py ROOT SCRIPT WORD…     runs the script within the root, then serves there: the machine's own Python does, as the
root has none. What the script leaves in it:

    /etc/tcp.smtp.PORT          a port to listen on: `:allow,NAME="VALUE",…` is for the environment of its qmail-smtpd
    /var/qmail/bin/qmail-queue  what takes a message, unless that environment names another QMAILQUEUE
    /var/qmail/queue/todo       what it has taken: NAME.message, NAME.envelope
    /home/USER/.qmail…          who delivers; without one ./Maildir/

SIGALRM has qmail-send try all at once.
"""
import email.utils
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

DOMAIN = "lab.test"
BIN, WAITING = pathlib.Path("/var/qmail/bin"), pathlib.Path("/var/qmail/queue/todo")
RETRY = 2  # seconds
# qmail.c, qmail_close(): what qmail-queue's exit code is to who called it. D is for good, Z comes again.
SAID = {11: "Denvelope address too long for qq (#5.1.3)", 31: "Dmail server permanently rejected message (#5.3.0)",
        51: "Zqq out of memory (#4.3.0)", 52: "Zqq timeout (#4.3.0)", 53: "Zqq write error or disk full (#4.3.0)",
        54: "Zqq read error (#4.3.0)", 71: "Zmail server temporarily rejected message (#4.3.0)",
        81: "Zqq internal bug (#4.3.0)", 91: "Zqq internal bug (#4.3.0)", 120: "Zunable to exec qq (#4.3.0)"}
# qmail-command(8): for good; 99 is success and the last line, all others come again.
HARD = {100, 64, 65, 70, 76, 77, 78, 112}


class Queue:
    """qmail_open() to qmail_close(): a qmail-queue that is written to, the message by its descriptor 0, then the envelope by 1."""

    def __init__(self, environment):
        (message_out, self.message), (envelope_out, self.envelope) = os.pipe(), os.pipe()
        program = environment.get("QMAILQUEUE", str(BIN / "qmail-queue"))
        self.child = os.fork()
        if self.child == 0:
            try:
                # Both may lie where the other one is to go.
                ends = [os.dup2(number, 10 + place) for place, number in enumerate((message_out, envelope_out))]
                for place, number in enumerate(ends):
                    os.dup2(number, place)
                os.closerange(3, 100)
                os.chdir("/var/qmail")
                os.execve(program, [program], environment)
            finally:
                os._exit(120)
        os.close(message_out)
        os.close(envelope_out)

    def put(self, sender, recipients, message):
        """What is said of it: "" or one of SAID."""
        envelope = b"".join([b"F" + sender + b"\0", *(b"T" + recipient + b"\0" for recipient in recipients), b"\0"])
        for number, data in ((self.message, message), (self.envelope, envelope)):
            try:
                with os.fdopen(number, "wb") as pipe:
                    pipe.write(data)
            except BrokenPipeError:
                pass  # its exit code says why
        status = os.waitpid(self.child, 0)[1]
        if not os.WIFEXITED(status):
            return "Zqq crashed (#4.3.0)"
        code = os.WEXITSTATUS(status)
        return "" if code == 0 else SAID.get(code) or ("Dqq permanent problem (#5.3.0)" if 11 <= code <= 40 else "Zqq temporary problem (#4.3.0)")


class Smtpd:
    """One client of qmail-smtpd."""

    def __init__(self, connection, peer, environment):
        self.stream, self.peer = connection.makefile("rwb"), peer
        self.environment = {"PATH": "/usr/bin:/bin", "TCPREMOTEIP": peer, **environment}
        self.sender, self.recipients = None, []

    def say(self, line):
        self.stream.write(line.encode() + b"\r\n")
        self.stream.flush()

    def serve(self):
        self.say(f"220 {DOMAIN} ESMTP")
        while line := self.stream.readline(2000):
            verb, _, rest = line.strip().partition(b" ")
            verb = verb.upper()
            if verb == b"QUIT":
                return self.say(f"221 {DOMAIN}")
            if verb == b"DATA":
                self.data()
            else:
                self.say(self.answer(verb, rest))

    def answer(self, verb, rest):
        if verb in (b"HELO", b"EHLO"):
            self.sender = None
            return f"250 {DOMAIN}" if verb == b"HELO" else f"250-{DOMAIN}\r\n250-PIPELINING\r\n250 8BITMIME"
        if verb in (b"RSET", b"NOOP"):
            self.sender = self.sender if verb == b"NOOP" else None
            return "250 flushed" if verb == b"RSET" else "250 ok"
        address = re.search(rb"<([^>]*)>", rest)
        if verb == b"MAIL" and address:
            self.sender, self.recipients = address[1], []
            return "250 ok"
        if verb == b"RCPT" and address and self.sender is not None:
            if not address[1].lower().endswith(b"@" + DOMAIN.encode()):
                return "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"
            self.recipients.append(address[1])
            return "250 ok"
        return "503 MAIL first (#5.5.1)" if verb in (b"RCPT",) else "502 unimplemented (#5.5.1)"

    def data(self):
        if self.sender is None or not self.recipients:
            return self.say("503 RCPT first (#5.5.1)")
        queue = Queue(self.environment)
        self.say("354 go ahead")
        date = email.utils.formatdate().replace("GMT", "-0000")
        lines = [f"Received: from unknown ({self.peer})\n  by {DOMAIN} with SMTP; {date}\n".encode()]
        while (line := self.stream.readline()) != b".\r\n":
            if not line.endswith(b"\r\n"):
                os._exit(1)  # a client that vanishes, or bare line ends: qmail-smtpd is gone at once, and its queue sees no envelope
            lines.append((line[1:] if line.startswith(b".") else line)[:-2] + b"\n")
        said = queue.put(self.sender, self.recipients, b"".join(lines))
        self.say(f"250 ok {int(time.time())} qp {queue.child}" if not said else f"{554 if said[0] == 'D' else 451} {said[1:]}")
        self.sender = None


def smtpd(port, environment):
    listener = socket.create_server(("0.0.0.0", port), backlog=50)
    while True:
        connection, (peer, _) = listener.accept()
        child = os.fork()
        if child == 0:
            try:
                Smtpd(connection, peer, environment).serve()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        connection.close()
        threading.Thread(target=os.waitpid, args=(child, 0)).start()


class Delivery:
    """One delivery by qmail-local. Its outcome: K done, Z comes again, D for good."""

    def __init__(self, message, sender, recipient):
        self.message, self.sender, self.recipient = message, sender.decode(), recipient.decode()
        self.local, _, self.host = self.recipient.rpartition("@")
        self.user, dash, self.extension = self.local.partition("-")
        self.dash, self.account, self.home = dash, None, None

    def lines(self):
        """Of the file that is responsible, and what stood for "default"."""
        self.account = pwd.getpwnam(self.user)
        self.home = pathlib.Path(self.account.pw_dir)
        if (self.home.stat().st_mode & 0o1002) != 0:
            raise BlockingIOError("home is sticky or writable by others")
        words = self.extension.replace(".", ":").split("-") if self.dash else []
        candidates = [(".qmail" + "".join(f"-{word}" for word in words), "")]
        candidates += [(".qmail" + "".join(f"-{word}" for word in words[:kept]) + "-default", "-".join(words[kept:]))
                       for kept in reversed(range(len(words)))]
        for name, default in candidates:
            if (self.home / name).exists():
                return (self.home / name).read_text().splitlines(), default
        if self.dash:
            raise LookupError("no such address")
        return [], ""

    def run(self):
        try:
            lines, default = self.lines()
        except BlockingIOError:
            return "Z"
        except LookupError:  # nobody of that name, too
            return "D"
        for line in [line for line in lines if line and not line.startswith("#")] or ["./Maildir/"]:
            outcome = self.command(line[1:], default) if line.startswith("|") else self.maildir(line)
            if outcome != "K":
                return outcome.replace("L", "K")
        return "K"

    def environment(self, default):
        hosts, extensions = self.host.split("."), self.extension.split("-")
        return {"PATH": "/usr/bin:/bin", "SENDER": self.sender, "NEWSENDER": self.sender, "RECIPIENT": self.recipient, "USER": self.user,
                "HOME": str(self.home), "HOST": self.host, "HOST2": ".".join(hosts[:-1]), "HOST3": ".".join(hosts[:-2]), "HOST4": "",
                "LOCAL": self.local, "EXT": self.extension, "EXT2": "-".join(extensions[1:]), "EXT3": "-".join(extensions[2:]), "EXT4": "",
                "DEFAULT": default, "DTLINE": f"Delivered-To: {self.recipient}\n", "RPLINE": f"Return-Path: <{self.sender}>\n",
                "UFLINE": f"From {self.sender or 'MAILER-DAEMON'} {time.asctime()}\n"}

    def command(self, line, default):
        """The message is a file that all lines of the .qmail share, each from its begin."""
        with open(self.message, "rb") as file:
            done = subprocess.run(["/bin/sh", "-c", line], stdin=file, cwd=self.home, env=self.environment(default), user=self.account.pw_uid,
                                  group=self.account.pw_gid, extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        return "K" if done.returncode == 0 else "L" if done.returncode == 99 else "D" if done.returncode in HARD else "Z"

    def maildir(self, line):
        folder = self.home / line
        name = f"{time.time_ns()}.{os.getpid()}.{DOMAIN}"
        for place in ("", "tmp", "new", "cur"):
            (folder / place).mkdir(exist_ok=True)
            os.chown(folder / place, self.account.pw_uid, self.account.pw_gid)
        above = f"Return-Path: <{self.sender}>\nDelivered-To: {self.recipient}\n"
        (folder / "tmp" / name).write_bytes(above.encode() + self.message.read_bytes())
        (folder / "tmp" / name).rename(folder / "new" / name)
        return "K"


def bounce(message, sender, recipient):
    text = (f"From: MAILER-DAEMON@{DOMAIN}\nTo: {sender.decode()}\nSubject: failure notice\n\n<{recipient.decode()}>:\nIt couldn't be delivered.\n\n"
            "--- Below this line is a copy of the message.\n\n")
    return Queue({"PATH": "/usr/bin:/bin"}).put(b"", [sender], text.encode() + message.read_bytes()) == ""


def try_all():
    """What is delivered, or has bounced, is taken out of its envelope, and with the last of them the message out of the queue."""
    for file in sorted(WAITING.glob("*.envelope")):
        message = file.with_suffix(".message")
        sender, *recipients = file.read_bytes().removesuffix(b"\0\0").split(b"\0")
        left = []
        for recipient in recipients:
            outcome = Delivery(message, sender[1:], recipient[1:]).run()
            if outcome == "Z" or outcome == "D" and sender != b"F" and not bounce(message, sender[1:], recipient[1:]):
                left.append(recipient)
                print(f"deferral: <{recipient[1:].decode()}>", flush=True)
        if left == recipients:
            continue
        if left:
            file.with_suffix(".left").write_bytes(b"\0".join([sender, *left]) + b"\0\0")
            file.with_suffix(".left").rename(file)
            continue
        file.unlink()
        message.unlink()


def send():
    now = threading.Event()
    signal.signal(signal.SIGALRM, lambda *_: now.set())
    pathlib.Path("/run/qmail-send.pid").write_text(f"{os.getpid()}\n")
    while True:
        try:
            try_all()
        except Exception:
            traceback.print_exc()
        now.wait(RETRY)
        now.clear()


def serve(root, *script):
    subprocess.run(["chroot", root, "/bin/sh", *script], check=True)
    "".encode("idna"), pwd.getpwnam("root")  # what is loaded when it is first needed isn't there any more later
    os.chroot(root)
    os.chdir("/")
    for rules in pathlib.Path("/etc").glob("tcp.smtp.*"):
        environment = dict(re.findall(r'(\w+)="([^"]*)"', rules.read_text()))
        if os.fork() == 0:
            smtpd(int(rules.suffix[1:]), environment)
    send()


if __name__ == "__main__":
    serve(*sys.argv[1:])
