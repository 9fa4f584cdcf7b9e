# SPDX-License-Identifier: GPL-2.0-only
"""The SMTP door, message by message, against real bytes on both sides: what passes, how, and what is said."""
import hashlib
import os
import re
import select
import socket
import time

import pytest

import daemon
import peers
from conftest import seeded

LINES = b"".join(b"%d: all work and no play\r\n" % number for number in range(2000))
MESSAGES = {
    "plain": peers.mail("plain", b"Hello,\r\n\r\nthis is a text.\r\n"),
    "dots": peers.mail("dots", b".\r\n..\r\n...leading\r\n.x\r\nend .\r\n.\r\n"),
    "eight-bit": peers.mail("caf\u00e9".encode().decode("latin-1"), bytes(range(128, 256)) * 3 + b"\r\n"),
    "trailing-blanks": peers.mail("blanks", b"a  \t \r\n   \r\n\t\r\n\r\n\r\n"),
    "long-line": peers.mail("long", b"x" * 5000 + b"\r\n" + b"y" * 998 + b"\r\n"),
    "folded-header": peers.mail("folded", b"b\r\n", b"X-Folded: one\r\n\ttwo\r\n  three\r\nx-odd:\r\n"),
    "header-only": b"Subject: only a header\r\n",
    "no-blank-line": b"Subject: x\r\nthis is no header\r\nnor this\r\n",
    "body-only": b"\r\nbody without a header\r\n",
    "empty": b"",
    "lines": peers.mail("lines", LINES),
    "foreign-headers": peers.mail("mine", b"b\r\n", b"X-Rastelli: juggler\r\nX-Spam: no\r\nAuthentication-Results: a; b\r\n"),
}


def same(one, other):
    return hashlib.sha256(one).hexdigest() == hashlib.sha256(other).hexdigest()


# What passes

@pytest.mark.parametrize("name", MESSAGES)
def test_clean_mail_is_identical_below_one_header(doors, how, name):
    content = MESSAGES[name]
    with doors.client(how=how) as client:
        reply = client.deliver(content)
    assert reply.code == 250 and "queued as Q1" in reply.text  # the next hop's own words, A-04
    header, rest = peers.our_header(doors.hop.messages[0].content)
    assert same(rest, content)
    message_class = "ambiguous" if name == "no-blank-line" else "clean"
    assert re.fullmatch(rf"X-Rastel: {message_class}; id=[0-9A-Za-z]+; door=smtp-smtp; signatures=\S+", header), header


@pytest.mark.parametrize("sizes", [[], [0], [1, 1, 1, 1], [7, 0, 100], [1000, 1000]])
def test_chunks_arrive_as_one_message(doors, how, sizes):
    content = MESSAGES["dots"]
    with doors.client(how=how) as client:
        assert client.deliver(content, chunks=sizes).code == 250
        assert client.deliver(MESSAGES["plain"]).code == 250  # in step afterwards
    assert same(peers.our_header(doors.hop.messages[0].content)[1], content)
    assert not any(command.upper().startswith("BDAT") for command in doors.hop.commands)  # A.3: ended here


def test_a_large_message_spills_to_disk_and_stays_itself(doors):
    content = peers.mail("large", seeded("large").randbytes(9_000_000).hex().encode() + b"\r\n")  # one line of 18 MB, A-15
    process = doors.rastel.daemon()
    before = resident(process)
    with doors.client() as client:
        assert client.deliver(content).code == 250
    assert same(peers.our_header(doors.hop.messages[0].content)[1], content)
    assert resident(process) - before < 12_000, "kB: memory a session is bounded whatever the message's size (A-45)"


def resident(process):
    text = open(f"/proc/{process}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def test_every_pairing_of_protocols_passes_mail(doors, how):
    for name in ("smtp-smtp", "lmtp-smtp", "smtp-lmtp", "lmtp-lmtp"):
        with doors.client(name, how=how) as client:
            reply = client.deliver(MESSAGES["dots"])
        reply = reply[0] if isinstance(reply, list) else reply
        assert reply.code == 250, (name, reply)
        assert same(peers.our_header(doors.hops[name].messages[0].content)[1], MESSAGES["dots"])


def test_forged_copies_of_our_header_are_removed_and_no_others(doors, how):
    forged = b"X-Rastel: clean; id=forged\r\nx-rastel: clean;\r\n id=folded\r\n\tand=again\r\nX-RASTEL : clean\r\n"
    content = peers.mail("forged", b"X-Rastel: in the body stays\r\n", b"X-Rastel-Other: stays\r\n")
    with doors.client(how=how) as client:
        client.hello()
        client.deliver(forged + content.replace(b"\r\nSubject", b"\r\nX-Rastel: clean; id=middle\r\nSubject"))
    received = doors.hop.messages[0].content
    assert same(peers.our_header(received)[1], content), received


def test_a_door_without_header_adds_nothing(start):
    rastel = start({"header": False})
    with rastel.client() as client:
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert rastel.hop.messages[0].content == MESSAGES["plain"]


def test_the_story_is_told_once_in_log_and_history(doors):
    content = peers.mail("story")
    message_id = re.search(rb"Message-ID: <(.*)>", content)[1].decode()
    with doors.client() as client:
        client.deliver(content, sender="teller@elsewhere.example")
    identity = re.search(r"id=(\w+)", peers.our_header(doors.hop.messages[0].content)[0])[1]
    row = doors.rastel.history(identity, count=1)[0]
    assert (row["class"], row["action"], row["from"], row["to"], row["door"], row["msgid"].strip("<>")) == \
        ("clean", "pass", "teller@elsewhere.example", "alice@lab.test", "smtp-smtp", message_id)
    lines = doors.rastel.lines(identity)
    assert len(lines) == 1, lines
    for part in ("door=smtp-smtp", "from=<teller@elsewhere.example>", "to=<alice@lab.test>", "class=clean", "action=pass",
                 message_id, "queued as Q1", f"next={doors.hop.address}"):
        assert part in lines[0], (part, lines[0])
    assert re.search(r" ms=\d+/\d+/\d+", lines[0])


# What does not

@pytest.mark.parametrize("chunks", [None, [5]])
def test_an_infected_message_is_refused_and_the_next_hop_never_sees_its_end(doors, how, chunks):
    with doors.client(how=how) as client:
        reply = client.deliver(daemon.infected(), chunks=chunks)
        assert reply.code == 554 and re.fullmatch(r"5\.7\.1 .*infected \(Eicar.*\), id \w+", reply.text), reply
        assert len(reply.text) < 512
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert len(doors.hop.messages) == 1 and not doors.hop.unfinished
    identity = reply.text.rsplit(" ", 1)[1]
    assert doors.rastel.history(identity, count=1)[0]["class"] == "infected"


def test_after_the_queue_a_refusal_is_a_hold(doors):
    with doors.client("lmtp-smtp") as client:
        replies = client.deliver(daemon.infected("held"), recipients=("alice@lab.test", "bob@lab.test"))
    assert [reply.code for reply in replies] == [250, 250]
    assert not doors.hops["lmtp-smtp"].messages
    held = [row for row in doors.rastel.held() if row["subject"] == "held"]
    assert len(held) == 1 and [to["address"] for to in held[0]["to"]] == ["alice@lab.test", "bob@lab.test"]
    assert doors.rastel.history(held[0]["id"], count=1)[0]["action"] == "reject>quarantine"


def test_mail_that_goes_round_in_circles_is_refused(doors):
    hop = b"Received: from a by b; Tue, 03 Mar 2026 10:00:00 +0000\r\n"
    with doors.client() as client:
        reply = client.deliver(hop * 51 + MESSAGES["plain"])
        assert reply.code == 554 and reply.text.startswith("5.4.6"), reply
        assert client.deliver(hop * 40 + MESSAGES["plain"]).code == 250
    assert len(doors.hop.messages) == 1


def test_a_message_over_the_limit_is_refused_for_good(doors):
    with doors.client() as client:
        announced = int(client.hello()["SIZE"])
        assert announced <= 32 << 20
        assert client.command(f"MAIL FROM:<a@x.example> SIZE={announced * 2}").code == 552
        assert client.command("MAIL FROM:<a@x.example> SIZE=99999999999999999999999").code == 552
        reply = client.deliver(peers.mail("big", b"0123456789abcde\r\n" * (34 << 16)))
        assert reply.code == 552 and reply.text.startswith("5.3.4"), reply
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert len(doors.hop.messages) == 1


def test_bare_line_ends_and_nul_are_made_good_before_anybody_sees_them(doors, how):
    for chunks in (None, [3, 1, 1, 1]):
        doors.fresh()
        body = b"one\ntwo\rthree\0four\r\r\nfive\r\n\n.\nsix\r\n"
        with doors.client(how=how) as client:
            assert client.deliver(peers.mail("breaks", body), chunks=chunks).code == 250
        received = peers.our_header(doors.hop.messages[0].content)[1]
        rest = received.replace(b"\r\n", b"")
        assert b"\r" not in rest and b"\n" not in rest and b"\0" not in rest, received
        assert b"one\r\ntwo" in received and b"five\r\n\r\n.\r\nsix\r\n" in received
    # what is looked at is what is delivered
    with doors.client(how=how) as client:
        eicar = daemon.eicar()
        assert client.deliver(peers.mail("split", eicar[:20] + b"\0" + eicar[20:] + b"\r\n")).code == 554


def test_a_door_may_refuse_bare_line_ends(doors, how):
    with doors.client("smtp-reject-smtp", how=how) as client:
        reply = client.deliver(peers.mail("breaks", b"one\ntwo\r\n"))
        assert reply.code == 550, reply
    assert not doors.hops["smtp-reject-smtp"].messages


# What is announced

EVERYTHING = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "ETRN", "VRFY", "EXPN",
              "HELP", "DELIVERBY", "FUTURERELEASE 86400 2027-01-01T00:00:00Z", "MT-PRIORITY MIXER", "RRVS", "CHUNKING",
              "BINARYMIME", "STARTTLS", "AUTH PLAIN LOGIN", "AUTH=LOGIN", "XCLIENT NAME ADDR", "XFORWARD NAME ADDR", "XEXCH50",
              "BURL imap", "PRDR", "REQUIRETLS", "LIMITS RCPTMAX=1", "CHECKPOINT", "ATRN", "TURN", "VERB", "ONEX", "SAML",
              "NO-SOLICITING", "X-FOO", "UTF8SMTP", "CONPERM", "CONNEG", "TIME", "FUTUREEXT"]
OURS = {"PIPELINING", "CHUNKING", "SIZE", "PRDR"}
FROM_TRUSTED = {"XFORWARD", "XCLIENT"}
PASSED = {"8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "ETRN", "VRFY", "EXPN", "HELP", "DELIVERBY",
          "FUTURERELEASE", "MT-PRIORITY", "RRVS"}


def test_only_listed_extensions_pass(doors, how):
    for hop in doors.hops.values():
        hop.keywords = EVERYTHING
    with doors.client(how=how) as client:
        assert set(client.hello()) == OURS | PASSED | FROM_TRUSTED
        assert set(client.hello("again.example")) == OURS | PASSED | FROM_TRUSTED
        assert client.keywords["MT-PRIORITY"] == "MIXER"
    with doors.client("smtp-untrusted-smtp", how=how) as client:
        assert set(client.hello()) == OURS | PASSED
    with doors.client("lmtp-smtp", how=how) as client:
        assert set(client.hello()) == (OURS | PASSED | FROM_TRUSTED) - {"PRDR"}


def test_a_bare_next_hop_makes_a_bare_announcement(doors):
    doors.hop.keywords = []
    with doors.client() as client:
        assert set(client.hello()) <= OURS | FROM_TRUSTED
        assert client.command("MAIL FROM:<a@x.example> BODY=8BITMIME").code == 555
        assert client.deliver(MESSAGES["plain"]).code == 250
    doors.hop.keywords = ["SMTPUTF8"]  # nothing without 8BITMIME
    with doors.client() as client:
        assert "SMTPUTF8" not in client.hello()


def test_a_next_hop_without_ehlo_is_spoken_to_by_helo(doors):
    doors.hop.hooks["EHLO"] = "502 5.5.1 no such thing"
    with doors.client() as client:
        answer = client.command("EHLO client.example")
        if answer.code == 502:
            assert client.command("HELO client.example").code == 250
        else:
            assert answer.code == 250 and not {line.split()[0] for line in answer.lines[1:]} & PASSED
        client.keywords = {}
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert doors.hop.messages[0].sender == "MAIL FROM:<sender@elsewhere.example>"
    assert any(command.startswith("HELO") for command in doors.hop.commands)


@pytest.mark.parametrize("line", ["XEXCH50 100 2", "COMPRESS DEFLATE", "BURL imap://x LAST", "ATRN x.example", "TURN", "X-FOO",
                                  "STARTTLS", "AUTH PLAIN AGEAYg==", "VERB", "ONEX", "SAML FROM:<a@x>",
                                  "SOML FROM:<a@x>", "SEND FROM:<a@x>", "CHECKPOINT", "FUTUREEXT", "LHLO x", "GET / HTTP/1.1",
                                  "\u00e9", "", " NOOP", "NOOP\tx"])
def test_what_is_not_known_is_never_relayed(doors, line):
    with doors.client() as client:
        client.hello()
        answer = client.command(line)
        assert 500 <= answer.code < 560 or line.startswith("NOOP") and answer.code == 250, answer
        assert client.command("NOOP").code == 250
    word = line.split(" ")[0]
    if word and not line.startswith(("NOOP", " NOOP")):
        assert not any(command.startswith(word) for command in doors.hop.commands)


@pytest.mark.parametrize("line", ["VRFY alice", "EXPN staff", "HELP", "ETRN lab.test"])
def test_one_line_questions_are_relayed_with_their_whole_answer(doors, line):
    doors.hop.keywords = EVERYTHING
    doors.hop.hooks[line.split()[0]] = "250-first\r\n250-second\r\n250 third"
    with doors.client() as client:
        client.hello()
        answer = client.command(line)
        assert (answer.code, answer.lines) == (250, ["first", "second", "third"])
    assert line in doors.hop.commands


# In step

def test_an_endless_line_is_one_error(doors):
    process = doors.rastel.daemon()
    before = resident(process)
    with doors.client() as client:
        client.hello()
        client.send(b"A" * 10_000_000 + b"\r\nNOOP\r\n")
        assert client.reply().code == 500
        assert client.reply().code == 250
        assert client.command("NOOP").code == 250
    assert resident(process) - before < 12_000, "kB"


def test_a_pipeline_is_answered_in_order(doors, how):
    with doors.client(how=how) as client:
        client.hello()
        client.send(b"NOOP\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@lab.test>\r\nRCPT TO:<>\r\nRCPT TO:<c@lab.test>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(6)] == [250, 250, 250, 501, 250, 354]
        client.send(peers.stuffed(MESSAGES["plain"]) + b"NOOP\r\nRSET\r\nMAIL FROM:<>\r\nQUIT\r\n")
        assert [client.reply().code for _ in range(5)] == [250, 250, 250, 250, 221]
        assert client.at_end()


def test_commands_out_of_order_are_refused(doors, how):
    with doors.client(how=how) as client:
        assert client.command("MAIL FROM:<a@x.example>").code == 503
        client.hello()
        assert client.command("RCPT TO:<b@lab.test>").code == 503
        assert client.command("DATA").code in (503, 554)
        assert client.command("MAIL FROM:<a@x.example>").code == 250
        assert client.command("MAIL FROM:<a@x.example>").code == 503
        assert client.command("DATA").code == 554  # no recipient, A-16
        assert client.command("RSET").code == 250
        assert client.command("RCPT TO:<b@lab.test>").code == 503
        client.send(b"BDAT 10 LAST\r\nNOOP\r\nQUIT\r\n\r\n")  # BDAT before RCPT: its octets are swallowed, A-20
        assert client.reply().code == 503
        assert client.command("NOOP").code in (250, 500)
    with doors.client("lmtp-smtp", how=how) as client:
        assert client.command("EHLO x.example").code == 500
        assert client.command("HELO x.example").code == 500
        client.hello()
        client.command("MAIL FROM:<a@x.example>")
        assert client.command("DATA").code == 503  # RFC 2033 4.2


def test_the_chunk_machine_stays_in_step_after_errors(doors, how):
    with doors.client(how=how) as client:
        client.hello()
        client.send(b"BDAT 6\r\nQUIT\r\n")
        assert client.reply().code == 503
        client.envelope("a@x.example", ["b@lab.test"])
        client.send(b"BDAT 4\r\nab\r\nBDAT 0\r\nBDAT 4 LAST\r\ncd\r\nNOOP\r\n")
        assert [client.reply().code for _ in range(4)] == [250, 250, 250, 250]
        client.envelope("a@x.example", ["b@lab.test"])
        client.send(b"BDAT 4\r\nab\r\n")
        assert client.reply().code == 250
        assert client.command("DATA").code == 503  # DATA after BDAT
        assert client.command("RSET").code == 250
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert peers.our_header(doors.hop.messages[0].content)[1] == b"ab\r\ncd\r\n"
    assert len(doors.hop.messages) == 2


@pytest.mark.parametrize("size", ["-1", "99999999999999999999999", "0x10", "1e3", "", "4 FIRST", "4 LAST LAST"])
def test_a_chunk_of_unknown_size_ends_the_session(doors, size):
    with doors.client() as client:
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        client.send(f"BDAT {size}\r\nMAIL FROM:<evil@x.example>\r\n".encode())
        assert client.reply().code in (501, 503, 552)
        client.send(b"")
        try:
            client.reply()
        except (peers.Closed, ConnectionError):
            pass
    assert not any("evil" in command for command in doors.hop.commands)
    assert not doors.hop.messages


# The envelope

@pytest.mark.parametrize("mail, rcpt", [
    ("MAIL FROM:<>", "RCPT TO:<postmaster>"),
    ("mail from:<a@x.example> RET=HDRS ENVID=QQ314159", "RCPT TO:<b@lab.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bx@lab.test"),
    ('MAIL FROM:<"quoted local\\"part"@x.example> SIZE=500', 'RCPT TO:<"a b"@lab.test>'),
    ("MAIL FROM:<@relay.example:a@x.example>", "RCPT TO:<@one.example,@two.example:b@lab.test>"),
    ("MAIL FROM:<a@x.example> BODY=8BITMIME SMTPUTF8", "RCPT TO:<zo\u00eb@lab.test>"),
    ("MAIL FROM:<" + "a" * 64 + "@" + "d" * 60 + ".example>", "RCPT TO:<" + "b" * 64 + "@lab.test>"),
    ("MAIL FROM:<a@[192.0.2.1]>", "RCPT TO:<b@[IPv6:2001:db8::1]>"),
])
def test_the_envelope_passes_word_for_word(doors, how, mail, rcpt):
    with doors.client(how=how) as client:
        client.hello()
        assert client.command(mail).code == 250
        assert client.command(rcpt).code == 250
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(MESSAGES["plain"]))
        assert client.reply().code == 250
    message = doors.hop.messages[0]
    assert message.sender.encode("utf-8", "surrogateescape").decode() == mail
    assert [line.encode("utf-8", "surrogateescape").decode() for line in message.recipients] == [rcpt]


def test_parameters_that_were_not_offered_are_refused(doors):
    with doors.client() as client:
        client.hello()
        for line in ("MAIL FROM:<a@x.example> BODY=BINARYMIME", "MAIL FROM:<a@x.example> AUTH=<>",
                     "MAIL FROM:<a@x.example> REQUIRETLS", "MAIL FROM:<a@x.example> X=1", "MAIL FROM:a b", "MAIL FROM:<a\rb@x>"):
            answer = client.command(line)
            assert 500 <= answer.code < 560, (line, answer)
    assert not any(command.startswith("MAIL") for command in doors.hop.commands)


def test_refused_recipients_are_forgotten(doors, how):
    doors.hop.hooks["RCPT"] = lambda session, line: "550-5.1.1 no such\r\n550 5.1.1 user here" if "bad" in line else None
    with doors.client(how=how) as client:
        client.hello()
        replies = client.envelope("a@x.example", ["bad1@lab.test", "good@lab.test", "bad2@lab.test", "good@lab.test"])
        assert [reply.code for reply in replies] == [250, 550, 250, 550, 250]
        assert replies[1].lines == ["5.1.1 no such", "5.1.1 user here"]  # word for word, A-25
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(MESSAGES["plain"]))
        assert client.reply().code == 250
        replies = client.envelope("a@x.example", ["bad@lab.test"])
        assert client.command("DATA").code in (503, 554)
        assert client.command("NOOP").code == 250
    assert doors.hop.messages[0].recipients == ["RCPT TO:<good@lab.test>"] * 2
    row = doors.rastel.history("good@lab.test", count=1)[0]
    assert "bad" not in row["to"]


def test_too_many_recipients_are_deferred_not_refused(doors):
    with doors.client("smtp-few-smtp") as client:
        client.hello()
        replies = client.envelope("a@x.example", ["a@lab.test", "b@lab.test", "c@lab.test"])
        assert [reply.code for reply in replies] == [250, 250, 250, 452]
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(MESSAGES["plain"]))
        assert client.reply().code == 250


def test_who_is_trusted_may_say_for_whom(doors, how):
    content = peers.mail("forwarded")
    with doors.client(how=how) as client:
        client.hello()
        assert client.command("XFORWARD NAME=spike.example ADDR=192.0.2.77 PROTO=ESMTP").code == 250
        assert client.command("XFORWARD HELO=spike+2Eexample IDENT=4XyZ SOURCE=REMOTE PORT=4711").code == 250
        assert client.deliver(content).code == 250
        assert client.deliver(content).code == 250  # reset after each transaction
    joined = " ".join(doors.hop.messages[0].xforward)
    for part in ("NAME=spike.example", "ADDR=192.0.2.77", "PROTO=ESMTP", "HELO=spike", "IDENT=4XyZ", "SOURCE=REMOTE", "PORT=4711"):
        assert part in joined, joined
    assert "192.0.2.77" not in " ".join(doors.hop.messages[1].xforward)
    rows = doors.rastel.history("4XyZ", count=1)
    assert "192.0.2.77" in rows[0]["client"] and rows[0]["queue"] == "4XyZ"


def test_who_is_not_trusted_may_not(doors):
    with doors.client("smtp-untrusted-smtp") as client:
        client.hello()
        assert client.command("XFORWARD ADDR=192.0.2.77").code == 550
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert not any("192.0.2.77" in command for command in doors.hops["smtp-untrusted-smtp"].commands)


def test_xforward_values_inject_nothing(doors):
    with doors.client() as client:
        client.hello()
        for value in ("a+0D+0ARCPT+20TO:<evil@x>", "a b", "x" * 300, "+ZZ", "a\tb"):
            answer = client.command(f"XFORWARD HELO={value}")
            assert answer.code in (250, 500, 501), answer
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert not any(command.startswith("RCPT") and "evil" in command for command in doors.hop.commands)
    assert all(len(command) < 512 for command in doors.hop.commands)


def test_a_client_that_quits_ahead_and_closes_its_side_hears_the_answer(doors):
    """Exim's last message of a connection: end of data, QUIT and FIN in one go."""
    for end in (b".\r\n", b"BDAT"):
        with doors.client() as client:
            client.hello()
            client.envelope("a@x.example", ["b@lab.test"])
            content = peers.mail("last", b"<p>some</p>\r\n" * 20_000)
            if end == b"BDAT":
                client.send(b"BDAT %d LAST\r\n" % len(content) + content + b"QUIT\r\n")
            else:
                assert client.command("DATA").code == 354
                client.send(peers.stuffed(content) + b"quit\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            assert [client.reply().code, client.reply().code] == [250, 221] and client.at_end()
    assert len(doors.hop.accepted()) == 2


# LMTP

def test_lmtp_answers_each_recipient_and_over_smtp_repeats_the_one_reply(doors, how):
    for chunks in (None, [9]):
        with doors.client("lmtp-smtp", how=how) as client:
            replies = client.deliver(MESSAGES["plain"], recipients=("a@lab.test", "b@lab.test", "a@lab.test"), chunks=chunks)
        assert [reply.code for reply in replies] == [250, 250, 250] and len({reply.text for reply in replies}) == 1


def test_lmtp_passes_each_recipients_own_reply(doors, how):
    doors.hops["lmtp-lmtp"].hooks["DOT"] = "250 2.0.0 kept\r\n452-4.2.2 a's\r\n452 4.2.2 box is full\r\n550 5.2.1 closed"
    with doors.client("lmtp-lmtp", how=how) as client:
        replies = client.deliver(MESSAGES["plain"], recipients=("a@lab.test", "b@lab.test", "c@lab.test"))
        assert [reply.code for reply in replies] == [250, 452, 550]
        assert replies[1].lines == ["4.2.2 a's", "4.2.2 box is full"]


def test_smtp_to_lmtp_takes_one_recipient_a_transaction(doors):
    with doors.client("smtp-lmtp") as client:
        client.hello()
        assert [reply.code for reply in client.envelope("a@x.example", ["b@lab.test", "c@lab.test"])] == [250, 250, 452]


# Unix sockets

def test_unix_sockets_on_both_sides(start, closing, tmp_path):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if str(parent).startswith(("/tmp/pytest", "/var/tmp/pytest")) and os.stat(parent).st_uid == os.getuid():
            parent.chmod(0o755)
    hop = closing(peers.NextHop(path=tmp_path / "next.sock"))
    (tmp_path / "next.sock").chmod(0o777)
    rastel = closing(daemon.Rastel({"next_hop": hop.address, "trusted": ["unix"]}))
    rastel.doors[0]["listen"] = f"unix:{rastel.folder}/run/door.sock"
    rastel.write_configuration()
    rastel.start()
    with rastel.client() as client:
        client.hello()
        assert client.command("XFORWARD ADDR=192.0.2.8").code == 250
        assert client.deliver(MESSAGES["plain"]).code == 250
    assert hop.accepted()
    # A socket left by a rasteld that was killed is no obstacle.
    rastel.kill()
    rastel.start()
    with rastel.client() as client:
        assert client.deliver(MESSAGES["plain"]).code == 250


def test_a_client_that_drips_is_cut_off_and_a_slow_one_is_not(start):
    rastel = start({"idle_timeout": "10s"})
    with rastel.client() as dripping, rastel.client() as slow:
        for client in (dripping, slow):
            client.hello()
            client.envelope("a@x.example", ["b@lab.test"])
            assert client.command("DATA").code == 354
        slow.send(b"Subject: slow\r\n\r\n")
        said = None
        for _ in range(15):
            slow.send(b"x" * 698 + b"\r\n")
            if said is None and select.select([dripping.socket], [], [], 0)[0]:
                said = dripping.reply()
            if said is None:
                dripping.send(b"x")
            time.sleep(1)
        assert said is not None and said.code == 421, said
        slow.send(b".\r\n")
        assert slow.reply().code == 250
    assert len(rastel.hop.messages) == 1
