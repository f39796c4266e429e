"""The highest of many numbers, found without sorting them."""

import numpy as np
from numpy.typing import NDArray

BLOCKS = (64, 16)
"""Rows of which the best is looked at first: one of every so many, as numpy compares whole runs of
numbers at once. The first that leaves blocks enough is used."""
FEW = 2
"""Times as many blocks as are wanted, at the least."""


def highest(scores: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """The places of the highest scores, ascending: as many as are wanted, and what equals the last.

    So many blocks' best are no worse than any row that is left out, and few rows are as good.
    """
    if most >= len(scores):
        return np.arange(len(scores))
    places: NDArray[np.int64] | None = None
    for size in BLOCKS:
        blocks = len(scores) // size
        if blocks > FEW * most:
            wide = scores[: blocks * size].reshape(size, blocks)
            peaks = np.maximum.reduce(wide, axis=0)
            order = peaks.copy()
            order.partition(blocks - most)
            least = order[blocks - most]
            (among,) = (peaks >= least).nonzero()
            at, block = (wide[:, among] >= least).nonzero()
            rest = (scores[blocks * size :] >= least).nonzero()[0] + blocks * size
            places = np.concatenate([at * blocks + among[block], rest])
            scores = scores[places]
            break
    order = scores.copy()
    order.partition(len(scores) - most)
    kept: NDArray[np.int64] = (scores >= order[len(scores) - most]).nonzero()[0]
    return kept if places is None else places[kept]
