# SPDX-License-Identifier: GPL-2.0-only
"""What real mail servers do when the delivery program behind rastel-deliver ends with a code, by a signal, or isn't there:
delivered, deferred, bounced. The table is printed. Needs root; skipped with a reason elsewhere."""
import time

import pytest

import conftest
import matrix
import peers
import roots
import lab_exit_codes
from lab_exit_codes import ENDS

# The others, and what else is said there, aren't measured yet.
CALLERS = {caller: row for caller, row in lab_exit_codes.CALLERS.items() if caller in ("Postfix mailbox_command", "Postfix pipe", "Exim pipe")}
PROGRAM = "usr/local/bin/ends"


def send(session, caller, end):
    sent = matrix.Sent(session.contents["clean"])
    sent.address = f"{CALLERS[caller][2]}+{end}{matrix.DOMAIN}"
    with peers.Client(None, connection=session.lab.connect(session.lab.session.address, CALLERS[caller][1])) as client:
        sent.reply = client.deliver(sent.content, matrix.SENDER + matrix.DOMAIN, [sent.address])
    assert sent.reply.code == 250, sent.reply
    return sent


def settled(session, all_sent):
    """Once Rastel has scanned each, and the mail server has had time to do what it then does."""
    end = time.monotonic() + matrix.PATIENCE
    while True:
        seen = " ".join(row["msgid"] for row in session.rastel.history("--limit", "1000"))
        if all(sent.mark in seen for sent in all_sent):
            break
        assert time.monotonic() < end, session.lab.mail_log()[-3000:]
        time.sleep(0.3)
    time.sleep(4)


def became(session, sent):
    waiting = any(sent.address in line for line in session.lab.queue())
    bounced = any(sent.mark.encode() in data for data in session.lab.mailbox(matrix.SENDER).values())
    return {(False, False): "delivered", (True, False): "deferred", (False, True): "bounced"}.get((waiting, bounced), "both")


def measure(session, callers):
    """{(caller, end): what became of it}; for "missing" the program is taken away at last."""
    sent = {(caller, end): send(session, caller, end) for caller in callers for end in ENDS if end != "missing"}
    settled(session, sent.values())
    found = {key: became(session, one) for key, one in sent.items()}
    program = session.lab.root(session.lab.session.mta) / PROGRAM
    program.rename(program.with_suffix(".away"))
    sent = {(caller, "missing"): send(session, caller, "missing") for caller in callers}
    settled(session, sent.values())
    return found | {key: became(session, one) for key, one in sent.items()}


@pytest.fixture(scope="module")
def measured():
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    found = {}
    for name in sorted({name for name, *_ in CALLERS.values()}):
        with matrix.Session(name) as session:
            found |= measure(session, [caller for caller, (where, *_) in CALLERS.items() if where == name])
    conftest.tables.append(("exit codes of delivery programs", ["caller", *ENDS],
                            [[caller, *(found[caller, end] for end in ENDS)] for caller in CALLERS]))
    return found


@pytest.mark.parametrize("caller", CALLERS)
def test_each_end_is_understood_as_it_was_meant(measured, caller):
    assert {end: measured[caller, end] for end in ENDS} == {end: CALLERS[caller][3][end] for end in ENDS}
