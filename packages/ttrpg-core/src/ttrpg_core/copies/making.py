"""One copy of a database: made from one moment, opened, and held against that moment.

A copy that was never read proves nothing: backups elsewhere were called verified for their size.
So every table is read twice inside one read transaction's moment, once in the database and once in
the file that was written, and rows and hashes must be the same. What was found is kept inside the
copy, in a table of its own, so that the file can be proved again wherever it is carried.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from ttrpg_core import __version__
from ttrpg_core.errors import StoreDamaged, StoreError
from ttrpg_core.store_errors import explain
from ttrpg_core.values import frozen

MANIFEST = "backup_manifest"
"""The table of a copy that says what it is; the database itself never has it."""
ENDS = ("", "-wal", "-shm", "-journal")
"""What follows the name of a database in those of its files."""
_SCHEMA = "sqlite_schema"
_HASH_BYTES = 16


@frozen
class Manifest:
    """What a copy says of itself.

    ``at`` is ISO 8601 in UTC; ``tables`` has the rows and the hash of every table; ``dangling`` is
    how many rows pointed at nothing in the database already; ``schemas`` is what the store was
    made for (see :func:`ttrpg_core.store.fingerprint`), empty where it was none.
    """

    at: str
    kind: str
    note: str
    version: str
    schemas: str
    dangling: int
    tables: Mapping[str, tuple[int, str]]

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(count for name, (count, _) in self.tables.items() if name != _SCHEMA)


def make(source: Path, target: Path, *, at: str, kind: str, note: str = "") -> Manifest:
    """Copy ``source`` as it is at one moment to the new file ``target``, and prove it.

    SQLite's online backup inside a read transaction, so others may go on writing. On any error the
    target is gone again. Raises StoreError, or StoreDamaged when the copy is not sound.
    """
    try:
        return _made(source, target, at, kind, note)
    except BaseException as error:
        remove(target)
        if isinstance(error, sqlite3.Error):
            raise explain(error, source) from error
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot copy the database to {target.parent}: {error.strerror}",
                "Nothing was changed; free some space or mend the folder's permissions",
            ) from error
        raise


def remove(path: Path) -> None:
    """Remove a database that nobody wants, with what SQLite keeps beside it."""
    for end in ENDS:
        with contextlib.suppress(OSError):
            path.with_name(path.name + end).unlink(missing_ok=True)


def wrong_with(connection: sqlite3.Connection, made: Manifest | None = None) -> list[str]:
    """What is wrong with a copy: with the file itself, and against its manifest if it has one."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    if found != ["ok"]:
        return found
    if made is None:
        return []
    now = digests(connection)
    names = sorted({*now, *made.tables})
    wrong = [
        _differs(name, made.tables, now) for name in names if now.get(name) != made.tables.get(name)
    ]
    dangling = len(_dangling(connection))
    if dangling != made.dangling:
        wrong.append(f"{dangling} rows point at nothing, and {made.dangling} did when it was made")
    return wrong


def read_manifest(connection: sqlite3.Connection) -> Manifest | None:
    """What a copy says of itself; None when it has no manifest, as a plain copy has none.

    Raises StoreDamaged when there is one that cannot be read.
    """
    try:
        row = connection.execute(f"SELECT manifest FROM {MANIFEST}").fetchone()  # noqa: S608 - a constant
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    try:
        data = json.loads(row[0])
        return Manifest(
            str(data["at"]),
            str(data["kind"]),
            str(data["note"]),
            str(data["version"]),
            str(data["schemas"]),
            int(data["dangling"]),
            {str(name): (int(n), str(mark)) for name, (n, mark) in data["tables"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreDamaged("its manifest cannot be read") from error


def described(path: Path) -> Manifest | str | None:
    """What a copy says of itself, as fast as that can be read; text when it cannot be."""
    try:
        with contextlib.closing(opened(path)) as copy:
            return read_manifest(copy)
    except StoreDamaged as error:
        return error.message
    except sqlite3.Error as error:
        return str(error)


def digests(connection: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Rows and hash of every table, of search tables' own tables and of the schema.

    A row is hashed as the ASCII of its values, in the order of the table itself, so a hash is the
    same under any version of Python and SQLite.
    """
    names = [
        str(row[0])
        for row in connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main'"
            " AND type IN ('table', 'shadow') AND name NOT IN (?, ?)",
            [_SCHEMA, MANIFEST],
        )
    ]
    found = {_SCHEMA: _digest(connection, _schema_query())}
    for name in names:
        quoted = name.replace('"', '""')
        found[name] = _digest(connection, f'SELECT * FROM "{quoted}" NOT INDEXED')  # noqa: S608 - quoted
    return found


def flush(path: Path) -> None:
    """Have a file and the folder's entry of it on the disk."""
    _flush(path)
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Have the names in a folder on the disk."""
    if os.name != "nt":  # Windows opens no folders, and needs it not
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def opened(path: Path) -> sqlite3.Connection:
    """A connection that reads a file and no more; what its schema says is not trusted."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _made(source: Path, target: Path, at: str, kind: str, note: str) -> Manifest:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # for its owner alone
    with (
        contextlib.closing(opened(source)) as database,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        database.execute("BEGIN")
        tables = digests(database)  # the first read of the transaction sets its moment
        # safe without a journal: until it has its name, a half of it is nobody's
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        database.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        dangling = len(_dangling(copy))
        made = Manifest(at, kind, note, __version__, _schemas(copy), dangling, tables)
        _write(copy, made)
    with contextlib.closing(opened(target)) as copy:
        wrong = wrong_with(copy, made)
    if wrong:
        raise StoreDamaged(
            f"the database {source} is damaged: {wrong[0]}", "'ttrpg doctor' says more"
        )
    flush(target)
    return made


def _schema_query() -> str:
    return (
        f"SELECT type, name, tbl_name, sql FROM {_SCHEMA} WHERE tbl_name <> '{MANIFEST}'"  # noqa: S608 - constants
        " ORDER BY type, name"
    )


def _digest(connection: sqlite3.Connection, query: str) -> tuple[int, str]:
    """Rows of a query, and the hash of them. A text that is no UTF-8 counts as the bytes it is."""
    cursor = connection.cursor()
    cursor.row_factory = None
    factory, connection.text_factory = connection.text_factory, bytearray
    mark, rows = hashlib.blake2b(digest_size=_HASH_BYTES), 0
    try:
        for row in cursor.execute(query):  # one at a time: a row may have a picture
            rows += 1
            mark.update(ascii(row).encode())
            mark.update(b"\n")
    finally:
        connection.text_factory = factory
    return rows, mark.hexdigest()


def _differs(
    name: str, then: Mapping[str, tuple[int, str]], now: Mapping[str, tuple[int, str]]
) -> str:
    if name not in now:
        return f"the table {name} is missing"
    if name not in then:
        return f"the table {name} was not there when it was made"
    rows, before = now[name][0], then[name][0]
    if rows != before:
        return f"{name} has {rows} rows, and had {before} when it was made"
    return f"{name} has other content than when it was made"


def _dangling(connection: sqlite3.Connection) -> list[object]:
    return connection.execute("PRAGMA foreign_key_check").fetchall()


def _schemas(connection: sqlite3.Connection) -> str:
    try:
        row = connection.execute("SELECT value FROM store WHERE key = 'schemas'").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return ""
    return "" if row is None else str(row[0])


def _write(copy: sqlite3.Connection, made: Manifest) -> None:
    data = {
        "at": made.at,
        "kind": made.kind,
        "note": made.note,
        "version": made.version,
        "schemas": made.schemas,
        "dangling": made.dangling,
        "tables": made.tables,
    }
    copy.execute(f"DROP TABLE IF EXISTS {MANIFEST}")  # of a copy that was put back by hand
    copy.execute(f"CREATE TABLE {MANIFEST} (manifest TEXT NOT NULL)")
    copy.execute(f"INSERT INTO {MANIFEST} VALUES (?)", [json.dumps(data, ensure_ascii=False)])  # noqa: S608 - a constant
