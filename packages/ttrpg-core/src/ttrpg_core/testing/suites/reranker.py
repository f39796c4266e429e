"""What is promised of a reranker: one score a passage, higher for the one that answers."""

import math

import pytest

from ttrpg_core.search import Reranker
from ttrpg_core.testing.suites.inputs import for_any_text, missing
from ttrpg_core.testing.suites.searcher import SHELF, chunk

QUESTION = "how long does a torch burn"
ANSWER = 4
"""The id of the passage of the shelf that answers it."""


class RerankerTests:
    """Inherit it for one reranker.

    ::

        class TestCross(RerankerTests):
            @pytest.fixture
            def reranker(self):
                return Cross(Context())
    """

    @pytest.fixture
    def reranker(self) -> Reranker:
        """Your reranker."""
        missing("RerankerTests", "reranker", "a reranker")

    def test_it_is_a_reranker(self, reranker: Reranker) -> None:
        """It has the method of the protocol."""
        assert isinstance(reranker, Reranker)

    def test_each_passage_has_a_score(self, reranker: Reranker) -> None:
        """As many finite scores come as passages went in; none for none."""
        scores = list(reranker.rerank(QUESTION, SHELF))
        assert len(scores) == len(SHELF)
        assert all(math.isfinite(score) for score in scores)
        assert list(reranker.rerank(QUESTION, [])) == []

    def test_the_answer_has_the_highest(self, reranker: Reranker) -> None:
        """The passage that answers stands above all others, wherever it stood before."""
        for shelf in (SHELF, SHELF[::-1]):
            scores = list(reranker.rerank(QUESTION, shelf))
            assert shelf[scores.index(max(scores))].id == ANSWER

    def test_scores_are_of_this_question(self, reranker: Reranker) -> None:
        """Another question has another best passage."""
        scores = list(reranker.rerank("a contest of strength to hold a foe", SHELF))
        assert SHELF[scores.index(max(scores))].id == 3

    def test_it_answers_the_same_twice(self, reranker: Reranker) -> None:
        """The same question and passages have the same scores."""
        assert list(reranker.rerank(QUESTION, SHELF)) == list(reranker.rerank(QUESTION, SHELF))

    def test_any_text_has_a_score(self, reranker: Reranker) -> None:
        """No question and no passage is an error, and no score is infinite or missing."""

        def scores(text: str) -> None:
            for question, passage in ((text, SHELF[0]), (QUESTION, chunk(9, text, heading=text))):
                (score,) = reranker.rerank(question, [passage])
                assert math.isfinite(score)

        for_any_text(scores)

    def test_long_ones_have_one_too(self, reranker: Reranker) -> None:
        """A question or a passage longer than any model reads is cut, not refused."""
        long = "the dragon sleeps " * 5000
        (score,) = reranker.rerank(long, [chunk(9, long)])
        assert math.isfinite(score)
