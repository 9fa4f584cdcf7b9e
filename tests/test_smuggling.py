# SPDX-License-Identifier: GPL-2.0-only
"""SMTP smuggling: every form of end-of-data but CRLF.CRLF is content (PROTOCOLS A-10). Behind the door stands a next hop
that takes only the true one, then one that takes every false one, and (in the lab) a Postfix that takes bare line feeds.
"""
import re

import pytest



# What some servers took for the end of data (the list of the published scanner).
FALSE_ENDS = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "CR.LF": b"\r.\n", "LF.CR": b"\n.\r",
    "CR.CRLF": b"\r.\r\n", "CRLF.CR": b"\r\n.\r", "CRLF.CRCRLF": b"\r\n.\r\r\n", "CRCRLF.CRCRLF": b"\r\r\n.\r\r\n",
    "CRLFNUL.CRLF": b"\r\n\0.\r\n", "CRLF.NULCRLF": b"\r\n.\0\r\n", "NULCRLF.CRLF-stuffed": b"\0\r\n..\r\n", "CRCRLF.CRLF-stuffed": b"\r\r\n..\r\n",
    "LFLF.CRLF": b"\n\n.\r\n", "CRLF.VTCRLF": b"\r\n.\x0b\r\n", "CRLF.blankCRLF": b"\r\n. \r\n",
}
SMUGGLED = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<alice@lab.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n"


def attack(false_end):
    return b"Subject: outer\r\n\r\nouter" + false_end + SMUGGLED


def as_the_credulous_see_it(hop):
    """What is left of the wire's content if any dot alone between any line ends is an end of data."""
    found = []
    for message in hop.messages:
        wire = b"\r\n" + message.content.replace(b"\r\n.", b"\r\n..")
        found += re.split(rb"(?:\r\n|\r|\n)\0?\.\0?(?:\r\r\n|\r\n|\r|\n)", wire)
    return found


def send_by_data(client, content):
    """`content` as the attacker writes it: not stuffed, and with its true end."""
    client.hello()
    client.envelope("a@x.example", ["alice@lab.test"])
    assert client.command("DATA").code == 354
    client.send(content + b"\r\n.\r\n")
    return client.reply()


def send_by_bdat(client, content, sizes):
    client.hello()
    client.envelope("a@x.example", ["alice@lab.test"])
    start = 0
    for size in sizes:
        client.send(b"BDAT %d\r\n" % len(content[start:start + size]) + content[start:start + size])
        assert client.reply().code == 250
        start += size
    client.send(b"BDAT %d LAST\r\n" % len(content[start:]) + content[start:])
    return client.reply()


def one_message(hop, answer):
    """Refused, or exactly one message that holds the attack as text, and no command of it."""
    assert answer.code == 250 or answer.code in range(500, 560), answer
    assert len(hop.messages) == (1 if answer.code == 250 else 0)
    assert not any("evil" in command for command in hop.commands)
    for message in hop.messages:
        content = message.content
        bare = content.replace(b"\r\n", b"")
        assert b"\r" not in bare and b"\n" not in bare and b"\0" not in content
        assert b"smuggled" in content


@pytest.mark.parametrize("name", FALSE_ENDS)
def test_a_false_end_in_data_is_content(doors, how, name):
    with doors.client(how=how) as client:
        one_message(doors.hop, send_by_data(client, attack(FALSE_ENDS[name])))


@pytest.mark.parametrize("name", FALSE_ENDS)
@pytest.mark.parametrize("place", ["whole", "before", "within", "behind"])
def test_a_false_end_in_chunks_is_content(doors, how, name, place):
    content = attack(FALSE_ENDS[name])
    at = content.index(FALSE_ENDS[name])
    sizes = {"whole": [], "before": [at], "within": [at + 1, 1], "behind": [at + len(FALSE_ENDS[name])]}[place]
    with doors.client(how=how) as client:
        one_message(doors.hop, send_by_bdat(client, content, sizes))


@pytest.mark.parametrize("name", FALSE_ENDS)
def test_a_credulous_next_hop_sees_one_message_too(doors, how, name):
    for send in (send_by_data, lambda client, content: send_by_bdat(client, content, [7])):
        doors.fresh()
        with doors.client(how=how) as client:
            send(client, attack(FALSE_ENDS[name]))
        assert len(as_the_credulous_see_it(doors.hop)) == len(doors.hop.messages)


def test_commands_behind_the_end_of_data_are_not_content(doors, how):
    """The reverse: the true end of data ends it, whatever follows in the same segment."""
    with doors.client(how=how) as client:
        client.hello()
        client.envelope("a@x.example", ["alice@lab.test"])
        client.command("DATA")
        client.send(b"Subject: one\r\n\r\none\r\n.\r\nMAIL FROM:<b@x.example>\r\nRCPT TO:<alice@lab.test>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(4)] == [250, 250, 250, 354]
        client.send(b"Subject: two\r\n\r\ntwo\r\n.\r\n")
        assert client.reply().code == 250
    assert len(doors.hop.messages) == 2
