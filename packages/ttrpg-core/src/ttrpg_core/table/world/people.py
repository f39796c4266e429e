"""People: the party's characters, everybody else, and what they belong to."""

from typing import ClassVar

import attrs

from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.world.entity import Entity, field


@attrs.frozen(kw_only=True)
class Npc(Entity):
    """Somebody whom the Game Master plays."""

    KIND: ClassVar[str] = "npc"
    PLURAL: ClassVar[str] = "NPCs"

    role: str = field("What they do: smith, captain, queen.")
    attitude: str = field(
        "How they meet the party.",
        "choice",
        choices=("", "hostile", "wary", "neutral", "friendly", "allied"),
    )
    location: str = field("Where they are.", "ref", kinds=("location",))
    factions: tuple[str, ...] = field(
        "What they belong to.", "refs", kinds=("faction",), option="faction"
    )


@attrs.frozen(kw_only=True)
class Character(Entity):
    """A character of the party."""

    KIND: ClassVar[str] = "character"
    PLURAL: ClassVar[str] = "characters"

    player: str = field("Who plays them.")
    ancestry: str = field("Their people, species or ancestry.")
    role: str = field("Their class or calling.")
    level: int | None = field("Their level.", "number")
    sheet: Sheet = field(  # noqa: RUF009 - it is frozen
        "Hit points, what is on them, and what they can use.", "value", default=Sheet()
    )


@attrs.frozen(kw_only=True)
class Faction(Entity):
    """A guild, a crown, a cult: many who act as one."""

    KIND: ClassVar[str] = "faction"
    PLURAL: ClassVar[str] = "factions"

    goal: str = field("What it wants.", secret=True)
    leader: str = field("Who leads it.", "ref", kinds=("npc", "character"))
    location: str = field("Where it has its seat.", "ref", kinds=("location",))
