"""The embedding that ships: a vector for each piece of a word and each common pair of pieces.

A text's vector is the sum of theirs, brought to length one; how much a piece counts is in its own
length. No model runs, so a question costs well under a millisecond and needs no weights to be
fetched. ``bench/library/train_static.py`` trains the vectors: they reproduce what all-MiniLM-L6-v2
makes of rules and of everyday English, and bring a question near to the passage that answers it.

``static.bin`` is one line of JSON, then blocks of bytes whose sizes it tells: the vocabulary, the
pairs (two 16-bit numbers each), a 16-bit float for each row, and the rows in 8-bit integers.
"""

import json
import mmap
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from ttrpg_core.context import Context
from ttrpg_core.errors import PluginError
from ttrpg_search.embed.arrays import Array, unit
from ttrpg_search.embed.wordpiece import WordPiece

FILE = Path(__file__).with_name("static.bin")
WINDOW = 512
"""Pieces of a text that are read."""
BATCH = 256
"""Texts that are worked on at once."""


@attrs.frozen
class Table:
    """What the file holds."""

    id: str
    words: dict[str, int]
    pairs: dict[tuple[int, int], int]
    scales: Array
    rows: NDArray[np.int8]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Map the file; PluginError when it is not whole."""
        try:
            with path.open("rb") as file:
                whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            line = whole.readline()
            told = json.loads(line)
            names = whole.read(told["words"]).decode().split("\n")
            count, dimension = told["rows"], told["dimension"]
            at = len(line) + told["words"]
            pairs = np.frombuffer(whole, "<u2", 2 * told["pairs"], at).reshape(-1, 2).tolist()
            at += 4 * told["pairs"]
            scales = np.frombuffer(whole, "<f2", count, at).astype(np.float32)
            at += 2 * count
            rows = np.frombuffer(whole, np.int8, count * dimension, at).reshape(count, dimension)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PluginError(
                f"the static embedding {path.name} is damaged: {error}",
                "Install ttrpg-search again",
            ) from error
        numbered = {(left, right): n for n, (left, right) in enumerate(pairs, len(names))}
        words = {name: n for n, name in enumerate(names)}
        return cls(told["id"], words, numbered, scales, rows)


class Static:
    """Vectors of texts by looking up and adding."""

    def __init__(self, _context: Context | None = None, path: Path = FILE) -> None:
        self._path = path

    @cached_property
    def id(self) -> str:
        """The version and the first digits of the SHA-256 of the rows."""
        return self._table.id

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self._table.rows.shape[1])

    def embed(self, texts: Sequence[str]) -> Array:
        """One vector a text, in order."""
        found = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            numbers = [self.numbers(text) for text in texts[start : start + BATCH]]
            counts = np.array([len(each) for each in numbers])
            some = np.flatnonzero(counts)
            if not len(some):
                continue
            flat = np.concatenate([np.array(numbers[place], np.intp) for place in some])
            rows = self._table.rows[flat] * self._table.scales[flat, None]
            starts = np.concatenate([[0], np.cumsum(counts[some])[:-1]])
            found[start + some] = np.add.reduceat(rows, starts)
        return unit(found)

    def numbers(self, text: str) -> list[int]:
        """The rows that a text is the sum of."""
        pieces = self._words.tokens(text, WINDOW)
        pairs = self._table.pairs
        return [
            *(piece for piece in pieces if piece != self._words.unknown),
            *(pairs[pair] for pair in pairwise(pieces) if pair in pairs),
        ]

    @cached_property
    def _table(self) -> Table:
        return Table.read(self._path)

    @cached_property
    def _words(self) -> WordPiece:
        return WordPiece(self._table.words)
