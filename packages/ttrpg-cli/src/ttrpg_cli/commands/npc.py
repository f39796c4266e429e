"""``npc``: those whom the Game Master plays."""

import click

from ttrpg_cli.world.carrying import carried
from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import names_of, naming
from ttrpg_core.app import App
from ttrpg_core.table.world.people import Npc
from ttrpg_core.table.world.places import Location

npc = noun(
    "npc", "NPCs: add, show, move, reveal", ("role", "location", "attitude", "summary"), carried
)


@npc.command()
@naming(Npc)
@click.argument("place", shell_complete=names_of("location"))
@click.pass_obj
def move(app: App, wanted: str, place: str) -> None:
    """Let an NPC go to another place: ttrpg npc move mara "salt inn"."""
    world = world_of(app)
    there = named(world, Location, place)
    new, different = world.edit(named(world, Npc, wanted).ref, {"location": there.ref})
    show(app, world, new, more=carried)
    told = (
        f"{new.name} is at {there.name}" if different else f"{new.name} was at {there.name} already"
    )
    app.screen.say(f"{told}. {UNDO}" if different else told, "good")
