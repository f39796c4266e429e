"""``search``: a passage from your own books, with its printed page."""

import contextlib

import click
from click.shell_completion import CompletionItem

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import NotFound
from ttrpg_core.library import Book
from ttrpg_core.search import Hit, Query
from ttrpg_core.store import peek
from ttrpg_core.views import Block, Quote, Text


def _books(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Book ids for the shell."""
    known = peek(ctx.find_root().obj.paths.database, "SELECT id, title FROM books ORDER BY id")
    return [
        CompletionItem(each, help=title) for each, title in known if each.startswith(incomplete)
    ]


@click.command(
    short_help="Find a rule in your books, with its page",
    context_settings={"ignore_unknown_options": True},  # a query may hold -words
)
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--book",
    "wanted",
    multiple=True,
    shell_complete=_books,
    help="Only in this book; may be repeated.",
)
@click.option(
    "-n", "--results", type=click.IntRange(1, 100), help="Passages to show; 3 unless set."
)
@click.pass_context
def search(
    ctx: click.Context, query: tuple[str, ...], wanted: tuple[str, ...], results: int | None
) -> None:
    """Find the passages that answer QUERY, best first, each with book and printed page.

    With quotes around the whole, as in 'fire -bolt "hit points"', "such words" stand together and
    a -word must not be there. Ends with 3 when nothing is found.
    """
    app: App = ctx.obj
    asked = text.query(" ".join(query))
    shelf = app.library.books()
    if not shelf:
        raise NotFound(
            "there is no book to search yet", "Put one on the shelf: ttrpg library add BOOK.pdf"
        )
    names = [(book.id, book.title) for book in shelf]
    chosen = {text.match(name, names, "book") for name in wanted}
    books = {book.sha256: book for book in shelf if not chosen or book.id in chosen}
    most = results or app.settings.search.results
    with contextlib.closing(app.keyword_searcher()) as searcher:
        hits = searcher.search(Query(asked, frozenset(books)), most)
        indexed = searcher.count()
    _show(app, asked, hits, books)
    if not hits:
        for book in books.values():
            if app.library.reading(book.sha256) is None:
                said = f"What was read of {book.title!r} was pruned: ttrpg library add {book.path}"
                app.screen.say(said, "warn")
        hint = (
            "try fewer or other words" if indexed else "the index is empty: ttrpg library reindex"
        )
        app.screen.say(
            f"Nothing found in {len(books)} book{'s' * (len(books) != 1)}; {hint}", "warn"
        )
        ctx.exit(NotFound.code)


def _show(app: App, asked: str, hits: list[Hit], books: dict[str, Book]) -> None:
    blocks: list[Block] = []
    for hit in hits:
        if blocks:
            blocks.append(Text(""))
        blocks.append(Text(hit.chunk.heading or books[hit.chunk.sha256].title, "title"))
        blocks.append(Quote(hit.chunk.text, caption(hit, books[hit.chunk.sha256]), hit.marks))
    app.screen.show(
        "ttrpg.search/1",
        {"query": asked, "hits": [_plain(hit, books[hit.chunk.sha256]) for hit in hits]},
        blocks,
    )


def caption(hit: Hit, book: Book) -> str:
    """Book, printed page and headings of a hit: ``SRD 5.1, p. 358, Conditions > Grappled``."""
    chunk = hit.chunk
    parts = [book.title]
    if chunk.label:
        parts.append(f"{'pp.' if '-' in chunk.label else 'p.'} {chunk.label}")
    elif chunk.first_page is not None:
        parts.append(f"page {chunk.first_page + 1} of the file")
    path = chunk.path[1:] if chunk.path[:1] == (book.title,) else chunk.path
    if len(path) > 1:
        parts.append(" > ".join(path))
    return ", ".join(parts)


def _plain(hit: Hit, book: Book) -> dict[str, object]:
    chunk = hit.chunk
    return {
        "book": book.id,
        "title": book.title,
        "page": chunk.label or None,
        "first_index": chunk.first_page,
        "last_index": chunk.last_page,
        "path": list(chunk.path),
        "text": chunk.text,
        "marks": [list(mark) for mark in hit.marks],
        "score": round(hit.score, 4),
    }
