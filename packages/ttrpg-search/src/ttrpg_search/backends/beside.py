"""A keyword backend that finds candidates in an index of its own, in files beside the database.

The tables in the database stay what they are: they are written in the caller's transaction, the
rest of search reads them, and passages are scored by them. The files are a shortcut to the
passages worth scoring, and may lag behind: a crash between the two, a rollback, another backend
chosen for a while. So the files say for each book which passages are in them, and each question
compares that with the database first. What lags is brought in step on the spot where that is quick;
otherwise the tables answer, :meth:`Beside.count` says how much is missing, and
``ttrpg library reindex`` makes it whole.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Protocol

import attrs

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import StoreError
from ttrpg_core.paths import LOCK_SECONDS, locked
from ttrpg_core.search import Query
from ttrpg_search.backends.state import Foreign, State, StateFile
from ttrpg_search.fts import Fts5
from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.texts import Text, Texts

PATIENCE = 0.5
"""Seconds that a question waits for another process that writes the files."""
_BATCH = 1000


class Damaged(Exception):
    """The files cannot be used; they are made anew."""


class Files(Protocol):
    """The index itself, in a folder of its own; one process writes at a time."""

    def open(self, files: Mapping[str, str]) -> None:
        """Read what is there; Damaged when it is not whole or not what ``files`` tells."""
        ...

    def change(self, gone: Iterable[str], texts: Iterable[Text]) -> Mapping[str, str]:
        """Drop books, then add passages; on disk when it returns. Answers names and digests."""
        ...

    def found(self, query: Query, planned: Plan, most: int) -> list[int]:
        """The ids of the likeliest passages that the query allows; Damaged."""
        ...

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        ...


class Beside(Fts5):
    """The default backend, tables and all, with candidates from files."""

    in_columns: ClassVar[bool] = False
    lag: ClassVar[int] = 2000
    """Passages that are brought in step while somebody waits for an answer."""

    def __init__(self, context: Context, files: Files) -> None:
        super().__init__(context)
        self.folder = context.folder
        self._files = files
        self._state: State | None = None
        self._seen: tuple[int, int, int] | None = None
        self._lagging: tuple[object, str] | None = None

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with the same id is replaced."""
        sources: set[str] = set()

        def noted() -> Iterator[Chunk]:
            for chunk in chunks:
                sources.add(chunk.sha256)
                yield chunk

        super().add(noted())
        if sources:
            connection = self._database()
            connection.executemany(
                "INSERT OR REPLACE INTO search_stamps (sha256, stamp)"
                " VALUES (?, lower(hex(randomblob(8))))",
                [(each,) for each in sorted(sources)],
            )
            self._bring(connection, frozenset(sources))

    def remove(self, source: str) -> None:
        """Forget a book's chunks; the files drop them before the next question is answered."""
        super().remove(source)
        self._database().execute("DELETE FROM search_stamps WHERE sha256 = ?", [source])

    def count(self) -> int:
        """How many chunks are indexed, in the tables and in the files."""
        connection = self._database()
        try:
            if self._ready(connection):
                return super().count()
        except Foreign:
            return 0
        there = self._state.books if self._state is not None else {}
        return sum(
            int(told.partition("/")[0])
            for sha256, told in books_of(connection).items()
            if there.get(sha256) == told
        )

    def candidates(self, query: Query, planned: Plan, texts: Texts, most: int) -> list[int]:
        """The files' candidates; the tables' own while the files cannot be used."""
        if self._ready(self._database()):
            try:
                return self._files.found(query, planned, most)
            except Damaged:
                self._forget()
        return super().candidates(query, planned, texts, most)

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        super().close()
        self._files.close()
        self._state = self._seen = self._lagging = None

    def _ready(self, connection: sqlite3.Connection) -> bool:
        """Whether the files say what the database does now; Foreign for files of others."""
        seen, mark = self._file().seen(), mark_of(connection)
        if seen is not None and self._state is not None and seen == self._seen:
            if self._state.mark == mark:
                return True
            if self._lagging == (seen, mark):
                return False
        try:
            return self._bring(connection, None)
        except Foreign:
            raise
        except StoreError:  # held by another process, or on a disk that cannot be written
            return False

    def _bring(self, connection: sqlite3.Connection, only: frozenset[str] | None) -> bool:
        """Bring the files in step: the books of ``only``, or all if that is quick."""
        file = self._file()
        with locked(file.path, PATIENCE if only is None else LOCK_SECONDS):
            books = books_of(connection)
            small = sum(map(_count, books.values())) <= self.lag
            state = self._opened(file, anew=only is not None or small)
            late = {each for each, told in books.items() if state.books.get(each) != told}
            chosen = late if only is None else late & only
            if only is None and sum(_count(books[each]) for each in late) > self.lag:
                self._lagging = (self._seen, mark_of(connection))
                return False
            gone = state.books.keys() - books.keys()
            mark = mark_of(connection) if chosen == late else ""
            if chosen or gone:
                told = self._files.change([*gone, *chosen], _texts(connection, chosen))
                kept = {each: state.books[each] for each in state.books.keys() - gone}
                state = State({**kept, **{each: books[each] for each in chosen}}, mark, told)
            elif mark != state.mark:
                state = attrs.evolve(state, mark=mark)
            if state != self._state or self._file().seen() != self._seen:
                file.write(state)
            self._state, self._seen = state, file.seen()
        return bool(mark)

    def _opened(self, file: StateFile, *, anew: bool) -> State:
        """The state of the files, which are open then; with ``anew`` those of others are removed.

        Under the lock.
        """
        seen = file.seen()
        if self._state is not None and seen is not None and seen == self._seen:
            return self._state
        self._files.close()
        try:
            state = file.read()
        except Foreign:
            if not anew:
                raise
            state = None
        try:
            if state is None:
                state = file.begin()
            elif state.books:
                self._files.open(state.files)
        except Damaged:
            state = file.begin()
        self._state, self._seen = state, file.seen()
        return state

    def _forget(self) -> None:
        """Begin with empty files: what is there cannot be read."""
        file = self._file()
        with locked(file.path, PATIENCE):
            self._files.close()
            self._state, self._seen = file.begin(), file.seen()

    def _file(self) -> StateFile:
        key = self._database().execute("SELECT key FROM search_seal").fetchone()[0]
        return StateFile(self.folder, bytes.fromhex(key))


def mark_of(connection: sqlite3.Connection) -> str:
    """What changes whenever indexed passages do, and comes back when a change is rolled back."""
    return str(Texts(connection).totals().generation)


def books_of(connection: sqlite3.Connection) -> dict[str, str]:
    """The indexed books, each with a fingerprint of its passages that begins with their number.

    Ids of passages are never given twice, so other passages have other ids.
    """
    rows = connection.execute(
        "SELECT t.sha256, COUNT(*), MIN(t.id), MAX(t.id), COALESCE(s.stamp, '')"
        " FROM search_texts t LEFT JOIN search_stamps s ON s.sha256 = t.sha256 GROUP BY t.sha256"
    )
    return {row[0]: "/".join(map(str, tuple(row)[1:])) for row in rows}


def _count(told: str) -> int:
    return int(told.partition("/")[0])


def _texts(connection: sqlite3.Connection, sources: Iterable[str]) -> Iterator[Text]:
    """The stems of books, some at a time."""
    texts = Texts(connection)
    for source in sorted(sources):
        ids = iter(sorted(texts.ids([source])))
        while batch := list(itertools.islice(ids, _BATCH)):
            yield from texts.of(batch)
