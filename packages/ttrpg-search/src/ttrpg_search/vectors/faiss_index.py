"""A faster index for large libraries: codes of faiss in the place of the first pass.

It is the default index, files and all, with one more: the sketches of the rows as codes of four
bits a number (product quantisation), which faiss compares thirty-two at a time in the registers of
the processor (André, Kermarrec and Le Scouarnec 2015, "fast scan"). A question asks the codes for
candidates, adds the best of the rows that came since, and compares these in full, so that its
cosines are exact and its deletions at once. The codes are only a shortcut: lost, damaged or of
another generation, they are left aside, and made again at the next change. Filtered questions go
the default way.

A patient index, which is the one that is chosen where nobody chose, does so only where it gains:
faiss takes a third of a second to load, so the codes are made when asked for
(:meth:`FaissIndex.grow`), and a process asks them after some questions.
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

PATIENT_FROM, PATIENT_FOR = 100_000, 100
"""Rows from which a patient index keeps codes, and the questions that a process asks without."""
BITS = 4
"""Bits of each number's code: fast scan knows no others."""
SAMPLE = 32_768
"""Rows that the codes are chosen by, at the most."""
PART = 4
"""Of how many rows one is a candidate at the most; of more the sketches are as quick."""
_NAME = re.compile(r"(\d+)\.codes-(\d+)-(\d+)\Z")
_HALF = ".codes."
_WORDS = ("the vector index 'faiss'", "'exact'")


class _Codes(Protocol):
    """What of a faiss index is used here; the library has no types."""

    ntotal: int
    d: int

    def train(self, x: Floats) -> None: ...
    def add(self, x: Floats) -> None: ...
    def search(self, x: Floats, k: int) -> tuple[Floats, Ints]: ...


class FaissIndex(Exact):
    """Keeps vectors in the context's folder, with codes of their sketches beside them."""

    def __init__(self, context: Context, *, patient: bool = False) -> None:
        super().__init__(context)
        if find_spec("faiss") is None:
            raise lacking("faiss", *_WORDS)
        self._patient = patient
        self._asked = 0
        self._codes: _Codes | None = None
        self._codes_of: tuple[int, int, int] | None = None

    def add(self, embedder: str, ids: Sequence[int], vectors: Vectors) -> None:
        """As :meth:`.Exact.add`; now and then codes are made, unless this one is patient."""
        super().add(embedder, ids, vectors)
        if not self._patient and self.outgrown():
            self.grow()

    def outgrown(self) -> bool:
        """Whether there are so many rows without codes now that these are worth making."""
        head = self.files.snapshot().head
        if not head.sketched or (self._patient and head.rows < PATIENT_FROM):
            return False
        return head.rows > self._covered(head) * 5 // 4

    def grow(self) -> None:
        """Make or extend the codes: a second for 100,000 rows. Nobody else waits meanwhile."""
        snapshot = self.files.snapshot()
        if snapshot.sketches is None:
            return
        codes = self._extended(snapshot.head, snapshot.sketches)
        with self.files.lock():
            head = self.files.snapshot().head
            of_these = _basis(head) == _basis(snapshot.head)
            if of_these and self._covered(head) < snapshot.head.rows:
                self._keep(codes, snapshot.head)

    def first(
        self, snapshot: Snapshot, sketches: Floats, asked: Floats, wanted: int, since: int = 0
    ) -> Ints:
        """The candidates by their codes, and the best of the rows that have none."""
        self._asked += 1
        head = snapshot.head
        waits = self._patient and self._asked <= PATIENT_FOR
        codes = None if waits or head.dead > wanted else self._load(head, sketches.shape[1])
        most = wanted + head.dead
        if codes is None or most > codes.ntotal // PART:
            return super().first(snapshot, sketches, asked, wanted, since)
        self._faiss.omp_set_num_threads(1)  # threads for one question only wait for each other
        _, found = codes.search(asked[None], most)
        rows: Ints = np.sort(found[0])
        if rows[0] < 0:  # it leaves some out: all are alike, or the question is no direction
            return super().first(snapshot, sketches, asked, wanted, since)
        if snapshot.living is not None:
            rows = rows[np.isin(rows, snapshot.living, assume_unique=True)]
        if codes.ntotal == head.rows:
            return rows
        rest = super().first(snapshot, sketches, asked, wanted, codes.ntotal)
        return np.concatenate([rows, rest])

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        super().close()
        self._codes = self._codes_of = None

    def _covered(self, head: Head) -> int:
        """How many rows of these sketches the codes on the disk know."""
        if not self.files.folder.is_dir():
            return 0
        found = (_NAME.match(path.name) for path in self.files.folder.iterdir())
        told = [tuple(map(int, each.groups())) for each in found if each]
        return max((rows for *of, rows in told if tuple(of) == _basis(head)), default=0)

    def _load(self, head: Head, wide: int) -> _Codes | None:
        covered = self._covered(head)
        if not covered or covered > head.rows:
            return None
        told = (*_basis(head), covered)
        if self._codes_of != told:
            self._codes_of = told
            self._codes = None
            path = self.files.folder / _name(*told)
            try:
                codes = cast("_Codes", self._faiss.read_index(str(path)))
            except RuntimeError:
                codes = None
            if codes is not None and (codes.ntotal, codes.d) == (covered, wide):
                self._codes = codes
            else:  # damaged: it is made again
                with contextlib.suppress(OSError):
                    path.unlink()
        return self._codes

    def _extended(self, head: Head, sketches: Floats) -> _Codes:
        self._faiss.omp_set_num_threads(os.cpu_count() or 1)
        wide = sketches.shape[1]
        codes = self._load(head, wide)
        if codes is None:
            by = self._faiss.METRIC_INNER_PRODUCT
            codes = cast("_Codes", self._faiss.IndexPQFastScan(wide, wide, BITS, by))
            codes.train(np.ascontiguousarray(sketches[:: -(-len(sketches) // SAMPLE)]))
        codes.add(np.ascontiguousarray(sketches[codes.ntotal :]))
        return codes

    def _keep(self, codes: _Codes, head: Head) -> None:
        """Write the codes and remove older ones; under the lock."""
        told = (*_basis(head), head.rows)
        with contextlib.suppress(OSError):  # a full disk: questions go the default way
            self._write(codes, _name(*told))
            for path in self.files.folder.iterdir():
                old = _NAME.match(path.name) and path.name != _name(*told)
                if old or path.name.startswith(_HALF):  # of a process that was killed
                    path.unlink()
        self._codes, self._codes_of = codes, told

    @cached_property
    def _faiss(self) -> Any:
        """The library, which has no types; loading it takes longer than many questions."""
        return needed("faiss", "faiss", *_WORDS)

    def _write(self, codes: _Codes, name: str) -> None:
        """Write the codes in whole or not at all."""
        data: bytes = self._faiss.serialize_index(codes).tobytes()
        handle, temporary = tempfile.mkstemp(prefix=_HALF, dir=self.files.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.files.folder / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _basis(head: Head) -> tuple[int, int]:
    """What codes depend on besides the rows: whose numbers, and in which directions."""
    return head.generation, head.sketched


def _name(generation: int, sketched: int, rows: int) -> str:
    return f"{generation}.codes-{sketched}-{rows}"
