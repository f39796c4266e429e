"""The shelf: which books there are, what was read of each, and the chunks cut from it.

A ``books`` row is what the Game Master sees; it goes through the journal, so adding and removing a
book can be taken back at once. Sections and chunks belong to the content hash of the file and stay
until ``prune``: they can be made again, so they are no part of the journal. Parsers and the cutting
live in ttrpg-ingest, indexes in ttrpg-search; both agree on what is here.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ttrpg_core.documents import Chunk, Fact, Notice, Section
from ttrpg_core.search import Query, Searcher
from ttrpg_core.store import Store
from ttrpg_core.values import frozen

PROBES = 3
"""Chunks of a book that are looked for, to see whether it can be found."""


@frozen
class Book:
    """A book on the shelf; ``pages`` is 0 where the format has none, ``added_at`` ISO 8601 UTC.

    ``kind`` is one of :data:`BOOK_KINDS`; what is not known is "". ``authors`` are parted by "; ".
    ``details`` is a JSON object: how sure the detected facts are, and the reading's quality.
    """

    id: str
    title: str
    sha256: str
    path: str
    parser: str
    size: int
    pages: int
    chunks: int
    added_at: str
    kind: str = "rulebook"
    authors: str = ""
    publisher: str = ""
    edition: str = ""
    language: str = ""
    system: str = ""
    genre: str = ""
    campaign: str = ""
    details: str = "{}"


BOOK_KINDS = (
    "rulebook",
    "supplement",
    "adventure",
    "setting",
    "bestiary",
    "spells",
    "items",
    "flavour",
    "house_rules",
)
"""What a book is for. House rules, of one campaign or of all, stand above every other book."""


@frozen
class Reading:
    """How far a file was read: pages ``done`` of ``total`` (0 when unknown)."""

    sha256: str
    parser: str
    total: int
    done: int
    finished: bool
    notices: tuple[Notice, ...] = ()


class Library:
    """Reads and keeps the shelf; ``store`` transactions bound what is written together."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.store.connection

    def books(self) -> list[Book]:
        """Every book on the shelf, by title."""
        rows = self._connection.execute("SELECT * FROM books ORDER BY title COLLATE NOCASE, id")
        return [Book(**dict(row)) for row in rows]

    def book_of(self, sha256: str) -> Book | None:
        """The book with this content, if it is on the shelf."""
        row = self._connection.execute("SELECT * FROM books WHERE sha256 = ?", [sha256]).fetchone()
        return None if row is None else Book(**dict(row))

    def reading(self, sha256: str) -> Reading | None:
        """How far a content was read, if it ever was."""
        row = self._connection.execute(
            "SELECT sha256, parser, total, done, finished, notices FROM readings WHERE sha256 = ?",
            [sha256],
        ).fetchone()
        if row is None:
            return None
        notices = tuple(Notice(said, page) for said, page in json.loads(row["notices"]))
        return Reading(**{**dict(row), "finished": bool(row["finished"]), "notices": notices})

    def text(self, sha256: str) -> str:
        """What was read of a content, as one text: what ``start`` and ``end`` of a chunk count in.

        Sections with their headings in front, parted by blank lines.
        """
        parts = []
        for section in self.sections(sha256):
            parts += [part for part in (section.heading, section.text) if part]
        return "\n\n".join(parts)

    def chunks_at(self, sha256: str, first: int, last: int) -> list[Chunk]:
        """The chunks of a content from the ``first`` ordinal to the ``last``, both included."""
        rows = self._connection.execute(
            "SELECT * FROM chunks WHERE sha256 = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal",
            [sha256, first, last],
        )
        return [chunk_of(row) for row in rows]

    def chunks_of(self, ids: Iterable[int]) -> dict[int, Chunk]:
        """The chunks with these ids; one that is gone is left out."""
        rows = self._connection.execute(
            "SELECT * FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(ids))],
        )
        return {row["id"]: chunk_of(row) for row in rows}

    def readings(self) -> list[Reading]:
        """Every content that was read, or begun."""
        rows = self._connection.execute("SELECT sha256 FROM readings ORDER BY at, sha256")
        found = (self.reading(row[0]) for row in rows.fetchall())
        return [each for each in found if each is not None]

    def begin(self, sha256: str, parser: str, total: int, at: str) -> None:
        """Start reading a content from nothing; its chunks stay till ``finish`` replaces them."""
        with self.store.transaction() as connection:
            self.unread(sha256)
            connection.execute(
                "INSERT INTO readings (sha256, parser, total, done, finished, at)"
                " VALUES (?, ?, ?, 0, 0, ?)",
                [sha256, parser, total, at],
            )

    def keep(
        self, sha256: str, sections: Iterable[Section], done: int, notices: Iterable[Notice] = ()
    ) -> None:
        """Add sections that were read, and how many pages are done with them; one transaction."""
        with self.store.transaction() as connection:
            first = connection.execute(
                "SELECT COALESCE(MAX(ordinal) + 1, 0) FROM sections WHERE sha256 = ?", [sha256]
            ).fetchone()[0]
            self._insert(connection, sha256, first, sections)
            told = [[each.text, each.page] for each in notices]
            if told:
                before = connection.execute(
                    "SELECT notices FROM readings WHERE sha256 = ?", [sha256]
                ).fetchone()[0]
                connection.execute(
                    "UPDATE readings SET notices = ? WHERE sha256 = ?",
                    [json.dumps([*json.loads(before), *told], ensure_ascii=False), sha256],
                )
            connection.execute("UPDATE readings SET done = ? WHERE sha256 = ?", [done, sha256])

    @staticmethod
    def _insert(
        connection: sqlite3.Connection, sha256: str, first: int, sections: Iterable[Section]
    ) -> None:
        connection.executemany(
            "INSERT INTO sections (sha256, ordinal, path, page, label, text, kind, file, line)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    sha256,
                    number,
                    json.dumps([s.level, s.heading], ensure_ascii=False),
                    s.page,
                    s.label,
                    s.text,
                    s.kind,
                    s.file,
                    s.line,
                )
                for number, s in enumerate(sections, first)
            ),
        )

    def sections(self, sha256: str, page: int | None = None) -> Iterator[Section]:
        """What was read of a content, in order; of one page where its index is given."""
        for row in self._connection.execute(
            "SELECT * FROM sections WHERE sha256 = ?1 AND (?2 IS NULL OR page = ?2)"
            " ORDER BY ordinal",
            [sha256, page],
        ):
            level, heading = json.loads(row["path"])
            yield Section(
                row["text"],
                heading,
                level,
                row["page"],
                row["label"],
                row["kind"],
                row["file"],
                row["line"],
            )

    def pages(self, sha256: str) -> dict[int, str]:
        """The pages with text, by index, and what is printed on each ("" where nobody knows)."""
        rows = self._connection.execute(
            "SELECT page, MAX(COALESCE(label, '')) FROM sections"
            " WHERE sha256 = ? AND page IS NOT NULL GROUP BY page ORDER BY page",
            [sha256],
        )
        return {row[0]: row[1] for row in rows}

    def counts(self) -> dict[str, int]:
        """How many chunks each content has now."""
        rows = self._connection.execute("SELECT sha256, COUNT(*) FROM chunks GROUP BY sha256")
        return {row[0]: row[1] for row in rows}

    def kinds(self, sha256: str) -> dict[str, int]:
        """How many chunks of each kind a content has, the most frequent first."""
        rows = self._connection.execute(
            "SELECT kind, COUNT(*) AS n FROM chunks WHERE sha256 = ?"
            " GROUP BY kind ORDER BY n DESC, kind",
            [sha256],
        )
        return {row[0]: row[1] for row in rows}

    def finish(
        self, sha256: str, chunks: Iterable[Chunk], sections: Iterable[Section] | None = None
    ) -> list[Chunk]:
        """Replace a content's chunks; answers them with their ids. The reading is complete.

        ``sections`` replace those that were kept, as what is cut is cleaned first: the spans of
        the chunks count in the text of these.
        """
        with self.store.transaction() as connection:
            if sections is not None:
                connection.execute("DELETE FROM sections WHERE sha256 = ?", [sha256])
                self._insert(connection, sha256, 0, sections)
            connection.execute("DELETE FROM chunks WHERE sha256 = ?", [sha256])
            kept = []
            for chunk in chunks:
                row = row_of(chunk)
                cursor = connection.execute(_INSERT, list(row.values()))
                kept.append(attrs.evolve(chunk, id=int(cursor.lastrowid or 0)))
            connection.execute("UPDATE readings SET finished = 1 WHERE sha256 = ?", [sha256])
        return kept

    def chunks(self, sha256: str | None = None) -> Iterator[Chunk]:
        """Chunks of one content, or of every book on the shelf, in order."""
        where = "sha256 = ?" if sha256 else "sha256 IN (SELECT sha256 FROM books)"
        values: list[Any] = [sha256] if sha256 else []
        for row in self._connection.execute(
            f"SELECT * FROM chunks WHERE {where} ORDER BY sha256, ordinal",  # noqa: S608 - no outside text
            values,
        ):
            yield chunk_of(row)

    def is_indexed(self, searcher: Searcher, sha256: str) -> bool:
        """Whether a content can be found: a few of its chunks are looked for by their own words."""
        chunks = [chunk for chunk in self.chunks(sha256) if len(chunk.text.split()) > 1]
        step = max(1, len(chunks) // PROBES)
        for chunk in chunks[::step][:PROBES]:
            words = sorted(set(chunk.text.split()), key=lambda word: (-len(word), word))[:3]
            plain = " ".join("".join(c if c.isalnum() else " " for c in word) for word in words)
            if plain.strip() and not searcher.search(Query(plain, frozenset({sha256})), 1):
                return False
        return True

    def forget(self, sha256: str) -> None:
        """Drop a content's reading and chunks; its searcher must be told by the caller."""
        with self.store.transaction() as connection:
            self.unread(sha256)
            connection.execute("DELETE FROM chunks WHERE sha256 = ?", [sha256])

    def unread(self, sha256: str) -> None:
        """Drop a content's reading; what an index knows, its chunks, stays and can be found."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM sections WHERE sha256 = ?", [sha256])
            connection.execute("DELETE FROM readings WHERE sha256 = ?", [sha256])

    def orphans(self) -> list[str]:
        """Contents that were read but are on no shelf: removed, undone or interrupted."""
        rows = self._connection.execute(
            "SELECT sha256 FROM (SELECT sha256 FROM readings UNION SELECT sha256 FROM chunks)"
            " WHERE sha256 NOT IN (SELECT sha256 FROM books) ORDER BY sha256"
        )
        return [row[0] for row in rows]


def row_of(chunk: Chunk) -> dict[str, str | int | None]:
    """The row of ``chunks`` for a chunk, without its id; its path is joined by " > "."""
    return {
        "sha256": chunk.sha256,
        "ordinal": chunk.ordinal,
        "heading": chunk.heading,
        "path": " > ".join(chunk.path),
        "first_page": chunk.first_page,
        "last_page": chunk.last_page,
        "label": chunk.label,
        "text": chunk.text,
        "kind": chunk.kind,
        "fields": json.dumps(dict(chunk.fields), ensure_ascii=False) if chunk.fields else "{}",
        "gm_only": int(chunk.gm_only),
        "file": chunk.file,
        "line": chunk.line,
        "start": chunk.start,
        "end": chunk.end,
        "digest": chunk.digest,
    }


_COLUMNS = tuple(row_of(Chunk(0, "", 0, "", (), None, None, "", "")))
_INSERT = f"INSERT INTO chunks ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - our names


def chunk_of(row: sqlite3.Row) -> Chunk:
    """The chunk of a row of ``chunks``; its ``path`` column is the headings joined by " > "."""
    return Chunk(
        id=row["id"],
        sha256=row["sha256"],
        ordinal=row["ordinal"],
        heading=row["heading"],
        path=tuple(row["path"].split(" > ")) if row["path"] else (),
        first_page=row["first_page"],
        last_page=row["last_page"],
        label=row["label"],
        text=row["text"],
        kind=row["kind"],
        fields=_facts(row["fields"]),
        gm_only=bool(row["gm_only"]),
        file=row["file"],
        line=row["line"],
        start=row["start"],
        end=row["end"],
        digest=row["digest"],
    )


def _facts(stored: str) -> dict[str, Fact]:
    if stored == "{}":
        return {}
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(stored).items()
    }
