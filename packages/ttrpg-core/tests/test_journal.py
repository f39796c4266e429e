"""Changes and their undoing: what comes back, and what is refused and why."""

import contextlib
import math
from pathlib import Path

import pytest

from ttrpg_core.errors import InputError, NotFound, UndoRefused
from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store


@pytest.fixture
def store(home: Path, core: SchemaSet, world: SchemaSet):
    with contextlib.closing(Store(home / "ttrpg.db", [core, world])) as opened:
        yield opened


MARA = {"id": "mara"}


# One change, undone and done again.


def test_an_entry_says_who_what_when_and_how(journal: Journal):
    with journal.change("npc.create", actor="model", campaign="keep") as change:
        change.insert("npcs", {"id": "mara", "name": "Mara", "hp": 7})
        change.prose = "Mara joins"
        change.facts = {"npc": "mara", "é": [1, None]}
    (entry,) = journal.history()
    assert (entry.kind, entry.actor, entry.campaign) == ("npc.create", "model", "keep")
    assert (entry.prose, entry.facts) == ("Mara joins", {"npc": "mara", "é": [1, None]})
    assert entry.at == "2026-01-02T03:04:05+00:00"
    assert (entry.target, entry.undone_by) == (None, None)
    (row,) = journal.rows(entry.id)
    assert (row.table, row.key, row.before) == ("npcs", MARA, None)
    assert row.after == {
        "id": "mara", "name": "Mara", "hp": 7, "portrait": None, "mood": None, "any": None
    }  # fmt: skip


VALUES = [
    None,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    1.0,
    0.1,
    1e300,
    math.inf,
    -math.inf,
    "",
    "7",
    "naïve 🐉 ✓ \u202e\x00\x1b",
    "Robert'); DROP TABLE npcs;--",
    '{"base64": "AA=="}',
    b"",
    b"\x00\xff{}",
    bytes(range(256)) * 40,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("other", [None, 1, "1", b"1", 1.5], ids=repr)
def test_every_value_comes_back_as_it_was_to_the_type(
    journal, store, value, other, dump, insert, update
):
    insert(journal, "npcs", id="mara", any=value)
    first = dump(store)
    update(journal, "npcs", MARA, any=other)
    second = dump(store)
    if first != second:
        journal.undo()
        assert dump(store) == first
        journal.redo()
        assert dump(store) == second


def test_one_is_not_one_point_nought(journal, store, dump, insert, update):
    insert(journal, "npcs", id="mara", any=1)
    update(journal, "npcs", MARA, any=1.0)
    assert len(journal.history()) == 2, "a change of type is a change"
    journal.undo()
    assert dump(store)["npcs"][0][-1] == ("int", 1)


def test_insert_update_delete_undo_one_by_one(journal, store, dump, insert, update, delete):
    states = [dump(store)]
    insert(journal, "npcs", id="mara", hp=7)
    states.append(dump(store))
    update(journal, "npcs", MARA, hp=3)
    states.append(dump(store))
    delete(journal, "npcs", id="mara")
    states.append(dump(store))
    for state in reversed(states[:-1]):
        journal.undo()
        assert dump(store) == state
    for state in states[1:]:
        journal.redo()
        assert dump(store) == state
    with pytest.raises(NotFound, match="nothing to redo"):
        journal.redo()


def test_many_at_once_and_all_or_none(journal, store, dump, insert):
    empty = dump(store)
    for number in range(3):
        insert(journal, "npcs", id=f"n{number}")
    full = dump(store)
    with pytest.raises(NotFound) as caught:
        journal.undo(4)
    assert "only 3 changes" in caught.value.message
    assert "ttrpg undo 3" in caught.value.hint
    assert dump(store) == full
    assert len(journal.history()) == 3
    assert [entry.id for entry in journal.undo(3)] == [3, 2, 1]
    assert dump(store) == empty
    assert [entry.id for entry in journal.redo(3)] == [1, 2, 3]
    assert dump(store) == full
    for count in (0, -1):
        with pytest.raises(InputError):
            journal.undo(count)


def test_a_new_change_ends_redo(journal, store, insert):
    insert(journal, "npcs", id="a")
    journal.undo()
    insert(journal, "npcs", id="b")
    with pytest.raises(NotFound):
        journal.redo()
    journal.undo()
    assert [entry.id for entry in journal.redo()] == [3]


def test_an_undo_can_be_undone(journal, store, dump, insert):
    insert(journal, "npcs", id="mara")
    here = dump(store)
    journal.undo()
    (undo, _) = journal.history()
    assert (undo.kind, undo.target, undo.prose) == ("undo", 1, "undo: adds mara")
    journal.undo(entry=undo.id)
    assert dump(store) == here
    (redo, *_) = journal.history()
    assert redo.kind == "redo"
    with pytest.raises(UndoRefused, match="taken back already"):
        journal.undo(entry=undo.id)
    journal.undo(entry=redo.id)
    assert dump(store)["npcs"] == []
    with pytest.raises(UndoRefused, match="taken back already"):
        journal.undo(entry=1)


def test_undo_goes_on_past_what_was_undone_and_done_again(journal, store, insert):
    insert(journal, "npcs", id="a")
    insert(journal, "npcs", id="b")
    journal.undo()
    journal.redo()
    assert [entry.id for entry in journal.undo(2)] == [2, 1]


def test_a_kind_called_undo_is_an_ordinary_change(journal, store, dump):
    with journal.change("undo") as change:
        change.insert("npcs", {"id": "mara"})
    journal.undo(entry=1)
    assert dump(store)["npcs"] == []


def test_undo_holds_after_reopening(journal, store, core, stopped, dump, insert, world):
    first = dump(store)
    insert(journal, "npcs", id="mara", portrait=b"\x00\x01")
    store.close()
    with contextlib.closing(Store(store.path, [core, world])) as again:
        Journal(again, stopped).undo()
        assert dump(again) == first
        Journal(again, stopped).redo()
        assert dump(again) != first


# Choosing one; refusing.


def test_one_entry_of_several(journal, store, dump, insert):
    insert(journal, "npcs", id="a")
    insert(journal, "npcs", id="b")
    journal.undo(entry=1)
    assert [row[0] for row in dump(store)["npcs"]] == [("str", "b")]
    journal.redo()
    assert len(dump(store)["npcs"]) == 2


def test_refusal_names_the_later_change_and_does_nothing(journal, store, dump, insert, update):
    insert(journal, "npcs", id="mara", hp=7)
    update(journal, "npcs", MARA, hp=3)
    here = dump(store)
    with pytest.raises(UndoRefused) as caught:
        journal.undo(entry=1)
    assert caught.value.message == (
        "cannot undo #1 (adds mara): mara of npcs was changed since, by #2 (changes mara)"
    )
    assert caught.value.code == 4
    assert caught.value.hint
    assert dump(store) == here
    assert len(journal.history()) == 2


def test_refusal_of_a_change_from_outside(journal, store, dump, insert):
    insert(journal, "npcs", id="mara", hp=7)
    store.connection.execute("UPDATE npcs SET hp = 1")
    with pytest.raises(UndoRefused, match="outside the journal"):
        journal.undo()
    store.connection.execute("DELETE FROM npcs")
    with pytest.raises(UndoRefused, match="outside the journal"):
        journal.undo()
    store.connection.execute("INSERT INTO npcs (id, hp) VALUES ('mara', 7.0)")
    assert dump(store)["npcs"][0][2] == ("int", 7), "SQLite keeps the type of the column"
    journal.undo()
    assert dump(store)["npcs"] == []


def test_a_refusal_in_the_middle_of_several_takes_all_back(journal, store, dump, insert):
    insert(journal, "npcs", id="a", hp=1)
    insert(journal, "npcs", id="b", hp=1)
    store.connection.execute("UPDATE npcs SET hp = 9 WHERE id = 'a'")
    here = dump(store)
    with pytest.raises(UndoRefused):
        journal.undo(2)
    assert dump(store) == here
    assert len(journal.history()) == 2


def test_there_is_nothing_to_undo(journal):
    with pytest.raises(NotFound, match="nothing to undo"):
        journal.undo()
    with pytest.raises(NotFound, match="no entry #5"):
        journal.undo(entry=5)
