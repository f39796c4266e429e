"""What a search of the world found, on the screen."""

from collections.abc import Sequence

from ttrpg_cli.world import showing
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World
from ttrpg_core.world.searching import Found, search


def looked_for(
    app: App, world: World, words: str, viewer: Audience, kinds: Sequence[str], limit: int
) -> None:
    """Look for words among entities of some kinds, any when empty, and show what has them."""
    found = search(world, text.query(words), viewer=viewer, kinds=kinds, limit=limit)
    app.screen.show(
        "ttrpg.find/1",
        {
            "query": words,
            "found": [{**showing.data(each.seen), "excerpt": each.excerpt} for each in found],
        },
        [block for each in found for block in _blocks(each)]
        or [Text(f"Nothing here has all of: {words}", "dim")],
    )


def _blocks(each: Found) -> list[Block]:
    where = each.seen.ref or each.seen.kind
    told = each.excerpt.removeprefix(each.seen.name).strip()
    return [Text(f"{each.seen.name} ({where})", "title"), *([Text(f"  {told}")] if told else [])]
