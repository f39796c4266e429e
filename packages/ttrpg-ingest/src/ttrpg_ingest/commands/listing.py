"""``ttrpg library list`` and ``show``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.library import BOOK_KINDS, Book
from ttrpg_core.views import Block, Fields, Table, Text
from ttrpg_ingest.commands.names import (
    as_data,
    book_named,
    complete_books,
    complete_systems,
    place_of,
)

OUTLINE_ROWS = 40
"""Headings that ``show`` prints at the most without ``--depth``; ``--json`` has them all."""
NOTICES = 12
"""Notices that ``show`` prints at the most."""
_ORDER: dict[str, Callable[[Book], Any]] = {
    "title": lambda book: (book.title.casefold(), book.id),
    "added": lambda book: (book.added_at, book.id),
    "pages": lambda book: (-book.pages, book.id),
    "passages": lambda book: (-book.chunks, book.id),
}


@click.command("list")
@click.option(
    "--sort", type=click.Choice(list(_ORDER)), default="title", help="What to sort the books by."
)
@click.option("--system", shell_complete=complete_systems, help="Only books of a game system.")
@click.option("--kind", type=click.Choice(BOOK_KINDS), help="Only books of a kind.")
@click.pass_obj
def list_books(app: App, sort: str, system: str | None, kind: str | None) -> None:
    """List the books on the shelf."""
    from ttrpg_ingest.shelf.verifying import indexed_books, state

    counts = app.library.counts()
    books = [
        attrs.evolve(book, chunks=counts.get(book.sha256, 0))
        for book in app.library.books()
        if (system is None or book.system.casefold() == system.strip().casefold())
        and (kind is None or book.kind == kind)
    ]
    books.sort(key=_ORDER[sort])
    indexed = indexed_books(app, books)
    states = {book.id: state(app, book, indexed=book.sha256 in indexed) for book in books}
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
    shown = [n for n, name in enumerate(headings) if n < 2 or _tells(name, rows, n)]  # noqa: PLR2004 - id and title
    filtered = system is not None or kind is not None
    empty = "No books like that" if filtered else "No books yet. Add one: ttrpg library add FILE"
    blocks: list[Block] = [
        Table([headings[n] for n in shown], [[row[n] for n in shown] for row in rows], empty=empty)
    ]
    half = [each for each in app.library.readings() if not each.finished]
    half = [each for each in half if app.library.book_of(each.sha256) is None]
    if half:
        files = f"{len(half)} file{'s' * (len(half) != 1)}"
        pages = ", ".join(f"{r.done} of {r.total} pages" for r in half[:3] if r.total)
        said = f"{files} partly read{f' ({pages})' if pages else ''}: add again to go on"
        blocks.append(Text(f"{said}, or 'ttrpg library prune'", "dim"))
    app.screen.show(
        "ttrpg.library.list/1",
        {
            "books": [{**as_data(book), "state": states[book.id]} for book in books],
            **({"partly_read": [{"done": r.done, "pages": r.total} for r in half]} if half else {}),
        },
        blocks,
    )


def _tells(name: str, rows: list[list[str]], column: int) -> bool:
    """Whether a column says anything; one that is empty throughout is left out."""
    return name in {"pages", "passages", "added"} or any(row[column] for row in rows)


@click.command("show")
@click.argument("book", shell_complete=complete_books)
@click.option("--depth", type=click.IntRange(1, 20), help="Headings down to this depth, all.")
@click.pass_obj
def show_book(app: App, book: str, depth: int | None) -> None:
    """Show a book: its file, what it is, how well it was read, and its headings with pages."""
    from ttrpg_ingest.shelf.outline import outline
    from ttrpg_ingest.shelf.shelving import details_of
    from ttrpg_ingest.shelf.verifying import indexed_books, state

    found = book_named(app, book)
    kinds = app.library.kinds(found.sha256)
    found = attrs.evolve(found, chunks=sum(kinds.values()))
    headings = outline(app, found, depth)
    reading = app.library.reading(found.sha256)
    notices = reading.notices if reading is not None else ()
    quality = details_of(found).get("quality", {})
    now = state(app, found, indexed=bool(indexed_books(app, [found])))
    most = len(headings) if depth is not None else OUTLINE_ROWS
    rows = [["  " * (row.depth - 1) + row.heading, row.page] for row in headings[:most]]
    blocks: list[Block] = [Fields(_fields(found, kinds, quality, now))]
    if notices:
        said = [[place_of(each.page), each.text] for each in notices[:NOTICES]]
        blocks.append(Table(["where", "how it was read"], said))
        if len(notices) > NOTICES:
            blocks.append(Text(f"and {len(notices) - NOTICES} more; --json has all", "dim"))
    if rows:
        blocks.append(Table(["heading", "printed page"], rows))
    if len(headings) > most:
        more = f"and {len(headings) - most} more headings; --depth N shows them all"
        blocks.append(Text(more, "dim"))
    data: dict[str, Any] = {
        "book": as_data(found),
        "missing": not Path(found.path).exists(),
        "state": now,
        "kinds": kinds,
        "quality": quality,
        "notices": [{"text": each.text, "page": each.page} for each in notices],
        "outline": [{"depth": h.depth, "heading": h.heading, "page": h.page} for h in headings],
    }
    app.screen.show("ttrpg.library.show/1", data, blocks)


def _fields(
    book: Book, kinds: dict[str, int], quality: object, state: str
) -> list[tuple[str, str]]:
    told = [
        ("title", book.title),
        ("book", book.id),
        ("authors", book.authors),
        ("publisher", book.publisher),
        ("edition", book.edition),
        ("language", book.language),
        ("system", book.system),
        ("genre", book.genre),
        ("kind", book.kind.replace("_", " ")),
        ("campaign", book.campaign),
        ("file", book.path),
        ("read as", book.parser),
        ("size", f"{book.size:,} bytes"),
        ("pages", str(book.pages) if book.pages else "none"),
        ("passages", f"{book.chunks:,}"),
        ("of these", ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in kinds.items())),
        ("quality", _quality(quality)),
        ("state", state),
        ("added", book.added_at[:10]),
    ]
    return [(name, value) for name, value in told if value]


def _quality(report: object) -> str:
    """The report in a line: the verdict first, then its figures."""
    if not isinstance(report, dict):
        return ""
    plain = {n: v for n, v in report.items() if isinstance(v, (str, int, float))}
    verdict = plain.pop("overall", "")
    figures = (
        f"{name.replace('_', ' ')} {value:.2f}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in plain.items()
    )
    return "; ".join(filter(None, [str(verdict), ", ".join(figures)]))
