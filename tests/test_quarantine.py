# SPDX-License-Identifier: GPL-2.0-only
"""The quarantine through the `rastel` program: what is held, looked at, released, deleted, and what happens when it is full."""
import threading
import time

import pytest

import daemon
import peers

ONE, TWO = "one@lab.test", "two@lab.test"


@pytest.fixture
def held(start, closing):
    """A rasteld whose release hop leads back to its own door, as in front of a real server, and one held message."""
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel({"next_hop": hop.address}, sections={"policy": {"infected": "quarantine"}}))
    rastel.sections["store"] = {"release": rastel.doors[0]["listen"]}
    rastel.write_configuration()
    rastel.start()
    rastel.hop, rastel.content = hop, daemon.infected("to be held")
    with rastel.client() as client:
        client.hello()
        client.command("MAIL FROM:<sender@elsewhere.example> RET=HDRS ENVID=E1")
        client.command(f"RCPT TO:<{ONE}> NOTIFY=NEVER")
        client.command(f"RCPT TO:<{TWO}>")
        client.command("DATA")
        client.send(peers.stuffed(rastel.content))
        assert client.reply().code == 250
    rastel.identity = rastel.held()[0]["id"]
    assert not hop.messages
    return rastel


def test_list_show_and_raw_agree(held):
    row = held.held()[0]
    assert (row["from"], row["subject"], row["class"], row["size"]) == \
        ("sender@elsewhere.example", "to be held", "infected", len(held.content))
    assert [(to["address"], to["state"]) for to in row["to"]] == [(ONE, "held"), (TWO, "held")]
    assert held.rows("quarantine", "show", held.identity)[0]["id"] == held.identity
    assert held.raw(held.identity) == held.content
    assert held.rows("quarantine", "list", "--recipient", "nobody@") == []
    assert len(held.rows("quarantine", "list", "--recipient", "TWO@")) == 1
    table = held.cli("quarantine", "list").stdout
    assert held.identity in table and "to be held" in table
    assert held.status()["quarantine"]["messages"] == 1


def test_a_release_passes_once_with_its_envelope(held):
    held.cli("quarantine", "release", held.identity)
    message = held.hop.wait_messages(1)[0]
    assert message.sender.startswith("MAIL FROM:<sender@elsewhere.example>")
    assert "RET=HDRS" in message.sender and "ENVID=E1" in message.sender
    assert [line.split(" ", 2)[:2] for line in message.recipients] == [["RCPT", f"TO:<{ONE}>"], ["RCPT", f"TO:<{TWO}>"]]
    assert "NOTIFY=NEVER" in message.recipients[0]
    assert message.content.endswith(held.content)
    assert held.held() == []
    states = [to["state"] for to in held.rows("quarantine", "show", held.identity)[0]["to"]]
    assert states == ["released", "released"]
    # Once: the same message from outside is held again.
    with held.client() as client:
        assert client.deliver(held.content, recipients=(ONE, TWO)).code == 250
    assert len(held.hop.messages) == 1
    assert len(held.held()) == 1


def test_a_release_for_one_leaves_the_other_held(held):
    held.cli("quarantine", "release", held.identity, "--to", TWO)
    assert held.hop.wait_messages(1)[0].recipients == [f"RCPT TO:<{TWO}>"]
    row = held.held()[0]
    assert [(to["address"], to["state"]) for to in row["to"]] == [(ONE, "held"), (TWO, "released")]
    # The pass isn't good for anybody else.
    with held.client() as client:
        assert client.deliver(held.content, recipients=("three@lab.test",)).code == 250
    assert len(held.hop.messages) == 1


def test_a_refused_release_is_held_again(held):
    held.hop.hooks["RCPT"] = "550 5.1.1 gone"
    answer = held.cli("quarantine", "release", held.identity, check=False)
    assert answer.returncode != 0 and "5.1.1" in answer.stdout + answer.stderr
    assert [to["state"] for to in held.held()[0]["to"]] == ["held", "held"]
    held.hop.hooks.clear()
    held.cli("quarantine", "release", held.identity)
    held.hop.wait_messages(1)


def test_a_release_survives_a_crash(held):
    reached = threading.Event()
    held.hop.hooks["DATA"] = lambda *_: reached.set() or peers.HANG
    asking = threading.Thread(target=lambda: held.cli("quarantine", "release", held.identity, check=False))
    asking.start()
    assert reached.wait(20)
    held.kill()
    asking.join()
    held.hop.hooks.clear()
    held.start()
    message = held.hop.wait_messages(1)[0]
    assert message.content.endswith(held.content) and len(message.recipients) == 2
    end = time.monotonic() + 10
    while held.held() and time.monotonic() < end:
        time.sleep(0.1)
    assert held.held() == [] and len(held.hop.accepted()) == 1


def test_what_is_deleted_has_no_bytes_and_stays_on_record(held):
    held.cli("quarantine", "delete", held.identity)
    assert held.held() == []
    assert held.cli("quarantine", "raw", held.identity, check=False).returncode != 0
    assert [to["state"] for to in held.held(everything=True)[0]["to"]] == ["deleted", "deleted"]
    assert held.cli("quarantine", "release", held.identity, check=False).returncode != 0
    files = [path for path in (held.folder / "store").rglob("*") if path.is_file()]
    assert not any(daemon.eicar() in path.read_bytes() for path in files)


def test_held_mail_survives_a_kill(held):
    held.kill()
    held.start()
    assert [row["id"] for row in held.held()] == [held.identity]
    assert held.raw(held.identity) == held.content


def test_purge_and_what_does_not_exist(held):
    assert held.cli("quarantine", "purge").returncode == 0
    assert len(held.held()) == 1  # not old enough
    for words in (("show", "nothere"), ("raw", "nothere"), ("release", "nothere"), ("delete", "nothere"), ("show", "../../etc/passwd")):
        answer = held.cli("quarantine", *words, check=False)
        assert answer.returncode != 0 and answer.stderr.strip().count("\n") == 0, answer


def test_a_full_quarantine_defers_what_is_to_be_held_and_clean_mail_flows(start):
    rastel = start(sections={"policy": {"infected": "quarantine"}, "store": {"max_size": "1MiB"}})
    big = daemon.infected("big", b"") + b"filler line of some length\r\n" * 30_000
    with rastel.client() as client:
        codes = [client.deliver(big + b"%d\r\n" % number).code for number in range(4)]
        assert codes[0] == 250 and codes[-1] in (451, 452), codes
        assert len(rastel.held()) == codes.count(250)
        assert client.deliver(peers.mail("clean")).code == 250
    assert len(rastel.hop.messages) == 1
    assert "full" in rastel.log() or "max_size" in rastel.log() or "space" in rastel.log()


def test_without_a_release_hop_a_release_says_so(start):
    rastel = start(sections={"policy": {"infected": "quarantine"}})
    with rastel.client() as client:
        assert client.deliver(daemon.infected()).code == 250
    answer = rastel.cli("quarantine", "release", rastel.held()[0]["id"], check=False)
    assert answer.returncode != 0 and "release" in answer.stderr


def test_the_control_socket_is_not_for_everybody(held):
    mode = (held.folder / "run/control.sock").stat().st_mode & 0o777
    assert mode & 0o007 == 0, oct(mode)
