"""Arcs: plots in an order, the phases that they go through, and the milestones on the way."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, field

MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "planning": ("active", "abandoned"),
        "active": ("paused", "completed", "failed", "abandoned"),
        "paused": ("active", "abandoned"),
        "completed": (),
        "failed": (),
        "abandoned": (),
    }
)
"""Where an arc can go from each status; the last three are its end."""
VERBS: Mapping[str, str] = MappingProxyType(
    {
        "active": "start",
        "paused": "pause",
        "completed": "complete",
        "failed": "fail",
        "abandoned": "abandon",
    }
)
"""The word that brings an arc to a status."""
PHASES = ("pending", "active", "completed", "skipped")
MILESTONES = ("pending", "achieved", "skipped", "failed")
NEEDS = ("required", "optional", "conditional")


@attrs.frozen
class Phase:
    """A part of an arc, with those of its plots that belong to it."""

    name: str = field("What it is called.")
    status: str = field("How it stands.", default="pending", choices=PHASES)
    plots: tuple[str, ...] = field("Its plots.", "refs", kinds=("plot",))
    audience: Audience = GM


@attrs.frozen
class Milestone:
    """Something that an arc comes to, must or may."""

    name: str = field("What is reached.")
    status: str = field("How it stands.", default="pending", choices=MILESTONES)
    need: str = field("Whether it must be.", default="required", choices=NEEDS)
    audience: Audience = GM


@attrs.frozen(kw_only=True)
class Arc(Entity):
    """Several plots that are one story."""

    KIND: ClassVar[str] = "arc"
    PLURAL: ClassVar[str] = "arcs"

    status: str = field("How it stands.", "value", default="planning", choices=tuple(MOVES))
    type: str = field(
        "How it is built.",
        "choice",
        choices=("", "linear", "branching", "sandbox", "mystery", "heist"),
        secret=True,
        custom=True,
        option="kind",
    )
    plots: tuple[str, ...] = field(
        "A plot of it, behind the others.", "refs", kinds=("plot",), option="plot"
    )
    phases: tuple[Phase, ...] = field("Its parts, in order.", "value")
    milestones: tuple[Milestone, ...] = field("What it comes to.", "value")
    started_at: str = field("When it started.", "value", default="")
    resolved_at: str = field("When it ended.", "value", default="")


def moved(arc: Arc, to: str, now: str) -> Arc:
    """The arc with another status; InputError with what is possible when that is not."""
    allowed = MOVES.get(arc.status, ())
    if to not in allowed:
        words = "; ".join(f"ttrpg arc {VERBS[each]} {arc.id}" for each in allowed)
        said = f"is {to} already" if to == arc.status else f"is {arc.status}, so not yet {to}"
        if not allowed and to != arc.status:
            said = f"is {arc.status}, and that is its end"
        raise InputError(
            f"{arc.name!r} {said}", f"Possible: {words}" if words else "An undo takes that back"
        )
    return attrs.evolve(
        arc,
        status=to,
        started_at=arc.started_at or (now if to == "active" else ""),
        resolved_at=now if not MOVES[to] else "",
    )


def ordered(plots: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The plots with some of them in another order, at the places that these have together."""
    if len(set(wanted)) != len(wanted):
        raise InputError("a plot is named twice", "Name each once")
    missing = [each for each in wanted if each not in plots]
    if missing:
        raise InputError(
            f"{missing[0]} is not of this arc", "Add it: ttrpg arc edit ARC --plot PLOT"
        )
    following = iter(wanted)
    return tuple(next(following) if each in wanted else each for each in plots)
