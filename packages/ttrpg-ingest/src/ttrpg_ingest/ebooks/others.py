"""The same books read with other people's packages, for whoever installs and asks for them.

EbookLib is under the AGPL and mobi (KindleUnpack) under the GPL, so neither is needed for anything,
neither is imported before it is asked for, and both run in the child process that every parser runs
in. They serve where they read what ours does not, and to check one reader by another. What they
give is told on by the same code, so the text is laid out alike.
"""

import contextlib
import importlib.util
import os
import struct
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.archive import DAMAGED, Unreadable, opened
from ttrpg_ingest.ebooks.binding import Bound
from ttrpg_ingest.ebooks.blocks import Point, clean
from ttrpg_ingest.ebooks.epub import Epub
from ttrpg_ingest.ebooks.large import with_headings
from ttrpg_ingest.ebooks.locks import refuse_locked
from ttrpg_ingest.ebooks.package import Book, ncx_points, resolve
from ttrpg_ingest.ebooks.palm import Header, books, damaged
from ttrpg_ingest.ebooks.trees import NoTree, tree
from ttrpg_ingest.ebooks.unpacking import Damaged
from ttrpg_ingest.formats import is_epub, is_mobi

MOST_UNPACKED = 256_000_000
"""Bytes that an EPUB may unpack to for EbookLib, which holds all of it in memory at once."""


class WithEbookLib:
    """Reads EPUB with EbookLib, after the archive was found to be within bounds and unlocked."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it is an EPUB; that EbookLib is missing is said when it is to read one."""
        return is_epub(head)

    def describe(self, source: Source) -> Document:
        """What its metadata says."""
        return self._bound(source.path).describe()

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections in the order of the spine."""
        yield from self._bound(source.path).sections(source.start)

    def _bound(self, path: Path) -> Bound:
        _need("ebooklib", path)
        with opened(path) as archive:
            refuse_locked(archive)
            archive.check(MOST_UNPACKED)
        from ebooklib import epub

        with _foreign("EbookLib", path):
            found = epub.read_epub(str(path), options={"ignore_ncx": False})
            items = {item.get_id(): item for item in found.get_items()}
            pages = [items[name] for name, _ in found.spine if name in items]
            files = {item.get_name(): bytes(item.content or b"") for item in pages}
            book = Book(
                Document(
                    _first(found.get_metadata("DC", "title")),
                    authors=tuple(_all(found.get_metadata("DC", "creator"))),
                    language=_first(found.get_metadata("DC", "language"))[:35],
                    publisher=_first(found.get_metadata("DC", "publisher")),
                ),
                list(files),
                list(_points(found.toc)),
            )

        def read(name: str) -> bytes:
            if name not in files:
                msg = f"{name} is not in it"
                raise Unreadable(msg)
            return files[name]

        return Bound(book, read, path.name)


class WithMobi:
    """Reads MOBI with the package mobi, which unpacks into a folder that is gone afterwards."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it is a MOBI book; that mobi is missing is said when it is to read one."""
        return is_mobi(head)

    def describe(self, source: Source) -> Document:
        """What its header says; a locked book is refused before mobi sees it."""
        header = books(source.path)[-1]
        _need("mobi", source.path)
        return header.document()

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections of the EPUB or the page that it unpacks to."""
        header = _bounded(source.path)
        _need("mobi", source.path)
        with tempfile.TemporaryDirectory(prefix="ttrpg-") as folder:
            with _foreign("mobi", source.path):
                made = _extracted(source.path, folder)
            if made.suffix == ".epub":
                yield from Epub(self.context).parse(Source(made))
            elif made.suffix == ".html":
                book = Book(header.document(), [made.name], encoding=header.encoding)
                with contextlib.suppress(OSError, NoTree):
                    outline = tree(made.with_name("toc.ncx").read_bytes())
                    book.points = list(ncx_points(outline, ""))
                page = with_headings(
                    {made.name: made.read_bytes()},
                    [point.title for point in book.points],
                    header.encoding,
                )
                yield from Bound(book, page.__getitem__, source.path.name).sections()
            else:
                raise ParseError(
                    f"{source.path.name} is a print replica: a PDF inside a Kindle book",
                    "Ask for the PDF; it has the printed pages too",
                    source=source.path.name,
                )


def _bounded(path: Path) -> Header:
    """The newest book of a file of which all texts were found to unpack to what a book may have."""
    found = books(path)
    try:
        for header in found:
            header.text()
    except (Damaged, struct.error) as error:
        raise damaged(path.name, error) from error
    return found[-1]


def _extracted(path: Path, folder: str) -> Path:
    """What mobi unpacks a book to. It leaves its own folder behind, so that lies in ours."""
    before, environ = tempfile.tempdir, os.environ.get("LOGURU_AUTOINIT")
    tempfile.tempdir = folder
    try:
        with warnings.catch_warnings(), _no_output():
            warnings.simplefilter("ignore")  # of old modules that it imports; no user can act
            import mobi

            return Path(mobi.extract(str(path))[1])
    finally:
        tempfile.tempdir = before
        if environ is None:
            os.environ.pop("LOGURU_AUTOINIT", None)


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        yield


@contextlib.contextmanager
def _foreign(name: str, path: Path) -> Iterator[None]:
    """Whatever a package of others raises about a file, as a ParseError."""
    try:
        yield
    except (ParseError, MemoryError, RecursionError):
        raise
    except Exception as error:  # struct.error, TypeError, KeyError: it may be any
        raise ParseError(
            f"{path.name} cannot be read by {name}: {type(error).__name__} {error}".rstrip()[:300],
            DAMAGED,
            source=path.name,
        ) from error


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _need(package: str, path: Path) -> None:
    if not _installed(package):
        raise ParseError(
            f"{path.name} was to be read by {package}, which is not installed",
            f'pip install "ttrpg-ingest[{package}]"',
            source=path.name,
        )


def _points(toc: Iterable[object]) -> Iterator[Point]:
    """The entries of EbookLib's outline: links, and pairs of a part and what is in it."""
    waiting = [(1, entry) for entry in reversed(list(toc))]
    while waiting:
        level, entry = waiting.pop()
        inner: list[object] = []
        if isinstance(entry, tuple):
            entry, inner = entry[0], list(entry[1])
        waiting.extend((level + 1, each) for each in reversed(inner))
        file, anchor = resolve("", getattr(entry, "href", "") or "")
        title = clean(getattr(entry, "title", "") or "")[:300]
        if title:
            yield Point(title, level, "" if file == "." else file, anchor, bool(inner))


def _all(values: Iterable[tuple[str | None, object]]) -> Iterator[str]:
    for value, _ in values:
        text = "".join(char for char in clean(value or "") if char.isprintable())[:300].strip()
        if text:
            yield text


def _first(values: Iterable[tuple[str | None, object]]) -> str:
    return next(_all(values), "")
