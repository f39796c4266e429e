"""``links``: what an entity points at, what points at it, and links that lead nowhere."""

from collections.abc import Sequence

import click

from ttrpg_cli.world.noun import world_of
from ttrpg_cli.world.options import as_viewer
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.seen import Seen
from ttrpg_core.views import Block, Table, Text
from ttrpg_core.world import World
from ttrpg_core.world.linking import all_broken, links_of


@click.command(short_help="Links of anything, both ways, and broken ones")
@click.argument("name", required=False)
@as_viewer
@click.pass_obj
def links(app: App, name: str | None, viewer: str) -> None:
    """Links of NAME, of any kind: to others, from others, broken ones, mentions without a link.

    Without NAME: every broken link of the current campaign.
    """
    world, audience = world_of(app), Audience.of(viewer)
    if name is None:
        _all(app, world, audience)
        return
    entity = world.get(world.resolve(name, (), audience))
    shown = world.seen_one(entity.ref, audience)
    found = links_of(world, entity, audience)
    parts = (
        ("forward", "Links to", found.forward),
        ("back", "Linked from", found.back),
        ("unlinked", "Named without a link in", found.unlinked),
    )
    blocks: list[Block] = [Text(f"{shown.name} ({shown.ref or shown.kind})", "title")]
    for _, title, others in parts:
        blocks += _named(title, others)
    if found.broken:
        blocks += [Text(""), Text("Broken:", "title")]
        blocks += [Text(f"- {each}: there is no such thing") for each in found.broken]
    if len(blocks) == 1:
        blocks.append(Text("No links; [[NAME]] in a text makes one", "dim"))
    app.screen.show(
        "ttrpg.links/1",
        {
            "ref": shown.ref,
            "name": shown.name,
            **{key: [_plain(each) for each in others] for key, _, others in parts},
            "broken": list(found.broken),
        },
        blocks,
    )


def _all(app: App, world: World, viewer: Audience) -> None:
    found = list(all_broken(world)) if viewer == GM else []
    app.screen.show(
        "ttrpg.links.broken/1",
        {"broken": [{"ref": each.ref, "name": each.name, "to": to} for each, to in found]},
        [
            Table(
                ("In", "Id", "Leads nowhere"),
                [(each.name, each.ref, ", ".join(to)) for each, to in found],
                empty="No link is broken",
            )
        ],
    )


def _named(title: str, others: Sequence[Seen]) -> list[Block]:
    if not others:
        return []
    lines = [Text(f"- {each.name} ({each.ref or each.kind})") for each in others]
    return [Text(""), Text(f"{title}:", "title"), *lines]


def _plain(each: Seen) -> dict[str, str]:
    return {"kind": each.kind, "ref": each.ref, "name": each.name}
