#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Real mail servers on one machine.   import lab; with lab.start("postfix") as postfix: …

A session (sessions.py) is a process in a mount, pid and network namespace of its own: whatever dies, no process, mount or
interface stays behind. Within it each server has its own root (roots.py) and its own network namespace on one bridge:

    10.99.0.1 the hub, where clients are    10.99.0.2 postfix    10.99.0.3 dovecot    …

Rastel runs on the machine's own root, but in the mail server's network namespace, where it listens on 127.0.0.1. `share` is a
folder of the machine that each server sees as /run/rastel: the place of unix sockets.
"""
import contextlib
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import roots  # noqa: E402
import sessions  # noqa: E402

MOUNTS = roots.STORE / "mounts"
CLONE_NEWNET = 0x40000000
SPOOL = "var/tmp"  # where Rastel's programs put what they are given


def lend_spool(root, folder, group):
    """Rastel sees the server's spool where the server has it, and its user is of the group that may read it."""
    gid = next(line.split(":")[2] for line in (root / "etc/group").read_text().splitlines() if line.startswith(f"{group}:"))
    roots.run("mount", "-t", "tmpfs", "tmpfs", pathlib.Path(folder).parent)
    os.mkdir(folder)
    roots.run("mount", "--bind", f"{root}{folder}", folder)
    others = [line for line in pathlib.Path("/etc/group").read_text().splitlines() if not line.startswith(f"{group}:")]
    pathlib.Path("/run/group").write_text("\n".join([*others, f"{group}:x:{gid}:nobody", ""]))
    roots.run("mount", "--bind", "/run/group", "/etc/group")


def small_disk(folder, size):
    """In place of a folder, and whose that is."""
    there = folder.stat()
    options = f"size={size},uid={there.st_uid},gid={there.st_gid},mode={there.st_mode & 0o7777:o}"
    roots.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder)


def disk_with_quota(root, user):
    """In place of a user's home and mailbox, where the machine can make one; who needs it asks roots.why_no_quota()."""
    place, home, mailbox = root.parent / "quota", root / "home" / user, root / "var/mail" / user
    place.mkdir()
    try:
        roots.run("sh", "-ec", roots.DISK_WITH_QUOTA, place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        return
    roots.run("cp", "-a", f"{home}/.", place / "disk")
    roots.run("mount", "--bind", place / "disk", home)
    owner = home.stat()
    for file in (home / "mailbox", mailbox):
        file.touch(0o600)
        os.chown(file, owner.st_uid, owner.st_gid)
    roots.run("mount", "--bind", home / "mailbox", mailbox)


def start_server(name, session_name, share):
    """In its root and a network namespace of its own."""
    session = sessions.SESSIONS[session_name]
    address = sessions.SERVERS[name].address
    number = int(address.rsplit(".", 1)[1])
    roots.run("ip", "netns", "add", name)
    roots.run("ip", "link", "add", f"veth{number}", "type", "veth", "peer", "name", "eth0", "address",
              f"02:63:00:00:00:{number:02x}", "netns", name)
    roots.run("ip", "link", "set", f"veth{number}", "master", "br0", "up")
    for words in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/24", "dev", "eth0"],
                  ["link", "set", "eth0", "up"], ["route", "add", "default", "via", "10.99.0.1"]):
        roots.run("ip", "-n", name, *words)
    root = roots.mount_root(name, MOUNTS / name)
    for folder in sessions.SERVERS[name].small_disks:
        small_disk(root / folder, "1m")
    if sessions.SERVERS[name].quota:
        disk_with_quota(root, sessions.SERVERS[name].quota)
    (root / "run/rastel").mkdir()
    roots.run("mount", "--bind", share, root / "run/rastel")
    if name == session.mta and session.lent:
        roots.lend_programs(root, session.lent)
        small_disk(root / SPOOL, "64m")
    if name == session.mta and session.spool:
        lend_spool(root, *session.spool)
    shutil.copy(roots.HERE / "servers" / f"{name}.sh", root / "root/start.sh")
    for part in ("programs.sh", "cyrus-imapd.sh"):  # that scripts read
        shutil.copy(roots.HERE / "servers" / part, root / "root")
    with open(root / "root/start.log", "w") as log:
        program = sessions.SERVERS[name].program
        starts = [sys.executable, "-B", str(roots.HERE / program), str(root)] if program else ["chroot", str(root), "/bin/sh"]
        subprocess.Popen(["ip", "netns", "exec", name, *starts, "/root/start.sh", sessions.SERVERS[session.mailboxes].address,
                          session_name], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def inside(name, share):
    """The session's first process. Says READY when everything is mounted and started; ends with its standard input."""
    roots.run("mount", "-t", "tmpfs", "tmpfs", "/run")  # /run/netns, without a trace on the machine's own
    os.mkdir("/run/netns")
    roots.run("ip", "link", "set", "lo", "up")
    # Fixed hardware addresses: stale ARP entries cost many seconds otherwise.
    roots.run("ip", "link", "add", "br0", "address", "02:63:00:00:00:01", "type", "bridge",
              "forward_delay", "0")
    roots.run("ip", "addr", "add", "10.99.0.1/24", "dev", "br0")
    roots.run("ip", "link", "set", "br0", "up")
    for server in sessions.SESSIONS[name].servers:
        start_server(server, name, share)
    print("READY", flush=True)
    while True:  # as process 1 it must also bury what others leave
        readable, _, _ = select.select([0], [], [], 1)
        if readable and not os.read(0, 4096):
            return
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


class Lab:
    """A running session, from outside."""

    def __init__(self, name):
        self.name, self.session = name, sessions.SESSIONS[name]
        for server in self.session.servers:
            roots.need_layer(server)
            (MOUNTS / server).mkdir(parents=True, exist_ok=True)
        self.share = pathlib.Path(tempfile.mkdtemp(prefix="rastel-lab-"))
        self.share.chmod(0o755)
        self.process = subprocess.Popen(
            ["unshare", "-m", "-p", "-n", "-f", "--kill-child=SIGKILL", "--mount-proc", "--propagation", "private",
             sys.executable, "-B", str(pathlib.Path(__file__).resolve()), name, str(self.share)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "READY":
            self.stop()
            raise RuntimeError("the lab's session did not start")
        self.first = int(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])
        try:
            for server in self.session.servers:
                for port in sessions.SERVERS[server].ports:
                    self.wait_for(sessions.SERVERS[server].address, port, server)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.share, ignore_errors=True)

    def root(self, name):
        """A server's root as a path of this mount namespace."""
        return pathlib.Path(f"/proc/{self.first}/root{MOUNTS}/{name}/root")

    def network(self, name=None):
        """The namespace file of a server, or of the hub."""
        return f"/proc/{self.first}/root/run/netns/{name}" if name else f"/proc/{self.first}/ns/net"

    def in_network(self, name=None):
        """What stands before a command that is to run in that network, on the machine's own root."""
        return ["nsenter", f"--net={self.network(name)}", "--"]

    def beside_mta(self):
        """What stands before rasteld's command: in the network of the mail server, and where that has a spool for it, with
        this in its place. /proc must be that of the machine's processes, as rasteld is one of them."""
        if not self.session.spool:
            return self.in_network(self.session.mta)
        return ["nsenter", f"--mount=/proc/{self.first}/ns/mnt", f"--net={self.network(self.session.mta)}", "--", "unshare",
                "--mount", "--propagation", "private", "sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh"]

    def within(self, name):
        """What stands before a command that is to run in a server's root."""
        return ["nsenter", "-t", str(self.first), "-m", "-p", f"--net={self.network(name)}", "--", "chroot",
                str(MOUNTS / name / "root")]

    def command(self, name, *words, check=True):
        """Runs a command in a server's root; its standard output."""
        answer = subprocess.run([*self.within(name), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and answer.returncode != 0:
            raise RuntimeError(f"{words}: {answer.stderr}")
        return answer.stdout

    def in_thread(self, name, function):
        """Calls `function` in a thread that is in that network; sockets made there stay there."""
        result = []

        def body():
            try:
                roots.set_namespace(self.network(name), CLONE_NEWNET)
                result.append((function(), None))
            except BaseException as error:  # handed to the caller
                result.append((None, error))

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        value, error = result[0]
        if error is not None:
            raise error
        return value

    def connect(self, address, port, name=None, timeout=10):
        return self.in_thread(name, lambda: socket.create_connection((address, port), timeout))

    def wait_for(self, address, port, name=None, seconds=120):
        end = time.monotonic() + seconds
        while True:
            try:
                self.connect(address, port, name, 2).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    log = self.root(name) / "root/start.log" if name else None
                    said = log.read_text()[-1000:] if log and log.exists() else ""
                    raise RuntimeError(f"nothing answers at {address}:{port}: {said}") from None
                time.sleep(0.1)

    # Mail

    def mailbox(self, user):
        """Path and bytes of each message in a user's INBOX, with CRLF line ends as on the wire."""
        pattern = sessions.MAILBOXES[self.session.mailboxes].format(user=user)
        found = {}
        for path in self.root(self.session.mailboxes).glob(pattern):
            with contextlib.suppress(FileNotFoundError):  # a Maildir's files move
                found[path.name] = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return found

    def queue(self):
        """What the mail server says of each message that waits in its queue."""
        return self.command(self.session.mta, *sessions.QUEUES[self.session.mta][0]).splitlines()

    def flush(self):
        """Has the mail server try all that waits."""
        self.command(self.session.mta, *sessions.QUEUES[self.session.mta][1], check=False)

    def mail_log(self):
        log = self.root(self.session.mta) / sessions.LOGS[self.session.mta]
        return log.read_text(errors="replace") if log.exists() else ""


def start(name):
    return Lab(name)


if __name__ == "__main__":
    inside(*sys.argv[1:])
