"""Paragraphs, headings and tables of a web page, put together from the text between its tags."""

import re
from html.parser import HTMLParser

import attrs

from ttrpg_core.documents import Block as Kind
from ttrpg_ingest.ebooks import tags
from ttrpg_ingest.ebooks.blocks import Block, Break, Page, Piece, clean
from ttrpg_ingest.ebooks.tables import Cell, Grid, pipes

DEEPEST = 400
"""Elements inside each other that are told apart; what is deeper counts as part of these."""
LONGEST_HEADING = 300
"""Characters of a heading; a longer one is text whose end tag was forgotten."""
LINE = "\v"
"""What stands for a line that is broken on purpose, until the paragraph is whole."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@attrs.define
class Open:
    """An element that means something for what is in it; ``same`` counts its own tag inside."""

    tag: str
    same: int = 0
    drops: bool = False
    kind: Kind = ""
    box: int = 0
    number: int | None = None  # of a list: its next item; None for bullets
    is_list: bool = False
    mark: int = -1  # of a reference: where its text begins among the parts
    said: frozenset[str] = frozenset()
    refers: bool = False
    label: str | None = None  # of a page break: what its attributes say
    main: bool = False
    notes: bool = False


class Paragraphs(HTMLParser):
    """Collects the pieces of one page; :class:`.Reader` says what the tags mean."""

    def __init__(self, breaks: frozenset[str] = frozenset()) -> None:
        super().__init__(convert_charrefs=True)
        self.breaks = breaks
        self.title = ""
        self.pieces: list[Piece] = []
        self._open: list[Open] = []
        self._parts: list[str] = []
        self._ids: list[str] = []
        self._level = 0
        self._line = 1
        self._linked = 0
        self._boxes = 0
        self._prefix = ""
        self._pre = 0
        self._tables: list[tuple[Grid, Cell | None]] = []
        self._grid: Grid | None = None
        self._cell: Cell | None = None
        self._in_title = False
        self._dropping = 0
        self._alt = ""
        self._late: list[Break] = []

    def page(self) -> Page:
        """What was read."""
        self._close_tables()
        self._flush()
        return Page(clean(self.title), tuple(self.pieces))

    def _break(self, label: str, anchor: str = "") -> None:
        """A new printed page: what was read of the paragraph stands on the one before."""
        if self._grid is not None:
            self._late.append(Break(clean(label), (anchor,) if anchor else ()))
            return
        if any(part.strip() for part in self._parts) and not self._level:
            self._flush()
        self.pieces.append(Break(clean(label), (anchor,) if anchor else ()))

    # --- tables ---

    def _table_tag(self, tag: str, attributes: tags.Attributes) -> None:
        if tag == "table":
            if self._cell is not None:
                self._unroll()  # a table in a cell: the outer one is for the layout
            if len(self._tables) < DEEPEST:
                self._tables.append((Grid(self.getpos()[0]), None))
                self._grid, self._cell = self._tables[-1]
        elif self._grid is not None:
            if tag == "tr":
                self._grid.row()
                self._cell = None
            else:
                self._cell = self._grid.cell(
                    head=tag == "th",
                    columns=attributes.get("colspan"),
                    rows=attributes.get("rowspan"),
                )

    def _table_end(self, tag: str) -> None:
        if tag == "table":
            if self._tables:
                self._close_table()
        else:
            self._cell = None

    def _leave_table_for_a_heading(self) -> None:
        """A heading in a cell: the table is for the layout, and its cells are paragraphs."""
        while self._grid is not None and self._cell is not None:
            self._unroll()

    def _unroll(self) -> None:
        """Say the cells that were read one by one, and take the table for no table."""
        self._say_cells()
        self._tables.pop()
        self._grid, self._cell = self._tables[-1] if self._tables else (None, None)

    def _say_cells(self) -> None:
        grid = self._grid
        if grid is not None:
            for cell in (cell for row in grid.rows for cell in row):
                self._add(cell.text, line=grid.line)

    def _close_tables(self) -> None:
        while self._tables:
            self._flush(ended_by="/table")
            self._close_table()

    def _close_table(self) -> None:
        grid = self._tables[-1][0]
        rows = grid.laid_out()
        if rows and len(rows[0]) > 1 and len(rows) > 1:
            self._tables.pop()
            self._grid, self._cell = self._tables[-1] if self._tables else (None, None)
            if grid.caption:
                self._add(grid.caption, line=grid.line)
            self._add(pipes(rows), line=grid.line, kind="table")
        else:
            self._unroll()
        if self._grid is None:
            self.pieces += self._late
            self._late = []

    # --- text ---

    def _flush(self, ended_by: str = "") -> None:
        """End the paragraph."""
        if not self._parts and not self._alt:
            if self._level and ended_by.startswith("/h"):
                self._level = 0
            return
        if self._level and self._keeps_heading(ended_by):
            self._parts.append(" ")
            return
        text = self._said()
        level, self._level, self._parts = self._level, 0, []
        if level and not text:
            text = clean(self._alt)
        self._alt = ""
        if level > 0:
            text = " ".join(text.split("\n"))
            level = 0 if len(text) > LONGEST_HEADING else level
        if self._grid is not None:
            self._fill(text, ended_by)
        elif text:
            self._add(text, level=level, line=self._line, prefix=self._prefix)
        if text:
            self._prefix = ""
        self._linked = 0

    def _keeps_heading(self, ended_by: str) -> bool:
        """Whether this is a mere line inside a heading: a div or paragraph in it."""
        return (
            ended_by in {"p", "div", "/p", "/div", "section", "/section", "span"}
            and sum(map(len, self._parts)) <= LONGEST_HEADING
        )

    def _said(self) -> str:
        whole = "".join(self._parts)
        if self._pre:
            return _CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\t", "    ")).strip("\n")
        return "\n".join(filter(None, map(clean, whole.split(LINE))))

    def _fill(self, text: str, ended_by: str) -> None:
        """Put a paragraph into the cell that is read, or the caption."""
        grid = self._grid
        assert grid is not None
        if self._cell is not None:
            self._cell.text = f"{self._cell.text} {self._prefix}{text}".strip()
        elif ended_by == "/caption":
            grid.caption = text
        elif text:
            self._add(text, line=self._line)

    def _add(
        self,
        text: str,
        *,
        line: int | None,
        level: int = 0,
        kind: Kind = "",
        prefix: str = "",
    ) -> None:
        if not text.strip():
            return
        around = next((each for each in reversed(self._open) if each.box), None)
        inside = around.kind if around is not None else ""
        if inside:
            level = 0
        elif not level and any(each.notes for each in self._open):
            inside = "note"
        if self._pre and not level:
            kind = kind or inside or "code"
        if prefix:
            text = prefix + text
        self.pieces.append(
            Block(
                text,
                level,
                kind or inside,
                around.box if around is not None else 0,
                item=bool(prefix),
                ids=tuple(self._ids),
                line=line,
                linked=min(self._linked, len(text)),
                main=any(each.main for each in self._open),
            )
        )
        self._ids = []
