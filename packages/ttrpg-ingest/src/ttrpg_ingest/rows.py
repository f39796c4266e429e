"""Entries that stand in a row from A to Z, and the one among them whose heading is set smaller.

Letters tell how deep a heading is, and a printer sets one condition of fifteen like a sidebar: then
it would be a part of the entry before it. Between two neighbours of such a row, and in its place in
the alphabet, it is an entry itself.
"""

from collections import Counter
from collections.abc import Sequence

import attrs

from ttrpg_core.documents import Section

FEWEST = 6
"""Entries that make a row."""
MOST = 200
"""Headings that are looked at on either side."""


def in_rows(sections: Sequence[Section]) -> list[Section]:
    """The sections, with the level of its neighbours for each heading that is one of their row."""
    found = list(sections)
    heads = [n for n, each in enumerate(found) if each.level and each.heading]
    often = Counter(_key(found[n].heading) for n in heads)
    for place in range(1, len(heads) - 1):
        before, here, after = (found[n] for n in heads[place - 1 : place + 2])
        keys = [_key(each.heading) for each in (before, here, after)]
        if (
            before.level == after.level < here.level
            and keys[0] < keys[1] < keys[2]
            and often[keys[1]] == 1
            and _sorted([found[n] for n in heads], place, before.level)
        ):
            found[heads[place]] = attrs.evolve(here, level=before.level)
    return found


def _sorted(heads: Sequence[Section], place: int, level: int) -> bool:
    """Whether the headings of a level around a place are a row from A to Z."""
    row: list[str] = []
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(heads) and abs(at - place) <= MOST and heads[at].level >= level:
            if heads[at].level == level:
                row.insert(0 if step < 0 else len(row), _key(heads[at].heading))
            at += step
    return len(row) >= FEWEST and row == sorted(row)


def _key(heading: str) -> str:
    return "".join(filter(str.isalnum, heading.casefold()))
