"""Campaigns: what one is, and the changes it can go through."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError

EDITABLE = ("name", "system", "genre", "setting", "description", "game_date")
"""Texts that a Game Master may change, in the order they are shown."""
LISTS = ("tags", "lines", "veils")
"""Lists of short texts that a Game Master may change."""
LIST_MAX = 50
"""Entries of one list, players among them."""

Given: TypeAlias = Mapping[str, str | Sequence[str]]
"""Values by field as somebody typed them: a text, or for a list what to add and take away."""


@attrs.frozen
class Player:
    """Somebody at the table, and whom they play; nothing by which they could be reached."""

    name: str
    character: str = ""


@attrs.frozen
class Campaign:
    """A campaign; times are ISO 8601 in UTC, ``game_date`` is in the game's own calendar.

    ``lines`` are what never happens in it, ``veils`` what happens out of sight. ``archived_at`` is
    empty while it is played.
    """

    id: str
    name: str
    system: str
    genre: str
    setting: str
    description: str
    game_date: str
    created_at: str
    updated_at: str
    players: tuple[Player, ...] = ()
    tags: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    veils: tuple[str, ...] = ()
    archived_at: str = ""


def create(name: str, given: Given, taken: Collection[str], now: str) -> Campaign:
    """A new campaign with a short id of its own, from its name."""
    cleaned = text.name(name, "campaign's name")
    blank = Campaign(text.unique_slug(cleaned, taken), cleaned, "", "", "", "", "", now, now)
    return edit(blank, given, now)[0]


def edit(campaign: Campaign, given: Given, now: str) -> tuple[Campaign, dict[str, Any]]:
    """The campaign with other fields, and what changed: ``{field: [old, new]}``.

    A list is added to; an entry ``-old`` takes ``old`` away, and an empty one empties the list. A
    player is ``Ana`` or ``Ana=Mara``, which says whom Ana plays.
    """
    values = _checked(campaign, given)
    changed = {
        field: [_plain(getattr(campaign, field)), _plain(value)]
        for field, value in values.items()
        if getattr(campaign, field) != value
    }
    if not changed:
        return campaign, {}
    return attrs.evolve(campaign, updated_at=now, **values), changed


def archive(campaign: Campaign, now: str) -> Campaign:
    """The campaign put away: kept whole, and not listed unless asked for."""
    return campaign if campaign.archived_at else attrs.evolve(campaign, archived_at=now)


def restore(campaign: Campaign) -> Campaign:
    """The campaign taken up again."""
    return attrs.evolve(campaign, archived_at="")


def _checked(campaign: Campaign, given: Given) -> dict[str, Any]:
    """Fields with their shapes checked: names are one line, the description is any text."""
    known = (*EDITABLE, "players", *LISTS)
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(f"a campaign has no field {unknown[0]!r}", text.nearest(unknown[0], known))
    values: dict[str, Any] = {}
    for field, value in given.items():
        if isinstance(value, str):
            values[field] = _text(field, value)
        elif field == "players":
            values[field] = _players(campaign.players, value)
        else:
            values[field] = _list(field, getattr(campaign, field), value)
    return values


def _text(field: str, value: str) -> str:
    if field == "description":
        return text.text(value, field)
    return text.name(value, field) if field == "name" or value.strip() else ""


def _list(field: str, old: tuple[str, ...], given: Sequence[str]) -> tuple[str, ...]:
    kept = list(old)
    for each in given:
        if not each.strip():
            kept = []
        elif each.startswith("-"):
            kept.remove(_among(field, kept, each[1:]))
        elif (new := text.name(each, field[:-1])) not in kept:
            kept.append(new)
    return tuple(_few(field, kept))


def _players(old: tuple[Player, ...], given: Sequence[str]) -> tuple[Player, ...]:
    kept = {each.name: each for each in old}
    for each in given:
        if not each.strip():
            kept = {}
        elif each.startswith("-"):
            del kept[_among("players", kept, each[1:])]
        else:
            raw, says, character = each.partition("=")
            name = text.name(raw, "player")
            cleaned = text.name(character, "character") if character.strip() else ""
            if says or name not in kept:
                kept[name] = Player(name, cleaned)
    return tuple(_few("players", list(kept.values())))


def _among(field: str, kept: Collection[str], wanted: str) -> str:
    """The entry that is meant to go: as it stands, or but for case."""
    folded = wanted.strip().casefold()
    found = [each for each in kept if each.casefold() == folded]
    if not found:
        raise InputError(f"{wanted!r:.60} is not among the {field}", text.nearest(wanted, kept))
    return found[0]


def _few(field: str, kept: list[Any]) -> list[Any]:
    if len(kept) > LIST_MAX:
        raise InputError(f"there would be {len(kept)} {field}", f"At most {LIST_MAX} are kept")
    return kept


def _plain(value: Any) -> Any:
    """A field as JSON has it."""
    if not isinstance(value, tuple):
        return value
    return [attrs.asdict(each) if isinstance(each, Player) else each for each in value]


def plain(campaign: Campaign) -> dict[str, Any]:
    """All of a campaign, as JSON has it."""
    return {field.name: _plain(getattr(campaign, field.name)) for field in attrs.fields(Campaign)}
