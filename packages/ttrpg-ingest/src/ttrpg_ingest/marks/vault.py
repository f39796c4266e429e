"""A folder of notes as one book: a vault of Obsidian, a wiki kept in files, rules by chapters."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs

from ttrpg_core.context import Context
from ttrpg_core.documents import HEAD_BYTES, Document, Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks import webpage
from ttrpg_ingest.ebooks.telling import Teller
from ttrpg_ingest.folding import fold
from ttrpg_ingest.formats import is_html, kind
from ttrpg_ingest.markdown import scan
from ttrpg_ingest.marks.front import front
from ttrpg_ingest.plain import first_bytes, read
from ttrpg_ingest.text import sections_of

SUFFIXES = (".md", ".markdown", ".mdown", ".html", ".htm", ".xhtml", ".txt", ".text")
MOST_FILES = 20_000
MOST_BYTES = 256_000_000
"""Bytes of all files together; a vault of ten thousand notes has a tenth of it."""
_WEB = frozenset({".html", ".htm", ".xhtml"})
_NOTES = frozenset({".md", ".markdown", ".mdown"})
_FIRST = frozenset({"readme", "index", "_index", "home"})
_NUMBER = re.compile(r"(\d{1,18})")
_ORDER_MARK = re.compile(r"#+\s*")


class Vault:
    """Reads the files of a folder in the order of their names; each is a chapter."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Never: a folder has no bytes. It is chosen by the suffixes of the files in it."""
        del head
        return False

    def describe(self, source: Source) -> Document:
        """What the front matter of its first page says, a README or an index."""
        for path in files(source.path)[:1]:
            if path.stem.casefold() in _FIRST and path.parent == source.path:
                try:
                    return front(read(path).split("\n")).document()
                except ParseError:
                    break
        return Document("")

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections of all files; one that cannot be read is a notice."""
        left = MOST_BYTES
        for path in files(source.path):
            name = path.relative_to(source.path).as_posix()
            try:
                left -= path.stat().st_size
                found = chapter(path, name) if left >= 0 else []
            except ParseError as error:
                yield Notice(f"{name}: {error.message}")
                continue
            except OSError as error:
                yield Notice(f"{name} cannot be read: {error.strerror}")
                continue
            if left < 0:
                raise ParseError(
                    f"{source.path.name} has more than {MOST_BYTES // 1_000_000} MB of text",
                    "Name a folder inside it",
                    source=source.path.name,
                )
            yield from found


def files(folder: Path) -> list[Path]:
    """The files of a folder that are read, in order: hidden ones and links out of it are not."""
    if not folder.is_dir():
        raise ParseError(f"{folder.name} is no folder that can be read", source=folder.name)
    home = folder.resolve()
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(here, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if _is_inside(path, home, seen):
                found.append(path)
        if len(found) > MOST_FILES:
            raise ParseError(
                f"{folder.name} has more than {MOST_FILES:,} files",
                "Name a folder inside it",
                source=folder.name,
            )
    return sorted(found, key=lambda path: _order(path.relative_to(folder).parts))


def chapter(path: Path, name: str) -> list[Section]:
    """The sections of one file, under its title as their first heading."""
    suffix = path.suffix.lower()
    head = first_bytes(path, HEAD_BYTES)
    title = ""
    if kind(head) == "a web page (HTML)" or (suffix in _WEB and is_html(head)):
        page = webpage.page_of(path)
        teller = Teller(name)
        found = [*teller.tell(webpage.body(page)), *teller.end()]
    else:
        lines = read(path).split("\n")
        if suffix in _NOTES:
            title = front(lines).one("title")
            found = list(scan(lines, name))
        else:
            found = list(sections_of("\n".join(lines).replace("\f", "\n"), name))
    return _under(title or _title(name), [attrs.evolve(s, page=None, label=None) for s in found])


def _under(title: str, found: list[Section]) -> list[Section]:
    """Sections below the heading of their file: their own first heading, or else its title."""
    levels = [section.level for section in found if section.level]
    if not found:
        return []
    first, top = found[0], min(levels, default=0)
    if first.level == 1:
        return found
    if first.level and first.level == top:
        if levels.count(top) == 1:
            return [
                attrs.evolve(each, level=each.level - top + 1) if each.level else each
                for each in found
            ]
        if first.heading.casefold() == title.casefold():
            return [attrs.evolve(first, level=1), *found[1:]]
    deeper = 1 if top == 1 else 0
    below = [attrs.evolve(s, level=s.level + deeper) if s.level else s for s in found]
    if not first.level and not first.kind:
        return [attrs.evolve(first, heading=title, level=1), *below[1:]]
    return [Section("", title, 1, file=first.file, line=1), *below]


def _title(name: str) -> str:
    stem = _ORDER_MARK.sub("", PurePosixPath(name).stem, count=1)
    return fold(stem.replace("_", " ")) or fold(name)


def _is_inside(path: Path, home: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether it is an ordinary file of the folder that was not met by another name."""
    try:
        real = path.resolve(strict=True)
        if not path.is_file() or not real.is_relative_to(home):
            return False
        if any(part.startswith(".") for part in real.relative_to(home).parts):
            return False
        status = path.stat()
    except (OSError, RuntimeError):
        return False
    known = (status.st_dev, status.st_ino)
    fresh = known not in seen or not status.st_ino
    seen.add(known)
    return fresh


def _order(parts: tuple[str, ...]) -> list[tuple[int, list[tuple[int, int, str]]]]:
    """Where a file stands: front pages first, then by name, with numbers by their value."""
    *folders, file = parts
    stem = PurePosixPath(file).stem.casefold()
    around = folders[-1].casefold() if folders else ""
    rank = 0 if stem in _FIRST or stem == around else 1 if stem.startswith("#") else 2
    keys = [(2, _natural(folder)) for folder in folders]
    return [*keys, (rank, _natural(stem)), (3, _natural(file))]


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for part in _NUMBER.split(name.casefold())
        if part
    ]
