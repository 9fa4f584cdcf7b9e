# SPDX-License-Identifier: GPL-2.0-only
"""What real mail servers do when the delivery program behind rastel-deliver ends with a code, by a signal, or isn't there; when
something is wrong with Rastel; and with real delivery programs in trouble: delivered, deferred, bounced, held is what
lab_exit_codes.py said before. The tables are printed, and they are those of docs/deliver.md (--renew-servers writes them there).
Needs root; skipped with a reason elsewhere."""
import concurrent.futures
import pathlib
import traceback

import pytest

import conftest
import exit_codes
import roots
import servers_page
from lab_exit_codes import CALLERS, ENDS, PAIRS, STATES, of_program

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "deliver.md"


@pytest.fixture(scope="module")
def measured(request):
    """{session: what was measured, or why there is nothing} of the sessions that the chosen tests are about."""
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    chosen = set()
    for item in request.session.items:
        parameters = getattr(item, "callspec", None) and item.callspec.params
        if parameters and item.module.__name__ == __name__:
            chosen.add(CALLERS[parameters["caller"]][0] if "caller" in parameters else PAIRS[parameters["pair"]][0])
    names = [name for name in exit_codes.names() if name in chosen]

    def one(name):
        try:
            return exit_codes.measure(name)
        except BaseException:  # told by each test that wanted it
            return traceback.format_exc()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = dict(zip(names, pool.map(one, names)))
    for title, (columns, rows) in zip(("exit codes of delivery programs", "delivery programs"), tables(found)):
        conftest.tables.append((title, columns, rows))
    return found


def tables(found):
    return exit_codes.tables([one for one in found.values() if not isinstance(one, str)])


@pytest.mark.parametrize("caller", CALLERS)
def test_each_end_is_understood_as_it_was_meant(measured, caller):
    name, _, _, expected = CALLERS[caller]
    assert not isinstance(measured[name], str), measured[name]
    assert {end: measured[name].callers[caller, end] for end in [*ENDS, *STATES]} == expected


@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
def test_a_real_delivery_program_in_each_state(measured, pair):
    name, expected = PAIRS[pair][0], of_program(*pair)
    assert not isinstance(measured[name], str), measured[name]
    reason = exit_codes.by_disk(pair, "over quota") and roots.why_no_quota()
    if reason:
        del expected["over quota"]
    assert {state: measured[name].pairs[*pair, state] for state in expected} == expected
    if reason:
        pytest.skip(f"as expected in all states but over quota: {reason}")


def written(found):
    return "".join(servers_page.table(columns, rows) + "\n" for columns, rows in tables(found))


def test_the_page_says_what_was_measured(measured, request):
    missing = {name: found for name, found in measured.items() if isinstance(found, str)}
    assert not missing and list(measured) == exit_codes.names(), missing
    if roots.why_no_quota():
        pytest.skip(roots.why_no_quota())
    renew = request.config.getoption("--renew-servers")
    assert servers_page.says("measured", written(measured), renew, PAGE), "--renew-servers writes it anew"
