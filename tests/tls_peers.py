# SPDX-License-Identifier: GPL-2.0-only
"""A next hop that speaks TLS, or lies about it, and a client that does. What a next hop was told in clear is kept apart."""
import socket
import ssl
import warnings

import peers


def server_context(certificates, name="good", least=None, most=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = certificates.pair(name)
    context.load_cert_chain(pair["certificate"], pair["key"])
    limit(context, least, most)
    return context


def client_context(certificates, least=None, most=None):
    context = ssl.create_default_context(cafile=certificates.file("root.pem"))
    limit(context, least, most)
    return context


def limit(context, least, most):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that the old ones are old is the point
        if most is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = most
            if most in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                context.set_ciphers("ALL:@SECLEVEL=0")
        if least is not None:
            context.minimum_version = least


class _Session(peers._Session):
    secure = False

    def line(self):
        line = super().line()
        if not self.secure:
            with self.hop.lock:
                self.hop.in_clear.append(line)
        return line

    def wrap(self):
        self.connection = self.hop.context.wrap_socket(self.connection, server_side=True, suppress_ragged_eofs=False)
        self.hop.sessions.append(self.connection)
        self.secure, self.buffer = True, b""
        with self.hop.lock:
            self.hop.handshakes += 1

    def run(self):
        try:
            if self.hop.implicit:
                self.wrap()
            super().run()
        finally:
            self.connection.close()


class NextHop(peers.NextHop):
    """`behaviour` of STARTTLS: "honest", or a function of the session that does what a liar does instead of 220 and handshake.
    `offered`: what the EHLO line says, None for none. `inside`: the keywords inside TLS."""
    session = _Session

    def __init__(self, context, implicit=False, **options):
        self.implicit = implicit
        self.fresh(context)
        super().__init__({}, **options)
        self.fresh(context)

    def fresh(self, context):
        self.context, self.offered, self.behaviour, self.inside = context, "STARTTLS", "honest", peers.FULL
        self.clear_keywords = peers.FULL
        self.in_clear, self.handshakes = [], 0
        self.hooks = {"EHLO": self.hello, "LHLO": self.hello, "STARTTLS": self.starttls}
        if hasattr(self, "lock"):
            for kept in (self.messages, self.commands, self.unfinished):
                kept.clear()

    def hello(self, session, _):
        words = self.inside if session.secure else [*self.clear_keywords, *([self.offered] if self.offered else [])]
        lines = ["next.example", *words]
        return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)

    def starttls(self, session, _):
        if self.behaviour != "honest":
            return self.behaviour(session)
        if session.secure:
            return "503 5.5.1 in use already"
        session.say("220 2.0.0 go ahead")
        session.wrap()
        return False


class Client(peers.Client):
    """Speaks in clear until starttls()."""

    def starttls(self, context, name="door.test"):
        answer = self.command("STARTTLS")
        assert answer.code == 220, answer
        self.wrap(context, name)

    def wrap(self, context, name="door.test"):
        assert self.buffer == b""
        self.socket = context.wrap_socket(self.socket, server_hostname=name, suppress_ragged_eofs=False)


class ImplicitClient(Client):
    def __init__(self, port, context, name="door.test", **options):
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60), server_hostname=name,
                                         suppress_ragged_eofs=False)
        super().__init__(None, connection=connection, **options)
