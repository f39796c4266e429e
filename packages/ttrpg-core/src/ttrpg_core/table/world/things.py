"""Things that can be carried, found, sold and stolen."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field


@attrs.frozen(kw_only=True)
class Item(Entity):
    """A thing that matters by itself."""

    KIND: ClassVar[str] = "item"
    PLURAL: ClassVar[str] = "items"

    type: str = field("What sort of thing: sword, letter, relic.")
    value: str = field("What it is worth.")
    holder: str = field("Who has it.", "ref", kinds=("npc", "character", "faction", "location"))
