"""Many texts to stems at once, and every time that a stem stands in them, as numbers.

A book says the same words over and over. So its texts are cut at blanks alone, each distinct piece
("grappled," with its comma) is looked at once, and all else is done by its number: for numpy it is
one column, whatever the number of texts.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, count, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FIELDS = 3
"""Texts of a row: heading, path and body."""

Numbers = NDArray[np.int32]


class Terms(NamedTuple):
    """Every time that a stem stands in some rows: by stem, row, field and place, in this order.

    ``term`` is the number of the stem in ``stems``, ``text`` the row times :data:`FIELDS` and the
    field, ``place`` how many stems stand before it in that field.
    """

    stems: list[str]
    term: Numbers
    text: Numbers
    place: Numbers

    def chunks(self, first: int) -> dict[str, int]:
        """In how many rows each stem is, of the heading only the ``first`` places."""
        counts = (self.text % FIELDS > 0) | (self.place < first)
        term, row = self.term[counts], self.text[counts] // FIELDS
        found = np.bincount(term[begins(term, row)], minlength=len(self.stems)).tolist()
        return {stem: often for stem, often in zip(self.stems, found, strict=True) if often}


class Pieces:
    """Texts cut at blanks: the distinct ``pieces``, and each of the texts as their numbers."""

    def __init__(self, texts: Iterable[str]) -> None:
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._numbers: list[int] = []
        self._ends = [0]
        for text in texts:
            self._numbers += map(numbers.__getitem__, text.split())
            self._ends.append(len(self._numbers))
        self.pieces = list(numbers)

    def joined(self, stems: Sequence[str]) -> list[str]:
        """Each text as " stem stem "; ``stems`` has those of each piece, parted by blanks."""
        told = [*map(stems.__getitem__, self._numbers)]
        return [
            f" {' '.join(filter(None, told[start:end]))} " for start, end in pairwise(self._ends)
        ]

    def terms(self, stems: Sequence[str]) -> Terms:
        """Every time that one of the stems of a piece stands; the texts are those of rows."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        of_pieces = np.fromiter(map(numbers.__getitem__, " ".join(stems).split()), np.int32)
        sizes = np.array([stem.count(" ") + 1 if stem else 0 for stem in stems], np.int32)
        pieces = np.array(self._numbers, np.int32)
        times = sizes[pieces]
        ends = np.cumsum(np.concatenate([[0], times]), dtype=np.int32)
        every = np.arange(ends[-1], dtype=np.int32)
        starts = np.cumsum(sizes, dtype=np.int32) - sizes
        term = of_pieces[every + np.repeat(starts[pieces] - ends[:-1], times)]
        borders = ends[self._ends]
        lengths = np.diff(borders)
        text = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        place = every - np.repeat(borders[:-1], lengths)
        # numbers of 16 bits, as most books have, are sorted by their digits
        order = np.argsort(term.astype(np.min_scalar_type(len(numbers))), kind="stable")
        return Terms(list(numbers), term[order], text[order], place[order])


def terms_of(rows: Iterable[Sequence[str]]) -> Terms:
    """The terms of rows whose fields are stems already."""
    pieces = Pieces(chain.from_iterable(rows))
    return pieces.terms(pieces.pieces)


def begins(*columns: Numbers) -> NDArray[np.int64]:
    """Where each run of equal rows of some columns begins."""
    there = np.zeros(len(columns[0]), bool)
    there[:1] = True
    for column in columns:
        there[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(there)
