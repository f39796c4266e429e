"""Keyword search with SQLite FTS5, in the same database and transaction as the text.

FTS5 finds the candidates: it holds stems, made by this package, and no text. The order is made by
:mod:`.keyword.scoring`, which looks at the candidates' stems; the text itself is read from the
kernel's ``chunks``, and only of what is shown.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.library import chunk_of
from ttrpg_core.search import Hit, Query
from ttrpg_search.keyword.candidates import candidates, either
from ttrpg_search.keyword.marks import Marker
from ttrpg_search.keyword.plan import Plan, plan
from ttrpg_search.keyword.scoring import WEIGHTS, Weights, score
from ttrpg_search.keyword.texts import Standing, Text, Texts, one_moment

if TYPE_CHECKING:
    from ttrpg_search.keyword.columns import Columns

POOL = 120
"""Candidates that are scored, at the least."""
FEW = 400
"""Passages that are scored one by one, without asking an index for them."""


class Having(Protocol):
    """Tells which of some passages may have all stems of one that is wanted.

    In their headings alone, if ``headed``. It spares reading the rest, where it can be known.
    """

    def __call__(
        self, wanted: Sequence[Iterable[str]], ids: Sequence[int], *, headed: bool
    ) -> Collection[int]:
        """Those of the passages."""


def _every(wanted: Sequence[Iterable[str]], ids: Sequence[int], *, headed: bool) -> Collection[int]:
    del wanted, headed
    return ids


class Matched(NamedTuple):
    """What words found: the plan that they were looked for by, and the best passages.

    ``of`` answers the scores of further passages that may be found (one without a word is left out,
    or 0), ``standing`` whose passages are, of what section and kind, ``having`` which of some may
    have some stems.
    """

    plan: Plan
    best: list[tuple[int, float]]
    of: Callable[[Iterable[int]], dict[int, float]]
    standing: Callable[[Iterable[int]], dict[int, Standing]]
    having: Having = _every


class Fts5:
    """The default keyword backend.

    A process that has numpy loaded anyway scores every passage at once, by the columns that are
    kept beside the FTS5 index; loading it for one question takes longer than the answer, so then
    FTS5 finds the candidates. The order of both is that of :func:`.scoring.score`.
    """

    in_columns: ClassVar[bool] = True
    """Whether the columns are asked where they can be; not by a backend with a quicker index."""

    def __init__(self, context: Context, weights: Weights = WEIGHTS) -> None:
        self._database = context.database
        self._folder = context.folder
        self._weights = weights
        self._columns: Columns | None = None

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with the same id is replaced."""
        Texts(self._database()).add(chunks)

    def remove(self, source: str) -> None:
        """Forget a book's chunks."""
        Texts(self._database()).remove(source)

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` passages for the query's terms."""
        connection = self._database()
        with one_moment(connection):
            matched = self.match(query, k)
            chunks = chunks_of(connection, [number for number, _ in matched.best])
        there = [(chunks[number], value) for number, value in matched.best if number in chunks]
        marks = Marker(matched.plan).every([chunk.text for chunk, _ in there])
        return [Hit(*each, met) for each, met in zip(there, marks, strict=True)]

    def match(self, query: Query, k: int, texts: Texts | None = None) -> Matched:
        """The ids of the best ``k`` passages with their scores, without reading them.

        ``texts`` may know some of the query's words already.
        """
        texts = texts or Texts(self._database())
        planned = plan(query, texts)
        if k < 1 or not any(group.ways for group in planned.groups):
            return Matched(planned, [], lambda _: {}, texts.standing)
        if query.within is not None and len(query.within) <= FEW:
            found = self._scored(_allowed(texts.of(query.within), query, planned), planned)
        elif self.in_columns and "numpy" in sys.modules:
            return self._at_once(query, planned, texts, k)
        else:
            likely = self.candidates(query, planned, texts, max(POOL, k))
            found = self._scored(texts.of(likely), planned)

        def of(ids: Iterable[int]) -> dict[int, float]:
            return dict(self._scored(_allowed(texts.of(ids), query, planned), planned))

        return Matched(planned, _best(found, k), of, texts.standing)

    def unready(self) -> bool:
        """Whether a question would gain by :meth:`make_ready`."""
        from ttrpg_search.keyword.ready import lacking

        totals = Texts(self._database()).totals()
        return self.in_columns and lacking(
            self._folder, totals.generation, totals.chunks, self._weights
        )

    def make_ready(self, phrases: Iterable[tuple[str, ...]]) -> None:
        """Write into a file what questions need of each stem and of these phrases."""
        from ttrpg_search.keyword.columns import Columns

        connection = self._database()
        with one_moment(connection):
            totals = Texts(connection).totals()
            columns = Columns(connection, totals.generation, totals.mean_length, self._weights)
            columns.make_ready(self._folder, phrases)

    def count(self) -> int:
        """How many chunks are indexed."""
        return Texts(self._database()).count()

    def close(self) -> None:
        """Forget the columns; the connection is the store's. May be called twice."""
        self._columns = None

    def candidates(self, query: Query, planned: Plan, texts: Texts, most: int) -> list[int]:
        """The ids of passages worth scoring; a backend with its own index finds them there."""
        return candidates(query, planned, texts, most)

    def _scored(self, texts: Iterable[Text], planned: Plan) -> list[tuple[int, float]]:
        return [(text.id, score(text, planned, self._weights)) for text in texts]

    def _at_once(self, query: Query, planned: Plan, texts: Texts, k: int) -> Matched:
        """Every passage scored by columns."""
        from ttrpg_search.keyword.columns import Columns

        columns = self._columns
        if columns is None or columns.generation != planned.generation:
            columns = self._columns = Columns(
                self._database(),
                planned.generation,
                planned.mean_length,
                self._weights,
                self._folder,
            )
        without: list[int] = []
        if planned.absent:
            without = texts.matching(either(planned.absent), columns.lots.count)
        allowed = columns.lots.allowed(query.sources, query.within, without)
        try:
            scores = columns.scores(planned, allowed)
        except BaseException:  # a half-done sum is in the columns: Ctrl-C, a full memory
            self._columns = None
            raise
        ranked = columns.best(scores, k)
        return Matched(
            planned,
            ranked,
            lambda ids: columns.of(scores, ids),
            columns.lots.standing,
            columns.having,
        )


def _best(found: Iterable[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    """The best of some passages, those that meet a term; equal ones in the order of their ids."""
    return sorted((each for each in found if each[1] > 0), key=lambda each: (-each[1], each[0]))[:k]


def _allowed(texts: Iterable[Text], query: Query, planned: Plan) -> list[Text]:
    """Those texts of few that the query's books and exclusions allow."""
    absent = [f" {text} " for text in planned.absent]
    return [
        text
        for text in texts
        if (query.sources is None or text.sha256 in query.sources)
        and not any(
            each in field for field in (text.heading, text.path, text.body) for each in absent
        )
    ]


def chunks_of(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Chunk]:
    """The chunks with these ids, from the kernel's table."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    cursor.execute(
        "SELECT * FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        [json.dumps(sorted(ids))],
    )
    return {row["id"]: chunk_of(row) for row in cursor}
