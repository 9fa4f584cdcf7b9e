# SPDX-License-Identifier: GPL-2.0-only
"""rastel-opensmtpd-filter between a real rasteld and what OpenSMTPD's smtpd writes: it holds each message until there is a verdict,
never waits for one while smtpd has something to say, and never ends before smtpd does."""
import concurrent.futures
import email
import email.policy
import signal
import socket
import threading
import time

import pytest

import daemon
import opensmtpd_peer
import peers
import pipe_peer
from opensmtpd_peer import TRACE, Smtpd
from pipe_peer import BANNED, CLEAN

ABOVE = b"".join(line + b"\r\n" for line in TRACE)
WAITS = "451 4.7.1 The message can't be scanned now, try again later"


@pytest.fixture(scope="module")
def doors():
    rastel = daemon.Rastel(pipe=[{"place": "before-queue"}, {}], sections={"policy": {"banned": "strip"}, "engine": {"workers": 2, "max_message": "20MiB"}},
                           rules=[{"recipients": ["discard@lab.test"], "infected": "discard"},
                                  {"recipients": ["defer@lab.test"], "infected": "defer"},
                                  {"recipients": ["hold@lab.test"], "infected": "quarantine"},
                                  {"recipients": ["tag@lab.test"], "infected": "tag"}]).start()
    yield rastel
    rastel.close()


@pytest.fixture
def smtpd(doors):
    with Smtpd("--socket", pipe_peer.address(doors)) as one:
        yield one


def is_below_our_line(message, sent, kind=b"clean"):
    line, _, rest = message.partition(b"\r\n")
    assert line.startswith(b"X-Rastel: " + kind + b"; id="), line
    assert rest == ABOVE + sent


def last(rastel, count=1):
    return [line for line in rastel.log().splitlines() if " door=pipe" in line][-count:]


@pytest.mark.parametrize("message", [
    CLEAN, peers.mail("dots", b".\r\n..\r\n.a\r\n\r\n \r\n| x |\r\n8 bit \xff\xfe\r\ncr\rin\r\n"), peers.mail("long lines", (b"x" * 1990 + b"\r\n") * 300),
    peers.mail("large", (b"y" * 70 + b"\r\n") * 100_000)], ids=["small", "dots", "long lines", "7 MB"])
def test_a_clean_message_is_taken_as_it_was_below_our_line(doors, smtpd, message):
    back, result = smtpd.deliver(message)
    assert result == "proceed"
    is_below_our_line(back, message)


def test_what_is_known_of_the_session_is_in_the_log(doors, smtpd):
    smtpd.deliver(CLEAN, sender="a|b@elsewhere.example", recipients=["alice@lab.test", "bob@lab.test"])
    end = time.monotonic() + 10
    while not (line := "".join(last(doors))).count("a|b@elsewhere.example"):
        assert time.monotonic() < end, line
        time.sleep(0.05)
    for part in ("192.0.2.7", "a|b@elsewhere.example", "alice@lab.test", "queue=4fc80719", "next=smtpd", "exit 0"):
        assert part in line, (part, line)
    assert "nobody@lab.test" not in line


def test_an_infected_one_is_refused_and_smtpd_never_has_it(doors, smtpd):
    held = len(doors.held())
    back, result = smtpd.deliver(daemon.infected())
    assert back == b""
    assert result.startswith("550 5.7.1 Message refused: infected (Eicar-Test-Signature), id "), result
    assert len(doors.held()) == held
    is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


@pytest.mark.parametrize("number, recipient, word", [(0, "hold", "held"), (0, "discard", "discarded"), (1, "alice", "held")])
def test_a_notice_takes_the_place_of_what_is_held(doors, number, recipient, word):
    held = len(doors.held())
    with Smtpd("--socket", pipe_peer.address(doors, number)) as smtpd:
        back, result = smtpd.deliver(daemon.infected(f"to {recipient} {number}"), recipients=[f"{recipient}@lab.test"])
    assert result == "proceed"
    assert daemon.eicar() not in back and b"look at this" not in back
    notice = email.message_from_bytes(back, policy=email.policy.default)
    assert notice["Subject"].startswith(f"A message was {word} (") and "infected (Eicar-Test-Signature)" in notice.get_content()
    assert not notice.defects
    assert len(doors.held()) == held + (word == "held")


def test_other_outcomes(doors, smtpd):
    back, result = smtpd.deliver(BANNED)
    assert result == "proceed" and back.startswith(b"X-Rastel: banned; ") and b"was removed by the mail server" in back
    assert b"setup.exe\r\n\r\nhello" not in back and back.count(b"\n") == back.count(b"\r\n")
    tagged = daemon.infected("tagged")
    back, result = smtpd.deliver(tagged, recipients=["tag@lab.test"])
    assert result == "proceed"
    is_below_our_line(back, tagged, b"infected")
    back, result = smtpd.deliver(daemon.infected("deferred"), recipients=["defer@lab.test"])
    assert back == b"" and result.startswith("451 4.7.1 "), result
    back, result = smtpd.deliver(peers.mail("too large for the engine", (b"z" * 70 + b"\r\n") * 300_000))
    assert back == b"" and result.startswith("451 4.3.4 "), result


def test_many_messages_in_one_session(doors, smtpd):
    session = smtpd.connect()
    for number in range(5):
        message = peers.mail(f"number {number}")
        is_below_our_line(smtpd.deliver(message, session)[0], message)
        assert smtpd.deliver(daemon.infected(f"number {number}"), session)[1].startswith("550 ")
        # One that is given up in the middle leaves nothing in the next.
        smtpd.begin(session)
        smtpd.data(session, daemon.infected(), end=False)
        smtpd.report("tx-rollback", session, "4fc80719")
        smtpd.report("tx-reset", session, "4fc80719")


def test_many_sessions_at_once(doors, smtpd):
    before = smtpd.descriptors()

    def one(number):
        if number % 3 == 0:
            return smtpd.deliver(daemon.infected(f"at once {number}"))[1].startswith("550 ")
        message = peers.mail(f"at once {number}", f"{number}\r\n".encode() * (number % 7) * 2000)
        back, result = smtpd.deliver(message)
        is_below_our_line(back, message)
        return result == "proceed"

    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        assert all(pool.map(one, range(300)))
    smtpd.settles(before)


def test_the_lines_of_sessions_may_be_mixed(doors, smtpd):
    texts = {smtpd.connect(): peers.mail(f"mixed {number}") if number % 2 else daemon.infected(f"mixed {number}") for number in range(10)}
    for session in texts:
        smtpd.begin(session)
    lines = {session: [*TRACE, *text.removesuffix(b"\r\n").split(b"\r\n"), b"."] for session, text in texts.items()}
    for number in range(max(map(len, lines.values()))):
        for session, some in lines.items():
            if number < len(some):
                smtpd.write(smtpd.line(session, some[number]))
    for number, (session, text) in enumerate(texts.items()):
        back, result = smtpd.verdict(session)
        assert result.startswith("proceed" if number % 2 else "550 "), result
        if number % 2:
            is_below_our_line(back, text)


def test_a_client_that_vanishes_leaves_nothing(doors, smtpd):
    before = smtpd.descriptors()
    vanished = {False: [], True: []}
    for end, sessions in vanished.items():
        for _ in range(20):
            session = smtpd.connect()
            smtpd.begin(session)
            smtpd.data(session, peers.mail("vanishing", b"x" * 60 + b"\r\n" * 2000), end=end)
            smtpd.report("tx-rollback", session, "4fc80719")
            smtpd.report("link-disconnect", session)
            sessions.append(session)
    smtpd.settles(before)
    is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)  # whatever was answered before has been read with it
    assert all(smtpd.answers[session].empty() for session in vanished[False])
    for session in vanished[True]:  # the daemon may have been quicker than the client: then the answer is whole
        if not smtpd.answers[session].empty():
            assert smtpd.handed_back(session)
        assert smtpd.answers[session].empty()
    smtpd.settles(before)


# A daemon in trouble

def test_a_daemon_that_is_away_is_a_deferral_and_passes_when_told_to(tmp_path):
    with Smtpd("--socket", tmp_path / "nobody") as smtpd:
        start = time.monotonic()
        assert smtpd.deliver(CLEAN) == (b"", WAITS)
        assert 2 <= time.monotonic() - start < 20  # three attempts
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            assert set(pool.map(lambda _: smtpd.deliver(CLEAN), range(50))) == {(b"", WAITS)}
        code, said = smtpd.close()
        assert code == 0 and "a message is deferred: can't connect to " in said
    with Smtpd("--socket", tmp_path / "nobody", "--fail=pass") as smtpd:
        back, result = smtpd.deliver(CLEAN)
        assert result == "proceed" and back == b"X-Rastel: unscanned(engine); passed\r\n" + ABOVE + CLEAN


def test_a_daemon_that_comes_back_is_asked(closing, tmp_path):
    rastel = closing(daemon.Rastel(pipe=[{"place": "before-queue"}]).start())
    with Smtpd("--socket", pipe_peer.address(rastel)) as smtpd:
        is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)
        rastel.stop()
        assert smtpd.deliver(CLEAN) == (b"", WAITS)
        rastel.start()
        is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


@pytest.fixture
def silent(tmp_path):
    """Takes connections and says nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent"))
        listener.listen(200)
        kept = []

        def take():
            while True:
                try:
                    kept.append(listener.accept()[0])
                except OSError:
                    return
        threading.Thread(target=take, daemon=True).start()
        yield tmp_path / "silent"
        listener.shutdown(socket.SHUT_RDWR)
        for one in kept:
            one.close()


def test_a_daemon_that_hangs_costs_the_time_and_no_more(silent):
    with Smtpd("--socket", silent, "--timeout=2s") as smtpd:
        before = smtpd.descriptors()
        start = time.monotonic()
        sessions = [smtpd.connect() for _ in range(100)]  # more than are asked for at a time
        for session in sessions:
            smtpd.begin(session)
            smtpd.data(session, CLEAN)
        assert time.monotonic() - start < 2, "what smtpd writes is read meanwhile"
        for session in sessions:
            assert smtpd.verdict(session) == (b"", WAITS)
        assert 1.5 < time.monotonic() - start < 6
        smtpd.settles(before)
        assert smtpd.close()[0] == 0


def test_smtpd_that_ends_is_followed_at_once(silent):
    with Smtpd("--socket", silent) as smtpd:
        session = smtpd.connect()
        smtpd.begin(session)
        smtpd.data(session, CLEAN)
        time.sleep(0.2)
        start = time.monotonic()
        assert smtpd.close() == (0, "")
        assert time.monotonic() - start < 2


def test_a_daemon_killed_in_the_middle_of_a_scan_is_a_deferral(closing):
    rastel = closing(daemon.Rastel(pipe=[{"place": "before-queue"}]).start())
    with Smtpd("--socket", pipe_peer.address(rastel)) as smtpd:
        rastel.stop_workers()
        session = smtpd.connect()
        smtpd.begin(session)
        smtpd.data(session, CLEAN)
        rastel.wait_for_a_scan()
        rastel.kill()
        assert smtpd.verdict(session) == (b"", WAITS)
        assert smtpd.is_there()


# What could end it, or fill it

def test_signals_do_not_end_it(doors, smtpd):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGUSR1, signal.SIGALRM, signal.SIGXFSZ):
        smtpd.signal(number)
    is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


@pytest.mark.parametrize("line", [
    b"", b"|", b"|||||||||", b"report|0.6|1|smtp-in|link-connect|a1", b"report|0.6|1|smtp-in|tx-rcpt|a1|1|ok|" + b"x" * 5000, b"\0\xff" * 100,
    b"filter|0.6|1|smtp-in|data-line|zz|1|x", b"filter|0.6|1|smtp-in|data-line|a1", b"filter|9.9|1|smtp-in|connect|a1|b2|x|y|z", b"x" * 1_000_000,
    b"filter|0.6|1|smtp-in|data-line|a1|b2|" + b"y" * 1_000_000])
def test_whatever_else_is_written_to_it_is_in_nobody_s_way(doors, smtpd, line):
    smtpd.write(line)
    is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


def test_what_is_too_large_is_refused_and_not_kept(doors, smtpd):
    session = smtpd.connect()
    smtpd.begin(session)
    line = smtpd.line(session, b"x" * 1990) + b"\n"
    lines = (line * 100).removesuffix(b"\n")
    before = smtpd.descriptors()
    for _ in range(530):  # a little more than 100 MiB
        smtpd.write(lines)
    smtpd.write(smtpd.line(session, b"."))
    assert smtpd.verdict(session) == (b"", "552 5.3.4 The message is too large")
    assert smtpd.memory() < 100 << 20
    smtpd.settles(before)


def limited(kind, value):
    return ["sh", "-c", f'ulimit {kind} {value}; exec "$@"', "sh", str(opensmtpd_peer.FILTER)]


def test_a_lack_of_descriptors_is_a_deferral(doors):
    with Smtpd(words=[*limited("-n", 30), "--socket", pipe_peer.address(doors)]) as smtpd:
        sessions = [smtpd.connect() for _ in range(60)]
        for session in sessions:
            smtpd.begin(session)
            smtpd.data(session, peers.mail("large enough for a file", b"x" * 60 + b"\r\n" * 20_000), end=False)
        for session in sessions:
            smtpd.write(smtpd.line(session, b"."))
        results = [smtpd.verdict(session)[1] for session in sessions]
        # Which of them get the few there are is chance; whoever comes later is served.
        assert "451" in {result[:3] for result in results} <= {"451", "pro"}, results
        is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


def test_a_limit_on_file_sizes_is_a_deferral(doors):
    with Smtpd(words=[*limited("-f", 100), "--socket", pipe_peer.address(doors)]) as smtpd:
        back, result = smtpd.deliver(peers.mail("large", (b"y" * 70 + b"\r\n") * 10_000))
        assert back == b"" and result.startswith("451 4.3.1 "), result
        is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)


def test_a_lack_of_memory_is_a_deferral_or_none(doors):
    # So little that some of the sessions find none: it goes on, and whoever comes later is served.
    with Smtpd(words=[*limited("-v", 40_000), "--socket", pipe_peer.address(doors)]) as smtpd:
        sessions = [smtpd.connect() for _ in range(1500)]
        for session in sessions:
            smtpd.begin(session, recipients=[f"{'x' * 900}{number}@lab.test" for number in range(20)])
            smtpd.data(session, peers.mail("in memory", b"x" * 60 + b"\r\n" * 6000), end=False)
        for session in sessions[:200]:
            smtpd.write(smtpd.line(session, b"."))
            back, result = smtpd.verdict(session)
            assert result.startswith(("451 ", "452 ")) and back == b"" or result == "proceed", result
        for session in sessions:
            smtpd.report("link-disconnect", session)
        is_below_our_line(smtpd.deliver(CLEAN)[0], CLEAN)
        assert smtpd.is_there()


def test_smtpd_that_does_not_read_is_waited_for(doors, smtpd):
    """What comes back stays in its files, and what smtpd writes is read on."""
    smtpd.listening.clear()
    message = peers.mail("back-pressure", (b"y" * 70 + b"\r\n") * 100_000)
    sessions = [smtpd.connect() for _ in range(10)]
    for session in sessions:
        smtpd.begin(session)
        smtpd.data(session, message)
    time.sleep(3)
    assert smtpd.memory() < 60 << 20, smtpd.memory()
    smtpd.listening.set()
    for session in sessions:
        back, result = smtpd.verdict(session)
        assert result == "proceed"
        is_below_our_line(back, message)


def test_a_wrong_command_line_is_said_at_once():
    for words in (["--frobnicate"], ["--", "x"], ["--timeout=never"]):
        done = pipe_peer.run([opensmtpd_peer.FILTER, *words], b"config|ready\n")
        assert done.returncode == 64 and done.stdout == b"" and done.stderr, done
