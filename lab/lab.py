#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Real mail servers on one machine.   lab.py play SERVER   |   import lab; with lab.start("postfix") as postfix: …

A session is a process in a mount, pid and network namespace of its own: whatever dies, no process, mount or interface
stays behind. Within it each server has its own root (roots.py) and its own network namespace on one bridge:

    10.99.0.1 the hub, where clients are    10.99.0.2 postfix    10.99.0.3 dovecot

Rastel runs on the machine's own root, but in Postfix's network namespace, where it listens on 127.0.0.1.
"""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import roots  # noqa: E402

MOUNTS = roots.STORE / "mounts"
ADDRESSES = {"postfix": "10.99.0.2", "dovecot": "10.99.0.3"}
NEEDS = {"postfix": ["dovecot", "postfix"]}
PORTS = {"postfix": [2501, 2511, 2502], "dovecot": [24, 143, 12345]}
CLONE_NEWNET = 0x40000000


def inside(server):
    """The session's first process. Says READY when everything is mounted and started; ends with its standard input."""
    roots.run("mount", "-t", "tmpfs", "tmpfs", "/run")  # /run/netns, without a trace on the machine's own
    os.mkdir("/run/netns")
    roots.run("ip", "link", "set", "lo", "up")
    # Fixed hardware addresses: stale ARP entries cost many seconds otherwise.
    roots.run("ip", "link", "add", "br0", "address", "02:63:00:00:00:01", "type", "bridge",
              "forward_delay", "0")
    roots.run("ip", "addr", "add", "10.99.0.1/24", "dev", "br0")
    roots.run("ip", "link", "set", "br0", "up")
    for name in NEEDS[server]:
        address = ADDRESSES[name]
        number = int(address.rsplit(".", 1)[1])
        roots.run("ip", "netns", "add", name)
        roots.run("ip", "link", "add", f"veth{number}", "type", "veth", "peer", "name", "eth0", "address",
                  f"02:63:00:00:00:{number:02x}", "netns", name)
        roots.run("ip", "link", "set", f"veth{number}", "master", "br0", "up")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"], ["route", "add", "default", "via", "10.99.0.1"]):
            roots.run("ip", "-n", name, *words)
        root = roots.mount_root(name, MOUNTS / name)
        shutil.copy(roots.HERE / "servers" / f"{name}.sh", root / "root/start.sh")
        subprocess.Popen(["ip", "netns", "exec", name, "chroot", str(root), "/bin/sh", "/root/start.sh",
                          ADDRESSES["dovecot"]], stdin=subprocess.DEVNULL,
                         stdout=open(root / "root/start.log", "w"), stderr=subprocess.STDOUT)
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

    def __init__(self, server):
        self.server = server
        for name in NEEDS[server]:
            roots.need_layer(name)
        for name in NEEDS[server]:
            (MOUNTS / name).mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            ["unshare", "-m", "-p", "-n", "-f", "--kill-child=SIGKILL", "--mount-proc", "--propagation", "private",
             sys.executable, "-B", str(pathlib.Path(__file__).resolve()), "inside", server],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "READY":
            self.stop()
            raise RuntimeError("the lab's session did not start")
        self.first = int(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])
        try:
            for name in NEEDS[server]:
                for port in PORTS[name]:
                    self.wait_for(ADDRESSES[name], port, name)
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

    def root(self, name):
        """A server's root as a path of this mount namespace."""
        return pathlib.Path(f"/proc/{self.first}/root{MOUNTS}/{name}/root")

    def network(self, name=None):
        """The namespace file of a server, or of the hub."""
        return f"/proc/{self.first}/root/run/netns/{name}" if name else f"/proc/{self.first}/ns/net"

    def in_network(self, name=None):
        """What stands before a command that is to run in that network, on the machine's own root."""
        return ["nsenter", f"--net={self.network(name)}", "--"]

    def command(self, name, *words, check=True):
        """Runs a command in a server's root; its standard output."""
        answer = subprocess.run(
            ["nsenter", "-t", str(self.first), "-m", "-p", f"--net={self.network(name)}", "--", "chroot",
             str(MOUNTS / name / "root"), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
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

    def wait_for(self, address, port, name=None, seconds=60):
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

    # Postfix and Dovecot

    def maildir(self, user):
        """Path and bytes of each message in a user's INBOX, with CRLF line ends as on the wire."""
        folder = self.root("dovecot") / "home" / user / "Maildir"
        return {path.name: path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                for part in ("new", "cur") for path in (folder / part).glob("*")}

    def queue(self):
        """Postfix's queue: one object a message."""
        return [json.loads(line) for line in self.command("postfix", "postqueue", "-j").splitlines()]

    def mail_log(self):
        return (self.root("postfix") / "var/log/mail.log").read_text(errors="replace")


def start(server):
    return Lab(server)


def rastel_configuration(state, user):
    """The three doors that Postfix is wired to, and four to which strangers connect, with a Postfix behind each; `state`: a
    folder for all that Rastel keeps."""
    doors = "".join(f"""
[[door.smtp]]
name     = "{name}"
protocol = "{protocol}"
listen   = "127.0.0.1:{port}"
next_hop = "127.0.0.1:10026"
place    = "{place}"
trusted  = ["127.0.0.1"]
""" for name, protocol, port, place in (("after-smtp", "smtp", 10025, "after-queue"),
                                        ("after-lmtp", "lmtp", 10125, "after-queue"),
                                        ("before", "smtp", 10225, "before-queue")))
    doors += "".join(f"""
[[door.smtp]]
name     = "{name}"
listen   = "0.0.0.0:{port}"
next_hop = "127.0.0.1:{next_hop}"
{more}
""" for name, port, next_hop, more in (("by-xclient", 10325, 10027, 'forward_client = "xclient"'),
                                       ("by-proxy", 10425, 10028, 'next_hop_proxy = "v2"'),
                                       ("by-nothing", 10525, 10029, ""),
                                       ("submission", 10625, 10030, 'place = "outbound"\nforward_client = "xclient"\n'
                                                                    'auth_without_tls = true')))
    return f"""# SPDX-License-Identifier: GPL-2.0-only
[site]
hostname      = "rastel.lab.test"
domains       = ["lab.test"]
user          = "{user}"
run_directory = "{state}/run"

[signatures]
directory = "{state}/signatures"

[[policy.rule]]
recipients = ["carol@lab.test"]
infected   = "quarantine"

[[policy.rule]]
recipients = ["dave@lab.test"]
infected   = "tag"

[http]
listen = "127.0.0.1:8025"

[store]
directory = "{state}/store"
release   = "127.0.0.1:10026"
{doors}"""


def play(server):
    """`./dev lab SERVER`: the server wired to Rastel, until Ctrl-C."""
    if server not in NEEDS:
        sys.exit(f"lab: no server \"{server}\"; there are: {' '.join(NEEDS)}")
    reason = roots.why_not()
    if reason:
        sys.exit(f"lab: {reason}")
    binaries = pathlib.Path(os.environ.get("RASTEL_BUILD", roots.CHECKOUT / "build/debug")) / "bin"
    # Ctrl-C goes to everything at the terminal: only this process shall act on it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="rastel-lab-") as folder, start(server) as lab:
        os.chmod(folder, 0o755)
        configuration = pathlib.Path(folder) / "rastel.toml"
        configuration.write_text(rastel_configuration(folder, "nobody"))
        rasteld = subprocess.Popen(lab.in_network("postfix") + ["setpriv", "--pdeathsig", "KILL", str(binaries / "rasteld"),
                                                                "-c", str(configuration)], process_group=0)
        try:
            lab.wait_for("127.0.0.1", 10025, "postfix")
            swaks = f"{' '.join(lab.in_network())} swaks --from you@elsewhere.example --to alice@lab.test --server 10.99.0.2"
            print(f"""
Postfix runs, wired to Rastel; mail for alice, bob, carol (infected = "quarantine") and dave (infected = "tag") at lab.test.
  after the queue, SMTP    {swaks}:2501
  after the queue, LMTP    {swaks}:2511
  before the queue         {swaks}:2502 --body "$(python3 -c 'import sys; sys.path.insert(0, "demo"); import make_mail; print(make_mail.eicar().decode())')"
  mailboxes                ls {lab.root('dovecot')}/home/*/Maildir/new
  Postfix's log            tail -f {lab.root('postfix')}/var/log/mail.log
  Rastel                   {binaries}/rastel -c {configuration} status   (or: history, quarantine list)
Ctrl-C ends all of it.""", flush=True)
            rasteld.wait()
            sys.exit(f"lab: rasteld ended with {rasteld.returncode}")
        except KeyboardInterrupt:
            pass
        finally:
            rasteld.terminate()
            try:
                rasteld.wait(10)
            except subprocess.TimeoutExpired:
                rasteld.kill()


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(sys.argv[2])
    elif sys.argv[1:2] == ["play"] and len(sys.argv) == 3:
        play(sys.argv[2])
    else:
        sys.exit("usage: lab.py play SERVER")
