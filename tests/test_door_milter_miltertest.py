# SPDX-License-Identifier: GPL-2.0-only
"""The milter door, asked by OpenDKIM's miltertest, which knows the protocol from libmilter: scripts in tests/milter/."""
import pathlib
import subprocess

import pytest

import daemon
from test_door_milter import RULES

FOLDER = pathlib.Path(__file__).parent / "milter"


@pytest.fixture(scope="module")
def rastel():
    with daemon.Rastel(milter=[{}], sections={"policy": {"tag_subject": "[unsafe]"}}, rules=RULES) as running:
        yield running


@pytest.mark.parametrize("script", ["negotiation", "verdicts", "sessions", "edits"])
def test_the_script_ends_well(rastel, script):
    words = ["miltertest", "-D", f"where=unix:{rastel.address('milter')}", "-D", f"folder={FOLDER}",
             "-D", f"eicar={daemon.eicar().decode()}", "-s", str(FOLDER / f"{script}.lua")]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and not ended.stderr, f"{ended.stdout}{ended.stderr}\n{rastel.log()[-2000:]}"
