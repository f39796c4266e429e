"""Printed pages, learnt from the numbers at the edges of all pages.

A Game Master turns to the page that is printed, and a PDF's own count is off by the cover and the
preface. The first and last lines of a page say its number: "212", "The Road 212", "xiv". How far it
is from the index is the same over long runs of pages, and changes where the preface ends or leaves
are missing. The runs that most pages speak for are found as the best path over all pages (Viterbi):
a page that says its number earns, each new run costs, so that a stray number starts none.
Where pages do not agree nothing is said: an index is never passed off as a printed page.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from ttrpg_core.documents import Section
from ttrpg_ingest.edges import LONGEST, Edges, edges_of

_NUMBER = re.compile(r"\A\W{0,3}(\d{1,4})\b|(?<![\d.,])(\d{1,4})\W{0,3}\Z")
_ROMAN = re.compile(
    r"\A\W{0,3}([ivxl]+|[IVXL]+)\W{0,3}\Z|\A\W{0,3}([ivxl]+)\b(?!['\u2019.])|\b([ivxl]+)\W{0,3}\Z"
)
_WRITTEN = (("l", 50), ("xl", 40), ("x", 10), ("ix", 9), ("v", 5), ("iv", 4), ("i", 1))
MOST_ROMAN = 89
"""The largest number that is read in Roman letters."""
LEAST = 3
"""Pages that must agree, at the least."""
SHARE = 0.5
"""The share, of the pages that have a number at an edge, that must agree."""
MOST_COUNTS = 12
"""Ways of counting that are tried, those that most pages speak for."""
NEW_RUN, OTHER = 1.6, 0.25
"""What a new run costs, and a page that has numbers but not the one of its run."""


@attrs.frozen
class Count:
    """How a run of pages is counted: how far ahead of the index, and in which figures.

    ``figures`` are "1", "i" or "I".
    """

    offset: int
    figures: str = "1"

    def label(self, page: int) -> str | None:
        """What is printed on a page; None before the first."""
        number = page + self.offset
        if number < 1:
            return None
        if self.figures == "1":
            return str(number)
        return roman(number) if self.figures == "i" else roman(number).upper()


def labelled(sections: Iterable[Section]) -> list[Section]:
    """The sections with the printed pages that could be learnt.

    A format's own labels stay, unless most pages that print a number contradict them.
    """
    whole = list(sections)
    learnt = learn_labels(whole)
    if not learnt:
        return whole
    own = {section.page: section.label for section in whole if section.label is not None}
    if own and not _contradicted(edges_of(whole), own, learnt):
        return whole
    return [
        section if section.page is None else attrs.evolve(section, label=learnt.get(section.page))
        for section in whole
    ]


def learn_labels(sections: Sequence[Section]) -> dict[int, str]:
    """The printed page of each page where it could be learnt; empty when the pages do not agree."""
    votes = {page: _counts(page, edges) for page, edges in edges_of(sections).items()}
    pages = sorted(votes)
    known = Counter(count for page in pages for count in votes[page])
    counts = [count for count, number in known.most_common(MOST_COUNTS) if number > 1]
    if not counts:
        return {}
    path = _path(pages, votes, counts)
    agreed = [page for page, count in zip(pages, path, strict=True) if count in votes[page]]
    voters = sum(bool(votes[page]) for page in pages)
    if len(agreed) < LEAST or len(agreed) <= SHARE * voters:
        return {}
    found = _filled(pages, dict(zip(pages, path, strict=True)), agreed)
    labels = {page: count.label(page) for page, count in found.items()}
    return {page: label for page, label in labels.items() if label is not None}


def _counts(page: int, edges: Edges) -> set[Count]:
    """The ways of counting that the edges of a page speak for."""
    found = {Count(number - page) for line in edges.lines for number in numbers(line)}
    for line in edges.lines:
        found |= {Count(value - page, figures) for value, figures in romans(line)}
    return found


def _path(
    pages: Sequence[int], votes: Mapping[int, set[Count]], counts: list[Count]
) -> list[Count]:
    """The way of counting for each page that earns the most over all pages."""
    gains = dict.fromkeys(counts, 0.0)
    before: list[dict[Count, Count]] = []
    for page in pages:
        best = max(counts, key=lambda each: gains[each])
        came = {count: count if gains[count] >= gains[best] - NEW_RUN else best for count in counts}
        gains = {
            count: (gains[count] if came[count] == count else gains[best] - NEW_RUN)
            + (1.0 if count in votes[page] else -OTHER * bool(votes[page]))
            for count in counts
        }
        before.append(came)
    here = max(counts, key=lambda each: gains[each])
    path = [here]
    for came in reversed(before[1:]):
        here = came[here]
        path.append(here)
    return path[::-1]


def _filled(
    pages: Sequence[int], path: Mapping[int, Count], agreed: Sequence[int]
) -> dict[int, Count]:
    """The way of counting of each page; a page between two runs that no number tells has none.

    Except after a preface: a chapter's first page seldom prints its number, and belongs to it.
    """
    found: dict[int, Count] = {}
    for page in pages:
        at = bisect_left(agreed, page)
        then = agreed[at] if at < len(agreed) else None
        last = page if then == page else agreed[at - 1] if at else None
        sides = {path[each] for each in (last, then) if each is not None}
        if len(sides) == 1:
            found[page] = sides.pop()
        elif last is not None and then is not None and path[last].figures != "1":
            after = path[then]
            found[page] = after if after.label(page) is not None else path[last]
    return found


def numbers(line: str) -> set[int]:
    """The numbers that a line begins or ends with, if it may be a running line."""
    if len(line) > LONGEST:
        return set()
    return {int(first or last) for first, last in _NUMBER.findall(line)}


def romans(line: str) -> Iterator[tuple[int, str]]:
    """Numbers in Roman letters that a line is, begins or ends with, and their figures."""
    if len(line) > LONGEST:
        return
    for found in _ROMAN.findall(line):
        written = next(filter(None, found))
        value = _VALUES.get(written.lower())
        if value is not None:
            yield value, "i" if written.islower() else "I"


def roman(number: int) -> str:
    """A number in small Roman letters, up to 89."""
    text = ""
    for letters, value in _WRITTEN:
        while number >= value:
            text, number = text + letters, number - value
    return text


_VALUES = {roman(number): number for number in range(1, MOST_ROMAN + 1)}


def _contradicted(
    edges: dict[int, Edges], own: Mapping[int | None, str | None], learnt: Mapping[int, str]
) -> bool:
    """Whether the pages that print the number learnt are labelled otherwise, for the most part."""
    printing = [
        page
        for page, edge in edges.items()
        if page in learnt
        and any(count.label(page) == learnt[page] for count in _counts(page, edge))
    ]
    against = sum(own.get(page) != learnt[page] for page in printing)
    return against > SHARE * len(printing)
