# SPDX-License-Identifier: GPL-2.0-only
"""What one client, and all of them, may have of a door: sessions, errors, a burst, and what an idle one costs (X-23, A-46)."""
import concurrent.futures
import contextlib
import re
import resource
import select
import socket
import time

import pytest

import conftest
import peers

CONTENT = peers.mail("limits")
STRANGERS = {"trusted": []}


@pytest.fixture
def many_files():
    """This process may hold thousands of connections while the test runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 8192:
        pytest.skip(f"{hard} open files are too few for this test")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_address_has_its_share_of_the_sessions(start):
    rastel = start({**STRANGERS, "max_sessions_per_client": 3}, {"max_sessions_per_client": 3})
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(rastel.client()) for _ in range(3)]
        with rastel.client() as fourth:
            assert fourth.banner.code == 421 and "your address" in fourth.banner.text and fourth.at_end()
        clients[0].quit()
        end = time.monotonic() + 20
        while (last := open_ones.enter_context(rastel.client())).banner.code == 421:
            assert time.monotonic() < end
        assert last.deliver(CONTENT).code == 250
    with contextlib.ExitStack() as open_ones:  # trusted peers speak for many
        assert {open_ones.enter_context(rastel.client(1)).banner.code for _ in range(10)} == {220}


def test_who_makes_many_errors_is_sent_away_at_mail_for_a_while(start):
    rastel = start({**STRANGERS, "max_errors_per_client": 15}, {"max_errors_per_client": 15})
    for number in (0, 1):
        for _ in range(2):
            with rastel.client(number) as client:
                client.hello()
                for _ in range(9):
                    client.command("WHAT")
    with rastel.client(0) as client:
        client.hello()
        answer = client.command("MAIL FROM:<a@x.example>")
        assert answer.code == 421 and "too many errors" in answer.text and client.at_end()
    with rastel.client(1) as client:
        assert client.deliver(CONTENT).code == 250, "a trusted peer isn't one client"
    end = time.monotonic() + 60
    while True:  # 15 a minute fade: one in four seconds
        with rastel.client(0) as client:
            client.hello()
            if client.command("MAIL FROM:<a@x.example>").code == 250:
                break
        assert time.monotonic() < end
        time.sleep(1)


def test_a_trusted_mail_server_hears_of_overload_at_mail_and_not_before(start):
    """A-25: Postfix before its queue makes a 451 of its own out of a bad banner."""
    rastel = start({"max_sessions": 4})
    with contextlib.ExitStack() as open_ones:
        for _ in range(4):
            assert open_ones.enter_context(rastel.client()).banner.code == 220
        for _ in range(4):
            client = open_ones.enter_context(rastel.client())
            client.hello()
            assert client.command("NOOP").code == 250
            answer = client.command("MAIL FROM:<a@x.example>")
            assert answer.code == 421 and "too many sessions" in answer.text
    deadline = time.monotonic() + 20
    while True:
        with rastel.client() as client:
            if client.deliver(CONTENT).code == 250:
                break
        assert time.monotonic() < deadline


def test_a_burst_of_500_connections_is_answered_each(start, many_files):
    rastel = start({**STRANGERS, "max_sessions": 200, "max_sessions_per_client": 10_000})
    began = time.monotonic()
    sockets = []
    for _ in range(500):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", rastel.door()))
        sockets.append(connection)
    poll = select.poll()
    waiting = {connection.fileno(): connection for connection in sockets}
    for number in waiting:
        poll.register(number, select.POLLIN)
    codes, last = {}, 0.0
    while waiting:
        left = 60 - (time.monotonic() - began)
        assert left > 0, f"{len(waiting)} of 500 heard nothing in 60 s"
        for number, _ in poll.poll(left * 1000):
            code = waiting.pop(number).recv(3).decode()
            poll.unregister(number)
            codes[code] = codes.get(code, 0) + 1
            last = time.monotonic() - began
    assert set(codes) == {"220", "421"} and codes["220"] == 200, codes
    conftest.tables.append(("500 connections at once, 200 allowed", ["220", "421", "last answer, s"],
                            [[codes["220"], codes["421"], f"{last:.2f}"]]))
    for connection in sockets:
        connection.close()
    end = time.monotonic() + 30
    while True:
        with rastel.client() as client:
            if client.banner.code == 220 and client.deliver(CONTENT).code == 250:
                break
        assert time.monotonic() < end, "the burst is over, and nobody is served"


def test_a_burst_of_500_messages_is_taken_or_put_off_each(start, many_files):
    rastel = start({**STRANGERS, "max_sessions": 1000, "max_sessions_per_client": 1000})

    def submit(_):
        with rastel.client() as client:
            return client.deliver(CONTENT).code if client.banner.code == 220 else client.banner.code

    with concurrent.futures.ThreadPoolExecutor(250) as pool:
        codes = list(pool.map(submit, range(500)))
    assert set(codes) <= {250, 421, 451}, set(codes)
    assert codes.count(250) == len(rastel.hop.accepted()) >= 1


def test_who_is_slow_with_a_message_takes_no_scanner_from_others(start):
    rastel = start({**STRANGERS}, sections={"engine": {"workers": 1}})
    with contextlib.ExitStack() as open_ones:
        for _ in range(20):
            slow = open_ones.enter_context(rastel.client())
            slow.hello()
            slow.envelope("slow@x.example", ["b@lab.test"])
            assert slow.command("DATA").code == 354
            slow.send(b"Subject: half a message\r\n")
        assert rastel.scans_under_way() == 0
        with rastel.client() as client:
            assert client.deliver(CONTENT).code == 250


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


@pytest.mark.parametrize("hello, count", [(None, 2000), ("EHLO x", 300)])  # the second with its connection to the next hop
def test_an_idle_connection_costs_little(start, many_files, hello, count):
    rastel = start({**STRANGERS, "max_sessions": 10_000, "max_sessions_per_client": 10_000})
    pid = rastel.daemon()

    @contextlib.contextmanager
    def idle_ones(many):
        with contextlib.ExitStack() as open_ones:
            for _ in range(many):
                client = open_ones.enter_context(rastel.client())
                assert client.banner.code == 220
                assert hello is None or client.command(hello).code == 250
            yield

    with idle_ones(20):  # so that what is needed once is there
        before = resident(pid)
    with idle_ones(count):
        each = (resident(pid) - before) / count
    conftest.tables.append(("what an idle connection costs the daemon", ["said", "connections", "KiB each"],
                            [[hello or "nothing", count, f"{each:.1f}"]]))
    assert 0 < each < 40, each
