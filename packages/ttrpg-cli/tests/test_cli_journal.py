"""``ttrpg undo``, ``redo`` and ``history``, each run a process of its own."""

import pytest


@pytest.fixture
def played(ttrpg):
    """A campaign with two changes after its start."""
    assert ttrpg("campaign", "create", "Salt Road").code == 0
    assert ttrpg("campaign", "edit", "--game-date", "Day 1").code == 0
    assert ttrpg("campaign", "edit", "--game-date", "Day 2").code == 0
    return ttrpg


def date(ttrpg):
    return ttrpg("campaign", "show", "salt-road", "--json").json()["campaign"]["game_date"]


def test_undo_takes_back_the_last_change(played):
    result = played("undo")
    assert result.code == 0
    assert "#3 changed game date of 'Salt Road'" in result.out
    assert result.err == "1 undone; 'ttrpg redo' takes it back\n"
    assert date(played) == "Day 1"


def test_redo_does_it_again(played):
    played("undo")
    result = played("redo")
    assert result.code == 0
    assert result.err == "1 done again; 'ttrpg undo' takes it back\n"
    assert date(played) == "Day 2"


def test_undo_of_many_and_redo_of_many(played):
    result = played("undo", "2")
    assert result.err == "2 undone; 'ttrpg redo 2' takes it back\n"
    assert date(played) == ""
    played("redo", "2")
    assert date(played) == "Day 2"


def test_more_than_there_is_changes_nothing(played):
    result = played("undo", "9")
    assert result.code == 3
    assert "only 3 changes" in result.err
    assert "ttrpg undo 3" in result.err
    assert date(played) == "Day 2"


@pytest.mark.parametrize("verb", ["undo", "redo"])
def test_there_may_be_nothing_to_do(ttrpg, verb):
    result = ttrpg(verb)
    assert result.code == 3
    assert f"there is nothing to {verb}" in result.err


@pytest.mark.parametrize("verb", ["undo", "redo"])
@pytest.mark.parametrize("count", ["0", "x", "1.5"])
def test_a_count_is_a_number_from_one(played, verb, count):
    assert played(verb, count).code == 2
    assert date(played) == "Day 2"


def test_one_entry_can_be_named(played):
    result = played("undo", "--entry", "2")
    assert result.code == 4
    assert "#2" in result.err
    assert "#3" in result.err
    assert date(played) == "Day 2"
    played("undo", "--entry", "3")
    assert played("undo", "--entry", "2").code == 0
    assert date(played) == ""


@pytest.mark.parametrize("number", ["99", "9223372036854775807"])
def test_an_entry_that_is_not_there(played, number):
    assert played("undo", "--entry", number).code == 3


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "9" * 40])
def test_no_entry_has_such_a_number(played, number):
    assert played("undo", "--entry", number).code == 2
    assert played("history", "--before", number).code == 2


def test_a_new_change_ends_redo(played):
    played("undo")
    played("campaign", "edit", "--game-date", "Day 5")
    assert played("redo").code == 3
    assert date(played) == "Day 5"


def test_an_undo_can_be_undone_by_its_entry(played):
    played("undo")
    assert played("undo", "--entry", "4").code == 0
    assert date(played) == "Day 2"


def test_history_is_newest_first(played):
    played("undo")
    lines = played("history").out.splitlines()
    assert "undo: changed game date" in lines[1]
    assert lines[2].endswith("(undone)")
    assert "started the campaign 'Salt Road'" in lines[-1]


def test_history_is_limited(played):
    assert [e["id"] for e in played("history", "-n", "2", "--json").json()["entries"]] == [3, 2]
    found = played("history", "--before", "3", "-n", "1", "--json").json()["entries"]
    assert [e["id"] for e in found] == [2]


def test_history_of_one_campaign(played):
    played("campaign", "create", "Other")
    found = played("history", "--campaign", "salt", "--json").json()["entries"]
    assert [e["id"] for e in found] == [3, 2, 1]
    assert [e["campaign"] for e in found] == ["salt-road"] * 3
    assert played("history", "--campaign", "nobody").code == 3
    assert played("history", "--campaign", "").code == 3


def test_an_entry_tells_its_facts(played):
    entry = played("history", "-n", "1", "--json").json()["entries"][0]
    assert entry["kind"] == "campaign.edit"
    assert entry["actor"] == "gm"
    assert entry["facts"]["changed"] == {"game_date": ["Day 1", "Day 2"]}


def test_nothing_was_changed_yet(ttrpg):
    result = ttrpg("history")
    assert result.code == 0
    assert result.out == "Nothing has been changed yet.\n"
    assert ttrpg("history", "--json").json() == {"schema": "ttrpg.history/1", "entries": []}
