# SPDX-License-Identifier: GPL-2.0-only
"""Who the client is: XCLIENT from trusted peers, XCLIENT and XFORWARD to the next hop."""
import pytest

import peers

CONTENT = peers.mail("identity")
XCLIENT = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
KEYWORDS = [*peers.FULL, XCLIENT]
BEGIN_ANEW = {"XCLIENT": "220 next.example ESMTP anew"}


class Doors:
    """A door a way of `forward_client`, each for trusted peers (127.0.0.1) and, under "strangers-…", for nobody."""
    ways = ("off", "xforward", "xclient", "auto")

    def __init__(self):
        import daemon
        self.hops = {way: peers.NextHop() for way in self.ways}
        doors = [{"name": f"{who}{way}", "forward_client": way, "next_hop": self.hops[way].address, "next_hop_keep": "0s", "next_hop_timeout": "5s", **more}
                 for who, more in (("", {}), ("strangers-", {"trusted": []})) for way in self.ways]
        self.names = [door["name"] for door in doors]
        self.rastel = daemon.Rastel(*doors).start()

    def fresh(self):
        for hop in self.hops.values():
            hop.hooks = dict(BEGIN_ANEW)
            hop.keywords = KEYWORDS
            hop.messages.clear()
            hop.commands.clear()
        return self

    def client(self, name, **options):
        return self.rastel.client(self.names.index(name), **options)

    def stop(self):
        self.rastel.close()
        for hop in self.hops.values():
            hop.stop()


@pytest.fixture(scope="module")
def all_doors():
    doors = Doors()
    yield doors
    doors.stop()


@pytest.fixture
def doors(all_doors):
    return all_doors.fresh()


def said(hop, verb):
    return [command for command in hop.commands if command.startswith(verb)]


def xclient_of(hop):
    """Name → value of what the next hop heard by XCLIENT, in order."""
    words = " ".join(line.removeprefix("XCLIENT ") for line in said(hop, "XCLIENT")).split()
    return dict(word.split("=", 1) for word in words)


# From peers

def test_a_trusted_peer_says_for_whom_it_speaks(doors, how):
    sender = f"{how}@elsewhere.example"
    with doors.client("xforward", how=how) as client:
        client.hello("proxy.example")
        assert client.keywords["XCLIENT"] == "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
        answer = client.command("XCLIENT NAME=spike.example ADDR=192.0.2.77 PORT=4711 PROTO=ESMTP HELO=spike+2Eexample LOGIN=al+40lab.test")
        assert (answer.code, "ESMTP" in answer.text) == (220, True)
        assert client.command(f"MAIL FROM:<{sender}>").code == 503, "the session begins anew (A-22)"
        assert "XCLIENT" in client.hello("proxy.example")
        assert client.deliver(CONTENT, sender=sender).code == 250
    row = doors.rastel.history(sender, count=1)[0]
    assert "192.0.2.77" in row["client"] and row["auth"] == "al@lab.test", row
    xforward = " ".join(doors.hops["xforward"].messages[0].xforward)
    assert "ADDR=192.0.2.77" in xforward and "NAME=spike.example" in xforward and "HELO=spike.example" in xforward


def test_before_ehlo_too_and_what_is_unknown_stays_unknown(doors):
    with doors.client("xclient") as client:
        assert client.command("XCLIENT ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL] HELO=[UNAVAILABLE]").code == 220
        assert client.deliver(CONTENT, sender="unknown@elsewhere.example").code == 250
    heard = xclient_of(doors.hops["xclient"])
    assert heard["ADDR"] == "[UNAVAILABLE]" and heard["NAME"] == "[UNAVAILABLE]"
    assert "127.0.0.1" not in doors.rastel.history("unknown@elsewhere.example", count=1)[0]["client"]


@pytest.mark.parametrize("arguments", ["ADDR=evil", "ADDR=192.0.2.1 PORT=99999", "PROTO=LMTP", "IDENT=x", "ADDR", "", "HELO=a+0D+0Ab",
                                       "HELO=+ZZ", "ADDR=IPV6:192.0.2.1", "HELO=" + "x" * 300])
def test_what_can_not_be_true_is_refused(doors, arguments):
    with doors.client("xclient") as client:
        client.hello()
        assert client.command(f"XCLIENT {arguments}").code == 501
        assert client.deliver(CONTENT).code == 250
    assert xclient_of(doors.hops["xclient"])["ADDR"] == "127.0.0.1"


def test_nobody_else_may(doors):
    with doors.client("strangers-xclient") as client:
        assert "XCLIENT" not in client.hello()
        assert client.command("XCLIENT ADDR=127.0.0.2 LOGIN=admin").code == 550
        assert client.deliver(CONTENT).code == 250
    heard = xclient_of(doors.hops["xclient"])
    assert heard["ADDR"] == "127.0.0.1" and heard["LOGIN"] == "[UNAVAILABLE]", "who he is, not who he says he is"


def test_not_within_a_transaction(doors):
    with doors.client("xclient") as client:
        client.hello()
        client.envelope("a@x.example", ["b@lab.test"])
        assert client.command("XCLIENT ADDR=192.0.2.1").code == 503


def test_one_connection_for_two_clients_is_two_at_the_next_hop(doors):
    hop = doors.hops["xclient"]
    with doors.client("xclient") as client:
        for address in ("192.0.2.1", "192.0.2.2"):
            assert client.command(f"XCLIENT ADDR={address}").code == 220
            client.hello()
            assert client.deliver(CONTENT).code == 250
    for message, address in zip(hop.messages, ("192.0.2.1", "192.0.2.2")):
        assert [line for line in message.commands if line.startswith("XCLIENT")][-1].endswith(f"ADDR={address}")
        assert sum(line.startswith("XCLIENT") for line in message.commands) == 1, "a connection is one client's"


# To the next hop

def test_xclient_is_said_encoded_and_followed_by_ehlo(doors, how):
    hop = doors.hops["xclient"]
    with doors.client("xclient", how=how) as client:
        assert client.command("XCLIENT NAME=a+2Bb+3Dc+20d ADDR=IPV6:2001:db8::7 PORT=99 DESTADDR=192.0.2.9 DESTPORT=25").code == 220
        client.hello("one+two=three")
        assert client.deliver(CONTENT).code == 250
    verbs = [line.split()[0] for line in hop.messages[0].commands]
    assert verbs[:4] == ["EHLO", "XCLIENT", "EHLO", "MAIL"], verbs
    assert xclient_of(hop) == {"NAME": "a+2Bb+3Dc+20d", "PORT": "99", "PROTO": "ESMTP", "HELO": "one+2Btwo+3Dthree", "LOGIN": "[UNAVAILABLE]",
                               "DESTADDR": "192.0.2.9", "DESTPORT": "25", "ADDR": "IPV6:2001:db8::7"}
    assert said(hop, "XCLIENT")[-1].split()[-1].startswith("ADDR="), "behind it we may have lost the right to say more (X-12)"


def test_long_values_are_split_and_inject_nothing(doors):
    hop = doors.hops["xclient"]
    with doors.client("xclient") as client:
        assert client.command(f"XCLIENT NAME={'n' * 250} LOGIN={'+20' * 255}").code == 220
        assert client.command(f"XCLIENT ADDR=192.0.2.7 HELO={'h' * 255}").code == 220
        client.hello("x")
        assert client.deliver(CONTENT).code == 250
    assert len(said(hop, "XCLIENT")) == 2 and all(len(command) <= 510 for command in hop.commands)
    heard = xclient_of(hop)
    assert (heard["NAME"], heard["HELO"], heard["LOGIN"]) == ("n" * 250, "h" * 255, "[UNAVAILABLE]")


def test_only_what_is_offered_is_said(doors):
    hop = doors.hops["xclient"]
    hop.keywords = [*peers.FULL, "XCLIENT ADDR HELO"]
    with doors.client("strangers-xclient") as client:
        assert client.deliver(CONTENT).code == 250
    assert set(xclient_of(hop)) == {"ADDR", "HELO"}


@pytest.mark.parametrize("keywords, hooks", [(peers.FULL, {}), ([*peers.FULL, "XCLIENT NAME HELO"], {}),
                                             (KEYWORDS, {"XCLIENT": "550 5.7.1 not you"}), (KEYWORDS, {"XCLIENT": "250 2.0.0 Ok"}),
                                             (KEYWORDS, {"XCLIENT": peers.CLOSE}), (KEYWORDS, {"XCLIENT": "354 what?"})])
def test_where_the_client_can_not_be_told_nothing_is_handed_on(doors, keywords, hooks):
    hop = doors.hops["xclient"]
    hop.keywords, hop.hooks = keywords, dict(hooks)
    with doors.client("strangers-xclient") as client:
        client.hello()
        assert client.command("MAIL FROM:<a@x.example>").code in range(400, 500)
    assert not said(hop, "MAIL")
    doors.fresh()
    with doors.client("strangers-xclient") as client:
        assert client.deliver(CONTENT).code == 250


def test_auto_takes_xforward_where_there_is_no_xclient(doors):
    hop = doors.hops["auto"]
    for keywords, verb in ((KEYWORDS, "XCLIENT"), (peers.FULL, "XFORWARD")):
        doors.fresh()
        hop.keywords = keywords
        with doors.client("strangers-auto") as client:
            assert client.deliver(CONTENT).code == 250
        other = {"XCLIENT": "XFORWARD", "XFORWARD": "XCLIENT"}[verb]
        assert any("ADDR=127.0.0.1" in command for command in said(hop, verb)) and not said(hop, other)


def test_off_says_nothing(doors):
    hop = doors.hops["off"]
    with doors.client("off") as client:
        client.hello()
        assert client.command("XFORWARD ADDR=192.0.2.7").code == 250
        assert client.deliver(CONTENT).code == 250
    assert not said(hop, "XFORWARD") and not said(hop, "XCLIENT")


# XFORWARD is taken back

@pytest.mark.parametrize("refused", ["MAIL", "RCPT", "DATA", "DOT"])
def test_the_next_hop_forgets_whom_a_refused_message_was_for(doors, refused):
    """XFORWARD_README: it holds until the message is over; a refused MAIL isn't that, RSET is."""
    hop = doors.hops["xforward"]
    with doors.client("xforward") as client:
        client.hello()
        assert client.command("XFORWARD NAME=first.example ADDR=192.0.2.1").code == 250
        hop.hooks[refused] = "550 5.7.1 no"
        assert client.deliver(CONTENT).code == 550
        del hop.hooks[refused]
        assert client.command("RSET").code == 250
        assert client.deliver(CONTENT).code == 250
    verbs = [command.split()[0] for command in hop.commands]
    first, last = verbs.index("MAIL"), len(verbs) - 1 - verbs[::-1].index("MAIL")
    ended_by = "RSET" if refused != "DOT" else "DATA"
    assert ended_by in verbs[first:last], verbs
    assert sum(verb == "XFORWARD" for verb in verbs) == 1


def test_what_was_said_for_a_refused_message_is_not_said_of_the_next(doors):
    hop = doors.hops["xforward"]
    with doors.client("xforward") as client:
        client.hello()
        assert client.command("XFORWARD ADDR=192.0.2.1").code == 250
        hop.hooks["MAIL"] = "550 5.7.1 no"
        assert client.command("MAIL FROM:<a@x.example>").code == 550
        del hop.hooks["MAIL"]
        assert client.command("XFORWARD ADDR=192.0.2.2").code == 250
        assert client.deliver(CONTENT).code == 250
    verbs = [command.split()[0] for command in hop.commands]
    second = len(verbs) - 1 - verbs[::-1].index("XFORWARD")
    assert "RSET" in verbs[verbs.index("MAIL"):second], verbs
    assert "192.0.2.2" in said(hop, "XFORWARD")[-1]
