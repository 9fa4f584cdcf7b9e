# SPDX-License-Identifier: GPL-2.0-only
"""The measured tables of docs/servers.md and deliver.md: each stands between two lines that name it."""
import pathlib

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "servers.md"


def table(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def says(name, text, renew, page=PAGE):
    """Whether the page has this table under that name; `renew`: writes it there."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, found, rest = page.read_text().partition(begin)
    written, _, after = rest.partition(end)
    assert found, f"the page has no place for {name}"
    if renew:
        page.write_text(before + begin + text + end + after)
    return renew or written == text
