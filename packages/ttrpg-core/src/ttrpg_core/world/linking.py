"""What an entity points at, what points at it, links that lead nowhere, names without a link.

For the Game Master all of it. A player gets those that they know, where they may read it, and only
where the other's name stands in what they read: a link may hide behind another label.
"""

import itertools
import re
from collections.abc import Iterator

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.links import links, spoken
from ttrpg_core.table.world.seen import Seen, pointed, seen
from ttrpg_core.world.reading import Reader
from ttrpg_core.world.searching import matching, mentions, tells, texts

MENTIONS_MAX = 50
"""Unlinked mentions that are told."""
LOOKED_AT = 300
"""Entities that are looked at for them, of those that have the words in some form."""


@attrs.frozen
class Links:
    """The links of one entity: both ways as the viewer sees the others, targets that are not there.

    ``unlinked`` are those that have its name in a text, without a link.
    """

    forward: tuple[Seen, ...]
    back: tuple[Seen, ...]
    broken: tuple[str, ...] = ()
    unlinked: tuple[Seen, ...] = ()


def links_of(reader: Reader, entity: Entity, viewer: Audience = GM) -> Links:
    """Everything that is linked with an entity, as far as the viewer may know."""
    named = reader.named(viewer)
    own = seen(entity, viewer, named)
    if own is None:
        return Links((), ())
    forward = _known(reader, _targets(reader, entity), viewer)
    behind = mentions(reader, entity)
    back = [each for other in behind if (each := seen(other, viewer, named))]
    if viewer != GM:
        return Links(
            tuple(each for each in forward if tells(own, each.name)),
            tuple(each for each in back if tells(each, entity.name)),
        )
    linked = {entity.ref, *(each.ref for each in behind)}
    return Links(
        tuple(forward),
        tuple(back),
        tuple(broken(reader, entity)),
        _unlinked(reader, entity, linked),
    )


def broken(reader: Reader, entity: Entity) -> list[str]:
    """What an entity points at that is not there, in the order in which it says so."""
    gone = [each for each in pointed(entity) if reader.peek(each) is None]
    gone += [
        link.target
        for text in texts(entity)
        for link in links(text)
        if reader.linked(link.target) is None
    ]
    return list(dict.fromkeys(gone))


def all_broken(reader: Reader) -> Iterator[tuple[Entity, list[str]]]:
    """The entities of a campaign that point at what is not there, each with what that is."""
    known: dict[str, str | None] = {}

    class Once(Reader):
        """Asks for each target once: a whole campaign points at few."""

        def linked(self, target: str) -> str | None:
            """As the reader of one says, remembered."""
            if target not in known:
                known[target] = super().linked(target)
            return known[target]

    once = Once(reader.connection, reader.campaign)
    for each in reader.all():
        found = broken(once, each)
        if found:
            yield each, found


def _targets(reader: Reader, entity: Entity) -> list[str]:
    """The references that an entity points at, in its fields and in its texts."""
    found = list(pointed(entity))
    found += [
        target
        for text in texts(entity)
        for link in links(text)
        if (target := reader.linked(link.target))
    ]
    return [each for each in dict.fromkeys(found) if each != entity.ref]


def _known(reader: Reader, references: list[str], viewer: Audience) -> list[Seen]:
    named = reader.named(viewer)
    every = (reader.peek(each) for each in references)
    return [each for one in every if one is not None and (each := seen(one, viewer, named))]


def _unlinked(reader: Reader, entity: Entity, linked: set[str]) -> tuple[Seen, ...]:
    others: dict[str, Entity] = {}
    for name in (entity.name, *entity.aliases):
        words = re.findall(r"\w+", name)
        if not words:
            continue
        said = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        for other in itertools.islice(matching(reader, f'"{" ".join(words)}"', ()), LOOKED_AT):
            if len(others) == MENTIONS_MAX:
                break
            told = (other.name, *texts(other))
            if other.ref not in linked and any(said.search(spoken(each)) for each in told):
                others[other.ref] = other
    named = reader.named(GM)
    return tuple(each for one in others.values() if (each := seen(one, GM, named)))
