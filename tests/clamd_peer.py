# SPDX-License-Identifier: GPL-2.0-only
"""clamd's protocol by hand, and the real clamdscan pointed at a door of ours."""
import array
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile

import daemon
import peers

EICAR = "Eicar-Test-Signature"
CLEAN = peers.mail("nothing in it")
INFECTED = daemon.infected()
AMBIGUOUS = peers.mail("two boundaries", b"--a\r\n\r\nx\r\n--a--\r\n",
                       b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n")
BANNED = peers.mail("a program", b"--a\r\nContent-Type: application/octet-stream; name=setup.exe\r\n\r\nhello\r\n--a--\r\n",
                    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
MOST = 2 << 20  # engine.max_message, bytes


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
        self.waiting = b""  # received, and not asked for yet
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
        while end not in self.waiting:
            more = self.socket.recv(4096)
            assert more, f"closed behind {self.waiting!r}"
            self.waiting += more
        answer, _, self.waiting = self.waiting.partition(end)
        return answer.decode()

    def rest(self):
        """Everything until the connection is closed."""
        data, self.waiting = self.waiting, b""
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


class Scanner:
    """One rasteld with a door of each kind, and a folder whose files may be scanned."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rastel-clamd-"))
        self.folder.chmod(0o755)
        self.files = self.folder / "files"
        self.files.mkdir()
        self.port = peers.free_port()
        folders = [str(self.files)]
        self.rastel = daemon.Rastel(
            clamd=[{"scan_folders": folders, "reload": True, "findings": "policy"},
                   {"listen": f"127.0.0.1:{self.port}", "name": "tcp", "findings": "policy"},
                   {"scan_folders": folders, "name": "plain"}],
            sections={"engine": {"workers": 2, "max_message": "2MiB"}, "policy": {"banned_names": ["*.exe"]}})
        self.address = self.socket_of(0)
        self.plain = self.socket_of(2)
        self.rastel.start()

    def socket_of(self, number):
        return self.rastel.address("clamd", number)

    def fresh(self):
        shutil.rmtree(self.files)
        self.files.mkdir()
        return self

    def put(self, name, content, mode=0o644):
        file = self.files / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
        return file

    def clamdscan(self, *words, address=None):
        return clamdscan(self.folder, address or self.address, *words)

    def close(self):
        self.rastel.close()
        shutil.rmtree(self.folder, ignore_errors=True)
