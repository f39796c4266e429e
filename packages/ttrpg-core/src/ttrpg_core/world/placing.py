"""Ways between places and what is in them: found, made, taken away, opened to players."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ttrpg_core.audience import GM, PUBLIC, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.making import LIST_MAX, part_revealed
from ttrpg_core.table.world.places import Connection, Location
from ttrpg_core.table.world.routes import Step, shortest
from ttrpg_core.table.world.seen import Named, knows, open_to, part
from ttrpg_core.world import World
from ttrpg_core.world.reading import Reader
from ttrpg_core.world.searching import pointing


@attrs.frozen
class Way:
    """A way from one place to another; ``kept`` is the place that has it among its connections."""

    start: str
    end: str
    connection: Connection
    kept: str

    def step(self, viewer: Audience, named: Named) -> Step:
        """It as a step of a route, with the hazards that a viewer knows."""
        known = self.connection
        told = part(known, viewer, named) if known.hazards else {}
        return Step(known.kind, self.end, known.minutes, told.get("hazards", ""))


def places(reader: Reader, viewer: Audience = GM) -> dict[str, Location]:
    """The places that a viewer knows, by reference, in the order of their names."""
    named = reader.named(viewer)
    every = _locations(reader.all("location", viewer))
    return {each.ref: each for each in every if knows(each, viewer, named)}


def ways_of(reader: Reader, reference: str, viewer: Audience = GM) -> list[Way]:
    """The ways from a place that a viewer knows; from one that is gone, those that led to it."""
    here = reader.peek(reference)
    keepers = pointing(reader, reference, ("location",)) + ([] if here is None else [here])
    named = reader.named(viewer)
    known = (each for each in _locations(keepers) if knows(each, viewer, named))
    ways = _ways(((each.ref, each.connections) for each in known), viewer, named)
    found = [each for each in ways if each.start == reference]
    return sorted(found, key=lambda each: (each.end, each.connection.kind))


def route(reader: Reader, start: str, goal: str, viewer: Audience = GM) -> tuple[Step, ...] | None:
    """The best route between two places by ways that a viewer knows; None when there is none.

    What is in what is looked at only where ways alone do not lead there: one that they make is
    better than any other.
    """
    named = reader.named(viewer)
    ways: dict[str, list[Step]] = {}
    for way in _ways(reader.field(Location, "connections", viewer), viewer, named):
        ways.setdefault(way.start, []).append(way.step(viewer, named))

    def along(here: str) -> Sequence[Step]:
        return ways.get(here, ()) if named(here) is not None else ()

    found = shortest(start, goal, along)
    if found is not None:
        return found
    beside: dict[str, list[tuple[str, str]]] = {}
    for each, parent in reader.field(Location, "parent", viewer):
        beside.setdefault(each, []).append(("out", parent))
        beside.setdefault(parent, []).append(("in", each))

    def across(here: str) -> Iterator[Step]:
        yield from along(here)
        if named(here) is not None:
            yield from (Step(kind, to) for kind, to in beside.get(here, ()))

    return shortest(start, goal, across)


def connect(world: World, start: str, end: str, kind: str, given: Mapping[str, Any]) -> Connection:
    """Add a way, or change the one of its kind between the same two places.

    ``given`` are values of the connection. A new secret way is the Game Master's alone.
    """
    if start == end:
        raise InputError("a way leads from one place to another", "Both were the same")
    with world.change("location.connect") as change:
        here, there = _location(world, start), _location(world, end)
        mine, theirs = _at(here, end, kind), _at(there, start, kind)
        if theirs is not None and there.connections[theirs].one_way:
            theirs = None  # that one leads here alone
        if mine is not None:
            base = here.connections[mine]
        elif theirs is not None:
            base = there.connections[theirs]
        else:
            base = Connection(to=end, kind=kind, audience=GM if kind == "secret" else PUBLIC)
        new = attrs.evolve(base, **given)
        if mine is None and theirs is not None and new.one_way:
            there = world.save(change, _without(there, base))
            new, theirs = attrs.evolve(new, to=end), None  # it leads from here, so it is kept here
        kept = there if mine is None and theirs is not None else here
        others = _without(kept, base)
        if len(others.connections) >= LIST_MAX:
            raise InputError(f"{kept.name} has {LIST_MAX} ways already", "That is the most")
        world.save(change, attrs.evolve(others, connections=(*others.connections, new)))
        change.prose = f"connected {here.name!r} and {there.name!r} by {kind}"
        change.facts = {"ref": start, "to": end, "kind": kind, "name": here.name}
    return new


def disconnect(world: World, start: str, end: str, kind: str = "") -> Way:
    """Take away the way between two places; ``kind`` says which when there are several."""
    with world.change("location.disconnect") as change:
        gone = between(world, start, end, kind)
        here = _location(world, gone.kept)
        world.save(change, _without(here, gone.connection))
        change.prose = f"took away the {gone.connection.kind} between {_names(world, start, end)}"
        change.facts = {"ref": start, "to": end, "kind": gone.connection.kind, "name": here.name}
    return gone


def between(world: World, start: str, end: str, kind: str = "") -> Way:
    """The one way between two places, whichever has it. NotFound, or InputError for several."""
    found = {
        (each.kept, each.connection): each
        for each in [*ways_of(world, start), *ways_of(world, end)]
        if {each.start, each.end} == {start, end} and kind in {"", each.connection.kind}
    }
    names = _names(world, start, end)
    if not found:
        raise NotFound(
            f"there is no {kind or 'way'} between {names}", "See: ttrpg location show NAME"
        )
    if len(found) > 1:
        kinds = ", ".join(each.kind for _, each in found)
        raise InputError(f"there are {len(found)} ways between {names}", f"--kind one of: {kinds}")
    return next(iter(found.values()))


def reveal_way(
    world: World, start: str, end: str, to: Audience, kind: str = "", secret: str = ""
) -> bool:
    """Let an audience know of a way, or only of a secret field of it; ``gm`` hides that again.

    Answers whether anything is different.
    """
    with world.change("world.reveal") as change:
        way = between(world, start, end, kind)
        here = _location(world, way.kept)
        named = f"the {way.connection.kind} between {_names(world, start, end)}"
        if secret:
            new = part_revealed(way.connection, secret, to, named)
            named = f"the {secret} of {named}"
        else:
            new = attrs.evolve(way.connection, audience=way.connection.audience.widened(to, named))
        values = tuple(new if each == way.connection else each for each in here.connections)
        if values != here.connections:
            world.save(change, attrs.evolve(here, connections=values))
        change.prose = f"hid {named}" if to == GM else f"revealed {named} to {to}"
        change.facts = {
            "ref": here.ref,
            "name": here.name,
            "field": f"way: {new.kind} to {world.named()(new.to) or new.to}"
            + (f", {secret}" if secret else ""),
            "to": to.name,
            "session": world.running(),
        }
    return new != way.connection


def _location(reader: Reader, reference: str) -> Location:
    found = reader.get(reference)
    if not isinstance(found, Location):
        raise InputError(f"{found.name!r} is no location", "Name a place")
    return found


def _locations(found: Iterable[Entity]) -> Iterator[Location]:
    return (each for each in found if isinstance(each, Location))


def _ways(
    found: Iterable[tuple[str, Iterable[Connection]]], viewer: Audience, named: Named
) -> Iterator[Way]:
    """All ways that places keep and a viewer of the places knows, there and back."""
    for place, connections in found:
        for each in connections:
            if open_to(each, viewer, named):
                yield Way(place, each.to, each, place)
                if not each.one_way:
                    yield Way(each.to, place, each, place)


def _at(here: Location, to: str, kind: str) -> int | None:
    """Where among its connections a place has the one of a kind to another."""
    return next(
        (n for n, each in enumerate(here.connections) if (each.to, each.kind) == (to, kind)), None
    )


def _without(place: Location, gone: Connection) -> Location:
    left = tuple(each for each in place.connections if each != gone)
    return attrs.evolve(place, connections=left)


def _names(reader: Reader, start: str, end: str) -> str:
    named = reader.named()
    return f"{named(start) or start!r} and {named(end) or end!r}"
