"""The highest of many numbers, found without sorting them."""

import numpy as np
from numpy.typing import NDArray

BLOCKS = (64, 16)
"""Rows of which the best is looked at first: one of every so many, as numpy compares whole runs of
numbers at once. The first that leaves blocks enough is used."""
FEW = 2
"""Times as many blocks as are wanted, at the least."""


def highest(scores: NDArray[np.float32], most: int, above: float = -np.inf) -> NDArray[np.int64]:
    """The places of the highest scores, ascending: as many as are wanted, and what equals the last.

    Only those ``above`` a score. So many blocks' best are no worse than any row that is left out,
    and few rows are as good.
    """
    if most < 1:
        return np.zeros(0, np.int64)
    places: NDArray[np.int64] | None = None
    for size in BLOCKS:
        blocks = len(scores) // size
        if blocks > FEW * most:
            wide = scores[: blocks * size].reshape(size, blocks)
            peaks = np.maximum.reduce(wide, axis=0)
            least = _last(peaks, most)
            if least > above:
                (among,) = (peaks >= least).nonzero()
                at, block = (wide[:, among] >= least).nonzero()
                rest = (scores[blocks * size :] >= least).nonzero()[0] + blocks * size
                places = np.concatenate([at * blocks + among[block], rest])
            break
    if places is None:
        (places,) = (scores > above).nonzero()
    if len(places) <= most:
        return places
    scores = scores[places]
    return places[scores >= _last(scores, most)]


def _last(scores: NDArray[np.float32], most: int) -> np.float32:
    """The least of so many highest."""
    order = scores.copy()
    order.partition(len(order) - most)
    found: np.float32 = order[len(order) - most]
    return found
