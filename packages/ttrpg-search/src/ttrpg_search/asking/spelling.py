"""Spelling by the books' own words: what a word that stands nowhere was meant to be.

Distance is that of Damerau and Levenshtein (insert, delete, replace, swap neighbours), cheaper for
slips of the ear: one vowel for another, a letter doubled or not, sounds that are written in two
ways. Near words that are common in the books come before rare ones.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

_VOWELS = frozenset("aeiouy")
_SOUNDS = tuple(
    frozenset(each)
    for each in ("ck", "cs", "sz", "kq", "gj", "fv", "dt", "bp", "mn", "iy", "uw", "xs", "lr", "xz")
)
_ALIKE = 0.6
_REPLACED = {
    one + two: _ALIKE
    for sounds in (_VOWELS, *_SOUNDS)
    for one in sounds
    for two in sounds
    if one != two
}
"""What it costs to write one letter for another, where that is less than 1."""
_BEGINS = {
    one: frozenset({one, *(pair[1] for pair in _REPLACED if pair[0] == one)})
    for one in "abcdefghijklmnopqrstuvwxyz"
}
"""The letters that a word may begin with when it was written with this one."""
_SLIPS = {0: 0, 1: 2, 2: 3, 3: 4}
"""Slips that a soft distance may be made of at the most, by its limit."""
_FOREIGN = 0.25
"""How much farther a word is that stands in no book."""
_DOUBLED = 0.4
_SWAPPED = 0.8
_FIRST = 0.3
"""What a slip in the first letter costs more: people get that one right."""
_COMMON = 0.12
"""How much nearer a word is for each time that it is e times as common."""
_TITLED = 0.4
"""How much nearer a word is that stands in a heading."""
SHORTEST = 4
"""Letters of a word that is mended at the least."""


class Mended(NamedTuple):
    """A word that could be meant, how far it is, and how sure that is from 0 to 1."""

    word: str
    distance: float
    sure: float


def reach(word: str) -> float:
    """How far a meant word may be."""
    size = len(word)
    if size < SHORTEST:
        return 0.0
    if size == SHORTEST:
        return 1.0
    if size <= 6:  # noqa: PLR2004 - up to six letters a second slip makes another word
        return 1.4
    return 2.0 if size <= 8 else 2.6  # noqa: PLR2004 - from nine letters on three soft slips


def nearest(
    word: str,
    like: Callable[[int, int], Sequence[str]],
    often: Callable[[Iterable[str]], Mapping[str, int]],
    more: Mapping[str, int] = MappingProxyType({}),
    count: int = 3,
    titled: Callable[[Iterable[str]], Collection[str]] = frozenset,
) -> list[Mended]:
    """The words that could be meant, best first.

    ``like(length, reach)`` answers the books' words of about a length, and ``often`` how often some
    of them are there still; ``more`` are words of a list, with how common they are, and ``titled``
    says which stand in a heading: a name is asked for more often than a common word. Slips are
    counted by rapidfuzz, which looks at a hundred thousand words in the time that Python takes for
    a thousand; our softer distance then orders the few that are near. It is imported here because
    a question that is spelled right does not need it.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = reach(word)
    if not most:
        return []
    limit = math.ceil(most)
    slips = _SLIPS[limit]

    def near(known: Sequence[str]) -> list[str]:
        got = process.extract(word, known, scorer=OSA.distance, score_cutoff=slips, limit=None)
        return [other for other, _, _ in got]

    own = often(near(like(len(word), limit)))
    reached: dict[str, float] = {}
    begins = _BEGINS.get(word[0], frozenset(word[0]))
    for other in {**own, **dict.fromkeys(near(list(more)))}:
        if other == word or not (
            other[0] in begins or other[0] == word[1] or other[1:2] == word[0]
        ):
            continue
        far = distance(word, other, most)
        if far <= most:
            reached[other] = far
    named = titled(other for other in reached if other in own)
    found = {
        other: (
            far,
            far
            - _COMMON * math.log1p(own.get(other, 0) or more[other])
            + _FOREIGN * (other not in own)
            - _TITLED * (other in named),
        )
        for other, far in reached.items()
    }
    ranked = sorted(found.items(), key=lambda each: (each[1][1], each[0]))[:count]
    return [
        Mended(other, far, _sure(far, value, ranked, place, len(word)))
        for place, (other, (far, value)) in enumerate(ranked)
    ]


def _sure(
    far: float,
    value: float,
    ranked: Sequence[tuple[str, tuple[float, float]]],
    place: int,
    size: int,
) -> float:
    """Near, and the next candidate far behind, is sure."""
    base = max(0.0, 1 - 1.6 * far / size)
    others = [each[1][1] for n, each in enumerate(ranked) if n != place]
    if not others:
        return base
    ahead = min(others) - value
    return base * min(1.0, max(0.25, 0.75 + ahead))


def distance(one: str, two: str, most: float) -> float:
    """How far two words are; anything above ``most`` when it is more."""
    if abs(len(one) - len(two)) > most / _DOUBLED:
        return most + 1
    before: list[float] = []
    row = [0.0]
    for place, letter in enumerate(two):
        row.append(row[-1] + _gap(two, place, letter))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [before[0] + _gap(one, i - 1, a)]
        for j, b in enumerate(two, 1):
            if a == b:
                cost = before[j - 1]
            else:
                cost = before[j - 1] + _REPLACED.get(a + b, 1.0) + (_FIRST if i == j == 1 else 0)
            cost = min(cost, before[j] + _gap(one, i - 1, a), row[j - 1] + _gap(two, j - 1, b))
            if older and i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b and a != b:
                cost = min(cost, older[j - 2] + _SWAPPED)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _gap(word: str, place: int, letter: str) -> float:
    """What it costs to leave a letter out: little for a second one, or a silent e or h."""
    if place and word[place - 1] == letter:  # of "ss" the second; both gone are a slip and a half
        return _DOUBLED
    if place and letter in "eh":
        return 0.7
    return 1.0 + (_FIRST if place == 0 else 0.0)
