"""``arc``: plots that are one story, its phases and milestones, and how far it is."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ttrpg_cli.world.noun import named, noun, world_of
from ttrpg_cli.world.options import naming
from ttrpg_cli.world.within import audience_of, movers, of_values, said
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.table.world import arcs
from ttrpg_core.table.world.arcs import Arc, Milestone, Phase
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.views import Bars, Block, Table, Text
from ttrpg_core.world import World, plotting


def _drawn(
    _: App, world: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any]]:
    """How far it is: only what the viewer sees of it is counted."""
    fields = world.seen_one(entity.ref, viewer).fields
    name = world.named(viewer)
    known = [
        each
        for one in (entity.plots if isinstance(entity, Arc) else ())
        if name(one) is not None and isinstance(each := world.peek(one), Plot)
    ]
    done = sum(each.status == "completed" for each in known)
    milestones = fields.get("milestones", ())
    required = [each for each in milestones if each.get("need") == "required"]
    reached = sum(each["status"] == "achieved" for each in required)
    bars = [
        (label, count / total, f"{count} of {total}")
        for label, count, total in (
            ("Plots completed", done, len(known)),
            ("Milestones reached", reached, len(required)),
        )
        if total
    ]
    yield {"progress": {"plots": [done, len(known)], "milestones": [reached, len(required)]}}
    if bars:
        yield Text("")
        yield Bars(bars, "Progress:")
    if known:
        phase = _phases(entity, fields)
        yield Text("")
        yield Table(
            ("", "Plot", "Status", "Phase"),
            [
                (str(number), each.name, each.status, phase.get(each.ref, ""))
                for number, each in enumerate(known, 1)
            ],
        )
    for title, values in (("Phases", fields.get("phases", ())), ("Milestones", milestones)):
        if values:
            yield Text("")
            yield Text(f"{title}:", "title")
        for number, each in enumerate(values, 1):
            audience = each.get("audience", "gm")
            notes = [each["status"], each.get("need", "")]
            notes += [f"known to {audience}"] if audience != "gm" else []
            yield Text(f"{number}. {each['name']} ({', '.join(filter(None, notes))})")


def _phases(entity: Entity, fields: Mapping[str, Any]) -> dict[str, str]:
    """The phase of each plot by reference, among the phases that a viewer sees."""
    shown = {each["name"] for each in fields.get("phases", ())}
    phases = entity.phases if isinstance(entity, Arc) else ()
    return {plot: each.name for each in phases if each.name in shown for plot in each.plots}


arc = noun("arc", "Arcs: plots in order, phases, milestones", ("status", "type", "summary"), _drawn)


def _move(app: App, world: World, old: Arc, to: str) -> None:
    new = plotting.move_arc(world, old, to)
    said(app, world, new, f"{new.name!r} is {to}", _drawn, old)


movers(
    arc,
    Arc,
    {
        "start": ("active", "Start an arc that is planned, or go on with a paused one."),
        "pause": ("paused", "Let an active arc rest."),
        "complete": ("completed", "An active arc came to its end."),
        "fail": ("failed", "An active arc failed."),
        "abandon": ("abandoned", "Give an arc up."),
    },
    _move,
)


@arc.command()
@naming(Arc)
@click.argument("plots", nargs=-1, required=True, metavar="PLOT...")
@click.pass_obj
def order(app: App, wanted: str, plots: tuple[str, ...]) -> None:
    """Put plots of an arc in this order, at the places that they have together."""
    world = world_of(app)
    old = named(world, Arc, wanted)
    refs = [world.resolve(each, ("plot",)) for each in plots]
    new = plotting.reorder(world, old, refs)
    said(app, world, new, f"Put the plots of {new.name!r} in another order", _drawn, old)


_phase = of_values(arc, Arc, "phases", "phase", _drawn)
_milestone = of_values(arc, Arc, "milestones", "milestone", _drawn)
_audience = click.option(
    "--audience", default="gm", show_default=True, metavar="WHO", help="Who knows of it."
)


@_phase.command("add")
@naming(Arc)
@click.argument("phase")
@click.option("--plot", "plots", multiple=True, metavar="NAME", help="A plot in it. Repeatable.")
@_audience
@click.pass_obj
def add_phase(app: App, wanted: str, phase: str, plots: tuple[str, ...], audience: str) -> None:
    """Add a phase behind the others; plots in it that the arc has not are added to the arc."""
    world = world_of(app)
    refs = tuple(dict.fromkeys(world.resolve(each, ("plot",)) for each in plots))
    new = Phase(text.name(phase, "phase"), plots=refs, audience=audience_of(world, audience))
    old = named(world, Arc, wanted)
    kept = plotting.add_phase(world, old, new)
    said(app, world, kept, f"Added the phase {new.name!r} to {kept.name!r}", _drawn, old)


@_milestone.command("add")
@naming(Arc)
@click.argument("milestone")
@click.option(
    "--need",
    type=click.Choice(arcs.NEEDS),
    default="required",
    show_default=True,
    help="Must it be?",
)
@_audience
@click.pass_obj
def add_milestone(app: App, wanted: str, milestone: str, need: str, audience: str) -> None:
    """Add something that the arc comes to."""
    world = world_of(app)
    new = Milestone(
        text.name(milestone, "milestone"), need=need, audience=audience_of(world, audience)
    )
    old = named(world, Arc, wanted)
    kept = plotting.add_value(world, old, "milestones", new, "milestone")
    said(app, world, kept, f"Added the milestone {new.name!r} to {kept.name!r}", _drawn, old)


def _status(group: click.Group, field: str, word: str, statuses: tuple[str, ...]) -> None:
    @group.command("set", help=f"Say how a {word} stands: {', '.join(statuses)}.")
    @naming(Arc)
    @click.argument("value", metavar=word.upper())
    @click.argument("status", type=click.Choice(statuses))
    @click.pass_obj
    def set_(app: App, wanted: str, value: str, status: str) -> None:
        world = world_of(app)
        old = named(world, Arc, wanted)
        new = plotting.change_value(world, old, field, value, word, {"status": status})
        said(app, world, new, f"A {word} of {new.name!r} is {status}", _drawn, old)


_status(_phase, "phases", "phase", arcs.PHASES)
_status(_milestone, "milestones", "milestone", arcs.MILESTONES)
