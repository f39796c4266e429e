"""The kinds of entities, by name; a kind's module is read when it is asked for."""

import functools
import importlib
from collections.abc import Mapping
from types import MappingProxyType

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "npc": "people:Npc",
        "character": "people:Character",
        "faction": "people:Faction",
        "item": "things:Item",
        "location": "places:Location",
        "note": "notes:Note",
        "relation": "relations:Relation",
        "plot": "plots:Plot",
        "arc": "arcs:Arc",
        "handout": "handouts:Handout",
        "ruling": "rulings:Ruling",
        "condition": "conditions:Condition",
        "session": "sessions:Session",
    }
)
"""Name of each kind, and its class: the module in this package, and the name in it."""


@functools.cache
def kind(name: str) -> type[Entity]:
    """The class of a kind; InputError with the nearest where there is none."""
    if name not in KINDS:
        raise InputError(f"there is no kind {name!r:.60} of things", text.nearest(name, KINDS))
    module, _, attribute = KINDS[name].partition(":")
    found: type[Entity] = getattr(
        importlib.import_module(f"ttrpg_core.table.world.{module}"), attribute
    )
    return found
