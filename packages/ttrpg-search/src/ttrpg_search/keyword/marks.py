"""Which words of a passage met the query, its expansions included."""

from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.tokens import WORD, known_stems

_MOST = 400
"""Spans of one passage; more would mark everything."""
_OWN = frozenset(f"{mark}{s}" for mark in "'\u2019\u02bc" for s in "sS")


def marks(text: str, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Spans of characters, in order and apart; an ending 's is left out."""
    ways = {way.parts for group in plan.groups for way in group.ways}
    first: dict[str, list[tuple[str, ...]]] = {}
    for parts in sorted(ways, key=len, reverse=True):
        first.setdefault(parts[0], []).append(parts)
    said = WORD.findall(text)
    stems = known_stems(said)
    begin = {word for word, stem in stems.items() if stem in first}
    if not begin:
        return ()
    met: list[tuple[int, int]] = []
    end = 0
    for place in [place for place, word in enumerate(said) if word in begin]:
        if place < end:
            continue
        for parts in first[stems[said[place]]]:
            if len(parts) == 1 or parts == tuple(
                stems[word] for word in said[place : place + len(parts)]
            ):
                end = place + len(parts)
                met.append((place, end - 1))
                break
    spans = [found.span() for found in WORD.finditer(text)] if met else []
    return tuple(
        (spans[start][0], spans[last][1] - 2 * (said[last][-2:] in _OWN))
        for start, last in met[:_MOST]
    )
