"""The default index of vectors: the suite, its first pass, and what a disk can do to it."""

import json
import os
import stat

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import InputError, StoreError
from ttrpg_core.testing import VectorIndexTests
from ttrpg_search.vectors import exact, files
from ttrpg_search.vectors.exact import Exact


class TestExact(VectorIndexTests):
    def open(self, folder):
        return Exact(Context(folder=folder))


class TestExactWithSketches(VectorIndexTests):
    """With sketches kept from the start and rewritten often, all is as without."""

    @pytest.fixture(autouse=True)
    def early(self, monkeypatch):
        monkeypatch.setattr(files, "SKETCH_FROM", 4)
        monkeypatch.setattr(files, "SKETCH_WIDE", 4)
        monkeypatch.setattr(exact, "CANDIDATES", 2)
        monkeypatch.setattr(exact, "FEW_DEAD", 5)

    def open(self, folder):
        return Exact(Context(folder=folder))

    def test_the_nearest_of_many_are_found(self, index):
        pytest.skip(
            "four of eight numbers tell too little among hundreds; see the test on real widths"
        )


def clusters(count, wide=384, seed=0, lean=0.5):
    """Vectors about some centres, all leaning to one side, as those of sentences do."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(200, wide))
    rows = centres[rng.integers(0, 200, count)] + 0.8 * rng.normal(size=(count, wide))
    rows += lean * rng.normal(size=wide)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def index(tmp_path):
    opened = Exact(Context(folder=tmp_path / "vectors"))
    yield opened
    opened.close()


def test_the_first_pass_misses_next_to_nothing(index):
    rows = clusters(20_000)
    for start in range(0, 20_000, 4000):
        index.add("m", range(start, start + 4000), rows[start : start + 4000])
    assert index.files.snapshot().sketches is not None
    right = 0
    for question in clusters(40, seed=5) * 0.3 + rows[::500] * 0.7:
        asked = question / np.linalg.norm(question)
        true = set(np.argsort(-(rows @ asked))[:10].tolist())
        right += len(true & {number for number, _ in index.search(asked, 10)})
    assert right >= 0.99 * 400


def test_the_first_pass_honours_what_is_allowed_and_what_is_dead(index):
    rows = clusters(18_000)
    index.add("m", range(18_000), rows)
    index.remove(range(0, 18_000, 3))
    allowed = frozenset(range(0, 18_000, 2))
    for question in rows[:5]:
        cosines = rows @ question
        true = [n for n in np.argsort(-cosines).tolist() if n % 3][:10]
        assert [n for n, _ in index.search(question, 10)] == true
        true = [n for n in np.argsort(-cosines).tolist() if n % 3 and n % 2 == 0][:10]
        assert [n for n, _ in index.search(question, 10, allowed)] == true


def test_the_dead_are_left_behind(index, tmp_path):
    rows = clusters(6000, wide=128)
    index.add("m", range(6000), rows)
    before = sum(path.stat().st_size for path in (tmp_path / "vectors").iterdir())
    index.remove(range(5000))
    assert index.files.snapshot().head.dead == 0
    assert sum(path.stat().st_size for path in (tmp_path / "vectors").iterdir()) < before / 4
    assert [n for n, _ in index.search(rows[5500], 1)] == [5500]


def test_of_twins_in_one_call_the_later_counts(index):
    index.add("m", [1, 1], [[1.0, 0.0], [0.0, 1.0]])
    assert index.search([0.0, 1.0], 5) == [(1, 1.0)]


@pytest.mark.parametrize(
    "vectors", [[[float("nan"), 0.0]], [[1.0, 0.0]] * 2, np.ones(2, np.float32)]
)
def test_what_are_no_vectors_is_refused(index, vectors):
    with pytest.raises(InputError, match="finite"):
        index.add("m", [1], vectors)
    assert index.ids() == frozenset()


@pytest.mark.parametrize("lost", ["ids", "rows", "dead"])
def test_a_lost_file_is_told_and_can_be_cleared(index, tmp_path, lost):
    index.add("m", [1, 2], [[1.0, 0.0], [0.0, 1.0]])
    index.remove([2])
    index.close()
    (tmp_path / "vectors" / f"1.{lost}").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be read") as caught:
        index.search([1.0, 0.0], 1)
    assert "library index" in caught.value.hint
    index.clear()
    index.add("m", [3], [[1.0, 0.0]])
    assert index.ids() == {3}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "centre": 4}'])
def test_a_strange_head_is_told(index, tmp_path, text):
    index.add("m", [1], [[1.0, 0.0]])
    (tmp_path / "vectors" / "head.json").write_text(text)
    with pytest.raises(StoreError, match="cannot be read"):
        index.ids()
    index.clear()
    assert index.ids() == frozenset()


def test_looking_writes_nothing(index, tmp_path):
    assert index.search([1.0], 3) == []
    index.remove([1])
    index.clear()
    assert not (tmp_path / "vectors").exists()


@pytest.mark.skipif(os.name != "posix", reason="folders are closed by their mode only on POSIX")
def test_a_disk_that_cannot_be_written_can_be_read(index, tmp_path, monkeypatch):
    index.add("m", [1, 2], [[1.0, 0.0], [0.0, 1.0]])
    index.close()
    folder = tmp_path / "vectors"

    def refuse(*_, **__):
        raise PermissionError(30, "Read-only file system")

    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setattr(os, "open", refuse)  # root is not held by modes
    assert [n for n, _ in Exact(Context(folder=folder)).search([1.0, 0.0], 1)] == [1]
    for change in (lambda: index.add("m", [3], [[1.0, 0.0]]), lambda: index.remove([1])):
        with pytest.raises(StoreError):
            change()
    monkeypatch.undo()
    folder.chmod(stat.S_IRWXU)
    assert index.ids() == {1, 2}


def test_the_files_are_the_owners_alone(index, tmp_path):
    index.add("m", [1], [[1.0, 0.0]])
    folder = tmp_path / "vectors"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert json.loads((folder / "head.json").read_text())["rows"] == 1
