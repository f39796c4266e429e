"""What an error of SQLite means for the user, and what to do about it."""

import sqlite3
from pathlib import Path

from ttrpg_core.errors import StoreDamaged, StoreError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HINTS = {
    sqlite3.SQLITE_FULL: "The disk is full: free some space and try again; nothing was changed",
    sqlite3.SQLITE_READONLY: "The folder or disk is read-only; choose another with TTRPG_HOME",
    sqlite3.SQLITE_CANTOPEN: "Its folder must exist and be writable; set TTRPG_HOME for another",
    sqlite3.SQLITE_BUSY: "Another ttrpg is writing; try again in a moment",
    sqlite3.SQLITE_LOCKED: "Another ttrpg is writing; try again in a moment",
    sqlite3.SQLITE_IOERR: "The disk did not answer as it should: is it full, or was it removed?",
    sqlite3.SQLITE_CONSTRAINT: "It does not fit with what is there already; nothing was changed",
}


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """What an SQLite error means for the user: StoreError, or StoreDamaged when it is unsound."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return StoreDamaged(
            f"the database {path} is damaged: {error}",
            _way_back(path),
        )
    hint = _HINTS.get(code, "'ttrpg doctor' looks at the database")
    return StoreError(f"the database {path}: {error}", hint)


def _way_back(path: Path) -> str:
    """How to go on with a damaged database."""
    copies = sorted((path.parent / "backups").glob("ttrpg-*.db"))
    if not copies:
        return (
            f"There is no copy of it; 'ttrpg doctor' says more, and {path} moved away begins anew"
        )
    return (
        "'ttrpg backup restore latest' puts its newest copy back;"
        f" 'ttrpg backup verify' says which of the {len(copies)} are sound"
    )
