"""Postings made ready: a file from which a question reads all that there is of a stem at once.

The packs in the database are written with the chunks; to use them a question joins a row of each
pack and computes what every chunk's length makes of it, and a phrase is looked for in the places of
its words. In a large library that is most of a question, and the same until the next change. So
``library index`` writes the outcome into a file beside the database, of every stem and of the
phrases that the language of the table names. Its name holds the generation of the index, another
number after each change: a file of another moment is never read, whether a transaction was rolled
back, a process killed or an older copy of the database put back. It can be deleted.

The file is: :data:`_MAGIC`; a record for each key (see :func:`_record`); a row of six numbers for
each (i8): where its record begins, its bytes, and how many chunks have it, have it in the heading,
as a whole phrase and as one torn apart; then JSON that says what there is, and its size (u8).
Numbers are little-endian.
"""

import contextlib
import json
import os
import sys
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import make_folder
from ttrpg_search.keyword.postings import Posting, dense
from ttrpg_search.keyword.scoring import Weights

READY_FROM = 4096
"""Chunks from which a file is worth making; of fewer the packs are as quick."""
_MAGIC = b"ttrpg postings 1\n"
_SUFFIX = ".postings"
_HALF = ".half."
_TAIL = 8
_ROW = 48


class Ready:
    """The file of one moment, open until nobody has this any more."""

    def __init__(self, file: int, keys: Sequence[str], table: NDArray[np.int64], rows: int) -> None:
        self._file = file
        self._keys = dict(zip(keys, range(len(keys)), strict=True))
        self._table = table
        self._rows = rows
        weakref.finalize(self, os.close, file)

    def posting(self, key: str) -> Posting | None:
        """What there is of a stem or phrase; None for one that cannot be read here."""
        number = self._keys.get(key)
        if number is None:
            return None
        begin, size, count, heads, whole, apart = self._table[number].tolist()
        data = _read(self._file, begin, size)
        if len(data) < size:  # somebody cut it
            return None
        rows = np.frombuffer(data, "<i4", count).astype(np.int64)
        worth = np.frombuffer(data, "<f4", count, 4 * count)
        at = 8 * count
        head_rows = np.frombuffer(data, "<i4", heads, at).astype(np.int64)
        told = np.frombuffer(data, "<f4", heads, at + 4 * heads)
        at += 8 * heads
        return Posting(
            rows,
            worth,
            np.frombuffer(data, "<u2", count, at + 4 * (whole + apart)),
            head_rows,
            told,
            np.frombuffer(data, "<i4", whole, at).astype(np.int64),
            np.frombuffer(data, "<i4", apart, at + 4 * whole).astype(np.int64),
            dense(rows, worth, self._rows),
        )


def opened(folder: Path, generation: int, weights: Weights) -> Ready | None:
    """The file of a moment; None where there is none that can be used."""
    try:
        file = os.open(_path(folder, generation), os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        end = os.lseek(file, -_TAIL, os.SEEK_END)
        size = min(int.from_bytes(_read(file, end, _TAIL), "little"), end)
        told = json.loads(_read(file, end - size, size))
        keys = told["keys"].split("\n")
        table = np.frombuffer(_read(file, end - size - _ROW * len(keys), _ROW * len(keys)), "<i8")
        if _read(file, 0, len(_MAGIC)) == _MAGIC and told["weights"] == list(weights):
            return Ready(file, keys, table.reshape(len(keys), -1), told["rows"])
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # damaged: it is as if it were not there
        pass
    os.close(file)
    return None


def write(
    folder: Path,
    generation: int,
    rows: int,
    weights: Weights,
    postings: Iterable[tuple[str, Posting]],
) -> None:
    """Write the file of a moment, in whole or not at all, and remove those of others.

    Nothing is written on a disk that is full or cannot be written. One process at a time does it.
    """
    keys: list[str] = []
    table: list[tuple[int, ...]] = []
    try:
        make_folder(folder)
        _sweep(folder, f"{_HALF}*")  # of a process that was killed
        handle, temporary = tempfile.mkstemp(prefix=_HALF, dir=folder)
    except (OSError, StoreError):
        return
    try:
        with os.fdopen(handle, "wb") as file:
            begin = file.write(_MAGIC)
            for key, posting in postings:
                size = file.write(_record(posting))
                counts = map(len, (posting.rows, posting.head_rows, posting.whole, posting.apart))
                keys.append(key)
                table.append((begin, size, *counts))
                begin += size
            file.write(np.array(table, "<i8").tobytes())
            told = {"rows": rows, "weights": weights, "keys": "\n".join(keys)}
            size = file.write(json.dumps(told, separators=(",", ":")).encode())
            file.write(size.to_bytes(_TAIL, "little"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(_path(folder, generation))
    except OSError:  # a full disk: questions go to the packs
        Path(temporary).unlink(missing_ok=True)
        return
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sweep(folder, f"*{_SUFFIX}", _path(folder, generation))


def lacking(folder: Path, generation: int, chunks: int, weights: Weights) -> bool:
    """Whether the file of a moment is worth making, and is not there or cannot be used."""
    return chunks >= READY_FROM and opened(folder, generation, weights) is None


def _sweep(folder: Path, pattern: str, kept: Path | None = None) -> None:
    for path in folder.glob(pattern):
        if path != kept:
            with contextlib.suppress(OSError):  # somebody reads it, on Windows
                path.unlink()


def _read(file: int, begin: int, size: int) -> bytes:
    if sys.platform == "win32":
        os.lseek(file, begin, os.SEEK_SET)
        return os.read(file, size)
    return os.pread(file, size, begin)


def _record(posting: Posting) -> bytes:
    """A posting's columns: rows, worth, head rows, heads, whole, apart, firsts."""
    columns = (
        (posting.rows, "<i4"),
        (posting.worth, "<f4"),
        (posting.head_rows, "<i4"),
        (posting.heads, "<f4"),
        (posting.whole, "<i4"),
        (posting.apart, "<i4"),
        (posting.firsts, "<u2"),
    )
    return b"".join([column.astype(kind).tobytes() for column, kind in columns])


def _path(folder: Path, generation: int) -> Path:
    return folder / f"{generation & (1 << 64) - 1:016x}{_SUFFIX}"
