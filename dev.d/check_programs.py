# SPDX-License-Identifier: GPL-2.0-only
"""The programs that mail servers start for each message link libc and libstdc++ only: each library more is time for every
message, and one that is missing after an upgrade would bounce mail (exit code 127). Looked at where they are built.
"""
import pathlib
import re
import subprocess

SMALL = ("rastel-deliver", "rastel-filter", "rastel-qmail-queue", "rastel-opensmtpd-filter",
         "rastel-courierfilter")
# libm and libgcc_s are libstdc++'s own.
ALLOWED = re.compile(r"^(libc|libstdc\+\+|libm|libgcc_s|ld-linux[\w-]*)\.so\.[0-9]+$")
KINDS = ("debug", "release")  # sanitizers are libraries, too
NEEDED = re.compile(r"\(NEEDED\).*\[([^\]]+)\]")


def complaints_about(name, dynamic_section):
    return [f"{name}: links {library}: libc and libstdc++ only" for library in NEEDED.findall(dynamic_section)
            if not ALLOWED.match(library)]


def check(root):
    complaints = []
    for kind in KINDS:
        for name in SMALL:
            path = pathlib.Path(root) / "build" / kind / "bin" / name
            if not path.exists():
                continue
            done = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=False)
            if done.returncode != 0 or not NEEDED.search(done.stdout):
                complaints.append(f"build/{kind}/bin/{name}: readelf says nothing of its libraries: {done.stderr.strip()}")
            complaints += complaints_about(f"build/{kind}/bin/{name}", done.stdout)
    return complaints
