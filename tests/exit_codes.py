# SPDX-License-Identifier: GPL-2.0-only
"""What a mail server of the lab did with a message that it handed to rastel-deliver: delivered, held, bounced, deferred, each by a
trace of its own (in a mailbox, in the quarantine, with the sender, in the queue with the reason of a first attempt), so that nothing
is waited for longer than it takes. The words are those of lab_exit_codes.py."""
import contextlib
import json
import os
import re
import signal
import time

import lab
import matrix
import peers
import roots
import sessions
from lab_exit_codes import CALLERS, DISKS_QUOTA, ENDS, PAIRS, PROGRAM_STATES, STATES

PROGRAM = "usr/local/bin/ends"
# Files of whoever gets mail; one of them may have many messages.
BOXES = ["var/ends/whole.*", *(f"home/{user}/Maildir*/{folder}/*" for user in ("alice", "carol", "dave") for folder in ("new", "cur")),
         "var/mail/carol", "var/spool/cyrus/mail/user/carol/*."]
LINE = b"x" * 70 + b"\r\n"

# What prints the address of each message that waits after an attempt, and perhaps other things, where the queue's own list doesn't.
WAITING = {
    "sendmail": "grep -l '^M' /var/spool/mqueue*/qf* | xargs -r sed -n 's/^RPFD:<\\(.*\\)>$/\\1/p'",
    "courier": 'find /var/lib/courier/msgs -name "C*" | while read -r file; do tr "\\n" " " <$file 2>/dev/null; echo; done | grep " D0 "',
    "opensmtpd": "smtpctl show queue | grep '|mda|.*[^|]$'",
    "exim": "exim4 -bpru | sed -n 's/^ *\\([^ <]*@lab.test\\)$/\\1/p' | while read -r address; do "
            "grep -q \"==.*<$address>\" /var/log/exim4/mainlog && echo $address; done",
    "qmail": "/var/qmail/bin/qmail-qread | tr ' ' '\\n' | sed -n 's/^T//p' | while read -r address; do "
             "grep -q \"^deferral: <$address>\" /root/start.log && echo $address; done",
}


class Handed:
    """A message for one caller or pair in one state, with an address of its own."""

    def __init__(self, session, port, user, extension, content):
        self.session, self.sent = session, matrix.Sent(content)
        between = "-" if session.lab.session.mta in ("courier", "qmail") else "+"
        self.address = f"{user}{between}{extension}{matrix.DOMAIN}"
        connection = session.lab.connect(session.lab.session.address, port)
        with peers.Client(None, connection=connection, timeout=60) as client:
            reply = client.deliver(self.sent.content, matrix.SENDER + matrix.DOMAIN, [self.address])
        assert reply.code == 250, reply


class View:
    """What there is of messages now."""

    def __init__(self, session):
        root = session.lab.root(session.lab.session.mta)
        self.boxes = []
        for pattern in BOXES:
            for path in root.glob(pattern):
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    self.boxes.append(path.read_bytes())
        self.bounces = [*session.lab.mailbox(matrix.SENDER).values(), *(path.read_bytes() for path in root.glob(f"var/mail/{matrix.SENDER}"))]
        # While it is away, or stands still, it holds nothing new.
        self.held = " ".join(row["msgid"] for row in session.rastel.held()) if session.answers else ""
        self.waiting = set(waiting(session))

    def delivered(self, handed):
        return sum(len(re.findall(rf"(?mi)^Message-ID: <{handed.sent.mark}".encode(), data)) for data in self.boxes)

    def of(self, handed):
        mark = handed.sent.mark
        seen = {"delivered": self.delivered(handed), "held": mark in self.held,
                "bounced": any(mark.encode() in data for data in self.bounces), "deferred": handed.address in self.waiting}
        return " and ".join(f"{word} {count} times" if count > 1 else word for word, count in seen.items() if count)


def waiting(session):
    mta = session.lab.session.mta
    if mta in WAITING:
        said = session.lab.command(mta, "sh", "-c", WAITING[mta], check=False)
        yield from re.findall(r"(?:alice|carol|dave)[+-][\w.-]+@lab\.test", said)
        return
    for line in session.lab.queue():
        for recipient in json.loads(line)["recipients"]:
            if "delay_reason" in recipient:
                yield recipient["address"]


def settled(session, all_handed):
    """{key: word}, once there is a word of each."""
    end = time.monotonic() + matrix.PATIENCE
    while True:
        view = View(session)
        found = {key: view.of(handed) for key, handed in all_handed.items()}
        if all(word and " and " not in word for word in found.values()) or time.monotonic() > end:
            return found
        time.sleep(0.3)


def delivered_in_the_end(session, all_handed, found):
    """What was deferred is delivered once when nothing is in the way any more."""
    late = {key: handed for key, handed in all_handed.items() if found[key] == "deferred"}
    end = time.monotonic() + matrix.PATIENCE
    again = 0.0
    while late and time.monotonic() < end:
        if time.monotonic() > again:
            session.lab.flush()
            again = time.monotonic() + 3
        view = View(session)
        late = {key: handed for key, handed in late.items() if view.of(handed) != "delivered"}
        time.sleep(0.3)
    return found | {key: f"deferred, then {view.of(handed) or 'nothing'}" for key, handed in late.items()}


@contextlib.contextmanager
def hanging(session):
    """The daemon takes connections and no more."""
    session.answers = False
    os.kill(session.rastel.daemon(), signal.SIGSTOP)
    yield
    os.kill(session.rastel.daemon(), signal.SIGCONT)
    session.answers = True


@contextlib.contextmanager
def away(session):
    session.answers = False
    session.rastel.stop()
    yield
    session.rastel.start()
    session.answers = True


@contextlib.contextmanager
def full(session, folders):
    """The disks which the folders are."""
    fillers = [session.lab.root(session.lab.session.mta) / folder / "filler" for folder in folders]
    for filler in fillers:
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 65536)
    yield
    for filler in fillers:
        filler.unlink()


class Measured:
    """{(caller, end or state): word} and {(caller, program, state): word} of a session."""

    def __init__(self, session):
        self.session, self.callers, self.pairs = session, {}, {}
        session.answers = True
        name = session.lab.name
        self.mine = {caller: row for caller, row in CALLERS.items() if row[0] == name}
        self.programs = {pair: row for pair, row in PAIRS.items() if row[0] == name}
        with hanging(session):
            self.phase(self.to_callers("daemon hangs"))
        self.mended()
        with away(session):
            self.phase(self.to_callers("daemon down") | self.to_programs("daemon down"))
        self.mended()
        with full(session, [lab.SPOOL]):
            # A small one would lie in memory.
            self.phase(self.to_callers("spool full", peers.mail("large", LINE * 15_000, b"Message-ID: <1@x>\r\n")))
        self.mended()
        with full(session, sessions.SERVERS[session.lab.session.mta].small_disks):
            # More than has room in what is left of an old message's last block.
            self.phase(self.to_programs("disk full", peers.mail("medium", LINE * 150, b"Message-ID: <1@x>\r\n")))
        self.mended()
        handed = self.to_callers("infected") | self.to_programs("clean") | self.to_programs("infected")
        for end in ENDS:
            if end != "missing":
                handed |= self.to_callers(end)
        self.phase(handed | self.to_programs("over quota", peers.mail("large", LINE * 2_800, b"Message-ID: <1@x>\r\n")))
        self.went_on()
        if self.mine:
            program = session.lab.root(session.lab.session.mta) / PROGRAM
            program.rename(program.with_suffix(".away"))
            self.phase(self.to_callers("missing"))

    def went_on(self):
        """qmail alone goes on with the lines behind one that succeeded, but behind 99; its environment says who wrote to whom."""
        root, rows = self.session.lab.root(self.session.lab.session.mta), self.session.rastel.history("--limit", "1000")
        behind = b"".join(path.read_bytes() for path in root.glob("home/alice/Behind/new/*"))
        for (caller, end), handed in [(key, one) for key, one in self.handed.items() if key[0] == "qmail .qmail" and key[1] in ENDS]:
            assert (handed.sent.mark.encode() in behind) == (end == "0"), end
            told = {(row["from"], handed.address in row["to"]) for row in rows if handed.sent.mark in row["msgid"]}
            assert told == {(matrix.SENDER + matrix.DOMAIN, True)}, (end, told)

    def content(self, state):
        return self.session.contents["infected" if state == "infected" else "clean"]

    def to_callers(self, state, content=None):
        extension = f"0.{state.replace(' ', '.')}" if state in STATES else state
        return {(caller, state): Handed(self.session, port, user, extension, content or self.content(state))
                for caller, (_, port, user, _) in self.mine.items()}

    def to_programs(self, state, content=None):
        other = sessions.SERVERS[self.session.lab.session.mta].quota
        return {(*pair, state): Handed(self.session, port, other if by_disk(pair, state) else user,
                                       f"{state.replace(' ', '.')}.{number}", content or self.content(state))
                for number, (pair, (_, port, user)) in enumerate(self.programs.items())
                if not (by_disk(pair, state) and roots.why_no_quota())}

    def phase(self, handed):
        self.handed, self.found = handed, settled(self.session, handed)
        self.keep()

    def mended(self):
        """After a phase: what was in the way is gone."""
        self.found = delivered_in_the_end(self.session, self.handed, self.found)
        self.keep()

    def keep(self):
        for key, word in self.found.items():
            (self.callers if len(key) == 2 else self.pairs)[key] = word or "nothing"


def by_disk(pair, state):
    """Whether it takes a disk with a quota, which not every machine can make."""
    return state == "over quota" and pair[1] in DISKS_QUOTA


def measure(name):
    with matrix.Session(name) as session:
        return Measured(session)


def names():
    """The sessions; those that take longest first."""
    short = ("pipe", "opensmtpd")
    return sorted({row[0] for row in [*CALLERS.values(), *PAIRS.values()]}, key=lambda name: (name in short, name))


def tables(found):
    """[(column names, rows)] of the measured sessions."""
    callers, pairs = {}, {}
    for one in found:
        callers |= one.callers
        pairs |= one.pairs
    return [(["delivery program ends with", *CALLERS], [[end, *(callers.get((caller, end), "?") for caller in CALLERS)] for end in [*ENDS, *STATES]]),
            (["caller", "delivery program", *PROGRAM_STATES],
             [[*pair, *(pairs.get((*pair, state), "?") for state in PROGRAM_STATES)] for pair in PAIRS])]
