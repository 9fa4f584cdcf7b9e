# SPDX-License-Identifier: GPL-2.0-only
"""`rastel scan --json` over files and folders, with an engine of its own that knows the test signatures, if nothing else is
asked for."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import daemon

CONFIGURATION = """# SPDX-License-Identifier: GPL-2.0-only
[site]
hostname = "rastel.test"
run_directory = "{folder}/run"
[signatures]
directory = "{folder}/signatures"
[store]
directory = "{folder}/store"
"""


class Scanned:
    """What is said of one message."""

    def __init__(self, said):
        self.said = said
        self.parts = said["parts"]
        self.hard = [flag["code"] for flag in said["flags"] if flag["gravity"] == "hard"]

    def has(self, sha256):
        return any(part["sha256"] == sha256 for part in self.parts)

    def found(self, signature):
        """This was found in what was taken out of the message, though maybe not with its exact bytes. (Once something is found
        parts aren't scanned any more, so it need not be said of the part.)"""
        return any(finding["name"] == signature for finding in self.said["findings"])


def said(*paths, binaries=None, signatures=None):
    """One object a message. `signatures`: a folder whose files are known besides the test signatures."""
    with tempfile.TemporaryDirectory(prefix="rastel-scan-") as folder:
        os.chmod(folder, 0o755)  # the engine is another user
        file = pathlib.Path(folder, "rastel.toml")
        file.write_text(CONFIGURATION.format(folder=folder))
        known = pathlib.Path(folder, "signatures")
        known.mkdir()
        for path in pathlib.Path(signatures).iterdir() if signatures else ():
            shutil.copy(path, known)
        done = subprocess.run([str((binaries or daemon.BINARIES) / "rastel"), "scan", "--json", "-c", str(file), *map(str, paths)],
                              capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stdout.decode("utf-8", errors="replace").splitlines()]
    assert done.returncode in (0, 1, 2) and lines, (done.returncode, done.stderr[-2000:])
    return lines


def scan(*paths, binaries=None):
    """Path of each file: what is said of it."""
    return {pathlib.Path(line["path"]): Scanned(line) for line in said(*paths, binaries=binaries)}
