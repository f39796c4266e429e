"""A web page by itself: saved from a browser, or written by hand."""

from collections.abc import Iterator
from pathlib import Path

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.blocks import Block, Page, Piece
from ttrpg_ingest.ebooks.reader import MOST_TAGS, read_page
from ttrpg_ingest.ebooks.telling import Teller
from ttrpg_ingest.formats import is_html
from ttrpg_ingest.plain import bytes_of

MOST_BYTES = 24_000_000
"""Largest page that is read; the longest rules on one page have a fifth of it."""
MAIN_SHARE = 0.25
"""Share of the text that a page's main part must have to stand for the whole page."""


class WebPage:
    """Reads HTML. Nothing that the page refers to is opened, near or far."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it begins as a web page does, or with an element of one."""
        return is_html(head)

    def describe(self, source: Source) -> Document:
        """Its title: the only first heading, else what the browser shows above it."""
        return Document(title(page_of(source.path)))

    def parse(self, source: Source) -> Iterator[Section]:
        """Its sections; headers, menus and footers of the site are left aside."""
        teller = Teller()
        yield from teller.tell(body(page_of(source.path)))
        yield from teller.end()


def page_of(path: Path) -> Page:
    """The page in a file. ParseError when there is no text in it."""
    data = bytes_of(path, MOST_BYTES)
    if data.count(b"<") > MOST_TAGS:
        raise ParseError(
            f"{path.name} has more than {MOST_TAGS:,} tags",
            "No page of rules is so; get it from another place",
            source=path.name,
        )
    page = read_page(data)
    if not page.blocks:
        raise ParseError(f"{path.name} has no text in it", source=path.name)
    return page


def title(page: Page) -> str:
    """What the page is called."""
    tops = [block.text for block in page.blocks if block.level == 1]
    found = tops[0] if len(tops) == 1 else page.title or next(iter(tops), "")
    return "".join(char for char in found if char.isprintable())[:300]


def body(page: Page) -> tuple[Piece, ...]:
    """The pieces of the main part, where the page marks one that is not a mere fragment."""
    inside = [piece for piece in page.pieces if not isinstance(piece, Block) or piece.main]
    whole = sum(len(block.text) for block in page.blocks)
    kept = sum(len(piece.text) for piece in inside if isinstance(piece, Block))
    if kept < MAIN_SHARE * whole:
        return page.pieces
    lost = next((block for block in page.blocks if block.level == 1), None)
    if lost is not None and lost not in inside:
        inside.insert(0, lost)  # the title of a page often stands above its main part
    return tuple(inside)
