"""Which words of a passage met the query, its expansions included."""

from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.tokens import placed

_MOST = 400
"""Spans of one passage; more would mark everything."""


def marks(text: str, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Spans of characters, in order and apart."""
    singles: set[str] = set()
    firsts: dict[str, list[tuple[str, ...]]] = {}
    for group in plan.groups:
        for way in group.ways:
            if len(way.parts) == 1:
                singles.add(way.parts[0])
            else:
                firsts.setdefault(way.parts[0], []).append(way.parts)
    words = placed(text)
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(words) and len(found) < _MOST:
        stem, start, _ = words[place]
        if stem not in singles and stem not in firsts:
            place += 1
            continue
        size = 1 if stem in singles else 0
        for parts in firsts.get(stem, ()):
            here = tuple(each[0] for each in words[place : place + len(parts)])
            if here == parts:
                size = max(size, len(parts))
        if size:
            found.append((start, words[place + size - 1][2]))
        place += max(size, 1)
    return tuple(found)
