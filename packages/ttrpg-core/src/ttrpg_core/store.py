"""The one SQLite database: open, migrate under a lock, back up, verify.

Opening is cheap when nothing is new: a fingerprint of the installed schemas is kept in the database
and, while it holds, no migration code is imported. When it does not, every pending step of every
package runs inside one ``BEGIN IMMEDIATE``, after a backup that was checked, so any number of
processes may open a new database at once and all but one wait.
"""

import contextlib
import hashlib
import importlib.util
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ttrpg_core.errors import StoreDamaged, StoreError
from ttrpg_core.paths import make_folder

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HINTS = {
    sqlite3.SQLITE_FULL: "The disk is full: free some space and try again; nothing was changed",
    sqlite3.SQLITE_READONLY: "The folder or disk is read-only; choose another with TTRPG_HOME",
    sqlite3.SQLITE_CANTOPEN: "Check that the folder exists and may be written, or set TTRPG_HOME",
    sqlite3.SQLITE_BUSY: "Another ttrpg is writing; try again in a moment",
    sqlite3.SQLITE_LOCKED: "Another ttrpg is writing; try again in a moment",
    sqlite3.SQLITE_IOERR: "The disk did not answer as it should: is it full, or was it removed?",
}


@attrs.frozen
class SchemaSet:
    """A package's migrations: the plugin's name, its target, how to load it, and whether ours."""

    name: str
    target: str
    load: Callable[[], object]
    required: bool = True


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """What an SQLite error means for the user: StoreError, or StoreDamaged when it is unsound."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return StoreDamaged(
            f"the database {path} is damaged: {error}",
            f"Copies lie in {path.parent / 'backups'}; 'ttrpg doctor' says which are sound",
        )
    hint = _HINTS.get(code, "'ttrpg doctor' looks at the database")
    return StoreError(f"the database {path}: {error}", hint)


class Store:
    """The open database. ``connection`` is plain sqlite3 in autocommit; ``db`` is sqlite-utils."""

    def __init__(
        self,
        path: Path,
        schemas: Sequence[SchemaSet],
        *,
        backups: Path | None = None,
        keep: int = 5,
        busy_seconds: float = 30,
        note: Callable[[str, str], None] = lambda plugin, error: None,
    ) -> None:
        self.path = path
        self.schemas = list(schemas)
        self.backups = path.parent / "backups" if backups is None else backups
        self.keep = keep
        self.busy_seconds = busy_seconds
        self._note = note
        make_folder(path.parent)
        try:
            self.connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
            self._open()
        except sqlite3.Error as error:
            raise explain(error, path) from error

    def _open(self) -> None:
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA foreign_keys = ON")
        with contextlib.suppress(OSError):
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
        mark = fingerprint(self.schemas)
        if self._mark() != mark:
            self._migrate(mark)
        self._use_wal()

    @property
    def db(self) -> "Database":
        """The same connection as a sqlite-utils Database, without its plugins."""
        from sqlite_utils import Database

        return Database(self.connection, execute_plugins=False)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One atomic change; inside another it is a savepoint of that one.

        Raises StoreError for what the disk or another process does, and leaves nothing behind.
        """
        connection = self.connection
        inner = connection.in_transaction
        name = f"inner_{time.monotonic_ns()}"
        try:
            connection.execute(f"SAVEPOINT {name}" if inner else "BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute(f"RELEASE {name}" if inner else "COMMIT")
            except BaseException:
                if connection.in_transaction:
                    if inner:
                        connection.execute(f"ROLLBACK TO {name}")
                        connection.execute(f"RELEASE {name}")
                    else:
                        connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def backup(self, label: str = "manual") -> Path:
        """A verified copy of the database as last committed; the oldest beyond ``keep`` go.

        Uses SQLite's online backup, so other processes may go on. Raises StoreError, or
        StoreDamaged when the copy fails its integrity check.
        """
        make_folder(self.backups)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        target = self.backups / f"ttrpg-{stamp}-{label}.db"
        source = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)
        try:
            copy = sqlite3.connect(target)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                sound = verify(copy)
            finally:
                copy.close()
            target.chmod(0o600)
        except sqlite3.Error as error:
            target.unlink(missing_ok=True)
            raise explain(error, self.path) from error
        finally:
            source.close()
        if sound:
            target.unlink(missing_ok=True)
            raise StoreDamaged(f"the database {self.path} is damaged: {sound[0]}", "'ttrpg doctor' says more")
        copies = sorted(self.backups.glob("ttrpg-*.db"))
        for old in copies[: -self.keep]:
            old.unlink(missing_ok=True)
        return target

    def close(self) -> None:
        """Close the connection; the store cannot be used after."""
        self.connection.close()

    def _mark(self) -> str | None:
        try:
            row = self.connection.execute("SELECT value FROM store WHERE key = 'schemas'").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return None
        return str(row[0]) if row else None

    def _migrate(self, mark: str) -> None:
        """Run every pending migration in one transaction; a second process finds nothing left."""
        from sqlite_utils import Database

        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            if self._mark() != mark:
                db = Database(connection, execute_plugins=False)
                connection.execute("CREATE TABLE IF NOT EXISTS store (key TEXT PRIMARY KEY, value TEXT)")
                sets = [(schema, self._load(schema)) for schema in self.schemas]
                pending = any(loaded and loaded.pending(db) for _, loaded in sets)
                if pending and connection.execute("SELECT 1 FROM store LIMIT 1").fetchone():
                    self.backup("before-migration")
                for schema, loaded in sets:
                    if loaded is not None:
                        self._apply(db, schema, loaded)
                connection.execute("INSERT OR REPLACE INTO store VALUES ('schemas', ?)", [mark])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _load(self, schema: SchemaSet) -> "Migrations | None":
        try:
            return schema.load()  # type: ignore[return-value]
        except Exception:
            if schema.required:
                raise
            return None  # already a Problem of its plugin

    def _apply(self, db: "Database", schema: SchemaSet, loaded: "Migrations") -> None:
        known = {step.name for step in loaded._migrations}  # noqa: SLF001 - no public name for it
        newer = [done.name for done in loaded.applied(db) if done.name not in known]
        if newer and schema.required:
            raise StoreError(
                f"the database {self.path} was written by a newer {schema.name} ({newer[-1]})",
                f"Upgrade {schema.name}, or go back to a copy in {self.backups}",
            )
        try:
            with db.atomic():
                loaded.apply(db)
        except sqlite3.Error as error:
            if schema.required:
                raise
            self._note(schema.name, f"its tables cannot be made: {error}")

    def _use_wal(self) -> None:
        deadline = time.monotonic() + self.busy_seconds
        while True:
            try:
                if self.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    return
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    raise
                if time.monotonic() > deadline:
                    return  # another process holds it; the next opening switches
                time.sleep(0.01)


def verify(connection: sqlite3.Connection, most: int = 20) -> list[str]:
    """What SQLite finds wrong with a database; empty when it is sound."""
    rows = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({most})")]
    rows = [] if rows == ["ok"] else rows
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(most)
    return rows + [f"a row of {row[0]} points at nothing in {row[2]}" for row in broken]


def fingerprint(schemas: Sequence[SchemaSet]) -> str:
    """A digest of the installed schemas and their files, without importing them.

    It covers each module's size and time of change, so an edited or upgraded package is looked at
    again; looking again when nothing is pending is harmless.
    """
    digest = hashlib.sha256()
    for schema in schemas:
        digest.update(f"{schema.name}={schema.target};".encode())
        with contextlib.suppress(ImportError, ValueError, OSError):
            spec = importlib.util.find_spec(schema.target.partition(":")[0])
            if spec is not None and spec.origin is not None:
                status = Path(spec.origin).stat()
                digest.update(f"{status.st_size},{status.st_mtime_ns};".encode())
    return digest.hexdigest()
