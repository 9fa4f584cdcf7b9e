# SPDX-License-Identifier: GPL-2.0-only
"""Mail in bulk between two peers that keep count: clients that send again as a mail server does, and a next hop that notes
what came. Each attempt has a reverse-path of its own, which the next hop sees: so what arrived is told of the attempt that
brought it, whatever died in between."""
import base64
import collections
import dataclasses
import hashlib
import heapq
import random
import re
import threading
import time

import daemon
import peers

LOST = "lost"  # the outcome of an attempt whose connection ended before its reply
DOMAIN = "load.example"


@dataclasses.dataclass
class Message:
    token: str
    kind: str  # "small", "large" (goes to the spool), "infected", "infected large"
    seed: int

    @property
    def infected(self):
        return self.kind.startswith("infected")

    def content(self):
        """Made anew each time: thousands of them are not kept."""
        dice = random.Random(self.seed)
        head = (f"Received: from a by b; Tue, 03 Mar 2026 10:00:00 +0000\r\nFrom: <sender@{DOMAIN}>\r\nTo: <alice@lab.test>\r\n"
                f"Subject: {self.token}\r\nMessage-ID: <{self.token}@{DOMAIN}>\r\nMIME-Version: 1.0\r\n").encode()
        if self.kind == "infected":
            return head + b"\r\n" + daemon.eicar() + b"\r\n"
        lines = dice.randrange(5_000, 20_000) if "large" in self.kind else dice.randrange(1, 60)
        salt = dice.getrandbits(64)
        text = b"".join(b'<p>.%x <a href="http://x.example/%d">b</a>\r\n' % (salt, number) for number in range(lines))
        text = text.replace(b"<p>.", b".", 1)  # a dot that is to be stuffed
        if self.kind != "infected large":
            return head + b"Content-Type: text/html\r\n\r\n" + text
        return (head + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n' + text +
                b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                base64.encodebytes(daemon.eicar()).replace(b"\n", b"\r\n") + b"--b--\r\n")


def messages(count, dice, infected=0.04, large=0.03):
    """So many, in a random order; `infected` and `large`: which part of them."""
    kinds = ["infected"] * round(count * infected / 2) + ["infected large"] * max(round(count * infected / 2), 1)
    kinds += ["large"] * max(round(count * large), 1)
    kinds += ["small"] * (count - len(kinds))
    dice.shuffle(kinds)
    return [Message(f"m{number}x{dice.getrandbits(32):08x}", kind, dice.getrandbits(64)) for number, kind in enumerate(kinds)]


@dataclasses.dataclass
class Attempt:
    token: str
    number: int
    begin: float  # time.monotonic() as all of these
    dot: float | None = None  # when the end of data began to go out
    end: float | None = None
    outcome: int | str | None = None  # the code of the reply, or LOST
    reply: str = ""
    ended_by: str = ""  # the command whose reply ended it; "" for the final one

    @property
    def sender(self):
        return f"{self.token}.{self.number}@{DOMAIN}"


@dataclasses.dataclass
class Copy:
    """Something whose end of data the next hop has seen."""
    token: str
    number: int  # of the attempt
    when: float
    digest: str  # of what stands below our header
    header: str
    infected: bool
    accepted: bool = False  # answered with 250


class Ledger:
    """What the next hops of one test have seen, whichever of them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.copies, self.unreadable, self.infected_pieces = [], [], 0

    def note(self, sender, content):
        header, rest = peers.our_header(content)
        found = re.fullmatch(r"MAIL FROM:<(\w+)\.(\d+)@" + re.escape(DOMAIN) + r">.*", sender)
        copy = Copy(found[1], int(found[2]), time.monotonic(), hashlib.sha256(rest).hexdigest(), header, daemon.eicar() in content or
                    base64.b64encode(daemon.eicar())[:60] in content)
        with self.lock:
            self.copies.append(copy)
        return copy

    def by_attempt(self):
        """{(token, number): [copies]}"""
        found = collections.defaultdict(list)
        for copy in self.copies:
            found[copy.token, copy.number].append(copy)
        return found


class _RecordingSession(peers.NextHop.session):
    def take_content(self, line):
        try:
            content = self.content()
        except peers.Closed:
            self.hop.note_unfinished()
            raise
        try:
            copy = self.hop.ledger.note(self.sender, content)
        except (TypeError, ValueError, AssertionError) as error:
            self.hop.ledger.unreadable.append((self.sender, content[:200], repr(error)))
            raise peers.Closed from None
        time.sleep(random.uniform(0, self.hop.slowness))
        if self.hop.may_answer():
            copy.accepted = True  # before it goes out: the other side may be quicker than we are
            try:
                self.say(f"250 2.0.0 Ok: queued as {copy.token}.{copy.number}")
            except OSError:
                copy.accepted = False
                raise
        else:
            self.hop.stop()
            raise peers.Closed
        self.sender, self.recipients = None, []


class RecordingHop(peers.NextHop):
    session = _RecordingSession

    def __init__(self, ledger, port, between=lambda: None, slowness=0.03):
        """`between`: called by the session that is killed between an end of data and its reply; `slowness`: the longest time,
        in seconds, before an answer to an end of data (whoever dies is to die in it now and then)."""
        self.ledger, self.deadly, self.between, self.slowness = ledger, False, between, slowness
        super().__init__(port=port)

    def die_at_next_end_of_data(self):
        self.deadly = True

    def may_answer(self):
        with self.lock:
            if self.deadly and not self.stopping.is_set():
                self.stopping.set()
                self.between()
            return not self.stopping.is_set()

    def note_unfinished(self):
        with self.lock:
            pieces, self.unfinished[:] = list(self.unfinished), []
            self.commands.clear()
        self.ledger.infected_pieces += sum(daemon.eicar() in piece for piece in pieces)


class Senders:
    """Sessions of clients that share a queue: what isn't answered with 250 or 5xx is sent again a little later."""

    def __init__(self, connect, all_messages, sessions, seed, retry=(0.1, 0.5), patience=60):
        """`connect`: a function to a peers.Client; `retry`: from … to seconds; `patience`: for a reply."""
        self.connect, self.seed, self.retry = connect, seed, retry
        self.changed = threading.Condition()
        self.queue = [(0.0, number, message) for number, message in enumerate(all_messages)]
        self.left = len(self.queue)
        self.total = self.left
        self.attempts = collections.defaultdict(list)  # token → attempts
        self.refused_connections, self.trouble = [], []  # (when, what), what a thread died of
        self.stopping = False
        self.threads = [threading.Thread(target=self._session, args=(number,), daemon=True) for number in range(sessions)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def close(self):
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join(70)

    @property
    def finished(self):
        return self.total - self.left

    def wait(self, seconds, count=None):
        """Until all (or `count` of them) were acknowledged or refused."""
        end = time.monotonic() + seconds
        with self.changed:
            while self.finished < (self.total if count is None else count):
                assert not self.trouble, self.trouble
                left = end - time.monotonic()
                assert left > 0, f"after {seconds} s {self.left} of {self.total} messages are still to be sent"
                self.changed.wait(min(left, 1))
        return self

    def every_attempt(self):
        return [attempt for token in list(self.attempts) for attempt in list(self.attempts[token])]

    def _take(self):
        with self.changed:
            while self.left > 0 and not self.stopping:
                if self.queue and self.queue[0][0] <= time.monotonic():
                    return heapq.heappop(self.queue)
                self.changed.wait(min(max(self.queue[0][0] - time.monotonic(), 0.001), 0.5) if self.queue else 0.5)
        return None

    def _give_back(self, taken, delay):
        with self.changed:
            heapq.heappush(self.queue, (time.monotonic() + delay, *taken[1:]))
            self.changed.notify()

    def _finish(self):
        with self.changed:
            self.left -= 1
            self.changed.notify_all()

    def _session(self, number):
        try:
            self._send_all(random.Random(f"{self.seed} {number}"))
        except BaseException as error:  # the test is told
            self.trouble.append(error)
            raise

    def _send_all(self, dice):
        client, more = None, 0
        while (taken := self._take()) is not None:
            if client is None:
                try:
                    client, more = self._connected(), dice.randrange(1, 20)
                except (OSError, peers.Closed) as error:
                    self.refused_connections.append((time.monotonic(), repr(error)))
                    client = None
                    self._give_back(taken, 0)
                    time.sleep(dice.uniform(*self.retry))
                    continue
            attempt = self._attempt(client, taken[2])
            if attempt.outcome == 250 and not attempt.ended_by or attempt.outcome in range(500, 600):
                self._finish()
            else:
                self._give_back(taken, dice.uniform(*self.retry))
            more -= 1
            if attempt.outcome in (LOST, 421):
                client.close()
                client = None
            elif more <= 0:
                client = self._left(client)
        if client is not None:
            self._left(client)

    def _connected(self):
        client = self.connect()
        if client.banner.code == 220:
            answer = client.command("EHLO client.example")
            if answer.code == 250:
                return client
            client.banner = answer
        client.close()
        raise peers.Closed(client.banner)

    @staticmethod
    def _left(client):
        try:
            client.quit()
        except (OSError, peers.Closed):
            client.close()

    def _attempt(self, client, message):
        attempts = self.attempts[message.token]
        attempt = Attempt(message.token, len(attempts), time.monotonic())
        attempts.append(attempt)
        try:
            for command, good in ((f"MAIL FROM:<{attempt.sender}>", 250), ("RCPT TO:<alice@lab.test>", 250), ("DATA", 354)):
                answer = client.command(command)
                if answer.code != good:
                    attempt.ended_by = command.split(" ")[0]
                    attempt.outcome, attempt.reply = answer.code, answer.text
                    if answer.code != 421 and command != f"MAIL FROM:<{attempt.sender}>":
                        client.command("RSET")
                    return attempt
            data = peers.stuffed(message.content())
            attempt.dot = time.monotonic()
            client.send(data)
            answer = client.reply()
            attempt.outcome, attempt.reply = answer.code, answer.text
        except (OSError, peers.Closed) as error:
            if attempt.outcome is None:
                attempt.outcome, attempt.reply = LOST, repr(error)
        finally:
            attempt.end = time.monotonic()
        return attempt
