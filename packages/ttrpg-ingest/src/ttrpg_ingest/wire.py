"""What the parsing child and its parent say to each other: one JSON list a line.

``["document", {...}]``, then ``["section", [...]]`` or ``["notice", text, page]`` for each, then
``["end"]``; or ``["error", message, hint, page]``. Sections are lists because they are many. A
child that starts at :data:`LOOK` says ``["sniff", bool]`` alone.
"""

import json
import re
from typing import Any, get_args

import attrs

from ttrpg_core.documents import Block, Document, Notice, Section

LOOK = -1
"""The start that asks no more than whether the parser reads the file."""
MOST = 10_000_000
"""Above every page, line and level that a book can have."""
BLOCKS = frozenset(get_args(Block))
_HALVES = re.compile("[\ud800-\udfff]")


def document_line(document: Document) -> str:
    """The line that carries a document."""
    return _line("document", attrs.asdict(document))


def section_line(section: Section) -> str:
    """The line that carries a section."""
    s = section
    return _line("section", (s.text, s.heading, s.level, s.page, s.label, s.kind, s.file, s.line))


def notice_line(notice: Notice) -> str:
    """The line that carries a notice."""
    return _line("notice", notice.text, notice.page)


def sniff_line(mine: object) -> str:
    """The line that says whether the parser reads the file."""
    return _line("sniff", bool(mine))


def end_line() -> str:
    """The last line of a reading that came to its end."""
    return _line("end")


def error_line(message: str, hint: str, page: int | None) -> str:
    """The last line of a reading that could not go on."""
    return _line("error", message, hint, page)


def read_document(value: Any) -> Document:
    """The document in a line; TypeError, KeyError, ValueError or OverflowError when it is none."""
    return Document(
        _text(value["title"]),
        _number(max(0, int(value["pages"]))),
        tuple(_text(author) for author in value["authors"]),
        _text(value["language"]),
        _text(value["publisher"]),
        _text(value["edition"]),
    )


def read_section(value: Any) -> Section:
    """The section in a line; TypeError or ValueError when it is none."""
    text, heading, level, page, label, kind, file, line = value
    if kind not in BLOCKS:
        msg = f"{kind!r:.40} is no kind of section"
        raise ValueError(msg)
    return Section(
        _text(text),
        _text(heading),
        _number(level),
        None if page is None else _number(page),
        None if label is None else _text(label),
        kind,
        _text(file),
        None if line is None else _number(line),
    )


def read_notice(text: object, page: object) -> Notice:
    """The notice in a line; TypeError or ValueError when it is none."""
    return Notice(_text(text), None if page is None else _number(page))


def _number(value: object) -> int:
    """A level, a line or a page index; no book has ten million."""
    if not isinstance(value, int) or not 0 <= value < MOST:
        msg = f"{value!r:.40} is no page or level"
        raise ValueError(msg)
    return value


def _line(*parts: object) -> str:
    return json.dumps(parts, ensure_ascii=False) + "\n"


def _text(value: object) -> str:
    """A text as the database can keep it: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        msg = f"{value!r:.40} is not a text"
        raise TypeError(msg)
    if "\0" in value:
        value = value.replace("\0", "")
    if not value.isascii() and _HALVES.search(value):
        value = value.encode("utf-8", "replace").decode("utf-8")
    return value
