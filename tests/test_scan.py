# SPDX-License-Identifier: GPL-2.0-only
"""`rastel scan` and `rastel explain`: by a running rasteld and by an engine of their own, as root and as anybody."""
import base64
import hashlib
import json
import os
import pathlib
import pty
import signal
import subprocess
import threading
import time

import pytest

import daemon
import peers

CLEAN = peers.mail("nothing in it")
INFECTED = daemon.infected()
EICAR = "Eicar-Test-Signature"


def scan(*words, verb="scan", expected=None, data=None, prefix=(), config=None, program="rastel"):
    """Without /etc/rastel: `config` or an empty configuration whose rasteld doesn't run."""
    answer = subprocess.run([*prefix, str(daemon.BINARIES / program), *(["-c", str(config)] if config else []), verb,
                             *map(str, words)], input=b"" if data is None else data, capture_output=True, timeout=120)
    answer.out, answer.error = answer.stdout.decode(), answer.stderr.decode()
    assert expected is None or answer.returncode == expected, (answer.returncode, answer.out, answer.error)
    return answer


def rows(*words, **options):
    return [json.loads(line) for line in scan("--json", *words, **options).out.splitlines()]


def engines():
    """Of all processes there are: who else runs tests here has others."""
    found = set()
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and daemon.program(int(entry.name)) == "rastel-engine":
            found.add(int(entry.name))
    return found


@pytest.fixture(scope="module")
def running():
    """A rasteld without doors."""
    rastel = daemon.Rastel(sections={"engine": {"workers": 2, "max_message": "1MiB"}})
    yield rastel.start()
    rastel.close()


@pytest.fixture
def nobody(tmp_path):
    """A configuration whose rasteld doesn't run, and whose signature folder is missing."""
    file = tmp_path / "rastel.toml"
    file.write_text(f'[site]\nrun_directory = "{tmp_path}/run"\n[signatures]\ndirectory = "{tmp_path}/none"\n'
                    '[engine]\nmax_message = "1MiB"\n')
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:  # pytest's folders are its user's alone
        if parent.owner() == tmp_path.owner() and str(parent).startswith("/tmp/pytest"):
            parent.chmod(0o755)
    return file


WARNING = ""


@pytest.fixture(autouse=True)
def warning(request):
    """What an engine of one's own says first, where its folder of signatures is missing."""
    global WARNING
    WARNING = ""
    if "nobody" in request.fixturenames:
        folder = request.getfixturevalue("nobody").parent
        WARNING = (f"rastel: warning: no signatures in {folder}/none: only the built-in test signatures are looked for, and no real "
                   "malware is found\n")


@pytest.fixture(params=["by rasteld", "by an engine of its own"])
def config(request, nobody):
    return request.getfixturevalue("running").file if request.param == "by rasteld" else nobody


@pytest.fixture
def mails(tmp_path):
    """A folder of two mails, a Maildir and an mbox below it."""
    folder = tmp_path / "mails"
    for below in ("maildir/cur", "maildir/new", "maildir/tmp", "maildir/.Sent/cur", "maildir/.Sent/new", "maildir/.Sent/tmp"):
        (folder / below).mkdir(parents=True)
    (folder / "clean.eml").write_bytes(CLEAN)
    (folder / "infected.eml").write_bytes(INFECTED)
    (folder / "maildir/dovecot-uidlist").write_bytes(INFECTED)  # no message
    (folder / "maildir/cur/1:2,S").write_bytes(CLEAN)
    (folder / "maildir/tmp/2").write_bytes(INFECTED)  # none yet
    (folder / "maildir/.Sent/new/3").write_bytes(INFECTED)
    (folder / "box").write_bytes(b"From a@b Mon Jan  1 00:00:00 2024\n" + CLEAN + b"\nFrom c@d\n" + INFECTED + b"\n")
    (folder / "link.eml").symlink_to(folder / "infected.eml")
    os.mkfifo(folder / "pipe")
    return folder


def test_a_folder_with_everything_in_it(config, mails):
    found = rows(mails, config=config, expected=1)
    seen = {(row["path"].removeprefix(f"{mails}/"), row["message"]): row["class"] for row in found}
    assert seen == {("clean.eml", 1): "clean", ("infected.eml", 1): "infected", ("maildir/cur/1:2,S", 1): "clean",
                    ("maildir/.Sent/new/3", 1): "infected", ("box", 1): "clean", ("box", 2): "infected"}
    answer = scan(mails, "--jobs", "3", config=config, expected=1)
    lines = answer.out.splitlines()
    assert f"{mails}/clean.eml: clean" in lines and f"{mails}/box[2]: infected ({EICAR})" in lines and len(lines) == 6
    assert "6 messages in " in answer.error and "3 clean, 3 infected" in answer.error


def test_the_members_of_a_line(config, mails):
    row, = rows(mails / "infected.eml", config=config, expected=1)
    assert list(row) == ["path", "message", "class", "reason", "action", "finding", "findings", "flags", "parts", "id", "ms",
                         "engine", "signatures"]
    assert row["path"] == f"{mails}/infected.eml" and row["message"] == 1
    assert (row["class"], row["reason"], row["action"], row["finding"]) == ("infected", "", "reject", EICAR)
    assert row["findings"] == [{"kind": "signature", "name": EICAR}]
    assert row["engine"].startswith("ClamAV ") and row["signatures"] and len(row["id"]) == 16 and row["ms"] >= 0
    for part in row["parts"]:
        assert set(part) - {"entity", "body"} == {"path", "reading", "type", "true_type", "true_types", "names", "size", "sha256",
                                                  "findings", "looked", "members"}
    for flag in row["flags"]:
        assert set(flag) == {"code", "gravity", "at", "times"}


def test_parts_and_flags_are_told_with_what_caused_them(config, tmp_path):
    """Two boundaries: what the second one leads to is a part of another reading."""
    hidden = base64.b64encode(daemon.eicar()) + b"\r\n"
    mail = (b"From: a@b.example\r\nSubject: x\rX-Spam: no\r\nMIME-Version: 1.0\r\n"
            b'Content-Type: multipart/mixed; boundary="one"; boundary="two"\r\n\r\n'
            b"--one\r\nContent-Type: text/plain\r\n\r\nSee the details.\r\n--one--\r\n"
            b'--two\r\nContent-Type: application/octet-stream; name="details.scr"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n" + hidden + b"--two--\r\n")
    (tmp_path / "two.eml").write_bytes(mail)
    row, = rows(tmp_path / "two.eml", config=config, expected=1)
    text = next(part for part in row["parts"] if not part["reading"])
    secret = next(part for part in row["parts"] if part["names"] == ["details.scr"])
    assert (text["path"], text["reading"], text["type"], text["names"], text["findings"]) == ("1", "", "text/plain", [], [])
    assert mail[slice(*text["body"])] == b"See the details."
    assert (secret["reading"], secret["findings"]) == ("boundary", [EICAR])
    assert secret["path"].startswith("?") and secret["looked"] in ("scanned", "no") and secret["size"] == len(daemon.eicar())
    assert secret["sha256"] == hashlib.sha256(daemon.eicar()).hexdigest()
    assert mail[slice(*secret["body"])].strip() == hidden.strip() and mail[slice(*secret["entity"])].startswith(b"Content-Type")
    flags = {flag["code"]: flag for flag in row["flags"]}
    assert {"BARE_CR", "DUP_BOUNDARY_PARAM"} <= set(flags)
    assert flags["BARE_CR"]["gravity"] == "hard" and b"\rX-Spam" in mail[slice(*flags["BARE_CR"]["at"])]
    told = scan(tmp_path / "two.eml", verb="explain", config=config, expected=1).out
    assert '  1  text/plain\n' in told and "Parts as others may read it: boundary\n" in told
    assert f'  {secret["path"]}  application/octet-stream' in told and '"details.scr"' in told and f"found      {EICAR}" in told
    assert "\u00abSubject: x\\rX-Spam: no" in told and "A CR without LF in a header" in told
    explained, = (json.loads(line) for line in
                  scan("--json", tmp_path / "two.eml", verb="explain", config=config, expected=1).out.splitlines())
    assert all(flag.pop("sentence").endswith(".") for flag in explained["flags"])
    assert [explained[key] for key in ("flags", "parts", "findings")] == [row[key] for key in ("flags", "parts", "findings")]


def in_pieces(mail, pieces, name="x@y"):
    """RFC 2046 5.2.2: a message in so many pieces, each of whole lines."""
    lines = mail.splitlines(keepends=True)
    step = -(-len(lines) // pieces)
    return [b"From: a@sender.example\r\nSubject: a piece\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: message/partial; id=\"%s\"; number=%d; total=%d\r\n\r\n" % (name.encode(), number + 1, pieces) +
            b"".join(lines[number * step:(number + 1) * step]) for number in range(pieces)]


SPLIT = (b"Subject: whole\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\n"
         b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(daemon.eicar()).replace(b"\n", b"\r\n"))


def test_a_message_in_pieces_is_put_together(config, tmp_path):
    folder = tmp_path / "mails"
    folder.mkdir()
    for number, piece in enumerate(in_pieces(SPLIT, 3)):
        (folder / f"{3 - number}.eml").write_bytes(piece)
    (folder / "other.eml").write_bytes(CLEAN)
    answer = scan(folder, expected=1, config=config)
    together = f"{folder}/3.eml + {folder}/2.eml + {folder}/1.eml: infected ({EICAR})"
    assert together in answer.out.splitlines(), answer.out
    assert f"{folder}/1.eml: ambiguous (MESSAGE_PARTIAL)" in answer.out, answer.out
    row = rows(folder, expected=1, config=config)[-1]
    assert row["class"] == "infected" and [piece["path"] for piece in row["pieces"]] == [f"{folder}/{i}.eml" for i in (3, 2, 1)]

    (folder / "2.eml").unlink()
    assert "+" not in scan(folder, expected=1, config=config).out


def test_pieces_of_two_messages_in_an_mbox_are_told_apart(nobody, tmp_path):
    box = tmp_path / "box"
    harmless = b"Subject: t\r\n\r\n" + b"good morning\r\n" * 20
    mails = [pair for both in zip(in_pieces(SPLIT, 2), in_pieces(harmless, 2, "z")) for pair in both]
    box.write_bytes(b"".join(b"From a@b Mon Jan  1 00:00:00 2024\r\n" + mail + b"\r\n" for mail in mails))
    told = scan(box, expected=1, config=nobody).out
    assert f"{box}[1] + {box}[3]: infected ({EICAR})" in told, told
    assert f"{box}[2] + {box}[4]: ambiguous (MESSAGE_PARTIAL)" in told, told


def test_pieces_that_are_too_large_together_are_said(nobody, tmp_path):
    folder = tmp_path / "mails"
    folder.mkdir()
    for number, piece in enumerate(in_pieces(SPLIT + b"xxxxx\r\n" * 200_000, 2)):
        (folder / f"{number}.eml").write_bytes(piece)
    answer = scan(folder, expected=2, config=nobody)
    assert "2 pieces of messages could not be put together" in answer.error, answer.error


def test_standard_input(config):
    assert scan("-", data=CLEAN, config=config, expected=0).out == "-: clean\n"
    assert scan("-", data=INFECTED, config=config, expected=1).out == f"-: infected ({EICAR})\n"
    box = b"From a\n" + INFECTED + b"\nFrom b\n" + CLEAN
    assert [row["class"] for row in sorted(rows("-", data=box, config=config, expected=1), key=lambda row: row["message"])] == \
        ["infected", "clean"]
    assert scan("-", data=b"", config=config, expected=0).out == "-: clean\n"


def test_found_only_for_exim(config, mails):
    answer = scan("--found-only", mails / "clean.eml", mails / "infected.eml", config=config, expected=0)
    assert answer.out == f"{mails}/infected.eml: {EICAR} FOUND\n" and answer.error.replace(WARNING, "") == ""
    assert scan("--found-only", mails / "missing", config=config, expected=2).out == ""


def test_what_the_policy_only_marks_is_not_found(nobody, mails):
    nobody.write_text(nobody.read_text() + '[policy]\ninfected = "tag"\n')
    assert scan("--found-only", mails / "infected.eml", config=nobody, expected=0).out == ""
    assert scan(mails / "infected.eml", config=nobody, expected=1).out != ""


def test_what_can_not_be_read_is_said_and_the_others_go_on(config, mails):
    answer = scan(mails / "missing.eml", mails / "infected.eml", config=config, expected=2)
    assert f"can't read {mails}/missing.eml: No such file or directory" in answer.error
    assert answer.out == f"{mails}/infected.eml: infected ({EICAR})\n"
    assert "1 could not be scanned" in answer.error


def test_a_message_over_the_limit_is_unscanned(config, mails):
    (mails / "large.eml").write_bytes(CLEAN + b"x" * (1 << 20))
    row, = rows(mails / "large.eml", config=config, expected=2)
    assert (row["class"], row["reason"], row["finding"]) == ("unscanned", "limit", "engine.max_message")
    box = mails / "large-box"
    box.write_bytes(b"From a\n" + CLEAN + b"x" * (1 << 20) + b"\n\nFrom b\n" + INFECTED)
    found = rows(box, config=config, expected=2)
    assert sorted((row["message"], row["class"]) for row in found) == [(1, "unscanned"), (2, "infected")]
    # Larger than what is kept in memory, and not too large.
    (mails / "spooled.eml").write_bytes(CLEAN + b"x y z\r\n" * 100_000)
    assert rows(mails / "spooled.eml", config=config, expected=0)[0]["class"] == "clean"


def test_the_daemon_s_limit_counts_where_it_is_lower(running, mails, tmp_path):
    (mails / "large.eml").write_bytes(CLEAN + b"x" * (1 << 20))
    other = tmp_path / "other.toml"
    other.write_text(running.file.read_text().replace('"1MiB"', '"64MiB"'))
    row, small = sorted(rows(mails / "large.eml", mails / "clean.eml", "--jobs", "1", config=other, expected=2),
                        key=lambda row: row["class"], reverse=True)
    assert (row["class"], row["reason"], small["class"]) == ("unscanned", "limit", "clean")


def test_a_scan_leaves_nothing_behind_but_a_count(running, mails):
    before = running.status()["scans"]["done"]
    scan(mails / "infected.eml", config=running.file, expected=1)
    assert running.status()["scans"]["done"] == before + 1
    assert running.held(everything=True) == [] and running.rows("history") == []


def test_hostile_names_reach_no_terminal(nobody, mails):
    name = "evil\x1b]0;owned\x07\n: EICAR FOUND"
    (mails / name).write_bytes(CLEAN)
    for words in ((), ("--json",), ("--found-only",)):
        answer = scan(mails, *words, config=nobody)
        assert "\x1b" not in answer.out + answer.error and "\n: EICAR" not in answer.out
    answer = scan(mails / (name + " missing"), config=nobody, expected=2)
    assert "\x1b" not in answer.error and "\\x1b" in answer.error


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_an_ordinary_user(nobody, running, mails):
    mails.chmod(0o755)
    secret = mails / "secret.eml"
    secret.write_bytes(INFECTED)
    secret.chmod(0o600)
    someone = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/nonexistent")
    answer = scan(mails, config=nobody, prefix=someone, expected=2)
    assert f"can't read {secret}: Permission denied" in answer.error
    assert f"{mails}/infected.eml: infected ({EICAR})" in answer.out
    assert ", by an engine of our own" in answer.error
    # The daemon's own user may ask it (it is nobody too); who may not gets an engine of his own.
    other = ("setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups")
    running.file.chmod(0o644)
    answer = scan(mails / "clean.eml", config=running.file, prefix=other, expected=0)
    assert ", by an engine of our own" in answer.error
    control = running.folder / "run/control.sock"
    answer = scan("--control", control, mails / "clean.eml", config=running.file, prefix=other, expected=2)
    assert "no permission" in answer.error


def test_without_a_configuration_the_defaults_count(mails):
    if pathlib.Path("/etc/rastel/rastel.toml").exists() or pathlib.Path("/run/rastel/control.sock").exists():
        pytest.skip("Rastel is installed here")
    assert f"infected ({EICAR})" in scan(mails / "infected.eml", expected=1).out


@pytest.mark.parametrize("words, sentence", [
    (["-c", "/nonexistent/rastel.toml", "x"], "/nonexistent/rastel.toml"),
    (["--control", "/nonexistent/control.sock", "x"], "is it running"),
    (["--jobs", "0", "x"], "--jobs"),
    ([], "PATH is required"),
    (["--nonsense", "x"], "nonsense"),
])
def test_a_wrong_command_line_is_2(words, sentence):
    answer = scan(*words, expected=2)
    assert sentence in answer.error and answer.out == ""


def test_help_names_both_verbs():
    everything = subprocess.run([daemon.BINARIES / "rastel", "--help"], capture_output=True, text=True, timeout=30).stdout
    assert "  scan " in everything and "  explain " in everything
    assert "--found-only" in scan("--help", expected=0).out
    assert "every reading" in scan("--help", verb="explain", expected=0).out


def test_an_engine_of_its_own_ends_with_it(nobody, mails):
    before = engines()
    scan(mails, config=nobody, expected=1)
    daemon.wait_until(lambda: engines() <= before, 15)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ctrl_c_ends_it_and_its_engine(nobody, tmp_path, number):
    before = engines()
    (tmp_path / "slow").mkdir()
    for i in range(40):
        (tmp_path / f"slow/{i}.eml").write_bytes(daemon.slow("take your time")[: 1 << 19])
    process = subprocess.Popen([daemon.BINARIES / "rastel", "-c", nobody, "scan", tmp_path / "slow", "--jobs", "1"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    daemon.wait_until(lambda: process.poll() is not None or any(daemon.children(pid) for pid in engines() - before), 15)
    time.sleep(0.5)
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert process.returncode in (2, -number), error
    daemon.wait_until(lambda: engines() <= before, 15)


def test_a_daemon_that_dies_in_mid_scan_is_asked_again(start, tmp_path):
    """rasteld starts it again and holds its socket meanwhile: nothing is lost."""
    rastel = start()
    (tmp_path / "slow.eml").write_bytes(daemon.slow("take your time"))
    stopped = rastel.stop_workers()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(rows(tmp_path / "slow.eml", config=rastel.file)))
    thread.start()
    daemon.wait_until(lambda: rastel.scans_under_way() == 1, 15)
    rastel.kill_part("daemon")
    thread.join(60)
    rastel.resume_workers(stopped)
    assert [row["class"] for row in answers[0]] == ["clean"]


def test_a_rasteld_that_goes_away_is_an_error_and_2(start, tmp_path):
    rastel = start()
    for i in range(8):
        (tmp_path / f"{i}.eml").write_bytes(daemon.slow("take your time"))
    rastel.stop_workers()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(scan(tmp_path, config=rastel.file)))
    thread.start()
    daemon.wait_until(lambda: rastel.scans_under_way() >= 1, 15)
    rastel.kill()
    thread.join(30)
    assert answers[0].returncode == 2
    assert "rasteld" in answers[0].error and "nobody is there to scan the rest" in answers[0].error


def test_explain_shows_what_was_found(config, mails):
    answer = scan(mails / "infected.eml", verb="explain", config=config, expected=1)
    first = answer.out.splitlines()[0]
    assert first == f"{mails}/infected.eml: infected ({EICAR})"
    assert f"signature  {EICAR}" in answer.out and "\x1b" not in answer.out
    assert f"{len(INFECTED)} bytes, sha256 " in answer.out
    assert scan(mails / "clean.eml", verb="explain", config=config, expected=0).out.startswith(f"{mails}/clean.eml: clean\n")
    box = scan(mails / "box", verb="explain", config=config, expected=1).out
    assert f"{mails}/box[1]: clean" in box and f"{mails}/box[2]: infected" in box
    row, = (json.loads(line) for line in scan("--json", "-", verb="explain", data=INFECTED, config=config, expected=1).out.splitlines())
    assert row["class"] == "infected" and all("sentence" in flag for flag in row["flags"])
    assert "is a folder" in scan(mails, verb="explain", config=config, expected=2).error
    assert scan(mails / "missing", verb="explain", config=config, expected=2).error


def test_a_scan_whose_asker_is_gone_is_given_up(start, tmp_path):
    rastel = start()
    (tmp_path / "slow.eml").write_bytes(daemon.slow("take your time"))
    stopped = rastel.stop_workers()
    process = subprocess.Popen([daemon.BINARIES / "rastel", "-c", rastel.file, "scan", tmp_path / "slow.eml"], stdin=subprocess.DEVNULL)
    daemon.wait_until(lambda: rastel.scans_under_way() == 1, 15)
    process.kill()
    process.wait()
    daemon.wait_until(lambda: rastel.scans_under_way() == 0, 15)
    rastel.resume_workers(stopped)


def test_a_bar_of_progress_on_a_terminal_alone(running, mails):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([daemon.BINARIES / "rastel", "-c", running.file, "scan", mails, mails / "clean.eml"], stderr=theirs,
                               stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    out = process.communicate(timeout=60)[0].decode()
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    # A folder's clean mails get no line of their own then; one that was named does.
    assert sorted(out.splitlines()) == sorted(
        [f"{mails}/{name}: infected ({EICAR})" for name in ("infected.eml", "box[2]", "maildir/.Sent/new/3")]
        + [f"{mails}/clean.eml: clean"])
    assert "7 messages in " in shown and shown.endswith(f"by rasteld at {running.folder}/run/control.sock\r\n")
