"""The file of a database, apart from what is in it: made for its owner, told from another one."""

import contextlib
import os
from pathlib import Path


def create(path: Path) -> None:
    """Make a new file that only its owner may read, before SQLite makes one that all may.

    A file that is there keeps its mode, which may be shared on purpose. It must not even be opened:
    closing it would drop the locks that this process holds on the database (howtocorrupt.html 2.2).
    """
    with contextlib.suppress(OSError):  # SQLite meets the same, and says it better
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def identity(path: Path) -> tuple[int, int]:
    """Which file has this name now."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def only_readable(path: Path) -> bool:
    """Whether there is a database that may be read in a folder that may not be written."""
    return path.is_file() and os.access(path, os.R_OK) and not os.access(path.parent, os.W_OK)


def to_read(path: Path) -> str:
    """The address of a database that is only read.

    SQLite wants to write beside one in WAL mode even to read it, unless it is told that nobody
    writes (``immutable``). Where another user's process may, its ``-wal`` lies there too, and then
    SQLite reads both as they are.
    """
    wal = path.with_name(f"{path.name}-wal")
    still = "" if wal.exists() else "&immutable=1"
    return f"{path.absolute().as_uri()}?mode=ro{still}"
