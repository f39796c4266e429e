"""The stems of every chunk, kept in the database: what keyword search works on.

Everything is written inside the caller's transaction, so that index and chunks agree whatever
happens in between.
"""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from ttrpg_core.documents import Chunk
from ttrpg_core.library import chunk_of
from ttrpg_search.keyword.tokens import WORD, fold, known_stems, stemmed, words
from ttrpg_search.keyword.tokens import stems as stems_of


class Text(NamedTuple):
    """A chunk as stems: each of its three fields is " stem stem ", so a term is found whole."""

    id: int
    sha256: str
    length: int
    heading: str
    path: str
    body: str


@contextlib.contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in the block is of one moment, whatever other processes write meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.commit()


class Totals(NamedTuple):
    """All that is indexed: chunks, and the stems of their texts together.

    ``generation`` is another number after each change, and the same again when one is rolled back.
    """

    chunks: int
    length: int
    generation: int

    @property
    def mean_length(self) -> float:
        """Stems of a chunk, on average; 1 while there are none."""
        return max(self.length / self.chunks, 1.0) if self.chunks else 1.0


class Standing(NamedTuple):
    """Whose a chunk is, the number of its section, and its kind."""

    sha256: str
    section: int
    kind: str


class Texts:
    """Reads and writes the tables of the keyword index through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Index chunks; one with the same id is replaced."""
        batch: list[Chunk] = []
        for chunk in chunks:
            batch.append(chunk)
            if len(batch) == _BATCH:
                self._add(batch)
                batch = []
        if batch:
            self._add(batch)

    def _add(self, chunks: list[Chunk]) -> None:
        from ttrpg_search.keyword.packs import pack

        self._drop("id IN (SELECT value FROM json_each(?))", [c.id for c in chunks])
        seen: Counter[str] = Counter()
        said: set[str] = set()
        pairs: dict[str, tuple[str, str]] = {}
        initials: set[tuple[str, str, str]] = set()
        rows: dict[int, tuple[int, str, int, int, str, str, str, str]] = {}
        for chunk in chunks:
            crumbs = chunk.path[:-1] if chunk.path[-1:] == (chunk.heading,) else chunk.path
            fields = []
            for text in (chunk.heading, " ".join(crumbs), chunk.text):
                found = WORD.findall(text)
                said.update(found)
                fields.append(stemmed(found))
            titled = words(chunk.heading)
            for (one, stem_one), (two, stem_two) in pairwise(
                list(zip(titled, fields[0], strict=True))[:_TITLED]
            ):
                pairs[one + two] = (f"{stem_one} {stem_two}", f"{one} {two}")
            if 1 < len(titled) <= _TITLED:
                keyed = " ".join(fields[0])
                initials.update((each, " ".join(titled), keyed) for each in _initials(titled))
            if chunk.id in rows:
                seen.subtract(_counted(*rows[chunk.id][5:]))
            rows[chunk.id] = row = (
                chunk.id,
                chunk.sha256,
                len(fields[2]),
                _section(chunk),
                chunk.kind,
                f" {' '.join(fields[0])} ",
                f" {' '.join(fields[1])} ",
                f" {' '.join(fields[2])} ",
            )
            seen.update(_counted(*row[5:]))
        self._connection.executemany(
            "INSERT INTO search_texts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows.values()
        )
        self._connection.execute(
            "INSERT INTO search_index (rowid, heading, path, body)"
            " SELECT id, heading, path, body FROM search_texts"
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            [json.dumps(list(rows))],
        )
        self._connection.execute(
            "UPDATE search_totals SET chunks = chunks + ?, length = length + ?",
            [len(rows), sum(row[2] for row in rows.values())],
        )
        pack(self._connection, list(rows.values()))
        self._count(seen)
        known = {fold(word): one for word, one in known_stems(said).items() if one}
        self._connection.executemany(
            "INSERT OR IGNORE INTO search_words VALUES (?, ?, ?, ?)",
            [
                (word, one, told, len(word))
                for word, (one, told) in sorted(
                    {**pairs, **{word: (one, word) for word, one in known.items()}}.items()
                )
                if len(word) <= _LONGEST
            ],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO search_initials VALUES (?, ?, ?)", sorted(initials)
        )

    def add_books(self) -> None:
        """Index every book on the shelf, as when a new version of the index begins."""
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        cursor.execute(
            "SELECT * FROM chunks WHERE sha256 IN (SELECT sha256 FROM books) ORDER BY id"
        )
        self.add(chunk_of(row) for row in cursor)

    def pack(self) -> None:
        """Pack all that is indexed, as when a new version of the packs begins."""
        from ttrpg_search.keyword.packs import pack

        ids = sorted(self.ids())
        for start in range(0, len(ids), _BATCH):
            rows = self._connection.execute(
                "SELECT * FROM search_texts"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                [json.dumps(ids[start : start + _BATCH])],
            )
            pack(self._connection, [tuple(row) for row in rows])

    def remove(self, source: str) -> None:
        """Forget a book's chunks."""
        self._drop("sha256 = (SELECT value FROM json_each(?))", [source])

    def count(self) -> int:
        """How many chunks are indexed."""
        return self.totals().chunks

    def totals(self) -> "Totals":
        """What there is in all."""
        return Totals(*self._connection.execute("SELECT * FROM search_totals").fetchone())

    def standing(self, ids: Iterable[int]) -> dict[int, "Standing"]:
        """What decides the place of some chunks; those that are not indexed are left out."""
        rows = self._connection.execute(
            "SELECT id, sha256, section, kind FROM search_texts"
            " WHERE id IN (SELECT value FROM json_each(?))",
            [json.dumps(list(ids))],
        )
        return {row[0]: Standing(row[1], row[2], row[3]) for row in rows}

    def chunks_with(self, stems: Iterable[str]) -> dict[str, int]:
        """In how many chunks each stem is; those that are in none are left out."""
        return {
            row[0]: row[1]
            for row in self._connection.execute(
                "SELECT stem, chunks FROM search_stems WHERE chunks > 0"
                " AND stem IN (SELECT value FROM json_each(?))",
                [json.dumps(sorted(set(stems)))],
            )
        }

    def of(self, ids: Iterable[int]) -> Iterator[Text]:
        """The stems of some chunks."""
        rows = self._connection.execute(
            "SELECT id, sha256, length, heading, path, body FROM search_texts"
            " WHERE id IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(ids))],
        )
        return (Text(*tuple(row)) for row in rows)

    def matching(self, expression: str, most: int) -> list[int]:
        """The first ids that an FTS5 expression matches."""
        rows = self._connection.execute(
            "SELECT rowid FROM search_index WHERE search_index MATCH ? LIMIT ?", [expression, most]
        )
        return [row[0] for row in rows]

    def ranked(self, expression: str, allowed: frozenset[int] | None, most: int) -> list[int]:
        """The ids that FTS5 itself holds for the best, of those allowed (None for all)."""
        rows = self._connection.execute(
            "SELECT rowid FROM search_index WHERE search_index MATCH ?1"
            " AND (?2 IS NULL OR rowid IN (SELECT value FROM json_each(?2)))"
            " ORDER BY bm25(search_index, 3.0, 0.5, 1.0), rowid LIMIT ?3",
            [expression, None if allowed is None else json.dumps(sorted(allowed)), most],
        )
        return [row[0] for row in rows]

    def with_phrase(self, phrase: str) -> list[int]:
        """The chunks in which words stand together, in any form of theirs."""
        parts = stems_of(phrase)
        return self.matching(f'"{" ".join(parts)}"', _MOST_PHRASES) if parts else []

    def ids(self, sources: Iterable[str] | None = None) -> frozenset[int]:
        """The chunks of some books; of every one for None."""
        rows = self._connection.execute(
            "SELECT id FROM search_texts"
            " WHERE ?1 IS NULL OR sha256 IN (SELECT value FROM json_each(?1))",
            [None if sources is None else json.dumps(sorted(sources))],
        )
        return frozenset(row[0] for row in rows)

    def said(self, words: Iterable[str]) -> dict[str, str]:
        """Those of the words that the books have; one of two joined is said as two."""
        rows = self._connection.execute(
            "SELECT word, said FROM search_words JOIN search_stems USING (stem) WHERE chunks > 0"
            " AND word IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(set(words)))],
        )
        return {row[0]: row[1] for row in rows}

    def initials(self, word: str) -> list[str]:
        """The headings that a word could be the initials of."""
        rows = self._connection.execute(
            "SELECT said, stems FROM search_initials WHERE initials = ? LIMIT 20", [word]
        )
        return [row[0] for row in rows.fetchall() if self.matching(f'{{heading}} : "{row[1]}"', 1)]

    def like(self, length: int, reach: int) -> list[str]:
        """Words of about a length, those of books that are gone among them."""
        rows = self._connection.execute(
            "SELECT word FROM search_words WHERE length BETWEEN ? AND ?",
            [length - reach, length + reach],
        )
        return [row[0] for row in rows]

    def often(self, words: Iterable[str]) -> dict[str, int]:
        """How many chunks have the stem of each word; those of none are left out."""
        rows = self._connection.execute(
            "SELECT word, chunks FROM search_words JOIN search_stems USING (stem) WHERE chunks > 0"
            " AND word IN (SELECT value FROM json_each(?))",
            [json.dumps(list(words))],
        )
        return {row[0]: row[1] for row in rows}

    def _drop(self, where: str, values: list[int] | list[str]) -> None:
        told = [json.dumps(values)]
        seen: Counter[str] = Counter()
        gone: list[int] = []
        for row in self._connection.execute(
            f"SELECT id, heading, path, body FROM search_texts WHERE {where}",  # noqa: S608 - our words
            told,
        ):
            number, *fields = tuple(row)
            gone.append(number)
            seen.subtract(_counted(*fields))
        if gone:
            from ttrpg_search.keyword.packs import unpack

            self._connection.execute(f"DELETE FROM search_texts WHERE {where}", told)  # noqa: S608 - our words
            unpack(self._connection, gone)
            self._count(seen)

    def _count(self, seen: Counter[str]) -> None:
        self._connection.execute("UPDATE search_totals SET generation = random()")
        self._connection.executemany(
            "INSERT INTO search_stems VALUES (?, ?)"
            " ON CONFLICT (stem) DO UPDATE SET chunks = chunks + excluded.chunks",
            sorted(seen.items()),
        )


_BATCH = 5000
"""Chunks that are worked on at once: it bounds the memory."""
_TITLED = 8
"""Words of a heading that are joined in pairs: "wildshape" is how players write "wild shape"."""
_MOST_PHRASES = 100_000
_SMALL = frozenset(("a", "an", "and", "for", "from", "in", "of", "on", "or", "the", "to", "with"))
_LONGEST = 40
"""Letters of a word that spelling looks at; longer ones are no words."""


def _counted(heading: str, path: str, body: str) -> set[str]:
    """What a chunk counts for: its stems, and the pairs of them that stand in its heading."""
    titled = heading.split()[:_TITLED]
    return {*titled, *path.split(), *body.split(), *map(" ".join, pairwise(titled))}


def _section(chunk: Chunk) -> int:
    """A number for the section that a chunk is a part of, the same for all of its chunks."""
    from hashlib import blake2b  # no question needs it, and it is slow to import

    key = (chunk.sha256, chunk.file, chunk.line, chunk.path or chunk.ordinal)
    digest = blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _initials(titled: list[str]) -> set[str]:
    """The initials of a heading, with its small words and without."""
    every = "".join(word[0] for word in titled)
    large = "".join(word[0] for word in titled if word not in _SMALL)
    return {each for each in (every, large) if len(each) > 1}
