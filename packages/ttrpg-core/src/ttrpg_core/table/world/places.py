"""Places, from a plane to a cupboard, and the ways between them."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field


@attrs.frozen(kw_only=True)
class Location(Entity):
    """A place; ``parent`` is the place that it is in."""

    KIND: ClassVar[str] = "location"
    PLURAL: ClassVar[str] = "locations"

    type: str = field("What sort of place: city, tavern, dungeon.")
    parent: str = field("The place that it is in.", "ref", kinds=("location",))
