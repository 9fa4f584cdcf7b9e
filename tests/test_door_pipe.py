# SPDX-License-Identifier: GPL-2.0-only
"""The pipe door by hand: descriptors, malformed requests, clients that vanish, quotas, drain and reload."""
import os
import re
import struct
import threading
import time

import pytest

import daemon
import peers
import pipe_peer
from pipe_peer import REQUEST, Connection, field, frame, local, memory_file

CLEAN, INFECTED = local(pipe_peer.CLEAN), local(pipe_peer.INFECTED)


@pytest.fixture(scope="module")
def pipe_doors():
    rastel = daemon.Rastel(pipe=[{}, {"max_recipients": 2, "header": False, "reply_deadline": "3s"}],
                           sections={"engine": {"workers": 2, "max_message": "1MiB"}}).start()
    yield rastel
    rastel.close()


def ask(rastel, content, request=REQUEST, number=0):
    descriptor = memory_file(content)
    try:
        with Connection(pipe_peer.address(rastel, number)) as connection:
            return connection.send(request, descriptor).answer()
    finally:
        os.close(descriptor)


def told(rastel):
    return rastel.log().count(" door=pipe0 ")


def test_a_clean_message_passes_with_our_line(pipe_doors):
    answer = ask(pipe_doors, pipe_peer.ABOVE + CLEAN)
    assert answer["K"] == b"p"
    assert struct.unpack(">I", answer["B"])[0] == len(pipe_peer.ABOVE)
    assert re.fullmatch(rb"X-Rastel: clean; id=[0-9a-f]{16}; door=pipe0; signatures=[^\r\n]*\n", answer["L"]), answer
    assert answer["I"] in answer["L"]
    assert ask(pipe_doors, pipe_peer.CLEAN)["L"].endswith(b"\r\n")
    assert "L" not in ask(pipe_doors, CLEAN, number=1)


def test_what_is_held_is_there_before_the_answer(pipe_doors):
    answer = ask(pipe_doors, pipe_peer.ABOVE + INFECTED)
    assert answer["K"] == b"h"
    assert answer["W"] == b"infected (Eicar-Test-Signature)"
    assert pipe_doors.raw(answer["I"].decode()) == pipe_peer.INFECTED  # as the wire has it, ready to be released
    again = ask(pipe_doors, INFECTED)
    held = [entry for entry in pipe_doors.held() if entry["id"] in (answer["I"].decode(), again["I"].decode())]
    assert len(held) == 1, "the same message for the same recipient is held once"


def test_a_request_may_come_octet_by_octet(pipe_doors):
    descriptor = memory_file(CLEAN)
    with Connection(pipe_peer.address(pipe_doors)) as connection:
        connection.send(REQUEST[:1], descriptor)
        os.close(descriptor)
        for octet in REQUEST[1:]:
            connection.send(bytes([octet]))
        assert connection.answer()["K"] == b"p"


@pytest.mark.parametrize("request_, said", [
    (b"EHLO there\r\n", "another protocol"),
    (frame("Q", b"", version=2), "another version"),
    (frame("A", b""), "isn't due"),
    (b"RP\1Q\xff\xff\xff\xff", "too long"),
    (REQUEST + b"x", "isn't due"),
    (frame("Q", b""), "malformed"),
    (frame("Q", field("K", b"d") + field("K", b"d")), "malformed"),
    (frame("Q", field("K", b"?")), "malformed"),
    (frame("Q", field("K", b"d") + b"R\xff\xff\xff\xff"), "malformed"),
    (frame("Q", field("K", b"d") + field("R", b"<>")), "malformed"),
    (frame("Q", field("K", b"d") + field("?", b"")), "malformed"),
    (frame("Q", field("K", b"d")), "no recipient"),
])
def test_a_request_that_is_none_is_deferred(pipe_doors, request_, said):
    answer = ask(pipe_doors, INFECTED, request_)
    assert answer["K"] == b"d" and said in answer["T"].decode(), answer
    assert answer["T"].startswith(b"4.")
    assert "I" not in answer


def test_too_many_recipients_are_deferred(pipe_doors):
    many = frame("Q", field("K", b"d") + b"".join(field("R", b"user%d@lab.test" % number) for number in range(3)))
    assert ask(pipe_doors, CLEAN, many, number=1)["T"] == b"4.5.3 Error: too many recipients"
    assert ask(pipe_doors, CLEAN, many)["K"] == b"p"


def test_what_is_no_message_is_deferred(pipe_doors):
    where = pipe_peer.address(pipe_doors)
    reading, writing = os.pipe()
    null, folder = os.open("/dev/null", os.O_RDONLY), os.open("/tmp", os.O_RDONLY)
    blind = os.open(pipe_doors.folder / "blind", os.O_WRONLY | os.O_CREAT)
    for descriptor, why in ((reading, b"no file"), (null, b"no file"), (folder, b"no file"), (blind, b"can't be read")):
        with Connection(where) as connection:
            answer = connection.send(REQUEST, descriptor).answer()
            assert answer["K"] == b"d" and why in answer["T"], answer
    for descriptor in (reading, writing, null, folder, blind):
        os.close(descriptor)
    assert b"max_message" in ask(pipe_doors, b"x" * ((1 << 20) + 1))["T"]
    assert b"malformed" in Connection(where).send(REQUEST).answer()["T"]  # no descriptor
    two = memory_file(CLEAN), memory_file(CLEAN)
    assert b"malformed" in Connection(where).send(REQUEST, *two).answer()["T"]
    assert ask(pipe_doors, CLEAN)["K"] == b"p"


def test_the_daemon_keeps_no_descriptor(pipe_doors):
    folder = f"/proc/{pipe_doors.daemon()}/fd"
    ask(pipe_doors, CLEAN)
    time.sleep(0.5)
    before = len(os.listdir(folder))
    two = memory_file(CLEAN), memory_file(CLEAN)
    for _ in range(20):
        ask(pipe_doors, CLEAN)
        ask(pipe_doors, INFECTED)
        Connection(pipe_peer.address(pipe_doors)).send(REQUEST, *two).answer()
        Connection(pipe_peer.address(pipe_doors)).send(REQUEST[:5], two[0]).socket.close()
    end = time.monotonic() + 10
    while len(os.listdir(folder)) > before + 2:
        assert time.monotonic() < end, os.listdir(folder)
        time.sleep(0.1)


def test_a_client_that_vanishes_leaves_nothing(pipe_doors):
    def held():
        return len(pipe_doors.held())
    before = held()
    stopped = pipe_doors.stop_workers()
    try:
        for number in range(3):
            descriptor = memory_file(local(daemon.infected(f"vanishing {number}")))
            Connection(pipe_peer.address(pipe_doors)).send(REQUEST, descriptor).socket.close()
            os.close(descriptor)
        for cut in (1, 5, 9, len(REQUEST) - 1):
            Connection(pipe_peer.address(pipe_doors)).send(REQUEST[:cut]).socket.close()
        time.sleep(0.5)
    finally:
        pipe_doors.resume_workers(stopped)
    assert ask(pipe_doors, CLEAN)["K"] == b"p"
    end = time.monotonic() + 10
    while any(door["sessions"] for door in pipe_doors.status()["doors"]):
        assert time.monotonic() < end, pipe_doors.status()["doors"]
        time.sleep(0.1)
    assert held() == before


def test_no_verdict_in_time_is_a_deferral(pipe_doors):
    stopped = pipe_doors.stop_workers()
    try:
        begun = time.monotonic()
        answer = ask(pipe_doors, local(daemon.infected("too slow")), number=1)
        assert answer["K"] == b"d" and answer["T"].startswith(b"4.7.1 Still being scanned"), answer
        assert 2.5 < time.monotonic() - begun < 20
    finally:
        pipe_doors.resume_workers(stopped)


def test_hostile_words_of_the_envelope_stay_words(pipe_doors):
    odd = frame("Q", field("K", b"d") + field("S", b"a@x\r\nDATA") + field("R", b"b> NOTIFY=NEVER\n<c") +
                field("H", b"\x1b[31m\0" + b"h" * 2000) + field("Q", b"q\n1f00: door=x"))
    answer = ask(pipe_doors, local(daemon.infected("odd")), odd)
    assert answer["K"] == b"h"
    entry = next(entry for entry in pipe_doors.held() if entry["id"] == answer["I"].decode())
    assert [recipient["address"] for recipient in entry["to"]] == ["b??NOTIFY=NEVER??c"], entry
    assert entry["from"] == "a@x??DATA", entry
    lines = pipe_doors.lines(answer["I"].decode())
    assert len(lines) == 1 and "\x1b" not in lines[0], lines


def test_the_line_of_the_log_has_what_became_of_the_delivery(pipe_doors):
    for result, words in ((field("K", b"e") + field("C", b"\0\0\0\x4b"), "exit 75"), (field("K", b"k") + field("C", b"\0\0\0\x09"), "signal 9"),
                          (None, "-")):
        descriptor = memory_file(CLEAN)
        request = frame("Q", field("K", b"d") + field("R", b"alice@lab.test") + field("X", b"/usr/bin/mda") +
                        field("A", b"192.0.2.4") + field("Q", b"4XyZ"))
        with Connection(pipe_peer.address(pipe_doors)) as connection:
            answer = connection.send(request, descriptor).answer()
            time.sleep(0.2)
            assert not pipe_doors.lines(answer["I"].decode())  # not yet
            if result:
                connection.send(frame("R", result))
        os.close(descriptor)
        end = time.monotonic() + 10
        while not pipe_doors.lines(answer["I"].decode()):
            assert time.monotonic() < end
            time.sleep(0.05)
        line = pipe_doors.lines(answer["I"].decode())[0]
        assert "next=/usr/bin/mda" in line and f'next_reply="{words}"' in line.replace("next_reply=-", 'next_reply="-"'), line
        assert "client=unknown[192.0.2.4]" in line and "queue=4XyZ" in line and 'reply="passes"' in line, line
        assert ("no word of the delivery" in line) == (result is None)


def test_beyond_its_share_a_user_is_told_to_come_again(closing):
    rastel = closing(daemon.Rastel(pipe=[{"max_sessions_per_user": 2}])).start()
    stopped = rastel.stop_workers()
    where = pipe_peer.address(rastel)
    try:
        descriptor = memory_file(CLEAN)
        waiting = [Connection(where).send(REQUEST, descriptor) for _ in range(2)]
        time.sleep(0.3)
        begun = time.monotonic()
        assert Connection(where).send(REQUEST, descriptor).answer() == {"K": b"b"}
        assert time.monotonic() - begun < 2
    finally:
        rastel.resume_workers(stopped)
    assert [connection.answer()["K"] for connection in waiting] == [b"p", b"p"]
    # A delivery under way is nobody's share.
    more = [Connection(where).send(REQUEST, descriptor) for _ in range(2)]
    assert [connection.answer()["K"] for connection in more] == [b"p", b"p"]
    os.close(descriptor)


def test_a_drain_ends_those_at_rest_and_answers_the_others(closing):
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    where = pipe_peer.address(rastel)
    descriptor = memory_file(CLEAN)
    silent, delivering = Connection(where), Connection(where).send(REQUEST, descriptor)
    identifier = delivering.answer()["I"].decode()
    busy_message = memory_file(local(daemon.slow("under way")))
    busy = Connection(where).send(REQUEST, busy_message)
    time.sleep(0.3)
    rastel.cli("drain")
    assert silent.answer() is None
    assert delivering.answer() is None
    assert busy.answer()["K"] == b"p"
    assert Connection(where).answer() is None
    assert "no word of the delivery" in rastel.lines(identifier)[0]
    rastel.cli("reload")
    assert ask(rastel, CLEAN)["K"] == b"p"
    assert {door["name"]: door["kind"] for door in rastel.status()["doors"]} == {"pipe0": "pipe"}
    os.close(descriptor)
    os.close(busy_message)


def test_a_burst_is_answered(pipe_doors):
    said = []
    clients = [threading.Thread(target=lambda: said.append(ask(pipe_doors, local(peers.mail(os.urandom(8).hex())))["K"])) for _ in range(100)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert said == [b"p"] * 100


def test_silence_ends_a_session(pipe_doors):
    begun = time.monotonic()
    silent = [Connection(pipe_peer.address(pipe_doors)), Connection(pipe_peer.address(pipe_doors)).send(REQUEST[:9])]
    for connection in silent:
        assert connection.answer() is None
        assert 8 < time.monotonic() - begun < 20


def test_config_check_says_what_can_not_be(closing):
    rastel = closing(daemon.Rastel(pipe=[{"listen": "127.0.0.1:1"}]))
    answer = rastel.cli("config", "check", check=False)
    assert answer.returncode != 0 and "listen: want a unix socket" in answer.stderr + answer.stdout
    rastel.others["pipe"] = [{"name": "a", "listen": f"unix:{rastel.folder}/a", "socket_mode": "0600", "place": "before-queue",
                              "reply_deadline": "10m", "fail": "pass"}]
    rastel.write_configuration()
    answer = rastel.cli("config", "check")
    for word in ("socket_mode 0600", "reply_deadline is 10m", "before-queue", 'fail = "pass"'):
        assert word in answer.stdout + answer.stderr, word
