"""The lines of a PDF page: text with its place, size and face.

pypdf hands over runs of one font; a line is what lies between two line feeds. Sizes are those on
the page, after both matrices. A carriage return is a kind of space in some books, so lines are
split at line feeds alone.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pypdf import PageObject

SAME_HEIGHT = 0.15
"""The part of a letter's size by which two pieces of one line may differ in place and size."""

CELL_GAP = "    "
"""What is put between two cells of a table row; single spaces stand between words."""


@attrs.frozen
class Line:
    """One line: ``raw`` text, ``x`` and ``y`` in points from the lower left, ``size``, ``face``.

    ``lead`` is the face that it begins in; ``whole`` says that nearly all of its letters are in
    the one face and size.
    """

    raw: str
    x: float
    y: float
    size: float
    face: str
    lead: str = ""
    whole: bool = True


@attrs.frozen
class Page:
    """The lines of one page in the order of its content, and its height in points."""

    lines: tuple[Line, ...]
    height: float


@attrs.define
class _Open:
    """A line while its runs come in."""

    parts: list[str] = attrs.field(factory=list)
    place: tuple[float, float] | None = None
    styles: Counter[tuple[str, float]] = attrs.field(factory=Counter)
    lead: str = ""

    def closed(self) -> Line | None:
        if self.place is None or not self.styles:
            return None
        (face, size), most = self.styles.most_common(1)[0]
        whole = most >= 0.9 * self.styles.total()
        return Line("".join(self.parts), *self.place, size, face, self.lead, whole)


def read_page(page: "PageObject") -> Page:
    """The lines of a page; whatever pypdf raises on a damaged one goes through."""
    lines: list[Line] = []
    here = _Open()

    def visit(
        text: str,
        cm: Sequence[float],
        tm: Sequence[float],
        font: dict[str, object] | None,
        size: float,
    ) -> None:
        nonlocal here
        for number, part in enumerate(text.split("\n")):
            if number:
                line = here.closed()
                if line is not None:
                    lines.append(line)
                here = _Open()
            if part.strip():
                if here.place is None:
                    here.place = _place(cm, tm)
                    here.lead = _face(font)
                here.styles[_face(font), _size(cm, tm, size)] += sum(map(str.isalnum, part)) or 1
            here.parts.append(part)

    page.extract_text(visitor_text=visit)
    last = here.closed()
    if last is not None:
        lines.append(last)
    return Page(tuple(_on_one_baseline(lines)), float(page.mediabox.height))


def _on_one_baseline(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, with pieces that follow each other on one baseline put together.

    Some programs end the line after each change of font or each cell of a table; without this a
    label in bold would stand alone and look like a heading.
    """
    last: Line | None = None
    piece: Line | None = None
    for line in lines:
        if last is not None and piece is not None and _continues(last, line):
            longer = max(last, line, key=lambda each: sum(map(str.isalnum, each.raw)))
            whole = last.whole and line.whole and last.face == line.face
            gap = CELL_GAP if _far(piece, line) else " "
            raw = f"{last.raw.rstrip()}{gap}{line.raw.lstrip()}"
            last = Line(raw, last.x, last.y, longer.size, longer.face, last.lead, whole)
        else:
            if last is not None:
                yield last
            last = line
        piece = line
    if last is not None:
        yield last


def _far(piece: Line, line: Line) -> bool:
    """Whether two pieces of one baseline stand as far apart as the cells of a table.

    pypdf does not say how wide a piece is; letters are about half as wide as they are large, and
    the longer the piece, the more that guess may be wrong.
    """
    letters = len(piece.raw.strip())
    return line.x - piece.x > piece.size * (0.8 + 0.62 * letters)


def _continues(last: Line, line: Line) -> bool:
    """Whether a piece stands to the right of another, on its baseline and as large."""
    close = abs(line.y - last.y) < SAME_HEIGHT * last.size
    alike = abs(line.size - last.size) < SAME_HEIGHT * last.size
    return close and alike and line.x > last.x


def _place(cm: Sequence[float], tm: Sequence[float]) -> tuple[float, float]:
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    return round(x, 1), round(y, 1)


def _size(cm: Sequence[float], tm: Sequence[float], size: float) -> float:
    across = tm[2] * cm[0] + tm[3] * cm[2]
    up = tm[2] * cm[1] + tm[3] * cm[3]
    return round(size * math.hypot(across, up), 1)


def _face(font: dict[str, object] | None) -> str:
    """The name of a font without the six letters that mark a subset."""
    name = str((font or {}).get("/BaseFont", "")).lstrip("/")
    return name[7:] if name[6:7] == "+" else name
