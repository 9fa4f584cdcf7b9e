# SPDX-License-Identifier: GPL-2.0-only
"""Recipients that a client has sent behind its MAIL go to the next hop together with it, and nothing else changes."""
import pytest

import peers

CONTENT = peers.mail("ahead")


def pipelined(client, recipients, sender="s@x.example"):
    """MAIL, RCPT … and DATA in one write; their replies."""
    lines = [f"MAIL FROM:<{sender}>", *[f"RCPT TO:<{recipient}>" for recipient in recipients], "DATA"]
    client.send("".join(line + "\r\n" for line in lines).encode())
    return [client.reply() for _ in lines]


def seen_with_mail(hop):
    """Fills the list it returns with what lay behind each MAIL when that was read."""
    seen = []
    hop.hooks["MAIL"] = lambda session, line: seen.append(session.buffer.decode())
    return seen


def rcpt(count):
    return [f"r{number}@lab.test" for number in range(count)]


def test_they_are_handed_on_in_one_write_with_mail(doors):
    seen = seen_with_mail(doors.hop)
    with doors.client() as client:
        client.hello()
        replies = pipelined(client, rcpt(3))
        assert [reply.code for reply in replies] == [250, 250, 250, 250, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert seen == ["RCPT TO:<r0@lab.test>\r\nRCPT TO:<r1@lab.test>\r\nRCPT TO:<r2@lab.test>\r\n"]
    (message,) = doors.hop.messages
    assert message.recipients == [f"RCPT TO:<{one}>" for one in rcpt(3)] and message.content.endswith(CONTENT)


def test_every_reply_reaches_its_recipient(doors):
    doors.hop.hooks["RCPT"] = lambda _, line: "550 5.1.1 nobody" if "r1@" in line else None
    with doors.client() as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(3))] == [250, 250, 550, 250, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert doors.hop.messages[0].recipients == ["RCPT TO:<r0@lab.test>", "RCPT TO:<r2@lab.test>"]


def test_a_refused_sender_has_no_recipients(doors):
    doors.hop.hooks["MAIL"] = "550 5.7.1 not you"
    doors.hop.hooks["RCPT"] = "503 5.5.1 need MAIL"
    with doors.client() as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(2))][:3] == [550, 503, 503]
        doors.hop.hooks.clear()
        assert client.deliver(CONTENT).code == 250
    assert [message.recipients for message in doors.hop.messages] == [["RCPT TO:<alice@lab.test>"]]


def test_without_pipelining_each_waits_for_the_answer_before(doors):
    doors.hop.keywords = [keyword for keyword in peers.FULL if keyword != "PIPELINING"]
    seen = seen_with_mail(doors.hop)
    with doors.client() as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(3))] == [250, 250, 250, 250, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert seen == [""] and len(doors.hop.messages[0].recipients) == 3


@pytest.mark.parametrize("how", [peers.CLOSE, "421 4.3.2 closing"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_next_hop_that_leaves_among_them_is_asked_again(doors, how, at):
    left = iter([None] * at + [how])
    doors.hop.hooks["RCPT"] = lambda *_: next(left, None)
    with doors.client() as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(3))] == [250, 250, 250, 250, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    (message,) = doors.hop.messages
    assert message.recipients == [f"RCPT TO:<{one}>" for one in rcpt(3)], "each of them once"


def test_more_than_are_told_ahead_follow_one_by_one(doors):
    seen = seen_with_mail(doors.hop)
    with doors.client() as client:
        client.hello()
        replies = pipelined(client, rcpt(150))
        assert {reply.code for reply in replies[:-1]} == {250} and replies[-1].code == 354
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert seen[0].count("RCPT") == 100 and len(doors.hop.messages[0].recipients) == 150


def test_smtp_to_lmtp_takes_one(doors):
    hop = doors.hops["smtp-lmtp"]
    seen = seen_with_mail(hop)
    with doors.client("smtp-lmtp") as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(3))] == [250, 250, 452, 452, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert seen == ["RCPT TO:<r0@lab.test>\r\n"] and hop.messages[0].recipients == ["RCPT TO:<r0@lab.test>"]


def test_too_many_for_the_door_never_reach_the_next_hop(doors):
    hop = doors.hops["smtp-few-smtp"]
    with doors.client("smtp-few-smtp") as client:
        client.hello()
        assert [reply.code for reply in pipelined(client, rcpt(4))] == [250, 250, 250, 452, 452, 354]
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert len(hop.messages[0].recipients) == 2 and sum(line.startswith("RCPT") for line in hop.commands) == 2


@pytest.mark.parametrize("behind", ["RSET\r\n", "MAIL FROM:<other@x.example>\r\n", "QUIT\r\n", "RCPT TO:<>\r\n", "RCPT TO:<b@x>\n"])
def test_what_follows_them_is_read_as_ever(doors, how, behind):
    with doors.client(how=how) as client:
        client.hello()
        client.send(f"MAIL FROM:<a@x.example>\r\nRCPT TO:<r0@lab.test>\r\n{behind}".encode())
        assert [client.reply().code, client.reply().code] == [250, 250]
        code = client.reply().code
        assert code == {"RSET": 250, "MAIL": 503, "QUIT": 221, "RCPT": 500 if "\r" not in behind else 501}[behind[:4]]
        if behind == "QUIT\r\n":
            return
        assert client.command("RSET").code == 250
        assert client.deliver(CONTENT).code == 250
    assert [message.recipients for message in doors.hop.messages] == [["RCPT TO:<alice@lab.test>"]]
