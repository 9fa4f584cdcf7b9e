# SPDX-License-Identifier: GPL-2.0-only
"""Mail that can't be scanned, by each reason, at one hook of each kind of door: what becomes of it with real mail servers is what
lab_reasons.py said before. The table is printed, and it is the one of docs/servers.md (--renew-servers writes it there). Needs
root; skipped with a reason elsewhere."""
import concurrent.futures
import traceback

import pytest

import conftest
import reasons
import roots
import servers_page
from lab_reasons import EXPECTED, REASONS

CELLS = [(session, hook, reason) for session, hooks in EXPECTED.items() for hook in hooks for reason in hooks[hook]]


@pytest.fixture(scope="module")
def measured(request):
    """{session: {hook: {reason: outcome}}, or why there is none} of the sessions that the chosen tests are about."""
    why_not = roots.why_not()
    if why_not:
        pytest.skip(why_not)
    chosen = {item.callspec.params["session"] for item in request.session.items
              if getattr(item, "originalname", "") == test_what_becomes_of_it.__name__}
    names = [name for name in EXPECTED if name in chosen]

    def one(name):
        try:
            return reasons.measure(name)
        except BaseException:  # told by each test that wanted it
            return traceback.format_exc()

    with concurrent.futures.ThreadPoolExecutor(len(EXPECTED)) as pool:
        found = dict(zip(names, pool.map(one, names)))
    conftest.tables.append(("mail that can't be scanned", ["hook", *REASONS], rows(found)))
    return found


def rows(found):
    """A column of which nothing is expected is "-"."""
    return [[hook, *(cells.get(reason, "?") if reason in EXPECTED[session][hook] else "-" for reason in REASONS)]
            for session, hooks in found.items() if isinstance(hooks, dict) for hook, cells in hooks.items()]


@pytest.mark.parametrize("session,hook,reason", CELLS, ids=[f"{hook}-{reason}" for _, hook, reason in CELLS])
def test_what_becomes_of_it(measured, session, hook, reason):
    assert isinstance(measured[session], dict), measured[session]
    assert measured[session][hook][reason] == EXPECTED[session][hook][reason]


def test_the_page_says_what_was_measured(measured, request):
    missing = {name: found for name, found in measured.items() if not isinstance(found, dict)}
    assert not missing and list(measured) == list(EXPECTED), missing
    text = servers_page.table(["hook", *REASONS], rows(measured))
    assert servers_page.says("unscanned", text, request.config.getoption("--renew-servers")), "--renew-servers writes it anew"
