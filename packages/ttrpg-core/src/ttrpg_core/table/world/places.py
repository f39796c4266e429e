"""Places, from a plane to a cupboard, what is in them, and the ways between them."""

import re
from collections.abc import Mapping
from typing import ClassVar

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, PUBLIC, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, field

TYPES = (
    *("tavern", "inn", "shop", "guild", "temple", "castle", "manor", "prison", "slum", "market"),
    *("city", "town", "village"),
    *("forest", "mountain", "swamp", "desert", "plains", "coast", "island", "river", "lake"),
    *("cave", "dungeon", "ruins", "tower", "tomb", "mine", "stronghold", "lair", "camp"),
    *("shrine", "portal", "planar", "underwater", "aerial"),
)
"""Usual types of places; any other word will do."""
SHORT_WAYS = ("door", "stairs", "ladder", "portal", "secret", "climb")
"""Ways that take no time worth counting, unless somebody says how much."""
WAYS = (*SHORT_WAYS, "path", "road", "water", "flight")
"""Usual kinds of ways between places; any other word will do."""
MINUTES_MAX = 10_000_000
"""Longest way, in minutes: some nineteen years."""
_UNITS = {"w": 10_080, "d": 1440, "h": 60, "m": 1}
_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute"}
_LENGTH = re.compile(
    r"([0-9]{1,8})(?:[.]([0-9]))?\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
    r"(?![a-z])[\s,]*(?:and\s+)?"
)


@attrs.frozen(kw_only=True)
class Feature:
    """Something in a place. A hidden one is the Game Master's alone until it is revealed.

    ``revealed`` is as that of an entity: who else may read a secret of it by now.
    """

    name: str = field("What it is called.")
    text: str = field("What it is.", "text")
    effect: str = field("What it does in the rules, the GM's until revealed.", secret=True)
    audience: Audience = PUBLIC
    revealed: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    @property
    def hidden(self) -> bool:
        """Whether only the Game Master knows of it."""
        return self.audience == GM


@attrs.frozen(kw_only=True)
class Connection:
    """A way to another place, and back unless ``one_way``; kept with the place where it begins.

    ``minutes`` is how long it takes, None where nobody said. Who may know of it knows both places
    and is in its audience, which is everybody's for a plain way.
    """

    to: str = field("Where it leads.", "ref", kinds=("location",))
    kind: str = field("What sort of way.")
    minutes: int | None = field("How long it takes, in minutes.", "number")
    hazards: str = field("What is dangerous on it, the GM's until revealed.", secret=True)
    note: str = field("What there is to say of it.")
    one_way: bool = field("Whether it cannot be gone back.", "flag")
    audience: Audience = PUBLIC
    revealed: Mapping[str, str] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Location(Entity):
    """A place; ``parent`` is the place that it is in."""

    KIND: ClassVar[str] = "location"
    PLURAL: ClassVar[str] = "locations"

    type: str = field("What sort of place.", suggested=TYPES)
    parent: str = field("The place that it is in.", "ref", kinds=("location",))
    mood: str = field("What it feels like there.")
    light: str = field("How light it is.")
    sounds: str = field("What is heard there.")
    smells: str = field("What it smells of.")
    encounters: tuple[str, ...] = field(
        "What may happen there, and when.", "lines", secret=True, option="encounter"
    )
    loot: tuple[str, ...] = field("What may be found there.", "lines", secret=True)
    map: str = field("Where its map is: a file, a page, an address.", secret=True)
    features: tuple[Feature, ...] = field("What is in it.", "value")
    connections: tuple[Connection, ...] = field("The ways from it.", "value")


def minutes(words: str) -> int:
    """How long a way is, in minutes: ``2 hours``, ``90 min``, ``1 day 4 hours``, ``1.5 days``."""
    folded = words.strip().casefold()
    total, at = 0, 0
    while at < len(folded):
        found = _LENGTH.match(folded, at)
        if found is None:
            break
        unit = _UNITS[found[3][0]]
        total += int(found[1]) * unit + int(found[2] or 0) * unit // 10
        at = found.end()
    if at < len(folded) or not folded or total > MINUTES_MAX:
        raise InputError(
            f"{words!r:.60} is no length of a way", "Such as: 2 hours, 90 minutes, 3 days 4 hours"
        )
    return total


def length(number: int) -> str:
    """Minutes in words: ``1 day 4 hours``; days have 24 hours."""
    said = []
    for unit in ("d", "h", "m"):
        count, number = divmod(number, _UNITS[unit])
        if count:
            said.append(f"{count:,} {_NAMES[unit]}{'' if count == 1 else 's'}")
    return " ".join(said) or "no time"


def way(value: str) -> str:
    """The kind of a way, as it is kept."""
    return text.name(value, "kind of way").casefold()
