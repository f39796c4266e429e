"""The index with faiss: the suite with and without its graph, and a graph that is lost."""

import importlib.util

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import NotFound
from ttrpg_core.testing import VectorIndexTests
from ttrpg_search.vectors import choosing, faiss_index
from ttrpg_search.vectors.faiss_index import FaissIndex

needs_faiss = pytest.mark.skipif(
    importlib.util.find_spec("faiss") is None, reason="needs faiss: pip install faiss-cpu"
)


@needs_faiss
class TestFaiss(VectorIndexTests):
    def open(self, folder):
        return FaissIndex(Context(folder=folder))


@needs_faiss
class TestFaissWithGraph(VectorIndexTests):
    finds = 0.97

    @pytest.fixture(autouse=True)
    def early(self, monkeypatch):
        monkeypatch.setattr(faiss_index, "GRAPH_FROM", 30)
        monkeypatch.setattr(faiss_index, "SEARCH_WIDTH", 40)

    def open(self, folder):
        return FaissIndex(Context(folder=folder))


@pytest.fixture
def large(tmp_path, monkeypatch):
    """An index of 3,000 vectors, the graph made at 2,000."""
    pytest.importorskip("faiss", reason="needs faiss: pip install faiss-cpu")
    monkeypatch.setattr(faiss_index, "GRAPH_FROM", 2000)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = FaissIndex(Context(folder=tmp_path / "vectors"))
    index.add("m", range(2000), rows[:2000])
    index.add("m", range(2000, 2400), rows[2000:2400])
    yield index, rows
    index.close()


def graphs(tmp_path):
    return [path.name for path in (tmp_path / "vectors").glob("graph-*")]


def test_new_rows_are_found_before_the_graph_knows_them(large, tmp_path):
    index, rows = large
    assert graphs(tmp_path) == ["graph-1-2000.faiss"]
    for number in (5, 1999, 2000, 2399):
        assert index.search(rows[number], 1) == [(number, 1.0)]
    index.add("m", range(2400, 3000), rows[2400:])
    assert graphs(tmp_path) == ["graph-1-3000.faiss"]
    assert [n for n, _ in index.search(rows[2900], 1)] == [2900]


def test_the_dead_are_not_found_though_the_graph_has_them(large):
    index, rows = large
    index.remove([7])
    assert 7 not in [n for n, _ in index.search(rows[7], 50)]
    index.add("m", [8], rows[7:8])
    assert [n for n, _ in index.search(rows[7], 1)] == [8]


@pytest.mark.parametrize("content", [b"", b"junk" * 100, None])
def test_a_damaged_graph_is_left_aside_and_made_again(large, tmp_path, content):
    index, rows = large
    index.close()
    path = tmp_path / "vectors" / "graph-1-2000.faiss"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    again = FaissIndex(Context(folder=tmp_path / "vectors"))
    assert again.search(rows[3], 1) == [(3, 1.0)]
    again.add("m", range(2400, 3000), rows[2400:])
    assert graphs(tmp_path) == ["graph-1-3000.faiss"]
    assert again.search(rows[2950], 1) == [(2950, 1.0)]
    again.close()


def patient(tmp_path, monkeypatch, rows):
    """A patient index that waits for 50 vectors and 3 questions, with some vectors in it."""
    monkeypatch.setattr(faiss_index, "PATIENT_FROM", 50)
    monkeypatch.setattr(faiss_index, "PATIENT_FOR", 3)
    monkeypatch.setattr(faiss_index, "SEARCH_WIDTH", 10)
    index = FaissIndex(Context(folder=tmp_path / "vectors"), patient=True)
    index.add("m", range(len(rows)), rows)
    return index


@needs_faiss
def test_a_patient_index_makes_its_graph_when_asked_and_uses_it_when_it_gains(
    tmp_path, monkeypatch
):
    rows = np.eye(64, dtype=np.float32)
    index = patient(tmp_path, monkeypatch, rows)
    assert index.outgrown()
    assert graphs(tmp_path) == [], "adding does not wait for a graph"
    index.grow()
    assert graphs(tmp_path) == ["graph-1-64.faiss"]
    assert not index.outgrown()
    again = FaissIndex(Context(folder=tmp_path / "vectors"), patient=True)
    for turn in range(3):
        assert again.search(rows[turn], 1) == [(turn, 1.0)]
        assert again._graph is None
    assert again.search(rows[5], 1) == [(5, 1.0)]
    assert again._graph is not None


@needs_faiss
def test_a_small_patient_index_never_loads_faiss(tmp_path, monkeypatch):
    index = patient(tmp_path, monkeypatch, np.eye(40, dtype=np.float32))
    for turn in range(9):
        assert index.search(np.eye(40, dtype=np.float32)[turn], 1) == [(turn, 1.0)]
    assert not index.outgrown()
    assert "_faiss" not in index.__dict__


def without_faiss(name):
    return None if name == "faiss" else importlib.util.find_spec(name)


def test_without_faiss_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(faiss_index, "find_spec", without_faiss)
    with pytest.raises(NotFound, match="extra") as caught:
        FaissIndex(Context(folder=tmp_path))
    assert "ttrpg-search[faiss]" in caught.value.hint


@needs_faiss
def test_every_choice_reads_the_same_vectors(tmp_path, monkeypatch):
    context = Context(folder=tmp_path / "auto")
    chosen = choosing.suited(context)
    assert isinstance(chosen, FaissIndex)
    chosen.add("m", [1, 2], np.eye(2, dtype=np.float32))
    for other in (choosing.exact, choosing.faiss):
        assert other(Context(folder=tmp_path / "other")).ids() == {1, 2}
    monkeypatch.setattr(choosing, "find_spec", without_faiss)
    alone = choosing.suited(context)
    assert not isinstance(alone, FaissIndex)
    assert alone.ids() == {1, 2}
