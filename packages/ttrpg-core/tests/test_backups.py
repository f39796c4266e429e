"""Backups of a home: put back whole or not at all, of the day, and told in the audit."""

import contextlib
import hashlib
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from ttrpg_core import copies
from ttrpg_core.app import App
from ttrpg_core.audit import Audit
from ttrpg_core.backups import DAILY, Backups
from ttrpg_core.errors import Busy, InputError, NotFound, StoreDamaged, StoreError
from ttrpg_core.paths import Paths
from ttrpg_core.settings_tables import AuditSettings, BackupSettings, Settings
from ttrpg_core.store import SchemaSet, Store, verify
from ttrpg_core.testing import RecordingScreen

OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.argv[2:]:
    connection.execute(line).fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def backups(used: Path, core: SchemaSet, stopped) -> Backups:
    return Backups(Paths.of(), Settings(), lambda: [core], stopped)


@pytest.fixture
def opened_store(used, core):
    """The store, closed again behind each use: ``with opened_store() as store``."""
    return lambda: contextlib.closing(Store(used, [core]))


def create(backups: Backups, opened_store, note: str = ""):
    with opened_store() as store:
        audit = Audit(store, backups.copies.clock, AuditSettings())
        return backups.create(audit, note=note)[0]


def chosen(path: Path) -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT key, value FROM chosen"))


def write(path: Path, value: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chosen SET value = ?", [value])


def files(folder: Path) -> dict[str, str]:
    """Everything there is, but for what SQLite may remove when nobody needs it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@contextlib.contextmanager
def another_process(path: Path, *lines: str):
    begun = subprocess.Popen(
        [sys.executable, "-c", OPEN, path, *lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert begun.stdout.readline() == b"open\n"
        yield begun
    finally:
        begun.kill()
        begun.communicate()


def test_what_was_is_again_and_what_was_there_is_kept(backups, used, opened_store):
    copy = create(backups, opened_store)
    write(used, "changed")
    done = backups.restore(copy.path)
    assert chosen(used) == {"campaign": "keep"}
    assert chosen(done.kept) == {"campaign": "changed"}
    assert done.manifest.rows > 0
    with opened_store() as store:
        assert verify(store.connection) == []
        event = Audit(store, backups.copies.clock, AuditSettings()).events(limit=1)[0]
        assert (event.kind, event.severity) == ("backup.restored", "warning")
        assert event.facts == {"backup": copy.path.name, "before": done.kept.name}
        assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        tables = {row[0] for row in store.connection.execute("SELECT name FROM sqlite_schema")}
        assert "backup_manifest" not in tables
    assert chosen(backups.restore(done.kept).kept) == {"campaign": "keep"}
    assert chosen(used) == {"campaign": "changed"}
    assert not list(used.parent.glob(".*.part*"))


def test_an_id_is_never_given_twice(backups, used, opened_store):
    def next_number() -> int:
        with opened_store() as store, store.transaction() as connection:
            return connection.execute(
                "INSERT INTO journal (at, actor, kind, prose, facts) VALUES ('','','','','{}')"
            ).lastrowid

    copy = create(backups, opened_store)
    last = [next_number() for _ in range(3)][-1]
    backups.restore(copy.path)
    assert next_number() == last + 1


def test_into_a_home_that_is_empty(backups, used, opened_store, core, stopped, tmp_path):
    copy = create(backups, opened_store)
    other = Paths.of({"TTRPG_HOME": str(tmp_path / "other")})
    done = Backups(other, Settings(), lambda: [core], stopped).restore(copy.path)
    assert done.kept is None
    assert chosen(other.database) == {"campaign": "keep"}


@pytest.mark.parametrize(
    "lines",
    [
        ["SELECT * FROM chosen"],
        ["BEGIN", "SELECT * FROM chosen"],
        ["BEGIN IMMEDIATE", "UPDATE chosen SET value = 'theirs'"],
    ],
)
def test_refused_while_another_process_has_it_open(backups, used, opened_store, lines):
    copy = create(backups, opened_store)
    write(used, "changed")
    with another_process(used, *lines):
        before = files(used.parent)
        with pytest.raises(Busy) as caught:
            backups.restore(copy.path)
        assert "another process has the database" in caught.value.message
        assert files(used.parent) == before
    backups.restore(copy.path)
    assert chosen(used) == {"campaign": "keep"}


def test_one_that_opens_it_in_the_middle_is_told_or_waits(backups, used, opened_store, monkeypatch):
    copy = create(backups, opened_store)
    real, seen = copies.making._made, []

    def slow(*arguments):
        made = real(*arguments)
        seen.append(stack.enter_context(another_process(used, "SELECT * FROM chosen")))
        return made

    monkeypatch.setattr(copies.making, "_made", slow)
    with contextlib.ExitStack() as stack, pytest.raises(Busy):
        backups.restore(copy.path)
    assert seen
    assert not list(used.parent.glob(".*.part*"))


def test_nobody_gets_in_between_the_lock_and_the_new_name(backups, used, opened_store):
    with copies.alone(used):
        done = subprocess.run(
            [sys.executable, "-c", OPEN.replace("(sys.argv[1],", "(sys.argv[1], timeout=0,"), used,
             "SELECT * FROM chosen"],
            stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True,
        )  # fmt: skip
    assert "database is locked" in done.stderr


def test_a_store_that_waited_for_a_restore_opens_the_new_file(used, core, monkeypatch):
    new = used.with_name("new.db")
    shutil.copy(used, new)
    write(new, "restored")
    real = Store._open

    def swapped(store):
        real(store)
        if new.exists():
            new.replace(used)

    monkeypatch.setattr(Store, "_open", swapped)
    with contextlib.closing(Store(used, [core])) as store:
        assert store.connection.execute("SELECT value FROM chosen").fetchone()[0] == "restored"


def test_a_disk_that_numbers_a_file_anew_at_each_look_can_be_used(used, core, monkeypatch):
    looks = iter(range(100))
    monkeypatch.setattr("ttrpg_core.store.identity", lambda path: (0, next(looks)))
    with contextlib.closing(Store(used, [core])) as store:
        assert store.connection.execute("SELECT value FROM chosen").fetchone()[0] == "keep"


def test_what_a_killed_process_left_unmerged_is_kept(backups, used, opened_store):
    copy = create(backups, opened_store)
    with another_process(used, "UPDATE chosen SET value = 'unmerged'"):
        pass
    assert used.with_name("ttrpg.db-wal").stat().st_size
    done = backups.restore(copy.path)
    assert chosen(done.kept) == {"campaign": "unmerged"}
    assert chosen(used) == {"campaign": "keep"}
    assert [path.name for path in used.parent.glob("ttrpg.db*")] == ["ttrpg.db"]


@pytest.mark.parametrize("harm", ["noise", "half", "nothing", "page"])
def test_a_damaged_database_is_replaced_and_kept_as_it_is(backups, used, opened_store, harm):
    copy = create(backups, opened_store)
    whole = used.read_bytes()
    harmed = {
        "noise": b"no database" * 1000,
        "half": whole[: len(whole) // 2],
        "nothing": b"",
        "page": whole[:4096] + bytes(range(256)) * 16 + whole[8192:],
    }[harm]
    used.write_bytes(harmed)
    used.with_name("ttrpg.db-wal").write_bytes(b"of it")
    done = backups.restore(copy.path)
    assert chosen(used) == {"campaign": "keep"}
    with opened_store() as store:
        assert verify(store.connection) == []
    if harm != "nothing":
        assert done.kept.read_bytes()[4096:] == harmed[4096:], "but for what WAL says in its head"


def test_a_disk_without_second_names(backups, used, opened_store, monkeypatch):
    def refuse(self, target):
        raise OSError(1, "Operation not permitted")

    copy = create(backups, opened_store)
    write(used, "changed")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert chosen(backups.restore(copy.path).kept) == {"campaign": "changed"}
    assert chosen(used) == {"campaign": "keep"}


def test_a_link_stays_and_so_does_who_may_read(backups, used, core, stopped, opened_store):
    copy = create(backups, opened_store)
    write(used, "changed")
    used.chmod(0o640)
    behind = used.parent / "elsewhere"
    behind.mkdir()
    used.rename(behind / "ttrpg.db")
    used.symlink_to(behind / "ttrpg.db")
    Backups(Paths.of(), Settings(), lambda: [core], stopped).restore(copy.path)
    assert used.is_symlink()
    assert chosen(used) == {"campaign": "keep"}
    assert stat.S_IMODE(used.stat().st_mode) == 0o640


def foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


def changed(path: Path) -> None:
    write(path, "smuggled in")


HARMS = {
    "empty": (lambda path: path.write_bytes(b""), StoreDamaged, "empty"),
    "text": (lambda path: path.write_text("words\n" * 900), StoreDamaged, "not a database"),
    "half": (
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        StoreDamaged,
        "malformed",
    ),
    "tail": (
        lambda path: path.write_bytes(path.read_bytes()[:-4096]), StoreDamaged, "malformed"
    ),
    "changed": (changed, StoreDamaged, "chosen has other content"),
    "foreign": (lambda path: (path.unlink(), foreign(path)), InputError, "another program"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_no_whole_backup_of_ours_is_refused(backups, used, opened_store, harm):
    copy = create(backups, opened_store)
    write(used, "now")
    do, error, told = HARMS[harm]
    do(copy.path)
    before = files(used.parent)
    with pytest.raises(error, match=told) as caught:
        backups.restore(copy.path)
    assert caught.value.code == (7 if error is StoreDamaged else 2)
    assert files(used.parent) == before
    assert chosen(used) == {"campaign": "now"}


def table(name):
    def step(db):
        db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)")

    step.__name__ = name
    return step


def more(*names) -> SchemaSet:
    from sqlite_utils.migrations import Migrations

    steps = Migrations("ttrpg-more")
    for name in names:
        steps()(table(name))
    return SchemaSet("ttrpg-more", "json:more", lambda: steps)


def test_one_of_a_newer_version_is_refused(used, core, stopped):
    old = Backups(Paths.of(), Settings(), lambda: [core, more("one")], stopped)
    with contextlib.closing(Store(used, [core, more("one", "two")])) as store:
        copy, _ = old.create(Audit(store, stopped, AuditSettings()))
    before = files(used.parent)
    with pytest.raises(StoreError, match=r"newer ttrpg-more \(two\)") as caught:
        old.restore(copy.path)
    assert "upgrade" in caught.value.hint
    assert files(used.parent) == before


def test_one_of_an_older_version_is_brought_up_to_date(used, core, stopped, opened_store, backups):
    copy = create(backups, opened_store)
    new = Backups(Paths.of(), Settings(), lambda: [core, more("one")], stopped)
    new.restore(copy.path)
    with contextlib.closing(sqlite3.connect(used)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM one").fetchone()[0] == 0
    kinds = {each.kind for each in new.copies.all()}
    assert kinds == {"manual", "before-restore"}, "the backup is the copy before the migration"


def test_a_copy_without_a_manifest_can_be_put_back(backups, used, opened_store):
    bare = used.parent / "bare.db"
    with contextlib.closing(sqlite3.connect(used)) as source:
        source.execute("VACUUM INTO ?", [str(bare)])
    write(used, "changed")
    assert backups.check(bare).manifest is None
    with pytest.raises(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(bare)) as c:
        c.execute("SELECT * FROM backup_manifest")
    backups.restore(bare)
    assert chosen(used) == {"campaign": "keep"}


def test_a_backup_is_meant_by_name_or_by_file(backups, used, opened_store, monkeypatch):
    copy = create(backups, opened_store)
    monkeypatch.chdir(used.parent)
    shutil.copy(copy.path, "mine.db")
    assert backups.source("2026") == copy.path
    assert backups.source("mine.db").name == "mine.db"
    assert backups.source(str(copy.path)) == copy.path
    with pytest.raises(NotFound):
        backups.source("no.db")


# The backup of the day.


@pytest.fixture
def app(used, core, stopped, monkeypatch):
    app = App(clock=stopped, screen=RecordingScreen())
    monkeypatch.setattr(app, "schemas", lambda: [core])
    yield app
    app.close()


def change(app: App, value: str) -> None:
    fresh = App(clock=app.clock, screen=app.screen, environ=app.environ)
    fresh.schemas = app.schemas
    with contextlib.closing(fresh), fresh.journal.change("test.put") as made:
        made.put("chosen", {"key": "campaign", "value": value})


def days(app: App) -> list[dict[str, str]]:
    return [chosen(each.path) for each in app.backups.copies.all() if each.kind == DAILY]


def test_before_the_first_change_of_a_day_what_the_last_one_left_is_kept(app, stopped):
    change(app, "one")
    change(app, "two")
    assert days(app) == [], "nothing was there of an earlier day"
    stopped.move(days=1)
    app.store.connection.execute("SELECT * FROM chosen").fetchall()
    assert days(app) == [], "reading makes none"
    change(app, "three")
    change(app, "four")
    assert days(app) == [{"campaign": "two"}]
    stopped.move(days=3)
    app.journal.undo()
    assert days(app) == [{"campaign": "four"}, {"campaign": "two"}]
    kinds = [each.kind for each in app.audit.events(kind="backup")]
    assert kinds == ["backup.created"] * 2


def test_a_program_that_runs_for_days_makes_one_of_each(app, stopped):
    for value in ("one", "two", "three"):
        for _ in range(2):
            with app.journal.change("test.put") as made:
                made.put("chosen", {"key": "campaign", "value": value})
        stopped.move(days=1)
    assert days(app) == [{"campaign": "two"}, {"campaign": "one"}]


def test_the_settings_may_want_none(app, stopped, monkeypatch):
    change(app, "one")
    stopped.move(days=1)
    monkeypatch.setenv("TTRPG_BACKUP_DAILY", "false")
    change(app, "two")
    assert days(app) == []


def test_a_day_that_cannot_be_kept_stops_no_change(app, stopped, used):
    change(app, "one")
    stopped.move(days=1)
    (used.parent / "backups").write_text("a file")
    change(app, "two")
    assert chosen(used) == {"campaign": "two"}
    assert "Today's backup was not made" in str(app.screen.said)


def test_a_large_one_is_announced(app, stopped, monkeypatch):
    change(app, "one")
    stopped.move(days=1)
    monkeypatch.setattr("ttrpg_core.backups.SLOW", 1000)
    change(app, "two")
    assert "Making the backup of the day" in str(app.screen.said)


def test_old_days_go_by_the_settings(used, core, stopped):
    rules = attrs.evolve(
        Settings(), backup=BackupSettings(keep_days=2, keep_weeks=0, keep_months=0)
    )
    backups = Backups(Paths.of(), rules, lambda: [core], stopped)
    with contextlib.closing(Store(used, [core])) as store:
        audit = Audit(store, stopped, AuditSettings())
        asked, _ = backups.create(audit)
        for _ in range(4):
            stopped.move(days=1)
            backups.create(audit, DAILY)
        assert [each.at.day for each in backups.copies.all()] == [6, 5, 2]
        assert asked in backups.copies.all()
        assert backups.prune(audit, [asked]) == [asked]
        kinds = {each.kind for each in audit.events(kind="backup")}
    assert kinds == {"backup.created", "backup.removed"}


def test_no_key_is_in_a_backup(app, used):
    secret = "sk-ant-not-for-anybody"
    app.secrets.set("anthropic", secret)
    change(app, "one")
    copy, _ = app.backups.create(app.audit)
    assert secret.encode() not in copy.path.read_bytes()


def test_a_note_is_one_text(app):
    with pytest.raises(InputError):
        app.backups.create(app.audit, note="x" * 1000)
