"""Which passages are worth scoring: found through the index, without weighing all that match."""

from collections.abc import Sequence

from ttrpg_core.search import Query
from ttrpg_search.keyword.plan import Plan, Way
from ttrpg_search.keyword.texts import Texts

OFTEN = 6000
"""Passages that the ways of one question are looked up in, together; commoner ways are looked for
in headings alone, so that no question looks at a large part of a large library."""
MOST = 200
"""Passages found by their heading that one way adds."""
_IN_HEADING = 1.6
"""What a way counts in a heading, beside anywhere."""


def candidates(query: Query, planned: Plan, texts: Texts, most: int) -> list[int]:
    """The ids of about so many passages, likeliest first.

    A passage is worth the rarity of the terms that it has, each by its best way.
    """
    allowed = _allowed(query, planned, texts)
    found: list[dict[int, float]] = [{} for _ in planned.groups]
    ways = [(way, number) for number, group in enumerate(planned.groups) for way in group.ways]
    ways.sort(key=lambda each: each[0].chunks)
    left = OFTEN
    common: list[Way] = []
    for way, number in ways:
        value = way.weight * way.rarity * planned.groups[number].weight
        if way.chunks <= left:
            left -= way.chunks
            _note(found[number], texts.matching(_quoted(way), OFTEN), value)
        else:
            common.append(way)
        if way.chunks > most:
            there = texts.matching(f"{{heading}} : {_quoted(way)}", MOST)
            _note(found[number], there, _IN_HEADING * value)
    worth: dict[int, float] = {}
    for best in found:
        for each, value in best.items():
            if allowed is None or each in allowed:
                worth[each] = worth.get(each, 0.0) + value
    chosen = sorted(worth, key=lambda each: (-worth[each], each))[:most]
    if common and len(chosen) < most:
        ranked = texts.ranked(" OR ".join(map(_quoted, common)), allowed, most)
        chosen += [each for each in ranked if each not in worth]
    return chosen[:most]


def _note(best: dict[int, float], ids: Sequence[int], value: float) -> None:
    """Note what a way is worth in the passages that have it, where no other is worth more."""
    for each in ids:
        if best.get(each, 0.0) < value:
            best[each] = value


def _quoted(way: Way) -> str:
    return f'"{way.stems.strip()}"'


def _allowed(query: Query, planned: Plan, texts: Texts) -> frozenset[int] | None:
    """The passages that may be found at all; None for every one."""
    allowed = query.within
    if query.sources is not None:
        of_books = texts.ids(query.sources)
        allowed = of_books if allowed is None else allowed & of_books
    if planned.absent:
        without = texts.matching(either(planned.absent), texts.count())
        allowed = (texts.ids() if allowed is None else allowed).difference(without)
    return allowed


def either(phrases: Sequence[str]) -> str:
    """An FTS5 expression: any of these, each of which stands together."""
    return " OR ".join(f'"{phrase}"' for phrase in phrases)
