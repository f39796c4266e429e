"""Where things live, and files that are replaced whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ttrpg_core import text
from ttrpg_core.errors import InputError, NotFound, StoreError
from ttrpg_core.paths import Paths, locked, make_folder, write_atomically
from ttrpg_core.secrets import Secrets
from ttrpg_core.settings import Config


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


# Locks.


@pytest.fixture
def begin(home, tmp_path):
    """Starts a fresh Python that has said ``ready`` and goes on when its stdin ends."""
    running = []

    def start(code, *args):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *args],
            env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


READY = "print('ready', flush=True)\nsys.stdin.read()\n"
SET_KEY = (
    "import sys, keyring, tomlkit\nfrom ttrpg_core.secrets import Secrets\n"
    f"from ttrpg_core.paths import Paths\ns = Secrets(Paths.of())\n{READY}"
    "s.set(sys.argv[1], 'value')\n"
)
SET_SETTING = (
    "import sys, tomlkit\nfrom ttrpg_core.settings import Config\n"
    f"from ttrpg_core.paths import Paths\nc = Config(Paths.of())\n{READY}"
    "c.set(sys.argv[1], sys.argv[2])\n"
)
HOLD = (
    "import sys\nfrom pathlib import Path\nfrom ttrpg_core.paths import locked\n"
    "with locked(Path(sys.argv[1])):\n    print('ready', flush=True)\n    sys.stdin.read()\n"
)


def all_at_once(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.close()
    assert [process.wait(120) for process in processes] == [0] * len(processes)


def test_of_keys_that_are_set_at_once_none_is_lost(begin):
    names = [f"k{number}" for number in range(12)]
    all_at_once([begin(SET_KEY, name) for name in names])
    assert [known.name for known in Secrets(Paths.of(), {}).known()] == sorted(names)


def test_of_settings_that_are_changed_at_once_none_is_lost(begin):
    wanted = {
        "general.offline": True,
        "general.pager": False,
        "store.backups": 7,
        "audit.keep_days": 8,
        "library.chunk_words": 99,
        "search.results": 9,
        "network.retries": 6,
        "network.read_seconds": 5.5,
    }
    all_at_once([begin(SET_SETTING, key, str(wanted[key]).lower()) for key in wanted])
    config = Config(Paths.of(), {})
    assert {key: config.get(key).value for key in wanted} == wanted


def test_a_lock_that_is_not_freed_is_an_error_and_one_of_the_dead_is_free(begin, tmp_path):
    path = tmp_path / "x"
    holder = begin(HOLD, str(path))
    assert holder.stdout.readline() == "ready\n"
    with pytest.raises(StoreError, match="another ttrpg") as caught, locked(path, seconds=0):
        pass
    assert caught.value.hint
    with locked(tmp_path / "y", seconds=0):
        pass  # another file is free
    holder.send_signal(signal.SIGKILL)
    holder.wait(120)
    with locked(path, seconds=0):
        pass


def test_a_lock_may_be_taken_inside_itself_and_is_held_to_the_end(tmp_path):
    path, link = tmp_path / "new" / "x", tmp_path / "link"
    link.symlink_to(path)
    said = []

    def other():
        with pytest.raises(StoreError), locked(path, seconds=0):
            pass
        said.append("held")

    with locked(path, seconds=0):
        with locked(link, seconds=0):
            pass
        thread = threading.Thread(target=other)  # which the inner end must not have let in
        thread.start()
        thread.join()
    assert said == ["held"]
    lock = path.with_name(".x.lock")
    assert list(path.parent.iterdir()) == [lock]
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_lock_is_freed_by_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "x"):
        raise ZeroDivisionError
    with locked(tmp_path / "x", seconds=0):
        pass


def test_a_lock_that_cannot_be_made(tmp_path):
    (tmp_path / ".x.lock").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("x", "loop", "loop/y"):
        with pytest.raises(StoreError) as caught, locked(tmp_path / name, seconds=0):
            pass
        assert caught.value.hint


# Where an export may be written.


@pytest.fixture
def shelf(tmp_path):
    (tmp_path / "monster-manual.pdf").write_text("x")
    return tmp_path


def test_a_new_file_may_be_written_and_one_that_is_there_only_by_force(shelf, monkeypatch):
    monkeypatch.chdir(shelf)
    assert text.writable_file("new.txt") == shelf / "new.txt"
    book = shelf / "monster-manual.pdf"
    (shelf / "link.pdf").symlink_to(book)
    for name in (book, "link.pdf"):
        with pytest.raises(InputError, match="is there already") as caught:
            text.writable_file(name)
        assert caught.value.hint == "--force replaces it"
        assert text.writable_file(name, force=True) == book


def test_only_an_ordinary_file_is_replaced(shelf):
    os.mkfifo(shelf / "pipe")
    (shelf / "zero.pdf").symlink_to("/dev/zero")
    for path in (shelf / "pipe", shelf / "zero.pdf", Path("/dev/null")):
        with pytest.raises(InputError, match="not an ordinary file"):
            text.writable_file(path, force=True)
    for folder in (shelf, ""):
        with pytest.raises(InputError, match="is a folder"):
            text.writable_file(folder, force=True)


def test_what_is_ours_is_never_replaced(shelf):
    database, backups = shelf / "ttrpg.db", shelf / "backups"
    database.write_text("")
    backups.mkdir()
    (shelf / "link").symlink_to(database)
    (shelf / "twin").hardlink_to(database)
    ours = [database, shelf / "ttrpg.db-wal", backups]
    for path in (*ours, "link", "twin", "backups/new", "x/../backups/a/b", "ttrpg.db/x"):
        with pytest.raises(InputError, match="belongs to ttrpg") as caught:
            text.writable_file(shelf / path, force=True, ours=ours)
        assert caught.value.hint
    assert text.writable_file(shelf / "ttrpg.db-2", ours=ours) == shelf / "ttrpg.db-2"


def test_a_file_in_no_folder(shelf):
    with pytest.raises(NotFound) as missing:
        text.writable_file(shelf / "no" / "such", force=True)
    assert str(shelf / "no") in missing.value.message
    with pytest.raises(InputError, match="part of its path is a file"):
        text.writable_file(shelf / "monster-manual.pdf" / "x")


@pytest.mark.parametrize("path", ["a\0b", "x" * 4097, "y" * 300, "~no-such-user-here/x", "\ud800"])
def test_where_no_file_can_be_written(path):
    with pytest.raises(InputError) as caught:
        text.writable_file(path)
    assert caught.value.hint


def test_a_ctrl_c_at_any_moment_leaves_no_neighbour(tmp_path, monkeypatch):
    made = os.open

    def interrupted(*args):
        os.close(made(*args))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "page.md", "x")
    assert list(tmp_path.iterdir()) == []
