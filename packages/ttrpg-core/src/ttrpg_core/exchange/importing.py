"""A campaign read from a file into this database: as a new one, or into one that is here.

One change of the journal, so one undo takes it back. Every value is checked before it is written,
and what was written is read back before the change is kept: a file is from anybody.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from ttrpg_core import clocks, fights, records, rows, text
from ttrpg_core.errors import InputError, StoreDamaged, TtrpgError
from ttrpg_core.exchange.belonging import ROOT, Link, belongings
from ttrpg_core.exchange.file import Contents, Lost
from ttrpg_core.journal import Change, Journal
from ttrpg_core.table.world.kinds import KINDS
from ttrpg_core.world import rows as entities

Keep = Literal["ours", "theirs"]
"""Whose version stays where both have a thing of one kind and id, and they differ."""
_ENTITIES, _FIGHTS = "entities", "fights"
_TIME = {"clocks", "calendars"}
_TIMES = ("created_at", "updated_at", "number", "campaign")


@attrs.frozen
class Imported:
    """What came of an import: the campaign, how many rows by table, and what did not come along.

    ``conflicts`` are references of things that were here with other values. A fight that is here
    stays as it is.
    """

    campaign: str
    name: str
    counts: Mapping[str, int]
    same: int
    conflicts: Sequence[str]
    lost: Sequence[Lost]


class Importer:
    """Reads the contents of a file into the store of a journal."""

    def __init__(self, journal: Journal, actor: str = "import") -> None:
        self.journal = journal
        self.actor = actor

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.journal.store.connection

    def new(self, contents: Contents, name: str | None = None) -> Imported:
        """Make a campaign of its own of them, with ids that nobody has here."""
        with self.journal.change("campaign.import", actor=self.actor) as change:
            called = text.name(name or _text(contents.campaign, "name"), "campaign's name")
            taken = [each.id for each in records.campaigns(self._connection)]
            key = text.unique_slug(called, taken)
            root = {**contents.campaign, "id": key, "name": called}
            run = _Run(change, self._connection, key, "ours")
            run.insert(ROOT, root)
            run.counts.clear()
            change.put("chosen", {"key": records.CURRENT, "value": key})
            change.campaign = key
            run.all(contents)
            return self._told(change, run, called)

    def into(self, contents: Contents, campaign: str, keep: Keep) -> Imported:
        """Add what is not here yet to a campaign; ``keep`` says whose version stays of the rest."""
        with self.journal.change("campaign.import", actor=self.actor, campaign=campaign) as change:
            found = records.campaign(self._connection, campaign)
            run = _Run(change, self._connection, found.id, keep)
            run.all(contents)
            if run.counts.keys() & _TIME:  # the campaign's date follows them
                left = clocks.left(self._connection, found.id)
                clocks.put(change, self._connection, found.id, left)
            return self._told(change, run, found.name)

    def _told(self, change: Change, run: "_Run", name: str) -> Imported:
        run.read_back()
        total = sum(run.counts.values())
        change.prose = f"imported {total} row{'' if total == 1 else 's'} into {name!r}"
        change.facts = {"campaign": run.campaign, "counts": run.counts}
        return Imported(run.campaign, name, run.counts, run.same, run.conflicts, run.lost)


class _Run:
    """One import: what was written so far, and by which ids things go here."""

    def __init__(
        self, change: Change, connection: sqlite3.Connection, campaign: str, keep: Keep
    ) -> None:
        self.change = change
        self.connection = connection
        self.campaign = campaign
        self.keep = keep
        self.counts: dict[str, int] = {}
        self.same = 0
        self.conflicts: list[str] = []
        self.lost: list[Lost] = []
        self._fights: dict[str, str] = {}
        self._kept: set[str] = set()
        self._dropped: dict[tuple[str, str], int] = {}

    def all(self, contents: Contents) -> None:
        """Every table that this database has, those first that others hang on."""
        known = belongings(self.connection)
        for table in sorted(set(contents.tables) - set(known)):
            why = "no plugin that is installed has this table"
            self.lost.append(Lost(table, len(contents.tables[table]), why))
        for table, link in known.items():
            for row in contents.tables.get(table, ()):
                if table == _ENTITIES:
                    self._entity(row)
                elif table == _FIGHTS:
                    self._fight(row)
                elif link.parent == ROOT:
                    (column,) = link.columns
                    self._own(table, {**row, column: self.campaign}, column)
                elif link.parent != _FIGHTS or row.get(link.columns[0]) not in self._kept:
                    self.insert(table, self._pointed(table, link, row))
        self.lost += [Lost(what, n, why) for (what, why), n in sorted(self._dropped.items())]

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row, with the columns that this database has for it."""
        self.change.insert(table, self._columns(table, row))
        self._count(table)

    def _count(self, table: str) -> None:
        self.counts[table] = self.counts.get(table, 0) + 1

    def _columns(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """What of a row this database has columns for, checked."""
        columns = {
            each["name"]: each
            for each in self.connection.execute(
                'SELECT name, type, "notnull" FROM pragma_table_info(?)', [table]
            )
        }
        kept = {name: value for name, value in row.items() if name in columns}
        for name in row.keys() - columns.keys():
            self._drop(f"{table}.{name}", "this version has no such column")
        for name, value in kept.items():
            _check(table, name, value, columns[name]["type"], bool(columns[name]["notnull"]))
        return kept

    def read_back(self) -> None:
        """Read what was written as the program reads it; InputError where it cannot."""
        try:
            records.campaign(self.connection, self.campaign)
            for key in self._fights.values():
                fights.load(self.connection, key)
        except (StoreDamaged, TypeError, ValueError) as error:
            raise InputError(
                f"the file holds what cannot be read: {error}", "Nothing was imported"
            ) from error

    def _drop(self, what: str, why: str) -> None:
        self._dropped[what, why] = self._dropped.get((what, why), 0) + 1

    def _entity(self, row: Mapping[str, Any]) -> None:
        kind, key = _text(row, "kind"), _text(row, "id")
        if kind not in KINDS:
            self._drop(f"{_ENTITIES} of the kind {kind:.40}", "this version has no such kind")
            return
        if text.slug(key) != key.casefold() or "/" in key:
            raise InputError(f"{key!r:.60} is no id of a {kind}", "Nothing was imported")
        try:
            read = entities.entity(row)
        except StoreDamaged as error:
            raise InputError(f"the file holds a {error}", "Nothing was imported") from error
        text.name(read.name, f"name of {read.ref}")
        try:
            read.check(lambda _: ())
        except InputError as error:
            raise InputError(f"{read.ref} of the file: {error}", "Nothing was imported") from error
        made = entities.row(self.campaign, read)
        place = {"campaign": self.campaign, "kind": kind, "id": key}
        here = self.connection.execute(
            "SELECT * FROM entities WHERE campaign = :campaign AND kind = :kind AND id = :id", place
        ).fetchone()
        if here is None:
            self.insert(_ENTITIES, made)
        elif _essence(dict(here)) == _essence(made):
            self.same += 1
        else:
            self.conflicts.append(read.ref)
            if self.keep == "theirs":
                self.change.update(_ENTITIES, place, made)
                self._count(_ENTITIES)

    def _fight(self, row: Mapping[str, Any]) -> None:
        old, state = _text(row, "id"), _state(row)
        here = self.connection.execute(
            "SELECT id, state FROM fights WHERE campaign = ? AND name = ? AND created_at = ?",
            [self.campaign, _text(row, "name"), _text(row, "created_at")],
        ).fetchone()
        if here is not None:  # what went on in it since is not to be mixed with what did not
            self._kept.add(old)
            if {**json.loads(here["state"]), "id": ""} == {**state, "id": ""}:
                self.same += 1
            else:
                self.conflicts.append(f"fight/{here['id']}")
            return
        taken = [each[0] for each in self.connection.execute("SELECT id FROM fights")]
        key = old if old not in taken else text.unique_slug(_text(row, "name"), taken)
        self._fights[old] = key
        told = json.dumps({**state, "id": key}, ensure_ascii=False, separators=(",", ":"))
        self.insert(_FIGHTS, {**row, "id": key, "campaign": self.campaign, "state": told})

    def _own(self, table: str, row: Mapping[str, Any], column: str) -> None:
        """A row of the campaign; one that is keyed by it, as its clock is, may be here already."""
        made = self._columns(table, row)
        key = {n: made[n] for n in rows.primary_key(self.connection, table) if n in made}
        here = rows.fetch(self.connection, table, key) if column in key else None
        if here is None:
            self.change.insert(table, made)
            self._count(table)
        elif rows.same(here, {**here, **made}):
            self.same += 1
        else:
            self.conflicts.append("/".join([table, *(str(key[n]) for n in key if n != column)]))
            if self.keep == "theirs":
                self.change.update(table, key, made)
                self._count(table)

    def _pointed(self, table: str, link: Link, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row, pointing at what it hangs on by the id that this has here."""
        if link.parent == _FIGHTS:
            (column,) = link.columns
            old = row.get(column)
            if old not in self._fights:
                raise InputError(
                    f"a row of {table} belongs to no fight of the file", "Nothing was imported"
                )
            return {**row, column: self._fights[old]}
        return dict(row)


def _essence(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row says what the thing is."""
    found = {name: value for name, value in row.items() if name not in _TIMES}
    return {**found, "state": json.loads(found["state"])}


def _state(row: Mapping[str, Any]) -> dict[str, Any]:
    """A fight's state, read."""
    try:
        found = json.loads(_text(row, "state"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("a fight of the file cannot be read", "Nothing was imported")
    return found


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise InputError(f"a row of the file has no {name!r}", "Nothing was imported")
    return value


def _check(table: str, name: str, value: Any, declared: str, required: bool) -> None:  # noqa: FBT001 - a column's own
    """InputError for a value that the column is not made for."""
    if value is None and not required:
        return
    kinds: dict[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "REAL": (int, float)}
    if not isinstance(value, kinds.get(declared.upper(), (str,))) or isinstance(value, bool):
        raise InputError(
            f"{table}.{name} of the file is {value!r:.40}, which it cannot be",
            "Nothing was imported",
        )
    if isinstance(value, str):
        try:
            text.text(value, f"{table}.{name}", 10 * text.TEXT_MAX)
        except TtrpgError as error:
            raise InputError(f"the file is refused: {error}", "Nothing was imported") from error
