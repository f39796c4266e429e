"""Keyword search with SQLite FTS5, in the same database and transaction as the text.

FTS5 finds the candidates: it holds stems, made by this package, and no text. The order is made by
:mod:`.keyword.scoring`, which looks at the candidates' stems; the text itself is read from the
kernel's ``chunks``, and only of what is shown.
"""

import json
import sqlite3
from collections.abc import Iterable

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.library import chunk_of
from ttrpg_core.search import Hit, Query
from ttrpg_search.keyword.candidates import candidates
from ttrpg_search.keyword.marks import marks
from ttrpg_search.keyword.plan import Plan, plan
from ttrpg_search.keyword.scoring import WEIGHTS, Weights, score
from ttrpg_search.keyword.texts import Text, Texts

POOL = 120
"""Candidates that are scored, at the least."""
FEW = 400
"""Passages that are scored one by one, without asking FTS5 for them."""


class Fts5:
    """The default keyword backend."""

    def __init__(self, context: Context, weights: Weights = WEIGHTS) -> None:
        self._database = context.database
        self._weights = weights

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with the same id is replaced."""
        Texts(self._database()).add(chunks)

    def remove(self, source: str) -> None:
        """Forget a book's chunks."""
        Texts(self._database()).remove(source)

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` passages for the query's terms."""
        connection = self._database()
        ranked, planned = self._ranked(query, k)
        chunks = chunks_of(connection, [number for number, _ in ranked])
        return [
            Hit(chunks[number], value, marks(chunks[number].text, planned))
            for number, value in ranked
            if number in chunks
        ]

    def scores(self, query: Query, k: int) -> list[tuple[int, float]]:
        """The ids of the best ``k`` passages with their scores, without reading them."""
        return self._ranked(query, k)[0]

    def count(self) -> int:
        """How many chunks are indexed."""
        return Texts(self._database()).count()

    def close(self) -> None:
        """Nothing is held open: the connection is the store's."""

    def candidates(self, query: Query, planned: Plan, texts: Texts, most: int) -> list[int]:
        """The ids of passages worth scoring; a backend with an index of its own finds them there."""
        return candidates(query, planned, texts, most)

    def _ranked(self, query: Query, k: int) -> tuple[list[tuple[int, float]], Plan]:
        texts = Texts(self._database())
        planned = plan(query, texts)
        if k < 1 or not any(group.ways for group in planned.groups):
            return [], planned
        if query.within is not None and len(query.within) <= FEW:
            chosen = _allowed(texts.of(query.within), query, planned)
        else:
            chosen = list(texts.of(self.candidates(query, planned, texts, max(POOL, k))))
        found = [(score(text, planned, self._weights), text.id) for text in chosen]
        found.sort(key=lambda each: (-each[0], each[1]))
        return [(number, value) for value, number in found[:k] if value > 0], planned


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
