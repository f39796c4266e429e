"""Keyword search in memory, and vectors of hashed words."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Hit, Query

_WORD = re.compile(r"\w+")
_SATURATION = 1.2
_LENGTH = 0.75


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of a text, folded, with where it stands."""
    for found in _WORD.finditer(text):
        yield found.group().casefold(), found.start(), found.end()


class MemorySearcher:
    """Ranks by Okapi BM25 (k1 1.2, b 0.75) over whole words, without regard to case."""

    def __init__(self, context: Context | None = None) -> None:
        self._chunks: dict[int, Chunk] = {}
        self._counts: dict[int, Counter[str]] = {}

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with a known id is replaced."""
        for chunk in chunks:
            self._chunks[chunk.id] = chunk
            told = f"{chunk.heading} {chunk.text}"
            self._counts[chunk.id] = Counter(word for word, _, _ in words(told))

    def remove(self, source: str) -> None:
        """Forget every chunk of a book."""
        for chunk in [chunk for chunk in self._chunks.values() if chunk.sha256 == source]:
            del self._chunks[chunk.id], self._counts[chunk.id]

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` hits, best first; equal ones in the order of their ids."""
        wanted = {word for word, _, _ in words(query.text)}
        scores = {number: self._score(number, wanted) for number in sorted(self._chunks)}
        found = [
            number
            for number, score in scores.items()
            if score > 0 and (query.sources is None or self._chunks[number].sha256 in query.sources)
        ]
        found.sort(key=lambda number: -scores[number])
        return [self._hit(number, scores[number], wanted) for number in found[: max(k, 0)]]

    def count(self) -> int:
        """How many chunks are indexed."""
        return len(self._chunks)

    def close(self) -> None:
        """Nothing is open."""

    def _score(self, number: int, wanted: set[str]) -> float:
        counts = self._counts[number]
        mean = sum(each.total() for each in self._counts.values()) / len(self._counts)
        length = 1 - _LENGTH + _LENGTH * counts.total() / (mean or 1)
        score = 0.0
        for word in wanted & counts.keys():
            having = sum(word in each for each in self._counts.values())
            rarity = math.log(1 + (len(self._counts) - having + 0.5) / (having + 0.5))
            often = counts[word]
            score += rarity * often * (_SATURATION + 1) / (often + _SATURATION * length)
        return score

    def _hit(self, number: int, score: float, wanted: set[str]) -> Hit:
        chunk = self._chunks[number]
        marks = tuple((start, end) for word, start, end in words(chunk.text) if word in wanted)
        return Hit(chunk, score, marks)


class HashEmbedder:
    """Each word adds one to an axis that its hash names; the whole has length one.

    The last axis is one for every text, so an empty text has a direction too. Texts are near when
    they share words, which is all the meaning there is to it.
    """

    id = "hash-64/1"
    dimension = 64

    def __init__(self, context: Context | None = None) -> None:
        """Needs nothing of the context; takes it as every target does."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return [self._embed(text) for text in texts]

    def _embed(self, text: str) -> list[float]:
        vector = [0.0] * self.dimension
        vector[-1] = 1.0
        for word, _, _ in words(text):
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            vector[int.from_bytes(digest) % (self.dimension - 1)] += 1.0
        length = math.hypot(*vector)
        return [value / length for value in vector]
