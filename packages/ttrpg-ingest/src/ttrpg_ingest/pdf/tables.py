"""Tables: runs of lines whose cells stand under each other.

A line with wide gaps is a row; rows whose cells meet the same columns make a table. A line with
only some cells goes on the row above it, as cells of several lines do. The head is what is set in
bold at the top; a table that goes on in the next column or on the next page gets its head again.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import attrs

from ttrpg_ingest.folding import joined
from ttrpg_ingest.pdf.lines import Line, Span

FEWEST_ROWS = 2
"""Rows with several cells, at the least; one more where there are only two columns."""
APART = 2.1
"""The step from row to row, in parts of a letter's size, over which a table does not go."""
LARGER = 1.12
"""Letters larger than those of the table by this are a heading."""
MOST_COLUMNS = 24
MIN_GUIDES = 3
"""Cells in the line above, from which those of a line may be told."""
TIGHT = 0.5
"""The gap between such cells, in parts of a letter's size, at the least."""
MOST_REST, MOST_HEAD = 6, 4
"""Lines that cells may go on over, and lines of a head."""
SAME_SIZE, SAME_EDGE = 0.3, 4
"""Points by which letters of one size, and the edges of one column, may differ."""
SLACK = 2.0
"""Points by which a cell may stand out of its column."""
_MARK = re.compile(
    r"(?:[\u2022\u2023\u25aa\u25ab\u25a0\u25a1\u25cf\u25cb\u25e6\u2605\u2619\u2767\uf0b7\u2013*-]|\d{1,3}[.)]|[a-zA-Z][.)])\Z"
)
_LED = re.compile(r"\s*(?:(?:\. ?){5,}|\u2026{2,}) *(?=[\divxl]{1,5}\Z)")
_LEADERS = re.compile(r"(?:\. ?){4,}|\u2026{2,}|_{4,}")


@attrs.frozen
class Table:
    """Rows of cells; ``headed`` says that the first row is a head of its own.

    ``family`` is the typeface of its last cell.
    """

    rows: tuple[tuple[str, ...], ...]
    headed: bool
    family: str = ""

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return len(self.rows[0])


@attrs.define
class _Grid:
    """The columns of a table while its rows are found, as left and right ends."""

    ends: list[tuple[float, float]]

    @classmethod
    def of(cls, rows: Sequence[Sequence[Span]]) -> "_Grid | None":
        """The columns that the richest rows agree on."""
        most = max(map(len, rows))
        full = [row for row in rows if len(row) == most]
        ends = [
            (min(row[at].x0 for row in full), max(row[at].x1 for row in full)) for at in range(most)
        ]
        clear = all(first[1] < then[0] for first, then in pairwise(ends))
        return cls(ends) if clear and most <= MOST_COLUMNS else None

    def place(self, span: Span) -> list[int]:
        """The columns that a cell stands in; none where it is between two."""
        return [
            at
            for at, (left, right) in enumerate(self.ends)
            if span.x0 < right + SLACK and span.x1 > left - SLACK
        ]

    def fits(self, row: Sequence[Span]) -> bool:
        """Whether each cell of a row stands in one column of its own."""
        taken: set[int] = set()
        for span in row:
            at = self._room(span)
            if at is None or at in taken:
                return False
            taken.add(at)
        return True

    def _room(self, span: Span) -> int | None:
        places = self.place(span)
        if len(places) == 1:
            return places[0]
        if not places:  # in a gap: with the nearer column
            near = [min(abs(span.x0 - r), abs(left - span.x1)) for left, r in self.ends]
            return near.index(min(near))
        return None

    def column(self, span: Span) -> int:
        """The column that a cell is put into."""
        room = self._room(span)
        return room if room is not None else (self.place(span) or [0])[0]

    def widen(self, row: Sequence[Span]) -> None:
        """Make room for the cells of a row that fits."""
        for span in row:
            at = self.column(span)
            left, right = self.ends[at]
            low = self.ends[at - 1][1] + 1 if at else -1e9
            high = self.ends[at + 1][0] - 1 if at + 1 < len(self.ends) else 1e9
            self.ends[at] = max(min(left, span.x0), low), min(max(right, span.x1), high)


def with_tables(lines: Sequence[Line]) -> Iterable[Line | Table]:
    """The lines of a column, with those of each table as one."""
    lines = _evened(lines)
    cells = [_cells(line) for line in lines]
    shown: set[int] = set()
    place = 0
    while place < len(lines):
        drawn = lines[place].spans[0].table
        if drawn is not None:
            if id(drawn) not in shown:  # each of its rows carries it
                yield drawn
            shown.add(id(drawn))
            place += 1
            continue
        end = _end(lines, cells, place) if len(cells[place]) > 1 else place
        if end == place:
            yield lines[place]
            place += 1
            continue
        yield _table(lines[place:end], cells[place:end])
        place = end


def _evened(lines: Sequence[Line]) -> list[Line]:
    """The lines, with tight cells parted where those of the line above stand apart.

    In a row of ability scores the gaps between wide figures are hardly wider than a space.
    """
    found: list[Line] = []
    for line in lines:
        above = found[-1].spans if found else []
        parts = line.spans
        if len(above) >= MIN_GUIDES and len(parts) < len(above):
            parts = [part for span in line.spans for part in _parted(span)]
        under = len(parts) == len(above) and all(
            part.x0 < guide.x1 + SLACK and part.x1 > guide.x0 - SLACK
            for part, guide in zip(parts, above, strict=True)
        )
        found.append(Line(parts) if under and len(parts) > len(line.spans) else line)
    return found


def _parted(span: Span) -> Iterable[Span]:
    first = 0
    words = span.words
    if not span.single:
        yield span
        return
    for at in range(1, len(words) + 1):
        if at == len(words) or words[at].x0 - words[at - 1].x1 >= TIGHT * span.size:
            part = words[first:at]
            yield Span(part, part[0].x0, part[-1].x1, span.y, span.size)
            first = at


def _cells(line: Line) -> list[Span]:
    """The cells of a line; a list's mark is none, nor is a page number after dots."""
    spans = line.spans
    if len(spans) <= 1 or not spans[0].single:
        return spans[:1]
    if _MARK.match(spans[0].text):
        spans = spans[1:]
        return spans if len(spans) > 1 and not _MARK.match(spans[0].text) else spans[:1]
    if any(_LEADERS.search(span.text) for span in spans):
        return spans[:1]
    return spans


def led(text: str) -> bool:
    """Whether dots lead from a title to its page, as in a table of contents."""
    return (".." in text or ". ." in text or "\u2026" in text) and bool(_LED.search(text))


def without_leaders(text: str) -> str:
    """A line of a table of contents with an ellipsis for its dots."""
    return " ".join(_LED.sub(" \u2026 ", text).split())


def _end(lines: Sequence[Line], cells: Sequence[list[Span]], first: int) -> int:
    """Where the table that begins here ends; ``first`` where none does."""
    reach = _reach(lines, cells, first)
    while reach > first:
        rich = [cells[at] for at in range(first, reach) if len(cells[at]) > 1]
        if len(rich) < FEWEST_ROWS:
            return first
        grid = _Grid.of(rich)
        end = _fitting(grid, cells, first, reach) if grid is not None else first
        if end >= reach:
            return reach if _sound(rich, grid) else first
        reach = end if end > first else _shorter(cells, first, reach)
        while reach > first and len(cells[reach - 1]) <= 1 and not _goes_on(lines, reach - 1, grid):
            reach -= 1
    return first


def _shorter(cells: Sequence[list[Span]], first: int, reach: int) -> int:
    """The rows up to the next with several cells, left out at the end."""
    reach -= 1
    while reach > first and len(cells[reach - 1]) <= 1:
        reach -= 1
    return reach


def _reach(lines: Sequence[Line], cells: Sequence[list[Span]], first: int) -> int:
    """How far lines go on in the letters and at the steps of the first ones."""
    size = lines[first].size
    end = first + 1
    last_rich = end
    while end < len(lines):
        step = lines[end - 1].y - lines[end].y
        if not 0 < step <= APART * max(size, lines[end].size):
            break
        if lines[end].size > LARGER * size or not lines[end].spans[0].single:
            break
        if len(cells[end]) > 1:
            last_rich = end + 1
        elif end - last_rich >= MOST_REST:
            break
        end += 1
    while end > last_rich and not _like(lines[end - 1], lines[last_rich - 1]):
        end -= 1
    return end


def _like(line: Line, other: Line) -> bool:
    return (
        line.face == other.face
        and abs(line.size - other.size) < SAME_SIZE
        and line.x0 > other.x0 + 3
    )


def _goes_on(lines: Sequence[Line], at: int, grid: "_Grid | None") -> bool:
    return grid is not None and bool(at) and _like(lines[at], lines[at - 1])


def _fitting(grid: _Grid, cells: Sequence[list[Span]], first: int, reach: int) -> int:
    for at in range(first, reach):
        row = cells[at]
        if len(row) == 1 and len(grid.place(row[0])) > 1:
            return at
        if not grid.fits(row):
            return at
        grid.widen(row)
    return reach


def _sound(rich: Sequence[Sequence[Span]], grid: "_Grid | None") -> bool:
    """Whether so many cells under each other can be no accident."""
    if grid is None:
        return False
    columns = len(grid.ends)
    if len(rich) < (FEWEST_ROWS if columns >= MIN_GUIDES else FEWEST_ROWS + 1):
        return False
    aligned = 0
    for at in range(columns):
        column = [span for row in rich for span in row if grid.column(span) == at]
        for edge in (
            [span.x0 for span in column],
            [span.x1 for span in column],
            [(span.x0 + span.x1) / 2 for span in column],
        ):
            middle = sorted(edge)[len(edge) // 2] if edge else 0.0
            if sum(abs(each - middle) <= SAME_EDGE for each in edge) >= 0.6 * len(edge):
                aligned += 1
                break
    return aligned >= columns - (columns > MIN_GUIDES)


def _table(lines: Sequence[Line], cells: Sequence[list[Span]]) -> Table:
    rich = [row for row in cells if len(row) > 1]
    grid = _Grid.of(rich)
    assert grid is not None
    for row in cells:
        grid.widen(row)
    heads = _heads(cells)
    rows: list[list[list[str]]] = []
    for number, row in enumerate(cells):
        placed = [(grid.column(span), span) for span in row]
        first = min(at for at, _ in placed)
        anew = (
            not rows
            or number == heads
            or (number > heads and first == 0 and not _broken(rows[-1], placed))
        )
        if number < heads:
            anew = number == 0
        if anew:
            rows.append([[] for _ in grid.ends])
        for at, span in placed:
            rows[-1][at].append(span.text)
    done = tuple(tuple(joined(cell) for cell in row) for row in rows)
    return Table(done, bool(heads) or is_named(done), lines[-1].face.family)


def _broken(row: Sequence[Sequence[str]], placed: Sequence[tuple[int, Span]]) -> bool:
    """Whether a line goes on in the first cell of the row above it."""
    if len(placed) > 1 or not row[0]:
        return False
    text = placed[0][1].text
    return text[:1].islower() or row[0][-1].endswith(("-", "\u2011", ",", " of", " the"))


def _heads(cells: Sequence[Sequence[Span]]) -> int:
    """How many lines at the top are the head: those in bold, where the rest is not."""
    bold = [all(span.words[0].face.bold for span in row) for row in cells]
    count = next((at for at, each in enumerate(bold) if not each), len(bold))
    return count if count < len(bold) and count <= MOST_HEAD else 0


def is_named(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row reads like names of columns: no figures, though others have some."""
    first, rest = rows[0], rows[1:]
    if not all(cell and not re.fullmatch(r"[\d+.,\u2013\u2212%-]+", cell) for cell in first):
        return False
    return any(re.match(r"[\d+\u2212-]", cell) for row in rest for cell in row) and not any(
        re.match(r"\d+(?!d\d|\w*\d*d)", cell) and not re.fullmatch(r"d\d+", cell) for cell in first
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a pipe table; the first is its head."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)
