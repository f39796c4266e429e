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
import itertools
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

PATH, BODY = 1 << 10, 1 << 12
"""Places from which on a word stands in the path, and in the text; before, in the heading."""
PLACES = 1 << 16
"""Places of a chunk; words behind the last are counted in no phrase."""
MOST = 255
"""How often a stem is counted in one field of a chunk."""
ALIKE = 4
"""Packs of about one size that are merged."""
_GONE = -1

Row = tuple[int, str, int, int, str, str, str, str]
"""A row of ``search_texts``: id, sha256, length, section, kind; heading, path and body as stems."""
Posting = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""A stem in a pack. For each chunk that has it: its number in the pack (u4), how often it stands in
the text (u1), where there for the first time (u2; 0 for nowhere), how often in the heading and in
the path (u1; empty where it is in none). Then all its places, chunk by chunk (u2)."""
_COLUMNS = "docs, bodies, firsts, heads, paths, places"


def pack(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Keep chunks as one pack, a lot a book in it; then merge what is alike."""
    number = _new(connection, len(rows))
    ordered: list[Row] = []
    for sha256 in dict.fromkeys(row[1] for row in rows):
        lot = [row for row in rows if row[1] == sha256]
        _note(connection, number, len(ordered), lot)
        ordered += lot
    _keep(connection, number, _postings(ordered))
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
        pack(connection, left)


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


def _postings(rows: Sequence[Row]) -> list[tuple[str, Posting]]:
    """What there is of each stem, in the order of the stems."""
    numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    terms: list[int] = []
    places: list[int] = []
    sizes: list[int] = []
    for row in rows:
        before = len(terms)
        for start, end, field in zip((0, PATH, BODY), (PATH, BODY, PLACES), row[5:], strict=True):
            said = field.split()[: end - start - 1]  # a gap, so that no phrase spans two fields
            terms += map(numbers.__getitem__, said)
            places += range(start, start + len(said))
        sizes.append(len(terms) - before)
    if not terms:
        return []
    term = np.array(terms, np.int64)
    doc = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    place = np.array(places, np.int64)
    order = np.argsort(term, kind="stable")  # chunks and places stay in order within a stem
    term, doc, place = term[order], doc[order], place[order]
    kept = _first_of_field(term * len(sizes) + doc, place)
    term, doc, place = term[kept], doc[kept], place[kept]
    firsts = _firsts(term * len(sizes) + doc)
    heads, paths, bodies = (
        np.add.reduceat(there.astype(np.int64), firsts)
        for there in (place < PATH, (place >= PATH) & (place < BODY), place >= BODY)
    )
    begins = np.minimum(firsts + heads + paths, len(place) - 1)
    first = np.where(bodies > 0, place[begins], 0)
    starts = np.searchsorted(term[firsts], np.arange(len(numbers) + 1))
    ends = np.searchsorted(term, np.arange(len(numbers) + 1)).tolist()
    headed, pathed = (np.add.reduceat(each, starts[:-1]).tolist() for each in (heads, paths))
    columns = (
        doc[firsts].astype("<u4"),
        bodies.astype("u1"),
        first.astype("<u2"),
        heads.astype("u1"),
        paths.astype("u1"),
    )
    told = place.astype("<u2")
    found = []
    bounds = starts.tolist()
    for stem, number in numbers.items():
        docs, body, begin, head, path = (
            each[bounds[number] : bounds[number + 1]].tobytes() for each in columns
        )
        posting = (
            docs,
            body,
            begin,
            head if headed[number] else b"",
            path if pathed[number] else b"",
            told[ends[number] : ends[number + 1]].tobytes(),
        )
        found.append((stem, posting))
    return sorted(found, key=itemgetter(0))


def _first_of_field(keys: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places are among the first :data:`MOST` of a stem in a field of a chunk."""
    field = (place >= PATH).astype(np.int64) + (place >= BODY)
    firsts = _firsts(keys * 3 + field)
    runs = np.diff(firsts, append=len(keys))
    kept: NDArray[np.bool_] = np.arange(len(keys)) - np.repeat(firsts, runs) < MOST
    return kept


def _firsts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each run of equal keys begins."""
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))


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
