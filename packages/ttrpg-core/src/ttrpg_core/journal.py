"""Every change to the game goes through here, and can be taken back.

A change is one transaction that writes rows and one entry: when, who, what kind, structured facts,
a line of prose, and the before and after image of every row touched, in any package's tables. Undo
puts the before images back, redo the after images; each is an entry of its own, so an undo can be
undone. Both refuse, with the reason, when a row is not as the entry left it: nothing that was done
since is ever overwritten, nor lost because it hangs on a row that would go.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from ttrpg_core import images
from ttrpg_core.errors import InputError, NotFound, UndoRefused
from ttrpg_core.reversal import Later, Obstacle, RowChange, put_back
from ttrpg_core.rows import (
    Row,
    dump,
    dump_key,
    fetch,
    key_text,
    load,
    load_key,
    primary_key,
    referrers,
    replace,
    same,
    table_name,
)
from ttrpg_core.store import Store

__all__ = ["Change", "Entry", "Journal", "Row", "RowChange"]

_HISTORY = "See: ttrpg history"


@attrs.frozen
class Entry:
    """A line of the journal; ``target`` is what an undo or redo acted on."""

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

    def __init__(self, connection: sqlite3.Connection, campaign: str | None = None) -> None:
        self._connection = connection
        self.campaign = campaign
        self._first: dict[tuple[str, str], tuple[Row, Row | None]] = {}
        self.prose = ""
        self.facts: dict[str, Any] = {}

    def insert(self, table: str, row: Row) -> None:
        """Add a row. Its primary key must be among its columns."""
        self._write(table, self._key(table, row), row, must="be new")

    def update(self, table: str, key: Row, values: Row) -> None:
        """Change columns of the row that has this primary key, which itself does not change."""
        self._write(table, key, values, must="exist")

    def delete(self, table: str, key: Row) -> None:
        """Remove the row that has this primary key."""
        self._write(table, key, None, must="exist")

    def put(self, table: str, row: Row) -> None:
        """Add a row, or change the one that has its primary key."""
        self._write(table, self._key(table, row), row, must="")

    def put_back(self, steps: Sequence[RowChange], later: Later) -> None:
        """Make each row its step's ``after``, all at once, whatever their order asks for.

        ``later`` answers which change touched a row that stands in the way. Raises UndoRefused
        when a row is not its ``before``, or one that is not among them would go along.
        """
        try:
            rows = put_back(self._connection, steps, later)
        except Obstacle as error:
            raise UndoRefused(f"this cannot be put back: {error}", _HISTORY) from error
        for row in rows:
            self._note(row.table, row.key, row.before)

    @property
    def rows(self) -> tuple[RowChange, ...]:
        """What was touched, each row once, without those that ended as they began."""
        images = (
            RowChange(table, key, before, fetch(self._connection, table, key))
            for (table, _), (key, before) in self._first.items()
        )
        return tuple(row for row in images if not same(row.before, row.after))

    def _key(self, table: str, row: Row) -> Row:
        return {n: row[n] for n in primary_key(self._connection, table) if n in row}

    def _write(self, table: str, key: Row, values: Row | None, must: str) -> None:
        table = table_name(self._connection, table)
        names = primary_key(self._connection, table)
        if set(key) != set(names) or None in key.values():
            msg = f"{table} is keyed by {', '.join(names)}, each with a value; got {key!r}"
            raise ValueError(msg)
        before = fetch(self._connection, table, key)
        if (must == "exist" and before is None) or (must == "be new" and before is not None):
            state = "is no longer there" if before is None else "is already there"
            raise UndoRefused(f"the row {key_text(key)} of {table} {state}", _HISTORY)
        if before is not None:
            self._note(table, {name: before[name] for name in names}, before)
            self._note_actions(table, before, values)
        if values is None:
            replace(self._connection, table, key, None)
            return
        if any(name in values and values[name] != key[name] for name in names):
            msg = f"the key of {table} cannot change; delete {key!r} and insert a new row"
            raise ValueError(msg)
        replace(self._connection, table, key, {**(before or {}), **values, **key})
        after = fetch(self._connection, table, key)
        if after is None:  # SQLite gave the row another key than the one asked for
            msg = f"the row {key!r} of {table} cannot be found under its key"
            raise ValueError(msg)
        self._note(table, {name: after[name] for name in names}, before)

    def _note(self, table: str, key: Row, before: Row | None) -> bool:
        """Keep the first image of a row; under the key as SQLite has it, so that 1 is "1" once."""
        place = (table, dump_key(key))
        new = place not in self._first
        self._first.setdefault(place, (key, before))
        return new

    def _note_actions(self, table: str, before: Row, values: Row | None) -> None:
        """Keep the rows that ON DELETE or ON UPDATE will reach, before they are reached."""
        for child in referrers(
            self._connection, table, before, "delete" if values is None else "update"
        ):
            action = child.on_delete if values is None else child.on_update
            if self._note(child.table, child.key, child.row):
                gone: Row | None = None if action == "CASCADE" and values is None else {}
                self._note_actions(child.table, child.row, gone)


class Journal:
    """Changes, undo, redo and history over one store; ``clock`` answers the time in UTC.

    ``new_day`` is called before a change when the last one was made on an earlier day.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        new_day: Callable[[], object] | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self._new_day = new_day
        self._day = ""
        self._change: Change | None = None

    @contextlib.contextmanager
    def change(
        self, kind: str, *, actor: str = "gm", campaign: str | None = None
    ) -> Iterator[Change]:
        """One atomic change: ``with journal.change("campaign.create") as change: ...``.

        Set ``change.prose`` (one line for people), ``change.facts`` (for programs) and, where it
        is known only then, ``change.campaign`` inside the block. An error inside leaves the
        database as it was. A block that changes no row writes no entry. Inside another change it
        is a part of that one, so a command that uses another is still one line of history.
        """
        self._see_the_day()
        with self.store.transaction() as connection:
            if self._change is not None:
                yield self._change
                return
            connection.execute("PRAGMA defer_foreign_keys = ON")
            change = self._change = Change(connection, campaign)
            try:
                yield change
            finally:
                self._change = None
            rows = change.rows
            if rows:
                self._write(kind, actor, change.campaign, change.prose or kind, change.facts, rows)

    def undo(self, count: int = 1, *, actor: str = "gm", entry: int | None = None) -> list[Entry]:
        """Take back the last ``count`` changes, newest first, or the one entry named; all or none.

        Raises NotFound when there are none, UndoRefused when a row was changed since.
        """
        with self._alone():
            if entry is not None:
                return [self._reverse(self._take(entry), actor)]
            return self._repeat(count, self._last_done, "undo", actor)

    def redo(self, count: int = 1, *, actor: str = "gm") -> list[Entry]:
        """Do again what was undone last; only while no new change was made since."""
        with self._alone():
            return self._repeat(count, self._last_undone, "redo", actor)

    def history(
        self, limit: int = 20, *, campaign: str | None = None, before: int | None = None
    ) -> list[Entry]:
        """The newest entries first; undo and redo are among them."""
        only = "" if campaign is None else "campaign = :campaign AND "  # one that an index can use
        rows = self.store.connection.execute(
            f"SELECT * FROM journal WHERE {only}(:before IS NULL OR id < :before)"  # noqa: S608 - no outside text
            " ORDER BY id DESC LIMIT :limit",
            {"campaign": campaign, "before": before, "limit": limit},
        )
        return [_entry(row) for row in rows]

    def entry(self, number: int) -> Entry:
        """The entry with this number, or NotFound."""
        found = self._first("id = ?", [number])
        if found is None:
            raise NotFound(f"there is no entry #{number} in the history", _HISTORY)
        return found

    def rows(self, number: int) -> list[RowChange]:
        """The images that an entry keeps, in the order they were written."""
        found = self.store.connection.execute(
            "SELECT tbl, key, before, after FROM journal_rows WHERE entry = ? ORDER BY ordinal",
            [number],
        )
        return [
            RowChange(tbl, load_key(key), load(before), images.became(before, after))
            for tbl, key, before, after in found
        ]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if self._change is not None:
            msg = "undo and redo are changes of their own; they cannot be part of another"
            raise RuntimeError(msg)
        self._see_the_day()
        with self.store.transaction() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            yield

    def _see_the_day(self) -> None:
        """Tell of a new day, once: it is one when the last entry was made on an earlier one."""
        if self._new_day is None or self._change is not None:
            return
        today = self.clock().astimezone(UTC).date().isoformat()
        if today == self._day:
            return
        self._day = today
        query = "SELECT at FROM journal ORDER BY id DESC LIMIT 1"
        last = self.store.connection.execute(query).fetchone()
        if last is not None and last[0][:10] < today:
            self._new_day()

    def _repeat(
        self, count: int, find: Callable[[], Entry | None], verb: str, actor: str
    ) -> list[Entry]:
        if count < 1:
            raise InputError(f"cannot {verb} {count} changes", "Give a number from 1")
        done: list[Entry] = []
        for _ in range(count):
            target = find()
            if target is None:
                break
            done.append(self._reverse(target, actor))
        if not done:
            raise NotFound(f"there is nothing to {verb}", _HISTORY)
        if len(done) < count:
            raise NotFound(
                f"there are only {len(done)} changes to {verb}",
                f"Nothing was changed; try: ttrpg {verb} {len(done)}",
            )
        return done

    def _take(self, number: int) -> Entry:
        """The change that undoing this entry reverses: itself, or what an undo or redo acted on."""
        entry = self.entry(number)
        change = entry if entry.target is None else self.entry(entry.target)
        undo = entry.target is not None and entry.kind == "undo"
        if change.undone_by != (entry.id if undo else None):
            raise UndoRefused(f"#{number} has been taken back already", _HISTORY)
        return change

    def _last_done(self) -> Entry | None:
        return self._first("target IS NULL AND undone_by IS NULL ORDER BY id DESC")

    def _last_undone(self) -> Entry | None:
        return self._first(
            "undone_by = (SELECT MAX(undone_by) FROM journal WHERE undone_by IS NOT NULL)"
            " AND NOT EXISTS (SELECT 1 FROM journal AS newer"
            " WHERE newer.id > journal.undone_by AND newer.target IS NULL)"
        )

    def _first(self, where: str, values: Sequence[object] = ()) -> Entry | None:
        row = self.store.connection.execute(
            f"SELECT * FROM journal WHERE {where} LIMIT 1",  # noqa: S608 - no outside text
            values,
        ).fetchone()
        return None if row is None else _entry(row)

    def _reverse(self, entry: Entry, actor: str) -> Entry:
        """Undo an entry that holds, redo one that does not; the entry is answered as it is now."""
        connection = self.store.connection
        undoing = entry.undone_by is None
        verb = "undo" if undoing else "redo"
        images = self.rows(entry.id)

        def later(table: str, key: Row) -> str | None:
            found = self.later(entry, table, key)
            return None if found is None else f"by #{found.id} ({found.prose})"

        try:
            rows = put_back(
                connection, [row.back for row in reversed(images)] if undoing else images, later
            )
        except Obstacle as error:
            raise UndoRefused(
                f"cannot {verb} #{entry.id} ({entry.prose}): {error}", _HISTORY
            ) from error
        number = self._write(
            verb,
            actor,
            entry.campaign,
            f"{verb}: {entry.prose}",
            {"entry": entry.id},
            rows,
            entry.id,
        )
        connection.execute(
            "UPDATE journal SET undone_by = ? WHERE id = ?",
            [number if undoing else None, entry.id],
        )
        return self.entry(entry.id)

    def later(self, entry: Entry, table: str, key: Row) -> Entry | None:
        """The first change after an entry that holds and touched this row."""
        return self._first(
            "target IS NULL AND undone_by IS NULL AND id > ? AND id IN"
            " (SELECT entry FROM journal_rows WHERE tbl = ? AND key = ?) ORDER BY id",
            [entry.id, table, dump_key(key)],
        )

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
                (
                    *(number, ordinal, row.table, dump_key(row.key)),
                    *(dump(row.before), images.after(row.before, row.after)),
                )
                for ordinal, row in enumerate(rows)
            ],
        )
        return number


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(**{**dict(row), "facts": json.loads(row["facts"])})
