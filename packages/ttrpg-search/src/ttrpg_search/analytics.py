"""What was asked and opened: written after the answer is shown, and never in its way.

A database that is locked, full or read-only costs a row, not an answer. ``search.history`` switches
it off, and rows go when they are ``search.keep_days`` old.
"""

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from ttrpg_core.errors import StoreError
from ttrpg_core.values import frozen

if TYPE_CHECKING:
    from ttrpg_core.settings_tables import SearchSettings
    from ttrpg_core.store import Store

PATIENCE_MS = 250
"""How long a row waits for another process that writes."""
Option = str | int | bool | list[str]


@frozen
class Asked:
    """A question that was asked; ``shown`` are the ids of the chunks, in the order shown."""

    question: str
    how: str = "search"
    options: Mapping[str, Option] = attrs.field(factory=dict, hash=False)
    results: int = 0
    answered: bool = True
    ms: float = 0.0
    stages: tuple[str, ...] = ()
    shown: tuple[int, ...] = ()
    id: int = 0
    at: str = ""


@frozen
class Often:
    """A question, however it was typed: how often, how many answers at best, when last."""

    question: str
    times: int
    results: int
    answered: bool
    at: str


@frozen
class Stats:
    """Figures of the questions of some days; times in milliseconds, None without any question."""

    questions: int
    distinct: int
    unanswered: int
    empty: int
    median_ms: float | None
    p95_ms: float | None
    opened: dict[int, int]
    days: dict[str, int]
    often: tuple[Often, ...]


def plain_words(question: str) -> str:
    """A question as it is counted: its words, in lower case."""
    return " ".join(re.findall(r"\w+", question.casefold()))


class Analytics:
    """Writes, reads and forgets what was asked."""

    def __init__(
        self, store: "Store", clock: Callable[[], datetime], settings: "SearchSettings"
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def record(self, asked: Asked) -> int | None:
        """Keep a question; its id, or None where it is not kept."""
        if not self._settings.history:
            return None
        number: list[int | None] = []
        now = self._clock()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM search_asked WHERE at < ?",
                [_stamp(now - timedelta(days=self._settings.keep_days))],
            )
            row = connection.execute(
                "INSERT INTO search_asked (at, question, words, how, options, results, answered,"
                " ms, stages, campaign, shown) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " COALESCE((SELECT value FROM chosen WHERE key = 'campaign'), ''), ?",
                [
                    _stamp(now),
                    asked.question,
                    plain_words(asked.question),
                    asked.how,
                    json.dumps(dict(asked.options), ensure_ascii=False),
                    asked.results,
                    int(asked.answered),
                    round(asked.ms, 2),
                    "+".join(asked.stages),
                    json.dumps(asked.shown),
                ],
            )
            number.append(row.lastrowid)

        return number[0] if self._write(write) and number else None

    def opened(self, asked: int, chunk: int, rank: int) -> None:
        """Keep that a passage was opened, and which it was among those shown, from 1."""
        if self._settings.history:
            values = [asked, chunk, rank, _stamp(self._clock())]
            self._write(
                lambda connection: connection.execute(
                    "INSERT INTO search_opened VALUES (?, ?, ?, ?)", values
                )
            )

    def last(self) -> Asked | None:
        """The question that was asked last, if any is kept."""
        row = self._store.connection.execute(
            "SELECT * FROM search_asked ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        return Asked(
            row["question"],
            row["how"],
            json.loads(row["options"]),
            row["results"],
            bool(row["answered"]),
            row["ms"],
            tuple(filter(None, row["stages"].split("+"))),
            tuple(json.loads(row["shown"])),
            row["id"],
            row["at"],
        )

    def stats(self, days: int | None = None, most: int = 10) -> Stats:
        """The figures of the last so many days; of all that is kept when None."""
        since = self._since(days)
        connection = self._store.connection
        rows = connection.execute(
            "SELECT at, results, answered, ms FROM search_asked WHERE at >= ?", [since]
        ).fetchall()
        times = sorted(row["ms"] for row in rows)
        by_day: dict[str, int] = {}
        for row in rows:
            day = datetime.fromisoformat(row["at"]).astimezone().date().isoformat()
            by_day[day] = by_day.get(day, 0) + 1
        opened = connection.execute(
            "SELECT o.rank, COUNT(*) FROM search_opened o JOIN search_asked a ON a.id = o.asked"
            " WHERE a.at >= ? GROUP BY o.rank ORDER BY o.rank",
            [since],
        )
        distinct = connection.execute(
            "SELECT COUNT(DISTINCT words) FROM search_asked WHERE at >= ?", [since]
        ).fetchone()[0]
        return Stats(
            len(rows),
            distinct,
            sum(not row["answered"] for row in rows),
            sum(not row["results"] for row in rows),
            _quantile(times, 0.5),
            _quantile(times, 0.95),
            {row[0]: row[1] for row in opened},
            dict(sorted(by_day.items())),
            self._often("at >= ?", since, most),
        )

    def gaps(self, days: int | None = None, most: int = 20) -> tuple[Often, ...]:
        """What the books did not answer when it was asked last, the most frequent first."""
        return self._often("at >= ?", self._since(days), most, "HAVING answered = 0")

    def forget(self, before: datetime | None = None) -> int:
        """Forget every question, or those asked before; answers how many went."""
        with self._store.transaction() as connection:
            until = "9" if before is None else _stamp(before)
            return connection.execute("DELETE FROM search_asked WHERE at < ?", [until]).rowcount

    def _often(self, where: str, since: str, most: int, having: str = "") -> tuple[Often, ...]:
        # SQLite takes the bare columns of a group from the row that has the MAX.
        rows = self._store.connection.execute(
            "SELECT question, COUNT(*) AS times, results, answered, MAX(id), at"  # noqa: S608 - our words
            f" FROM search_asked WHERE {where} GROUP BY words {having}"
            " ORDER BY times DESC, MAX(id) DESC LIMIT ?",
            [since, most],
        )
        return tuple(Often(row[0], row[1], row[2], bool(row[3]), row[5]) for row in rows)

    def _since(self, days: int | None) -> str:
        return "" if days is None else _stamp(self._clock() - timedelta(days=days))

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        """Try for a moment to write; what the disk or another process says is let pass."""
        connection = self._store.connection
        written = False
        with contextlib.suppress(sqlite3.Error, StoreError):
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
            try:
                with self._store.transaction():
                    work(connection)
                written = True
            finally:
                patience = int(1000 * self._store.busy_seconds)
                connection.execute(f"PRAGMA busy_timeout = {patience}")
        return written


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value that so many of them do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
