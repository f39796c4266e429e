"""Where things live, and files that are replaced whole or not at all."""

import os
import stat
import threading
from pathlib import Path

import pytest

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import Paths, make_folder, write_atomically


def test_everything_is_under_ttrpg_home(tmp_path):
    paths = Paths.of({"TTRPG_HOME": str(tmp_path / "all")})
    for path in (paths.config, paths.keys, paths.database, paths.backups, paths.indexes):
        assert path.parent == tmp_path / "all"
    assert paths.state_dir == tmp_path / "all" / "state"
    assert not (tmp_path / "all").exists(), "asking makes nothing"


def test_ttrpg_home_may_be_relative_or_of_the_users_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Paths.of({"TTRPG_HOME": "here"}).data_dir == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Paths.of({"TTRPG_HOME": "~/there"}).data_dir == tmp_path / "there"


def test_a_home_of_nobody_is_said(tmp_path):
    with pytest.raises(StoreError) as caught:
        Paths.of({"TTRPG_HOME": "~no-such-user-here/ttrpg"})
    assert "TTRPG_HOME" in caught.value.message


def test_without_it_the_platforms_own_folders(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = Paths.of({})
    assert len({paths.config_dir, paths.data_dir, paths.state_dir}) > 1
    for path in (paths.config_dir, paths.data_dir, paths.state_dir):
        assert path.is_relative_to(tmp_path)
        assert path.name == "ttrpg"


def test_no_home_at_all_is_an_error_and_no_folder_called_tilde(python, tmp_path):
    """A container may run as a user without a home and without an entry among the users."""
    code = (
        "import os\nos.environ.pop('HOME', None)\nos.environ.pop('TTRPG_HOME', None)\n"
        "import pwd\ndef nobody(*a): raise KeyError\npwd.getpwuid = nobody\n"
        "from ttrpg_core.paths import Paths\nfrom ttrpg_core.errors import StoreError\n"
        "try: print(Paths.of())\nexcept StoreError as e: print(e.message, '|', e.hint)\n"
    )
    clean = {name: "" for name in os.environ if name.startswith("XDG_")}
    out = python(code, **clean).stdout
    assert out.startswith("there is no home folder")
    assert "TTRPG_HOME" in out
    assert not (tmp_path / "~").exists()


def test_folders_are_made_for_the_owner_alone(tmp_path):
    made = make_folder(tmp_path / "a")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o750)
    assert stat.S_IMODE(make_folder(made).stat().st_mode) == 0o750, "a choice is kept"


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "f").write_text("")
    for path in (tmp_path / "f", tmp_path / "f" / "g"):
        with pytest.raises(StoreError, match="there is a file of that name"):
            make_folder(path)


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_replaced_with_its_mode_whatever_the_umask(tmp_path, mode):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o666)
    for umask in (0, 0o777):
        old = os.umask(umask)
        try:
            write_atomically(path, "näw\n", mode)
        finally:
            os.umask(old)
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text("utf-8") == "näw\n"


def test_at_no_time_may_others_read_it(tmp_path, monkeypatch):
    seen = []
    sync = os.fsync

    def watch(handle):
        seen.extend(stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir())
        sync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    write_atomically(tmp_path / "x", "secret")
    assert seen == [0o600]


@pytest.mark.parametrize("content", ["fine", "\ud800 cannot be written"])
def test_a_failure_leaves_the_old_file_and_no_neighbour(tmp_path, monkeypatch, content):
    path = tmp_path / "x"
    path.write_text("old")
    if content == "fine":
        monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O")))
    with pytest.raises((StoreError, UnicodeEncodeError)):
        write_atomically(path, content)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_where_it_cannot_be_written(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError) as caught:
        write_atomically(tmp_path / "folder", "x")
    assert "unchanged" in caught.value.hint
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(StoreError):
        write_atomically(loop, "x")


def test_readers_see_the_old_or_the_new_and_never_a_part(tmp_path):
    path = tmp_path / "x"
    versions = {str(n) * 50_000 for n in range(2)}
    write_atomically(path, min(versions))
    done = threading.Event()
    seen = set()

    def watch():
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=watch)
    reader.start()
    for _ in range(30):
        for version in versions:
            write_atomically(path, version)
    done.set()
    reader.join()
    assert seen <= versions
    assert seen
