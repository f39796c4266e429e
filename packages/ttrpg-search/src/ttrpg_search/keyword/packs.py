"""Where each stem stands in which chunk, packed by the lots that chunks were added in.

FTS5 answers which chunks have a word; a ranking wants to know how often and in which field, for
thousands of chunks at once. So the places are kept a second time as blobs that numpy reads without
a loop: for each lot its chunks, for each stem of a lot the chunks that have it. They are written in
the transaction of the chunks, and :mod:`.columns` reads them.
"""

import json
import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PAIR = np.dtype([("doc", "<u4"), ("heads", "<u2"), ("paths", "<u2"), ("bodies", "<u2")])
"""A stem in a chunk: the chunk's number in its lot, and how often it stands in each field."""
PATH, BODY = 1 << 10, 1 << 12
"""Places from which on a word stands in the path, and in the text; before, in the heading."""
PLACES = 1 << 16
"""Places of a chunk; words behind the last are counted in no phrase."""


Row = tuple[int, str, int, int, str, str, str, str]
"""A row of ``search_texts``: id, sha256, length, section, kind; heading, path and body as stems."""


def pack(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Keep chunks as one lot a book."""
    for sha256 in dict.fromkeys(row[1] for row in rows):
        _pack(connection, sha256, [row for row in rows if row[1] == sha256])


def _pack(connection: sqlite3.Connection, sha256: str, rows: Sequence[Row]) -> None:
    numbers: dict[str, int] = {}
    terms: list[int] = []
    places: list[int] = []
    sizes: list[int] = []
    titles: list[int] = []
    for row in rows:
        before = len(terms)
        for start, end, field in zip((0, PATH, BODY), (PATH, BODY, PLACES), row[5:], strict=True):
            said = field.split()[: end - start - 1]  # a gap, so that no phrase spans two fields
            terms += [numbers.setdefault(one, len(numbers)) for one in said]
            places += range(start, start + len(said))
        sizes.append(len(terms) - before)
        titles.append(min(row[5].count(" ") - 1, 255))
    kinds = sorted({row[4] for row in rows})
    lot = connection.execute(
        "INSERT INTO search_lots (sha256, ids, lengths, titles, sections, kinds, kind_names)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            sha256,
            np.array([row[0] for row in rows], "<i8").tobytes(),
            np.array([row[2] for row in rows], "<u4").tobytes(),
            np.array(titles, np.uint8).tobytes(),
            np.array([row[3] for row in rows], "<i8").tobytes(),
            np.array([kinds.index(row[4]) for row in rows], "<u2").tobytes(),
            json.dumps(kinds),
        ],
    ).lastrowid
    connection.executemany(
        "INSERT INTO search_postings VALUES (?, ?, ?, ?)",
        (
            (lot, stem, pairs, told)
            for stem, pairs, told in _postings(numbers, terms, places, sizes)
        ),
    )


def _postings(
    numbers: dict[str, int], terms: list[int], places: list[int], sizes: list[int]
) -> list[tuple[str, bytes, bytes]]:
    """For each stem, in order: its pairs, and its places in one row behind the other."""
    if not terms:
        return []
    term = np.array(terms, np.int64)
    doc = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    place = np.array(places, np.int64)
    order = np.argsort(term, kind="stable")  # chunks and places stay in order within a stem
    term, doc, place = term[order], doc[order], place[order]
    firsts = _firsts(term * len(sizes) + doc)
    pairs = np.zeros(len(firsts), PAIR)
    pairs["doc"] = doc[firsts]
    for name, there in (
        ("heads", place < PATH),
        ("paths", (place >= PATH) & (place < BODY)),
        ("bodies", place >= BODY),
    ):
        pairs[name] = np.add.reduceat(there.astype(np.int64), firsts)  # fewer than PLACES
    of_pair = term[firsts]
    ends = np.searchsorted(of_pair, np.arange(len(numbers)), side="right").tolist()
    until = np.searchsorted(term, np.arange(len(numbers)), side="right").tolist()
    told = place.astype("<u2")
    found = []
    pair_from = place_from = 0
    for stem, pair_to, place_to in zip(numbers, ends, until, strict=True):
        found.append(
            (stem, pairs[pair_from:pair_to].tobytes(), told[place_from:place_to].tobytes())
        )
        pair_from, place_from = pair_to, place_to
    return sorted(found)


def _firsts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each run of equal keys begins."""
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))


def unpack(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Forget chunks; what else was in their lots is packed anew from the stems that are kept.

    The rows of ``search_texts`` are to be gone already.
    """
    gone = np.array(sorted(ids), np.int64)
    for lot, told in connection.execute("SELECT lot, ids FROM search_lots").fetchall():
        there = np.frombuffer(told, "<i8")
        if np.isin(there, gone).any():
            connection.execute("DELETE FROM search_postings WHERE lot = ?", [lot])
            connection.execute("DELETE FROM search_lots WHERE lot = ?", [lot])
            left = connection.execute(
                "SELECT * FROM search_texts"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                [str(there.tolist())],
            ).fetchall()
            if left:
                pack(connection, [tuple(row) for row in left])
