"""Sections into chunks: passages of one heading, of a size to read at a glance and to rank well.

A chunk never crosses a heading, so what is found is about one thing; it is cut between paragraphs,
then between sentences; what a page break tore apart is joined again. A short section with a heading
of its own stays by itself: "Grappled" in three lines is exactly what is looked for.
"""

import re
from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.documents import Chunk, Section, headed
from ttrpg_ingest.folding import ended, join, paragraphs

LONGEST_HEADING = 200
"""Characters of a heading that are kept."""
FEWEST_ROWS = 4
"""Lines that make a table or list, which is cut between them rather than at sentences."""
LONG_WORD = 16
"""Letters that weigh as much as a word; no language with spaces has words so long on average."""
_SENTENCE = re.compile(
    r"(?<=[.!?])[\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(]?[A-Z0-9\u00c0-\u00de\u2022])"
)


@attrs.define
class _Piece:
    """A paragraph with the pages it stands on."""

    text: str
    first: tuple[int | None, str | None]
    last: tuple[int | None, str | None]

    @property
    def words(self) -> int:
        return weight(self.text)


@attrs.define
class _Group:
    """What stands under one heading, over as many pages as it takes."""

    path: tuple[str, ...]
    place: tuple[int | None, str | None]
    level: int = 0
    pieces: list[_Piece] = attrs.field(factory=list)


def cut(sha256: str, sections: Iterable[Section], words: int) -> list[Chunk]:
    """The chunks of a book, of about so many words each, in reading order; their ids are 0."""
    groups = list(_groups(sections))
    chunks: list[Chunk] = []
    for number, group in enumerate(groups):
        following = groups[number + 1] if number + 1 < len(groups) else None
        if not group.pieces:
            if not group.path or (following is not None and following.level > group.level):
                continue  # its headings stand in the path of what follows
            group.pieces.append(_Piece(group.path[-1], group.place, group.place))
        for pieces in _sized(group.pieces, words):
            chunks.append(_chunk(sha256, len(chunks), group.path, pieces))
    return chunks


def _groups(sections: Iterable[Section]) -> Iterator[_Group]:
    here: _Group | None = None
    for section, headings in headed(sections):
        place = (section.page, section.label)
        if here is None or (section.level and section.heading):
            if here is not None:
                yield here
            path = tuple(each[:LONGEST_HEADING].replace(" > ", " / ") for each in headings)
            here = _Group(path, place, section.level)
        for number, text in enumerate(paragraphs(section.text)):
            last = here.pieces[-1] if here.pieces else None
            if (
                number == 0
                and last is not None
                and last.last[0] != section.page
                and _goes_on(last.text, text)
            ):
                last.text, last.last = join(last.text, text), place
            else:
                here.pieces.append(_Piece(text, place, place))
    if here is not None:
        yield here


def _goes_on(before: str, text: str) -> bool:
    """Whether a page break stands in the middle of a sentence."""
    return not ended(before) and text[:1].islower()


def _sized(pieces: list[_Piece], words: int) -> list[list[_Piece]]:
    """Pieces in runs of about ``words``; a small rest joins the run before it."""
    runs: list[list[_Piece]] = []
    here: list[_Piece] = []
    size = 0
    for piece in _split(pieces, words):
        if here and size >= 0.5 * words and size + piece.words > 1.2 * words:
            runs.append(here)
            here, size = [], 0
        here.append(piece)
        size += piece.words
    if runs and size < 0.25 * words:
        runs[-1] += here
    elif here:
        runs.append(here)
    return runs


def _split(pieces: list[_Piece], words: int) -> Iterator[_Piece]:
    """The pieces; one that is too long is cut at sentences, lines, or as a last way words."""
    for piece in pieces:
        if piece.words <= 1.5 * words:
            yield piece
            continue
        lines = piece.text.split("\n")
        glue = "\n"
        if len(lines) < FEWEST_ROWS:
            lines, glue = _SENTENCE.split(piece.text), " "
        kept: list[str] = []
        for line in _bounded(lines, words):
            size = sum(weight(each) for each in kept)
            if kept and size + weight(line) > words:
                yield _Piece(glue.join(kept), piece.first, piece.last)
                kept = []
            kept.append(line)
        if kept:
            yield _Piece(glue.join(kept), piece.first, piece.last)


def _bounded(lines: Iterable[str], words: int) -> Iterator[str]:
    """The lines; one that alone is longer than two chunks is cut between words, or inside them."""
    for line in lines:
        split = line.split()
        if weight(line) <= 2 * words:
            yield line
        elif weight(line) > len(split):  # hardly a space: another script, or no language at all
            length = words * LONG_WORD
            yield from (line[at : at + length] for at in range(0, len(line), length))
        else:
            yield from (" ".join(split[at : at + words]) for at in range(0, len(split), words))


def weight(text: str) -> int:
    """How long a text is, in words; where there are no spaces, so many letters count as one."""
    return max(len(text.split()), len(text) // LONG_WORD)


def _chunk(sha256: str, ordinal: int, path: tuple[str, ...], pieces: list[_Piece]) -> Chunk:
    first, last = pieces[0].first, pieces[-1].last
    return Chunk(
        id=0,
        sha256=sha256,
        ordinal=ordinal,
        heading=path[-1] if path else "",
        path=path,
        first_page=first[0],
        last_page=last[0],
        label=_label(first[1] or "", last[1] or ""),
        text="\n\n".join(piece.text for piece in pieces),
    )


def _label(first: str, last: str) -> str:
    return f"{first}-{last}" if first and last and first != last else first or last
