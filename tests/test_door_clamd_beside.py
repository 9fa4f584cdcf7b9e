# SPDX-License-Identifier: GPL-2.0-only
"""Every test file of ClamAV's, and mail of ours, to Debian's clamd and to the clamd door, with the same signatures: the same
answers. With findings = "policy" there are more, and never fewer."""
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

import clamd_peer
import daemon
import peers
from clamd_peer import stream
from conftest import unpacked_corpus
from test_corpus import unxored


@pytest.fixture(scope="module")
def beside():
    """(clamd's socket, that of a door that finds what clamd does, that of one with policy, what is put in)."""
    if shutil.which("clamd") is None:
        pytest.skip("clamd is missing")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rastel-beside-"))
    folder.chmod(0o755)
    inputs = unpacked_corpus("clamav-testfiles", folder) / "unit_tests/input"
    rastel = daemon.Rastel(clamd=[{}, {"findings": "policy"}])
    for place in (rastel.signatures, folder):
        shutil.copy(inputs / "clamav.hdb", place / "clamav.hdb")
        (place / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{daemon.eicar().hex()}\n")
    (folder / "clamd.conf").write_text(f"Foreground yes\nLocalSocket {folder}/clamd.sock\nDatabaseDirectory {folder}\nUser nobody\n"
                                       f"TemporaryDirectory {folder}\nStreamMaxLength 100M\nSelfCheck 0\n")
    (folder / "databases").mkdir()
    folder.chmod(0o777)
    theirs = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "clamd", "-c", folder / "clamd.conf"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with rastel.start():
            end = time.monotonic() + 60
            while not (folder / "clamd.sock").exists():
                assert theirs.poll() is None and time.monotonic() < end
                time.sleep(0.1)
            yield str(folder / "clamd.sock"), rastel.address("clamd", 0), rastel.address("clamd", 1), dict(everything(inputs))
    finally:
        theirs.kill()
        theirs.wait()
        shutil.rmtree(folder, ignore_errors=True)


def everything(inputs):
    for part in ("clamav_hdb_scanfiles", "other_scanfiles"):
        if (inputs / part).is_dir():
            yield from unxored_in(inputs, part)
    for name in ("CLEAN", "INFECTED", "AMBIGUOUS", "BANNED"):
        yield name, getattr(clamd_peer, name)
    yield "empty", b""
    yield "eicar", daemon.eicar()
    yield "text", b"just a text\n" * 1000
    yield "a message in a message", peers.mail("outer", b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + clamd_peer.INFECTED + b"\r\n--b--\r\n",
                                               b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")


def unxored_in(inputs, part):
    """Only the folder with the ISO image says what the files are XOR-ed with."""
    if (inputs / part / "clam.iso.xor").exists():
        yield from unxored(inputs / part)


def asked(address, content):
    with clamd_peer.Connection(address) as connection:
        connection.send(b"zINSTREAM\0" + stream(content))
        return connection.rest().removesuffix(b"\0").decode()


def alike(theirs, ours):
    return theirs.replace(".UNOFFICIAL", "") == ours.replace(".UNOFFICIAL", "")


def test_the_same_answers(beside):
    """But for mail whose parts clamd doesn't see: boundaries that two programs read differently."""
    theirs, ours, _, contents = beside
    answers = {name: (asked(theirs, content), asked(ours, content)) for name, content in contents.items()}
    found = [name for name, (one, _) in answers.items() if one.endswith(" FOUND")]
    assert len(found) >= 50, len(found)
    differ = {name: both for name, both in answers.items() if not alike(*both)}
    assert all(".mail" in name and one == "stream: OK" and other == "stream: ClamAV-Test-File.UNOFFICIAL FOUND"
               for name, (one, other) in differ.items()), differ
    assert len(differ) < 10, differ


def test_with_policy_more_is_found_and_never_less(beside):
    theirs, _, ours, contents = beside
    more = {}
    for name, content in contents.items():
        one, other = asked(theirs, content), asked(ours, content)
        assert not one.endswith(" FOUND") or other.endswith(" FOUND"), (name, one, other)
        if not alike(one, other):
            more[name] = other
    assert more.pop("AMBIGUOUS") == "stream: Rastel.Ambiguous.DupBoundaryParam FOUND"
    assert more.pop("BANNED") == "stream: Rastel.Banned.Name.setup.exe FOUND"
    # Debian's libclamav opens no rar: clamd calls it OK, and nobody has looked.
    assert {name: answer for name, answer in more.items() if ".mail" not in name} == {
        name: "stream: Rastel.Unscanned.Format FOUND" for name in more if name.endswith(".rar")}
    assert all(answer.endswith(" FOUND") for answer in more.values()), more
