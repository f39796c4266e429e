"""A faster index for very large libraries: a graph of faiss before the exact comparison.

It is the default index, files and all, with one more: a graph (HNSW) over the first so many rows,
made once there are many and extended now and then as they grow. A question asks the graph for
candidates, adds the rows that came since, and compares these in full, so that its cosines are exact
and its deletions at once. The graph is only a shortcut: lost, damaged or of another generation, it
is left aside, and made again at the next change. Filtered questions go the default way, since a
graph loses its paths where most of its nodes are forbidden.

A patient index, which is the one that is chosen where nobody chose, does so only where it gains:
the graph takes minutes to make, so it is made when asked for (:meth:`FaissIndex.grow`), and a third
of a second to load, so a process asks it after some questions.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from ttrpg_core.context import Context
from ttrpg_core.search import Vectors
from ttrpg_search.extras import lacking, needed
from ttrpg_search.vectors.exact import Exact
from ttrpg_search.vectors.files import Floats, Head, Ints, Snapshot

GRAPH_FROM = 20_000
"""Rows from which a graph is kept."""
PATIENT_FROM, PATIENT_FOR = 100_000, 100
"""The same of a patient index, and the questions that a process asks without it."""
LINKS, BUILD_WIDTH, SEARCH_WIDTH = 32, 80, 96
"""Neighbours of a node; how many are looked at when it is linked, and when one asks."""
_NAME = re.compile(r"graph-(\d+)-(\d+)\.faiss\Z")
_WORDS = ("the vector index 'faiss'", "'exact'")


class _Hnsw(Protocol):
    efConstruction: int  # noqa: N815 - faiss's own name
    efSearch: int  # noqa: N815 - faiss's own name


class _Graph(Protocol):
    """What of a faiss index is used here; the library has no types."""

    ntotal: int
    d: int
    hnsw: _Hnsw

    def train(self, x: Floats) -> None: ...
    def add(self, x: Floats) -> None: ...
    def search(self, x: Floats, k: int) -> tuple[Floats, Ints]: ...


class FaissIndex(Exact):
    """Keeps vectors in the context's folder, with a graph beside them."""

    def __init__(self, context: Context, *, patient: bool = False) -> None:
        super().__init__(context)
        if find_spec("faiss") is None:
            raise lacking("faiss", *_WORDS)
        self._patient = patient
        self._asked = 0
        self._graph: _Graph | None = None
        self._graph_of: tuple[int, int] | None = None

    def add(self, embedder: str, ids: Sequence[int], vectors: Vectors) -> None:
        """As :meth:`.Exact.add`; now and then the graph grows too, unless this one is patient."""
        super().add(embedder, ids, vectors)
        if not self._patient and self.outgrown():
            self.grow()

    def outgrown(self) -> bool:
        """Whether there are so many rows now that a larger graph is worth making."""
        head = self.files.snapshot().head
        least = PATIENT_FROM if self._patient else GRAPH_FROM
        return head.rows >= least and head.rows > self._covered(head) * 5 // 4

    def grow(self) -> None:
        """Make or extend the graph: a minute for 100,000 rows. Nobody else waits meanwhile."""
        snapshot = self.files.snapshot()
        graph = self._extended(snapshot)
        with self.files.lock():
            if self.files.snapshot().head.generation == snapshot.head.generation:
                self._keep(graph, snapshot.head)

    def candidates(
        self, snapshot: Snapshot, asked: Floats, k: int, within: frozenset[int] | None
    ) -> Ints | None:
        """The graph's candidates and the rows it does not know."""
        self._asked += 1
        waits = within is not None or (self._patient and self._asked <= PATIENT_FOR)
        graph = None if waits else self._load(snapshot.head)
        if graph is None:
            return super().candidates(snapshot, asked, k, within)
        head = snapshot.head
        wanted = min(graph.ntotal, max(SEARCH_WIDTH, k) + head.dead)
        if wanted > graph.ntotal // 4:
            return super().candidates(snapshot, asked, k, within)
        graph.hnsw.efSearch = wanted
        self._faiss.omp_set_num_threads(1)  # threads for one question only wait for each other
        _, found = graph.search(np.ascontiguousarray(asked[None]), wanted)
        near = found[0][found[0] >= 0]  # -1 where it found too few
        rows: Ints = np.concatenate([np.sort(near), np.arange(graph.ntotal, head.rows)])
        if snapshot.living is not None:
            rows = rows[np.isin(rows, snapshot.living, assume_unique=True)]
        return rows

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        super().close()
        self._graph = self._graph_of = None

    def _covered(self, head: Head) -> int:
        """How many rows of this generation the graph on the disk knows."""
        return max((rows for _, rows in self._files_of(head.generation)), default=0)

    def _files_of(self, generation: int) -> list[tuple[Path, int]]:
        if not self.files.folder.is_dir():
            return []
        found = [(path, _NAME.match(path.name)) for path in self.files.folder.iterdir()]
        return [(p, int(m[2])) for p, m in found if m and int(m[1]) == generation]

    def _load(self, head: Head) -> _Graph | None:
        covered = self._covered(head)
        if not covered or covered > head.rows:
            return None
        if self._graph_of != (head.generation, covered):
            self._graph_of = (head.generation, covered)
            self._graph = None
            path = self.files.folder / f"graph-{head.generation}-{covered}.faiss"
            with contextlib.suppress(RuntimeError, OSError):  # damaged: it is as if it were not
                graph = cast("_Graph", self._faiss.read_index(str(path)))
                if (graph.ntotal, graph.d) == (covered, head.dimension):
                    self._graph = graph
        return self._graph

    def _extended(self, snapshot: Snapshot) -> _Graph:
        head = snapshot.head
        graph = self._load(head)
        if graph is None:
            graph = cast(
                "_Graph",
                self._faiss.IndexHNSWSQ(
                    head.dimension,
                    self._faiss.ScalarQuantizer.QT_fp16,
                    LINKS,
                    self._faiss.METRIC_INNER_PRODUCT,
                ),
            )
            graph.hnsw.efConstruction = BUILD_WIDTH
            graph.train(np.ascontiguousarray(snapshot.rows[:1]))
        self._faiss.omp_set_num_threads(os.cpu_count() or 1)
        graph.add(np.ascontiguousarray(snapshot.rows[graph.ntotal :]))
        return graph

    def _keep(self, graph: _Graph, head: Head) -> None:
        """Write the graph and remove older ones; under the lock."""
        with contextlib.suppress(OSError):  # a full disk: questions go the default way
            self._write(graph, f"graph-{head.generation}-{head.rows}.faiss")
            for path in self.files.folder.iterdir():
                told = _NAME.match(path.name)
                if told and (int(told[1]), int(told[2])) != (head.generation, head.rows):
                    path.unlink()
        self._graph, self._graph_of = graph, (head.generation, head.rows)

    @cached_property
    def _faiss(self) -> Any:
        """The library, which has no types; loading it takes longer than many questions."""
        return needed("faiss", "faiss", *_WORDS)

    def _write(self, graph: _Graph, name: str) -> None:
        """Write the graph in whole or not at all."""
        data: bytes = self._faiss.serialize_index(graph).tobytes()
        handle, temporary = tempfile.mkstemp(prefix=".graph.", dir=self.files.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.files.folder / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
