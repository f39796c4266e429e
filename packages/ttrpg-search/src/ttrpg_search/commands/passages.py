"""The text of a passage made ready to be read: cut around what was met, its tables set apart."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ttrpg_core.views import Table

Marks = Sequence[tuple[int, int]]
SHOWN = 900
"""Characters of a passage that are shown at the most, unless the whole is wanted."""
IN_PLACE = 72
"""Widest that a table is set within its text, in characters; a wider one stands below."""
ROWS_IN_PLACE = 6
WRAPPED = 60
"""Characters of a line that was broken to fit a file's width, at the least."""
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SENTENCE = r"(?<=[.!?:])([\"'\u201d\u2019)\]*_]*)\s+(?![a-z\s])"
"""Where a sentence ends; compiled for the first text that has to be cut."""
_STARS = re.compile(r"(?<![*\w])(\*{1,3})(?=[^\s*])([^*\n]*[^\s*])(\1)(?![*\w])")
"""Emphasis as Markdown writes it."""
_HEAD = 2
"""Lines of a pipe table before its rows: the headings and the rule."""


class Piece(NamedTuple):
    """A sentence, or a row of a table: its span, and that of its table's headings (else empty)."""

    start: int
    end: int
    head: tuple[int, int] = (0, 0)


class Laid(NamedTuple):
    """A passage as it is set: running text with its marks, and the tables that stand below it."""

    text: str
    marks: tuple[tuple[int, int], ...]
    tables: tuple[Table, ...]


def pieces(text: str) -> list[Piece]:
    """The sentences and rows of a text, in order; white space between them is in none."""
    found: list[Piece] = []
    for start, end, rows in _runs(text):
        if rows:
            lines = list(_lines(text, start, end))
            head = (lines[0][0], lines[_HEAD - 1][1])
            found += [Piece(*line, head) for line in lines[_HEAD:]] or [Piece(start, end)]
            continue
        for first, last in _unbroken(text, start, end):
            at = first
            for gap in [*re.compile(_SENTENCE).finditer(text, first, last), None]:
                until = gap.end(1) if gap else last
                if text[at:until].strip():
                    found.append(Piece(at, until))
                at = gap.end() if gap else last
    return found


def cut(
    text: str, marks: Marks, most: int = SHOWN, heading: str = ""
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a long text that meets most, with its marks; an … is for what is left out.

    What its ``heading`` has already is met by that.
    """
    if len(text) <= most + most // 4:
        return text, tuple(marks)
    parts = pieces(text)
    said = heading.casefold()
    first, last = _best(text, parts, marks, most, said) if parts else (0, 0)
    start, end = (parts[first].start, parts[last].end) if parts else (0, len(text))
    if end - start > most:  # a single sentence, without an end
        inside = [mark for mark in marks if start <= mark[0] < end]
        start = max(start, (inside[0][0] if inside else start) - most // 4)
        end = min(end, start + most)
    head = parts[first].head if parts else (0, 0)
    before = f"{ELLIPSIS} " if start > 0 else ""
    if head[1] and head[0] < start:
        before = f"{text[head[0] : head[1]]}\n"
    shift = len(before) - start
    kept = tuple((a + shift, min(b, end) + shift) for a, b in marks if start <= a < end)
    return before + text[start:end] + (f" {ELLIPSIS}" if end < len(text.rstrip()) else ""), kept


def _best(
    text: str, parts: Sequence[Piece], marks: Marks, most: int, heading: str
) -> tuple[int, int]:
    """The run of pieces that meets most different words, then most words, then stands first.

    First of all those that its heading has not.
    """
    met: list[list[str]] = [[] for _ in parts]
    at = 0
    for start, end in sorted(marks):
        while at + 1 < len(parts) and parts[at].end <= start:
            at += 1
        met[at].append(text[start:end].casefold())
    best, chosen = (-1, -1, -1), (0, 0)
    last = -1
    for first, part in enumerate(parts):
        last = max(last, first)
        while last + 1 < len(parts) and parts[last + 1].end - part.start <= most:
            last += 1
        told = [word for words in met[first : last + 1] for word in words]
        new = sum(word not in heading for word in set(told))
        worth = (new, len(set(told)), len(told))
        if worth > best:
            best, chosen = worth, (first, last)
    return chosen


def laid(text: str, marks: Marks = ()) -> Laid:
    """A text with its small pipe tables in columns, and the large ones taken out."""
    out = ""
    moved: list[tuple[int, int]] = []
    tables: list[Table] = []
    for start, end, is_table in _runs(text):
        table = _table(text[start:end]) if is_table else None
        columns = _columns(table) if table is not None else ""
        if table is not None and not columns:
            tables.append(table)
            continue
        if out:
            gap = text[: start + 1].rstrip(" \t")
            out = out.rstrip("\n") + (
                "\n" if gap[-2:-1] == "\n" and gap[-3:-1] != "\n\n" else "\n\n"
            )
        if columns:
            out += columns
            continue
        shift = len(out) - start
        moved += [(a + shift, min(b, end) + shift) for a, b in marks if start <= a < end]
        out += _flowing(text, start, end)
    return Laid(*_bare(out.rstrip(), moved), tuple(tables))


def _flowing(text: str, start: int, end: int) -> str:
    """Running text of the same length, without the line breaks that only fit a file's width."""
    out = ""
    at = start
    for first, last in _unbroken(text, start, end):
        out += text[at:first] + text[first:last].replace("\n", " ")
        at = last
    return out + text[at:end]


def _bare(text: str, marks: Marks) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text without the stars of its emphasis, and its marks where they are then."""
    out, done = "", 0
    gone: list[tuple[int, int]] = []  # behind which place, and how many before it by then
    for found in _STARS.finditer(text):
        for start, end in (found.span(1), found.span(3)):
            out += text[done:start]
            done = end
            gone.append((end, end - len(out)))
    out += text[done:]

    def moved(place: int) -> int:
        return place - max((less for behind, less in gone if behind <= place), default=0)

    return out, tuple((moved(start), moved(end)) for start, end in marks)


def _columns(table: Table) -> str:
    """A small table as lines with columns under each other; "" when it is no small one."""
    rows = [table.headings, *table.rows]
    widths = [max(len(row[n]) for row in rows) for n in range(len(table.headings))]
    if len(table.rows) > ROWS_IN_PLACE or sum(widths) + 2 * len(widths) > IN_PLACE:
        return ""
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _table(text: str) -> Table:
    rows = [_cells(line) for line in text.splitlines()]
    width = max(len(row) for row in rows)
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    return Table(full[0], full[_HEAD:])


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", bare)]


def _runs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Paragraphs and pipe tables: start, end, and whether it is a table."""
    lines = list(_lines(text, 0, len(text)))
    at = 0
    while at < len(lines):
        begin = at
        is_row = _is_row(text, lines[at])
        while at < len(lines) and _is_row(text, lines[at]) == is_row:
            at += 1
            if not is_row and at < len(lines) and not _adjoins(text, lines[at - 1], lines[at]):
                break
            if is_row and at < len(lines) and not _adjoins(text, lines[at - 1], lines[at]):
                break
        rule = text[slice(*lines[begin + 1])] if at - begin > 1 else ""
        table = is_row and "-" in rule and set(rule) <= set("|-: \t")
        yield lines[begin][0], lines[at - 1][1], table


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of lines that are not blank."""
    for found in re.finditer(r"[^\n]+", text[start:end]):
        if found[0].strip():
            yield start + found.start(), start + found.end()


def _unbroken(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of lines, one that only goes on in the next line put together with it."""
    first = last = -1
    for begin, until in _lines(text, start, end):
        if first >= 0 and not _goes_on(text, first, last, begin):
            yield first, last
            first = -1
        first, last = (begin if first < 0 else first), until
    if first >= 0:
        yield first, last


def _goes_on(text: str, first: int, last: int, begin: int) -> bool:
    """Whether a line goes on in the next: it is long, and the next begins within a sentence."""
    long = last - max(first, text.rfind("\n", first, last) + 1) >= WRAPPED
    within = text[begin].islower() or text[begin] in "(,;" or text[begin].isdigit()
    return long and within and text[last:begin].count("\n") == 1


def _is_row(text: str, line: tuple[int, int]) -> bool:
    return text[slice(*line)].lstrip().startswith("|")


def _adjoins(text: str, line: tuple[int, int], following: tuple[int, int]) -> bool:
    return text[line[1] : following[0]].count("\n") == 1
