"""The suites of vector indexes and rerankers pass the fakes and catch faults, one for each."""

import inspect
from typing import ClassVar

import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.testing import MemoryVectors, RerankerTests, VectorIndexTests, WordReranker


class TestMemoryVectors(VectorIndexTests):
    lasting = False

    def open(self, folder):
        return MemoryVectors()


class TestWordReranker(RerankerTests):
    @pytest.fixture
    def reranker(self):
        return WordReranker()


def breaks(suite, promise, **fixtures):
    """Run one test of a suite on what is given; it has to fail, and not to be skipped."""
    test = getattr(suite, f"test_{promise}")
    assert test.__doc__
    wanted = inspect.signature(test).parameters
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        test(**{name: value for name, value in fixtures.items() if name in wanted})
    assert caught.type not in {TypeError, NameError, AttributeError}, "the fault is in this test"


class Shelf(MemoryVectors):
    """Lasts as long as the process: what is open on one folder shares one table."""

    folders: ClassVar = {}

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.load()

    def load(self):
        self._embedder, self._vectors = self.folders.setdefault(self.folder, ("", {}))

    def save(self):
        self.folders[self.folder] = (self._embedder, self._vectors)

    def add(self, embedder, ids, vectors):
        self.load()
        super().add(embedder, ids, vectors)
        self.save()

    def remove(self, ids):
        self.load()
        super().remove(ids)

    def ids(self):
        self.load()
        return super().ids()

    def clear(self):
        self.folders[self.folder] = ("", {})
        self.load()

    def embedder(self):
        self.load()
        return super().embedder()

    def search(self, vector, k, within=None):
        self.load()
        return super().search(vector, k, within)


class TestShelf(VectorIndexTests):
    """The promises about files can be kept, so the faults below are faults."""

    def open(self, folder):
        return Shelf(folder)


class NamesAlways(Shelf):
    def embedder(self):
        return super().embedder() or "none"


class WorstFirst(Shelf):
    def search(self, vector, k, within=None):
        return super().search(vector, 9999, within)[::-1][: max(k, 0)]


class HalfTheCosine(Shelf):
    def search(self, vector, k, within=None):
        return [(number, cosine / 2) for number, cosine in super().search(vector, k, within)]


class Distance(Shelf):
    def search(self, vector, k, within=None):
        return [(number, 1 - abs(c)) for number, c in super().search(vector, k, within)]


class Hasty(Shelf):
    def search(self, vector, k, within=None):
        whole = self._vectors
        try:
            self.load()
            self.folders[self.folder] = (self._embedder, dict(list(self._vectors.items())[:350]))
            return super().search(vector, k, within)
        finally:
            self.folders[self.folder] = (self._embedder, whole)


class OneTooMany(Shelf):
    def search(self, vector, k, within=None):
        return super().search(vector, k + 1, within)


class FiltersTooLate(Shelf):
    def search(self, vector, k, within=None):
        found = super().search(vector, k)
        return [hit for hit in found if within is None or hit[0] in within]


class NoneWithinIsAll(Shelf):
    def search(self, vector, k, within=None):
        return super().search(vector, k, within or None)


class KeepsTheOld(Shelf):
    def add(self, embedder, ids, vectors):
        kept = [n for n, number in enumerate(ids) if number not in self.ids()]
        super().add(embedder, [ids[n] for n in kept], [vectors[n] for n in kept])


class RemovesNothing(Shelf):
    def remove(self, ids):
        pass


class MindsRemovingTwice(Shelf):
    def remove(self, ids):
        chosen = list(ids)
        if self._vectors and not set(chosen) <= self.ids():
            raise InputError("there is no such chunk")
        super().remove(chosen)


class RemovesForGood(Shelf):
    gone = frozenset()

    def remove(self, ids):
        chosen = list(ids)
        super().remove(chosen)
        self.gone |= set(chosen)

    def search(self, vector, k, within=None):
        return [hit for hit in super().search(vector, k, within) if hit[0] not in self.gone]


class Forgetful(Shelf):
    turn = 0

    def remove(self, ids):
        self.turn += 1
        if self.turn != 20:
            super().remove(ids)


class TakesAnything(Shelf):
    def add(self, embedder, ids, vectors):
        super().add(self.embedder() or embedder, ids, vectors)


class ForgetsTheDimension(Shelf):
    def search(self, vector, k, within=None):
        wide = len(next(iter(self._vectors.values()), vector))
        return super().search([*vector, *[0.0] * (wide - len(vector))], k, within)


class KeepsItsName(Shelf):
    def clear(self):
        self._vectors.clear()


class Restless(Shelf):
    turn = 0

    def search(self, vector, k, within=None):
        self.turn += 1
        found = super().search(vector, 9999, within)
        return (found[self.turn % 2 :] + found[: self.turn % 2])[: max(k, 0)]


class Stubborn(Shelf):
    """Looks at its folder only when it is opened."""

    def __init__(self, folder):
        super().__init__(folder)
        self.load = lambda: None


class ForgetsOnClose(Shelf):
    def close(self):
        self.folders.pop(self.folder, None)


class ClosesOnce(Shelf):
    shut = False

    def close(self):
        if self.shut:
            raise ValueError("already closed")
        self.shut = True


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("nothing_is_found_in_nothing", NamesAlways),
        ("what_was_added_is_found", HalfTheCosine),
        ("the_nearest_come_first", WorstFirst),
        ("the_nearest_come_first", Distance),
        ("the_nearest_of_many_are_found", Hasty),
        ("at_most_k_come", OneTooMany),
        ("only_those_within_are_found", NoneWithinIsAll),
        ("few_are_not_crowded_out", FiltersTooLate),
        ("the_same_id_replaces", KeepsTheOld),
        ("removed_ones_are_gone", RemovesNothing),
        ("removed_ones_are_gone", MindsRemovingTwice),
        ("removed_ones_can_come_back", RemovesForGood),
        ("many_come_and_go", Forgetful),
        ("another_embedder_is_refused", TakesAnything),
        ("another_embedder_is_refused", ForgetsTheDimension),
        ("cleared_it_takes_another_embedder", KeepsItsName),
        ("it_answers_the_same_twice", Restless),
        ("it_outlives_the_program", ForgetsOnClose),
        ("two_at_once_lose_nothing", Stubborn),
        ("it_closes_twice", ClosesOnce),
    ],
)
def test_an_index_that(promise, broken, tmp_path):
    suite = VectorIndexTests()
    suite.open = broken
    breaks(suite, promise, index=broken(tmp_path), folder=tmp_path)


class Silent(WordReranker):
    def rerank(self, question, chunks):
        return super().rerank(question, chunks)[:3]


class Divides(WordReranker):
    def rerank(self, question, chunks):
        return [score or float("-inf") for score in super().rerank(question, chunks)]


class FirstIsBest(WordReranker):
    def rerank(self, question, chunks):
        return [1.0 / (place + 1) for place in range(len(chunks))]


class OneMind(WordReranker):
    def rerank(self, question, chunks):
        return super().rerank("how long does a torch burn", chunks)


class Moody(WordReranker):
    turn = 0

    def rerank(self, question, chunks):
        self.turn += 1
        return [score + self.turn for score in super().rerank(question, chunks)]


class AsciiOnly(WordReranker):
    def rerank(self, question, chunks):
        return super().rerank(question.encode("ascii").decode(), chunks)


class Impatient(WordReranker):
    def rerank(self, question, chunks):
        if len(question) > 50_000:
            raise InputError("too long")
        return super().rerank(question, chunks)


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("each_passage_has_a_score", Silent),
        ("each_passage_has_a_score", Divides),
        ("the_answer_has_the_highest", FirstIsBest),
        ("scores_are_of_this_question", OneMind),
        ("it_answers_the_same_twice", Moody),
        ("any_text_has_a_score", AsciiOnly),
        ("long_ones_have_one_too", Impatient),
    ],
)
def test_a_reranker_that(promise, broken):
    breaks(RerankerTests(), promise, reranker=broken())
