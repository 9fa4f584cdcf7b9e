# SPDX-License-Identifier: GPL-2.0-only
"""The honest half of a public corpus of spam and ham: who has what others received for years is told how many of them we
would have held back."""
import scanning
from conftest import unpacked_corpus

MOST_HARD, MOST_ANY = 0.001, 0.005  # of all


def test_hardly_any_ham_is_flagged(tmp_path, capsys):
    unpacked_corpus("spamassassin-public", tmp_path)
    for path in (tmp_path / "spamassassin-public/data").glob("*ham*/*"):
        content = path.read_bytes()
        if content.startswith(b"From "):  # one message all the same, whatever lines its text has
            path.write_bytes(content.partition(b"\n")[2])
    mails = hard = flagged = 0
    told = []
    for folder in sorted((tmp_path / "spamassassin-public/data").glob("*ham*")):
        for row in scanning.said(folder):
            mails += 1
            flagged += bool(row["flags"])
            hard += any(flag["gravity"] == "hard" for flag in row["flags"])
            if row["flags"]:
                told.append(f"  {row['path'].removeprefix(f'{folder.parent}/')}: " +
                            ", ".join(f"{flag['code']} ({flag['gravity']}) at {flag['at'][0]}" for flag in row["flags"]))
    with capsys.disabled():
        print(f"\n{mails} mails, {hard} with a hard flag, {flagged} with any:", *sorted(told), sep="\n")
    assert mails == 4150
    assert flagged, "some of it is known to be odd: does the reader read?"
    assert hard <= MOST_HARD * mails and flagged <= MOST_ANY * mails
