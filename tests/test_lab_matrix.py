# SPDX-License-Identifier: GPL-2.0-only
"""Every hook of every mail server of the lab, with a message of each class and with Rastel away: what becomes of it is what
lab_outcomes.py said before. The sessions run beside each other. The table is printed, and it is the one of docs/servers.md
(--renew-servers writes it there). Needs root; skipped with a reason elsewhere."""
import concurrent.futures
import re
import subprocess
import traceback

import pytest

import conftest
import daemon
import matrix
import roots
import servers_page
import wiring
from lab_outcomes import CLASSES, EXPECTED

CELLS = [(session, hook, kind) for session, hooks in EXPECTED.items() for hook in hooks for kind in CLASSES]


@pytest.fixture(scope="module")
def measured(request):
    """{session: {hook: {class: outcome}}, or why there is none} of the sessions that the chosen tests are about."""
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    chosen = {item.callspec.params["session"] for item in request.session.items
              if getattr(item, "originalname", "") == test_what_becomes_of_it.__name__}
    names = [name for name in EXPECTED if name in chosen]

    def one(name):
        try:
            return matrix.measure(name)
        except BaseException:  # told by each test that wanted it
            return traceback.format_exc()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = dict(zip(names, pool.map(one, names)))
    conftest.tables.append(("mail servers", ["hook", *CLASSES], rows(found)))
    return found


def rows(found):
    return [[hook, *(cells.get(kind, "?") for kind in CLASSES)] for hooks in found.values() if isinstance(hooks, dict)
            for hook, cells in hooks.items()]


@pytest.mark.parametrize("session,hook,kind", CELLS, ids=[f"{hook}-{kind}" for _, hook, kind in CELLS])
def test_what_becomes_of_it(measured, session, hook, kind):
    assert isinstance(measured[session], dict), measured[session]
    assert measured[session][hook][kind] == EXPECTED[session][hook][kind]


def test_the_page_says_what_was_measured(measured, request):
    missing = {name: found for name, found in measured.items() if not isinstance(found, dict)}
    assert not missing and list(measured) == list(EXPECTED), missing
    text = servers_page.table(["hook", *CLASSES], rows(measured))
    assert servers_page.says("measured", text, request.config.getoption("--renew-servers")), "--renew-servers writes it anew"


PAGES = sorted(path.stem for path in (servers_page.PAGE.parent / "servers").glob("*.md"))


def blocks(page):
    """What stands in a page: (language, text) of each block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", (servers_page.PAGE.parent / "servers" / f"{page}.md").read_text(), re.M | re.S)


def words(line):
    return " ".join(line.split())


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_of_a_page_are_those_that_were_measured(page):
    names = {"dovecot": [page, "postfix"], "cyrus": [page, "postfix"],
             "pipe": ["postfix", "exim", "sendmail", "opensmtpd", "courier", "programs"]}.get(page, [page])
    script = "\n".join((roots.HERE / "servers" / f"{name}.sh").read_text() for name in names)
    script = words(script.replace("lmtp:inet:$store", "lmtp:inet:[127.0.0.1]:10725").replace("\\$", "$"))
    lines = [line for language, text in blocks(page) if not language for line in text.splitlines() if line.strip()]
    for line in map(words, lines):
        # Where the lab chooses by its client's port, the value stands among others.
        assert line in script or line.partition(" = ")[2] and line.partition(" = ")[2] in script, line
    wired = words(wiring.WIRING[page][0]().replace("{share}", "/run/rastel") + wiring.WIRING[page][2])
    lines = [line for language, text in blocks(page) if language for line in text.splitlines() if line.strip()]
    assert lines
    for line in map(words, lines):
        assert line in wired or line == "[site]" or line == "[store]" or line == f'release = "{wiring.WIRING[page][1]}"', line


@pytest.mark.parametrize("page", PAGES)
def test_the_configuration_of_a_page_is_valid(page, tmp_path):
    file = tmp_path / "rastel.toml"
    file.write_text("\n".join(text for language, text in blocks(page) if language == "toml"))
    answer = subprocess.run([daemon.BINARIES / "rasteld", "--check", "-c", file], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
