"""Which rows belong to a campaign: those that point at it, and those that point at those.

Found from the foreign keys themselves, so that a plugin's tables are carried along with ours.
"""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

import attrs

ROOT = "campaigns"
STAYS: Mapping[str, str] = MappingProxyType(
    {"snapshots": "a snapshot is a place in the history of this database"}
)
"""Tables of a campaign that make no sense anywhere else, and why."""


@attrs.frozen
class Belonging:
    """A table whose rows belong to a campaign, by a column that points at another table."""

    table: str
    column: str
    parent: str
    parent_column: str


def belongings(connection: sqlite3.Connection) -> list[Belonging]:
    """The tables, each after the one that it hangs on. A table hangs on the first that is found."""
    links = connection.execute(
        'SELECT m.name, f."from", f."table", f."to" FROM sqlite_master AS m,'
        " pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND f.seq = 0"
        " ORDER BY m.name, f.id"
    ).fetchall()
    found: list[Belonging] = []
    known = {ROOT}
    while True:
        new = [
            Belonging(table, column, parent, to or "id")
            for table, column, parent, to in links
            if parent in known and table not in known
        ]
        if not new:
            return found
        for each in new:
            if each.table not in known:
                known.add(each.table)
                found.append(each)


def condition(table: str, known: Mapping[str, Belonging]) -> str:
    """What a row of a table must be to belong to the campaign ``?``, as SQL."""
    if table == ROOT:
        return "id = ?"
    link = known[table]
    if link.parent == ROOT:
        return f'"{link.column}" = ?'
    inner = condition(link.parent, known)
    return f'"{link.column}" IN (SELECT "{link.parent_column}" FROM "{link.parent}" WHERE {inner})'  # noqa: S608 - names of the schema


def rows(
    connection: sqlite3.Connection, table: str, campaign: str, known: Mapping[str, Belonging]
) -> list[dict[str, object]]:
    """The rows of a table that belong to a campaign, in the order of their keys."""
    found = connection.execute(
        f'SELECT * FROM "{table}" WHERE {condition(table, known)} ORDER BY '  # noqa: S608 - names of the schema
        + ", ".join(f'"{name}"' for name in _keys(connection, table)),
        [campaign],
    )
    return [dict(each) for each in found]


def _keys(connection: sqlite3.Connection, table: str) -> list[str]:
    found = connection.execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", [table]
    ).fetchall()
    return [each[0] for each in found] or ["rowid"]
