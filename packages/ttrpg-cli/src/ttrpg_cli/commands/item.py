"""``item``: things that matter by themselves."""

import click

from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import names_of, naming
from ttrpg_core.app import App
from ttrpg_core.table.world.things import HOLDERS, Item

item = noun("item", "Items: add, show, give, reveal", ("type", "holder", "charges", "summary"))


@item.command()
@naming(Item)
@click.argument("who", shell_complete=names_of(*HOLDERS))
@click.pass_obj
def give(app: App, wanted: str, who: str) -> None:
    """Let somebody have a thing, or lay it somewhere: ttrpg item give "salt crown" mara."""
    world = world_of(app)
    to = world.get(world.resolve(who, HOLDERS))
    new, different = world.edit(named(world, Item, wanted).ref, {"holder": to.ref})
    show(app, world, new)
    told = f"{to.name} has {new.name}" if different else f"{to.name} had {new.name} already"
    app.screen.say(f"{told}. {UNDO}" if different else told, "good")
