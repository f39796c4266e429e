"""A place on the screen: what is in it, who is there, and the ways from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ttrpg_cli.world.carrying import several
from ttrpg_cli.world.noun import LIMIT
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.places import Location, length
from ttrpg_core.table.world.routes import Step
from ttrpg_core.table.world.seen import Named, part
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World
from ttrpg_core.world.placing import Way, ways_of
from ttrpg_core.world.searching import pointing

_HERE = {"npc": "location", "character": "location", "faction": "location", "item": "holder"}
"""Kinds of what may be in a place, and the field that says so."""


def around(
    _: App, world: World, entity: Entity, viewer: Audience
) -> Iterator[Block | Mapping[str, Any] | Entity]:
    """What a place has that its fields do not say: features, ways, who is here, what is inside."""
    if not isinstance(entity, Location):
        return
    named = world.named(viewer)
    above = _above(world, entity, named)
    if len(above) > 1:
        yield Text(f"Within: {', '.join(named(each) or each for each in above)}")
    features = [part(each, viewer, named) for each in entity.features]
    yield from _lines("Features", [_feature(each) for each in features if each is not None])
    ways = ways_of(world, entity.ref, viewer)
    yield from _lines("Ways", [way_told(each, viewer, named) for each in ways])
    others = pointing(world, entity.ref)
    here = [each for each in others if getattr(each, _HERE.get(each.KIND, ""), "") == entity.ref]
    inside = [each for each in others if isinstance(each, Location) and each.parent == entity.ref]
    beyond = [each for each in others if each.ref in {way.end for way in ways}]
    yield from several("Here", "here", here, world, viewer)
    yield from several("Inside", "inside", inside, world, viewer)
    yield from beyond
    yield {
        "within": [each if viewer == GM else named(each) for each in above],
        "ways": [way_data(each, viewer, named) for each in ways],
    }


def way_told(way: Way, viewer: Audience, named: Named) -> str:
    """A way in a line: ``road to Saltmarsh, 2 hours (one way; secret)``."""
    known = part(way.connection, viewer, named) or {}
    told = f"{_called(known['kind'])} to {named(way.end) or way.end}"
    if "minutes" in known:
        told += f", {length(known['minutes'])}"
    notes = [known[each] for each in ("note", "hazards") if each in known]
    notes += _open_secrets(known)
    notes += ["one way"] if known.get("one_way") else []
    notes += _known_to(known.get("audience", "public"))
    return f"{told} ({'; '.join(notes)})" if notes else told


def way_data(way: Way, viewer: Audience, named: Named) -> dict[str, Any]:
    """A way as ``--json`` prints it."""
    known = dict(part(way.connection, viewer, named) or {})
    return {**known, "to": way.end if viewer == GM else named(way.end)}


def route_told(start: str, steps: Sequence[Step], named: Named) -> list[tuple[int, str, str]]:
    """A route as rows of a tree, each step below the one before it at the same depth."""
    rows = [(0, named(start) or start, "")]
    for each in steps:
        known = "" if each.minutes is None else length(each.minutes)
        notes = [known, each.hazards]
        kind = {"out": "out to", "in": "into"}.get(each.kind, f"{_called(each.kind)} to")
        rows.append((1, f"{kind} {named(each.to) or each.to}", "; ".join(filter(None, notes))))
    return rows


def total(steps: Sequence[Step]) -> str:
    """How long a route is in words, with what nobody knows of it."""
    known = sum(each.counted or 0 for each in steps)
    unknown = sum(each.counted is None for each in steps)
    ways = f"{len(steps)} step" + ("" if len(steps) == 1 else "s")
    if unknown == 0:
        return f"{ways}, {length(known)}" if known else ways
    more = f"{unknown} of unknown length"
    return f"{ways}, {length(known)} and {more}" if known else f"{ways}, {more}"


def _called(kind: str) -> str:
    return "secret way" if kind == "secret" else kind


def _known_to(audience: str) -> list[str]:
    """What to say of who knows of a part of a place; nothing where whoever knows the place does."""
    if audience == "public":
        return []
    return ["for the GM alone" if audience == "gm" else f"known to {audience}"]


def _open_secrets(known: Mapping[str, Any]) -> list[str]:
    """What the Game Master has let others read of what was secret."""
    return [f"{name} known to {who}" for name, who in known.get("revealed", {}).items()]


def _lines(title: str, told: Sequence[str]) -> Iterator[Block]:
    if told:
        yield Text("")
        yield Text(f"{title}:", "title")
        yield from (Text(f"- {each}") for each in told[:LIMIT])
    if len(told) > LIMIT:
        yield Text(f"and {len(told) - LIMIT} more", "dim")


def _feature(known: Mapping[str, Any]) -> str:
    told = known["name"] + (f": {known['text']}" if "text" in known else "")
    notes = [known["effect"]] if "effect" in known else []
    notes += _open_secrets(known)
    notes += _known_to(known.get("audience", "public"))
    return f"{told} ({'; '.join(notes)})" if notes else told


def _above(world: World, place: Location, named: Named) -> list[str]:
    """What a place is in, from near to far, as far as the viewer knows."""
    found: list[str] = []
    above = place.parent
    while above and named(above) is not None and above not in {place.ref, *found}:
        found.append(above)
        next_ = world.peek(above)
        above = next_.parent if isinstance(next_, Location) else ""
    return found
