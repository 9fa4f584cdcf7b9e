# SPDX-License-Identifier: GPL-2.0-only
"""Drained, ended and started again, reloaded, while clients send: everything in order, so nothing may be lost, nothing may come
twice, and no reply to an end of data may be missing. A session ends with 421 or with its transaction; a reload ends none.

The default run does each a few times, RASTEL_LONG=1 ten times as often.
"""
import hashlib
import signal
import time

import pytest

import daemon
import load
import peers
from conftest import LONG, seeded, tables

ROUNDS = 20 if LONG else 3
EACH = 150  # messages a round
SESSIONS = 6
PATIENCE = 300 + 120 * ROUNDS


class World:
    def __init__(self, closing, name):
        dice = seeded(name)
        self.ledger = load.Ledger()
        self.hop = closing(load.RecordingHop(self.ledger, peers.free_port()))
        self.rastel = closing(daemon.Rastel({"next_hop": self.hop.address})).start()
        self.messages = load.messages(EACH * (ROUNDS + 1), dice, large=0.05)
        self.senders = closing(load.Senders(self.rastel.client, self.messages, SESSIONS, dice.getrandbits(64))).start()
        self.dice, self.name = dice, name

    def rounds(self):
        """Yields when a round's messages are on their way, at a random point of it."""
        for number in range(ROUNDS):
            self.senders.wait(PATIENCE, EACH * number + self.dice.randrange(EACH // 3, EACH))
            time.sleep(self.dice.uniform(0, 0.05))
            yield number

    def settle(self):
        """Everything is sent: what must be true of each message, whatever was done in order."""
        self.senders.wait(PATIENCE)
        self.rastel.wait_ready()
        attempts, by_attempt = self.senders.every_attempt(), self.ledger.by_attempt()
        cut = [attempt for attempt in attempts if attempt.outcome == load.LOST and attempt.dot is not None]
        assert not cut, f"the reply to an end of data is missing: {cut}"
        for message in self.messages:
            tries = self.senders.attempts[message.token]
            copies = [copy for attempt in tries for copy in by_attempt[message.token, attempt.number]]
            last = tries[-1]
            if message.infected:
                assert last.outcome == 554 and not copies, (last, copies)
                continue
            assert last.outcome == 250 and last.reply == f"2.0.0 Ok: queued as {message.token}.{last.number}", last
            assert len(copies) == 1 and copies[0].accepted, f"{len(copies)} copies of {message}: {tries}"
            assert copies[0].header.startswith("X-Rastel: clean; ")
            assert copies[0].digest == hashlib.sha256(message.content()).hexdigest()
        assert not self.ledger.unreadable and not self.ledger.infected_pieces and not self.rastel.held()
        rows = {row["id"] for row in self.rastel.history("--class", "clean", "--limit", 100_000)}
        missing = [copy for copy in self.ledger.copies if copy.header.split("; id=")[1].split(";")[0] not in rows]
        assert not missing, f"no row of history: {missing}"
        self.tell(attempts)
        return attempts

    def tell(self, attempts):
        outcomes = [attempt.outcome for attempt in attempts]
        tables.append((f"Under load: {self.name}", ["what", "how many"],
                       [("rounds", ROUNDS), ("messages", len(self.messages)), ("delivered once", len(self.ledger.copies)),
                        ("infected, refused", outcomes.count(554)), ("sessions ended with 421", outcomes.count(421)),
                        ("other temporary replies", sum(code in range(400, 500) and code != 421 for code in outcomes if code != load.LOST)),
                        ("sessions closed between transactions", outcomes.count(load.LOST)),
                        ("connections not served", len(self.senders.refused_connections)),
                        ("lost", 0), ("doubled", 0), ("replies missing", 0)]))


def ended_in_order(attempts):
    """421 alone, or a connection that closed while MAIL went out (our 421 and the client's MAIL cross)."""
    for attempt in attempts:
        good = attempt.outcome in (250, 554) or attempt.outcome == 421 or (attempt.outcome == load.LOST and attempt.dot is None)
        assert good, f"neither an end in order nor a finished transaction: {attempt}"


def wait_drained(rastel, seconds=60):
    end = time.monotonic() + seconds
    while any(door["sessions"] for door in rastel.status()["doors"]):
        assert time.monotonic() < end, rastel.status()
        time.sleep(0.05)


def test_drained_and_then_started_again_nothing_is_lost(closing):
    world = World(closing, "drain, end, start")
    for _ in world.rounds():
        said = world.rastel.cli("drain").stdout
        assert "new ones are refused until reload" in said
        wait_drained(world.rastel)
        delivered = len(world.ledger.copies)
        time.sleep(0.3)
        assert len(world.ledger.copies) == delivered, "drained, but mail goes on"
        assert world.rastel.status()["state"] == "draining"
        assert world.rastel.stop() == 0
        world.rastel.start()
    attempts = world.settle()
    ended_in_order(attempts)
    assert any(attempt.outcome == 421 for attempt in attempts) or world.senders.refused_connections, "nobody was told to go"
    assert world.rastel.stop() == 0


def test_a_drain_that_is_taken_back_by_a_reload_goes_on(closing):
    world = World(closing, "drain, reload")
    for _ in world.rounds():
        world.rastel.cli("drain")
        wait_drained(world.rastel)
        world.rastel.cli("reload")
        world.rastel.wait_ready()
    ended_in_order(world.settle())
    assert world.rastel.stop() == 0


def test_upgraded_nobody_is_refused_a_connection(closing):
    world = World(closing, "upgrade (SIGUSR2)")
    for _ in world.rounds():
        before = world.rastel.daemon()
        world.rastel.process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 90
        while world.rastel.status().get("state") != "scanning" or world.rastel.daemon() == before:
            assert time.monotonic() < end, world.rastel.log()[-3000:]
            time.sleep(0.05)
    ended_in_order(world.settle())
    # Who was taken by the old daemon just before is told to go; no one else hears anything but the new one's banner.
    assert all("421" in what for _, what in world.senders.refused_connections), world.senders.refused_connections
    assert world.rastel.stop() == 0


def test_told_to_end_it_finishes_what_is_under_way(closing):
    world = World(closing, "end, start")
    for _ in world.rounds():
        assert world.rastel.stop(signal.SIGTERM) == 0
        assert "cut off" not in world.rastel.log()
        world.rastel.start()
    ended_in_order(world.settle())
    assert world.rastel.stop() == 0


@pytest.mark.parametrize("way", ["rastel reload", "SIGHUP"])
def test_a_reload_ends_no_session(closing, way):
    """Not one attempt but the first: each was acknowledged, or refused for what is in it."""
    world = World(closing, way)
    for number in world.rounds():
        before = world.rastel.status()["signatures"]["generation"]
        pattern = f"never in a mail {number}".encode().hex()
        world.rastel.signatures.joinpath(f"fresh{number}.ndb").write_text(f"Fresh.N{number}:0:*:{pattern}\n")
        if way == "SIGHUP":
            world.rastel.send_signal(signal.SIGHUP)
        else:
            world.rastel.cli("reload")
        end = time.monotonic() + 60
        while world.rastel.status()["signatures"]["generation"] == before:
            assert time.monotonic() < end, world.rastel.status()
            time.sleep(0.05)
    attempts = world.settle()
    assert {attempt.outcome for attempt in attempts} == {250, 554}, [attempt for attempt in attempts if attempt.outcome not in (250, 554)]
    assert len(attempts) == len(world.messages) and not world.senders.refused_connections
    assert world.rastel.stop() == 0
