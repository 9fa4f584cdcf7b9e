# SPDX-License-Identifier: GPL-2.0-only
"""`rasteld --check` and `rastel config …`: what is wrong is said with file, line and the nearest name."""
import subprocess

import pytest

import daemon

DEMO = daemon.CHECKOUT / "demo/rastel.toml"


def rastel(*words):
    return subprocess.run([str(daemon.BINARIES / "rastel"), *map(str, words)], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)


def rasteld(*words):
    return subprocess.run([str(daemon.BINARIES / "rasteld"), *map(str, words)], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)


def test_the_demonstrations_configuration_is_fine():
    assert rasteld("-c", DEMO, "--check").returncode == 0
    assert rastel("-c", DEMO, "config", "check").returncode == 0


def test_an_empty_file_is_a_configuration(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    answer = rasteld("-c", tmp_path / "empty.toml", "--check")
    assert answer.returncode == 0 and "0 doors" in answer.stdout


@pytest.mark.parametrize("text, words", [
    ("[engine]\nwokers = 2\n", ["bad.toml:2", "wokers", "workers"]),
    ("[enginee]\n", ["bad.toml:1", "enginee", "engine"]),
    ("[policy]\n\ninfected = \"rejct\"\n", ["bad.toml:3", "rejct", "reject"]),
    ("[engine]\ndeadline = 60\n", ["bad.toml:2", "deadline"]),
    ("[engine]\ndeadline = \"1ms\"\n", ["bad.toml:2", "deadline"]),
    ("[engine\n", ["bad.toml:1"]),
    ("[[door.smtp]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n", ["next_hop"]),
    ("[[door.smtp]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\nnext_hop = \"127.0.0.1:1\"\n", ["circle"]),
    ("[store]\ndirectory = \"relative\"\n", ["absolute"]),
    ("[policy]\ntag_subject = \"" + "x" * 201 + "\"\n", ["bad.toml:2", "tag_subject", "201", "200"]),
    ("[[door.milter]]\n", ["bad.toml:1", "milter"]),  # an option whose feature isn't there doesn't exist
])
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, words):
    (tmp_path / "bad.toml").write_text(text)
    for answer in (rasteld("-c", tmp_path / "bad.toml", "--check"), rastel("-c", tmp_path / "bad.toml", "config", "check"),
                   rasteld("-c", tmp_path / "bad.toml")):
        assert answer.returncode != 0
        for word in words:
            assert word in answer.stderr, (word, answer.stderr)


def test_two_mistakes_are_both_said(tmp_path):
    (tmp_path / "bad.toml").write_text("[engine]\nwokers = 2\n[policy]\nmood = \"enforce\"\n")
    answer = rastel("-c", tmp_path / "bad.toml", "config", "check")
    assert "wokers" in answer.stderr and "mood" in answer.stderr and "bad.toml:4" in answer.stderr


def test_what_is_shown_is_the_same_configuration(tmp_path):
    shown = rastel("-c", DEMO, "config", "show")
    assert shown.returncode == 0 and 'infected = "reject"' in shown.stdout
    (tmp_path / "shown.toml").write_text(shown.stdout)
    again = rastel("-c", tmp_path / "shown.toml", "config", "show")
    assert again.stdout == shown.stdout


def test_sample_and_reference_name_every_option(tmp_path):
    sample = rastel("config", "sample")
    (tmp_path / "sample.toml").write_text(sample.stdout)
    assert rasteld("-c", tmp_path / "sample.toml", "--check").returncode == 0
    reference = rastel("config", "reference").stdout
    for name in ("reply_deadline", "when_full", "confinement", "max_sessions", "line_breaks", "run_directory"):
        assert name in sample.stdout and name in reference


def test_a_missing_file_and_a_missing_daemon_are_said_plainly(tmp_path):
    answer = rasteld("-c", tmp_path / "none.toml")
    assert answer.returncode != 0 and "none.toml" in answer.stderr
    (tmp_path / "lonely.toml").write_text(f'[site]\nrun_directory = "{tmp_path}/run"\n')
    answer = rastel("-c", tmp_path / "lonely.toml", "status")
    assert answer.returncode == 69 and answer.stderr.count("\n") == 1


def test_unknown_verbs_are_refused():
    assert rastel("frobnicate").returncode != 0
    assert rastel("quarantine", "frobnicate").returncode != 0
