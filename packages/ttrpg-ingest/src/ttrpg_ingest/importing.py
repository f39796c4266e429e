"""Books onto the shelf and off it.

Adding reads in a child process and keeps pages as they come, so Ctrl-C or a power cut costs a
second of work and the same command goes on where it stopped. The book appears in one transaction
with its chunks, its index and its journal entry, so there is never half a book to be found.
"""

import contextlib
import hashlib
import os
import re
import time
import unicodedata
from pathlib import Path

import attrs

from ttrpg_core import entries, text
from ttrpg_core.app import App
from ttrpg_core.documents import Chunk, Document, Section
from ttrpg_core.errors import NotFound, ParseError
from ttrpg_core.library import Book, Library
from ttrpg_core.search import Searcher
from ttrpg_ingest.choosing import choose
from ttrpg_ingest.chunking import cut
from ttrpg_ingest.edges import without_running_lines
from ttrpg_ingest.labels import labelled
from ttrpg_ingest.reading import Events, Limits, read

BATCH_PAGES = 20
"""Pages that are kept together, at the most."""
BATCH_SECONDS = 1.0
"""Seconds after which the pages that were read are kept."""

_USELESS = re.compile(
    r"(?:untitled|unknown|title|layout|document)(?: ?\d+)?|microsoft word - .*", re.IGNORECASE
)
"""Titles that programs put into a file by themselves."""


@attrs.frozen
class Added:
    """What came of adding: the book, whether it is new, and whether it can be searched."""

    book: Book
    new: bool
    searchable: bool


def add(app: App, file: str | os.PathLike[str], title: str = "") -> Added:
    """Read a file and put it on the shelf; what is there already is answered as it is.

    Raises NotFound and InputError for the path, ParseError for the file, StoreError. Progress goes
    to ``app.screen``.
    """
    path = text.readable_file(file)
    wanted = text.name(title, "title") if title else ""
    stamp = _stamp(path)
    sha256 = digest(path)
    there = app.library.book_of(sha256)
    reading = app.library.reading(sha256)
    searcher = _searcher(app)  # asked first, so that a wrong setting does not cost a reading
    if there is not None and reading is not None and reading.finished:
        if searcher is not None:  # it may have been away when the book was added
            with app.store.transaction():
                searcher.remove(sha256)
                searcher.add(list(app.library.chunks(sha256)))
        return Added(there, new=False, searchable=searcher is not None)
    entry = choose(app, path)
    if reading is not None and reading.finished:
        document = _describe(app, entry, path)
    else:
        document = _read(app, entry, path, sha256)
    if _stamp(path) != stamp and digest(path) != sha256:
        app.library.forget(sha256)
        raise ParseError(
            f"{path.name} changed while it was read",
            "Wait until it is whole, and add it again",
            source=path.name,
        )
    return _shelve(app, entry, path, sha256, document, wanted or _title(document, path))


def remove(app: App, book: Book) -> None:
    """Take a book off the shelf; what was read of it stays until ``prune``, so undo is whole."""
    with app.journal.change("library.remove") as change:
        change.delete("books", {"id": book.id})
        change.prose = f'removed "{book.title}"'
        change.facts = {"book": book.id, "sha256": book.sha256}
        app.audit.record("document.removed", {"book": book.id, "title": book.title})


def prune(app: App) -> int:
    """Forget what was read of books that are on no shelf; answers how many there were."""
    searcher = _searcher(app)
    with app.store.transaction():
        orphans = app.library.orphans()
        for sha256 in orphans:
            if searcher is not None:
                searcher.remove(sha256)
            app.library.forget(sha256)
    return len(orphans)


def reindex(app: App) -> int:
    """Fill the search index anew from the kept chunks; answers how many. NotFound without one."""
    searcher = app.keyword_searcher()
    books = app.library.books()
    count = 0
    with app.store.transaction(), app.screen.progress("Indexing", len(books)) as bar:
        for sha256 in app.library.orphans():
            searcher.remove(sha256)
        for number, book in enumerate(books, 1):
            chunks = list(app.library.chunks(book.sha256))
            searcher.remove(book.sha256)
            searcher.add(chunks)
            count += len(chunks)
            bar.update(number, book.title)
    return count


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal. ParseError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ParseError(
            f"{path.name} cannot be read: {error.strerror}", source=path.name
        ) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise ParseError(
            f"{path.name} cannot be read: {error.strerror}", source=path.name
        ) from error
    return status.st_size, status.st_mtime_ns, status.st_ino


def _events(
    app: App, entry: entries.Parser, path: Path, start: int
) -> "contextlib.closing[Events]":
    settings = app.settings.library
    limits = Limits(settings.parse_seconds, settings.parse_megabytes)
    return contextlib.closing(read(entry.target, path, start, limits))


def _describe(app: App, entry: entries.Parser, path: Path) -> Document:
    with _events(app, entry, path, 0) as events:
        return _first(events, path)


def _first(events: Events, path: Path) -> Document:
    found = next(events, None)
    if not isinstance(found, Document):
        raise ParseError(f"{path.name}: the parser does not describe it", source=path.name)
    return found


def _read(app: App, entry: entries.Parser, path: Path, sha256: str) -> Document:
    """Read what was not read yet of a file, keeping pages as they come."""
    library = app.library
    before = library.reading(sha256)
    start = (
        before.done if before is not None and before.parser == entry.name and before.total else 0
    )
    with _events(app, entry, path, start) as events:
        document = _first(events, path)
        with app.store.transaction():
            now = library.reading(sha256)
            anew = now is None or now.parser != entry.name or now.total != document.pages
            if anew:
                library.begin(sha256, entry.name, document.pages, app.clock().isoformat())
        if anew and start:  # pruned meanwhile, or the parser counts otherwise now
            events.close()
            return _read(app, entry, path, sha256)
        keeper = _Keeper(library, sha256, path.name, start, document.pages)
        if start:
            app.screen.say(f"continuing at page {start + 1} of {document.pages}", "dim")
        with app.screen.progress(_title(document, path), document.pages, start) as bar:
            try:
                for found in events:
                    if isinstance(found, Section):
                        keeper.take(found)
                        bar.update(keeper.page)
            except ParseError:
                keeper.keep()
                raise
            except KeyboardInterrupt:
                keeper.keep()
                if keeper.kept:
                    app.screen.say(f"Kept {keeper.kept} pages; the same command goes on from there")
                raise
            keeper.keep_rest()
            bar.update(document.pages)
    if not any(section.text.strip() for section in library.sections(sha256)):
        library.forget(sha256)
        raise ParseError(
            f"{path.name}: no text on any page; it is probably scanned",
            "Run text recognition over it first, for instance with OCRmyPDF, and add the result",
            source=path.name,
        )
    return document


@attrs.define
class _Keeper:
    """Keeps whole pages in batches.

    Another process may be reading the same file: whoever keeps a page first has kept it, and the
    other's copy of it is dropped, so that no page is there twice.
    """

    library: Library
    sha256: str
    name: str
    page: int
    pages: int
    waiting: list[Section] = attrs.field(factory=list)
    kept: int = 0
    since: float = attrs.field(factory=time.monotonic)

    def __attrs_post_init__(self) -> None:
        self.kept = self.page

    def take(self, section: Section) -> None:
        """One more section; the pages before its own are complete."""
        if section.page is not None and section.page > self.page:
            self.page = section.page
            late = time.monotonic() - self.since > BATCH_SECONDS
            if late or self.page - self.kept >= BATCH_PAGES:
                self.keep()
        self.waiting.append(section)

    def keep(self) -> None:
        """Keep the pages that are complete."""
        ready = [section for section in self.waiting if (section.page or 0) < self.page]
        if self.pages and self.page > self.kept:
            self._write(ready, self.page)
            self.waiting = self.waiting[len(ready) :]

    def keep_rest(self) -> None:
        """Keep everything: the reading came to the end."""
        self._write(self.waiting, max(self.pages, self.page + 1))
        self.waiting = []

    def _write(self, sections: list[Section], done: int) -> None:
        with self.library.store.transaction():
            now = self.library.reading(self.sha256)
            if now is None:
                raise ParseError(
                    f"what was read of {self.name} was pruned meanwhile",
                    "Add it again",
                    source=self.name,
                )
            if not now.finished and now.done < done:
                fresh = [section for section in sections if (section.page or 0) >= now.done]
                self.library.keep(self.sha256, fresh, done)
        self.kept, self.since = done, time.monotonic()


def _shelve(
    app: App, entry: entries.Parser, path: Path, sha256: str, document: Document, title: str
) -> Added:
    """The book, its chunks, index, journal entry and audit row, in one transaction."""
    library = app.library
    reading = library.reading(sha256)
    fresh: list[Chunk] = []
    if reading is not None and not reading.finished:
        sections = without_running_lines(labelled(library.sections(sha256)))
        fresh = cut(sha256, sections, app.settings.library.chunk_words)
    with app.store.transaction():
        there, now = library.book_of(sha256), library.reading(sha256)
        if now is None:
            raise ParseError(
                f"what was read of {path.name} was pruned meanwhile",
                "Add it again",
                source=path.name,
            )
        searcher = _searcher(app)
        if there is not None and now.finished:
            return Added(there, new=False, searchable=searcher is not None)
        chunks = list(library.chunks(sha256)) if now.finished else library.finish(sha256, fresh)
        if searcher is not None:
            searcher.remove(sha256)
            searcher.add(chunks)
        if there is not None:
            return Added(there, new=False, searchable=searcher is not None)
        book = Book(
            id=text.unique_slug(title, [each.id for each in library.books()]),
            title=title,
            sha256=sha256,
            path=_keepable(path),
            parser=entry.name,
            size=path.stat().st_size,
            pages=document.pages,
            chunks=len(chunks),
            added_at=app.clock().isoformat(),
        )
        with app.journal.change("library.add") as change:
            change.insert("books", attrs.asdict(book))
            change.prose = f'added "{title}" ({extent(book)})'
            change.facts = {
                "book": book.id,
                "sha256": sha256,
                "pages": book.pages,
                "chunks": book.chunks,
            }
            app.audit.record(
                "document.added",
                {"book": book.id, "title": title, "path": book.path, "sha256": sha256},
            )
    return Added(book, new=True, searchable=searcher is not None)


def extent(book: Book) -> str:
    """How much there is of a book: "403 pages, 1,234 passages"."""
    passages = f"{book.chunks:,} passage{'s' * (book.chunks != 1)}"
    return f"{book.pages:,} page{'s' * (book.pages != 1)}, {passages}" if book.pages else passages


def _searcher(app: App) -> Searcher | None:
    try:
        return app.keyword_searcher()
    except NotFound:
        return None


def _title(document: Document, path: Path) -> str:
    """A title that can stand in a list: the document's own, else the name of its file."""
    own = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in document.title)
    own = " ".join(unicodedata.normalize("NFC", own).split())[: text.NAME_MAX].strip()
    if own and not _USELESS.fullmatch(own):
        return own
    stem = "".join(char if char.isprintable() else " " for char in path.stem)
    if " " not in stem:
        stem = stem.replace("_", " ").replace("-", " ")
    return " ".join(stem.split())[: text.NAME_MAX].strip() or "book"


def _keepable(path: Path) -> str:
    """A path as the database can keep it, with what is no UTF-8 in a name made visible."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
