# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a message that can't be scanned, by each reason, at hooks of a session of the lab. The words are those of
lab_reasons.py; whatever is none of these is said as it was seen."""
import concurrent.futures
import contextlib
import copy
import functools
import os
import pathlib
import signal
import threading
import time
import zipfile

import daemon
import make_mail
import matrix
import test_attacks
import wiring
from lab_reasons import EXPECTED

# Whoever holds one of these words keeps a scanner busy, the first for longer than its deadline, the second for a second.
ENDLESS, LONG = "a-word-to-think-about-for-ever", "a-word-to-think-about-for-long"
RULES = "".join(f"""rule {name} {{
  strings: $word = "{word}"
  condition: $word and for any i in (1..{rounds}) : (i * 7 % 5 == 9)
}}
""" for name, word, rounds in (("endless", ENDLESS, 60_000_000), ("long", LONG, 6_000_000)))
DEADLINES = {"usual": 'deadline = "5m"', "short": 'deadline = "2s"'}
BROKEN = "broken.ndb"
CLAMD_DOORS = {"Exim av_scanner clamd, SCAN": "exim"}  # hook: Rastel's door


def configured(lab):
    """With a scanner for each hook: none is to wait for another's to be done, or that would be the reason."""
    def configuration(state, user):
        (state / "slow.yar").write_text(RULES)
        text = wiring.configuration(lab)(state, user)
        return text.replace("[signatures]", f"""[engine]
workers = 6
memory = "128MiB"
{DEADLINES["usual"]}

[signatures]
yara = ["{state}/slow.yar"]""")
    return configuration


def packed_in_a_new_way():
    """A zip with a member by a method that the file's description only reserves (APPNOTE 4.4.5)."""
    data = bytearray(make_mail.zipped("figures.txt", b"nobody can unpack this", zipfile.ZIP_STORED))
    data[8] = data[data.index(b"PK\1\2") + 10] = 98
    return bytes(data)


def contents():
    at_once = {"limit": matrix.contents()["unscanned"],
               "format": make_mail.with_attachment("Figures", 21, "figures.zip", "application/zip", packed_in_a_new_way()),
               "memory": b"Message-ID: <demo-22@sender.example>\r\n" + test_attacks.ATTACKS["nested multiparts"](5 << 20)}
    busy = {reason: make_mail.headers("Slow", 23, "text/plain") + f"This is {word}\r\n".encode()
            for reason, word in (("timeout", ENDLESS), ("crash", LONG), ("crash once", LONG))}
    return {**at_once, **busy}


def ticks(pid):
    """Processor time that a process has used, in hundredths of a second."""
    try:
        return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Reasons(matrix.Session):
    def __init__(self, name):
        super().__init__(name, configured)
        self.hooks = {hook: self.hooks[hook] for hook in EXPECTED[name]}
        self.of_reason = contents()

    def restart(self, deadline):
        self.rastel.stop()
        text = self.rastel.file.read_text()
        for other in DEADLINES.values():
            text = text.replace(other, DEADLINES[deadline])
        self.rastel.file.write_text(text)
        self.rastel.start()

    def send_all(self, sent):
        """{hook: message}, beside each other."""
        with concurrent.futures.ThreadPoolExecutor(len(self.hooks)) as pool:
            list(pool.map(lambda pair: self.send(*pair), sent.items()))

    def known(self):
        return {row["id"] for row in self.rastel.history("--limit", "1000")}

    def begin(self, reason):
        """{hook: message}: a new one each, not yet sent."""
        sent = {hook: matrix.Sent(self.of_reason[reason]) for hook in self.hooks}
        before = self.known()
        for hook, one in sent.items():
            # Who asks for a verdict doesn't say which message it is: what that door is asked from now on.
            one.door, one.before = CLAMD_DOORS.get(hook), before
        return sent

    def rows_of(self, sent):
        """Class and action each time that Rastel had it, the oldest first."""
        return [(row["class"], row["action"]) for row in reversed(self.rastel.history("--limit", "1000"))
                if sent.mark in row["msgid"] or row["door"] == sent.door and row["id"] not in sent.before]

    def wait_rows(self, sent, count):
        end = time.monotonic() + matrix.PATIENCE
        while len(rows := self.rows_of(sent)) < count and time.monotonic() < end:
            time.sleep(0.2)
        return rows

    # Scanners that die

    def kill_busy(self):
        """Kills a scanner that has been at work for a moment: then the message is what it died of."""
        before = {pid: ticks(pid) for pid in self.rastel.workers()}
        time.sleep(0.1)
        for pid in [pid for pid, spent in before.items() if ticks(pid) >= spent + 3] if self.rastel.scans_under_way() else []:
            daemon.send_signal(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def killing(self, enough=lambda: False):
        """Whoever scans is killed, until it is left or enough."""
        left, failed = threading.Event(), []

        def body():
            try:
                while not left.is_set() and not enough():
                    self.kill_busy()
            except BaseException as error:  # told where it is left
                failed.append(error)

        killer = threading.Thread(target=body)
        killer.start()
        try:
            yield
        finally:
            left.set()
            killer.join()
        assert not failed, failed

    # What becomes of it

    def at_once(self, reason):
        """{hook: outcome} where nobody has to come again."""
        sent = self.begin(reason)
        self.send_all(sent)
        self.settle(sent.values())
        return {hook: self.for_reason(one, reason, self.outcome(one)) for hook, one in sent.items()}

    def for_reason(self, sent, reason, outcome):
        """The outcome, if it is due to that reason."""
        classes = {kind for kind, _ in self.wait_rows(sent, 1)}
        return outcome if classes == {f"unscanned({reason})"} else f"{outcome}, as {sorted(classes)}"

    def first_time(self, sent):
        """How it was told to wait, or what else became of it."""
        rows = self.wait_rows(sent, 1)
        if not rows or rows[0][1] != "defer" or sent.reply.code // 100 not in (2, 4):
            return f"{sent.reply}, {rows}"
        return "sender waits" if sent.reply.code // 100 == 4 else "queue waits"

    def come_again(self, sent):
        """Who was told to wait comes a second time; what is in a queue comes by itself."""
        self.send_all({hook: one for hook, one in sent.items() if one.reply.code // 100 == 4})
        self.lab.flush()
        self.settle(sent.values())

    def twice(self, reason):
        """{hook: outcome} of what is tried twice."""
        sent = self.begin(reason)
        self.send_all(sent)
        first = {hook: self.first_time(one) for hook, one in sent.items()}
        self.come_again(sent)
        return sent, {hook: f"{first[hook]}, then {self.for_reason(one, reason, self.outcome(one))}" for hook, one in sent.items()}

    def crashes(self):
        """As twice(), whoever scans it is killed each time; a third time nobody scans it any more."""
        with self.killing():
            sent, found = self.twice("crash")
        self.rastel.wait_ready()
        for hook, one in sent.items():
            if (third := self.third_time(hook, one)) != found[hook].rpartition(", then ")[2]:
                found[hook] += f", the third time {third}"
        return found

    def third_time(self, hook, sent):
        """What becomes of it more than there was."""
        time.sleep(1)  # what comes in the same second may be the same to the byte, and isn't held twice
        scans, before, rows = self.rastel.status()["scans"]["done"], self.seen(sent), len(self.rows_of(sent))
        again = self.send(hook, copy.copy(sent))
        self.wait_rows(sent, rows + 1)
        self.settle([again])
        counts = (again.reply.code // 100, *(len(now) - len(was) for now, was in zip(self.seen(sent), before)))
        if (more := self.rastel.status()["scans"]["done"] - scans) > 0:
            return f"{more} scans, {counts}"
        return {(2, 0, 1, 0, 0): "held", (2, 0, 1, 0, 1): "notice", (5, 0, 0, 0, 0): "refused"}.get(counts, f"{again.reply}, {counts}")

    def timeouts(self):
        self.restart("short")
        return self.twice("timeout")[1]

    def crash_once(self):
        """{hook: outcome}, one hook after the other: nobody but the first scanner of a message may be killed."""
        found = {}
        for hook in self.hooks:
            crashes = self.rastel.status()["scans"]["crashes"]
            sent = self.begin("crash once")[hook]
            with self.killing(lambda before=crashes: self.rastel.status()["scans"]["crashes"] > before):
                self.send(hook, sent)
                first = self.first_time(sent)
            self.rastel.wait_ready()
            self.come_again({hook: sent})
            outcome = self.outcome(sent)
            rows = self.rows_of(sent)
            if rows[:1] != [("unscanned(crash)", "defer")] or rows[-1][0] != "clean":
                outcome += f", as {rows}"
            found[hook] = first if outcome in ("passed", "passed bare") else f"{first}, then {outcome}"
        return found

    def without_engine(self):
        """{hook: outcome} of mail that comes while there is no engine."""
        broken = self.rastel.folder / "signatures" / BROKEN
        self.rastel.stop()
        broken.write_text("this is no signature\n")
        self.rastel.start(ready=False)
        end = time.monotonic() + 20
        while not self.rastel.status().get("trouble"):
            assert self.rastel.process.poll() is None and time.monotonic() < end, self.rastel.log()[-3000:]
            time.sleep(0.1)
        assert self.rastel.status()["state"] != "scanning"

        def mend():
            os.unlink(broken)
            self.rastel.wait_ready()  # it tries again by itself

        before = self.known()
        found = self.away(self.hooks, mend)
        classes = {row["class"] for row in self.rastel.history("--limit", "1000") if row["id"] not in before}
        assert classes == {"unscanned(engine)", "clean"}, classes
        return found


def measure(name):
    """{hook: {reason: outcome}}."""
    with Reasons(name) as session:
        found = {hook: {} for hook in session.hooks}
        phases = {reason: functools.partial(session.at_once, reason) for reason in ("limit", "format", "memory")}
        phases |= {"crash": session.crashes, "crash once": session.crash_once, "timeout": session.timeouts, "engine": session.without_engine}
        for reason, measured in phases.items():
            for hook, outcome in measured().items():
                found[hook][reason] = outcome
        assert not session.bounces(), session.bounces()
        return found
