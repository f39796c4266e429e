"""A book's pages bound together: blocks in reading order with outline and printed pages, told on.

EPUB and MOBI end here, so that one book gives the same text, order and headings in each format.
"""

from collections.abc import Callable, Iterator

import attrs

from ttrpg_core.documents import Document, Notice, Section
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.archive import DAMAGED, Unreadable
from ttrpg_ingest.ebooks.blocks import Break, PageMark, Piece, Point
from ttrpg_ingest.ebooks.decoding import is_markup
from ttrpg_ingest.ebooks.outline import grouped, is_contents, shift, with_headings
from ttrpg_ingest.ebooks.package import Book
from ttrpg_ingest.ebooks.reader import MOST_TAGS, read_page
from ttrpg_ingest.ebooks.telling import Teller

MOST_NOTICES = 20


@attrs.define
class Bound:
    """A book and how to get at its files: ``read`` answers bytes or raises Unreadable."""

    book: Book
    read: Callable[[str], bytes]
    name: str
    notices: list[str] = attrs.field(factory=list)

    def describe(self) -> Document:
        """What the book says of itself, with its printed pages counted."""
        count = sum(isinstance(piece, Break) for piece in self.pieces()) if self._paged() else 0
        return attrs.evolve(self.book.document, pages=count)

    def sections(self, start: int = 0) -> Iterator[Section | Notice]:
        """The sections from the printed page ``start`` on. ParseError when there is no text."""
        self.notices = list(self.book.notices)
        teller = Teller()
        empty = True
        for section in self._told(teller):
            empty = empty and not section.text.strip()
            if not start or teller.page is None or (section.page or 0) >= start:
                yield section
        if empty:
            raise ParseError(
                f"{self.name} has no text that can be read"
                + (f": {self.notices[0]}" if self.notices else "; are its pages pictures?"),
                DAMAGED if self.notices else "",
                source=self.name,
            )
        for text in self.notices[:MOST_NOTICES]:
            yield Notice(text)

    def pieces(self) -> Iterator[Piece]:
        """The pieces of all pages, in reading order."""
        points = grouped(self.book.points)
        marks: dict[str, list[PageMark]] = {}
        for mark in self.book.marks:
            marks.setdefault(mark.file, []).append(mark)
        depth = tags = 0
        for name in self.book.files:
            try:
                data = self.read(name)
            except Unreadable as error:
                self.notices.append(f"left out: {error}")
                continue
            if not is_markup(data):
                self.notices.append(f"left out: {name} is no page of text")
                continue
            tags += data.count(b"<")
            if tags > MOST_TAGS:
                raise ParseError(
                    f"{self.name} has more than {MOST_TAGS:,} tags in its text",
                    "A real book is never so; get it from another place",
                    source=self.name,
                )
            mine, here = marks.get(name, []), points.get(name, [])
            labels = {mark.id: mark.label for mark in mine}
            page = read_page(data, default=self.book.encoding, breaks=labels)
            if name in self.book.contents and is_contents(page):
                continue
            depth = shift(page, here, depth)
            if "" in labels:
                yield Break(labels[""])
            for piece in with_headings(page, _worth(here, has_text=bool(page.blocks)), depth):
                if isinstance(piece, Break) and piece.ids:
                    yield Break(labels.get(piece.ids[0], "") or piece.label)
                else:
                    yield piece

    def _told(self, teller: Teller) -> Iterator[Section]:
        yield from teller.tell(self.pieces())
        yield from teller.end()

    def _paged(self) -> bool:
        """Whether there are printed pages to count; most books have none."""
        if self.book.marks:
            return True
        for name in self.book.files:
            try:
                if b"pagebreak" in self.read(name):
                    return True
            except Unreadable:
                continue
        return False


def _worth(points: list[Point], *, has_text: bool) -> list[Point]:
    """The entries that become headings: on a page of pictures, only those with others below."""
    return points if has_text else [point for point in points if point.parent]
