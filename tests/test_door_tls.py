# SPDX-License-Identifier: GPL-2.0-only
"""TLS towards the next hop: a table of honest and lying servers against every policy. Where TLS is demanded and not to be had,
the client hears a temporary refusal, no message goes on, and no word of it was said in clear (PROTOCOLS X-03, X-04)."""
import ssl
import time

import pytest

import daemon
import peers
import tls_peers

MARK = "kept from listeners"


# What a server does when it is told STARTTLS, beside what it ought to.

def says(text):
    return lambda session: text


def injects(session):
    session.say("220 2.0.0 go ahead\r\n250 2.0.0 injected")
    session.wrap()
    return False


def injects_a_part(session):
    session.connection.sendall(b"220 2.0.0 go ahead\r\n250-inj")
    session.wrap()
    return False


def goes_on_in_clear(session):
    session.say("220 2.0.0 go ahead")
    time.sleep(0.2)  # a segment of its own
    return "250-next.example\r\n250 PIPELINING"


def closes_after_220(session):
    session.say("220 2.0.0 go ahead")
    raise peers.Closed


def is_silent_after_220(session):
    session.say("220 2.0.0 go ahead")
    return peers.HANG


def cuts_the_handshake(session):
    session.say("220 2.0.0 go ahead")
    session.connection.recv(65536)
    session.connection.sendall(b"\x16\x03\x03\x00\x40\x02")
    raise peers.Closed


# name: (policy of the door, what the hop is made to do, what becomes of a message: "tls", "clear" or "refused")
CASES = {
    "honest": ("require", {}, "tls"),
    "a chain with its intermediate": ("require", {"certificate": "chain"}, "tls"),
    "a wildcard": ("require-deep", {"certificate": "wildcard"}, "tls"),
    "TLS 1.2": ("require", {"most": ssl.TLSVersion.TLSv1_2}, "tls"),
    "TLS 1.3 alone": ("require", {"least": ssl.TLSVersion.TLSv1_3}, "tls"),
    "keyword in small letters": ("require", {"offered": "starttls"}, "tls"),
    "an address in the certificate": ("require-address", {"certificate": "address"}, "tls"),
    "expired": ("require", {"certificate": "expired"}, "refused"),
    "not yet valid": ("require", {"certificate": "not-yet"}, "refused"),
    "wrong name": ("require", {"certificate": "wrong-name"}, "refused"),
    "a name where an address is wanted": ("require-address", {}, "refused"),
    "an address where a name is wanted": ("require", {"certificate": "address"}, "refused"),
    "a wildcard for two labels": ("require-deeper", {"certificate": "wildcard"}, "refused"),
    "a wildcard for none": ("require", {"certificate": "wildcard"}, "refused"),
    "self-signed": ("require", {"certificate": "self-signed"}, "refused"),
    "unknown authority": ("require", {"certificate": "unknown-authority"}, "refused"),
    "intermediate missing": ("require", {"certificate": "no-intermediate"}, "refused"),
    "a client's certificate": ("require", {"certificate": "wrong-usage"}, "refused"),
    "not known to the system": ("require-system", {}, "refused"),
    "TLS 1.0": ("require", {"most": ssl.TLSVersion.TLSv1}, "refused"),
    "TLS 1.1": ("require", {"most": ssl.TLSVersion.TLSv1_1}, "refused"),
    "stripped": ("require", {"offered": None}, "refused"),
    "renamed": ("require", {"offered": "XXXXXXXA"}, "refused"),
    "EHLO refused": ("require", {"hooks": {"EHLO": "502 5.5.1 no"}}, "refused"),
    "STARTTLS refused for now": ("require", {"behaviour": says("454 4.7.0 no")}, "refused"),
    "STARTTLS refused": ("require", {"behaviour": says("502 5.5.1 no")}, "refused"),
    "STARTTLS answered 250": ("require", {"behaviour": says("250 2.0.0 fine")}, "refused"),
    "STARTTLS answered 354": ("require", {"behaviour": says("354 go ahead")}, "refused"),
    "STARTTLS answered 421": ("require", {"behaviour": says("421 4.3.2 bye")}, "refused"),
    "a reply injected": ("require", {"behaviour": injects}, "refused"),
    "a part of a reply injected": ("require", {"behaviour": injects_a_part}, "refused"),
    "clear text in place of a handshake": ("require", {"behaviour": goes_on_in_clear}, "refused"),
    "closed after 220": ("require", {"behaviour": closes_after_220}, "refused"),
    "silent after 220": ("require", {"behaviour": is_silent_after_220}, "refused"),
    "cut in the handshake": ("require", {"behaviour": cuts_the_handshake}, "refused"),
    "implicit, honest": ("implicit", {}, "tls"),
    "implicit, self-signed": ("implicit", {"certificate": "self-signed"}, "refused"),
    "implicit, expired": ("implicit", {"certificate": "expired"}, "refused"),
    "implicit, wrong name": ("implicit", {"certificate": "wrong-name"}, "refused"),
    "implicit, TLS 1.0": ("implicit", {"most": ssl.TLSVersion.TLSv1}, "refused"),
    "implicit, in clear": ("implicit-clear", {}, "refused"),
    "may, honest": ("may", {}, "tls"),
    "may, self-signed": ("may", {"certificate": "self-signed"}, "tls"),
    "may, expired": ("may", {"certificate": "expired"}, "tls"),
    "may, not offered": ("may", {"offered": None}, "clear"),
    "may, refused": ("may", {"behaviour": says("454 4.7.0 no")}, "clear"),
    "may, TLS 1.0": ("may", {"most": ssl.TLSVersion.TLSv1}, "clear"),
    "may, a reply injected": ("may", {"behaviour": injects}, "refused"),
    "none": ("none", {}, "clear"),
    "LMTP, honest": ("require-lmtp", {}, "tls"),
    "LMTP, stripped": ("require-lmtp", {"offered": None}, "refused"),
    "LMTP, a reply injected": ("require-lmtp", {"behaviour": injects}, "refused"),
}


class Hops:
    """One rasteld; a door and a next hop for each policy."""

    def __init__(self, made):
        root = made.file("root.pem")
        required = {"next_hop_tls": "require", "next_hop_tls_ca": root}
        policies = {
            "require": {**required, "next_hop_tls_name": "hop.test"},
            "require-deep": {**required, "next_hop_tls_name": "a.hop.test"},
            "require-deeper": {**required, "next_hop_tls_name": "a.b.hop.test"},
            "require-address": required,
            "require-system": {"next_hop_tls": "require", "next_hop_tls_name": "hop.test"},
            "require-lmtp": {**required, "next_hop_tls_name": "hop.test"},
            "implicit": {**required, "next_hop_tls": "implicit", "next_hop_tls_name": "hop.test"},
            "implicit-clear": {**required, "next_hop_tls": "implicit", "next_hop_tls_name": "hop.test"},
            "may": {"next_hop_tls": "may"},
            "none": {},
        }
        self.made, self.number = made, {name: number for number, name in enumerate(policies)}
        self.hops = {name: tls_peers.NextHop(None, implicit=name == "implicit", lmtp=name.endswith("lmtp")) for name in policies}
        self.rastel = daemon.Rastel(*[
            {"name": name, "next_hop": self.hops[name].address, "next_hop_keep": "0s", "next_hop_timeout": "2s", **more}
            for name, more in policies.items()]).start()

    def prepare(self, policy, certificate="good", least=None, most=None, hooks=None, **attributes):
        hop = self.hops[policy]
        hop.fresh(tls_peers.server_context(self.made, certificate, least, most))
        hop.hooks.update(hooks or {})
        for name, value in attributes.items():
            assert hasattr(hop, name)
            setattr(hop, name, value)
        return hop

    def client(self, policy):
        return self.rastel.client(self.number[policy])

    def close(self):
        self.rastel.close()
        for hop in self.hops.values():
            hop.stop()


@pytest.fixture(scope="module")
def hops(made):
    hops = Hops(made)
    yield hops
    hops.close()


@pytest.mark.parametrize("name", CASES)
def test_a_next_hop(hops, name):
    policy, does, becomes = CASES[name]
    hop = hops.prepare(policy, **does)
    with hops.client(policy) as client:
        client.hello()
        reply = client.deliver(peers.mail(MARK))
    said_in_clear = [line.split(" ")[0].upper() for line in hop.in_clear]
    if becomes == "refused":
        assert reply.code == 451 and reply.text.startswith("4.4."), reply
        assert not hop.messages and not hop.unfinished
        assert not {"MAIL", "RCPT", "DATA", "BDAT", "XFORWARD"} & set(said_in_clear), said_in_clear
        assert not [line for line in hop.commands if line.upper().startswith(("MAIL", "RCPT", "DATA"))], hop.commands
        assert not [line for line in hop.in_clear if MARK in line]
        assert any(f"door {policy}: " in line for line in hops.rastel.log().splitlines())
        return
    assert reply.code == 250, reply
    assert len(hop.accepted()) == 1 and MARK.encode() in hop.messages[0].content
    if becomes == "tls":
        assert hop.handshakes >= 1
        assert set(said_in_clear) <= {"EHLO", "LHLO", "STARTTLS"}, said_in_clear
        if not hop.implicit:  # once before and once after the handshake
            assert [line.split(" ")[0] for line in hop.messages[0].commands[:3]] == [
                "LHLO" if hop.lmtp else "EHLO", "STARTTLS", "LHLO" if hop.lmtp else "EHLO"]
    else:
        assert "MAIL" in said_in_clear


def test_the_log_says_why(hops):
    for certificate, why in [("expired", "certificate has expired"), ("wrong-name", "ostname mismatch"),
                             ("self-signed", "self-signed certificate"), ("not-yet", "not yet valid")]:
        hops.prepare("require", certificate)
        before = len(hops.rastel.log())
        with hops.client("require") as client:
            client.hello()
            assert client.command("MAIL FROM:<a@elsewhere.example>").code == 451
        assert why in hops.rastel.log()[before:]
    hops.prepare("require", offered=None)
    before = len(hops.rastel.log())
    with hops.client("require") as client:
        client.hello()
    assert "offers no STARTTLS" in hops.rastel.log()[before:]


def test_keywords_said_in_clear_are_forgotten(hops):
    hop = hops.prepare("require", clear_keywords=["SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "XFORWARD NAME"],
                       inside=["SIZE 90000", "DELIVERBY"])
    with hops.client("require") as client:
        words = client.hello()
        assert "DELIVERBY" in words and int(words["SIZE"]) > 1000
        assert not {"8BITMIME", "SMTPUTF8", "DSN"} & set(words)
        assert client.deliver(peers.mail(MARK)).code == 250
    assert len(hop.accepted()) == 1


def test_a_hop_that_is_stripped_later_gets_nothing(hops):
    """The first connection was good; the one that takes its place isn't."""
    hop = hops.prepare("require")
    with hops.client("require") as client:
        assert client.deliver(peers.mail(MARK)).code == 250
        hop.offered = None
        for session in hop.sessions:
            try:
                session.close()
            except OSError:
                pass
        hop.in_clear.clear()
        assert client.deliver(peers.mail(MARK)).code == 451
    assert len(hop.messages) == 1
    assert not [line for line in hop.in_clear if line.upper().startswith(("MAIL", "RCPT", "DATA"))]


@pytest.mark.parametrize("policy", ["require", "implicit"])
def test_a_hop_that_cuts_tls_before_its_answer_has_taken_nothing(hops, policy):
    hop = hops.prepare(policy, hooks={"DOT": peers.CLOSE})
    with hops.client(policy) as client:
        reply = client.deliver(peers.mail(MARK))
    assert reply.code == 451, reply
    assert not hop.accepted()


def test_a_large_message_goes_on_as_it_came(hops):
    hop = hops.prepare("require")
    content = peers.mail(MARK, b"".join(b"%d: all work and no play\r\n.\r\n" % number for number in range(150_000)))
    with hops.client("require") as client:
        assert client.deliver(content).code == 250
    assert peers.our_header(hop.messages[0].content)[1] == content
