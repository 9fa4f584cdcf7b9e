# SPDX-License-Identifier: GPL-2.0-only
"""Two ways of hiding a file in a mail at once, in thousands of pairs (composition/): wherever one of seven foreign parsers
gets the file out, Rastel gets it out too, or says that no honest program writes such a mail.
"""
import collections
import hashlib
import sys

import pytest

import scanning
from conftest import HERE, LONG, seeded

sys.path.insert(0, str(HERE / "composition"))

import generate  # noqa: E402
import oracles  # noqa: E402

PAIRS = 30_000 if LONG else 5_200
FEWEST = 500  # pairs that each oracle has to read, or it isn't one
SIGNATURE = "Eicar-Test-Signature"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Path of each mail: its pair."""
    folder = tmp_path_factory.mktemp("composition")
    return generate.write(folder / "mail", generate.eicar(), PAIRS, seeded("composition"))


@pytest.fixture(scope="module")
def readable(written, tmp_path_factory):
    """Name of each oracle: what it reads."""
    folder = tmp_path_factory.mktemp("oracles")
    payload = folder / "payload"
    payload.write_bytes(generate.eicar())
    return oracles.ask_all(list(written), payload, folder)


def test_there_are_enough_distinct_pairs_and_each_class_is_among_them(written):
    assert len({pair.content for pair in written.values()}) == PAIRS
    assert {pair.structure for pair in written.values()} == set(generate.STRUCTURES)
    assert {pair.encoding for pair in written.values()} == set(generate.ENCODINGS)


def test_every_oracle_is_there_and_reads_many_pairs(readable):
    counts = {name: len(paths) for name, paths in readable.items()}
    print(counts)
    assert len(counts) == 7 and min(counts.values()) >= FEWEST, counts


def test_what_one_oracle_gets_out_is_extracted_or_flagged(written, readable):
    said = scanning.scan(next(iter(written)).parent)
    assert set(said) == set(written), "a mail has no line, or two"
    digest = hashlib.sha256(generate.eicar()).hexdigest()
    outcomes, neither = collections.Counter(), []
    for path in sorted(set().union(*readable.values())):
        one = said[path]
        outcome = ("extracted" if one.has(digest) else "nearly extracted" if one.found(SIGNATURE) else
                   "flagged" if one.hard else "neither")
        outcomes[outcome] += 1
        if outcome == "neither":
            readers = ", ".join(name for name, paths in readable.items() if path in paths)
            neither.append(f"{written[path].structure} + {written[path].encoding}: read by {readers}")
    print(dict(outcomes))
    if neither:
        pytest.fail(f"{len(neither)} of {sum(outcomes.values())}:\n" + "\n".join(neither[:50]), pytrace=False)
