"""The safetensors format, read without its library.

Eight bytes give the length of a JSON header; it names each tensor's type, shape and place in the
bytes that follow. Nothing in it is code, and every number is checked before it is used.
Source: the format's own description in its repository's README.
"""

import json
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ttrpg_core.errors import PluginError
from ttrpg_search.embed.arrays import Array

MOST_HEADER = 8_000_000
"""Longest header, in bytes."""
_TYPES: dict[str, np.dtype[np.floating]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "F64": np.dtype("<f8"),
}
_HINT = "The file is damaged or of another kind; get the folder of the model again"


def read_tensors(path: Path, most_bytes: int = 4_000_000_000) -> dict[str, Array]:
    """Every tensor of floats as float32, by name; those of 32 bits are views of the file.

    Tensors of other types (positions, counters) are left out. PluginError when the file is not
    what it should be.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise PluginError(f"{path} has {size:,} bytes; at most {most_bytes:,} are read", _HINT)
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(MOST_HEADER, size - 8):
                raise PluginError(f"{path}: its header would have {length:,} bytes", _HINT)
            header = json.loads(file.read(length))
        whole = np.memmap(path, np.uint8, "r", offset=8 + length) if size > 8 + length else None
    except (OSError, ValueError, struct.error, RecursionError) as error:
        raise PluginError(f"cannot read the weights {path}: {error}", _HINT) from error
    if not isinstance(header, dict):
        raise PluginError(f"{path}: its header is not a table", _HINT)
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and whole is not None:
            tensor = _tensor(path, name, entry, whole)
            if tensor is not None:
                found[name] = tensor
    return found


def _tensor(path: Path, name: str, entry: object, whole: NDArray[np.uint8]) -> Array | None:
    try:
        if not isinstance(entry, dict) or entry["dtype"] not in {*_TYPES, "BF16"}:
            return None
        shape = tuple(int(each) for each in entry["shape"])
        start, end = (int(each) for each in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise PluginError(f"{path}: tensor {name!r} is not told in full", _HINT) from error
    wide = 2 if entry["dtype"] == "BF16" else _TYPES[entry["dtype"]].itemsize
    if not 0 <= start <= end <= len(whole) or min(shape, default=0) < 0:
        raise PluginError(f"{path}: tensor {name!r} is outside the file", _HINT)
    if math.prod(shape) * wide != end - start:
        raise PluginError(f"{path}: tensor {name!r} has not the size of its shape", _HINT)
    raw = np.asarray(whole[start:end])
    if entry["dtype"] == "BF16":  # the upper half of a 32-bit float
        upper = raw.view(np.dtype("<u2")).astype(np.uint32) << np.uint32(16)
        return upper.view(np.float32).reshape(shape)
    floats: Array = raw.view(_TYPES[entry["dtype"]]).reshape(shape).astype(np.float32, copy=False)
    return floats
