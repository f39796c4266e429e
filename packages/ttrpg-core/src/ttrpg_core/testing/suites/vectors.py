"""What is promised of an index of vectors: the nearest, kept safely, of one embedder only."""

import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from ttrpg_core.errors import IndexMismatch
from ttrpg_core.search import VectorIndex
from ttrpg_core.testing.suites.inputs import missing

MODEL, OTHER = "lamp-8/1", "moon-8/1"
"""Names of two embedders."""
WIDE = 8
NEAR = 5e-3
"""How far a cosine may be from the true one: an index may keep fewer digits."""


def unit(*values: float) -> list[float]:
    """A vector of length one, filled up with zeros."""
    whole = [*values, *[0.0] * (WIDE - len(values))]
    length = math.hypot(*whole)
    return [value / length for value in whole]


def cloud(count: int, seed: int = 1) -> list[list[float]]:
    """Vectors in every direction, the same each time."""
    rng = random.Random(seed)
    return [unit(*(rng.gauss(0, 1) for _ in range(WIDE))) for _ in range(count)]


SHELF = {
    1: unit(1, 0, 0),
    2: unit(4, 1, 0),
    3: unit(1, 1, 0),
    2**62: unit(0, 1, 0),
    50: unit(0, 0, 1),
    7: unit(-1, 0, 0),
}
"""Six vectors, in the order of their nearness to the first; the last stands opposite to it."""


class VectorIndexTests:
    """Inherit it for an index of vectors.

    ::

        class TestFlat(VectorIndexTests):
            def open(self, folder):
                return Flat(Context(folder=folder))

    ``lasting`` is False for one that keeps nothing when it is closed. ``finds`` is the share of the
    true nearest that an approximate index has to find among many; an exact one finds them all.
    """

    lasting: ClassVar[bool] = True
    finds: ClassVar[float] = 1.0

    def open(self, folder: Path) -> VectorIndex:
        """Your index, with its files in this folder, which may not be there yet."""
        missing("VectorIndexTests", "open", "an index in a folder")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Where the files of one index are."""
        return tmp_path / "vectors"

    @pytest.fixture
    def index(self, folder: Path) -> Iterator[VectorIndex]:
        """Your index, empty."""
        opened = self.open(folder)
        yield opened
        opened.close()

    def test_it_is_a_vector_index(self, index: VectorIndex) -> None:
        """It has the methods of the protocol."""
        assert isinstance(index, VectorIndex)

    def test_nothing_is_found_in_nothing(self, index: VectorIndex) -> None:
        """Empty, it names no embedder, holds no ids, finds nothing, and forgets nothing gladly."""
        assert not index.embedder()
        assert index.ids() == frozenset()
        assert index.search(unit(1), 5) == []
        index.add(MODEL, [], [])
        index.remove([1, 2])
        index.clear()
        assert index.ids() == frozenset()
        assert index.search(unit(1), 5) == []

    def test_what_was_added_is_found(self, index: VectorIndex) -> None:
        """Each vector finds its own id, at a cosine of one; the embedder and the ids are told."""
        self._fill(index)
        assert index.embedder() == MODEL
        assert index.ids() == SHELF.keys()
        for number, vector in SHELF.items():
            ((found, cosine),) = index.search(vector, 1)
            assert found == number
            assert cosine == pytest.approx(1, abs=NEAR)

    def test_the_nearest_come_first(self, index: VectorIndex) -> None:
        """All come in order, each with its cosine; the opposite one last, below zero."""
        self._fill(index)
        found = index.search(SHELF[1], 99)
        assert {number for number, _ in found} == SHELF.keys()
        cosines = [cosine for _, cosine in found]
        assert cosines == sorted(cosines, reverse=True)
        assert [number for number, _ in found][:3] == [1, 2, 3]
        assert found[-1][0] == 7
        for number, cosine in found:
            assert cosine == pytest.approx(_dot(SHELF[number], SHELF[1]), abs=NEAR)

    def test_the_nearest_of_many_are_found(self, index: VectorIndex) -> None:
        """Among some hundreds, the ten nearest are those of a plain sum of products."""
        vectors = cloud(700)
        for start in range(0, 700, 175):
            part = range(start, start + 175)
            index.add(MODEL, [number + 1 for number in part], [vectors[n] for n in part])
        right = 0
        questions = cloud(20, seed=2)
        for question in questions:
            cosines = {n + 1: _dot(vector, question) for n, vector in enumerate(vectors)}
            found = index.search(question, 10)
            assert len(found) == 10
            worst = sorted(cosines.values())[-10]
            right += sum(cosines[number] >= worst - NEAR for number, _ in found)
        assert right >= self.finds * 10 * len(questions)

    def test_at_most_k_come(self, index: VectorIndex) -> None:
        """No more than ``k`` come, none for zero or less, and fewer are the first of more."""
        self._fill(index)
        every = index.search(unit(3, 2, 1), 99)
        assert len(every) == len(SHELF)
        for k in range(len(every) + 1):
            assert _ids(index.search(unit(3, 2, 1), k)) == _ids(every)[:k]
        assert index.search(unit(1), -1) == []

    def test_only_those_within_are_found(self, index: VectorIndex) -> None:
        """With ``within``, those ids alone come, in the same order; unknown ones are no error."""
        self._fill(index)
        every = _ids(index.search(SHELF[1], 99))
        for within in ({1, 3, 50}, {7}, {2**62, 2, 999}):
            found = _ids(index.search(SHELF[1], 99, frozenset(within)))
            assert found == [number for number in every if number in within]
        assert index.search(SHELF[1], 99, frozenset()) == []
        assert index.search(SHELF[1], 99, frozenset({999})) == []

    def test_few_are_not_crowded_out(self, index: VectorIndex) -> None:
        """One that is allowed is found however many nearer ones are not."""
        self._fill(index)
        index.add(MODEL, range(100, 400), [unit(9, 0.001 * n) for n in range(300)])
        assert _ids(index.search(SHELF[1], 3, frozenset({7}))) == [7]
        assert _ids(index.search(SHELF[1], 3, frozenset({7, 50}))) == [50, 7]

    def test_the_same_id_replaces(self, index: VectorIndex) -> None:
        """An id that is there gets the new vector; it is found by that, once."""
        self._fill(index)
        index.add(MODEL, [1], [unit(0, 0, 0, 1)])
        assert index.ids() == SHELF.keys()
        assert _ids(index.search(unit(0, 0, 0, 1), 1)) == [1]
        assert _ids(index.search(SHELF[1], 99)).count(1) == 1
        assert _ids(index.search(SHELF[1], 1)) == [2]

    def test_removed_ones_are_gone(self, index: VectorIndex) -> None:
        """What is removed is not found, and nothing else goes; again, or unknown, is no error."""
        self._fill(index)
        index.remove(number for number in (1, 50))
        index.remove([50, 12345])
        assert index.ids() == SHELF.keys() - {1, 50}
        assert set(_ids(index.search(SHELF[1], 99))) == SHELF.keys() - {1, 50}
        assert index.search(SHELF[1], 9, frozenset({1, 50})) == []

    def test_removed_ones_can_come_back(self, index: VectorIndex) -> None:
        """A removed id can be added again, and everything is as it was."""
        self._fill(index)
        before = index.search(SHELF[1], 99)
        index.remove([2, 7])
        index.add(MODEL, [7, 2], [SHELF[7], SHELF[2]])
        assert index.search(SHELF[1], 99) == before

    def test_many_come_and_go(self, index: VectorIndex) -> None:
        """After many changes it holds what a table of ids and vectors would."""
        vectors = cloud(400, seed=3)
        kept: dict[int, list[float]] = {}
        rng = random.Random(4)
        for step in range(20):
            chosen = rng.sample(range(1, 60), 20)
            index.add(MODEL, chosen, vectors[step * 20 : step * 20 + 20])
            kept |= zip(chosen, vectors[step * 20 : step * 20 + 20], strict=True)
            gone = rng.sample(range(1, 60), 12)
            index.remove(gone)
            kept = {number: vector for number, vector in kept.items() if number not in gone}
        assert index.ids() == kept.keys()
        for number, vector in kept.items():
            found = index.search(vector, 1)
            assert _ids(found) == [number]
            assert found[0][1] == pytest.approx(1, abs=NEAR)

    def test_another_embedder_is_refused(self, index: VectorIndex) -> None:
        """Vectors of another embedder or dimension are an error, and change nothing."""
        self._fill(index)
        with pytest.raises(IndexMismatch) as caught:
            index.add(OTHER, [90], [unit(1)])
        assert MODEL in caught.value.message
        assert OTHER in caught.value.message
        assert caught.value.hint
        with pytest.raises(IndexMismatch):
            index.add(MODEL, [90], [[1.0, 0.0, 0.0]])
        with pytest.raises(IndexMismatch):
            index.search([1.0, 0.0, 0.0], 1)
        assert index.embedder() == MODEL
        assert index.ids() == SHELF.keys()
        assert _ids(index.search(SHELF[1], 1)) == [1]

    def test_cleared_it_takes_another_embedder(self, index: VectorIndex) -> None:
        """Cleared, it is empty, and takes vectors of any embedder and dimension."""
        self._fill(index)
        index.clear()
        assert not index.embedder()
        assert index.ids() == frozenset()
        assert index.search(SHELF[1], 9) == []
        index.add(OTHER, [5], [[0.6, 0.8]])
        assert index.embedder() == OTHER
        assert _ids(index.search([0.6, 0.8], 9)) == [5]

    def test_it_answers_the_same_twice(self, index: VectorIndex) -> None:
        """The same question has the same answer, ties included."""
        index.add(MODEL, range(1, 40), [unit(1, 2, 3)] * 39)
        first = index.search(unit(1, 2, 3), 7)
        assert len(first) == 7
        assert index.search(unit(1, 2, 3), 7) == first

    def test_it_outlives_the_program(self, index: VectorIndex, folder: Path) -> None:
        """Closed and opened again, all is there: added, replaced and removed."""
        self._lasting_only()
        self._fill(index)
        index.remove([50])
        index.add(MODEL, [3], [unit(0, 0, 1)])
        before = index.search(SHELF[1], 99)
        index.close()
        again = self.open(folder)
        assert again.embedder() == MODEL
        assert again.ids() == SHELF.keys() - {50}
        assert again.search(SHELF[1], 99) == before
        again.close()

    def test_two_at_once_lose_nothing(self, index: VectorIndex, folder: Path) -> None:
        """Of two that are open on one folder, each keeps what the other did, and sees it."""
        self._lasting_only()
        other = self.open(folder)
        self._fill(index)
        assert other.ids() == SHELF.keys()
        other.add(MODEL, [60], [unit(0, 0, 0, 0, 1)])
        index.remove([7])
        index.add(MODEL, [61], [unit(0, 0, 0, 0, 0, 1)])
        wanted = (SHELF.keys() | {60, 61}) - {7}
        assert index.ids() == other.ids() == wanted
        assert _ids(index.search(unit(0, 0, 0, 0, 1), 1)) == [60]
        assert _ids(other.search(unit(0, 0, 0, 0, 0, 1), 1)) == [61]
        index.clear()
        assert other.search(SHELF[1], 9) == []
        with pytest.raises(IndexMismatch):
            other.add(OTHER, [1], [unit(1)])
            index.add(MODEL, [2], [unit(1)])
        other.close()

    def test_it_closes_twice(self, index: VectorIndex) -> None:
        """Closing again does nothing."""
        self._fill(index)
        index.close()
        index.close()

    def _fill(self, index: VectorIndex) -> None:
        index.add(MODEL, list(SHELF), list(SHELF.values()))

    def _lasting_only(self) -> None:
        if not self.lasting:
            pytest.skip("it keeps nothing when it is closed")


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _ids(found: Sequence[tuple[int, float]]) -> list[int]:
    return [number for number, _ in found]
