"""What a change may write, and how keys, foreign keys and upgrades come through an undo."""

import contextlib
from pathlib import Path

import pytest

from ttrpg_core.errors import StoreError, UndoRefused
from ttrpg_core.store import SchemaSet, Store, verify


@pytest.fixture
def store(home: Path, core: SchemaSet, world: SchemaSet):
    with contextlib.closing(Store(home / "ttrpg.db", [core, world])) as opened:
        yield opened


MARA = {"id": "mara"}


# Writing.


def test_an_error_inside_leaves_nothing(journal, store, dump):
    before = dump(store)
    with pytest.raises(ZeroDivisionError), journal.change("x") as change:  # noqa: PT012 - the block is what is undone
        change.insert("npcs", {"id": "mara"})
        raise ZeroDivisionError
    assert dump(store) == before
    assert journal.history() == []


def test_facts_that_cannot_be_kept_leave_nothing(journal, store, dump):
    with pytest.raises(TypeError), journal.change("x") as change:  # noqa: PT012 - the block is what is undone
        change.insert("npcs", {"id": "mara"})
        change.facts = {"when": object()}
    assert dump(store)["npcs"] == []


def test_what_changes_nothing_writes_no_entry(journal, store, insert, update):
    insert(journal, "npcs", id="mara", hp=7)
    update(journal, "npcs", MARA, hp=7)
    with journal.change("x") as change:
        change.insert("npcs", {"id": "b"})
        change.delete("npcs", {"id": "b"})
    with journal.change("x"):
        pass
    assert len(journal.history()) == 1


def test_a_row_touched_often_has_one_image(journal, store, dump):
    before = dump(store)
    with journal.change("x") as change:
        change.insert("npcs", MARA)
        change.update("npcs", MARA, {"hp": 1})
        change.put("npcs", {"id": "mara", "hp": 2, "name": "Mara"})
        assert len(change.rows) == 1
    (row,) = journal.rows(1)
    assert row.before is None
    assert (row.after["hp"], row.after["name"]) == (2, "Mara")
    journal.undo()
    assert dump(store) == before


def test_put_adds_or_changes_and_keeps_the_other_columns(journal, store, dump, insert):
    insert(journal, "npcs", id="mara", name="Mara", hp=7)
    with journal.change("x") as change:
        change.put("npcs", {"id": "mara", "hp": 1})
        change.put("npcs", {"id": "new", "hp": 2})
    assert [row[1] for row in dump(store)["npcs"]] == [("str", "Mara"), ("NoneType", None)]
    journal.undo()
    assert [row[2] for row in dump(store)["npcs"]] == [("int", 7)]


def test_rows_that_are_there_or_not(journal, insert):
    insert(journal, "npcs", id="mara")
    for action in (
        lambda c: c.insert("npcs", MARA),
        lambda c: c.update("npcs", {"id": "nobody"}, {"hp": 1}),
        lambda c: c.delete("npcs", {"id": "nobody"}),
    ):
        with pytest.raises(UndoRefused), journal.change("x") as change:
            action(change)


@pytest.mark.parametrize(
    "action",
    [
        lambda c: c.update("places", {"map": "m"}, {"what": "x"}),
        lambda c: c.update("npcs", {"name": "Mara"}, {"hp": 1}),
        lambda c: c.update("npcs", MARA, {"id": "other"}),
        lambda c: c.delete("places", {"map": "m"}),
        lambda c: c.insert("npcs", {"name": "no key"}),
        lambda c: c.insert("npcs", {"id": None}),
        lambda c: c.put("places", {"map": "m", "what": "x"}),
        lambda c: c.insert("factions", {"id": None, "name": "x"}),
    ],
)
def test_a_key_that_is_not_the_whole_key_is_refused(journal, store, action, dump, insert):
    """Half a key would write many rows and keep the image of one."""
    insert(journal, "npcs", id="mara")
    for cell in (1, 2):
        insert(journal, "places", map="m", cell=cell, what="wall")
    before = dump(store)
    with pytest.raises(ValueError), journal.change("x") as change:
        action(change)
    assert dump(store) == before


def test_a_table_that_is_not_there(journal):
    with pytest.raises(StoreError, match="no such table"), journal.change("x") as change:
        change.insert("dragons", {"id": 1})


def test_a_key_is_the_same_however_it_is_written(journal, store, dump):
    """SQLite makes 1 of "1" in an integer column and takes NPCS for npcs; so must the images."""
    with journal.change("x") as change:
        change.insert("FACTIONS", {"id": "1", "name": "Guild"})
        change.update("factions", {"id": 1}, {"name": "The Guild"})
        change.update("Factions", {"id": 1.0}, {"name": "Guild!"})
        assert len(change.rows) == 1
    (row,) = journal.rows(1)
    assert (row.table, row.key) == ("factions", {"id": 1})
    with journal.change("x") as change:
        change.insert("places", {"cell": 2, "map": "m", "what": "a"})
        change.update("places", {"map": "m", "cell": 2}, {"what": "b"})
        assert len(change.rows) == 1
    journal.undo(2)
    assert dump(store)["factions"] == []


def test_composite_keys_odd_names_no_key_and_generated_columns(journal, store, dump):
    before = dump(store)
    with journal.change("x") as change:
        change.insert("places", {"map": "m", "cell": 1, "what": "door"})
        change.insert('odd "name', {"id": 1, "a column": "x", "select": "y"})
        change.insert("notes", {"rowid": 5, "words": "keep me"})
        change.insert("sums", {"id": 1, "a": 21})
    full = dump(store)
    assert full["sums"] == [[("int", 1), ("int", 21), ("int", 42)]]
    with journal.change("x") as change:
        change.update("places", {"map": "m", "cell": 1}, {"what": "wall"})
        change.update('odd "name', {"id": 1}, {"select": None})
        change.update("notes", {"rowid": 5}, {"words": "gone"})
        change.update("sums", {"id": 1}, {"a": 4})
    journal.undo()
    assert dump(store) == full
    journal.undo()
    assert dump(store) == before
    journal.redo()
    assert dump(store) == full


def test_a_change_inside_another_is_a_part_of_it(journal, store, dump, insert):
    before = dump(store)
    with journal.change("outer") as outer:
        outer.insert("npcs", MARA)
        insert(journal, "npcs", id="b", hp=1)
        with pytest.raises(ZeroDivisionError), journal.change("inner") as inner:  # noqa: PT012 - the block is what is undone
            inner.update("npcs", MARA, {"hp": 99})
            inner.insert("npcs", {"id": "c"})
            raise ZeroDivisionError
        outer.update("npcs", {"id": "b"}, {"hp": 2})
        outer.prose = "both"
    (entry,) = journal.history()
    assert (entry.kind, entry.prose) == ("outer", "both")
    assert {row.key["id"]: row.after["hp"] for row in journal.rows(1)} == {"mara": None, "b": 2}
    journal.undo()
    assert dump(store) == before
    with pytest.raises(RuntimeError), journal.change("x"):
        journal.undo()
    insert(journal, "npcs", id="still works")


def test_history_by_campaign_and_page(journal):
    for number in range(5):
        with journal.change("x", campaign="a" if number % 2 else "b") as change:
            change.insert("npcs", {"id": str(number)})
    assert [entry.id for entry in journal.history(2)] == [5, 4]
    assert [entry.id for entry in journal.history(2, before=4)] == [3, 2]
    assert [entry.id for entry in journal.history(campaign="a")] == [4, 2]


# Foreign keys.


@pytest.fixture
def guild(journal, store, dump):
    with journal.change("x") as change:
        change.insert("members", {"id": 1, "faction": 1, "npc": "mara"})  # before its parent
        change.insert("factions", {"id": 1, "name": "Guild"})
        change.insert("oaths", {"id": 1, "member": 1, "words": "for ever"})
    return dump(store)


def test_what_a_delete_takes_along_comes_back(journal, store, guild, dump, delete):
    delete(journal, "factions", id=1)
    gone = dump(store)
    assert gone["members"] == []
    assert gone["oaths"][0][1] == ("NoneType", None)
    assert {row.table for row in journal.rows(2)} == {"factions", "members", "oaths"}
    journal.undo()
    assert dump(store) == guild
    journal.redo()
    assert dump(store) == gone
    journal.undo(2)
    assert dump(store)["factions"] == []
    assert verify(store.connection) == []


def test_undo_does_not_take_along_what_was_added_since(journal, store, guild, dump, insert):
    insert(journal, "members", id=2, faction=1, npc="tom")
    here = dump(store)
    with pytest.raises(UndoRefused) as caught:
        journal.undo(entry=1)
    assert "2 of members needs it" in caught.value.message
    assert "#2 (adds 2)" in caught.value.message
    assert dump(store) == here
    journal.undo(2)
    assert dump(store)["members"] == []


def test_undo_does_not_leave_rows_that_point_at_nothing(journal, store, insert, delete):
    insert(journal, "factions", id=1, name="Guild")
    store.connection.execute("INSERT INTO debts VALUES (1, 1)")
    with pytest.raises(UndoRefused, match="1 of debts needs it"):
        journal.undo()
    delete_from = store.connection.execute
    delete_from("DELETE FROM debts")
    insert(journal, "debts", id=1, faction=1)
    delete(journal, "debts", id=1)
    delete(journal, "factions", id=1)
    with pytest.raises(UndoRefused, match="no longer there"):
        journal.undo(entry=3)
    assert verify(store.connection) == []


def test_undo_points_no_row_at_what_has_gone_since(journal, store, insert, delete, dump):
    insert(journal, "factions", id=1, name="Guild")
    insert(journal, "factions", id=2, name="Crown")
    insert(journal, "debts", id=1, faction=1)
    with journal.change("x") as change:
        change.update("debts", {"id": 1}, {"faction": 2})
    delete(journal, "factions", id=1)
    here = dump(store)
    with pytest.raises(UndoRefused, match="rows of debts need something that is no longer there"):
        journal.undo(entry=4)
    assert dump(store) == here


def test_an_undo_that_does_not_fit_is_refused_with_the_reason(journal, store, dump, insert, delete):
    insert(journal, "factions", id=1, name="Guild")
    delete(journal, "factions", id=1)
    insert(journal, "factions", id=2, name="Guild")
    with pytest.raises(UndoRefused, match=r"UNIQUE constraint failed: factions\.name"):
        journal.undo(entry=2)
    assert [row[0] for row in dump(store)["factions"]] == [("int", 2)]


def test_two_rows_that_swapped_a_unique_value_swap_back(journal, store, dump):
    with journal.change("x") as change:
        for number, name in enumerate(["ann", "bob", "cat"]):
            change.insert("seats", {"id": name, "place": number})
    before = dump(store)
    with journal.change("x") as change:
        change.update("seats", {"id": "ann"}, {"place": 99})
        change.update("seats", {"id": "bob"}, {"place": 0})
        change.update("seats", {"id": "cat"}, {"place": 1})
        change.update("seats", {"id": "ann"}, {"place": 2})
    after = dump(store)
    journal.undo()
    assert dump(store) == before
    journal.redo()
    assert dump(store) == after


# Upgrades.


def test_a_column_that_came_since_keeps_its_value(journal, store, dump, insert, update):
    insert(journal, "npcs", id="mara", hp=7)
    update(journal, "npcs", MARA, hp=3)
    store.connection.execute("ALTER TABLE npcs ADD COLUMN tag TEXT DEFAULT 'none'")
    journal.undo()
    assert dump(store)["npcs"][0][2] == ("int", 7)
    journal.redo()
    update(journal, "npcs", MARA, tag="ally")
    with pytest.raises(UndoRefused, match="by #2"):
        journal.undo(entry=1)
    with pytest.raises(UndoRefused, match="by #5"):
        journal.undo(entry=2)
    journal.undo(3)
    assert dump(store)["npcs"] == []


def test_a_column_or_table_that_is_gone_is_a_refusal(journal, store, insert):
    insert(journal, "npcs", id="mara", hp=7)
    insert(journal, "notes", rowid=1, words="x")
    store.connection.execute("ALTER TABLE npcs RENAME COLUMN hp TO health")
    store.connection.execute("DROP TABLE notes")
    with pytest.raises(UndoRefused, match="npcs has no hp any more"):
        journal.undo(entry=1)
    with pytest.raises(UndoRefused, match="notes has no words any more"):
        journal.undo()
