"""Rows of any table as values: found by primary key, written back, kept as JSON, exactly.

The journal does not know the tables that it guards; a plugin's are as good as ours. What it needs
of SQLite to put a row back as it was, to the type, is here.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator
from typing import Any, TypeAlias

import attrs

Row: TypeAlias = dict[str, Any]
"""A table row: column name to None, int, float, str or bytes."""


@attrs.frozen
class Referrer:
    """A row that points at another by a foreign key, and what SQLite does to it with the other."""

    table: str
    key: Row
    row: Row
    on_update: str
    on_delete: str


def table_name(connection: sqlite3.Connection, table: str) -> str:
    """The table's name as it was made: SQLite takes any case, an image keeps one."""
    row = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", [table]
    ).fetchone()
    if row is None:
        raise sqlite3.OperationalError(f"no such table: {table}")
    return str(row[0])


def columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns that can be written, so without generated ones; empty when there is no table."""
    found = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", [table])
    return tuple(row[0] for row in found)


def primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The primary-key columns of a table, in order; ``("rowid",)`` where none is declared."""
    rows = connection.execute("SELECT name, pk FROM pragma_table_info(?)", [table]).fetchall()
    if not rows:
        raise sqlite3.OperationalError(f"no such table: {table}")
    return tuple(row[0] for row in sorted(rows, key=lambda row: row[1]) if row[1]) or ("rowid",)


def fetch(connection: sqlite3.Connection, table: str, key: Row) -> Row | None:
    """The row with this primary key: every column that can be written."""
    names = [*(["rowid"] if "rowid" in key else []), *columns(connection, table)]
    where, values = _where(key)
    row = connection.execute(
        f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)} WHERE {where}",  # noqa: S608 - names are quoted
        values,
    ).fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


def replace(connection: sqlite3.Connection, table: str, key: Row, row: Row | None) -> None:
    """Make the row with this key be ``row``, or be gone; its place in the table is kept."""
    where, values = _where(key)
    if row is None:
        connection.execute(f"DELETE FROM {_quoted(table)} WHERE {where}", values)  # noqa: S608 - names are quoted
        return
    pairs = ", ".join(f"{_quoted(name)} = ?" for name in row)
    cursor = connection.execute(
        f"UPDATE {_quoted(table)} SET {pairs} WHERE {where}",  # noqa: S608 - names are quoted
        [*row.values(), *values],
    )
    if cursor.rowcount == 0:
        names = ", ".join(map(_quoted, row))
        marks = ", ".join("?" for _ in row)
        connection.execute(
            f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})",  # noqa: S608 - names are quoted
            list(row.values()),
        )


def referrers(
    connection: sqlite3.Connection, table: str, row: Row, acted_on: str = ""
) -> Iterator[Referrer]:
    """The rows of every table whose foreign keys point at this row.

    ``acted_on`` is ``delete`` or ``update`` for those alone to which SQLite then does something.
    """
    found = connection.execute(
        'SELECT m.name, f.id, f."from", f."to", f.on_update, f.on_delete FROM sqlite_master AS m,'
        " pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND f.\"table\" = ?"
        " COLLATE NOCASE ORDER BY m.name, f.id, f.seq",
        [table],
    ).fetchall()
    keys: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
    for child, number, *link in found:
        action = {"delete": link[3], "update": link[2]}.get(acted_on, "")
        if action in {"NO ACTION", "RESTRICT"}:
            continue  # thousands may point here, and each would be read
        keys.setdefault((child, number), []).append(tuple(link))
    for (child, _), links in keys.items():
        parents = [link[1] for link in links]
        if None in parents:  # REFERENCES without columns means the primary key
            parents = list(primary_key(connection, table))
        values = [row.get(name) for name in parents]
        if None in values:
            continue  # NULL points at nothing
        names = primary_key(connection, child)
        where = " AND ".join(f"{_quoted(link[0])} = ?" for link in links)
        keyed = connection.execute(
            f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(child)} WHERE {where}",  # noqa: S608 - names are quoted
            values,
        ).fetchall()
        for each in keyed:
            key = dict(zip(names, each, strict=True))
            image = fetch(connection, child, key)
            if image is not None:
                yield Referrer(child, key, image, links[0][2], links[0][3])


def linking(connection: sqlite3.Connection, table: str) -> set[str]:
    """The columns of a table that point at another row, or that a foreign key names, casefolded."""
    found = connection.execute(
        'SELECT iif(m.name = ?1 COLLATE NOCASE, f."from", NULL),'
        ' iif(f."table" = ?1 COLLATE NOCASE, f."to", NULL)'
        " FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'"
        ' AND (m.name = ?1 COLLATE NOCASE OR f."table" = ?1 COLLATE NOCASE)',
        [table],
    )
    return {name.casefold() for pair in found for name in pair if name is not None}


def dangling(connection: sqlite3.Connection, table: str) -> set[tuple[Any, ...]]:
    """Rows of a table whose foreign keys point at nothing: ``(table, rowid, parent, number)``."""
    return {tuple(row) for row in connection.execute(f"PRAGMA foreign_key_check({_quoted(table)})")}


def dump(row: Row | None) -> str | None:
    """A row image as JSON, exactly: bytes as ``{"base64": ...}``, numbers and texts as they are."""
    return None if row is None else dump_key(row)


def dump_key(key: Row) -> str:
    """:func:`dump` of a row that is there."""
    return json.dumps(plain(key), ensure_ascii=False)


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in row.items()
    }


def load(image: str | None) -> Row | None:
    """The row of an image that :func:`dump` made."""
    return None if image is None else load_key(image)


def load_key(image: str) -> Row:
    """:func:`load` of an image that is there."""
    return exact(json.loads(image))


def exact(read: dict[str, Any]) -> Row:
    """The row of which :func:`plain` made this."""
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in read.items()
    }


def same(one: Row | None, other: Row | None) -> bool:
    """Whether two images are equal to the type: 1 is not 1.0, though Python compares them so."""
    return dump(one) == dump(other)


def key_text(key: Row) -> str:
    """A primary key for people."""
    return "/".join(str(value) for value in key.values())


def _where(key: Row) -> tuple[str, list[Any]]:
    return " AND ".join(f"{_quoted(name)} IS ?" for name in key), list(key.values())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
