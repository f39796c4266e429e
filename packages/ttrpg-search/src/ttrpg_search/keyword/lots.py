"""Which row of the packs is which chunk: its id, its book, its section and its kind."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ttrpg_search.keyword.texts import Standing

GONE = -1
"""The id of a row whose chunk was removed."""
_standing = partial(tuple.__new__, Standing)
"""Makes one of a tuple; ``Standing._make`` is Python, and takes four times as long."""


class Lots:
    """The rows at one moment, read through one connection.

    ``begins`` are the numbers of the packs with the row of their first chunk; of each row there is
    its chunk's id, its length in stems, the stems of its heading (one at the least).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        sizes = connection.execute("SELECT pack, size FROM search_packs ORDER BY pack").fetchall()
        self.begins: dict[int, int] = {}
        count = 0
        for number, size in sizes:
            self.begins[number] = count
            count += size
        self.ids = np.full(count, GONE, np.int64)  # the rows of removed chunks are empty
        self._sections = np.zeros(count, np.int64)
        self.lengths = np.zeros(count, np.float32)
        self.titles = np.ones(count, np.float32)
        self._kinds = np.zeros(count, np.int64)
        known: dict[str, int] = {}
        self._lots: list[tuple[int, int, str]] = []
        for (
            number,
            start,
            sha256,
            ids,
            lengths,
            titles,
            sections,
            kinds,
            names,
        ) in connection.execute(
            "SELECT pack, start, sha256, ids, lengths, titles, sections, kinds, kind_names"
            " FROM search_lots"
        ):
            begin = self.begins[number] + start
            place = slice(begin, begin + len(ids) // 8)
            self._lots.append((begin, place.stop, sha256))
            self.ids[place] = np.frombuffer(ids, "<i8")
            self._sections[place] = np.frombuffer(sections, "<i8")
            self.lengths[place] = np.frombuffer(lengths, "<u4")
            self.titles[place] = np.maximum(np.frombuffer(titles, np.uint8), 1)
            numbers = [known.setdefault(kind, len(known)) for kind in json.loads(names)]
            self._kinds[place] = np.array(numbers, np.int64)[np.frombuffer(kinds, "<u2")]
        self._lots.sort()
        self._starts = np.array([each[0] for each in self._lots], np.int64)
        self._sources = [each[2] for each in self._lots]
        self._kind_names = list(known)
        self._order = np.argsort(self.ids, kind="stable")
        self._sorted = self.ids[self._order]
        self.empty = np.flatnonzero(self.ids == GONE)

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return len(self.ids) - len(self.empty)

    def standing(self, ids: Iterable[int]) -> dict[int, Standing]:
        """What decides the place of some chunks; those that are not indexed are left out."""
        rows = self.rows(np.fromiter(ids, np.int64))
        lots = self._starts.searchsorted(rows, "right") - 1
        told = zip(
            map(self._sources.__getitem__, lots.tolist()),
            self._sections[rows].tolist(),
            map(self._kind_names.__getitem__, self._kinds[rows].tolist()),
            strict=True,
        )
        return dict(zip(self.ids[rows].tolist(), map(_standing, told), strict=True))

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of chunks; those that are not there are left out."""
        if not len(self.ids):
            return np.zeros(0, np.int64)
        places = self._sorted.searchsorted(ids)
        here = self._sorted.take(places, mode="clip") == ids
        found: NDArray[np.int64] = self._order[places[here]]
        return found

    def allowed(
        self,
        sources: frozenset[str] | None = None,
        within: Iterable[int] | None = None,
        without: Sequence[int] = (),
    ) -> NDArray[np.bool_] | None:
        """The rows that may be found; None for all."""
        if sources is None and within is None and not len(without):
            return None
        allowed = np.ones(len(self.ids), bool)
        if sources is not None:
            for start, end, sha256 in self._lots:
                if sha256 not in sources:
                    allowed[start:end] = False
        if within is not None:
            inside = np.zeros(len(self.ids), bool)
            inside[self.rows(np.fromiter(within, np.int64))] = True
            allowed &= inside
        if len(without):
            allowed[self.rows(np.array(without, np.int64))] = False
        return allowed
