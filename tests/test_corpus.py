# SPDX-License-Identifier: GPL-2.0-only
"""ClamAV's own test files through the door: what clamscan finds with the same signatures, the door finds."""
import pathlib
import re
import shutil
import subprocess

import pytest

import make_mail
from conftest import seeded, unpacked_corpus


def unxored(folder):
    """The files are XOR-ed with a text of 160 letters, which shows where an ISO image begins: with zeros."""
    key = (folder / "clam.iso.xor").read_bytes()[:160]
    for path in sorted(folder.glob("*.xor")):
        data = path.read_bytes()
        yield path.stem, bytes(byte ^ key[place % 160] for place, byte in enumerate(data))


def test_every_file_that_clamscan_finds_is_found_through_the_door(start, tmp_path):
    if shutil.which("clamscan") is None:
        pytest.skip("clamscan is missing")
    inputs = unpacked_corpus("clamav-testfiles", tmp_path) / "unit_tests/input"
    files = tmp_path / "files"
    files.mkdir()
    for name, data in unxored(inputs / "clamav_hdb_scanfiles"):
        (files / name).write_bytes(data)
    scan = subprocess.run(["clamscan", "--no-summary", "--infected", "-d", inputs / "clamav.hdb", files], capture_output=True, text=True)
    found = {pathlib.Path(path).name for path in re.findall(r"^(.*): \S+ FOUND$", scan.stdout, re.M)}
    assert len(found) >= 50, scan.stdout + scan.stderr

    rastel = start()
    shutil.copy(inputs / "clamav.hdb", rastel.signatures / "clamav.hdb")
    rastel.cli("reload")
    rastel.wait_ready()
    missed, order = [], sorted(found)
    seeded("corpus").shuffle(order)
    for number, name in enumerate(order):
        data = (files / name).read_bytes()
        content = make_mail.with_attachment(name, number % 60, name, "application/octet-stream", data)
        for way in [content, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")] if ".mail" in name else [content]:
            with rastel.client() as client:
                answer = client.deliver(way)
            if answer.code != 554 or "ClamAV-Test-File" not in answer.text:
                missed.append((name, answer))
    assert not missed
    assert not rastel.hop.messages
