"""The files of a vector index, and how they change without ever being seen half done.

A folder holds ``head.json`` and, for the generation that it names, four files that only grow: the
chunk ids, the vectors, the numbers of rows that are dead (replaced or removed), and in a large
index the sketches of the vectors, for the first pass of a search: their share in the directions in
which they differ most (principal components), which a file of its own names. A change writes
behind what the head vouches for, flushes, and then replaces the head in one rename, so a process
killed at any point leaves the index as it was before or as it is after. When many rows are dead the
living are copied to a new generation in the same way. Changes are made under a file lock; reading
takes none, and works on a disk that cannot be written.
"""

import contextlib
import json
import os
import re
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import locked, make_folder, write_atomically
from ttrpg_core.search import Vectors

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]

FORMAT = 1
SKETCH_FROM = 4096
"""Rows from which sketches are kept; fewer are compared in full."""
SKETCH_WIDE = 96
"""Numbers of a sketch; vectors of less than twice as many have none."""
SKETCH_SAMPLE = 8192
"""Rows that the directions are taken from, at the most."""
SKETCH_AGAIN = 4
"""The directions are taken anew when the rows have grown by this factor."""
_GENERATION = re.compile(r"(\d+)\.(?:ids|rows|dead|(?:basis|sketch)-\d+|codes-\d+-\d+)\Z")
_TRIES = 5


@attrs.frozen
class Head:
    """What ``head.json`` says: whose vectors, and how much of each file counts.

    ``sketched`` is how many rows there were when the directions of the sketches were taken; 0 where
    there are no sketches.
    """

    embedder: str = ""
    dimension: int = 0
    generation: int = 0
    rows: int = 0
    dead: int = 0
    sketched: int = 0


@attrs.define(eq=False)
class Snapshot:
    """The index at one moment. ``order`` sorts the living rows by their chunk's id.

    ``sketches`` are ``rows @ basis``; None in a small index.
    """

    head: Head
    ids: Ints
    rows: Floats
    living: Ints | None
    basis: Floats | None = None
    sketches: Floats | None = None
    _order: Ints | None = None
    _known: Ints | None = None

    @property
    def alive(self) -> Ints:
        """The numbers of the living rows."""
        return np.arange(len(self.ids)) if self.living is None else self.living

    @property
    def order(self) -> Ints:
        """The numbers of the living rows, by their ids."""
        if self._order is None:
            alive = self.alive
            self._order = alive[np.argsort(self.ids[alive], kind="stable")]
        return self._order

    @property
    def known(self) -> Ints:
        """The ids of the living rows, ascending."""
        if self._known is None:
            self._known = self.ids[self.order]
        return self._known

    def rows_of(self, wanted: Ints) -> Ints:
        """The living rows of those ids that are here, ascending; no id may be there twice."""
        order, known = self.order, self.known
        if not len(order):
            return order
        places = known.searchsorted(wanted)
        here: Ints = order[places[known.take(places, mode="clip") == wanted]]
        here.sort()
        return here


class Files:
    """The folder of one index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.head_path = folder / "head.json"
        self._head_name = str(self.head_path)
        self._seen: tuple[int, int, int] | None = None
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The index as it is now; what others changed is seen."""
        seen = self._look()
        if self._snapshot is not None and seen == self._seen:
            return self._snapshot
        for turn in range(_TRIES):
            seen = self._look()
            try:
                self._snapshot = self._read()
            except FileNotFoundError as error:  # a new generation came between head and files
                if self._look() == seen or turn == _TRIES - 1:
                    raise self._damaged(f"{error.filename} is missing") from error
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise self._damaged(str(error)) from error
            self._seen = seen
            break
        assert self._snapshot is not None
        return self._snapshot

    def append(self, snapshot: Snapshot, ids: Ints, rows: Floats, embedder: str) -> None:
        """Add rows; living rows of the same ids die. Under :meth:`lock`, on its snapshot."""
        head = snapshot.head
        dead = snapshot.rows_of(ids)
        if not head.rows:
            generation = max(head.generation + 1, self._unused())  # the head may have been lost
            head = Head(embedder, rows.shape[1], generation)
        self._grow("ids", head, head.rows, ids.tobytes(), 8)
        self._grow("rows", head, head.rows, rows.tobytes(), 4 * head.dimension)
        self._grow("dead", head, head.dead, dead.tobytes(), 8)
        new = attrs.evolve(head, rows=head.rows + len(ids), dead=head.dead + len(dead))
        if snapshot.basis is not None and new.rows < SKETCH_AGAIN * head.sketched:
            sketches = sketch(rows, snapshot.basis)
            name = f"sketch-{head.sketched}"
            self._grow(name, head, head.rows, sketches.tobytes(), 4 * SKETCH_WIDE)
        elif worth_sketching(new):
            new = self._write_sketches(new)
        self._commit(new)

    def bury(self, snapshot: Snapshot, dead: Ints) -> None:
        """Mark rows as dead. Under :meth:`lock`, on its snapshot."""
        head = snapshot.head
        self._grow("dead", head, head.dead, dead.tobytes(), 8)
        self._commit(attrs.evolve(head, dead=head.dead + len(dead)))

    def rewrite(self, snapshot: Snapshot) -> None:
        """Copy the living rows to a new generation. Under :meth:`lock`, on its snapshot."""
        alive = snapshot.alive
        old = snapshot.head
        new = attrs.evolve(old, generation=self._unused(), rows=0, dead=0, sketched=0)
        step = max(1, 4_000_000 // old.dimension)
        for start in range(0, len(alive), step):
            part = alive[start : start + step]
            self._grow("ids", new, new.rows, snapshot.ids[part].tobytes(), 8)
            self._grow("rows", new, new.rows, snapshot.rows[part].tobytes(), 4 * new.dimension)
            new = attrs.evolve(new, rows=new.rows + len(part))
        self._grow("dead", new, 0, b"", 8)
        if worth_sketching(new):
            new = self._write_sketches(new)
        self._commit(new)
        self._sweep(new)

    def empty(self) -> None:
        """Begin anew, whatever is there; under :meth:`lock`."""
        new = Head(generation=self._unused())
        self._commit(new)
        self._sweep(new)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the index against other writers."""
        make_folder(self.folder)
        return locked(self.head_path)

    def close(self) -> None:
        """Let go of the files."""
        self._snapshot = self._seen = None

    def _look(self) -> tuple[int, int, int] | None:
        try:
            told = os.stat(self._head_name)  # noqa: PTH116 - looked at by every question
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from error
        return told.st_ino, told.st_mtime_ns, told.st_size

    def _read(self) -> Snapshot:
        head = self._read_head()
        if not head.rows:
            return Snapshot(head, np.empty(0, np.int64), np.empty((0, 0), np.float32), None)
        ids = np.fromfile(self._path("ids", head), np.int64, head.rows)
        rows = self._mapped("rows", head, head.dimension)
        dead = np.fromfile(self._path("dead", head), np.int64, head.dead)
        if len(ids) < head.rows or len(dead) < head.dead:
            raise ValueError("a file is shorter than it was")
        living = None
        if head.dead:
            alive = np.ones(head.rows, bool)
            alive[dead] = False
            living = np.flatnonzero(alive)
        if not head.sketched:
            return Snapshot(head, ids, rows, living)
        basis = np.fromfile(self._path(f"basis-{head.sketched}", head), np.float32)
        basis = basis.reshape(head.dimension, SKETCH_WIDE)
        sketches = self._mapped(f"sketch-{head.sketched}", head, SKETCH_WIDE)
        return Snapshot(head, ids, rows, living, basis, sketches)

    def _mapped(self, name: str, head: Head, wide: int) -> Floats:
        """The rows of a file, mapped; a plain array, as numpy is quicker with these."""
        shape = (head.rows, wide)
        return np.asarray(np.memmap(self._path(name, head), np.float32, "r", shape=shape))

    def _read_head(self) -> Head:
        try:
            text = self.head_path.read_text("utf-8")
        except FileNotFoundError:
            return Head()
        told = json.loads(text)
        if told.pop("format") != FORMAT:
            raise ValueError("it is of another version of ttrpg")
        return Head(**told)

    def _commit(self, head: Head) -> None:
        write_atomically(self.head_path, json.dumps({"format": FORMAT, **attrs.asdict(head)}))

    def _write_sketches(self, head: Head) -> Head:
        """Sketches of every row, in directions taken anew."""
        rows = self._mapped("rows", head, head.dimension)
        basis = directions(rows[:: max(1, head.rows // SKETCH_SAMPLE)])
        new = attrs.evolve(head, sketched=head.rows)
        self._grow(f"basis-{head.rows}", new, 0, basis.tobytes(), 0)
        step = max(1, 4_000_000 // head.dimension)
        for start in range(0, head.rows, step):
            part = sketch(rows[start : start + step], basis)
            self._grow(f"sketch-{head.rows}", new, start, part.tobytes(), 4 * SKETCH_WIDE)
        return new

    def _grow(self, name: str, head: Head, count: int, data: bytes, size: int) -> None:
        """Write behind the first ``count`` records of ``size`` bytes; what stood there was void."""
        path = self._path(name, head)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "r+b") as file:
                file.truncate(count * size)
                file.seek(count * size)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"cannot write {path}: {error.strerror}",
                "The index is unchanged; free some space or mend its permissions",
            ) from error

    def _path(self, name: str, head: Head) -> Path:
        return self.folder / f"{head.generation}.{name}"

    def _generations(self) -> list[tuple[Path, int]]:
        found = [(path, _GENERATION.match(path.name)) for path in self.folder.iterdir()]
        return [(path, int(match[1])) for path, match in found if match]

    def _unused(self) -> int:
        return max((number for _, number in self._generations()), default=0) + 1

    def _sweep(self, head: Head) -> None:
        """Remove other generations; one that a reader still maps goes another time (Windows)."""
        for path, number in self._generations():
            if number != head.generation:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _damaged(self, why: str) -> StoreError:
        return StoreError(
            f"the vectors in {self.folder} cannot be read: {why}",
            "Nothing of yours is lost; make them again: ttrpg library index",
        )


def worth_sketching(head: Head) -> bool:
    """Whether an index is large enough, and its vectors wide enough, for a first pass."""
    return head.rows >= SKETCH_FROM and head.dimension >= 2 * SKETCH_WIDE


def directions(rows: Floats) -> Floats:
    """The directions in which vectors differ most: one a column, of length one."""
    _, found = np.linalg.eigh(rows.T @ rows)  # ascending by how much of the rows each has
    return np.ascontiguousarray(found[:, : -SKETCH_WIDE - 1 : -1], np.float32)


def sketch(rows: Floats, basis: Floats) -> Floats:
    """The share of vectors in each direction."""
    found: Floats = np.ascontiguousarray(rows @ basis, np.float32)
    return found


def matrix(vectors: Vectors) -> Floats:
    """Vectors as an array of float32, one a row."""
    if isinstance(vectors, np.ndarray):
        return np.ascontiguousarray(vectors, np.float32)
    return np.array([list(vectors[place]) for place in range(len(vectors))], np.float32)
