# SPDX-License-Identifier: GPL-2.0-only
"""Builds ui/ (Vite, TypeScript) and writes what came out as C++, so that the page's program carries it: it can open no
file. All happens in build/ui, whatever the kind of build; it is quick when nothing has changed. Packages come from the
npm registry exactly as ui/package-lock.json names them, and none of them may run a script of its own.
"""
import argparse
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
SOURCE, PLACE = CHECKOUT / "ui", CHECKOUT / "build/ui"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml"}


def sources():
    return sorted(path for path in SOURCE.rglob("*") if path.is_file() and "node_modules" not in path.parts)


def digest(paths):
    sum_of_all = hashlib.sha256()
    for path in paths:
        sum_of_all.update(f"{path.relative_to(CHECKOUT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return sum_of_all.hexdigest()


def done_before(name, value):
    mark = PLACE / name
    return mark.exists() and mark.read_text() == value


def run(*words):
    environment = {**os.environ, "npm_config_update_notifier": "false", "npm_config_cache": str(PLACE / "cache")}
    done = subprocess.run(words, cwd=PLACE, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"build_ui: {' '.join(words)} failed:\n{done.stdout[-4000:]}")


def install():
    """Packages, for the lock file of now."""
    lock = digest([SOURCE / "package.json", SOURCE / "package-lock.json"])
    if done_before("packages", lock) and (PLACE / "node_modules").is_dir():
        return
    if shutil.which("npm") is None:
        sys.exit("build_ui: npm is missing: apt-get install nodejs npm (./dev does it)")
    (PLACE / "packages").unlink(missing_ok=True)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    (PLACE / "packages").write_text(lock)


def build():
    """build/ui/dist, for the sources of now."""
    state = digest(sources())
    if done_before("built", state) and (PLACE / "dist").is_dir():
        return
    (PLACE / "built").unlink(missing_ok=True)
    for path in sources():
        target = PLACE / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for path in (PLACE / "src").rglob("*"):  # what is no longer in the source
        if path.is_file() and not (SOURCE / path.relative_to(PLACE)).exists():
            path.unlink()
    install()
    run("npm", "run", "--silent", "build")
    (PLACE / "built").write_text(state)


def as_cpp():
    dist = PLACE / "dist"
    text = ["// Made by dev.d/build_ui.py from ui/.", "#include <array>", '#include "page/assets.hpp"', "namespace rastel::page {",
            "namespace {"]
    rows = []
    for number, path in enumerate(sorted(path for path in dist.rglob("*") if path.is_file())):
        content = path.read_bytes()
        if path.suffix not in TYPES:
            sys.exit(f"build_ui: {path.name}: its type isn't known here")
        numbers = ",".join(str(byte if byte < 128 else byte - 256) for byte in content)
        text.append(f"constexpr char file_{number}[] = {{{numbers}}};")
        rows.append(f'    Asset{{"/{path.relative_to(dist)}", "{TYPES[path.suffix]}", {{file_{number}, {len(content)}}}}},')
    text += [f"constexpr std::array<Asset, {len(rows)}> all{{", *rows, "};", "}  // namespace",
             "std::span<const Asset> built_assets() { return all; }", "}  // namespace rastel::page", ""]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path)
    choice = parser.parse_args()
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / "lock", "w", encoding="utf-8") as lock:  # several kinds may be built at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        build()
        text = as_cpp()
    if choice.out:
        choice.out.parent.mkdir(parents=True, exist_ok=True)
        choice.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
