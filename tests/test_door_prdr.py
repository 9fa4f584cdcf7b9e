# SPDX-License-Identifier: GPL-2.0-only
"""PRDR: over SMTP each recipient has his own reply, if the client asks for it (A-30). By hand, and a real Exim."""
import time

import pytest

import alone
import daemon
import peers
import roots

RULES = [{"recipients": ["carol@lab.test"], "infected": "quarantine"}, {"recipients": ["dave@lab.test"], "infected": "tag"}]


class Doors:
    def __init__(self):
        self.hop, self.lmtp = peers.NextHop(), peers.NextHop(lmtp=True)
        doors = {"smtp": {"next_hop": self.hop.address}, "to-lmtp": {"next_hop": self.lmtp.address},
                 "after": {"next_hop": self.hop.address, "place": "after-queue"}}
        self.names = list(doors)
        self.rastel = daemon.Rastel(*[{"name": name, **more} for name, more in doors.items()], rules=RULES).start()

    def client(self, name="smtp", **options):
        return self.rastel.client(self.names.index(name), **options)

    def close(self):
        self.rastel.close()
        self.hop.stop()
        self.lmtp.stop()


@pytest.fixture(scope="module")
def all_doors():
    doors = Doors()
    yield doors
    doors.close()


@pytest.fixture
def doors(all_doors):
    for hop in (all_doors.hop, all_doors.lmtp):
        hop.hooks.clear()
        hop.messages.clear()
        hop.commands.clear()
    return all_doors


def deliver(client, content, recipients, parameters=" PRDR", chunks=False):
    """All replies to the end of the message."""
    assert "PRDR" in client.hello()
    replies = client.envelope("sender@elsewhere.example", recipients, parameters)
    assert {reply.code for reply in replies} == {250}, replies
    if chunks:
        client.send(b"BDAT %d LAST\r\n" % len(content) + content)
    else:
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(content))
    answers = [client.reply()]
    if answers[0].code == 353:
        answers += [client.reply() for _ in range(len(recipients) + 1)]
    assert client.command("NOOP").code == 250, "in step"
    return answers


@pytest.mark.parametrize("chunks", [False, True])
def test_each_recipient_has_his_own_outcome(doors, how, chunks):
    content = daemon.infected(f"each {how} {chunks}")
    with doors.client(how=how) as client:
        answers = deliver(client, content, ["bob@lab.test", "carol@lab.test", "dave@lab.test", "erin@lab.test"], chunks=chunks)
    assert [answer.code for answer in answers] == [353, 554, 250, 250, 554, 250], answers
    assert "held" in answers[2].text and "queued" in answers[3].text
    assert [message.recipients for message in doors.hop.accepted()] == [["RCPT TO:<dave@lab.test>"]]
    assert doors.hop.messages[0].sender == "MAIL FROM:<sender@elsewhere.example>", "the next hop doesn't hear of PRDR"
    held = [row for row in doors.rastel.held() if row["subject"] == f"each {how} {chunks}"]
    assert [[to["address"] for to in row["to"]] for row in held] == [["carol@lab.test"]]


def test_without_the_wish_a_refusal_for_some_is_a_hold(doors):
    with doors.client() as client:
        answers = deliver(client, daemon.infected("no wish"), ["bob@lab.test", "dave@lab.test"], parameters="")
    assert [answer.code for answer in answers] == [250]
    held = [row for row in doors.rastel.held() if row["subject"] == "no wish"]
    assert [[to["address"] for to in row["to"]] for row in held] == [["bob@lab.test"]]


@pytest.mark.parametrize("recipients, content, codes", [
    (["bob@lab.test", "erin@lab.test"], daemon.infected(), [554]),
    (["bob@lab.test", "dave@lab.test"], peers.mail(), [250]),
    (["bob@lab.test"], daemon.infected(), [554]),
])
def test_where_all_hear_the_same_one_reply_is_enough(doors, recipients, content, codes):
    with doors.client() as client:
        assert [answer.code for answer in deliver(client, content, recipients)] == codes


def test_what_the_next_hop_refuses_is_refused_for_those_alone_whom_it_was_for(doors):
    doors.hop.hooks["DOT"] = "452 4.3.1 full"
    with doors.client() as client:
        answers = deliver(client, daemon.infected("half"), ["carol@lab.test", "dave@lab.test"])
    assert [answer.code for answer in answers] == [353, 250, 452, 250]
    doors.hop.hooks["DOT"] = peers.CLOSE
    with doors.client() as client:
        answers = deliver(client, daemon.infected("nobody knows"), ["bob@lab.test", "dave@lab.test"])
    assert [answer.code for answer in answers] == [353, 554, 451, 451], "taken for nobody: the client tries again"


def test_over_lmtp_each_box_answers_for_itself(doors):
    doors.lmtp.hooks["DOT"] = "250 2.0.0 kept\r\n452 4.2.2 box is full"
    with doors.client("to-lmtp") as client:
        answers = deliver(client, peers.mail("boxes"), ["a@lab.test", "b@lab.test"])
        assert [answer.code for answer in answers] == [353, 250, 452, 250]
        client.hello()
        replies = client.envelope("a@x.example", ["a@lab.test", "b@lab.test"])
        assert [reply.code for reply in replies] == [250, 250, 452], "A-34, without the wish"


def test_after_the_queue_nobody_is_refused(doors):
    with doors.client("after") as client:
        answers = deliver(client, daemon.infected("after"), ["bob@lab.test", "dave@lab.test"])
    assert [answer.code for answer in answers] == [353, 250, 250, 250]


EXIM = """#!/bin/sh
set -eu
cat >/etc/exim4/exim4.conf <<'CONFIGURATION'
primary_hostname = exim.test
local_interfaces = <; [127.0.0.1]:{IN}
log_file_path = /share/exim-%slog
acl_smtp_rcpt = accept
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
begin routers
to_rastel:
  driver = manualroute
  domains = lab.test
  route_list = * 127.0.0.1::{DOOR}
  self = send
  transport = plain
begin transports
plain:
  driver = smtp
begin retry
* * F,1h,2s
CONFIGURATION
exec exim4 -bdf -q2s
"""


def test_exim_hears_of_each_recipient(doors, tmp_path):
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    tmp_path.chmod(0o777)  # logs of a user that only Exim's root knows
    port = peers.free_port()
    (tmp_path / "start.sh").write_text(EXIM.replace("{IN}", str(port)).replace("{DOOR}", str(doors.rastel.door(0))))
    with alone.Server("exim", "start.sh", tmp_path) as server:
        server.wait_for(port)
        with peers.Client(port) as client:
            assert client.deliver(daemon.infected("by exim"), recipients=["bob@lab.test", "carol@lab.test", "dave@lab.test"]).code == 250
        log = tmp_path / "exim-mainlog"
        end = time.monotonic() + 60
        while not (log.exists() and all(f"{to}@lab.test" in log.read_text() for to in ("bob", "carol", "dave"))):
            assert time.monotonic() < end, [path.read_text()[-2000:] for path in tmp_path.glob("*log")]
            time.sleep(0.1)
        lines = log.read_text().splitlines()
    of = {to: [line for line in lines if f" {to}@lab.test" in line] for to in ("bob", "carol", "dave")}
    assert any(" ** bob@lab.test" in line and "554 5.7.1" in line for line in of["bob"]), "\n".join(lines)
    for to in ("carol", "dave"):
        assert any(f" => {to}@lab.test" in line or f" -> {to}@lab.test" in line for line in of[to]), "\n".join(lines)
    assert [message.recipients for message in doors.hop.accepted()] == [["RCPT TO:<dave@lab.test>"]]
