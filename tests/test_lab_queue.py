# SPDX-License-Identifier: GPL-2.0-only
"""A scan that takes longer than the door may wait, behind a real Postfix (PROTOCOLS X-21): the message is deferred, the scan
goes on, and when the queue comes again it joins that scan or finds its verdict: delivered once, scanned once. Needs root;
skipped with a reason elsewhere."""
import contextlib
import json
import re
import time

import pytest

import daemon
import peers
import wiring
from test_lab_postfix import AFTER_LMTP, AFTER_SMTP, BEFORE, arrived, submit, token, wait_arrived, wait_queue_empty

AFTER = {"SMTP": AFTER_SMTP, "LMTP": AFTER_LMTP}


# Whoever holds this word keeps a scanner busy for some seconds.
SLOW_WORD = b"a-word-to-think-about-for-long"
SLOW_RULE = """rule never_matches {
  strings: $word = "%s"
  condition: $word and for any i in (1..%d) : (i * 7 %% 5 == 9)
}
""" % (SLOW_WORD.decode(), 60_000_000)


def slow(mark):
    return peers.mail(mark, b"This is " + SLOW_WORD + b"\r\n")


@contextlib.contextmanager
def patient_for(lab, deadline):
    """A rasteld whose doors answer within `deadline`."""
    def configuration(state, user):
        rules = state / "slow.yar"
        rules.write_text(SLOW_RULE)
        text = wiring.configuration(lab)(state, user)
        text = text.replace("[signatures]", f'[signatures]\nyara = ["{rules}"]')
        return text.replace("[[door.smtp]]", f'[[door.smtp]]\nreply_deadline = "{deadline}"')
    with daemon.Rastel(prefix=lab.in_network("postfix"), configuration=configuration) as rastel:
        yield rastel


@pytest.fixture
def hasty(lab):
    """Its doors have less time than an engine needs for the slow word."""
    with patient_for(lab, "1500ms") as rastel:
        yield rastel


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


def counters(rastel):
    status = rastel.status()
    return status["scans"]["done"], status["remembered"]["messages_known"]


def deferred(lab, mark):
    """How often Postfix was told to come again with the message whose sender bears the mark."""
    log = lab.mail_log()
    ids = set(re.findall(rf": (\w+): from=<{mark}@", log))
    return [line for line in log.splitlines() if any(f": {queue_id}: " in line for queue_id in ids) and "status=deferred" in line]


def rows_of(rastel, mark, count):
    """Oldest first: class and action."""
    return [(row["class"], row["action"]) for row in reversed(rastel.history(mark, count=count))]


@pytest.mark.parametrize("way", AFTER)
def test_the_queues_retry_finds_the_verdict_of_a_long_scan(lab, hasty, way):
    mark = token()
    scans, known = counters(hasty)
    assert submit(lab, AFTER[way], slow(mark), sender=f"{mark}@elsewhere.example").code == 250
    until(lambda: deferred(lab, mark), lab.mail_log)
    assert "451 4.7.1 Still being scanned" in deferred(lab, mark)[0]
    # Not before the scan has ended: this retry is to find what is remembered.
    until(lambda: hasty.scans_under_way() == 0, hasty.status)
    lab.command("postfix", "postqueue", "-f")
    wait_arrived(lab, "alice", mark)
    wait_queue_empty(lab)
    found = arrived(lab, "alice", mark)
    assert len(found) == 1 and b"\r\nX-Rastel: clean; " in found[0]
    assert counters(hasty) == (scans + 1, known), "scanned again, or looked up elsewhere"
    rows = rows_of(hasty, mark, 2)
    assert rows[0] == ("unscanned(timeout)", "defer") and rows[-1] == ("clean", "pass"), rows
    assert set(rows[1:-1]) <= {("unscanned(timeout)", "defer")}, rows  # Postfix may have come again by itself meanwhile


@pytest.mark.parametrize("way", AFTER)
def test_the_queues_retry_joins_a_scan_that_is_still_under_way(lab, way):
    """The scanners stand still until the retry waits as well: none of it is a matter of luck."""
    mark = token()
    with patient_for(lab, "6s") as rastel:
        stopped = rastel.stop_workers()
        scans, known = counters(rastel)
        assert submit(lab, AFTER[way], peers.mail(mark), sender=f"{mark}@elsewhere.example").code == 250
        until(lambda: deferred(lab, mark), lab.mail_log)
        assert rastel.scans_under_way() == 1
        lab.command("postfix", "postqueue", "-f")
        until(lambda: any(json.loads(entry)["queue_name"] == "active" for entry in lab.queue()), lab.queue)
        time.sleep(1)  # now it waits at the door
        assert rastel.scans_under_way() == 1, "the retry began a scan of its own"
        assert not arrived(lab, "alice", mark)
        rastel.resume_workers(stopped)
        wait_arrived(lab, "alice", mark)
        wait_queue_empty(lab)
        assert len(arrived(lab, "alice", mark)) == 1
        assert counters(rastel) == (scans + 1, known)
        assert rows_of(rastel, mark, 2)[-1] == ("clean", "pass")


def test_before_the_queue_the_sender_comes_again_and_is_not_scanned_twice(lab, hasty):
    """Postfix puts another Received line on top each time: the retry is known by what stands below (X-21)."""
    mark = token()
    content = slow(mark)
    scans, known = counters(hasty)
    reply = submit(lab, BEFORE, content, sender=f"{mark}@elsewhere.example")
    assert reply.code == 451 and "Still being scanned" in reply.text, reply
    until(lambda: hasty.scans_under_way() == 0, hasty.status)
    assert not arrived(lab, "alice", mark)
    assert submit(lab, BEFORE, content, sender=f"{mark}@elsewhere.example").code == 250
    wait_arrived(lab, "alice", mark)
    wait_queue_empty(lab)
    assert len(arrived(lab, "alice", mark)) == 1
    assert counters(hasty) == (scans + 1, known)
    assert rows_of(hasty, mark, 2) == [("unscanned(timeout)", "defer"), ("clean", "pass")]


@pytest.mark.parametrize("way", AFTER)
def test_what_a_long_scan_finds_is_held_at_the_retry(lab, hasty, way):
    mark = token()
    scans, _ = counters(hasty)
    content = peers.mail(mark, b"--b\r\nContent-Type: text/plain\r\n\r\nThis is " + SLOW_WORD + b"\r\n--b\r\n"
                         b"Content-Type: application/octet-stream\r\n\r\n" + daemon.eicar() + b"\r\n--b--\r\n",
                         b'Content-Type: multipart/mixed; boundary="b"\r\n')
    assert submit(lab, AFTER[way], content, sender=f"{mark}@elsewhere.example").code == 250
    until(lambda: deferred(lab, mark), lab.mail_log)
    until(lambda: hasty.scans_under_way() == 0, hasty.status)
    lab.command("postfix", "postqueue", "-f")
    until(lambda: [row for row in hasty.held() if row["subject"] == mark], lab.mail_log)
    wait_queue_empty(lab)
    assert len([row for row in hasty.held() if row["subject"] == mark]) == 1 and not arrived(lab, "alice", mark)
    assert counters(hasty)[0] == scans + 1
