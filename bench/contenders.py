# SPDX-License-Identifier: GPL-2.0-only
"""Who takes part: each started and ended here, in a temporary folder, on ports that the kernel gave, no system service.

A contender has `target` (where mail goes in), a sink of its own behind it (`sink`; clamd alone has none), `components`
(processes.py) and says whether it scans at all: one that doesn't may let EICAR pass.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import postfix
from processes import Component, memory

RASTEL_NAMES = {"rasteld": "master", "rastel-daemon": "daemon", "rastel-engine": "engine"}


def free_ports(count):
    """Different ones; they are free at this moment."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Sink:
    """`rastel sink`; when which message came, by the reverse-path that names it."""

    def __init__(self, binaries, lmtp=False):
        (self.port,) = free_ports(1)
        self.arrivals, self.guard = [], threading.Lock()
        self.process = subprocess.Popen([binaries / "rastel", "sink", "--json", "--listen", f"127.0.0.1:{self.port}",
                                         *(["--lmtp"] if lmtp else [])],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.guard:
                self.arrivals.append((time.monotonic(), line))

    def count(self):
        with self.guard:
            return len(self.arrivals)

    def last(self):
        with self.guard:
            return self.arrivals[-1][0] if self.arrivals else 0.0

    def take(self):
        """What came since the last call: the reverse-paths."""
        with self.guard:
            lines, self.arrivals = self.arrivals, []
        received = (json.loads(line) for _, line in lines)
        return [one["from"] for one in received if "from" in one]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Contender:
    name, scans, needs_root, programs = "", True, False, ()
    client = "smtp"

    def __init__(self, binaries, signatures):
        self.binaries, self.signatures = binaries, signatures
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"rastel-bench-{self.name}-"))
        self.folder.chmod(0o755)
        self.components, self.sink, self.target = [], None, None

    @classmethod
    def why_not(cls):
        if cls.needs_root and os.geteuid() != 0:
            return "needs root"
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        missing = [program for program in cls.programs if not shutil.which(program, path=path)]
        return f"not installed: {' '.join(missing)}" if missing else None

    def start(self):
        """Ready to take mail when it returns."""
        try:
            if self.client == "smtp":
                self.sink = Sink(self.binaries)
                self.wait_for_port(self.sink.port, None)
            self.begin()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for component in reversed(self.components):
            component.stop()
        if self.sink:
            self.sink.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, rest, command, **more):
        component = Component(rest, command, self.folder, **more)
        self.components.append(component)
        return component

    def begin(self):
        raise NotImplementedError

    def idle(self):
        """Whether everything that was accepted has left."""
        return True

    def seconds(self):
        total = {}
        for component in self.components:
            for name, seconds in component.seconds().items():
                total[name] = total.get(name, 0.0) + seconds
        return total

    def pids(self):
        return [pid for component in self.components for pid in component.pids()]

    def memory(self):
        return memory(self.pids())

    def wait(self, component, what, ready, seconds=240):
        end = time.monotonic() + seconds
        while not ready():
            if component is not None and not component.alive():
                raise RuntimeError(f"{self.name}: {component.rest} ended: {component.said()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name}: {what} is not there after {seconds} s: {component.said() if component else ''}")
            time.sleep(0.05)

    def wait_for_port(self, port, component):
        self.wait(component, f"port {port}", lambda: connects(socket.AF_INET, ("127.0.0.1", port)))

    def wait_for_socket(self, path, component):
        self.wait(component, str(path), lambda: connects(socket.AF_UNIX, str(path)))

    # Parts that several have

    def start_clamd(self):
        """Debian's clamd with its default limits; its socket."""
        path, configuration = self.folder / "clamd.sock", self.folder / "clamd.conf"
        configuration.write_text(f"Foreground yes\nLocalSocket {path}\nLocalSocketMode 666\nDatabaseDirectory {self.signatures}\n"
                                 f"TemporaryDirectory {self.scratch()}\nStreamMaxLength 100M\nMaxConnectionQueueLength 200\n"
                                 "SelfCheck 0\nFixStaleSocket yes\nLogTime no\n")
        component = self.add("clamd", ["clamd", "-c", configuration])
        self.wait_for_socket(path, component)
        return path

    def scratch(self):
        folder = self.folder / "scratch"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o1777)
        return folder

    def start_clamsmtp(self, next_port):
        path = self.start_clamd()
        (port,) = free_ports(1)
        configuration = self.folder / "clamsmtpd.conf"
        configuration.write_text(f"OutAddress: 127.0.0.1:{next_port}\nListen: 127.0.0.1:{port}\nClamAddress: {path}\n"
                                 f"TempDirectory: {self.scratch()}\nMaxConnections: 100\nAction: drop\n")
        component = self.add("clamsmtpd", ["clamsmtpd", "-d", "1", "-f", configuration])
        self.wait_for_port(port, component)
        return port

    def start_rastel(self, doors, engine=None, kind="smtp"):
        """`doors`: lists of lines of [[door.KIND]]. `engine`: another program in place of rastel-engine."""
        binaries = self.binaries
        if engine is not None:
            binaries = self.folder / "bin"
            binaries.mkdir()
            for program in ("rasteld", "rastel-daemon"):
                shutil.copy(self.binaries / program, binaries)
            shutil.copy(engine, binaries / "rastel-engine")
        user = "nobody" if os.geteuid() == 0 else "rastel"
        self.configuration = self.folder / "rastel.toml"
        text = (f"[site]\nhostname = \"rastel.bench\"\ndomains = [\"example.com\"]\nuser = \"{user}\"\n"
                f"run_directory = \"{self.folder}/run\"\n[signatures]\ndirectory = \"{self.signatures}\"\n"
                f"[store]\ndirectory = \"{self.folder}/store\"\n")
        for door in doors:
            text += f"[[door.{kind}]]\n" + "".join(f"{line}\n" for line in door)
        self.configuration.write_text(text)
        component = self.add("engine", [binaries / "rasteld", "-c", self.configuration], names=RASTEL_NAMES)
        self.wait(component, "a scanner", self.rastel_scans)
        return component

    def rastel_scans(self):
        answer = subprocess.run([self.binaries / "rastel", "-c", self.configuration, "status", "--json"], capture_output=True,
                                text=True, stdin=subprocess.DEVNULL, timeout=60)
        return answer.returncode == 0 and json.loads(answer.stdout).get("state") == "scanning"


def connects(family, address):
    with socket.socket(family) as probe:
        probe.settimeout(2)
        try:
            probe.connect(address)
            return True
        except OSError:
            return False


def door(port, next_port, place="before-queue", protocol="smtp"):
    return [f"name = \"{place}\"", f"protocol = \"{protocol}\"", f"listen = \"127.0.0.1:{port}\"", f"place = \"{place}\"",
            f"next_hop = \"127.0.0.1:{next_port}\"", "trusted = [\"127.0.0.1\"]", "max_sessions = 500"]


class Direct(Contender):
    name, scans = "direct", False

    def begin(self):
        self.target = f"127.0.0.1:{self.sink.port}"


class Rastel(Contender):
    name = "rastel"
    engine = None

    def begin(self):
        (port,) = free_ports(1)
        self.start_rastel([door(port, self.sink.port)], self.engine)
        self.target = f"127.0.0.1:{port}"


class RastelBlind(Rastel):
    """All of Rastel but the scanning itself."""
    name, scans = "rastel-blind", False

    def begin(self):
        self.engine = self.binaries.parent / "bench" / "rastel-engine"
        super().begin()


class Clamd(Contender):
    name, client, programs = "clamd", "instream", ("clamd",)

    def begin(self):
        self.target = str(self.start_clamd())


class Clamsmtp(Contender):
    name, programs = "clamsmtp", ("clamd", "clamsmtpd")

    def begin(self):
        self.target = f"127.0.0.1:{self.start_clamsmtp(self.sink.port)}"


class BehindPostfix(Contender):
    """Postfix takes the mail; `way` says how the scanner is wired to it."""
    needs_root, programs, way = True, ("postfix",), None

    def begin(self):
        port, reentry, scanner = free_ports(3)
        if self.way and self.way != "milter":
            scanner = self.start_scanner(reentry)
        milter = self.start_scanner(reentry) if self.way == "milter" else None
        self.postfix = postfix.Postfix(self.folder / "postfix", port, self.sink.port, self.way, scanner, reentry, milter)
        component = self.add("postfix", self.postfix.command(), environment=self.postfix.environment())
        self.wait_for_port(port, component)
        self.target = f"127.0.0.1:{port}"

    def start_scanner(self, reentry):
        raise NotImplementedError

    def idle(self):
        return self.postfix.queue_is_empty()


class PostfixAlone(BehindPostfix):
    name, scans = "postfix", False


class BehindMilter(BehindPostfix):
    """`tcp`: whether the milter protocol goes over TCP."""
    way, tcp = "milter", False

    def place(self):
        """As Postfix names it."""
        if self.tcp:
            (self.port,) = free_ports(1)
            return f"inet:127.0.0.1:{self.port}"
        return f"unix:{self.folder}/milter.sock"

    def wait_for(self, place, component):
        if self.tcp:
            self.wait_for_port(self.port, component)
        else:
            self.wait_for_socket(place.removeprefix("unix:"), component)


class PostfixMilter(BehindMilter):
    name, programs = "postfix-clamav-milter", ("postfix", "clamd", "clamav-milter")

    def start_scanner(self, reentry):
        place, configuration = self.place(), self.folder / "clamav-milter.conf"
        socket_of_milter = f"inet:{self.port}@127.0.0.1" if self.tcp else place
        configuration.write_text(f"MilterSocket {socket_of_milter}\nMilterSocketMode 666\nForeground yes\nFixStaleSocket yes\n"
                                 f"ClamdSocket unix:{self.start_clamd()}\nOnInfected Reject\nOnFail Defer\nAddHeader Replace\n"
                                 f"MaxFileSize 100M\nTemporaryDirectory {self.scratch()}\nUser root\n")
        component = self.add("clamav-milter", ["clamav-milter", "-c", configuration])
        self.wait_for(place, component)
        return place


class PostfixMilterTcp(PostfixMilter):
    name, tcp = "postfix-clamav-milter-tcp", True


class PostfixRastelMilter(BehindMilter):
    name = "postfix-rastel-milter"

    def start_scanner(self, reentry):
        place = self.place()
        self.start_rastel([["name = \"milter\"", f"listen = \"{place.removeprefix('inet:')}\"", "socket_mode = \"0666\""]], kind="milter")
        self.wait_for(place, None)
        return place


class PostfixRastelMilterTcp(PostfixRastelMilter):
    name, tcp = "postfix-rastel-milter-tcp", True


class PostfixRastel(BehindPostfix):
    def start_scanner(self, reentry):
        (port,) = free_ports(1)
        before = self.way == "before"
        self.start_rastel([door(port, reentry, "before-queue" if before else "after-queue",
                                "lmtp" if self.way == "after-lmtp" else "smtp")])
        return port


class PostfixRastelBefore(PostfixRastel):
    name, way = "postfix-rastel-before", "before"


class PostfixRastelAfterLmtp(PostfixRastel):
    name, way = "postfix-rastel-after-lmtp", "after-lmtp"


class PostfixRastelAfterSmtp(PostfixRastel):
    name, way = "postfix-rastel-after-smtp", "after-smtp"


class PostfixClamsmtp(BehindPostfix):
    programs = ("postfix", "clamd", "clamsmtpd")

    def start_scanner(self, reentry):
        return self.start_clamsmtp(reentry)


class PostfixClamsmtpBefore(PostfixClamsmtp):
    name, way = "postfix-clamsmtp-before", "before"


class PostfixClamsmtpAfter(PostfixClamsmtp):
    name, way = "postfix-clamsmtp-after", "after-smtp"


ALL = {one.name: one for one in (Direct, RastelBlind, Rastel, Clamd, Clamsmtp, PostfixAlone, PostfixRastelBefore,
                                 PostfixRastelAfterLmtp, PostfixRastelAfterSmtp, PostfixRastelMilter, PostfixRastelMilterTcp,
                                 PostfixMilter, PostfixMilterTcp, PostfixClamsmtpBefore, PostfixClamsmtpAfter)}
