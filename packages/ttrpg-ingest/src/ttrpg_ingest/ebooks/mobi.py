"""MOBI, PRC, AZW and AZW3: what they hold, told on as an EPUB is.

We read the container ourselves: the formats are old, small and described, and a Game Master should
need no further package for a book that a shop sold. Books with a lock are refused by its name
before any text is touched.
"""

import html
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.anchors import anchor, anchored, part_of, split
from ttrpg_ingest.ebooks.archive import Unreadable
from ttrpg_ingest.ebooks.binding import Bound
from ttrpg_ingest.ebooks.blocks import Point, clean
from ttrpg_ingest.ebooks.indexes import index
from ttrpg_ingest.ebooks.kf8 import read_kf8
from ttrpg_ingest.ebooks.large import with_headings
from ttrpg_ingest.ebooks.package import Book
from ttrpg_ingest.ebooks.palm import Header, books, damaged
from ttrpg_ingest.ebooks.unpacking import Damaged
from ttrpg_ingest.formats import decode, is_mobi
from ttrpg_ingest.text import sections_of

MOST_PARTS = 20_000
FEWEST_LINKS = 2
"""Links that a table of contents has; guides lead to other places too."""
_OUTLINE = 244
_PAGE_BREAK = re.compile(rb"<mbp:pagebreak\b", re.IGNORECASE)
_GUIDE = re.compile(
    rb"<reference\b(?=[^>]*\btype=[\"']?toc\b)[^>]*\bfilepos=[\"']?(\d{1,10})", re.IGNORECASE
)
_LINK = re.compile(
    rb"<a\b[^>]*\bfilepos=[\"']?(\d{1,10})[^>]*>((?:(?!</a>).){1,600}?)</a>",
    re.IGNORECASE | re.DOTALL,
)
_TAGS = re.compile(r"<[^<>]*>")
_MARKUP = re.compile(rb"<(?:html|head|body|p|div|h\d|mbp:\w+|br)\b", re.IGNORECASE)
_REPLICA = b"%MOP"


class Mobi:
    """Reads MOBI 6, KF8 and files with both, without a lock."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it begins as a Palm database with a book in it."""
        return is_mobi(head)

    def describe(self, source: Source) -> Document:
        """What its header says."""
        return books(source.path)[-1].document()

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections; of two versions of the book, those of the newer."""
        found = books(source.path)
        try:
            yield from _told(found[-1], source.path)
        except (Damaged, struct.error) as error:
            if len(found) == 1:
                raise damaged(source.path.name, error) from error
            yield Notice(f"the newer of two versions is damaged ({error}); the older was read")
            try:
                yield from _told(found[0], source.path)
            except (Damaged, struct.error) as again:
                raise damaged(source.path.name, again) from again


def _told(header: Header, path: Path) -> Iterator[Section | Notice]:
    """The sections of one version. Damaged comes before the first section, or not at all."""
    if header.kf8:
        book, files = read_kf8(header)
    else:
        text = header.text()
        if text.startswith(_REPLICA):
            raise ParseError(
                f"{path.name} is a print replica: a PDF inside a Kindle book",
                "Ask for the PDF; it has the printed pages too",
                source=path.name,
            )
        if not _MARKUP.search(text[:20_000]):
            yield from _plain(text, path)
            return
        book, files = read_mobi6(header, text)

    def read(name: str) -> bytes:
        if name not in files:
            raise Unreadable(name)
        return files[name]

    yield from Bound(book, read, path.name).sections()


def _plain(text: bytes, path: Path) -> Iterator[Section]:
    """The oldest books: text without any markup."""
    try:
        whole = decode(text.replace(b"\0", b""))
    except ValueError as error:
        raise damaged(path.name, error) from error
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    empty = True
    for section in sections_of(lines, page=None):
        empty = False
        yield section
    if empty:
        raise ParseError(f"{path.name} has no text in it", source=path.name)


def read_mobi6(header: Header, text: bytes) -> tuple[Book, dict[str, bytes]]:
    """The book and its parts by name: it is one page, cut where pages begin in print."""
    starts = split(text, _PAGE_BREAK, MOST_PARTS)
    ends = [*starts[1:], len(text)]
    book = Book(header.document(), encoding=header.encoding)
    contents = _contents(text, starts, ends)
    try:
        places = _outline(header)
    except Damaged as error:
        book.notices.append(f"the outline cannot be read: {error}")
        places = []
    if not places and contents >= 0:
        places = _links(text[starts[contents] : ends[contents]], header.encoding)
    places = [
        each for each in places if each[0] < len(text) and part_of(starts, each[0]) != contents
    ]
    wanted: dict[int, list[int]] = {}
    for position, _, _ in places:
        wanted.setdefault(part_of(starts, position), []).append(position)
    files = {
        _name(number): anchored(text[start:end], start, wanted.get(number, ()))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    }
    files = with_headings(files, [title for _, _, title in places], header.encoding)
    book.files = list(files)
    book.points = [
        Point(label, level, _name(part_of(starts, position)), anchor(position))
        for position, level, label in places
    ]
    if contents >= 0:
        book.contents.add(_name(contents))
    return book, files


def _contents(text: bytes, starts: list[int], ends: list[int]) -> int:
    """The part that is a table of contents by the guide and by its links; -1 for none."""
    guide = _GUIDE.search(text[:20_000])
    if not guide or int(guide[1]) >= len(text):
        return -1
    part = part_of(starts, int(guide[1]))
    links = _LINK.findall(text[starts[part] : ends[part]])
    return part if len(links) >= FEWEST_LINKS else -1


def _outline(header: Header) -> list[tuple[int, int, str]]:
    """Position, level and title of each entry of the outline, in the order of the text."""
    if header.length < _OUTLINE - 12:
        return []
    outline = index(header, header.long(_OUTLINE))
    found = []
    for entry in outline.entries:
        title = clean(outline.name(entry.value(3)))[:300]
        if title and 1 in entry.tags:
            found.append((entry.value(1), entry.value(4) + 1, title))
    return sorted(found, key=lambda each: each[:2])


def _links(page: bytes, encoding: str) -> list[tuple[int, int, str]]:
    """The same from the links of a table of contents, for books without an outline."""
    found = []
    for position, said in _LINK.findall(page):
        title = clean(html.unescape(_TAGS.sub("", said.decode(encoding, "replace"))))[:300]
        if title:
            found.append((int(position), 1, title))
    return sorted(found, key=lambda each: each[0])


def _name(number: int) -> str:
    return f"part {number + 1}"
