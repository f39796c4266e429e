"""A question that is a title, and nothing else: what bears it stands first.

Who types "sleep" or "careful spell" means the thing of that name, however much more a long passage
about sleeping says of it. A title is the heading of a passage; or a line or the bold beginning of a
paragraph inside of it, as an entry is one passage with its small headings in it.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from ttrpg_search.asking.asked import Asked
from ttrpg_search.fts import Having
from ttrpg_search.keyword.tokens import STOP, stems, stems_of, words

MOST_WORDS = 8
"""Words of a question that may be a title."""
DESCRIBED = 0.15
"""Of the best score, what a passage gains whose heading is the name of what is described."""
MOST_WITHIN = 5
"""Words of a title within an entry, at the most; reading the entries takes a while."""
LOOKED_AT = 24
"""Passages whose text is looked into, where no heading is the question."""
_WORTH = (1.25, 1.2, 1.15)
"""Of the best score: the heading word for word, by its stems, and a title within."""
_APART = 4
"""Letters between two words of a title within an entry, at the most."""
_OWN = 0.05
"""How much of its own score keeps those of one worth in order."""


def by_name(
    asked: Asked,
    fused: Sequence[tuple[int, float]],
    connection: sqlite3.Connection,
    having: Having,
) -> tuple[list[tuple[int, float]], int]:
    """The ranking with what is described or asked for by name raised, and how many bear it.

    ``having`` is that of :class:`ttrpg_search.fts.Matched`.
    """
    ids = [number for number, _ in fused]
    said = words(asked.plain)
    names = names_of(asked)
    titled = 0 < len(said) <= MOST_WORDS
    wanted = [*names, _needed(said)] if titled else [*names]
    likely = having(wanted, ids, headed=True) if wanted else ()
    headings = _headings(connection, likely) if likely else {}
    raised = described(names, fused, headings)
    if not titled or not raised:
        return raised, 0
    worth = _headed(said, headings)
    if not worth and len(said) <= MOST_WITHIN:
        first = [number for number, _ in raised[:LOOKED_AT]]
        if all(len(word) > 1 for word in said):  # "d artagnan" is one word in a book
            first = [*having([_needed(said)], first, headed=False)]
        worth = _within(said, connection, first) if first else {}
    return _entitled(raised, worth) if worth else raised, len(worth)


def _entitled(
    fused: Sequence[tuple[int, float]], worth: Mapping[int, float]
) -> list[tuple[int, float]]:
    """The ranking with what bears the question as its title first."""
    top = fused[0][1]
    raised = [
        (number, top * worth[number] + _OWN * score if number in worth else score)
        for number, score in fused
    ]
    raised.sort(key=lambda each: -each[1])
    return raised


def names_of(asked: Asked) -> dict[tuple[str, ...], float]:
    """The names of what the question describes, as stems, and how well it describes each."""
    found: dict[tuple[str, ...], float] = {}
    for term in asked.terms[asked.words :]:
        for name in (term.text, *(other for other, weight in term.others if weight >= 1)):
            if key := stems_of(name):
                found[key] = max(found.get(key, 0.0), term.weight)
    return found


def described(
    names: Mapping[tuple[str, ...], float],
    fused: Sequence[tuple[int, float]],
    headings: Mapping[int, str],
) -> list[tuple[int, float]]:
    """The ranking with what the question describes raised, by how well it is described.

    Its words may be all over the book: the passage under the name of the thing says few of them,
    as it calls the thing by its name.
    """
    raised = list(fused)
    strengths = {
        number: strength
        for number, heading in headings.items()
        if (strength := names.get(stems_of(heading)))
    }
    if strengths:
        most = DESCRIBED * fused[0][1]
        raised = [(number, score + most * strengths.get(number, 0.0)) for number, score in fused]
        raised.sort(key=lambda each: -each[1])
    return raised


def _needed(said: list[str]) -> list[str]:
    """The stems without which nothing bears a title: small words may be others."""
    return _telling(said) or stems(" ".join(said))


def _headings(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, str]:
    rows = connection.execute(
        "SELECT id, heading FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        [json.dumps([*ids])],
    )
    return {row[0]: row[1] for row in rows}


def _headed(said: list[str], headings: Mapping[int, str]) -> dict[int, float]:
    """What those count whose heading says no more and no less than the question."""
    wanted = tuple(stems(" ".join(said)))
    meant = tuple(_telling(said))
    plain = tuple(said)
    found = {}
    for number, heading in headings.items():
        named, whole, telling = _read(heading)
        if named == plain:
            found[number] = _WORTH[0]
        elif whole == wanted or (meant and telling == meant):
            found[number] = _WORTH[1]
    return found


@lru_cache(maxsize=8192)
def _read(heading: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The words of a heading, its stems, and those that tell; a question reads a hundred."""
    named = words(heading)
    return tuple(named), tuple(stems(heading)), tuple(_telling(named))


def _telling(said: list[str]) -> list[str]:
    """The stems of the words that are more than small ones: "how do I hide" is "hide"."""
    return stems(" ".join(word for word in said if word not in STOP))


def _within(
    said: list[str], connection: sqlite3.Connection, ids: Iterable[int]
) -> dict[int, float]:
    """What those count in which the question is a line, or what a paragraph begins with."""
    rows = connection.execute(
        "SELECT id, text FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        [json.dumps([*ids])],
    )
    likely = [(number, text) for number, text in rows if _in_a_row(said, _alike(text))]
    if not likely:  # most questions; the pattern takes longer to compile than all of the rest
        return {}
    title = rf"[^\w\n|]{{1,{_APART}}}".join(map(re.escape, said))
    begins = re.compile(
        rf"^[^\w\n|]{{0,8}}{title}(?:[^\w\n|]{{0,6}}$|[*_]{{0,3}}[.:][^\w\n|]{{0,4}}\s)",
        re.IGNORECASE | re.MULTILINE,
    )
    return {number: _WORTH[2] for number, text in likely if begins.search(text)}


def _alike(text: str) -> str:
    """A text in which letters are the same that are so to a pattern that ignores case."""
    return text.lower() if text.isascii() else text.casefold().replace("\u0307", "")


def _in_a_row(said: list[str], text: str) -> bool:
    """Whether words stand in a row somewhere, whatever the few letters between them."""
    start = text.find(said[0])
    while start >= 0:
        end = start + len(said[0])
        for word in said[1:]:
            at = text.find(word, end + 1, end + _APART + len(word))
            if at < 0:
                break
            end = at + len(word)
        else:
            return True
        start = text.find(said[0], start + 1)
    return False
