# SPDX-License-Identifier: GPL-2.0-only
"""A connection to the next hop outlives its session for the next one: what is shared by it, and what never is."""
import base64
import time

import pytest

import daemon
import peers

CONTENT = peers.mail("kept")


def send(rastel, count=1, **options):
    for number in range(count):
        with rastel.client() as client:
            assert client.deliver(CONTENT, sender=f"s{number}@x.example", **options).code == 250
            assert client.quit().code == 221


def said(hop, verb):
    return sum(line.upper().startswith(verb) for line in hop.commands)


def settled(hop, connections):
    """The last session's end has reached the place where connections are kept: nobody waits for it otherwise."""
    time.sleep(0.2)
    assert hop.connections == connections


def test_sessions_that_follow_each_other_share_a_connection(start):
    rastel = start()
    send(rastel, 6)
    assert rastel.hop.connections == 1 and said(rastel.hop, "EHLO") == 1
    assert [message.sender for message in rastel.hop.messages] == [f"MAIL FROM:<s{n}@x.example>" for n in range(6)]


def test_a_kept_connection_ends_politely_after_its_time(start):
    rastel = start({"next_hop_keep": "500ms"})
    send(rastel)
    assert said(rastel.hop, "QUIT") == 0
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 1, 5)
    send(rastel)
    assert rastel.hop.connections == 2


def test_without_a_time_every_session_ends_its_connection(start):
    rastel = start({"next_hop_keep": "0s"})
    send(rastel, 3)
    assert rastel.hop.connections == 3
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 3, 5)


def test_sessions_at_the_same_time_have_a_connection_each(start):
    rastel = start({"next_hop_keep": "60s"})
    clients = [rastel.client() for _ in range(5)]
    for client in clients:
        client.hello()
    assert rastel.hop.connections == 5
    for client in clients:
        assert client.deliver(CONTENT).code == 250
        client.quit()
    settled(rastel.hop, 5)
    send(rastel, 5)
    assert rastel.hop.connections == 5


def test_no_more_are_kept_than_the_most(start):
    rastel = start({"next_hop_keep": "60s"})
    clients = [rastel.client() for _ in range(40)]
    for client in clients:
        client.hello()
    for client in clients:
        client.quit()
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 8, 10)
    settled(rastel.hop, 40)
    assert said(rastel.hop, "QUIT") == 8


# What the next hop does to a connection while nobody uses it.
MEANWHILE = {
    "it leaves": lambda hop: [hop.sessions[0].shutdown(2)],
    "it says goodbye and leaves": lambda hop: [hop.sessions[0].sendall(b"421 4.4.2 timeout\r\n"), hop.sessions[0].shutdown(2)],
    "it speaks without being asked": lambda hop: [hop.sessions[0].sendall(b"250 2.0.0 Ok: queued as STALE\r\n")],
    "it begins a line": lambda hop: [hop.sessions[0].sendall(b"2")],
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_a_connection_to_which_something_happened_meanwhile_is_not_used(start, name):
    rastel = start({"next_hop_keep": "60s"})
    send(rastel)
    settled(rastel.hop, 1)
    MEANWHILE[name](rastel.hop)
    time.sleep(0.1)
    with rastel.client() as client:
        reply = client.deliver(CONTENT)
        assert reply.code == 250 and "STALE" not in reply.text
    assert rastel.hop.connections == 2 and len(rastel.hop.messages) == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("how", [peers.CLOSE, "421 4.3.2 closing"])
def test_a_next_hop_that_leaves_just_then_is_asked_again(start, verb, how):
    rastel = start({"next_hop_keep": "60s"})
    send(rastel)
    settled(rastel.hop, 1)
    leaves = iter([how])
    rastel.hop.hooks[verb] = lambda *_: next(leaves, None)
    send(rastel)
    assert rastel.hop.connections == 2 and len(rastel.hop.messages) == 2


def test_several_that_died_unseen_fail_nobody(start):
    """A-47: all were left at the same time, and answer 421 now: the second try is not made on another of them."""
    rastel = start({"next_hop_keep": "60s"})
    clients = [rastel.client() for _ in range(4)]
    for client in clients:
        client.hello()
    for client in clients:
        client.quit()
    settled(rastel.hop, 4)
    old = list(rastel.hop.sessions)
    rastel.hop.hooks["MAIL"] = lambda session, _: "421 4.4.2 timeout" if session.connection in old else None
    rastel.hop.hooks["RSET"] = lambda session, _: "421 4.4.2 timeout" if session.connection in old else None
    send(rastel)
    assert rastel.hop.connections == 5 and len(rastel.hop.messages) == 1


def test_where_one_left_inside_a_transaction_the_next_try_is_on_a_new_one(start):
    rastel = start({"next_hop_keep": "60s"})
    clients = [rastel.client() for _ in range(3)]
    for client in clients:
        client.hello()
    for client in clients:
        client.quit()
    settled(rastel.hop, 3)
    old = list(rastel.hop.sessions)
    with rastel.client() as client:
        client.hello()
        assert client.command("MAIL FROM:<a@x.example>").code == 250
        rastel.hop.hooks["RCPT"] = rastel.hop.hooks["RSET"] = lambda session, _: peers.CLOSE if session.connection in old else None
        assert client.command("RCPT TO:<alice@lab.test>").code == 250
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(CONTENT))
        assert client.reply().code == 250
    assert rastel.hop.connections == 4 and len(rastel.hop.messages) == 1


def test_a_login_on_one_that_died_is_tried_on_a_new_one(start):
    rastel = start({"next_hop_keep": "60s", "auth_without_tls": True, "place": "outbound"})
    rastel.hop.keywords = [*peers.FULL, "AUTH PLAIN"]
    clients = [rastel.client() for _ in range(2)]
    for client in clients:
        client.hello()
    for client in clients:
        client.quit()
    settled(rastel.hop, 2)
    old = list(rastel.hop.sessions)
    rastel.hop.hooks["AUTH"] = lambda session, _: "421 4.4.2 timeout" if session.connection in old else "235 2.7.0 ok"
    with rastel.client() as client:
        client.hello()
        assert client.command(f"AUTH PLAIN {base64.b64encode(bytes(1) + b'alice' + bytes(1) + b'secret').decode()}").code == 235
        assert client.deliver(CONTENT).code == 250
    assert rastel.hop.connections == 3


def test_it_is_reset_between_its_users(start):
    rastel = start({"next_hop_keep": "60s"})
    send(rastel, 3)
    verbs = [line.split()[0] for line in rastel.hop.commands]
    assert verbs == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("verb, reply, code", [("RCPT", "550 5.1.1 nobody", 550), ("MAIL", "451 4.7.1 later", 451),
                                               ("DOT", "552 5.2.2 full", 552), ("DATA", "554 5.5.1 no", 554)])
def test_a_connection_on_which_something_was_refused_is_not_shared(start, verb, reply, code):
    """A mail server counts refusals against the connection: the next client is not to pay for them."""
    rastel = start({"next_hop_keep": "60s"})
    rastel.hop.hooks[verb] = reply
    with rastel.client() as client:
        assert client.deliver(CONTENT).code == code
        client.quit()
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 1, 5)
    rastel.hop.hooks.clear()
    send(rastel)
    assert rastel.hop.connections == 2


def test_an_infected_message_costs_no_connection(start):
    rastel = start({"next_hop_keep": "60s"})
    with rastel.client() as client:
        assert client.deliver(daemon.infected()).code == 554
        client.quit()
    settled(rastel.hop, 1)
    send(rastel)
    assert rastel.hop.connections == 1 and len(rastel.hop.messages) == 1
    assert rastel.hop.messages[0].recipients == ["RCPT TO:<alice@lab.test>"]


@pytest.mark.parametrize("until", ["EHLO", "MAIL", "RCPT", "DATA", "half"])
def test_a_client_that_vanishes_leaves_nothing_to_the_next(start, until):
    rastel = start({"next_hop_keep": "60s"})
    with rastel.client() as client:
        client.hello()
        for verb, line in [("MAIL", "MAIL FROM:<ghost@x.example>"), ("RCPT", "RCPT TO:<ghost@lab.test>"), ("DATA", "DATA")]:
            if until == "EHLO":
                break
            assert client.command(line).code in (250, 354)
            if until == verb:
                break
        if until == "half":
            client.send(CONTENT[:40])
    time.sleep(0.2)
    send(rastel)
    assert [(m.sender, m.recipients) for m in rastel.hop.messages] == [("MAIL FROM:<s0@x.example>", ["RCPT TO:<alice@lab.test>"])]
    assert rastel.hop.messages[0].content.endswith(CONTENT)


def test_what_was_said_of_one_client_is_not_said_of_the_next(start):
    rastel = start({"next_hop_keep": "60s"})
    with rastel.client() as client:
        client.hello()
        assert client.command("XFORWARD NAME=one.example ADDR=192.0.2.1 HELO=one").code == 250
        assert client.deliver(CONTENT).code == 250
        client.quit()
    settled(rastel.hop, 1)
    send(rastel)
    assert rastel.hop.connections == 1
    first, second = rastel.hop.messages
    assert "192.0.2.1" in first.xforward[0] and not second.xforward


def test_a_client_that_a_server_must_know_has_a_connection_of_its_own(start):
    """XCLIENT and a PROXY header name one client for a whole connection; a login is one client's."""
    keywords = [*peers.FULL, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT", "AUTH PLAIN"]
    rastel = start({"forward_client": "xclient"}, {"next_hop_proxy": "v1"}, {"auth_without_tls": True, "place": "outbound"})
    for number, hop in enumerate(rastel.hops):
        hop.keywords = keywords
        hop.proxy = "v1" if number == 1 else None
        hop.hooks["XCLIENT"] = "220 next.example ESMTP"
        hop.hooks["AUTH"] = "235 2.7.0 ok"
        for _ in range(2):
            with rastel.client(number) as client:
                client.hello()
                if number == 2:
                    secret = base64.b64encode(b"\0alice\0secret").decode()
                    assert client.command(f"AUTH PLAIN {secret}").code == 235
                assert client.deliver(CONTENT).code == 250
                client.quit()
            time.sleep(0.2)
        assert hop.connections == 2, number


def test_a_drain_ends_what_is_kept(start):
    rastel = start({"next_hop_keep": "60s"})
    send(rastel)
    settled(rastel.hop, 1)
    rastel.cli("drain")
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 1, 10)


def test_a_reload_leaves_no_connection_of_before(start):
    rastel = start({"next_hop_keep": "60s"})
    send(rastel)
    settled(rastel.hop, 1)
    rastel.cli("reload")
    rastel.hop.wait_for(lambda: said(rastel.hop, "QUIT") == 1, 10)
    send(rastel)
    assert rastel.hop.connections == 2 and len(rastel.hop.messages) == 2
