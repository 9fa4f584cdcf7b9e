# SPDX-License-Identifier: GPL-2.0-only
"""Licence line on top, no forgotten work, nothing of the place where it was written; long files are pointed out."""
import re

import source

LONGEST = 400  # lines; beyond that a second look is asked for, no more
LICENSED = {".cpp", ".hpp", ".py", ".sh", ".cmake", ".toml"}
LICENSED_NAMES = {"dev", "run", "CMakeLists.txt", "debian-packages.txt"}
LICENCE = "SPDX-License-Identifier: GPL-2.0-only"
# Spelled in pieces, so that this file doesn't find itself.
FORBIDDEN = [
    (re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + r"XX)\b"), "unfinished work belongs into an issue"),
    (re.compile(r"(?<![\w.])/wo" + r"rk\b|/tmp/" + r"brief|\.\./sha" + "red/(?!corpora)"), "a path of one machine"),
    (re.compile(r"\b(Chat" + "GPT|Cla" + r"ude)\b|\bA" + r"I[- ](assistant|generated|session)", re.I), "who wrote it is git's to say"),
]
TEXT = {".cpp", ".hpp", ".py", ".sh", ".md", ".toml", ".cmake", ".txt", ""}


def check(root):
    complaints = []
    for path in source.files(root):
        if path.suffix not in TEXT or path.name in {"LICENSE", "COPYING.exception"}:
            continue
        lines = source.text(root, path).splitlines()
        if path.suffix in LICENSED or path.name in LICENSED_NAMES:
            if not any(LICENCE in line for line in lines[:2]):
                complaints.append(source.complaint(path, 1, f"the first line must be \"{LICENCE}\""))
        for number, line in enumerate(lines, 1):
            for pattern, why in FORBIDDEN:
                if match := pattern.search(line):
                    complaints.append(source.complaint(path, number, f'"{match[0]}": {why}'))
    return complaints


def remarks(root):
    return [source.complaint(path, count, f"{count} lines: can it be two files?")
            for path in source.files(root, ".cpp", ".hpp", ".py")
            if (count := len(source.text(root, path).splitlines())) > LONGEST]
