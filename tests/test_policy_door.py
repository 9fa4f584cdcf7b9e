# SPDX-License-Identifier: GPL-2.0-only
"""Several recipients, several outcomes, through the door; discard, defer, observe."""
import re

import pytest

import daemon
import peers

RULES = [
    {"recipients": ["held@lab.test"], "infected": "quarantine"},
    {"recipients": ["tagged@lab.test"], "infected": "tag"},
    {"recipients": ["dropped@lab.test"], "infected": "discard"},
    {"recipients": ["later@lab.test"], "infected": "defer"},
    {"recipients": ["watched@lab.test"], "mode": "observe"},
]
HELD, TAGGED, DROPPED, LATER, WATCHED, REFUSED = (
    f"{name}@lab.test" for name in ("held", "tagged", "dropped", "later", "watched", "refused"))


@pytest.fixture(scope="module")
def ruled():
    hops = {"smtp": peers.NextHop(), "lmtp": peers.NextHop(lmtp=True)}
    rastel = daemon.Rastel(
        {"name": "smtp", "next_hop": hops["smtp"].address}, {"name": "lmtp", "protocol": "lmtp", "next_hop": hops["lmtp"].address},
        {"name": "after", "next_hop": hops["smtp"].address, "place": "after-queue"}, rules=RULES)
    with rastel.start():
        rastel.hops = hops
        yield rastel
    for hop in hops.values():
        hop.stop()


@pytest.fixture
def rastel(ruled):
    for hop in ruled.hops.values():
        hop.messages.clear()
        hop.hooks.clear()
    return ruled


def addresses(message):
    return [re.search("<(.*)>", line)[1] for line in message.recipients]


def codes(reply):
    return [one.code for one in reply] if isinstance(reply, list) else reply.code


def held(rastel, subject):
    return [row for row in rastel.held() if row["subject"] == subject]


@pytest.mark.parametrize("door, hop", [(0, "smtp"), (1, "lmtp"), (2, "smtp")])
def test_one_is_held_and_one_is_tagged(rastel, how, door, hop):
    subject = f"two outcomes {door} {how}"
    content = daemon.infected(subject)
    with rastel.client(door, how=how) as client:
        reply = client.deliver(content, recipients=(HELD, TAGGED))
        assert codes(reply) == ([250, 250] if hop == "lmtp" else 250), reply
    messages = rastel.hops[hop].messages
    assert [addresses(message) for message in messages] == [[TAGGED]]
    header, rest = peers.our_header(messages[0].content)
    assert header.startswith("X-Rastel: infected;") and rest == content
    rows = held(rastel, subject)
    assert len(rows) == 1 and [to["address"] for to in rows[0]["to"]] == [HELD]
    assert rastel.raw(rows[0]["id"]) == content
    assert f"id={rows[0]['id']}" in header


def test_holding_is_idempotent_when_the_rest_is_deferred(rastel):
    """A.30: the next hop defers the tagged one's copy: 451 for all, and the retry holds nothing twice."""
    content = daemon.infected("deferred once")
    rastel.hops["smtp"].hooks["DOT"] = "451 4.3.0 later"
    with rastel.client() as client:
        assert client.deliver(content, recipients=(HELD, TAGGED)).code == 451
        del rastel.hops["smtp"].hooks["DOT"]
        assert client.deliver(content, recipients=(HELD, TAGGED)).code == 250
    assert len(held(rastel, "deferred once")) == 1
    assert len(rastel.hops["smtp"].accepted()) == 1


def test_a_refusal_for_some_becomes_a_hold_in_smtp(rastel):
    content = daemon.infected("refused for one")
    with rastel.client() as client:
        assert client.deliver(content, recipients=(REFUSED, TAGGED)).code == 250
    assert [addresses(message) for message in rastel.hops["smtp"].messages] == [[TAGGED]]
    assert [to["address"] for to in held(rastel, "refused for one")[0]["to"]] == [REFUSED]


def test_a_refusal_for_some_is_said_to_them_in_lmtp(rastel):
    with rastel.client(1) as client:
        assert codes(client.deliver(daemon.infected("lmtp refusal"), recipients=(REFUSED, TAGGED, HELD))) == [554, 250, 250]
    assert [addresses(message) for message in rastel.hops["lmtp"].messages] == [[TAGGED]]
    assert [to["address"] for to in held(rastel, "lmtp refusal")[0]["to"]] == [HELD]


def test_any_deferral_defers_the_whole_message_in_smtp(rastel):
    with rastel.client() as client:
        assert client.deliver(daemon.infected("deferral"), recipients=(TAGGED, LATER)).code in range(400, 500)
    assert not rastel.hops["smtp"].messages


def test_lmtp_defers_only_whom_it_must(rastel):
    with rastel.client(1) as client:
        assert codes(client.deliver(daemon.infected("deferral"), recipients=(TAGGED, LATER))) == [250, 451]
    assert [addresses(message) for message in rastel.hops["lmtp"].messages] == [[TAGGED]]


def test_a_discard_is_acknowledged_recorded_and_gone(rastel):
    with rastel.client() as client:
        assert client.deliver(daemon.infected("discarded"), recipients=(DROPPED,)).code == 250
    assert not rastel.hops["smtp"].messages
    assert not held(rastel, "discarded")
    row = rastel.history(DROPPED, count=1)[0]
    assert (row["class"], row["action"]) == ("infected", "discard")
    assert any(entry["id"] == row["id"] for entry in rastel.held(everything=True))


def test_observe_lets_it_pass_and_says_what_would_have_been(rastel):
    content = daemon.infected("observed")
    with rastel.client() as client:
        assert client.deliver(content, recipients=(WATCHED,)).code == 250
    header, rest = peers.our_header(rastel.hops["smtp"].messages[0].content)
    assert rest == content and "infected" in header
    row = rastel.rows("history", "--would")
    row = [one for one in rastel.history(WATCHED, count=1)][0]
    assert row["observed"] and row["class"] == "infected" and row["action"].startswith("reject")
    assert rastel.history("--would", count=1)[0]["to"] == WATCHED


def test_one_log_line_a_group_where_actions_differ(rastel):
    with rastel.client() as client:
        client.deliver(daemon.infected("groups"), recipients=(HELD, TAGGED, "held@lab.test"))
    identity = held(rastel, "groups")[0]["id"]
    lines = rastel.lines(identity)
    assert len(lines) == 2, lines
    assert any("action=quarantine" in line and f"to=<{HELD}>" in line for line in lines)
    assert any("action=tag" in line and f"to=<{TAGGED}>" in line for line in lines)
