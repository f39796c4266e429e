"""``plot``: what may happen, how it stands, and the clocks that run in it."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from ttrpg_cli.world import showing
from ttrpg_cli.world.noun import LIMIT, named, noun, world_of
from ttrpg_cli.world.options import as_viewer, naming
from ttrpg_cli.world.within import audience_of, movers, of_values, said
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world import plots
from ttrpg_core.table.world.arcs import Arc
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.plots import Objective, Plot
from ttrpg_core.table.world.seen import Seen, seen
from ttrpg_core.views import Bars, Block, Board, Text
from ttrpg_core.world import World, orders, plotting

CARDS = 12
"""Cards of a column of the board where nobody says otherwise; the others are counted."""


def _drawn(
    _: App, world: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any]]:
    """Objectives to tick off, clocks, and for the Game Master what waits for what."""
    fields = world.seen_one(entity.ref, viewer).fields
    if fields.get("objectives"):
        yield Text("")
        yield Text("Objectives:", "title")
        for number, each in enumerate(fields["objectives"], 1):
            known = each.get("audience", "gm")
            told = f" (known to {known})" if known != "gm" else ""
            yield Text(f"{number}. [{'x' if each.get('done') else ' '}] {each['name']}{told}")
    if fields.get("clocks"):
        yield Text("")
        yield Bars([_clock(each) for each in fields["clocks"]], "Clocks:")
    if viewer == GM and isinstance(entity, Plot):
        known = plotting.around(world, entity)
        waits = plots.waits_for(entity, known)
        behind = [
            each
            for each in known
            if entity.ref in {one.ref for one in plots.waits_for(each, known)}
        ]
        yield {"waits_for": [each.ref for each in waits], "holds_up": [each.ref for each in behind]}
        if waits or behind:
            yield Text("")
        for title, found in (("Waits for", waits), ("Is waited for by", behind)):
            if found:
                names = ", ".join(f"{each.name} ({each.status})" for each in found[:8])
                yield Text(f"{title}: {names}", "dim")


def _clock(each: Mapping[str, Any]) -> tuple[str, float, str]:
    filled, segments = each.get("filled", 0), max(1, each.get("segments", 1))
    full = " full" if filled >= segments else ""
    return each["name"], filled / segments, f"{filled}/{segments}{full}"


plot = noun("plot", "Plots: start, complete, clocks, board", more=_drawn)


@plot.command("list")
@click.option(
    "--status", type=click.Choice(plots.STATUSES), multiple=True, help="Only those that stand so."
)
@click.option("--priority", type=click.Choice(plots.PRIORITIES), help="Only those that matter so.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def list_(
    app: App,
    status: tuple[str, ...],
    priority: str | None,
    tag: str | None,
    limit: int,
    viewer: str,
) -> None:
    """The plots of the current campaign: what is active first, then what matters most."""
    world, audience = world_of(app), Audience.of(viewer)
    columns = ("status", "priority", "urgency", "summary")
    if audience == GM and not (status or priority or tag):
        total = world.count("plot")
        showing.listing(app.screen, Plot, [*_seen(world, GM, limit)], total, columns)
        return
    found = [
        each
        for each in _seen(world, audience)
        if (not status or each.fields["status"] in status)
        and (priority is None or each.fields.get("priority") == priority)
        and (tag is None or tag in each.fields.get("tags", ()))
    ]
    showing.listing(app.screen, Plot, found[:limit], len(found), columns)


def _seen(world: World, viewer: Audience, most: int = -1) -> Iterator[Seen]:
    """The plots that a viewer knows; what they may not know decides nothing of their order."""
    name = world.named(viewer)
    views = (each for one in orders.plots(world, most=most) if (each := seen(one, viewer, name)))
    if viewer == GM:
        return views
    place = {each: number for number, each in enumerate(orders.STATUSES)}
    return iter(
        sorted(views, key=lambda each: (place.get(each.fields["status"], -1), each.name.casefold()))
    )


def _move(app: App, world: World, old: Plot, to: str, *, anyway: bool = False) -> None:
    moved = plotting.move(world, old, to, anyway=anyway)
    said(app, world, moved.plot, f"{moved.plot.name!r} is {to}", _drawn, old)
    if moved.skipped:
        names = ", ".join(each.name for each in moved.skipped)
        app.screen.say(f"It did not wait for: {names}", "warn")
    for each in moved.opened:
        app.screen.say(f"{each.name!r} waits for nothing more: ttrpg plot start {each.id}", "good")


@plot.command()
@naming(Plot)
@click.option("--anyway", is_flag=True, help="Even while it waits for other plots.")
@click.pass_obj
def start(app: App, wanted: str, *, anyway: bool) -> None:
    """Start a plot, go on with a paused one, or take one up again that ended."""
    world = world_of(app)
    _move(app, world, named(world, Plot, wanted), "active", anyway=anyway)


movers(
    plot,
    Plot,
    {
        "pause": ("paused", "Let an active plot rest."),
        "complete": ("completed", "An active plot came to its end; says what that unlocks."),
        "fail": ("failed", "A plot failed, or its moment has passed."),
    },
    _move,
)


@plot.command()
@naming(Plot)
@click.argument("clock", required=False)
@click.option("--by", type=int, default=1, show_default=True, help="Segments; -1 frees one.")
@click.pass_obj
def tick(app: App, wanted: str, clock: str | None, by: int) -> None:
    """Fill a segment of a clock of a plot; its only one where none is named."""
    world = world_of(app)
    old = named(world, Plot, wanted)
    new, ticked = plotting.tick(world, old, clock, by)
    at = f"{ticked.name!r} is at {ticked.filled} of {ticked.segments}"
    said(app, world, new, at, _drawn, old)
    if ticked.full:
        app.screen.say(f"The clock is full: {ticked.name}", "warn")


_clocks = of_values(plot, Plot, "clocks", "clock", _drawn)
_clocks.add_command(tick)


@_clocks.command("add")
@naming(Plot)
@click.argument("clock")
@click.option("--segments", type=int, default=6, show_default=True, help="4, 6, 8, or as many.")
@click.option("--audience", default="gm", show_default=True, metavar="WHO", help="Who sees it.")
@click.pass_obj
def add_clock(app: App, wanted: str, clock: str, segments: int, audience: str) -> None:
    """Add a clock to a plot; CLOCK says what happens when it is full."""
    world = world_of(app)
    new = plots.clock(clock, segments, audience_of(world, audience))
    old = named(world, Plot, wanted)
    kept = plotting.add_value(world, old, "clocks", new, "clock")
    said(app, world, kept, f"Added the clock {new.name!r} to {kept.name!r}", _drawn, old)


_objectives = of_values(plot, Plot, "objectives", "objective", _drawn)


@_objectives.command("add")
@naming(Plot)
@click.argument("objective")
@click.option("--audience", default="gm", show_default=True, metavar="WHO", help="Who sees it.")
@click.pass_obj
def add_objective(app: App, wanted: str, objective: str, audience: str) -> None:
    """Add something to be done to a plot."""
    world = world_of(app)
    new = Objective(text.name(objective, "objective"), audience=audience_of(world, audience))
    old = named(world, Plot, wanted)
    kept = plotting.add_value(world, old, "objectives", new, "objective")
    said(app, world, kept, f"Added an objective to {kept.name!r}", _drawn, old)


for _verb, _is, _told in (("done", True, "An objective is done."), ("open", False, "It is not.")):

    @_objectives.command(_verb, help=_told)
    @naming(Plot)
    @click.argument("objective")
    @click.pass_obj
    def tick_off(app: App, wanted: str, objective: str, done: bool = _is) -> None:  # noqa: FBT001 - not of the line
        """Whether an objective is done."""
        world = world_of(app)
        old = named(world, Plot, wanted)
        new = plotting.change_value(
            world, old, "objectives", objective, "objective", {"done": done}
        )
        words = f"An objective of {new.name!r} is {'done' if done else 'open'}"
        said(app, world, new, words, _drawn, old)


@plot.command()
@click.option("--arc", metavar="NAME", help="Only the plots of this arc.")
@click.option("--tag", help="Only those with this tag.")
@click.option(
    "--limit", type=click.IntRange(1), default=CARDS, show_default=True, help="Cards of a column."
)
@as_viewer
@click.pass_obj
def board(app: App, arc: str | None, tag: str | None, limit: int, viewer: str) -> None:
    """The plots on a board: a column for each status, the most important first."""
    world, audience = world_of(app), Audience.of(viewer)
    of_arc = named(world, Arc, arc, audience).plots if arc else None

    def wanted(each: Plot, view: Seen) -> bool:
        return (of_arc is None or each.ref in of_arc) and (
            tag is None or tag in view.fields.get("tags", ())
        )

    columns = [
        _column(world, audience, status, wanted if arc or tag else None, limit)
        for status in plots.STATUSES
    ]
    cards = [_cards(world, audience, shown, total) for shown, total in columns]
    headings = [
        f"{status.capitalize()} ({total})"
        for status, (_, total) in zip(plots.STATUSES, columns, strict=True)
    ]
    blocks: list[Block] = [
        Board([*zip(headings, cards, strict=True)], "No plot yet: ttrpg plot add NAME")
    ]
    data: dict[str, Any] = {
        "columns": {
            status: {"total": total, "plots": [showing.data(view) for _, view in shown]}
            for status, (shown, total) in zip(plots.STATUSES, columns, strict=True)
        }
    }
    if audience == GM and any(cards):
        active = orders.plots(world, "active")
        data["tension"] = sum(each.pull for each in active if of_arc is None or each.ref in of_arc)
        blocks += [Text(""), Text(f"Tension of what is active: {data['tension']:+d}", "dim")]
    app.screen.show("ttrpg.plot.board/1", data, blocks)


def _column(
    world: World,
    viewer: Audience,
    status: str,
    wanted: Callable[[Plot, Seen], bool] | None,
    limit: int,
) -> tuple[list[tuple[Plot, Seen]], int]:
    """The first plots of a status that a viewer knows, and how many there are."""
    name = world.named(viewer)
    views = (
        (each, view)
        for each in orders.plots(world, status)
        if (view := seen(each, viewer, name)) and (wanted is None or wanted(each, view))
    )
    if viewer == GM and wanted is None:
        return [*itertools.islice(views, limit)], orders.standing(world).get(status, 0)
    found = [*views]
    if viewer != GM and not any(each.resolved_at for each, _ in found):
        found.sort(key=lambda each: each[0].name.casefold())
    return found[:limit], len(found)


def _cards(
    world: World, viewer: Audience, shown: Sequence[tuple[Plot, Seen]], total: int
) -> list[str]:
    """The cards of a column; the Game Master's say what a pending plot waits for."""
    waits = {
        each.ref: plots.waits_for(each, plotting.around(world, each))
        for each, _ in shown
        if viewer == GM and each.status == "pending"
    }
    cards = [_card(view, [one.name for one in waits.get(each.ref, ())]) for each, view in shown]
    return [*cards, f"... {total - len(cards)} more"] if total > len(cards) else cards


def _card(view: Seen, waits: Iterable[str]) -> str:
    told = [view.fields[each] for each in ("priority", "urgency") if each in view.fields]
    lines = [view.name, ", ".join(told)]
    for each in view.fields.get("clocks", ()):
        name, _, figure = _clock(each)
        lines.append(f"{name} {figure}")
    done = [bool(each.get("done")) for each in view.fields.get("objectives", ())]
    if done:
        lines.append(f"{sum(done)} of {len(done)} done")
    names = ", ".join(waits)
    lines.append(f"waits for {names}" if names else "")
    return "\n".join(line for line in lines if line)
