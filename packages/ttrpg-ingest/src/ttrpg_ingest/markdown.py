"""Markdown, read line by line: headings, with what looks like one inside code left alone.

A line scanner and no library: all that is wanted of Markdown is where headings, fences, tables and
comments begin, and the text is kept as it was written, so that a quotation stands in the file.
A library's tree would have to be turned back into that text.

Understood: ``#`` and underlined headings, also inside block quotes; front matter with a title;
``<!-- page 12 -->``, which says that what follows stands on the printed page 12.
"""

import re
from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_ingest.folding import fold
from ttrpg_ingest.formats import is_text
from ttrpg_ingest.plain import read

_QUOTE = re.compile(r"\A(?: {0,3}>[ ]?)+")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)\Z")
_PAGE = re.compile(r"\s*<!--\s*page[\s:]+([\w.-]{1,16})\s*-->\s*\Z", re.IGNORECASE)
_COMMENT = re.compile(r"\s*<!--.*?-->\s*\Z")
_TITLE = re.compile(r"title\s*:\s*(.+)\Z", re.IGNORECASE)
_BLOCK = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|>|\||`{3}|~{3}|$)|\s{4}")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ATTRIBUTES = re.compile(r"\s*\{[#.][^}]*\}\s*\Z")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_MARKS = re.compile(r"(\*\*|__|[*_`])(?=\S)(.+?)(?<=\S)\1")


class Markdown:
    """Reads Markdown; its pages are those that page comments mark."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Any text may be Markdown: the suffix decides."""
        return is_text(head)

    def describe(self, source: Source) -> Document:
        """The title in the front matter, else the only first-level heading of the text."""
        lines = read(source.path).split("\n")
        title, _ = _front_matter(lines)
        marked = list(_scan(lines))
        tops = [section.heading for section in marked if section.level == 1]
        pages = max((section.page + 1 for section in marked if section.page is not None), default=0)
        return Document(title or (tops[0] if len(tops) == 1 else ""), pages)

    def parse(self, source: Source) -> Iterator[Section]:
        """The sections; with pages, those from ``source.start`` on."""
        whole = list(_scan(read(source.path).split("\n")))
        paged = any(section.page is not None for section in whole)
        for section in whole:
            if not paged or (section.page or 0) >= source.start:
                yield section


@attrs.define
class _Scanner:
    """One pass over the lines; what has been read since the last heading is in ``text``."""

    heading: str = ""
    level: int = 0
    page: int | None = None
    label: str | None = None
    text: list[str] = attrs.field(factory=list)
    fence: str = ""

    def scan(self, lines: Iterable[str]) -> Iterator[Section]:
        """The sections of the lines."""
        for line in lines:
            bare = _QUOTE.sub("", line)
            if self._in_code(bare):
                self.text.append(line)
                continue
            marker, found, title = _PAGE.match(line), _HEADING.match(bare), self._underlined(bare)
            if marker:
                yield from self._flush()
                self.heading, self.level = "", 0
                self.page = 0 if self.page is None else self.page + 1
                self.label = marker[1]
            elif found:
                yield from self._flush()
                self.heading, self.level = _plain(found[2] or ""), len(found[1])
            elif title:
                self.text.pop()
                yield from self._flush()
                self.heading, self.level = _plain(title), 1 if "=" in bare else 2
            elif not _COMMENT.match(line):
                self.text.append(line.rstrip())
        yield from self._flush()

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
        return above[-1]

    def _flush(self) -> Iterator[Section]:
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(self.text)).strip("\n")
        self.text = []
        if text.strip() or self.heading:
            level = self.level if self.heading else 0
            yield Section(text if text.strip() else "", self.heading, level, self.page, self.label)


def _scan(lines: list[str]) -> Iterator[Section]:
    _, first = _front_matter(lines)
    return _Scanner().scan(lines[first:])


def _front_matter(lines: list[str]) -> tuple[str, int]:
    """The title that front matter gives, and the line after it."""
    if not lines or lines[0].strip() != "---":
        return "", 0
    title = ""
    for number, line in enumerate(lines[1:200], 1):
        if line.strip() in {"---", "..."}:
            return title, number + 1
        found = _TITLE.match(line)
        if found:
            title = fold(found[1]).strip("\"'")
    return "", 0


def _plain(heading: str) -> str:
    """A heading without emphasis, links, tags and attributes."""
    text = _ATTRIBUTES.sub("", _TAG.sub("", _LINK.sub(r"\1", heading)))
    for _ in range(2):
        text = _MARKS.sub(r"\2", text)
    return fold(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
