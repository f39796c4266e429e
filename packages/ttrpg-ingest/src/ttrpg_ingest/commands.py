"""``ttrpg library``: the shelf of rule books."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import click
from click.shell_completion import CompletionItem

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.library import Book
from ttrpg_core.views import Fields, Table, Text
from ttrpg_ingest import importing

OUTLINE_ROWS = 40
"""Headings that ``show`` prints at the most; ``--json`` has them all."""
ENOUGH_ROWS = 8
"""Headings of the first depth that say enough; with fewer the second depth is shown too."""
_UNDO = "'ttrpg undo' takes it back"


def complete_books(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Books for the shell: read without opening the store, which would make and migrate it."""
    app = ctx.find_object(App) or App()
    path = app.paths.database
    if not path.is_file():
        return []
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
        with contextlib.closing(connection):
            rows = connection.execute("SELECT id, title FROM books ORDER BY id").fetchall()
            return [
                CompletionItem(book, help=title)
                for book, title in rows
                if book.startswith(incomplete)
            ]
    return []


@click.group(invoke_without_command=True)
@click.pass_context
def library(ctx: click.Context) -> None:
    """Your rule books: add, list, show, remove.

    A book is read once, cut into passages with their printed pages, and found by `ttrpg search`.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_books)


@library.command("list")
@click.pass_obj
def list_books(app: App) -> None:
    """List the books on the shelf."""
    books = app.library.books()
    rows = [
        [book.id, book.title, str(book.pages or ""), f"{book.chunks:,}", book.added_at[:10]]
        for book in books
    ]
    app.screen.show(
        "ttrpg.library.list/1",
        {"books": [attrs.asdict(book) for book in books]},
        [
            Table(
                ["book", "title", "pages", "passages", "added"],
                rows,
                empty="No books yet. Add one: ttrpg library add FILE",
            )
        ],
    )


@library.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--title", default="", help="The title, instead of the one that the file gives.")
@click.pass_context
def add_books(ctx: click.Context, files: tuple[str, ...], title: str) -> None:
    """Read rule books and put them on the shelf.

    Ctrl-C keeps what was read; the same command goes on from there.
    """
    app = ctx.ensure_object(App)
    if title and len(files) > 1:
        raise click.UsageError("--title names one book; give one FILE")
    added: list[importing.Added] = []
    failed: list[tuple[str, TtrpgError]] = []
    for file in files:
        try:
            added.append(importing.add(app, file, title))
        except TtrpgError as error:
            if len(files) == 1:
                raise
            failed.append((file, error))
            app.screen.say(
                f"{text.printable(file)}: {error.message}"
                + (f". {error.hint}" if error.hint else ""),
                "bad",
            )
        else:
            _say_added(app, added[-1])
    app.screen.show(
        "ttrpg.library.add/1",
        {
            "books": [{**attrs.asdict(each.book), "new": each.new} for each in added],
            "failed": [
                {"file": text.printable(file), "error": error.message, "hint": error.hint}
                for file, error in failed
            ],
        },
        [],
    )
    if failed:
        ctx.exit(failed[0][1].code)


@library.command("show")
@click.argument("book", shell_complete=complete_books)
@click.pass_obj
def show_book(app: App, book: str) -> None:
    """Show a book: its file, pages, passages and headings."""
    found = _book(app, book)
    outline = _outline(app, found)
    fields = [
        ("title", found.title),
        ("book", found.id),
        ("file", found.path),
        ("read as", found.parser),
        ("size", f"{found.size:,} bytes"),
        ("pages", str(found.pages) if found.pages else "none"),
        ("passages", f"{found.chunks:,}"),
        ("added", found.added_at[:10]),
    ]
    rows = [["  " * (depth - 1) + heading, page] for depth, heading, page in outline[:OUTLINE_ROWS]]
    blocks: list[Fields | Table | Text] = [Fields(fields)]
    if rows:
        blocks.append(Table(["heading", "printed page"], rows))
    if len(outline) > OUTLINE_ROWS:
        blocks.append(Text(f"and {len(outline) - OUTLINE_ROWS} more headings", "dim"))
    data: dict[str, Any] = {
        "book": attrs.asdict(found),
        "missing": not Path(found.path).exists(),
        "outline": [{"depth": d, "heading": heading, "page": page} for d, heading, page in outline],
    }
    app.screen.show("ttrpg.library.show/1", data, blocks)


@library.command("rm")
@click.argument("books", nargs=-1, required=True, shell_complete=complete_books, metavar="BOOK...")
@click.pass_obj
def remove_books(app: App, books: tuple[str, ...]) -> None:
    """Take books off the shelf; the files themselves are left alone."""
    found = list({each.id: each for each in (_book(app, book) for book in books)}.values())
    for each in found:
        importing.remove(app, each)
        app.screen.say(f'removed "{each.title}"; {_UNDO}', "good")
    app.screen.show("ttrpg.library.rm/1", {"books": [attrs.asdict(each) for each in found]}, [])


@library.command("prune")
@click.pass_obj
def prune_books(app: App) -> None:
    """Forget what was read of books that are no longer on the shelf.

    Taking back the removal of such a book then needs it to be added again.
    """
    count = importing.prune(app)
    app.screen.say(
        f"forgot what was read of {count} file{'s' * (count != 1)}; this cannot be undone", "good"
    )
    app.screen.show("ttrpg.library.prune/1", {"forgotten": count}, [])


@library.command("reindex")
@click.pass_obj
def reindex_books(app: App) -> None:
    """Make the search index anew from the passages that are kept."""
    count = importing.reindex(app)
    app.screen.say(f"indexed {count:,} passages; nothing else was changed", "good")
    app.screen.show("ttrpg.library.reindex/1", {"passages": count}, [])


def _say_added(app: App, added: importing.Added) -> None:
    book = added.book
    if added.new:
        app.screen.say(f'added "{book.title}" ({importing.extent(book)}); {_UNDO}', "good")
    else:
        app.screen.say(f'"{book.title}" is on the shelf already ({importing.extent(book)})')
    if not added.searchable:
        app.screen.say("no search backend is installed; ttrpg-search makes it searchable", "warn")


def _book(app: App, wanted: str) -> Book:
    """The book that an id, a title or a unique beginning of either means."""
    books = app.library.books()
    found = text.match(wanted, [(book.id, book.title) for book in books], "book")
    return next(book for book in books if book.id == found)


def _outline(app: App, book: Book) -> list[tuple[int, str, str]]:
    """Depth, heading and printed page of the top headings: the first depth, or two when few."""
    paths = [
        (chunk.path, chunk.label.partition("-")[0]) for chunk in app.library.chunks(book.sha256)
    ]
    for deepest in (1, 2):
        rows = list(_headings(paths, deepest))
        if len(rows) >= ENOUGH_ROWS:
            break
    return rows


def _headings(
    paths: Iterable[tuple[tuple[str, ...], str]], deepest: int
) -> Iterable[tuple[int, str, str]]:
    before: tuple[str, ...] = ()
    for path, page in paths:
        shown = path[:deepest]
        for depth in range(1, len(shown) + 1):
            if shown[:depth] != before[:depth]:
                yield depth, shown[depth - 1], page
        before = shown
