"""The INDX records of a MOBI book: its outline, and where the pieces of a KF8 text belong.

An index is a head record, which says how entries are written, then records of entries, then
records of names. An entry is a text and tags; a tag is a number with a list of values.
"""

import itertools
import struct
from collections.abc import Iterator

import attrs

from ttrpg_ingest.ebooks.palm import NOTHING, Header
from ttrpg_ingest.ebooks.unpacking import Damaged

MOST_ENTRIES = 60_000
MOST_RECORDS = 2_000
MOST_VALUES = 1_000


@attrs.frozen
class Entry:
    """An entry: its text, and its values by tag."""

    text: bytes
    tags: dict[int, list[int]]

    def value(self, tag: int, place: int = 0, default: int = 0) -> int:
        """The value of a tag at a place."""
        values = self.tags.get(tag, ())
        return values[place] if place < len(values) else default


@attrs.define
class Index:
    """The entries of an index and its names."""

    entries: list[Entry]
    _names: list[bytes]
    _encoding: str

    def name(self, offset: int) -> str:
        """The name at an offset; the upper two bytes say in which record."""
        number, at = offset >> 16, offset & 0xFFFF
        if number >= len(self._names):
            return ""
        record = self._names[number]
        length, at = _number(record, at)
        return record[at : at + min(length, 2000)].decode(self._encoding, "replace")


def index(header: Header, number: int) -> Index:
    """The index that begins at a record. Damaged when it is not whole."""
    if number == NOTHING:
        return Index([], [], header.encoding)
    try:
        return _index(header, number)
    except (struct.error, IndexError) as error:
        msg = "one of its indexes is cut off"
        raise Damaged(msg) from error


def _index(header: Header, number: int) -> Index:
    head = header.record(number)
    if head[:4] != b"INDX":
        msg = "one of its indexes is none"
        raise Damaged(msg)
    count, names = _long(head, 24), _long(head, 52)
    if count > MOST_RECORDS or names > MOST_RECORDS:
        msg = "one of its indexes is larger than any book's"
        raise Damaged(msg)
    controls, table = _tag_table(head)
    entries: list[Entry] = []
    for place in range(number + 1, number + 1 + count):
        for entry in _entries(header.record(place), controls, table):
            entries.append(entry)
            if len(entries) > MOST_ENTRIES:
                msg = "one of its indexes is larger than any book's"
                raise Damaged(msg)
    after = number + 1 + count
    return Index(entries, [header.record(after + place) for place in range(names)], header.encoding)


_Tag = tuple[int, int, int, int]
"""Tag, values of an entry, mask of the control byte, and 1 at the end of a control byte."""


def _tag_table(head: bytes) -> tuple[int, list[_Tag]]:
    start = _long(head, 4)
    if head[start : start + 4] != b"TAGX":
        msg = "one of its indexes does not say how it is written"
        raise Damaged(msg)
    length, controls = _long(head, start + 4), _long(head, start + 8)
    rows = head[start + 12 : start + min(length, 2000)]
    return min(controls, 16), [
        (rows[at], rows[at + 1], rows[at + 2], rows[at + 3]) for at in range(0, len(rows) - 3, 4)
    ]


def _entries(record: bytes, controls: int, table: list[_Tag]) -> Iterator[Entry]:
    if record[:4] != b"INDX":
        msg = "one of its indexes has a record that is none"
        raise Damaged(msg)
    places, count = _long(record, 20), _long(record, 24)
    if record[places : places + 4] != b"IDXT" or count > len(record):
        msg = "one of its indexes has a record without entries"
        raise Damaged(msg)
    starts = [*struct.unpack_from(f">{count}H", record, places + 4), places]
    for start, end in itertools.pairwise(starts):
        part = record[start:end]
        if part:
            length = part[0]
            yield Entry(part[1 : 1 + length], _tags(part[1 + length :], controls, table))


def _tags(data: bytes, controls: int, table: list[_Tag]) -> dict[int, list[int]]:
    """The tags of an entry. A control byte says which there are and how many values each has."""
    at = controls
    sized: list[tuple[int, int, bool]] = []
    for tag, amount, by_size in _present(data, controls, table):
        if by_size:  # how many bytes its values take stands before all values
            amount, at = _number(data, at)  # noqa: PLW2901 - the amount is said here
        sized.append((tag, amount, by_size))
    found: dict[int, list[int]] = {}
    for tag, amount, by_size in sized:
        values = found.setdefault(tag, [])
        stop = min(at + amount, len(data)) if by_size else len(data)
        most = MOST_VALUES if by_size else min(amount, MOST_VALUES)
        while at < stop and len(values) < most:
            value, at = _number(data, at)
            values.append(value)
    return found


def _present(data: bytes, controls: int, table: list[_Tag]) -> Iterator[tuple[int, int, bool]]:
    """Each tag that an entry has, the number of its values, and whether bytes are said instead."""
    control = 0
    for tag, each, mask, end in table:
        if end:
            control += 1
        elif mask and control < min(controls, len(data)):
            value = data[control] & mask
            if value == mask and mask.bit_count() > 1:
                yield tag, 0, True
            elif value:
                yield tag, each * (value >> (mask & -mask).bit_length() - 1), False


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the last with its high bit set, and the place after it."""
    value = 0
    for place in range(at, min(at + 5, len(data))):
        value = value << 7 | data[place] & 0x7F
        if data[place] & 0x80:
            return value, place + 1
    return value, min(at + 5, len(data))


def _long(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">L", data, at)[0])
