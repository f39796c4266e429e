"""Entities found by words, and what mentions an entity.

The index is SQLite's own, kept by triggers from the rows themselves: whatever writes them, an undo
or a rollback too, it says what they say. What it finds is then looked at as the viewer sees it, so
that no secret can be found out by searching for it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity, fields_of
from ttrpg_core.table.world.links import links
from ttrpg_core.table.world.seen import Seen, pointed, seen
from ttrpg_core.world import rows
from ttrpg_core.world.reading import Reader

__all__ = ["Found", "matching", "mentions", "pointed", "pointing", "search", "tells", "texts"]

_WORD = re.compile(r"\w+")
AROUND = 60
"""Characters of an excerpt on each side of what was found."""


@attrs.frozen
class Found:
    """An entity that has the words, as the viewer sees it, and where they stand."""

    seen: Seen
    excerpt: str


def search(
    reader: Reader,
    words: str,
    *,
    viewer: Audience = GM,
    kinds: Sequence[str] = (),
    limit: int = 20,
) -> list[Found]:
    """Entities that have all the words, the best first; the last word may be a beginning."""
    wanted = _WORD.findall(words)
    if not wanted:
        return []
    query = " ".join(f'"{each}"' for each in wanted) + "*"
    named = reader.named(viewer)
    found: list[Found] = []
    for each in matching(reader, query, kinds):
        shown = seen(each, viewer, named)
        if shown is None:
            continue
        told = _told(shown)
        if viewer != GM and not all(word.casefold() in told.casefold() for word in wanted):
            continue
        found.append(Found(shown, _excerpt(told, wanted)))
        if len(found) == limit:
            break
    return found


def mentions(reader: Reader, entity: Entity) -> list[Entity]:
    """The entities that point at this one: in a field, or by a link in a text."""
    found = {}
    called = [entity.ref, entity.id, entity.name, *entity.aliases]
    folded = {each.casefold() for each in called}
    for name in called:
        phrase = " ".join(_WORD.findall(name.replace("_", " ")))
        if not phrase:
            continue
        linked = "" if name == entity.ref else "[["  # a word alone points at nothing
        for each in matching(reader, f'"{phrase}"', (), (linked, name if name.isascii() else "")):
            if each.ref not in found and each.ref != entity.ref and _points(each, entity, folded):
                found[each.ref] = each
    return sorted(found.values(), key=lambda each: (each.KIND, each.name.casefold(), each.id))


def pointing(reader: Reader, reference: str, kinds: Sequence[str] = ()) -> list[Entity]:
    """The entities that have a reference in a field, of some kinds or of any."""
    phrase = " ".join(_WORD.findall(reference))
    return [each for each in matching(reader, f'"{phrase}"', kinds) if reference in pointed(each)]


def texts(value: Any) -> Iterator[str]:
    """The texts of an entity, and of the values in it, in which links may stand."""
    for name, known in fields_of(type(value)).items():
        held = getattr(value, name)
        if known.shape in {"text", "line"} and held:
            yield held
        elif known.shape == "value":
            for each in held if isinstance(held, tuple) else (held,):
                if each is not None and attrs.has(type(each)):
                    yield from texts(each)


def _points(other: Entity, entity: Entity, folded: set[str]) -> bool:
    if entity.ref in pointed(other):
        return True
    return any(link.target.casefold() in folded for each in texts(other) for link in links(each))


def matching(
    reader: Reader, query: str, kinds: Sequence[str], holding: Sequence[str] = ()
) -> Iterator[Entity]:
    """The entities that an FTS5 query finds, the best first.

    ``holding`` are texts in ASCII that must stand in one as they are, in any case: SQLite looks
    faster than the entities are read.
    """
    marks = ", ".join("?" for _ in kinds)
    where = f" AND kind IN ({marks})" if kinds else ""
    where += " AND instr(lower(state), ?)" * len(holding)
    held = [json.dumps(each)[1:-1].lower() for each in holding]
    columns = ", ".join(f"entities.{each}" for each in rows.COLUMNS.split(", "))
    found = reader.connection.execute(
        f"SELECT {columns} FROM entities_said JOIN entities"  # noqa: S608 - names are ours
        " ON entities.number = entities_said.rowid"
        f" WHERE entities_said MATCH ? AND campaign = ?{where}"
        " ORDER BY bm25(entities_said, 10.0, 1.0), kind, id",
        [query, reader.campaign, *kinds, *held],
    )
    return map(rows.entity, found.fetchall())


def tells(shown: Seen, name: str) -> bool:
    """Whether a name stands, as words of its own, in what somebody sees of an entity."""
    words = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    return any(words.search(each) for each in _words(shown.fields))


def _told(shown: Seen) -> str:
    """All words of what somebody sees."""
    return "\n".join([shown.name, *_words(shown.fields)])


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)


def _excerpt(told: str, wanted: Sequence[str]) -> str:
    """The part of a text around the first of the words."""
    folded = told.casefold()
    places = [place for word in wanted if (place := folded.find(word.casefold())) >= 0]
    start = max(min(places, default=0) - AROUND, 0)
    piece = " ".join(told[start : start + 2 * AROUND].split())
    before = "... " if start else ""
    return f"{before}{piece}" + (" ..." if start + 2 * AROUND < len(told) else "")
