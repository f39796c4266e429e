"""Rows of floats, and how they are brought to length one."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]


def pooled(states: Array, pooling: str) -> Array:
    """One vector of the states ``[tokens, width]`` of a text: their "mean", "max" or first."""
    found: Array
    match pooling:
        case "cls":
            found = states[0]
        case "max":
            found = states.max(0)
        case _:
            found = states.mean(0)
    return found


def unit(rows: Array) -> Array:
    """Rows brought to length one, in place; one of zeros points along the first axis."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows[lengths[:, 0] == 0, :1] = 1
    lengths[lengths == 0] = 1
    rows /= lengths
    return rows
