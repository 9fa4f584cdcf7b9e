# SPDX-License-Identifier: GPL-2.0-only
"""TLS on the clients' side: what is said when, injection, old versions, certificates by name, REQUIRETLS, new certificates by a
reload, and configurations that can't be."""
import os
import re
import socket
import ssl
import subprocess
import time

import pytest

import daemon
import peers
import tls_peers

MESSAGE = peers.mail("inside")


class Doors:
    def __init__(self, made):
        pair = made.pair("good")
        self.hop, self.lmtp = peers.NextHop(), peers.NextHop(lmtp=True)
        self.secure = tls_peers.NextHop(tls_peers.server_context(made))
        doors = {
            "offered": {"tls": {"mode": "starttls", **pair}, "certificates": [made.pair("second"), made.pair("address")]},
            "required": {"tls": {"mode": "require", **pair}, "idle_timeout": "10s"},
            "implicit": {"tls": {"mode": "implicit", **pair}},
            "new": {"tls": {"mode": "starttls", "lowest": "1.3", **pair}},
            "clear": {},
            "lmtp": {"protocol": "lmtp", "next_hop": self.lmtp.address, "tls": {"mode": "require", **pair}},
            "both": {"next_hop": self.secure.address, "tls": {"mode": "starttls", **pair}, "next_hop_tls": "require",
                     "next_hop_tls_name": "hop.test", "next_hop_tls_ca": made.file("root.pem")},
            "unverified": {"next_hop": self.secure.address, "tls": {"mode": "starttls", **pair}, "next_hop_tls": "may"},
        }
        self.number = {name: number for number, name in enumerate(doors)}
        self.rastel = daemon.Rastel(*[{"name": name, "next_hop": self.hop.address, "next_hop_keep": "0s", **more}
                                      for name, more in doors.items()])
        self.rastel.start()
        self.context = tls_peers.client_context(made)

    def port(self, name):
        return self.rastel.door(self.number[name])

    def client(self, name="offered", **options):
        return tls_peers.Client(self.port(name), lmtp=name == "lmtp", **options)

    def inside(self, name="offered", **options):
        if name == "implicit":
            return tls_peers.ImplicitClient(self.port(name), self.context, **options)
        client = self.client(name, **options)
        client.hello()
        client.starttls(self.context)
        return client

    def close(self):
        self.rastel.close()
        for hop in (self.hop, self.lmtp, self.secure):
            hop.stop()


@pytest.fixture(scope="module")
def all_doors(made):
    doors = Doors(made)
    yield doors
    doors.close()


@pytest.fixture
def doors(all_doors, made):
    for hop in (all_doors.hop, all_doors.lmtp):
        hop.hooks.clear()
        for kept in (hop.messages, hop.commands, hop.unfinished):
            kept.clear()
    all_doors.secure.fresh(tls_peers.server_context(made))
    return all_doors


def nothing_went_on(doors):
    time.sleep(0.2)
    for hop in (doors.hop, doors.lmtp, doors.secure):
        assert not hop.messages and not hop.unfinished
        assert not [line for line in hop.commands if line.upper().startswith(("MAIL", "RCPT", "DATA"))]


@pytest.mark.parametrize("name", ["offered", "required", "implicit", "new", "lmtp"])
def test_a_message_inside_tls(doors, name, how):
    with doors.inside(name, how=how) as client:
        words = client.hello()
        assert "STARTTLS" not in words and "PIPELINING" in words
        reply = client.deliver(MESSAGE)
        assert (reply[0] if name == "lmtp" else reply).code == 250
        assert client.command("QUIT").code == 221
        assert client.at_end()  # said in order: the client would raise at a cut
    hop = doors.lmtp if name == "lmtp" else doors.hop
    assert peers.our_header(hop.messages[0].content)[1] == MESSAGE


def test_what_is_announced(doors):
    for name, offered in [("offered", True), ("required", True), ("clear", False), ("lmtp", True)]:
        with doors.client(name) as client:
            assert ("STARTTLS" in client.hello()) == offered, name


@pytest.mark.parametrize("name,before,command,code", [
    ("offered", [], "STARTTLS", 503),
    ("offered", ["HELO c"], "STARTTLS", 220),
    ("offered", ["EHLO c"], "STARTTLS now", 501),
    ("offered", ["EHLO c", "MAIL FROM:<a@x.example>"], "STARTTLS", 503),
    ("clear", ["EHLO c"], "STARTTLS", 502),
    ("required", ["EHLO c"], "MAIL FROM:<a@x.example>", 530),
    ("required", ["EHLO c"], "RCPT TO:<a@x.example>", 530),
    ("required", ["EHLO c"], "DATA", 530),
    ("required", ["EHLO c"], "VRFY a", 530),
    ("required", ["EHLO c"], "XFORWARD NAME=a", 530),
    ("required", ["EHLO c"], "NOOP", 250),
    ("required", ["EHLO c"], "RSET", 250),
    ("required", ["EHLO c"], "QUIT", 221),
    ("lmtp", ["LHLO c"], "MAIL FROM:<a@x.example>", 530),
])
def test_commands_in_clear(doors, name, before, command, code):
    with doors.client(name) as client:
        for line in before:
            assert client.command(line).code == 250
        assert client.command(command).code == code


def test_inside_nothing_of_before_is_known(doors):
    with doors.client() as client:
        client.hello()
        assert client.command("XFORWARD NAME=liar.example ADDR=192.0.2.77").code == 250
        client.starttls(doors.context)
        assert client.command("MAIL FROM:<a@x.example>").code == 503
        client.hello("inside.example")
        assert client.command("STARTTLS").code == 503
        assert client.deliver(MESSAGE, sender="forgets@x.example").code == 250
    assert not [line for line in doors.hop.commands if "liar" in line or "192.0.2.77" in line]
    row = doors.rastel.history("forgets@x.example", count=1)[0]
    assert "127.0.0.1" in row["client"]


INJECTED = {
    "a command": b"NOOP\r\n",
    "a message": b"EHLO c\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<alice@lab.test>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n",
    "a part of a command": b"MAIL FR",
    "an empty line": b"\r\n",
    "a chunk": b"BDAT 4 LAST\r\nabcd",
    "a second STARTTLS": b"STARTTLS\r\n",
    "the beginning of a handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", ["offered", "required", "lmtp"])
@pytest.mark.parametrize("what", INJECTED)
def test_bytes_behind_starttls_end_the_session(doors, name, what):
    """CVE-2011-0411: in the same segment, before anybody could know that TLS begins."""
    before = len(doors.rastel.log())
    with doors.client(name) as client:
        client.hello()
        client.socket.sendall(b"STARTTLS\r\n" + INJECTED[what])
        assert client.reply().code == 554
        assert client.at_end()
    assert "behind STARTTLS" in doors.rastel.log()[before:]
    nothing_went_on(doors)


@pytest.mark.parametrize("what", INJECTED)
def test_clear_text_after_220_is_never_read(doors, what):
    """A segment of its own, too late for the look at the buffer: it meets the handshake, which fails."""
    with doors.client() as client:
        client.hello()
        assert client.command("STARTTLS").code == 220
        client.socket.settimeout(30)
        said = b""
        try:
            client.socket.sendall(INJECTED[what] + b"\r\n" * 600)
            client.socket.shutdown(socket.SHUT_WR)
            while more := client.socket.recv(65536):
                said += more
        except OSError:  # reset before all of it was sent
            pass
        assert not re.search(rb"\d\d\d[ -]", said), said  # an alert at most
    nothing_went_on(doors)


@pytest.mark.parametrize("name", ["offered", "implicit"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(doors, made, name, version):
    context = tls_peers.client_context(made, most=version)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        if name == "implicit":
            tls_peers.ImplicitClient(doors.port(name), context)
        else:
            with doors.client(name) as client:
                client.hello()
                client.starttls(context)
    nothing_went_on(doors)


def test_the_lowest_version_is_an_option(doors, made):
    old = tls_peers.client_context(made, most=ssl.TLSVersion.TLSv1_2)
    for name, taken in [("offered", True), ("new", False)]:
        with doors.client(name) as client:
            client.hello()
            if taken:
                client.starttls(old)
                assert client.socket.version() == "TLSv1.2"
                client.hello()
            else:
                with pytest.raises((ssl.SSLError, ConnectionResetError)):
                    client.starttls(old)


@pytest.mark.parametrize("asked,shown", [("door.test", "good"), ("second.test", "second"), ("x.many.test", "second"),
                                         ("SECOND.test", "second"), ("nobody.test", "good"), (None, "good")])
def test_certificates_are_chosen_by_name(doors, asked, shown):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with doors.client() as client:
        client.hello()
        client.starttls(context, asked)
        # The subject stands in the certificate's bytes as text.
        assert shown.encode() in client.socket.getpeercert(binary_form=True)


def test_a_client_in_clear_gets_no_word_from_an_implicit_door(doors):
    with socket.create_connection(("127.0.0.1", doors.port("implicit")), 20) as connection:
        connection.sendall(b"EHLO c\r\nMAIL FROM:<a@x.example>\r\n")
        said = b""
        try:
            while more := connection.recv(4096):
                said += more
        except ConnectionResetError:
            pass
        assert b"220" not in said and b"250" not in said
    nothing_went_on(doors)


@pytest.mark.parametrize("end", ["cut", "said"])
def test_a_client_that_goes_within_a_message_has_sent_nothing(doors, end):
    client = doors.inside()
    client.hello()
    assert [reply.code for reply in client.envelope("a@x.example", ["alice@lab.test"])] == [250, 250]
    assert client.command("DATA").code == 354
    client.send(MESSAGE)
    if end == "said":
        try:
            client.socket.settimeout(5)
            client.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
    client.close()
    time.sleep(0.5)
    assert not doors.hop.messages and not doors.hop.unfinished


def test_a_client_that_goes_before_the_answer_gets_nothing_delivered(doors):
    stopped = doors.rastel.stop_workers()
    try:
        client = doors.inside()
        client.hello()
        client.envelope("gone@x.example", ["alice@lab.test"])
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(peers.mail("gone")))
        doors.rastel.wait_for_a_scan()
        try:
            client.socket.settimeout(0.2)
            client.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
        client.close()
        time.sleep(0.3)
    finally:
        doors.rastel.resume_workers(stopped)
    row = doors.rastel.history("gone@x.example", count=1, seconds=30)[0]
    assert row["reply"].startswith("451"), row
    assert not doors.hop.messages


def test_infected_mail_is_refused_inside_tls(doors):
    with doors.inside() as client:
        client.hello()
        assert client.deliver(daemon.infected()).code == 554
    assert not doors.hop.messages


def test_the_log_says_how_a_message_came(doors):
    for name, version in [("offered", "TLSv1.3"), ("implicit", "TLSv1.3"), ("clear", "-")]:
        sender = f"log-{name}@x.example"
        with doors.client(name) if name == "clear" else doors.inside(name) as client:
            client.hello()
            assert client.deliver(MESSAGE, sender=sender).code == 250
        row = doors.rastel.history(sender, count=1)[0]
        assert f" tls={version} " in doors.rastel.lines(row["id"])[0]


def test_a_silent_handshake_ends(doors):
    with doors.client("required") as client:  # idle_timeout = 10s
        client.hello()
        assert client.command("STARTTLS").code == 220
        began = time.monotonic()
        assert client.at_end(40)
        assert time.monotonic() - began > 5


def test_renegotiation_is_refused(doors):
    answer = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{doors.port('implicit')}", "-tls1_2", "-crlf"],
                            input="R\n", capture_output=True, text=True, timeout=30)
    assert "RENEGOTIATING" in answer.stdout + answer.stderr
    assert "no renegotiation" in answer.stdout + answer.stderr
    assert "Compression: NONE" in answer.stdout


# REQUIRETLS (RFC 8689)

@pytest.mark.parametrize("door,inside,offers,announced", [
    ("both", True, True, True), ("both", True, False, False), ("both", False, True, False), ("unverified", True, True, False)])
def test_requiretls_is_announced_where_both_hops_keep_it(doors, door, inside, offers, announced):
    doors.secure.inside = [*peers.FULL, *(["REQUIRETLS"] if offers else [])]
    with doors.inside(door) if inside else doors.client(door) as client:
        assert ("REQUIRETLS" in client.hello()) == announced
        reply = client.command("MAIL FROM:<a@x.example> REQUIRETLS")
        assert reply.code == (250 if announced else 555)
    said = [line for line in doors.secure.commands if line.startswith("MAIL")]
    assert said == (["MAIL FROM:<a@x.example> REQUIRETLS"] if announced else [])


def test_requiretls_is_kept_on_another_connection(doors):
    doors.secure.inside = [*peers.FULL, "REQUIRETLS"]
    with doors.inside("both") as client:
        client.hello()
        doors.secure.inside = peers.FULL  # a server of the same name that knows nothing of it
        for session in doors.secure.sessions:
            try:
                session.close()
            except OSError:
                pass
        assert client.command("MAIL FROM:<a@x.example> REQUIRETLS").code == 451
    assert not [line for line in doors.secure.commands if line.startswith("MAIL")]


def test_a_login_inside_tls_is_not_offered_where_it_would_go_on_in_clear(made, closing):
    """A-49. The mapped address is this machine too, but as any other host it is not known to be."""
    hop = closing(peers.NextHop(keywords=[*peers.FULL, "AUTH PLAIN"], listener=socket.create_server(("::", 0), family=socket.AF_INET6,
                                                                                                  dualstack_ipv6=True)))
    tls = {"place": "outbound", "tls": {"mode": "starttls", **made.pair("good")}}
    rastel = closing(daemon.Rastel({"next_hop": f"127.0.0.1:{hop.port}", **tls}, {"next_hop": f"[::ffff:127.0.0.1]:{hop.port}", **tls})).start()
    for number, offered in enumerate([True, False]):
        with tls_peers.Client(rastel.door(number)) as client:
            client.hello()
            client.starttls(tls_peers.client_context(made))
            assert ("AUTH" in client.hello()) is offered
            if not offered:
                assert client.command("AUTH PLAIN AGEAYg==").code == 502
            assert client.deliver(peers.mail("without a login")).code == 250
    assert len(hop.messages) == 2 and not [line for line in hop.commands if line.startswith("AUTH")]


def test_the_header_of_postfix_is_left_alone(doors):
    content = peers.mail("header", extra=b"Require-TLS-ESMTP: yes\r\nTLS-Required: No\r\n")
    with doors.inside("both") as client:
        client.hello()
        assert client.deliver(content).code == 250
    assert peers.our_header(doors.secure.messages[0].content)[1] == content


# Configurations

def shown(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tls_peers.Client(port) as client:
        client.hello()
        client.starttls(context)
        return client.socket.getpeercert(binary_form=True)


def place(made, name, folder):
    for kind, mode in (("pem", 0o644), ("key", 0o600)):
        path = folder / f"door.{kind}"
        path.write_bytes((made.folder / f"{name}.{kind}").read_bytes())
        path.chmod(mode)


def test_a_reload_takes_new_certificates_and_keeps_sessions(made, start, tmp_path):
    place(made, "good", tmp_path)
    tls = {"mode": "starttls", "certificate": str(tmp_path / "door.pem"), "key": str(tmp_path / "door.key")}
    rastel = start({"tls": tls})
    with tls_peers.Client(rastel.door()) as client:
        client.hello()
        client.starttls(tls_peers.client_context(made))
        client.hello()
        assert [reply.code for reply in client.envelope("a@x.example", ["alice@lab.test"])] == [250, 250]
        place(made, "renewed", tmp_path)
        rastel.cli("reload")
        assert b"renewed" in shown(rastel.door())
        assert client.command("DATA").code == 354
        client.send(peers.stuffed(MESSAGE))
        assert client.reply().code == 250
        # A pair that doesn't fit is refused; what was there stays.
        (tmp_path / "door.key").write_bytes((made.folder / "good.key").read_bytes())
        answer = rastel.cli("reload", check=False)
        assert answer.returncode != 0
        assert 'door "door0"' in answer.stderr and "door.key" in answer.stderr and "doesn't belong" in answer.stderr
        assert b"renewed" in shown(rastel.door())
        assert client.deliver(MESSAGE).code == 250
    assert len(rastel.hop.accepted()) == 2
    # Even a daemon that starts anew has the last good pair.
    os.kill(rastel.daemon(), 9)
    rastel.wait_ready()
    assert b"renewed" in shown(rastel.door())


def test_the_key_is_roots_alone_and_nobody_hears_of_it(made, start):
    rastel = start({"tls": {"mode": "starttls", **made.pair("good")}})
    assert shown(rastel.door())
    key = (made.folder / "good.key").read_text().splitlines()[1]
    assert key not in rastel.log()
    for pid in [rastel.process.pid, *rastel.everything()]:
        for part in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{part}", "rb") as file:
                assert key.encode() not in file.read()
    if os.geteuid() == 0:
        with open(f"/proc/{rastel.daemon()}/status") as file:
            uid = re.search(r"^Uid:\s+(\d+)", file.read(), re.M)[1]
        assert uid != "0"
        assert subprocess.run(["setpriv", "--reuid", uid, "--clear-groups", "cat", made.file("good.key")],
                              capture_output=True).returncode != 0


BROKEN = {
    "a key of another": ({"certificate": "good.pem", "key": "second.key"}, "second.key: the key doesn't belong"),
    "no such key": ({"certificate": "good.pem", "key": "none.key"}, "can't open"),
    "no such certificate": ({"certificate": "none.pem", "key": "good.key"}, "can't open"),
    "a key for a certificate": ({"certificate": "good.key", "key": "good.key"}, "good.key: no certificate in PEM"),
    "a certificate for a key": ({"certificate": "good.pem", "key": "good.pem"}, "good.pem: no private key in PEM"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_certificates_are_said_before_anything_runs(made, closing, what):
    files, why = BROKEN[what]
    tls = {"mode": "starttls", **{option: made.file(name) for option, name in files.items()}}
    rastel = closing(daemon.Rastel({"next_hop": "127.0.0.1:1", "tls": tls}))
    answer = rastel.cli("config", "check", check=False)
    assert answer.returncode == 1 and 'door "door0"' in answer.stderr and why in answer.stderr, answer.stderr
    rastel.start(ready=False)
    assert rastel.process.wait(20) != 0
    assert why in rastel.log()


def test_a_passphrase_nobody_could_type(made, closing, tmp_path):
    made.openssl("pkey", "-in", made.file("good.key"), "-aes256", "-passout", "pass:x", "-out", str(tmp_path / "locked.key"))
    tls = {"mode": "starttls", "certificate": made.file("good.pem"), "key": str(tmp_path / "locked.key")}
    rastel = closing(daemon.Rastel({"next_hop": "127.0.0.1:1", "tls": tls}))
    answer = rastel.cli("config", "check", check=False)
    assert answer.returncode == 1 and "passphrase" in answer.stderr


def test_what_works_but_is_not_meant_is_a_warning(made, closing, tmp_path):
    place(made, "expired", tmp_path)
    (tmp_path / "door.key").chmod(0o644)
    tls = {"mode": "starttls", "certificate": str(tmp_path / "door.pem"), "key": str(tmp_path / "door.key")}
    rastel = closing(daemon.Rastel({"next_hop": "192.0.2.1:25", "tls": tls}))
    answer = rastel.cli("config", "check")
    assert "expired on 2021-01-01" in answer.stdout
    assert "everybody on this machine may read" in answer.stdout
    assert "sends their mail on over the network in clear" in answer.stdout
    rastel = closing(daemon.Rastel({"next_hop": "127.0.0.1:1", "tls": {"certificate": "/x", "key": "/y"}}))
    assert "certificates without TLS" in rastel.cli("config", "check").stdout


@pytest.mark.parametrize("door,why", [
    ({"tls": {"mode": "starttls"}}, "TLS needs a certificate and its key"),
    ({"tls": {"mode": "starttsl"}}, 'did you mean "starttls"'),
    ({"tls": {"mode": "starttls", "certificate": "x", "key": "y"}}, "want an absolute path"),
    ({"next_hop": "unix:/x", "next_hop_tls": "require"}, "needs next_hop_tls_name"),
    ({"next_hop_tls_ca": "/x"}, "nothing is verified"),
    ({"next_hop_tls": "may", "next_hop_tls_name": "x"}, "nothing is verified"),
    ({"next_hop_tls": "require", "next_hop_tls_ca": "/does/not/exist"}, "next_hop_tls_ca: can't open /does/not/exist"),
])
def test_options_that_contradict_each_other(closing, door, why):
    rastel = closing(daemon.Rastel({"next_hop": "127.0.0.1:1", **door}))
    answer = rastel.cli("config", "check", check=False)
    assert answer.returncode == 1 and why in answer.stderr, answer.stderr
