"""Blocks into the sections of a book: headings, runs of text, tables and boxes in order."""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.documents import Section
from ttrpg_ingest.ebooks.blocks import Block, Break, Piece


@attrs.define
class Teller:
    """Takes the pieces of a book and yields its sections; remembers heading and page."""

    file: str = ""
    page: int | None = None
    label: str | None = None
    _heading: str = ""
    _level: int = 0
    _line: int | None = None
    _text: list[Block] = attrs.field(factory=list)

    def tell(self, pieces: Iterable[Piece]) -> Iterator[Section]:
        """The sections that these pieces complete."""
        for piece in pieces:
            if isinstance(piece, Break):
                yield from self.end()
                self.page = 0 if self.page is None else self.page + 1
                self.label = piece.label or None
            elif piece.level:
                yield from self.end()
                self._heading, self._level, self._line = piece.text, piece.level, piece.line
            else:
                if self._text and not _together(self._text[-1], piece):
                    yield from self._say()
                if piece.kind and self._heading:
                    yield from self.end()
                self._text.append(piece)
                if piece.kind == "table":
                    yield from self._say()

    def end(self) -> Iterator[Section]:
        """What is left: the last text, or a heading without any."""
        if self._text or self._heading:
            yield from self._say()

    def _say(self) -> Iterator[Section]:
        kind = self._text[0].kind if self._text else ""
        text = _joined(self._text)
        line = self._line if self._heading else (self._text[0].line if self._text else None)
        yield Section(
            text,
            self._heading,
            self._level if self._heading else 0,
            self.page,
            self.label,
            kind,
            self.file,
            line if self.file else None,
        )
        self._text, self._heading, self._level = [], "", 0


def _together(first: Block, second: Block) -> bool:
    return first.kind == second.kind and first.box == second.box


def _joined(blocks: list[Block]) -> str:
    text = ""
    last: Block | None = None
    for block in blocks:
        if last is not None:
            text += "\n" if block.item and last.item else "\n\n"
        text += block.text
        last = block
    return text
