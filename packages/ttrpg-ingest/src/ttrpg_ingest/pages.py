"""A PDF page as sections: headings, paragraphs, and its running lines put at both ends.

Running heads and feet are not thrown away here: the numbers in them are the printed pages, which
only the whole book can tell (see :mod:`ttrpg_ingest.labels`). They are kept out of the sentences
and off the headings, as a paragraph of their own at the beginning and the end of the page.
"""

import re
from collections.abc import Iterator, Sequence

import attrs

from ttrpg_core.documents import Section
from ttrpg_ingest.faces import Style
from ttrpg_ingest.folding import ended, fold, join, joined
from ttrpg_ingest.lines import Line, Page

_BULLETS = tuple(
    "\u2022\u2023\u25aa\u25ab\u25a0\u25a1\u25cf\u25cb\u25e6\u2013\u2014\uf0b7\u2605\u2619\u2767"
)
_MARK = re.compile(r"(?:[\u2022\u2023\u25aa\u25cf\u25cb\u25e6\u2013-]|\d{1,3}[.)]|[a-z][.)])\Z")
SAME_LINE, BESIDE, SAME_SIZE = 2.0, 50.0, 0.2
"""Points: of one line in height, from a list mark to its text, and of one letter size."""
_HEADING_LINES = 3
"""Lines that one heading may have; more of them are text in large letters."""


@attrs.define
class _Run:
    """The text under one heading, while its lines come in."""

    heading: str = ""
    level: int = 0
    paragraphs: list[str] = attrs.field(factory=list)
    block: list[Line] = attrs.field(factory=list)

    def close(self, style: Style) -> None:
        """End the paragraph that is being read."""
        if self.block:
            self.paragraphs.append(_paragraph(self.block, style))
            self.block = []


def sections(page: Page, style: Style, index: int, label: str | None) -> Iterator[Section]:
    """The sections of one page, in reading order."""
    heads: list[str] = []
    feet: list[str] = []
    body: list[Line] = []
    for line in _with_marks(page.lines):
        if style.running(line, page):
            (heads if line.y > page.height / 2 else feet).append(joined([fold(line.raw)]))
        else:
            body.append(line)
    runs = [_Run(paragraphs=heads)] if heads else []
    runs += _runs(body, style)
    if feet:
        if not runs:
            runs.append(_Run())
        runs[-1].paragraphs += feet
    for run in runs:
        text = "\n\n".join(filter(None, run.paragraphs))
        if text or run.heading:
            yield Section(text, run.heading, run.level, index, label)


def _with_marks(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, each bullet or number of a list put back before the line that it stands beside.

    Some programs draw all the marks of a list after its text.
    """
    marks = {place for place, line in enumerate(lines) if _MARK.match(fold(line.raw))}
    before: dict[int, str] = {}
    for place in sorted(marks):
        mark = lines[place]
        beside = [
            (line.x - mark.x, other)
            for other, line in enumerate(lines)
            if other not in marks
            and abs(line.y - mark.y) < SAME_LINE
            and 0 < line.x - mark.x < BESIDE
        ]
        if beside:
            before[min(beside)[1]] = fold(mark.raw)
        else:
            marks.discard(place)
    for place, line in enumerate(lines):
        if place in before:
            yield attrs.evolve(line, raw=f"{before[place]} {line.raw.lstrip()}")
        elif place not in marks:
            yield line


def _runs(body: list[Line], style: Style) -> list[_Run]:
    runs = [_Run()]
    place = 0
    while place < len(body):
        heading = _heading(body, place, style)
        here = runs[-1]
        if heading:
            here.close(style)
            text = joined(fold(line.raw) for line in heading)
            runs.append(_Run(text, style.level(heading[0])))
            place += len(heading)
            continue
        line = body[place]
        if here.block and _parts(here.block, line, style):
            here.close(style)
        here.block.append(line)
        place += 1
    runs[-1].close(style)
    return [run for run in runs if run.heading or run.paragraphs]


def _heading(body: list[Line], place: int, style: Style) -> list[Line]:
    """The lines of the heading that begins here; none when this line is text."""
    first = body[place]
    level = style.level(first)
    if not level:
        return []
    lines = [first]
    for line in body[place + 1 :]:
        near = 0 < lines[-1].y - line.y < 1.7 * first.size
        if not (near and line.face == first.face and abs(line.size - first.size) < SAME_SIZE):
            break
        lines.append(line)
    if len(lines) > _HEADING_LINES:
        return []
    if style.needs_room(first):
        above = body[place - 1].y - first.y if place else 2 * style.leading
        if len(lines) > 1 or 0 < above < 1.25 * style.leading:
            return []
    return lines


def _parts(block: list[Line], line: Line, style: Style) -> bool:
    """Whether a line begins a new paragraph after those of ``block``."""
    last = block[-1]
    text, before = fold(line.raw), fold(last.raw)
    if text.startswith(_BULLETS) or (ended(before) and style.labelled(line)):
        return True
    gap = last.y - line.y
    if gap > 1.45 * max(style.leading, last.size):
        return not (before.endswith("-") or (text[:1].islower() and not ended(before)))
    if gap < -last.size:  # up to the next column: only a finished sentence ends a paragraph there
        return ended(before) and not text[:1].islower()
    indented = line.x - min(each.x for each in block) > 0.6 * line.size or _opens_with_space(
        line.raw
    )
    return ended(before) and indented


def _opens_with_space(raw: str) -> bool:
    return len(raw) - len(raw.lstrip()) > 1


def _paragraph(block: list[Line], style: Style) -> str:
    """The text of a paragraph.

    A line break stays after a line much shorter than its neighbours, as in a table, and before one
    that begins with a label in bold, as in a stat block.
    """
    texts = [fold(line.raw) for line in block]
    width = max(style.width, *map(len, texts))
    whole = ""
    for number, text in enumerate(texts):
        before = texts[number - 1] if number else ""
        short = len(before) < 0.62 * width and not before.endswith(("-", "\u2011", ","))
        labelled = style.labelled(block[number])
        if number and (short or labelled) and not text[:1].islower():
            whole += "\n" + text
        else:
            whole = join(whole, text)
    return whole.replace("\u2011", "-")
