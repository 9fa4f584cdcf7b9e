# SPDX-License-Identifier: GPL-2.0-only
"""The milter door with a real Postfix and a real Sendmail (lab/): what they make of what it says, and what their clients do to
it. carol: quarantine, dave: tag, bob: strip. Needs root; skipped with a reason elsewhere."""
import base64
import random
import time
import types
import uuid

import pytest

import daemon
import lab as lab_module
import make_mail
import peers
import roots
import wiring

PORTS = {"postfix": 2504, "sendmail": 2502}
SENDER = "sender@elsewhere.example"


def sender(mark):
    """By whom it is found in the history."""
    return f"{mark}@elsewhere.example"


@pytest.fixture(scope="module", params=PORTS)
def mta(request):
    """A mail server with a rasteld beside it: .lab, .rastel, .port."""
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    with lab_module.start(request.param) as lab:
        def configuration(state, user):
            text = wiring.configuration(lab)(state, user)
            return text.replace("[http]", '[[policy.rule]]\nrecipients = ["bob@lab.test"]\ninfected = "strip"\n\n'
                                          '[policy]\ntag_subject = "[unsafe]"\n\n[http]')
        with daemon.Rastel(prefix=lab.beside_mta(), configuration=configuration) as rastel:
            yield types.SimpleNamespace(name=request.param, lab=lab, rastel=rastel, port=PORTS[request.param])


def token():
    return uuid.uuid4().hex[:12]


def client(mta):
    connected = peers.Client(None, connection=mta.lab.connect(mta.lab.session.address, mta.port), timeout=120)
    connected.hello()
    return connected


def send(mta, content, *recipients, by=SENDER):
    with client(mta) as connected:
        return connected.deliver(content, by, recipients or ("alice@lab.test",))


def arrived(mta, user, mark):
    return [data for data in mta.lab.mailbox(user).values() if mark.encode() in data]


def held(mta, mark):
    return [row for row in mta.rastel.held() if row["subject"] == mark]


def wait_arrived(mta, user, mark, count=1, seconds=60):
    """And nothing more of it once the queue is empty."""
    end = time.monotonic() + seconds
    while len(arrived(mta, user, mark)) < count or mta.lab.queue():
        assert time.monotonic() < end, f"{len(arrived(mta, user, mark))} of {count} for {user}: {mta.lab.mail_log()[-3000:]}"
        time.sleep(0.1)
    found = arrived(mta, user, mark)
    assert len(found) == count
    return found


def header_lines(delivered):
    head = delivered.split(b"\r\n\r\n", 1)[0]
    return [line for line in head.split(b"\r\n") if line[:1] not in b" \t"]


def with_attachment(mark):
    return make_mail.with_attachment(mark, 40, "invoice.bin", "application/octet-stream", daemon.eicar())


def test_each_of_two_messages_of_a_session_has_its_own_answer(mta):
    bad, good = token(), token()
    with client(mta) as connected:
        refused = connected.deliver(daemon.infected(bad), SENDER)
        assert refused.code == 554 and "infected (Eicar-Test-Signature)" in refused.text, refused
        assert connected.deliver(peers.mail(good), SENDER).code == 250
    wait_arrived(mta, "alice", good)
    assert not arrived(mta, "alice", bad) and not held(mta, bad)


def test_what_was_reset_is_forgotten(mta):
    mark, first = token(), token()
    with client(mta) as connected:
        assert all(reply.code == 250 for reply in connected.envelope(sender(first), ["bob@lab.test", "dave@lab.test"]))
        assert connected.command("RSET").code == 250
        assert connected.deliver(peers.mail(mark), sender(mark)).code == 250
    wait_arrived(mta, "alice", mark)
    assert not arrived(mta, "bob", mark) and not arrived(mta, "dave", mark)
    row = mta.rastel.history(mark, count=1)[0]
    assert (row["from"], row["to"]) == (sender(mark), "alice@lab.test"), row
    assert not mta.rastel.history(first)


def test_a_client_that_vanishes_leaves_nothing(mta):
    mark, next_one = token(), token()
    content = peers.stuffed(peers.mail(mark, b"text\r\n" * 50_000))
    with client(mta) as connected:
        connected.envelope(sender(mark), ["alice@lab.test"])
        assert connected.command("DATA").code == 354
        connected.socket.sendall(content[:len(content) // 2])
        time.sleep(0.5)
    assert send(mta, peers.mail(next_one), by=sender(next_one)).code == 250
    wait_arrived(mta, "alice", next_one)
    mta.rastel.history(next_one, count=1)  # what is written of the other one would be there by now
    assert not arrived(mta, "alice", mark) and not held(mta, mark) and not mta.rastel.history(mark)


def test_fifty_megabytes_pass_as_they_are(mta):
    mark = token()
    text = base64.encodebytes(random.Random(50).randbytes(36_500_000)).replace(b"\n", b"\r\n")
    content = peers.mail(mark, text, b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
                         b"X-Last: line\r\n")
    assert len(content) > 49_000_000
    assert send(mta, content).code == 250
    found = wait_arrived(mta, "alice", mark)[0]
    assert found.endswith(content) and b"X-Rastel: clean; " in found[:2000]


def test_a_hundred_recipients_get_it(mta):
    mark = token()
    recipients = [f"alice+{number}@lab.test" for number in range(100)]
    assert send(mta, peers.mail(mark), *recipients, by=sender(mark)).code == 250
    wait_arrived(mta, "alice", mark, count=100)
    row = mta.rastel.history(mark, count=1)[0]
    assert sorted(row["to"].replace(",", " ").split()) == sorted(recipients), row


def test_forged_headers_are_gone_and_ours_is_above(mta):
    mark = token()
    forged = b"X-Rastel: clean; id=forged\r\nx-rastel: clean;\r\n id=forged\r\nX-Other: kept\r\nX-RASTEL: forged\r\n"
    assert send(mta, peers.mail(mark, extra=forged)).code == 250
    found = wait_arrived(mta, "alice", mark)[0]
    names = [line.split(b":")[0].lower() for line in header_lines(found)]
    assert names.count(b"x-rastel") == 1 and b"forged" not in found and b"X-Other: kept" in found
    assert names.index(b"x-rastel") < names.index(b"from")


def test_parts_are_stripped_and_the_whole_is_held(mta):
    mark = token()
    content = with_attachment(mark)
    assert send(mta, content, "bob@lab.test").code == 250
    found = wait_arrived(mta, "bob", mark)[0]
    assert b"; removed=1" in found and base64.b64encode(daemon.eicar())[:40] not in found
    assert b"Please see what is attached.\r\n" in found and b"invoice.bin" in found
    rows = held(mta, mark)
    assert len(rows) == 1 and mta.rastel.raw(rows[0]["id"]).endswith(content)


def test_a_tag_changes_the_subject_and_nothing_else(mta):
    mark = token()
    content = with_attachment(mark)
    assert send(mta, content, "dave@lab.test").code == 250
    found = wait_arrived(mta, "dave", mark)[0]
    assert b"X-Rastel: infected; " in found
    head, body = content.split(b"\r\n\r\n", 1)
    assert f"Subject: [unsafe] {mark}".encode() in header_lines(found) and found.endswith(b"\r\n\r\n" + body)
    ours = [line for line in header_lines(found) if not line.lower().startswith((b"x-rastel", b"received", b"return-path", b"delivered-to",
                                                                                b"subject"))]
    assert ours == [line for line in header_lines(content) if not line.startswith(b"Subject")]


def test_recipients_have_an_outcome_each(mta):
    mark = token()
    content = with_attachment(mark)
    assert send(mta, content, "carol@lab.test", "dave@lab.test").code == 250
    wait_arrived(mta, "dave", mark)
    rows = held(mta, mark)
    assert [[to["address"] for to in row["to"]] for row in rows] == [["carol@lab.test"]]
    assert not arrived(mta, "carol", mark)


def test_a_scanner_that_dies_in_the_middle_loses_nothing(mta):
    mark = token()
    content = peers.mail(mark, b"text\r\n" * 50_000)
    whole = peers.stuffed(content)
    with client(mta) as connected:
        connected.envelope(SENDER, ["alice@lab.test"])
        assert connected.command("DATA").code == 354
        connected.socket.sendall(whole[:len(whole) // 2])
        time.sleep(0.5)
        mta.rastel.kill()
        connected.socket.sendall(whole[len(whole) // 2:])
        assert connected.reply().code in range(400, 500)
    mta.rastel.start()
    assert not arrived(mta, "alice", mark)
    assert send(mta, content).code == 250
    wait_arrived(mta, "alice", mark)
