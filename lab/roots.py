# SPDX-License-Identifier: GPL-2.0-only
"""The lab's file systems: one base root, one overlay layer a server, a throw-away tmpfs on top for each run.

Debian's mail servers conflict with each other, so each is installed into a layer of its own over one minimal Debian.
Both are built once and cached under build/lab; a lock file lets two runs build in turn, a `.done` marker says that a
folder is complete (what lacks it is thrown away and built again). Needs root and a kernel that mounts overlayfs.
"""
import contextlib
import ctypes
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent
STORE = (CHECKOUT / "build" / "lab").resolve()  # where it is a link, /proc/N/root would lead out of a session by it
BASE = STORE / "base"
CODENAME = "bookworm"
SERVERS = {
    "postfix": ["postfix", "procmail", "maildrop"],
    "dovecot": ["dovecot-core", "dovecot-lmtpd", "dovecot-imapd"],
    "exim": ["exim4-daemon-heavy", "procmail", "maildrop", "dovecot-core", "cyrus-imapd"],  # the light one asks no scanner
    "lists": ["postfix", "mlmmj"],
    "sendmail": ["sendmail-bin", "sensible-mda", "m4", "procmail", "maildrop"],
    "opensmtpd": ["opensmtpd", "procmail", "maildrop"],
    "cyrus": ["cyrus-imapd", "cyrus-admin", "sasl2-bin"],
    "courier": ["courier-mta", "procmail", "maildrop", "dovecot-core"],
    "delivery": ["postfix", "procmail", "maildrop", "dovecot-core", "cyrus-imapd"],
}
SAME_LAYER = {"qmail": "postfix"}  # a stand-in, which needs delivery programs alone
USERS = ["alice", "bob", "carol", "dave"]
CLONE_NEWNS = 0x00020000


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def why_not():
    """Why there can be no lab on this machine, or None."""
    if os.geteuid() != 0:
        return "the lab needs root (overlay mounts and network namespaces)"
    for program in ("mmdebstrap", "ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            return f"the lab needs {program}"
    STORE.mkdir(parents=True, exist_ok=True)
    # Both what the kernel may lack and what a container may forbid show only when it is tried.
    probe = ('set -e; d=$(mktemp -d "$0/probe.XXXXXX"); trap "umount $d/m 2>/dev/null; rm -rf $d" EXIT; '
             'mkdir $d/l $d/u $d/w $d/m; mount -t overlay overlay -o lowerdir=$d/l,upperdir=$d/u,workdir=$d/w $d/m; '
             'touch $d/m/x; ip link add probe0 type veth peer name probe1')
    answer = subprocess.run(["unshare", "-m", "-n", "-p", "-f", "sh", "-c", probe, str(STORE)],
                            capture_output=True, text=True)
    if answer.returncode != 0:
        return f"the lab can't mount or make namespaces here: {answer.stderr.strip().splitlines()[-1:]}"
    return None


# Makes $0/disk a disk with a quota, in $0. tmpfs, ext4 and XFS have quotas only in some kernels, btrfs in each that has it. Mixed:
# with small blocks, or those that it needs itself would be most of what the quota allows.
DISK_WITH_QUOTA = """
    cd "$0"; mkdir disk; truncate -s 32M image
    mkfs.btrfs -q --mixed image
    mount -o loop image disk
    btrfs quota enable disk; btrfs qgroup limit 100k disk
"""


@functools.cache
def why_no_quota():
    """Why there can be no disk with a quota on this machine, or None."""
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-ec", DISK_WITH_QUOTA, folder],
                                capture_output=True, text=True)
    return f"the lab can't make a disk with a quota here: {' '.join(answer.stderr.split())}" if answer.returncode else None


@contextlib.contextmanager
def locked(name):
    STORE.mkdir(parents=True, exist_ok=True)
    with open(STORE / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sources():
    """The machine's own apt sources for this Debian, so that its mirror is used and no other."""
    wanted = {CODENAME, f"{CODENAME}-updates", f"{CODENAME}-security"}
    lines = []

    def take(uri, suite, options=""):
        if suite in wanted:
            lines.append(f"deb {options}{uri} {suite} main")

    folder = pathlib.Path("/etc/apt/sources.list.d")
    for path in sorted(folder.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", re.sub(r"^#.*\n?", "", stanza, flags=re.M), re.M))
            if "deb" not in fields.get("Types", "deb").split() or "main" not in fields.get("Components", "").split():
                continue
            for uri in fields.get("URIs", "").split():
                for suite in fields.get("Suites", "").split():
                    take(uri, suite)
    for path in [pathlib.Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))]:
        if path.exists():
            for options, uri, suite, components in re.findall(
                    r"^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$", path.read_text(), re.M):
                if "main" in components.split():
                    take(uri, suite, options)
    return list(dict.fromkeys(lines)) or [f"deb http://deb.debian.org/debian {CODENAME} main",
                                          f"deb http://deb.debian.org/debian-security {CODENAME}-security main"]


def proxies():
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True).stdout
    return re.findall(r'^(Acquire::https?::(?:Proxy|Verify-Peer)[^ ]* "[^"]+");', dump, re.M)


def need_base():
    with locked("base"):
        if (BASE / ".done").exists():
            return
        shutil.rmtree(BASE, ignore_errors=True)
        print("lab: making a minimal Debian (once, about two minutes)", flush=True)
        # tzdata and adduser come along in an apt-variant root; the locale and manual files would only cost time.
        options = ["--aptopt=Acquire::Languages \"none\"", "--aptopt=APT::Install-Recommends \"0\"",
                   "--aptopt=Acquire::Retries \"3\"", "--dpkgopt=force-unsafe-io",
                   "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*"]
        options += [f"--aptopt={setting}" for setting in proxies()]
        run("mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--include=netbase,ca-certificates",
            "--skip=cleanup/apt/lists", *options, CODENAME, BASE, *sources(), stdin=subprocess.DEVNULL, start_new_session=True)
        policy = BASE / "usr/sbin/policy-rc.d"  # packages must not start what they install
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        (BASE / "etc/hostname").write_text("lab.test\n")
        (BASE / "etc/mailname").write_text("lab.test\n")
        for number, user in enumerate(USERS):
            run("chroot", BASE, "useradd", "-m", "-u", 2001 + number, "-s", "/bin/sh", user)
        (BASE / ".done").touch()


def layer(name):
    """The folder of a server's layer; another list of packages makes another layer."""
    name = SAME_LAYER.get(name, name)
    tag = hashlib.sha256(" ".join(SERVERS[name]).encode()).hexdigest()[:8]
    return STORE / "layers" / f"{name}-{tag}"


def need_layer(name):
    name = SAME_LAYER.get(name, name)
    need_base()
    upper = layer(name)
    with locked("apt"):
        if (upper / ".done").exists():
            return
        print(f"lab: installing {' '.join(SERVERS[name])}", flush=True)
        work = upper.with_suffix(".work")
        root = upper.with_suffix(".root")
        for folder in (upper, work, root):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        # The mounts live in a mount namespace of their own: whatever dies, nothing of them stays.
        script = """
            set -eu
            root=$1 base=$2 upper=$3 work=$4; shift 4
            mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work" "$root"
            mount -t proc proc "$root/proc"
            mount --rbind /dev "$root/dev"; mount --make-rslave "$root/dev"
            mount -t tmpfs tmpfs "$root/run"
            cat /etc/resolv.conf >"$root/run/resolv.conf" 2>/dev/null || :
            : >>"$root/etc/resolv.conf"
            mount --bind "$root/run/resolv.conf" "$root/etc/resolv.conf"
            cat /etc/hosts >"$root/run/hosts"; mount --bind "$root/run/hosts" "$root/etc/hosts"
            bundle=/etc/ssl/certs/ca-certificates.crt  # an https mirror may need an authority of this machine's own
            [ ! -e $bundle ] || [ ! -e "$root$bundle" ] || mount --bind $bundle "$root$bundle"
            install="apt-get -q -y -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dpkg::Use-Pty=0"
            chroot "$root" $install update
            chroot "$root" $install install --no-install-recommends "$@"
            chroot "$root" $install clean
        """
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
        with open(STORE / f"{name}.log", "w") as log:
            answer = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh",
                                     str(root), str(BASE), str(upper), str(work), *SERVERS[name]],
                                    env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)  # a terminal would stop apt in the background
        shutil.rmtree(work, ignore_errors=True)
        root.rmdir()
        if answer.returncode != 0:
            raise RuntimeError(f"installing {name} failed; see {STORE / f'{name}.log'}")
        (upper / ".done").touch()


def mount_root(name, place):
    """Mounts the server's root with a throw-away upper at `place`/root; only within a session (see session.py)."""
    place.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", place)
    for folder in ("upper", "scratch", "root"):
        (place / folder).mkdir()
    root = place / "root"
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={layer(name)}:{BASE},upperdir={place}/upper,workdir={place}/scratch", root)
    run("mount", "-t", "proc", "proc", root / "proc")
    run("mount", "--rbind", "/dev", root / "dev")
    run("mount", "--make-rslave", root / "dev")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "run")  # not for everybody: Sendmail looks
    (root / "run/lock").mkdir(mode=0o1777)
    # Nobody answers for names in here; asking the machine's own resolvers would cost ten seconds each time.
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 lab.test {socket.gethostname()}\n")
    return root


def binaries():
    return pathlib.Path(os.environ.get("RASTEL_BUILD", CHECKOUT / "build/debug")) / "bin"


def lend_programs(root, which):
    """Rastel's programs of this checkout; for "all", with those libraries that the root lacks: the machine's own."""
    (root / "usr/lib/rastel").mkdir(parents=True)
    run("mount", "--bind", binaries(), root / "usr/lib/rastel")
    (root / "usr/bin/rastel").symlink_to("../lib/rastel/rastel")
    if which == "small":
        return
    (root / "machine").mkdir()
    run("mount", "--bind", "/usr/lib", root / "machine")
    lent = root / "opt/rastel-libraries"
    lent.mkdir(parents=True)
    for program in ("rastel", "rastel-scan", "rastel-engine"):
        said = run("ldd", binaries() / program, capture_output=True, text=True).stdout
        for name, path in re.findall(r"(\S+) => (\S+)", said):
            place = path.removeprefix("/usr")  # /lib is a link to /usr/lib
            if not (root / "usr" / place[1:]).exists() and not (lent / name).is_symlink():
                (lent / name).symlink_to(place.replace("/lib", "/machine", 1))
    (root / "etc/ld.so.conf.d/rastel.conf").write_text("/opt/rastel-libraries\n")
    run("chroot", root, "ldconfig")


def set_namespace(path, kind):
    """setns(2), which Python 3.11 lacks: this thread only for a network namespace."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if library.setns(descriptor, kind) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


if __name__ == "__main__":  # all of them, for who will want them soon
    reason = why_not()
    if reason:
        raise SystemExit(reason)
    for server in SERVERS:
        need_layer(server)
