"""Vectors in memory, and a reranker that counts words."""

from collections.abc import Iterable, Sequence

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import IndexMismatch
from ttrpg_core.search import Vectors
from ttrpg_core.testing.fakes.search import words


class MemoryVectors:
    """Keeps vectors in a dictionary and compares with every one."""

    def __init__(self, context: Context | None = None) -> None:
        self._embedder = ""
        self._vectors: dict[int, list[float]] = {}

    def embedder(self) -> str:
        """Whose vectors are here."""
        return self._embedder

    def ids(self) -> frozenset[int]:
        """The chunks that have a vector."""
        return frozenset(self._vectors)

    def add(self, embedder: str, ids: Sequence[int], vectors: Vectors) -> None:
        """Keep vectors, all or none of them."""
        new = {
            number: [float(value) for value in vectors[place]] for place, number in enumerate(ids)
        }
        if not new:
            return
        if self._embedder not in {"", embedder}:
            raise IndexMismatch(
                f"this index holds vectors of {self._embedder}, not of {embedder}",
                "Clear it first, or use the embedder it was made with",
            )
        for vector in new.values():
            self._fits(vector)
        self._vectors |= new
        self._embedder = embedder

    def remove(self, ids: Iterable[int]) -> None:
        """Forget chunks."""
        for number in ids:
            self._vectors.pop(number, None)

    def clear(self) -> None:
        """Forget everything."""
        self._vectors.clear()
        self._embedder = ""

    def search(
        self, vector: Sequence[float], k: int, within: frozenset[int] | None = None
    ) -> list[tuple[int, float]]:
        """The nearest; equal ones in the order of their ids."""
        self._fits(vector)
        found = [
            (number, sum(a * b for a, b in zip(each, vector, strict=True)))
            for number, each in self._vectors.items()
            if within is None or number in within
        ]
        found.sort(key=lambda hit: (-hit[1], hit[0]))
        return found[: max(k, 0)]

    def close(self) -> None:
        """Nothing is open."""

    def _fits(self, vector: Sequence[float]) -> None:
        known = next(iter(self._vectors.values()), vector)
        if len(vector) != len(known):
            raise IndexMismatch(
                f"a vector of {len(vector)} numbers among vectors of {len(known)}",
                "Use the embedder that the index was made with",
            )


class WordReranker:
    """A passage's score is the share of the question's words that it has; long words count more."""

    def __init__(self, context: Context | None = None) -> None:
        """Needs nothing of the context; takes it as every target does."""

    def rerank(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        """One score a chunk, from 0 to 1."""
        asked = {word: len(word) for word, _, _ in words(question)}
        whole = sum(asked.values()) or 1
        return [
            sum(asked.get(word, 0) for word in {w for w, _, _ in words(self._told(chunk))}) / whole
            for chunk in chunks
        ]

    @staticmethod
    def _told(chunk: Chunk) -> str:
        return f"{chunk.heading} {chunk.text}"
