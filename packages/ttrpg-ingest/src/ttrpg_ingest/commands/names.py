"""Books, kinds and systems by name: for the shell that completes, and for the commands."""

import json
from typing import Any

import attrs
import click
from click.shell_completion import CompletionItem

from ttrpg_core import Parser, text
from ttrpg_core.app import App
from ttrpg_core.library import Book
from ttrpg_core.store import peek

UNDO = "'ttrpg undo' takes it back"


def complete_books(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Books for the shell: read without opening the store, which would make and migrate it."""
    return _completed(ctx, "SELECT id, title FROM books ORDER BY id", incomplete)


def complete_systems(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Systems that books on the shelf are for."""
    query = "SELECT system, COUNT(*) FROM books WHERE system <> '' GROUP BY system ORDER BY system"
    return _completed(ctx, query, incomplete)


def complete_campaigns(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Campaigns, by id."""
    return _completed(ctx, "SELECT id, name FROM campaigns ORDER BY id", incomplete)


def complete_parsers(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The parsers that are installed."""
    known = (ctx.find_object(App) or App()).plugins.entries(Parser)
    return [
        CompletionItem(name, help=entry.summary)
        for name, entry in sorted(known.items())
        if name.startswith(incomplete)
    ]


def _completed(ctx: click.Context, query: str, incomplete: str) -> list[CompletionItem]:
    app = ctx.find_object(App) or App()
    known = peek(app.paths.database, query)
    return [CompletionItem(name, help=told) for name, told in known if name.startswith(incomplete)]


def book_named(app: App, wanted: str) -> Book:
    """The book that an id, a title or a unique beginning of either means."""
    books = app.library.books()
    found = text.match(wanted, [(book.id, book.title) for book in books], "book")
    return next(book for book in books if book.id == found)


def books_named(app: App, wanted: tuple[str, ...]) -> list[Book]:
    """Those books, each once; every book where none is named."""
    if not wanted:
        return app.library.books()
    return list({book.id: book for book in (book_named(app, each) for each in wanted)}.values())


def as_data(book: Book) -> dict[str, Any]:
    """A book for ``--json``: its details as an object, without the sketch of its text."""
    data = attrs.asdict(book)
    try:
        details = json.loads(book.details)
    except ValueError:
        details = {}
    details.pop("fingerprint", None)
    return {**data, "details": details}


def place_of(page: int | None) -> str:
    """Where in the file something is, by the index of its page."""
    return "" if page is None else f"page {page + 1} of the file"
