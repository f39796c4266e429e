"""A book that was read, onto the shelf: one transaction, so there is never half a book."""

import json

import attrs

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.documents import Chunk, Document, Notice
from ttrpg_core.errors import NotFound
from ttrpg_core.library import Book, Reading
from ttrpg_core.search import Searcher
from ttrpg_ingest.shelf.content import keepable
from ttrpg_ingest.shelf.finding import Found
from ttrpg_ingest.shelf.keeping import pruned
from ttrpg_ingest.shelf.learning import Learnt, dumped, learn
from ttrpg_ingest.shelf.likeness import SAME, likeness
from ttrpg_ingest.shelf.wishes import FACTS, Wishes


@attrs.frozen
class Added:
    """What came of adding: the book, and what the user should hear about it.

    ``new`` says whether it was added now, ``replaced`` whether it took the place of other content,
    ``again`` whether the content of a book on the shelf was read once more. ``notices`` are what is
    to be known of the reading, ``twins`` other books on the shelf with the same text.
    """

    book: Book
    new: bool
    searchable: bool
    replaced: bool = False
    again: bool = False
    seconds: float = 0.0
    notices: tuple[Notice, ...] = ()
    twins: tuple[Book, ...] = ()


@attrs.frozen
class Ready:
    """A content that was read to its end, and what it is to become."""

    found: Found
    sha256: str
    parser: str
    document: Document
    title: str
    size: int
    wishes: Wishes
    replaces: str = ""


def shelve(app: App, ready: Ready) -> Added:
    """The book, its sections, chunks, index, journal entry and audit row; all or nothing."""
    library, sha256 = app.library, ready.sha256
    reading = library.reading(sha256)
    learnt: Learnt | None = None
    if reading is None or not _whole(reading, ready):
        raise pruned(ready.found.path.name)
    if not reading.finished:
        learnt = learn(
            sha256,
            ready.document,
            list(library.sections(sha256)),
            reading.notices,
            ready.found.path.name,
            app.settings.library.chunk_words,
        )
    with app.store.transaction():
        there, now = library.book_of(sha256), library.reading(sha256)
        if now is None or not _whole(now, ready) or (learnt is None and not now.finished):
            raise pruned(ready.found.path.name)
        searcher = keyword_searcher(app)
        if there is not None and now.finished:
            return Added(there, new=False, searchable=searcher is not None)
        if now.finished or learnt is None:
            chunks = list(library.chunks(sha256))
        else:
            chunks = library.finish(sha256, learnt.chunks, learnt.sections)
        index(searcher, sha256, chunks)
        if there is not None and there.id != ready.replaces:
            return Added(
                there, new=False, searchable=searcher is not None, again=True, notices=now.notices
            )
        if learnt is None:  # read before, and taken off the shelf since
            learnt = learn_again(app, ready, chunks)
        old = next((each for each in library.books() if each.id == ready.replaces), None)
        book = _book(app, ready, learnt, old, len(chunks))
        twins = same_text(app, book)
        _write(app, book, old)
    return Added(
        book,
        new=True,
        searchable=searcher is not None,
        replaced=old is not None and there is None,
        again=there is not None,
        notices=now.notices,
        twins=twins,
    )


def _whole(reading: Reading, ready: Ready) -> bool:
    """Whether all pages are kept; another process may have begun to read them anew."""
    return reading.finished or (reading.parser == ready.parser and reading.done >= reading.total)


def learn_again(app: App, ready: Ready, chunks: list[Chunk]) -> Learnt:
    """Facts about a content whose sections and chunks are kept already."""
    from ttrpg_ingest.shelf.learning import facts_of
    from ttrpg_ingest.shelf.likeness import sketch

    sections = list(app.library.sections(ready.sha256))
    reading = app.library.reading(ready.sha256)
    notices = reading.notices if reading is not None else ()
    columns, details = facts_of(ready.document, sections, notices, chunks, ready.found.path.name)
    return Learnt(sections, chunks, columns, {**details, "fingerprint": sketch(sections)})


def index(searcher: Searcher | None, sha256: str, chunks: list[Chunk]) -> None:
    """Make the index hold just these chunks of a content."""
    if searcher is not None:
        searcher.remove(sha256)
        searcher.add(chunks)


def keyword_searcher(app: App) -> Searcher | None:
    """The backend that books are indexed with; None where none is installed."""
    try:
        return app.keyword_searcher()
    except NotFound:
        return None


def same_text(app: App, book: Book) -> tuple[Book, ...]:
    """Other books on the shelf that have the same text, as another format has."""
    own = details_of(book).get("fingerprint", "")
    return tuple(
        each
        for each in app.library.books()
        if each.id != book.id
        and likeness(str(own), str(details_of(each).get("fingerprint", ""))) >= SAME
    )


def details_of(book: Book) -> dict[str, object]:
    """What is known of a book beside its columns; nothing when that cannot be read."""
    try:
        found = json.loads(book.details)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def extent(book: Book) -> str:
    """How much there is of a book: "403 pages, 1,234 passages"."""
    passages = f"{book.chunks:,} passage{'s' * (book.chunks != 1)}"
    return f"{book.pages:,} page{'s' * (book.pages != 1)}, {passages}" if book.pages else passages


def _book(app: App, ready: Ready, learnt: Learnt, old: Book | None, chunks: int) -> Book:
    """The row: what the user says now, else what they said of the old one, else what was found."""
    kept: dict[str, str] = {}
    if old is not None:
        stated = details_of(old).get("set", [])
        names = stated if isinstance(stated, list) else []
        kept = {n: getattr(old, n) for n in names if n in {"title", *FACTS}}
    said = {**kept, **ready.wishes.said}
    columns = {"title": ready.title, **learnt.columns, **said}
    books = app.library.books()
    return Book(
        id=old.id if old is not None else text.unique_slug(columns["title"], [b.id for b in books]),
        sha256=ready.sha256,
        path=keepable(ready.found.path),
        parser=ready.parser,
        size=ready.size,
        pages=ready.document.pages,
        chunks=chunks,
        added_at=app.clock().isoformat(),
        details=dumped({**learnt.details, **({"set": sorted(said)} if said else {})}),
        **columns,
    )


def _write(app: App, book: Book, old: Book | None) -> None:
    with app.journal.change("library.add" if old is None else "library.update") as change:
        if old is None:
            change.insert("books", attrs.asdict(book))
            change.prose = f'added "{book.title}" ({extent(book)})'
        else:
            change.update("books", {"id": book.id}, attrs.asdict(book))
            change.prose = (
                f'read "{old.title}" anew ({extent(book)})'
                if old.sha256 == book.sha256
                else f'replaced "{old.title}" by its new content ({extent(book)})'
            )
        change.facts = {
            "book": book.id,
            "sha256": book.sha256,
            "pages": book.pages,
            "chunks": book.chunks,
        }
        app.audit.record(
            "document.added" if old is None else "document.updated",
            {"book": book.id, "title": book.title, "path": book.path, "sha256": book.sha256},
        )
