"""The reading order of a page: which spans make columns, and which run across them.

A page is cut where most spans stand on one side or the other of a gutter. What crosses the gutter,
a heading or a table over the whole width, ends the columns above it and begins new ones below, so
each band is read by itself, its columns from left to right. A gap between the cells of a table is
no gutter: its rows are short, and stand on the same base lines on both sides.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from ttrpg_ingest.pdf.ink import Word
from ttrpg_ingest.pdf.lines import Line, Span, rows_of

SLIT = 0.5
"""The gap, in parts of a letter's size, that may be a gutter where a column begins."""
NARROWEST = 4.0
"""Points between two columns, at the least."""
SAME_EDGE = 2.5
"""Points by which the beginnings of lines in one column may differ."""
LEVEL, UNEVEN = 0.7, 0.5
"""The share of lines on the same base lines on both sides, above and below which they are rows
of one table, and columns."""
TALKATIVE, FULL = 3.2, 0.45
"""Words of a line of text, and the share of its lines that reach the right edge."""
SAME_BASE = 1.5
"""Points by which base lines on both sides of a gutter may differ."""
CELLS = 2
"""Cells that a row of a table over two columns has on both sides."""
FEWEST = 3
"""Lines that a column has at the least."""
KNOWN = 5.0
"""Points by which the gutter of a page may differ from the one that the book has."""
DEEPEST = 12
"""Cuts inside cuts."""
MOST = 4000
"""Pieces of text of a page that is cut; a real page has some hundred."""


@attrs.frozen
class Gutter:
    """Where a run of spans can be cut: right of ``x``, from span ``first`` up to ``end``."""

    x: float
    first: int
    end: int
    left: int
    right: int

    @property
    def weight(self) -> int:
        """How much speaks for it: the lines on the poorer side."""
        return min(self.left, self.right)


def columns_of(spans: Sequence[Span], known: Sequence[float] = ()) -> list[list[Line]]:
    """The lines of each column, in reading order; ``known`` are the gutters of the book."""
    if len(spans) > MOST:
        return [_lines(spans)]
    whole = _parted(spans, known)
    return [_lines(part) for part in _cut(whole, known, 0) if part]


def gutters_of(spans: Sequence[Span]) -> list[float]:
    """The gutters of a page that leave no doubt, for learning those of a book."""
    found = best_gutter(_parted(spans, ()), ()) if len(spans) <= MOST else None
    return [found.x] if found is not None and found.weight >= 4 * FEWEST else []


def _parted(spans: Sequence[Span], known: Sequence[float]) -> list[Span]:
    """The spans, with those parted that run over a narrow gutter at the edge of a column."""
    counts = Counter(round(span.x0) for span in spans)
    edges = [x for x, count in counts.items() if count >= 2 * FEWEST]
    edges += [round(x + 1) for x in known]
    found: list[Span] = []
    for span in spans:
        over = span.single and any(span.x0 < x < span.x1 for x in edges)
        found += _split(span, edges) if over else [span]
    return found


def _split(span: Span, edges: Sequence[float]) -> Iterable[Span]:
    words = span.words
    first = 0
    for place in range(1, len(words)):
        gap = words[place].x0 - words[place - 1].x1
        if gap >= SLIT * span.size and any(abs(words[place].x0 - x) <= 1 for x in edges):
            yield _span(words[first:place], span)
            first = place
    yield _span(words[first:], span) if first else span


def _span(words: list[Word], whole: Span) -> Span:
    return Span(words, words[0].x0, words[-1].x1, whole.y, max(word.size for word in words))


def _cut(spans: list[Span], known: Sequence[float], depth: int) -> Iterable[list[Span]]:
    gutter = best_gutter(spans, known) if depth < DEEPEST else None
    if gutter is None:
        yield spans
        return
    run = spans[gutter.first : gutter.end]
    if gutter.first:
        yield from _cut(spans[: gutter.first], known, depth + 1)
    yield from _cut([span for span in run if span.x1 <= gutter.x], known, depth + 1)
    yield from _cut([span for span in run if span.x1 > gutter.x], known, depth + 1)
    if gutter.end < len(spans):
        yield from _cut(spans[gutter.end :], known, depth + 1)


def best_gutter(spans: list[Span], known: Sequence[float]) -> Gutter | None:
    """The gutter that most lines stand on both sides of; None where the spans are one column."""
    if len(spans) < 2 * FEWEST:
        return None
    best: Gutter | None = None
    rows = rows_of(spans)
    for x in _candidates(spans):
        usual = any(abs(x - each) <= KNOWN for each in known)
        for gutter in _runs(spans, rows, x):
            if best is not None and gutter.weight <= best.weight:
                continue
            if gutter.weight >= (1 if usual else FEWEST) and _plausible(
                spans[gutter.first : gutter.end], x, usual=usual
            ):
                best = gutter
    return best


def _candidates(spans: Sequence[Span]) -> list[float]:
    """The left edges that several spans share, each a point to the left."""
    edges = sorted(span.x0 for span in spans)
    found = []
    place = 0
    while place < len(edges):
        end = place
        while end < len(edges) and edges[end] - edges[place] <= SAME_EDGE:
            end += 1
        if end - place >= FEWEST - 1:
            found.append(edges[place] - 1)
        place = end
    return found[1:] if len(found) > 1 else []


def _runs(spans: Sequence[Span], rows: Sequence[list[Span]], x: float) -> Iterable[Gutter]:
    """The runs of spans that do not cross ``x``."""
    first = left = right = 0
    across = _table_rows(rows, x)
    for place, span in enumerate(spans):
        if id(span) in across:
            crosses = True
        elif span.x1 <= x - NARROWEST + 1:
            left, crosses = left + 1, False
        elif span.x0 >= x:
            right, crosses = right + 1, False
        else:
            crosses = True
        if crosses:
            if left and right:
                yield Gutter(x, first, place, left, right)
            first, left, right = place + 1, 0, 0
    if left and right:
        yield Gutter(x, first, len(spans), left, right)


def _table_rows(rows: Sequence[list[Span]], x: float) -> set[int]:
    """The spans of rows with several cells on both sides, as a table over all columns has."""
    found: set[int] = set()
    held: list[Span] = []
    count = 0
    for row in rows:
        left = sum(span.x1 < x for span in row)
        if left >= CELLS and len(row) - left >= CELLS and len(row) > CELLS + 1:
            count += 1
            held += row
        elif count and len(row) == 1 and row[0].x1 < x and len(row[0].words) <= CELLS + 1:
            held += row
        else:
            if count >= FEWEST:
                found.update(map(id, held))
            held, count = [], 0
    if count >= FEWEST:
        found.update(map(id, held))
    return found


def _plausible(run: Sequence[Span], x: float, *, usual: bool) -> bool:
    """Whether both sides of a cut are text columns rather than cells of one table."""
    left = rows_of(span for span in run if span.x1 <= x)
    right = rows_of(span for span in run if span.x1 > x)
    bases = sorted(row[0].y for row in left)
    level = sum(_near(row[0].y, bases) for row in right)
    shared = level / min(len(left), len(right))
    cells = sum(len(row) > 1 for row in (*left, *right))
    if usual and (shared < LEVEL or cells < 0.5 * (len(left) + len(right))):
        return True
    if min(len(left), len(right)) < FEWEST:
        return False
    full = min(_fullness(left), _fullness(right))
    words = min(_words(left), _words(right))
    if words >= TALKATIVE and full >= FULL:
        return True
    sizes = {round(max(_sizes(side))) for side in (left, right)}
    return shared < UNEVEN and (words >= CELLS or len(sizes) > 1) and cells < 0.3 * len(run)


def _near(y: float, bases: Sequence[float]) -> bool:
    return any(abs(y - base) <= SAME_BASE for base in bases)


def _fullness(rows: Sequence[Sequence[Span]]) -> float:
    """The share of the rows that come near to the right edge."""
    left = min(row[0].x0 for row in rows)
    right = max(row[-1].x1 for row in rows)
    return sum(row[-1].x1 > left + 0.7 * (right - left) for row in rows) / len(rows)


def _words(rows: Sequence[Sequence[Span]]) -> float:
    return sum(len(span.words) for row in rows for span in row) / len(rows)


def _sizes(rows: Sequence[Sequence[Span]]) -> list[float]:
    sizes = sorted(row[0].size for row in rows)
    return [sizes[len(sizes) // 2]]


def _lines(spans: Sequence[Span]) -> list[Line]:
    """The rows as lines; a box or a table is one of its own, whatever stands beside it."""
    found: list[Line] = []
    for row in rows_of(spans):
        found += [Line(list(part)) for part in _apart(row)]
    return found


def _apart(row: Sequence[Span]) -> Iterable[Sequence[Span]]:
    first = 0
    for place, span in enumerate(row):
        if not span.single:
            if place > first:
                yield row[first:place]
            yield row[place : place + 1]
            first = place + 1
    if first < len(row):
        yield row[first:]
