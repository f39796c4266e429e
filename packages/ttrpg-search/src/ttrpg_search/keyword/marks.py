"""Which words of a passage met the query, its expansions included."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import overload

from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.stemming import irregular
from ttrpg_search.keyword.tokens import WORD, known_stem

Span = tuple[int, int]
_MOST = 400
"""Spans of one passage; more would mark everything."""
_APOSTROPHES = "'\u2019"
_LETTER = re.compile("[a-z0-9]")
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
        return self.every([text])[0]

    def every(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The same for each of some texts, which is quicker than one by one."""
        plain = ["" if not text.isascii() and _FOREIGN.search(text) else text for text in texts]
        found = [
            self._met(text, words) for text, words in zip(texts, self._words(plain), strict=True)
        ]
        for number, text in enumerate(texts):
            if text and not plain[number]:
                found[number] = self._met(text, (each.span() for each in WORD.finditer(text)))
        return found

    def _met(self, text: str, words: Iterable[Span]) -> tuple[Span, ...]:
        """Those ways that begin with one of some words of a text."""
        met: list[Span] = []
        end = 0
        for begin, last in words:
            if begin < end:
                continue
            for parts in self._first.get(known_stem(text[begin:last]), ()):
                reached = self._reached(text, last, parts)
                if reached:
                    end = reached
                    met.append((begin, end - 2 * (text[end - 2 : end] in _OWN)))
                    break
            if len(met) == _MOST:
                break
        return tuple(met)

    def _words(self, texts: Sequence[str]) -> list[list[Span]]:
        """The words of each text that may be the first of a way; their letters are plain."""
        whole = "\n".join(texts)
        plain = "\n".join([text.lower() for text in texts])  # one that is ASCII is quicker alone
        inside = [
            place
            for mark in _APOSTROPHES
            for place in _places(plain, mark)
            if _LETTER.match(plain, place - 1) and _LETTER.match(plain, place + 1)
        ]
        gone: list[int] = []
        if inside:
            inside.sort()
            pieces = [plain[one + 1 : two] for one, two in pairwise([-1, *inside, len(plain)])]
            gone = list(accumulate(map(len, pieces[:-1])))  # where, in what is left, one was before
            plain = "".join(pieces)
        begun = set[int]()
        for letters in self._begins:
            begun.update(
                place
                for place in _places(plain, letters)
                if not place or not plain[place - 1].isalnum()
            )
        found: list[list[Span]] = [[] for _ in texts]
        number = start = 0
        for place in sorted(begun):
            word = WORD.match(whole, place + bisect_right(gone, place))
            if word is None:
                continue
            begin, end = word.span()
            while begin > start + len(texts[number]):
                start += len(texts[number]) + 1
                number += 1
            found[number].append((begin - start, end - start))
        return found

    @staticmethod
    def _reached(text: str, end: int, parts: tuple[str, ...]) -> int:
        """Where a way ends whose first word ends here; 0 when its other words do not follow."""
        for part in parts[1:]:
            found = WORD.search(text, end)
            if found is None or known_stem(found[0]) != part:
                return 0
            end = found.end()
        return end


def _places(text: str, part: str) -> Iterator[int]:
    """Where a part of a text begins."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


class Late(Sequence[Span]):
    """The marks of one of some passages, made with all of theirs when one is first looked at.

    A question from another program reads texts and scores, and what is not shown is not marked:
    that would be a tenth of the question. It equals the tuple of its spans.
    """

    def __init__(self, made: Callable[[], Sequence[Sequence[Span]]], number: int) -> None:
        self._made = made
        self._number = number

    @overload
    def __getitem__(self, index: int) -> Span: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Span]: ...

    def __getitem__(self, index: int | slice) -> Span | Sequence[Span]:
        """A mark, or some."""
        return self._made()[self._number][index]

    def __len__(self) -> int:
        """How many marks."""
        return len(self._made()[self._number])

    def __eq__(self, other: object) -> bool:
        """Whether the spans are the same."""
        return tuple(self) == (tuple(other) if isinstance(other, Late) else other)

    def __hash__(self) -> int:
        """That of the spans."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """The spans."""
        return repr(tuple(self))


def late(
    texts: Sequence[str], made: Callable[[Sequence[str]], Sequence[Sequence[Span]]]
) -> list[Late]:
    """The marks of some passages, to be made once, and together, which is quicker."""
    every = cache(lambda: made(texts))
    return [Late(every, number) for number in range(len(texts))]


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
