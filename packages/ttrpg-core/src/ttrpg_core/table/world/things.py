"""Things that can be carried, found, sold and stolen."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field

HOLDERS = ("character", "npc", "faction", "location")
"""Who or what may have a thing."""


@attrs.frozen(kw_only=True)
class Item(Entity):
    """A thing that matters by itself."""

    KIND: ClassVar[str] = "item"
    PLURAL: ClassVar[str] = "items"

    type: str = field("What sort of thing: sword, letter, relic.")
    value: str = field("What it is worth.")
    rarity: str = field(
        "How rare it is.",
        suggested=("common", "uncommon", "rare", "very rare", "legendary", "artifact"),
    )
    holder: str = field("Who has it, or where it lies.", "ref", kinds=HOLDERS)
    attunes: bool = field("Whether somebody has to be attuned to it.", "flag")
    attuned: str = field("Who is attuned to it.", "ref", kinds=("character", "npc"))
    charges: int | None = field("Charges that are left.", "number", bounds=(0, 10_000))
    charges_max: int | None = field("Charges that it holds.", "number", bounds=(0, 10_000))
    effect: str = field("What it does in the rules.", secret=True)
