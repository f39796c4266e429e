"""Paragraphs into runs of a size to read at a glance, cut where it hurts least.

Between paragraphs, then between the rows of a table, then between lines or sentences, and as a last
way between words; where there are hardly any spaces, between letters.
"""

import re
from collections.abc import Iterator, Sequence

import attrs

from ttrpg_ingest.chunks.pieces import LONG_WORD, Piece, weight
from ttrpg_ingest.chunks.tables import FEWEST_ROWS, header_of, is_table

HARD_WORDS = 1500
"""An entry that is never split is split all the same from here on, between its paragraphs."""
HEADER_WORDS = 40
"""A longer header is not said again above each part of what it stands over."""
_SENTENCE = re.compile(
    r"(?<=[.!?])[\"'\u201d\u2019)]*(\s+)(?=[\"'\u201c\u2018(]?[A-Z0-9\u00c0-\u00de\u2022])"
)
_LINE = re.compile(r"\n")
_WORD = re.compile(r"\S+")


def sized(pieces: Sequence[Piece], words: int) -> list[list[Piece]]:
    """Pieces in runs of about ``words``; a small rest joins the run before it."""
    runs: list[list[Piece]] = []
    here: list[Piece] = []
    size = 0
    for piece in _split(pieces, words):
        length = piece.words
        if here and size >= 0.5 * words and size + length > 1.2 * words:
            runs.append(here)
            here, size = [], 0
        here.append(piece)
        size += length
    if runs and size < 0.25 * words:
        runs[-1] += here
    elif here:
        runs.append(here)
    return runs


def whole(pieces: Sequence[Piece], words: int) -> list[list[Piece]]:
    """The pieces of an entry as one run; several only when it is longer than any entry should be.

    The first line of the entry is then said again above each further run.
    """
    size = sum(piece.words for piece in pieces)
    if size <= max(HARD_WORDS, 4 * words):
        return [list(pieces)]
    runs = sized(pieces, max(words, HARD_WORDS // 2))
    header = pieces[0].text.split("\n")[0]
    if weight(header) > HEADER_WORDS:
        return runs
    return [runs[0], *([run[0].behind(header), *run[1:]] for run in runs[1:])]


def _split(pieces: Sequence[Piece], words: int) -> Iterator[Piece]:
    """The pieces, those that are too long in parts."""
    for piece in pieces:
        if piece.words <= 1.5 * words:
            yield piece
        elif is_table(piece) and _heads(header := header_of(piece.text), piece, words):
            yield from _rows(piece, header, words)
        else:
            yield from _parts(piece, words)


def _heads(header: str, piece: Piece, words: int) -> bool:
    """Whether this can be said again above the rows of a table, and leaves room for some."""
    return bool(header) and len(header) + 1 < len(piece.text) and weight(header) <= words // 2


def _rows(piece: Piece, header: str, words: int) -> Iterator[Piece]:
    """A long table between its rows, each part under the header; endless rows are cut too."""
    repeat = weight(header) <= HEADER_WORDS
    body = piece.part(min(len(header) + 1, len(piece.text) - 1), len(piece.text))
    room = max(words - weight(header), words // 2) if repeat else words
    first = True
    for part in _runs(body, _bounds(body.text, _LINE), room, words):
        if first:
            end = len(header) + 1 + len(part.text)
            yield piece.part(0, min(end, len(piece.text)))
            first = False
        else:
            yield part.behind(header) if repeat else part


def _parts(piece: Piece, words: int) -> Iterator[Piece]:
    breaks = _LINE if piece.text.count("\n") + 1 >= FEWEST_ROWS else _SENTENCE
    yield from _runs(piece, _bounds(piece.text, breaks), words, words)


def _bounds(text: str, breaks: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the lines or sentences of a text begin and end."""
    start = 0
    for found in breaks.finditer(text):
        space = found.start(1) if breaks.groups else found.start()
        if text[start:space].strip():
            yield start, space
            start = found.end()
    if text[start:].strip():
        yield start, len(text)


def _runs(
    piece: Piece, bounds: Iterator[tuple[int, int]], room: int, words: int
) -> Iterator[Piece]:
    """Lines or sentences put together up to ``room`` words."""
    start: int | None = None
    end = size = before = 0
    for first, last in _bounded(piece.text, bounds, words):
        length = weight(piece.text[first:last])
        if start is not None and size + length > room:
            yield _part(piece, before, start, end)
            start, size, before = None, 0, end
        if start is None:
            start = first
        end, size = last, size + length
    if start is not None:
        yield _part(piece, before, start, end)


def _part(piece: Piece, before: int, start: int, end: int) -> Piece:
    """The letters from ``start`` to ``end``, when those up to ``before`` are another part."""
    part = piece.part(start, end)
    return attrs.evolve(part, glue=piece.text[before:start] if before else piece.glue)


def _bounded(text: str, bounds: Iterator[tuple[int, int]], words: int) -> Iterator[tuple[int, int]]:
    """The same; what alone is longer than two chunks is cut between words, or inside them."""
    for start, end in bounds:
        line = text[start:end]
        if weight(line) <= 2 * words:
            yield start, end
        elif len(line) // LONG_WORD > len(line.split()):  # another script, or no language at all
            length = words * LONG_WORD
            yield from ((at, min(at + length, end)) for at in range(start, end, length))
        else:
            found = [(start + each.start(), start + each.end()) for each in _WORD.finditer(line)]
            for at in range(0, len(found), words):
                yield found[at][0], found[min(at + words, len(found)) - 1][1]
