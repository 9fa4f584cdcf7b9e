# SPDX-License-Identifier: GPL-2.0-only
"""rastel-courierfilter between a real rasteld and what Courier writes to its mail filters (courierfilter(8)): each message is taken or
refused, whatever is wrong is a deferral of one message, and nothing but the end of its standard input ends it."""
import concurrent.futures
import os
import signal
import socket
import stat
import subprocess
import time

import pytest

import daemon
import peers
import pipe_peer
from pipe_peer import BANNED, local

FILTER = daemon.BINARIES / "rastel-courierfilter"
CLEAN = b"Received: from there (there [192.0.2.7])\n  by lab.test with ESMTP\n" + local(pipe_peer.CLEAN)
WAITS = "432 4.3.0 The message can't be scanned now, try again later"


class Courier:
    """courierfilter and Courier: it starts the filter by the link in filters/active, and puts messages into its queue."""

    def __init__(self, folder, *options, name="rastel", descriptor_3=True, wait=True):
        self.folder = folder
        for part in ("allfilters", "filters", "tmp", "active"):
            (folder / part).mkdir(exist_ok=True)
        self.path = folder / "allfilters" / name
        # Only where Courier really is the usual place can be written to.
        listen = [f"--listen={self.path}"]
        words = ["sh", "-c", 'exec 3>&1 >&2; exec "$@"' if descriptor_3 else 'exec >&2; exec "$@"', "sh", FILTER, *listen, *options]
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.number = 0
        if wait:
            assert self.process.stdout.read() == b""  # until descriptor 3 is closed
            assert self.is_there() or not descriptor_3

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, timeout=10):
        """(exit code, what it said)"""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout)
        finally:
            self.process.kill()
        if not self.process.stderr.closed:
            self.said = self.process.stderr.read().decode()
            self.process.stderr.close()
            self.process.stdout.close()
        return self.process.returncode, self.said

    def is_there(self):
        return self.process.poll() is None

    def queue(self, message, sender="sender@elsewhere.example", recipients=("alice@lab.test",), controls=1, more=""):
        """Paths as Courier names them."""
        self.number += 1
        data = self.folder / "tmp" / f"D{self.number}"
        data.write_bytes(message)
        data.chmod(0o660)
        paths = [str(data)]
        for part in range(controls):
            control = self.folder / "tmp" / f"{self.number}.{part}.lab.test"
            lines = [f"s{sender}", "fdns; there.example (client.example [::ffff:192.0.2.7])", "e", "t", f"M{self.number:016x}.C",
                     *(line for one in list(recipients)[part::controls] for line in (f"r{one}", "R", "N")), "OTCPREMOTEIP=::ffff:192.0.2.7", "uesmtp"]
            control.write_text("\n".join(lines) + "\n" + more)
            paths.append(str(control))
        return paths

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(str(self.path))
        return connection

    def ask(self, paths, pieces=False):
        """What it answers, whole: a line and the end."""
        request = "".join(path + "\n" for path in paths).encode() + b"\n"
        with self.connect() as connection:
            if pieces:
                for octet in request:
                    connection.sendall(bytes([octet]))
            else:
                connection.sendall(request)
            return answer(connection)

    def filter(self, message, **envelope):
        return self.ask(self.queue(message, **envelope))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def answer(connection):
    with connection.makefile("rb") as incoming:
        lines = incoming.readlines()
    assert len(lines) == 1 and lines[0].endswith(b"\n"), lines
    return lines[0].decode().removesuffix("\n")


def infected(subject="look at this"):
    return local(daemon.infected(subject))


@pytest.fixture(scope="module")
def doors():
    rastel = daemon.Rastel(pipe=[{}, {"place": "outbound"}], sections={"policy": {"banned": "strip"}},
                           rules=[{"recipients": ["hold@lab.test"], "infected": "quarantine"}, {"recipients": ["discard@lab.test"], "infected": "discard"},
                                  {"recipients": ["defer@lab.test"], "infected": "defer"}, {"recipients": ["tag@lab.test"], "infected": "tag"}]).start()
    yield rastel
    rastel.close()


@pytest.fixture
def courier(doors, tmp_path):
    with Courier(tmp_path, "--socket", pipe_peer.address(doors)) as one:
        yield one


def last(rastel, count=1):
    return [line for line in rastel.log().splitlines() if " door=pipe" in line][-count:]


def test_it_is_ready_when_descriptor_3_is_closed(courier):
    mode = os.stat(courier.path).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    assert not (courier.folder / "allfilters/.rastel").exists()


def test_a_socket_of_its_name_in_the_other_folder_is_removed(doors, tmp_path):
    (tmp_path / "filters").mkdir()
    with socket.socket(socket.AF_UNIX) as stale, socket.socket(socket.AF_UNIX) as other:
        stale.bind(str(tmp_path / "filters/rastel"))
        other.bind(str(tmp_path / "filters/other"))
    with Courier(tmp_path, "--socket", pipe_peer.address(doors)) as courier:
        assert sorted(os.listdir(tmp_path / "filters")) == ["other"]
        assert courier.filter(CLEAN) == "200 Ok"
    with Courier(tmp_path, "--socket", pipe_peer.address(doors)) as again:  # over the socket that was left
        assert again.filter(CLEAN) == "200 Ok"


def test_the_link_it_is_called_by_names_its_socket(doors, tmp_path):
    link = tmp_path / "virus"
    link.symlink_to(FILTER)
    folder = "/var/lib/courier/allfilters"
    done = subprocess.run([link, "--socket", pipe_peer.address(doors)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if os.path.isdir(folder):
        pytest.skip("a Courier is installed here: tests keep away from its folder")
    assert done.returncode == 71 and f"can't bind {folder}/virus" in done.stderr, done.stderr


def test_verdicts(doors, courier):
    held = len(doors.held())
    assert courier.filter(CLEAN) == "200 Ok"
    assert courier.ask(courier.queue(CLEAN), pieces=True) == "200 Ok"
    refused = courier.filter(infected())
    assert refused.startswith("550 5.7.1 Message refused: infected (Eicar-Test-Signature), id "), refused
    # What can be neither kept nor changed nor thrown away is refused.
    assert courier.filter(local(BANNED)).startswith("550 5.7.1 Message refused: banned")
    for recipient, code in (("hold", "550 5.7.1 "), ("discard", "550 5.7.1 "), ("defer", "432 4.7.1 "), ("tag", "200 Ok")):
        reply = courier.filter(infected(f"to {recipient}"), recipients=[f"{recipient}@lab.test"])
        assert reply.startswith(code), (recipient, reply)
    both = courier.filter(infected("to two"), recipients=["tag@lab.test", "hold@lab.test"])
    assert both.startswith("550 "), both
    assert len(doors.held()) == held, "refused is refused: nothing is held"


def test_the_door_s_place_makes_no_difference_but_outbound(doors, tmp_path):
    with Courier(tmp_path, "--socket", pipe_peer.address(doors, 1)) as courier:
        assert courier.filter(infected()).startswith("550 ")
        assert courier.filter(CLEAN) == "200 Ok"


def test_what_courier_says_is_in_the_log(doors, courier):
    recipients = [f"user{number}@lab.test" for number in range(250)]
    assert courier.filter(CLEAN, recipients=recipients, controls=3, sender="a|b@elsewhere.example") == "200 Ok"
    end = time.monotonic() + 10
    while "a|b@elsewhere.example" not in (line := "".join(last(doors))):
        assert time.monotonic() < end, line
        time.sleep(0.05)
    for part in ("192.0.2.7", "user0@lab.test", f"queue={courier.number:016x}.C", "next=Courier", "exit 0"):
        assert part in line, (part, line)
    row = doors.history("--limit", "1")[0]
    assert "user249@lab.test" in row["to"], row


def test_two_hundred_at_once(doors, courier):
    before = courier.descriptors()
    paths = [courier.queue(infected(f"at once {number}") if number % 3 == 0 else local(peers.mail(f"at once {number}", b"x\r\n" * number)))
             for number in range(200)]
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        for number, reply in enumerate(pool.map(courier.ask, paths)):
            assert reply.startswith("550 " if number % 3 == 0 else "200 Ok"), (number, reply)
    end = time.monotonic() + 10
    while courier.descriptors() > before:
        assert time.monotonic() < end
        time.sleep(0.05)


# Courier in trouble, and who isn't Courier

@pytest.mark.parametrize("request_bytes", [b"\n", b"/tmp/x\n\n", b"/tmp/x\n/tmp/\0y\n\n", b"x" * 300_000, b"\n\n\n"],
                         ids=["nothing", "no control file", "a NUL", "too long", "more of nothing"])
def test_what_is_no_request_is_deferred(courier, request_bytes):
    with courier.connect() as connection:
        try:
            connection.sendall(request_bytes)
        except OSError:
            pass  # it needn't have been read to its end
        try:
            assert answer(connection) == WAITS
        except ConnectionResetError:
            assert len(request_bytes) > 100_000
    assert courier.filter(CLEAN) == "200 Ok"


def test_files_that_are_none_are_deferred(courier, tmp_path):
    good = courier.queue(CLEAN)
    os.mkfifo(tmp_path / "fifo")
    os.symlink(good[0], tmp_path / "link")
    for bad in (tmp_path / "nothing", tmp_path, tmp_path / "fifo", tmp_path / "link", "/dev/zero"):
        assert courier.ask([str(bad), good[1]]) == WAITS
        assert courier.ask([good[0], str(bad)]) == WAITS
    assert courier.ask(good) == "200 Ok"


def test_without_recipients_it_is_deferred(courier):
    assert courier.filter(CLEAN, recipients=[]).startswith("432 4.3.5 ")


def test_a_client_that_vanishes_or_says_nothing_leaves_nothing(doors, courier):
    before = courier.descriptors()
    for request in (b"", b"/tmp", "".join(path + "\n" for path in courier.queue(CLEAN)).encode() + b"\n"):
        for _ in range(20):
            with courier.connect() as connection:
                connection.sendall(request)
    assert courier.filter(CLEAN) == "200 Ok"
    end = time.monotonic() + 10
    while courier.descriptors() > before:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_signals_that_are_not_meant_for_it_do_not_end_it(courier):
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        courier.process.send_signal(number)
    assert courier.filter(CLEAN) == "200 Ok"


def test_the_end_of_its_input_ends_it_when_all_is_answered(closing, tmp_path):
    rastel = closing(daemon.Rastel(pipe=[{}]).start())
    with Courier(tmp_path, "--socket", pipe_peer.address(rastel)) as courier:
        stopped = rastel.stop_workers()
        paths = courier.queue(CLEAN)
        with courier.connect() as connection:
            connection.sendall("".join(path + "\n" for path in paths).encode() + b"\n")
            rastel.wait_for_a_scan()
            courier.process.stdin.close()
            time.sleep(0.3)
            assert courier.is_there(), "somebody waits for an answer"
            with pytest.raises(ConnectionRefusedError):
                courier.connect()
            rastel.resume_workers(stopped)
            assert answer(connection) == "200 Ok"
        assert courier.end() == (0, "")
    assert courier.path.exists(), "as long as it lies there Courier takes no mail"


# A daemon in trouble

def test_a_daemon_that_is_away_is_a_deferral_and_passes_when_told_to(tmp_path):
    with Courier(tmp_path, "--socket", tmp_path / "nobody") as courier:
        start = time.monotonic()
        paths = [courier.queue(CLEAN) for _ in range(50)]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            assert set(pool.map(courier.ask, paths)) == {WAITS}
        assert 2 <= time.monotonic() - start < 20  # three attempts
        code, said = courier.end()
        assert code == 0 and "a message is deferred: can't connect to " in said
    with Courier(tmp_path, "--socket", tmp_path / "nobody", "--fail=pass") as courier:
        assert courier.filter(CLEAN) == "200 Ok"


def test_a_daemon_that_comes_back_is_asked(closing, tmp_path):
    rastel = closing(daemon.Rastel(pipe=[{}]).start())
    with Courier(tmp_path, "--socket", pipe_peer.address(rastel)) as courier:
        assert courier.filter(CLEAN) == "200 Ok"
        rastel.stop()
        assert courier.filter(CLEAN) == WAITS
        rastel.start()
        assert courier.filter(infected()).startswith("550 ")


def test_a_daemon_that_hangs_costs_the_time_and_no_more(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent"))
        listener.listen(200)
        with Courier(tmp_path, "--socket", tmp_path / "silent", "--timeout=2s") as courier:
            paths = [courier.queue(CLEAN) for _ in range(100)]
            start = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                assert set(pool.map(courier.ask, paths)) == {WAITS}
            assert 1.5 < time.monotonic() - start < 15


def test_a_daemon_killed_in_the_middle_of_a_scan_is_a_deferral(closing, tmp_path):
    rastel = closing(daemon.Rastel(pipe=[{}]).start())
    with Courier(tmp_path, "--socket", pipe_peer.address(rastel)) as courier:
        rastel.stop_workers()
        paths = courier.queue(CLEAN)
        with courier.connect() as connection:
            connection.sendall("".join(path + "\n" for path in paths).encode() + b"\n")
            rastel.wait_for_a_scan()
            rastel.kill()
            assert answer(connection) == WAITS
        assert courier.is_there()


def test_a_wrong_command_line_says_what_is_wrong(tmp_path):
    for options, said in ((["--fail=perhaps"], "--fail is pass or defer"), (["--", "x"], "usage: rastel-courierfilter"),
                          (["--listen", "/nowhere/rastel"], "can't bind")):
        done = subprocess.run([FILTER, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode in (64, 71) and said in done.stderr, done


def test_a_lack_of_descriptors_is_a_deferral(doors, tmp_path):
    with Courier(tmp_path, "--socket", pipe_peer.address(doors)) as first:
        pass
    words = ["sh", "-c", 'ulimit -n 12; exec "$@"', "sh", str(FILTER), f"--listen={first.path}", "--socket", pipe_peer.address(doors)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + 10
        while True:
            try:
                first.connect().close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.05)
        paths = [first.queue(CLEAN) for _ in range(40)]
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            replies = set(pool.map(first.ask, paths))
        assert all(reply.startswith(("432 ", "200 Ok")) for reply in replies), replies
        assert first.filter(CLEAN) == "200 Ok"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stderr.close()
