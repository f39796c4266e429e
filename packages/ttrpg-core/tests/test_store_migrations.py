"""Tables made in steps: whole or not at all, after a copy, and nobody's failure is another's."""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from ttrpg_core import schema
from ttrpg_core.copies import Copies, read_manifest
from ttrpg_core.errors import PluginError, StoreError
from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store, fingerprint, verify


def steps(name: str, *functions) -> Migrations:
    made = Migrations(name)
    for number, function in enumerate(functions, 1):
        made(name=f"step-{number}")(function)
    return made


def third(name: str, *functions, required=False) -> SchemaSet:
    """A set of these steps; its target tells them apart, as an edited file would."""
    target = f"json:{name}.{len(functions)}"
    return SchemaSet(name, target, lambda: steps(name, *functions), required=required)


def table(name: str):
    return lambda db: db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, words TEXT)")


def tables_of(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def dump(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


# Migrations.


def fails(db):
    db.execute("CREATE TABLE half_done (id)")
    raise ValueError("a bug of theirs")


@pytest.mark.parametrize(
    "error",
    [ValueError("a bug"), sqlite3.OperationalError("near x"), SystemExit(2), AssertionError()],
)
def test_a_third_party_that_fails_leaves_the_others_and_is_noted(path, core, error):
    def breaks(db):
        db.execute("CREATE TABLE half_done (id)")
        raise error

    noted = []
    schemas = [core, third("bad", table("bad_one"), breaks), third("good", table("good_one"))]
    for _ in range(2):  # and at every opening until it is mended
        noted.clear()
        with contextlib.closing(Store(path, schemas, note=lambda *a: noted.append(a))):
            pass
        ((name, said),) = noted
        assert name == "bad"
        assert (str(error) or type(error).__name__) in said
    assert {"journal", "good_one"} <= tables_of(path)
    assert not {"bad_one", "half_done"} & tables_of(path), "whole or not at all"
    schemas[1] = third("bad", table("bad_one"), table("bad_two"))
    noted.clear()
    with contextlib.closing(Store(path, schemas, note=lambda *a: noted.append(a))):
        assert noted == []
    assert {"bad_one", "bad_two"} <= tables_of(path)


def test_a_third_party_whose_target_is_broken_is_noted_too(path, core):
    def no_module():
        raise PluginError("cannot load x")

    noted = []
    schemas = [
        core,
        SchemaSet("a", "json:a", no_module, required=False),
        SchemaSet("b", "json:b", lambda: ["no", "migrations"], required=False),
        SchemaSet("c", "json:c", lambda: steps("ttrpg-core", table("c")), required=False),
    ]
    Store(path, schemas, note=lambda *a: noted.append(a)).close()
    said = dict(noted)
    assert "cannot load x" in said["a"]
    assert "not a sqlite_utils Migrations" in said["b"]
    assert "must be 'c'" in said["c"]


def test_a_third_party_that_commits_by_itself_does_not_break_the_lock(path, core):
    def commits(db):
        db.conn.executescript("CREATE TABLE escaped (id);")

    noted = []
    schemas = [core, third("bad", commits), third("good", table("good_one"))]
    Store(path, schemas, note=lambda *a: noted.append(a)).close()
    assert [name for name, _ in noted] == ["bad"]
    assert {"journal", "good_one"} <= tables_of(path)


def test_one_of_ours_that_fails_takes_everything_back(used, core):
    before = dump(used)
    schemas = [core, third("ours", table("one"), fails, required=True)]
    with pytest.raises(ValueError, match="a bug of theirs"):
        Store(used, schemas)
    assert dump(used) == before
    with contextlib.closing(Store(used, [core])) as store:
        assert store.connection.execute("SELECT value FROM chosen").fetchone()[0] == "keep"


def test_a_new_database_of_ours_that_fails_can_be_opened_later(path, core):
    with pytest.raises(ValueError):
        Store(path, [core, third("ours", fails, required=True)])
    assert "journal" not in tables_of(path)
    Store(path, [core]).close()
    assert "journal" in tables_of(path)


def test_a_step_may_rebuild_a_table_that_others_point_at(path, core):
    """ALTER by rebuild drops the old table; with foreign keys on, its children would go too."""

    def first(db):
        db.execute("CREATE TABLE lairs (id INTEGER PRIMARY KEY, name TEXT)")
        db.execute(
            "CREATE TABLE dragons (id INTEGER PRIMARY KEY, lair INTEGER"
            " REFERENCES lairs(id) ON DELETE CASCADE)"
        )
        db.execute("INSERT INTO lairs VALUES (1, 'cave')")
        db.execute("INSERT INTO dragons VALUES (7, 1)")

    def second(db):
        db["lairs"].transform(rename={"name": "title"})

    Store(path, [core, third("lair", first)]).close()
    noted = []
    Store(path, [core, third("lair", first, second)], note=lambda *a: noted.append(a)).close()
    assert noted == []
    with contextlib.closing(Store(path, [core, third("lair", first, second)])) as store:
        assert [tuple(r) for r in store.connection.execute("SELECT * FROM dragons")] == [(7, 1)]
        assert store.connection.execute("SELECT title FROM lairs").fetchone()[0] == "cave"
        with pytest.raises(StoreError), store.transaction() as connection:
            connection.execute("INSERT INTO dragons VALUES (8, 99)")


def test_a_step_that_leaves_rows_pointing_at_nothing_is_taken_back(path, core):
    def orphans(db):
        db.execute("CREATE TABLE lairs (id INTEGER PRIMARY KEY)")
        db.execute("CREATE TABLE dragons (id INTEGER PRIMARY KEY, lair REFERENCES lairs(id))")
        db.execute("INSERT INTO dragons VALUES (1, 5)")

    noted = []
    Store(path, [core, third("lair", orphans)], note=lambda *a: noted.append(a)).close()
    assert "rows of dragons point at nothing in lairs" in noted[0][1]
    assert "dragons" not in tables_of(path)


def test_a_newer_database_is_refused_and_untouched(used, core):
    newer = [core, third("ours", table("one"), table("two"), required=True)]
    Store(used, newer).close()
    before = dump(used)
    older = SchemaSet("ours", "json:older", lambda: steps("ours", table("one")))
    with pytest.raises(StoreError) as caught:
        Store(used, [core, older])
    assert "newer ours (step-2)" in caught.value.message
    assert "Upgrade ours" in caught.value.hint
    assert dump(used) == before


def test_a_plugin_whose_package_raises_when_looked_for_is_no_obstacle(python, tmp_path):
    package = tmp_path / "site" / "sulky"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import sys; sys.exit('not today')")
    (package / "schema.py").write_text("")
    code = (
        "from ttrpg_core.store import SchemaSet, fingerprint\n"
        "print(fingerprint([SchemaSet('x', 'sulky.schema:tables', list)]))"
    )
    assert python(code, path=package.parent).stdout == "x=sulky.schema:tables;\n"


def test_an_edited_schema_file_is_looked_at_again(tmp_path, monkeypatch):
    module = tmp_path / "weather_schema.py"
    module.write_text("tables = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    schemas = [SchemaSet("weather", "weather_schema:tables", list)]
    first = fingerprint(schemas)
    assert fingerprint(schemas) == first
    os.utime(module, ns=(1, 1))
    assert fingerprint(schemas) != first
    assert fingerprint([]) != first


# Backups.


def test_a_backup_is_made_before_a_migration_of_data_and_is_whole(used, core):
    before = dump(used)
    Store(used, [core, third("more", table("more_one"))]).close()
    (copy,) = (used.parent / "backups").iterdir()
    assert copy.name.endswith("-before-migration.db")
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert read_manifest(connection).kind == "before-migration"
        connection.execute("DROP TABLE backup_manifest")
        assert list(connection.iterdump()) == before
        assert verify(connection) == []
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_a_plugin_that_fails_each_time_does_not_push_good_backups_out(used, core):
    schemas = [core, third("bad", fails)]
    for _ in range(4):
        Store(used, schemas, keep=2).close()
    assert len(list((used.parent / "backups").iterdir())) == 1


def test_the_last_copies_before_a_migration_stay_and_nothing_else_is_touched(used, core):
    folder = used.parent / "backups"
    folder.mkdir()
    mine = folder / "ttrpg-mine.db"
    mine.write_text("a file of the user's")
    asked = Copies(used, folder).create("manual")[0].path
    made = []
    for number in range(1, 6):
        new = third("more", *(table(f"more_{each}") for each in range(number)))
        Store(used, [core, new], keep=3).close()
        made = sorted({*made, *folder.glob("*-before-migration.db")})
    assert len(made) == 5
    assert sorted(folder.glob("*-before-migration.db")) == made[2:]
    assert mine.exists()
    assert asked.exists()


def test_a_database_that_is_a_copy_itself_is_migrated_without_another(used, core):
    Store(used, [core, third("more", table("more_one"))], keep=0).close()
    assert not (used.parent / "backups").exists()


def test_a_home_with_signs_that_mean_something_in_a_uri(tmp_path, core):
    home = tmp_path / "50% of #1?"
    with contextlib.closing(Store(home / "ttrpg.db", [core])) as store:
        assert Copies(store.path, store.backups).create("manual")[0].path.exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["50% of #1?"]


def test_a_history_from_before_its_images_stood_apart_can_be_undone(path, core):
    path.parent.mkdir(parents=True, exist_ok=True)
    db = Database(path)
    schema.tables.apply(db, stop_before="images_apart")
    columns = "(at, actor, kind, prose, facts) VALUES ('2026', 'gm', 'x', ?, '{}')"
    for number, (before, after) in enumerate([(None, "1"), ("1", "2")], 1):
        db.execute(f"INSERT INTO journal {columns}", [f"made it {after}"])
        images = [value and f'{{"key": "a", "value": "{value}"}}' for value in (before, after)]
        row = [number, 0, "chosen", '{"key": "a"}', *images]
        db.execute("INSERT INTO journal_rows VALUES (?, ?, ?, ?, ?, ?)", row)
    db.execute("INSERT INTO chosen VALUES ('a', '2')")
    db.conn.commit()
    db.close()
    with contextlib.closing(Store(path, [core])) as store:
        journal = Journal(store, lambda: datetime(2026, 1, 1, tzinfo=UTC))
        assert [each.after for each in journal.rows(2)] == [{"key": "a", "value": "2"}]
        journal.undo()
        assert store.connection.execute("SELECT value FROM chosen").fetchone()[0] == "1"
        journal.undo()
        assert store.connection.execute("SELECT * FROM chosen").fetchall() == []
        journal.redo(2)
        assert store.connection.execute("SELECT value FROM chosen").fetchone()[0] == "2"
        assert verify(store.connection) == []
