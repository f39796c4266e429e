"""``ttrpg library show``: what a book is, how well it was read, and its headings with pages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.library import Book
from ttrpg_core.views import Block, Fields, Table, Text
from ttrpg_ingest.commands.names import as_data, book_named, complete_books, place_of
from ttrpg_ingest.shelf import State

OUTLINE_ROWS = 40
"""Headings that are printed at the most without ``--depth``; ``--json`` has them all."""
NOTICES = 12
"""Notices that are printed at the most."""
EMPTY_PAGES = 12
"""Pages without text that are named."""
_SCORES = {
    "order": "order",
    "text": "words",
    "structure": "headings",
    "coverage": "pages with text",
}
"""What is scored from 0 to 1, and how it is called."""


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
    details = details_of(found)
    quality = details.get("quality", {})
    now = state(app, found, indexed=bool(indexed_books(app, [found])))
    most = len(headings) if depth is not None else OUTLINE_ROWS
    pairs = [
        *_about(found, _sure(details), now),
        *(_read(quality, found.pages, kinds) if isinstance(quality, dict) else []),
    ]
    blocks: list[Block] = [Fields([(name, value) for name, value in pairs if value])]
    if notices:
        said = [[place_of(each.page), each.text] for each in notices[:NOTICES]]
        blocks.append(Table(["where", "how it was read"], said))
        if len(notices) > NOTICES:
            blocks.append(Text(f"and {len(notices) - NOTICES} more; --json has all", "dim"))
    if headings:
        rows = [["  " * (row.depth - 1) + row.heading, row.page] for row in headings[:most]]
        paged = any(page for _, page in rows)
        blocks.append(
            Table(["heading", "printed page"], rows)
            if paged
            else Table(["heading"], [[heading] for heading, _ in rows])
        )
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


def _about(book: Book, sure: dict[str, str], state: State) -> list[tuple[str, str]]:
    """What it is; a fact that was detected says how sure that is."""
    told = [
        ("title", book.title),
        ("book", book.id),
        ("authors", book.authors),
        *((name, getattr(book, name)) for name in ("publisher", "edition", "language")),
        ("system", book.system),
        ("genre", book.genre),
        ("kind", book.kind.replace("_", " ")),
    ]
    return [
        *((name, value and value + sure.get(name, "")) for name, value in told),
        ("campaign", book.campaign),
        ("file", book.path),
        ("read as", f"{book.parser}, {book.size:,} bytes"),
        ("state", state),
        ("added", book.added_at[:10]),
    ]


def _sure(details: Mapping[str, object]) -> dict[str, str]:
    """For each column that was detected and not said since: how sure it is."""
    facts, stated = details.get("facts", {}), details.get("set", [])
    if not isinstance(facts, dict) or not isinstance(stated, list):
        return {}
    return {
        name: f" (detected, {100 * fact['confidence']:.0f}% sure)"
        for name, fact in facts.items()
        if name not in stated
        and isinstance(fact, dict)
        and isinstance(fact.get("confidence"), (int, float))
        and fact["confidence"] < 1
    }


def _read(
    report: Mapping[str, object], pages: int, kinds: Mapping[str, int]
) -> list[tuple[str, str]]:
    """How well it was read: the verdict, then what it rests on."""

    def number(name: str) -> float:
        value = report.get(name, 0)
        return value if isinstance(value, (int, float)) else 0

    empty = report.get("pages_without_text", [])
    empty = empty if isinstance(empty, list) else []
    without = ", ".join(map(str, empty[:EMPTY_PAGES])) + ", ..." * (len(empty) > EMPTY_PAGES)
    which = f"page{'s' * (len(empty) > 1)} {without} of the file"
    labelled = f"{number('labelled_pages'):,} with the number printed on them"
    passages = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.items())
    return [
        ("pages", f"{pages:,}, {labelled}" if pages else "none: the format has no pages"),
        ("without text", which if empty else ""),
        ("headings", f"{number('headings'):,}"),
        ("tables", f"{number('tables'):,}"),
        ("passages", f"{sum(kinds.values()):,}{f': {passages}' if passages else ''}"),
        ("for the GM", f"{number('gm_only'):,} of them" if number("gm_only") else ""),
        ("read", f"{report.get('overall', '')} ({number('score'):.2f} of 1)"),
        ("scores", ", ".join(f"{said} {number(name):.2f}" for name, said in _SCORES.items())),
    ]
