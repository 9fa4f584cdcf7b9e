# SPDX-License-Identifier: GPL-2.0-only
"""The clamd door: the real clamdscan and clients by hand get the right answer, and nothing unseen is ever OK."""
import os
import pathlib
import re
import shutil
import socket
import tempfile
import threading
import time

import pytest

import daemon
import peers
from clamd_peer import Connection, ask, chunk, clamdscan, fildes, instream, stream

EICAR = "Eicar-Test-Signature"
CLEAN = peers.mail("nothing in it")
INFECTED = daemon.infected()
AMBIGUOUS = peers.mail("two boundaries", b"--a\r\n\r\nx\r\n--a--\r\n",
                       b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n")
BANNED = peers.mail("a program", b"--a\r\nContent-Type: application/octet-stream; name=setup.exe\r\n\r\nhello\r\n--a--\r\n",
                    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
MOST = 2 << 20  # engine.max_message, bytes


class Scanner:
    """One rasteld with a door of each kind, and a folder whose files may be scanned."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rastel-clamd-"))
        self.folder.chmod(0o755)
        self.files = self.folder / "files"
        self.files.mkdir()
        self.port = peers.free_port()
        folders = [str(self.files)]
        self.rastel = daemon.Rastel(
            clamd=[{"scan_folders": folders, "reload": True}, {"listen": f"127.0.0.1:{self.port}", "name": "tcp"},
                   {"scan_folders": folders, "findings": "signatures", "name": "plain"}],
            sections={"engine": {"workers": 2, "max_message": "2MiB"}, "policy": {"banned_names": ["*.exe"]}})
        self.address = self.socket_of(0)
        self.plain = self.socket_of(2)
        self.rastel.start()

    def socket_of(self, number):
        return self.rastel.clamd[number]["listen"].removeprefix("unix:")

    def fresh(self):
        shutil.rmtree(self.files)
        self.files.mkdir()
        return self

    def put(self, name, content, mode=0o644):
        file = self.files / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
        return file

    def clamdscan(self, *words, address=None):
        return clamdscan(self.folder, address or self.address, *words)

    def close(self):
        self.rastel.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def running():
    scanner = Scanner()
    yield scanner
    scanner.close()


@pytest.fixture
def scanner(running):
    return running.fresh()


# The real client


@pytest.mark.parametrize("way", [[], ["--stream"], ["--fdpass"], ["--multiscan"], ["--multiscan", "--fdpass"],
                                 ["--multiscan", "--stream"], ["--allmatch"], ["--allmatch", "--fdpass"]], ids=" ".join)
def test_clamdscan_finds_in_files(scanner, way):
    good, bad = scanner.put("good.eml", CLEAN), scanner.put("bad.eml", INFECTED)
    found = scanner.clamdscan("--no-summary", *way, good, bad)
    assert sorted(found.stdout.splitlines()) == sorted([f"{good}: OK", f"{bad}: {EICAR} FOUND"]), found
    assert found.returncode == 1
    alone = scanner.clamdscan("--no-summary", *way, good)
    assert alone.stdout == f"{good}: OK\n" and alone.returncode == 0
    quiet = scanner.clamdscan("--no-summary", "--infected", *way, good, bad)
    assert quiet.stdout == f"{bad}: {EICAR} FOUND\n"


@pytest.mark.parametrize("way", [[], ["--multiscan"], ["--multiscan", "--fdpass"], ["--multiscan", "--stream"], ["--fdpass"]],
                         ids=" ".join)
def test_clamdscan_finds_in_folders(scanner, way):
    for number in range(6):
        scanner.put(f"deep/{number}/good.eml", CLEAN)
    bad = [scanner.put("deep/3/bad.eml", INFECTED), scanner.put("bad.eml", INFECTED)]
    found = scanner.clamdscan("--no-summary", *way, scanner.files)
    assert [line for line in sorted(found.stdout.splitlines()) if not line.endswith(": OK")] == \
        sorted(f"{file}: {EICAR} FOUND" for file in bad), found
    assert found.returncode == 1
    shutil.rmtree(scanner.files / "deep/3")
    bad[1].unlink()
    assert scanner.clamdscan("--no-summary", *way, scanner.files).returncode == 0


def test_clamdscan_by_descriptor_needs_no_right_of_the_daemons(scanner):
    bad = scanner.put("bad.eml", INFECTED, mode=0o600)
    if os.geteuid() != 0:
        pytest.skip("needs files of another user")
    assert scanner.clamdscan("--no-summary", "--fdpass", bad).stdout == f"{bad}: {EICAR} FOUND\n"
    refused = scanner.clamdscan("--no-summary", bad)
    assert refused.returncode == 2 and "Access denied. ERROR" in refused.stdout + refused.stderr


def test_clamdscan_asks_for_other_things(scanner):
    assert scanner.clamdscan("--ping", "3").returncode == 0
    version = scanner.clamdscan("--version").stdout
    assert re.fullmatch(r"ClamAV \d+\.\d+\.\d+.*/builtin.*\n", version), version
    assert scanner.clamdscan("--reload").returncode == 0
    assert scanner.clamdscan("--ping", "3", address=scanner.port).returncode == 0


def test_clamdscan_over_tcp(scanner):
    bad = scanner.put("bad.eml", INFECTED)
    found = scanner.clamdscan("--no-summary", "--stream", bad, address=scanner.port)
    assert found.stdout == f"{bad}: {EICAR} FOUND\n" and found.returncode == 1


# Streams


def test_a_stream_is_scanned_over_every_socket(scanner):
    for address in (scanner.address, scanner.port, scanner.plain):
        assert instream(address, CLEAN) == "stream: OK"
        assert instream(address, INFECTED) == f"stream: {EICAR} FOUND"


def test_a_stream_may_come_octet_by_octet(scanner):
    with Connection(scanner.address) as connection:
        for octet in b"nINSTREAM\n" + stream(INFECTED, 50):
            connection.send(bytes([octet]))
        assert connection.rest() == f"stream: {EICAR} FOUND\n".encode()


def test_a_large_stream_is_scanned_to_its_end(scanner):
    large = peers.mail("large", b"x" * 76 + b"\r\n") + (b"y" * 76 + b"\r\n") * 20_000
    assert 1 << 20 < len(large) < MOST
    assert instream(scanner.address, large) == "stream: OK"
    assert instream(scanner.address, large[:len(large) // 2] + b"\r\n" + daemon.eicar() + b"\r\n") != "stream: OK"


def test_nothing_is_over_the_limit(scanner):
    over = CLEAN + b"z" * (MOST + 1 - len(CLEAN))
    assert instream(scanner.address, over) == "INSTREAM size limit exceeded. ERROR"
    assert instream(scanner.port, over * 3) == "INSTREAM size limit exceeded. ERROR"  # over TCP the answer isn't lost, either
    file = scanner.put("over", over)
    assert fildes(scanner.address, file) == "fd: File size limit exceeded. ERROR"
    assert ask(scanner.address, b"SCAN %s" % bytes(file)) == f"{file}: File size limit exceeded. ERROR"


def test_a_client_that_vanishes_in_its_stream_leaves_nothing(scanner):
    def told():
        return scanner.rastel.log().count(" door=clamd0 ")
    before = told()
    for _ in range(3):
        with Connection(scanner.address) as connection:
            connection.send(b"zINSTREAM\0" + chunk(INFECTED))
    with Connection(scanner.address) as connection:  # half closed: it hears nothing, as of clamd
        connection.send(b"zINSTREAM\0" + chunk(INFECTED))
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.rest() == b""
    assert instream(scanner.address, CLEAN) == "stream: OK"
    assert told() == before + 1


# Commands


def test_commands_without_a_file(scanner):
    assert ask(scanner.address, b"PING") == "PONG"
    assert re.match(r"ClamAV \d+\.\d+\.\d+", ask(scanner.address, b"VERSION"))
    assert ask(scanner.address, b"VERSIONCOMMANDS").endswith("COMMANDS: SCAN RELOAD PING CONTSCAN VERSIONCOMMANDS VERSION END "
                                                             "MULTISCAN FILDES STATS IDSESSION INSTREAM ALLMATCHSCAN")
    assert ask(scanner.port, b"VERSIONCOMMANDS").endswith("COMMANDS: PING VERSIONCOMMANDS VERSION END FILDES STATS IDSESSION INSTREAM")
    stats = ask(scanner.address, b"STATS")
    assert stats.startswith("POOLS: 1\n\nSTATE: VALID PRIMARY\n") and stats.endswith("\nEND")
    begun = time.monotonic()
    assert ask(scanner.address, b"SHUTDOWN") == "SHUTDOWN command disabled by configuration. ERROR"
    assert ask(scanner.address, b"NOPE") == "UNKNOWN COMMAND"
    assert time.monotonic() - begun < 0.5  # the end is seen at once


def test_an_old_style_command_needs_no_end(scanner):
    with Connection(scanner.address) as connection:
        begun = time.monotonic()
        assert connection.send(b"PING").rest() == b"PONG\n"
        assert 0.5 < time.monotonic() - begun < 5


def test_reload_loads_new_signatures_by_permission(scanner):
    text = b"rastel-clamd-door-marker-" + os.urandom(4).hex().encode()
    mail = peers.mail("marked", text + b"\r\n")
    assert instream(scanner.address, mail) == "stream: OK"
    (scanner.rastel.signatures / "door.ndb").write_text(f"Door.Marker:0:*:{text.hex()}\n")
    assert ask(scanner.port, b"RELOAD") == "RELOAD command disabled by configuration. ERROR"
    assert ask(scanner.plain, b"RELOAD") == "RELOAD command disabled by configuration. ERROR"
    assert ask(scanner.address, b"RELOAD") == "RELOADING"
    end = time.monotonic() + 60
    while (said := instream(scanner.address, mail)) != "stream: Door.Marker.UNOFFICIAL FOUND":
        assert said == "stream: OK" and time.monotonic() < end, said
        time.sleep(0.2)


def test_a_session_answers_one_command_after_the_other(scanner):
    bad = scanner.put("bad.eml", INFECTED)
    number = os.open(bad, os.O_RDONLY)
    with Connection(scanner.address) as connection:
        connection.send(b"zIDSESSION\0zPING\0zINSTREAM\0" + stream(INFECTED) + b"nINSTREAM\n" + stream(CLEAN))
        assert [connection.answer(), connection.answer(), connection.answer(b"\n")] == \
            ["1: PONG", f"2: stream: {EICAR} FOUND", "3: stream: OK"]
        connection.send(b"zFILDES\0").send(b"x", number)
        assert re.fullmatch(rf"4: fd\[\d+\]: {EICAR} FOUND", connection.answer())
        connection.send(b"zSCAN " + bytes(bad) + b"\0")
        assert connection.answer() == f"5: {bad}: {EICAR} FOUND"
        connection.send(b"zEND\0")
        assert connection.closed()
    os.close(number)


# Descriptors


def test_descriptors_must_be_regular_files(scanner):
    os.mkfifo(scanner.files / "fifo")
    for path, flags in (("/dev/null", os.O_RDONLY), (scanner.files, os.O_RDONLY), (scanner.files / "fifo", os.O_RDWR)):
        assert fildes(scanner.address, path, flags) == "fd: Not a regular file ERROR", path
    assert fildes(scanner.address, scanner.put("good", CLEAN), os.O_WRONLY) == "fd: Can't read file ERROR"


def test_descriptors_come_one_at_a_time(scanner):
    file = scanner.put("good", CLEAN)
    numbers = [os.open(file, os.O_RDONLY) for _ in range(3)]
    refused = "No file descriptor received. ERROR"
    stray = "PROTOCOL ERROR: ancillary data sent without FILDES. ERROR"
    for data, given, answer in ((b"zFILDES\0x", [], refused), (b"zFILDES\0x", numbers[:2], refused), (b"zFILDES\0x", numbers * 10, refused),
                                (b"zINSTREAM\0" + stream(CLEAN), numbers[:1], stray)):
        with Connection(scanner.address) as connection:
            assert connection.send(data, *given).rest().removesuffix(b"\0").decode() == answer, (data, given)
    held = len(os.listdir(f"/proc/{scanner.rastel.daemon()}/fd"))
    for _ in range(20):
        with Connection(scanner.address) as connection:
            connection.send(b"zFILDES\0x", *numbers[:2]).rest()
    end = time.monotonic() + 10
    while len(os.listdir(f"/proc/{scanner.rastel.daemon()}/fd")) > held + 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    for number in numbers:
        os.close(number)


def test_a_file_that_is_truncated_meanwhile_kills_nobody(scanner):
    file = scanner.put("shrinking", CLEAN * 2000)
    over = threading.Event()

    def shrink_and_grow():
        while not over.is_set():
            os.truncate(file, 10)
            os.truncate(file, 1_000_000)
    thread = threading.Thread(target=shrink_and_grow)
    thread.start()
    try:
        said = {fildes(scanner.address, file) for _ in range(40)}
    finally:
        over.set()
        thread.join()
    assert all(answer.startswith("fd: ") and answer.endswith((" OK", " FOUND", " ERROR")) for answer in said), said
    assert instream(scanner.address, CLEAN) == "stream: OK"


# Paths


def test_paths_lead_to_files_beneath_the_folders_alone(scanner):
    outside = scanner.folder / "outside"
    outside.write_bytes(INFECTED)
    scanner.put("good", CLEAN)
    (scanner.files / "link").symlink_to("good")
    (scanner.files / "out").symlink_to(scanner.folder)
    os.mkfifo(scanner.files / "fifo")
    files = str(scanner.files)
    for command in ("SCAN", "CONTSCAN", "MULTISCAN", "ALLMATCHSCAN"):
        for path, reason in ((str(outside), "Access denied."), ("/etc/passwd", "Access denied."), ("good", "Access denied."),
                             ("", "Access denied."), (f"{files}/../outside", "Access denied."), (f"{files}/../files/good", "Access denied."),
                             (f"{files}x", "Access denied."), (f"{files}/link", "Not supported file type"),
                             (f"{files}/fifo", "Not supported file type"),
                             (f"{files}/nothing", "File path check failure: No such file or directory."),
                             (f"{files}/good/x", "File path check failure: No such file or directory.")):
            assert ask(scanner.address, f"{command} {path}".encode()) == f"{path}: {reason} ERROR"
        said = ask(scanner.address, f"{command} {files}/out/outside".encode())
        assert said.startswith(f"{files}/out/outside: ") and said.endswith(" ERROR"), said
        assert ask(scanner.address, f"{command} {files}/good".encode()) == f"{files}/good: OK"


def test_over_tcp_no_path_is_scanned(scanner):
    file = scanner.put("good", CLEAN)
    for command in ("SCAN", "CONTSCAN", "MULTISCAN", "ALLMATCHSCAN"):
        assert ask(scanner.port, f"{command} {file}".encode()) == f"{file}: {command} command disabled by configuration. ERROR"


def test_a_folder_with_what_nobody_looked_at_is_not_ok(scanner):
    scanner.put("a-good", CLEAN)
    os.mkfifo(scanner.files / "fifo")
    scanner.put("z-bad", INFECTED)
    assert ask(scanner.address, b"CONTSCAN " + bytes(scanner.files)).split("\0") == \
        [f"{scanner.files}/fifo: Not supported file type ERROR", f"{scanner.files}/z-bad: {EICAR} FOUND"]
    (scanner.files / "fifo").unlink()
    scanner.put("zz-bad", INFECTED)
    assert ask(scanner.address, b"SCAN " + bytes(scanner.files)) == f"{scanner.files}/z-bad: {EICAR} FOUND"  # the first alone
    deep = scanner.files / "/".join(["d"] * 20)
    deep.mkdir(parents=True)
    (deep / "bad").write_bytes(INFECTED)
    said = ask(scanner.address, b"CONTSCAN " + bytes(scanner.files / "d"))
    assert said.endswith(": Folders are nested too deeply. ERROR"), said


def test_a_name_forges_no_answer(scanner):
    scanner.put("bad\nx: OK", INFECTED)
    with Connection(scanner.address) as connection:
        connection.send(b"nCONTSCAN " + bytes(scanner.files) + b"\n")
        assert connection.rest() == f"{scanner.files}/bad?x: OK: {EICAR} FOUND\n".encode()


# Policy


def test_findings_of_ours_have_names_where_policy_wants_them(scanner):
    assert instream(scanner.address, AMBIGUOUS) == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"
    assert instream(scanner.address, BANNED) == "stream: Rastel.Banned.Name.setup.exe FOUND"
    assert instream(scanner.plain, AMBIGUOUS) == "stream: OK"
    assert instream(scanner.plain, BANNED) == "stream: OK"
    assert instream(scanner.plain, INFECTED) == f"stream: {EICAR} FOUND"


def test_each_scan_is_told_and_nothing_is_held(scanner):
    assert instream(scanner.address, INFECTED) == f"stream: {EICAR} FOUND"
    end = time.monotonic() + 10
    while (row := scanner.rastel.history(count=1)[0])["class"] != "infected":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert (row["door"], row["class"], row["client"]) == ("clamd0", "infected", "unknown[unix]"), row
    assert row["reply"] == f"stream: {EICAR} FOUND" and row["action"] == "reject"
    assert instream(scanner.address, AMBIGUOUS).endswith("FOUND")
    end = time.monotonic() + 10
    while (row := scanner.rastel.rows("history")[0])["class"] != "ambiguous":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert row["action"] == "quarantine>reject"
    assert scanner.rastel.held(everything=True) == []


def test_rules_know_the_door(closing):
    rastel = closing(daemon.Rastel(clamd=[{}, {}], rules=[{"doors": ["clamd1"], "ambiguous": "pass", "infected": "strip"}])).start()
    one, other = (door["listen"].removeprefix("unix:") for door in rastel.clamd)
    assert instream(one, AMBIGUOUS) == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"
    assert instream(other, AMBIGUOUS) == "stream: OK"
    assert instream(other, INFECTED) == f"stream: {EICAR} FOUND"  # nothing can be stripped here
    assert {door["name"]: door["kind"] for door in rastel.status()["doors"]} == {"clamd0": "clamd", "clamd1": "clamd"}


# Trouble


@pytest.fixture
def lonely(closing):
    rastel = closing(daemon.Rastel(clamd=[{"max_sessions": 2, "reply_deadline": "3s", "idle_timeout": "4s"}])).start()
    rastel.address = rastel.clamd[0]["listen"].removeprefix("unix:")
    return rastel


def test_a_worker_killed_in_a_scan_is_an_error(lonely):
    said = []
    scanning = threading.Thread(target=lambda: said.append(instream(lonely.address, daemon.slow("cut off"))))
    scanning.start()
    end = time.monotonic() + 60
    while lonely.status()["workers"]["busy"] == 0:
        assert time.monotonic() < end
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
    address = rastel.clamd[0]["listen"].removeprefix("unix:")
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
    lonely.clamd[0]["idle_timeout"] = "60s"
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
