# SPDX-License-Identifier: GPL-2.0-only
"""Next hops that refuse, lie, hang or vanish: what the client hears, and whether the session stays in step."""
import signal
import socket
import threading
import time

import pytest

import daemon
import peers

CONTENT = peers.mail("next hop")
TEMPORARY = range(400, 500)


def test_every_reply_may_have_several_lines(doors, how):
    several = {"BANNER": "220-hello\r\n220 there", "MAIL": "250-mail\r\n250 2.1.0 Ok", "RCPT": "250-rcpt\r\n250 2.1.5 Ok",
               "DATA": "354-go\r\n354 ahead", "DOT": "250-queued\r\n250-indeed\r\n250 2.0.0 Ok", "RSET": "250-a\r\n250 b",
               "NOOP": "250-a\r\n250 b", "QUIT": "221-a\r\n221 b"}
    doors.hop.hooks.update(several)
    with doors.client(how=how) as client:
        for _ in range(3):
            reply = client.deliver(CONTENT)
            assert (reply.code, reply.lines) == (250, ["queued", "indeed", "2.0.0 Ok"])
            assert client.command("RSET").code == 250
            assert client.command("NOOP").code == 250
    assert len(doors.hop.messages) == 3


# (what the next hop does, which codes the client may hear)
PEERS = {
    "refuses MAIL": ({"MAIL": "550 5.7.1 not you"}, [550]),
    "defers MAIL": ({"MAIL": "451 4.7.1 later"}, [451]),
    "refuses RCPT": ({"RCPT": "550 5.1.1 nobody"}, [550]),
    "refuses DATA": ({"DATA": "554 5.5.1 no"}, [554]),
    "defers DATA": ({"DATA": "451 4.3.0 later"}, [451]),
    "refuses the message": ({"DOT": "552 5.2.2 too much"}, [552]),
    "defers the message": ({"DOT": "452 4.3.1 full"}, [452]),
    "says 250 to DATA": ({"DATA": "250 2.0.0 what?"}, TEMPORARY),
    "says 354 to RCPT": ({"RCPT": "354 too early"}, TEMPORARY),
    "says 354 at the end": ({"DOT": "354 again"}, TEMPORARY),
    "says 421 at MAIL": ({"MAIL": "421 4.3.2 closing"}, TEMPORARY),
    "says 421 at DATA": ({"DATA": "421 4.3.2 closing"}, TEMPORARY),
    "says 421 at the end": ({"DOT": "421 4.3.2 closing"}, TEMPORARY),
    "closes at MAIL": ({"MAIL": peers.CLOSE}, TEMPORARY),
    "closes at RCPT": ({"RCPT": peers.CLOSE}, TEMPORARY),
    "closes at DATA": ({"DATA": peers.CLOSE}, TEMPORARY),
    "closes after the dot": ({"DOT": peers.CLOSE}, TEMPORARY),
    "hangs at MAIL": ({"MAIL": peers.HANG}, TEMPORARY),
    "hangs at DATA": ({"DATA": peers.HANG}, TEMPORARY),
    "speaks garbage": ({"MAIL": "\x00\xff what"}, TEMPORARY),
    "says a bare code": ({"DOT": "250"}, [250]),
    "answers without end": ({"MAIL": b"250-" + b"x" * 3_000_000}, TEMPORARY),
    "mixes codes": ({"MAIL": "250-a\r\n550 b"}, range(400, 600)),
    "is slow at the banner": ({"BANNER": lambda *_: time.sleep(1)}, [250]),
    "is slow at the end": ({"DOT": lambda *_: time.sleep(1)}, [250]),
}


@pytest.mark.parametrize("name", PEERS)
def test_a_bad_next_hop(doors, name):
    hooks, codes = PEERS[name]
    doors.hop.hooks.update(hooks)
    with doors.client() as client:
        reply = client.deliver(CONTENT)
        assert reply.code in codes, reply
        assert reply.code == 250 or not doors.hop.accepted()
    # The next client isn't harmed.
    doors.fresh()
    with doors.client() as client:
        assert client.deliver(CONTENT).code == 250
    assert len(doors.hop.messages) == 1


@pytest.mark.parametrize("hooks", [{"BANNER": "554 5.3.2 go away"}, {"BANNER": "421 4.3.2 busy"}, {"BANNER": peers.CLOSE},
                                   {"BANNER": peers.HANG}, {"EHLO": peers.CLOSE}, {"EHLO": "421 4.3.2 no"}])
def test_a_next_hop_that_does_not_begin(doors, hooks):
    doors.hop.hooks.update(hooks)
    with doors.client() as client:
        assert client.banner.code in (220, 421)
        if client.banner.code == 220:
            answer = client.command("EHLO client.example")
            if answer.code == 250:
                answer = client.command("MAIL FROM:<a@x.example>")
            assert answer.code in TEMPORARY or answer.code == 554 and "554" in str(hooks), answer


def test_nobody_at_the_next_hop_is_a_temporary_failure(start, closing):
    rastel = start({"next_hop": f"127.0.0.1:{peers.free_port()}"})
    with rastel.client() as client:  # before-queue Postfix wants banner and EHLO; trouble is said at MAIL
        assert client.banner.code == 220
        assert client.command("EHLO client.example").code == 250
        assert client.command("MAIL FROM:<a@x.example>").code in TEMPORARY


def test_the_dot_without_an_answer_is_never_a_success_nor_a_refusal(doors):
    for name in ("smtp-smtp", "lmtp-smtp", "lmtp-lmtp"):
        doors.hops[name].hooks["DOT"] = peers.CLOSE
        with doors.client(name) as client:
            reply = client.deliver(CONTENT)
            reply = reply[0] if isinstance(reply, list) else reply
            assert reply.code == 451 and reply.text.startswith("4.4.2"), (name, reply)


def only_one_answer(reply):
    """A hook for the end of data: the first recipient is answered, then the next hop leaves."""
    def answer(session, line):
        session.say(reply)
        return peers.CLOSE
    return answer


@pytest.mark.parametrize("first", ["250 2.0.0 kept", "550 5.0.0 not here"])
def test_lmtp_recipients_that_were_not_answered_are_to_be_sent_again(doors, first):
    doors.hops["lmtp-lmtp"].hooks["DOT"] = only_one_answer(first)
    with doors.client("lmtp-lmtp") as client:
        replies = client.deliver(CONTENT, recipients=["a@lab.test", "b@lab.test", "c@lab.test"])
        assert [reply.code for reply in replies] == [int(first[:3]), 451, 451], replies
        del doors.hops["lmtp-lmtp"].hooks["DOT"]
        assert [reply.code for reply in client.deliver(CONTENT, recipients=["b@lab.test", "c@lab.test"])] == [250, 250]


def test_a_release_keeps_the_recipients_that_were_not_answered(start, closing):
    hop = closing(peers.NextHop(lmtp=True))
    rastel = start({"place": "after-queue"}, sections={"store": {"release": hop.address}})

    hop.hooks["DOT"] = only_one_answer("250 2.0.0 kept")
    with rastel.client() as client:
        assert client.deliver(daemon.infected(), recipients=["a@lab.test", "b@lab.test"]).code == 250
    held = rastel.held()[0]["id"]
    rastel.cli("quarantine", "release", held, check=False)
    assert [row["id"] for row in rastel.held()] == [held], "who was not answered is held still"
    hop.hooks.clear()
    rastel.cli("quarantine", "release", held)
    assert not rastel.held() and "b@lab.test" in hop.messages[-1].recipients[-1]
    assert len(hop.messages[-1].recipients) == 1, "the first had it already"


def test_without_time_for_an_answer_nothing_is_handed_on(start):
    rastel = start({"reply_deadline": "2s"})
    rastel.hop.hooks["DATA"] = lambda session, line: time.sleep(3)
    with rastel.client() as client:
        assert client.deliver(CONTENT).code == 451
    time.sleep(0.5)
    assert not rastel.hop.messages, "delivered, and the client was told to come again"
    rastel.hop.hooks.clear()
    with rastel.client() as client:
        assert client.deliver(CONTENT).code == 250
    assert len(rastel.hop.messages) == 1


def test_a_refused_message_leaves_nothing_behind_in_its_session(doors):
    hop = doors.hop
    with doors.client() as client:
        client.hello()
        assert client.command("XFORWARD NAME=first.example ADDR=192.0.2.1").code == 250
        client.envelope("a@x.example", ["b@lab.test"])
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(peers.mail("too large", (b"y" * 70 + b"\r\n") * ((34 << 20) // 72))))
        assert client.reply().code == 552
        hop.hooks["MAIL"] = lambda session, line: "503 5.5.1 nested MAIL command" if session.sender else None
        assert client.deliver(CONTENT).code == 250
    assert len(hop.messages) == 1
    assert sum(command.startswith("XFORWARD") for command in hop.commands) == 1, "said of another message's client"


def test_the_first_of_two_pipelined_messages_is_answered_before_the_second_is_scanned(doors):
    go = threading.Event()

    def wait_at_the_second(session, line):
        if len(doors.hop.messages) == 2:
            assert go.wait(20)

    doors.hop.hooks["DOT"] = wait_at_the_second
    one = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@lab.test>\r\nBDAT %d LAST\r\n%s"
    with doors.client() as client:
        client.hello()
        client.send(b"".join(one % (len(CONTENT), CONTENT) for _ in range(2)))
        codes = [client.reply().code for _ in range(3)]
        assert not go.is_set()
        go.set()
        codes += [client.reply().code for _ in range(3)]
    assert codes == [250] * 6


def test_a_next_hop_that_leaves_before_a_recipient_is_asked_again(doors):
    left = []

    def leave(session, line):
        if not left:
            left.append(line)
            return "421 4.4.2 timeout"

    doors.hop.hooks["RCPT"] = leave
    with doors.client() as client:
        assert client.deliver(CONTENT, recipients=["b@lab.test", "c@lab.test"]).code == 250
    assert left and [len(message.recipients) for message in doors.hop.messages] == [2]


def test_a_reply_too_many_is_not_taken_for_the_next_one(doors):
    doors.hop.hooks["DOT"] = "250 2.0.0 Ok\r\n550 5.0.0 injected"
    with doors.client() as client:
        assert client.deliver(CONTENT).code == 250
        del doors.hop.hooks["DOT"]
        reply = client.deliver(CONTENT)
        assert reply.code == 250 or reply.code in TEMPORARY, reply
        assert "injected" not in reply.text
    doors.hop.hooks["MAIL"] = "250 2.1.0 Ok\r\n250 2.1.5 injected"
    doors.hop.hooks["RCPT"] = "550 5.1.1 nobody"
    with doors.client() as client:
        client.hello()
        replies = client.envelope("a@x.example", ["b@lab.test"])
        assert replies[-1].code != 250, "a surplus reply to MAIL was taken for RCPT's"


def deliver_for_another(client):
    client.hello()
    assert client.command("XFORWARD NAME=client.example ADDR=192.0.2.1").code == 250
    return client.deliver(CONTENT)


@pytest.mark.parametrize("together", [True, False], ids=["with PIPELINING", "without"])
def test_xforward_and_mail_go_out_together_only_where_that_is_offered(doors, together):
    ahead = []

    def look(session, line):
        time.sleep(0.2)
        try:
            session.buffer += session.connection.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        ahead.append(session.buffer)

    if not together:
        doors.hop.keywords = [word for word in doors.hop.keywords if word != "PIPELINING"]
    doors.hop.hooks["XFORWARD"] = look
    with doors.client() as client:
        assert deliver_for_another(client).code == 250
    assert len(ahead) == 1 and ahead[0].startswith(b"MAIL FROM:") == together


def test_a_refused_xforward_costs_the_message_nothing(doors):
    doors.hop.hooks["XFORWARD"] = "550 5.7.0 not from you"
    with doors.client() as client:
        assert [deliver_for_another(client).code for _ in range(2)] == [250, 250]
    assert len(doors.hop.messages) == 2
    assert [len(message.xforward) for message in doors.hop.messages] == [1, 1], "it was not even said"


def test_a_next_hop_that_leaves_at_xforward_is_asked_again(doors):
    left = []

    def leave(session, line):
        if not left:
            left.append(line)
            session.say("421 4.3.2 closing")
            return peers.CLOSE

    doors.hop.hooks["XFORWARD"] = leave
    with doors.client() as client:
        assert deliver_for_another(client).code == 250
    assert left and [len(message.xforward) for message in doors.hop.messages] == [1]


def test_a_reply_too_many_to_xforward_passes_no_message(doors):
    doors.hop.hooks["XFORWARD"] = "250 2.0.0 Ok\r\n250 2.1.0 injected"
    doors.hop.hooks["MAIL"] = "550 5.7.1 not you"
    with doors.client() as client:
        assert deliver_for_another(client).code != 250
        del doors.hop.hooks["XFORWARD"], doors.hop.hooks["MAIL"]
        assert client.command("RSET").code == 250
        assert client.deliver(CONTENT).code == 250
    assert len(doors.hop.messages) == 1


def test_a_next_hop_that_closes_while_it_owns_nothing_is_asked_again(doors):
    closed = []

    def close_once(session, line):  # as Postfix does under stress
        if not closed:
            closed.append(session)
            threading.Timer(0.1, session.connection.shutdown, [2]).start()

    doors.hop.hooks["RCPT"] = close_once
    with doors.client() as client:
        client.hello()
        assert [reply.code for reply in client.envelope("a@x.example", ["b@lab.test"])] == [250, 250]
        time.sleep(0.5)
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert len(doors.hop.messages) == 1
    assert doors.hop.messages[0].recipients == ["RCPT TO:<b@lab.test>"]


def test_a_replay_with_another_answer_is_a_temporary_failure(doors):
    seen = []

    def first_yes_then_no(session, line):
        seen.append(line)
        if len(seen) > 1:
            return "550 5.1.1 not any more"
        threading.Timer(0.1, session.connection.shutdown, [2]).start()
        return None

    doors.hop.hooks["RCPT"] = first_yes_then_no
    with doors.client() as client:
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        time.sleep(0.5)
        answer = client.command("DATA")
        if answer.code == 354:
            client.send(peers.stuffed(CONTENT))
            answer = client.reply()
        assert answer.code in TEMPORARY, answer
    assert not doors.hop.messages


# Clients that vanish

def test_a_client_that_vanishes_delivers_nothing(doors):
    half = peers.stuffed(CONTENT)
    for cut in (0, 1, len(half) // 2, len(half) - 5, len(half) - 3, len(half) - 2, len(half) - 1):
        client = doors.client()
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        assert client.command("DATA").code == 354
        client.send(half[:cut])
        client.close()
    client = doors.client()
    client.hello()
    client.envelope("a@x.example", ["b@lab.test"])
    client.send(b"BDAT 100 LAST\r\nabc")
    client.close()
    time.sleep(1)
    assert not doors.hop.messages


def test_a_client_that_is_gone_while_its_mail_is_forwarded_gets_nothing_delivered_twice(doors):
    """S3: the next hop is slow at DATA, the client leaves: no dot may go out (A.1)."""
    go = threading.Event()
    doors.hop.hooks["DATA"] = lambda *_: go.wait(10) and None
    client = doors.client()
    client.hello()
    client.envelope("a@x.example", ["b@lab.test"])
    assert client.command("DATA").code == 354
    client.send(peers.stuffed(CONTENT))
    doors.hop.wait_for(lambda: "DATA" in doors.hop.commands)
    client.close()
    time.sleep(0.5)
    go.set()
    time.sleep(1)
    assert not doors.hop.messages


# Going away

def test_a_drain_lets_sessions_end_and_takes_no_new_ones(start):
    rastel = start()
    with rastel.client() as client:
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        assert client.command("DATA").code == 354
        rastel.cli("drain")
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
        try:
            assert client.command("NOOP").code in (250, 421)
        except (peers.Closed, ConnectionError):
            pass
    assert len(rastel.hop.messages) == 1
    try:
        with rastel.client() as client:
            assert client.banner.code == 421
    except (ConnectionError, peers.Closed):
        pass


def test_sigterm_lets_the_message_under_way_arrive(start):
    rastel = start()
    dot, go = threading.Event(), threading.Event()
    rastel.hop.hooks["DOT"] = lambda *_: dot.set() or go.wait(20) and None
    with rastel.client() as client:
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        client.command("DATA")
        client.send(peers.stuffed(CONTENT))
        assert dot.wait(20)
        rastel.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert rastel.process.poll() is None
        go.set()
        assert client.reply().code == 250
    assert rastel.process.wait(30) == 0
    assert len(rastel.hop.accepted()) == 1


def test_a_reload_under_load_loses_and_doubles_nothing(start):
    rastel = start()
    answers, stop = [], threading.Event()

    def load(number):
        while not stop.is_set():
            with rastel.client() as client:
                for _ in range(5):
                    answers.append(client.deliver(peers.mail(f"load {number}")).code)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.5)
        rastel.cli("reload")
    stop.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {250} and len(answers) == len(rastel.hop.accepted())


def test_a_wrong_configuration_is_refused_as_a_whole(start):
    rastel = start()
    good = rastel.file.read_text()
    rastel.file.write_text(good.replace("[policy]", "").replace("[engine]", "[engine]\nwokers = 3\n"))
    answer = rastel.cli("reload", check=False)
    assert answer.returncode != 0 and "wokers" in answer.stderr and "workers" in answer.stderr, answer
    with rastel.client() as client:
        assert client.deliver(CONTENT).code == 250
