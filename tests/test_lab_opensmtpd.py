# SPDX-License-Identifier: GPL-2.0-only
"""OpenSMTPD with rastel-opensmtpd-filter: clients that vanish, many at once, several messages a session, large ones, and Rastel going
and coming back. smtpd would end with its filter; it is there in the end, with the process that it began with."""
import concurrent.futures
import time

import pytest

import daemon
import matrix
import peers
import roots
from matrix import Sent

HOOK = "OpenSMTPD filter"
FILTER = ["pidof", "rastel-opensmtpd-filter"]


@pytest.fixture(scope="module")
def session():
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    with matrix.Session("opensmtpd") as one:
        one.began_with = one.lab.command("opensmtpd", *FILTER).split()
        assert len(one.began_with) == 1
        yield one


@pytest.fixture(autouse=True)
def stays(session):
    yield
    assert session.lab.command("opensmtpd", *FILTER).split() == session.began_with


def client(session):
    one = peers.Client(None, connection=session.lab.connect(session.lab.session.address, session.hooks[HOOK]))
    one.hello()
    return one


def begin(one):
    assert {reply.code for reply in one.envelope("bob@lab.test", ["alice@lab.test"])} == {250}
    assert one.command("DATA").code == 354


def arrived(session, sent, seconds=60):
    end = time.monotonic() + seconds
    while session.outcome(sent) != "passed":
        assert time.monotonic() < end, session.outcome(sent)
        time.sleep(0.3)


def test_clients_that_vanish_leave_the_others_alone(session):
    for end in (b"", b".\r\n"):
        for _ in range(10):
            with client(session) as one:
                begin(one)
                one.send(daemon.infected("vanishing") + end)
    arrived(session, session.send(HOOK, Sent(session.contents["clean"])))


def test_several_messages_in_a_session(session):
    clean = [Sent(session.contents["clean"]) for _ in range(3)]
    with client(session) as one:
        for sent in clean:
            begin(one)
            one.send(peers.stuffed(daemon.infected("in between")))
            assert one.reply().code == 550
            begin(one)
            one.send(peers.stuffed(sent.content))
            sent.reply = one.reply()
            assert sent.reply.code == 250
    for sent in clean:
        arrived(session, sent)


def test_many_at_once(session):
    sent = [Sent(session.contents["clean"]) if number % 2 else Sent(daemon.infected(f"at once {number}")) for number in range(40)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda one: session.send(HOOK, one), sent))
    assert [one.reply.code for one in sent] == [250 if number % 2 else 550 for number in range(40)]
    for one in sent[1::2]:
        arrived(session, one)


def test_a_large_message(session):
    sent = Sent(peers.mail("large", (b"x" * 70 + b"\r\n") * 100_000, b"Message-ID: <1@x>\r\n"))
    assert session.send(HOOK, sent).reply.code == 250
    arrived(session, sent)


def test_rastel_killed_and_back(session):
    session.rastel.kill()
    sent = session.send(HOOK, Sent(session.contents["clean"]))
    assert sent.reply.code == 451
    session.rastel.start()
    arrived(session, session.send(HOOK, sent))
