"""What was spent, added up by whatever one wants to know: the model, the day, the campaign.

Reads the calls that are kept and the sums of those that are not; nothing is written.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal, get_args

import attrs

from ttrpg_core.llm.messages import Usage
from ttrpg_core.llm.money import periods
from ttrpg_core.llm.money.ledger import stamp
from ttrpg_core.llm.money.periods import Span, Zone
from ttrpg_core.store import Store
from ttrpg_core.values import frozen

By = Literal["model", "vendor", "campaign", "session", "day", "month", "weekday", "why", "who"]
"""What spending is added up by; "why" is the command, "who" the person, a model or a program."""
WAYS: tuple[By, ...] = get_args(By)
_CALLS = """
SELECT substr(at, 1, 14) || printf('%02d', substr(at, 15, 2) / 15 * 15) || ':00+00:00' AS moment,
 NULL AS day, model, why, who, campaign, session,
 COUNT(*) AS calls, SUM(input) AS input, SUM(cached) AS cached, SUM(written) AS written,
 SUM(output) AS output, SUM(reasoning) AS reasoning, SUM(cost) AS cost,
 SUM(cost * (certainty = 'estimated')) AS estimated, SUM(seconds) AS seconds
 FROM calls WHERE at >= ? AND state != 'released' GROUP BY 1, 3, 4, 5, 6, 7
"""
"""Calls by the quarter of an hour: in every zone a day begins with one."""
_SUMS = """
SELECT NULL AS moment, day, model, why, who, campaign, session, calls, input, cached, written,
 output, reasoning, cost, cost * (certainty = 'estimated') AS estimated, seconds
 FROM spending WHERE day >= ?
"""


@frozen
class Spent:
    """What calls came to: ``cost`` in nano-dollars, and how much of it is ``estimated``.

    Calls that are not through stand with their worst case, as estimated.
    """

    name: str
    calls: int = 0
    usage: Usage = attrs.field(factory=Usage)
    cost: int = 0
    estimated: int = 0
    seconds: float = 0.0

    def with_row(self, row: sqlite3.Row) -> "Spent":
        """This, and what a row came to."""
        used = Usage(row["input"], row["output"], row["cached"], row["reasoning"], row["written"])
        return self.with_other(
            Spent("", row["calls"], used, row["cost"], row["estimated"], row["seconds"])
        )

    def with_other(self, other: "Spent") -> "Spent":
        """This, and what another came to."""
        mine, more = self.usage, other.usage
        return Spent(
            self.name,
            self.calls + other.calls,
            Usage(
                mine.input + more.input,
                mine.output + more.output,
                mine.cached + more.cached,
                mine.reasoning + more.reasoning,
                mine.written + more.written,
            ),
            self.cost + other.cost,
            self.estimated + other.estimated,
            self.seconds + other.seconds,
        )


def together(found: Iterable[Spent]) -> Spent:
    """What several came to."""
    total = Spent("all")
    for each in found:
        total = total.with_other(each)
    return total


class Spending:
    """Reads what was spent. ``zone`` is the calendar of days and months."""

    def __init__(self, store: Store, zone: Zone = None) -> None:
        self.store = store
        self.zone = zone

    def by(self, way: By, since: datetime) -> list[Spent]:
        """Since a moment, the dearest first; days, those between without a call too, in order."""
        found: dict[str, Spent] = {}
        for day, row in self._rows(since):
            name = _name(way, day, row)
            found[name] = found.get(name, Spent(name)).with_row(row)
        if way == "day" and found:
            days = (date.fromisoformat(min(found)), date.fromisoformat(max(found)))
            for number in range((days[1] - days[0]).days):
                name = str(days[0] + timedelta(days=number))
                found.setdefault(name, Spent(name))
        if way in {"day", "month"}:
            return [found[name] for name in sorted(found)]
        if way == "weekday":
            return [found[name] for name in WEEKDAYS if name in found]
        return sorted(found.values(), key=lambda each: (-each.cost, -each.calls, each.name))

    def days(self, since: datetime, campaign: str = "", session: str = "") -> dict[date, int]:
        """What each day cost, of all or of one campaign or session; days without are left out."""
        found: dict[date, int] = {}
        for day, row in self._rows(since):
            if campaign in {"", row["campaign"]} and session in {"", row["session"]}:
                found[day] = found.get(day, 0) + row["cost"]
        return found

    def set_aside(self, span: Span, campaign: str = "", session: str = "") -> int:
        """Nano-dollars of calls that are under way."""
        row = self.store.connection.execute(
            "SELECT COALESCE(SUM(cost), 0) FROM calls WHERE state = 'open' AND at >= ? AND at < ?"
            " AND ? IN ('', campaign) AND ? IN ('', session)",
            [
                stamp(span.start),
                "9999" if span.end is None else stamp(span.end),
                campaign,
                session,
            ],
        ).fetchone()
        return int(row[0])

    def _rows(self, since: datetime) -> Iterator[tuple[date, sqlite3.Row]]:
        first = periods.local(since, self.zone).date()
        for row in self._each(_CALLS, stamp(since)):
            yield periods.local(datetime.fromisoformat(row["moment"]), self.zone).date(), row
        for row in self._each(_SUMS, str(first)):
            yield date.fromisoformat(row["day"]), row

    def _each(self, query: str, first: str) -> Iterable[sqlite3.Row]:
        return self.store.connection.execute(query, [first]).fetchall()


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _name(way: By, day: date, row: sqlite3.Row) -> str:
    match way:
        case "day":
            return str(day)
        case "month":
            return str(day)[:7]
        case "weekday":
            return WEEKDAYS[day.weekday()]
        case "vendor":
            return str(row["model"]).partition("/")[0]
        case _:
            return str(row[way])
