"""Documents on their way in: a source, its sections as read, the chunks cut from them.

A parser knows one format and nothing of the library: it says what a document is, then yields its
sections in reading order. It runs in a child process with limits on time and memory, so it may be
simple, but it must be bounded by the input: no network, no writing, no endless output.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import attrs

from ttrpg_core.values import frozen

HEAD_BYTES = 4096
"""How much of a file ``sniff`` is given."""


Block: TypeAlias = Literal["", "table", "read_aloud", "sidebar", "note", "code"]
"""What a run of text is in the layout of its page; "" is running text.

A table's text is a Markdown pipe table, its header first; the other kinds are plain paragraphs.
"""
Kind: TypeAlias = Literal[
    "text",
    "stat_block",
    "spell",
    "item",
    "class_feature",
    "table",
    "random_table",
    "read_aloud",
    "sidebar",
    "example",
    "fiction",
    "contents",
]
"""What a chunk is in the game; "contents" is a table of contents or an index."""
Fact: TypeAlias = str | float | tuple[str, ...]
"""A fact parsed from a chunk: ``level`` 3, ``school`` "evocation", ``dice`` ("8d6",)."""


@frozen
class Source:
    """A file to read; a folder, for a parser whose record says ``folders``.

    ``start`` is the page index to begin at, when an interrupted reading goes on. A parser without
    pages reads from the beginning whatever ``start`` says.
    """

    path: Path
    start: int = 0


@frozen
class Document:
    """What a document says of itself; ``pages`` is 0 where the format has none."""

    title: str
    pages: int = 0
    authors: tuple[str, ...] = ()
    language: str = ""
    publisher: str = ""
    edition: str = ""


@frozen
class Notice:
    """Something that went less than well: a page without text, a picture instead of a table.

    A parser yields it among the sections; it ends up in the book's quality report.
    """

    text: str
    page: int | None = None


@frozen
class Section:
    """A run of text under one heading, on one page.

    ``level`` is the depth of ``heading``, 1 for a chapter; 0 when the text goes on under the last
    heading. ``page`` is the index of the page from 0, None where there are none. ``label`` is the
    number printed on that page, None when the format does not say: it may then be learnt from the
    text of all pages. ``text`` has paragraphs separated by blank lines. ``kind`` says what the
    layout says; a table or box in the middle of a text is a section of its own, with level 0.
    ``file`` is the path inside a folder that was read, with "/"; ``line`` the line, from 1, that
    the section begins on, where the format has lines.
    """

    text: str
    heading: str = ""
    level: int = 0
    page: int | None = None
    label: str | None = None
    kind: Block = ""
    file: str = ""
    line: int | None = None


@frozen
class Chunk:
    """A passage that can be found and shown: with its book's hash, its headings and its pages.

    ``label`` is the printed page, or pages as "12-13"; empty where the book has none. ``start`` and
    ``end`` are the span of characters in the book's text (:meth:`.Library.text`), ``digest`` the
    SHA-256 of ``text``. ``fields`` are facts parsed from it, for filters. ``gm_only`` says that
    players must not see it. ``file`` and ``line`` are as in :class:`Section`.
    """

    id: int
    sha256: str
    ordinal: int
    heading: str
    path: tuple[str, ...]
    first_page: int | None
    last_page: int | None
    label: str
    text: str
    kind: Kind = "text"
    fields: Mapping[str, Fact] = attrs.field(factory=dict, hash=False)
    gm_only: bool = False
    file: str = ""
    line: int | None = None
    start: int = 0
    end: int = 0
    digest: str = ""


@runtime_checkable
class Parser(Protocol):
    """Reads one format. The suite is ``ttrpg_core.testing.ParserTests``."""

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with these bytes is of this format; never raises."""
        ...

    def describe(self, source: Source) -> Document:
        """Title and number of pages. ParseError when the file cannot be read."""
        ...

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections in reading order. ParseError with the page when it cannot go on."""
        ...


def headed(sections: Iterable[Section]) -> Iterator[tuple[Section, tuple[str, ...]]]:
    """Each section with its path of headings, from the chapter down to its own."""
    stack: list[tuple[int, str]] = []
    for section in sections:
        if section.level and section.heading:
            while stack and stack[-1][0] >= section.level:
                stack.pop()
            stack.append((section.level, section.heading))
        yield section, tuple(heading for _, heading in stack)
