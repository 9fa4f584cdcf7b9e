#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One mail server in its own root (roots.py), but on the machine's own network: for tests whose other side is outside of the
lab. Mounts and processes live in namespaces that end with the test.

with alone.Server("exim", script, folder) as server: …   runs `script` in the root, where `folder` is seen as /share.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import roots  # noqa: E402


def inside(name, folder, script):
    """The first process of the namespaces: it becomes the server."""
    place = roots.STORE / "mounts" / f"alone-{name}"
    root = roots.mount_root(name, place)
    (root / "share").mkdir()
    roots.run("mount", "--bind", folder, root / "share")
    os.chroot(root)
    os.chdir("/")
    os.execv("/bin/sh", ["/bin/sh", script])


class Server:
    def __init__(self, name, script, folder):
        """`script`: its name within `folder`."""
        roots.need_layer(name)
        self.folder = pathlib.Path(folder)
        with open(self.folder / "start.log", "w") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                 sys.executable, __file__, name, str(self.folder), f"/share/{script}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_for(self, port, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 2).close()
                return self
            except OSError:
                said = (self.folder / "start.log").read_text(errors="replace")[-2000:]
                assert self.process.poll() is None and time.monotonic() < end, f"nothing answers at {port}: {said}"
                time.sleep(0.1)

    def close(self):
        if self.process.poll() is None:
            # The first process of its namespace, with which all others end. --kill-child alone isn't enough: a server that
            # changes its user no longer hears of its parent's end.
            below = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for pid in [*map(int, below), self.process.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()


if __name__ == "__main__":
    inside(*sys.argv[1:])
