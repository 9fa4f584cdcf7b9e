# SPDX-License-Identifier: GPL-2.0-only
"""rastel-deliver between a mail server and a delivery program: classes, exit codes, custody when anything is killed."""
import os
import pathlib
import random
import re
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
from clamd_peer import AMBIGUOUS
from pipe_peer import ABOVE, BANNED, CLEAN, DELIVER, ENVIRONMENT, INFECTED, Mailbox, command, deliver, is_below_our_line, local, run


@pytest.fixture(scope="module")
def pipe_doors():
    rastel = daemon.Rastel(
        pipe=[{}, {"place": "before-queue"}, {"header": False}],
        sections={"policy": {"banned": "strip", "ambiguous": "tag", "tag_subject": "[odd]"}},
        rules=[{"recipients": ["defer@lab.test"], "infected": "defer"}, {"recipients": ["discard@lab.test"], "infected": "discard"},
               {"recipients": ["hold@lab.test"], "infected": "quarantine", "banned": "quarantine"},
               {"recipients": ["pass@lab.test"], "infected": "pass", "banned": "pass"}]).start()
    yield rastel
    rastel.close()


@pytest.fixture
def mailbox(tmp_path):
    return Mailbox(tmp_path / "box" if (tmp_path / "box").mkdir() is None else None)


# What becomes of a message


MESSAGES = {
    "lf": (ABOVE + local(CLEAN), ABOVE), "nothing above": (local(CLEAN), b""), "crlf": (CLEAN, b""),
    "crlf above": (local(ABOVE).replace(b"\n", b"\r\n") + CLEAN, ABOVE.replace(b"\n", b"\r\n")),
    "no end": (ABOVE + b"Subject: no end", ABOVE), "body alone": (b"\nbody alone\n", b""),
    "large": (b"Subject: x\n\n" + b"yyyyyyyyyyy\n" * 300_000 + b"z\r\n\r\n\xff", b""),
    "from lines": (ABOVE + b"Subject: >From\n\nFrom here\n>From there\n.\n..\n", ABOVE)}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_clean_message_arrives_as_it_was_below_our_line(pipe_doors, mailbox, name):
    message, above = MESSAGES[name]
    assert deliver(pipe_doors, mailbox, message) == (0, "")
    delivered, = mailbox.delivered()
    is_below_our_line(delivered, message, above)
    assert mailbox.arguments() == ["-d", "alice"]


def test_without_our_line_it_is_byte_identical(pipe_doors, mailbox):
    for message in (b"", ABOVE + local(CLEAN), CLEAN):
        assert deliver(pipe_doors, mailbox, message, number=2) == (0, "")
    assert sorted(mailbox.delivered()) == sorted([b"", ABOVE + local(CLEAN), CLEAN])


def test_an_infected_one_is_held_and_the_server_is_rid_of_it(pipe_doors, mailbox):
    before = len(pipe_doors.held())
    assert deliver(pipe_doors, mailbox, ABOVE + local(daemon.infected("held"))) == (0, "")
    assert mailbox.delivered() == []
    assert len(pipe_doors.held()) == before + 1


@pytest.mark.parametrize("recipient, number, code, said", [
    ("alice", 1, 77, "5.7.1 Message refused: infected (Eicar-Test-Signature), id "), ("defer", 0, 75, "4.7.1 Message deferred: infected, id "),
    ("discard", 0, 0, ""), ("hold", 1, 0, "")])
def test_each_outcome_has_its_code(pipe_doors, mailbox, recipient, number, code, said):
    answer = deliver(pipe_doors, mailbox, local(daemon.infected(recipient)), "--recipient", f"{recipient}@lab.test", number=number)
    assert answer[0] == code and answer[1].startswith(said) and answer[1].count("\n") == (1 if said else 0), answer
    assert mailbox.delivered() == []
    # In qmail's words.
    expected = {77: 100, 75: 111, 0: 0}[code]
    assert deliver(pipe_doors, mailbox, local(daemon.infected(recipient)), "--recipient", f"{recipient}@lab.test", "--exit-codes=qmail",
                   number=number)[0] == expected


def test_an_infected_one_passes_where_policy_says_so(pipe_doors, mailbox):
    message = ABOVE + local(daemon.infected("let through"))
    assert deliver(pipe_doors, mailbox, message, "--recipient=pass@lab.test") == (0, "")
    is_below_our_line(mailbox.delivered()[0], message, ABOVE, kind="infected")


def test_a_changed_message_has_the_line_ends_of_the_original(pipe_doors, mailbox):
    for message in (ABOVE + local(BANNED), BANNED, local(AMBIGUOUS), local(CLEAN).replace(b"Subject", b"x-rastel: clean; forged\nSubject")):
        assert deliver(pipe_doors, mailbox, message) == (0, "")
    for delivered in mailbox.delivered():
        assert delivered.count(b"\r\n") in (0, delivered.count(b"\n"))
    stripped = next(one for one in mailbox.delivered() if one.startswith(ABOVE))
    assert stripped.startswith(ABOVE + b"X-Rastel: banned; id=") and b"; removed=1\n" in stripped
    assert b"setup.exe" in stripped and b"was removed by the mail server" in stripped and b"\nhello\n--a\n" in stripped
    assert any(one.lower().count(b"x-rastel:") == 1 and b"forged" not in one for one in mailbox.delivered())
    assert len(mailbox.delivered()) == 4


def test_several_recipients_have_one_outcome(pipe_doors, mailbox):
    def outcome(message, *recipients):
        return deliver(pipe_doors, mailbox, local(message), *[f"--recipient={one}@lab.test" for one in recipients])[0]
    before = len(pipe_doors.held())
    assert outcome(daemon.infected("to two"), "pass", "discard") == 0
    held = pipe_doors.held()
    assert len(held) == before + 1 and mailbox.delivered() == []
    assert {one["address"] for one in held[0]["to"]} == {"pass@lab.test", "discard@lab.test"}
    assert outcome(daemon.infected("to two others"), "pass", "defer") == 75
    assert outcome(BANNED, "pass", "alice") == 0  # the stricter of the two versions
    assert b"was removed" in mailbox.delivered()[0]


def test_what_is_released_comes_through(closing, mailbox):
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel(pipe=[{}], sections={"store": {"release": hop.address}})).start()
    message = ABOVE + b"Received: from elsewhere by mx; Tue, 3 Mar 2026 10:00:00 +0000\n" + local(INFECTED)
    assert deliver(rastel, mailbox, message) == (0, "")
    identifier = rastel.held()[0]["id"]
    rastel.cli("quarantine", "release", identifier)
    released = hop.messages[0].content
    assert released == b"Received: from elsewhere by mx; Tue, 3 Mar 2026 10:00:00 +0000\r\n" + INFECTED
    back = ABOVE.replace(b"10:00", b"11:11") + b"Received: from rastel by mx; Wed\n" + local(released)
    failing = Mailbox(mailbox.folder, "failing", after="exit 75")
    assert deliver(rastel, failing, back)[0] == 75  # its pass isn't used up by that
    time.sleep(0.5)
    assert deliver(rastel, mailbox, back) == (0, "")
    delivered, = mailbox.delivered()
    is_below_our_line(delivered, back, ABOVE.replace(b"10:00", b"11:11"), kind="infected")
    assert b"released" not in delivered.partition(b"\nReceived:")[0]
    time.sleep(0.5)
    assert deliver(rastel, mailbox, back)[0] == 0
    assert len(mailbox.delivered()) == 1  # once


# Exit codes of the delivery program


@pytest.mark.parametrize("after, code", [(f"exit {code}", code) for code in (0, 1, 64, 65, 69, 73, 75, 77, 99, 100, 111, 127)] +
                         [("kill -9 $$", 75), ("kill -SEGV $$", 75), ("kill -TERM $$", 75)])
def test_its_code_is_ours(pipe_doors, tmp_path, after, code):
    mailbox = Mailbox(tmp_path, after=after)
    answer = deliver(pipe_doors, mailbox, ABOVE + local(CLEAN))
    assert answer[0] == code and len(mailbox.delivered()) == 1
    assert (answer[1] == "") == (not after.startswith("kill")), answer
    if after.startswith("kill"):
        assert answer[1].startswith("4.3.0 ")
        assert deliver(pipe_doors, mailbox, ABOVE + local(CLEAN), "--exit-codes", "qmail")[0] == 111


def test_one_that_reads_nothing_is_not_in_the_way(pipe_doors, tmp_path):
    program = tmp_path / "unread"
    program.write_text("#!/bin/sh\nexec 0<&-\nexit 0\n")
    program.chmod(0o755)
    assert run([DELIVER, "--socket", pipe_peer.address(pipe_doors), "--", program], b"Subject: x\n\n" + b"y" * 2_000_000).returncode == 0


def test_one_that_can_not_be_started_is_a_deferral(pipe_doors, tmp_path):
    (tmp_path / "text").write_text("no program")
    (tmp_path / "broken").write_text("#!/nonexistent/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    for program in ("/nonexistent", tmp_path, tmp_path / "text", tmp_path / "broken", "procmail"):
        answer = run([DELIVER, "--socket", pipe_peer.address(pipe_doors), "--", program], local(CLEAN))
        assert answer.returncode == 75 and answer.stderr.startswith(b"4.3.0 "), answer


def test_a_wrong_command_line_is_a_deferral(pipe_doors):
    for words in ([], ["--"], ["--sender"], ["--frobnicate=1", "--", "/bin/true"], ["--timeout=0", "--", "/bin/true"], ["-x"],
                  ["--fail=maybe", "--", "/bin/true"], ["--exit-codes", "vms", "--", "/bin/true"], ["/bin/true"], ["--help", "--help"]):
        answer = run([DELIVER, *words], local(CLEAN))
        assert answer.returncode == 75 and answer.stderr.startswith(b"4.3.0 "), answer


@pytest.mark.parametrize("name", ["deliver", "filter", "qmail-queue", "courierfilter", "opensmtpd-filter"])
def test_help_is_given_and_no_message_is_taken_by_it(name):
    answer = run([daemon.BINARIES / "rastel", name, "--help"], local(CLEAN))
    assert answer.returncode == 75 and answer.stdout.startswith(f"usage: rastel-{name} ".encode()) and not answer.stderr
    for option in (b"--sender", b"--timeout", b"--fail=pass"):
        assert option in answer.stdout


def test_it_is_started_by_rastel_too(pipe_doors, mailbox):
    words = command(pipe_doors, mailbox)
    assert run([daemon.BINARIES / "rastel", "deliver", *words[1:]], local(CLEAN)).returncode == 0
    assert len(mailbox.delivered()) == 1


def test_the_delivery_program_is_as_it_would_be_without_us(pipe_doors, tmp_path):
    show = tmp_path / "show"
    show.write_text("#!/bin/sh\npwd; umask; env | sort; ls -l /proc/self/fd | grep -c memfd; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; echo \"$0 $@\"\n")
    show.chmod(0o755)
    (tmp_path / "in").mkdir()
    options = {"cwd": tmp_path / "in", "umask": 0o027, "environment": {**ENVIRONMENT, "X": "a b;`c`"}}
    direct = run([show, "-a", "b c", "", "--"], b"", **options).stdout.decode()
    through = run([DELIVER, "--socket", pipe_peer.address(pipe_doors), "--", show, "-a", "b c", "", "--"], b"", **options).stdout.decode()

    def but_for(text):
        """The message alone is more; glibc's posix_spawn ignores its own two signals, 32 and 33."""
        return re.sub(r"(?<=SigIgn:\t)\w+", lambda mask: f"{int(mask[0], 16) & ~0x180000000:016x}", text).replace("\n1\nSig", "\n0\nSig")
    assert but_for(through) == but_for(direct)


# In place of the delivery program


def test_under_the_name_of_a_delivery_program(closing, tmp_path):
    (tmp_path / "box").mkdir()
    mailbox = Mailbox(tmp_path / "box", "procmail.real")
    installed = mailbox.folder / "procmail"
    usual = "/run/rastel/pipe.sock"
    if os.path.exists(usual):
        pytest.skip(f"somebody's {usual} is there")
    shutil.copy(DELIVER, installed)
    answer = run([installed, "-f", "sender@x", "-a", "x", "-d", "alice"], local(CLEAN))
    assert answer.returncode == 75 and usual.encode() in answer.stderr and mailbox.delivered() == []
    os.makedirs("/run/rastel", exist_ok=True)
    rastel = closing(daemon.Rastel(pipe=[{}])).start()
    os.symlink(pipe_peer.address(rastel), usual)
    try:
        answer = run([installed, "-f", "sender@x", "-a", "x", "-d", "alice"], local(CLEAN), {})
        assert (answer.returncode, answer.stderr) == (0, b"")
        # The caller calls it as he likes: Sendmail's A=.
        answer = subprocess.run(["-procmail", "-Y"], executable=installed, input=local(CLEAN), env=ENVIRONMENT, check=False)
        assert answer.returncode == 0
    finally:
        os.unlink(usual)
    assert len(mailbox.delivered()) == 2
    assert mailbox.arguments() == ["-f", "sender@x", "-a", "x", "-d", "alice", "-Y"]
    rows = rastel.history(count=2)
    assert (rows[1]["from"], rows[1]["to"]) == ("sender@x", "alice"), rows
    assert (rows[0]["from"], rows[0]["to"]) == ("sender@elsewhere.example", "alice@lab.test"), rows


# Trouble of ours


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
    end = time.monotonic() + 60
    while rastel.scans_under_way() == 0:
        assert time.monotonic() < end
    rastel.kill()
    waiting.join(60)
    assert done[0][0] == 75, done
    assert mailbox.delivered() == []


def test_a_worker_killed_in_a_scan_is_a_deferral(pipe_doors, mailbox):
    done = []
    waiting = threading.Thread(target=lambda: done.append(deliver(pipe_doors, mailbox, local(daemon.slow("cut off")))))
    waiting.start()
    end = time.monotonic() + 60
    while pipe_doors.status()["workers"]["busy"] == 0:
        assert time.monotonic() < end
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


def test_procmail_and_maildrop(pipe_doors, tmp_path):
    for name in ("procmail", "maildrop"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is missing")
    message = ABOVE + local(CLEAN)
    inbox = tmp_path / "inbox"
    (tmp_path / "procmailrc").write_text(f"DEFAULT={inbox}\nLOCKFILE=\n:0:\n* ^Subject: nothing in it\n{tmp_path}/matched\n")
    (tmp_path / "mailfilter").write_text(f'to "{tmp_path}/dropped"\n')
    (tmp_path / "mailfilter").chmod(0o600)
    socket = pipe_peer.address(pipe_doors)
    answer = run([DELIVER, "--socket", socket, "--", shutil.which("procmail"), "-m", tmp_path / "procmailrc"], message)
    assert answer.returncode == 0, answer
    answer = run([DELIVER, "--socket", socket, "--", shutil.which("maildrop"), tmp_path / "mailfilter"], message,
                 environment={**ENVIRONMENT, "HOME": str(tmp_path)})
    assert answer.returncode == 0, answer
    body = local(CLEAN).partition(b"\n\n")[2]
    for box in ("matched", "dropped"):
        delivered = (tmp_path / box).read_bytes()
        assert delivered.startswith(b"From ") and b"\nX-Rastel: clean; id=" in delivered and body in delivered, delivered
    # Theirs is the code that the mail server gets.
    (tmp_path / "procmailrc").write_text(":0\n* ^Subject:\n{\n  EXITCODE=67\n  :0\n  /dev/null\n}\n")
    answer = run([DELIVER, "--socket", socket, "--", shutil.which("procmail"), "-m", tmp_path / "procmailrc"], message)
    assert answer.returncode == 67, answer
    (tmp_path / "mailfilter").write_text("EXITCODE=77\nexit\n")
    answer = run([DELIVER, "--socket", socket, "--", shutil.which("maildrop"), tmp_path / "mailfilter"], message,
                 environment={**ENVIRONMENT, "HOME": str(tmp_path)})
    assert answer.returncode == 77, answer
