# SPDX-License-Identifier: GPL-2.0-only
"""npm's parsers of mail, which tests/composition compares Rastel with, into build/oracles: exactly as the lock file beside
their driver names them, and none of them may run a script of its own. Quick when nothing has changed.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
SOURCE, PLACE = CHECKOUT / "tests/composition/oracles", CHECKOUT / "build/oracles"
NAMES = ("package.json", "package-lock.json")


def main():
    lock = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in NAMES)).hexdigest()
    mark = PLACE / "installed"
    if mark.exists() and mark.read_text() == lock:
        return
    if shutil.which("npm") is None:
        sys.exit("install_oracles: npm is missing: apt-get install nodejs npm (./dev test does it)")
    PLACE.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    for name in NAMES:
        shutil.copy(SOURCE / name, PLACE / name)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLACE, stdin=subprocess.DEVNULL,
                          env={**os.environ, "npm_config_update_notifier": "false", "npm_config_cache": str(PLACE / "cache")},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"install_oracles: npm ci failed:\n{done.stdout[-4000:]}")
    mark.write_text(lock)


main()
