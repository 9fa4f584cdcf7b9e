# SPDX-License-Identifier: GPL-2.0-only
"""rastel-deliver between a mail server and a delivery program: classes, exit codes, names."""
import os
import re
import shutil
import subprocess
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
