"""Disks that are full, too small or may not be written."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ttrpg_core.backups import Backups
from ttrpg_core.copies import Copies
from ttrpg_core.errors import StoreError
from ttrpg_core.paths import Paths
from ttrpg_core.settings_tables import Settings
from ttrpg_core.store import SchemaSet, Store, verify


def rows(store: Store) -> dict[str, str]:
    return dict(store.connection.execute("SELECT key, value FROM chosen").fetchall())


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
            with pytest.raises(StoreError) as caught, store.transaction() as connection:  # noqa: PT012 - the block is what is undone
                for number in range(1000):
                    connection.execute("INSERT INTO chosen VALUES (?, ?)", [number, "x" * 10_000])
            assert "full" in caught.value.hint
            assert caught.value.code == 1
            assert rows(store) == {"campaign": "keep"}
            assert verify(store.connection) == []
            with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:  # noqa: PT012 - the block is what is undone
                while filler.write(b"x" * 4096):
                    pass
            with pytest.raises(StoreError) as caught:
                Copies(path, disk / "backups").create("manual")
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
        with (
            pytest.raises(StoreError) as caught,
            contextlib.closing(Store(path, [core])) as store,
            store.transaction() as connection,
        ):
            connection.execute("INSERT INTO chosen VALUES ('a', 'x')")
        assert "TTRPG_HOME" in caught.value.hint
        with pytest.raises(StoreError) as caught:
            Store(disk / "new" / "ttrpg.db", [core])
        assert "TTRPG_HOME" in caught.value.hint
        assert path.read_bytes() == before


def test_what_is_on_a_read_only_disk_can_be_read(tmp_path: Path, core: SchemaSet):
    with small_disk(tmp_path / "disk", "4m") as disk:
        path = disk / "ttrpg.db"
        with contextlib.closing(Store(path, [core])) as store:
            assert not store.read_only
            store.connection.execute("INSERT INTO chosen VALUES ('a', 'x')")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with contextlib.closing(Store(path, [core])) as store:
            assert store.read_only
            assert tuple(store.connection.execute("SELECT * FROM chosen").fetchone()) == ("a", "x")
        newer = SchemaSet("newer", "newer.schema:tables", list)
        with pytest.raises(StoreError, match="brought up to date") as caught:
            Store(path, [core, newer])
        assert "TTRPG_HOME" in caught.value.hint


def test_what_another_process_left_unmerged_is_read_too(tmp_path: Path, core: SchemaSet):
    with small_disk(tmp_path / "disk", "4m") as disk:
        path = disk / "ttrpg.db"
        Store(path, [core]).close()
        killed = (
            "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute(\"INSERT INTO chosen VALUES ('a', 'x')\"); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", killed, str(path)], check=True)
        assert path.with_name("ttrpg.db-wal").stat().st_size
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with contextlib.closing(Store(path, [core])) as store:
            assert store.read_only
            assert store.connection.execute("SELECT COUNT(*) FROM chosen").fetchone()[0] == 1


def test_a_read_only_folder(tmp_path: Path, core: SchemaSet):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere; the read-only disk tests the same")
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    with pytest.raises(StoreError) as caught:
        Store(folder / "ttrpg.db", [core])
    assert "TTRPG_HOME" in caught.value.hint


def test_a_disk_without_room_for_a_restore(tmp_path: Path, core: SchemaSet, stopped):
    with small_disk(tmp_path / "disk", "2m") as disk:
        paths = Paths.of({"TTRPG_HOME": str(disk)})
        backups = Backups(paths, Settings(), lambda: [core], stopped)
        with contextlib.closing(Store(paths.database, [core])) as store:
            copy, _ = backups.copies.create("manual")
            store.connection.execute("INSERT INTO chosen VALUES ('a', 'now')")
        with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:  # noqa: PT012 - the block is what is undone
            while filler.write(b"x" * 4096):
                pass
        listed = sorted(disk.rglob("*"))
        with pytest.raises(StoreError) as caught:
            backups.restore(copy.path)
        assert "full" in caught.value.hint
        assert sorted(disk.rglob("*")) == listed, "no half of it stays"
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreError, match="Read-only") as caught:
            backups.restore(copy.path)
        assert "permissions" in caught.value.hint
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        (disk / "filler").unlink()
        with contextlib.closing(Store(paths.database, [core])) as store:
            assert rows(store) == {"a": "now"}
        backups.restore(copy.path)
        with contextlib.closing(Store(paths.database, [core])) as store:
            assert rows(store) == {}
