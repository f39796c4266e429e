"""The database, held against every other process while its file is replaced.

SQLite's own locks say who has it open: a connection in WAL mode keeps its shared lock for as long
as it lives, whichever program made it. So the same bytes are locked here that SQLite locks
(fileformat of locks: os_unix.c, PENDING_BYTE and what follows), and no lock file of ours is needed
that another program would not know. Whoever opens the database meanwhile waits, and a store then
sees that the file is another one, and opens that.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from ttrpg_core.errors import Busy, StoreError
from ttrpg_core.store_errors import explain

_LOCK_BYTE = 0x40000000
"""The first of SQLite's lock bytes: pending, reserved, then 510 that readers share."""
_LOCK_BYTES = 512
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BESIDE = ("-wal", "-journal")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[int | None]:
    """Hold the database file, with all that was written merged into it.

    Answers its handle; None on Windows, where the system itself keeps an open file.

    No connection of this process may be open: closing one would drop the lock. Busy when another
    process has the database open; StoreError when it cannot be locked.
    """
    merged = _merge(path)
    with _locked(path) as handle:
        if merged and any(has_content(each) for each in beside(path)):
            raise _busy(path)  # somebody wrote between the merge and the lock, and was killed
        yield handle


def refuse_company(path: Path) -> None:
    """Busy when another process has the database open now; nothing is changed."""
    with _locked(path):
        pass


def beside(path: Path) -> list[Path]:
    """The files that SQLite keeps beside a database, and that belong to its content."""
    return [path.with_name(path.name + end) for end in _BESIDE]


def has_content(path: Path) -> bool:
    """Whether a file is there and not empty."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _merge(path: Path) -> bool:
    """Take what lies in the log into the file, and the log away; False where it is too damaged.

    Leaving WAL mode asks SQLite for the exclusive lock, so it succeeds for nobody but the only one.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")  # what was in that mode already may be in use too
        connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise _busy(path) from error
        if code not in _DAMAGED:
            raise explain(error, path) from error
        return False
    finally:
        connection.close()
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    if sys.platform == "win32":
        yield None  # a file that is open cannot be replaced there, by whoever has it open
        return
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}", "Mend its permissions, and try again"
        ) from error
    try:
        _lock(handle, path)
        yield handle
    finally:
        os.close(handle)  # which frees the lock


def _lock(handle: int, path: Path) -> None:
    import fcntl

    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_BYTE)
    except (BlockingIOError, PermissionError) as error:
        raise _busy(path) from error
    except OSError as error:
        raise StoreError(
            f"cannot lock {path}: {error.strerror}",
            "Its disk knows no locks; choose another folder with TTRPG_HOME",
        ) from error


def _busy(path: Path) -> Busy:
    return Busy(
        f"another process has the database {path} open",
        "Close the other ttrpg (a chat, 'combat watch', a book that is being added), then again",
    )
