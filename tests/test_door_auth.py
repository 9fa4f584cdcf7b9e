# SPDX-License-Identifier: GPL-2.0-only
"""AUTH relayed to a next hop that decides, or lies, hangs and vanishes. A real one is in test_lab_identity.py."""
import base64
import socket
import subprocess
import time

import pytest

import daemon
import peers
import tls_peers

CONTENT = peers.mail("submitted")
OFFERED = ("PLAIN LOGIN XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS GSSAPI GSS-SPNEGO "
           "DIGEST-MD5 NTLM KERBEROS_V4 EXTERNAL X-UNHEARD-OF")
SECRET = "correct-horse-battery"


def coded(text):
    return base64.b64encode(text.encode()).decode()


PLAIN = "AUTH PLAIN " + coded(f"\0alice@lab.test\0{SECRET}")


class Doors:
    def __init__(self, made):
        self.hop = peers.NextHop()
        clear = {"place": "outbound", "next_hop": self.hop.address, "next_hop_keep": "0s", "next_hop_timeout": "3s", "trusted": []}
        doors = {"clear": {**clear, "auth_without_tls": True}, "hidden": clear,
                 "tls": {**clear, "tls": {"mode": "starttls", **made.pair("good")}},
                 "impatient": {**clear, "auth_without_tls": True, "auth_deadline": "10s", "max_commands_before_auth": 8}}
        self.names = list(doors)
        self.rastel = daemon.Rastel(*[{"name": name, **more, "max_errors_per_client": 100_000} for name, more in doors.items()]).start()
        self.context = tls_peers.client_context(made)

    def fresh(self):
        self.lines = []  # of AUTH, as the next hop heard them
        self.hop.keywords = [*peers.FULL, "AUTH " + OFFERED]
        self.hop.hooks.clear()
        self.hop.messages.clear()
        self.hop.commands.clear()
        return self

    def answers(self, *replies):
        """The next hop's to the lines of an exchange, one after the other."""
        def exchange(session, line):
            for reply in replies[:-1]:
                self.lines.append(line)
                session.say(reply)
                line = session.line()
            self.lines.append(line)
            return replies[-1]
        self.hop.hooks["AUTH"] = exchange

    def client(self, name="clear", **options):
        return self.rastel.client(self.names.index(name), **options)

    def inside_tls(self):
        client = tls_peers.Client(self.rastel.door(self.names.index("tls")))
        client.hello()
        client.starttls(self.context)
        return client

    def close(self):
        self.rastel.close()
        self.hop.stop()


@pytest.fixture(scope="module")
def all_doors(made):
    doors = Doors(made)
    yield doors
    doors.close()


@pytest.fixture
def doors(all_doors):
    return all_doors.fresh()


def user_of(doors, sender):
    return doors.rastel.history(sender, count=1)[0]["auth"]


def test_what_binds_to_a_channel_or_wraps_it_is_not_offered(doors, how):
    with doors.client("hidden", how=how) as client:
        assert "AUTH" not in client.hello()
        assert client.command(PLAIN).code == 502
    with doors.client(how=how) as client:
        assert client.hello()["AUTH"] == "PLAIN LOGIN XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"
        for mechanism in ("GSSAPI", "NTLM", "EXTERNAL", "DIGEST-MD5", "SCRAM-SHA-256-PLUS", "X-UNHEARD-OF"):
            assert client.command(f"AUTH {mechanism} AAAA").code == 504
    with doors.inside_tls() as client:
        assert client.hello()["AUTH"] == "PLAIN LOGIN XOAUTH2 OAUTHBEARER CRAM-MD5", "SCRAM would see two channels (X-05)"
        assert client.command("AUTH SCRAM-SHA-256 AAAA").code == 504
    assert not [command for command in doors.hop.commands if command.startswith("AUTH")]
    doors.hop.keywords = [*peers.FULL, "AUTH GSSAPI NTLM"]
    with doors.client(how=how) as client:
        assert "AUTH" not in client.hello()


def test_a_login_inside_tls(doors):
    doors.answers("235 2.7.0 ok")
    with doors.inside_tls() as client:
        client.hello()
        assert client.command(PLAIN).code == 235
        assert client.deliver(CONTENT, sender="tls@lab.test").code == 250
    assert doors.lines == [PLAIN] and user_of(doors, "tls@lab.test") == "alice@lab.test"


@pytest.mark.parametrize("exchange", [
    [(PLAIN, "235 2.7.0 welcome")],
    [("AUTH PLAIN =", "535 5.7.8 no")],
    [("AUTH PLAIN", "334 "), (coded("\0a\0b"), "235 2.7.0 ok")],
    [("auth login", "334 VXNlcm5hbWU6"), (coded("bob"), "334 UGFzc3dvcmQ6"), (coded("b" * 9000), "235-2.7.0 one\r\n235 2.7.0 two")],
    [("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("*", "501 5.7.0 cancelled")],
    [("AUTH XOAUTH2 " + coded("user=u\1auth=Bearer x\1\1"), "334 " + coded('{"status":"401"}')), ("", "535 5.7.8 no")],
    [("AUTH OAUTHBEARER", "334 "), ("A" * 12286, "535 5.7.8 no")],
    [("AUTH CRAM-MD5", "334 " + "Q" * 4000), (coded("tim 0123"), "454 4.7.0 later")],
])
def test_an_exchange_is_relayed_to_the_octet(doors, how, exchange):
    doors.answers(*[reply for _, reply in exchange])
    with doors.client(how=how) as client:
        client.hello()
        for line, reply in exchange:
            answer = client.command(line)
            assert answer.code == int(reply[:3]) and answer.lines == [part[4:] for part in reply.split("\r\n")]
        assert client.command("NOOP").code == 250
    assert doors.lines == [line for line, _ in exchange]


@pytest.mark.parametrize("line", ["A" * 20_000, "AAA\0", "\u00fc", "AUTH PLAIN AAAA", "**", "a b", "QUIT now"])
def test_what_is_no_response_cancels_and_both_stay_in_step(doors, how, line):
    doors.answers("334 ", "501 5.7.0 cancelled")
    with doors.client(how=how) as client:
        client.hello()
        assert client.command("AUTH LOGIN").code == 334
        assert client.command(line).code == 501
        assert client.command("NOOP").code == 250
        assert client.deliver(CONTENT).code == 250
    assert doors.lines == ["AUTH LOGIN", "*"]


LIES = {"250 to AUTH": ["250 2.0.0 ok"], "354 to AUTH": ["354 go"], "a challenge of two lines": ["334-a\r\n334 b"],
        "garbage": ["\x00 what"], "no end": [b"334 " + b"A" * 3_000_000], "closes": [peers.CLOSE], "hangs": [peers.HANG],
        "leaves": ["421 4.3.2 bye"], "closes after a challenge": ["334 ", peers.CLOSE], "hangs after a challenge": ["334 ", peers.HANG],
        "250 after a challenge": ["334 ", "250 2.0.0 ok"], "221 after a challenge": ["334 ", "221 bye"]}


@pytest.mark.parametrize("name", LIES)
def test_a_next_hop_that_lies_logs_nobody_in(doors, name):
    doors.answers(*LIES[name])
    sender = f"{name.replace(' ', '-')}@lab.test"
    with doors.client() as client:
        client.hello()
        answer = client.command("AUTH LOGIN")
        if answer.code == 334:
            answer = client.command(coded("mallory"))
        assert answer.code in range(400, 500), answer
        if answer.code == 421:
            assert client.at_end()
        else:
            assert client.command("NOOP").code == 250
            assert client.deliver(CONTENT, sender=sender).code == 250, "as nobody, on a new connection"
            assert user_of(doors, sender) in ("", "-", None)
            assert not any(command.startswith("AUTH") for command in doors.hop.messages[0].commands)


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA", "between"])
def test_a_login_is_never_taken_for_one_on_another_connection(doors, moment):
    doors.answers("235 2.7.0 ok")
    sender = f"lost-at-{moment}@lab.test"
    connections = doors.hop.connections
    with doors.client() as client:
        client.hello()
        assert client.command(PLAIN).code == 235
        if moment == "between":
            doors.hop.hooks["NOOP"] = doors.hop.hooks["VRFY"] = peers.CLOSE
            assert client.command("VRFY alice").code in range(400, 500)
            assert client.command(f"MAIL FROM:<{sender}>").code == 421
            assert client.at_end()
        else:
            doors.hop.hooks[moment] = peers.CLOSE
            assert client.deliver(CONTENT, sender=sender).code in range(400, 500)
    assert doors.hop.connections == connections + 1 and not doors.hop.messages


def test_a_next_hop_that_left_while_the_client_was_idle_is_asked_again(doors):
    doors.answers("235 2.7.0 ok")
    with doors.client() as client:
        client.hello()
        doors.hop.sessions[-1].shutdown(socket.SHUT_RDWR)
        time.sleep(0.2)
        assert client.command(PLAIN).code == 235
        assert client.deliver(CONTENT, sender="idle@lab.test").code == 250
    assert user_of(doors, "idle@lab.test") == "alice@lab.test"
    assert PLAIN in doors.hop.messages[0].commands, "the login and the message on one connection"


def test_a_next_hop_that_leaves_in_the_middle_is_no_end_of_logging_in(doors):
    def leave(session, line):
        session.say("334 ")
        return peers.CLOSE
    doors.hop.hooks["AUTH"] = leave
    with doors.client() as client:
        client.hello()
        assert client.command("AUTH LOGIN").code == 334
        time.sleep(0.2)
        assert client.command("YQ==").code == 451
        doors.answers("235 2.7.0 ok")
        assert client.command(PLAIN).code == 235


def test_only_235_says_who_it_is(doors):
    doors.answers("535 5.7.8 no")
    with doors.client() as client:
        client.hello()
        assert client.command(PLAIN).code == 535
        assert client.deliver(CONTENT, sender="refused@lab.test").code == 250
        doors.answers("235 2.7.0 ok")
        assert client.command(PLAIN).code == 235
        assert client.command(PLAIN).code == 503
        assert client.deliver(CONTENT, sender="taken@lab.test").code == 250
    assert user_of(doors, "refused@lab.test") in ("", "-", None)
    assert user_of(doors, "taken@lab.test") == "alice@lab.test"


def curl(doors, tmp_path, token):
    (tmp_path / "mail").write_bytes(CONTENT)
    return subprocess.run(["curl", "-sS", "--url", f"smtp://127.0.0.1:{doors.rastel.door(0)}", "--mail-from", "curl@lab.test", "--mail-rcpt",
                           "b@abroad.example", "--upload-file", str(tmp_path / "mail"), "--user", "curl@lab.test:", "--oauth2-bearer", token,
                           "--sasl-ir", "--max-time", "30"], capture_output=True, text=True, timeout=60)


# curl gives up at XOAUTH2's error challenge, and answers that of OAUTHBEARER (RFC 7628 3.2.3).
@pytest.mark.parametrize("mechanism, to_error", [("XOAUTH2", []), ("OAUTHBEARER", ["AQ=="])])
def test_curl_with_a_token_of_6_kb(doors, tmp_path, mechanism, to_error):
    token = "t0ken" * 1200
    port = doors.rastel.door(0)
    expected = {"XOAUTH2": f"user=curl@lab.test\1auth=Bearer {token}\1\1",
                "OAUTHBEARER": f"n,a=curl@lab.test,\1host=127.0.0.1\1port={port}\1auth=Bearer {token}\1\1"}[mechanism]
    doors.hop.keywords = [*peers.FULL, f"AUTH {mechanism}"]
    doors.answers("334 ", "235 2.7.0 ok")  # too long for an initial response
    answer = curl(doors, tmp_path, token)
    assert answer.returncode == 0, answer.stderr
    assert doors.lines == [f"AUTH {mechanism}", coded(expected)]
    assert doors.rastel.history("curl@lab.test", count=1)[0]["auth"] == "curl@lab.test" and token not in doors.rastel.log()
    doors.fresh().hop.keywords = [*peers.FULL, f"AUTH {mechanism}"]
    doors.answers("334 ", "334 " + coded('{"status":"401","schemes":"bearer"}'), "535 5.7.8 no")
    answer = curl(doors, tmp_path, token)
    assert answer.returncode == 67, answer  # CURLE_LOGIN_DENIED
    assert doors.lines[2:] == to_error and not doors.hop.messages


def test_the_next_hops_delay_is_the_clients(doors):
    def slowly(session, line):
        time.sleep(2)
        return "535 5.7.8 no"
    doors.hop.hooks["AUTH"] = slowly
    with doors.client() as client:
        client.hello()
        began = time.monotonic()
        assert client.command(PLAIN).code == 535
        assert time.monotonic() - began > 1.9


def test_who_does_not_log_in_has_few_commands_and_little_time(doors):
    doors.answers("235 2.7.0 ok")
    with doors.client("impatient") as guest, doors.client("impatient") as waiting, doors.client("impatient") as user:
        began = time.monotonic()
        waiting.hello()
        user.hello()
        assert user.command(PLAIN).code == 235
        guest.hello()
        codes = [guest.command("NOOP").code for _ in range(8)]
        assert codes == [250] * 7 + [421] and guest.at_end()
        assert [user.command("NOOP").code for _ in range(20)] == [250] * 20
        answer = waiting.reply()
        assert answer.code == 421 and 8 < time.monotonic() - began < 40, answer
        assert user.command("NOOP").code == 250


def test_no_secret_is_kept_anywhere(doors):
    doors.answers("235 2.7.0 ok")
    with doors.client() as client:
        client.hello()
        assert client.command(PLAIN).code == 235
        client.deliver(daemon.infected("of a user"))
    doors.answers("334 " + coded("a challenge " + SECRET), "535 5.7.8 " + SECRET)
    with doors.client() as client:
        client.hello()
        client.command("AUTH LOGIN")
        client.command(coded(SECRET))
    folder = doors.rastel.folder
    for path in [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".toml"]:
        data = path.read_bytes()
        for form in (SECRET, coded(SECRET), PLAIN.split()[-1]):
            assert form.encode() not in data, path
