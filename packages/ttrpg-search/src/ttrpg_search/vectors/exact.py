"""The default index of vectors: numpy over memory-mapped files.

Up to some thousand rows every vector is compared in full. In a larger index a first pass compares
sketches of 96 numbers; the best of that, eight times as many as are wanted, are then compared in
full, so every cosine is exact and only what the first pass left out can be missed
(``docs/decisions/0012-vectors-and-embedders.md`` has the measured share).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from ttrpg_core.context import Context
from ttrpg_core.errors import IndexMismatch, InputError
from ttrpg_core.search import Vectors
from ttrpg_search.highest import highest
from ttrpg_search.vectors.files import (
    Files,
    Floats,
    Ints,
    Snapshot,
    matrix,
)

CANDIDATES = 256
"""How many are compared in full after the first pass, at least."""
CANDIDATES_EACH = 8
"""How many for each that is wanted."""
FEW_DEAD = 1024
"""Dead rows that are never worth a new generation."""


class Exact:
    """Keeps vectors in the context's folder."""

    def __init__(self, context: Context) -> None:
        self.files = Files(context.folder)

    def embedder(self) -> str:
        """The id of the embedder whose vectors are here; "" while there are none."""
        head = self.files.snapshot().head
        return head.embedder if head.rows > head.dead else ""

    def ids(self) -> frozenset[int]:
        """The chunks that have a vector."""
        snapshot = self.files.snapshot()
        return frozenset(snapshot.ids[snapshot.alive].tolist())

    def add(self, embedder: str, ids: Sequence[int], vectors: Vectors) -> None:
        """Keep vectors, all of them or none; an id that is there already gets the new one.

        IndexMismatch for another embedder's or another dimension's, InputError for numbers that
        are none.
        """
        if not len(ids):
            return
        rows = matrix(vectors)
        last = {number: place for place, number in enumerate(ids)}  # of twins the later counts
        if rows.ndim != 2 or len(rows) != len(ids) or not np.isfinite(rows).all():  # noqa: PLR2004 - rows and columns
            raise InputError(
                f"{len(ids)} chunks need as many vectors of finite numbers; got {rows.shape}",
                "Tell the author of the embedder",
            )
        with self.files.lock():
            snapshot = self.files.snapshot()
            if snapshot.head.rows and snapshot.head.rows == snapshot.head.dead:
                self.files.empty()
                snapshot = self.files.snapshot()
            self._check(snapshot, embedder, rows.shape[1])
            if len(last) < len(ids):
                rows = rows[list(last.values())]
            self.files.append(snapshot, np.array(list(last), np.int64), rows, embedder)
            self.tidy()

    def remove(self, ids: Iterable[int]) -> None:
        """Forget chunks; one that is not there is no error."""
        wanted = np.unique(np.fromiter(ids, np.int64))
        if not len(wanted) or not self.files.snapshot().head.rows:
            return
        with self.files.lock():
            snapshot = self.files.snapshot()
            dead = snapshot.rows_of(wanted)
            if len(dead):
                self.files.bury(snapshot, dead)
                self.tidy()

    def clear(self) -> None:
        """Forget everything, and the embedder; also what is damaged."""
        if not self.files.head_path.exists():
            return
        with self.files.lock():
            self.files.empty()

    def search(
        self, vector: Sequence[float], k: int, within: frozenset[int] | None = None
    ) -> list[tuple[int, float]]:
        """The nearest; equal ones in the order of their ids."""
        snapshot = self.files.snapshot()
        head = snapshot.head
        asked = np.asarray(vector, np.float32)
        if head.rows and asked.shape != (head.dimension,):
            raise IndexMismatch(
                f"the question has {asked.size} numbers, the vectors of {head.embedder} have"
                f" {head.dimension}",
                "Ask with the embedder that the index was made with",
            )
        if k < 1 or head.rows == head.dead:
            return []
        rows = self.candidates(snapshot, asked, k, within)
        chosen = snapshot.rows if rows is None else snapshot.rows[rows]
        found = snapshot.ids if rows is None else snapshot.ids[rows]
        scores = np.vecdot(chosen, asked)  # not "@": its threads wait for each other when busy
        return _best(found, scores, k)

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        self.files.close()

    def candidates(
        self, snapshot: Snapshot, asked: Floats, k: int, within: frozenset[int] | None
    ) -> Ints | None:
        """The rows to compare in full; None for all."""
        rows = snapshot.living
        if within is not None:
            rows = snapshot.rows_of(np.fromiter(within, np.int64, len(within)))
        wanted = max(CANDIDATES, CANDIDATES_EACH * k)
        count = snapshot.head.rows if rows is None else len(rows)
        if snapshot.sketches is None or snapshot.basis is None or count <= 2 * wanted:
            return rows
        asked = asked @ snapshot.basis
        if rows is None or within is None:
            return self.first(snapshot, snapshot.sketches, asked, wanted)
        return rows[highest(np.vecdot(snapshot.sketches[rows], asked), wanted)]

    def first(
        self, snapshot: Snapshot, sketches: Floats, asked: Floats, wanted: int, since: int = 0
    ) -> Ints:
        """The living rows, of those from one on, with the sketches that are nearest to ``asked``.

        As many as are wanted, or a few more; ascending.
        """
        near = np.vecdot(sketches[since:], asked)
        if snapshot.living is None:
            return highest(near, wanted) + since
        living = snapshot.living[snapshot.living.searchsorted(since) :]
        return living[highest(near[living - since], wanted)]

    @staticmethod
    def _check(snapshot: Snapshot, embedder: str, dimension: int) -> None:
        head = snapshot.head
        if head.rows and (head.embedder, head.dimension) != (embedder, dimension):
            raise IndexMismatch(
                f"this index holds vectors of {head.embedder} ({head.dimension} numbers each), not"
                f" of {embedder} ({dimension})",
                "Make it again with the embedder that is chosen now: ttrpg library index",
            )

    def tidy(self) -> None:
        """Copy the living once the dead are as many."""
        snapshot = self.files.snapshot()
        dead = snapshot.head.dead
        if dead > FEW_DEAD and dead > snapshot.head.rows - dead:
            self.files.rewrite(snapshot)


def _best(ids: Ints, scores: Floats, k: int) -> list[tuple[int, float]]:
    # Rounded, since a sum's last digits depend on how many rows are summed at once.
    scores = scores.round(6)
    if k < len(scores):
        kept = highest(scores, k)
        ids, scores = ids[kept], scores[kept]
    order = np.lexsort((ids, -scores))[:k]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))
