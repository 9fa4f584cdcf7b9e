# SPDX-License-Identifier: GPL-2.0-only
"""./dev lint [CHECK…]: what must be true of the source besides passing tests. Each check can fail: test_checks.py."""
import pathlib
import subprocess
import sys
import time

import check_ambiguity
import check_files
import check_floors
import check_options
import check_programs
import check_references
import check_tidy
import source


def told(command, root, paths):
    """A foreign checker: what it says is the complaint."""
    if not paths:
        return []
    done = subprocess.run([*command, *map(str, paths)], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return (done.stdout + done.stderr).splitlines() or [f"{command[0]} ended with {done.returncode}"]


def check_format(root):
    paths = source.files(root, ".cpp", ".hpp", under=("src",))
    lines = told(["clang-format-19", "--dry-run", "-Werror", "--ferror-limit=1"], root, paths)
    return [line for line in lines if "error:" in line]


def check_shell(root):
    scripts = [path for path in source.files(root)
               if path.suffix == ".sh" or (not path.suffix and source.text(root, path).startswith(("#!/bin/sh", "#!/bin/bash")))]
    return told(["shellcheck", "--severity=info"], root, scripts)


def check_python(root):
    return told(["pyflakes3"], root, source.files(root, ".py"))


CHECKS = {
    "floors": check_floors.check,
    "files": check_files.check,
    "options": check_options.check,
    "references": check_references.check,
    "programs": check_programs.check,
    "ambiguity": check_ambiguity.check,
    "shell": check_shell,
    "python": check_python,
    "format": check_format,
    "tidy": check_tidy.check,
}


def main(names):
    root = pathlib.Path(__file__).resolve().parent.parent
    for name in names:
        if name not in CHECKS:
            print(f"lint: no check {name}; there are: {' '.join(CHECKS)}", file=sys.stderr)
            return 2
    failed = []
    for name in names or CHECKS:
        begin = time.monotonic()
        complaints = CHECKS[name](root)
        for line in complaints:
            print(line)
        print(f"lint: {name}: {'%d complaints' % len(complaints) if complaints else 'good'} ({time.monotonic() - begin:.1f} s)", flush=True)
        if complaints:
            failed.append(name)
    if not names or "files" in names:
        for line in check_files.remarks(root):
            print(f"lint: remark: {line}")
    print(f"lint: FAILED: {' '.join(failed)}" if failed else "lint: all good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
