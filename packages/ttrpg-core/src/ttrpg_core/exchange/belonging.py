"""The rows that go along with a campaign: those that would go with it if it were deleted.

Which tables they are in is what :mod:`ttrpg_core.snapshots.belonging` says; here they are read.
"""

import sqlite3
from collections.abc import Mapping

from ttrpg_core.rows import primary_key
from ttrpg_core.snapshots.belonging import CAMPAIGNS as ROOT
from ttrpg_core.snapshots.belonging import Belonging, Link

__all__ = ["ROOT", "Link", "belongings", "rows"]


def belongings(connection: sqlite3.Connection) -> dict[str, Link]:
    """By what a row of each table belongs to a campaign; a table stands after what it hangs on."""
    return Belonging(connection).first


def rows(
    connection: sqlite3.Connection, table: str, campaign: str, known: Mapping[str, Link]
) -> list[dict[str, object]]:
    """The rows of a table that belong to a campaign, in the order of their keys."""
    order = ", ".join(map(_quoted, primary_key(connection, table)))
    found = connection.execute(
        f"SELECT * FROM {_quoted(table)} WHERE {_condition(table, known)} ORDER BY {order}",  # noqa: S608 - names of the schema
        [campaign],
    )
    return [dict(each) for each in found]


def _condition(table: str, known: Mapping[str, Link]) -> str:
    """What a row of a table must be to belong to the campaign ``?``, as SQL."""
    if table == ROOT:
        return "id = ?"
    link = known[table]
    columns, key = (", ".join(map(_quoted, names)) for names in (link.columns, link.key))
    inner = _condition(link.parent, known)
    return f"({columns}) IN (SELECT {key} FROM {_quoted(link.parent)} WHERE {inner})"  # noqa: S608 - names of the schema


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
