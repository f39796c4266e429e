"""Typed reading of the game's rows; writing is the journal's alone."""

import contextlib
import sqlite3
from collections.abc import Iterator

from ttrpg_core import text
from ttrpg_core.errors import NotFound
from ttrpg_core.table.campaigns import Campaign

CURRENT = "campaign"
"""The key in ``chosen`` under which the current campaign's id stands."""


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
    return [Campaign(**dict(row)) for row in rows]


def campaign(connection: sqlite3.Connection, wanted: str) -> Campaign:
    """The campaign that an id, a name or a unique beginning of either means."""
    known = campaigns(connection)
    found = text.match(wanted, [(each.id, each.name) for each in known], "campaign")
    return next(each for each in known if each.id == found)


def current(connection: sqlite3.Connection) -> Campaign | None:
    """The current campaign, or None when none is chosen or the chosen one is gone."""
    row = connection.execute(
        "SELECT campaigns.* FROM campaigns JOIN chosen ON value = campaigns.id WHERE key = ?",
        [CURRENT],
    ).fetchone()
    return None if row is None else Campaign(**dict(row))


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
