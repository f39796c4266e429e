"""Plain text: form feeds are page breaks, headings are guessed from how a line stands.

Without fonts a heading is a short line between blank lines, in capitals or in title case, or one
that is underlined, or one that says "Chapter 3". A guess that is wrong costs a passage that is cut
a little earlier, so the rules are strict rather than clever.
"""

import re
from collections.abc import Iterator

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_ingest.formats import is_text
from ttrpg_ingest.plain import read

_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,})\s*\Z")
_CHAPTER = re.compile(
    r"(?:chapter|part|book|appendix|section)\s+(?:\d+|[ivxlc]+|[a-z])\b[^.]*\Z", re.IGNORECASE
)
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "the",
        "to",
        "vs",
        "with",
    ]
)
MOST_PAGES = 20_000
"""Pages of a text; where there are more form feeds, they are something else."""
SHORTEST, LONGEST, MOST_WORDS = 2, 60, 8
"""Characters and words of a heading."""


class PlainText:
    """Reads plain text."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it is text and no markup that other programs turn into pages."""
        return is_text(head)

    def describe(self, source: Source) -> Document:
        """No title, as text has none; pages when there are form feeds."""
        pages = _pages(read(source.path))
        return Document("", len(pages) if len(pages) > 1 else 0)

    def parse(self, source: Source) -> Iterator[Section]:
        """The sections; with pages, those from ``source.start`` on."""
        pages = _pages(read(source.path))
        if len(pages) == 1:
            yield from sections_of(pages[0])
            return
        for index in range(source.start, len(pages)):
            yield from sections_of(pages[index], page=index)


def _pages(text: str) -> list[str]:
    pages = text.split("\f") if text.count("\f") <= MOST_PAGES else [text.replace("\f", "\n")]
    if not pages[-1].strip():
        pages.pop()
    return pages


def sections_of(text: str, file: str = "", page: int | None = None) -> Iterator[Section]:
    """The sections of a text; without pages they know their lines."""
    lines = [line.rstrip() for line in text.split("\n")]
    heading, level, begins = "", 0, 0
    kept: list[str] = []
    said = False  # whether a line of them has text
    place = 0
    while place < len(lines):
        found = _heading(lines, place)
        if found:
            yield from _section(kept, heading, level, page, file, begins)
            kept, heading, level = [], lines[place].strip(), found[0]
            begins, said = place, False
            place += found[1]
        else:
            if not heading and not said:
                begins = place
            said = said or bool(lines[place])
            kept.append(lines[place])
            place += 1
    yield from _section(kept, heading, level, page, file, begins)


def _section(
    lines: list[str], heading: str, level: int, page: int | None, file: str, begins: int
) -> Iterator[Section]:
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    if text.strip() or heading:
        line = begins + 1 if page is None else None
        text = text if text.strip() else ""
        yield Section(text, " ".join(heading.split()), level, page, None, "", file, line)


def _heading(lines: list[str], place: int) -> tuple[int, int] | None:
    """The level of a heading at this line and the lines that it takes; None for text."""
    text = lines[place].strip()
    if not SHORTEST <= len(text) <= LONGEST or not any(map(str.isalpha, text)):
        return None
    if place + 1 >= len(lines) or (place and lines[place - 1].strip()):
        return None
    underline = _UNDERLINE.match(lines[place + 1])
    if underline:
        return (1 if underline[1][0] == "=" else 2), 2
    if lines[place + 1].strip() or text[-1] in ".,;:!":
        return None
    level = _level(text)
    return (level, 1) if level else None


def _level(text: str) -> int:
    """1 for a chapter or capitals, 2 for title case, 0 for anything else."""
    if _CHAPTER.match(text) or (text.isupper() and sum(map(str.isalpha, text)) > SHORTEST):
        return 1
    found = re.findall(r"[^\W\d_][\w'\u2019-]*", text)
    words = [word for word in found if word.lower() not in _SMALL]
    titled = text[0].isupper() and all(word[0].isupper() for word in words)
    return 2 if words and titled and len(text.split()) <= MOST_WORDS else 0
