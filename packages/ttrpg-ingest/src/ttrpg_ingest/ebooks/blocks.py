"""What a page of a book is once its markup is gone: blocks of text, in reading order."""

from typing import TypeAlias

import attrs

from ttrpg_core.documents import Block as Kind
from ttrpg_ingest.folding import fold


@attrs.frozen
class Block:
    """A paragraph, a heading, a table or a part of a box.

    ``level`` is 1 to 6 for a heading. ``kind`` is as in a section; blocks of one ``box`` stand in
    the same box. ``ids`` are the anchors before and in it. ``item`` says that it is an item of a
    list, which needs no blank line before it. ``linked`` counts the letters that are links.
    """

    text: str
    level: int = 0
    kind: Kind = ""
    box: int = 0
    item: bool = False
    ids: tuple[str, ...] = ()
    line: int | None = None
    linked: int = 0
    main: bool = False


@attrs.frozen
class Break:
    """The end of a printed page; what follows stands on the page ``label``."""

    label: str
    ids: tuple[str, ...] = ()


Piece: TypeAlias = Block | Break


@attrs.frozen
class Page:
    """All of one file: its title as the markup gives it, and its pieces."""

    title: str = ""
    pieces: tuple[Piece, ...] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The pieces that have text."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Block))


@attrs.frozen
class Point:
    """An entry of the outline: it leads to the anchor ``id`` of a file, or to its beginning."""

    title: str
    level: int
    file: str
    id: str = ""
    parent: bool = False


@attrs.frozen
class PageMark:
    """Where a printed page begins, as a list of pages says: at the anchor ``id`` of ``file``."""

    label: str
    file: str
    id: str = ""


def clean(text: str) -> str:
    """Letters of one line, folded as everywhere, with ordinary hyphens to the end."""
    return fold(text).replace("\u2011", "-")
