"""A parser of plain text: what a parser is at its smallest."""

import codecs
from collections.abc import Iterator

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_core.errors import ParseError

MAX_BYTES = 10_000_000
"""Largest file that is read; a longer one is no rule book."""
MAX_HEADING = 80
"""Longest line that can be a heading, in characters."""
_CONTROLS = frozenset(range(0x20)) - set(b"\t\n\f\r")


class PlainText:
    """UTF-8 text; a form feed ends a page, a paragraph of one line in capitals is a heading."""

    def __init__(self, context: Context | None = None) -> None:
        """Needs nothing of the context; takes it as every target does."""

    def sniff(self, head: bytes) -> bool:
        """Text: some bytes, all UTF-8 but perhaps the last character, no control characters."""
        if not head or _CONTROLS & set(head):
            return False
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return False
        return True

    def describe(self, source: Source) -> Document:
        """Title (the first line) and number of pages."""
        pages = _pages(source)
        lines = (line.strip() for page in pages for line in page.splitlines())
        title = next(filter(None, lines), source.path.stem)
        return Document(title[:MAX_HEADING], pages=len(pages) if len(pages) > 1 else 0)

    def parse(self, source: Source) -> Iterator[Section]:
        """The sections in reading order, from the page ``source.start``."""
        pages = _pages(source)
        paged = len(pages) > 1
        first = source.start if paged else 0
        for number, page in enumerate(pages[first:], first):
            yield from _sections(page, number if paged else None)


def _sections(page: str, number: int | None) -> Iterator[Section]:
    heading, level, kept = "", 0, list[str]()
    for paragraph in filter(None, (part.strip() for part in page.split("\n\n"))):
        if paragraph.isupper() and "\n" not in paragraph and len(paragraph) <= MAX_HEADING:
            if kept or heading:
                yield Section("\n\n".join(kept), heading, level, number)
            heading, level, kept = paragraph, 1, []
        else:
            kept.append(paragraph)
    if kept or heading:
        yield Section("\n\n".join(kept), heading, level, number)


def _pages(source: Source) -> list[str]:
    name = source.path.name
    try:
        with source.path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ParseError(f"cannot read {name}: {error.strerror}", source=name) from error
    if len(data) > MAX_BYTES:
        raise ParseError(f"{name} is larger than {MAX_BYTES:,} bytes", source=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        page = data.count(b"\f", 0, error.start)
        raise ParseError(
            f"{name} is not UTF-8 text", "Save it as UTF-8", source=name, page=page
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return ["".join(filter(_kept, page)) for page in text.split("\f")]


def _kept(char: str) -> bool:
    return char in "\n\t" or char.isprintable()
