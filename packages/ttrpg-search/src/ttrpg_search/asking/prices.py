"""What a thing costs: found in the row of a price list that has its name.

A row says a name and a figure, and no other word of the question; among a hundred names the one
that was asked for hardly counts in a ranking by words. So a question for a price is asked of the
rows themselves: those of tables whose first cells name the thing, and that have money in them.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator

from ttrpg_search.asking.asked import Asked
from ttrpg_search.fts import chunks_of
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import stems, telling

MOST = 400
"""Passages with all words of the thing that are looked at."""
MOST_SHOWN = 3
_MOST_WORDS = 5
_ASKS = re.compile(
    r"\b(?:costs?|prices?|priced|worth|buy|buying|purchas\w+|pay for|how much)\b", re.IGNORECASE
)
_AROUND = """
cost costs price prices priced worth value buy buying purchase pay expensive cheap how much many
list money gold gp coin coins
"""
_NOT_THE_THING = frozenset(_AROUND.split())
_MONEY = (
    r"(?i:[$\u20ac\u00a3\u00a5]\s?\d|\d\s?(?:cp|sp|ep|gp|pp|cr|eb|gc|ss|credits?|nuyen|bits?|coins?|"
    r"shillings?|pence|dollars?|marks?|crowns?)\b)"
)
"""Money in a cell. It and what follows is compiled for the first question for a price."""
_PRICED = r"(?i:\b(?:cost|price|value)\b)"
_ASIDE = r"\([^)]*\)"
_RULE = r"\|(?:\s*:?-+:?\s*\|)+\s*\Z"


def listed(
    asked: Asked,
    texts: Texts,
    connection: sqlite3.Connection,
    within: frozenset[int] | None,
    sources: Iterable[str] | None,
) -> list[int]:
    """The ids of tables with a row for the thing whose price is asked, the best named first.

    Empty for a question that asks no price. ``within`` and ``sources`` are what filters allow.
    """
    thing = _thing(asked)
    if not thing:
        return []
    there = texts.matching(" ".join(f'"{stem}"' for stem in sorted(thing)), MOST)
    books = None if sources is None else frozenset(sources)
    tables = [
        number
        for number, place in texts.standing(there).items()
        if place.kind == "table"
        and (within is None or number in within)
        and (books is None or place.sha256 in books)
    ]
    found: list[tuple[int, int]] = []
    for number, chunk in chunks_of(connection, tables).items():
        around = frozenset(stems(f"{chunk.heading} {' '.join(chunk.path)}"))
        missed = [
            len(thing ^ name)
            for name, titles in _names(chunk.text)
            if name and (thing <= name or (name <= thing and thing - name <= around | titles))
        ]
        if missed:
            found.append((min(missed), number))
    return [number for _, number in sorted(found)[:MOST_SHOWN]]


def _thing(asked: Asked) -> frozenset[str]:
    """The stems of the thing whose price is asked; none where none is."""
    if not _ASKS.search(asked.plain):
        return frozenset()
    own = " ".join(term.text for term in asked.terms[: asked.words])
    said = frozenset(
        stem for word in telling(own) if word not in _NOT_THE_THING for stem in stems(word)
    )
    return said if len(said) <= _MOST_WORDS else frozenset()


def _names(text: str) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The names that stand in the first two cells of rows with a price, and the titles' stems."""
    money, priced, rule = map(re.compile, (_MONEY, _PRICED, _RULE))
    titles: list[str] = []
    before: list[str] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        if rule.match(line):
            titles = before
            continue
        cells = before = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not any(
            money.search(cell) or (priced.search(title) and any(map(str.isdigit, cell)))
            for cell, title in _titled(cells, titles)
        ):
            continue
        for cell in cells[:2]:
            yield frozenset(stems(re.sub(_ASIDE, "", cell))), frozenset(stems(" ".join(titles)))


def _titled(cells: list[str], titles: list[str]) -> Iterator[tuple[str, str]]:
    """Each cell with its title, "" where the table has none."""
    for place, cell in enumerate(cells):
        yield cell, titles[place] if place < len(titles) else ""
