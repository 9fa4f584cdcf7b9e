# SPDX-License-Identifier: GPL-2.0-only
"""Courier with rastel-courierfilter: what it says of a message, large ones and many, local mail, and a filter that is killed, stopped
and taken away. Nothing but taking it away lets mail pass without it."""
import concurrent.futures
import time

import pytest

import matrix
import peers
import roots
from matrix import Sent

HOOK = "Courier courierfilter"


@pytest.fixture(scope="module")
def session():
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    with matrix.Session("courierfilter") as one:
        yield one


def courier(session, command):
    return session.lab.command("courier", "sh", "-c", command)


def clean(session):
    return Sent(session.contents["clean"])


def infected(session):
    return Sent(session.contents["infected"])


def arrived(session, sent, seconds=60):
    end = time.monotonic() + seconds
    while session.outcome(sent) != "passed bare":
        assert time.monotonic() < end, session.outcome(sent)
        time.sleep(0.3)


def test_several_messages_in_a_session(session):
    sent = [clean(session) for _ in range(3)]
    with peers.Client(None, connection=session.lab.connect(session.lab.session.address, 25)) as client:
        client.hello()
        for number, one in enumerate(sent):
            assert client.deliver(infected(session).content, "bob@lab.test", ["alice@lab.test"]).code == 550
            one.reply = client.deliver(one.content, "" if number == 0 else "bob@lab.test", ["alice@lab.test", "carol@lab.test"])
            assert one.reply.code == 250
    for one in sent:
        arrived(session, one)


def test_what_it_said_of_the_client_is_in_the_history(session):
    sent = session.send(HOOK, clean(session))
    assert sent.reply.code == 250
    row = next(row for row in session.rastel.history("--limit", "20") if sent.mark in row["msgid"])
    assert (row["from"], row["to"], row["client"]) == ("bob@lab.test", "alice@lab.test", "unknown[10.99.0.1]"), row


def test_many_at_once_and_a_large_one(session):
    sent = [clean(session) if number % 2 else infected(session) for number in range(30)]
    sent.append(Sent(session.contents["clean"] + (b"x" * 70 + b"\r\n") * 100_000))
    with concurrent.futures.ThreadPoolExecutor(15) as pool:
        list(pool.map(lambda one: session.send(HOOK, one), sent))
    assert [one.reply.code for one in sent] == [*(250 if number % 2 else 550 for number in range(30)), 250]
    for one in [*sent[1:30:2], sent[30]]:
        arrived(session, one)


def test_local_mail_is_asked_about(session):
    for sent, code in ((infected(session), "1"), (clean(session), "0")):
        text = sent.content.replace(b"\r\n", b"\n").decode()
        said = courier(session, f"sendmail -f bob@lab.test alice@lab.test <<'END' >/dev/null 2>&1; [ $? = 0 ]; echo $?\n{text}END\n")
        assert said == code + "\n", said
        sent.reply = peers.Reply(250 if code == "0" else 550, [""])
        if code == "0":
            end = time.monotonic() + 60
            while not session.seen(sent)[0]:
                assert time.monotonic() < end
                time.sleep(0.3)
        else:
            assert not any(session.seen(sent))


def test_a_filter_that_is_killed_is_a_deferral_until_it_is_started(session):
    courier(session, "kill -9 $(pidof rastel)")
    sent = session.send(HOOK, clean(session))
    assert sent.reply.code // 100 == 4, sent.reply
    courier(session, "courierfilter stop; courierfilter start")
    assert session.send(HOOK, sent).reply.code == 250
    arrived(session, sent)


def test_a_filter_that_is_stopped_lets_nothing_pass_and_one_taken_away_everything(session):
    courier(session, "courierfilter stop")
    assert courier(session, "pidof rastel || true") == ""
    assert session.send(HOOK, clean(session)).reply.code // 100 == 4
    courier(session, "courierfilter start")
    assert session.send(HOOK, infected(session)).reply.code == 550
    courier(session, "filterctl stop rastel")
    sent = infected(session)
    end = time.monotonic() + 20
    while session.send(HOOK, sent).reply.code != 250:  # courierfilter is told by a signal
        assert time.monotonic() < end, sent.reply
        time.sleep(0.2)
    courier(session, "filterctl start rastel")
    while session.send(HOOK, infected(session)).reply.code != 550:
        assert time.monotonic() < end
        time.sleep(0.2)
