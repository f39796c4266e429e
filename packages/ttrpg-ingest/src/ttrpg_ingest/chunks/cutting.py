"""Sections into chunks: passages of one thing, of a size to read at a glance and to rank well.

A chunk never crosses a heading, except those inside a stat block, a spell, an item or a feature:
such an entry is one chunk. A short section with a heading of its own stays by itself: "Grappled" in
three lines is exactly what is looked for.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from ttrpg_core.documents import Chunk, Fact, Section
from ttrpg_ingest.chunks.entries import ATOMIC, Entry, entries
from ttrpg_ingest.chunks.mentions import mentions
from ttrpg_ingest.chunks.pieces import LONGEST_HEADING, Piece, groups
from ttrpg_ingest.chunks.sizing import sized, whole

ROLLED = 2
"""Contents have chunks of so many times the target, and tables that are rolled on stay whole."""
_LETTERS = re.compile(r"\w", re.UNICODE)


def cut(sha256: str, sections: Iterable[Section], words: int) -> list[Chunk]:
    """The chunks of a book, of about so many words each, in reading order; their ids are 0.

    The sections are those that the library keeps, as a chunk's ``start`` and ``end`` count in their
    text. ``fields`` has, beside facts: ``lines``, when several headings stand inside, the lines of
    all of them; ``part`` "2/3" of an entry or table too long for one chunk; ``repeated``, how many
    characters at the beginning are a header from elsewhere.
    """
    chunks: list[Chunk] = []
    for entry in entries(list(groups(sections)), words):
        runs = _runs(entry, words)
        for number, run in enumerate(runs, 1):
            part = f"{number}/{len(runs)}" if len(runs) > 1 and entry.kind != "text" else ""
            chunks.append(_chunk(sha256, len(chunks), entry, run, part))
    return chunks


def _runs(entry: Entry, words: int) -> list[list[Piece]]:
    """The pieces of each chunk of an entry."""
    if entry.kind in ATOMIC:
        return whole(entry.pieces, words)
    size = sum(piece.words for piece in entry.pieces)
    if entry.kind == "random_table" and size <= ROLLED * words:
        return [entry.pieces]
    return sized(entry.pieces, ROLLED * words if entry.kind == "contents" else words)


def _chunk(sha256: str, ordinal: int, entry: Entry, pieces: Sequence[Piece], part: str) -> Chunk:
    group = entry.group
    first, last = pieces[0].first, pieces[-1].last
    text = _text(pieces)
    path = group.path
    if entry.name and entry.name != group.heading:
        path = (*path, entry.name[:LONGEST_HEADING].replace(" > ", " / "))
    return Chunk(
        id=0,
        sha256=sha256,
        ordinal=ordinal,
        heading=path[-1] if path else "",
        path=path,
        first_page=first.page,
        last_page=last.page,
        label=_label(first.label or "", last.label or ""),
        text=text,
        kind=entry.kind,
        fields=_fields(entry, text, pieces[0].repeated, part),
        gm_only=entry.gm_only,
        file=group.file,
        line=group.line,
        start=pieces[0].start,
        end=pieces[-1].end,
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _text(pieces: Sequence[Piece]) -> str:
    """The pieces as one text; parts of one paragraph or table are one again."""
    text = pieces[0].text
    for piece in pieces[1:]:
        text += piece.glue + piece.text[piece.repeated :]
    return text


def _fields(entry: Entry, text: str, repeated: int, part: str) -> dict[str, Fact]:
    said = mentions(text)
    fields: dict[str, Fact] = {**said, **entry.fields}
    die = fields.pop("die", None)
    if isinstance(die, str):
        others = said.get("dice", ())
        rest = others if isinstance(others, tuple) else ()
        fields["dice"] = tuple(dict.fromkeys((die, *rest)))
    if len(entry.lines) > 1:
        fields["lines"] = tuple(str(line) for line in entry.lines)
    if part:
        fields["part"] = part
    if repeated:
        fields["repeated"] = repeated
    return fields


def _label(first: str, last: str) -> str:
    return f"{first}-{last}" if first and last and first != last else first or last


def in_place(chunk: Chunk, book: str) -> bool:
    """Whether a chunk's words stand in their order in its span of the book's text.

    Letters and digits are compared, as a page break may have cost a hyphen or a space.
    """
    said = chunk.fields.get("repeated", 0)
    text = chunk.text[int(said) if isinstance(said, int | float) else 0 :]
    within = iter(_LETTERS.findall(book[chunk.start : chunk.end]))
    if not all(letter in within for letter in _LETTERS.findall(text)):
        return False
    return chunk.digest == hashlib.sha256(chunk.text.encode("utf-8", "surrogatepass")).hexdigest()
