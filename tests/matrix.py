# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a message of each class at each hook of a session of the lab: sent by a client, looked for in mailboxes,
queue and quarantine. The words for it are those of lab_outcomes.py; whatever is none of these is said as it was seen."""
import re
import subprocess
import time
import uuid

import daemon
import lab as lab_module
import make_mail
import peers
import sessions
import wiring
from lab_outcomes import CLASSES

SENDER, RECIPIENT = "bob", "alice"  # who gets the bounces has a mailbox, too
DOMAIN = "@lab.test"
# Lines that servers write above what they were given.
TRACE = {b"return-path", b"delivered-to", b"received", b"x-original-to", b"envelope-to", b"delivery-date", b"x-sieve", b"x-cyrus-session-id"}
PATIENCE = 60  # seconds

CLEAN_BODY = ("Gr\u00fc\u00dfe\r\n.\r\n..dots\r\n  blanks  \r\n\ttab\t\r\n" + "x" * 900 + "\r\n>From here\r\n\r\nend\r\n\r\n").encode()


class Sent:
    def __init__(self, content):
        self.mark = uuid.uuid4().hex
        self.content = re.sub(rb"(?m)^Message-ID: <[^>]*>", f"Message-ID: <{self.mark}@sender.example>".encode(), content, count=1)
        self.reply, self.user = None, RECIPIENT


def contents():
    samples, wanted = {}, {"infected": "infected-eicar", "banned": "banned-double-extension", "encrypted": "encrypted-zip",
                           "ambiguous": "ambiguous-two-boundaries", "unscanned": "unscanned-limit-archive"}
    for name, content in make_mail.samples():
        samples[name] = content
        if set(wanted.values()) <= samples.keys():
            break  # the last one is large
    # Folded and empty-looking lines are what a server would straighten if it straightened anything.
    clean = make_mail.headers("Nothing in it", 20, "text/plain;\r\n  charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
                              "X-Folded: a\r\n\tb\r\n  c") + CLEAN_BODY
    return {"clean": clean, "stopped": clean, **{kind: samples[name] for kind, name in wanted.items()}}


class Session:
    """One session of the lab with a rasteld beside its mail server; `configured`: what gives its configuration for a session."""

    def __init__(self, name, configured=wiring.configuration):
        self.lab = lab_module.start(name)
        self.rastel = None
        try:
            self.rastel = daemon.Rastel(prefix=self.lab.beside_mta(), configuration=configured(self.lab)).start()
        except BaseException:
            self.close()
            raise
        self.hooks, self.contents = self.lab.session.hooks, contents()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.rastel:
            self.rastel.close()
        self.lab.stop()

    def send(self, hook, sent):
        where = self.hooks[hook]
        if where == sessions.SUBMIT:
            return self.submit(sent)
        if isinstance(where, sessions.To):
            where, sent.user = where.port, where.user
        return self.connect(where, sent)

    def submit(self, sent):
        """As a program on the server's own machine (sysexits.h)."""
        answer = subprocess.run([*self.lab.within(self.lab.session.mta), *sessions.SUBMIT, SENDER + DOMAIN, RECIPIENT + DOMAIN],
                                input=sent.content.replace(b"\r\n", b"\n"), capture_output=True)
        code = {0: 250, 75: 451}.get(answer.returncode, 554)
        sent.reply = peers.Reply(code, answer.stderr.decode(errors="replace").splitlines() or [""])
        return sent

    def connect(self, port, sent):
        """As a client on the network; where nobody listens it comes again, as if it had been told to."""
        try:
            connection = self.lab.connect(self.lab.session.address, port)
        except ConnectionRefusedError:
            sent.reply = peers.Reply(421, ["nobody listens"])
            return sent
        with peers.Client(None, connection=connection) as client:
            client.hello()
            eight_bit = any(byte > 127 for byte in sent.content)
            replies = client.envelope(SENDER + DOMAIN, [sent.user + DOMAIN], " BODY=8BITMIME" if eight_bit and "8BITMIME" in client.keywords else "")
            sent.reply = next((reply for reply in replies if reply.code != 250), None)
            if sent.reply is None:
                sent.reply = client.command("DATA")
            if sent.reply.code == 354:
                client.send(peers.stuffed(sent.content))
                sent.reply = client.reply()
        return sent

    def seen(self, sent):
        """What is of it now: delivered, held, bounced, told to the recipient."""
        mark, mailbox = sent.mark.encode(), self.lab.mailbox(sent.user).values()
        held = [row for row in self.rastel.held() if sent.mark in row["msgid"]] if self.rastel.status() else []
        ids = [row["id"].encode() for row in held]
        notices = [data for data in mailbox if b"\nAuto-Submitted: auto-generated\r" in data and any(one in data for one in ids)]
        delivered = [data for data in mailbox if mark in data and data not in notices]
        bounced = [data for data in self.lab.mailbox(SENDER).values() if mark in data]
        return delivered, held, bounced, notices

    def outcome(self, sent):
        """In a word of lab_outcomes.py, or as it was seen."""
        seen = self.seen(sent)
        counts = (sent.reply.code // 100, *map(len, seen))
        if counts == (2, 1, 0, 0, 0):
            return how_it_came(sent.content, seen[0][0])
        known = {(2, 0, 1, 0, 0): "held", (2, 0, 1, 0, 1): "notice", (2, 0, 0, 1, 0): "bounced", (4, 0, 0, 0, 0): "sender waits",
                 (5, 0, 0, 0, 0): "refused"}
        return known.get(counts, f"{sent.reply}; delivered, held, bounced, notices: {counts[1:]}")

    def settle(self, all_sent):
        """Until there is something of each that was taken, and the queue is empty."""
        end = time.monotonic() + PATIENCE
        again = time.monotonic() + 3  # some keep away from a host that wasn't there, and flushing then has no effect yet
        while time.monotonic() < end:
            waiting = [sent for sent in all_sent if sent.reply.code == 250 and not any(self.seen(sent))]
            if not waiting and not self.lab.queue():
                return
            if time.monotonic() > again:
                self.lab.flush()
                again = time.monotonic() + 3
            time.sleep(0.2)

    def classes(self):
        """{hook: {class: outcome}} of all that can be seen while everything runs."""
        sent = {(hook, kind): self.send(hook, Sent(self.contents[kind]))
                for hook in self.hooks for kind in CLASSES if kind != "stopped"}
        self.settle(sent.values())
        found = {hook: {} for hook in self.hooks}
        for (hook, kind), one in sent.items():
            found[hook][kind] = self.outcome(one)
        return found

    def stopped(self):
        """{hook: outcome} of a message that comes while rasteld is away."""
        self.rastel.stop()
        return self.away(self.hooks, self.rastel.start)

    def away(self, hooks, come_back):
        """{hook: outcome} of a clean message that comes while nothing can be scanned, until come_back() is called."""
        sent = {hook: self.send(hook, Sent(self.contents["stopped"])) for hook in hooks}
        first = {hook: one.reply for hook, one in sent.items()}
        self.lab.flush()
        time.sleep(3)  # what is wrong would happen now
        early = {hook: self.seen(one) for hook, one in sent.items()}
        come_back()
        for hook, one in sent.items():
            if first[hook].code // 100 == 4:
                self.send(hook, one)
        self.lab.flush()
        self.settle(sent.values())
        found = {}
        for hook, one in sent.items():
            afterwards = self.outcome(one)
            if any(early[hook]) or not afterwards.startswith("passed") or first[hook].code // 100 not in (2, 4):
                found[hook] = f"{first[hook]}, early {list(map(len, early[hook]))}, then {afterwards}"
            else:
                found[hook] = "sender waits" if first[hook].code // 100 == 4 else "queue waits"
        return found

    def bounces(self):
        """What Rastel saw of bounces: messages without a sender that aren't ours. A filter isn't told of ours, either, and a
        clamd door knows neither sender nor recipients."""
        return [row for row in self.rastel.history("--limit", "1000")
                if row["from"] == "" and row["to"] != "" and not row["msgid"].endswith("@sender.example>")]


def how_it_came(content, delivered):
    """Of a message that was delivered once."""
    if not delivered.endswith(content):
        return "passed, changed"
    above = delivered[:-len(content)]
    names = [line.split(b":")[0].lower() for line in above.split(b"\r\n") if line and line[:1] not in b" \t"]
    ours = names.count(b"x-rastel")
    if ours > 1 or set(names) - TRACE - {b"x-rastel"}:
        return f"passed below {names}"
    return "passed" if ours else "passed bare"


def measure(name):
    """{hook: {class: outcome}}."""
    with Session(name) as session:
        found = session.classes()
        for hook, outcome in session.stopped().items():
            found[hook]["stopped"] = outcome
        assert not session.bounces(), session.bounces()
        return found
