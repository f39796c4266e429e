"""Ours, in the speed benchmark: a shelf of books in a home of its own, asked through the Finder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
from corpus import DIMENSION, Corpus
from engines import TOP, Ask

from ttrpg_core.app import App
from ttrpg_core.documents import Chunk
from ttrpg_core.library import Book
from ttrpg_core.search import Question

A_BOOK = 2000
"""Chunks of one book: a rule book of 300 pages or so."""
GIVEN = "given/1"


class Given:
    """The embedder that answers the vector that the corpus gives for the query of that number.

    It goes by the number, since the text that is embedded is that with its spelling mended.
    """

    id = GIVEN
    dimension = DIMENSION

    def __init__(self, corpus: Corpus) -> None:
        self._vectors = corpus.query_vectors
        self.number = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The given vector."""
        return np.repeat(self._vectors[self.number : self.number + 1], len(texts), axis=0)


class BenchApp(App):
    """An App whose embedder is given, and whose backends may be chosen."""

    def __init__(self, folder: Path, corpus: Corpus, chosen: dict[str, str]) -> None:
        super().__init__(environ={"TTRPG_HOME": str(folder)})
        self.given = Given(corpus)
        self._chosen_backends = chosen

    def backend(self, role: str, name: str = "") -> object | None:
        """The given embedder; the backends chosen, else those that the settings choose."""
        if role == "embedder":
            return self.given
        return super().backend(role, name or self._chosen_backends.get(role, ""))


def fill(folder: Path, corpus: Corpus, chosen: dict[str, str]) -> None:
    """Books of 2,000 chunks each, indexed by words and by vectors, to the end."""
    app = BenchApp(folder, corpus, chosen)
    keyword, vectors = app.backend("keyword"), app.backend("vector")
    for number, start in enumerate(range(0, len(corpus.texts), A_BOOK)):
        texts = corpus.texts[start : start + A_BOOK]
        sha256 = hashlib.sha256(f"book {number}".encode()).hexdigest()
        with app.store.transaction():
            app.library.begin(sha256, "bench", 0, "1974-01-01T00:00:00+00:00")
            chunks = app.library.finish(sha256, [_chunk(sha256, n, t) for n, t in enumerate(texts)])
            keyword.add(chunks)
            with app.journal.change("library.add") as change:
                change.insert("books", attrs.asdict(_book(number, sha256, len(chunks))))
                change.prose = "added"
        ids = [chunk.id for chunk in chunks]
        vectors.add(GIVEN, ids, corpus.vectors[start : start + A_BOOK])
    for part in (keyword, vectors):
        part.close()
    app.close()
    grow(folder, corpus, chosen)


def grow(folder: Path, corpus: Corpus, chosen: dict[str, str]) -> None:
    """Make what makes a large library quick, as ``ttrpg library index`` does."""
    app = BenchApp(folder, corpus, chosen)
    finder = app.finder()
    for _ in finder.fill():
        pass
    finder.close()
    app.close()


def opened(folder: Path, corpus: Corpus, chosen: dict[str, str]) -> Ask:
    """Hybrid search through the whole of it: understanding, words, vectors, fusion."""
    app = BenchApp(folder, corpus, chosen)
    finder = app.finder()

    def ask(number: int) -> list[int]:
        app.given.number = number
        found = finder.find(Question(corpus.queries[number], count=TOP))
        return [hit.chunk.id - 1 for hit in found.hits]

    return ask


def nearest(folder: Path, corpus: Corpus, chosen: dict[str, str]) -> Ask:
    """The vectors alone, without words or understanding: what Chroma is asked for."""
    index = BenchApp(folder, corpus, chosen).backend("vector")

    def ask(number: int) -> list[int]:
        return [each - 1 for each, _ in index.search(corpus.query_vectors[number], TOP)]

    return ask


def _chunk(sha256: str, ordinal: int, text: str) -> Chunk:
    heading = " ".join(text.split()[:3])
    return Chunk(0, sha256, ordinal, heading, (heading,), None, None, "", text)


def _book(number: int, sha256: str, chunks: int) -> Book:
    return Book(
        id=f"book-{number}",
        title=f"Book {number}",
        sha256=sha256,
        path="/nowhere",
        parser="bench",
        size=0,
        pages=0,
        chunks=chunks,
        added_at="1974-01-01T00:00:00+00:00",
    )
