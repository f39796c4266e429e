"""A query as groups of stems: what may stand for what, what it weighs, how rare it is."""

import math
import re
from typing import NamedTuple

from ttrpg_core.search import Query, Term
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import STOP, joined, stems, stems_of, words

_PIECE = re.compile(
    r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\W_]+(?:[\'\u2019\u02bc][^\W_]+)*))'
)
MOST_TERMS = 24
"""Terms that are looked up; a longer query is a pasted paragraph, and its start says it."""
_MOST_OTHERS = 24
_TOGETHER = 0.6
"""How much of a second word's rarity a phrase has on top of its rarest word's."""


class Way(NamedTuple):
    """One way to say a term: its stems, " hit point ", its weight and its rarity.

    ``chunks`` have its rarest stem: no more can have the whole.
    """

    stems: str
    parts: tuple[str, ...]
    weight: float
    rarity: float
    chunks: int


class Group(NamedTuple):
    """A term with all its ways, the strongest first; ``rarity`` is that of the first."""

    ways: tuple[Way, ...]
    weight: float
    rarity: float


class Plan(NamedTuple):
    """What is looked for, what must be absent, and the length of a chunk on average.

    ``generation`` is that of the index when the plan was made. ``asked`` are the stems of the whole
    text, as a heading is kept.
    """

    groups: tuple[Group, ...]
    absent: tuple[str, ...]
    mean_length: float
    generation: int
    asked: str


def terms_of(text: str) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """The terms of a text that nobody understood yet: its words, phrases and exclusions.

    Two-letter terms are kept (AC, HP, DC). Words that carry no meaning in English are left out,
    while others remain.
    """
    wanted: list[tuple[str, bool]] = []
    absent: list[str] = []
    for piece in _PIECE.finditer(text):
        quoted = piece["phrase"] is not None
        said = " ".join(words(piece["phrase"] if quoted else piece["word"]))
        if not said:
            continue
        if piece["minus"]:
            absent.append(said)
        else:
            wanted.append((said, quoted))
    telling = [said for said, quoted in wanted if quoted or said not in STOP]
    kept = dict.fromkeys(telling or [said for said, _ in wanted])
    return (
        tuple(Term(said) for said in list(kept)[:MOST_TERMS]),
        tuple(dict.fromkeys(absent))[:MOST_TERMS],
    )


def plan(query: Query, texts: Texts) -> Plan:
    """The plan of a query over what is indexed; ways with a stem that is nowhere are left out."""
    terms, absent = (query.terms, query.absent) if query.terms else terms_of(query.text)
    said = [[stems_of(text) for text, _ in _ways(term)] for term in terms]
    counts = texts.chunks_with(stem for term in said for way in term for stem in way)
    totals = texts.totals()
    total = totals.chunks
    groups = []
    for term, forms in zip(terms, said, strict=True):
        ways: dict[str, Way] = {}
        for (_, weight), parts in zip(_ways(term), forms, strict=True):
            key = " ".join(parts)
            if parts and key not in ways and all(part in counts for part in parts):
                ways[key] = Way(
                    f" {key} ",
                    parts,
                    weight,
                    _rarity(parts, counts, total),
                    min(counts[part] for part in parts),
                )
        own = ways.get(" ".join(forms[0]))
        if own:  # another way of saying is worth no more than the word itself
            ways = {
                key: way._replace(rarity=min(way.rarity, own.rarity)) for key, way in ways.items()
            }
        rarity = own.rarity if own else max((w.rarity * w.weight for w in ways.values()), default=0)
        if not ways:  # nowhere in the books: it weighs as much as the rarest word
            rarity = math.log(1 + (total + 0.5) / 0.5) if forms[0] else 0.0
        if forms[0]:
            groups.append(Group(tuple(sorted(ways.values(), key=_strength)), term.weight, rarity))
    without = [" ".join(found) for text in absent if (found := stems(text))]
    return Plan(
        tuple(groups[:MOST_TERMS]),
        tuple(without),
        totals.mean_length,
        totals.generation,
        joined(query.text),
    )


def _ways(term: Term) -> list[tuple[str, float]]:
    return [(term.text, 1.0), *term.others[:_MOST_OTHERS]]


def _strength(way: Way) -> float:
    return -way.weight * way.rarity


def _rarity(parts: tuple[str, ...], counts: dict[str, int], total: int) -> float:
    """The inverse document frequency as in BM25; a phrase is rarer than its rarest word."""
    every = sorted(
        (math.log(1 + (total - counts[part] + 0.5) / (counts[part] + 0.5)) for part in set(parts)),
        reverse=True,
    )
    return every[0] + _TOGETHER * sum(every[1:])
