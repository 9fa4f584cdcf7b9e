# SPDX-License-Identifier: GPL-2.0-only
"""What the tests share. Long ones run with RASTEL_LONG=1; of the others' rounds a sample is taken by RASTEL_SEED."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import zlib

import pytest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "lab", HERE.parent / "demo"):
    sys.path.insert(0, str(folder))

import certificates  # noqa: E402
import clamd_peer  # noqa: E402
import daemon  # noqa: E402
import lab as lab_module  # noqa: E402
import peers  # noqa: E402
import pipe_peer  # noqa: E402
import roots  # noqa: E402

LONG = os.environ.get("RASTEL_LONG") == "1"
SEED = os.environ.get("RASTEL_SEED", "1")


def pytest_addoption(parser):
    parser.addoption("--renew-servers", action="store_true", help="write what was measured of the mail servers to docs/")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only with RASTEL_LONG=1")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("long") and not LONG:
            item.add_marker(pytest.mark.skip(reason="long: RASTEL_LONG=1 ./dev test"))


def seeded(*words):
    """The same for the same commit and test, another for another commit."""
    return random.Random(zlib.crc32(" ".join([SEED, *map(str, words)]).encode()))


def corpora():
    return pathlib.Path(os.environ.get("RASTEL_CORPORA") or HERE.parent.parent / "shared" / "corpora")


def unpacked_corpus(name, folder):
    """Where mail from elsewhere lies when its archive is unpacked into the folder; without it the test is skipped."""
    archive = corpora() / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip(f"no test mail from elsewhere at {archive}")
    if shutil.which("xz") is None:
        pytest.skip("xz is missing")
    subprocess.run(["tar", "xJf", archive, "-C", folder], check=True)
    return folder / name


@pytest.fixture
def closing():
    """Calls close() or stop() of what is put into it, the last first."""
    things = []
    yield lambda thing: things.append(thing) or thing
    for thing in reversed(things):
        (thing.close if hasattr(thing, "close") else thing.stop)()


@pytest.fixture
def mailbox(tmp_path):
    """A delivery program of a test's own."""
    folder = tmp_path / "box"
    folder.mkdir()
    return pipe_peer.Mailbox(folder)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Certificates, good and bad."""
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)
    return certificates.Certificates(folder)


@pytest.fixture(scope="module")
def lab():
    """A real Postfix in a network of its own (lab/)."""
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    with lab_module.start("postfix") as postfix:
        yield postfix


@pytest.fixture
def start(closing):
    """start(door, …, **options): a running rasteld; a door without next_hop is given a next hop that takes everything."""
    def begin(*doors, **options):
        filled, hops = [], []
        for door in doors or ({},):
            if "next_hop" not in door:
                hops.append(closing(peers.NextHop()))
                door = {**door, "next_hop": hops[-1].address}
            filled.append(door)
        rastel = closing(daemon.Rastel(*filled, **options))
        rastel.hops = hops
        rastel.hop = hops[0] if hops else None
        return rastel.start()
    return begin


class Doors:
    """One rasteld with every pairing of protocols, each door with a next hop of its own, by name."""

    def __init__(self):
        self.hops = {name: peers.NextHop(lmtp=name.endswith("lmtp")) for name in self.pairs}
        self.number = {name: number for number, name in enumerate(self.pairs)}
        self.rastel = daemon.Rastel(*[
            {"name": name, "protocol": name.split("-")[0], "next_hop": self.hops[name].address, "next_hop_timeout": "3s",
             "next_hop_keep": "0s", **more} for name, more in self.pairs.items()], sections=self.sections).start()

    pairs = {"smtp-smtp": {}, "lmtp-smtp": {"place": "after-queue"}, "smtp-lmtp": {}, "lmtp-lmtp": {},
             "smtp-untrusted-smtp": {"trusted": []}, "smtp-few-smtp": {"max_recipients": 2},
             "smtp-reject-smtp": {"line_breaks": "reject"}}
    # What these doors carry is odd on purpose: bodies without a header, lines that are no fields.
    sections = {"engine": {"workers": 2, "max_message": "32MiB"}, "policy": {"ambiguous": "pass"}}

    def fresh(self):
        for hop in self.hops.values():
            hop.hooks.clear()
            hop.messages.clear()
            hop.commands.clear()
            hop.unfinished.clear()
            hop.keywords = peers.FULL
        return self

    def client(self, name="smtp-smtp", **options):
        return self.rastel.client(self.number[name], **options)

    def close(self):
        self.rastel.close()
        for hop in self.hops.values():
            hop.stop()


@pytest.fixture(scope="session")
def all_doors():
    doors = Doors()
    yield doors
    doors.close()


@pytest.fixture
def doors(all_doors):
    """The shared rasteld with its next hops as if nothing had been; `doors.hop` is the one behind smtp-smtp."""
    all_doors.hop = all_doors.hops["smtp-smtp"]
    return all_doors.fresh()


@pytest.fixture(scope="module")
def clamd_doors():
    scanner = clamd_peer.Scanner()
    yield scanner
    scanner.close()


@pytest.fixture
def scanner(clamd_doors):
    """One rasteld with clamd doors of each kind; its folder of files is empty."""
    return clamd_doors.fresh()


@pytest.fixture(params=peers.WAYS)
def how(request):
    return request.param


# What a test measured and people want to read: (title, column names, rows), printed at the end of the run.
tables = []


def pytest_terminal_summary(terminalreporter):
    for title, columns, rows in tables:
        terminalreporter.section(title)
        widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
        for row in [columns, *rows]:
            terminalreporter.write_line("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)))
