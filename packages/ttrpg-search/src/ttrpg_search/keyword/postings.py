"""The chunks that have a stem or a phrase, read from the packs and kept in memory.

What is worth keeping of a stem is small: the chunks, how much the stem counts in each by BM25F
before its rarity, and where it stands first: fourteen bytes a chunk. A stem that a large share of
the chunks has is kept besides as one number for every chunk, since adding these up is quicker than
picking out rows. :mod:`.ready` keeps the same in a file.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ttrpg_search.keyword.packs import BODY, PATH
from ttrpg_search.keyword.scoring import Weights

if TYPE_CHECKING:
    from ttrpg_search.keyword.ready import Ready

Rows = NDArray[np.int64]
"""Numbers of chunks; as wide as numpy picks by, since narrower ones are widened at every use."""
Keys = NDArray[np.int64]
Floats = NDArray[np.float32]
KEPT = 96_000_000
"""Bytes of postings that are kept in memory."""
KEPT_PLACES = 24_000_000
"""Bytes of places, of the stems that phrases are made of."""
DENSE = 6
"""A stem that one of so many chunks has is kept as a number for every chunk."""
_BATCH = 200
"""Stems that are read at once where every one is."""
_NONE = np.zeros(0, np.int64)


@attrs.define(eq=False)
class Posting:
    """The chunks (rows, ascending) that have a stem or a phrase.

    ``worth`` is what it counts in each, ``dense`` the same for every row or None, ``firsts`` the
    place where it first stands in the text (0 for nowhere). ``head_rows`` have it in the heading,
    ``heads`` times. Of a phrase, ``whole`` have it as it is, and ``apart`` only its words apart.
    """

    rows: Rows
    worth: Floats
    firsts: NDArray[np.uint16]
    head_rows: Rows
    heads: Floats
    whole: Rows = _NONE
    apart: Rows = _NONE
    dense: Floats | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, nearly."""
        wide = 0 if self.dense is None else self.dense.nbytes
        rows = 14 * len(self.rows) + 12 * len(self.head_rows)
        return 400 + rows + 8 * (len(self.whole) + len(self.apart)) + wide


EMPTY = Posting(
    _NONE, np.zeros(0, np.float32), np.zeros(0, np.uint16), _NONE, np.zeros(0, np.float32)
)


@attrs.define(eq=False)
class Places:
    """Where a stem stands: ``places`` of each chunk that has it, from ``begins`` of it on."""

    begins: NDArray[np.int32]
    places: NDArray[np.uint16]

    @property
    def size(self) -> int:
        """Bytes in memory, nearly."""
        return 300 + self.begins.nbytes + self.places.nbytes


T = TypeVar("T", Posting, Places)


class Recent(Generic[T]):
    """What was asked for last, in so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, T] = {}
        self._size = 0

    def get(self, key: str) -> T | None:
        """What is kept under a key; it goes last now."""
        found = self._kept.pop(key, None)
        if found is not None:
            self._kept[key] = found
        return found

    def keep(self, key: str, value: T) -> None:
        """Keep one more; what was asked for longest ago goes."""
        self._kept[key] = value
        self._size += value.size
        while self._size > self._most and len(self._kept) > 1:
            self._size -= self._kept.pop(next(iter(self._kept))).size


class Postings:
    """Postings of one moment of the index, through one connection.

    ``packs`` are the numbers of the packs, each with the row of its first chunk; ``norm`` is what
    the length of each chunk divides by. ``ready`` opens the file of :mod:`.ready` once there is
    one.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        packs: dict[int, int],
        norm: Floats,
        weights: Weights,
        ready: Callable[[], "Ready | None"] = lambda: None,
    ) -> None:
        self._connection = connection
        self._packs = packs
        self._numbers = json.dumps(list(packs))
        self._norm = norm
        self._weights = weights
        self._open = ready
        self._ready: Ready | None = None
        self._known = Recent[Posting](KEPT)
        self._places = Recent[Places](KEPT_PLACES)

    def of(self, ways: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Posting]:
        """The posting of each way of saying, which is one stem or several in a row."""
        wanted = {" ".join(parts): parts for parts in ways}
        found: dict[tuple[str, ...], Posting] = {}
        missing: list[str] = []
        for key, parts in wanted.items():
            known = self._known.get(key)
            if known is None:
                missing.append(key)
            else:
                found[parts] = known
        if missing:
            made = self._made_ready(missing)
            stems = [key for key in missing if key not in made and len(wanted[key]) == 1]
            made |= self._stems(stems) if stems else {}
            for key in missing:
                parts = wanted[key]
                posting = made.get(key) or (EMPTY if len(parts) == 1 else self._phrase(parts))
                self._known.keep(key, posting)
                found[parts] = posting
        return found

    def every(self, phrases: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, Posting]]:
        """All stems that there are, and those of some phrases whose stems there are."""
        stems = [
            row[0]
            for row in self._connection.execute(
                "SELECT stem FROM search_stems WHERE chunks > 0 AND instr(stem, ' ') = 0"
                " ORDER BY stem"
            )
        ]
        for start in range(0, len(stems), _BATCH):
            yield from self._stems(stems[start : start + _BATCH]).items()
        there = set(stems)
        for parts in phrases:
            if there.issuperset(parts):
                yield " ".join(parts), self._phrase(parts)

    def _made_ready(self, keys: Iterable[str]) -> dict[str, Posting]:
        """What the file beside the database has of some stems and phrases."""
        if self._ready is None:
            self._ready = self._open()
        if self._ready is None:
            return {}
        return {key: each for key in keys if (each := self._ready.posting(key)) is not None}

    def _stems(self, stems: Sequence[str]) -> dict[str, Posting]:
        """Stems out of the packs that have them."""
        parts: dict[str, list[tuple[int, bytes, bytes, bytes, bytes, bytes]]] = {}
        for stem, number, *blobs in self._connection.execute(
            "SELECT stem, pack, docs, bodies, firsts, heads, paths FROM search_postings"
            " WHERE pack IN (SELECT value FROM json_each(?1))"
            " AND stem IN (SELECT value FROM json_each(?2))",
            [self._numbers, json.dumps(stems)],
        ):
            docs, bodies, firsts, heads, paths = blobs
            row = (self._packs[number], docs, bodies, firsts, heads, paths)
            parts.setdefault(stem, []).append(row)
        return {stem: self._posting(sorted(rows)) for stem, rows in parts.items()}

    def _posting(self, parts: list[tuple[int, bytes, bytes, bytes, bytes, bytes]]) -> Posting:
        rows = np.concatenate([np.frombuffer(part[1], "<i4") + np.int64(part[0]) for part in parts])
        often = _numbers(part[2] for part in parts) / self._norm[rows]
        head_rows, heads = _NONE, EMPTY.heads
        if any(part[4] for part in parts):
            told = _numbers(part[4] or bytes(len(part[2])) for part in parts)
            often += self._weights.heading * told
            there = np.flatnonzero(told)
            head_rows, heads = rows[there], told[there]
        if any(part[5] for part in parts):
            told = _numbers(part[5] or bytes(len(part[2])) for part in parts)
            often += self._weights.path * told
        firsts = np.frombuffer(b"".join([part[3] for part in parts]), "<u2")
        return self._made(rows, often, firsts, head_rows, heads)

    def _made(
        self,
        rows: Rows,
        often: Floats,
        firsts: NDArray[np.uint16],
        head_rows: Rows,
        heads: Floats,
        whole: Rows = _NONE,
        apart: Rows = _NONE,
    ) -> Posting:
        saturation = self._weights.saturation
        worth = often * np.float32(saturation + 1)
        worth /= often + np.float32(saturation)
        wide = dense(rows, worth, len(self._norm))
        return Posting(rows, worth, firsts, head_rows, heads, whole, apart, wide)

    def _phrase(self, parts: Sequence[str]) -> Posting:
        """Where stems stand one behind the other; weaker, where they only stand in one chunk."""
        of = self.of((part,) for part in dict.fromkeys(parts))
        common = min((posting.rows for posting in of.values()), key=len)
        for posting in of.values():
            if posting.rows is not common:
                common = common[_is_in(common, posting.rows)]
        if not len(common):
            return EMPTY
        known = self._keys({part: posting.rows for (part,), posting in of.items()}, common)
        keys = known[parts[0]]
        for part in parts[1:]:
            keys = _among(keys + 1, known[part])
        keys -= len(parts) - 1
        at = keys >> 16
        begins = np.flatnonzero(np.diff(at, prepend=-1))
        at = at[begins]
        place = keys & 0xFFFF
        heads, paths, bodies = (
            np.add.reduceat(there, begins, dtype=np.float32) if len(begins) else EMPTY.heads
            for there in (place < PATH, (place >= PATH) & (place < BODY), place >= BODY)
        )
        often = np.full(len(common), self._weights.apart, np.float32)
        often[at] = bodies / self._norm[common[at]]
        often[at] += self._weights.heading * heads + self._weights.path * paths
        firsts = np.zeros(len(common), np.uint16)
        if len(begins):
            text = np.minimum(begins + (heads + paths).astype(np.int64), len(place) - 1)
            firsts[at] = np.where(bodies > 0, place[text], 0)
        apart = np.ones(len(common), bool)
        apart[at] = False
        there = np.flatnonzero(heads)
        return self._made(
            common, often, firsts, common[at[there]], heads[there], common[at], common[apart]
        )

    def _keys(self, known: Mapping[str, Rows], common: Rows) -> dict[str, Keys]:
        """Each time that stems stand in some of their rows.

        As number * 65536 + place, in order; the number is that of the row among ``common``.
        """
        keys: dict[str, Keys] = {}
        for stem, told in self._places_of(known).items():
            chosen = np.searchsorted(known[stem], common)
            begins = told.begins[chosen]
            times = told.begins[chosen + 1] - begins
            ends = np.cumsum(times)
            at = np.repeat(begins - (ends - times), times)
            at += np.arange(len(at))
            keys[stem] = np.repeat(np.arange(len(common)) << 16, times) + told.places[at]
        return keys

    def _places_of(self, stems: Iterable[str]) -> dict[str, Places]:
        found = {stem: self._places.get(stem) for stem in stems}
        missing = [stem for stem, told in found.items() if told is None]
        parts: dict[str, list[tuple[int, Keys, NDArray[np.uint16]]]] = {}
        for stem, number, bodies, heads, paths, places in self._connection.execute(
            "SELECT stem, pack, bodies, heads, paths, places FROM search_postings"
            " WHERE pack IN (SELECT value FROM json_each(?1))"
            " AND stem IN (SELECT value FROM json_each(?2))",
            [self._numbers, json.dumps(missing)],
        ):
            times = np.frombuffer(bodies, "u1").astype(np.int64)
            for each in (heads, paths):
                if each:
                    times += np.frombuffer(each, "u1")
            row = (self._packs[number], times, np.frombuffer(places, "<u2"))
            parts.setdefault(stem, []).append(row)
        for stem, rows in parts.items():
            rows.sort(key=itemgetter(0))
            ends = np.cumsum(np.concatenate([[0], *(row[1] for row in rows)]))
            found[stem] = told = Places(
                ends.astype(np.int32), np.concatenate([row[2] for row in rows])
            )
            self._places.keep(stem, told)
        return {stem: told for stem, told in found.items() if told is not None}


def dense(rows: Rows, worth: Floats, count: int) -> Floats | None:
    """What a stem is worth in each of ``count`` chunks; None where too few have it."""
    if len(rows) * DENSE <= count:
        return None
    wide = np.zeros(count, np.float32)
    wide[rows] = worth
    return wide


def _numbers(parts: Iterable[bytes]) -> Floats:
    return np.frombuffer(b"".join(parts), "u1").astype(np.float32)


def _among(some: Keys, those: Keys) -> Keys:
    """The keys that are in both; each in order and once."""
    both = np.concatenate([some, those])
    both.sort(kind="stable")  # which merges what is in order already
    twice: Keys = both[:-1][both[1:] == both[:-1]]
    return twice


def _is_in(some: Rows, those: Rows) -> NDArray[np.bool_]:
    there: NDArray[np.bool_] = those.take(np.searchsorted(those, some), mode="clip") == some
    return there
