"""What is asked and what is found: queries, hits, and the protocols of backends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import attrs

from ttrpg_core.documents import Chunk
from ttrpg_core.values import frozen


@frozen
class Term:
    """One thing that a query asks for, and other ways to say it.

    ``text`` is a word or words that stand together, in lower case; ``others`` are the same with a
    weight from 0 to 1, as "ac" has ("armor class", 1.0). ``weight`` is how much the term counts.
    """

    text: str
    others: tuple[tuple[str, float], ...] = ()
    weight: float = 1.0


@frozen
class Query:
    """Words to look for, in the books of ``sources`` (content hashes; None for every book).

    ``terms`` is what the text means, where it was understood already: a backend that can weigh
    terms uses them and ``absent`` (what must not be there) in place of the text. ``within`` are
    the ids of the only chunks that may be found; None for all.
    """

    text: str
    sources: frozenset[str] | None = None
    terms: tuple[Term, ...] = ()
    absent: tuple[str, ...] = ()
    within: frozenset[int] | None = None


@frozen
class Hit:
    """A chunk found. A higher ``score`` is better; scores of two backends do not compare.

    ``marks`` are spans ``(start, end)`` of characters of ``chunk.text`` that met the query. They
    may be made when they are first looked at, as only what is shown needs them.
    """

    chunk: Chunk
    score: float
    marks: Sequence[tuple[int, int]] = ()


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


@frozen
class Question:
    """What a Game Master asks, as typed, with filters and all: ``grapled book:srd page:350-360``.

    ``count`` hits are wanted from the ``offset``-th on. ``sources`` bound it to books; ``system``
    to books of one game system; ``keyword_only`` leaves vectors aside.
    """

    text: str
    sources: frozenset[str] | None = None
    system: str = ""
    count: int = 10
    offset: int = 0
    keyword_only: bool = False


@frozen
class Step:
    """One step of a search, for ``--explain``: its name and what it did, in words and numbers."""

    name: str
    said: str


@frozen
class Findings:
    """The answer to a question.

    ``answered`` is False when nothing in the books answers: the hits are then what is nearest.
    ``corrected`` is the text that was searched where spelling was mended, else ""; ``suggested`` is
    the text that may have been meant, where that was not sure enough to search for. ``ranks`` say
    for a chunk's id where each stage put it and with what score. ``total`` hits there are to page
    through, at the most.
    """

    hits: tuple[Hit, ...]
    answered: bool
    total: int
    corrected: str = ""
    steps: tuple[Step, ...] = ()
    ranks: Mapping[int, tuple[tuple[str, int, float], ...]] = attrs.field(factory=dict, hash=False)
    suggested: str = ""


@runtime_checkable
class Finder(Protocol):
    """The whole search: understands a question, asks the backends, puts their answers together."""

    def find(self, question: Question) -> Findings:
        """The best passages; InputError for a filter that cannot be used."""
        ...

    def close(self) -> None:
        """Let go of files; may be called twice."""
        ...


@frozen
class Filled:
    """How far the vectors are: ``done`` passages of ``total`` have one, made by ``embedder``.

    ``rest`` names what else there is to do for a library of this size, in words; "" for nothing.
    """

    done: int
    total: int
    embedder: str = ""
    rest: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.total and not self.rest


@runtime_checkable
class Filler(Protocol):
    """What a Finder is besides, when it has vectors that are made after a book can be searched."""

    def fill(self) -> Iterator[Filled]:
        """Make the vectors that are missing; the first answer is how it was before.

        One answer a batch, each kept for good: close the iterator, or kill the process, and the
        next call goes on from there. Nothing is answered where the settings choose no vectors.
        Busy while another process is at it.
        """
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


@runtime_checkable
class VectorIndex(Protocol):
    """Keeps one vector for each chunk id, all of one embedder. Suite: ``VectorIndexTests``.

    Its files live in the context's folder, outlive the program and can be deleted: they are made
    again from the chunks. A process killed while it writes leaves the index as it was before or as
    it is after.
    """

    def embedder(self) -> str:
        """The id of the embedder whose vectors are here; "" while there are none."""
        ...

    def ids(self) -> frozenset[int]:
        """The chunks that have a vector."""
        ...

    def add(self, embedder: str, ids: Sequence[int], vectors: Vectors) -> None:
        """Keep vectors of unit length; an id that is there already gets the new one.

        IndexMismatch when the index holds another embedder's vectors or another dimension.
        """
        ...

    def remove(self, ids: Iterable[int]) -> None:
        """Forget chunks; one that is not there is no error."""
        ...

    def clear(self) -> None:
        """Forget everything, and the embedder."""
        ...

    def search(
        self, vector: Sequence[float], k: int, within: frozenset[int] | None = None
    ) -> list[tuple[int, float]]:
        """The ids nearest to a vector of unit length, with their cosine, nearest first."""
        ...

    def close(self) -> None:
        """Let go of files; may be called twice."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Orders the best hits once more. The suite is ``ttrpg_core.testing.RerankerTests``."""

    def rerank(self, question: str, chunks: Sequence[Chunk]) -> Sequence[float]:
        """One score a chunk, in their order; a higher one is better."""
        ...
