"""The status of plots, arcs and sessions: changed by the rules of each, and checked before.

For whoever has only a word for where a thing should be: a proposal, or a page of a vault.
"""

from ttrpg_core.errors import InputError
from ttrpg_core.sessions import Sessions
from ttrpg_core.table.world import arcs, plots, sessions
from ttrpg_core.table.world.arcs import Arc
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, plotting

VERBS = {
    "plot": plots.VERBS,
    "arc": arcs.VERBS,
    "session": {"active": "start", "paused": "pause", "ended": "end"},
}
"""The word that brings a thing of a kind to a status; a session goes on after a pause."""


def verb(kind: str, was: str, to: str) -> str:
    """What is done to a thing that goes from one status to another."""
    if kind == "session" and was == "paused" and to == "active":
        return "resume"
    return VERBS[kind][to]


def check(world: World, thing: Entity, to: str) -> None:
    """InputError where a thing cannot have this status now, by its own rules or for others."""
    match thing:
        case Plot():
            plots.moved(thing, to, world.now)
            waited = plots.waits_for(thing, plotting.around(world, thing))
            if to == "active" and waited:
                names = ", ".join(f"{each.name!r} ({each.status})" for each in waited[:8])
                raise InputError(f"{thing.name!r} waits for {names}", "Complete that first")
        case Arc():
            arcs.moved(thing, to, world.now)
        case Session():
            if to not in sessions.ORDER:
                raise InputError(f"{to!r:.60} is no status of a session", ", ".join(sessions.ORDER))
            sessions.moved(thing, to, world.now)
            other = Sessions(world).running()
            if other is not None and other.ref != thing.ref:
                raise InputError(f"session {other.number} is {other.status}", "End it first")
        case _:
            raise InputError(f"a {thing.KIND} has no status that moves", f"See: {thing.ref}")


def move(world: World, reference: str, to: str) -> None:
    """Give a plot, an arc or a session another status, as its own command does."""
    thing = world.get(reference)
    check(world, thing, to)
    match thing:
        case Plot():
            plotting.move(world, thing, to)
        case Arc():
            plotting.move_arc(world, thing, to)
        case Session():
            kept = Sessions(world)
            done = verb("session", thing.status, to)
            if done == "start":
                kept.start(str(thing.number))
            elif done == "resume":
                kept.resume()
            elif done == "pause":
                kept.pause()
            else:
                kept.end({})
