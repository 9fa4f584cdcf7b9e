# SPDX-License-Identifier: GPL-2.0-only
"""rastel-filter: the message on standard output, whole and after the verdict, or nothing and a code that says so."""
import email
import email.policy
import os
import shutil
import signal
import subprocess
import time

import pytest

import daemon
import pipe_peer
from pipe_peer import ABOVE, BANNED, CLEAN, ENVIRONMENT, FILTER, is_below_our_line, local, run


@pytest.fixture(scope="module")
def pipe_doors():
    rastel = daemon.Rastel(pipe=[{}, {"place": "before-queue"}], sections={"policy": {"banned": "strip"}},
                           rules=[{"recipients": ["discard@lab.test"], "infected": "discard"},
                                  {"recipients": ["defer@lab.test"], "infected": "defer"}]).start()
    yield rastel
    rastel.close()


def filtered(rastel, message, *options, number=0, **more):
    return run([FILTER, "--socket", pipe_peer.address(rastel, number), *options], message, **more)


@pytest.mark.parametrize("message, above", [(ABOVE + local(CLEAN), ABOVE), (CLEAN, b""), (b"Subject: x\n\n" + b"y" * 2_000_000, b"")])
def test_a_clean_message_comes_out_as_it_was_below_our_line(pipe_doors, message, above):
    done = filtered(pipe_doors, message)
    assert (done.returncode, done.stderr) == (0, b"")
    is_below_our_line(done.stdout, message, above)


def test_a_stripped_one_comes_out_without_the_part(pipe_doors):
    done = filtered(pipe_doors, local(BANNED))
    assert done.returncode == 0 and done.stdout.startswith(b"X-Rastel: banned; ") and b"was removed by the mail server" in done.stdout
    assert b"\r" not in done.stdout


@pytest.mark.parametrize("number", [0, 1])  # refusing isn't possible here, whatever the door's place
@pytest.mark.parametrize("recipient, word", [("alice", "held"), ("discard", "discarded")])
def test_a_notice_takes_the_place_of_what_is_held(pipe_doors, number, recipient, word):
    before = len(pipe_doors.held())
    for message, above in ((ABOVE + local(daemon.infected(f"{recipient} {number}")), ABOVE), (daemon.infected(f"crlf {recipient} {number}"), b"")):
        done = filtered(pipe_doors, message, "--recipient", f"{recipient}@lab.test", number=number)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(above) and daemon.eicar() not in done.stdout and b"look at this" not in done.stdout
        assert done.stdout.count(b"\r\n") in (0, done.stdout.count(b"\n")) and (b"\r\n" in done.stdout) == (b"\r\n" in message)
        notice = email.message_from_bytes(done.stdout[len(above):], policy=email.policy.default)
        assert notice["Subject"].startswith(f"A message was {word} (") and notice["Auto-Submitted"] == "auto-generated"
        assert notice["Date"].datetime and notice["From"] and notice["Message-ID"]
        assert "infected (Eicar-Test-Signature)" in notice.get_content()
        assert not notice.defects
    assert len(pipe_doors.held()) == before + (2 if word == "held" else 0)


def test_trouble_is_75_and_an_empty_output(pipe_doors, tmp_path):
    done = filtered(pipe_doors, local(daemon.infected()), "--recipient=defer@lab.test")
    assert (done.returncode, done.stdout) == (75, b"") and done.stderr.startswith(b"4.7.1 "), done
    done = run([FILTER, "--socket", "/nonexistent"], local(CLEAN))
    assert (done.returncode, done.stdout) == (75, b"") and done.stderr.startswith(b"4.3.0 "), done
    done = run([FILTER, "--socket", "/nonexistent", "--fail=pass"], local(CLEAN))
    assert (done.returncode, done.stdout) == (0, b"X-Rastel: unscanned(engine); passed\n" + local(CLEAN))
    for words in (["--frobnicate"], ["--", "/bin/cat"], ["x"]):
        done = filtered(pipe_doors, local(CLEAN), *words)
        assert (done.returncode, done.stdout) == (75, b""), done


def test_an_output_that_is_full_or_gone_is_75(pipe_doors):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([FILTER, "--socket", pipe_peer.address(pipe_doors)], input=local(CLEAN), stdout=full,
                              stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
        assert done.returncode == 75, done
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([FILTER, "--socket", pipe_peer.address(pipe_doors)], input=local(CLEAN), stdout=writing,
                          stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
    os.close(writing)
    assert done.returncode == 75, done
    done = run(["sh", "-c", 'exec "$@" >&-', "sh", FILTER, "--socket", pipe_peer.address(pipe_doors)], local(CLEAN))
    assert done.returncode in (0, 75)  # nobody is there to miss it


def test_nothing_comes_out_before_the_verdict(pipe_doors):
    stopped = pipe_doors.stop_workers()
    try:
        child = subprocess.Popen([FILTER, "--socket", pipe_peer.address(pipe_doors)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=ENVIRONMENT)
        child.stdin.write(local(daemon.infected("before the verdict")))
        child.stdin.close()
        time.sleep(0.5)
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 75
        assert child.stdout.read() == b""
    finally:
        pipe_doors.resume_workers(stopped)


def test_in_recipes_of_procmail_and_maildrop(pipe_doors, tmp_path):
    for name in ("procmail", "maildrop"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is missing")
    # The recipes of docs/deliver.md.
    where = pipe_peer.address(pipe_doors)
    (tmp_path / "rc").write_text(f"DEFAULT={tmp_path}/inbox\n:0fw\n| {FILTER} --socket {where}\n:0e\n{{\n  EXITCODE=75\n  HOST\n}}\n")
    (tmp_path / "mailfilter").write_text(f'xfilter "{FILTER} --socket {where}"\nto "{tmp_path}/dropped"\n')
    (tmp_path / "mailfilter").chmod(0o600)
    programs = {"inbox": [shutil.which("procmail"), "-m", tmp_path / "rc"], "dropped": [shutil.which("maildrop"), tmp_path / "mailfilter"]}
    environment = {**ENVIRONMENT, "HOME": str(tmp_path), "LOGNAME": "alice"}
    for box, words in programs.items():
        assert run(words, ABOVE + local(CLEAN), environment).returncode == 0
        assert b"\nX-Rastel: clean; id=" in (tmp_path / box).read_bytes()
        assert run(words, ABOVE + local(daemon.infected(box)), environment).returncode == 0
        delivered = (tmp_path / box).read_bytes()
        assert b"A message was held" in delivered and daemon.eicar() not in delivered
        (tmp_path / box).unlink()
    (tmp_path / "rc").write_text((tmp_path / "rc").read_text().replace(where, "/nonexistent"))
    (tmp_path / "mailfilter").write_text((tmp_path / "mailfilter").read_text().replace(where, "/nonexistent"))
    for box, words in programs.items():
        assert run(words, ABOVE + local(CLEAN), environment).returncode == 75
        assert not (tmp_path / box).exists()
