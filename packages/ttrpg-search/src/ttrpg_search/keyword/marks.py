"""Which words of a passage met the query, its expansions included."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate

from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.stemming import irregular
from ttrpg_search.keyword.tokens import WORD, known_stem

Span = tuple[int, int]
_MOST = 400
"""Spans of one passage; more would mark everything."""
_APOSTROPHES = "'\u2019"
_INSIDE = re.compile(f"[{_APOSTROPHES}](?<=[a-z0-9].)(?=[a-z0-9])")
_OWN = frozenset(f"{mark}{s}" for mark in f"{_APOSTROPHES}\u02bc" for s in "sS")
_FOREIGN = re.compile(r"[^\W\x00-\x7f]")
"""A letter that is folded to another, or has another length in lower case."""
_BEGUN = 4
"""Letters of a stem from which on its first three are those of every word that it stands for."""


class Marker:
    """Marks passages for one plan.

    Most of a passage's words begin otherwise than any word of the query, so only those that begin
    alike are cut and stemmed.
    """

    def __init__(self, plan: Plan) -> None:
        ways = {way.parts for group in plan.groups for way in group.ways}
        self._first: dict[str, list[tuple[str, ...]]] = {}
        for parts in sorted(ways, key=len, reverse=True):
            self._first.setdefault(parts[0], []).append(parts)
        self._begins = _begins(self._first)

    def marks(self, text: str) -> tuple[Span, ...]:
        """Spans of characters, in order and apart; an ending 's is left out."""
        met: list[Span] = []
        end = 0
        for begin, last in self._words(text):
            if begin < end:
                continue
            ways = self._first.get(known_stem(text[begin:last]), ())
            for parts in ways:
                reached = self._reached(text, last, parts)
                if reached:
                    end = reached
                    met.append((begin, end - 2 * (text[end - 2 : end] in _OWN)))
                    break
            if len(met) == _MOST:
                break
        return tuple(met)

    def _words(self, text: str) -> Iterator[Span]:
        """The words that may be the first of a way; every one where the letters are not plain."""
        if not text.isascii() and _FOREIGN.search(text):
            for found in WORD.finditer(text):
                yield found.span()
            return
        plain = text.lower()
        gone: list[int] = []
        if any(mark in plain for mark in _APOSTROPHES):
            pieces = _INSIDE.split(plain)
            gone = list(accumulate(map(len, pieces[:-1])))  # where, in what is left, one was before
            plain = "".join(pieces)
        begun = set[int]()
        for letters in self._begins:
            place = plain.find(letters)
            while place >= 0:
                if not place or not plain[place - 1].isalnum():
                    begun.add(place)
                place = plain.find(letters, place + 1)
        for place in sorted(begun):
            word = WORD.match(text, place + bisect_right(gone, place))
            if word is not None:
                yield word.span()

    @staticmethod
    def _reached(text: str, end: int, parts: tuple[str, ...]) -> int:
        """Where a way ends whose first word ends here; 0 when its other words do not follow."""
        for part in parts[1:]:
            found = WORD.search(text, end)
            if found is None or known_stem(found[0]) != part:
                return 0
            end = found.end()
        return end


def marks(text: str, plan: Plan) -> tuple[Span, ...]:
    """What :class:`Marker` marks in a single passage."""
    return Marker(plan).marks(text)


@cache
def _forms() -> dict[str, list[str]]:
    """Stems to the words that begin otherwise, or may: "hold" to "held"."""
    found: dict[str, list[str]] = {}
    for word, one in irregular():
        found.setdefault(one, []).append(word)
    return found


def _begins(stems: Iterable[str]) -> set[str]:
    """How the words with these stems begin, in lower case and without apostrophes."""
    forms = _forms()
    words = [word for one in stems for word in (one, *forms.get(one, ()))]
    return {word[: 3 if len(word) >= _BEGUN else 2] for word in words}
