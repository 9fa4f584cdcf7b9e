# SPDX-License-Identifier: GPL-2.0-only
"""The milter's wire where miltertest says too little or sees too little of it: octets, chunks, orders, sockets."""
import grp
import os
import pathlib
import re
import signal
import socket
import stat
import struct

import pytest

import daemon
import peers
from milter_peer import Server, ask, strings
from test_door_milter import PARTS, RULES, id_in, with_virus

CLEAN = peers.mail("nothing in it")
TESTS = pathlib.Path(__file__).parent
CONNECT, HELO, MAIL, RCPT, DATA, END_OF_MESSAGE, END_OF_HEADERS = range(7)  # SETSYMLIST's numbers


@pytest.fixture(scope="module")
def rastel():
    policy = {"tag_subject": "[unsafe]"}
    with daemon.Rastel(milter=[{}, {"listen": f"[::1]:{peers.free_port()}"}], sections={"policy": policy}, rules=RULES) as running:
        running.where = running.address("milter")
        yield running


def closes(server):
    try:
        server.packet()
    except (EOFError, ConnectionError):
        return True
    return False


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6, 7, 0xFFFFFFFF])
@pytest.mark.parametrize("further", [b"", b"more than anybody knows of"])
def test_the_answer_to_the_offer(rastel, version, further):
    """The older version of both, and of what is offered some; an offer that goes on is one still."""
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(20)
        server.connect(rastel.where)
        data = struct.pack(">III", version, 0x1FF, 0x301FFFFF) + further
        server.sendall(struct.pack(">I", 1 + len(data)) + b"O" + data)
        answer = server.recv(4096)
    command, answered, actions, steps = answer[4:5], *struct.unpack(">III", answer[5:17])
    assert (command, answered) == (b"O", min(version, 6))
    assert actions == 0x1 | 0x2 | 0x8 | 0x10 | 0x100
    assert steps == 0x80 | 0x100 | 0x1000 | 0x2000 | 0x10000 | 0x20000 | 0x40000 | 0x80000 | 0x100000


@pytest.mark.parametrize("version", [0, 1])
def test_too_old_a_version_is_closed(rastel, version):
    with pytest.raises((EOFError, ConnectionError)):
        Server(rastel.where, version=version)
    assert ask(rastel.where, CLEAN).final in (b"c", b"a")


def test_macros_are_asked_for_by_stage(rastel):
    with Server(rastel.where) as server:
        wanted, rest = {}, server.macros
        while rest:
            stage = struct.unpack(">I", rest[:4])[0]
            names, _, rest = rest[4:].partition(b"\0")
            wanted[stage] = set(names.decode().split(" "))
    assert wanted[CONNECT] >= {"j", "{client_resolve}"} and wanted[HELO] >= {"{tls_version}"}
    assert wanted[MAIL] >= {"i", "{auth_authen}"}  # Sendmail's queue id
    assert all("i" in wanted[stage] for stage in (DATA, END_OF_HEADERS, END_OF_MESSAGE))  # Postfix's
    with Server(rastel.where, actions=0xFF) as server:
        assert server.macros == b""


def test_nothing_is_said_before_the_end(rastel):
    """Where every step is silent, the first that comes at all is about the end of the message."""
    with Server(rastel.where) as server:
        for subject, final in (("infected", b"y"), ("clean", b"c")):
            content = daemon.infected(subject) if subject == "infected" else peers.mail(subject, b"x" * 76 + b"\r\n" * 30_000)
            server.connect()
            server.helo()
            server.begin()
            server.body(server.header(content), 1000)
            assert server.waiting == b"" and not readable(server.socket)
            verdict = server.end()
            assert verdict.final == final and [command for command, _ in verdict.packets[:-1]] == [b"i"] * (final == b"c")
            server.send(b"K")


def readable(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(60)


class Trickle:
    """A socket that sends an octet at a time."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) if connection.family != socket.AF_UNIX else None

    def sendall(self, data):
        for at in range(len(data)):
            self.connection.send(data[at:at + 1])

    def __getattr__(self, name):
        return getattr(self.connection, name)


def test_octet_by_octet(rastel):
    content = with_virus("octet by octet")
    whole = ask(rastel.where, content, "strip@lab.test")
    with Server(rastel.where) as server:
        server.socket = Trickle(server.socket)
        server.connect()
        server.helo()
        slow = server.message(content, "strip@lab.test", size=100)
    assert [command for command, _ in slow.packets] == [command for command, _ in whole.packets]
    assert slow.body().replace(id_in(slow.own()[0]).encode(), b"") == whole.body().replace(id_in(whole.own()[0]).encode(), b"")


@pytest.mark.parametrize("size,taken", [(65535, True), (65536, False), (1 << 20, False)])
def test_a_chunk_is_as_large_as_was_negotiated_and_no_larger(rastel, size, taken):
    """Larger ones are offered, but not asked for."""
    with Server(rastel.where, steps=0x301FFFFF) as server:
        server.connect()
        server.helo()
        server.begin()
        server.header(CLEAN)
        try:
            server.send(b"B", b"x" * size)
            server.send(b"E")
            assert server.verdict().final == b"c" and taken
        except (EOFError, ConnectionError):
            assert not taken
    assert ask(rastel.where, CLEAN).final == b"c"


def test_what_is_too_long_is_not_waited_for(rastel):
    """A length that can't be right ends the connection as soon as it is there: what it speaks of isn't read."""
    for packet in (struct.pack(">I", 1 << 30) + b"L", struct.pack(">I", 0x40002) + b"L", struct.pack(">I", 0x10001) + b"B"):
        with Server(rastel.where) as server:
            server.connect()
            server.helo()
            server.begin()
            server.socket.sendall(packet)
            assert closes(server), packet
    for step in (lambda server: server.helo("h" * 20_000), lambda server: server.mail("m" * 20_000),
                 lambda server: server.mail("a@remote.test", *["X=1"] * 100)):
        with Server(rastel.where) as server:
            server.connect()
            with pytest.raises((EOFError, ConnectionError)):
                step(server)
                server.mail()
    assert ask(rastel.where, CLEAN).final == b"c"


def test_a_reply_is_one_line_and_no_format(rastel):
    """Sendmail takes the text for a format, Postfix refuses one with a NUL or line ends that aren't its own."""
    for name in ("100%s%n.exe", "a%.exe", "a\tb.exe", "=?utf-8?q?a=0D=0A250_ok=00.exe?=", "x" * 2000 + ".exe"):
        content = peers.mail("a program", b'--a\r\nContent-Type: application/octet-stream; name="' + name.encode()
                             + b'"\r\n\r\nhello\r\n--a--\r\n', b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
        with Server(rastel.where) as server:
            server.connect(name="%s%n.example.org")
            server.helo("%s%n")
            verdict = server.message(content, sender="%s%n@remote.test", queue_id="%n")
        final, data = verdict.packets[-1]
        if final == b"d":  # the name makes it ambiguous: held
            continue
        assert final == b"y" and data.endswith(b"\0") and b"\0" not in data[:-1], data
        assert re.fullmatch(rb"554 5\.7\.1 [ -~]+", data[:-1]) and len(data) < 982, data
        assert b"%" not in data.replace(b"%%", b""), data


def test_all_changes_of_one_message_are_in_order(rastel):
    extra = b"X-Rastel: clean; id=1\r\nx-rastel: clean;\r\n id=2\r\nX-RASTEL: clean\r\n"
    content = with_virus("all of it").replace(b"MIME-Version", extra + b"MIME-Version", 1)
    verdict = ask(rastel.where, content, "strip@lab.test", "held@lab.test", "gone@lab.test")
    assert b"".join(command for command, _ in verdict.packets) == b"mmmi--bc"
    fields = [(how, index, name) for how, index, name, _ in verdict.headers()]
    assert fields == [("m", 3, "X-RASTEL"), ("m", 2, "x-rastel"), ("m", 1, "X-Rastel"), ("i", 0, "X-Rastel")]
    assert verdict.removed() == ["<held@lab.test>", "<gone@lab.test>"]


def test_a_large_new_body_comes_in_chunks(rastel):
    text = b"".join(b"%076d\r\n" % number for number in range(8000))
    parts = [PARTS[0] + text, PARTS[1], PARTS[2] + text]
    content = peers.mail("large", b"".join(b"--b\r\n" + part for part in parts) + b"--b--\r\n",
                         b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")
    verdict = ask(rastel.where, content, "strip@lab.test")
    sizes = [len(data) for command, data in verdict.packets if command == b"b"]
    assert len(sizes) > 10 and sizes[:-1] == [65535] * (len(sizes) - 1) and sizes[-1] <= 65535
    commands = b"".join(command for command, _ in verdict.packets)
    assert re.fullmatch(b"[mi]*b+c", commands), commands
    body, original = verdict.body(), content.split(b"\r\n\r\n", 1)[1]
    before, after = original.split(PARTS[1])
    assert body.startswith(before) and body.endswith(after) and daemon.eicar() not in body
    assert body.replace(b"\r\n", b"").count(b"\n") == body.replace(b"\r\n", b"").count(b"\r") == 0


def test_a_field_that_is_too_long_is_folded(rastel):
    verdict = ask(rastel.where, daemon.infected("long " * 194), "tagged@lab.test")
    value, = (value for how, _, name, value in verdict.headers() if (how, name) == ("m", "Subject"))
    assert "\r" not in value and max(len(line) for line in ("Subject:" + value).split("\n")) < 998
    assert all(line[:1] in (" ", "\t") for line in value.split("\n")[1:])
    assert " ".join(value.split()) == "[unsafe] " + " ".join(["long"] * 194)


CLIENTS = [
    (b"4", "192.0.2.7", 4711, "[192.0.2.7]"), (b"4", "192.0.2.7", 0, "[192.0.2.7]"), (b"6", "2001:db8::7", 4711, "[2001:db8::7]"),
    (b"6", "IPv6:2001:db8::7", 4711, "[2001:db8::7]"), (b"6", "IPv6:::ffff:192.0.2.7", 25, "[192.0.2.7]"),
    (b"6", "fe80::1%eth0", 25, "[fe80::1]"), (b"L", "/run/socket", 0, "[unix]"), (b"U", "", 0, "[]"), (b"4", "not an address", 25, "[]")]


@pytest.mark.parametrize("family,address,port,shown", CLIENTS)
def test_clients_of_every_family(rastel, family, address, port, shown):
    with Server(rastel.where) as server:
        server.connect(name="client.example.org", address=address, family=family, port=port)
        server.helo()
        verdict = server.message(CLEAN)
    line, = rastel.lines(id_in(verdict.own()[0]))
    assert f"client=client.example.org{shown} " in line, line


def test_by_ipv6(rastel):
    with socket.socket(socket.AF_INET6) as server:
        server.settimeout(20)
        server.connect(("::1", rastel.address("milter", 1)))
        server.sendall(struct.pack(">IcIII", 13, b"O", 6, 0x1FF, 0x1FFFFF))
        assert server.recv(5)[4:] == b"O"


def test_sockets_have_their_mode_and_group_and_a_stale_one_goes():
    """One that was left behind is taken away; one at which somebody answers isn't."""
    group = grp.getgrnam("daemon").gr_gid if os.geteuid() == 0 else os.getegid()
    door = {"socket_mode": "0620", **({"socket_group": "daemon"} if os.geteuid() == 0 else {})}
    with daemon.Rastel(milter=[door]) as rastel:
        file = rastel.address("milter")
        for _ in range(2):
            there = os.stat(file)
            assert (stat.S_IMODE(there.st_mode), there.st_gid) == (0o620, group)
            assert ask(file, CLEAN).final == b"c"
            rastel.kill()
            with pytest.raises(ConnectionError):
                Server(file)
            rastel.start()
        second = daemon.Rastel(milter=[{"listen": f"unix:{file}"}])
        try:
            second.start(ready=False)
            assert second.process.wait(30) != 0 and "running there" in second.log(), second.log()
        finally:
            second.close()
        assert ask(file, CLEAN).final == b"c"


def test_the_deadline_is_within_sendmails_patience():
    """What isn't said stands at its default; the 5 minutes are in what the page tells to write into sendmail.mc."""
    with daemon.Rastel(milter=[{}]) as rastel:
        deadline = re.search(r'reply_deadline *= *"(\d+)s"', rastel.cli("config", "show").stdout)[1]
    whole = re.search(r"T=C:1m;S:30s;R:(\d+)m;E:(\d+)m", (TESTS.parent / "docs/servers/sendmail.md").read_text())
    assert int(deadline) < int(whole[1]) * 60 < int(whole[2]) * 60


def test_the_lines_for_sendmail_and_postfix_defer_without_us():
    pages = TESTS.parent / "docs"
    for page in ("servers/sendmail.md", "SURFACE.md"):
        filters = re.findall(r"INPUT_MAIL_FILTER\(.*\)", (pages / page).read_text())
        assert filters and all(", F=T, " in line for line in filters), page
    for page in ("servers/postfix.md", "SURFACE.md"):
        text = (pages / page).read_text()
        actions = re.findall(r"milter_default_action ?= ?(\w+)", text)
        assert actions and set(actions) == {"tempfail"}, page


def test_no_recipient_of_a_program_is_refused():
    """Postfix takes a refusal of one for a wrong configuration, and tries again for ever."""
    with daemon.Rastel(milter=[{"place": "after-queue", "max_recipients": 3}]) as small, Server(small.address("milter")) as server:
        server.connect(name="localhost", address="127.0.0.1")
        server.helo("localhost")
        answers = server.begin(*(f"user{number}@lab.test" for number in range(5)))
        assert [command for command, _ in answers] == [b"c"] * 6
        server.body(server.header(CLEAN))
        assert server.end().final == b"c"
        assert "user4@lab.test" in small.history("--limit", "1", count=1)[0]["to"]
        # Of so many it doesn't know all: none is refused, and the message comes again.
        answers = server.begin(*(f"user{number}@lab.test" for number in range(4001)))
        assert {command for command, _ in answers} == {b"c"}
        server.body(server.header(CLEAN))
        final = server.end()
        assert final.final == b"y" and final.reply.startswith("452 4.5.3 "), final.reply


def test_a_queue_id_that_comes_last_is_known(rastel):
    """Postfix with milter_protocol below 4 says it at the end of the message alone."""
    with Server(rastel.where, version=3, steps=0x1FF) as server:
        server.connect()
        server.helo()
        server.mail()
        server.rcpt()
        body = server.header(CLEAN)
        server.body(body)
        server.macro(b"E", i="LastOfAll")
        line, = rastel.lines(id_in(server.end().own()[0]))
    assert " queue=LastOfAll " in line, line


def test_a_length_that_is_wrong_with_the_new_body_goes(rastel):
    content = with_virus("shorter").replace(b"MIME-Version", b"Content-Length: 400\r\nLines: 12\r\nMIME-Version", 1)
    verdict = ask(rastel.where, content, "strip@lab.test")
    assert verdict.body() is not None
    changed = {name: value.strip() for how, _, name, value in verdict.headers() if how == "m"}
    assert changed.get("Content-Length") in ("", str(len(verdict.body())))


@pytest.mark.parametrize("space", [b" ", b"\t"])
def test_a_forged_field_with_white_space_before_its_colon(rastel, space):
    """Whoever shows it so gets an answer, and not a 451 each time it comes."""
    with Server(rastel.where) as server:
        server.connect()
        server.helo()
        server.begin()
        server.step(b"L", strings(b"X-Rastel" + space, " clean; id=1"))
        server.body(server.header(CLEAN))
        verdict = server.end()
    assert verdict.final == b"c", verdict.reply


def test_systemd_may_listen_for_it():
    """Sockets that a .socket unit made are taken where the configuration names the same address: they keep their mode, over a
    reload and an upgrade, and their file stays at the end. What no door listens on is closed."""
    port, unused = peers.free_port(), peers.free_port()
    with daemon.Rastel(milter=[{"socket_mode": "0600"}, {"listen": f"localhost:{port}"}, {}]) as rastel:
        rastel.stop()
        file = rastel.folder / "given.sock"
        rastel.others["milter"][0]["listen"] = f"unix:{file}"
        rastel.write_configuration()
        rastel.prefix = ["systemd-socket-activate", *(f"--listen={where}" for where in (file, f"127.0.0.1:{port}", f"127.0.0.1:{unused}"))]
        rastel.start(ready=False)
        daemon.wait_until(file.exists)
        file.chmod(0o606)
        with Server(str(file)):  # systemd starts the service for whoever comes first
            rastel.wait_ready()
        for number in (signal.SIGHUP, signal.SIGUSR2, None):
            assert stat.S_IMODE(file.stat().st_mode) == 0o606
            for where in (str(file), port, rastel.address("milter", 2)):
                assert ask(where, CLEAN).final == b"c", where
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", unused))
            if number:
                opened, before = rastel.log().count(f"listens on unix:{file}"), rastel.daemon()
                rastel.send_signal(number)
                daemon.wait_until(lambda opened=opened: rastel.log().count(f"listens on unix:{file}") > opened)
                assert (rastel.daemon() != before) == (number == signal.SIGUSR2)
        rastel.stop()
        assert file.exists() and not os.path.exists(rastel.address("milter", 2))
