# SPDX-License-Identifier: GPL-2.0-only
"""Each check of ./dev lint finds what it is for, and says nothing about what is right."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import check_ambiguity  # noqa: E402
import check_files  # noqa: E402
import check_floors  # noqa: E402
import check_options  # noqa: E402
import check_programs  # noqa: E402
import check_references  # noqa: E402
import check_tidy  # noqa: E402
import lint  # noqa: E402

LICENCE = "// SPDX-License-Identifier: GPL-2.0-only\n"
OPTIONS = LICENCE + '''#include "base/options.hpp"
struct EngineOptions {
  std::uint32_t workers = 0;  // a comment; with a semicolon
  ByteCount scratch{256ULL << 20};
  std::vector<Network> networks{{"127.0.0.0/8"}, {"::1"}};
};
template <>
struct Rows<EngineOptions> {
  static constexpr std::tuple rows{
      Option{"workers", &EngineOptions::workers, 0U, 256U, "Scanners at a time."},
      Option{"scratch", &EngineOptions::scratch, ByteCount{1ULL << 20}, ByteCount{64ULL << 30},
             "Temporary space of a scanner."},
      Option{"networks", &EngineOptions::networks, "Where our own clients are."}};
};
'''
CONFIGURATION = LICENCE + '''struct Configuration {
  EngineOptions engine;
};
template <>
struct Rows<Configuration> {
  static constexpr std::tuple rows{
      Option{"engine", &Configuration::engine, "The scanners."}};
};
'''


@pytest.fixture
def tree(tmp_path):
    """tree({path: text}) lays files out and answers the folder."""
    def lay(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path
    return lay


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} isn't there: ./dev lint installs it")


# Floors.

@pytest.mark.parametrize("includer, included", [
    ("base/log.cpp", "verdict/report.hpp"),            # up
    ("policy/judge.cpp", "store/quarantine.hpp"),      # beside
    ("verdict/report.cpp", "protocol/smtp/reply.hpp"),
    ("store/history.cpp", "inspect/inspector.hpp"),
    ("doors/smtp/door.cpp", "doors/http/door.hpp"),    # across doors
    ("inspect/inspector.cpp", "doors/smtp/door.hpp"),
    ("doors/smtp/door.cpp", "configuration/configuration.hpp"),
    ("inspect/inspector.cpp", "message/reader.hpp"),   # only detect/ and the worker read messages
    ("sandbox/master.cpp", "message/reader.hpp"),
    ("base/log.cpp", "error.hpp"),                     # not from src/
])
def test_an_include_that_points_the_wrong_way_is_found(tree, includer, included):
    root = tree({f"src/{includer}": LICENCE + f'#include "{included}"\n'})
    assert len(check_floors.check(root)) == 1


@pytest.mark.parametrize("includer, included", [
    ("base/log.cpp", "base/error.hpp"), ("verdict/report.hpp", "base/message.hpp"), ("doors/smtp/door.cpp", "doors/smtp/door.hpp"),
    ("doors/smtp/door.cpp", "inspect/inspector.hpp"), ("app/daemon.cpp", "doors/http/door.hpp"),
    ("detect/engine.cpp", "message/reader.hpp"), ("sandbox/worker.cpp", "message/reader.hpp"), ("doors/options.hpp", "base/units.hpp"),
])
def test_an_include_that_points_down_is_fine(tree, includer, included):
    assert check_floors.check(tree({f"src/{includer}": f'#include "{included}"\n'})) == []


@pytest.mark.parametrize("place, wrong", [("net/stream.cpp", 1), ("base/sha256.cpp", 1), ("base/os/file.cpp", 0), ("sandbox/seccomp.cpp", 0)])
def test_linux_is_called_from_two_places_only(tree, place, wrong):
    assert len(check_floors.check(tree({f"src/{place}": "#include <sys/prctl.h>\n"}))) == wrong


# Files.

def test_a_missing_licence_line_is_found(tree):
    assert len(check_files.check(tree({"src/base/a.cpp": "int a;\n", "src/base/b.cpp": LICENCE}))) == 1


@pytest.mark.parametrize("words", ["TO" + "DO: later", "FIX" + "ME", "see /wo" + "rk/main", "in ../sha" + "red/design"])
def test_unfinished_work_and_foreign_paths_are_found(tree, words):
    assert len(check_files.check(tree({"src/base/a.cpp": LICENCE + f"// {words}\n"}))) == 1
    assert len(check_files.check(tree({"docs/page.md": words + "\n"}))) >= 1


def test_a_long_file_is_remarked_upon(tree):
    root = tree({"src/base/a.cpp": LICENCE + "\n" * 400, "src/base/b.cpp": LICENCE})
    assert check_files.check(root) == [] and len(check_files.remarks(root)) == 1


# Options.

def test_options_with_rows_are_fine(tree):
    assert check_options.check(tree({"src/detect/options.hpp": OPTIONS})) == []


@pytest.mark.parametrize("old, new, words", [
    ("  std::uint32_t workers = 0;", "  std::uint32_t workers = 0;\n  Duration deadline{std::chrono::seconds(300)};", "deadline has no row"),
    ("&EngineOptions::scratch", "&EngineOptions::workers", "scratch has no row"),
    ("&EngineOptions::workers", "&EngineOptions::wokers", "points to"),
    ('"Scanners at a time."', '""', "no sentence"),
    ("struct Rows<EngineOptions>", "struct Rows<OtherOptions>", "no Rows<EngineOptions>"),
])
def test_an_option_without_a_row_is_found(tree, old, new, words):
    assert old in OPTIONS
    complaints = check_options.check(tree({"src/detect/options.hpp": OPTIONS.replace(old, new)}))
    assert any(words in line for line in complaints), complaints


# Ambiguity.

FLAGS = LICENCE + '''constexpr std::array rows{
    AmbiguityRow{bare_cr, "BARE_CR", hard, "A CR without LF."},
    AmbiguityRow{yenc, "YENC", soft,
                 "A file in a text "
                 "by yEnc."},
};
'''
FLAGS_TOLD = "# Ambiguity\n\n| `BARE_CR` | hard | A CR without LF. |\n| `YENC` | soft | A file in a text by yEnc. |\n"


@pytest.mark.parametrize("old, new, words", [
    ("", "", None),
    ("| `YENC` | soft", "| `YENC` | hard", "YENC is soft"),
    ("by yEnc.", "by uuencode.", "YENC is soft: A file in a text by yEnc."),
    ("| `YENC` | soft | A file in a text by yEnc. |\n", "", "YENC is missing"),
    ("`YENC`", "`YEND`", "no flag YEND"),
])
def test_flags_are_told_as_they_are(tree, old, new, words):
    complaints = check_ambiguity.check(tree({"src/verdict/ambiguity.cpp": FLAGS, "docs/ambiguity.md": FLAGS_TOLD.replace(old, new, 1)}))
    assert (complaints == []) if words is None else any(words in line for line in complaints)


def test_rows_that_nobody_understands_are_no_rows(tree):
    assert len(check_ambiguity.check(tree({"src/verdict/ambiguity.cpp": LICENCE, "docs/ambiguity.md": ""}))) == 1


# References.

BASE = {
    "src/detect/options.hpp": OPTIONS, "src/configuration/configuration.hpp": CONFIGURATION,
    "src/app/cli.cpp": LICENCE + 'app.add_subcommand("status", "How it is");\nadd_flag("--json", x, "One object a line");\n',
    "docs/PROTOCOLS.md": "## A. SMTP\n\n| **A-01** | custody |\n", "docs/SURFACE.md": "## 3. Configuration\n",
    "dev": "case $verb in\n  run | lint) ;;\n  test) ;;\nesac\n",
}


@pytest.mark.parametrize("words", [
    "[more](SURFACE.md), `src/detect/options.hpp`, `src/app/`, detect/options.hpp, `src/*/options.hpp`",
    "`./dev run`, `./dev test`, `rastel status`, `rastel status --json`", "A-01, `engine.workers`, `[engine] scratch`",
    "`rastel explain` is planned", "docs/SURFACE.md, \"Configuration\"", "SURFACE 3", "`src/FLOOR/NAME_main.cpp`",
    "```toml\n[engine]\nworkers = 2\n```",
])
def test_references_that_exist_are_fine(tree, words):
    assert check_references.check(tree({**BASE, "docs/page.md": words + "\n"})) == []


@pytest.mark.parametrize("words", [
    "[more](MISSING.md)", "`src/detect/missing.hpp`", "detect/missing.hpp", "`lab/missing.py`", "`src/*/missing.hpp`",
    "`./dev fly`", "`rastel explain`", "`rastel status --missing`", "A-77", "`engine.wokers`", "`[engine] wokers = 2`",
    "docs/SURFACE.md, \"Missing\"", "SURFACE 9", "```toml\n[engine]\nwokers = 2\n```", "```toml\n[engine\n```",
])
def test_a_stale_reference_is_found(tree, words):
    assert check_references.check(tree({**BASE, "docs/page.md": words + "\n"})) != []


def test_stale_references_are_found_in_comments_and_sample_configurations(tree):
    root = tree({**BASE, "src/base/a.cpp": LICENCE + "// A-77, see detect/missing.hpp\nint b;\n", "demo/rastel.toml": "[engine]\nwokers = 1\n"})
    assert len(check_references.check(root)) == 3


# Foreign checkers.

def test_a_shell_mistake_is_found(tree):
    need("shellcheck")
    assert lint.check_shell(tree({"lab/a.sh": "#!/bin/sh\nrm -rf $1/\n"})) != []


def test_a_python_mistake_is_found(tree):
    need("pyflakes3")
    assert lint.check_python(tree({"tests/a.py": "import os\n"})) != []


def test_a_library_too_many_is_found(tree):
    section = " 0x0000000000000001 (NEEDED)             Shared library: [{}]\n"
    fine = "".join(section.format(name) for name in ("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6"))
    assert check_programs.complaints_about("x", fine) == []
    for name in ("libfmt.so.9", "libcrypto.so.3", "libcares.so.2"):
        assert len(check_programs.complaints_about("x", fine + section.format(name))) == 1
    root = tree({"build/debug/bin/rastel-deliver": "no program"})
    assert "readelf says nothing" in check_programs.check(root)[0]


def test_unformatted_code_is_found(tree):
    need("clang-format-19")
    root = tree({"src/base/a.cpp": "int  a ;\n"})
    shutil.copy(HERE.parent / ".clang-format", root)
    assert len(lint.check_format(root)) == 1
    (root / "src/base/a.cpp").write_text("int a;\n")
    assert lint.check_format(root) == []


def test_what_clang_tidy_finds_is_found(tree):
    need("clang-tidy-19")
    root = tree({"src/base/a.cpp": "int WrongName = 1;\n", "src/base/b.cpp": "int right_name = 1;\n"})
    shutil.copy(HERE.parent / ".clang-tidy", root)
    (root / "build").mkdir()
    (root / "build/compile_commands.json").write_text(
        "[" + ",".join(f'{{"directory": "{root}", "file": "src/base/{name}.cpp", "command": "clang++-19 -c src/base/{name}.cpp"}}'
                       for name in "ab") + "]")
    complaints = check_tidy.check(root, "build")
    assert any("WrongName" in line for line in complaints) and not any("right_name" in line for line in complaints)


def test_clang_tidy_looks_at_what_changed_first(tree, monkeypatch):
    monkeypatch.delenv("RASTEL_LINT_BASE", raising=False)
    root = tree({f"src/base/{name}.cpp": "" for name in "abc"} | {"src/base/b.hpp": ""})
    environment = {**os.environ, "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t",
                   "GIT_COMMITTER_EMAIL": "t@t", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}

    def git(*words):
        subprocess.run(["git", *words], cwd=root, env=environment, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    assert check_tidy.changed(root) is None  # nothing to compare with: everything is looked at
    (root / "src/base/b.hpp").write_text("// changed\n")
    git("commit", "-q", "-a", "-m", "second")
    (root / "src/base/d.cpp").write_text("")
    must, rest = check_tidy.choose(root, check_tidy.changed(root))
    assert must == ["src/base/b.cpp", "src/base/d.cpp"] and sorted(rest) == ["src/base/a.cpp", "src/base/c.cpp"]


# What is made from the source.

def test_the_reference_of_options_is_up_to_date():
    program = pathlib.Path(os.environ.get("RASTEL_BUILD", HERE.parent / "build/debug")) / "bin/rastel"
    made = subprocess.run([str(program), "config", "reference"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert made == (HERE.parent / "docs/configuration.md").read_text(encoding="utf-8"), "renew it: ./dev format"
