"""``handout``: what players are given to read or to look at."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import naming
from ttrpg_cli.world.within import audience_of
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.handouts import Handout
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World, handing


def _drawn(
    _: App, __: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any]]:
    """What became of its file."""
    if viewer == GM and isinstance(entity, Handout) and entity.file:
        wrong = handing.state(entity)
        yield {"file_state": wrong or "as it was"}
        if wrong:
            yield Text(f"The file is not as it was: {wrong}", "warn")


handout = noun("handout", "Handouts: letters, maps, and who was given them",
               ("type", "audience", "summary"), _drawn)  # fmt: skip


@handout.command()
@naming(Handout)
@click.argument("file")
@click.pass_obj
def attach(app: App, wanted: str, file: str) -> None:
    """Let a handout have FILE: where it lies and what it is known by are kept, not a copy."""
    world = world_of(app)
    new = handing.attach(world, named(world, Handout, wanted), file)
    show(app, world, new, more=_drawn)
    app.screen.say(f"Attached {new.file}, {new.size:,} bytes. {UNDO}", "good")
    app.screen.say("The file stays where it is: no backup has it", "dim")


@handout.command()
@naming(Handout)
@click.option("--to", default="party", show_default=True, metavar="WHO", help="Who is given it.")
@click.pass_obj
def give(app: App, wanted: str, to: str) -> None:
    """Give a handout to the party, to a character, or to everybody: they may read it then."""
    world = world_of(app)
    new = handing.give(world, named(world, Handout, wanted), audience_of(world, to))
    show(app, world, new, more=_drawn)
    app.screen.say(f"Gave {new.name!r} to {new.given[-1].to}. {UNDO}", "good")
