# SPDX-License-Identifier: GPL-2.0-only
"""docs/ambiguity.md tells of every flag what its row tells, and of no other."""
import pathlib
import re

import source

ROWS, PAGE = pathlib.Path("src/verdict/ambiguity.cpp"), pathlib.Path("docs/ambiguity.md")
ROW = re.compile(r'AmbiguityRow\{\w+,\s*"(\w+)",\s*(hard|soft),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}')
LINE = re.compile(r"^\| `(\w+)` \| (hard|soft) \| (.*) \|$", re.M)


def check(root):
    if not (root / ROWS).exists():
        return []
    rows = {code: (gravity, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', words))) for code, gravity, words in ROW.findall(source.text(root, ROWS))}
    page = source.text(root, PAGE) if (root / PAGE).exists() else ""
    lines = {match[1]: (page.count("\n", 0, match.start()) + 1, match[2], match[3]) for match in LINE.finditer(page)}
    complaints = [source.complaint(PAGE, 1, f"{code} is missing: | `{code}` | {rows[code][0]} | {rows[code][1]} |")
                  for code in rows if code not in lines]
    for code, (number, *told) in lines.items():
        if code not in rows:
            complaints.append(source.complaint(PAGE, number, f"there is no flag {code}"))
        elif tuple(told) != rows[code]:
            complaints.append(source.complaint(PAGE, number, f"{code} is {rows[code][0]}: {rows[code][1]}"))
    return complaints or ([] if rows else [source.complaint(ROWS, 1, "no row of AmbiguityRow is understood")])
