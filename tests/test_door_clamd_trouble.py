# SPDX-License-Identifier: GPL-2.0-only
"""The clamd door in trouble: workers that die or hang, silent, vanishing and too many clients, reload, drain, stop."""
import os
import threading
import time

import pytest

import daemon
import peers
from clamd_peer import CLEAN, EICAR, INFECTED, Connection, chunk, instream, stream


@pytest.fixture
def lonely(closing):
    rastel = closing(daemon.Rastel(clamd=[{"max_sessions": 2, "reply_deadline": "3s", "idle_timeout": "4s"}])).start()
    rastel.address = rastel.address("clamd")
    return rastel


def test_a_worker_killed_in_a_scan_is_an_error(lonely):
    said = []
    scanning = threading.Thread(target=lambda: said.append(instream(lonely.address, daemon.slow("cut off"))))
    scanning.start()
    daemon.wait_until(lambda: lonely.status()["workers"]["busy"] > 0)
    lonely.kill_part("worker")
    scanning.join(60)
    assert said in (["stream: Not now: unscanned(crash) ERROR"], ["stream: Exceeded time limit ERROR"])


def test_no_verdict_in_time_is_an_error(lonely):
    stopped = lonely.stop_workers()
    try:
        begun = time.monotonic()
        assert instream(lonely.address, CLEAN) == "stream: Exceeded time limit ERROR"
        assert 2.5 < time.monotonic() - begun < 20
    finally:
        lonely.resume_workers(stopped)


def test_silence_ends_a_session(lonely):
    for pair in ((b"", b"zIDSESSION\0"), (b"zPIN", b"zINSTREAM\0" + chunk(b"x"))):
        begun = time.monotonic()
        silent = [Connection(lonely.address).send(data) for data in pair]
        for connection in silent:
            assert connection.rest() == b"COMMAND READ TIMED OUT\n"
            assert 3 < time.monotonic() - begun < 15
            connection.close()


def test_clients_beyond_the_most_wait(lonely):
    first, second, third = (Connection(lonely.address) for _ in range(3))
    for connection in (first, second):
        connection.send(b"zIDSESSION\0zPING\0")
        assert connection.answer() == "1: PONG"
    third.send(b"zPING\0")
    third.socket.settimeout(1)
    with pytest.raises(TimeoutError):
        third.answer()
    first.close()
    third.socket.settimeout(30)
    assert third.answer() == "PONG"
    for connection in (second, third):
        connection.close()


def test_a_burst_waits_its_turn(closing):
    rastel = closing(daemon.Rastel(clamd=[{"max_sessions": 300}])).start()
    address = rastel.address("clamd")
    said = []
    clients = [threading.Thread(target=lambda: said.append(instream(address, peers.mail(os.urandom(8).hex())))) for _ in range(300)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert said == ["stream: OK"] * 300


def test_a_client_that_vanishes_in_its_scan_hurts_nobody(lonely):
    stopped = lonely.stop_workers()
    try:
        for _ in range(2):
            with Connection(lonely.address) as connection:
                connection.send(b"zINSTREAM\0" + stream(CLEAN))
                time.sleep(0.2)
    finally:
        lonely.resume_workers(stopped)
    assert instream(lonely.address, INFECTED) == f"stream: {EICAR} FOUND"
    end = time.monotonic() + 10
    while lonely.status()["doors"][0]["sessions"] > 0:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_reload_keeps_sessions_and_a_drain_ends_them(lonely):
    lonely.others["clamd"][0]["idle_timeout"] = "60s"
    lonely.write_configuration()
    lonely.cli("reload")
    with Connection(lonely.address) as old:
        old.send(b"zIDSESSION\0zPING\0")
        assert old.answer() == "1: PONG"
        lonely.cli("reload")
        old.send(b"zINSTREAM\0" + stream(INFECTED))
        assert old.answer() == f"2: stream: {EICAR} FOUND"
        assert instream(lonely.address, CLEAN) == "stream: OK"
        with Connection(lonely.address) as busy:
            busy.send(b"zINSTREAM\0" + chunk(INFECTED))
            time.sleep(0.3)
            lonely.cli("drain")
            assert old.closed()
            with Connection(lonely.address) as late:
                assert late.closed()
            busy.send(chunk(b""))  # what was begun is finished
            assert busy.rest() == f"stream: {EICAR} FOUND\0".encode()
    lonely.cli("reload")
    assert instream(lonely.address, CLEAN) == "stream: OK"


def test_a_stopped_rastel_answers_nobody(lonely):
    lonely.stop()
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        instream(lonely.address, CLEAN)


def test_config_check_says_what_tcp_is_not_for(tmp_path):
    rastel = daemon.Rastel(clamd=[{"listen": "127.0.0.1:1", "scan_folders": ["/tmp"], "reload": True}])
    try:
        answer = rastel.cli("config", "check", check=False)
        assert answer.returncode != 0
        assert "scan_folders: over TCP" in answer.stderr + answer.stdout and "reload: over TCP" in answer.stderr + answer.stdout
    finally:
        rastel.close()
