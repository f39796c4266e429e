"""``find``: words anywhere in the current campaign."""

import click

from ttrpg_cli.world.finding import looked_for
from ttrpg_cli.world.noun import world_of
from ttrpg_cli.world.options import as_viewer
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.table.world.kinds import KINDS, kind


@click.command(short_help="Find words anywhere in the campaign")
@click.argument("words", nargs=-1, required=True)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these. Repeatable.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def find(app: App, words: tuple[str, ...], kinds: tuple[str, ...], limit: int, viewer: str) -> None:
    """What in the current campaign has all the WORDS, the best first; the last may be a beginning.

    Your books are searched by 'ttrpg search'.
    """
    plural = {kind(each).PLURAL.casefold(): each for each in KINDS} if kinds else {}
    wanted = [plural.get(each.casefold(), each.casefold()) for each in kinds]
    of = [kind(each).KIND for each in wanted]
    looked_for(app, world_of(app), " ".join(words), Audience.of(viewer), of, limit)
