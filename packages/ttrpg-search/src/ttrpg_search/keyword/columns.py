"""The words of every chunk as columns of numbers: the ranking of :mod:`.scoring`, all at once.

What is read stays in memory while the index is as it was, so the words that many questions have are
read once. The numbers are those of :func:`.scoring.score`; how near the terms stand to each other
is looked at in the best alone.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ttrpg_search.highest import highest
from ttrpg_search.keyword.lots import Lots
from ttrpg_search.keyword.plan import Group, Plan, Way
from ttrpg_search.keyword.postings import EMPTY, Floats, Posting, Postings, Rows
from ttrpg_search.keyword.ready import opened, write
from ttrpg_search.keyword.scoring import NEAR, Weights, told

LONG = 5.0
"""Letters of a stem and the space behind it, on average: :mod:`.scoring` counts in letters."""
PAGES = 16_000
"""Kilobytes of the database that stay in memory: with SQLite's own 2,000 a question reads most of
what it needs from the system each time."""
MANY = 16
"""Times as many rows in which fewer are looked up one by one, and not by a mark on each."""
_FAR = 1e9
"""How far, in stems, a term stands that is nowhere: too far to count."""
Said: TypeAlias = tuple[Way, Posting]
"""A way of saying a term, with the rows that have it."""


class Columns:
    """One moment of the index, through one connection.

    ``generation`` names the moment, ``mean_length`` is that of its chunks. ``folder`` may have the
    postings of this moment made ready.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        generation: int,
        mean_length: float,
        weights: Weights,
        folder: Path | None = None,
    ) -> None:
        self.generation = generation
        self._connection = connection
        connection.execute(f"PRAGMA cache_size = {-PAGES}")
        self._weights = weights
        self.lots = Lots(connection)
        self._ids = self.lots.ids
        count = len(self._ids)
        norm = 1 - weights.length + weights.length * self.lots.lengths / np.float32(mean_length)
        self._postings = Postings(
            connection,
            self.lots.begins,
            norm.astype(np.float32),
            weights,
            lambda: opened(folder, generation, weights) if folder else None,
        )
        self._factor = np.ones(count, np.float32)
        self._found = np.zeros(count, bool)
        self._met, self._best, self._some, self._titled, self._told = (
            np.zeros(count, np.float32) for _ in range(5)
        )

    def make_ready(self, folder: Path, phrases: Iterable[tuple[str, ...]]) -> None:
        """Write all postings, and those of some phrases, so that they are read quickly."""
        every = self._postings.every(phrases)
        write(folder, self.generation, len(self._ids), self._weights, every)

    def scores(self, plan: Plan, allowed: NDArray[np.bool_] | None = None) -> Floats:
        """The score of every row; 0 where no term is met, and of what is not allowed."""
        weights = self._weights
        total, met = np.zeros(len(self._ids), np.float32), self._met
        met.fill(0)
        found = self._postings.of({way.parts for group in plan.groups for way in group.ways})
        groups = [
            (group, [(way, found[way.parts]) for way in group.ways if len(found[way.parts].rows)])
            for group in plan.groups
        ]
        possible = sum(group.weight * group.rarity for group in plan.groups)
        for group, ways in groups:
            self._add(group, ways, total, met)
        if not possible:
            return total
        self._leave_out(total, [*found.values()])
        met *= np.float32(1 / possible)
        if weights.covered != 1:
            np.power(met, np.float32(weights.covered), out=met)
        met *= np.float32(0.8)
        met += np.float32(0.2)
        total *= met
        if len(self.lots.empty):
            total[self.lots.empty] = 0
        if allowed is not None:
            total[~allowed] = 0
        titled = self._add_titles(plan, groups, total, np.float32(weights.titled / possible))
        rows = highest(total, NEAR, 0)
        if len(rows):
            self._look(plan, groups, rows, total, possible)
        if len(titled):
            self._factor[titled] = 1
        return total

    def best(self, scores: Floats, most: int) -> list[tuple[int, float]]:
        """The ids of the highest scores, best first."""
        rows = highest(scores, most, 0)
        found = scores[rows]
        order = np.lexsort((self._ids[rows], -found))[:most]
        return list(zip(self._ids[rows[order]].tolist(), found[order].tolist(), strict=True))

    def of(self, scores: Floats, ids: Iterable[int]) -> dict[int, float]:
        """The scores of some chunks."""
        rows = self.lots.rows(np.fromiter(ids, np.int64))
        return dict(zip(self._ids[rows].tolist(), scores[rows].tolist(), strict=True))

    def having(
        self, wanted: Sequence[Iterable[str]], ids: Sequence[int], *, headed: bool
    ) -> frozenset[int]:
        """Those of some chunks that have all stems of one that is wanted.

        In their headings, if ``headed``.
        """
        rows = self.lots.rows(np.array(ids, np.int64))
        postings = self._postings.of({(stem,) for stems in wanted for stem in stems})
        found: set[int] = set()
        for stems in wanted:
            there = rows
            for stem in stems:
                posting = postings[(stem,)]
                having = posting.head_rows if headed else posting.rows
                there = there[_has(having, there)[1]] if len(having) else EMPTY.rows
                if not len(there):
                    break
            found.update(self._ids[there].tolist())
        return frozenset(found)

    def _add(self, group: Group, ways: Sequence[Said], total: Floats, met: Floats) -> None:
        """Add what one term is worth to all, and to what is met; it counts by its best way."""
        weight, most = np.float32(group.weight), np.float32(group.weight * group.rarity)
        some = self._some
        if len(ways) == 1 and ways[0][1].dense is None:
            way, posting = ways[0]
            value = posting.worth * np.float32(group.weight * way.weight * way.rarity)
            np.add.at(total, posting.rows, value)
            np.add.at(met, posting.rows, np.minimum(value, most))
            return
        best = self._best
        wide = [(way, posting.dense) for way, posting in ways if posting.dense is not None]
        if not wide:
            best.fill(0)
        for number, (way, dense) in enumerate(wide):
            strength = np.float32(way.weight * way.rarity) * weight
            np.multiply(dense, strength, out=some if number else best)
            if number:
                np.maximum(best, some, out=best)
        for way, posting in ways:
            if posting.dense is None:
                strength = np.float32(way.weight * way.rarity) * weight
                np.maximum.at(best, posting.rows, posting.worth * strength)
        total += best
        some.fill(most)  # numpy compares two columns quicker than one with a number
        np.minimum(best, some, out=best)
        met += best

    def _leave_out(self, total: Floats, postings: Sequence[Posting]) -> None:
        """Set to 0 what has nothing but words of a phrase that stand apart: they only add."""
        loose = [posting.apart for posting in postings if len(posting.apart)]
        if not loose:
            return
        rows = np.concatenate(loose)
        found = self._found
        marked: list[Rows] = []
        # the words themselves are mostly asked for, too, and stand in nearly all of these
        for posting in sorted(postings, key=lambda each: -len(each.rows)):
            there = posting.whole if len(posting.apart) else posting.rows
            if there is posting.rows and posting.dense is not None:
                rows = rows[posting.dense[rows] == 0]
            elif len(there) > MANY * len(rows):
                rows = rows[~_has(there, rows)[1]]
            elif len(there):
                found[there] = True
                marked.append(there)
        total[rows[~found[rows]]] = 0
        for there in marked:
            found[there] = False

    def _add_titles(
        self,
        plan: Plan,
        groups: Sequence[tuple[Group, Sequence[Said]]],
        total: Floats,
        share_of: np.float32,
    ) -> Rows:
        """Multiply by what of the heading is asked for, nearly; the rows that this changed.

        The factor of each is left in ``_factor``.
        """
        titled, told_of, best = self._titled, self._told, self._best
        touched: list[Rows] = []
        heads: list[Floats] = []
        for group, ways in groups:
            there = [(way, posting) for way, posting in ways if len(posting.head_rows)]
            for way, posting in reversed(there):  # the strongest comes last, and stays
                best[posting.head_rows] = _in_title(group, way)
                parts = len(way.parts)
                heads.append(posting.heads if parts == 1 else posting.heads * np.float32(parts))
            if there:
                rows = np.concatenate([posting.head_rows for _, posting in reversed(there)])
                titled[rows] += best[rows]  # one that is there twice is set twice to the same
                touched.append(rows)
        if not touched:
            return EMPTY.rows
        rows = np.concatenate(touched)
        np.add.at(told_of, rows, np.concatenate(heads))
        titles = self.lots.titles[rows]
        share = np.minimum(told_of[rows] / titles, 1)
        factor = 1 + share_of * titled[rows] * share
        whole = (share >= 1) & (titles == plan.asked.count(" ") - 1)
        factor[whole] *= np.float32(1 + self._weights.exact)  # as long as the question, and of it
        total[rows] *= factor
        self._factor[rows] = factor
        titled[rows] = told_of[rows] = 0
        return rows

    def _look(
        self,
        plan: Plan,
        groups: Sequence[tuple[Group, Sequence[Said]]],
        rows: Rows,
        total: Floats,
        possible: float,
    ) -> None:
        """Score the best as :func:`.scoring.score` does.

        With the words of their headings, and how near terms stand, each by its best way.
        """
        weights = self._weights
        there = [(group, ways) for group, ways in groups if ways]
        places = np.zeros((len(there), len(rows)))
        titled = np.zeros(len(rows))
        for number, (group, ways) in enumerate(there):
            best: Floats | None = None
            title: Floats | None = None
            for way, posting in ways:
                at, has = _has(posting.rows, rows)
                if not np.count_nonzero(has):  # most ways of saying
                    continue
                strength = way.weight * way.rarity
                if len(posting.head_rows):
                    in_heading = _has(posting.head_rows, rows)[1]
                    if best is not None:
                        in_heading &= best < strength * (weights.saturation + 1)
                    told_of = np.float32(min(strength, group.rarity)) * in_heading
                    title = told_of if title is None else np.maximum(title, told_of)
                first = posting.firsts.take(at, mode="clip")
                if len(ways) == 1:
                    np.multiply(first, has, out=places[number])
                    break
                value = posting.worth.take(at, mode="clip") * np.float32(strength)
                value *= has
                if best is None:
                    best = value
                    np.multiply(first, has, out=places[number])
                else:
                    better = value > best
                    np.copyto(best, value, where=better)
                    np.copyto(places[number], first, where=better)
            if title is not None:
                titled += group.weight * title
        factor = self._headed(plan, rows, titled * (weights.titled / possible))
        known = places > 0
        many = np.add.reduce(known, axis=0)
        missing = _FAR * np.arange(1, len(there) + 1)[:, None]
        places = np.where(known, places, missing)
        places.sort(axis=0)
        nearness = np.add.reduce(1 / (1 + (places[1:] - places[:-1]) * (LONG / 40)), axis=0)
        factor *= 1 + weights.near * nearness / np.maximum(many - 1, 1)
        total[rows] *= (factor / self._factor[rows]).astype(np.float32)

    def _headed(self, plan: Plan, rows: Rows, titled: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the headings of some rows multiply by; ``titled`` is what their terms are worth."""
        factor = np.ones(len(rows))
        (some,) = titled.nonzero()
        if not len(some):
            return factor
        ids = self._ids[rows[some]].tolist()
        headings = dict(
            self._connection.execute(
                "SELECT id, heading FROM search_texts WHERE id IN (SELECT value FROM json_each(?))",
                [str(ids)],
            ).fetchall()
        )
        exact = 1 + self._weights.exact
        for place, number in zip(some.tolist(), ids, strict=True):
            heading = headings.get(number, "")  # a row can be missing of an index that is damaged
            factor[place] += titled[place] * told(heading, plan)
            if heading == plan.asked:
                factor[place] *= exact
        return factor


def _has(some: Rows, rows: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """Where rows stand among some that are in order, and which of them do."""
    at = some.searchsorted(rows)
    return at, some.take(at, mode="clip") == rows


def _in_title(group: Group, way: Way) -> np.float32:
    return np.float32(group.weight * min(way.weight * way.rarity, group.rarity))
