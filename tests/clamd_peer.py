# SPDX-License-Identifier: GPL-2.0-only
"""clamd's protocol by hand, and the real clamdscan pointed at a door of ours."""
import array
import os
import re
import socket
import struct
import subprocess


def chunk(content):
    return struct.pack(">I", len(content)) + content


def stream(content, size=64 * 1024):
    """All of it in chunks, with the empty one behind."""
    return b"".join(chunk(content[at:at + size]) for at in range(0, len(content), size)) + chunk(b"")


class Connection:
    """To a unix socket's path or a port of this machine."""

    def __init__(self, address, timeout=60):
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(address if local else ("127.0.0.1", address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data, *descriptors):
        """The descriptors with the first octet."""
        if descriptors:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            sent = self.socket.sendmsg([data], rights)
            data = data[sent:]
        if data:  # else the answer may be there, and the other end closed
            self.socket.sendall(data)
        return self

    def answer(self, end=b"\0"):
        """One answer without its end."""
        data = b""
        while not data.endswith(end):
            more = self.socket.recv(4096)
            assert more, f"closed behind {data!r}"
            data += more
        return data[:-len(end)].decode()

    def rest(self):
        """Everything until the connection is closed."""
        data = b""
        while more := self.socket.recv(65536):
            data += more
        return data

    def closed(self):
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True


def ask(address, command, *descriptors):
    """One command without a session: its answer without the end."""
    with Connection(address) as connection:
        connection.send(b"z" + command + b"\0", *descriptors)
        return connection.rest().removesuffix(b"\0").decode()


def instream(address, content):
    with Connection(address) as connection:
        return connection.send(b"zINSTREAM\0" + stream(content)).rest().removesuffix(b"\0").decode()


def fildes(address, file, flags=os.O_RDONLY):
    """The answer with the descriptor's number left out."""
    number = os.open(file, flags)
    try:
        with Connection(address) as connection:
            connection.send(b"zFILDES\0").send(b"x", number)
            return re.sub(r"^fd\[\d+\]", "fd", connection.rest().removesuffix(b"\0").decode())
    finally:
        os.close(number)


def clamdscan(folder, address, *words, **options):
    """The real program; its configuration is written into `folder`."""
    file = folder / "clamdscan.conf"
    file.write_text(f"LocalSocket {address}\n" if isinstance(address, str) else f"TCPSocket {address}\nTCPAddr 127.0.0.1\n")
    return subprocess.run(["clamdscan", f"--config-file={file}", *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, **options)
