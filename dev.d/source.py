# SPDX-License-Identifier: GPL-2.0-only
"""What the checks share: the files of the checkout, and how a complaint looks."""
import pathlib
import subprocess

SKIPPED = {"build", ".git", "__pycache__", ".pytest_cache"}


def files(root, *suffixes, under=("",)):
    """Paths relative to `root`, sorted; without suffixes every file. What git ignores is not looked at."""
    root = pathlib.Path(root)
    found = []
    for folder in under:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if SKIPPED & set(relative.parts) or not path.is_file() or path.is_symlink():
                continue
            if not suffixes or path.suffix in suffixes:
                found.append(relative)
    return found


def text(root, relative):
    return (pathlib.Path(root) / relative).read_text(encoding="utf-8", errors="replace")


def complaint(relative, line, what):
    return f"{relative}:{line}: {what}"


def git(root, *arguments):
    """The output, or None: a tarball has no history, and the owner may be another user than we are."""
    done = subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=root, capture_output=True, text=True,
                          check=False)
    return done.stdout if done.returncode == 0 else None
