"""The headings of a book with their pages, and what is in it."""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.app import App
from ttrpg_core.documents import headed
from ttrpg_core.library import Book

ENOUGH = 8
"""Headings of the first depth that say enough; with fewer the second depth is shown too."""


@attrs.frozen
class Heading:
    """A heading, how deep it stands, and the printed page that it is on."""

    depth: int
    heading: str
    page: str


def outline(app: App, book: Book, depth: int | None = None) -> list[Heading]:
    """The headings down to a depth; without one the first, or the first two where they are few."""
    paths = [
        (path, section.label or "") for section, path in headed(app.library.sections(book.sha256))
    ]
    if depth is not None:
        return list(_headings(paths, depth))
    rows = list(_headings(paths, 1))
    return rows if len(rows) >= ENOUGH else list(_headings(paths, 2))


def _headings(paths: Iterable[tuple[tuple[str, ...], str]], deepest: int) -> Iterator[Heading]:
    before: tuple[str, ...] = ()
    for path, page in paths:
        shown = path[:deepest]
        for depth in range(1, len(shown) + 1):
            if shown[:depth] != before[:depth]:
                yield Heading(depth, shown[depth - 1], page)
        before = shown
