"""Where each stem stands in which chunk, packed so that a ranking reads it without a loop.

FTS5 answers which chunks have a word; a ranking wants to know how often and in which field, for
thousands of chunks at once. So the places are kept a second time, as blobs that numpy reads: what
was added of a book at once is a *lot*, with its chunks; lots stand one behind the other in *packs*,
and for each stem of a pack there is one row with the chunks that have it. A question that has a
stem for the first time reads one row a pack, so packs are to be few: when four are alike in size
they are merged, as in a log-structured index, and a chunk is copied as often as the library grew
by a factor of four. A lot that is removed leaves a gap in its pack, until half of it are gaps.

Everything is written in the transaction of the chunks, and :mod:`.columns` reads it.
"""

import heapq
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ttrpg_search.keyword.terms import FIELDS, Terms, begins, terms_of

PATH, BODY = 1 << 10, 1 << 12
"""Places from which on a word stands in the path, and in the text; before, in the heading."""
PLACES = 1 << 16
"""Places of a chunk; words behind the last are counted in no phrase."""
MOST = 255
"""How often a stem is counted in one field of a chunk."""
ALIKE = 4
"""Packs of about one size that are merged."""
_GONE = -1
_STARTS = np.array([0, PATH, BODY], np.int32)
_ROOM = np.diff(_STARTS, append=PLACES) - 1
"""Places of each field: one less than there are, so that no phrase spans two fields."""

Row = tuple[int, str, int, int, str, str, str, str]
"""A row of ``search_texts``: id, sha256, length, section, kind; heading, path and body as stems."""
Posting = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""A stem in a pack. For each chunk that has it: its number in the pack (u4), how often it stands in
the text (u1), where there for the first time (u2; 0 for nowhere), how often in the heading and in
the path (u1; empty where it is in none). Then all its places, chunk by chunk (u2)."""
_COLUMNS = "docs, bodies, firsts, heads, paths, places"


def pack(connection: sqlite3.Connection, rows: Sequence[Row], terms: Terms) -> None:
    """Keep chunks as one pack, a lot a book in it; then merge what is alike.

    The rows of a book stand together, and ``terms`` are those of the rows.
    """
    number = _new(connection, len(rows))
    start = 0
    for _, told in groupby(rows, key=itemgetter(1)):
        lot = list(told)
        _note(connection, number, start, lot)
        start += len(lot)
    _keep(connection, number, _postings(terms))
    sizes: dict[int, list[int]] = {}
    for number, size in connection.execute("SELECT pack, size FROM search_packs ORDER BY pack"):
        sizes.setdefault(_tier(size), []).append(number)
    while crowded := [alike for alike in sizes.values() if len(alike) >= ALIKE]:
        alike = crowded[0]
        number, size = _rewrite(connection, alike)
        alike.clear()
        sizes.setdefault(_tier(size), []).append(number)


def unpack(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Forget chunks; what else was in their lots is packed anew from the stems that are kept.

    The rows of ``search_texts`` are to be gone already.
    """
    gone = np.array(sorted(ids), np.int64)
    left: list[Row] = []
    packs: set[int] = set()
    for lot, number, told in connection.execute(
        "SELECT lot, pack, ids FROM search_lots"
    ).fetchall():
        there = np.frombuffer(told, "<i8")
        if np.isin(there, gone).any():
            connection.execute("DELETE FROM search_lots WHERE lot = ?", [lot])
            packs.add(number)
            rows = connection.execute(
                "SELECT * FROM search_texts"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                [str(there.tolist())],
            )
            left += [tuple(row) for row in rows]
    for number in sorted(packs):
        size, living = connection.execute(
            "SELECT size, (SELECT COALESCE(SUM(length(ids)), 0) / 8 FROM search_lots l"
            " WHERE l.pack = p.pack) FROM search_packs p WHERE pack = ?",
            [number],
        ).fetchone()
        if not living:
            _drop(connection, [number])
        elif 2 * living < size:
            _rewrite(connection, [number])
    if left:
        left.sort(key=itemgetter(1, 0))
        pack(connection, left, terms_of(row[5:] for row in left))


def _tier(size: int) -> int:
    """Packs of one tier differ by less than a factor of four."""
    return size.bit_length() // 2


def _new(connection: sqlite3.Connection, size: int) -> int:
    number = connection.execute("INSERT INTO search_packs (size) VALUES (?)", [size]).lastrowid
    assert number is not None
    return number


def _note(connection: sqlite3.Connection, number: int, start: int, rows: Sequence[Row]) -> None:
    """Keep a lot, whose chunks have the numbers from ``start`` on in their pack."""
    kinds = sorted({row[4] for row in rows})
    connection.execute(
        "INSERT INTO search_lots"
        " (pack, start, sha256, ids, lengths, titles, sections, kinds, kind_names)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number,
            start,
            rows[0][1],
            np.array([row[0] for row in rows], "<i8").tobytes(),
            np.array([row[2] for row in rows], "<u4").tobytes(),
            np.array([min(row[5].count(" ") - 1, 255) for row in rows], np.uint8).tobytes(),
            np.array([row[3] for row in rows], "<i8").tobytes(),
            np.array([kinds.index(row[4]) for row in rows], "<u2").tobytes(),
            json.dumps(kinds),
        ],
    )


def _keep(
    connection: sqlite3.Connection, number: int, postings: Iterable[tuple[str, Posting]]
) -> None:
    connection.executemany(
        f"INSERT INTO search_postings (pack, stem, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our words
        ((number, stem, *posting) for stem, posting in postings),
    )


def _drop(connection: sqlite3.Connection, packs: Iterable[int]) -> None:
    for number in packs:
        connection.execute("DELETE FROM search_postings WHERE pack = ?", [number])
        connection.execute("DELETE FROM search_packs WHERE pack = ?", [number])


def _postings(terms: Terms) -> Iterator[tuple[str, Posting]]:
    """What there is of each stem, in the order of the stems."""
    field = terms.text % FIELDS
    kept = terms.place < _ROOM[field]
    first = begins(terms.term, terms.text)
    often = np.diff(first, append=len(field))
    kept &= np.arange(len(field)) - np.repeat(first, often) < MOST
    term, field = terms.term[kept], field[kept]
    doc, place = terms.text[kept] // FIELDS, terms.place[kept] + _STARTS[field]
    first = begins(term, doc)
    heads, paths, bodies = (
        np.diff(np.cumsum(np.concatenate([[0], field == each]))[np.append(first, len(field))])
        for each in range(FIELDS)
    )
    told = np.append(place, 0)[first + heads + paths] * (bodies > 0)
    numbers = np.arange(len(terms.stems) + 1)
    bounds = np.searchsorted(term[first], numbers).tolist()
    borders = np.searchsorted(term, numbers).tolist()
    columns = (
        doc[first].astype("<u4").tobytes(),
        bodies.astype("u1").tobytes(),
        told.astype("<u2").tobytes(),
        heads.astype("u1").tobytes(),
        paths.astype("u1").tobytes(),
        place.astype("<u2").tobytes(),
    )
    docs, body, begin, head, path, places = columns
    for number in sorted(range(len(terms.stems)), key=terms.stems.__getitem__):
        start, end = bounds[number : number + 2]
        if start < end:
            yield (
                terms.stems[number],
                (
                    docs[4 * start : 4 * end],
                    body[start:end],
                    begin[2 * start : 2 * end],
                    head[start:end].rstrip(b"\0") and head[start:end],
                    path[start:end].rstrip(b"\0") and path[start:end],
                    places[2 * borders[number] : 2 * borders[number + 1]],
                ),
            )


def _rewrite(connection: sqlite3.Connection, packs: Sequence[int]) -> tuple[int, int]:
    """Make one pack of what lives in some; its number and size."""
    moved: list[NDArray[np.int64]] = []
    lots: list[tuple[int, int]] = []
    size = 0
    for number in packs:
        whole = connection.execute("SELECT size FROM search_packs WHERE pack = ?", [number])
        to = np.full(whole.fetchone()[0], _GONE, np.int64)
        for lot, start, count in connection.execute(
            "SELECT lot, start, length(ids) / 8 FROM search_lots WHERE pack = ? ORDER BY start",
            [number],
        ):
            to[start : start + count] = np.arange(size, size + count)
            lots.append((size, lot))
            size += count
        moved.append(to)
    new = _new(connection, size)
    _keep(connection, new, _merged(connection, packs, moved))
    connection.executemany(
        "UPDATE search_lots SET pack = ?, start = ? WHERE lot = ?",
        [(new, start, lot) for start, lot in lots],
    )
    _drop(connection, packs)
    return new, size


def _merged(
    connection: sqlite3.Connection, packs: Sequence[int], moved: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[str, Posting]]:
    """What there is of each stem in some packs, with its chunks' new numbers."""
    every = heapq.merge(*(_read(connection, n, number) for n, number in enumerate(packs)))
    for stem, parts in groupby(every, key=itemgetter(0)):
        found = [each for _, n, posting in parts if (each := _moved(posting, moved[n]))[0]]
        if found:
            docs, bodies, firsts, heads, paths, places = zip(*found, strict=True)
            yield (
                stem,
                (
                    b"".join(docs),
                    b"".join(bodies),
                    b"".join(firsts),
                    _joined(heads, bodies),
                    _joined(paths, bodies),
                    b"".join(places),
                ),
            )


def _read(
    connection: sqlite3.Connection, n: int, number: int
) -> Iterator[tuple[str, int, Posting]]:
    for row in connection.execute(
        f"SELECT stem, {_COLUMNS} FROM search_postings WHERE pack = ? ORDER BY stem",  # noqa: S608 - our words
        [number],
    ):
        stem, *posting = row
        yield stem, n, tuple(posting)


def _moved(posting: Posting, to: NDArray[np.int64]) -> Posting:
    """A posting with the new numbers of its chunks, without those that are gone."""
    docs, bodies, firsts, heads, paths, places = posting
    new = to[np.frombuffer(docs, "<u4")]
    kept = new != _GONE
    if kept.all():
        return (new.astype("<u4").tobytes(), bodies, firsts, heads, paths, places)
    times = sum(
        np.frombuffer(each, "u1").astype(np.int64) for each in (bodies, heads, paths) if each
    )
    return (
        new[kept].astype("<u4").tobytes(),
        np.frombuffer(bodies, "u1")[kept].tobytes(),
        np.frombuffer(firsts, "<u2")[kept].tobytes(),
        np.frombuffer(heads, "u1")[kept].tobytes() if heads else b"",
        np.frombuffer(paths, "u1")[kept].tobytes() if paths else b"",
        np.frombuffer(places, "<u2")[np.repeat(kept, times)].tobytes(),
    )


def _joined(parts: Sequence[bytes], bodies: Sequence[bytes]) -> bytes:
    """Counts of a field, zeros for a part that has none; empty when none has."""
    if not any(parts):
        return b""
    return b"".join(part or bytes(len(body)) for part, body in zip(parts, bodies, strict=True))
