"""Which words of a passage met the query, its expansions included."""

from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.tokens import WORD, known_stem, spanned

_MOST = 400
"""Spans of one passage; more would mark everything."""


def marks(text: str, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Spans of characters, in order and apart."""
    ways = {way.parts for group in plan.groups for way in group.ways}
    first = {parts[0] for parts in ways}
    said = WORD.findall(text)
    stems = {word: known_stem(word) for word in set(said)}
    if first.isdisjoint(stems.values()):
        return ()
    longest: dict[str, list[tuple[str, ...]]] = {}
    for parts in sorted(ways, key=len, reverse=True):
        longest.setdefault(parts[0], []).append(parts)
    met: list[tuple[int, int]] = []
    place = 0
    while place < len(said) and len(met) < _MOST:
        size = 0
        for parts in longest.get(stems[said[place]], ()):
            if len(parts) == 1 or parts == tuple(
                stems[word] for word in said[place : place + len(parts)]
            ):
                size = len(parts)
                met.append((place, place + size - 1))
                break
        place += max(size, 1)
    return tuple(spanned(text, said, met))
