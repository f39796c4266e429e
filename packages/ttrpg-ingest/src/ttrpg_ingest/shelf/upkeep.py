"""The index made anew, and chunks cut again from what was kept."""

from collections.abc import Sequence

from ttrpg_core.app import App
from ttrpg_core.documents import Chunk
from ttrpg_core.library import Book
from ttrpg_ingest.shelf.learning import chunks_of, clean
from ttrpg_ingest.shelf.shelving import index


def reindex(app: App, books: Sequence[Book] | None = None, *, cut: bool = False) -> int:
    """Fill the search index anew from the kept chunks; answers how many. NotFound without one.

    With ``cut`` the chunks are made again from the kept sections, as after a change of how books
    are cut. Each book is a transaction of its own, so what is done stays done when it is stopped.
    Without ``books`` what was taken off the shelf is indexed too, uncounted, as undo may bring it
    back; ``prune`` drops it.
    """
    searcher = app.keyword_searcher()
    if books is None:
        books = app.library.books()
        for sha256 in app.library.orphans():
            with app.store.transaction():
                index(searcher, sha256, list(app.library.chunks(sha256)))
    count = 0
    total = sum(book.chunks for book in books)
    with app.screen.progress("Cutting and indexing" if cut else "Indexing", total) as bar:
        done = 0
        for book in books:
            with app.store.transaction():
                chunks = list(app.library.chunks(book.sha256))
                if cut:
                    chunks = _cut_again(app, book, chunks)
                index(searcher, book.sha256, chunks)
            count += len(chunks)
            done += book.chunks
            bar.update(done, book.title)
    return count


def _cut_again(app: App, book: Book, before: list[Chunk]) -> list[Chunk]:
    """New chunks of a book; its row stays, so that whatever was journalled can be taken back."""
    sections = list(app.library.sections(book.sha256))
    if not sections:
        return before
    if not any(chunk.digest for chunk in before):
        sections = clean(sections)  # kept by a version that cleaned only what it cut
    chunks = chunks_of(book.sha256, sections, app.settings.library.chunk_words)
    return app.library.finish(book.sha256, chunks, sections)
