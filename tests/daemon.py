# SPDX-License-Identifier: GPL-2.0-only
"""A rasteld of a test's own: its configuration, its life and death, its processes, and `rastel` talking to it."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import peers

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
BINARIES = pathlib.Path(os.environ.get("RASTEL_BIN") or
                        pathlib.Path(os.environ.get("RASTEL_BUILD", CHECKOUT / "build/debug")) / "bin")


def eicar():
    return ("X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STAND" + "ARD-ANTIVIRUS" + "-TEST-FILE!" + "$H+H*").encode()


def infected(subject="look at this", extra=b""):
    return peers.mail(subject, eicar() + b"\r\n", extra)


def slow(subject, extra=b""):
    """Clean, and a second of work for a scanner; another text each time, or it would be remembered."""
    line = b'<p>a <a href="http://x.example/%d/%d">b</a> <b>c</b></p>\r\n'
    one = random.getrandbits(32)
    return peers.mail(subject, b"".join(line % (one, number) for number in range(150_000)), b"Content-Type: text/html\r\n" + extra)


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)  # strings, numbers, booleans


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def program(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.path.basename(words[0].decode())
    except (FileNotFoundError, ProcessLookupError):
        return ""


def alive(pid):
    """A killed process may be a zombie while threads of it still end, and hold what it had open."""
    try:
        dead = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
        return not dead or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def send_signal(pid, number):
    """To a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't come to that"
        time.sleep(0.05)


class Rastel:
    def __init__(self, *doors, clamd=(), milter=(), pipe=(), sections=None, rules=(), prefix=(), configuration=None):
        """`doors`: dictionaries of [[door.smtp]] keys ("next_hop" is enough); `clamd`, `milter`, `pipe`: of [[door.clamd]] and so on,
        which listen on sockets in the folder by default; `sections`: {"engine": {…}, …}; `rules`: dictionaries of [[policy.rule]]; `prefix`: what stands before the command; `configuration`: a function
        from (state folder, user) to a whole configuration instead."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rastel-test-"))
        self.folder.chmod(0o755)  # the daemon's user walks through it
        self.file = self.folder / "rastel.toml"
        self.log_file = self.folder / "log"
        self.signatures = self.folder / "signatures"
        self.signatures.mkdir()
        self.prefix, self.process = list(prefix), None
        self.http = peers.free_port()
        self.user = "nobody" if os.geteuid() == 0 else "rastel"
        if configuration is not None:
            self.file.write_text(configuration(self.folder, self.user))
            self.doors, self.others, self.sections, self.rules = [], {}, {}, []
            return
        self.doors = []
        for number, door in enumerate(doors):
            door = {"name": f"door{number}", "listen": f"127.0.0.1:{peers.free_port()}", "place": "before-queue",
                    "trusted": ["127.0.0.1"], **door}
            self.doors.append(door)
        self.others = {kind: [{"name": f"{kind}{number}", "listen": f"unix:{self.folder}/run/{kind}{number}.sock", "socket_mode": "0666", **door}
                              for number, door in enumerate(some)] for kind, some in (("clamd", clamd), ("milter", milter), ("pipe", pipe))}
        self.sections = {key: dict(value) for key, value in (sections or {}).items()}
        self.rules = list(rules)
        self.write_configuration()

    def write_configuration(self):
        sections = {"site": {"hostname": "rastel.test", "domains": ["lab.test"], "user": self.user,
                             "run_directory": str(self.folder / "run")},
                    "signatures": {"directory": str(self.signatures)},
                    "engine": {"workers": 2}, "http": {"listen": f"127.0.0.1:{self.http}"},
                    "store": {"directory": str(self.folder / "store")}}
        for name, values in self.sections.items():
            sections.setdefault(name, {}).update(values)
        text = "# SPDX-License-Identifier: GPL-2.0-only\n"
        for name, values in sections.items():
            text += f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in values.items()) + "\n"
        for rule in self.rules:
            text += "[[policy.rule]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in rule.items()) + "\n"
        for kind, doors in (("smtp", self.doors), *self.others.items()):
            for door in doors:
                text += f"[[door.{kind}]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in door.items()) + "\n"
        self.file.write_text(text)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        self.close()

    def start(self, ready=True):
        # Whatever becomes of the test, its rasteld ends with it.
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, "setpriv", "--pdeathsig", "KILL", str(BINARIES / "rasteld"), "-c", str(self.file)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
        if ready:
            try:
                self.wait_ready()
            except BaseException:
                self.close()
                raise
        return self

    def status(self):
        answer = self.cli("status", "--json", check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 and answer.stdout.strip() else {}

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while self.status().get("state") != "scanning":
            assert self.process.poll() is None, f"rasteld ended with {self.process.returncode}:\n{self.log()[-3000:]}"
            assert time.monotonic() < end, f"rasteld is not ready after {seconds} s: {self.status()}\n{self.log()[-3000:]}"
            time.sleep(0.1)

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=40):
        """Ends it in order; its exit status."""
        if self.process.poll() is None:
            self.send_signal(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"rasteld did not end in {seconds} s:\n{self.log()[-3000:]}") from None
        return status

    def kill(self):
        """Kills all of it at once, without a word."""
        if self.process is None:
            return
        victims = self.everything()
        for pid in [self.process.pid, *victims]:
            send_signal(pid, signal.SIGCONT)
            send_signal(pid, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 10
        while any(alive(pid) for pid in victims) and time.monotonic() < end:
            time.sleep(0.01)

    def close(self):
        if self.process is not None:
            if self.process.poll() is None:
                for pid in self.everything():
                    send_signal(pid, signal.SIGCONT)
                self.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def lines(self, message_id):
        """The log lines of one message."""
        return [line for line in self.log().splitlines() if f"{message_id}:" in line]

    # Processes

    def everything(self):
        found, waiting = [], [self.process.pid]
        while waiting:
            below = children(waiting.pop())
            found += below
            waiting += below
        return found

    def daemon(self):
        return next(pid for pid in children(self.process.pid) if program(pid) == "rastel-daemon")

    def zygotes(self):
        return [pid for pid in children(self.process.pid) if program(pid) == "rastel-engine"]

    def workers(self):
        return [pid for zygote in self.zygotes() for pid in children(zygote)]

    def kill_part(self, part):
        """SIGKILL to "daemon", "zygote" or "worker", all of that name; how many there were."""
        if part == "daemon":
            victims = [pid for pid in children(self.process.pid) if program(pid) == "rastel-daemon"]
        else:
            victims = self.zygotes() if part == "zygote" else self.workers()
        for pid in victims:
            send_signal(pid, signal.SIGKILL)
        return len(victims)

    def stop_workers(self, seconds=30):
        """All of them, once each stands ready: one that came up afterwards would take the message of the stopped."""
        full = self.sections.get("engine", {}).get("workers", 2) + 1  # and a spare
        end = time.monotonic() + seconds
        while True:
            before = set(self.workers())
            counts = self.status().get("workers", {})
            if counts == {"idle": full, "busy": 0, "starting": 0} and len(before) == full and set(self.workers()) == before:
                break
            assert time.monotonic() < end, f"{counts}, {before}"
            time.sleep(0.05)
        for pid in before:
            os.kill(pid, signal.SIGSTOP)
        return sorted(before)

    @staticmethod
    def resume_workers(stopped):
        """Those of them that are still alive."""
        for pid in filter(alive, stopped):
            os.kill(pid, signal.SIGCONT)

    def scans_under_way(self):
        return self.status().get("scans", {}).get("under_way", 0)

    def wait_for_a_scan(self, seconds=20):
        """Until one is under way."""
        end = time.monotonic() + seconds
        while not self.scans_under_way():
            assert time.monotonic() < end, "no scan began"
            time.sleep(0.02)

    # Talking to it

    def door(self, number=0):
        listen = self.doors[number]["listen"]
        return listen.removeprefix("unix:") if listen.startswith("unix:") else int(listen.rsplit(":", 1)[1])

    def address(self, kind, number=0):
        """Of a door of another kind: a socket's path or a port of this machine."""
        listen = self.others[kind][number]["listen"]
        return listen.removeprefix("unix:") if listen.startswith("unix:") else int(listen.rsplit(":", 1)[1])

    def client(self, number=0, **options):
        options.setdefault("lmtp", self.doors[number].get("protocol") == "lmtp")
        return peers.Client(self.door(number), **options)

    def cli(self, *words, check=True, text=True):
        answer = subprocess.run([str(BINARIES / "rastel"), "-c", str(self.file), *map(str, words)],
                                stdin=subprocess.DEVNULL, capture_output=True, text=text, timeout=60)
        assert not check or answer.returncode == 0, f"rastel {words}: {answer.returncode} {answer.stderr}"
        return answer

    def rows(self, *words):
        return [json.loads(line) for line in self.cli(*words, "--json").stdout.splitlines()]

    def held(self, everything=False):
        return self.rows("quarantine", "list", *(["--all"] if everything else []))

    def raw(self, message_id):
        return self.cli("quarantine", "raw", message_id, text=False).stdout

    def history(self, *words, count=0, seconds=10):
        """The newest first; waits until there are `count` rows, as they are written in batches."""
        end = time.monotonic() + seconds
        while len(rows := self.rows("history", *words)) < count:
            assert time.monotonic() < end, f"{len(rows)} rows of history, {count} expected: {rows}"
            time.sleep(0.1)
        return rows
