"""The database: races, migrations that fail, backups, damage, disks that are full or read-only."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlite_utils.migrations import Migrations

from ttrpg_core.errors import PluginError, StoreDamaged, StoreError
from ttrpg_core.store import SchemaSet, Store, explain, fingerprint, verify

OPEN = """
import sys, time
from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins
app = App()
app.schemas()
print("ready", flush=True)
sys.stdin.readline()
store = app.store
rows = store.connection.execute("SELECT value FROM store WHERE key = 'schemas'").fetchall()
assert len(rows) == 1 and store.connection.execute("SELECT COUNT(*) FROM journal").fetchone()[0] == 0
app.close()
print("opened")
"""


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


@pytest.fixture
def path(home: Path) -> Path:
    return home / "ttrpg.db"


@pytest.fixture
def used(path: Path, core: SchemaSet) -> Path:
    """A database with the kernel's tables and a row in one of them."""
    with contextlib.closing(Store(path, [core])) as store:
        store.connection.execute("INSERT INTO chosen VALUES ('campaign', 'keep')")
    return path


# Opening.


def test_twelve_processes_open_a_new_database_at_once(home: Path):
    opened = 0
    for number in range(3):
        environ = {**os.environ, "TTRPG_HOME": str(home / str(number)), "TTRPG_DISABLE": "*"}
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", OPEN],
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(12)
        ]
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:  # all have imported what they need: now they collide
            racer.stdin.write("go\n")
            racer.stdin.flush()
        for racer in racers:
            out, err = racer.communicate(timeout=120)
            assert racer.returncode == 0, err
            opened += out == "opened\n"
        assert not (home / str(number) / "backups").exists(), "nothing was there to back up"
    assert opened == 36


def test_the_second_opening_imports_no_migration_code(python, used: Path):
    code = (
        "import sys\nfrom ttrpg_core.app import App\napp = App()\napp.store\n"
        "print('sqlite_utils' in sys.modules, 'ttrpg_core.schema' in sys.modules)\n"
    )
    assert python(code, TTRPG_DISABLE="*").stdout == "True True\n"
    assert python(code, TTRPG_DISABLE="*").stdout == "False False\n"


def test_only_the_owner_may_read_a_new_database_and_its_copies(path: Path, core: SchemaSet):
    old = os.umask(0)
    try:
        with contextlib.closing(Store(path, [core])) as store:
            copy = store.backup()
            files = [path, copy, *path.parent.glob("ttrpg.db-*")]
            assert len(files) == 4
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(old)


def test_a_database_that_is_shared_on_purpose_stays_shared(used: Path, core: SchemaSet):
    used.chmod(0o660)
    Store(used, [core]).close()
    assert stat.S_IMODE(used.stat().st_mode) == 0o660


def test_opening_it_twice_in_one_process_keeps_the_lock(used: Path, core: SchemaSet, python):
    """Closing any descriptor of a locked file would drop the lock; a second Store must not."""
    busy = (
        "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout=0)\n"
        "try: c.execute('BEGIN IMMEDIATE')\nexcept sqlite3.OperationalError as e: print(e)\n"
    )
    with contextlib.closing(Store(used, [core])) as first, first.transaction():
        Store(used, [core]).close()
        assert python(busy, used).stdout == "database is locked\n"


def test_a_busy_database_is_said_to_be_busy(used: Path, core: SchemaSet):
    with (
        contextlib.closing(Store(used, [core])) as first,
        contextlib.closing(Store(used, [core], busy_seconds=0.05)) as second,
    ):
        with first.transaction(), pytest.raises(StoreError) as caught, second.transaction():
            pass
        assert "Another ttrpg is writing" in caught.value.hint
        with second.transaction():
            pass


def test_a_busy_database_is_waited_for(used: Path, core: SchemaSet):
    patient = (
        "import sys\nfrom ttrpg_core.app import App\nstore = App().store\n"
        "print('open', flush=True)\nsys.stdin.readline()\nprint('asks', flush=True)\n"
        "with store.transaction(): print('had its turn')\n"
    )
    with contextlib.closing(Store(used, [core])) as first:
        other = subprocess.Popen(
            [sys.executable, "-c", patient],
            env={**os.environ, "TTRPG_DISABLE": "*"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout.readline() == "open\n"
        with first.transaction() as connection:
            connection.execute("DELETE FROM chosen")
            other.stdin.write("go\n")
            other.stdin.flush()
            assert other.stdout.readline() == "asks\n"
            with pytest.raises(subprocess.TimeoutExpired):
                other.wait(timeout=0.3)
        out, _ = other.communicate(timeout=60)
    assert out == "had its turn\n"
    assert other.returncode == 0


def test_writing_goes_on_where_the_file_system_has_no_wal(path: Path, core: SchemaSet):
    """An in-memory database answers every wish for WAL with its own mode, as such disks do."""
    store = Store(path, [core])
    store.connection.close()
    store.connection = sqlite3.connect(":memory:", isolation_level=None)
    store.busy_seconds = 10_000  # a loop that waits for WAL would end in the test's time limit
    store._use_wal()
    assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "memory"
    store.close()


# What is not a database.


@pytest.mark.parametrize("content", [b"This is a shopping list.\n" * 400, b"x" * 100])
def test_a_file_that_is_no_database_is_damage_and_untouched(path, core, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreDamaged) as caught:
        Store(path, [core])
    assert caught.value.code == 7
    assert "not a database" in caught.value.message
    assert str(path.parent / "backups") in caught.value.hint
    assert path.read_bytes() == content


def test_a_truncated_database_is_damage(used: Path, core: SchemaSet):
    whole = used.read_bytes()
    used.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreDamaged) as caught:
        Store(used, [core])
    assert caught.value.code == 7
    assert used.stat().st_size == len(whole) // 2


def test_a_page_of_noise_is_found_by_backup_and_makes_none(used: Path, core: SchemaSet):
    with contextlib.closing(Store(used, [core])) as store:
        with store.transaction() as connection:
            connection.executemany(
                "INSERT INTO chosen VALUES (?, ?)", [(f"k{n}", "v" * 500) for n in range(200)]
            )
        good = store.backup()
    data = bytearray(used.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(range(256)) * 16
    used.write_bytes(data)
    with contextlib.closing(Store(used, [core])) as store, pytest.raises(StoreDamaged):
        store.backup()
    assert list(good.parent.iterdir()) == [good]


def test_home_is_a_file(tmp_path: Path, core: SchemaSet):
    home = tmp_path / "home"
    home.write_text("mine")
    for wanted in (home / "ttrpg.db", home / "below" / "ttrpg.db"):
        with pytest.raises(StoreError) as caught:
            Store(wanted, [core])
        assert "there is a file of that name" in caught.value.message
        assert "TTRPG_HOME" in caught.value.hint
    assert home.read_text() == "mine"


def test_the_database_is_a_folder(path: Path, core: SchemaSet):
    path.mkdir(parents=True)
    with pytest.raises(StoreError) as caught:
        Store(path, [core])
    assert "TTRPG_HOME" in caught.value.hint


def test_a_failed_opening_leaves_nothing_open(path: Path, core: SchemaSet):
    path.parent.mkdir()
    path.write_text("no database at all, but some words that are longer than a header" * 20)
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for _ in range(5):
        with pytest.raises(StoreDamaged):
            Store(path, [core])
    if before:
        assert len(list(Path("/proc/self/fd").iterdir())) == before


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
        "print(len(fingerprint([SchemaSet('x', 'sulky.schema:tables', list)])))"
    )
    assert python(code, path=package.parent).stdout == "64\n"


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
    assert dump(copy) == before
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert verify(connection) == []
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_a_plugin_that_fails_each_time_does_not_push_good_backups_out(used, core):
    schemas = [core, third("bad", fails)]
    for _ in range(4):
        Store(used, schemas, keep=2).close()
    assert len(list((used.parent / "backups").iterdir())) == 1


def test_backups_are_pruned_to_keep_and_nothing_else_is_touched(used, core):
    folder = used.parent / "backups"
    folder.mkdir()
    mine = folder / "ttrpg-mine.db"
    mine.write_text("a file of the user's")
    with contextlib.closing(Store(used, [core], keep=3)) as store:
        made = [store.backup(f"n/{number}") for number in range(5)]
    assert sorted(folder.glob("ttrpg-2*")) == made[2:]
    assert mine.exists()
    assert {path.parent for path in made} == {folder}


def test_a_backup_holds_what_is_committed_while_another_writes(used, core):
    with contextlib.closing(Store(used, [core])) as writer:
        with contextlib.closing(Store(used, [core])) as reader, writer.transaction() as connection:
            connection.execute("UPDATE chosen SET value = 'uncommitted'")
            copy = reader.backup()
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT value FROM chosen").fetchone()[0] == "keep"


def test_rows_that_point_at_nothing_are_told_but_can_be_backed_up(used, core):
    with contextlib.closing(Store(used, [core])) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute(
            "INSERT INTO journal (at, actor, kind, prose, facts, target)"
            " VALUES ('', '', '', '', '{}', 99)"
        )
        assert verify(store.connection) == ["a row of journal points at nothing in journal"]
        assert store.backup().exists()


def test_a_home_with_signs_that_mean_something_in_a_uri(tmp_path, core):
    home = tmp_path / "50% of #1?"
    with contextlib.closing(Store(home / "ttrpg.db", [core])) as store:
        assert store.backup().exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["50% of #1?"]


# Transactions.


def rows(store: Store) -> dict[str, str]:
    return dict(store.connection.execute("SELECT key, value FROM chosen").fetchall())


def put(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("INSERT INTO chosen VALUES (?, 'x')", [key])


def test_transactions_nest(store: Store):
    with store.transaction() as outer:
        put(outer, "a")
        with pytest.raises(ZeroDivisionError), store.transaction() as inner:
            put(inner, "b")
            with store.transaction() as innermost:
                put(innermost, "c")
            raise ZeroDivisionError
        with store.transaction() as inner:
            put(inner, "d")
    assert set(rows(store)) == {"a", "d"}
    assert not store.connection.in_transaction


def test_an_error_outside_takes_the_inner_back_too(store: Store):
    with pytest.raises(ZeroDivisionError), store.transaction() as outer:
        put(outer, "a")
        with store.transaction() as inner:
            put(inner, "b")
        raise ZeroDivisionError
    assert rows(store) == {}
    assert not store.connection.in_transaction


def test_ctrl_c_inside_takes_it_back(store: Store):
    with pytest.raises(KeyboardInterrupt), store.transaction() as connection:
        put(connection, "a")
        raise KeyboardInterrupt
    assert rows(store) == {}


def test_what_the_database_refuses_has_a_hint(store: Store):
    with pytest.raises(StoreError) as caught, store.transaction() as connection:
        put(connection, "a")
        put(connection, "a")
    assert "nothing was changed" in caught.value.hint
    assert rows(store) == {}


def test_the_sqlite_utils_view_is_the_same_connection(store: Store):
    with store.transaction() as connection:
        put(connection, "a")
        assert store.db["chosen"].count == 1


@pytest.mark.parametrize(
    ("code", "kind", "hint"),
    [
        (sqlite3.SQLITE_CORRUPT, StoreDamaged, "doctor"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreDamaged, "doctor"),
        (sqlite3.SQLITE_FULL, StoreError, "full"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreError, "read-only"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreError, "full"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreError, "Another ttrpg"),
        (sqlite3.SQLITE_CANTOPEN, StoreError, "TTRPG_HOME"),
    ],
)
def test_every_sqlite_error_says_what_to_do(tmp_path, code, kind, hint):
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    told = explain(error, tmp_path / "ttrpg.db")
    assert type(told) is kind
    assert hint in told.hint


# Disks.


@contextlib.contextmanager
def small_disk(folder: Path, size: str):
    """A disk of its own, so that filling it or write-protecting it harms nobody."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_changes_nothing_and_says_so(tmp_path: Path, core: SchemaSet):
    with small_disk(tmp_path / "disk", "1m") as disk:
        path = disk / "ttrpg.db"
        with contextlib.closing(Store(path, [core])) as store:
            store.connection.execute("INSERT INTO chosen VALUES ('campaign', 'keep')")
            with pytest.raises(StoreError) as caught, store.transaction() as connection:
                for number in range(1000):
                    connection.execute("INSERT INTO chosen VALUES (?, ?)", [number, "x" * 10_000])
            assert "full" in caught.value.hint
            assert caught.value.code == 1
            assert rows(store) == {"campaign": "keep"}
            assert verify(store.connection) == []
            with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:
                while filler.write(b"x" * 4096):
                    pass
            with pytest.raises(StoreError) as caught:
                store.backup()
            assert "full" in caught.value.hint
            assert list((disk / "backups").iterdir()) == [], "no half of a copy stays"
            (disk / "filler").unlink()
            assert rows(store) == {"campaign": "keep"}


def test_a_disk_too_small_for_a_database(tmp_path: Path, core: SchemaSet):
    with small_disk(tmp_path / "disk", "16k") as disk:
        with pytest.raises(StoreError) as caught:
            Store(disk / "ttrpg.db", [core])
        assert "full" in caught.value.hint


def test_a_read_only_disk(tmp_path: Path, core: SchemaSet):
    with small_disk(tmp_path / "disk", "2m") as disk:
        path = disk / "ttrpg.db"
        Store(path, [core]).close()
        before = path.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreError) as caught:  # noqa: PT012 - it may say so at either
            with contextlib.closing(Store(path, [core])) as store, store.transaction() as connection:
                put(connection, "a")
        assert "TTRPG_HOME" in caught.value.hint
        with pytest.raises(StoreError) as caught:
            Store(disk / "new" / "ttrpg.db", [core])
        assert "TTRPG_HOME" in caught.value.hint
        assert path.read_bytes() == before


def test_a_read_only_folder(tmp_path: Path, core: SchemaSet):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere; the read-only disk tests the same")
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    with pytest.raises(StoreError) as caught:
        Store(folder / "ttrpg.db", [core])
    assert "TTRPG_HOME" in caught.value.hint
