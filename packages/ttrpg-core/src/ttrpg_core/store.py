"""The one SQLite database: open, migrate under a lock, back up, verify.

Opening is cheap when nothing is new: a fingerprint of the installed schemas is kept in the database
and, while it holds, no migration code is imported. When it does not, every pending step of every
package runs inside one ``BEGIN IMMEDIATE``, after a backup that was checked, so any number of
processes may open a new database at once and all but one wait.

Our own tables are made whole or not at all. A third party's that cannot be made are left out, noted
at each opening and tried again, and keep nobody else from working.
"""

import contextlib
import importlib.util
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import make_folder
from ttrpg_core.store_errors import explain
from ttrpg_core.store_files import create, identity, only_readable, to_read
from ttrpg_core.values import frozen

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_FAILED = "failed:"
"""Before a schema's name, the key in ``store`` under which its last failure stands."""


@frozen
class SchemaSet:
    """A package's migrations: the plugin's name, its target, how to load it, and whether ours."""

    name: str
    target: str
    load: Callable[[], object]
    required: bool = True


class Store:
    """The open database. ``connection`` is plain sqlite3 in autocommit; ``db`` is sqlite-utils.

    A proved copy is made in ``backups`` before anything there is migrated, and the last ``keep`` of
    those stay; 0 makes none, for a database that is such a copy itself.
    """

    def __init__(
        self,
        path: Path,
        schemas: Sequence[SchemaSet],
        *,
        backups: Path | None = None,
        keep: int = 5,
        busy_seconds: float = 30,
        note: Callable[[str, str], None] | None = None,
    ) -> None:
        self.path = path
        self.schemas = list(schemas)
        self.backups = path.parent / "backups" if backups is None else backups
        self.keep = keep
        self.busy_seconds = busy_seconds
        self._note = note
        self.read_only = False
        """Whether the folder cannot be written, so that what is there can be read and no more."""
        make_folder(path.parent)
        create(path)
        try:
            try:
                self._connect(str(path), self._open)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code not in _UNWRITABLE or not only_readable(path):
                    raise
                self._connect(to_read(path), self._open_to_read)
        except sqlite3.Error as error:
            raise explain(error, path) from error

    def _connect(self, place: str, start: Callable[[], None]) -> None:
        """Open the file that has the name once it is open: a restore may give it to another one.

        Nobody can from then on, as a connection keeps its lock (see :mod:`ttrpg_core.copies`).
        """
        for last in (False, False, True):  # some disks number a file anew at each look
            before = identity(self.path)
            uri = place.startswith("file:")
            self.connection = sqlite3.connect(
                place, timeout=self.busy_seconds, isolation_level=None, uri=uri
            )
            try:
                self.connection.row_factory = sqlite3.Row
                self.connection.execute("PRAGMA foreign_keys = ON")
                start()
            except BaseException:
                self.connection.close()
                raise
            if last or identity(self.path) == before:
                return
            self.connection.close()

    def _open_to_read(self) -> None:
        kept, failed = self._state()
        if kept is None or failed or kept != fingerprint(self.schemas):
            raise StoreError(
                f"the database {self.path} has to be brought up to date, and cannot be written",
                "Choose another folder with TTRPG_HOME, or mend its permissions",
            )
        self.read_only = True

    def _open(self) -> None:
        mark = fingerprint(self.schemas)
        kept, failed = self._state()
        if kept != mark or failed:
            failed = self._migrate(mark)
        self._use_wal()
        self.read_only = not os.access(self.path, os.W_OK)
        if self._note is not None:
            for name, error in failed.items():
                self._note(name, error)

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
            try:
                connection.execute(f"SAVEPOINT {name}" if inner else "BEGIN IMMEDIATE")
                yield connection
                connection.execute(f"RELEASE {name}" if inner else "COMMIT")
            except BaseException:
                _roll_back(connection, name if inner else None)
                raise
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def close(self) -> None:
        """Close the connection; the store cannot be used after."""
        self.connection.close()

    def _state(self) -> tuple[str | None, dict[str, str]]:
        """The fingerprint that the tables were made for, and which schemas failed then, and how."""
        try:
            rows = dict(self.connection.execute("SELECT key, value FROM store").fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return None, {}
        failed = {k.removeprefix(_FAILED): v for k, v in rows.items() if k.startswith(_FAILED)}
        return rows.get("schemas"), failed

    def _migrate(self, mark: str) -> dict[str, str]:
        """Run every pending migration in one transaction; a second process finds nothing left.

        Answers what failed, by schema. Foreign keys are off meanwhile, as SQLite asks of whoever
        rebuilds a table (lang_altertable.html, section 7), and are checked after each schema.
        """
        from sqlite_utils import Database

        connection = self.connection
        connection.execute("PRAGMA foreign_keys = OFF")
        try:
            connection.execute("BEGIN IMMEDIATE")
            kept, failed = self._state()
            if kept != mark or failed:
                db = Database(connection, execute_plugins=False)
                failed = self._run(db, known=frozenset(failed) if kept == mark else frozenset())
                connection.execute("DELETE FROM store")
                connection.execute("INSERT INTO store VALUES ('schemas', ?)", [mark])
                connection.executemany(
                    "INSERT INTO store VALUES (?, ?)",
                    [(_FAILED + name, error) for name, error in failed.items()],
                )
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection, None)
            raise
        finally:
            connection.execute("PRAGMA foreign_keys = ON")
        return failed

    def _run(self, db: "Database", known: frozenset[str]) -> dict[str, str]:
        """Apply every set; ``known`` failed before as they are, so no copy is made for them."""
        connection = self.connection
        connection.execute("CREATE TABLE IF NOT EXISTS store (key TEXT PRIMARY KEY, value TEXT)")
        used = connection.execute("SELECT 1 FROM store LIMIT 1").fetchone() is not None
        failed: dict[str, str] = {}
        loaded: list[tuple[SchemaSet, Migrations]] = []
        for schema in self.schemas:
            with _kept_apart(schema, failed):
                loaded.append((schema, _checked(schema)))
        pending = {schema.name for schema, steps in loaded if steps.pending(db)}
        if used and pending - known and self.keep:
            self._copy()
        for schema, steps in loaded:
            with _kept_apart(schema, failed):
                self._apply(db, schema, steps)
            if not connection.in_transaction:  # a step committed or rolled back on its own
                if schema.required:
                    raise StoreError(f"a migration of {schema.name} ended the transaction")
                connection.execute("BEGIN IMMEDIATE")
        return failed

    def _copy(self) -> None:
        from ttrpg_core.copies import BEFORE_MIGRATION, Copies, Keep

        copies = Copies(self.path, self.backups, Keep(migrations=self.keep))
        copies.create(BEFORE_MIGRATION)
        copies.remove(each for each in copies.outdated() if each.kind == BEFORE_MIGRATION)

    def _apply(self, db: "Database", schema: SchemaSet, steps: "Migrations") -> None:
        newer = _unknown(db, steps)
        if newer:
            raise StoreError(
                f"the database {self.path} was written by a newer {schema.name} ({newer[-1]})",
                f"Upgrade {schema.name}, or go back to a copy in {self.backups}",
            )
        if not steps.pending(db):
            return
        before = _dangling(self.connection)
        with db.atomic():
            steps.apply(db)
            new = _dangling(self.connection) - before
            if new:
                table, _, parent, _ = min(new, key=str)
                raise sqlite3.IntegrityError(f"rows of {table} point at nothing in {parent}")

    def _use_wal(self) -> None:
        """Readers beside a writer, where the file system can do it; else the old mode stays."""
        deadline = time.monotonic() + self.busy_seconds
        while True:
            try:
                if self.connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                code = error.sqlite_errorcode & 0xFF
                if code == sqlite3.SQLITE_READONLY:
                    return  # what is there can still be read
                if code not in _BUSY:
                    raise
                if time.monotonic() > deadline:
                    return  # another process holds it; the next opening switches
                time.sleep(0.01)
            else:
                return


def verify(connection: sqlite3.Connection, most: int = 20) -> list[str]:
    """What SQLite finds wrong with a database; empty when it is sound."""
    rows = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({most})")]
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(most)
    return ([] if rows == ["ok"] else rows) + [
        f"a row of {row[0]} points at nothing in {row[2]}" for row in broken
    ]


def peek(path: Path, query: str) -> list[tuple[str, str]]:
    """Names and their explanations for a shell that completes: two columns of a query.

    Reads only, makes and migrates nothing, waits for nobody, and has no answer where there is any
    trouble: whoever pressed the Tab key wants a word or silence.
    """
    if not path.is_file():
        return []
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0.2)) as connection:
            return [(str(name), str(text)) for name, text in connection.execute(query)]
    except sqlite3.Error:
        return []


def fingerprint(schemas: Sequence[SchemaSet]) -> str:
    """The installed schemas and their files in one line, without importing those files.

    It has each module's size and time of change, so an edited or upgraded package is looked at
    again; looking again when nothing is pending is harmless. It is kept as it is: importing what
    makes a digest takes longer than reading the line.
    """
    found = []
    for schema in schemas:
        found.append(f"{schema.name}={schema.target};")
        try:
            spec = importlib.util.find_spec(schema.target.partition(":")[0])
            status = Path(spec.origin).stat() if spec is not None and spec.origin else None
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - its parent package may raise anything; load tells
            status = None
        if status is not None:
            found.append(f"{status.st_size},{status.st_mtime_ns};")
    return "".join(found)


def _roll_back(connection: sqlite3.Connection, savepoint: str | None) -> None:
    if not connection.in_transaction:
        return  # SQLite has rolled back by itself, as it does on a full disk
    if savepoint is None:
        connection.execute("ROLLBACK")
        return
    with contextlib.suppress(sqlite3.OperationalError):  # the savepoint itself was refused
        connection.execute(f"ROLLBACK TO {savepoint}")
        connection.execute(f"RELEASE {savepoint}")


def _checked(schema: SchemaSet) -> "Migrations":
    from sqlite_utils.migrations import Migrations

    loaded = schema.load()
    if not isinstance(loaded, Migrations):
        raise StoreError(f"{schema.target} is not a sqlite_utils Migrations but {loaded!r:.80}")
    if loaded.name != schema.name:
        raise StoreError(f"{schema.target} is named {loaded.name!r}; it must be {schema.name!r}")
    return loaded


def newer(connection: sqlite3.Connection, schemas: Sequence[SchemaSet]) -> list[str]:
    """The packages of ours that are too old for a database, each with the step it does not know."""
    from sqlite_utils import Database

    db = Database(connection, execute_plugins=False)
    found = [(schema, _unknown(db, _checked(schema))) for schema in schemas if schema.required]
    return [f"{schema.name} ({steps[-1]})" for schema, steps in found if steps]


def _unknown(db: "Database", steps: "Migrations") -> list[str]:
    """The steps that a database has had, and that these migrations have not."""
    ours = {step.name for step in steps._migrations}  # noqa: SLF001 - no public name for it
    return [done.name for done in steps.applied(db) if done.name not in ours]


@contextlib.contextmanager
def _kept_apart(schema: SchemaSet, failed: dict[str, str]) -> Iterator[None]:
    """Whatever a third party's tables raise is kept in ``failed``; ours end the opening."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if schema.required:
            raise
        failed[schema.name] = f"its tables cannot be made: {str(error) or type(error).__name__}"


def _dangling(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.execute("PRAGMA foreign_key_check")}
