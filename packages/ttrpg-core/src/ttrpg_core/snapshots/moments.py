"""What a campaign was at a position of the journal, worked out from the images that it keeps.

A position is the number of the last entry before the moment. A row was then what the first entry
after it found; so the cost is that of what was changed since, whatever undo and redo are among it.
"""

import sqlite3
from collections.abc import Sequence

from ttrpg_core.errors import Denied
from ttrpg_core.images import became
from ttrpg_core.reversal import RowChange
from ttrpg_core.rows import Row, dump_key, fetch, load, load_key, same
from ttrpg_core.snapshots.belonging import CAMPAIGNS, Belonging
from ttrpg_core.table.campaigns import Campaign


def last(connection: sqlite3.Connection) -> int:
    """The position of this moment."""
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM journal").fetchone()[0])


def position_of(connection: sqlite3.Connection, at: str) -> int:
    """The position at a time, ISO 8601 in UTC; 0 before there was anything."""
    found = connection.execute(
        "SELECT id FROM journal WHERE at <= ? ORDER BY id DESC LIMIT 1", [at]
    ).fetchone()
    return 0 if found is None else int(found[0])


def changes(
    belonging: Belonging,
    connection: sqlite3.Connection,
    campaign: str,
    start: int,
    end: int,
    tables: Sequence[str],
) -> list[RowChange]:
    """What is different of a campaign's rows of some tables between two positions, each row once.

    ``start`` may be after ``end``. Raises Denied when entries between them are gone.
    """
    low, high = sorted((start, end))
    must_be_whole(connection, low)
    marks = ", ".join("?" for _ in tables)
    rows = connection.execute(
        "SELECT tbl, key, before, after FROM journal_rows WHERE entry > ? AND entry <= ?"  # noqa: S608 - only marks
        f" AND +tbl IN ({marks}) ORDER BY entry, ordinal",  # the +: by entry, not by table
        [low, high, *tables],
    )
    images: dict[tuple[str, str], tuple[str | None, str | None, str | None]] = {}
    for row in rows:
        place = (row["tbl"], row["key"])
        first = images[place][0] if place in images else row["before"]
        images[place] = (first, row["before"], row["after"])
    found = []
    for (table, key), (first, *latest) in sorted(images.items()):
        change = RowChange(table, load_key(key), load(first), became(*latest))
        if same(change.before, change.after):
            continue
        owners = belonging.owners(change.table, change.before)
        owners |= belonging.owners(change.table, change.after)
        if campaign in owners:
            found.append(change if start <= end else change.back)
    return found


def rows_at(
    belonging: Belonging, connection: sqlite3.Connection, campaign: str, table: str, position: int
) -> list[Row]:
    """The rows of a table that names its campaign, as they were at a position, by their key."""
    column = "id" if table == CAMPAIGNS else belonging.column(table)
    now = connection.execute(
        f"SELECT * FROM {table} WHERE {column} = ?",  # noqa: S608 - a table's and a column's own names
        [campaign],
    ).fetchall()
    since = changes(belonging, connection, campaign, position, last(connection), [table])
    if not since:
        return [dict(row) for row in now]
    names = tuple(since[0].key)
    found = {dump_key({name: row[name] for name in names}): dict(row) for row in now}
    for each in since:
        if each.before is None:
            found.pop(dump_key(each.key), None)
        else:
            found[dump_key(each.key)] = each.before
    return [found[key] for key in sorted(found)]


def row_at(connection: sqlite3.Connection, table: str, key: Row, position: int) -> Row | None:
    """One row as it was at a position."""
    found = connection.execute(
        "SELECT before FROM journal_rows WHERE tbl = ? AND key = ? AND entry > ?"
        " ORDER BY entry LIMIT 1",
        [table, dump_key(key), position],
    ).fetchone()
    return fetch(connection, table, key) if found is None else load(found["before"])


def beginning(connection: sqlite3.Connection, campaign: Campaign) -> int:
    """The position at which a campaign began: not an earlier one with its id, nor its return."""
    found = connection.execute(
        "SELECT entry FROM journal_rows WHERE tbl = ? AND key = ? AND before IS NULL"
        " AND json_extract(after, '$.created_at') = ? ORDER BY entry LIMIT 1",
        [CAMPAIGNS, dump_key({"id": campaign.id}), campaign.created_at],
    ).fetchone()
    return 0 if found is None else int(found[0])


def must_be_whole(connection: sqlite3.Connection, position: int) -> None:
    """Denied when an entry after a position is gone, so that nobody can say what was then."""
    count, newest = connection.execute(
        "SELECT COUNT(*), MAX(id) FROM journal WHERE id > ?", [position]
    ).fetchone()
    if not count:
        return
    never = connection.execute(
        "SELECT SUM(MIN(last, :newest) - MAX(first - 1, :position)) FROM gaps"
        " WHERE last > :position AND first <= :newest",
        {"newest": newest, "position": position},
    ).fetchone()[0]
    gone = newest - position - count - (never or 0)
    if gone:
        raise Denied(
            f"the history since #{position} is not whole: {gone} of its entries are gone",
            "What the campaign was then cannot be told; a copy of the database may have it",
        )
