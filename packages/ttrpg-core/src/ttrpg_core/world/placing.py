"""Ways between places and what is in them: found, made, taken away, opened to players."""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.journal import Change
from ttrpg_core.table.world import listed
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.making import LIST_MAX
from ttrpg_core.table.world.places import Connection, Feature, Location
from ttrpg_core.table.world.routes import Step, shortest
from ttrpg_core.table.world.seen import knows, open_to
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

    @property
    def step(self) -> Step:
        """It as a step of a route."""
        known = self.connection
        return Step(known.kind, self.end, known.minutes, known.hazards)


def places(reader: Reader, viewer: Audience = GM) -> dict[str, Location]:
    """The places that a viewer knows, by reference, in the order of their names."""
    named = reader.named(viewer)
    every = _locations(reader.all("location"))
    return {each.ref: each for each in every if knows(each, viewer, named)}


def ways_of(reader: Reader, reference: str, viewer: Audience = GM) -> list[Way]:
    """The ways from a place that a viewer knows."""
    here = reader.get(reference)
    others = pointing(reader, reference, ("location",))
    return [
        each
        for each in _ways(_locations([here, *others]), reader, viewer)
        if each.start == reference
    ]


def route(reader: Reader, start: str, goal: str, viewer: Audience = GM) -> tuple[Step, ...] | None:
    """The best route between two places by ways that a viewer knows; None when there is none."""
    known = places(reader, viewer)
    steps: dict[str, list[Step]] = {each: [] for each in known}
    for way in _ways(known.values(), reader, viewer):
        if way.start in steps:
            steps[way.start].append(way.step)
    for each, place in known.items():
        if place.parent in known:
            steps[each].append(Step("out", place.parent))
            steps[place.parent].append(Step("in", each))
    return shortest(start, goal, lambda each: steps.get(each, ()))


def connect(world: World, start: str, new: Connection) -> Location:
    """Add a way, or change the one of its kind between the same two places."""
    if start == new.to:
        raise InputError("a way leads from one place to another", "Both were the same")
    with world.change("location.connect") as change:
        here, there = _location(world, start), _location(world, new.to)
        mine = _at(here, there.ref, new.kind)
        theirs = _at(there, here.ref, new.kind)
        if mine is None and theirs is not None:
            here, there, mine = there, here, theirs
            new = attrs.evolve(new, to=there.ref, one_way=False)
        others = [each for n, each in enumerate(here.connections) if n != mine]
        if len(others) >= LIST_MAX:
            raise InputError(f"{here.name} has {len(others)} ways already", "That is the most")
        world.save(change, attrs.evolve(here, connections=(*others, new)))
        verb = "connected" if mine is None else "changed the way between"
        change.prose = f"{verb} {here.name!r} and {there.name!r} ({new.kind})"
        change.facts = {"ref": here.ref, "to": there.ref, "kind": new.kind}
    return _location(world, start)


def disconnect(world: World, start: str, end: str, kind: str = "") -> Way:
    """Take away the way between two places; ``kind`` says which when there are several."""
    with world.change("location.disconnect") as change:
        gone = between(world, start, end, kind)
        here = _location(world, gone.kept)
        left = tuple(each for each in here.connections if each != gone.connection)
        world.save(change, attrs.evolve(here, connections=left))
        change.prose = f"took away the {gone.connection.kind} between {_names(world, start, end)}"
        change.facts = {"ref": start, "to": end, "kind": gone.connection.kind}
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


def reveal_way(world: World, start: str, end: str, to: Audience, kind: str = "") -> bool:
    """Let an audience know of a way; ``gm`` hides it again. Whether anything is different."""
    with world.change("world.reveal") as change:
        way = between(world, start, end, kind)
        here = _location(world, way.kept)
        new = attrs.evolve(way.connection, audience=to)
        values = tuple(new if each == way.connection else each for each in here.connections)
        if values != here.connections:
            world.save(change, attrs.evolve(here, connections=values))
        what = f"the {new.kind} between {_names(world, start, end)}"
        _tell(change, here, what, to)
    return new != way.connection


def add_feature(world: World, place: str, new: Feature) -> Location:
    """Add something to a place."""
    with world.change("location.feature") as change:
        here = _location(world, place)
        features = listed.added(here.features, new, "feature")
        made = world.save(change, attrs.evolve(here, features=features))
        change.prose = f"added {new.name!r} to {here.name!r}"
        change.facts = {"ref": here.ref, "feature": new.name}
    return made


def remove_feature(world: World, place: str, wanted: str) -> tuple[Location, Feature]:
    """Take something out of a place, by its name, a beginning of it, or its number."""
    with world.change("location.feature") as change:
        here = _location(world, place)
        at = listed.place(here.features, wanted, "feature")
        gone = here.features[at]
        features = listed.replaced(here.features, at, None)
        made = world.save(change, attrs.evolve(here, features=features))
        change.prose = f"took {gone.name!r} out of {here.name!r}"
        change.facts = {"ref": here.ref, "feature": gone.name}
    return made, gone


def reveal_feature(world: World, place: str, wanted: str, to: Audience) -> tuple[Location, Feature]:
    """Let an audience know of something in a place; ``gm`` hides it again."""
    with world.change("world.reveal") as change:
        here = _location(world, place)
        at = listed.place(here.features, wanted, "feature")
        new = attrs.evolve(here.features[at], audience=to)
        features = listed.replaced(here.features, at, new)
        if features != here.features:
            here = world.save(change, attrs.evolve(here, features=features))
        _tell(change, here, f"{new.name} in {here.name}", to)
    return here, new


def _location(reader: Reader, reference: str) -> Location:
    found = reader.get(reference)
    if not isinstance(found, Location):
        raise InputError(f"{found.name!r} is no location", "Name a place")
    return found


def _locations(found: Iterable[Entity]) -> Iterator[Location]:
    return (each for each in found if isinstance(each, Location))


def _ways(found: Iterable[Location], reader: Reader, viewer: Audience) -> Iterator[Way]:
    """All ways that these places keep and a viewer knows, there and back."""
    named = reader.named(viewer)
    for place in found:
        if not knows(place, viewer, named):
            continue
        for each in place.connections:
            if open_to(each, viewer, named):
                yield Way(place.ref, each.to, each, place.ref)
                if not each.one_way:
                    yield Way(each.to, place.ref, each, place.ref)


def _at(here: Location, to: str, kind: str) -> int | None:
    """Where among its connections a place has the one of a kind to another."""
    return next(
        (n for n, each in enumerate(here.connections) if (each.to, each.kind) == (to, kind)), None
    )


def _names(reader: Reader, start: str, end: str) -> str:
    named = reader.named()
    return f"{named(start) or start!r} and {named(end) or end!r}"


def _tell(change: Change, here: Location, what: str, to: Audience) -> None:
    change.prose = f"hid {what}" if to == GM else f"revealed {what} to {to}"
    change.facts = {"ref": here.ref, "field": what, "to": to.name}
