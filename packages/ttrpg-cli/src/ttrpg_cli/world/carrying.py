"""What somebody has, on the screen; and lists of people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttrpg_cli.world.noun import LIMIT
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.seen import Named, seen
from ttrpg_core.table.world.things import Item
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World
from ttrpg_core.world.searching import pointing


def carried(
    _: App, world: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any] | Entity]:
    """The items that somebody has, as a viewer knows them."""
    found = pointing(world, entity.ref, ("item",))
    has = [each for each in found if isinstance(each, Item) and each.holder == entity.ref]
    yield from several("Has", "has", has, world, viewer)


def several(
    title: str, key: str, found: Iterable[Entity], world: World, viewer: Audience
) -> Iterator[Block | Mapping[str, Any] | Entity]:
    """Some entities in a list of their own, those of them that a viewer knows."""
    name = world.named(viewer)
    known = [(each, told) for each in found if (told := line(each, viewer, name))]
    yield {key: [data(each, viewer) for each, _ in known]}
    if not known:
        return
    yield Text("")
    yield Text(f"{title}:", "title")
    yield from (Text(f"- {told}") for _, told in known[:LIMIT])
    if len(known) > LIMIT:
        yield Text(f"and {len(known) - LIMIT} more", "dim")
    yield from (each for each, _ in known)


def line(each: Entity, viewer: Audience, named: Named) -> str:
    """An entity in a few words: ``Mara, smith (npc/mara)``; "" when the viewer does not know it."""
    view = seen(each, viewer, named)
    if view is None:
        return ""
    role = view.fields.get("role") or view.fields.get("type")
    told = f"{view.name}, {role}" if role else view.name
    return f"{told} ({view.ref})" if viewer == GM else told


def data(each: Entity, viewer: Audience) -> dict[str, str]:
    """An entity in a list of ``--json``."""
    told = {"kind": each.KIND, "name": each.name}
    return {**told, "ref": each.ref} if viewer == GM else told
