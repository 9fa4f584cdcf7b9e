# SPDX-License-Identifier: GPL-2.0-only
"""The clamd door with real clients: clamdscan in all its ways, and clamav-milter."""
import os
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

import peers
from clamd_peer import AMBIGUOUS, CLEAN, EICAR, INFECTED


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


# clamav-milter, which asks by descriptor


class Milter:
    """What a mail server says to a milter about one message, without a step's answer being looked at but the last."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def step(self, letter, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + letter + data)
        length, = struct.unpack(">I", self.exactly(4))
        return self.exactly(length)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            assert more, "the milter closed"
            data += more
        return data

    def judge(self, mail):
        head, body = mail.split(b"\r\n\r\n", 1)
        assert self.step(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF)).startswith(b"O")
        self.step(b"C", b"localhost\x004" + struct.pack(">H", 25) + b"192.0.2.1\0")
        for letter, data in ((b"H", b"helo\0"), (b"M", b"<a@x.example>\0"), (b"R", b"<b@y.example>\0")):
            assert self.step(letter, data) == b"c"
        for line in head.split(b"\r\n"):
            assert self.step(b"L", b"\0".join(line.split(b": ", 1)) + b"\0") == b"c"
        assert self.step(b"N") == b"c" and self.step(b"B", body) == b"c"
        verdict = self.step(b"E")
        self.socket.close()
        return verdict


@pytest.mark.skipif(shutil.which("clamav-milter") is None or os.geteuid() != 0, reason="needs clamav-milter, as root")
def test_clamav_milter_refuses_what_is_found(scanner):
    port = peers.free_port()
    file = scanner.folder / "milter.conf"
    file.write_text(f"MilterSocket inet:{port}@127.0.0.1\nClamdSocket unix:{scanner.address}\nForeground yes\nOnInfected Reject\n"
                    "OnFail Defer\nOnClean Accept\nUser root\n")
    milter = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "clamav-milter", "-c", str(file)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end and milter.poll() is None
                time.sleep(0.1)
        for mail, verdict in ((CLEAN, b"a"), (INFECTED, b"r"), (AMBIGUOUS, b"r")):
            assert Milter(port).judge(mail)[:1] == verdict
    finally:
        milter.kill()
        milter.wait()
