# SPDX-License-Identifier: GPL-2.0-only
"""No include points to a higher floor or across doors, and only detect/ and the worker read what message/ understands.

The table is the one of docs/ARCHITECTURE.md, "The house". Floors of one height don't know each other.
"""
import re

import source

FLOORS = {
    "base": 0,
    "verdict": 1, "protocol": 1,
    "edit": 2, "policy": 2, "store": 2, "net": 2, "piping": 2,
    "message": 3,
    "detect": 4,
    "sandbox": 5,
    "inspect": 6,
    "doors": 7, "page": 7,
    "configuration": 8,
    "app": 9,
}
MAY_READ_MESSAGES = ("message/", "detect/", "sandbox/worker")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
# The folder of portable fallbacks and Linux calls is base/os: nothing but base/ and sandbox/ knows the system directly.
SYSTEM_HEADER = re.compile(r"^\s*#\s*include\s*<(linux/[^>]+|sys/(?:prctl|syscall|epoll|signalfd|inotify|fanotify|capability)\.h|seccomp\.h)>")


def room(path):
    """The floor and, among doors, which door."""
    parts = path.split("/")
    return parts[0], parts[1] if parts[0] == "doors" and len(parts) > 2 else None


def problem(includer, included):
    """What is wrong with `included` standing in `includer` (both relative to src/), or None."""
    here, here_door = room(includer)
    there, there_door = room(included)
    if there not in FLOORS:
        return f'"{included}" is on no floor: write the path from src/'
    if here not in FLOORS:
        return f"{here}/ is on no floor of dev.d/check_floors.py"
    if there == "message" and not includer.startswith(MAY_READ_MESSAGES):
        return f'"{included}": only detect/ and the worker may know how a message is read'
    if here == there:
        if here_door != there_door and there_door is not None and here_door is not None:
            return f'"{included}": doors don\'t know each other'
        return None
    if FLOORS[there] >= FLOORS[here]:
        return f'"{included}" is on floor {FLOORS[there]}, {here}/ on floor {FLOORS[here]}'
    return None


def check(root):
    complaints = []
    for path in source.files(root, ".cpp", ".hpp", under=("src",)):
        inside = path.as_posix().removeprefix("src/")
        for number, line in enumerate(source.text(root, path).splitlines(), 1):
            if match := INCLUDE.match(line):
                if what := problem(inside, match[1]):
                    complaints.append(source.complaint(path, number, what))
            elif (match := SYSTEM_HEADER.match(line)) and not inside.startswith(("sandbox/", "base/os/")):
                complaints.append(source.complaint(path, number, f"<{match[1]}> belongs to sandbox/ or base/os/"))
    return complaints
