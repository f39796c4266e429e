"""``faction``: guilds, crowns, cults."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ttrpg_cli.world.carrying import carried, several
from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import naming
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.people import WORST_AND_BEST, Faction, standing
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World
from ttrpg_core.world.searching import pointing


def members(
    app: App, world: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any] | Entity]:
    """How a faction thinks of the party, who belongs to it, and what it has."""
    fields = world.seen_one(entity.ref, viewer).fields
    if "reputation" in fields:
        word = standing(fields["reputation"])
        yield {"standing": word}
        yield Text(f"To the party it is {word}.")
    of_it = pointing(world, entity.ref, ("npc", "character"))
    belongs = [each for each in of_it if entity.ref in getattr(each, "factions", ())]
    yield from several("Members", "members", belongs, world, viewer)
    yield from carried(app, world, entity, viewer)


faction = noun(
    "faction",
    "Factions: members, what they think of the party",
    ("type", "leader", "reputation", "summary"),
    members,
)


@faction.command(context_settings={"ignore_unknown_options": True})
@naming(Faction)
@click.argument("change", metavar="+N|-N|N")
@click.option("--why", default="", help="What happened; it stands in the history.")
@click.pass_obj
def reputation(app: App, wanted: str, change: str, why: str) -> None:
    """Let a faction think better or worse of the party: +10, -25, or 40 as it is now.

    From -100 to 100: hostile up to -60, unfriendly, neutral, friendly from 20, allied from 60.
    """
    world = world_of(app)
    try:
        number = int(change)
    except ValueError as error:
        raise InputError(f"{change!r:.60} is no number", "Such as +10, -25, or 40") from error
    least, most = WORST_AND_BEST
    with world.change("faction.reputation") as entry:
        old = named(world, Faction, wanted)
        was = old.reputation or 0
        now = was + number if change.strip()[0] in "+-" else number
        now = max(least, min(most, now))
        new, different = world.edit(old.ref, {"reputation": now})
        entry.prose = f"{new.name!r} thinks of the party {now:+d} instead of {was:+d}"
        entry.prose += f": {text.name(why, 'reason')}" if why.strip() else ""
    show(app, world, new, more=members)
    told = f"{new.name} is {standing(now)} ({now:+d}, was {was:+d})"
    app.screen.say(f"{told}. {UNDO}" if different else told, "good")
