"""Texts, quotes, pairs and tables as rich would draw them, without rich.

Importing it takes longer than a search, and drawing a table with it longer than reading its rows.
What has a character that is wider than one column, a tab, a table that does not fit, or any other
block is left to rich, and so is a terminal that rich knows more about. A test holds the two to the
same.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TextIO

from ttrpg_cli.drawing import MARKED, NARROWEST, READING_WIDTH, STYLES, edge
from ttrpg_core.views import Block, Fields, Quote, Table, Text

Span = tuple[int, int, str]
"""Characters from, characters to, and their style in rich's words."""
_ATTRIBUTES = {"bold": "1", "dim": "2", "italic": "3"}
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_WORD = re.compile(r"\s*\S+\s*")
_NARROW = frozenset("\u2010\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026")
"""Characters of one column beyond the Latin letters, as printed books have them: dashes, quotes."""
_LATIN_END = "\u0300"
_ASKED_OF_RICH = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables by which a user tells rich what the terminal can do."""


GAP = 2
"""Columns between two columns of a table."""


def can_draw(
    blocks: Sequence[Block], environ: Mapping[str, str], *, terminal: bool, width: int = 80
) -> bool:
    """Whether nothing among these blocks, and nothing of the terminal, needs rich."""
    if any(environ.get(name) for name in _ASKED_OF_RICH) or (terminal and os.name == "nt"):
        return False
    return all(_can_draw(block, width) for block in blocks)


def draw(
    blocks: Sequence[Block],
    width: int,
    environ: Mapping[str, str],
    *,
    fancy: bool,
    terminal: bool,
) -> str:
    """The lines of such blocks, for :meth:`.render.Terminal.show`."""
    codes = codes_of(environ) if terminal else {}
    out: list[str] = []
    for block in blocks:
        if isinstance(block, Quote):
            out += _quote(block, width, codes, fancy=fancy)
        elif isinstance(block, Text):
            spans = [(0, len(block.text), STYLES[block.role])]
            # A path in a pipe is not to be broken.
            out += _painted(block.text, spans, width if terminal else 0, codes)
        elif isinstance(block, Fields):
            out += _fields(block, width, codes)
        elif isinstance(block, Table):
            out += _table(block, width, codes)
    return "".join(f"{line.rstrip()}\n" for line in out)


def codes_of(environ: Mapping[str, str]) -> dict[str, str]:
    """What switches each word of a style on; nothing where the terminal knows no styles."""
    if environ.get("TERM", "").lower() in {"dumb", "unknown"}:
        return {}
    return _ATTRIBUTES if environ.get("NO_COLOR") else {**_ATTRIBUTES, **_COLOURS}


def styled(text: str, style: str, codes: Mapping[str, str]) -> str:
    """A text in a style, as far as the terminal can."""
    said = ";".join(codes[word] for word in style.split() if word in codes)
    return f"\x1b[{said}m{text}\x1b[0m" if said and text else text


def size_of(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of the terminal; 80 and 24 where it does not say."""
    for each in (stream.fileno, lambda: 0, lambda: 2):
        with contextlib.suppress(OSError, ValueError):  # no terminal, or no file at all
            columns, lines = os.get_terminal_size(each())
            if columns:
                return columns, lines or 24
    return 80, 24


def breaks(text: str, width: int) -> list[int]:
    """Where lines of a text without line breaks begin, but the first; after rich's ``_wrap``.

    A word takes the white space behind it along; one that is wider than a line is cut.
    """
    found: list[int] = []
    used = 0
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        room = len(word.rstrip())
        if width - used >= room:
            used += len(word)
        elif room > width:
            if start:
                found.append(start)
            cuts = range(0, len(word), width)
            found += [start + cut for cut in cuts[1:]]
            used = len(word) - cuts[-1]
        elif used and start:
            found.append(start)
            used = len(word)
    return found


def folded(text: str, width: int) -> str:
    """A text in lines of a width that end between words; a longer word, as a path, stays whole."""
    out: list[str] = []
    for line in text.split("\n"):
        used = 0
        for match in _WORD.finditer(line):
            room = len(match[0].rstrip())
            if used and used + room > width:
                out[-1] = out[-1].rstrip()
                out.append("\n")
                used = 0
            out.append(match[0])
            used += len(match[0])
        out.append("\n")
    return "".join(out[:-1])


def _lines(text: str, width: int) -> Iterator[tuple[int, int]]:
    """The spans of the lines of a text, wrapped to a width; 0 wraps nothing."""
    at = 0
    for line in text.split("\n"):
        begins = [0, *(breaks(line, width) if width else ()), len(line)]
        yield from ((at + first, at + last) for first, last in pairwise(begins))
        at += len(line) + 1


def _painted(
    text: str, spans: Sequence[Span], width: int, codes: Mapping[str, str], before: str = ""
) -> Iterator[str]:
    """The lines of a text, each with its styles and ``before`` it."""
    for start, end in _lines(text, width):
        kept = start + len(text[start:end].rstrip())
        line, at = before, start
        for begin, until, style in spans if codes else ():
            first, last = max(begin, at), min(until, kept)
            if first < last:
                line += text[at:first] + styled(text[first:last], style, codes)
                at = last
        yield line + text[at : max(at, kept)]


def _can_draw(block: Block, width: int) -> bool:
    if isinstance(block, Text):
        return _narrow(block.text)
    if isinstance(block, Quote):
        return _narrow(block.text) and _narrow(block.caption)
    if isinstance(block, Fields):
        names = [name for name, _ in block.pairs]
        room = width - max(map(len, names), default=0) - GAP
        return (
            room >= NARROWEST
            and all(map(_on_one_line, names))
            and all(_narrow(value) for _, value in block.pairs)
        )
    if isinstance(block, Table):
        if not block.rows:
            return _narrow(block.empty)
        fits = sum(_widths(block)) + GAP * (len(block.headings) - 1) <= width
        return fits and all(
            map(_on_one_line, [*block.headings, *(cell for row in block.rows for cell in row)])
        )
    return False


def _fields(block: Fields, width: int, codes: Mapping[str, str]) -> Iterator[str]:
    longest = max((len(name) for name, _ in block.pairs), default=0)
    for name, value in block.pairs:
        before = styled(name, STYLES["dim"], codes) + " " * (longest + GAP - len(name))
        for start, end in _lines(value, width - longest - GAP):
            yield before + value[start:end].rstrip()
            before = " " * (longest + GAP)


def _table(block: Table, width: int, codes: Mapping[str, str]) -> Iterator[str]:
    if not block.rows:
        yield from _painted(block.empty, [(0, len(block.empty), STYLES["dim"])], width, codes)
        return
    widths = _widths(block)
    gap = " " * GAP
    yield gap.join(
        styled(cell, STYLES["title"], codes) + " " * (room - len(cell))
        for cell, room in zip(block.headings, widths, strict=True)
    )
    for row in block.rows:
        yield gap.join(f"{cell:<{room}}" for cell, room in zip(row, widths, strict=True))


def _widths(block: Table) -> list[int]:
    """The longest of each column, its heading among them."""
    return [max(map(len, column)) for column in zip(block.headings, *block.rows, strict=True)]


def _on_one_line(text: str) -> bool:
    return "\n" not in text and _narrow(text)


def _quote(block: Quote, width: int, codes: Mapping[str, str], *, fancy: bool) -> Iterator[str]:
    mark = edge(fancy=fancy)
    room = max(NARROWEST, min(width, READING_WIDTH) - len(mark))
    marks: list[Span] = []
    for start, end in sorted(block.marks):
        if not marks or start >= marks[-1][1]:  # else inside the mark before it
            marks.append((start, end, MARKED))
    yield from _painted(block.text, marks, room, codes, styled(mark, STYLES["dim"], codes))
    yield from _painted(block.caption, [(0, len(block.caption), "italic")], width, codes)


def _narrow(text: str) -> bool:
    """Whether every character but a line break is shown as it is, in one column."""
    if not text.isascii() and max({*text} - _NARROW, default="") >= _LATIN_END:
        return False
    return all(map(str.isprintable, text.split("\n")))
