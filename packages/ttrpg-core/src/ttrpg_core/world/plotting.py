"""Plots and arcs as they are kept: moved, their clocks ticked, what is in them changed.

The rules are in :mod:`ttrpg_core.table.world`; each change here is one entry of the journal.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import attrs

from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world import arcs, listed, making, plots
from ttrpg_core.table.world.arcs import Arc
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.world import Reader, World
from ttrpg_core.world.searching import pointing

E = TypeVar("E", bound=Entity)


@attrs.frozen
class Moved:
    """A plot that has another status.

    ``opened`` are the plots that wait for nothing any more, ``skipped`` those it did not wait for.
    """

    plot: Plot
    opened: tuple[Plot, ...]
    skipped: tuple[Plot, ...]


def rewrite(
    world: World, kind: str, old: E, rule: Callable[[E], E], prose: str, facts: Mapping[str, Any]
) -> E:
    """What a rule makes of an entity, kept as one change that says so; nothing where that is it.

    The rule sees the entity as it is when the change begins, which may be later than ``old``.
    """
    with world.change(kind) as change:
        current = cast("E", world.get(old.ref))  # the reference has its kind in it
        made = rule(current)
        if made == current:
            return current
        new = world.save(change, made)
        change.prose = prose
        change.facts = {"ref": old.ref, "name": old.name, **facts}
    return new


def every(world: World) -> list[Plot]:
    """All plots of the campaign, what matters most first."""
    found = (each for each in world.all("plot") if isinstance(each, Plot))
    return sorted(found, key=plots.order)


def around(reader: Reader, plot: Plot) -> list[Plot]:
    """A plot, those that it waits for, and those that wait for it: all that its start needs."""
    near = [reader.peek(each) for each in (*plot.prerequisites, *plot.unlocks)]
    near += pointing(reader, plot.ref, ("plot",))
    found = {each.ref: each for each in near if isinstance(each, Plot)}
    return [*({**found, plot.ref: plot}).values()]


def move(world: World, plot: Plot, to: str, *, anyway: bool = False) -> Moved:
    """Give a plot another status.

    One that waits for others starts only ``anyway``; InputError says what it waits for.
    """
    with world.change(f"plot.{plots.VERBS[to]}"):
        now = cast("Plot", world.get(plot.ref))
        known = around(world, now)
        new = plots.moved(now, to, world.now)
        waited = tuple(plots.waits_for(now, known)) if to == "active" else ()
        if waited and not anyway:
            names = ", ".join(f"{each.name!r} ({each.status})" for each in waited[:8])
            raise InputError(f"{plot.name!r} waits for {names}", "--anyway starts it all the same")
        kept = rewrite(
            world,
            f"plot.{plots.VERBS[to]}",
            now,
            lambda _: new,
            f"the plot {now.name!r} is {to}",
            {"from": now.status, "to": to, "session": world.running()},
        )
        opened = _opened(world, kept, known) if to == "completed" else ()
    return Moved(kept, opened, waited)


def _opened(world: World, plot: Plot, known: list[Plot]) -> tuple[Plot, ...]:
    """The plots that waited for this one alone, which is completed now."""
    further = [around(world, each) for each in known if each.ref != plot.ref]
    every = {each.ref: each for some in (known, *further) for each in some} | {plot.ref: plot}
    return tuple(sorted(plots.opened_by(plot, every.values()), key=plots.order))


def move_arc(world: World, arc: Arc, to: str) -> Arc:
    """Give an arc another status."""
    return rewrite(
        world,
        f"arc.{arcs.VERBS[to]}",
        arc,
        lambda old: arcs.moved(old, to, world.now),
        f"the arc {arc.name!r} is {to}",
        {"from": arc.status, "to": to},
    )


def reorder(world: World, arc: Arc, wanted: Sequence[str]) -> Arc:
    """Put plots of an arc, by reference, in this order."""
    return rewrite(
        world,
        "arc.edit",
        arc,
        lambda old: attrs.evolve(old, plots=arcs.ordered(old.plots, wanted)),
        f"put the plots of {arc.name!r} in another order",
        {"plots": list(wanted)},
    )


def add_phase(world: World, arc: Arc, phase: arcs.Phase) -> Arc:
    """Add a phase to an arc; a plot is in one phase only, and those of a phase are the arc's."""

    def rule(old: Arc) -> Arc:
        phases = tuple(
            attrs.evolve(each, plots=tuple(one for one in each.plots if one not in phase.plots))
            for each in old.phases
        )
        further = (each for each in phase.plots if each not in old.plots)
        return attrs.evolve(
            old,
            plots=(*old.plots, *further),
            phases=listed.added(phases, phase, "phase"),
        )

    prose = f"added the phase {phase.name!r} to {arc.name!r}"
    return rewrite(world, "arc.edit", arc, rule, prose, {"field": "phases", "added": phase.name})


def tick(world: World, plot: Plot, wanted: str | None, by: int = 1) -> tuple[Plot, plots.Clock]:
    """Fill segments of a clock of a plot, its only one where none is named; free them below 0."""
    with world.change("plot.tick"):
        now = cast("Plot", world.get(plot.ref))
        index = listed.place(now.clocks, wanted, "clock")
        clock = plots.ticked(now.clocks[index], by)
        new = rewrite(
            world,
            "plot.tick",
            now,
            lambda old: attrs.evolve(old, clocks=listed.replaced(old.clocks, index, clock)),
            f"the clock {clock.name!r} of {now.name!r} is at {clock.filled} of {clock.segments}",
            {"clock": clock.name, "filled": clock.filled, "segments": clock.segments},
        )
    return new, clock


def add_value(world: World, entity: E, name: str, new: Any, word: str) -> E:
    """Add a named value, such as a clock, to a field of an entity."""

    def rule(old: E) -> E:
        return _with(old, name, listed.added(getattr(old, name), new, word))

    return rewrite(
        world,
        f"{entity.KIND}.edit",
        entity,
        rule,
        f"added the {word} {new.name!r} to {entity.name!r}",
        {"field": name, "added": new.name},
    )


def change_value(
    world: World, entity: E, name: str, wanted: str, word: str, values: Mapping[str, Any] | None
) -> E:
    """Give a named value in a field other attributes, or take it away (None)."""
    index = listed.place(getattr(entity, name), wanted, word)
    called = getattr(entity, name)[index].name

    def rule(old: E) -> E:
        held = getattr(old, name)
        at = listed.place(held, called, word)
        new = None if values is None else attrs.evolve(held[at], **values)
        return _with(old, name, listed.replaced(held, at, new))

    told = ", ".join(f"{each.replace('_', ' ')} {value}" for each, value in (values or {}).items())
    prose = f"changed the {word} {called!r} of {entity.name!r}: {told}"
    if values is None:
        prose = f"took the {word} {called!r} from {entity.name!r}"
    facts = {"field": name, "value": called, "changed": _plain(values)}
    return rewrite(world, f"{entity.KIND}.edit", entity, rule, prose, facts)


def reveal_value(
    world: World, entity: E, name: str, wanted: str, word: str, to: Audience, secret: str = ""
) -> E:
    """Let an audience know of a named value in a field, or only of a secret field of that value.

    It is in the log of what was revealed.
    """
    index = listed.place(getattr(entity, name), wanted, word)
    called = getattr(entity, name)[index].name

    def rule(old: E) -> E:
        held = getattr(old, name)
        at = listed.place(held, called, word)
        if secret:
            new = making.part_revealed(held[at], secret, to, whole)
        else:
            new = attrs.evolve(held[at], audience=held[at].audience.widened(to, whole))
        return _with(old, name, listed.replaced(held, at, new))

    whole = f"the {word} {called!r} of {entity.name}"
    what = f"the {secret} of {whole}" if secret else whole
    told = f"{word}: {called}" + (f", {secret}" if secret else "")
    return rewrite(
        world,
        "world.reveal",
        entity,
        rule,
        f"hid {what}" if to.name == "gm" else f"revealed {what} to {to}",
        {"field": told, "to": to.name, "session": world.running()},
    )


def _with(entity: E, name: str, held: Any) -> E:
    values: dict[str, Any] = {name: held}
    return attrs.evolve(entity, **values)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: list(each) if isinstance(each, tuple) else each for name, each in values.items()}
