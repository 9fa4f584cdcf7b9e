# SPDX-License-Identifier: GPL-2.0-only
"""Mails that hide a payload in two ways at once: one class of structure, one of encoding (entity.py says what these are).

By hand:  python3 tests/composition/generate.py FOLDER [COUNT]  writes mails and names.tsv, which says what each is made of.
"""
import dataclasses
import importlib
import pathlib
import random
import sys

from entity import ENCODINGS, STRUCTURES

for module in ("classes_structure", "classes_parts", "classes_encoding"):
    importlib.import_module(module)  # each enters its classes into the tables


@dataclasses.dataclass(frozen=True)
class Pair:
    structure: str
    encoding: str
    content: bytes


def eicar():
    """The anti-virus test file; in pieces, or this script itself would be taken for it."""
    return ("X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STAND" + "ARD-ANTIVIRUS" + "-TEST-FILE!" + "$H+H*").encode()


def orders(dice):
    """Pairs of names, without end before all were named; the first ones already name every class."""
    structures, encodings = list(STRUCTURES), list(ENCODINGS)
    dice.shuffle(structures)
    dice.shuffle(encodings)
    for shift in range(len(encodings)):
        for number, structure in enumerate(structures):
            yield structure, encodings[(number + shift) % len(encodings)]


def pairs(payload, count=None, dice=None):
    """`count` distinct mails, or all there are, chosen by `dice`; none of them holds the payload as it is."""
    entities = {name: make(payload) for name, make in ENCODINGS.items()}
    seen = set()
    for structure, encoding in orders(dice or random.Random(1)):
        content = STRUCTURES[structure](entities[encoding])
        if content is None or content in seen:
            continue
        assert payload not in content, f"{structure} + {encoding}: the payload stands in the mail as it is"
        seen.add(content)
        yield Pair(structure, encoding, content)
        if len(seen) == count:
            return


def write(folder, payload, count=None, dice=None):
    """Path of each mail: the pair that it is made of."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for number, pair in enumerate(pairs(payload, count, dice)):
        path = folder / f"{number:06d}.eml"
        path.write_bytes(pair.content)
        written[path] = pair
    return written


if __name__ == "__main__":
    made = write(sys.argv[1], eicar(), int(sys.argv[2]) if len(sys.argv) > 2 else None)
    rows = [f"{path.name}\t{pair.structure}\t{pair.encoding}\n" for path, pair in made.items()]
    pathlib.Path(sys.argv[1], "names.tsv").write_text("".join(rows))
