"""Making and changing entities: every value checked by what its field says it holds.

Pure: who a name means is asked of ``resolve``, and nothing is written here.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import attrs

from ttrpg_core import text
from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, Field, fields_of, parts
from ttrpg_core.table.world.places import Connection, Feature

Resolve: TypeAlias = Callable[[str, tuple[str, ...]], str]
"""The reference that words mean among some kinds (any when empty); NotFound or Ambiguous."""
Given: TypeAlias = Mapping[str, Any]
"""Values by field as somebody typed them: texts, numbers, lists of texts."""
Changed: TypeAlias = dict[str, list[Any]]
"""What is different: ``{field: [old, new]}``."""
E = TypeVar("E", bound=Entity)
V = TypeVar("V", Feature, Connection)
"""Values in an entity with a secret field of their own."""
LIST_MAX = 200
"""Entries of one list."""
NUMBER_MAX = 10**9


def made(kind: type[E], key: str, given: Given, resolve: Resolve, now: str) -> E:
    """A new entity with this id; ``given`` has a name at least."""
    blank = kind(id=key, name=text.name(given["name"], f"{kind.KIND}'s name"), created_at=now)
    return changed(blank, given, resolve, now)[0]


def changed(entity: E, given: Given, resolve: Resolve, now: str) -> tuple[E, Changed]:
    """The entity with other values, and what is different.

    A list is added to; an entry ``-old`` takes ``old`` away, and one empty text empties the list.
    Who is called otherwise keeps the old name as an alias, so that links to it still find them;
    the name of a kind without aliases is no name to find it by.
    """
    known = fields_of(type(entity))
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "name":
            values[name] = text.name(value, f"{entity.KIND}'s name")
        elif name == "audience":
            values[name] = Audience.of(value) if isinstance(value, str) else value
        elif name in known:
            values[name] = _checked(name, known[name], value, getattr(entity, name), resolve)
        else:
            raise InputError(
                f"{entity.PLURAL} have no field {name!r:.60}", text.nearest(name, known)
            )
    if values.get("name", entity.name) != entity.name and "aliases" not in entity.FIXED:
        kept = values.get("aliases", entity.aliases)
        if entity.name not in kept:
            values["aliases"] = (*kept, entity.name)
    different = {
        name: [getattr(entity, name), value]
        for name, value in values.items()
        if getattr(entity, name) != value
    }
    if not different:
        return entity, {}
    return attrs.evolve(entity, updated_at=now, **values), different


def revealed(entity: Entity, name: str, to: Audience, now: str) -> tuple[Entity, Changed]:
    """The entity with a secret field open to an audience; ``gm`` closes it again."""
    hint = f"who knows the {entity.one()} itself is its audience"
    _need_secret(type(entity), name, f"a {entity.KIND}", hint)
    was = entity.revealed.get(name, "gm")
    kept = _opened(entity.revealed, name, to, f"the {name.replace('_', ' ')} of {entity.name!r}")
    to = Audience(kept.get(name, "gm"))
    if was == to.name:
        return entity, {}
    return attrs.evolve(entity, revealed=kept, updated_at=now), {f"revealed.{name}": [was, to.name]}


def part_revealed(value: V, name: str, to: Audience, what: str) -> V:
    """A value in an entity with a secret of its own open to an audience; ``gm`` closes it again.

    ``what`` is how the value is called: the feature 'Old well' of the inn.
    """
    _need_secret(type(value), name, what, "who knows of all of it is its audience")
    return attrs.evolve(value, revealed=_opened(value.revealed, name, to, f"the {name} of {what}"))


def secrets_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of an entity, or of a value in one, that are the Game Master's until revealed."""
    return tuple(each for each, known in fields_of(kind).items() if known.secret)


def _need_secret(kind: type[Any], name: str, what: str, hint: str) -> None:
    secrets = secrets_of(kind)
    if name not in secrets:
        known = f"One of: {', '.join(secrets)}" if secrets else "It has none"
        raise InputError(f"{name!r:.60} is no secret field of {what}", f"{known}; {hint}")


def _opened(revealed: Mapping[str, str], name: str, to: Audience, what: str) -> dict[str, str]:
    """Who may read which secret, when one of them is opened to an audience or closed."""
    wider = Audience(revealed.get(name, "gm")).widened(to, what)
    kept = {each: who for each, who in revealed.items() if each != name}
    return kept if wider.name == "gm" else {**kept, name: wider.name}


def _checked(name: str, known: Field, value: Any, old: Any, resolve: Resolve) -> Any:
    what = name.replace("_", " ")
    match known.shape:
        case "line":
            new: Any = text.name(value, what) if value.strip() else ""
        case "text":
            new = text.text(value, what)
        case "choice":
            new = _choice(what, known, value)
        case "number":
            new = _number(what, known, None if value == "" else value)
        case "ref":
            new = resolve(value, known.kinds) if value.strip() else ""
        case "lines":
            new = _list(what, value, old, lambda each: text.name(each, what))
        case "refs":
            gone = {parts(each)[1]: each for each in old}
            new = _list(what, value, old, lambda each: resolve(each, known.kinds), gone)
        case "flag" | "value":
            new = value
    return new


def _number(what: str, known: Field, value: int | None) -> int | None:
    least, most = known.bounds or (-NUMBER_MAX, NUMBER_MAX)
    if value is not None and not least <= value <= most:
        raise InputError(
            f"the {what} cannot be {value!s:.20}", f"A number from {least:,} to {most:,}"
        )
    return value


def _choice(what: str, known: Field, value: str) -> str:
    folded = value.strip().casefold()
    fitting = [each for each in known.choices if folded and each.startswith(folded)]
    if folded in known.choices:
        return folded
    if len(fitting) == 1:
        return fitting[0]
    if known.custom and folded and not fitting:
        return text.name(folded, what)
    shown = ", ".join(each for each in known.choices if each)
    raise InputError(f"the {what} cannot be {value!r:.60}", f"One of: {shown}")


def _list(
    what: str,
    given: Sequence[str],
    old: tuple[str, ...],
    clean: Callable[[str], str],
    short: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, ...]:
    """``short`` are what entries may be called to take them away: what they mean may be deleted."""
    kept = list(old)
    for each in given:
        if not each.strip():
            kept = []
        elif each.startswith("-"):
            typed = each[1:].strip()
            gone = typed if typed in kept else short.get(typed) or clean(typed)
            if gone not in kept:
                raise InputError(f"{gone!r:.60} is not among the {what}", "See it with: show")
            kept.remove(gone)
        elif (new := clean(each)) not in kept:
            kept.append(new)
    if len(kept) > LIST_MAX:
        raise InputError(f"there would be {len(kept)} {what}", f"At most {LIST_MAX} are kept")
    return tuple(kept)
