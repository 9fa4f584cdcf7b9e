# SPDX-License-Identifier: GPL-2.0-only
"""The milter door and mail servers that break off, lie, or come in crowds; and its end in the middle of their mail."""
import os
import signal
import struct
import threading
import time

import pytest

import daemon
import peers
from milter_peer import Server, ask, strings

CLEAN = peers.mail("nothing in it")


@pytest.fixture(scope="module")
def rastel():
    with daemon.Rastel(milter=[{}], sections={"policy": {"infected": "quarantine"}}) as running:
        running.where = running.address("milter")
        yield running


def closes(server):
    try:
        while True:
            server.packet()
    except (EOFError, ConnectionError):
        return True


@pytest.mark.parametrize("bytes_", [
    struct.pack(">I", 0), struct.pack(">I", 0xFFFFFFFF) + b"L", struct.pack(">I", 5) + b"?1234", struct.pack(">I", 2) + b"Lx",
    struct.pack(">I", 9) + b"Cname\x0045", struct.pack(">I", 1) + b"E", struct.pack(">I", 3) + b"M<>"])
def test_nonsense_ends_the_connection_and_nothing_else(rastel, bytes_):
    with Server(rastel.where) as server:
        server.socket.sendall(bytes_)
        server.socket.shutdown(1)
        assert closes(server)
    assert ask(rastel.where, CLEAN).final in (b"c", b"a")


def test_a_mail_server_may_leave_at_any_point(rastel):
    content = daemon.infected("left behind")
    for end in range(8):
        with Server(rastel.where) as server:
            if end > 0:
                server.connect()
            if end > 1:
                server.helo()
            if end > 2:
                server.mail()
            if end > 3:
                server.rcpt()
            if end > 4:
                body = server.header(content)
            if end > 5:
                server.body(body)
            if end > 6:
                server.send(b"E")
    daemon.wait_until(lambda: rastel.status()["doors"][0]["sessions"] == 0, 15)
    # The last one may have been answered before it was seen to have gone; never is anything held twice.
    assert len([row for row in rastel.held() if row["subject"] == "left behind"]) <= 1
    assert ask(rastel.where, CLEAN).final in (b"c", b"a")


def test_who_leaves_while_it_is_scanned_has_nothing_held(rastel):
    stopped = rastel.stop_workers()
    try:
        with Server(rastel.where) as server:
            server.offer(daemon.infected("gone before the verdict"))
            time.sleep(0.3)
    finally:
        rastel.resume_workers(stopped)
    daemon.wait_until(lambda: rastel.status()["doors"][0]["sessions"] == 0, 15)
    assert [row for row in rastel.held() if row["subject"] == "gone before the verdict"] == []


@pytest.mark.parametrize("part", ["worker", "zygote"])
def test_a_scanner_that_dies_defers_and_the_door_lives(rastel, part):
    content = peers.mail(f"survives a {part}", os.urandom(20).hex().encode() + b"\r\n")
    stopped = rastel.stop_workers()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(rastel.where, content)))
    asking.start()
    daemon.wait_until(lambda: rastel.scans_under_way() > 0, 15)
    rastel.kill_part(part)
    rastel.resume_workers(stopped)
    asking.join(60)
    assert answers[0].final in (b"c", b"a") or answers[0].reply.startswith("451 "), answers[0].reply
    rastel.wait_ready()
    daemon.wait_until(lambda: ask(rastel.where, content).final in (b"c", b"a"), 60)


def test_the_daemon_killed_at_the_end_of_a_message_has_told_nothing():
    with daemon.Rastel(milter=[{}], sections={"policy": {"infected": "quarantine"}}) as rastel:
        stopped = rastel.stop_workers()
        with Server(rastel.address("milter")) as server:
            server.offer(daemon.infected("killed"))
            daemon.wait_until(lambda: rastel.scans_under_way() > 0, 15)
            rastel.kill()
            with pytest.raises((EOFError, ConnectionError)):
                server.verdict()
        assert stopped
        rastel.process = None
        with rastel.start():
            assert rastel.held() == []
            assert ask(rastel.address("milter"), daemon.infected("killed")).final == b"d"
            assert len(rastel.held()) == 1


def test_what_was_told_to_be_dropped_survives_a_kill():
    with daemon.Rastel(milter=[{}], sections={"policy": {"infected": "quarantine"}}) as rastel:
        for number in range(5):
            assert ask(rastel.address("milter"), daemon.infected(f"number {number}")).final == b"d"
        rastel.kill()
        rastel.process = None
        with rastel.start():
            assert sorted(row["subject"] for row in rastel.held()) == [f"number {number}" for number in range(5)]


def test_a_full_quarantine_defers():
    with daemon.Rastel(milter=[{}], sections={"policy": {"infected": "quarantine"}, "store": {"max_size": "1MiB"}}) as rastel:
        filling = b"".join(b"%076d\r\n" % number for number in range(9000))
        assert ask(rastel.address("milter"), peers.mail("first", daemon.eicar() + b"\r\n" + filling)).final == b"d"
        verdict = ask(rastel.address("milter"), peers.mail("second", daemon.eicar() + b"\r\n" + filling))
        assert verdict.final == b"y" and verdict.reply.startswith("452 4.3.1 ")
        assert ask(rastel.address("milter"), CLEAN).final in (b"c", b"a")


def test_a_burst_loses_none(rastel):
    answers = []
    clients = [threading.Thread(target=lambda number=number: answers.append(
        ask(rastel.where, peers.mail(f"burst {number}")).final)) for number in range(200)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
    assert len(answers) == 200 and set(answers) <= {b"c", b"a"}


def test_those_beyond_the_limit_wait():
    with daemon.Rastel(milter=[{"max_sessions": 2}]) as small:
        where = small.address("milter")
        first, second = Server(where), Server(where)
        late = []
        third = threading.Thread(target=lambda: late.append(ask(where, CLEAN).final))
        third.start()
        third.join(0.5)
        assert late == []
        first.socket.close()
        third.join(30)
        assert late and late[0] in (b"c", b"a")
        second.socket.close()


def test_a_reload_keeps_connections_and_an_end_lets_messages_finish():
    with daemon.Rastel(milter=[{}]) as rastel:
        where = rastel.address("milter")
        idle, busy = Server(where), Server(where)
        busy.connect()
        busy.helo()
        busy.begin()
        rastel.cli("reload")
        body = busy.header(CLEAN)
        rastel.send_signal(signal.SIGTERM)
        assert closes(idle)
        busy.body(body)
        assert busy.end().final in (b"c", b"a")
        assert closes(busy)
        assert rastel.process.wait(30) == 0


def test_a_large_message_stays_within_bounds(rastel):
    body = b"".join(b"%076d\r\n" % number for number in range(200_000))
    assert ask(rastel.where, peers.mail("large", body)).final in (b"c", b"a")
    daemon.wait_until(lambda: rastel.status()["doors"][0]["sessions"] == 0, 15)
    peak = int(next(line for line in open(f"/proc/{rastel.daemon()}/status", encoding="ascii") if line.startswith("VmHWM")).split()[1])
    assert peak < 200 * 1024, f"{peak} KiB"


def test_a_header_beyond_all_bounds_is_refused(rastel):
    with Server(rastel.where) as server:
        server.connect()
        server.helo()
        server.begin()
        for number in range(6000):
            server.step(b"L", strings(f"X-{number}", "x"))
        server.step(b"N")
        verdict = server.end()
        assert verdict.final == b"y" and verdict.reply.startswith("552 5.3.4 ")
        assert server.message(CLEAN).final in (b"c", b"a")
