"""Printed pages, learnt from the numbers at the edges of all pages.

A Game Master turns to the page that is printed, and a PDF's own count is off by the cover and the
preface. The first and last lines of a page say its number; where most pages agree on how far it is
from the index, that is the printed page of every page. Where they do not agree nothing is said:
an index is never passed off as a printed page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ttrpg_core.documents import Section
from ttrpg_ingest.edges import LONGEST, Edges, edges_of

_NUMBER = re.compile(r"\A\W{0,3}(\d{1,4})\b|(?<![\d.,])(\d{1,4})\W{0,3}\Z")
LEAST = 3
"""Pages that must agree, at the least."""
SHARE = 0.5
"""The share, of the pages that have a number at an edge, that must agree."""


def labelled(sections: Iterable[Section]) -> list[Section]:
    """The sections with the printed pages that could be learnt.

    A format's own labels stay, unless most pages that print a number contradict them.
    """
    whole = list(sections)
    offset = learn_offset(whole)
    if offset is None:
        return whole
    own = {section.page: section.label for section in whole if section.label is not None}
    if own and not _contradicted(edges_of(whole), own, offset):
        return whole
    return [attrs.evolve(section, label=_label(section.page, offset)) for section in whole]


def learn_offset(sections: Sequence[Section]) -> int | None:
    """How far the printed page is ahead of the index; None when the pages do not agree."""
    votes: Counter[int] = Counter()
    voters = 0
    for page, edges in edges_of(sections).items():
        offsets = {number - page for line in edges.lines for number in numbers(line)}
        votes.update(offsets)
        voters += bool(offsets)
    best = votes.most_common(2)
    if not best or best[0][1] < LEAST or best[0][1] <= SHARE * voters:
        return None
    if len(best) > 1 and best[1][1] * 2 > best[0][1]:
        return None
    return best[0][0]


def numbers(line: str) -> set[int]:
    """The numbers that a line begins or ends with, if it may be a running line."""
    if len(line) > LONGEST:
        return set()
    return {int(first or last) for first, last in _NUMBER.findall(line)}


def _label(page: int | None, offset: int) -> str | None:
    return None if page is None or page + offset < 1 else str(page + offset)


def _contradicted(
    edges: dict[int, Edges], own: Mapping[int | None, str | None], offset: int
) -> bool:
    """Whether the pages that print the number learnt are labelled otherwise, for the most part."""
    printing = [
        page
        for page, edge in edges.items()
        if any(page + offset in numbers(line) for line in edge.lines)
    ]
    against = sum(own.get(page) != str(page + offset) for page in printing)
    return against > SHARE * len(printing)
