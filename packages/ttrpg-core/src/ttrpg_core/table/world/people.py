"""People: the party's characters, everybody else, and what they belong to."""

from typing import ClassVar

import attrs

from ttrpg_core.audience import GROUPS, PARTY, Audience
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.world.entity import Entity, field

WORST_AND_BEST = (-100, 100)
"""Least and most of a reputation."""


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
    status: str = field(
        "How it is with them.",
        "choice",
        choices=("", "alive", "dead", "missing", "gone"),
        secret=True,
    )
    location: str = field("Where they are.", "ref", kinds=("location",))
    factions: tuple[str, ...] = field(
        "What they belong to.", "refs", kinds=("faction",), option="faction"
    )
    looks: str = field("What is seen of them.")
    voice: str = field("How they speak: pace, pitch, a phrase of theirs.")
    traits: tuple[str, ...] = field("What they are like.", "lines", option="trait")
    motivation: str = field("What drives them.", secret=True)
    hooks: tuple[str, ...] = field(
        "What may come of meeting them.", "lines", secret=True, option="hook"
    )
    stats: str = field("Where their numbers are: a stat block, a book's page.", secret=True)


@attrs.frozen(kw_only=True)
class Character(Entity):
    """A character of the party, which knows of them unless somebody says otherwise."""

    KIND: ClassVar[str] = "character"
    PLURAL: ClassVar[str] = "characters"
    RESERVED: ClassVar[tuple[str, ...]] = GROUPS

    audience: Audience = PARTY
    player: str = field("Who plays them.")
    ancestry: str = field("Their people, species or ancestry.")
    role: str = field("Their class or calling.")
    level: int | None = field("Their level.", "number")
    background: str = field("Where they come from.")
    traits: tuple[str, ...] = field("What they are like.", "lines", option="trait")
    location: str = field("Where they are.", "ref", kinds=("location",))
    factions: tuple[str, ...] = field(
        "What they belong to.", "refs", kinds=("faction",), option="faction"
    )
    hooks: tuple[str, ...] = field(
        "What of their story may come up.", "lines", secret=True, option="hook"
    )
    sheet: Sheet = field(  # noqa: RUF009 - it is frozen
        "Hit points, what is on them, and what they can use.", "value", default=Sheet()
    )


@attrs.frozen(kw_only=True)
class Faction(Entity):
    """A guild, a crown, a cult: many who act as one.

    Its members are the people who name it among their factions.
    """

    KIND: ClassVar[str] = "faction"
    PLURAL: ClassVar[str] = "factions"

    goal: str = field("What it wants.", secret=True)
    leader: str = field("Who leads it.", "ref", kinds=("npc", "character"))
    location: str = field("Where it has its seat.", "ref", kinds=("location",))
    type: str = field(
        "What sort of group.",
        suggested=("guild", "crown", "cult", "order", "gang", "company", "clan", "army"),
    )
    reputation: int | None = field(
        "How it thinks of the party, from -100 to 100.",
        "number",
        secret=True,
        bounds=WORST_AND_BEST,
    )
    hooks: tuple[str, ...] = field(
        "What may come of having to do with it.", "lines", secret=True, option="hook"
    )


STANDINGS = ((-60, "hostile"), (-20, "unfriendly"), (19, "neutral"), (59, "friendly"))
"""Words for how somebody thinks of the party, and up to which score each goes."""


def standing(score: int) -> str:
    """A reputation from -100 to 100 in a word."""
    return next((word for most, word in STANDINGS if score <= most), "allied")
