"""The container of MOBI books: a Palm database of records, and the headers of a book in it.

A file may hold a book twice: as MOBI 6 for old readers, and after a BOUNDARY record as KF8, which
is EPUB cut into records. Sources: the format as described by the MobileRead wiki, and files.
"""

import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import attrs

from ttrpg_core.documents import Document
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks import unpacking
from ttrpg_ingest.ebooks.archive import DAMAGED
from ttrpg_ingest.ebooks.blocks import clean
from ttrpg_ingest.ebooks.locks import locked
from ttrpg_ingest.ebooks.unpacking import Damaged

MOST_BYTES = 2_000_000_000
"""Largest file that is read; pictures make a book large."""
MOST_TEXT = 24_000_000
"""Bytes of text that a book may unpack to."""
NOTHING = 0xFFFFFFFF
_HAS_FLAGS = 228
"""Length of a header that says what stands at the end of each record."""
_NAMES, _TEXT, _FIELDS, _TABLES = 78, 300, 1000, 1000
_RECORD = 8
_AUTHOR, _PUBLISHER, _DATE, _TITLE, _LANGUAGE, _BOUNDARY = 100, 101, 106, 503, 524, 121
_UTF8 = 65001
_KF8 = 8
_YEAR = re.compile(r"(?:1[4-9]|20)\d\d")
_LOCKS = {1: "Mobipocket's old lock", 2: "Mobipocket's lock"}
_OF_AMAZON = frozenset({209, 504})
"""Fields of a book that a Kindle unlocks: where its keys are, and its number in the shop."""


@attrs.define
class Records:
    """The records of a Palm database, cut from the file in memory."""

    name: str
    title: str
    data: "mmap.mmap"
    offsets: list[int]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> bytes:
        if not 0 <= number < len(self):
            msg = f"record {number} is missing"
            raise Damaged(msg)
        return self.data[self.offsets[number] : self.offsets[number + 1]]


@attrs.define
class Header:
    """One book of the file: its first record, read field by field. ``first`` is its number."""

    records: Records
    first: int
    start: bytes
    kf8: bool = False

    def short(self, at: int) -> int:
        """A number of two bytes of the first record."""
        return int(struct.unpack_from(">H", self.start, at)[0]) if at + 2 <= len(self.start) else 0

    def long(self, at: int) -> int:
        """A number of four bytes, NOTHING where the header is too short for it."""
        if at + 4 > min(len(self.start), 16 + self.length):
            return NOTHING
        return int(struct.unpack_from(">L", self.start, at)[0])

    @property
    def mobi(self) -> bool:
        """Whether there is a MOBI header; the oldest books have none."""
        return self.start[16:20] == b"MOBI"

    @property
    def length(self) -> int:
        """Bytes of the MOBI header."""
        return int(struct.unpack_from(">L", self.start, 20)[0]) if self.mobi else 0

    @property
    def encoding(self) -> str:
        """How its text is written."""
        return "utf-8" if self.long(28) == _UTF8 else "cp1252"

    @property
    def version(self) -> int:
        """6 for MOBI, 8 for KF8."""
        found = self.long(36)
        return 0 if found == NOTHING else found

    def record(self, number: int) -> bytes:
        """A record by its number in this book."""
        return self.records[self.first + number]

    def extra(self) -> dict[int, list[bytes]]:
        """The fields of the extended header, by their type."""
        found: dict[int, list[bytes]] = {}
        at = 16 + self.length
        if not self.mobi or self.start[at : at + 4] != b"EXTH":
            return found
        count = struct.unpack_from(">L", self.start.ljust(at + 12, b"\0"), at + 8)[0]
        at += 12
        for _ in range(min(count, _FIELDS)):
            if at + 8 > len(self.start):
                break
            kind, length = struct.unpack_from(">LL", self.start, at)
            if length < _RECORD:
                break
            found.setdefault(kind, []).append(self.start[at + 8 : at + length])
            at += length
        return found

    def document(self) -> Document:
        """What the book says of itself."""
        extra = self.extra()
        title = self._first(extra, _TITLE)
        if not title and self.mobi and self.long(84) != NOTHING:
            at, length = self.long(84), self.long(88)
            title = self._text(self.start[at : at + min(length, _TEXT)])
        authors = [name for data in extra.get(_AUTHOR, ()) if (name := self._text(data))]
        year = self._first(extra, _DATE)[:4]
        return Document(
            title or self.records.title,
            authors=tuple(dict.fromkeys(authors)),
            language=self._first(extra, _LANGUAGE)[:35],
            publisher=self._first(extra, _PUBLISHER),
            edition=year if _YEAR.fullmatch(year) else "",
        )

    def text(self) -> bytes:
        """The whole text, unpacked. ParseError when it is larger than any book's."""
        unpack = self._unpacker()
        flags = self.short(242) if self.mobi and self.length >= _HAS_FLAGS else 0
        parts: list[bytes] = []
        size = 0
        for number in range(1, self.short(8) + 1):
            part = unpack(unpacking.without_trailers(self.record(number), flags))
            parts.append(part)
            size += len(part)
            if size > MOST_TEXT:
                raise ParseError(
                    f"{self.records.name} unpacks to more than {MOST_TEXT // 1_000_000} MB of text",
                    "A real book is never so; get it from another place",
                    source=self.records.name,
                )
        return b"".join(parts)

    def _unpacker(self) -> "unpacking.Unpack":
        kind = self.short(0)
        if kind == unpacking.PLAIN:
            return bytes
        if kind == unpacking.PALMDOC:
            return unpacking.palmdoc
        if kind == unpacking.HUFFMAN:
            at, count = self.long(112), self.long(116)
            if at == NOTHING or not 1 < count < _TABLES:
                msg = "it names no tables for its packing"
                raise Damaged(msg)
            tables = [self.record(at + number) for number in range(count)]
            return unpacking.Huffman(tables[0], tables[1:]).unpack
        msg = f"it is packed in a way that is not known ({kind})"
        raise Damaged(msg)

    def _first(self, extra: dict[int, list[bytes]], kind: int) -> str:
        return next((text for data in extra.get(kind, ()) if (text := self._text(data))), "")

    def _text(self, data: bytes) -> str:
        text = clean(data.decode(self.encoding, "replace"))
        return "".join(char for char in text if char.isprintable())[:300].strip()


def books(path: Path) -> list[Header]:
    """The books of a file, KF8 last. ParseError when it is none, or locked, by the lock's name."""
    records = _records(path)
    try:
        first = Header(records, 0, records[0])
        found = [_checked(first)]
        for data in first.extra().get(_BOUNDARY, ()):
            number = int.from_bytes(data[:4], "big") if data[3:] else NOTHING
            if 0 < number < len(records) and records[number - 1].startswith(b"BOUNDARY"):
                found.append(_checked(Header(records, number, records[number])))
    except (struct.error, Damaged) as error:
        raise damaged(path.name, error) from error
    for book in found:
        book.kf8 = book.version >= _KF8
    return found


def damaged(name: str, why: Exception) -> ParseError:
    """The refusal of a book that is not whole."""
    return ParseError(f"{name} is no whole MOBI book: {why}", DAMAGED, source=name)


def _checked(header: Header) -> Header:
    """The same header, when its text is not locked."""
    lock = header.short(12)
    if lock:
        name = _LOCKS.get(lock, f"a lock that is not known (scheme {lock})")
        if lock > 1 and _OF_AMAZON & set(header.extra()):
            name = "Amazon's Kindle lock"
        raise locked(header.records.name, name)
    return header


def _records(path: Path) -> Records:
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                raise ParseError(f"{path.name} is empty", DAMAGED, source=path.name)
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ParseError(
            f"{path.name} cannot be read: {error.strerror}", source=path.name
        ) from error
    if len(data) > MOST_BYTES:
        raise ParseError(
            f"{path.name} has more than {MOST_BYTES // 1_000_000} MB", source=path.name
        )
    if len(data) < _NAMES or data[60:68] not in {b"BOOKMOBI", b"TEXtREAd"}:
        raise ParseError(
            f"{path.name} is no MOBI book: it does not begin as one", DAMAGED, source=path.name
        )
    count = struct.unpack_from(">H", data, 76)[0]
    offsets = list(_offsets(data, count))
    if not offsets:
        raise damaged(path.name, Damaged("it has no records"))
    title = clean(data[:32].split(b"\0")[0].decode("cp1252", "replace")).replace("_", " ")
    return Records(path.name, title, data, [*offsets, len(data)])


def _offsets(data: "mmap.mmap", count: int) -> Iterator[int]:
    """Where records begin, as far as the list goes on in order and inside the file."""
    last = 0
    for number in range(count):
        at = _NAMES + _RECORD * number
        if at + _RECORD > len(data):
            return
        offset = struct.unpack_from(">L", data, at)[0]
        if not last <= offset <= len(data):
            return
        last = offset
        yield offset
