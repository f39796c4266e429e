"""What is proposed for the things of a campaign: checked as it would be done, and done.

New relations and sessions, the status of what has one, and the clocks of plots have rules of their
own. They are checked when they are proposed, and again when somebody accepts them.
"""

import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from ttrpg_core import text
from ttrpg_core.errors import Denied, InputError
from ttrpg_core.proposals.typed import typed
from ttrpg_core.sessions import NUMBER_MAX, Sessions, moving
from ttrpg_core.table.world import listed, making, plots
from ttrpg_core.table.world.entity import Entity, fields_of
from ttrpg_core.table.world.kinds import kind as kind_of
from ttrpg_core.table.world.making import Given
from ttrpg_core.table.world.plots import Clock, Plot
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, plotting, relating, rows

Changes: TypeAlias = dict[str, list[Any]]
"""``{field: [as it is, as it would be]}``, as JSON has it."""
_CLOCK = re.compile(r"(\S.*?)[ \t]+([0-9]{1,4})/([0-9]{1,4})")


def added(
    world: World, kind: str, given: Mapping[str, str], known: Given = MappingProxyType({})
) -> tuple[Changes, str]:
    """What a new thing of a kind would have, and what it would be called.

    ``known`` are values that were checked before, as a change has them.
    """
    cls = kind_of(kind)
    number = {"number": _number(given["number"])} if "number" in given and cls is Session else {}
    told = typed(cls, {name: value for name, value in given.items() if name not in number})
    values: Given = {**known, **told, **number}
    if not str(values.get("name", "")).strip():
        raise InputError(f"the {cls.KIND} has no name", "Give it one")
    if cls is Relation:
        rest = {name: value for name, value in values.items() if name not in _SAID}
        ends = [str(values.get(name, "")) for name in _SAID]
        if not all(ends):
            raise InputError("a relation is of two things", "Give its source and its target")
        source, words, target = ends
        made: Entity = relating.said(world, source, words, target, rest)
    elif cls is Session:
        made = _session(world, values)
    else:
        if cls.KIND != "note":
            must_be_new(world, cls, values["name"])
        made = making.made(cls, "new", values, world.resolve, "")
    blank = cls(id="new", name="new")
    changes = {
        name: ["" if name == "name" else plain(getattr(blank, name)), plain(getattr(made, name))]
        for name in ("name", *fields_of(cls), "audience")
        if name in values
    }
    return changes, relating.told(world, made) if isinstance(made, Relation) else made.name


def add(world: World, kind: str, changes: Mapping[str, Sequence[Any]]) -> None:
    """Add a thing that was proposed."""
    cls = kind_of(kind)
    values = {name: after for name, (_, after) in changes.items()}
    if cls is Relation:
        source, words, target = (values.pop(name) for name in _SAID)
        relating.add(world, source, words, target, values)
    elif cls is Session:
        number = values.pop("number", None)
        Sessions(world).plan(values.pop("name"), values, number)
    else:
        if cls.KIND != "note":
            must_be_new(world, cls, values["name"])
        world.add(cls, values)


def edited(world: World, old: Entity, given: Mapping[str, str]) -> Changes:
    """What would be different of a thing; empty where nothing would be."""
    if name := step_of(old.KIND, given):
        return _step(world, old, name, given)
    values: Given = typed(type(old), given)
    if isinstance(old, Relation):
        values = relating.reworded(old, values)
    new_one, different = making.changed(old, values, world.resolve, "")
    if isinstance(new_one, Relation) and different:
        relating.must_be_new(world, new_one)
    return {name: [plain(was), plain(now)] for name, (was, now) in different.items()}


def edit(world: World, old: Entity, changes: Mapping[str, Sequence[Any]]) -> None:
    """Change a thing as it was proposed."""
    values = {name: _whole(after) for name, (_, after) in changes.items()}
    step = step_of(old.KIND, changes)
    if step == "status":
        moving.move(world, old.ref, values["status"])
    elif step and isinstance(old, Plot):
        _tick(world, old, changes["clocks"])
    elif isinstance(old, Relation):
        relating.edit(world, old.ref, values)
    else:
        world.edit(old.ref, values)


def differs(old: Entity, changes: Mapping[str, Sequence[Any]]) -> str:
    """The first field of a thing that is not as it was proposed from; "" for none."""
    for name, (before, after) in changes.items():
        if name == "clocks" and isinstance(old, Plot):
            named = {each.rpartition(" ")[0].casefold() for each in (*before, *after)}
            now: Any = [_told(each) for each in old.clocks if each.name.casefold() in named]
        else:
            now = plain(getattr(old, name))
        if now != before:
            return name
    return ""


def entry(kind: str, changes: Mapping[str, Sequence[Any]]) -> str:
    """What the journal calls a change of a thing: as if a person had made it."""
    step = step_of(kind, changes)
    if step == "status":
        was, to = changes[step]
        return f"{kind}.{moving.verb(kind, was, to)}"
    return f"{kind}.tick" if step and all(changes[step]) else f"{kind}.edit"


def step_of(kind: str, fields: Container[str]) -> str:
    """The field among some that goes by steps, "" for none.

    It is proposed by itself, since its change is of a kind of its own.
    """
    if kind in moving.VERBS and "status" in fields:
        return "status"
    return "clocks" if kind == Plot.KIND and "clocks" in fields else ""


def must_be_new(world: World, kind: type[Entity], name: str) -> None:
    """Denied where a thing of a kind has this name."""
    found = world.connection.execute(
        "SELECT id FROM entities WHERE campaign = ? AND kind = ? AND name = ? COLLATE NOCASE",
        [world.campaign, kind.KIND, text.name(name)],
    ).fetchone()
    if found is not None:
        raise Denied(
            f"there is a {kind.KIND} {name!r:.60} already", f"Change {found['id']} instead"
        )


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return rows.plain(value)


_SAID = ("source", "name", "target")
"""The three parts of a relation, in the order of a sentence."""


def _session(world: World, values: Given) -> Session:
    """A session as :meth:`Sessions.plan` would make it."""
    number = values.get("number")
    if number is not None:
        if not 0 <= number <= NUMBER_MAX:
            raise InputError(f"a session cannot be number {number}", "They count from 0")
        if any(each.number == number for each in Sessions(world).all()):
            raise InputError(f"there is a session {number} already", "Leave the number out")
    rest = {name: value for name, value in values.items() if name != "number"}
    made = making.made(Session, "new", rest, world.resolve, "")
    return attrs.evolve(made, number=number or 0)


def _number(value: str) -> int:
    try:
        return int(value[:20])
    except ValueError:
        raise InputError(f"the number cannot be {value!r:.60}", "A whole number") from None


def _step(world: World, old: Entity, name: str, given: Mapping[str, str]) -> Changes:
    """The status of a thing or a clock of a plot one step on, by the rules of it."""
    if len(given) > 1:
        raise InputError(f"the {name} cannot be proposed with others", "Propose it by itself")
    if isinstance(old, Plot) and name == "clocks":
        return {name: _clock(old, given[name].strip())}
    to = given[name].strip().casefold()
    moving.check(world, old, to)
    return {name: [getattr(old, name), to]}


def _clock(plot: Plot, value: str) -> list[Any]:
    """A clock of a plot as it is and as it would be: ``The flood 2/6``; ``-The flood`` is none."""
    gone = value.startswith("-")
    name, filled, segments = (value[1:].strip(), 0, 0) if gone else _read(value)
    held = next((each for each in plot.clocks if each.name.casefold() == name.casefold()), None)
    if not name or (gone and held is None):
        raise InputError(
            f"{value!r:.60} is no clock of {plot.name!r}",
            "Such as: The flood 2/6; one is taken away by a - before its name",
        )
    if gone and held is not None:
        return [[_told(held)], []]
    most = segments if held is None else held.segments
    if filled > most or segments != most:
        raise InputError(f"the clock {name!r:.60} has {most} segments", f"From 0/{most}")
    if held is not None:
        moved = plots.ticked(held, filled - held.filled)
        return [[_told(held)], [_told(moved)]]
    made = attrs.evolve(plots.clock(name, segments), filled=filled)
    listed.added(plot.clocks, made, "clock")
    return [[], [_told(made)]]


def _tick(world: World, plot: Plot, change: Sequence[Any]) -> None:
    before, after = change
    at = next((n for n, each in enumerate(plot.clocks) if [_told(each)] == before), None)
    if not after:
        plotting.change_value(world, plot, "clocks", str((at or 0) + 1), "clock", None)
        return
    name, filled, segments = _read(after[0])
    if at is None:
        made = attrs.evolve(plots.clock(name, segments), filled=filled)
        plotting.add_value(world, plot, "clocks", made, "clock")
    else:
        plotting.tick(world, plot, str(at + 1), filled - plot.clocks[at].filled)


def _read(told: str) -> tuple[str, int, int]:
    """The name of a clock, its segments that are full, and all; no name where it is no clock."""
    found = _CLOCK.fullmatch(told)
    return ("", 0, 0) if found is None else (found[1], int(found[2]), int(found[3]))


def _told(clock: Clock) -> str:
    return f"{clock.name} {clock.filled}/{clock.segments}"


def _whole(value: Any) -> Any:
    """A value that takes the place of the old one, also where lists are added to."""
    return ["", *value] if isinstance(value, list) else value
