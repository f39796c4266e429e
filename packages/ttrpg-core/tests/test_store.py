"""The database: opened by many at once, by none, and what is written together."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ttrpg_core.copies import Copies
from ttrpg_core.errors import StoreDamaged, StoreError
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.store_errors import explain

OPEN = """
import os, sys
from ttrpg_core.app import App
for home in sys.argv[1:]:
    app = App(environ={**os.environ, "TTRPG_HOME": home})
    app.schemas()
    print("ready", flush=True)
    sys.stdin.readline()
    store = app.store
    for count, table in ((0, "journal"), (1, "store")):
        found = store.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        assert found == count, (table, found)
    app.close()
    print("opened", flush=True)
"""


# Opening.


@pytest.mark.long
def test_twelve_processes_open_a_new_database_at_once(home: Path):
    homes = [str(home / str(number)) for number in range(3)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, *homes],
            env={**os.environ, "TTRPG_DISABLE": "*"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(12)
    ]
    for each in homes:
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:  # all have imported what they need: now they collide
            racer.stdin.write("go\n")
            racer.stdin.flush()
        for racer in racers:
            assert racer.stdout.readline() == "opened\n", racer.communicate(timeout=120)
        assert not (Path(each) / "backups").exists(), "nothing was there to back up"
    for racer in racers:
        out, err = racer.communicate(timeout=120)
        assert (racer.returncode, out) == (0, ""), err


def test_the_second_opening_imports_no_migration_code(python, home: Path):
    code = (
        "import sys\nfrom ttrpg_core.app import App\napp = App()\napp.store\n"
        "print('sqlite_utils' in sys.modules, 'ttrpg_core.schema' in sys.modules)\n"
    )
    assert python(code, TTRPG_DISABLE="*").stdout == "True True\n"
    assert python(code, TTRPG_DISABLE="*").stdout == "False False\n"


def test_only_the_owner_may_read_a_new_database_and_its_copies(path: Path, core: SchemaSet):
    old = os.umask(0)
    try:
        with contextlib.closing(Store(path, [core])):
            copy = Copies(path, path.parent / "backups").create("manual")[0].path
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
    assert caught.value.hint.startswith("There is no copy of it")
    assert path.read_bytes() == content
    copy = path.parent / "backups" / "ttrpg-1.db"
    copy.parent.mkdir()
    copy.touch()
    with pytest.raises(StoreDamaged) as caught:
        Store(path, [core])
    assert "ttrpg backup restore latest" in caught.value.hint


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
        good = Copies(used, store.backups).create("manual")[0].path
    data = bytearray(used.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(range(256)) * 16
    used.write_bytes(data)
    with contextlib.closing(Store(used, [core])) as store, pytest.raises(StoreDamaged):
        Copies(used, store.backups).create("manual")
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


# Transactions.


def rows(store: Store) -> dict[str, str]:
    return dict(store.connection.execute("SELECT key, value FROM chosen").fetchall())


def put(connection: sqlite3.Connection, key: str) -> None:
    connection.execute("INSERT INTO chosen VALUES (?, 'x')", [key])


def test_transactions_nest(store: Store):
    with store.transaction() as outer:
        put(outer, "a")
        with pytest.raises(ZeroDivisionError), store.transaction() as inner:  # noqa: PT012 - the block is what is undone
            put(inner, "b")
            with store.transaction() as innermost:
                put(innermost, "c")
            raise ZeroDivisionError
        with store.transaction() as inner:
            put(inner, "d")
    assert set(rows(store)) == {"a", "d"}
    assert not store.connection.in_transaction


def test_an_error_outside_takes_the_inner_back_too(store: Store):
    with pytest.raises(ZeroDivisionError), store.transaction() as outer:  # noqa: PT012 - the block is what is undone
        put(outer, "a")
        with store.transaction() as inner:
            put(inner, "b")
        raise ZeroDivisionError
    assert rows(store) == {}
    assert not store.connection.in_transaction


def test_ctrl_c_inside_takes_it_back(store: Store):
    with pytest.raises(KeyboardInterrupt), store.transaction() as connection:  # noqa: PT012 - the block is what is undone
        put(connection, "a")
        raise KeyboardInterrupt
    assert rows(store) == {}


def test_what_the_database_refuses_has_a_hint(store: Store):
    with pytest.raises(StoreError) as caught, store.transaction() as connection:  # noqa: PT012 - the block is what is undone
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
