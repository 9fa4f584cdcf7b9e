# SPDX-License-Identifier: GPL-2.0-only
"""New programs are put in the place of the old ones while clients send: SIGUSR2 goes on as them. No connection is refused,
nothing acknowledged is lost, and a new program that doesn't understand the configuration changes nothing."""
import os
import pathlib
import shutil
import signal
import threading
import time

import pytest

import daemon
import peers

SESSIONS = 6


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A copy of the programs, to be replaced."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("rasteld", "rastel-daemon", "rastel-engine", "rastel-page", "rastel"):
        shutil.copy(daemon.BINARIES / name, folder / name)
    monkeypatch.setattr(daemon, "BINARIES", folder)
    return folder


def replace(folder, name, content=None):
    """As a package does it: a new file under the old name. The running program keeps the old one."""
    new = folder / (name + ".new")
    if content is None:
        shutil.copy(folder / name, new)
    else:
        new.write_text(content)
        new.chmod(0o755)
    os.replace(new, folder / name)


def inode(pid):
    status = os.stat(f"/proc/{pid}/exe")
    return status.st_dev, status.st_ino


class Clients:
    """Sessions that send one message after the other and send again what nobody answered for, as an MTA does."""

    def __init__(self, rastel):
        self.rastel, self.ending = rastel, threading.Event()
        self.acknowledged, self.refused, self.never_answered = [], [], []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(SESSIONS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        count = 0
        try:
            while not self.ending.is_set():
                count += 1
                self.send_until_taken(f"{number}-{count}")
        except BaseException as error:  # noqa: BLE001  (a thread's own failure would be lost)
            self.never_answered.append(repr(error))

    def send_until_taken(self, name):
        content = peers.mail(name, b"text\r\n" * 50, f"X-Unique: {name}\r\n".encode())
        for _ in range(200):
            try:
                with self.rastel.client(timeout=60) as client:
                    if client.deliver(content).code == 250:
                        self.acknowledged.append(name)
                        return
            except ConnectionRefusedError as error:
                self.refused.append((name, repr(error)))
            except (OSError, peers.Closed):
                pass
            except AssertionError as error:
                assert "421" in str(error), error  # said to EHLO by one that drains
            time.sleep(0.02)
        self.never_answered.append(name)

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(120)


def names_at(next_hop):
    found = []
    for message in next_hop.messages:
        (line,) = [line for line in message.content.split(b"\r\n") if line.startswith(b"X-Unique: ")]
        found.append(line.removeprefix(b"X-Unique: ").decode())
    return found


def daemons(rastel):
    return [pid for pid in daemon.children(rastel.process.pid) if daemon.program(pid) == "rastel-daemon"]


def test_new_programs_under_load(programs, start):
    rastel = start()
    master, before = rastel.process.pid, inode(rastel.process.pid)
    clients = Clients(rastel)
    try:
        for _ in range(2):
            time.sleep(1)
            old = daemons(rastel)
            for name in ("rasteld", "rastel-daemon", "rastel-engine"):
                replace(programs, name)
            os.kill(master, signal.SIGUSR2)
            daemon.wait_until(lambda old=old: daemons(rastel) not in ([], old) and rastel.status().get("state") == "scanning")
            assert inode(master) != before, "the same process, another program"
            before = inode(master)
            taken = len(clients.acknowledged)
            daemon.wait_until(lambda taken=taken: len(clients.acknowledged) > taken + 10)
    finally:
        clients.end()
    assert rastel.process.poll() is None and rastel.process.pid == master
    assert not clients.refused, clients.refused[:3]
    assert not clients.never_answered, clients.never_answered[:3]
    arrived = names_at(rastel.hop)
    assert set(clients.acknowledged) <= set(arrived), "an acknowledged message is lost"
    assert len(clients.acknowledged) > 50
    assert rastel.log().count("not upgraded") == 0
    rastel.stop()
    assert not pathlib.Path(rastel.folder / "run" / "control.sock").exists(), "the socket files are still its own to remove"


def test_who_connects_while_the_old_ones_drain_waits_for_the_new(programs, start):
    rastel = start()
    old = daemons(rastel)
    slow = rastel.client()
    slow.hello()
    slow.envelope("slow@x.example", ["alice@lab.test"])
    assert slow.command("DATA").code == 354
    content = peers.mail("slow")
    slow.send(content[:30])
    os.kill(rastel.process.pid, signal.SIGUSR2)
    daemon.wait_until(lambda: "make way for a new program" in rastel.log())
    late = []

    def come_late():
        with rastel.client() as client:
            late.append((client.banner.code, client.deliver(peers.mail("late")).code))

    thread = threading.Thread(target=come_late)
    thread.start()
    time.sleep(1)
    assert not late and daemons(rastel) == old, "it waits, and the session under way goes on"
    slow.send(peers.stuffed(content[30:]))
    assert slow.reply().code == 250
    thread.join(60)
    assert late == [(220, 250)] and daemons(rastel) not in ([], old)
    assert len(rastel.hop.messages) == 2


@pytest.mark.parametrize("program, why", [("#!/bin/sh\nexit 3\n", "fails"), ("not a program", "can't be started"),
                                          ("#!/bin/sh\nexec sleep 100\n", "doesn't come to an end")])
def test_a_program_that_does_not_understand_the_configuration_changes_nothing(programs, start, program, why):
    rastel = start()
    old = daemons(rastel)
    replace(programs, "rasteld", program)
    os.kill(rastel.process.pid, signal.SIGUSR2)
    daemon.wait_until(lambda: "not upgraded" in rastel.log())
    assert f"{programs}/rasteld {why}" in rastel.log()
    with rastel.client() as client:
        assert client.deliver(peers.mail("still there")).code == 250
    assert daemons(rastel) == old and len(rastel.hop.messages) == 1
