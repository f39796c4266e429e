"""Every change to the game goes through here, and can be taken back.

A change is one transaction that writes rows and one entry: when, who, what kind, structured facts, a
line of prose, and the before and after image of every row touched, in any package's tables. Undo
puts the before images back, redo the after images; each is an entry of its own, so an undo can be
undone. Both refuse, with the reason, when a row is not as the entry left it: nothing that was done
since is ever overwritten.
"""

import base64
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import attrs

from ttrpg_core.errors import InputError, NotFound, UndoRefused
from ttrpg_core.store import Store

Row: TypeAlias = dict[str, Any]
"""A table row: column name to None, int, float, str or bytes."""


@attrs.frozen
class RowChange:
    """One row before and after; None where there was or is no such row."""

    table: str
    key: Row
    before: Row | None
    after: Row | None


@attrs.frozen
class Entry:
    """One line of the journal. ``target`` is what an undo or redo acted on; ``undone_by`` the undo."""

    id: int
    at: str
    actor: str
    kind: str
    campaign: str | None
    prose: str
    facts: Mapping[str, Any]
    target: int | None
    undone_by: int | None


class Change:
    """The rows of one change, written as they are given; made by :meth:`Journal.change`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[tuple[str, str], RowChange] = {}
        self.prose = ""
        self.facts: dict[str, Any] = {}

    def insert(self, table: str, row: Row) -> None:
        """Add a row. Its primary key must be among its columns."""
        keys = primary_key(self._connection, table)
        self._write(table, {name: row[name] for name in keys}, row, must="be new")

    def update(self, table: str, key: Row, values: Row) -> None:
        """Change columns of the row that has this primary key."""
        self._write(table, key, values, must="exist")

    def delete(self, table: str, key: Row) -> None:
        """Remove the row that has this primary key."""
        self._write(table, key, None, must="exist")

    def put(self, table: str, row: Row) -> None:
        """Add a row, or change the one that has its primary key."""
        keys = primary_key(self._connection, table)
        self._write(table, {name: row[name] for name in keys}, row, must="")

    @property
    def rows(self) -> tuple[RowChange, ...]:
        """What was touched, each row once, without those that ended as they began."""
        return tuple(row for row in self._rows.values() if row.before != row.after)

    def _write(self, table: str, key: Row, values: Row | None, must: str) -> None:
        before = fetch(self._connection, table, key)
        if (must == "exist" and before is None) or (must == "be new" and before is not None):
            state = "is no longer there" if before is None else "is already there"
            raise UndoRefused(f"the row {_name(key)} of {table} {state}", "Look with 'ttrpg history'")
        if values is None:
            replace(self._connection, table, key, None)
        else:
            replace(self._connection, table, key, {**(before or {}), **values, **key})
        after = fetch(self._connection, table, key)
        place = (table, dump(key))
        first = self._rows[place].before if place in self._rows else before
        self._rows[place] = RowChange(table, key, first, after)


class Journal:
    """Changes, undo, redo and history over one store; ``clock`` answers the time in UTC."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock

    @contextlib.contextmanager
    def change(self, kind: str, *, actor: str = "gm", campaign: str | None = None) -> Iterator[Change]:
        """One atomic change: ``with journal.change("campaign.create") as change: ...``.

        Set ``change.prose`` (one line for people) and ``change.facts`` (for programs) inside the
        block. An error inside leaves the database as it was. A block that changes no row writes no
        entry.
        """
        with self.store.transaction() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            change = Change(connection)
            yield change
            if change.rows:
                self._write(kind, actor, campaign, change.prose or kind, change.facts, change.rows)

    def undo(self, count: int = 1, *, actor: str = "gm", entry: int | None = None) -> list[Entry]:
        """Take back the last ``count`` changes, newest first, or the one entry named; all or none.

        Raises NotFound when there are none, UndoRefused when a row was changed since.
        """
        with self.store.transaction():
            if entry is not None:
                return [self._reverse(self._take(entry), actor)]
            return self._repeat(count, self._last_done, "undo", actor)

    def redo(self, count: int = 1, *, actor: str = "gm") -> list[Entry]:
        """Do again what was undone last; only while no new change was made since."""
        with self.store.transaction():
            return self._repeat(count, self._last_undone, "redo", actor)

    def history(self, limit: int = 20, *, campaign: str | None = None, before: int | None = None) -> list[Entry]:
        """The newest entries first; undo and redo are among them."""
        rows = self.store.connection.execute(
            "SELECT * FROM journal WHERE (:campaign IS NULL OR campaign = :campaign)"
            " AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
            {"campaign": campaign, "before": before, "limit": limit},
        )
        return [_entry(row) for row in rows]

    def entry(self, number: int) -> Entry:
        """The entry with this number, or NotFound."""
        row = self.store.connection.execute("SELECT * FROM journal WHERE id = ?", [number]).fetchone()
        if row is None:
            raise NotFound(f"there is no entry #{number} in the history", "See: ttrpg history")
        return _entry(row)

    def rows(self, number: int) -> list[RowChange]:
        """The images that an entry keeps, in the order they were written."""
        found = self.store.connection.execute(
            "SELECT tbl, key, before, after FROM journal_rows WHERE entry = ? ORDER BY ordinal", [number]
        )
        return [
            RowChange(row["tbl"], load(row["key"]) or {}, load(row["before"]), load(row["after"]))
            for row in found
        ]

    def _repeat(self, count: int, find: Callable[[], Entry | None], verb: str, actor: str) -> list[Entry]:
        if count < 1:
            raise InputError(f"cannot {verb} {count} changes", "Give a number from 1")
        done: list[Entry] = []
        for _ in range(count):
            target = find()
            if target is None:
                break
            done.append(self._reverse(target, actor))
        if not done:
            raise NotFound(f"there is nothing to {verb}", "See: ttrpg history")
        if len(done) < count:
            raise NotFound(f"there are only {len(done)} changes to {verb}", f"Nothing was changed; try: ttrpg {verb} {len(done)}")
        return done

    def _take(self, number: int) -> Entry:
        """The change that undoing this entry reverses: itself, or what an undo or redo acted on."""
        entry = self.entry(number)
        change = entry if entry.target is None else self.entry(entry.target)
        holds = change.undone_by == entry.id if entry.kind == "undo" else change.undone_by is None
        if not holds:
            raise UndoRefused(f"#{number} has been taken back already", "See: ttrpg history")
        return change

    def _last_done(self) -> Entry | None:
        return self._first("target IS NULL AND undone_by IS NULL ORDER BY id DESC")

    def _last_undone(self) -> Entry | None:
        return self._first(
            "undone_by > (SELECT MAX(id) FROM journal WHERE target IS NULL)"
            " ORDER BY undone_by DESC"
        )

    def _first(self, where: str) -> Entry | None:
        row = self.store.connection.execute(f"SELECT * FROM journal WHERE {where} LIMIT 1").fetchone()  # noqa: S608 - no outside text
        return None if row is None else _entry(row)

    def _reverse(self, entry: Entry, actor: str) -> Entry:
        """Undo an entry that holds, redo one that does not; the entry is answered as it is now."""
        connection = self.store.connection
        connection.execute("PRAGMA defer_foreign_keys = ON")
        undoing = entry.undone_by is None
        verb = "undo" if undoing else "redo"
        images = [
            row if undoing else attrs.evolve(row, before=row.after, after=row.before)
            for row in self.rows(entry.id)
        ]
        for row in images:
            if fetch(connection, row.table, row.key) != row.after:
                raise UndoRefused(self._why_not(entry, row, verb), "See: ttrpg history")
        for row in reversed(images) if undoing else images:
            replace(connection, row.table, row.key, row.before)
        rows = [attrs.evolve(row, before=row.after, after=row.before) for row in images]
        number = self._write(
            verb, actor, entry.campaign, f"{verb}: {entry.prose}", {"entry": entry.id}, tuple(rows), entry.id
        )
        connection.execute(
            "UPDATE journal SET undone_by = ? WHERE id = ?", [number if undoing else None, entry.id]
        )
        return self.entry(entry.id)

    def _why_not(self, entry: Entry, row: RowChange, verb: str) -> str:
        later = self.store.connection.execute(
            "SELECT journal.id, prose FROM journal JOIN journal_rows ON entry = journal.id"
            " WHERE tbl = ? AND key = ? AND journal.id > ? AND target IS NULL AND undone_by IS NULL"
            " ORDER BY journal.id LIMIT 1",
            [row.table, dump(row.key), entry.id],
        ).fetchone()
        what = f"cannot {verb} #{entry.id} ({entry.prose}): {_name(row.key)} of {row.table}"
        if later is None:
            return f"{what} was changed since, outside the journal"
        return f"{what} was changed since by #{later['id']} ({later['prose']})"

    def _write(
        self,
        kind: str,
        actor: str,
        campaign: str | None,
        prose: str,
        facts: Mapping[str, Any],
        rows: tuple[RowChange, ...],
        target: int | None = None,
    ) -> int:
        connection = self.store.connection
        cursor = connection.execute(
            "INSERT INTO journal (at, actor, kind, campaign, prose, facts, target)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                self.clock().isoformat(),
                actor,
                kind,
                campaign,
                prose,
                json.dumps(facts, ensure_ascii=False),
                target,
            ],
        )
        number = int(cursor.lastrowid or 0)
        connection.executemany(
            "INSERT INTO journal_rows VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, ordinal, row.table, dump(row.key), dump(row.before), dump(row.after))
                for ordinal, row in enumerate(rows)
            ],
        )
        return number


def primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The primary-key columns of a table, in order; ``("rowid",)`` where none is declared."""
    rows = connection.execute("SELECT name, pk FROM pragma_table_info(?)", [table]).fetchall()
    if not rows:
        raise sqlite3.OperationalError(f"no such table: {table}")
    return tuple(row[0] for row in sorted(rows, key=lambda row: row[1]) if row[1]) or ("rowid",)


def fetch(connection: sqlite3.Connection, table: str, key: Row) -> Row | None:
    """The row with this primary key, every column."""
    extra = "rowid, " if "rowid" in key else ""
    where, values = _where(key)
    row = connection.execute(f"SELECT {extra}* FROM {_quoted(table)} WHERE {where}", values).fetchone()  # noqa: S608 - names are quoted
    return None if row is None else dict(row)


def replace(connection: sqlite3.Connection, table: str, key: Row, row: Row | None) -> None:
    """Make the row with this key be ``row``, or be gone; its place in the table is kept."""
    where, values = _where(key)
    if row is None:
        connection.execute(f"DELETE FROM {_quoted(table)} WHERE {where}", values)  # noqa: S608 - names are quoted
        return
    names = ", ".join(map(_quoted, row))
    marks = ", ".join("?" for _ in row)
    pairs = ", ".join(f"{_quoted(name)} = ?" for name in row)
    cursor = connection.execute(
        f"UPDATE {_quoted(table)} SET {pairs} WHERE {where}", [*row.values(), *values]  # noqa: S608 - names are quoted
    )
    if cursor.rowcount == 0:
        connection.execute(
            f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})", list(row.values())  # noqa: S608 - names are quoted
        )


def dump(row: Row | None) -> str | None:
    """A row image as JSON, exactly: bytes as ``{"base64": ...}``, numbers and texts as they are."""
    if row is None:
        return None
    plain = {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return json.dumps(plain, ensure_ascii=False)


def load(image: str | None) -> Row | None:
    """The row of an image that :func:`dump` made."""
    if image is None:
        return None
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in json.loads(image).items()
    }


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(**{**dict(row), "facts": json.loads(row["facts"])})


def _where(key: Row) -> tuple[str, list[Any]]:
    return " AND ".join(f"{_quoted(name)} IS ?" for name in key), list(key.values())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name(key: Row) -> str:
    return "/".join(str(value) for value in key.values())
