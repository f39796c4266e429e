"""Fills the index of vectors with what the library has, after the text can be searched already.

It goes on where it stopped: what has a vector is left alone, what is gone from the library is
forgotten, another embedder's vectors are cleared first. One process does it at a time, and books
that are added meanwhile are done before it ends. A passage's vector is that of its headings and
text, with a share of its title's own, so that a question that describes the title is near it too.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import attrs
import numpy as np

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import StoreError
from ttrpg_core.paths import locked
from ttrpg_core.search import Embedder, Filled, VectorIndex
from ttrpg_search.asking.lexicon import lexicon
from ttrpg_search.fts import Fts5, chunks_of
from ttrpg_search.scope import shelf_of
from ttrpg_search.vectors.faiss_index import FaissIndex

TITLE = 0.15
"""The share of the title in a passage's vector."""
FIRST, MOST = 4, 2048
"""Passages that are embedded and kept at once: few at first, as nobody knows how long it takes."""
QUICK, SLOW = 0.25, 1.0
"""Seconds: after a batch that took less the next is twice as large, after more half."""
PROBES = 8
"""Vectors that are made again and compared, before others are put beside them."""
LIKE = 0.98
"""Cosine from which two vectors are of one text."""


class Aside(NamedTuple):
    """A file that a large library is quicker with: made at the end, where it is ``lacking``."""

    name: str
    lacking: Callable[[], bool]
    make: Callable[[], None]


@attrs.frozen
class Filling:
    """What there was to do: vectors ``made``, ``forgotten``, and ``kept`` from before."""

    made: int
    forgotten: int
    kept: int


def filled(context: Context) -> Iterator[Filled]:
    """Fill what the settings choose, one process at a time; see :class:`ttrpg_core.search.Filler`.

    Nothing where there is no embedder or no index. Busy while another process does it.
    """
    index, embedder = context.backend("vector"), context.backend("embedder")
    if not isinstance(index, VectorIndex) or not isinstance(embedder, Embedder):
        return
    try:
        left = -1
        while left:
            with locked(context.folder / "filling", 0):
                yield from steps(context.database(), embedder, index, _words(context))
            # whoever added a book while the lock was held went away, and relies on this look
            before, left = left, len(_missing(context.database(), index)[0])
            if left == before:
                return
    finally:
        index.close()


def steps(
    connection: sqlite3.Connection,
    embedder: Embedder,
    index: VectorIndex,
    aside: Sequence[Aside] = (),
) -> Iterator[Filled]:
    """Fill one index; how far it is, before the first batch and after each.

    What is to be made ``aside`` comes last, with the index's own codes.
    """
    if isinstance(index, FaissIndex):
        aside = [Aside("codes of vectors", index.outgrown, index.grow), *aside]
    missing, gone, total = _ready(connection, embedder, index)
    if gone:
        index.remove(gone)
    done, size = total - len(missing), FIRST
    yield Filled(done, total, embedder.id, _rest(aside) if not missing else "")
    while missing:
        batch, missing = missing[:size], missing[size:]
        begun = time.monotonic()
        chunks = list(chunks_of(connection, batch).values())
        if chunks:
            index.add(embedder.id, [each.id for each in chunks], vectors_of(embedder, chunks))
        took = time.monotonic() - begun
        if took < QUICK:
            size = min(2 * size, MOST)
        elif took > SLOW:
            size = max(size // 2, FIRST)
        done += len(batch)
        yield Filled(done, total, embedder.id, _rest(aside) if not missing else "")
    for each in aside:
        if each.lacking():
            each.make()
            yield Filled(done, total, embedder.id, _rest(aside))


def fill(
    connection: sqlite3.Connection,
    embedder: Embedder,
    index: VectorIndex,
    progress: Callable[[int, int], None] | None = None,
) -> Filling:
    """Fill one index to the end; ``progress`` is told how many are done, of how many."""
    before = index.ids() if index.embedder() == embedder.id else frozenset()
    first = last = 0
    for number, step in enumerate(steps(connection, embedder, index)):
        if not number:
            first = step.done
        last = step.done
        if progress is not None:
            progress(step.done, step.total)
    return Filling(last - first, len(before - index.ids()), first)


def vectors_of(embedder: Embedder, chunks: Sequence[Chunk]) -> np.ndarray:
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


def _ready(
    connection: sqlite3.Connection, embedder: Embedder, index: VectorIndex
) -> tuple[list[int], frozenset[int], int]:
    """An index that holds nothing wrong: passages without a vector, those gone, and how many."""
    try:
        if index.embedder() not in {"", embedder.id}:
            index.clear()
        found = _missing(connection, index)
    except StoreError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise  # they may be whole, and only not to be read now
        index.clear()  # damaged; what is there can be made again
        found = _missing(connection, index)
    if (found[0] or found[1]) and not _true(connection, embedder, index):
        index.clear()
        found = _missing(connection, index)
    return found


def _missing(
    connection: sqlite3.Connection, index: VectorIndex
) -> tuple[list[int], frozenset[int], int]:
    wanted = [
        row[0]
        for row in connection.execute(
            "SELECT id FROM search_texts WHERE id IN (SELECT id FROM chunks) ORDER BY id"
        )
    ]
    there = index.ids()
    return [n for n in wanted if n not in there], there.difference(wanted), len(wanted)


def _true(connection: sqlite3.Connection, embedder: Embedder, index: VectorIndex) -> bool:
    """Whether some vectors are those of the passages with their ids now, the latest among them.

    They are not where an older copy of the database was put back: ids are then given again.
    """
    there = sorted(index.ids())
    chosen = {*there[-PROBES // 2 :], *there[:: max(1, 2 * len(there) // PROBES)]}
    chunks = list(chunks_of(connection, chosen).values())
    if not chunks:
        return True
    for chunk, vector in zip(chunks, vectors_of(embedder, chunks), strict=True):
        found = index.search(vector, 1, frozenset({chunk.id}))
        if found and found[0][1] < LIKE:
            return False
    return True


def _rest(aside: Iterable[Aside]) -> str:
    """What is still to be made aside, in words."""
    names = [each.name for each in aside if each.lacking()]
    return f"{' and '.join(names)} for a large library" if names else ""


def _words(context: Context) -> list[Aside]:
    """The postings of the words, where the keyword backend keeps them ready."""
    keyword = context.backend("keyword")
    if not isinstance(keyword, Fts5):
        return []

    def make() -> None:
        known = lexicon(shelf_of(context.database()).systems, context.language())
        keyword.make_ready(known.phrases())

    return [Aside("a file of words", keyword.unready, make)]
