"""Boxes: text that stands in a frame or on a tint of its own, read as one piece."""

import re
from collections.abc import Sequence

from ttrpg_ingest.pdf.ink import THIN, Ink, Rect
from ttrpg_ingest.pdf.lines import Line, Span, rows_of

NARROWEST, LOWEST = 80.0, 24.0
"""Points: width and height of a box, at the least."""
LARGEST = 0.6
"""The share of the page from which a box is its background."""
FEWEST_ROWS, FEWEST_WORDS = 2, 8
"""Lines and words in a box, at the least."""
FULL = 0.2
"""The share of a box that its text fills: the numbers on a map fill less."""
MOST = 200
"""Boxes of one page that are looked at, the largest first."""
SLACK = 2.0
"""Points by which a letter may stand out of its box."""
TOUCH = 2.0
"""Points by which the edges of two tints that touch may differ."""
_STATS = re.compile(r"\b(?:Armor Class|Hit Points|AC \d|HD \d|HP \d|hp \d|STR\b.*\bDEX)")


def boxed(spans: Sequence[Span], ink: Ink) -> list[Span]:
    """The spans of a page in their order, those of each box replaced by one for the box."""
    left = list(spans)
    area = ink.width * ink.height
    rects = [
        rect
        for rect in ink.drawn
        if rect.width >= NARROWEST
        and rect.height >= LOWEST
        and rect.width * rect.height <= LARGEST * area
    ]
    tints = [rect for rect in ink.drawn if rect.filled and rect.width > THIN]
    for rect in sorted(rects, key=lambda each: -each.width * each.height)[:MOST]:
        inside = [span for span in left if span.single and _holds(rect, span)]
        if _is_box(rect, inside, left) and not _is_cell(rect, tints):
            lines = [Line(row) for row in rows_of(inside)]
            top = max(span.y for span in inside)
            taken = set(map(id, inside))
            left = [span for span in left if id(span) not in taken]
            size = inside[0].size
            left.append(Span(inside[0].words, rect.x0, rect.x1, top, size, lines))
    left.sort(key=lambda each: -each.y)
    return left


def _holds(rect: Rect, span: Span) -> bool:
    return (
        rect.x0 - SLACK <= span.x0
        and span.x1 <= rect.x1 + SLACK
        and rect.y0 <= span.y <= rect.y1 - 0.4 * span.size
    )


def _is_cell(rect: Rect, tints: Sequence[Rect]) -> bool:
    """Whether another tint of the same height goes on beside it, as in a shaded row of a table."""
    return rect.filled and any(
        abs(rect.y0 - each.y0) <= TOUCH
        and abs(rect.y1 - each.y1) <= TOUCH
        and min(abs(rect.x0 - each.x1), abs(rect.x1 - each.x0)) <= TOUCH
        for each in tints
    )


def _is_box(rect: Rect, inside: Sequence[Span], spans: Sequence[Span]) -> bool:
    """Whether what stands inside is a text of its own rather than a table or the page."""
    rows = rows_of(inside)
    words = sum(len(span.words) for span in inside)
    if len(rows) < FEWEST_ROWS or words < FEWEST_WORDS or len(inside) > 0.9 * len(spans):
        return False
    if sum(len(row) > 1 for row in rows) > 0.3 * len(rows):
        return False
    cut = any(
        rect.y0 < span.y < rect.y1 - span.size and span.x0 < rect.x1 and span.x1 > rect.x0
        for span in spans
        if not _holds(rect, span)
    )
    inked = sum((span.x1 - span.x0) * span.size for span in inside)
    if cut or inked < FULL * rect.width * rect.height:
        return False
    return not _STATS.search("\n".join(span.text for span in inside))
