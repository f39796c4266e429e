"""The two ways in which the text of a MOBI book is packed, each record by itself.

PalmDOC is a small LZ77: what was said up to 2,047 bytes before is said again by its distance.
Huffman codes (HUFF and CDIC records) stand for phrases, which may be packed themselves. Both are
bounded: a record says at most :data:`MOST`, and phrases lie in each other at most so deep.
"""

import struct
from collections.abc import Callable, Sequence
from typing import TypeAlias

Unpack: TypeAlias = Callable[[bytes], bytes]

PLAIN, PALMDOC, HUFFMAN = 1, 2, 17480
"""What the first two bytes of the first record say."""
MOST = 1 << 18
"""Bytes of one record; real ones have 4,096."""
MOST_PHRASES = 32 << 20
"""Bytes of all phrases together."""
_AS_IT_IS, _AGAIN, _SPACED = 8, 0x80, 0xC0
"""PalmDOC: up to so many bytes as they are; said before; a space and a letter."""
_CODE_BITS = 32
DEEPEST = 24
"""Phrases in each other."""


class Damaged(Exception):
    """Bytes that are not what their place says."""


def without_trailers(data: bytes, flags: int) -> bytes:
    """A record without the entries at its end: indexing data, and a character that was split."""
    for bit in range(15, 0, -1):
        if flags & 1 << bit:
            data = data[: max(0, len(data) - _trailer(data))]
    if flags & 1 and data:
        data = data[: max(0, len(data) - (data[-1] & 3) - 1)]
    return data


def _trailer(data: bytes) -> int:
    """The size of the last entry: seven bits a byte, read backwards to a byte with its high bit."""
    size = 0
    for byte in data[-4:]:
        if byte & 0x80:
            size = 0
        size = size << 7 | byte & 0x7F
    return size


def palmdoc(data: bytes) -> bytes:
    """Unpack PalmDOC."""
    out = bytearray()
    at, end = 0, len(data)
    while at < end:
        byte = data[at]
        at += 1
        if 1 <= byte <= _AS_IT_IS:
            out += data[at : at + byte]
            at += byte
        elif byte < _AGAIN:
            out.append(byte)
        elif byte >= _SPACED:
            out += bytes((0x20, byte ^ 0x80))
        elif at < end:
            pair = byte << 8 | data[at]
            at += 1
            distance, length = pair >> 3 & 0x7FF, (pair & 7) + 3
            if not 0 < distance <= len(out):
                continue
            if distance >= length:
                start = len(out) - distance
                out += out[start : start + length]
            else:
                for _ in range(length):
                    out.append(out[-distance])
        if len(out) > MOST:
            msg = "a record of text unpacks without end"
            raise Damaged(msg)
    return bytes(out)


class Huffman:
    """Unpacks with the tables of a book: one HUFF record, and CDIC records with phrases."""

    def __init__(self, huff: bytes, dictionaries: Sequence[bytes]) -> None:
        if huff[:8] != b"HUFF\0\0\0\x18":
            msg = "its packing tables are none"
            raise Damaged(msg)
        try:
            quick, bounds = struct.unpack_from(">LL", huff, 8)
            self._quick = [_quick_entry(v) for v in struct.unpack_from(">256L", huff, quick)]
            pairs = struct.unpack_from(">64L", huff, bounds)
        except struct.error as error:
            msg = "its packing tables are cut off"
            raise Damaged(msg) from error
        self._least = [0] + [low << 32 - n for n, low in enumerate(pairs[::2], 1)]
        self._most = [0] + [(high + 1 << 32 - n) - 1 for n, high in enumerate(pairs[1::2], 1)]
        self._phrases: list[tuple[bytes, bool]] = []
        for dictionary in dictionaries:
            self._load(dictionary)
        self._plain: dict[int, bytes] = {}
        self._kept = 0

    def _load(self, data: bytes) -> None:
        if data[:8] != b"CDIC\0\0\0\x10":
            msg = "its phrases are none"
            raise Damaged(msg)
        try:
            phrases, bits = struct.unpack_from(">LL", data, 8)
            count = min(1 << min(bits, 16), max(0, phrases - len(self._phrases)))
            offsets = struct.unpack_from(f">{count}H", data, 16)
            for offset in offsets:
                size = struct.unpack_from(">H", data, 16 + offset)[0]
                phrase = data[18 + offset : 18 + offset + (size & 0x7FFF)]
                self._phrases.append((phrase, bool(size & 0x8000)))
        except struct.error as error:
            msg = "its phrases are cut off"
            raise Damaged(msg) from error

    def unpack(self, data: bytes) -> bytes:
        """The text of a record."""
        return self._unpacked(data, 0)

    def _unpacked(self, data: bytes, depth: int) -> bytes:
        if depth > DEEPEST:
            msg = "its phrases lie in each other without end"
            raise Damaged(msg)
        bits = int.from_bytes(data + bytes(8), "big")
        have = 8 * len(data)
        shift = have + 64 - 32  # so that the next code stands in the low 32 bits
        out: list[bytes] = []
        size = 0
        while have > 0:
            code = bits >> shift & 0xFFFFFFFF
            length, most, ends = self._quick[code >> 24]
            if not ends:
                while length < _CODE_BITS and code < self._least[length]:
                    length += 1
                most = self._most[length]
            have -= length
            shift -= length
            if have < 0 or not length:
                break
            phrase = self._phrase((most - code) >> 32 - length, depth)
            out.append(phrase)
            size += len(phrase)
            if size > MOST:
                msg = "a record of text unpacks without end"
                raise Damaged(msg)
        return b"".join(out)

    def _phrase(self, number: int, depth: int) -> bytes:
        if not 0 <= number < len(self._phrases):
            msg = "it names a phrase that it has not"
            raise Damaged(msg)
        phrase, plain = self._phrases[number]
        if plain:
            return phrase
        if number not in self._plain:
            self._plain[number] = self._unpacked(phrase, depth + 1)
            self._kept += len(self._plain[number])
            if self._kept > MOST_PHRASES:
                msg = "its phrases unpack without end"
                raise Damaged(msg)
        return self._plain[number]


def _quick_entry(value: int) -> tuple[int, int, bool]:
    """Length of a code, the greatest code of that length, and whether the length is certain."""
    length = value & 0x1F
    most = ((value >> 8) + 1 << 32 - length) - 1
    return length, most, bool(value & 0x80)
