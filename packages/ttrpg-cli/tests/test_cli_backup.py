"""``ttrpg backup``."""

import sqlite3

import pytest


@pytest.fixture
def made(ttrpg):
    """The name of a backup of a campaign that was renamed since."""
    ttrpg("campaign", "create", "Salt Road")
    name = ttrpg("backup", "create", "before the siege", "--json").json()["backup"]["name"]
    ttrpg("campaign", "edit", "--name", "Pepper Road")
    return name


def campaigns(ttrpg):
    return [each["name"] for each in ttrpg("campaign", "list", "--json").json()["campaigns"]]


def kinds(ttrpg):
    return [each["kind"] for each in ttrpg("backup", "--json").json()["backups"]]


def test_the_list_says_when_and_what_for(ttrpg, made):
    heading, line = ttrpg("backup").out.splitlines()
    assert heading.split() == ["Name", "Made", "Size", "Note"]
    assert line.startswith(made)
    assert line.endswith("before the siege")
    assert ttrpg("backup", "list").out == ttrpg("backup").out


def test_nothing_yet(ttrpg):
    assert ttrpg("backup").out == "No backup yet: ttrpg backup create\n"
    assert ttrpg("backup", "verify").code == 0
    assert ttrpg("backup", "restore", "latest").code == 3


def test_what_was_made_is_said(ttrpg):
    ttrpg("campaign", "create", "Salt Road")
    done = ttrpg("backup", "create")
    assert "rows in" in done.out
    assert "read it back: it is whole" in done.err
    assert ttrpg("audit", "--json").json()["events"][0]["kind"] == "backup.created"


def test_restoring_brings_back_and_says_the_way_back(ttrpg, made):
    done = ttrpg("backup", "restore", "latest")
    assert done.code == 0
    assert campaigns(ttrpg) == ["Salt Road"]
    kept = done.err.split("ttrpg backup restore ")[1].split("'")[0]
    assert kept in done.out
    assert ttrpg("backup", "restore", kept).code == 0
    assert campaigns(ttrpg) == ["Pepper Road"]
    assert kinds(ttrpg) == ["before-restore", "before-restore", "manual"]


def test_a_damaged_one_is_told_and_not_restored(ttrpg, made, ttrpg_home):
    path = ttrpg_home / "backups" / f"ttrpg-{made}.db"
    path.write_bytes(path.read_bytes()[:5000])
    done = ttrpg("backup", "verify")
    assert done.code == 7
    assert "1 of 1 damaged" in done.out
    assert "damaged" in ttrpg("backup").out
    done = ttrpg("backup", "restore", made)
    assert done.code == 7
    assert "Nothing was changed" in done.err
    assert campaigns(ttrpg) == ["Pepper Road"]


def test_one_that_was_tampered_with_is_told(ttrpg, made, ttrpg_home):
    path = ttrpg_home / "backups" / f"ttrpg-{made}.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE campaigns SET name = 'Smuggled'")
    connection.close()
    done = ttrpg("backup", "verify", "latest", "--json")
    assert done.code == 7
    (told,) = done.json()["backups"]
    assert told["wrong"] == ["campaigns has other content than when it was made"]


def test_a_damaged_database_can_be_replaced(ttrpg, made, ttrpg_home):
    (ttrpg_home / "ttrpg.db").write_bytes(b"nonsense" * 1000)
    done = ttrpg("campaign")
    assert done.code == 7
    assert "ttrpg backup restore latest" in done.err
    assert made in ttrpg("backup").out
    assert ttrpg("backup", "verify").code == 0
    assert ttrpg("backup", "restore", "latest").code == 0
    assert campaigns(ttrpg) == ["Salt Road"]
    assert (ttrpg_home / "backups").glob("*-before-restore.db")
    assert ttrpg("doctor").code == 0


def test_a_file_of_another_program(ttrpg, made, tmp_path):
    other = tmp_path / "bookmarks.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    for verb in ("verify", "restore"):
        done = ttrpg("backup", verb, str(other))
        assert done.code == 2
        assert "another program" in done.err


def test_pruning_asks_the_settings_and_removes_what_is_named(ttrpg, made):
    assert "nothing to remove" in ttrpg("backup", "prune").err
    assert kinds(ttrpg) == ["manual"]
    dry = ttrpg("backup", "prune", made, "--dry-run", "--json").json()
    assert (dry["removed"], dry["would_remove"]) == ([], [made])
    assert kinds(ttrpg) == ["manual"]
    assert "Removed 1 backup(s)" in ttrpg("backup", "prune", made[:10]).err
    assert kinds(ttrpg) == []
    assert ttrpg("backup", "prune", made).code == 3


def test_names_are_completed(ttrpg, made):
    typed = {"COMP_WORDS": "ttrpg backup restore 1", "COMP_CWORD": "3"}
    out = ttrpg(env={**typed, "_TTRPG_COMPLETE": "bash_complete"}).out
    assert out == f"plain,{made}\n"


def test_doctor_reads_the_newest(ttrpg, made):
    for _ in range(4):
        ttrpg("backup", "create")
    out = ttrpg("doctor").out
    assert out.count("-manual, whole") == 3
    assert "2 older; 'ttrpg backup verify' reads them all" in out


def test_moments_of_before_can_be_gone_back_to_after_restoring(ttrpg):
    ttrpg("campaign", "create", "Salt")
    ttrpg("snapshot", "create", "First")
    ttrpg("npc", "add", "Mara")
    ttrpg("backup", "create")
    ttrpg("npc", "add", "Vile")
    ttrpg("npc", "add", "Tolk")
    ttrpg("backup", "restore", "latest")
    ttrpg("npc", "add", "Ilse")
    told = ttrpg("snapshot", "diff", "first", "--json")
    assert told.code == 0, told.err
    assert "Ilse" in told.out
    assert "Vile" not in told.out
    assert ttrpg("snapshot", "rollback", "first").code == 0
    assert ttrpg("npc", "list", "--json").json()["npcs"] == []
    assert ttrpg("undo").code == 0
    assert len(ttrpg("npc", "list", "--json").json()["npcs"]) == 2
