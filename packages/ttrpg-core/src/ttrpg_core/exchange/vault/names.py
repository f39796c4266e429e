"""File names of pages: the names of things, as far as every file system takes them."""

import re
from collections.abc import Iterable

from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.kinds import KINDS, kind

LONGEST = 100
"""Characters of a file's name without its ending."""
HEAVIEST = 200
"""Bytes of it in UTF-8: file systems take 255, and a number and an ending come behind it."""
_REFUSED = re.compile(r'[\\/:*?"<>|#^\[\]\x00-\x1f\x7f]+')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
)


def folder(name: str) -> str:
    """The folder of a kind: ``NPCs``."""
    plural = kind(name).PLURAL
    return plural[:1].upper() + plural[1:]


def kind_of(folder_name: str) -> str | None:
    """The kind whose folder has this name, in any case."""
    folded = folder_name.casefold()
    return next((each for each in KINDS if folder(each).casefold() == folded), None)


def titles(entities: Iterable[Entity]) -> dict[str, str]:
    """The title of the page of each entity, by reference; no two alike, in any case."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for each in entities:
        base = title(each.name) or each.id
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} ({each.KIND})" if number == 2 else f"{base} ({each.KIND} {number})"  # noqa: PLR2004 - the first try names the kind
        taken.add(name.casefold())
        found[each.ref] = name
    return found


def title(name: str) -> str:
    """A name as a file can have it; empty where nothing is left."""
    cleaned = " ".join(_REFUSED.sub(" ", name).split()).strip(". ")[:LONGEST]
    cleaned = cleaned.encode()[:HEAVIEST].decode(errors="ignore").strip(". ")
    return f"{cleaned}_" if cleaned.casefold() in _RESERVED else cleaned
