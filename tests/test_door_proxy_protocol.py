# SPDX-License-Identifier: GPL-2.0-only
"""The PROXY protocol on both sides of the door (X-13, X-14): headers made by hand, and a real haproxy."""
import shutil
import socket
import ssl
import struct
import subprocess
import time

import pytest

import peers

V2 = b"\r\n\r\n\0\r\nQUIT\n"
CONTENT = peers.mail("proxied")


def v2(command_and_family, block):
    return V2 + command_and_family + struct.pack("!H", len(block)) + block


def inet(source="192.0.2.7", port=4711):
    return socket.inet_aton(source) + socket.inet_aton("198.51.100.1") + struct.pack("!HH", port, 25)


INET6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1") + struct.pack("!HH", 4711, 25)

# name: (header, whom the door takes the client for)
GOOD = {
    "1, IPv4": (b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n", "192.0.2.7"),
    "1, IPv6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n", "2001:db8::7"),
    "1, unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "2, IPv4": (v2(b"\x21\x11", inet()), "192.0.2.7"),
    "2, IPv6": (v2(b"\x21\x21", INET6), "2001:db8::7"),
    "2, local": (v2(b"\x20\x00", b""), "127.0.0.1"),
    "2, unix": (v2(b"\x21\x31", b"u" * 216), "127.0.0.1"),
    "2, with a large TLV": (v2(b"\x21\x11", inet() + b"\x20" + struct.pack("!H", 9000) + b"t" * 9000), "192.0.2.7"),
}
BAD = {
    "no header": b"EHLO client.example\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a bare LF": b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\n",
    "a bare CR": b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r 25\r\n",
    "too long": b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    "no address": b"PROXY TCP4 evil 198.51.100.1 4711 25\r\n",
    "version 3": V2 + b"\x31\x11\x00\x0c" + inet(),
    "too short": v2(b"\x21\x21", inet()),
}


@pytest.fixture(scope="module")
def rastel():
    import daemon
    hops = {"plain": peers.NextHop(), "v1": peers.NextHop(proxy="v1"), "v2": peers.NextHop(proxy="v2")}
    doors = [{"name": "in", "proxy_protocol": True, "next_hop": hops["plain"].address},
             {"name": "untrusted", "proxy_protocol": True, "trusted": ["192.0.2.0/24"], "next_hop": hops["plain"].address},
             {"name": "v1", "proxy_protocol": True, "next_hop_proxy": "v1", "next_hop": hops["v1"].address},
             {"name": "v2", "proxy_protocol": True, "next_hop_proxy": "v2", "next_hop": hops["v2"].address},
             {"name": "direct", "next_hop_proxy": "v1", "next_hop": hops["v1"].address}]
    with daemon.Rastel(*doors) as running:
        running.hops = hops
        yield running
    for hop in hops.values():
        hop.stop()


def connect(rastel, number=0):
    connection = socket.create_connection(("127.0.0.1", rastel.door(number)), 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def silent(connection, seconds):
    connection.settimeout(seconds)
    try:
        said = connection.recv(1)
    except TimeoutError:
        return True
    raise AssertionError(f"the door spoke: {said!r}")


@pytest.mark.parametrize("pieces", ["whole", "bytes", "with the first command"])
@pytest.mark.parametrize("name", GOOD)
def test_the_client_is_whom_the_header_names(rastel, name, pieces):
    header, address = GOOD[name]
    connection = connect(rastel)
    if pieces == "bytes":
        silent(connection, 0.2)  # no banner before the header is whole
        for byte in header[:-1][-300:] if len(header) > 400 else header[:-1]:
            if len(header) > 400:
                break
            connection.sendall(bytes([byte]))
        silent(connection, 0.2)
        connection.sendall(header if len(header) > 400 else header[-1:])
    elif pieces == "whole":
        connection.sendall(header)
    else:
        connection.sendall(header + b"NOOP\r\n")  # not one byte of it is taken with the header
    with peers.Client(None, connection=connection) as client:
        assert client.banner.code == 220
        if pieces == "with the first command":
            assert client.reply().code == 250
        reply = client.deliver(CONTENT, sender=f"{name.replace(' ', '').replace(',', '-')}-{pieces[0]}@elsewhere.example")
        assert reply.code == 250
    row = rastel.history(f"{name.replace(' ', '').replace(',', '-')}-{pieces[0]}@elsewhere.example", count=1)[0]
    assert f"[{address}]" in row["client"], row


def closed_without_a_word(connection, seconds):
    connection.settimeout(seconds)
    try:
        assert connection.recv(100) == b""
    except ConnectionResetError:
        pass


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_header_is_closed_without_a_word(rastel, name):
    connection = connect(rastel)
    connection.sendall(BAD[name])
    closed_without_a_word(connection, 20)


def test_a_header_that_does_not_come_is_waited_for_and_then_closed(rastel):
    connection = connect(rastel)
    connection.sendall(b"PROXY TCP4 192.0.2.7 ")
    silent(connection, 3)  # at least so long
    closed_without_a_word(connection, 30)


def test_only_trusted_peers_may_send_a_header(rastel):
    connection = connect(rastel, 1)
    connection.sendall(GOOD["1, IPv4"][0])
    closed_without_a_word(connection, 20)
    assert "127.0.0.1 is not among `trusted`" in rastel.log()


def test_whom_a_proxy_speaks_for_is_not_trusted_by_that(rastel):
    connection = connect(rastel)
    connection.sendall(GOOD["1, IPv4"][0])
    with peers.Client(None, connection=connection) as client:
        assert "XFORWARD" not in client.hello()
        assert client.command("XFORWARD ADDR=127.0.0.1").code == 550


def test_the_next_hop_is_told_in_one_header_before_all_else(rastel):
    for number, version in ((2, "v1"), (3, "v2")):
        hop = rastel.hops[version]
        hop.preambles.clear()
        connection = connect(rastel, number)
        connection.sendall(GOOD["2, IPv6"][0])
        with peers.Client(None, connection=connection) as client:
            assert client.deliver(CONTENT).code == 250
            assert client.deliver(CONTENT).code == 250
        expected = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25" if version == "v1" else v2(b"\x21\x21", INET6)
        assert hop.preambles == [expected]
        assert hop.commands[0].startswith("EHLO")


def test_each_new_connection_to_the_next_hop_begins_with_a_header(rastel):
    hop = rastel.hops["v1"]
    hop.preambles.clear()
    closed = []

    def close_once(session, line):
        if not closed:
            closed.append(session)
            return peers.CLOSE

    hop.hooks["MAIL"] = close_once
    with rastel.client(4) as client:
        own = client.socket.getsockname()
        assert client.deliver(CONTENT).code == 250
    hop.hooks.clear()
    expected = f"PROXY TCP4 127.0.0.1 127.0.0.1 {own[1]} {rastel.door(4)}".encode()
    assert closed and hop.preambles == [expected, expected]


# A real haproxy

def haproxy(folder, closing, server, port, options=""):
    if shutil.which("haproxy") is None:
        pytest.skip("haproxy is not installed")
    front, admin = peers.free_port(), folder / "admin.sock"
    (folder / "haproxy.cfg").write_text(f"""
global
    stats socket {admin} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{front}
    default_backend out
backend out
    {options}
    server door 127.0.0.1:{port} {server}
""")
    process = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], stdin=subprocess.DEVNULL,
                               stdout=open(folder / "haproxy.log", "w"), stderr=subprocess.STDOUT)

    class Running:
        def stop(self):
            process.terminate()
            process.wait(20)

        def state(self):
            with socket.socket(socket.AF_UNIX) as asking:
                asking.connect(str(admin))
                asking.sendall(b"show stat\n")
                text = b"".join(iter(lambda: asking.recv(65536), b"")).decode()
            names, *rows = [line.split(",") for line in text.lstrip("# ").splitlines() if line]
            return next(dict(zip(names, row)) for row in rows if row[:2] == ["out", "door"])["status"]

    running = closing(Running())
    end = time.monotonic() + 20
    while not admin.exists() or process.poll() is not None:
        assert process.poll() is None and time.monotonic() < end, (folder / "haproxy.log").read_text()
        time.sleep(0.05)
    return front, running


@pytest.mark.parametrize("server", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl",
                                    "send-proxy check inter 300ms", "send-proxy-v2 check inter 300ms"])
def test_behind_a_real_haproxy(rastel, closing, tmp_path, server):
    options = "option smtpchk EHLO haproxy.example" if "check" in server else ""
    front, running = haproxy(tmp_path, closing, server, rastel.door(0), options)
    if "check" in server:  # its health checks speak for nobody: LOCAL, or with their own addresses
        end = time.monotonic() + 20
        while not running.state().startswith("UP"):
            assert time.monotonic() < end, running.state()
            time.sleep(0.1)
        time.sleep(1)
        assert running.state().startswith("UP")
    connection = socket.socket()
    connection.bind(("127.0.0.9", 0))
    connection.settimeout(30)
    connection.connect(("127.0.0.1", front))
    sender = f"{server.replace(' ', '-')}@elsewhere.example"
    with peers.Client(None, connection=connection) as client:
        assert client.deliver(CONTENT, sender=sender).code == 250
    assert "[127.0.0.9]" in rastel.history(sender, count=1)[0]["client"]


def test_a_tls_handshake_behind_the_header_is_left_in_the_stream(rastel):
    """This door speaks no TLS: the handshake's first bytes must reach the command parser whole, not be eaten."""
    outgoing = ssl.MemoryBIO()
    handshake = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="mx.example")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    hello = outgoing.read()
    connection = connect(rastel)
    connection.sendall(GOOD["2, IPv4"][0] + hello + b"\r\nNOOP\r\n")
    with peers.Client(None, connection=connection) as client:
        answers = []
        while not answers or answers[-1].code != 250:
            answers.append(client.reply())
        assert all(answer.code == 500 for answer in answers[:-1]) and len(answers) >= 2, answers
