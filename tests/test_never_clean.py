# SPDX-License-Identifier: GPL-2.0-only
"""Never clean by accident, the rows that need the whole program: whatever befalls the scanner, no message is called clean
that nobody looked at. (What befalls the library alone is tested beside src/detect.)"""
import base64
import os
import signal
import time
import urllib.error
import urllib.request

import pytest

import daemon
import make_mail
import peers

TEMPORARY = range(400, 500)


END = b".\r\n"


def begin(rastel, content, with_end=True, **options):
    """Sends a message up to its end; the client, whose reply is still to come."""
    client = rastel.client(**options)
    client.hello()
    client.envelope("a@x.example", ["alice@lab.test"])
    assert client.command("DATA").code == 354
    sent = peers.stuffed(content)
    assert sent.endswith(END)
    client.send(sent if with_end else sent.removesuffix(END))
    return client


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_a_worker_killed_in_mid_scan_defers_then_holds(start):
    rastel = start()
    content = daemon.slow("killer")
    for expected in ("451", "250"):  # the second time the same bytes are held, or they would be deferred for days
        with begin(rastel, content) as client:
            rastel.wait_for_a_scan()
            time.sleep(0.1)  # the worker has it now
            kill(rastel.workers())
            assert str(client.reply().code) == expected
        rastel.wait_ready()
    assert not rastel.hop.messages
    assert rastel.held()[0]["class"] == "unscanned(crash)"
    with rastel.client() as client:
        assert client.deliver(peers.mail("after")).code == 250
    assert {row["class"] for row in rastel.history("alice", count=3)} == {"clean", "unscanned(crash)"}


def test_the_engine_killed_in_mid_scan_defers(start):
    rastel = start()
    rastel.stop_workers()
    with begin(rastel, peers.mail("engine killed")) as client:
        rastel.wait_for_a_scan()
        kill(rastel.zygotes())
        code = client.reply().code
    # The scan that was not to blame gets a second try on the next engine: then it was looked at in whole.
    assert code in TEMPORARY or (code == 250 and rastel.history(count=1)[0]["class"] == "clean")
    before = len(rastel.hop.messages)
    assert before == (1 if code == 250 else 0)
    rastel.wait_ready()
    with rastel.client() as client:
        assert client.deliver(peers.mail("engine back")).code == 250
        assert client.deliver(daemon.infected()).code == 554
    assert len(rastel.hop.messages) == before + 1


def test_a_worker_that_hangs_is_killed_at_the_deadline(start):
    rastel = start(sections={"engine": {"deadline": "2s"}})
    stopped = rastel.stop_workers()
    with begin(rastel, peers.mail("hangs")) as client:
        assert client.reply().code in TEMPORARY
    assert rastel.history(count=1)[0]["class"] == "unscanned(timeout)"
    killed = [pid for pid in stopped if not daemon.alive(pid)]
    assert len(killed) == 1  # the one that had the message; the others stood idle
    for pid in set(stopped) - set(killed):
        os.kill(pid, signal.SIGCONT)
    rastel.wait_ready()
    with rastel.client() as client:
        assert client.deliver(peers.mail("after")).code == 250
    assert len(rastel.hop.messages) == 1


def test_a_stopped_engine_means_deferral_and_the_verdict_waits_for_the_retry(start):
    rastel = start({"reply_deadline": "2s"})
    content = peers.mail("slow")
    stopped = rastel.stop_workers()
    with begin(rastel, content) as client:
        assert client.reply().code == 451
    with begin(rastel, b"Received: from a by b\r\n" + content) as client:
        assert client.reply().code == 451
    assert not rastel.hop.messages
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1)
    scans = rastel.status()["scans"]["done"]
    with rastel.client() as client:
        assert client.deliver(b"Received: from c by d\r\n" + content).code == 250
    assert rastel.status()["scans"]["done"] == scans, "the retry was scanned again (X-21)"
    assert len(rastel.hop.messages) == 1


def test_a_verdict_of_old_signatures_is_not_remembered_for_the_retry(start):
    rastel = start({"reply_deadline": "2s"})
    content = peers.mail("of old signatures")
    stopped = rastel.stop_workers()
    with begin(rastel, content) as client:
        assert client.reply().code == 451
    rastel.cli("reload")
    with rastel.client() as client:
        assert client.deliver(peers.mail("in between")).code == 250
    rastel.resume_workers(stopped)
    end = time.monotonic() + 20
    while rastel.scans_under_way():
        assert time.monotonic() < end
        time.sleep(0.05)
    before = rastel.status()["scans"]["done"]
    with rastel.client() as client:
        assert client.deliver(content).code == 250
    assert rastel.status()["scans"]["done"] == before + 1, "the new signatures never saw it"


def test_a_retry_under_new_signatures_does_not_wait_for_the_old_ones_verdict(start):
    """X-22: whoever comes now is told what the new ones say."""
    rastel = start({"reply_deadline": "2s"})
    content = peers.mail("between two sets")
    stopped = rastel.stop_workers()
    with begin(rastel, content) as client:
        assert client.reply().code == 451
    rastel.cli("reload")
    assert rastel.scans_under_way() == 1
    with rastel.client() as client:
        assert client.deliver(content).code == 250, "it has joined the scan that hangs"
    end = time.monotonic() + 20  # nobody waits for that one any more, and its verdict would be of no use
    while rastel.scans_under_way():
        assert time.monotonic() < end
        time.sleep(0.05)
    rastel.resume_workers(stopped)
    with rastel.client() as client:
        assert client.deliver(content).code == 250


def test_fail_pass_leaves_a_recipients_own_action_alone(start):
    rastel = start({"fail": "pass", "reply_deadline": "2s"},
                   rules=[{"recipients": ["careful@lab.test"], "unscanned": {"timeout": "quarantine"}}])
    rastel.stop_workers()
    with rastel.client() as client:
        assert client.deliver(peers.mail("fail open"), recipients=["alice@lab.test", "careful@lab.test"]).code == 250
    assert [message.recipients for message in rastel.hop.messages] == [["RCPT TO:<alice@lab.test>"]]
    assert [to["address"] for to in rastel.held()[0]["to"]] == ["careful@lab.test"], rastel.held()


def test_scans_that_outlived_their_reply_hold_half_of_the_workers(start):
    rastel = start({"reply_deadline": "1s"})
    stopped = rastel.stop_workers()
    slow = [peers.mail(f"slow {number}") for number in range(4)]
    clients = [begin(rastel, content, with_end=False) for content in slow]
    for client in clients:  # at once: the successor of a worker that was let go would take who waits longer
        client.send(END)
    for client in clients:
        assert client.reply().code == 451
        client.close()
    end = time.monotonic() + 20  # of two workers one may go on
    while rastel.scans_under_way() != 1:
        assert time.monotonic() < end, rastel.status()
        time.sleep(0.1)
    with rastel.client() as client:
        assert client.deliver(peers.mail("another")).code == 250
    rastel.resume_workers(stopped)
    for content in slow:  # whichever was let go begins afresh
        with rastel.client() as client:
            assert client.deliver(content).code == 250
    assert len(rastel.hop.messages) == 5
    assert not rastel.held(), "a scan that was let go is no failure of its message"


def test_fail_pass_lets_through_marked_and_counted(start):
    rastel = start({"fail": "pass", "reply_deadline": "2s"})
    rastel.stop_workers()
    with begin(rastel, peers.mail("fail open")) as client:
        assert client.reply().code == 250
    header = peers.our_header(rastel.hop.messages[0].content)[0]
    assert header.startswith("X-Rastel: unscanned"), header
    assert "clean" not in header
    assert rastel.status()["scans"]["passed_unscanned"] == 1
    assert "fail=pass" in rastel.log()


def without_signatures(closing, **signatures):
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel({"next_hop": hop.address}, sections={"signatures": signatures}))
    rastel.hop = hop
    return rastel


def never_clean(rastel):
    """Started without being able to scan: says so, defers, or ends."""
    rastel.start(ready=False)
    end = time.monotonic() + 20
    while time.monotonic() < end and rastel.process.poll() is None and not rastel.status():
        time.sleep(0.1)
    if rastel.process.poll() is not None:
        assert rastel.process.returncode != 0
        return
    time.sleep(2)
    status = rastel.status()
    assert status["state"] != "scanning" and status["trouble"], status
    with rastel.client() as client:
        answer = client.command("EHLO client.example")
        answer = client.command("MAIL FROM:<a@x.example>")
        if answer.code == 250:
            client.keywords = {}
            client.command("RSET")
            answer = client.deliver(daemon.infected())
        assert answer.code in TEMPORARY, answer
    assert not rastel.hop.messages
    assert health(rastel) == 503


def health(rastel):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{rastel.http}/health", timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def test_an_empty_signature_folder_alone_scans_nothing(closing):
    never_clean(without_signatures(closing, builtin=False))


def test_a_missing_signature_folder_alone_scans_nothing(closing):
    never_clean(without_signatures(closing, builtin=False, directory="/nonexistent/signatures"))


@pytest.mark.parametrize("name, text", [("bad.ndb", "Good.Name:0:*:6162636465666768\nthis is no signature\n"), ("bad.hdb", "nonsense\n"),
                                        ("bad.cvd", "ClamAV-VDB:garbage"), ("bad.ldb", "X;;;")])
def test_a_malformed_signature_file_scans_nothing(closing, name, text):
    rastel = without_signatures(closing)
    (rastel.signatures / name).write_text(text)
    never_clean(rastel)


def test_a_malformed_set_is_refused_at_a_reload_and_the_old_one_goes_on(start):
    rastel = start()
    version = rastel.status()["signatures"]
    (rastel.signatures / "bad.ndb").write_text("this is no signature\n")
    answer = rastel.cli("reload", check=False)
    assert answer.returncode != 0 and answer.stderr, answer
    assert rastel.status()["signatures"]["version"] == version["version"]
    with rastel.client() as client:
        assert client.deliver(daemon.infected()).code == 554
        assert client.deliver(peers.mail("still scanned")).code == 250
    (rastel.signatures / "bad.ndb").write_text("New.Thing:0:*:" + b"a new kind of evil".hex() + "\n")
    assert rastel.cli("reload").returncode == 0
    rastel.wait_ready()
    with rastel.client() as client:
        answer = client.deliver(peers.mail("new", b"here is a new kind of evil\r\n"))
        assert answer.code == 554 and "New.Thing" in answer.text


def test_health_tells_whether_mail_would_be_scanned(start):
    rastel = start()
    assert health(rastel) == 200
    assert "warning" in rastel.status()  # only the built-in signatures, said plainly
    assert "freshclam" in rastel.log() + str(rastel.status())


FIRST_HEADERS = ["Received: from a by b; Tue, 03 Mar 2026 10:00:00 +0000", "From: a@x.example", "from: a@x.example", "To: b@lab.test",
                 "Subject: s", "Date: Tue, 03 Mar 2026 10:00:00 +0000", "Message-ID: <1@x.example>", "Return-Path: <a@x.example>",
                 "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; b=abc", "Authentication-Results: x.example; spf=pass",
                 "ARC-Seal: i=1; a=rsa-sha256; cv=none", "X-Mailer: mine", "X-Spam: no", "Sender: a@x.example",
                 "List-Unsubscribe: <https://x.example/u>", "Delivered-To: b@lab.test", "MIME-Version: 1.0", "Reply-To: a@x.example",
                 "Content-Type: text/plain", ""]


@pytest.mark.parametrize("first", FIRST_HEADERS)
def test_whatever_header_comes_first_the_attachment_is_looked_at(doors, first):
    attachment = make_mail.with_attachment("zip", 9, "a.zip", "application/zip", make_mail.zipped("eicar.com", daemon.eicar()))
    content = first.encode() + b"\r\n" + attachment
    if first.startswith("Content-Type"):  # a second one would make it another message: put the real one first
        lines = attachment.split(b"\r\n")
        real = next(line for line in lines if line.startswith(b"Content-Type: multipart"))
        lines.remove(real)
        content = b"\r\n".join([real, *lines])
    with doors.client() as client:
        answer = client.deliver(content)
    assert answer.code == 554 or answer.code == 250 and not doors.hop.messages, answer


def test_the_samples_get_the_class_of_their_name(doors, tmp_path):
    make_mail.main(tmp_path)
    wrong = []
    for path in sorted(tmp_path.glob("*.eml")):
        doors.fresh()
        with doors.client() as client:
            client.deliver(path.read_bytes(), sender=f"{path.stem}@samples.example")
        row = doors.rastel.history(f"{path.stem}@samples.example", count=1)[0]
        if row["class"].split("(")[0] != path.stem.split("-")[0]:
            wrong.append((path.stem, row["class"], row["finding"]))
    assert not wrong


def test_what_overflows_the_scratch_space_is_not_clean(start):
    rastel = start(sections={"engine": {"scratch": "1MiB"}})
    content = make_mail.with_attachment("big inside", 8, "a.zip", "application/zip", make_mail.zipped("zeros", bytes(range(256)) * 30_000))
    with rastel.client() as client:
        client.deliver(content)
    assert rastel.history(count=1)[0]["class"].startswith("unscanned")
    assert not rastel.hop.messages


def test_a_member_over_the_limit_is_not_clean(start):
    rastel = start(sections={"engine": {"max_message": "1MiB"}})
    hidden = b"\0" * 3_000_000 + daemon.eicar()
    content = make_mail.with_attachment("bomb", 8, "a.zip", "application/zip", make_mail.zipped("bomb", hidden))
    with rastel.client() as client:
        client.deliver(content)
    assert rastel.history(count=1)[0]["class"].startswith(("unscanned(limit)", "infected"))
    assert not rastel.hop.messages


def test_eicar_is_found_in_the_common_encodings(doors):
    found = {}
    for name, encoding, body in (("base64", "base64", base64.encodebytes(daemon.eicar()).replace(b"\n", b"\r\n")),
                                 ("quoted-printable", "quoted-printable", b"".join(b"=%02X" % byte for byte in daemon.eicar()[:20]) +
                                  b"=\r\n" + daemon.eicar()[20:].replace(b"=", b"=3D") + b"\r\n"),
                                 ("plain", "7bit", daemon.eicar() + b"\r\n")):
        content = peers.mail(name, body, b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: " +
                             encoding.encode() + b"\r\n")
        with doors.client() as client:
            found[name] = client.deliver(content).code
    assert set(found.values()) == {554}, found
