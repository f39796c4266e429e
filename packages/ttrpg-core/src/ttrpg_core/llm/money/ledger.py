"""Every call that was made and what it came to, kept in the database.

A call is a row from the moment that money is set aside for it. ``cost`` is the worst case until
then and the actual after, so what is spent and set aside is one sum, and a process that dies
between the two leaves the larger number behind. Old days are summed up and let go; the sums stay.
"""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from ttrpg_core.errors import InputError
from ttrpg_core.llm.calls import Certainty, Purpose
from ttrpg_core.llm.messages import Finish, Usage
from ttrpg_core.llm.money import periods, processes
from ttrpg_core.llm.money.amounts import Rates
from ttrpg_core.llm.money.periods import Span, Zone
from ttrpg_core.store import Store
from ttrpg_core.text import printable
from ttrpg_core.values import frozen

State = Literal["open", "settled", "released", "lost", "freed"]
"""Money set aside; put in its place; given back; of a process that is gone, and counted in full;
such a one that the user has back."""
ERROR_MAX = 300
"""Characters kept of what a vendor said when it refused."""


@frozen
class Entry:
    """One row: ``cost`` and ``reserved`` in nano-dollars, ``at`` when money was set aside."""

    id: int
    at: datetime
    state: State
    model: str
    purpose: Purpose
    rates: Rates
    asked: int
    unseen: int
    reserved: int
    cost: int
    usage: Usage
    certainty: Certainty
    finish: Finish
    seconds: float
    first_seconds: float | None


def stamp(moment: datetime) -> str:
    """A moment as the tables keep it: texts that sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Ledger:
    """Reads and writes the rows of calls; whoever changes several things opens the transaction."""

    def __init__(self, store: Store, clock: Callable[[], datetime], zone: Zone = None) -> None:
        self.store = store
        self.clock = clock
        self.zone = zone

    @property
    def _rows(self) -> sqlite3.Connection:
        return self.store.connection

    def spent(self, span: Span, campaign: str = "", session: str = "") -> int:
        """Nano-dollars spent and set aside in a span, of all or of one campaign or session."""
        end = "9999" if span.end is None else stamp(span.end)
        rows = self._rows.execute(
            "SELECT COALESCE(SUM(cost), 0) FROM calls WHERE at >= :start AND at < :end"
            " AND :campaign IN ('', campaign) AND :session IN ('', session)"
            " UNION ALL SELECT COALESCE(SUM(cost), 0) FROM spending WHERE day BETWEEN :first"
            " AND :last AND :campaign IN ('', campaign) AND :session IN ('', session)",
            {
                "start": stamp(span.start),
                "end": end,
                "first": str(span.first),
                "last": str(span.last),
                "campaign": campaign,
                "session": session,
            },
        )
        return sum(int(row[0]) for row in rows)

    def open(
        self,
        model: str,
        purpose: Purpose,
        rates: Rates,
        *,
        asked: int,
        unseen: int,
        worst: int,
        at: datetime,
    ) -> int:
        """Add the row of a call with its worst case set aside; its id."""
        cursor = self._rows.execute(
            "INSERT INTO calls (at, state, model, why, who, campaign, session, prices, asked,"
            " unseen, reserved, cost, certainty, process)"
            " VALUES (?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'estimated', ?)",
            [
                stamp(at),
                model,
                purpose.why,
                purpose.who,
                purpose.campaign,
                purpose.session,
                json.dumps(rates.numbers()),
                asked,
                unseen,
                worst,
                worst,
                processes.mine(),
            ],
        )
        return int(cursor.lastrowid or 0)

    def entry(self, call: int) -> Entry:
        """The row of a call. InputError when there is none."""
        row = self._rows.execute("SELECT * FROM calls WHERE id = ?", [call]).fetchone()
        if row is None:
            raise InputError(f"there is no call {call} in the ledger")
        return _entry(row)

    def settle(
        self,
        call: int,
        usage: Usage,
        finish: Finish,
        *,
        cost: int,
        certainty: Certainty,
        seconds: float,
        first_seconds: float | None,
    ) -> bool:
        """Put the actual in the place of what was set aside; False when that was done before."""
        done = self._rows.execute(
            "UPDATE calls SET state = 'settled', input = ?, cached = ?, written = ?, output = ?,"
            " reasoning = ?, cost = ?, certainty = ?, finish = ?, seconds = ?, first_seconds = ?"
            " WHERE id = ? AND state IN ('open', 'lost', 'freed')",
            [
                usage.input,
                usage.cached,
                usage.written,
                usage.output,
                usage.reasoning,
                cost,
                certainty,
                finish,
                seconds,
                first_seconds,
                call,
            ],
        )
        return done.rowcount == 1

    def release(self, call: int, error: str) -> bool:
        """Give back what was set aside, since nothing was done; False when it is not open."""
        done = self._rows.execute(
            "UPDATE calls SET state = 'released', cost = 0, error = ?"
            " WHERE id = ? AND state IN ('open', 'lost')",
            [printable(error[:ERROR_MAX]), call],
        )
        return done.rowcount == 1

    def unended(self) -> list[tuple[Entry, str]]:
        """The calls that money is set aside for, each with its process, the oldest first."""
        rows = self._rows.execute(
            "SELECT * FROM calls WHERE state IN ('open', 'lost') ORDER BY id"
        ).fetchall()
        return [(_entry(row), row["process"]) for row in rows]

    def free(self, call: int) -> None:
        """Count a call that never ended as nothing."""
        self._rows.execute("UPDATE calls SET state = 'freed', cost = 0 WHERE id = ?", [call])

    def hours(self, since: datetime) -> dict[str, int]:
        """What each hour of UTC cost since a moment, by its text; hours without calls are left out.

        Open calls are not counted, as their worst case is no cost yet.
        """
        rows = self._rows.execute(
            "SELECT substr(at, 1, 13), SUM(cost) FROM calls WHERE at >= ? AND state = 'settled'"
            " GROUP BY 1 HAVING SUM(cost) > 0",
            [stamp(since)],
        )
        return {str(hour): int(cost) for hour, cost in rows}

    def mark_lost(self) -> int:
        """Mark the open rows of processes that are gone; what they set aside goes on counting."""
        found = self._rows.execute("SELECT DISTINCT process FROM calls WHERE state = 'open'")
        gone = [process for (process,) in found.fetchall() if not processes.alive(process)]
        marked = self._rows.execute(
            "UPDATE calls SET state = 'lost' WHERE state = 'open'"
            " AND process IN (SELECT value FROM json_each(?))",
            [json.dumps(gone)],
        )
        return marked.rowcount

    def sum_up(self, keep_days: int) -> int:
        """Sum up the whole days before the last ``keep_days`` and let their calls go; how many.

        Days are those of the user's calendar, so that a budget of a day, week or month counts the
        same before and after.
        """
        now = self.clock()
        limit = periods.local(now, self.zone).date() - timedelta(days=keep_days)
        edge = stamp(periods.midnight(limit, self.zone))
        with self.store.transaction() as connection:
            self.mark_lost()
            old = connection.execute(
                "SELECT * FROM calls WHERE at < ? AND state IN ('settled', 'lost', 'freed')", [edge]
            ).fetchall()
            for row in old:
                day = periods.local(datetime.fromisoformat(row["at"]), self.zone).date()
                _add(connection, day, row)
            return connection.execute(
                "DELETE FROM calls WHERE at < ? AND state != 'open'", [edge]
            ).rowcount


def _add(connection: sqlite3.Connection, day: date, row: sqlite3.Row) -> None:
    connection.execute(
        "INSERT INTO spending (day, model, why, who, campaign, session, certainty, calls, input,"
        " cached, written, output, reasoning, cost, seconds) VALUES (:day, :model, :why, :who,"
        " :campaign, :session, :certainty, 1, :input, :cached, :written, :output, :reasoning,"
        " :cost, :seconds) ON CONFLICT DO UPDATE SET calls = calls + 1,"
        " input = input + excluded.input, cached = cached + excluded.cached,"
        " written = written + excluded.written, output = output + excluded.output,"
        " reasoning = reasoning + excluded.reasoning, cost = cost + excluded.cost,"
        " seconds = seconds + excluded.seconds",
        {**dict(row), "day": str(day)},
    )


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        at=datetime.fromisoformat(row["at"]),
        state=row["state"],
        model=row["model"],
        purpose=Purpose(row["why"], row["who"], row["campaign"], row["session"]),
        rates=Rates.read(json.loads(row["prices"])),
        asked=row["asked"],
        unseen=row["unseen"],
        reserved=row["reserved"],
        cost=row["cost"],
        usage=Usage(row["input"], row["output"], row["cached"], row["reasoning"], row["written"]),
        certainty=row["certainty"],
        finish=row["finish"],
        seconds=row["seconds"],
        first_seconds=row["first_seconds"],
    )
