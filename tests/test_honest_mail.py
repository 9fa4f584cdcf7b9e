# SPDX-License-Identifier: GPL-2.0-only
"""Honest mail isn't taken for an attack: what many programs write (tests/honest/) has no hard flag and is clean. Each program
of the table must have made its messages: one that is missing fails the test."""
import collections
import concurrent.futures
import contextlib

import pytest

import scanning
import roots
from honest import git_mail, languages, mail_programs, python_mail, secured, servers
from honest.workshop import Workshop

FAMILIES = [languages, mail_programs, git_mail, secured, python_mail]
LEAST_MESSAGES, LEAST_PROGRAMS, LEAST_EACH = 2000, 30, 15


def jobs_of(families):
    """(names of programs, the function that lets them write)."""
    for family in families:
        for names, make in family.PROGRAMS.items():
            yield (names if isinstance(names, tuple) else (names,)), make


def make_all(shop, jobs):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [(names, pool.submit(make, shop)) for names, make in jobs]
    failed = []
    for names, future in waiting:
        with contextlib.suppress(Exception):
            future.result()
            continue
        failed.append(f"{' '.join(names)}: {future.exception()}")
    assert not failed, "\n".join(failed)


def judge(shop, jobs, capsys, least_each=LEAST_EACH):
    """Every message of every program is clean and without a hard flag; the rest is told."""
    wanted = [name for names, _ in jobs for name in names]
    made = {name: {path.read_bytes() for path in (shop.made / name).glob("*.eml")} for name in wanted}
    few = {name: len(messages) for name, messages in made.items() if len(messages) < least_each}
    assert not few, f"programs that made too few different messages: {few}"
    assert not [name for name, messages in made.items() if min(map(len, messages)) < 100], "an empty message"
    soft, bad, count = collections.Counter(), [], 0
    for row in scanning.said(shop.made):
        count += 1
        where = row["path"].removeprefix(f"{shop.made}/")
        hard = [flag for flag in row["flags"] if flag["gravity"] == "hard"]
        soft.update((where.split("/")[0], flag["code"]) for flag in row["flags"] if flag["gravity"] == "soft")
        if hard or row["class"] not in ("clean", "encrypted"):
            bad.append(f"{where}: {row['class']} {row.get('reason', '')} {hard} {row['findings']}")
    assert count == sum(len(list((shop.made / name).glob("*.eml"))) for name in wanted)
    with capsys.disabled():
        print(f"\n{count} messages of {len(wanted)} programs, {len(bad)} with a hard flag or not clean; soft flags:")
        for code in sorted({code for _, code in soft}):
            print(f"  {code}: " + ", ".join(f"{name} {number}" for (name, other), number in sorted(soft.items()) if other == code))
    assert not bad, "\n".join(bad)
    assert soft, "some of it is known to be odd: does the reader read?"
    return count


def test_no_mail_of_honest_programs_is_flagged_hard(tmp_path, capsys):
    shop = Workshop(tmp_path / "shop")
    jobs = list(jobs_of(FAMILIES))
    make_all(shop, jobs)
    assert sum(len(names) for names, _ in jobs) >= LEAST_PROGRAMS
    assert judge(shop, jobs, capsys) >= LEAST_MESSAGES


def test_no_mail_of_servers_themselves_is_flagged_hard(tmp_path, capsys):
    """Bounces, delays, receipts, and what a list makes of mail."""
    reason = roots.why_not()
    if reason:
        pytest.skip(reason)
    shop = Workshop(tmp_path / "shop")
    jobs = list(jobs_of([servers]))
    for layer in servers.LAYERS:
        roots.need_layer(layer)
    make_all(shop, jobs)
    judge(shop, jobs, capsys)
    for program, words in {"postfix": b"message/global-delivery-status", "mlmmj": b"multipart/digest"}.items():
        assert any(words in path.read_bytes() for path in (shop.made / program).glob("*.eml")), f"{program}: no {words}"
