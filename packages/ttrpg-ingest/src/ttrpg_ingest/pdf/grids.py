"""Tables that are drawn: by rules between the cells, or by a tint behind them.

What is drawn says where the cells are, better than the gaps in the text can: a number that stands
in the middle of its row, beside three lines of text, is on no line of theirs. Rows without a tint
between two with one are rows of the same table.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import attrs

from ttrpg_ingest.folding import joined
from ttrpg_ingest.pdf.ink import THIN, Ink, Rect
from ttrpg_ingest.pdf.lines import Span, rows_of
from ttrpg_ingest.pdf.tables import MOST_COLUMNS, MOST_HEAD, Table, is_named

SLACK = 2.5
"""Points by which edges of cells that meet may differ."""
FEWEST_COLUMNS, FEWEST_ROWS = 2, 2
NARROWEST, LOWEST = 8.0, 6.0
"""Points: width and height of a cell, at the least."""
HIGHEST = 130.0
"""Points between two tinted rows, at the most."""
MOST_LINES, MOST_PIECES = 600, 20_000
"""Rules or cells, and pieces of text, of a page that are looked at; one with more is a drawing."""
SIDE_BY_SIDE = 8
"""Tables that a tinted row may belong to, the last ones above it."""
LONGEST, USUAL = 200, 50
"""Words of a cell, and of cells on the average; more are a page that is laid out with rules."""
FULL, CROSSING = 0.4, 0.15
"""The share of cells with a text, at the least, and of pieces over two columns, at the most."""
STEP, CLOSE = 1.6, 1.4
"""The step, in parts of a letter's size, to a head above the tints or a row below them, and from
line to line of a head."""
ALIKE = 0.06
"""The part by which letters of one size may differ."""


@attrs.define
class Grid:
    """Edges of columns from the left, and of rows from the top; ``open`` where only a tint says.

    ``loose`` are the upper edges of what stands between two tints: a row, or several.
    """

    xs: list[float]
    ys: list[float]
    open: bool = False
    loose: set[float] = attrs.field(factory=set)

    def column(self, span: Span) -> int:
        """The column that a piece of text begins in."""
        middle = min(span.x0 + span.size, (span.x0 + span.x1) / 2)
        return max(0, sum(x <= middle for x in self.xs[1:-1]))

    def holds(self, span: Span) -> bool:
        """Whether a piece of text stands between the outer edges."""
        return self.xs[0] - SLACK <= span.x0 and span.x1 <= self.xs[-1] + SLACK

    def fits(self, span: Span) -> bool:
        """Whether a piece of text stands in one column."""
        right = self.xs[self.column(span) + 1]
        return self.holds(span) and span.x1 <= right + SLACK


def drawn_tables(spans: Sequence[Span], ink: Ink) -> list[Span]:
    """The spans of a page in their order, those of each drawn table replaced by its rows.

    Each row is a span as wide as the table's text, so that columns are cut as at lines of text; all
    of them carry the whole table.
    """
    left = list(spans)
    for grid in _grids(ink, left):
        inside = [span for span in left if span.single and _within(grid, span)]
        if not inside:
            continue
        if grid.open:
            inside += _around(grid, left, inside)
        found = _table(grid, inside)
        if found is None:
            continue
        gone = set(map(id, inside))
        left = [span for span in left if id(span) not in gone]
        x0, x1 = min(span.x0 for span in inside), max(span.x1 for span in inside)
        for row in rows_of(inside):
            words = [word for span in row for word in span.words]
            size = max(span.size for span in row)
            left.append(Span(words, x0, x1, row[0].y, size, table=found))
    left.sort(key=lambda each: -each.y)
    return left


def _within(grid: Grid, span: Span) -> bool:
    middle = span.y + 0.3 * span.size
    return grid.ys[-1] - 1 <= middle <= grid.ys[0] + 1 and grid.holds(span)


def _grids(ink: Ink, spans: Sequence[Span]) -> Iterable[Grid]:
    """The grids that are drawn on a page, ruled ones first."""
    if len(spans) > MOST_PIECES:
        return
    page = 0.9 * ink.width
    rules = [each for each in ink.drawn if min(each.width, each.height) <= THIN]
    cells = [
        each
        for each in ink.drawn
        if each.width >= NARROWEST and each.height >= LOWEST and each.width < page
    ]
    ruled = _ruled(rules) if len(rules) <= MOST_LINES else []
    yield from ruled
    if len(cells) <= MOST_LINES:
        for grid in _tinted(cells, spans):
            if not any(_overlap(grid, other) for other in ruled):
                yield grid


def _overlap(grid: Grid, other: Grid) -> bool:
    return (
        min(grid.xs[-1], other.xs[-1]) - max(grid.xs[0], other.xs[0]) > SLACK
        and min(grid.ys[0], other.ys[0]) - max(grid.ys[-1], other.ys[-1]) > SLACK
    )


def _ruled(rules: Sequence[Rect]) -> list[Grid]:
    """Grids of upright and level rules that meet."""
    upright = [each for each in rules if each.width <= THIN and each.height >= LOWEST]
    level = [each for each in rules if each.height <= THIN and each.width >= NARROWEST]
    group = list(range(len(upright) + len(level)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for at, rule in enumerate(upright):
        for place, other in enumerate(level, len(upright)):
            if (
                other.x0 - SLACK <= rule.x1
                and rule.x0 <= other.x1 + SLACK
                and rule.y0 - SLACK <= other.y1
                and other.y0 <= rule.y1 + SLACK
            ):
                group[root(at)] = root(place)
    parts: dict[int, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for at, rule in enumerate(upright):
        parts[root(at)][0].append((rule.x0 + rule.x1) / 2)
    for at, rule in enumerate(level, len(upright)):
        parts[root(at)][1].append((rule.y0 + rule.y1) / 2)
    found = []
    for across, down in parts.values():
        xs, ys = _edges(across), _edges(down)[::-1]
        if len(xs) > FEWEST_COLUMNS and len(ys) > FEWEST_ROWS:
            found.append(Grid(xs, ys))
    return found


def _edges(places: Iterable[float]) -> list[float]:
    """Places that are one edge as one, in their order."""
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > SLACK:
            found.append(place)
    return found


def _tinted(cells: Sequence[Rect], spans: Sequence[Span]) -> list[Grid]:
    """Grids of rows in which cells with a tint touch, with the rows between them."""
    bands: dict[tuple[int, int], list[Rect]] = defaultdict(list)
    for cell in cells:
        bands[round(cell.y0), round(cell.y1)].append(cell)
    found: list[Grid] = []
    for _, row in sorted(bands.items(), reverse=True, key=lambda each: each[0][1]):
        whole = [
            cell
            for cell in row
            if not any(
                other is not cell
                and other.x0 - 1 <= cell.x0
                and cell.x1 <= other.x1 + 1
                and other.width > cell.width
                for other in row
            )
        ]
        for run in _touching(whole):
            xs = _edges([run[0].x0, *(cell.x0 for cell in run[1:]), run[-1].x1])
            if len(xs) <= FEWEST_COLUMNS:
                continue
            grid = Grid(xs, [run[0].y1, run[0].y0], open=True)
            above = next(
                (each for each in found[-SIDE_BY_SIDE:] if _goes_on(each, grid, spans)), None
            )
            if above is None:
                found.append(grid)
            elif above.ys[-1] - grid.ys[0] > SLACK:
                above.loose.add(above.ys[-1])
                above.ys += grid.ys
            else:
                above.ys.append(grid.ys[1])
    return found


def _touching(row: Iterable[Rect]) -> Iterable[list[Rect]]:
    run: list[Rect] = []
    for cell in sorted(row, key=lambda each: each.x0):
        if run and cell.x0 - run[-1].x1 > SLACK:
            yield run
            run = []
        if not run or cell.x0 > run[-1].x0 + SLACK:
            run.append(cell)
    if run:
        yield run


def _goes_on(above: Grid, grid: Grid, spans: Sequence[Span]) -> bool:
    """Whether a tinted row belongs to the table above it: the same columns, and rows between."""
    gap = above.ys[-1] - grid.ys[0]
    if len(above.xs) != len(grid.xs) or not -SLACK <= gap <= HIGHEST:
        return False
    if any(abs(x - other) > SLACK for x, other in zip(above.xs, grid.xs, strict=True)):
        return False
    size, loud = _set(span for span in spans if _within(grid, span))
    if loud and not _set(span for span in spans if _within(above, span))[1]:
        return False  # the head of another table
    between = [
        span
        for span in spans
        if grid.ys[0] < span.y + 0.3 * span.size < above.ys[-1]
        and span.x1 > grid.xs[0]
        and span.x0 < grid.xs[-1]
    ]
    return all(
        grid.fits(span)
        and abs(span.size - size) <= ALIKE * size
        and (loud or not span.words[0].face.bold or grid.column(span) == 0)
        for span in between
    ) and not (between and not loud and _set(between)[1])


def _set(spans: Iterable[Span]) -> tuple[float, bool]:
    """The size that pieces of text are set in, and whether all are bold."""
    whole = list(spans)
    sizes = sorted(span.size for span in whole)
    bold = bool(whole) and all(span.words[0].face.bold for span in whole)
    return (sizes[len(sizes) // 2] if sizes else 0.0), bold


def _around(grid: Grid, spans: Sequence[Span], inside: Sequence[Span]) -> list[Span]:
    """The head above the first tinted row, and the row below the last."""
    taken = set(map(id, inside))
    size = sorted(span.size for span in inside)[len(inside) // 2]
    near = [span for span in spans if id(span) not in taken and span.single]
    rows = rows_of(span for span in near if span.x1 > grid.xs[0] and span.x0 < grid.xs[-1])
    found = _head(grid, rows, size) or _rest(grid, rows, size, inside)
    low = grid.ys[-1]
    below: list[Span] = []
    for row in (row for row in rows if row[0].y < grid.ys[-1]):
        alike = all(abs(span.size - size) <= ALIKE * size for span in row)
        step = low - row[0].y
        if step > STEP * size or not (alike and all(map(grid.fits, row))):
            break
        below += row
        low = row[0].y
    if len({grid.column(span) for span in below}) > 1:
        found += below
        firsts = [span for span in below if grid.column(span) == 0]
        grid.ys += [first.y + first.size for first in firsts[1:]]
        grid.ys.append(low - size)
    return found


def _parted(grid: Grid, within: Sequence[Span]) -> list[list[Span]]:
    """What stands between two tints: a new row at each line with the first cell and another."""
    found: list[list[Span]] = []
    for line in rows_of(within):
        full = len(line) > 1 and grid.column(line[0]) == 0
        if not found or (full and any(grid.column(span) == 0 for span in found[-1])):
            found.append([])
        found[-1] += line
    return found


def _rest(
    grid: Grid, rows: Sequence[list[Span]], size: float, inside: Sequence[Span]
) -> list[Span]:
    """Rows above the first tint: at the top of a column, where a table goes on, or set alike."""
    found: list[list[Span]] = []
    low, most = grid.ys[0], STEP
    alike = True
    for row in reversed([row for row in rows if row[0].y > grid.ys[0] - 0.3 * size]):
        fits = all(grid.fits(span) and abs(span.size - size) <= ALIKE * size for span in row)
        if not fits or row[0].y - low > most * size:
            break
        found.append(row)
        alike = alike and all(_aligned(grid, span, inside) for span in row)
        low, most = row[0].y, CLOSE
    else:
        alike = True
    columns = {grid.column(span) for row in found for span in row}
    if len(columns) < FEWEST_COLUMNS or not alike or grid.column(found[-1][0]):
        return []
    grid.ys.insert(0, low + size)
    grid.loose.add(grid.ys[0] + SLACK)  # the first row has room above it
    return [span for row in found for span in row]


def _aligned(grid: Grid, span: Span, inside: Sequence[Span]) -> bool:
    """Whether a piece begins, or is centred, where others of its column do."""
    at = grid.column(span)
    return any(
        abs(span.x0 - other.x0) <= SLACK or abs(span.x0 + span.x1 - other.x0 - other.x1) <= SLACK
        for other in inside
        if grid.column(other) == at
    )


def _head(grid: Grid, rows: Sequence[list[Span]], size: float) -> list[Span]:
    """The lines in bold above the first tinted row; the grid gets a row for them."""
    found: list[Span] = []
    low, most = grid.ys[0], STEP
    for row in reversed([row for row in rows if row[0].y > grid.ys[0] - 0.3 * size]):
        fits = all(
            grid.fits(span) and span.words[0].face.bold and abs(span.size - size) <= ALIKE * size
            for span in row
        )
        if not fits or row[0].y - low > most * size or len(found) > MOST_HEAD * len(grid.xs):
            break
        found += row
        low, most = row[0].y, CLOSE
    if len({grid.column(span) for span in found}) < FEWEST_COLUMNS:
        return []
    grid.ys.insert(0, low + size)
    return found


def _table(grid: Grid, inside: Sequence[Span]) -> Table | None:
    """The table that these pieces of text make; None where they make none."""
    crossing = sum(not grid.fits(span) for span in inside)
    if len(grid.xs) > MOST_COLUMNS or crossing > CROSSING * len(inside):
        return None
    bands = _bands(grid, inside)
    if sum(map(len, bands)) < len(inside):
        return None
    rows: list[tuple[str, ...]] = []
    for band in bands:
        cells: list[list[str]] = [[] for _ in grid.xs[1:]]
        for line in rows_of(band):
            for span in line:
                cells[grid.column(span)].append(span.text)
        if grid.open and rows and not cells[0] and len({span.y for span in band}) == 1:
            before = zip(rows[-1], cells, strict=True)
            rows[-1] = tuple(joined(filter(None, [text, *more])) for text, more in before)
        else:
            rows.append(tuple(joined(cell) for cell in cells))
    used = [at for at in range(len(grid.xs) - 1) if any(row[at] for row in rows)]
    rows = [tuple(row[at] for at in used) for row in rows]
    if not _sound(rows):
        return None
    bold = [all(span.words[0].face.bold for span in band) for band in bands]
    headed = (bold[0] and not all(bold)) or is_named(rows)
    return Table(tuple(rows), headed, bands[-1][0].words[0].face.family)


def _bands(grid: Grid, inside: Sequence[Span]) -> list[list[Span]]:
    """The pieces of each row, from the top."""
    found: list[list[Span]] = []
    for top, bottom in pairwise([grid.ys[0] + SLACK, *grid.ys[1:-1], grid.ys[-1] - SLACK]):
        within = [span for span in inside if bottom < span.y + 0.3 * span.size <= top]
        found += _parted(grid, within) if top in grid.loose else [within]
    return [band for band in found if band]


def _sound(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows with several cells, mostly filled and none too long, make a table."""
    words = [len(cell.split()) for row in rows for cell in row if cell]
    rich = sum(sum(map(bool, row)) > 1 for row in rows)
    if rich < FEWEST_ROWS or max(words) > LONGEST or sum(words) > USUAL * len(words):
        return False
    return len(words) >= FULL * len(rows) * len(rows[0])
