"""Keyword search in memory, and vectors of hashed words."""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Sequence

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Hit, Query

_WORD = re.compile(r"\w+")
_SATURATION = 1.2
_LENGTH = 0.75
_Way = tuple[str, ...]
"""Words that stand together."""


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of a text, folded, with where it stands."""
    for found in _WORD.finditer(text):
        yield found.group().casefold(), found.start(), found.end()


class MemorySearcher:
    """Ranks by Okapi BM25 (k1 1.2, b 0.75) over whole words, without regard to case.

    A term is as good as the best of its ways; one of several words has to stand together.
    """

    def __init__(self, context: Context | None = None) -> None:
        self._chunks: dict[int, Chunk] = {}
        self._words: dict[int, list[str]] = {}

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with a known id is replaced."""
        for chunk in chunks:
            self._chunks[chunk.id] = chunk
            told = f"{chunk.heading}\n{chunk.text}"
            self._words[chunk.id] = [word for word, _, _ in words(told)]

    def remove(self, source: str) -> None:
        """Forget every chunk of a book."""
        for chunk in [chunk for chunk in self._chunks.values() if chunk.sha256 == source]:
            del self._chunks[chunk.id], self._words[chunk.id]

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` hits, best first; equal ones in the order of their ids."""
        wanted = _wanted(query)
        having = {way: self._having(way) for ways, _ in wanted for way in ways}
        absent: set[int] = set().union(*(self._having(_split(each)) for each in query.absent))
        scores: dict[int, float] = {}
        for ways, weight in wanted:
            best: dict[int, float] = {}
            for way, much in ways.items():
                for number, times in having[way].items():
                    score = much * self._score(number, times, len(having[way]))
                    best[number] = max(score, best.get(number, 0.0))
            for number, score in best.items():
                scores[number] = scores.get(number, 0.0) + weight * score
        found = [
            number
            for number, score in sorted(scores.items(), key=lambda each: (-each[1], each[0]))
            if score > 0 and number not in absent and self._allowed(query, number)
        ]
        every = [way for told, _ in wanted for way in told]
        return [self._hit(number, scores[number], every) for number in found[: max(k, 0)]]

    def count(self) -> int:
        """How many chunks are indexed."""
        return len(self._chunks)

    def close(self) -> None:
        """Nothing is open."""

    def _allowed(self, query: Query, number: int) -> bool:
        inside = query.within is None or number in query.within
        return inside and (query.sources is None or self._chunks[number].sha256 in query.sources)

    def _having(self, way: _Way) -> dict[int, int]:
        """The chunks that have the words together, and how often."""
        found = {number: len(_places(said, way)) for number, said in self._words.items()}
        return {number: times for number, times in found.items() if times}

    def _score(self, number: int, times: int, having: int) -> float:
        mean = sum(map(len, self._words.values())) / len(self._words)
        length = 1 - _LENGTH + _LENGTH * len(self._words[number]) / (mean or 1)
        rarity = math.log(1 + (len(self._words) - having + 0.5) / (having + 0.5))
        return rarity * times * (_SATURATION + 1) / (times + _SATURATION * length)

    def _hit(self, number: int, score: float, ways: Sequence[_Way]) -> Hit:
        return Hit(self._chunks[number], score, tuple(_marks(self._chunks[number].text, ways)))


def _marks(text: str, ways: Sequence[_Way]) -> Iterator[tuple[int, int]]:
    placed = list(words(text))
    said = [word for word, _, _ in placed]
    spans = {(place, len(way)) for way in ways for place in _places(said, way)}
    end = 0
    for place, size in sorted(spans, key=lambda each: (each[0], -each[1])):
        if place >= end:
            end = place + size
            yield placed[place][1], placed[end - 1][2]


def _split(text: str) -> _Way:
    return tuple(word for word, _, _ in words(text))


def _wanted(query: Query) -> list[tuple[dict[_Way, float], float]]:
    """Each term's ways with their weights, and its own weight; of the text without any terms."""
    if not query.terms:
        return [({(word,): 1.0}, 1.0) for word in dict.fromkeys(_split(query.text))]
    wanted = []
    for term in query.terms:
        ways = {_split(text): weight for text, weight in ((term.text, 1.0), *term.others)}
        ways.pop((), None)
        wanted.append((ways, term.weight))
    return wanted


def _places(said: Sequence[str], way: _Way) -> list[int]:
    """Where words stand together; nowhere for no words."""
    if not way:
        return []
    return [
        place
        for place, word in enumerate(said)
        if word == way[0] and tuple(said[place : place + len(way)]) == way
    ]


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
