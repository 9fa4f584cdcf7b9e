# SPDX-License-Identifier: GPL-2.0-only
"""What ./dev run does once all is built: rasteld with demo/rastel.toml, a `rastel sink` behind it, the sample mails sent
through the door one by one, and a table of what became of each. Then it stays until Ctrl-C; with --once it ends, with 0
only if every sample got the class its name begins with.

As root the daemon runs as `nobody`, who must reach programs and state: below a closed folder (/root) both move to /tmp.
"""
import argparse
import ctypes
import email.parser
import email.policy
import http.client
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import time

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
READY_WITHIN = 60  # seconds until a message would be scanned
PERSON = "demo"
PAGE_USER = "www-data"  # of every Debian; a server has a user rastel-page
SENDER, RECIPIENT = "sam@sender.example", "you@demo.example"
LONGEST_SOCKET = 107 - len("/run/control.sock")


class Trouble(Exception):
    pass


def stop_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: whatever kills us ends the children too


class Demonstration:
    def __init__(self, binaries, state):
        self.binaries, self.state = binaries.resolve(), state.resolve()
        self.children, self.temporary = [], None
        user = "nobody" if os.geteuid() == 0 else None
        if (user and not (reachable(self.state) and reachable(self.binaries))) or len(str(self.state)) > LONGEST_SOCKET:
            self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="rastel-demo-"))
            self.temporary.chmod(0o755)
            self.state = self.temporary / "state"
            self.state.mkdir()
            (self.temporary / "bin").mkdir()
            for program in self.binaries.glob("rastel*"):
                shutil.copy2(program, self.temporary / "bin")
            self.binaries = self.temporary / "bin"
        (self.state / "signatures").mkdir(exist_ok=True)
        self.configuration = self.state / "rastel.toml"
        text = (CHECKOUT / "demo/rastel.toml").read_text(encoding="utf-8")
        text = text.replace('"/build/demo', f'"{self.state}')
        if user:
            text = text.replace("[site]\n", f'[site]\nuser          = "{user}"\n', 1)
            text = text.replace("[http]\n", f'[http]\nuser   = "{PAGE_USER}"\n', 1)
        self.configuration.write_text(text, encoding="utf-8")
        self.password = self.page_user(self.state / "users")
        self.door = address(text, r"\[\[door\.smtp\]\].*?^listen\s*=")
        self.next_hop = address(text, r"^next_hop\s*=")
        self.health = address(text, r"\[http\].*?^listen\s*=")

    def page_user(self, file):
        """One who may use the page, with a password made up for this run."""
        password = secrets.token_urlsafe(12)
        done = subprocess.run([str(self.binaries / "rastel"), "user", "add", PERSON, "--role", "admin", "--file", str(file)],
                              input=password + "\n", capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Trouble(f"rastel user add: {done.stderr.strip()}")
        return password

    def begin(self, name, *words):
        log = self.state / f"{name}.log"
        with log.open("wb") as out:
            child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                     start_new_session=True, preexec_fn=stop_with_us, cwd=self.state)
        self.children.append((name, child, log))
        return child

    def start(self):
        for what, (host, port) in (("the door", self.door), ("the next hop", self.next_hop), ("/health", self.health)):
            free_or_trouble(what, host, port)
        self.begin("sink", self.binaries / "rastel", "sink", "--listen", "%s:%d" % self.next_hop)
        self.begin("rasteld", self.binaries / "rasteld", "-c", self.configuration)
        until = time.monotonic() + READY_WITHIN
        while not (self.healthy() and listens(*self.next_hop)):
            self.still_there()
            if time.monotonic() > until:
                raise Trouble(f"rasteld isn't ready after {READY_WITHIN} s:\n" + tail(self.state / "rasteld.log"))
            time.sleep(0.1)

    def still_there(self):
        for name, child, log in self.children:
            if child.poll() is not None:
                raise Trouble(f"{name} has ended ({child.returncode}):\n" + tail(log))

    def healthy(self):
        try:
            connection = http.client.HTTPConnection(*self.health, timeout=5)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def send(self, message):
        """(reply, milliseconds from the first command to the reply to the message)."""
        with smtplib.SMTP(*self.door, local_hostname="client.sender.example", timeout=120) as client:
            begin = time.monotonic()
            client.ehlo()
            client.mail(SENDER, ["BODY=8BITMIME"] if client.has_extn("8bitmime") else [])
            client.rcpt(RECIPIENT)
            code, words = client.data(message)
            return f"{code} {words.decode(errors='replace')}", (time.monotonic() - begin) * 1000

    def history(self):
        done = subprocess.run([str(self.binaries / "rastel"), "-c", str(self.configuration), "history", "--json", "--limit",
                               "1000"], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Trouble(f"rastel history: {done.stderr.strip()}")
        return {row["msgid"].strip("<>"): row for row in map(json.loads, done.stdout.splitlines())}

    def stop(self):
        for _, child, _ in reversed(self.children):  # rasteld first: it drains
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)
        elif os.geteuid() == 0 and os.environ.get("SUDO_UID"):
            owner, group = int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", "-1"))
            for folder, folders, files in os.walk(self.state):
                for name in [".", *folders, *files]:
                    os.chown(os.path.join(folder, name), owner, group, follow_symlinks=False)


def reachable(folder):
    """Whether everybody may walk into it."""
    return all(stat.S_IMODE(part.stat().st_mode) & 0o001 for part in [folder, *folder.parents])


def address(text, before):
    match = re.search(before + r'\s*"([^"]+):(\d+)"', text, re.S | re.M)
    if not match:
        raise Trouble(f"demo/rastel.toml has no address for {before}")
    return match[1], int(match[2])


def free_or_trouble(what, host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Trouble(f"{host}:{port} ({what}) can't be used: {error.strerror}. Does another ./dev run go on? The "
                          "addresses are in demo/rastel.toml") from None


def listens(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def tail(log, lines=15):
    try:
        return "\n".join("  " + line for line in log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    rows = rows[:1] + [["-" * width for width in widths] + ["---"]] + rows[1:]
    return "\n".join(" ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0])).rstrip() for row in rows)


def samples(folder):
    found = sorted(folder.glob("*.eml"))
    if not found:
        raise Trouble(f"no sample mails in {folder}")
    return found


def send_all(demonstration, folder):
    """Prints the table; whether every sample got its class."""
    sent = []
    for path in samples(folder):
        message = path.read_bytes()
        header = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(message)
        print(f"\r\033[K  sending {path.name}" if sys.stdout.isatty() else "", end="", flush=True)
        reply, spent = demonstration.send(message)
        demonstration.still_there()
        sent.append((path.stem, str(header["Message-ID"]).strip("<>"), reply, spent))
    print("\r\033[K" if sys.stdout.isatty() else "", end="")
    until = time.monotonic() + 10  # the history is written within a second
    while True:
        history = demonstration.history()
        if all(message_id in history for _, message_id, _, _ in sent) or time.monotonic() > until:
            break
        time.sleep(0.2)
    rows, wrong = [["message", "class", "disposition", "why", "ms", "reply"]], []
    for name, message_id, reply, spent in sent:
        row = history.get(message_id, {})
        message_class = row.get("class", "?")
        expected = name.split("-")[0]
        if message_class.split("(")[0] != expected:
            wrong.append(f"{name}: {message_class}, not {expected}")
        why = row.get("finding", "").strip() or (re.search(r"\((.*)\)", message_class) or ["", "-"])[1]
        rows.append([name, message_class, row.get("action", "?"), why, f"{spent:.0f}", reply[:60].replace("\n", " ")])
    print(table(rows))
    for line in wrong:
        print(f"WRONG CLASS {line}")
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--mail", type=pathlib.Path, required=True)
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--once", action="store_true")
    choice = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    demonstration = None
    try:
        demonstration = Demonstration(choice.bin, choice.state)
        demonstration.start()
        started_as = pwd.getpwuid(os.geteuid()).pw_name if known_user() else str(os.geteuid())
        print(f"rasteld is up (started as {started_as}); sending the sample mails of {choice.mail}", flush=True)
        good = send_all(demonstration, choice.mail)
        if choice.once:
            return 0 if good else 1
        print(f"""
door      {demonstration.door[0]}:{demonstration.door[1]}   e.g. swaks --server {demonstration.door[0]}:{demonstration.door[1]} --to {RECIPIENT} --attach FILE
page      http://{demonstration.health[0]}:{demonstration.health[1]}/   name {PERSON}, password {demonstration.password}
health    http://{demonstration.health[0]}:{demonstration.health[1]}/health, /metrics
rastel    {demonstration.binaries}/rastel -c {demonstration.configuration} status | history | quarantine list
logs      {demonstration.state}/rasteld.log, sink.log
Ctrl-C ends all of it.""", flush=True)
        while True:
            time.sleep(1)
            demonstration.still_there()
    except KeyboardInterrupt:
        print()
        return 0
    except (Trouble, OSError, smtplib.SMTPException, subprocess.TimeoutExpired) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    finally:
        if demonstration:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            demonstration.stop()


def known_user():
    try:
        return bool(pwd.getpwuid(os.geteuid()))
    except KeyError:
        return False


if __name__ == "__main__":
    sys.exit(main())
