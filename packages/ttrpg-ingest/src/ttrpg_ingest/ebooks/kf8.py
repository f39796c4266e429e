"""KF8, the newer text of a MOBI book (AZW3): the pages of an EPUB, taken apart and put together.

The text is one run of bytes. Each page has a skeleton in it, followed by fragments; an index of
skeletons says how long each is and how many fragments follow, an index of fragments where in the
page each belongs.
"""

import struct

import attrs

from ttrpg_ingest.ebooks.anchors import anchor, anchored, part_of
from ttrpg_ingest.ebooks.blocks import Point, clean
from ttrpg_ingest.ebooks.indexes import Index, index
from ttrpg_ingest.ebooks.package import Book
from ttrpg_ingest.ebooks.palm import NOTHING, Header
from ttrpg_ingest.ebooks.unpacking import Damaged

MOST_PAGES = 20_000
_FLOWS, _OUTLINE, _FRAGMENTS, _SKELETONS, _GUIDE = 192, 244, 248, 252, 260
_LABEL, _DEPTH, _PLACE = 3, 4, 6


@attrs.define
class _Pages:
    """The pages as bytes, where each begins in the text, and where fragments belong."""

    pages: list[bytes] = attrs.field(factory=list)
    starts: list[int] = attrs.field(factory=list)
    inserts: list[int] = attrs.field(factory=list)

    def position(self, fragment: int, offset: int) -> int | None:
        """The place in the text that is so far into a fragment."""
        if not 0 <= fragment < len(self.inserts):
            return None
        return self.inserts[fragment] + offset


def read_kf8(header: Header) -> tuple[Book, dict[str, bytes]]:
    """The book and its pages by name. Damaged when they cannot be put together."""
    pages = _pages(header, _main_flow(header))
    outline = index(header, header.long(_OUTLINE))
    places = _outline(outline, pages)
    wanted: dict[int, list[int]] = {}
    for position, _, _ in places:
        wanted.setdefault(part_of(pages.starts, position), []).append(position)
    files = {
        _name(number): anchored(page, pages.starts[number], wanted.get(number, ()))
        for number, page in enumerate(pages.pages)
    }
    book = Book(header.document(), list(files), encoding=header.encoding)
    book.points = [
        Point(label, level, _name(part_of(pages.starts, position)), anchor(position))
        for position, level, label in places
    ]
    book.contents = _contents(header, pages)
    return book, files


def _main_flow(header: Header) -> bytes:
    """The text without the styles and pictures that follow it."""
    text = header.text()
    number = header.long(_FLOWS)
    if number == NOTHING:
        return text
    try:
        flows = header.record(number)
        if flows[:4] == b"FDST":
            start, end = struct.unpack_from(">LL", flows, 12)
            return text[start:end]
    except (struct.error, Damaged):
        return text
    return text


def _pages(header: Header, text: bytes) -> _Pages:
    skeletons = index(header, header.long(_SKELETONS))
    fragments = index(header, header.long(_FRAGMENTS))
    if not skeletons.entries:
        return _Pages([text], [0], [0])
    found = _Pages(inserts=[_decimal(entry.text) for entry in fragments.entries])
    fragment = size_of_all = 0
    for skeleton in skeletons.entries[:MOST_PAGES]:
        start, length = skeleton.value(_PLACE, 0), skeleton.value(_PLACE, 1)
        page = bytearray(text[start : start + length])
        at = start + length
        for _ in range(skeleton.value(1)):
            if fragment >= len(fragments.entries):
                break
            entry = fragments.entries[fragment]
            size = entry.value(_PLACE, 1)
            place = min(max(found.inserts[fragment] - start, 0), len(page))
            page[place:place] = text[at : at + size]
            at += size
            fragment += 1
        size_of_all += len(page)
        if size_of_all > 2 * len(text):
            msg = "its pages overlap"
            raise Damaged(msg)
        found.pages.append(bytes(page))
        found.starts.append(start)
    return found


def _outline(outline: Index, pages: _Pages) -> list[tuple[int, int, str]]:
    """Position, level and label of each entry, in the order of the text."""
    found: list[tuple[int, int, str]] = []
    for entry in outline.entries:
        position: int | None = entry.value(1)
        if _PLACE in entry.tags:
            position = pages.position(entry.value(_PLACE, 0), entry.value(_PLACE, 1))
        label = clean(outline.name(entry.value(_LABEL)))[:300]
        if position is not None and label:
            found.append((position, entry.value(_DEPTH) + 1, label))
    return sorted(found, key=lambda each: each[:2])


def _contents(header: Header, pages: _Pages) -> set[str]:
    """The pages that the guide calls a table of contents."""
    found: set[str] = set()
    for entry in index(header, header.long(_GUIDE)).entries:
        if entry.text.lower() == b"toc" and _PLACE in entry.tags:
            position = pages.position(entry.value(_PLACE, 0), entry.value(_PLACE, 1))
            if position is not None:
                found.add(_name(part_of(pages.starts, position)))
    return found


def _name(number: int) -> str:
    return f"page {number + 1}"


def _decimal(text: bytes) -> int:
    return int(text[:12]) if text.isdigit() else 0
