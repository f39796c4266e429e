"""Tables: what is one, how its rows are told, and whether it is rolled on.

A table is a Markdown pipe table, or lines that begin with the numbers of a die. It is rolled on
when its header names a die, or when its numbers run on without a gap up to the sides of one and
nothing says that they count something else, such as levels.
"""

import re
from collections.abc import Iterable

import attrs

from ttrpg_ingest.chunks.pieces import Piece

SIDES = (4, 6, 8, 10, 12, 20, 30, 66, 100)
"""The greatest number of a table that is rolled on, where its header names no die."""
FEWEST_ROWS = 4
"""Rows from which a table is rolled on, and from which lines are cut between them."""
_SEPARATOR = re.compile(r"[\s>]*+\|?\s*+:?-{2,}:?\s*(?:\|[\s:-]*)*\Z")
_DIE = re.compile(r"[\W_]*+(\d{0,2})\s*+[dDwW](4|6|8|10|12|20|30|66|100|%)(?![\w+])[\W_]*")
_NAMED = re.compile(r"(?<!\w)(\d{0,2})[dDwW](4|6|8|10|12|20|30|66|100|%)(?!\w)")
_RANGE = re.compile(r"[\W_]*(\d{1,3})(?:\s*[-\u2010-\u2015\u2212]\s*(\d{1,3}))?[.:)*_\s]*\Z")
_LINE = re.compile(r"\s*(\d{1,3})(?:\s*[-\u2010-\u2015\u2212]\s*(\d{1,3}))?[.:)]?\s+\S")
_ROLLED = re.compile(r"(?:roll|result|die|dice|wurf|jet|tirada)?", re.IGNORECASE)
_MARKS = str.maketrans("", "", "*_`>")


@attrs.frozen
class Rolled:
    """A table that is rolled on: its die, such as "d100", and how many results it has."""

    die: str
    rows: int


def is_table(piece: Piece) -> bool:
    """Whether a piece is a table of cells."""
    if piece.kind == "table":
        return True
    if "|" not in piece.text:
        return False
    lines = piece.text.split("\n", 2)
    return len(lines) > 1 and _SEPARATOR.match(lines[1]) is not None and "|" in lines[0]


def header_of(text: str) -> str:
    """The lines of a pipe table that are said again above each of its parts."""
    lines = text.split("\n")
    if len(lines) > 1 and _SEPARATOR.match(lines[1]):
        return "\n".join(lines[:2])
    return lines[0] if lines and "|" in lines[0] else ""


def rolled(text: str, title: str = "") -> Rolled | None:
    """The die of a table and its results, None when it is not rolled on.

    A numbered list is such a table when its ``title`` names the die: "Weather (d6)".
    """
    lines = text.split("\n")
    if "|" not in lines[0]:
        return _rolled_lines(lines, _NAMED.search(title))
    cells = [
        [cell.strip() for cell in line.strip(" >").strip("|").split("|")]
        for line in lines
        if "|" in line and not _SEPARATOR.match(line)
    ]
    if not cells[1:]:
        return None
    head, rows = cells[0], cells[1:]
    die = _DIE.match(head[0])
    columns = (
        [n for n, cell in enumerate(head) if _DIE.match(cell)]
        if die
        else [n for n in range(0, len(head), 2) if not _word(head[n])]
    )
    if columns[:1] != [0] or not rows[1:]:
        return None
    ranges: list[tuple[int, int]] = []
    for column in columns:
        found = [_range(row[column]) for row in rows if column < len(row) and row[column]]
        if column == 0 and sum(each is None for each in found) > 0.2 * len(found):
            return None
        ranges += [each for each in found if each is not None]
    return _told(ranges, die)


def _word(cell: str) -> bool:
    return _ROLLED.fullmatch(cell.translate(_MARKS).strip()) is None


def _rolled_lines(lines: list[str], named: re.Match[str] | None) -> Rolled | None:
    """A table as a PDF without cells gives it: "d6 Weather", then "1 Rain", "2-3 Snow"."""
    die = _DIE.match(lines[0])
    found = [_LINE.match(line) for line in (lines[1:] if die else lines)]
    ranges = [_pair(each[1], each[2]) for each in found if each]
    if die is not None:
        return _told(ranges, die)
    return (
        _told(ranges, named) if named and len(ranges) >= FEWEST_ROWS and _runs_on(ranges) else None
    )


def _told(ranges: list[tuple[int, int]], die: re.Match[str] | None) -> Rolled | None:
    if len(ranges) < (2 if die else FEWEST_ROWS):
        return None
    if not die and not _runs_on(ranges):
        return None
    top = max(high for _, high in ranges)
    if die is not None:
        sides = "100" if die[2] == "%" else die[2]
        return Rolled(f"{die[1].lstrip('1') if die[1] == '1' else die[1]}d{sides}", len(ranges))
    return Rolled(f"d{top}", len(ranges)) if top in SIDES else None


def _runs_on(ranges: Iterable[tuple[int, int]]) -> bool:
    """Whether each range begins where the one before it ended; d66 leaps at its tens."""
    last: int | None = None
    for low, high in ranges:
        expected = {1, 11} if last is None else {last + 1, last + 5}
        if low not in expected or high < low:
            return False
        last = high
    return True


def _range(cell: str) -> tuple[int, int] | None:
    found = _RANGE.match(cell)
    return _pair(found[1], found[2]) if found else None


def _pair(low: str, high: str | None) -> tuple[int, int]:
    first, last = int(low), int(high or low)
    if last == 0:  # "00" of two ten-sided dice is a hundred
        last = 100
        first = first or 100
    return first, last
