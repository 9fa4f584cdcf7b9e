# SPDX-License-Identifier: GPL-2.0-only
"""Envelopes that the next hop, or another one in its place, can't take as they were announced."""
import time

import pytest

import peers

CONTENT = peers.mail("envelope")
# Without XFORWARD nothing but the envelope itself tells that a transaction is open.
PLAIN = [keyword for keyword in peers.FULL if not keyword.startswith("XFORWARD")]


@pytest.mark.parametrize("answer", ["450 4.1.1 not now", "550 5.1.1 nobody", "354 what?", peers.HANG])
def test_an_envelope_that_could_not_be_told_again_is_forgotten_there(doors, answer):
    """B is refused, or not answered, as the next hop has left behind A: the next message starts from nothing."""
    doors.hop.keywords = PLAIN
    said = iter([None, peers.CLOSE, answer])  # to A, to B, and to A once more on a new connection
    doors.hop.hooks["RCPT"] = lambda *_: next(said, None)
    with doors.client() as client:
        client.hello()
        assert client.command("MAIL FROM:<s@x.example>").code == 250
        assert client.command("RCPT TO:<a@lab.test>").code == 250
        assert client.command("RCPT TO:<b@lab.test>").code in range(400, 500)
        doors.hop.hooks.clear()
        assert client.command("RSET").code == 250
        assert client.deliver(CONTENT).code == 250
    assert [message.recipients for message in doors.hop.messages] == [["RCPT TO:<alice@lab.test>"]]


def announced_by(client):
    return set(client.hello())


def test_what_is_announced_while_the_next_hop_is_away_is_what_a_queue_may_need(start):
    wanted = {"8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"}
    rastel = start({"next_hop": f"127.0.0.1:{peers.free_port()}"}, {"max_sessions": 1})
    with rastel.client() as client:
        assert wanted <= announced_by(client)
    with rastel.client(1), rastel.client(1) as refused:
        assert wanted <= announced_by(refused), "or Postfix bounces what needs one of them before it hears 421"
        assert refused.command("MAIL FROM:<a@x.example> SMTPUTF8").code == 421


@pytest.mark.parametrize("parameters, keyword", [(" BODY=8BITMIME", "8BITMIME"), (" SMTPUTF8", "SMTPUTF8"), (" RET=HDRS", "DSN")])
def test_a_parameter_never_goes_to_a_next_hop_that_did_not_offer_it(start, closing, parameters, keyword):
    """A-19: it would answer 555, and the sender would bounce what another try delivers."""
    port = peers.free_port()
    rastel = start({"next_hop": f"127.0.0.1:{port}"})
    with rastel.client() as client:
        assert keyword in announced_by(client)
        hop = closing(peers.NextHop(port=port, keywords=["PIPELINING"]))
        assert client.command(f"MAIL FROM:<a@x.example>{parameters}").code == 451
        assert client.command("MAIL FROM:<a@x.example>").code == 250
        assert client.command("RCPT TO:<alice@lab.test> NOTIFY=NEVER").code == 451
        assert client.command("RCPT TO:<alice@lab.test>").code == 250
        client.send(b"RSET\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@lab.test> NOTIFY=NEVER\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 451], "nor when it is sent ahead"
    assert not [line for line in hop.commands if "=" in line or "SMTPUTF8" in line]


def test_uniform_rcpt_makes_one_refusal_the_messages(start):
    rastel = start({"uniform_rcpt": True})
    rastel.hop.hooks["RCPT"] = lambda _, line: "550 5.1.1 nobody" if "b@" in line else None
    recipients = ["a@lab.test", "b@lab.test", "c@lab.test"]
    with rastel.client() as client:
        client.hello()
        assert [answer.code for answer in client.envelope("s@x.example", recipients)] == [250] * 4
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(CONTENT))
        reply = client.reply()
        assert reply.code == 550 and "nobody" in reply.text
        assert client.deliver(CONTENT, recipients=["a@lab.test", "c@lab.test"]).code == 250
        client.envelope("s@x.example", recipients)  # a refusal ends with its transaction
        assert client.command("RSET").code == 250
        assert client.deliver(CONTENT, recipients=["c@lab.test"]).code == 250
    assert [len(message.recipients) for message in rastel.hop.messages] == [2, 1]


def test_uniform_rcpt_with_chunks(start):
    rastel = start({"uniform_rcpt": True})
    rastel.hop.hooks["RCPT"] = lambda _, line: "450 4.1.1 later" if "b@" in line else None
    with rastel.client() as client:
        client.hello()
        client.envelope("s@x.example", ["a@lab.test", "b@lab.test"])
        client.send(b"BDAT %d LAST\r\n" % len(CONTENT) + CONTENT)
        assert client.reply().code == 450
        assert client.deliver(CONTENT).code == 250
    assert len(rastel.hop.messages) == 1


def test_line_breaks_as_they_are_only_from_trusted_peers(start):
    content = b"Subject: s\r\n\r\nbare\nline\r\n"
    rastel = start({"line_breaks": "as-is"}, {"line_breaks": "as-is", "trusted": []})
    for number, expected in enumerate([content, content.replace(b"bare\n", b"bare\r\n")]):
        with rastel.client(number) as client:
            assert client.deliver(content).code == 250
        assert peers.our_header(rastel.hops[number].messages[0].content)[1] == expected


def test_bytes_behind_the_end_of_data_without_leave_are_refused_and_close(start):
    """A-13, through a door: who said HELO was offered no PIPELINING."""
    rastel = start()
    with rastel.client() as client:
        assert client.command("HELO client.example").code == 250
        client.envelope("s@x.example", ["a@lab.test"])
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(CONTENT) + b"MAIL FROM:<smuggled@x.example>\r\n")
        assert client.reply().code == 554 and client.at_end()
    time.sleep(0.2)
    assert not rastel.hop.messages and "smuggled" not in " ".join(rastel.hop.commands)
    assert "PIPELINING" in rastel.log()


def test_who_connects_while_scanners_are_overloaded_hears_it_at_mail(start):
    """A-46: 50 messages a worker may wait; then MAIL is answered 451, before anybody sends for nothing."""
    rastel = start({"reply_deadline": "60s"}, sections={"engine": {"workers": 1}})
    stopped = rastel.stop_workers()
    waiting = []
    for number in range(50):
        client = rastel.client()
        client.hello()
        client.envelope("s@x.example", ["a@lab.test"])
        client.command("DATA")
        client.send(peers.stuffed(peers.mail(f"waits {number}")))
        waiting.append(client)
    end = time.monotonic() + 20
    while rastel.scans_under_way() < 50:
        assert time.monotonic() < end, rastel.status()
    with rastel.client() as late:
        late.hello()
        answer = late.command("MAIL FROM:<s@x.example>")
        assert answer.code == 451 and "busy" in answer.text
    rastel.resume_workers(stopped)
    assert [client.reply().code for client in waiting] == [250] * 50
    with rastel.client() as client:
        assert client.deliver(CONTENT).code == 250
