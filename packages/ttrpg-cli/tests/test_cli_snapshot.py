"""``ttrpg snapshot``."""

import pytest


@pytest.fixture
def salt(ttrpg):
    assert ttrpg("campaign", "create", "Salt Road", "--game-date", "3 Frost").code == 0
    assert ttrpg("npc", "add", "Berta", "--role", "innkeeper").code == 0
    return ttrpg


def names(salt):
    return [each["name"] for each in salt("snapshot", "--json").json()["snapshots"]]


def test_a_moment_is_named_and_listed(salt):
    assert salt("snapshot").out == "No snapshot yet: ttrpg snapshot create NAME\n"
    made = salt("snapshot", "create", "Before the fire", "--note", "all well")
    assert made.err == "Made the snapshot 'Before the fire'. 'ttrpg undo' takes it back\n"
    assert "after #2" in made.out
    salt("snapshot", "create")
    salt("snapshot", "create", "Big", "--milestone", "--at", "1")
    listed = salt("snapshot")
    assert "Before the fire" in listed.out
    assert names(salt) == ["Snapshot 2", "Before the fire", "Big"]
    assert "Big" in salt("snapshot", "list", "--kind", "milestone").out
    salt("npc", "add", "Tom")
    counts = [e["changes_since"] for e in salt("snapshot", "list", "--json").json()["snapshots"]]
    assert counts == [1, 1, 2], "names of moments are no changes of the game"
    salt("snapshot", "create", "Big")
    assert "Big (big-2)" in salt("snapshot").out


def test_a_list_is_as_high_as_a_terminal(salt):
    for number in range(22):
        salt("snapshot", "create", f"Moment {number}")
    shown = salt("snapshot")
    assert "Moment 2 " in shown.out
    assert "Moment 1 " not in shown.out
    assert "2 more: --limit 22 shows them all" in shown.out
    assert "Moment 0 " in salt("snapshot", "list", "--limit", "22").out
    assert len(names(salt)) == 22, "--json has all"


def test_what_changed_is_told_by_kind(salt):
    salt("snapshot", "create", "Start")
    salt("npc", "edit", "berta", "--role", "widow", "--tag", "sad")
    salt("npc", "add", "Tom")
    salt("combat", "new", "Ambush")
    salt("combat", "add", "Goblin", "2", "--hp", "7")
    salt("combat", "start")
    result = salt("snapshot", "diff", "start")
    assert "From Start (#2) to now (#8)" in result.out
    assert "NPCs: 1 added, 1 changed" in result.out
    assert "role: was 'innkeeper', is now 'widow'" in result.out
    assert "tags: added 'sad'" in result.out
    assert "Turns: 1 added" in result.out
    assert "turn/ambush" not in result.out
    only = salt("snapshot", "diff", "start", "--kind", "npc", "--limit", "1", "--json").json()
    assert [each["ref"] for each in only["differences"]] == ["npc/berta", "npc/tom"]
    assert only["differences"][0]["fields"][0]["words"] == "role: was 'innkeeper', is now 'widow'"
    assert "1 more: --kind npc --limit" in salt("snapshot", "diff", "start", "--limit", "1").out
    assert "Nothing is different" in salt("snapshot", "diff", "now").out
    assert "Nothing is different" in salt("snapshot", "diff", "start", "2", "--kind", "NPC").out


def test_going_back_and_forth(salt):
    salt("snapshot", "create", "Start")
    before = salt("snapshot", "diff", "start", "--json").json()["differences"]
    salt("npc", "edit", "berta", "--role", "widow")
    salt("npc", "rm", "berta")
    result = salt("snapshot", "rollback", "start")
    assert result.code == 0
    assert "NPCs: 1 added" in result.out
    assert "'Salt Road' is as it was at Start (#2). 'ttrpg undo' takes it back" in result.err
    assert "ttrpg snapshot show before-rollback" in result.err
    assert salt("snapshot", "diff", "start", "--json").json()["differences"] == before == []
    assert salt("npc", "show", "berta", "--json").json()["npc"]["role"] == "innkeeper"
    assert names(salt) == ["before rollback", "Start"]
    again = salt("snapshot", "rollback", "start", "--json")
    assert (again.json()["rows"], again.json()["before"]) == (0, None)
    assert "is as it was then" in again.err
    assert salt("undo").code == 0
    assert salt("npc", "show", "berta").code == 3
    assert names(salt) == ["before rollback", "Start"]
    assert salt("audit", "--json").json()["events"][1]["kind"] == "campaign.rolled_back"


def test_what_a_campaign_has_one_of_has_a_name_too(salt):
    salt("snapshot", "create", "Start")
    salt("calendar", "use", "gregorian")
    salt("time", "set", "1204-02-03")
    salt("combat", "new", "Ambush")
    salt("combat", "add", "Mara", "--hp", "12", "--initiative", "3")
    salt("combat", "start")
    assert salt("cond", "mara", "poisoned", "3", "rounds").code == 0
    result = salt("snapshot", "rollback", "start")
    assert "removed  the time (clock)" in result.out
    assert "removed  the calendar (calendar)" in result.out
    assert "removed  Mara (combatant/ambush/mara)" in result.out
    assert "Effects: 1 removed" in result.out
    assert "effect/ambush" not in result.out


def test_what_there_was(salt):
    salt("snapshot", "create", "Start", "--note", "peace")
    salt("npc", "rm", "berta")
    salt("combat", "new", "Ambush")
    salt("campaign", "edit", "--game-date", "4 Frost")
    shown = salt("snapshot", "show", "start", "--kind", "npc")
    assert "NPCs       1" in shown.out
    assert "Berta  berta" in shown.out
    assert "3 Frost" in shown.out
    assert "peace" in shown.out
    now = salt("snapshot", "show", "now", "--kind", "npc", "--json").json()
    assert (now["counts"], now["things"], now["game_date"]) == ({"fight": 1}, [], "4 Frost")
    salt("snapshot", "create", "Start", "--note", "war")
    assert salt("snapshot", "show", "start-2", "--json").json()["snapshot"]["note"] == "war"
    assert "There was no npc" in salt("snapshot", "show", "now", "--kind", "npc").out


def test_another_campaign_and_none(salt):
    salt("snapshot", "create", "Start")
    salt("campaign", "create", "Other")
    assert names(salt) == []
    assert "Start" in salt("snapshot", "list", "--campaign", "salt").out
    assert salt("snapshot", "rollback", "start").code == 3
    assert salt("snapshot", "rollback", "start", "--campaign", "salt").code == 0


def test_a_name_is_removed_and_comes_back(salt):
    salt("snapshot", "create", "Start")
    assert (
        "Removed the snapshot 'Start'. 'ttrpg undo' takes it back"
        in salt("snapshot", "rm", "start").err
    )
    assert names(salt) == []
    salt("undo")
    assert names(salt) == ["Start"]


@pytest.mark.parametrize("verb", ["show", "diff", "rollback"])
def test_moments_that_are_none(salt, verb):
    for moment, code, said in (
        ("nothing", 3, "there is no snapshot 'nothing'"),
        ("", 3, "there is no snapshot"),
        ("#99", 3, "no entry #99"),
        ("2026-02-30", 2, "is no date"),
        ("0001-01-01", 2, "out of reach"),
        ("\x1b[2J", 3, "there is no snapshot"),
        ("9" * 30, 3, "there is no snapshot"),
    ):
        result = salt("snapshot", verb, moment)
        assert result.code == code, moment
        assert said in result.err
        assert "\x1b" not in result.err


def test_no_campaign(ttrpg):
    for verb in ("list", "create"):
        assert ttrpg("snapshot", verb).code == 3


def test_the_program_names_the_moment_before_risky_work(salt, tmp_path):
    salt("npc", "add", "Tom")
    salt("npc", "rm", "tom")
    assert names(salt) == [], "one deletion is one undo"
    salt("undo")
    salt("npc", "rm", "tom", "berta")
    salt("campaign", "export", str(tmp_path / "salt.zip"))
    salt("campaign", "import", str(tmp_path / "salt.zip"), "--into", "salt")
    salt("session", "start")
    salt("session", "end")
    assert names(salt) == [
        "after session 1", "before session 1", "before importing salt.zip", "before deleting 2 NPCs"
    ]  # fmt: skip
    there = salt("snapshot", "show", "before deleting", "--json").json()["counts"]
    assert there == {"npc": 2}
    salt("config", "set", "snapshots.automatic", "false")
    salt("session", "start")
    assert len(names(salt)) == 4
