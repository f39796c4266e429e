"""The stems of every chunk, kept in the database: what keyword search works on.

Everything is written inside the caller's transaction, so that index and chunks agree whatever
happens in between.
"""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from ttrpg_core.documents import Chunk
from ttrpg_core.library import chunk_of
from ttrpg_search.keyword.stemming import stem
from ttrpg_search.keyword.tokens import fold, words
from ttrpg_search.keyword.tokens import stems as stems_of

if TYPE_CHECKING:
    from ttrpg_search.keyword.packs import Row
    from ttrpg_search.keyword.terms import Terms


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
        left = iter(chunks)
        while batch := list(islice(left, _BATCH)):
            self._add(batch)

    def _add(self, chunks: list[Chunk]) -> None:
        from ttrpg_search.keyword.packs import pack
        from ttrpg_search.keyword.terms import FIELDS, Pieces

        every = sorted({each.id: each for each in chunks}.values(), key=attrgetter("sha256"))
        self._drop("id IN (SELECT value FROM json_each(?))", [each.id for each in every])
        pieces = Pieces(chain.from_iterable(map(_fields, every)))
        seen: dict[str, str] = {}
        stems = [_stemmed(piece, seen) for piece in pieces.pieces]
        texts = iter(pieces.joined(stems))
        rows: list[Row] = [
            (each.id, each.sha256, _length(body), _section(each), each.kind, heading, path, body)
            for each, heading, path, body in zip(every, *[texts] * FIELDS, strict=True)
        ]
        self._connection.executemany(
            "INSERT INTO search_texts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
        self._connection.execute(
            "INSERT INTO search_index (rowid, heading, path, body)"
            " SELECT id, heading, path, body FROM search_texts"
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            [json.dumps([row[0] for row in rows])],
        )
        self._connection.execute(
            "UPDATE search_totals SET chunks = chunks + ?, length = length + ?",
            [len(rows), sum(row[2] for row in rows)],
        )
        terms = pieces.terms(stems)
        pack(self._connection, rows, terms)
        self._count(_counted(terms, (row[5] for row in rows)))
        pairs: dict[str, tuple[str, str]] = {}
        initials: set[tuple[str, str, str]] = set()
        for heading in dict.fromkeys(each.heading for each in every):
            titled = words(heading)
            for one, two in pairwise(titled[:_TITLED]):
                pairs[one + two] = (f"{seen[one]} {seen[two]}", f"{one} {two}")
            if 1 < len(titled) <= _TITLED:
                told, keyed = " ".join(titled), " ".join(map(seen.__getitem__, titled))
                initials.update((each, told, keyed) for each in _initials(titled))
        self._connection.executemany(
            "INSERT OR IGNORE INTO search_words VALUES (?, ?, ?, ?)",
            (
                (word, *(pairs[word] if word not in seen else (seen[word], word)), len(word))
                for word in sorted({*pairs, *seen})
                if len(word) <= _LONGEST
            ),
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
        from ttrpg_search.keyword.terms import terms_of

        ids = sorted(self.ids())
        for start in range(0, len(ids), _BATCH):
            told = self._connection.execute(
                "SELECT * FROM search_texts"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY sha256, id",
                [json.dumps(ids[start : start + _BATCH])],
            )
            rows: list[Row] = [tuple(row) for row in told]
            pack(self._connection, rows, terms_of(row[5:] for row in rows))

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
        gone: list[int] = []
        seen: Counter[str] = Counter()
        cursor = self._connection.execute(
            f"SELECT id, heading, path, body FROM search_texts WHERE {where}",  # noqa: S608 - our words
            told,
        )
        while rows := cursor.fetchmany(_BATCH):
            from ttrpg_search.keyword.terms import terms_of

            gone += [row[0] for row in rows]
            terms = terms_of(tuple(row)[1:] for row in rows)
            seen.subtract(_counted(terms, (row[1] for row in rows)))
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


def _fields(chunk: Chunk) -> tuple[str, str, str]:
    """What is indexed of a chunk: its heading, the headings above it, its text."""
    crumbs = chunk.path[:-1] if chunk.path[-1:] == (chunk.heading,) else chunk.path
    return chunk.heading, " ".join(crumbs), chunk.text


def _stemmed(piece: str, seen: dict[str, str]) -> str:
    """The stems of a piece of text, parted by blanks; each word and its stem are ``seen``."""
    if piece.isascii() and piece.isalpha():  # as most are: a word, and nothing else
        word = fold(piece)
        seen[word] = found = stem(word)
        return found
    said = words(piece)
    stems = [*map(stem, said)]
    seen.update(zip(said, stems, strict=True))
    return " ".join(stems)


def _length(field: str) -> int:
    """How many stems " stem stem " has."""
    return field.count(" ") - 1 if field.strip() else 0


def _counted(terms: "Terms", headings: Iterable[str]) -> Counter[str]:
    """In how many chunks each stem is, and each pair of stems in their headings."""
    found = Counter(terms.chunks(_TITLED))
    titles = (heading.split()[:_TITLED] for heading in headings)
    found.update(chain.from_iterable({*map(" ".join, pairwise(title))} for title in titles))
    return found


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
