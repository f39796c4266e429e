"""What a book is known by: the SHA-256 of its file, or of a folder's files with their names."""

import hashlib
import os
from pathlib import Path

from ttrpg_core.errors import ParseError
from ttrpg_ingest.shelf.finding import Found, Suffixes, find

MOST_COPIES = 20
"""Books with the same content that are kept at the most."""


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal. ParseError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def digest_of(found: Found) -> str:
    """The SHA-256 of a file, or that of a folder: of its sorted relative paths and their files'."""
    if not found.folder:
        return digest(found.path)
    whole = hashlib.sha256()
    for name in sorted(found.files):
        whole.update(os.fsencode(name) + b"\0" + digest(found.path / name).encode() + b"\n")
    return whole.hexdigest()


def keys(digest: str) -> tuple[str, ...]:
    """What a content may be kept under: its digest, and that of each further copy of it.

    What is read is kept by this key, so a second book with the same content has one of its own.
    """
    further = (f"{digest} {number}".encode() for number in range(2, MOST_COPIES + 1))
    return (digest, *(hashlib.sha256(each).hexdigest() for each in further))


def stamp(found: Found) -> tuple[tuple[int, int, int], ...]:
    """Size, time and place on disk of each file: what changes when somebody writes to it."""
    paths = [found.path / name for name in found.files] or [found.path]
    return tuple(_stamp(path) for path in paths)


def changed(found: Found, before: tuple[tuple[int, int, int], ...], sha256: str) -> bool:
    """Whether the content is another than it was."""
    return stamp(found) != before and digest_of(found) != sha256


def size(found: Found) -> int:
    """Bytes, of all files."""
    return sum(each[0] for each in stamp(found))


def found_again(path: Path, suffixes: Suffixes) -> Found | None:
    """A book that was added, as it lies there now; None when it is gone."""
    if path.is_file():
        return Found(path)
    if path.is_dir():
        return next((each for each in find(path, suffixes) if each.path == path), None)
    return None


def unreadable(path: Path, error: OSError) -> ParseError:
    """What is said of a file that the system does not let us read."""
    return ParseError(f"{path.name} cannot be read: {error.strerror}", source=path.name)


def keepable(path: Path) -> str:
    """A path as the database can keep it, with what is no UTF-8 in a name made visible."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    return status.st_size, status.st_mtime_ns, status.st_ino
