"""Entities on the screen: a list, one of them whole, and what a search found."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import Entity, fields_of
from ttrpg_core.table.world.seen import Seen
from ttrpg_core.table.world.ties import strength
from ttrpg_core.views import Block, Fields, Markdown, Screen, Table, Text

CELL = 40
"""Characters of a cell in a list."""
DRAWN = frozenset(
    {
        "plot.objectives",
        "plot.clocks",
        "arc.phases",
        "arc.milestones",
        "location.features",
        "location.connections",
    }
)
"""Fields that their kinds draw themselves, below the others."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")
_MINOR = frozenset({"tags", "aliases", "revealed"})


def one(kind: type[Entity]) -> str:
    """One of a kind in words: ``an NPC``, ``a location``."""
    word = kind.one()
    return f"{'an' if word[0] in 'aeiouN' else 'a'} {word}"


def data(each: Seen) -> dict[str, Any]:
    """An entity as ``--json`` prints it: what it is, and its fields beside that."""
    head = {"kind": each.kind, "ref": each.ref, "name": each.name, "audience": each.audience}
    return {**{name: value for name, value in head.items() if value}, **each.fields}


def listing(
    screen: Screen, kind: type[Entity], found: Sequence[Seen], total: int, columns: Sequence[str]
) -> None:
    """The list of a kind: name, id, and the columns that any of them fills."""
    filled = [each for each in columns if any(each in one.fields for one in found)]
    rows = [(each.name, _key(each.ref), *(_cell(each, name) for name in filled)) for each in found]
    blocks: list[Block] = [
        Table(
            ("Name", "Id", *(each.replace("_", " ").capitalize() for each in filled)),
            rows,
            empty=f"No {kind.PLURAL} yet: ttrpg {kind.KIND} add NAME",
        )
    ]
    blocks += more(total, len(found))
    screen.show(
        f"ttrpg.{kind.KIND}.list/1",
        {"total": total, kind.PLURAL.lower(): [data(each) for each in found]},
        blocks,
    )


def more(total: int, shown: int) -> Iterator[Text]:
    """How to see what a list left out, if it did."""
    if total > shown:
        yield Text(f"{total - shown} more: --limit {total} shows them all", "dim")


def whole(
    screen: Screen,
    each: Seen,
    mentioned: Sequence[tuple[str, str]] = (),
    more: Iterable[Block] = (),
    extra: dict[str, Any] | None = None,
) -> None:
    """One entity, all that its viewer sees of it, and what mentions it as ``(ref, name)``."""
    screen.show(
        f"ttrpg.{each.kind}/1",
        {
            each.kind: data(each),
            "mentioned_in": [{"ref": ref, "name": name} for ref, name in mentioned],
            **(extra or {}),
        },
        [*blocks(each), *more, *_mentioned(mentioned)],
    )


def blocks(each: Seen) -> list[Block]:
    """An entity for a person: short fields in pairs, texts below them."""
    known = fields_of(kinds.kind(each.kind))
    kind = each.kind.replace("_", " ")
    where = f"{each.name} ({each.ref})" if each.ref else each.name
    pairs = [(kind.upper() if kind == "npc" else kind.capitalize(), where)]
    if each.audience and each.audience != "gm":
        pairs.append(("Known to", each.audience))
    shown: list[Block] = []
    for name, value in each.fields.items():
        shape = known[name].shape if name in known else "line"
        title = name.replace("_", " ").capitalize()
        if shape == "text":
            heading = [] if name == "text" else [Text(f"{title}:", "title")]
            shown += [Text(""), *heading, Markdown(value)]
        elif shape == "value" and isinstance(value, list | dict):
            shown += [] if f"{each.kind}.{name}" in DRAWN else _values(title, value, each.names)
        elif name not in _MINOR:
            pairs.append((title, _told(value, each.names)))
    pairs += [
        (name.capitalize(), _told(each.fields[name], {}))
        for name in sorted(_MINOR & set(each.fields))
    ]
    return [Fields(pairs), *shown]


def changed(each: Entity, fields: Iterable[str]) -> str:
    """What to say when fields of an entity are different now."""
    named = ", ".join(fields).replace("_", " ")
    return f"Changed {named} of {each.name!r}" if named else "Nothing was different"


def of_relation(each: Seen) -> str:
    """What there is to say of a relation in a few words: how strong, since when, whether secret."""
    known = each.fields
    notes = [f"{known['strength']}, {strength(known['strength'])}"] if "strength" in known else []
    notes += [f"since {known['since']}"] if "since" in known else []
    notes += ["ended"] if "ended" in known else []
    notes += [f"until {known['until']}"] if "until" in known else []
    notes += ["secret"] if each.audience == "gm" else []
    return "; ".join(notes)


def _values(title: str, value: Any, names: Mapping[str, str]) -> list[Block]:
    rows = value if isinstance(value, list) else [value]
    told = [
        "; ".join(
            f"{name.replace('_', ' ')}: {_told(part, names)}"
            if name != "name"
            else _told(part, names)
            for name, part in each.items()
        )
        if isinstance(each, dict)
        else str(each)
        for each in rows
    ]
    return [Text(""), Text(f"{title}:", "title"), *(Text(f"- {each}") for each in told)]


def _mentioned(mentioned: Sequence[tuple[str, str]]) -> list[Block]:
    if not mentioned:
        return []
    return [
        Text(""),
        Text("Mentioned in:", "title"),
        *(Text(f"- {name} ({ref})" if ref else f"- {name}") for ref, name in mentioned),
    ]


def _told(value: Any, names: Mapping[str, str]) -> str:
    """A value in words; a reference with what it is called, as far as it leads somewhere."""
    if isinstance(value, str) and value in names:
        return f"{names[value]} ({_key(value)})" if names[value] else f"{value} (no longer there)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return value[:16].replace("T", " ")
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_told(each, names) for each in value)
    return str(value)


def _cell(shown: Seen, name: str) -> str:
    value = shown.fields.get(name, "")
    called = shown.names.get(value) if isinstance(value, str) else None
    told = " ".join((called or _told(value, shown.names)).split())
    return told if len(told) <= CELL else f"{told[: CELL - 4]} ..."


def _key(reference: str) -> str:
    return reference.rpartition("/")[2]
