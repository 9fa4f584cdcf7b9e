# SPDX-License-Identifier: GPL-2.0-only
"""`./dev lab SERVER`: what it prints can be typed, and nothing of it stays. Needs root; skipped with a reason elsewhere."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import roots

PLAY = roots.HERE / "play.py"


def line(said, name):
    return re.search(rf"^  {re.escape(name)}  +(.*)$", said, re.M)[1]


@pytest.mark.skipif(shutil.which("swaks") is None, reason="needs swaks")
def test_what_it_prints_can_be_typed(tmp_path):
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    running = subprocess.Popen([sys.executable, "-B", PLAY, "opensmtpd"], stdout=subprocess.PIPE, text=True, process_group=0)
    try:
        said = ""
        while "Ctrl-C" not in said:
            more = running.stdout.readline()
            assert more, said
            said += more
        subprocess.run(line(said, "OpenSMTPD relay"), shell=True, check=True, capture_output=True, timeout=60)
        end = time.monotonic() + 30
        while not (there := subprocess.run(line(said, "mailboxes"), shell=True, capture_output=True, text=True).stdout.split()):
            assert time.monotonic() < end, subprocess.run(line(said, "the queue"), shell=True, capture_output=True, text=True)
            time.sleep(0.1)
        assert "\nX-Rastel: clean; " in pathlib.Path(there[0]).read_text()
        status = subprocess.run(line(said, "Rastel").partition("   (")[0], shell=True, capture_output=True, text=True)
        assert status.returncode == 0 and "scanning" in status.stdout, status
    finally:
        os.kill(running.pid, signal.SIGINT)
        assert running.wait(30) == 0
    folder = re.search(r"/\S*/rastel-lab-[^/]+", line(said, "Rastel"))[0]
    assert not any(folder in command for command in commands()), "something still runs"
    assert not pathlib.Path(folder).exists()


def test_a_server_that_is_not_there_is_said():
    answer = subprocess.run([sys.executable, "-B", PLAY, "exchange"], capture_output=True, text=True)
    assert answer.returncode == 1 and "no server \"exchange\"; there are: postfix dovecot" in answer.stderr


def commands():
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().decode(errors="replace")
        except OSError:
            pass
