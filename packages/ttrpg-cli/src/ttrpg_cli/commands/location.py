"""``location``: places, what is in them, and the ways between them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import as_viewer, names_of, naming, words_of
from ttrpg_cli.world.placing import around, route_told, total
from ttrpg_cli.world.within import audience_of, of_values, said
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PUBLIC, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.table.world import places
from ttrpg_core.table.world.entity import parts, ref
from ttrpg_core.table.world.making import secrets_of
from ttrpg_core.table.world.places import Connection, Feature, Location
from ttrpg_core.table.world.routes import tree
from ttrpg_core.table.world.seen import seen
from ttrpg_core.views import Text, Tree
from ttrpg_core.world import World, placing, plotting

F = TypeVar("F", bound=Callable[..., Any])

location = noun(
    "location", "Locations: show, connect, tree, path", ("type", "parent", "summary"), around
)
feature = of_values(location, Location, "features", "feature", around)


def _two(command: F) -> F:
    """The places at both ends of a way."""
    for name, metavar in (("end", "TO"), ("start", "FROM")):
        command = click.argument(name, metavar=metavar, shell_complete=names_of("location"))(
            command
        )
    return command


_kind = click.option(
    "--kind", metavar="WORD", default="", help="Which way, when there are several."
)


_secret = click.option(
    "--field", metavar="NAME", help=f"The secret of it: {', '.join(secrets_of(Connection))}."
)


@location.command()
@_two
@click.option(
    "--kind",
    metavar="WORD",
    default="path",
    show_default=True,
    shell_complete=words_of(places.WAYS),
    help="door, path, road, stairs, secret or another word.",
)
@click.option("--time", "time_", metavar="LENGTH", help="How long it takes: '2 hours', '3 days'.")
@click.option("--hazards", help="What is dangerous on it, the GM's until revealed.")
@click.option("--note", help="What there is to say of it.")
@click.option("--one-way/--both-ways", default=None, help="Whether it can be gone back.")
@click.option("--audience", metavar="WHO", help="Who knows of it: gm, party, public, a character.")
@click.pass_obj
def connect(
    app: App,
    /,
    start: str,
    end: str,
    kind: str,
    time_: str | None,
    audience: str | None,
    **given: Any,
) -> None:
    """Add a way between two places, or change the one of that kind.

    Who knows both places knows of it; of a secret one only the GM, until 'reveal-way'.
    """
    world = world_of(app)
    values = {name: value for name, value in given.items() if value is not None}
    for name in {"hazards", "note"} & set(values):
        values[name] = text.name(values[name], name) if values[name].strip() else ""
    if time_ is not None:
        values["minutes"] = places.minutes(time_) if time_.strip() else None
    if audience is not None:
        values["audience"] = audience_of(world, audience)
    here, there = (named(world, Location, each) for each in (start, end))
    placing.connect(world, here.ref, there.ref, places.way(kind), values)
    show(app, world, world.get(here.ref), more=around)
    app.screen.say(f"Connected {here.name!r} and {there.name!r}. {UNDO}", "good")


@location.command()
@_two
@_kind
@click.pass_obj
def disconnect(app: App, start: str, end: str, kind: str) -> None:
    """Take away a way between two places."""
    world = world_of(app)
    here = named(world, Location, start)
    there = _end(world, here, end)
    placing.disconnect(world, here.ref, there, kind)
    show(app, world, world.get(here.ref), more=around)
    name = world.named()(there) or there
    app.screen.say(f"{here.name!r} and {name!r} are no longer connected. {UNDO}", "good")


def _end(world: World, here: Location, typed: str) -> str:
    """The place at the end of a way, which may have been deleted since."""
    try:
        return named(world, Location, typed).ref
    except NotFound:
        gone = ref("location", parts(typed.strip())[1])
        if all(each.to != gone for each in here.connections):
            raise
        return gone


@location.command("reveal-way")
@_two
@_kind
@_secret
@click.option("--to", default="party", show_default=True, metavar="WHO", help="Who may know of it.")
@click.pass_obj
def reveal_way(app: App, start: str, end: str, kind: str, to: str, field: str | None) -> None:
    """Let the party know of a way, or of what is dangerous on it."""
    _disclose(app, start, end, kind, to, field)


@location.command("hide-way")
@_two
@_kind
@_secret
@click.pass_obj
def hide_way(app: App, start: str, end: str, kind: str, field: str | None) -> None:
    """Make a way, or what is dangerous on it, the GM's alone again."""
    _disclose(app, start, end, kind, "gm", field)


def _disclose(app: App, start: str, end: str, kind: str, to: str, field: str | None) -> None:
    world = world_of(app)
    here, there = (named(world, Location, each) for each in (start, end))
    audience = audience_of(world, to)
    different = placing.reveal_way(world, here.ref, there.ref, audience, kind, field or "")
    show(app, world, world.get(here.ref), more=around)
    what = f"the {field} of " if field else ""
    what += f"the way between {here.name!r} and {there.name!r}"
    done = f"Hid {what}" if audience == GM else f"Revealed {what} to {audience}"
    app.screen.say(f"{done}. {UNDO}" if different else "Nothing was different", "good")
    unknown = [each for each in (here, there) if not audience.sees(each.audience)]
    if audience != GM and unknown:
        names = " and ".join(repr(each.name) for each in unknown)
        app.screen.say(
            f"They do not know of {names} yet: ttrpg location reveal {unknown[0].id}", "warn"
        )


@location.command("tree")
@click.argument("root", metavar="[ROOT]", required=False, shell_complete=names_of("location"))
@as_viewer
@click.pass_obj
def tree_(app: App, root: str | None, viewer: str) -> None:
    """Places as a tree, each below the one that it is in; with ROOT, that one and what is in it."""
    world, audience = world_of(app), Audience.of(viewer)
    known = placing.places(world, audience)
    top = named(world, Location, root, audience).ref if root is not None else ""
    rows = tree({each: place.parent for each, place in known.items()}, top)
    name = world.named(audience)
    views = {each: seen(known[each], audience, name) for _, each in rows}
    types = {each: view.fields.get("type", "") if view else "" for each, view in views.items()}
    app.screen.show(
        "ttrpg.location.tree/1",
        {
            "places": [
                {"depth": depth, "name": known[each].name, "type": types[each]}
                | ({"ref": each} if audience == GM else {})
                for depth, each in rows
            ]
        },
        [
            Tree(
                [
                    (
                        depth,
                        known[each].name,
                        f"{types[each]} ({known[each].id})".strip()
                        if audience == GM
                        else types[each],
                    )
                    for depth, each in rows
                ],
                empty="No locations yet: ttrpg location add NAME",
            )
        ],
    )


@location.command()
@_two
@as_viewer
@click.pass_obj
def path(app: App, start: str, end: str, viewer: str) -> None:
    """The best route between two places: in the least time, or in the fewest steps.

    Doors and stairs take no time unless you say so. Where no way leads on, it goes out to the place
    around, and into places inside.
    """
    world, audience = world_of(app), Audience.of(viewer)
    here, there = (named(world, Location, each, audience) for each in (start, end))
    steps = placing.route(world, here.ref, there.ref, audience)
    if steps is None:
        raise NotFound(
            f"there is no way from {here.name!r} to {there.name!r}"
            + ("" if audience == GM else f" that {audience} knows"),
            "Add one: ttrpg location connect FROM TO --time '2 hours'",
        )
    name = world.named(audience)
    app.screen.show(
        "ttrpg.location.path/1",
        {
            "from": here.ref if audience == GM else here.name,
            "steps": [
                {
                    "kind": each.kind,
                    "to": each.to if audience == GM else name(each.to),
                    "minutes": each.minutes,
                }
                for each in steps
            ],
            "minutes": sum(each.counted or 0 for each in steps),
            "unknown": sum(each.counted is None for each in steps),
        },
        [Tree(route_told(here.ref, steps, name)), Text(total(steps), "title")],
    )


@feature.command()
@naming(Location)
@click.argument("name", metavar="FEATURE")
@click.option("--text", "told", default="", help="What it is.")
@click.option("--effect", default="", help="What it does in the rules, the GM's until revealed.")
@click.option("--hidden", is_flag=True, help="The GM's alone until it is revealed.")
@click.pass_obj
def add(app: App, wanted: str, name: str, told: str, effect: str, *, hidden: bool) -> None:
    """Add something to a place: a well, an altar, a trap."""
    world = world_of(app)
    new = Feature(
        name=text.name(name, "feature's name"),
        text=text.text(told, "text"),
        effect=text.text(effect, "effect"),
        audience=GM if hidden else PUBLIC,
    )
    made = plotting.add_value(world, named(world, Location, wanted), "features", new, "feature")
    said(app, world, made, f"Added {new.name!r} to {made.name!r}", around)
