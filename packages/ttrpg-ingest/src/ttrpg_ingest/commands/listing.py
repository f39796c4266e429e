"""``ttrpg library list``: the books on the shelf, sorted and filtered."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.library import BOOK_KINDS, Book, Reading
from ttrpg_core.views import Block, Table, Text
from ttrpg_ingest.commands.names import as_data, complete_campaigns, complete_systems
from ttrpg_ingest.shelf import State

_ORDER: dict[str, Callable[[Book], Any]] = {
    "title": lambda book: (book.title.casefold(), book.id),
    "added": lambda book: (book.added_at, book.id),
    "pages": lambda book: (-book.pages, book.id),
    "passages": lambda book: (-book.chunks, book.id),
    "system": lambda book: (book.system.casefold(), book.title.casefold(), book.id),
    "size": lambda book: (-book.size, book.id),
}
_SAID = ("system", "genre", "language", "campaign", "kind")
"""Columns of a book that it can be chosen by."""


@click.command("list")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option(
    "--sort", type=click.Choice(list(_ORDER)), default="title", help="What to sort the books by."
)
@click.option("--reverse", is_flag=True, help="The last first.")
@click.option("--system", shell_complete=complete_systems, help="Only books of a game system.")
@click.option("--genre", help="Only books of a genre.")
@click.option("--language", help="Only books in a language, such as 'en'.")
@click.option("--campaign", shell_complete=complete_campaigns, help="Only books of a campaign.")
@click.option("--kind", type=click.Choice(BOOK_KINDS), help="Only books of a kind.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only books in a state.")
@click.pass_obj
def list_books(
    app: App,
    /,
    words: tuple[str, ...],
    sort: str,
    *,
    reverse: bool,
    state: str | None,
    **said: str | None,
) -> None:
    """List the books on the shelf; WORD is a part of a title, of an author or of a publisher."""
    counts = app.library.counts()
    books = [
        attrs.evolve(book, chunks=counts.get(book.sha256, 0))
        for book in app.library.books()
        if _fits(book, words, said)
    ]
    books.sort(key=_ORDER[sort], reverse=reverse)
    states = _states(app, books)
    if state is not None:
        books = [book for book in books if states[book.id] == state]
    filtered = bool(words) or state is not None or any(said.values())
    empty = "No books like that" if filtered else "No books yet. Add one: ttrpg library add FILE"
    blocks: list[Block] = [_table(books, states, empty, sort)]
    unread = [book for book in books if states[book.id] == "not read"]
    blocks += [Text(f"To read it again: ttrpg library add {each.path}", "dim") for each in unread]
    half = [] if filtered else _partly_read(app)
    if half:
        blocks.append(Text(_about(half), "dim"))
    app.screen.show(
        "ttrpg.library.list/1",
        {
            "books": [{**as_data(book), "state": states[book.id]} for book in books],
            **({"partly_read": [{"done": r.done, "pages": r.total} for r in half]} if half else {}),
        },
        blocks,
    )


def _fits(book: Book, words: Sequence[str], said: dict[str, str | None]) -> bool:
    known = f"{book.id} {book.title} {book.authors} {book.publisher}".casefold()
    return all(word.casefold() in known for word in words) and all(
        getattr(book, name).casefold() == wanted.strip().casefold()
        for name in _SAID
        if (wanted := said.get(name)) is not None
    )


def _states(app: App, books: list[Book]) -> dict[str, State]:
    from ttrpg_ingest.shelf.verifying import indexed_books, state

    indexed = indexed_books(app, books)
    return {book.id: state(app, book, indexed=book.sha256 in indexed) for book in books}


def _table(books: list[Book], states: dict[str, State], empty: str, sort: str) -> Table:
    """A row a book; what says nothing is left out, so that ids stay whole on a narrow terminal."""
    rows = [
        [
            book.id,
            book.title,
            book.system,
            str(book.pages or ""),
            f"{book.chunks:,}",
            book.added_at[:10],
            "" if states[book.id] == "ready" else states[book.id],
        ]
        for book in books
    ]
    headings = ["book", "title", "system", "pages", "passages", "added", "state"]
    always = {"book", "title", "pages", "passages", sort}
    told = {name for n, name in enumerate(headings) if any(row[n] for row in rows)} - {"added"}
    shown = [n for n, name in enumerate(headings) if name in always | told]
    return Table([headings[n] for n in shown], [[row[n] for n in shown] for row in rows], empty)


def _partly_read(app: App) -> list[Reading]:
    """What was begun and is on no shelf."""
    begun = [each for each in app.library.readings() if not each.finished]
    return [each for each in begun if app.library.book_of(each.sha256) is None]


def _about(half: list[Reading]) -> str:
    files = f"{len(half)} file{'s' * (len(half) != 1)}"
    pages = ", ".join(f"{r.done} of {r.total} pages" for r in half[:3] if r.total)
    said = f"{files} partly read{f' ({pages})' if pages else ''}: add again to go on"
    return f"{said}, or 'ttrpg library prune'"
