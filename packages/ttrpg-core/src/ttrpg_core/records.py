"""Typed reading of the game's rows; writing is the journal's alone."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ttrpg_core import text
from ttrpg_core.errors import NotFound, StoreDamaged
from ttrpg_core.table.campaigns import LISTS, Campaign, Player, plain

CURRENT = "campaign"
"""The key in ``chosen`` under which the current campaign's id stands."""


class Fighting(NamedTuple):
    """A fight that goes on or is prepared, in short.

    ``going`` is how many such there are; ``meant`` whether it is this one that commands mean.
    """

    id: str
    name: str
    status: str
    round: int
    going: int
    meant: bool


class Playing(NamedTuple):
    """The session that runs, in short: its number, its title, ``active`` or ``paused``."""

    number: int
    name: str
    status: str


@contextlib.contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in the block is of one moment, whatever other processes write meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.commit()


def campaigns(connection: sqlite3.Connection) -> list[Campaign]:
    """Every campaign, by name."""
    rows = connection.execute("SELECT * FROM campaigns ORDER BY name COLLATE NOCASE, id")
    return [made(dict(row)) for row in rows]


def made(row: Mapping[str, Any]) -> Campaign:
    """The campaign of a row, or of an image of one that an older version may have kept."""
    values = dict(row)
    try:
        for field in LISTS:
            values[field] = tuple(map(str, json.loads(values.get(field, "[]"))))
        known = json.loads(values.get("players", "[]"))
        values["players"] = tuple(Player(each["name"], each["character"]) for each in known)
    except (ValueError, TypeError, LookupError) as error:
        raise StoreDamaged(
            f"the campaign {row['id']} cannot be read: {error}",
            "Take back what changed it, or go back to a copy; 'ttrpg doctor' says more",
        ) from error
    return Campaign(**values)


def row(campaign: Campaign) -> dict[str, str]:
    """The row of a campaign: texts as they are, lists as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in plain(campaign).items()
    }


def campaign(connection: sqlite3.Connection, wanted: str) -> Campaign:
    """The campaign that an id, a name or a unique beginning of either means."""
    known = campaigns(connection)
    found = text.match(wanted, [(each.id, each.name) for each in known], "campaign")
    return next(each for each in known if each.id == found)


def current(connection: sqlite3.Connection) -> Campaign | None:
    """The current campaign, or None when none is chosen or the chosen one is gone."""
    found = connection.execute(
        "SELECT campaigns.* FROM campaigns JOIN chosen ON value = campaigns.id WHERE key = ?",
        [CURRENT],
    ).fetchone()
    return None if found is None else made(dict(found))


def campaign_or_current(connection: sqlite3.Connection, wanted: str | None) -> Campaign:
    """The campaign named, else the current one, else NotFound that says how to choose."""
    if wanted is not None:
        return campaign(connection, wanted)
    found = current(connection)
    if found is None:
        raise NotFound(
            "no campaign is chosen", "ttrpg campaign create NAME, or ttrpg campaign use NAME"
        )
    return found


def fighting(connection: sqlite3.Connection, campaign: str | None) -> Fighting | None:
    """The fight of a campaign that goes on, the chosen one or the newest, if there is one.

    Found without reading fights: whoever only wants to know pays nothing for them.
    """
    found = connection.execute(
        "SELECT id, name, status, (SELECT COALESCE(MAX(round), 0) FROM fight_turns"
        " WHERE fight = fights.id) AS round, COUNT(*) OVER () AS going, value IS NOT NULL AS meant"
        " FROM fights LEFT JOIN chosen ON key = 'fight' AND value = id"
        " WHERE campaign IS ? AND status <> 'ended'"
        " ORDER BY meant DESC, created_at DESC, id LIMIT 1",
        [campaign],
    ).fetchone()
    if found is None:
        return None
    made = Fighting(*found)
    return made._replace(meant=bool(made.meant) or made.going == 1)


def playing(connection: sqlite3.Connection, campaign: str) -> Playing | None:
    """The session of a campaign that runs, if one does."""
    found = connection.execute(
        "SELECT json_extract(state, '$.number'), name, json_extract(state, '$.status') AS status"
        " FROM entities WHERE campaign = ? AND kind = 'session'"
        " AND status IN ('active', 'paused') ORDER BY status, id LIMIT 1",
        [campaign],
    ).fetchone()
    return None if found is None else Playing(found[0] or 0, *found[1:])
