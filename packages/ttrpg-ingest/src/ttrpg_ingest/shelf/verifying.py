"""Whether the library is as it should be: files, passages in their place, the index in step."""

from collections.abc import Iterator
from pathlib import Path

import attrs

from ttrpg_core.app import App
from ttrpg_core.library import Book
from ttrpg_core.search import VectorIndex
from ttrpg_ingest.chunks import in_place
from ttrpg_ingest.shelf import content
from ttrpg_ingest.shelf.finding import Suffixes
from ttrpg_ingest.shelf.shelving import keyword_searcher
from ttrpg_ingest.shelf.states import State


@attrs.frozen
class Finding:
    """Something that is not as it should be, and what to do.

    What is ``damaged`` gives wrong answers; the rest is worth knowing.
    """

    book: str
    said: str
    do: str
    damaged: bool


def verify(app: App, books: list[Book]) -> Iterator[Finding]:
    """Everything that is wrong with these books, and with the index as a whole."""
    suffixes = Suffixes.of(app.plugins)
    total = sum(max(1, book.chunks) for book in books)
    with app.screen.progress("Verifying", total) as bar:
        done = 0
        for book in books:
            yield from _book(app, book, suffixes)
            done += max(1, book.chunks)
            bar.update(done, book.title)
    yield from _indexes(app)


def state(app: App, book: Book, *, indexed: bool) -> State:
    """In two words, for a list."""
    reading = app.library.reading(book.sha256)
    if reading is None:
        return "not read"
    if not reading.finished:
        return "partly read"
    if not indexed:
        return "not indexed"
    return "ready" if Path(book.path).exists() else "file missing"


def indexed_books(app: App, books: list[Book]) -> set[str]:
    """The content of those books that can be found; asked one by one only where some cannot."""
    searcher = keyword_searcher(app)
    if searcher is None:
        return set()
    counts = app.library.counts()
    if searcher.count() >= sum(counts.values()):
        return {book.sha256 for book in books}
    return {book.sha256 for book in books if app.library.is_indexed(searcher, book.sha256)}


def _book(app: App, book: Book, suffixes: Suffixes) -> Iterator[Finding]:
    yield from _file(book, suffixes)
    again = f"ttrpg library add {book.path}"
    reading = app.library.reading(book.sha256)
    if reading is None or not reading.finished:
        yield Finding(book.id, "its text is not here", f"Read it again: {again}", damaged=True)
        return
    chunks = list(app.library.chunks(book.sha256))
    cut = f"ttrpg library reindex {book.id} --cut"
    if not chunks:
        yield Finding(book.id, "it has no passages", f"Cut it again: {cut}", damaged=True)
        return
    if [chunk.ordinal for chunk in chunks] != list(range(len(chunks))):
        yield Finding(book.id, "passages are missing", f"Cut it again: {cut}", damaged=True)
    if any(not chunk.digest for chunk in chunks):
        said = "its passages do not say where they stand in the text"
        yield Finding(book.id, said, f"Cut it again: {cut}", damaged=False)
    whole = app.library.text(book.sha256)
    wrong = [chunk for chunk in chunks if chunk.digest and not in_place(chunk, whole)]
    if wrong:
        first = wrong[0]
        said = (
            f"{len(wrong):,} of {len(chunks):,} passages are not in the text, as #{first.ordinal}"
        )
        yield Finding(book.id, said, f"Cut it again: {cut}", damaged=True)
    searcher = keyword_searcher(app)
    if searcher is not None and not app.library.is_indexed(searcher, book.sha256):
        yield Finding(
            book.id,
            "it cannot be found",
            f"Index it: ttrpg library reindex {book.id}",
            damaged=True,
        )


def _file(book: Book, suffixes: Suffixes) -> Iterator[Finding]:
    path = Path(book.path)
    add = f"ttrpg library add {book.path} --if-there update"
    if not path.exists():
        said = f"its file is gone: {book.path}"
        yield Finding(book.id, said, "It can be searched; 'open' needs the file", damaged=False)
        return
    now = content.found_again(path, suffixes)
    if now is None or book.sha256 not in content.keys(content.digest_of(now)):
        yield Finding(book.id, "its file has changed since", f"Read it: {add}", damaged=False)


def _indexes(app: App) -> Iterator[Finding]:
    """The index as a whole: as many passages as there are, and no vectors of what is gone."""
    counts = app.library.counts()
    searcher = keyword_searcher(app)
    if searcher is None:
        yield Finding(
            "", "no search backend is installed", "ttrpg-search brings one", damaged=False
        )
    else:
        there, indexed = sum(counts[b.sha256] for b in app.library.books() if b.sha256 in counts), 0
        indexed = searcher.count()
        if indexed < there:
            said = f"{there - indexed:,} of {there:,} passages are not in the index"
            yield Finding("", said, "Make it anew: ttrpg library reindex", damaged=True)
        elif indexed > sum(counts.values()):
            said = f"the index has {indexed - sum(counts.values()):,} passages that are gone"
            yield Finding("", said, "Make it anew: ttrpg library reindex", damaged=True)
    vectors = app.backend("vector")
    if isinstance(vectors, VectorIndex):
        ids = vectors.ids()
        gone = len(ids) - len(app.library.chunks_of(ids)) if ids else 0
        vectors.close()
        if gone:
            said = f"{gone:,} vectors belong to passages that are gone"
            yield Finding(
                "", said, "They are never shown; 'library index' drops them", damaged=False
            )
