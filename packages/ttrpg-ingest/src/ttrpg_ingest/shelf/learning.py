"""What is made of a whole reading: clean sections, chunks, and facts about the book."""

import json
from collections.abc import Sequence

import attrs

from ttrpg_core.documents import Chunk, Document, Notice, Section
from ttrpg_ingest.chunks import cut
from ttrpg_ingest.edges import without_running_lines
from ttrpg_ingest.facts import detect, quality
from ttrpg_ingest.labels import labelled
from ttrpg_ingest.rows import in_rows
from ttrpg_ingest.shelf.likeness import sketch
from ttrpg_ingest.shelf.titles import one_line

SURE = 0.5
"""Confidence from which a fact that was detected is taken for true."""


@attrs.frozen
class Learnt:
    """A content as it will be kept: columns of the book, and details for its JSON."""

    sections: list[Section]
    chunks: list[Chunk]
    columns: dict[str, str]
    details: dict[str, object]


def clean(sections: Sequence[Section]) -> list[Section]:
    """The sections with printed pages as far as they can be learnt, without running lines.

    A text of which nothing would be left is no running line, however much its pages are alike.
    """
    known = in_rows(labelled(sections))
    kept = without_running_lines(known)
    return kept if any(section.text.strip() for section in kept) else known


def chunks_of(sha256: str, sections: Sequence[Section], words: int) -> list[Chunk]:
    """The chunks of clean sections."""
    return cut(sha256, sections, words)


def learn(
    sha256: str,
    document: Document,
    sections: Sequence[Section],
    notices: Sequence[Notice],
    name: str,
    words: int,
) -> Learnt:
    """Everything that is made of what was read of one content."""
    kept = clean(sections)
    chunks = chunks_of(sha256, kept, words)
    columns, details = facts_of(document, kept, notices, chunks, name)
    return Learnt(kept, chunks, columns, {**details, "fingerprint": sketch(kept)})


def facts_of(
    document: Document,
    sections: Sequence[Section],
    notices: Sequence[Notice],
    chunks: Sequence[Chunk],
    name: str,
) -> tuple[dict[str, str], dict[str, object]]:
    """The columns that a document and its text fill, and how sure that is."""
    guessed = {
        column: guess
        for column, guess in attrs.asdict(detect(document, sections, name), recurse=False).items()
        if guess.value
    }
    said = {"authors": "; ".join(filter(None, map(one_line, document.authors)))}
    said |= {
        column: one_line(guess.value)
        for column, guess in guessed.items()
        if guess.confidence >= SURE
    }
    facts = {
        column: {"value": guess.value, "confidence": guess.confidence}
        for column, guess in guessed.items()
    }
    report = quality(document, sections, notices, chunks)
    columns = {column: value for column, value in said.items() if value}
    return columns, {"facts": facts, "quality": report}


def dumped(details: dict[str, object]) -> str:
    """Details as the book's column keeps them."""
    return json.dumps(details, ensure_ascii=False)
