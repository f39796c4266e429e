"""An entity as somebody sees it: all of it for the Game Master, for players what they may know.

Every surface that shows, exports or reads aloud goes through :func:`seen`. A player gets nothing
of an entity that is not for them; of one that is, no secret field that was not revealed to them,
nothing in it that has a narrower audience, and no name of an entity that they do not know.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.entity import Entity, Field, fields_of
from ttrpg_core.table.world.links import spoken

Named: TypeAlias = Callable[[str], str | None]
"""The name of the entity that a reference means, or None for whoever may not know it.

Words that are no reference are taken as a link takes them; those that mean nothing are the answer.
"""


_EMPTY = (None, "", ())
"""What a field holds that nobody filled; a 0 says something."""


@attrs.frozen
class Seen:
    """What somebody sees of an entity: plain values by field, without those that are empty.

    References are as they are for the Game Master, names for everybody else, for an id keeps what
    a thing was called when it was made. ``ref`` is empty where it would tell that. ``names`` says
    for the Game Master what the references are called, "" for one that leads nowhere.
    """

    kind: str
    ref: str
    name: str
    audience: str
    fields: Mapping[str, Any]
    names: Mapping[str, str] = attrs.field(factory=dict)


def seen(entity: Entity, viewer: Audience, named: Named) -> Seen | None:
    """What the viewer sees of an entity; None when they do not know it.

    ``named`` answers for the same viewer.
    """
    if not knows(entity, viewer, named):
        return None
    whole = viewer == GM
    told = _fields(entity, viewer, named, entity.revealed)
    if whole and entity.revealed:
        told["revealed"] = dict(entity.revealed)
    open_id = whole or text.unique_slug(entity.name, ()) == entity.id
    return Seen(
        entity.KIND,
        entity.ref if open_id else "",
        entity.name,
        entity.audience.name if whole else "",
        told,
        _names(entity, named) if whole else {},
    )


def pointed(value: Any) -> Iterator[str]:
    """The references in the fields of an entity, and of the values in it."""
    for name, known in fields_of(type(value)).items():
        held = getattr(value, name)
        if not held or known.shape not in {"ref", "refs", "value"}:
            continue  # most fields of most things
        if known.shape == "ref":
            yield held
        elif known.shape == "refs":
            yield from held
        else:
            for each in held if isinstance(held, tuple) else (held,):
                if not _plainly(each):
                    yield from pointed(each)


def _plainly(value: Any) -> bool:
    """Whether a value is no class of fields; most are a text or a number, which is quickly seen."""
    return isinstance(value, str | int) or not attrs.has(type(value))


def knows(entity: Entity, viewer: Audience, named: Named) -> bool:
    """Whether a viewer knows of an entity, and so of all that has to be known for that."""
    if viewer == GM:
        return True
    return viewer.sees(entity.audience) and all(
        named(getattr(entity, name)) is not None
        for name, known in fields_of(type(entity)).items()
        if known.needed
    )


def open_to(value: Any, viewer: Audience, named: Named) -> bool:
    """Whether a value in an entity is for a viewer who knows the entity.

    What points at something that they do not know is not.
    """
    if viewer == GM:
        return True
    if not viewer.sees(getattr(value, "audience", viewer)):
        return False
    return all(
        named(held) is not None
        for name, known in fields_of(type(value)).items()
        if known.shape == "ref" and (held := getattr(value, name))
    )


def may_read(known: Field, name: str, viewer: Audience, revealed: Mapping[str, str]) -> bool:
    """Whether a viewer who knows an entity may read this field of it."""
    if viewer == GM or not known.secret:
        return True
    return name in revealed and viewer.sees(Audience(revealed[name]))


def _fields(
    value: Any, viewer: Audience, named: Named, revealed: Mapping[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, known in fields_of(type(value)).items():
        held = getattr(value, name)
        if held in _EMPTY or held is False or not may_read(known, name, viewer, revealed):
            continue  # most fields of most things are empty
        plain = _plain(held, known, viewer, named)
        if plain not in (None, "", [], {}):
            found[name] = plain
    return found


def _plain(value: Any, known: Field, viewer: Audience, named: Named) -> Any:
    if known.shape == "ref":
        return _name(value, viewer, named) if value else ""
    if known.shape == "refs":
        return [name for each in value if (name := _name(each, viewer, named))]
    if known.shape == "value":
        if isinstance(value, tuple):
            return [each for one in value if (each := part(one, viewer, named)) is not None]
        return None if value is None else part(value, viewer, named)
    if viewer == GM or known.shape not in {"line", "text", "lines"}:
        return list(value) if isinstance(value, tuple) else value
    return (
        spoken(value, named) if isinstance(value, str) else [spoken(each, named) for each in value]
    )


def part(value: Any, viewer: Audience, named: Named) -> Any:
    """A value inside an entity, as the viewer sees it; None for what is not for them."""
    if _plainly(value):
        return value
    if not open_to(value, viewer, named):
        return None
    revealed = getattr(value, "revealed", {})
    found = _fields(value, viewer, named, revealed)
    if viewer == GM and isinstance(getattr(value, "audience", None), Audience):
        found["audience"] = value.audience.name
    if viewer == GM and revealed:
        found["revealed"] = dict(revealed)
    return found


def _names(entity: Entity, named: Named) -> dict[str, str]:
    return {each: named(each) or "" for each in pointed(entity)}


def _name(reference: str, viewer: Audience, named: Named) -> str | None:
    return reference if viewer == GM else named(reference)
