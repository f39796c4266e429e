"""A fight as it is told afterwards, by somebody who may know only some of it."""

from collections.abc import Mapping

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.combat.seen import known
from ttrpg_core.table.combat.state import Fight


@attrs.frozen
class Fought:
    """A fight after it: ``names`` of those whom the viewer knows by id, ``ours`` the party's ids.

    ``fallen`` are those who are not up. ``name`` is empty for players, as it says what the fight
    was called when it was prepared.
    """

    id: str
    name: str
    rounds: int
    ended: bool
    names: Mapping[str, str]
    ours: frozenset[str]
    fallen: tuple[str, ...]


def fought(fight: Fight, viewer: Audience) -> Fought:
    """What a viewer knows of a fight."""
    people = known(fight, viewer)
    return Fought(
        fight.id,
        fight.name if viewer == GM else "",
        fight.turns[-1].round if fight.turns else 0,
        fight.status == "ended",
        {key: each.name for key, each in people.items()},
        frozenset(key for key, each in people.items() if each.kind in {"player", "ally"}),
        tuple(key for key, each in people.items() if each.life != "up"),
    )
