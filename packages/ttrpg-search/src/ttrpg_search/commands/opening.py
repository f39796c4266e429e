"""From a passage to its book: the commands of ``library`` open and read it at its page."""

import click

from ttrpg_core.app import App
from ttrpg_core.documents import Chunk
from ttrpg_core.entries import Command
from ttrpg_core.errors import NotFound
from ttrpg_core.library import Book
from ttrpg_core.views import Text
from ttrpg_search.commands.finding import analytics, last
from ttrpg_search.commands.shown import path, place


def page_of(chunk: Chunk) -> str:
    """The page as ``library`` takes it: what is printed, else its number in the file."""
    if chunk.label:
        return chunk.label.partition("-")[0] if chunk.label[:1].isdigit() else chunk.label
    return "" if chunk.first_page is None else f"#{chunk.first_page + 1}"


def shown_before(app: App, number: int) -> tuple[Chunk, Book]:
    """The passage of that number in the last answer, with its book; it counts as opened."""
    asked = last(app)
    first = asked.options.get("offset", 0)
    rank = number - (first if isinstance(first, int) else 0)
    if not 1 <= rank <= len(asked.shown):
        span = f"{number - rank + 1} to {number - rank + len(asked.shown)}"
        raise NotFound(
            f"there is no passage {number} in the last answer",
            f"It had {span}" if asked.shown else "It had none",
        )
    chunk = app.library.chunks_of([asked.shown[rank - 1]]).get(asked.shown[rank - 1])
    book = None if chunk is None else app.library.book_of(chunk.sha256)
    if chunk is None or book is None:
        raise NotFound("that passage is no longer in the library", "Search for it again")
    analytics(app).opened(asked.id, chunk.id, number)
    return chunk, book


def open_book(ctx: click.Context, chunk: Chunk, book: Book) -> None:
    """Open the book's file at the passage; say where it is, where no command can open it."""
    page = page_of(chunk)
    if not _library(ctx, "open", [book.id, *(["--page", page] if page else [])]):
        app: App = ctx.obj
        where = place(chunk)
        app.screen.show(
            "ttrpg.search.open/1",
            {"book": book.id, "page": chunk.label or None, "where": path(chunk, book)},
            [Text(f"{path(chunk, book)}{f', {where}' if where else ''}")],
        )


def read_book(ctx: click.Context, chunk: Chunk, book: Book) -> None:
    """Show the whole page that a passage stands on, or its section where there are no pages."""
    named = page_of(chunk) or chunk.heading
    if not named or not _library(ctx, "read", [book.id, named]):
        raise NotFound(
            f"this passage of {book.title!r} has no page to show",
            "'ttrpg search --full' shows all of it, --context what stands around it",
        )


def _library(ctx: click.Context, verb: str, arguments: list[str]) -> bool:
    """Run ``library VERB`` if it is installed; the packages know each other by command alone."""
    app: App = ctx.obj
    if "library" not in app.plugins.entries(Command):
        return False
    noun = app.plugins.load(Command, "library")
    command = noun.get_command(ctx, verb) if isinstance(noun, click.Group) else None
    if command is None:
        return False
    with command.make_context(verb, arguments, parent=ctx.find_root(), obj=app) as inner:
        command.invoke(inner)
    return True
