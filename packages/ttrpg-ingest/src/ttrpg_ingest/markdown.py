"""Markdown, read line by line: headings, with what looks like one inside code left alone.

A line scanner and no library: all that is wanted of Markdown is where headings, fences, tables,
boxes and comments begin, and the text is kept as it was written, so that a quotation stands in the
file. A library's tree would have to be turned back into that text.

Understood: ``#`` and underlined headings, also inside block quotes; front matter; pipe tables;
callouts (``> [!info]``); the links and comments of Obsidian; ``<!-- page 12 -->``, which says that
what follows stands on the printed page 12, and ``<!-- part -->``, where a run of text ends. Each
section knows the line that it begins on.
"""

import re
from collections.abc import Generator, Iterator, Sequence

import attrs

from ttrpg_core.context import Context
from ttrpg_core.documents import Block, Document, Section, Source
from ttrpg_ingest.formats import is_text
from ttrpg_ingest.marks.boxes import box_end, table_end
from ttrpg_ingest.marks.front import front
from ttrpg_ingest.marks.inline import Comments, plain, shown
from ttrpg_ingest.plain import read

_QUOTE = re.compile(r"\A(?: {0,3}>[ ]?)+")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)\Z")
_PAGE = re.compile(r"\s*<!--\s*page[\s:]+([\w.-]{1,16})\s*-->\s*\Z", re.IGNORECASE)
_PART = re.compile(r"\s*<!--\s*part\s*-->\s*\Z")
_BLOCK = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|>|\||`{3}|~{3}|$)|\s{4}")


LONGEST = 1000
"""Characters of a heading with its marks; a longer line is text that begins with a sign."""


class Markdown:
    """Reads Markdown; its pages are those that page comments mark."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Any text may be Markdown: the suffix decides."""
        return is_text(head)

    def describe(self, source: Source) -> Document:
        """What the front matter says; its title, else the only first-level heading of the text."""
        lines = read(source.path).split("\n")
        marked = list(scan(lines))
        tops = [section.heading for section in marked if section.level == 1]
        pages = max((section.page + 1 for section in marked if section.page is not None), default=0)
        return front(lines).document(tops[0] if len(tops) == 1 else "", pages)

    def parse(self, source: Source) -> Iterator[Section]:
        """The sections; with pages, those from ``source.start`` on."""
        whole = list(scan(read(source.path).split("\n")))
        paged = any(section.page is not None for section in whole)
        for section in whole:
            if not paged or (section.page or 0) >= source.start:
                yield section


def scan(lines: list[str], file: str = "") -> Iterator[Section]:
    """The sections of the lines of a file; of its front matter, its other names are told."""
    said = front(lines)
    found = _Scanner(lines, Comments.of(lines), file).scan(said.first)
    first = next(found, None)
    if first is None:
        return
    if said.aliases and not first.kind:
        text = f"{said.aliases}\n\n{first.text}".rstrip()
        first = attrs.evolve(first, text=text)
    yield first
    yield from found


@attrs.define
class _Scanner:
    """One pass over the lines; what has been read since the last heading is in ``text``."""

    lines: Sequence[str]
    comments: Comments
    file: str = ""
    heading: str = ""
    level: int = 0
    begins: int | None = None  # the line, from 1, of the heading or of the first text
    page: int | None = None
    label: str | None = None
    text: list[str] = attrs.field(factory=list)
    fence: str = ""

    def scan(self, first: int) -> Iterator[Section]:
        """The sections from a line on."""
        place = first
        while place < len(self.lines):
            after = yield from self._block(place)
            if after == place:
                yield from self._line(self.lines[place], place)
                after += 1
            place = after
        yield from self._flush()

    def _block(self, place: int) -> Generator[Section, None, int]:
        """A table or box that begins here; answers the line after it, or this one for neither."""
        if self.fence or self.comments.open:
            return place
        end = table_end(self.lines, place)
        if end > place:
            text = "\n".join(shown(line).strip() for line in self.lines[place:end])
            yield from self._flush()
            yield self._section(text, "table", place + 1)
            return end
        end, kind, text = box_end(self.lines, place)
        if end > place and text.strip():
            yield from self._flush()
            kept = "\n".join(map(shown, text.split("\n")))
            yield self._section(kept, kind, place + 1)
        return end

    def _line(self, line: str, place: int) -> Iterator[Section]:
        bare = _QUOTE.sub("", line)
        if not self.comments.open and self._in_code(bare):
            self._keep(line, place)
            return
        marker = _PAGE.match(line)
        if marker and not self.comments.open:
            yield from self._flush()
            self.page = 0 if self.page is None else self.page + 1
            self.label = marker[1]
            return
        if not self.comments.open and _PART.match(line):
            yield from self._flush()
            return
        visible = self.comments.without(line, place)
        if visible is None:
            return
        bare = _QUOTE.sub("", visible)
        found = _HEADING.match(bare) if len(bare) <= LONGEST else None
        title = self._underlined(bare)
        if found:
            yield from self._flush()
            self._begin(plain(found[2] or ""), len(found[1]), place)
        elif title:
            self.text.pop()
            yield from self._flush()
            self._begin(plain(title), 1 if "=" in bare else 2, place - 1)
        else:
            self._keep(shown(visible).rstrip(), place)

    def _begin(self, heading: str, level: int, place: int) -> None:
        self.heading, self.level, self.begins = heading, level, place + 1

    def _keep(self, line: str, place: int) -> None:
        if self.begins is None and line.strip():
            self.begins = place + 1
        self.text.append(line)

    def _in_code(self, bare: str) -> bool:
        """Whether this line belongs to fenced code, its fences among it."""
        mark = _FENCE.match(bare)
        if self.fence:
            if mark and mark[1].startswith(self.fence) and not mark[2].strip():
                self.fence = ""
            return True
        if mark and not (mark[1][0] == "`" and "`" in mark[2]):
            self.fence = mark[1]
        return bool(self.fence)

    def _underlined(self, bare: str) -> str:
        """The heading that this line underlines: a line that stands alone, as rules are common."""
        if not self.text or not _UNDERLINE.match(bare):
            return ""
        above = [_QUOTE.sub("", line).strip() for line in self.text[-2:]]
        if _BLOCK.match(_QUOTE.sub("", self.text[-1])) or (len(above) > 1 and above[0]):
            return ""
        if len(above[-1]) > LONGEST:
            return ""
        return above[-1]

    def _flush(self) -> Iterator[Section]:
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(self.text)).strip("\n")
        self.text = []
        if text.strip() or self.heading:
            yield self._section(text if text.strip() else "", "", self.begins)
        self.heading, self.level, self.begins = "", 0, None

    def _section(self, text: str, kind: Block, line: int | None) -> Section:
        return Section(
            text,
            self.heading,
            self.level if self.heading else 0,
            self.page,
            self.label,
            kind,
            self.file,
            line,
        )
