"""``reveals``: what was revealed to whom, when, and in which session."""

import click

from ttrpg_cli.world.noun import LIMIT, world_of
from ttrpg_cli.world.showing import more
from ttrpg_cli.world.within import audience_of
from ttrpg_core.app import App
from ttrpg_core.views import Table
from ttrpg_core.world import handing

_SAID = {"told": "revealed", "given": "given", "hidden": "hidden again"}


@click.command(short_help="What was revealed to whom, and when")
@click.option("--to", metavar="WHO", help="Only what the party, or this character, came to know.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many.")
@click.pass_obj
def reveals(app: App, to: str | None, limit: int) -> None:
    """What was revealed and given in the current campaign, the newest first.

    What an undo took back is not in it, nor what everybody knew from the start.
    """
    world = world_of(app)
    found = handing.reveals(world, None if to is None else audience_of(world, to))
    name = world.named()
    rows = [
        (
            each.at[:16].replace("T", " "),
            each.name + (f": {each.field.replace('_', ' ')}" if each.field else ""),
            _SAID[each.kind],
            "" if each.kind == "hidden" else each.to,
            (name(each.session) or "") if each.session else "",
        )
        for each in found[:limit]
    ]
    app.screen.show(
        "ttrpg.reveals/1",
        {
            "total": len(found),
            "reveals": [
                {
                    "entry": each.entry,
                    "at": each.at,
                    "kind": each.kind,
                    "ref": each.ref,
                    "name": each.name,
                    "field": each.field or None,
                    "to": each.to,
                    "session": each.session or None,
                }
                for each in found[:limit]
            ],
        },
        [
            Table(
                ("When", "What", "", "To", "Session"), rows, empty="Nothing has been revealed yet"
            ),
            *more(len(found), limit),
        ],
    )
