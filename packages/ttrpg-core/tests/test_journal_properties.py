"""Any sequence of changes, undone, is the first state exactly; done again, the last."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlite_utils.migrations import Migrations

from ttrpg_core import schema
from ttrpg_core.errors import NotFound, UndoRefused
from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store, verify

pytestmark = pytest.mark.long

TABLES = {
    "texts": ("CREATE TABLE texts (id TEXT PRIMARY KEY, a, b TEXT, c INTEGER)", ("id",)),
    "cells": (
        "CREATE TABLE cells (x INTEGER, y INTEGER, a REAL, b, PRIMARY KEY (x, y)) WITHOUT ROWID",
        ("x", "y"),
    ),
    "owners": ("CREATE TABLE owners (id INTEGER PRIMARY KEY, a)", ("id",)),
    "things": (
        """CREATE TABLE things (id INTEGER PRIMARY KEY, a,
        owner INTEGER REFERENCES owners(id) ON DELETE CASCADE,
        spare INTEGER REFERENCES owners(id) ON DELETE SET NULL)""",
        ("id",),
    ),
}
COLUMNS = {
    "texts": ("a", "b", "c"),
    "cells": ("a", "b"),
    "owners": ("a",),
    "things": ("a", "owner", "spare"),
}
PROFILE = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)

shapes = Migrations("shapes")


@shapes()
def make(db):
    for statement, _ in TABLES.values():
        db.execute(statement)


SCHEMAS = [
    SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables),
    SchemaSet("shapes", "json:shapes", lambda: shapes),
]


@contextlib.contextmanager
def opened():
    """A journal over tables that hold something already: things that hang on owners."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "ttrpg.db", SCHEMAS)
        store.connection.execute("PRAGMA synchronous = OFF")  # speed; nothing is killed here
        store.connection.execute("INSERT INTO owners VALUES (1, 'a'), (2, 'b'), (3, NULL)")
        store.connection.execute("INSERT INTO things VALUES (1, 'x', 1, 2), (2, 'y', 1, 1)")
        try:
            yield Journal(store, lambda: datetime(2026, 1, 1, tzinfo=UTC))
        finally:
            store.close()


def dump(journal: Journal) -> dict[str, list]:
    connection = journal.store.connection
    return {
        table: [
            [(type(value).__name__, repr(value)) for value in row]
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY {', '.join(keys)}")
        ]
        for table, (_, keys) in TABLES.items()
    }


values = st.one_of(
    st.sampled_from([None, 0, 0.0, 1, 1.0, "1", b"1"]),  # equal, or nearly, and yet not the same
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.binary(max_size=8),
)
small = st.integers(1, 4)


@st.composite
def steps(draw):
    """One write: what, where, and with what; keys are few, so that writes meet."""
    table = draw(st.sampled_from(sorted(TABLES)))
    keys = TABLES[table][1]
    key = {name: str(draw(small)) if table == "texts" else draw(small) for name in keys}
    row = {
        name: draw(small | st.none()) if name in {"owner", "spare"} else draw(values)
        for name in draw(st.sets(st.sampled_from(COLUMNS[table])))
    }
    return draw(st.sampled_from(["insert", "update", "delete", "put"])), table, key, row


def apply(journal: Journal, writes) -> bool:
    """One change of these writes; whether the database took it."""
    try:
        with journal.change("test.many") as change:
            for what, table, key, row in writes:
                if what == "insert":
                    change.insert(table, {**key, **row})
                elif what == "update":
                    change.update(table, key, row)
                elif what == "delete":
                    change.delete(table, key)
                else:
                    change.put(table, {**key, **row})
    except Exception as error:
        if type(error).__name__ not in {"UndoRefused", "StoreError"}:
            raise
        return False
    return True


changes = st.lists(st.lists(steps(), min_size=1, max_size=5), max_size=8)


@PROFILE
@given(changes)
def test_undo_all_is_the_first_state_and_redo_all_the_last(sequence):
    with opened() as journal:
        states = [dump(journal)]
        for writes in sequence:
            before = dump(journal)
            entries = len(journal.history(1000))
            taken = apply(journal, writes)
            after = dump(journal)
            assert taken or after == before
            assert (len(journal.history(1000)) > entries) == (after != before)
            if after != before:
                states.append(after)
        last = len(states) - 1
        for state in reversed(states[:-1]):
            journal.undo()
            assert dump(journal) == state
        with pytest.raises(NotFound):
            journal.undo()
        for state in states[1:]:
            journal.redo()
            assert dump(journal) == state
        if last:
            journal.undo(last)
            assert dump(journal) == states[0]
            journal.redo(last)
            assert dump(journal) == states[-1]
        assert verify(journal.store.connection) == []


@PROFILE
@given(changes, st.lists(st.integers(0, 30), max_size=6))
def test_undo_of_any_one_entry_is_exact_or_refused_and_never_loses_a_later_change(sequence, picks):
    with opened() as journal:
        for writes in sequence:
            apply(journal, writes)
        for pick in picks:
            history = journal.history(1000)
            if not history:
                return
            entry = history[pick % len(history)]
            before = dump(journal)
            change = entry if entry.target is None else journal.entry(entry.target)
            touched = {(row.table, str(row.key)) for row in journal.rows(change.id)}
            try:
                journal.undo(entry=entry.id)
            except UndoRefused:
                assert dump(journal) == before
                continue
            after = dump(journal)
            for table, (_, keys) in TABLES.items():
                for row in [r for r in before[table] if r not in after[table]]:
                    key = {name: eval(row[n][1]) for n, name in enumerate(keys)}
                    assert (table, str(key)) in touched, "a row that was none of its business"
            undone = journal.history(1)[0]
            journal.undo(entry=undone.id)
            assert dump(journal) == before
        assert verify(journal.store.connection) == []


class Model(RuleBasedStateMachine):
    """Changes, undo and redo in any order, against two piles of states."""

    @initialize()
    def begin(self):
        self.stack = contextlib.ExitStack()
        self.journal = self.stack.enter_context(opened())
        self.done = []
        self.undone = []
        self.now = dump(self.journal)

    @rule(writes=st.lists(steps(), min_size=1, max_size=4))
    def change(self, writes):
        apply(self.journal, writes)
        state = dump(self.journal)
        if state != self.now:
            self.done.append(self.now)
            self.undone.clear()
            self.now = state

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undo(self, data):
        count = data.draw(st.integers(1, len(self.done)))
        self.journal.undo(count)
        for _ in range(count):
            self.undone.append(self.now)
            self.now = self.done.pop()
        assert dump(self.journal) == self.now

    @precondition(lambda self: self.undone)
    @rule(data=st.data())
    def redo(self, data):
        count = data.draw(st.integers(1, len(self.undone)))
        self.journal.redo(count)
        for _ in range(count):
            self.done.append(self.now)
            self.now = self.undone.pop()
        assert dump(self.journal) == self.now

    @rule()
    def too_much(self):
        for action, pile in ((self.journal.undo, self.done), (self.journal.redo, self.undone)):
            with pytest.raises(NotFound):
                action(len(pile) + 1)
        assert dump(self.journal) == self.now

    def teardown(self):
        if hasattr(self, "stack"):
            self.stack.close()


Model.TestCase.settings = settings(PROFILE, stateful_step_count=15, max_examples=40)
TestModel = Model.TestCase
