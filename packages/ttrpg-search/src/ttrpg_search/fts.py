"""Keyword search with SQLite FTS5, in the same database and transaction as the text.

FTS5 ranks by BM25 with a weight for each field. Its first fifty are then ordered again by what BM25
alone misses: how much of the query's meaning a passage covers (each term weighs its rarity), and
whether the passage's own heading is what was asked for.
"""

import json
import math
import re
import sqlite3
from collections.abc import Iterable, Sequence

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Hit, Query
from ttrpg_search.words import Wanted, expression, understand

WEIGHTS = (8.0, 2.0, 1.0)
"""BM25 weights of heading, path of headings, text."""
POOL = 50
"""Candidates that are ordered again."""
_ON, _OFF = "\x01", "\x02"
_MARKED = re.compile(f"{_ON}([^{_OFF}]*){_OFF}")


class Fts5:
    """The default keyword backend."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with the same id is replaced."""
        connection = self._database()
        for chunk in chunks:
            connection.execute("DELETE FROM search_chunks WHERE id = ?", [chunk.id])
            connection.execute(
                "INSERT INTO search_chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    chunk.id,
                    chunk.sha256,
                    chunk.ordinal,
                    chunk.heading,
                    json.dumps(chunk.path, ensure_ascii=False),
                    " ".join(
                        chunk.path[:-1] if chunk.path[-1:] == (chunk.heading,) else chunk.path
                    ),
                    chunk.first_page,
                    chunk.last_page,
                    chunk.label,
                    chunk.text,
                ],
            )

    def remove(self, source: str) -> None:
        """Forget a book's chunks."""
        self._database().execute("DELETE FROM search_chunks WHERE sha256 = ?", [source])

    def search(self, query: Query, k: int) -> list[Hit]:
        """The best ``k`` passages for the query's terms."""
        wanted = understand(query.text)
        if not wanted.terms or k < 1:
            return []
        rows = self._candidates(wanted, query.sources, max(POOL, k))
        rarity = self._rarity(wanted.terms)
        hits = [_hit(row, wanted, rarity) for row in rows]
        hits.sort(key=lambda hit: (-hit.score, hit.chunk.sha256, hit.chunk.ordinal))
        return hits[:k]

    def count(self) -> int:
        """How many chunks are indexed."""
        return int(self._database().execute("SELECT COUNT(*) FROM search_chunks").fetchone()[0])

    def close(self) -> None:
        """Nothing is held open: the connection is the store's."""

    def _candidates(
        self, wanted: Wanted, sources: frozenset[str] | None, most: int
    ) -> list[sqlite3.Row]:
        return (
            self._database()
            .execute(
                "SELECT c.*, bm25(search_fts, ?, ?, ?) AS rank,"
                " highlight(search_fts, 0, ?4, ?5) AS marked_heading,"
                " highlight(search_fts, 1, ?4, ?5) AS marked_crumbs,"
                " highlight(search_fts, 2, ?4, ?5) AS marked_text"
                " FROM search_fts JOIN search_chunks c ON c.id = search_fts.rowid"
                " WHERE search_fts MATCH ?6"
                " AND (?7 IS NULL OR c.sha256 IN (SELECT value FROM json_each(?7)))"
                " ORDER BY rank, c.id LIMIT ?8",
                [
                    *WEIGHTS,
                    _ON,
                    _OFF,
                    expression(wanted.terms, wanted.absent),
                    None if sources is None else json.dumps(sorted(sources)),
                    most,
                ],
            )
            .fetchall()
        )

    def _rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term, as in BM25."""
        connection = self._database()
        total = self.count()
        found = {}
        for term in terms:
            row = connection.execute(
                "SELECT COUNT(*) FROM search_fts WHERE search_fts MATCH ?", [expression((term,))]
            ).fetchone()
            found[term] = math.log(1 + (total - row[0] + 0.5) / (row[0] + 0.5))
        return found


def _hit(row: sqlite3.Row, wanted: Wanted, rarity: dict[str, float]) -> Hit:
    in_heading = _met(row["marked_heading"], wanted.terms)
    met = (
        in_heading
        | _met(row["marked_crumbs"], wanted.terms)
        | _met(row["marked_text"], wanted.terms)
    )
    whole = sum(rarity.values()) or 1.0
    covered = sum(rarity[term] for term in met) / whole
    titled = sum(rarity[term] for term in in_heading) / whole
    words = re.findall(r"\w+", row["heading"].lower())
    told = len(_MARKED.findall(row["marked_heading"])) / len(words) if words else 0.0
    score = -row["rank"] * (0.25 + 0.75 * covered**2) * (1 + titled * told)
    text, marks = _unmarked(row["marked_text"])
    chunk = Chunk(
        id=row["id"],
        sha256=row["sha256"],
        ordinal=row["ordinal"],
        heading=row["heading"],
        path=tuple(json.loads(row["path"])),
        first_page=row["first_page"],
        last_page=row["last_page"],
        label=row["label"],
        text=row["text"],
    )
    return Hit(chunk, score, marks if text == chunk.text else ())


def _met(marked: str, terms: Sequence[str]) -> frozenset[str]:
    """The terms that FTS5 met in a field, told from what it marked.

    It marks words by their stem, so a marked word counts for the term that begins most like it.
    """
    found = set()
    for words in {match.lower() for match in _MARKED.findall(marked)}:
        best = max(terms, key=lambda term: _alike(term, words))
        if _alike(best, words) > 1:
            found.add(best)
    return frozenset(found)


def _alike(term: str, words: str) -> int:
    """How many first characters two texts share."""
    shared = 0
    for left, right in zip(term, re.sub(r"\W+", " ", words), strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _unmarked(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text without the marks, and where they stood."""
    text: list[str] = []
    marks: list[tuple[int, int]] = []
    length = start = 0
    for char in marked:
        if char == _ON:
            start = length
        elif char == _OFF:
            marks.append((start, length))
        else:
            text.append(char)
            length += 1
    return "".join(text), tuple(marks)
