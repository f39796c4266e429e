"""Any changes, undos, redos and rollbacks: going back gives that moment exactly, and undo the last.

Two campaigns with things that hang on them, things of nobody's, and writes that meet.
"""

import contextlib
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlite_utils.migrations import Migrations

from ttrpg_core import records, schema
from ttrpg_core.errors import TtrpgError
from ttrpg_core.journal import Journal
from ttrpg_core.rows import fetch
from ttrpg_core.settings_tables import SnapshotSettings
from ttrpg_core.snapshots import Snapshots
from ttrpg_core.store import SchemaSet, Store, verify
from ttrpg_core.table import campaigns

pytestmark = pytest.mark.long

SHAPES = """
CREATE TABLE x_maps (id INTEGER PRIMARY KEY, campaign TEXT NOT NULL REFERENCES campaigns
  ON DELETE CASCADE, a, place INTEGER, UNIQUE (campaign, place));
CREATE TABLE x_cells (map INTEGER NOT NULL REFERENCES x_maps ON DELETE CASCADE, x INTEGER, b,
  PRIMARY KEY (map, x)) WITHOUT ROWID;
CREATE TABLE x_doors (id INTEGER PRIMARY KEY, map INTEGER REFERENCES x_maps ON DELETE CASCADE,
  c TEXT)
"""
OURS = {
    "campaigns": "SELECT * FROM campaigns WHERE id = ?1 ORDER BY id",
    "x_maps": "SELECT * FROM x_maps WHERE campaign = ?1 ORDER BY id",
    "x_cells": "SELECT x_cells.* FROM x_cells JOIN x_maps ON id = map WHERE campaign = ?1"
    " ORDER BY map, x",
    "x_doors": "SELECT x_doors.* FROM x_doors JOIN x_maps ON x_maps.id = map WHERE campaign = ?1"
    " ORDER BY x_doors.id",
    "entities": "SELECT * FROM entities WHERE campaign = ?1 ORDER BY kind, id",
}
BOTH = ("keep", "tower")
shapes = Migrations("shapes")


@shapes()
def make(db):
    for statement in SHAPES.split(";"):
        db.execute(statement)


SCHEMAS = [
    SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables),
    SchemaSet("shapes", "json:shapes", lambda: shapes),
]
values = st.sampled_from([None, 0, 0.0, 1, 1.0, "1", b"1", "text", '{"a": [1]}', 2**62, 0.1])
small = st.integers(1, 3)
kinds = st.sampled_from(["npc", "note"])
names = st.sampled_from(["mara", "tolk"])


@st.composite
def writes(draw):
    """One write: what, to which table, with which key and values."""
    table = draw(st.sampled_from(["x_maps", "x_maps", "x_cells", "x_doors", "entities", "chosen"]))
    campaign = draw(st.sampled_from(BOTH))
    if table == "x_maps":
        number = draw(small) + (0 if campaign == "keep" else 10)
        key, row = {"id": number}, {"a": draw(values), "place": draw(st.integers(1, 6))}
        row["campaign"] = campaign
    elif table == "x_cells":
        key = {"map": draw(st.sampled_from([1, 2, 11])), "x": draw(small)}
        row = {"b": draw(values)}
    elif table == "x_doors":
        number = draw(small)  # one of the keep's stays there, for a row of both is refused
        key, row = {"id": number}, {"c": draw(st.text("ab", max_size=2))}
        row["map"] = draw(st.sampled_from([1, 2, 3]))
    elif table == "chosen":
        key, row = {"key": "fight"}, {"value": draw(names)}
    else:
        key = {"campaign": campaign, "kind": draw(kinds), "id": draw(names)}
        row = {
            "name": draw(names),
            "audience": "gm",
            "state": draw(st.sampled_from(["{}", '{"a":1}'])),
        }
        row |= {
            "created_at": "",
            "updated_at": "",
            "number": crc32("/".join(key.values()).encode()),
        }
    return draw(st.sampled_from(["put", "put", "delete", "update"])), table, key, row


class Machine(RuleBasedStateMachine):
    """One journal; ``named`` are the moments with a snapshot, and what the keep was then."""

    @initialize()
    def begin(self):
        self.stack = contextlib.ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        store = Store(Path(folder) / "ttrpg.db", SCHEMAS)
        self.stack.callback(store.close)
        self.connection = store.connection
        self.connection.execute("PRAGMA synchronous = OFF")  # speed; nothing is killed here
        self.journal = Journal(store, lambda: datetime(2026, 1, 1, tzinfo=UTC))
        self.snapshots = Snapshots(self.journal, SnapshotSettings(keep=2))
        for name in BOTH:
            with self.journal.change("campaign.create", campaign=name) as change:
                made = campaigns.create(name, {}, [], "2026")
                change.insert("campaigns", records.row(made))
        for number in (1, 2, 11):
            where = "keep" if number < 10 else "tower"
            self.change([("put", "x_maps", {"id": number}, {"campaign": where, "a": 1})], where)
        self.first = len(self.journal.history(100))
        made = self.snapshots.create(self.keep(), "First")
        self.named = {made.position: self.dump()}

    def dump(self, campaign="keep"):
        return {
            table: [
                [(type(value).__name__, repr(value)) for value in row]
                for row in self.connection.execute(query, [campaign])
            ]
            for table, query in OURS.items()
        }

    def keep(self):
        return records.campaign(self.connection, "keep")

    @rule(steps=st.lists(writes(), min_size=2, max_size=6))
    def changes(self, steps):
        for each in steps:
            self.change([each], None)

    @rule(steps=st.lists(writes(), min_size=2, max_size=6), owner=st.sampled_from([*BOTH, None]))
    def change_at_once(self, steps, owner):
        """Whatever the entry says whose it is, rows are told by what they hang on."""
        self.change(steps, owner)

    def change(self, steps, owner):
        with contextlib.suppress(TtrpgError), self.journal.change("test", campaign=owner) as change:
            for what, table, key, row in steps:
                if "map" in row | key and not fetch(
                    self.connection, "x_maps", {"id": (row | key)["map"]}
                ):
                    continue
                if what == "put":
                    change.put(table, {**key, **row})
                elif fetch(self.connection, table, key) is not None:
                    change.delete(table, key) if what == "delete" else change.update(
                        table, key, row
                    )

    @rule(name=st.text("ab", min_size=1, max_size=3))
    def edit(self, name):
        with self.journal.change("campaign.edit", campaign="keep") as change:
            change.update("campaigns", {"id": "keep"}, {"setting": name})

    @precondition(lambda self: len(self.journal.history(100)) > self.first)
    @rule(count=st.integers(1, 3))
    def undo(self, count):
        with contextlib.suppress(TtrpgError):
            self.journal.undo(count) if self.undoable() >= count else None

    def undoable(self):
        return sum(
            each.target is None and each.undone_by is None and each.id > self.first
            for each in self.journal.history(1000)
        )

    @rule(count=st.integers(1, 3))
    def redo(self, count):
        with contextlib.suppress(TtrpgError):
            self.journal.redo(count)

    def is_new(self):
        """Whether the keep is as it never had a name."""
        return self.dump() not in self.named.values()

    @precondition(is_new)
    @rule()
    def name(self):
        made = self.snapshots.create(self.keep(), "Moment")
        self.named[made.position] = self.dump()

    @precondition(is_new)
    @rule()
    def name_by_itself(self):
        made = self.snapshots.take("keep", "before")
        self.named[made.position] = self.dump()
        kinds = [each.kind for each in self.snapshots.all(self.keep())]
        assert kinds.count("automatic") <= 2

    @precondition(lambda self: self.is_new() or len(self.named) > 1)
    @rule(data=st.data(), count=st.integers(1, 2))
    def roll_back(self, data, count):
        for _ in range(count):
            position = data.draw(st.sampled_from(sorted(self.named)))
            before, others = self.dump(), self.dump("tower")
            chosen = self.connection.execute("SELECT * FROM chosen").fetchall()
            done = self.snapshots.rollback(self.keep(), f"#{position}")
            assert self.dump() == self.named[position]
            assert self.dump("tower") == others
            assert self.connection.execute("SELECT * FROM chosen").fetchall() == chosen
            assert bool(done.rows) == (before != self.dump())
            if done.rows:
                self.journal.undo()
                assert self.dump() == before
                assert self.dump("tower") == others
                self.journal.redo()
                assert self.dump() == self.named[position]
                self.named[done.before.position] = before

    @rule(data=st.data())
    def as_it_was(self, data):
        position = data.draw(st.sampled_from(sorted(self.named)))
        moment = self.snapshots.moment(self.keep(), f"#{position}")
        for table in ("campaigns", "x_maps", "entities"):
            found = self.snapshots.rows_at(self.keep(), moment, table)
            told = [[(type(v).__name__, repr(v)) for v in row.values()] for row in found]
            assert sorted(told) == sorted(self.named[position][table])
        things = self.snapshots.rows_at(self.keep(), moment, "entities")
        counts = self.snapshots.counts_at(self.keep(), moment)
        assert counts == Counter(row["kind"] for row in things)
        for kind in {"npc", "note", *counts}:
            names = {row["id"]: row["name"] for row in things if row["kind"] == kind}
            assert self.snapshots.names_at(self.keep(), moment, kind) == names

    @invariant()
    def sound(self):
        if hasattr(self, "connection"):
            assert self.connection.execute("PRAGMA foreign_key_check").fetchall() == []

    def teardown(self):
        if hasattr(self, "stack"):
            assert verify(self.connection) == []
            self.stack.close()


Machine.TestCase.settings = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow],
)
TestMachine = Machine.TestCase
