# SPDX-License-Identifier: GPL-2.0-only
"""What Rastel wants to reach, beside what was measured. A target whose figures weren't measured, or are void, is open."""
from race import cpu_of


def rate(figures):
    return figures["per_second"]


def cheapness(figures):
    return 1 / cpu_of(figures) if cpu_of(figures) > 0 else 0.0


def against(title, race, one, other, least, sessions=(10,), measures=(("messages/s", rate),), other_race=None):
    return [{"title": f"{title}, {count} session{'s' if count > 1 else ''}: {word}", "one": (race, one, count),
             "other": (other_race or race, other, count), "measure": measure, "least": least}
            for count in sessions for word, measure in measures]


BOTH = (("messages/s", rate), ("messages per CPU second", cheapness))
TARGETS = [
    *against("small, of clamd alone", "small", "rastel", "clamd", 1.8, (1, 10, 50), BOTH),
    *against("mixed, of clamd alone", "mixed", "rastel", "clamd", 1.3, (1, 10, 50), BOTH),
    *against("production signatures, small, of clamd alone", "production-small", "rastel", "clamd", 1.0, (1, 10, 50), BOTH),
    *against("production signatures, mixed, of clamd alone", "production-mixed", "rastel", "clamd", 1.1, (1, 10, 50), BOTH),
    *against("attachments seen before, of mixed", "seen", "rastel", "rastel", 4.0, (10,), BOTH, "mixed"),
    *against("small, of clamsmtp", "small", "rastel", "clamsmtp", 5.0, (1,)),
    *against("without scanning, small, of send to sink", "small", "rastel-blind", "direct", 0.4, (1, 10, 50)),
    *against("before Postfix's queue, small, of Postfix alone", "small", "postfix-rastel-before", "postfix", 0.65),
    *against("after Postfix's queue by LMTP, small, of Postfix alone", "small", "postfix-rastel-after-lmtp", "postfix", 0.5),
    *against("milter, small, of Postfix alone", "small", "postfix-rastel-milter", "postfix", 0.75),
    *against("milter over TCP, small, of Postfix alone", "small", "postfix-rastel-milter-tcp", "postfix", 0.6, (1,)),
]
DOOR_CPU = 0.25  # ms a small message, daemon and master together


def row(title, value, wanted, met):
    return {"target": title, "is": "not measured" if value is None else f"{value:.2f}", "wanted": wanted,
            "met": "" if value is None else "met" if met else "MISSED"}


def judged(results):
    """Rows for a table; `results`: figures by (race, contender, sessions)."""
    rows = []
    for target in TARGETS:
        one, other = results.get(target["one"]), results.get(target["other"])
        if one is None and other is None:
            continue
        value = None
        if one and other and target["measure"](other) > 0:
            value = target["measure"](one) / target["measure"](other)
        # A target isn't met by the runs that were good, where others were not.
        void = one is None or bool(one.get("void"))
        rows.append(row(target["title"], value, f">= {target['least']}", value is not None and value >= target["least"] and not void))
    for sessions in (1, 10, 50):
        figures = results.get(("small", "rastel", sessions))
        if figures:
            value = figures["cpu"].get("daemon", 0.0) + figures["cpu"].get("master", 0.0)
            rows.append(row(f"CPU ms a small message in daemon and master, {sessions} session{'s' if sessions > 1 else ''}", value,
                            f"<= {DOOR_CPU}", value <= DOOR_CPU and not figures.get("void")))
    return rows
