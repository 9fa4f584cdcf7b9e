# SPDX-License-Identifier: GPL-2.0-only
"""Strangers and submitters in front of a real Postfix (lab/) that trusts this machine's address: who is told of them, whom
it relays for. Needs root; skipped with a reason elsewhere."""
import subprocess
import time

import pytest

import daemon
import wiring
import peers

STRANGER, POSTFIX = "10.99.0.1", "10.99.0.2"
DOORS = {"XCLIENT": 10325, "PROXY": 10425, "nothing": 10525}
SUBMISSION = 10625
ABROAD = "somebody@abroad.example"


@pytest.fixture(scope="module")
def rastel(lab):
    with daemon.Rastel(prefix=lab.in_network("postfix"), configuration=wiring.configuration(lab)) as rastel:
        yield rastel


def from_stranger(lab, port):
    return peers.Client(None, connection=lab.connect(POSTFIX, port))


def from_this_machine(lab, port):
    return peers.Client(None, connection=lab.connect("127.0.0.1", port, "postfix"))


def asks(client, recipient):
    """The answers to MAIL and to RCPT."""
    client.hello()
    return client.envelope("sender@elsewhere.example", [recipient])


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


@pytest.mark.parametrize("told_by", ["XCLIENT", "PROXY"])
def test_a_stranger_is_not_relayed_for(lab, rastel, told_by):
    with from_stranger(lab, DOORS[told_by]) as client:
        answers = asks(client, ABROAD)
        assert answers[0].code == 250 and answers[1].code == 554 and "Relay access denied" in answers[1].text, answers
        assert client.command("RCPT TO:<alice@lab.test>").code == 250, "mail to us is taken"
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(peers.mail(f"told by {told_by}")))
        assert client.reply().code == 250
    wait_for(lambda: f"client=unknown[{STRANGER}]" in lab.mail_log(), lambda: lab.mail_log()[-2000:])
    # The control: the same door relays for whom it shall relay.
    with from_this_machine(lab, DOORS[told_by]) as client:
        assert [answer.code for answer in asks(client, ABROAD)] == [250, 250]


def test_without_either_this_postfix_relays_for_anybody_and_the_check_says_so(lab, rastel):
    with from_stranger(lab, DOORS["nothing"]) as client:
        assert [answer.code for answer in asks(client, ABROAD)] == [250, 250], "an open relay"
    said = rastel.cli("config", "check")
    warned = [line for line in (said.stdout + said.stderr).splitlines() if "open relay" in line]
    assert len(warned) == 1 and '"by-nothing"' in warned[0], warned


# AUTH

def swaks(lab, *words, mechanism="PLAIN", user="alice", password="secret"):
    """What swaks says of a whole session that sends mail abroad after a login."""
    return subprocess.run(
        [*lab.in_network(), "swaks", "--server", f"{POSTFIX}:{SUBMISSION}", "--from", "alice@lab.test", "--to", ABROAD, "--auth", mechanism,
         "--auth-user", user, "--auth-password", password, "--timeout", "30", "--hide-informational", *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_only_who_has_logged_in_is_relayed_for(lab, rastel):
    with from_stranger(lab, SUBMISSION) as client:
        answers = asks(client, ABROAD)
        assert answers[1].code == 554, answers
        offered = set(client.keywords["AUTH"].split())
        assert {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"} == offered, offered


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_login_is_the_next_hops_and_its_user_is_in_the_history(lab, rastel, mechanism):
    subject = f"login by {mechanism}"
    answer = swaks(lab, "--header", f"Subject: {subject}", mechanism=mechanism)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert " 235 " in answer.stdout
    newest = rastel.history("alice@lab.test", count=1)[0]
    assert newest["auth"] == "alice" and STRANGER in newest["client"], newest
    wait_for(lambda: f"sasl_method={mechanism}, sasl_username=alice" in lab.mail_log(), lambda: lab.mail_log()[-2000:])


def test_a_wrong_password_is_refused_with_the_next_hops_delay_and_words(lab, rastel):
    began = time.monotonic()
    answer = swaks(lab, password="wrong-and-secret-too")
    took = time.monotonic() - began
    assert answer.returncode == 28 and "535 5.7.8" in answer.stdout, (answer.returncode, answer.stdout)
    assert took > 1, "Dovecot lets who guesses wait"


def test_no_password_is_in_any_log_or_history(lab, rastel):
    import base64
    log = rastel.log()
    assert "did not log in" in log
    for secret in ("secret", "wrong-and-secret-too"):
        for text in (secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(f"\0alice\0{secret}".encode()).decode()):
            assert text not in log and text not in str(rastel.history())
