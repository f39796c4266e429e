"""What the parsing child and its parent say to each other: one JSON list a line.

``["document", {...}]``, then ``["section", [...]]`` for each, then ``["end"]``; or ``["error",
message, hint, page]``. Sections are lists because there are many of them.
"""

import json
from typing import Any

import attrs

from ttrpg_core.documents import Document, Section

MOST = 1_000_000
"""Above every page and level that a book can have."""


def document_line(document: Document) -> str:
    """The line that carries a document."""
    return _line("document", attrs.asdict(document))


def section_line(section: Section) -> str:
    """The line that carries a section."""
    return _line(
        "section", [section.text, section.heading, section.level, section.page, section.label]
    )


def end_line() -> str:
    """The last line of a reading that came to its end."""
    return _line("end")


def error_line(message: str, hint: str, page: int | None) -> str:
    """The last line of a reading that could not go on."""
    return _line("error", message, hint, page)


def read_document(value: Any) -> Document:
    """The document in a line; TypeError, KeyError or ValueError when it is none."""
    return Document(
        _text(value["title"]),
        max(0, int(value["pages"])),
        tuple(_text(author) for author in value["authors"]),
        _text(value["language"]),
    )


def read_section(value: Any) -> Section:
    """The section in a line; TypeError or ValueError when it is none."""
    text, heading, level, page, label = value
    return Section(
        _text(text),
        _text(heading),
        _number(level),
        None if page is None else _number(page),
        None if label is None else _text(label),
    )


def _number(value: object) -> int:
    """A level or a page index; no book has a million pages."""
    if not isinstance(value, int) or not 0 <= value < MOST:
        msg = f"{value!r:.40} is no page or level"
        raise ValueError(msg)
    return value


def _line(*parts: object) -> str:
    return json.dumps(parts) + "\n"


def _text(value: object) -> str:
    """A text as the database can keep it: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        msg = f"{value!r:.40} is not a text"
        raise TypeError(msg)
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
