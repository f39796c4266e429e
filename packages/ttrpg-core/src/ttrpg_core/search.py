"""What is asked and what is found: queries, hits, and the protocols of backends."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import attrs

from ttrpg_core.documents import Chunk


@attrs.frozen
class Query:
    """Words to look for, in the books of ``sources`` (content hashes; None for every book)."""

    text: str
    sources: frozenset[str] | None = None


@attrs.frozen
class Hit:
    """A chunk found. A higher ``score`` is better; scores of two backends do not compare.

    ``marks`` are spans ``(start, end)`` of characters of ``chunk.text`` that met the query.
    """

    chunk: Chunk
    score: float
    marks: tuple[tuple[int, int], ...] = ()


@runtime_checkable
class Searcher(Protocol):
    """Keeps an index of chunks. The suite is ``ttrpg_core.testing.SearcherTests``.

    A backend that keeps its index in the database does so inside the caller's transaction.
    """

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one that is there already (same id) is replaced."""
        ...

    def remove(self, source: str) -> None:
        """Forget every chunk of a book, by its content hash; one that is not there is no error."""
        ...

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` hits, best first; any text is a query, none is an error."""
        ...

    def count(self) -> int:
        """How many chunks are indexed."""
        ...

    def close(self) -> None:
        """Let go of files; may be called twice."""
        ...


class Vectors(Protocol):
    """``n`` rows of ``dimension`` floats: a numpy array, or anything that indexes like one."""

    def __len__(self) -> int:
        """How many vectors."""
        ...

    def __getitem__(self, index: int, /) -> Sequence[float]:
        """One vector."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors of length one. The suite is ``ttrpg_core.testing.EmbedderTests``.

    ``id`` names the model and its version, so that an index knows its own embedder and refuses
    another's vectors.
    """

    id: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector a text, in order, each of unit length; an empty text has one too."""
        ...
