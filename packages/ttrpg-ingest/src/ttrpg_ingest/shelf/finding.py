"""What ``library add`` is given, as books to read: files, folders, and patterns of names.

In a folder each PDF or ebook is a book of its own, and what is written in many small files
(Markdown, HTML, text: whatever a parser of folders reads) is one book, as a vault of notes is. A
single one of them is a file like any other.
"""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from ttrpg_core import entries, text
from ttrpg_core.errors import InputError, NotFound, TtrpgError
from ttrpg_core.plugins import Plugins

MOST = 20_000
"""Files that are looked at in one folder."""
_PATTERN = frozenset("*?[")


@attrs.frozen
class Found:
    """A file to read, or a folder that is one book, with its files by their relative paths."""

    path: Path
    files: tuple[str, ...] = ()

    @property
    def folder(self) -> bool:
        """Whether it is a folder."""
        return bool(self.files)


@attrs.frozen
class Suffixes:
    """Which files of a folder are books: by themselves, or together."""

    single: frozenset[str]
    together: frozenset[str]

    @classmethod
    def of(cls, plugins: Plugins, *, each: bool = False) -> "Suffixes":
        """Those of the parsers that are installed; with ``each`` no file is read with another."""
        known = plugins.entries(entries.Parser).values()
        single = {suffix for entry in known if not entry.folders for suffix in entry.suffixes}
        together = {suffix for entry in known if entry.folders for suffix in entry.suffixes}
        if each:
            return cls(frozenset(single | together), frozenset())
        return cls(frozenset(single - together), frozenset(together))


def find(given: str | os.PathLike[str], suffixes: Suffixes) -> list[Found]:
    """The books that an argument names; NotFound or InputError when it names none."""
    paths = list(_matching(os.fspath(given)))
    if len(paths) == 1:
        return _books(paths[0], suffixes)
    found: list[Found] = []
    for path in paths:
        if path.is_dir():
            found += _in_folder(path, suffixes)
        elif path.is_file() and _kind(path.name, suffixes):
            found.append(Found(text.readable_file(path)))
    if not found:
        raise NotFound(f"no book fits {os.fspath(given)}", _readable(suffixes))
    return found


def gather(
    given: Iterable[str | os.PathLike[str]], suffixes: Suffixes
) -> tuple[list[tuple[int, Found]], list[tuple[int, str, TtrpgError]]]:
    """The books that all arguments name, each once, and the arguments that name none.

    Each comes with the place of its argument, so that errors are told in the order of typing.
    """
    found: dict[Path, tuple[int, Found]] = {}
    failed: list[tuple[int, str, TtrpgError]] = []
    for place, each in enumerate(given):
        try:
            for book in find(each, suffixes):
                found.setdefault(book.path, (place, book))
        except TtrpgError as error:
            failed.append((place, os.fspath(each), error))
    return list(found.values()), failed


def _matching(given: str) -> Iterator[Path]:
    """The argument itself, or what it matches when nothing has just that name."""
    if _PATTERN & set(given) and len(given) <= text.PATH_MAX and "\0" not in given:
        whole = os.path.expanduser(given)  # noqa: PTH111 - glob works on texts
        if not os.path.lexists(whole):
            names = sorted(glob.glob(whole, recursive=True))  # noqa: PTH207 - absolute or not
            if not names:
                raise NotFound(f"no file fits {given}", "Look at the folder, or leave the quotes")
            yield from map(Path, names)
            return
    yield Path(given)


def _books(path: Path, suffixes: Suffixes) -> list[Found]:
    if "\0" not in str(path) and len(str(path)) <= text.PATH_MAX and _is_folder(path):
        found = _in_folder(path.expanduser(), suffixes)
        if not found:
            raise InputError(f"{path} is a folder with no book in it", _readable(suffixes))
        return found
    return [Found(text.readable_file(path))]


def _is_folder(path: Path) -> bool:
    try:
        return path.expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False


def _in_folder(path: Path, suffixes: Suffixes) -> list[Found]:
    try:
        folder = path.resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(f"cannot follow the path {path}: {error}", "Check its links") from error
    single, together = [], []
    for file in _walk(folder):
        kind = _kind(file.name, suffixes)
        if kind == "single":
            single.append(Found(file))
        elif kind == "together":
            together.append(file.relative_to(folder).as_posix())
    if len(together) == 1:
        single.append(Found(folder / together.pop()))
    single.sort(key=lambda each: each.path)
    if together:
        return [Found(folder, tuple(sorted(together))), *single]
    return single


def _kind(name: str, suffixes: Suffixes) -> str:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name and no path
    if suffix in suffixes.together:
        return "together"
    return "single" if suffix in suffixes.single else ""


def _walk(folder: Path) -> Iterator[Path]:
    """The ordinary files below a folder, hidden ones and links that lead out of it left aside."""
    count = 0
    seen: set[tuple[int, int]] = set()
    for here, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            count += 1
            if count > MOST:
                raise InputError(
                    f"{folder} has more than {MOST:,} files", "Name a folder inside it"
                )
            path = Path(here, name)
            if name.startswith(".") or not _lies_in(path, folder):
                continue
            status = path.stat()
            if (status.st_dev, status.st_ino) not in seen or not status.st_ino:
                seen.add((status.st_dev, status.st_ino))
                yield path


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return path.is_file() and (
            not path.is_symlink() or path.resolve(strict=True).is_relative_to(folder)
        )
    except (OSError, RuntimeError):
        return False


def _readable(suffixes: Suffixes) -> str:
    known = ", ".join(sorted(suffixes.single | suffixes.together))
    return f"Books are files that end with {known}" if known else "No parser is installed"
