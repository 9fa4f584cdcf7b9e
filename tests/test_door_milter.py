# SPDX-License-Identifier: GPL-2.0-only
"""The milter door, spoken to as mail servers do: what becomes of each class, what is changed, what is held."""
import re
import time

import pytest

import daemon
import milter_peer
import peers
import probes
from milter_peer import Server, ask

CLEAN = peers.mail("nothing in it")
RULES = [
    {"recipients": ["held@lab.test"], "infected": "quarantine"},
    {"recipients": ["whole@lab.test"], "infected": "pass"},
    {"recipients": ["strip@lab.test"], "infected": "strip"},
    {"recipients": ["tagged@lab.test"], "infected": "tag"},
    {"recipients": ["gone@lab.test"], "infected": "discard"},
    {"recipients": ["later@lab.test"], "infected": "defer"},
]
PARTS = (b"Content-Type: text/plain\r\n\r\nsome text\r\n",
         b'Content-Type: application/octet-stream; name="invoice.bin"\r\n\r\n' + daemon.eicar() + b"\r\n",
         b"Content-Type: text/plain\r\n\r\nmore text\r\n")


def with_virus(subject):
    body = b"".join(b"--b\r\n" + part for part in PARTS) + b"--b--\r\n"
    return peers.mail(subject, body, b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")


@pytest.fixture(scope="module")
def rastel():
    policy = {"tag_subject": "[unsafe]"}
    with daemon.Rastel(milter=[{"place": "before-queue"}], sections={"policy": policy}, rules=RULES) as running:
        running.where = running.address("milter")
        yield running


def held(rastel, subject):
    return [row for row in rastel.held() if row["subject"] == subject]


def id_in(text):
    return re.search(r"id[= ](\w+)", text)[1]


def test_clean_mail_gets_the_header_and_nothing_else(rastel):
    verdict = ask(rastel.where, CLEAN)
    assert verdict.final in (b"c", b"a")
    assert len(verdict.changes) == 1
    assert re.fullmatch(r"clean; id=\w+; door=milter0(; signatures=\w+)?", verdict.own()[0])
    row = rastel.history("alice@lab.test", count=1)[0]
    assert (row["class"], row["action"]) == ("clean", "pass")
    line = rastel.lines(id_in(verdict.own()[0]))[0]
    assert "queue=4XyZ" in line and "client=client.example.org[192.0.2.7]" in line and "from=<a@remote.test>" in line, line


def test_infected_mail_is_refused_by_name(rastel):
    verdict = ask(rastel.where, daemon.infected())
    assert verdict.final == b"y" and not verdict.changes
    assert re.fullmatch(r"554 5\.7\.1 Message refused: infected \(Eicar-Test-Signature\), id \w+", verdict.reply)


def test_what_is_held_is_dropped_by_the_mail_server(rastel):
    content = daemon.infected("for the shelf")
    verdict = ask(rastel.where, content, "held@lab.test")
    assert verdict.final == b"d" and not verdict.changes
    rows = held(rastel, "for the shelf")
    assert len(rows) == 1 and [to["address"] for to in rows[0]["to"]] == ["held@lab.test"]
    raw = rastel.raw(rows[0]["id"])
    trace, rest = raw.split(b"From:", 1)
    assert b"From:" + rest == content
    assert trace.startswith(b"Received: from client.example.org (client.example.org [192.0.2.7])\r\n") and b"id 4XyZ;" in trace


def test_some_get_it_and_some_do_not(rastel):
    content = daemon.infected("for some")
    verdict = ask(rastel.where, content, "whole@lab.test", "held@lab.test", "gone@lab.test")
    assert verdict.final in (b"c", b"a")
    assert verdict.removed() == ["<held@lab.test>", "<gone@lab.test>"]
    assert verdict.body() is None and len(verdict.own()) == 1
    assert [[to["address"] for to in row["to"]] for row in held(rastel, "for some")] == [["held@lab.test"]]


def test_one_who_must_wait_lets_all_wait(rastel):
    verdict = ask(rastel.where, daemon.infected("for later"), "whole@lab.test", "later@lab.test")
    assert verdict.final == b"y" and verdict.reply.startswith("451 4.7.1 ")
    assert held(rastel, "for later") == []


def test_a_part_is_taken_out_for_all_when_for_one(rastel):
    content = with_virus("a part of it")
    verdict = ask(rastel.where, content, "whole@lab.test", "strip@lab.test")
    assert verdict.final in (b"c", b"a") and verdict.removed() == []
    body, original = verdict.body(), content.split(b"\r\n\r\n", 1)[1]
    before, after = original.split(PARTS[1])
    assert body.startswith(before) and body.endswith(after) and daemon.eicar() not in body
    assert "removed=1" in verdict.own()[0]
    assert [how for how, *_ in verdict.headers()] == ["i"]  # the header says the same of the rest
    row, = held(rastel, "a part of it")
    assert sorted(to["address"] for to in row["to"]) == ["strip@lab.test", "whole@lab.test"]


def test_the_body_of_a_message_without_parts(rastel):
    verdict = ask(rastel.where, peers.mail("all of it", daemon.eicar() + b"\r\n",
                                           b"MIME-Version: 1.0\r\nContent-Type: application/x-thing; name=t.bin\r\n"), "strip@lab.test")
    assert verdict.final in (b"c", b"a")
    fields = [(how, name) for how, _, name, _ in verdict.headers()]
    assert ("m", "Content-Type") in fields, fields
    assert daemon.eicar() not in verdict.body() and b"was removed" in verdict.body()


def test_a_mark_in_the_subject_leaves_the_body_alone(rastel):
    verdict = ask(rastel.where, daemon.infected("look"), "tagged@lab.test")
    assert verdict.body() is None
    assert [(how, index, name, value.strip()) for how, index, name, value in verdict.headers() if how == "m"] == [
        ("m", 1, "Subject", "[unsafe] look")]
    assert verdict.own()[0].startswith("infected;")


def test_forged_fields_of_ours_go(rastel):
    forged = peers.mail("forged", extra=b"X-Rastel: clean; id=1\r\nX-Other: 1\r\nx-rastel: clean;\r\n folded\r\n")
    verdict = ask(rastel.where, forged)
    assert [(how, index, name.lower()) for how, index, name, value in verdict.headers() if how == "m" and not value.strip()] == [
        ("m", 2, "x-rastel"), ("m", 1, "x-rastel")]
    assert len(verdict.own()) == 1


@pytest.mark.parametrize("steps", [0x3F, 0x1FFFFF & ~0x100000, 0x1FFFFF])
@pytest.mark.parametrize("size", [1, 7, 65535])
def test_however_it_is_shown_the_message_is_the_same(rastel, steps, size):
    """Old mail servers, those that eat the space behind a colon, chunks of any size: the held copy is what was sent."""
    subject = f"shown by {steps} and {size}"
    content = peers.mail(subject, daemon.eicar() + b"\r\n\xff\x00 \r\n.\r\n", b"X-Folded: a\r\n\tb\r\n c\r\nX-Empty: \r\nX-Wide:   d\r\n")
    with Server(rastel.where, steps=steps) as server:
        server.connect()
        server.helo()
        assert server.message(content, "held@lab.test", size=size).final == b"d"
    raw = rastel.raw(held(rastel, subject)[0]["id"])
    assert raw[raw.index(b"From:"):] == content


def test_a_body_within_the_end(rastel):
    with Server(rastel.where) as server:
        server.connect()
        server.helo()
        server.begin()
        body = server.header(daemon.infected())
        assert server.end(body).final == b"y"


def test_many_messages_and_clients_over_one_connection(rastel):
    with Server(rastel.where) as server:
        for number in range(3):
            server.connect(address=f"192.0.2.{number}")
            server.helo()
            assert server.message(CLEAN).final in (b"c", b"a")
            assert server.message(daemon.infected()).final == b"y"
            server.begin()
            server.send(b"A")
            server.send(b"A")
            server.begin()
            server.header(CLEAN)
            server.send(b"A")
            verdict = server.message(peers.mail(f"of client {number}"))
            assert verdict.final in (b"c", b"a")
            assert f"[192.0.2.{number}]" in rastel.lines(id_in(verdict.own()[0]))[0]
            server.send(b"K")


def test_who_is_logged_in_is_known(rastel):
    with Server(rastel.where) as server:
        server.connect()
        server.helo()
        server.macro(b"M", auth_authen="vera", i="8AbC")
        verdict = server.message(CLEAN)
        assert "auth=vera" in rastel.lines(id_in(verdict.own()[0]))[0]


def test_a_name_that_does_not_lead_back_is_none(rastel):
    """Sendmail shows what the address claims to be called, and says beside it whether that is so."""
    for resolve, shown in (("OK", "client.example.org"), ("FORGED", "unknown")):
        with Server(rastel.where) as server:
            server.connect(client_resolve=resolve)
            verdict = server.message(CLEAN)
        assert f"client={shown}[192.0.2.7]" in rastel.lines(id_in(verdict.own()[0]))[0]


def test_a_mail_server_that_allows_less(rastel):
    stripped = with_virus("no edits here")
    verdict = ask(rastel.where, stripped, "strip@lab.test", actions=milter_peer.ADD_HEADERS)
    assert verdict.final == b"d" and len(held(rastel, "no edits here")) == 1
    verdict = ask(rastel.where, daemon.infected("none removed"), "whole@lab.test", "held@lab.test", actions=milter_peer.ADD_HEADERS)
    assert verdict.final == b"d" and verdict.changes == []
    assert len(held(rastel, "none removed")[0]["to"]) == 2
    verdict = ask(rastel.where, daemon.infected("no marks"), "tagged@lab.test", actions=milter_peer.ADD_HEADERS)
    assert verdict.final in (b"c", b"a") and verdict.body() is None and len(verdict.own()) == 1
    assert ask(rastel.where, CLEAN, version=2, actions=0, steps=0).final in (b"c", b"a")
    assert "doesn't let its filters" in rastel.log()


def test_banned_ambiguous_and_encrypted(rastel):
    banned = peers.mail("a program", b"--a\r\nContent-Type: application/octet-stream; name=setup.exe\r\n\r\nhello\r\n--a--\r\n",
                        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
    assert "banned" in ask(rastel.where, banned).reply
    ambiguous = peers.mail("two boundaries", b"--a\r\n\r\nx\r\n--a--\r\n",
                           b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n")
    assert ask(rastel.where, ambiguous).final == b"d" and len(held(rastel, "two boundaries")) == 1


def test_a_loop_is_broken(rastel):
    content = peers.mail("round and round", extra=b"Received: from a by b; now\r\n" * 60)
    assert ask(rastel.where, content).reply.startswith("554 5.4.6 ")


def test_released_mail_passes_once():
    hop = peers.NextHop()
    try:
        with daemon.Rastel(milter=[{}], sections={"store": {"release": hop.address}}, rules=RULES) as releasing:
            where = releasing.address("milter")
            assert ask(where, daemon.infected("let it go"), "held@lab.test").final == b"d"
            releasing.cli("quarantine", "release", held(releasing, "let it go")[0]["id"])
            content = hop.wait_messages(1)[0].content  # the mail server shows it to us once more
            verdict = ask(where, content, "held@lab.test")
            assert verdict.final in (b"c", b"a") and "; released" in verdict.own()[0]
            assert ask(where, content, "held@lab.test").final == b"d"
    finally:
        hop.stop()


def test_too_many_recipients_are_refused_one_by_one():
    with daemon.Rastel(milter=[{"max_recipients": 3}]) as small, Server(small.address("milter")) as server:
        server.connect()
        server.helo()
        answers = server.begin(*(f"user{number}@lab.test" for number in range(5)))
        assert [command for command, _ in answers] == [b"c", b"c", b"c", b"c", b"y", b"y"]
        assert answers[-1][1].startswith(b"452 4.5.3 ")
        server.body(server.header(CLEAN))
        assert server.end().final in (b"c", b"a")


def test_a_message_that_is_too_large_is_refused():
    with daemon.Rastel(milter=[{}], sections={"engine": {"max_message": "1MiB"}}) as small:
        where = small.address("milter")
        assert ask(where, peers.mail("large", b"x" * 78 + b"\r\n") + (b"y" * 78 + b"\r\n") * 20_000).reply.startswith("552 5.3.4 ")
        assert ask(where, CLEAN).final in (b"c", b"a")


def test_progress_is_said_while_it_is_scanned(rastel):
    stopped = rastel.stop_workers()
    try:
        with Server(rastel.where) as server:
            server.offer(peers.mail("patience"))
            first, at = server.packet(), time.monotonic()
            second = server.packet()
            assert (first[0], second[0]) == (b"p", b"p") and time.monotonic() - at < 6
            rastel.resume_workers(stopped)
            assert server.verdict().final in (b"c", b"a")
    finally:
        rastel.resume_workers(stopped)


def test_the_deadline_is_a_deferral_and_the_retry_is_answered():
    with daemon.Rastel(milter=[{"reply_deadline": "2s"}]) as hurried:
        where, content = hurried.address("milter"), peers.mail("late")
        stopped = hurried.stop_workers()
        try:
            verdict = ask(where, content)
            assert verdict.final == b"y" and verdict.reply.startswith("451 4.7.1 ")
        finally:
            hurried.resume_workers(stopped)
        assert ask(where, content).final in (b"c", b"a")


def test_observed_mail_passes_with_what_would_have_been():
    with daemon.Rastel(milter=[{}], sections={"policy": {"mode": "observe"}}) as watching:
        verdict = ask(watching.address("milter"), daemon.infected())
        assert verdict.final in (b"c", b"a") and "would=reject" in verdict.own()[0]


def test_without_a_header_nothing_is_added():
    with daemon.Rastel(milter=[{"header": False}]) as quiet:
        assert ask(quiet.address("milter"), CLEAN).changes == []


def test_after_the_queue_nothing_is_refused():
    with daemon.Rastel(milter=[{"place": "after-queue"}]) as behind:
        assert ask(behind.address("milter"), daemon.infected("behind")).final == b"d"
        assert len(held(behind, "behind")) == 1


def test_over_tcp():
    port = peers.free_port()
    with daemon.Rastel(milter=[{"listen": f"127.0.0.1:{port}"}]):
        begin = time.monotonic()
        with Server(port) as server:
            for _ in range(50):
                server.connect()
                server.helo()
                assert server.message(CLEAN).final in (b"c", b"a")
                server.send(b"K")
        assert time.monotonic() - begin < 10  # a wait for a delayed acknowledgement a message would be seen


def test_encrypted_mail_is_marked(rastel):
    archive = bytearray(probes.zipped([("secret.txt", b"nobody reads this" * 4)], probes.zipfile.ZIP_STORED))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        archive[archive.index(signature) + at] |= 1
    encoded = probes.base64.encodebytes(bytes(archive)).replace(b"\n", b"\r\n")
    content = peers.mail("secret", b"--a\r\nContent-Type: application/zip; name=s.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                         + encoded + b"--a--\r\n", b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
    verdict = ask(rastel.where, content)
    assert verdict.final in (b"c", b"a") and verdict.own()[0].startswith("encrypted;")
