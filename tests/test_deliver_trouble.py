# SPDX-License-Identifier: GPL-2.0-only
"""rastel-deliver when something is wrong: no daemon, limits, full disks, whoever is killed; and with many at once."""
import os
import pathlib
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

import daemon
import peers
import pipe_peer
from pipe_peer import ABOVE, CLEAN, DELIVER, ENVIRONMENT, INFECTED, Mailbox, command, deliver, is_below_our_line, local, run


@pytest.fixture(scope="module")
def pipe_doors():
    with daemon.Rastel(pipe=[{}]) as rastel:
        yield rastel


def test_without_a_daemon_it_is_a_deferral_or_passes(mailbox, tmp_path):
    for where in ("/nonexistent", str(tmp_path / "stale"), "x" * 200):
        begun = time.monotonic()
        answer = run([DELIVER, "--socket", where, "--", mailbox.program], local(CLEAN))
        assert answer.returncode == 75 and answer.stderr.startswith(b"4.3.0 "), answer
        assert 1.5 < time.monotonic() - begun < 10
    assert mailbox.delivered() == []
    message = ABOVE + local(CLEAN)
    answer = run([DELIVER, "--socket", "/nonexistent", "--fail=pass", "--", mailbox.program], message)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, b"")
    assert mailbox.delivered() == [ABOVE + b"X-Rastel: unscanned(engine); passed\n" + local(CLEAN)]


def test_a_daemon_that_comes_back_is_waited_for(closing, mailbox):
    rastel = closing(daemon.Rastel(pipe=[{}]))
    done = []
    waiting = threading.Thread(target=lambda: done.append(deliver(rastel, mailbox, local(CLEAN))))
    waiting.start()
    rastel.start(ready=False)
    waiting.join(60)
    # Before it can scan it defers; the socket alone is there at once.
    assert done[0][0] in (0, 75), done
    rastel.wait_ready()
    assert deliver(rastel, mailbox, local(CLEAN)) == (0, "")


def test_a_daemon_that_hangs_costs_the_time_and_no_more(closing, mailbox):
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    pid = rastel.daemon()
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        answer = deliver(rastel, mailbox, local(CLEAN), "--timeout=3s")
        assert answer[0] == 75 and answer[1].startswith("4.3.0 the scanner doesn't answer"), answer
        assert 2 < time.monotonic() - begun < 6
        assert deliver(rastel, mailbox, local(CLEAN), "--timeout=3s", "--fail=pass")[0] == 0
        assert len(mailbox.delivered()) == 1
    finally:
        os.kill(pid, signal.SIGCONT)
    daemon.wait_until(lambda: rastel.status()["scans"]["passed_unscanned"] == 1)
    assert "from <sender@elsewhere.example> to <alice@lab.test> passed unscanned while nobody answered" in rastel.log()


def test_a_daemon_killed_in_the_middle_of_a_scan_is_a_deferral(closing, mailbox):
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    done = []
    waiting = threading.Thread(target=lambda: done.append(deliver(rastel, mailbox, local(daemon.slow("cut off")))))
    waiting.start()
    rastel.wait_for_a_scan(60)
    rastel.kill()
    waiting.join(60)
    assert done[0][0] == 75, done
    assert mailbox.delivered() == []


def test_a_worker_killed_in_a_scan_is_a_deferral(pipe_doors, mailbox):
    done = []
    waiting = threading.Thread(target=lambda: done.append(deliver(pipe_doors, mailbox, local(daemon.slow("cut off")))))
    waiting.start()
    daemon.wait_until(lambda: pipe_doors.status()["workers"]["busy"] > 0)
    pipe_doors.kill_part("worker")
    waiting.join(60)
    assert done[0][0] == 75 and done[0][1].startswith("4.7.1 "), done
    assert mailbox.delivered() == []


@pytest.fixture
def open_folder():
    """Where every user can write; pytest's folders are closed to them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rastel-pipe-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_listener_of_another_user_is_not_believed(mailbox, open_folder):
    if os.geteuid() != 0:
        pytest.skip("needs root to be another user")
    where = open_folder / "forged.sock"
    answer_held = pipe_peer.frame("A", pipe_peer.field("K", b"h"))
    script = (f"import os, socket\nos.setuid(65534)\ns = socket.socket(socket.AF_UNIX)\ns.bind({str(where)!r})\ns.listen()\nprint(flush=True)\n"
              f"while True:\n c, _ = s.accept()\n try: c.sendall({answer_held!r})\n except OSError: pass\n")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as forger:
        try:
            forger.stdout.readline()
            answer = run([DELIVER, "--socket", where, "--", mailbox.program], local(INFECTED))
            assert answer.returncode == 75 and b"neither root nor this user" in answer.stderr, answer
        finally:
            forger.kill()


# Limits and full disks


def limited(*limits):
    def set_limits():
        for what, most in limits:
            resource.setrlimit(what, (most, most))
    return set_limits


def test_a_limit_on_file_sizes_is_a_deferral(pipe_doors, mailbox):
    for message in (local(CLEAN) + b"x" * 9_000, local(CLEAN) + b"x" * 1_000_000):
        answer = run(command(pipe_doors, mailbox), message, preexec_fn=limited((resource.RLIMIT_FSIZE, 8192)))
        assert answer.returncode == 75 and answer.stderr.startswith(b"4.3.0 "), answer
    assert mailbox.delivered() == []


def test_a_lack_of_memory_is_a_deferral_or_none(pipe_doors, mailbox):
    big = local(CLEAN) + b"x\n" * 200_000
    codes = set()
    for most in range(6 << 20, 20 << 20, 256 << 10):
        answer = run([DELIVER, "--socket", pipe_peer.address(pipe_doors), "--", "/bin/cat"], big, preexec_fn=limited((resource.RLIMIT_AS, most)))
        # So little that the program can't be loaded is the system's answer, before there is a program of ours.
        if b"error while loading shared libraries" in answer.stderr or answer.returncode == -signal.SIGSEGV and not answer.stdout:
            continue
        codes.add(answer.returncode)
        assert answer.returncode in (0, 75) or b"cat" in answer.stderr, (most, answer.returncode, answer.stderr)
        assert answer.returncode != 0 or answer.stdout.endswith(big[-1000:])
    assert 0 in codes


def test_a_full_disk_is_a_deferral(pipe_doors, mailbox):
    if os.geteuid() != 0:
        pytest.skip("needs root to fill a disk")
    full = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=300k none /var/tmp && exec "$@"', "sh"]
    answer = run([*full, *command(pipe_doors, mailbox)], local(CLEAN) + b"x" * 1_000_000)
    assert answer.returncode == 75 and b"No space left" in answer.stderr and answer.stderr.startswith(b"4.3.0 "), answer
    assert mailbox.delivered() == []
    assert run([*full, *command(pipe_doors, mailbox)], local(CLEAN)).returncode == 0  # a small one lies in memory


def test_the_quarantine_s_full_disk_is_a_deferral(closing, mailbox, open_folder):
    if os.geteuid() != 0:
        pytest.skip("needs root to fill a disk")
    store = open_folder / "store"
    store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "none", store], check=True)
    try:
        shutil.chown(store, "nobody")
        rastel = closing(daemon.Rastel(pipe=[{}], sections={"store": {"directory": str(store)}})).start()
        filler = store / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    os.write(file.fileno(), b"x" * 4096)
            except OSError:
                pass
        answer = deliver(rastel, mailbox, local(daemon.infected("no room")))
        assert answer[0] == 75 and answer[1].startswith("4.3"), answer
        assert rastel.held() == []
        filler.unlink()
        assert deliver(rastel, mailbox, local(daemon.infected("no room"))) == (0, "")
        assert len(rastel.held()) == 1
        rastel.stop()
    finally:
        subprocess.run(["umount", "-l", store], check=True)


def test_without_a_standard_input_there_is_no_message(pipe_doors, mailbox):
    answer = run(["sh", "-c", 'exec "$@" <&-', "sh", *command(pipe_doors, mailbox)], b"")
    assert answer.returncode == 75 and mailbox.delivered() == []


# Killed at any instant


def test_a_mail_server_that_dies_in_the_middle_delivers_nothing(pipe_doors, mailbox, tmp_path):
    # As one does: its end of the pipe is closed with it, which looks like the message's end.
    script = ("import os, subprocess, sys\n"
              "child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE)\n"
              "child.stdin.write(b'Subject: x\\n\\n' + b'half of it\\n' * int(sys.argv[1]))\nchild.stdin.flush()\n"
              "print(child.pid, flush=True)\nos.kill(os.getpid(), 9)\n")
    for lines in (1, 100, 5_000, 100_000):
        parent = subprocess.run([sys.executable, "-c", script, str(lines), *command(pipe_doors, mailbox)], env=ENVIRONMENT,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        pid = int(parent.stdout.split()[0])
        end = time.monotonic() + 60
        while daemon.alive(pid):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert mailbox.delivered() == []


def test_killed_at_any_instant_nothing_is_lost(pipe_doors, tmp_path):
    seed = random.Random(os.environ.get("RASTEL_SEED", "1"))
    mailbox = Mailbox(tmp_path)
    rounds = 300 if os.environ.get("RASTEL_LONG") == "1" else 40
    for number in range(rounds):
        message = ABOVE + local(peers.mail(f"round {number}", b"line\n" * 10_000 + b"the end\n"))
        child = subprocess.Popen(command(pipe_doors, mailbox), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=ENVIRONMENT, start_new_session=True)
        how = seed.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU])
        def end_it():
            time.sleep(seed.random() * 0.08)
            daemon.send_signal(child.pid, how)
        killer = threading.Thread(target=end_it)
        killer.start()
        try:
            child.stdin.write(message)
            child.stdin.close()
        except BrokenPipeError:
            pass
        killer.join()
        code = child.wait(30)
        assert code in (0, 75, -how), (how, code)  # the last: before there was a program of ours
        if code != 0:  # the mail server has it, and comes again
            assert deliver(pipe_doors, mailbox, message) == (0, "")
        marker = b"Subject: round %d\n" % number
        end = time.monotonic() + 10
        while not (copies := [one for one in mailbox.delivered() if marker in one]):
            assert time.monotonic() < end, "lost"
            time.sleep(0.02)
        assert 1 <= len(copies) <= 2
        for copy in copies:
            is_below_our_line(copy, message, ABOVE)


def test_told_to_end_it_ends_the_delivery_program(pipe_doors, tmp_path):
    mailbox = Mailbox(tmp_path, before="trap 'exit 1' TERM; sleep 60 >/dev/null 2>&1 & wait")
    for number, expected in ((signal.SIGTERM, 75), (signal.SIGHUP, 75)):
        # What runs the tests may ignore SIGHUP, and what is ignored stays so.
        child = subprocess.Popen(command(pipe_doors, mailbox), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
                                 preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        child.stdin.write(local(CLEAN))
        child.stdin.close()
        end = time.monotonic() + 30
        while not any(daemon.program(pid) == "sh" for pid in daemon.children(child.pid)):
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.2)
        child.send_signal(number)
        assert child.wait(20) == expected
        assert child.stderr.read().startswith(b"4.3.0 ")
    begun = time.monotonic()
    assert deliver(pipe_doors, Mailbox(tmp_path, "stubborn", before="trap '' TERM; exec sleep 60"), local(CLEAN), "--timeout=2s")[0] == 75
    assert 6 < time.monotonic() - begun < 20
    assert mailbox.delivered() == []


# Many at once, and how long it takes


def test_two_hundred_at_once_are_delivered(closing, tmp_path):
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    mailbox = Mailbox(tmp_path)
    messages = [ABOVE + local(peers.mail(f"number {number}")) for number in range(200)]
    children = [subprocess.Popen(command(rastel, mailbox), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) for _ in messages]
    for child, message in zip(children, messages):
        child.stdin.write(message)
        child.stdin.close()
    assert [child.wait(120) for child in children] == [0] * 200
    assert len(mailbox.delivered()) == 200
    assert sorted(one.partition(b"Subject: ")[2] for one in mailbox.delivered()) == sorted(one.partition(b"Subject: ")[2] for one in messages)
    for child in children:
        child.stderr.close()


def test_another_user_is_served_while_one_has_many(closing, open_folder):
    if os.geteuid() != 0:
        pytest.skip("needs root to be another user")
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    mailbox = Mailbox(open_folder)
    descriptors = [pipe_peer.memory_file(local(daemon.slow(f"of many {number}"))[:1_000_000]) for number in range(30)]
    stopped = rastel.stop_workers()
    many = [pipe_peer.Connection(pipe_peer.address(rastel)).send(pipe_peer.REQUEST, descriptor) for descriptor in descriptors]
    end = time.monotonic() + 60
    while rastel.status()["doors"][0]["sessions"] < 30:
        assert time.monotonic() < end
        time.sleep(0.1)
    with subprocess.Popen(["setpriv", "--reuid", "65534", "--clear-groups", *command(rastel, mailbox)], stdin=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=ENVIRONMENT) as other:
        other.stdin.write(local(CLEAN))
        other.stdin.close()
        while rastel.status()["doors"][0]["sessions"] < 31:
            assert time.monotonic() < end
            time.sleep(0.1)
        rastel.resume_workers(stopped)
        assert other.wait(60) == 0, other.stderr.read()
    left = len(many) - len(select.select([connection.socket for connection in many], [], [], 0)[0])
    assert left > 5, left  # 16 are scanned at a time; of those who wait the other user is the next
    for connection, descriptor in zip(many, descriptors):
        assert connection.answer()["K"] in (b"p", b"d")
        connection.socket.close()
        os.close(descriptor)


# Real delivery programs
