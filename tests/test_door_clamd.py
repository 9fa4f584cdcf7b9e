# SPDX-License-Identifier: GPL-2.0-only
"""The clamd door by hand: streams, commands, descriptors, paths, policy; nothing unseen is ever OK."""
import os
import re
import socket
import threading
import time

import daemon
import peers
from clamd_peer import AMBIGUOUS, BANNED, CLEAN, EICAR, INFECTED, MOST, Connection, ask, chunk, fildes, instream, stream


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
    line = scanner.rastel.lines(row["id"])[0]
    assert " from=<> to=- msgid=- " in line and " next=- " in line, line
    assert instream(scanner.address, AMBIGUOUS).endswith("FOUND")
    end = time.monotonic() + 10
    while (row := scanner.rastel.rows("history")[0])["class"] != "ambiguous":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert row["action"] == "quarantine>reject"
    assert scanner.rastel.held(everything=True) == []


def test_rules_know_the_door(closing):
    rastel = closing(daemon.Rastel(clamd=[{"findings": "policy"}] * 2, rules=[{"doors": ["clamd1"], "ambiguous": "pass", "infected": "strip"}])).start()
    one, other = (rastel.address("clamd", number) for number in (0, 1))
    assert instream(one, AMBIGUOUS) == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"
    assert instream(other, AMBIGUOUS) == "stream: OK"
    assert instream(other, INFECTED) == f"stream: {EICAR} FOUND"  # nothing can be stripped here
    assert {door["name"]: door["kind"] for door in rastel.status()["doors"]} == {"clamd0": "clamd", "clamd1": "clamd"}


def test_a_file_that_is_no_message_is_not_read_as_one(closing):
    """Read as mail each of these would be ambiguous, or have a header without an end."""
    rastel = closing(daemon.Rastel(clamd=[{"findings": "policy"}])).start()
    where = rastel.address("clamd")
    script = b"#!/bin/sh\n" + b"".join(b"echo line %d\n" % number for number in range(5000))
    settings = b"\n\nname: value\nother: [1, 2]\n" + b"\x00\x01\x02" * 1000
    for content in (b"", b"abc", script, settings, b"x" * 200_000, bytes(range(256)) * 64, b"PK\x03\x04" + b"\0" * 100):
        assert instream(where, content) == "stream: OK", content[:20]
    assert instream(where, daemon.eicar()) == f"stream: {EICAR} FOUND"
    assert instream(where, AMBIGUOUS) == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"
    assert instream(where, AMBIGUOUS) == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"


def test_the_same_bytes_as_a_file_and_as_a_message(closing):
    """What was remembered of them as one says nothing of them as the other."""
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel({"next_hop": hop.address}, clamd=[{"findings": "policy"}])).start()
    junk = b"no header at all\r\nand no end of it\r\n"
    for _ in range(2):
        assert instream(rastel.address("clamd"), junk) == "stream: OK"
        with rastel.client() as client:
            client.deliver(junk)
    rows = rastel.history(count=4)
    assert sorted((row["door"], row["class"]) for row in rows)[:2] == [("clamd0", "clean")] * 2
    assert [row["class"] for row in rows if row["door"] == "door0"][0] == [row["class"] for row in rows if row["door"] == "door0"][1]
