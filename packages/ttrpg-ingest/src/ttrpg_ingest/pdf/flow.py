"""A PDF page as sections: headings, paragraphs, tables and boxes in reading order.

Running heads and feet are not thrown away here: the numbers in them are the printed pages, which
only the whole book can tell (see :mod:`ttrpg_ingest.labels`). They are kept out of the sentences
and off the headings, as a paragraph of their own at the beginning and the end of the page.
"""

from collections.abc import Iterator, Sequence

import attrs

from ttrpg_core.documents import Block, Section
from ttrpg_ingest.folding import ended, join, joined
from ttrpg_ingest.pdf.boxes import boxed
from ttrpg_ingest.pdf.columns import columns_of
from ttrpg_ingest.pdf.grids import drawn_tables
from ttrpg_ingest.pdf.ink import Ink
from ttrpg_ingest.pdf.lines import Line, rows_of, spans_of
from ttrpg_ingest.pdf.marks import keys_of_a_map, with_marks
from ttrpg_ingest.pdf.outline import Outline
from ttrpg_ingest.pdf.style import LOWEST, Page, Style
from ttrpg_ingest.pdf.tables import Table, led, markdown, with_tables, without_leaders

BULLETS = tuple(
    "\u2022\u2023\u25aa\u25ab\u25a0\u25a1\u25cf\u25cb\u25e6\u2013\u2014\uf0b7\u2605\u2619\u2767"
)
SAME_SIZE, SAME_EDGE = 0.2, 2.5
"""Points by which letters of one size, and lines that begin under each other, may differ."""
OTHER_SIZE = 0.15
"""The part by which the letters of two paragraphs differ."""
SMALL = 4
"""The level from which a heading over a table may be the table's title."""
HEADING_LINES = 3
"""Lines that one heading may have; more of them are text in large letters."""
LONGEST_ALOUD = 200
"""Words of a box that is read aloud."""
LONGEST_REST = 6
"""Words of the rest of a cell, before a table that goes on."""
CARRIED = 3
"""Pages over which a table without a head gets that of the table before it."""


@attrs.define
class Carried:
    """The head of the table that a page ended with, for the next page."""

    head: tuple[str, ...] = ()
    page: int = -1


@attrs.define
class _Part:
    """A run of one kind under a heading."""

    kind: Block
    paragraphs: list[str] = attrs.field(factory=list)


@attrs.define
class _Run:
    """What stands under one heading, while its lines come in."""

    heading: str = ""
    level: int = 0
    parts: list[_Part] = attrs.field(factory=lambda: [_Part("")])
    block: list[Line] = attrs.field(factory=list)

    def close(self, style: Style) -> None:
        """End the paragraph that is being read."""
        if self.block:
            self.parts[-1].paragraphs.append(_paragraph(self.block, style))
            self.block = []

    def add(self, kind: Block, text: str) -> None:
        """A part of another kind; plain text goes on after it."""
        if kind == self.parts[-1].kind == "":
            self.parts[-1].paragraphs.append(text)
        else:
            self.parts += [_Part(kind, [text]), _Part("")]


def lines_of(ink: Ink) -> Page:
    """The lines of a page over its whole width, for learning the style of a book."""
    from ttrpg_ingest.pdf.columns import gutters_of

    spans = spans_of(ink.words)
    columns = columns_of(spans)
    lines = tuple(line for column in columns for line in column)
    return Page(lines, ink.height, tuple(gutters_of(spans)))


def sections_of(
    ink: Ink, style: Style, outline: Outline, index: int, label: str | None, carried: Carried
) -> Iterator[Section]:
    """The sections of one page, in reading order; ``carried`` is brought up to date."""
    spans = spans_of(with_marks(ink.words))
    rows = [Line(row) for row in rows_of(spans)]
    page = Page(tuple(rows), ink.height)
    running = [line for line in rows if style.running(line, page)]
    gone = {id(span) for line in running for span in line.spans}
    spans = drawn_tables([span for span in spans if id(span) not in gone], ink)
    keys = keys_of_a_map(spans)
    gone |= set(map(id, keys))
    spans = [span for span in spans if id(span) not in gone]
    items: list[Line | Table] = []
    for column in columns_of(boxed(spans, ink), style.gutters):
        items += with_tables(column)
    runs = _runs(items, style, outline, index, carried)
    heads = [line.text for line in running if line.y > ink.height / 2]
    feet = [line.text for line in running if line.y <= ink.height / 2]
    if heads:
        runs.insert(0, _Run(parts=[_Part("", [joined([head]) for head in heads])]))
    for aside in ink.asides:
        text = "\n".join(joined([Line(row).text]) for row in rows_of(spans_of(aside)))
        if text.strip():
            runs = runs or [_Run()]
            runs[-1].add("note", text)
    if keys:
        runs = runs or [_Run()]
        runs[-1].add("note", " ".join(span.text for span in keys))
    if feet:
        runs = runs or [_Run()]
        if runs[-1].parts[-1].kind:
            runs[-1].parts.append(_Part(""))
        runs[-1].parts[-1].paragraphs += [joined([foot]) for foot in feet]
    for run in runs:
        yield from _sections(run, index, label)


def _sections(run: _Run, index: int, label: str | None) -> Iterator[Section]:
    heading, level = run.heading, run.level
    for number, part in enumerate(run.parts):
        text = "\n\n".join(filter(None, part.paragraphs))
        if number == 0 and heading:
            yield Section(text, heading, level, index, label)
        elif text:
            yield Section(text, "", 0, index, label, part.kind)


def _runs(
    items: Sequence[Line | Table], style: Style, outline: Outline, index: int, carried: Carried
) -> list[_Run]:
    runs = [_Run()]
    place = 0
    before = carried.head if index - carried.page <= CARRIED else ()
    while place < len(items):
        here = runs[-1]
        item = items[place]
        if isinstance(item, Table):
            here.close(style)
            rows = item.rows
            if not item.headed and len(before) == item.columns:
                rows = (before, *rows)
            elif item.headed:
                carried.page = index
            before = carried.head = rows[0] if item.headed or rows[0] is before else ()
            here.add("table", markdown(rows))
            place += 1
            continue
        if item.spans[0].inside is not None:
            here.close(style)
            here.add(*_box(item.spans[0].inside, style))
            place += 1
            continue
        heading, level = _heading(items, place, style, outline, index)
        if heading:
            here.close(style)
            place += len(heading)
            if level >= SMALL and _is_title(heading[0], items[place : place + 1], style):
                level = max(level, LOWEST)
            runs.append(_Run(joined(line.text for line in heading), level))
            before = ()
            continue
        then = items[place + 1] if place + 1 < len(items) else None
        if here.block and _parts(here.block, item, style, then):
            here.close(style)
        if len(item.words) > LONGEST_REST:
            before = ()
        here.block.append(item)
        place += 1
    runs[-1].close(style)
    carried.head = before
    return [run for run in runs if run.heading or any(part.paragraphs for part in run.parts)]


def _is_title(heading: Line, following: Sequence[Line | Table], style: Style) -> bool:
    """Whether a heading is the title of the table below it, and no new entry.

    It is where tables have a typeface of their own and the title is in it.
    """
    families = [each.family for each in following if isinstance(each, Table) and each.family]
    return families == [heading.face.family] and heading.face.family != style.face.family


def _box(lines: Sequence[Line], style: Style) -> tuple[Block, str]:
    """A box as text: read aloud where it has no title, else a sidebar."""
    run = _Run()
    for item in with_tables(lines):
        if isinstance(item, Table):
            run.close(style)
            run.parts[0].paragraphs.append(markdown(item.rows))
            continue
        titled = style.level(item) and not run.block
        if run.block and (_parts(run.block, item, style) or style.level(item)):
            run.close(style)
        run.block.append(item)
        if titled:
            run.close(style)
    run.close(style)
    text = "\n\n".join(run.parts[0].paragraphs)
    titled = bool(style.level(lines[0])) or lines[0].face.bold
    aloud = not titled and len(text.split()) <= LONGEST_ALOUD and not any(map(str.isdigit, text))
    return ("read_aloud" if aloud else "sidebar"), text


def _heading(
    items: Sequence[Line | Table], place: int, style: Style, outline: Outline, index: int
) -> tuple[list[Line], int]:
    """The lines of the heading that begins here, and its level; none when this line is text."""
    following = [item for item in items[place : place + HEADING_LINES] if isinstance(item, Line)]
    first = following[0]
    listed, depth = 0, 0
    if index in outline.pages:
        listed, depth = outline.match([line.text for line in following], index)
    if listed and (style.level(first) or style.stands_out(first)):
        return following[:listed], depth if outline.rich else style.level(first) or depth
    level = style.level(first)
    if not level:
        return [], 0
    lines = _of_one_heading(items, place, style, outline, index)
    if len(lines) > HEADING_LINES:
        return [], 0
    if style.needs_room(first):
        last = items[place - 1] if place else None
        above = last.y - first.y if isinstance(last, Line) else 2 * style.leading
        if len(lines) > 1 or 0 < above < 1.25 * style.leading:
            return [], 0
    return lines, outline.below(level, index)


def _of_one_heading(
    items: Sequence[Line | Table], place: int, style: Style, outline: Outline, index: int
) -> list[Line]:
    """The lines from ``place`` on that are set alike and close together."""
    first = items[place]
    lines = [first] if isinstance(first, Line) else []
    for line in items[place + 1 :]:
        if not isinstance(line, Line) or not style.level(line):
            break
        last = lines[-1]
        near = 0 < last.y - line.y < 1.7 * last.size
        if not (near and line.face == last.face and abs(line.size - last.size) < SAME_SIZE):
            break
        if outline.rich and outline.match([line.text], index)[0]:
            break
        lines.append(line)
    return lines


def _parts(block: list[Line], line: Line, style: Style, then: object = None) -> bool:
    """Whether a line begins a new paragraph after those of ``block``; ``then`` comes after it."""
    last = block[-1]
    text, before = line.text, last.text
    if text.startswith(BULLETS) or (ended(before) and style.labelled(line)):
        return True
    goes_on = before.endswith("-") or (text[:1].islower() and not ended(before))
    if last.whole and line.whole and abs(last.size - line.size) > OTHER_SIZE * last.size:
        return not goes_on
    gap = last.y - line.y
    if gap > 1.45 * max(style.leading, last.size):
        return not goes_on
    if gap < -last.size:  # up to the next column: only a finished sentence ends a paragraph there
        return ended(before) and not text[:1].islower()
    return ended(before) and _indented(_in_this_column(block), line, then)


def _indented(here: Sequence[Line], line: Line, then: object) -> bool:
    """Whether a line is set in as the first of a paragraph, or out as the first of a hanging one.

    A line that is set in after a single one, and has the next under it, hangs from that one.
    """
    deep = 0.6 * line.size
    hung = len(here) > 1 and min(each.x0 for each in here[1:]) - line.x0 > deep
    if hung and abs(here[0].x0 - line.x0) < SAME_EDGE:
        return True
    hangs = len(here) == 1 and isinstance(then, Line) and abs(then.x0 - line.x0) < SAME_EDGE
    return line.x0 - min(each.x0 for each in here) > deep and not hangs


def _in_this_column(block: Sequence[Line]) -> Sequence[Line]:
    """The last lines of a paragraph, those since it went up to the next column."""
    for place in range(len(block) - 1, 0, -1):
        if block[place].y > block[place - 1].y + block[place].size:
            return block[place:]
    return block


def _paragraph(block: list[Line], style: Style) -> str:
    """The text of a paragraph.

    A line break stays after a line much shorter than its neighbours, as in a list, before one that
    begins with a label in bold, as in a stat block, and around one with dots that lead to a page.
    """
    listed = [led(line.text) for line in block]
    texts = [
        without_leaders(line.text) if dots else line.text
        for line, dots in zip(block, listed, strict=True)
    ]
    width = max(style.width, *map(len, texts))
    whole = ""
    for number, text in enumerate(texts):
        before = texts[number - 1] if number else ""
        short = len(before) < 0.62 * width and not before.endswith(("-", "\u2011", ","))
        labelled = style.labelled(block[number]) and not block[number - 1].words[-1].face.bold
        entry = listed[number] or listed[number - 1]
        if number and (entry or ((short or labelled) and not text[:1].islower())):
            whole += "\n" + text
        else:
            whole = join(whole, text)
    return whole.replace("\u2011", "-")
