# SPDX-License-Identifier: GPL-2.0-only
"""ripMIME, which writes the parts of one mail into a folder:  ripmime.py PAYLOAD-FILE <names
Says of each mail named on standard input, a line each, whether the payload came out of it: 1 or 0.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def comes_out(name, folder, payload):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        subprocess.run(["ripmime", "-q", "-i", name, "-d", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return False
    return any(payload in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def main(payload_file):
    payload = pathlib.Path(payload_file).read_bytes()
    with tempfile.TemporaryDirectory(prefix="rastel-ripmime-") as folder:
        for name in sys.stdin.read().splitlines():
            print(int(comes_out(name, pathlib.Path(folder, "parts"), payload)), flush=True)


main(*sys.argv[1:])
