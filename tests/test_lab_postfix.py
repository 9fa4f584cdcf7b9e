# SPDX-License-Identifier: GPL-2.0-only
"""A real Postfix with a real Dovecot behind it (lab/), wired to Rastel in its three ways: content_filter over SMTP and over
LMTP after the queue, smtpd_proxy_filter before it. Needs root; skipped with a reason elsewhere."""
import json
import re
import time
import uuid

import pytest

import daemon
import peers
import wiring
from test_smuggling import FALSE_ENDS, send_by_bdat, send_by_data

AFTER_SMTP, AFTER_LMTP, BEFORE = 2501, 2511, 2502
WAYS = {"after the queue, SMTP": AFTER_SMTP, "after the queue, LMTP": AFTER_LMTP, "before the queue": BEFORE}


@pytest.fixture(scope="module")
def rastel(lab):
    rastel = daemon.Rastel(prefix=lab.in_network("postfix"), configuration=wiring.configuration(lab))
    with rastel:
        yield rastel


def token():
    return uuid.uuid4().hex[:12]


def submit(lab, port, content, recipients=("alice@lab.test",), sender="sender@elsewhere.example", finish=True):
    """As a client on the network."""
    with peers.Client(None, connection=lab.connect("10.99.0.2", port)) as client:
        client.hello()
        parameters = " BODY=8BITMIME" if any(byte > 127 for byte in content) else ""
        replies = client.envelope(sender, recipients, parameters)
        bad = [reply for reply in replies if reply.code != 250]
        if bad:
            return bad[0]
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(content))
        return client.reply()


def arrived(lab, user, mark):
    return [data for data in lab.mailbox(user).values() if mark.encode() in data]


def wait_arrived(lab, user, mark, seconds=40):
    end = time.monotonic() + seconds
    while not (found := arrived(lab, user, mark)):
        assert time.monotonic() < end, f"nothing for {user} after {seconds} s:\n{lab.mail_log()[-3000:]}"
        time.sleep(0.1)
    return found


def wait_queue_empty(lab, seconds=40):
    end = time.monotonic() + seconds
    while queue := lab.queue():
        assert time.monotonic() < end, f"still queued: {queue}"
        time.sleep(0.2)


def below_header(delivered):
    """What stands below our header: as sent, but for the one Received line that the first Postfix put there. Above ours
    there are only the trace lines of those who came after."""
    at = delivered.index(b"\r\nX-Rastel: ") + 2
    above = delivered[:at]
    assert b"\r\n\r\n" not in above
    names = {line.split(b":")[0] for line in above.split(b"\r\n") if line and line[:1] not in b" \t"}
    assert names <= {b"Return-Path", b"Delivered-To", b"Received", b"X-Original-To"}, names
    header, rest = peers.our_header(delivered[at:])
    assert b"X-Rastel: " not in rest
    assert rest.startswith(b"Received: from "), rest[:100]
    return header, re.sub(rb"\A[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", b"", rest, count=1)


BODIES = {
    "text": b"Hello,\r\n.\r\n..dots\r\n  blanks  \r\n\r\n",
    "eight-bit": "Gr\u00fc\u00dfe aus \u0141\u00f3d\u017a\r\n".encode() * 20,
    "lines of 998": b"x" * 998 + b"\r\n" + b"y" * 990 + b"\r\n",
    "a million octets": b"0123456789abcdefghijklmnopqrstuvwxyz\r\n" * 27_000,
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("way", WAYS)
def test_clean_mail_arrives_identical_below_one_header(lab, rastel, way, body):
    mark = token()
    content = peers.mail(mark, BODIES[body], b"X-Signed: yes\r\nX-Folded: a\r\n\tb\r\n")
    reply = submit(lab, WAYS[way], content)
    assert reply.code == 250, reply
    found = wait_arrived(lab, "alice", mark)
    assert len(found) == 1
    header, rest = below_header(found[0])
    assert header.startswith("X-Rastel: clean;")
    assert rest == content, f"{len(rest)} of {len(content)} octets"


def test_the_senders_reply_names_the_queue_file(lab, rastel):
    reply = submit(lab, BEFORE, peers.mail(token()))
    queue_id = re.search(r"queued as (\w+)", reply.text)[1]
    assert f"{queue_id}: " in lab.mail_log()


def test_the_real_client_is_known_behind_rastel(lab, rastel):
    for port in (AFTER_SMTP, AFTER_LMTP, BEFORE):
        mark = token()
        submit(lab, port, peers.mail(mark), sender=f"{mark}@elsewhere.example")
        wait_arrived(lab, "alice", mark)
        row = rastel.history(mark, count=1)[0]
        assert "10.99.0.1" in row["client"], row
        assert row["queue"] or port == BEFORE, "the queue id that Postfix said by XFORWARD IDENT"


def test_infected_mail_is_refused_before_the_queue(lab, rastel):
    mark = token()
    reply = submit(lab, BEFORE, daemon.infected(mark))
    assert reply.code == 554 and "infected (Eicar" in reply.text, reply
    wait_queue_empty(lab)
    assert not arrived(lab, "alice", mark)
    assert not [row for row in rastel.held() if row["subject"] == mark]


@pytest.mark.parametrize("port", [AFTER_SMTP, AFTER_LMTP])
def test_infected_mail_is_held_after_the_queue_and_nobody_gets_a_bounce(lab, rastel, port):
    mark = token()
    before = len(lab.mail_log())
    assert submit(lab, port, daemon.infected(mark), sender="forged@victim.example").code == 250
    end = time.monotonic() + 30
    while not (held := [row for row in rastel.held() if row["subject"] == mark]):
        assert time.monotonic() < end, lab.mail_log()[before:]
        time.sleep(0.1)
    wait_queue_empty(lab)  # a bounce to victim.example could not leave: it would lie there
    said = lab.mail_log()[before:]
    assert "bounce" not in said and "non-delivery" not in said and "victim.example>, relay" not in said, said
    assert not arrived(lab, "alice", mark) and len(held) == 1
    assert held[0]["from"] == "forged@victim.example"


@pytest.mark.parametrize("port", [AFTER_SMTP, AFTER_LMTP])
def test_mail_waits_while_rastel_is_away_and_arrives_once(lab, rastel, port):
    mark = token()
    rastel.stop()
    try:
        assert submit(lab, port, peers.mail(mark)).code == 250
        end = time.monotonic() + 30
        while not any(json.loads(entry)["queue_name"] == "deferred" for entry in lab.queue()):
            assert time.monotonic() < end, lab.queue()
            time.sleep(0.2)
        assert not arrived(lab, "alice", mark)
    finally:
        rastel.start()
    lab.command("postfix", "postqueue", "-f")
    wait_arrived(lab, "alice", mark)
    wait_queue_empty(lab)
    assert len(arrived(lab, "alice", mark)) == 1


def test_while_rastel_is_away_senders_before_the_queue_are_told_to_wait(lab, rastel):
    mark = token()
    rastel.stop()
    try:
        assert submit(lab, BEFORE, peers.mail(mark)).code in range(400, 500)
    finally:
        rastel.start()
    assert submit(lab, BEFORE, peers.mail(mark)).code == 250
    wait_arrived(lab, "alice", mark)
    wait_queue_empty(lab)
    assert len(arrived(lab, "alice", mark)) == 1


@pytest.mark.parametrize("way", WAYS)
def test_two_recipients_get_an_outcome_each(lab, rastel, way):
    """carol: quarantine, dave: tag."""
    mark = token()
    content = daemon.infected(mark)
    assert submit(lab, WAYS[way], content, ("carol@lab.test", "dave@lab.test")).code == 250
    found = wait_arrived(lab, "dave", mark)
    wait_queue_empty(lab)
    header, rest = below_header(found[0])
    assert header.startswith("X-Rastel: infected;") and rest == content and len(found) == 1
    held = [row for row in rastel.held() if row["subject"] == mark]
    assert [[to["address"] for to in row["to"]] for row in held] == [["carol@lab.test"]]
    assert rastel.raw(held[0]["id"]).endswith(content)
    assert not arrived(lab, "carol", mark)


def test_a_released_message_arrives_once_with_its_first_envelope(lab, rastel):
    mark = token()
    content = daemon.infected(mark)
    submit(lab, AFTER_SMTP, content, sender="first@elsewhere.example")
    end = time.monotonic() + 30
    while not (held := [row for row in rastel.held() if row["subject"] == mark]):
        assert time.monotonic() < end
        time.sleep(0.1)
    rastel.cli("quarantine", "release", held[0]["id"])
    found = wait_arrived(lab, "alice", mark)
    wait_queue_empty(lab)
    assert len(arrived(lab, "alice", mark)) == 1
    assert b"Return-Path: <first@elsewhere.example>" in found[0] and found[0].endswith(content)


@pytest.mark.parametrize("name", FALSE_ENDS)
def test_a_false_end_of_data_makes_one_message_in_postfix(lab, rastel, name):
    """Straight to the door, as the Internet would; this Postfix takes bare line feeds (its default in Debian 12)."""
    for send in (send_by_data, lambda client, content: send_by_bdat(client, content, [5])):
        mark = token()
        smuggled = (b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<bob@lab.test>\r\nDATA\r\nSubject: " + mark.encode() + b"\r\n\r\nx\r\n")
        content = b"Subject: " + mark.encode() + b"\r\n\r\nouter" + FALSE_ENDS[name] + smuggled
        with peers.Client(None, connection=lab.connect("127.0.0.1", 10225, "postfix")) as client:
            answer = send(client, content)
            try:
                client.quit()
            except (peers.Closed, OSError):
                pass
        assert answer.code == 250 or answer.code in range(500, 560), answer
        if answer.code == 250:
            wait_arrived(lab, "alice", mark)
        wait_queue_empty(lab)
        assert len(arrived(lab, "alice", mark)) == (answer.code == 250)
        assert not arrived(lab, "bob", mark), "smuggled"


def test_a_hundred_messages_at_once_all_arrive_once(lab, rastel):
    import concurrent.futures
    mark = token()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        ports = [AFTER_SMTP, AFTER_LMTP, BEFORE] * 34
        replies = list(pool.map(lambda item: submit(lab, item[1], peers.mail(f"{mark}-{item[0]}-"), ("bob@lab.test",)), enumerate(ports)))
    assert {reply.code for reply in replies} == {250}
    end = time.monotonic() + 90
    while len(found := arrived(lab, "bob", mark)) < len(ports):
        assert time.monotonic() < end, f"{len(found)} of {len(ports)}"
        time.sleep(0.5)
    wait_queue_empty(lab)
    subjects = [re.search(rb"Subject: (\S+)", data)[1] for data in arrived(lab, "bob", mark)]
    assert len(subjects) == len(set(subjects)) == len(ports)


def test_without_rastel_this_postfix_is_fooled(lab):
    """The control: the attack works on this server, so what the test above shows is Rastel's doing."""
    mark = token()
    content = (b"Subject: " + mark.encode() + b"\r\n\r\nouter\n.\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<bob@lab.test>\r\n"
               b"DATA\r\nSubject: " + mark.encode() + b"\r\n\r\nx\r\n")
    with peers.Client(None, connection=lab.connect("127.0.0.1", 10026, "postfix")) as client:
        assert send_by_data(client, content).code == 250
        wait_arrived(lab, "alice", mark)
        assert len(wait_arrived(lab, "bob", mark)) == 1
