"""Fills the index of vectors with what the library has, after the text can be searched already.

It goes on where it stopped: what has a vector is left alone, what is gone from the library is
forgotten. A passage's vector is that of its headings and text, with a share of its title's own, so
that a question that describes the title is near it too.
"""

import sqlite3
from collections.abc import Callable, Iterator

import attrs
import numpy as np

from ttrpg_core.documents import Chunk
from ttrpg_core.search import Embedder, VectorIndex
from ttrpg_search.fts import chunks_of

TITLE = 0.15
"""The share of the title in a passage's vector."""
BATCH = 64
"""Passages that are embedded and kept at once; what is lost when it is stopped."""


@attrs.frozen
class Filling:
    """What there was to do: vectors ``made``, ``forgotten``, and ``kept`` from before."""

    made: int
    forgotten: int
    kept: int


def fill(
    connection: sqlite3.Connection,
    embedder: Embedder,
    index: VectorIndex,
    progress: Callable[[int, int], None] | None = None,
) -> Filling:
    """Give every indexed passage a vector; ``progress`` is told how many are done, of how many.

    Another embedder's vectors are cleared first. It may be stopped anywhere, as by Ctrl-C.
    """
    wanted = [row[0] for row in connection.execute("SELECT id FROM search_texts ORDER BY id")]
    if index.embedder() not in {"", embedder.id}:
        index.clear()
    there = index.ids()
    gone = there.difference(wanted)
    if gone:
        index.remove(gone)
    missing = [number for number in wanted if number not in there]
    done = len(wanted) - len(missing)
    made = 0
    for batch in _batches(connection, missing):
        index.add(embedder.id, [chunk.id for chunk in batch], vectors_of(embedder, batch))
        made += len(batch)
        if progress is not None:
            progress(done + made, len(wanted))
    return Filling(made, len(gone), done)


def vectors_of(embedder: Embedder, chunks: list[Chunk]) -> np.ndarray:
    """The vectors of passages, of length one."""
    passages = np.asarray(embedder.embed([passage(chunk) for chunk in chunks]), np.float32)
    titles = np.asarray(embedder.embed([title(chunk) for chunk in chunks]), np.float32)
    mixed = (1 - TITLE) * passages + TITLE * titles
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    rows: np.ndarray = np.where(lengths > 0, mixed / np.maximum(lengths, 1e-12), passages)
    return rows


def title(chunk: Chunk) -> str:
    """What a passage is called."""
    return chunk.heading or " ".join(chunk.path[-1:]) or chunk.text[:80]


def passage(chunk: Chunk) -> str:
    """A passage with the headings that it stands under."""
    crumbs = " > ".join(chunk.path)
    return f"{crumbs}: {chunk.text}" if crumbs else chunk.text


def _batches(connection: sqlite3.Connection, numbers: list[int]) -> Iterator[list[Chunk]]:
    for start in range(0, len(numbers), BATCH):
        found = chunks_of(connection, numbers[start : start + BATCH])
        if found:
            yield list(found.values())
