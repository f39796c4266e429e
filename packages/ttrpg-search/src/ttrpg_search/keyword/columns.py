"""The words of every chunk as columns of numbers: the ranking of :mod:`.scoring`, all at once.

What is read stays in memory while the index is as it was, so the words that many questions have are
read once. The numbers are those of :func:`.scoring.score`, less what depends on how near terms
stand to each other; the best are scored once more there.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ttrpg_search.keyword.packs import BODY, PAIR, PATH
from ttrpg_search.keyword.plan import Group, Plan, Way
from ttrpg_search.keyword.scoring import Weights
from ttrpg_search.keyword.texts import Standing

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
KEPT = 4_000_000
"""Pairs of stem and chunk that are kept in memory: 100 MB or so."""


@attrs.define(eq=False)
class Posting:
    """The chunks (rows) that have a stem or a phrase, and how often in each field.

    The first ``whole`` rows have it as it is; what follows has the words of a phrase apart.
    """

    rows: Rows
    heads: Floats
    paths: Floats
    bodies: Floats
    whole: int
    keys: Rows = attrs.field(factory=lambda: np.zeros(0, np.int64))
    """Row and place of each, as row * 65536 + place, in order."""


class Columns:
    """One moment of the index, through one connection. ``generation`` names the moment."""

    def __init__(self, connection: sqlite3.Connection, generation: int) -> None:
        self.generation = generation
        self._connection = connection
        lots = connection.execute(
            "SELECT lot, sha256, ids, lengths, titles, sections, kinds, kind_names FROM search_lots"
            " ORDER BY lot"
        ).fetchall()
        self._lots: list[tuple[int, str, int, int]] = []
        kinds: list[NDArray[np.int64]] = []
        known: dict[str, int] = {}
        start = 0
        for row in lots:
            self._lots.append((row[0], row[1], start, start + len(row[2]) // 8))
            start += len(row[2]) // 8
            numbers = [known.setdefault(kind, len(known)) for kind in json.loads(row[7])]
            kinds.append(np.array(numbers, np.int64)[np.frombuffer(row[6], "<u2")])
        self._starts = [each[2] for each in self._lots]
        self._kind_names = list(known)
        self._kinds = np.concatenate(kinds) if kinds else np.zeros(0, np.int64)
        self._sections = np.frombuffer(b"".join(row[5] for row in lots), "<i8")
        self._numbers = json.dumps([row[0] for row in lots])
        self._ids = np.frombuffer(b"".join(row[2] for row in lots), "<i8")
        self._order = np.argsort(self._ids, kind="stable")
        self._lengths = np.frombuffer(b"".join(row[3] for row in lots), "<u4").astype(np.float32)
        titles = np.frombuffer(b"".join(row[4] for row in lots), np.uint8)
        self._titles = np.maximum(titles, 1).astype(np.float32)
        self._known: dict[str, Posting] = {}
        self._kept = 0

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return len(self._ids)

    def scores(self, plan: Plan, weights: Weights) -> Floats:
        """The score of every row; 0 where no term is met."""
        count = len(self._ids)
        total, met, titled, told = (np.zeros(count, np.float32) for _ in range(4))
        found = np.zeros(count, bool)
        norm = 1 - weights.length + weights.length * self._lengths / np.float32(plan.mean_length)
        possible = sum(group.weight * group.rarity for group in plan.groups)
        for group in plan.groups:
            ways = [(way, posting) for way in group.ways if (posting := self._way(way, weights))]
            for _, posting in ways:
                found[posting.rows[: posting.whole]] = True
            self._add(group, ways, norm, weights, (total, met, titled, told))
        if not possible:
            return total
        total[~found] = 0  # words of a phrase that stand apart add something, and find nothing
        total *= 0.2 + 0.8 * (met / np.float32(possible)) ** np.float32(weights.covered)
        rows = np.flatnonzero(titled)
        share = np.minimum(told[rows] / self._titles[rows], 1)
        total[rows] *= 1 + np.float32(weights.titled / possible) * titled[rows] * share
        whole = (share >= 1) & (self._titles[rows] == plan.asked.count(" ") - 1)
        total[rows[whole]] *= 1 + np.float32(weights.exact)  # as long as the question, and of it
        return total

    def best(
        self,
        scores: Floats,
        most: int,
        sources: frozenset[str] | None = None,
        within: Iterable[int] | None = None,
        without: Sequence[int] = (),
    ) -> list[tuple[int, float]]:
        """The ids of the highest scores, best first, of those that may be found."""
        if sources is not None or within is not None or len(without):
            scores = np.where(self._allowed(sources, within, without), scores, 0)
        rows = np.flatnonzero(scores)
        if len(rows) > most:
            found = scores[rows]
            least = np.partition(found, len(rows) - most)[len(rows) - most]
            rows = rows[found >= least]
        order = np.lexsort((self._ids[rows], -scores[rows]))[:most]
        rows = rows[order]
        return list(zip(self._ids[rows].tolist(), scores[rows].tolist(), strict=True))

    def of(self, scores: Floats, ids: Iterable[int]) -> dict[int, float]:
        """The scores of some chunks."""
        wanted = np.fromiter(ids, np.int64)
        rows = self.rows(wanted)
        return dict(zip(self._ids[rows].tolist(), scores[rows].tolist(), strict=True))

    def standing(self, ids: Iterable[int]) -> dict[int, Standing]:
        """What decides the place of some chunks; those that are not indexed are left out."""
        rows = self.rows(np.fromiter(ids, np.int64))
        return {
            number: Standing(
                self._lots[bisect_right(self._starts, row) - 1][1], section, self._kind_names[kind]
            )
            for row, number, section, kind in zip(
                rows.tolist(),
                self._ids[rows].tolist(),
                self._sections[rows].tolist(),
                self._kinds[rows].tolist(),
                strict=True,
            )
        }

    def rows(self, ids: Rows) -> Rows:
        """The rows of chunks; those that are not there are left out."""
        if not len(self._ids):
            return np.zeros(0, np.int64)
        places = np.searchsorted(self._ids, ids, sorter=self._order)
        rows = self._order[np.minimum(places, len(self._ids) - 1)]
        found: Rows = rows[self._ids[rows] == ids]
        return found

    def _allowed(
        self, sources: frozenset[str] | None, within: Iterable[int] | None, without: Sequence[int]
    ) -> NDArray[np.bool_]:
        allowed = np.ones(len(self._ids), bool)
        if sources is not None:
            for _, sha256, start, end in self._lots:
                if sha256 not in sources:
                    allowed[start:end] = False
        if within is not None:
            inside = np.zeros(len(self._ids), bool)
            inside[self.rows(np.fromiter(within, np.int64))] = True
            allowed &= inside
        if len(without):
            allowed[self.rows(np.array(without, np.int64))] = False
        return allowed

    def _add(
        self,
        group: Group,
        ways: Sequence[tuple[Way, Posting]],
        norm: Floats,
        weights: Weights,
        sums: tuple[Floats, Floats, Floats, Floats],
    ) -> None:
        """Add what one term is worth to the sums: all, met, in headings, words of headings."""
        total, met, titled, told = sums
        if len(ways) == 1:
            way, posting = ways[0]
            rows, value = posting.rows, _value(way, posting, norm, weights)
            total[rows] += group.weight * value
            met[rows] += group.weight * np.minimum(value, group.rarity)
        elif ways:
            best = np.zeros(len(self._ids), np.float32)
            for way, posting in ways:
                rows = posting.rows
                best[rows] = np.maximum(best[rows], _value(way, posting, norm, weights))
            total += group.weight * best
            met += group.weight * np.minimum(best, group.rarity)
        if any(posting.heads.any() for _, posting in ways):
            best = np.zeros(len(self._ids), np.float32)
            for way, posting in reversed(ways):  # the strongest comes last, and stays
                rows = posting.rows[posting.heads > 0]
                best[rows] = group.weight * min(way.weight * way.rarity, group.rarity)
                told[posting.rows] += posting.heads * len(way.parts)
            titled += best

    def _way(self, way: Way, weights: Weights) -> Posting | None:
        """Where a way of saying stands; None when it is nowhere."""
        key = way.stems.strip()
        known = self._known.get(key)
        if known is None:
            parts = [self._stem(part) for part in way.parts]
            known = parts[0] if len(parts) == 1 else self._keep(key, _phrase(parts, weights))
        return known if len(known.rows) else None

    def _stem(self, stem: str) -> Posting:
        known = self._known.get(stem)
        return known if known is not None else self._keep(stem, self._read(stem))

    def _keep(self, key: str, posting: Posting) -> Posting:
        self._kept += len(posting.rows) + len(posting.keys) // 2
        if self._kept > KEPT:
            self._known.clear()
            self._kept = len(posting.rows)
        self._known[key] = posting
        return posting

    def _read(self, stem: str) -> Posting:
        """A stem's chunks, out of each lot that has it."""
        found = {
            lot: (pairs, places)
            for lot, pairs, places in self._connection.execute(
                "SELECT lot, pairs, places FROM search_postings"
                " WHERE lot IN (SELECT value FROM json_each(?)) AND stem = ?",
                [self._numbers, stem],
            )
        }
        starts, pairs, places = [], [], []
        for lot, _, start, _ in self._lots:
            if lot in found:
                starts.append((start, len(found[lot][0]) // PAIR.itemsize))
                pairs.append(found[lot][0])
                places.append(found[lot][1])
        every = np.frombuffer(b"".join(pairs), PAIR)
        bases = np.repeat(
            np.array([start for start, _ in starts], np.int64), [size for _, size in starts]
        )
        rows = every["doc"] + bases
        heads, paths, bodies = (every[name].astype(np.float32) for name in PAIR.names[1:])  # type: ignore[index]
        times = (heads + paths + bodies).astype(np.int64)
        keys = (np.repeat(rows, times) << 16) + np.frombuffer(b"".join(places), "<u2")
        return Posting(rows, heads, paths, bodies, len(rows), keys)


def _value(way: Way, posting: Posting, norm: Floats, weights: Weights) -> Floats:
    often = posting.bodies / norm[posting.rows]
    often += weights.heading * posting.heads
    often += weights.path * posting.paths
    strength = way.weight * way.rarity * (weights.saturation + 1)
    value: Floats = (strength * often / (often + weights.saturation)).astype(np.float32)
    return value


def _phrase(parts: Sequence[Posting], weights: Weights) -> Posting:
    """Where stems stand one behind the other; weaker, where they only stand in one chunk."""
    keys = parts[0].keys
    for part in parts[1:]:
        keys = _among(keys + 1, part.keys)
    keys -= len(parts) - 1
    rows = keys >> 16
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    place = keys & 0xFFFF
    together = rows[firsts]
    counts = [
        np.add.reduceat(there.astype(np.float32), firsts)
        if len(firsts)
        else np.zeros(0, np.float32)
        for there in (place < PATH, (place >= PATH) & (place < BODY), place >= BODY)
    ]
    apart = parts[0].rows
    for part in parts[1:]:
        apart = _among(apart, part.rows)
    apart = apart[~_is_in(apart, together)]
    none = np.zeros(len(apart), np.float32)
    loose = np.full(
        len(apart), weights.apart / max(weights.path, 0.01), np.float32
    )  # as in scoring.score
    return Posting(
        np.concatenate([together, apart]),
        np.concatenate([counts[0], none]),
        np.concatenate([counts[1], loose]),
        np.concatenate([counts[2], none]),
        len(together),
    )


def _among(some: Rows, those: Rows) -> Rows:
    """The keys that are in both; each in order and once."""
    if len(some) > len(those):
        some, those = those, some
    return some[_is_in(some, those)]


def _is_in(some: Rows, those: Rows) -> NDArray[np.bool_]:
    if not len(those):
        return np.zeros(len(some), bool)
    places = np.minimum(np.searchsorted(those, some), len(those) - 1)
    there: NDArray[np.bool_] = those[places] == some
    return there
