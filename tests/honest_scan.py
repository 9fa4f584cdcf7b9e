# SPDX-License-Identifier: GPL-2.0-only
"""What `rastel scan --json` says of a folder of messages, by an engine of its own that knows nothing but the test signatures:
what is asked of it is how it reads."""
import json
import os
import subprocess
import tempfile

import daemon


def scan(folder):
    """One object a message."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)  # workers are another user
        configuration = f"{place}/rastel.toml"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f'[site]\nrun_directory = "{place}/run"\n[signatures]\ndirectory = "{place}/none"\n')
        done = subprocess.run([daemon.BINARIES / "rastel", "-c", configuration, "scan", "--json", folder], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=600)
    assert done.returncode in (0, 1, 2) and done.stdout, done.stderr.decode(errors="replace")[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
