"""Words into spans and lines: what stands on one base line, and where its gaps are."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs

from ttrpg_ingest.folding import fold
from ttrpg_ingest.pdf.ink import Face, Word

if TYPE_CHECKING:
    from ttrpg_ingest.pdf.tables import Table

SAME_BASE = 0.3
"""The part of a letter's size by which the base lines of one line may differ."""
WIDE = 0.85
"""The gap, in parts of a letter's size, from which two words may belong to different columns."""
TIGHT = 0.08
"""The gap below which a raised figure belongs to the word before it."""
_SPACED = re.compile(r"(?:\S ){3,}\S")


@attrs.define(eq=False, slots=False)
class Span:
    """Words on one base line with no wide gap between them.

    Or a box, with the lines ``inside``, or a row of a drawn table, with the whole ``table``.
    """

    words: list[Word]
    x0: float
    x1: float
    y: float
    size: float
    inside: "list[Line] | None" = None
    table: "Table | None" = None

    @property
    def single(self) -> bool:
        """Whether it is one run of words, and no box or table."""
        return self.inside is None and self.table is None

    @cached_property
    def text(self) -> str:
        """The words with single spaces, folded."""
        return fold(_said(self.words))


@attrs.define(eq=False, slots=False)
class Line:
    """The spans of one base line in one column, from left to right."""

    spans: list[Span]

    @cached_property
    def words(self) -> list[Word]:
        """All words."""
        return [word for span in self.spans for word in span.words]

    @cached_property
    def text(self) -> str:
        """The text, folded; a hyphen at the end says what kind it is."""
        return fold(_said(self.words))

    @property
    def x0(self) -> float:
        """The left end."""
        return self.spans[0].x0

    @property
    def x1(self) -> float:
        """The right end."""
        return self.spans[-1].x1

    @property
    def y(self) -> float:
        """The base line."""
        return self.spans[0].y

    @cached_property
    def _style(self) -> tuple[float, Face, bool]:
        first = self.words[0]
        size, face = first.size, first.face
        if all(word.size == size and word.face is face for word in self.words):
            return size, face, True
        sizes: dict[tuple[float, Face], int] = {}
        for word in self.words:
            key = word.size, word.face
            sizes[key] = sizes.get(key, 0) + (sum(map(str.isalnum, word.text)) or 1)
        (size, face), most = max(sizes.items(), key=lambda each: each[1])
        return size, face, most >= 0.9 * sum(sizes.values())

    @property
    def size(self) -> float:
        """The size of most letters."""
        return self._style[0]

    @property
    def face(self) -> Face:
        """The face of most letters."""
        return self._style[1]

    @property
    def whole(self) -> bool:
        """Whether nearly all letters are in one face and size."""
        return self._style[2]

    @property
    def lead(self) -> Face:
        """The face that the line begins in."""
        return self.spans[0].words[0].face


def _said(words: Sequence[Word]) -> str:
    parts = []
    before: Word | None = None
    for word in words:
        if before is not None:
            raised = word.size < 0.85 * before.size and word.x0 - before.x1 < TIGHT * before.size
            parts.append("" if raised and word.y > before.y else " ")
        parts.append(word.text)
        before = word
    text = "".join(parts)
    return _closed_up(words) if _SPACED.fullmatch(text) else text


def _closed_up(words: Sequence[Word]) -> str:
    """Letters that were set apart as words again: "T H E  R O A D"."""
    gaps = sorted(word.x0 - before.x1 for before, word in pairwise(words))
    usual = gaps[len(gaps) // 2]
    text = words[0].text
    for before, word in pairwise(words):
        text += (" " if word.x0 - before.x1 > 1.6 * usual + 1 else "") + word.text
    return text


def spans_of(words: Iterable[Word]) -> list[Span]:
    """The words of a page in spans, from top to bottom and left to right."""
    found: list[Span] = []
    here: Span | None = None
    for word in words:
        if here is not None and _follows(here, word):
            here.words.append(word)
            here.x1 = max(here.x1, word.x1)
            here.size = max(here.size, word.size)
        else:
            here = Span([word], word.x0, word.x1, word.y, word.size)
            found.append(here)
    return [span for row in rows_of(found) for span in _merged(row)]


def _follows(span: Span, word: Word) -> bool:
    gap = word.x0 - span.x1
    if not -0.4 * span.size <= gap <= WIDE * min(span.size, 1.5 * word.size):
        return False
    rise = word.y - span.y
    if abs(rise) <= SAME_BASE * min(span.size, word.size):
        return True
    return word.size < 0.85 * span.size and 0 < rise < 0.6 * span.size and gap < 0.3 * span.size


def rows_of(spans: Iterable[Span]) -> list[list[Span]]:
    """The spans of each base line, from the top; from the left in each."""
    rows: list[list[Span]] = []
    for span in sorted(spans, key=lambda each: -each.y):
        if rows and rows[-1][0].y - span.y <= SAME_BASE * min(span.size, rows[-1][0].size):
            rows[-1].append(span)
        else:
            rows.append([span])
    for row in rows:
        row.sort(key=lambda each: each.x0)
    return rows


def _merged(row: list[Span]) -> Iterable[Span]:
    here = row[0]
    for span in row[1:]:
        gap = span.x0 - here.x1
        if -0.4 * here.size <= gap <= WIDE * min(here.size, span.size):
            here.words += span.words
            here.x1 = max(here.x1, span.x1)
            here.size = max(here.size, span.size)
        else:
            yield here
            here = span
    yield here
