# SPDX-License-Identifier: GPL-2.0-only
"""The scripted peers against each other and against Python's own client: a harness that errs proves nothing."""
import smtplib

import pytest

import peers

AWKWARD = [b"", b"\r\n", b".\r\n", b"..\r\n.x\r\n", b"Subject: x\r\n\r\n.leading\r\n..two\r\n.\r\nend\r\n",
           b"Subject: x\r\n\r\na\nb\rc\0d\r\n" + bytes(range(128, 256)) + b"\r\n"]


@pytest.mark.parametrize("content", AWKWARD)
def test_content_arrives_as_it_was_sent(content, how, closing):
    hop = closing(peers.NextHop())
    with peers.Client(hop.port, how) as client:
        assert client.deliver(content).code == 250
        assert client.quit().code == 221
    assert [message.content for message in hop.messages] == [content]
    assert hop.messages[0].recipients == ["RCPT TO:<alice@lab.test>"]


def test_pythons_client_is_understood(closing):
    hop = closing(peers.NextHop())
    with smtplib.SMTP("127.0.0.1", hop.port, timeout=10) as client:
        client.sendmail("a@x.example", ["b@x.example", "c@x.example"], b"Subject: s\r\n\r\n.dot\r\n")
    assert hop.messages[0].content == b"Subject: s\r\n\r\n.dot\r\n"
    assert len(hop.messages[0].recipients) == 2 and hop.messages[0].accepted


def test_lmtp_answers_once_a_recipient(closing):
    hop = closing(peers.NextHop(lmtp=True))
    with peers.Client(hop.port, lmtp=True) as client:
        assert [reply.code for reply in client.deliver(b"x\r\n", recipients=("a@x", "b@x"))] == [250, 250]


def test_a_next_hop_does_what_its_hooks_say(closing):
    hop = closing(peers.NextHop({"RCPT": lambda session, line: "550 5.1.1 no" if "bad" in line else None,
                                 "DOT": peers.CLOSE}))
    with peers.Client(hop.port) as client:
        client.hello()
        assert [reply.code for reply in client.envelope("s@x", ["bad@x", "good@x"])] == [250, 550, 250]
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(b"x\r\n"))
        with pytest.raises(peers.Closed):
            client.reply()
    assert not hop.messages[0].accepted and hop.messages[0].recipients == ["RCPT TO:<good@x>"]


def test_a_bare_line_feed_ends_nothing(closing):
    hop = closing(peers.NextHop())
    with peers.Client(hop.port) as client:
        client.hello()
        client.envelope("s@x", ["r@x"])
        client.command("DATA")
        client.send(b"one\n.\nMAIL FROM:<evil@x>\n\r\n.\r\n")
        assert client.reply().code == 250
    assert len(hop.messages) == 1
