# SPDX-License-Identifier: GPL-2.0-only
"""clang-tidy-19 with the checks of .clang-tidy, on what changed; then on as many of the other files as time allows.

What changed: since the common ancestor with origin's branch, or, when that is where we are, since the commit before;
plus what isn't committed. RASTEL_LINT_BASE=COMMIT says otherwise, RASTEL_LINT_ALL=1 looks at everything however long it
takes. Otherwise no file is begun after `budget` seconds, and how many were left is said.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import time

import source

budget = float(os.environ.get("RASTEL_TIDY_SECONDS", "180"))


def changed(root):
    """Files that differ from the base, or None if there is nothing to compare with."""
    base = os.environ.get("RASTEL_LINT_BASE")
    head = (source.git(root, "rev-parse", "HEAD") or "").strip()
    if not base:
        upstream = source.git(root, "merge-base", "HEAD", "origin/HEAD") or source.git(root, "merge-base", "HEAD", "origin/main")
        base = (upstream or "").strip()
        if not base or base == head:
            base = (source.git(root, "rev-parse", "HEAD~1") or "").strip()
    if not base:
        return None
    names = (source.git(root, "diff", "--name-only", base) or "") + (source.git(root, "ls-files", "--others", "--exclude-standard") or "")
    return set(names.split())


def choose(root, names):
    """(what must be looked at, the rest): paths of sources; a changed header counts for the source of its name."""
    sources = [path.as_posix() for path in source.files(root, ".cpp", under=("src",))]
    if names is None:
        return sources, []
    must = [path for path in sources if path in names or path.removesuffix(".cpp") + ".hpp" in names]
    rest = [path for path in sources if path not in must]
    random.Random(source.git(root, "rev-parse", "HEAD") or "").shuffle(rest)
    return must, rest


def look(root, database, path):
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(database), path], cwd=root, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode == 0 and not any(": warning:" in line or ": error:" in line for line in lines):
        return []
    here = str(pathlib.Path(root).resolve()) + "/"
    return [line.replace(here, "") for line in lines] or [f"{path}: clang-tidy ended with {done.returncode}: {done.stderr[-300:]}"]


def check(root, database="build/tidy"):
    database = pathlib.Path(root) / database
    commands = json.loads((database / "compile_commands.json").read_text(encoding="utf-8"))
    compiled = {(pathlib.Path(command["directory"]) / command["file"]).resolve() for command in commands}
    must, rest = choose(root, changed(root))
    wanted = [path for path in must + rest if (pathlib.Path(root) / path).resolve() in compiled]
    everything = bool(os.environ.get("RASTEL_LINT_ALL"))
    begin = time.monotonic()
    complaints, looked_at = [], 0

    def one(path):
        if not everything and time.monotonic() - begin > budget:
            return None
        return look(root, database, path)

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, found in zip(wanted, pool.map(one, wanted)):
            if found is not None:
                looked_at += 1
                complaints += found
                if found:
                    print(f"clang-tidy: {path}: {len(found)} lines", flush=True)
    print(f"clang-tidy: {looked_at} of {len(wanted)} files looked at ({len(must)} of them changed)"
          + ("" if looked_at == len(wanted) else "; the others had no time: RASTEL_LINT_ALL=1 ./dev lint tidy"), flush=True)
    return complaints
