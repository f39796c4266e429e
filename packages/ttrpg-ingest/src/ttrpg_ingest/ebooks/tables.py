"""A table of a web page as a Markdown pipe table, with cells that span others written out."""

from collections.abc import Sequence

import attrs

MOST_COLUMNS = 40
MOST_CELLS = 100_000
"""More than any printed table has; a table that claims more is cut."""
LONGEST_AGAIN = 200
"""Characters of a cell that is said again in each row that it spans."""


@attrs.define
class Cell:
    """A cell as its tag gives it; ``columns`` and ``rows`` are what it spans."""

    text: str = ""
    head: bool = False
    columns: int = 1
    rows: int = 1


@attrs.define
class Grid:
    """A table while it is read: ``row``, then ``cell``, then its text."""

    line: int | None = None
    caption: str = ""
    rows: list[list[Cell]] = attrs.field(factory=list)
    cells: int = 0

    def row(self) -> None:
        """A new row begins."""
        self.rows.append([])

    def cell(self, *, head: bool, columns: str | None, rows: str | None) -> Cell:
        """A new cell of the row, and the row where its tag was forgotten."""
        if not self.rows:
            self.row()
        made = Cell("", head, _span(columns), _span(rows))
        if self.cells < MOST_CELLS:
            self.cells += 1
            self.rows[-1].append(made)
        return made

    def laid_out(self) -> list[list[str]]:
        """The texts in rows of one length; a cell over several rows is said again in each."""
        rows: list[list[str]] = []
        hanging: dict[int, tuple[int, str]] = {}
        for cells in self.rows:
            row: list[str] = []
            waiting = list(reversed(cells))
            while waiting or any(column >= len(row) for column in hanging):
                if len(row) >= MOST_COLUMNS:
                    break
                left, text = hanging.pop(len(row), (0, ""))
                if left:
                    if left > 1:
                        hanging[len(row)] = left - 1, text
                    row.append(text)
                elif waiting:
                    _place(waiting.pop(), row, hanging)
                else:
                    row.append("")
            if waiting:  # more than fits: nothing is lost
                row[-1] = " ".join([row[-1], *(cell.text for cell in reversed(waiting))]).strip()
            hanging = {column: rest for column, rest in hanging.items() if column < MOST_COLUMNS}
            if any(row):
                rows.append(row)
        width = max(map(len, rows), default=0)
        return [row + [""] * (width - len(row)) for row in rows]


def _place(cell: Cell, row: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Put a cell into a row, and what of it hangs into the rows below."""
    again = cell.text if len(cell.text) <= LONGEST_AGAIN else ""
    for number in range(min(cell.columns, MOST_COLUMNS - len(row))):
        if cell.rows > 1:
            hanging[len(row)] = cell.rows - 1, "" if number else again
        row.append("" if number else cell.text)


def pipes(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a pipe table; the first is its header."""
    lines = ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _span(value: str | None) -> int:
    text = (value or "").strip()
    return min(max(int(text[:4]), 1), 1000) if text.isascii() and text.isdigit() else 1
