"""The tables of the keyword index, read by a process that asks many questions.

The words of one question are looked up again and again while it is understood and planned, and most
of them were in one before. What is read is remembered for as long as the index is as it was: its
generation is another after each change, and the old one again when a change is rolled back.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import TypeVar

from ttrpg_search.keyword.texts import Texts, Totals

MOST = 20_000
"""Words that are remembered; then all are forgotten, which costs one look-up each."""
T = TypeVar("T", int, str)


class Known(Texts):
    """Reads as :class:`.Texts` does, of one moment after another: see :meth:`look`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._totals: Totals | None = None
        self._chunks: dict[str, int | None] = {}
        self._said: dict[str, str | None] = {}

    def look(self) -> None:
        """Begin a question: forget what was read of another generation."""
        before, self._totals = self._totals, super().totals()
        changed = before is None or before.generation != self._totals.generation
        for known in (self._chunks, self._said):
            if changed or len(known) > MOST:
                known.clear()

    def totals(self) -> Totals:
        """What there is in all, as of the last look."""
        return self._totals or super().totals()

    def chunks_with(self, stems: Iterable[str]) -> dict[str, int]:
        """In how many chunks each stem is."""
        return _remembered(self._chunks, stems, super().chunks_with)

    def said(self, words: Iterable[str]) -> dict[str, str]:
        """Those of the words that the books have."""
        return _remembered(self._said, words, super().said)


def _remembered(
    known: dict[str, T | None],
    wanted: Iterable[str],
    read: Callable[[Iterable[str]], dict[str, T]],
) -> dict[str, T]:
    """What is known of some words, those read now that nobody asked for yet; None of no book."""
    every = set(wanted)
    if missing := every.difference(known):
        known.update(dict.fromkeys(missing))
        known.update(read(missing))
    return {each: found for each in every if (found := known[each]) is not None}
