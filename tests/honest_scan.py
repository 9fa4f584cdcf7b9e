# SPDX-License-Identifier: GPL-2.0-only
"""What `rastel scan --json` says of a folder of messages."""
import json
import subprocess

import daemon


def scan(folder):
    """One object a message."""
    done = subprocess.run([daemon.BINARIES / "rastel", "scan", "--json", folder], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 1, 2), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
