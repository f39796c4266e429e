"""What is promised of an embedder: vectors of length one, the same each time."""

import math
from collections.abc import Sequence

import pytest

from ttrpg_core.search import Embedder, Vectors
from ttrpg_core.testing.suites.inputs import for_any_text, missing

TEXTS = (
    "The silver dragon guards its hoard.",
    "",
    "Torches burn for an hour.",
    "A line that is much longer than the others, so that a batch of them is not all of one size.",
)
NEAR = 1e-4
"""How far a length may be from one: vectors may be of 32-bit floats."""
BATCHED = 1e-2
"""How far a vector may move when its text is embedded beside others."""


class EmbedderTests:
    """Inherit it for one embedder.

    ::

        class TestTiny(EmbedderTests):
            @pytest.fixture
            def embedder(self):
                return Tiny(Context())
    """

    @pytest.fixture
    def embedder(self) -> Embedder:
        """Your embedder."""
        missing("EmbedderTests", "embedder", "an embedder")

    def test_it_is_an_embedder(self, embedder: Embedder) -> None:
        """It has the methods of the protocol, and an ``id`` that an index can keep."""
        assert isinstance(embedder, Embedder)
        assert isinstance(embedder.id, str)
        assert embedder.id.strip()
        assert embedder.id.isprintable()

    def test_each_text_has_a_vector(self, embedder: Embedder) -> None:
        """As many vectors come as texts went in, each of ``dimension`` numbers; none for none."""
        assert embedder.dimension > 0
        vectors = embedder.embed(TEXTS)
        assert [len(vector) for vector in _rows(vectors)] == [embedder.dimension] * len(TEXTS)
        assert len(embedder.embed([])) == 0

    def test_vectors_have_length_one(self, embedder: Embedder) -> None:
        """Each vector, also that of an empty text, has unit length, so a dot product compares."""
        for text, vector in zip(TEXTS, _rows(embedder.embed(TEXTS)), strict=True):
            assert math.hypot(*vector) == pytest.approx(1, abs=NEAR), repr(text)

    def test_it_answers_the_same_twice(self, embedder: Embedder) -> None:
        """A text has one vector, today and tomorrow: an index outlives the program."""
        assert _rows(embedder.embed(TEXTS)) == _rows(embedder.embed(TEXTS))

    def test_the_order_is_kept(self, embedder: Embedder) -> None:
        """A text's vector is the same alone and among others, and stands in its place."""
        together = _rows(embedder.embed(TEXTS))
        turned = _rows(embedder.embed(TEXTS[::-1]))[::-1]
        for text, here, there in zip(TEXTS, together, turned, strict=True):
            alone = _rows(embedder.embed([text]))[0]
            assert math.dist(here, alone) < BATCHED, repr(text)
            assert math.dist(there, alone) < BATCHED, repr(text)

    def test_like_is_near_like(self, embedder: Embedder) -> None:
        """A text is nearer to one that says nearly the same than to one about something else."""
        told, like, other = _rows(
            embedder.embed(
                [
                    "The red dragon sleeps on its gold.",
                    "On its gold a red dragon is asleep; the dragon sleeps.",
                    "Add your proficiency bonus when you pick a lock.",
                ]
            )
        )
        assert _dot(told, like) > _dot(told, other)

    def test_any_text_has_a_vector(self, embedder: Embedder) -> None:
        """No text is an error, and no number is infinite or missing."""

        def embeds(text: str) -> None:
            (vector,) = _rows(embedder.embed([text]))
            assert all(math.isfinite(value) for value in vector)
            assert math.hypot(*vector) == pytest.approx(1, abs=NEAR)

        for_any_text(embeds)

    def test_a_long_text_has_one_too(self, embedder: Embedder) -> None:
        """A text longer than any model reads is cut, not refused."""
        (vector,) = _rows(embedder.embed(["the dragon sleeps " * 5000]))
        assert math.hypot(*vector) == pytest.approx(1, abs=NEAR)


def _rows(vectors: Vectors) -> list[list[float]]:
    return [[float(value) for value in vectors[index]] for index in range(len(vectors))]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))
