"""Campaigns: what one is, and the changes it can go through."""

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError

EDITABLE = ("name", "system", "genre", "setting", "description", "game_date")
"""Fields that a Game Master may change, in the order they are shown."""


@attrs.frozen
class Campaign:
    """A campaign; times are ISO 8601 in UTC, ``game_date`` is in the game's own calendar."""

    id: str
    name: str
    system: str
    genre: str
    setting: str
    description: str
    game_date: str
    created_at: str
    updated_at: str


def create(name: str, fields: Mapping[str, str], taken: Collection[str], now: str) -> Campaign:
    """A new campaign with a short id of its own, from its name."""
    cleaned = text.name(name, "campaign's name")
    values = dict.fromkeys(EDITABLE, "") | checked(fields) | {"name": cleaned}
    return Campaign(id=text.unique_slug(cleaned, taken), created_at=now, updated_at=now, **values)


def edit(
    campaign: Campaign, fields: Mapping[str, str], now: str
) -> tuple[Campaign, dict[str, Any]]:
    """The campaign with other fields, and what changed: ``{field: [old, new]}``."""
    values = checked(fields)
    changed = {
        field: [getattr(campaign, field), value]
        for field, value in values.items()
        if getattr(campaign, field) != value
    }
    if not changed:
        return campaign, {}
    return attrs.evolve(campaign, updated_at=now, **values), changed


def checked(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields with their shapes checked: names are one line, the description is any text."""
    unknown = sorted(set(fields) - set(EDITABLE))
    if unknown:
        raise InputError(
            f"a campaign has no field {unknown[0]!r}", text.nearest(unknown[0], EDITABLE)
        )
    values = {}
    for field, value in fields.items():
        if field == "description":
            values[field] = text.text(value, field)
        elif field == "name" or value.strip():
            values[field] = text.name(value, field)
        else:
            values[field] = ""
    return values
