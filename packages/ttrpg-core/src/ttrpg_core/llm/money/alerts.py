"""What the user should hear of once: a budget that runs out, a provider that is down.

Alerts are rows, so they are there when somebody looks, whatever became of the ways they were sent.
The same kind about the same subject within an hour is one alert that happened several times.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol, get_args

from ttrpg_core.errors import StoreError
from ttrpg_core.llm.money.ledger import stamp
from ttrpg_core.store import Store
from ttrpg_core.text import printable
from ttrpg_core.values import frozen

Kind = Literal[
    "approaching", "exceeded", "fast", "anomaly", "overcharged", "provider_down", "rate_limited"
]
"""A budget runs out; it is used up; it will be, at this pace; an hour costs far more than usual; a
vendor counted more than was set aside; a provider does not answer; it limits us."""
Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
AGAIN = timedelta(hours=1)
"""How long the same alert is not sent again."""
KEPT = 1000
"""Alerts kept; the oldest go first."""
MESSAGE_MAX = 1000
"""Characters of a message."""


@frozen
class Alert:
    """One alert; ``times`` it happened, ``last_at`` the last time. Times are ISO 8601 in UTC."""

    id: int
    at: str
    kind: Kind
    subject: str
    severity: Severity
    message: str
    times: int
    last_at: str
    acknowledged_at: str | None


class Channel(Protocol):
    """A way to tell the user, such as a log. It waits for nothing and never raises."""

    def send(self, alert: Alert) -> None:
        """Tell of an alert, or begin to."""
        ...

    def close(self) -> None:
        """Wait a moment for what was begun."""
        ...


class Alerts:
    """Keeps alerts and hands new ones to the channels."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], channels: Sequence[Channel] = ()
    ) -> None:
        self.store = store
        self.clock = clock
        self.channels = channels

    def raise_alert(
        self,
        kind: Kind,
        subject: str,
        severity: Severity,
        message: str,
        *,
        since: datetime | None = None,
    ) -> bool:
        """Tell the user, unless that was done within the hour, or after ``since``; whether it was.

        A more severe one is told anyway. A database that cannot be written keeps nobody from an
        answer: the alert is lost then.
        """
        with contextlib.suppress(StoreError):
            said = printable(message[:MESSAGE_MAX])  # a vendor's words may be in it
            alert = self._kept(kind, printable(subject), severity, said, since)
            if alert is None:
                return False
            for channel in self.channels:
                channel.send(alert)
            return True
        return False

    def _kept(
        self, kind: Kind, subject: str, severity: Severity, message: str, since: datetime | None
    ) -> Alert | None:
        now = self.clock()
        begin = stamp(since or now - AGAIN)
        with self.store.transaction() as connection:
            row = connection.execute(
                "SELECT id, severity FROM alerts WHERE kind = ? AND subject = ? AND at >= ?"
                " AND at <= ? ORDER BY id DESC LIMIT 1",  # not one of a clock that was ahead
                [kind, subject, begin, stamp(now)],
            ).fetchone()
            if row and SEVERITIES.index(row["severity"]) >= SEVERITIES.index(severity):
                connection.execute(
                    "UPDATE alerts SET times = times + 1, last_at = ?, message = ? WHERE id = ?",
                    [stamp(now), message, row["id"]],
                )
                return None
            made = connection.execute(
                "INSERT INTO alerts (at, kind, subject, severity, message, last_at)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
                [stamp(now), kind, subject, severity, message, stamp(now)],
            ).fetchone()
            connection.execute("DELETE FROM alerts WHERE id <= ?", [made["id"] - KEPT])
        return _alert(made)

    def all(self, *, acknowledged: bool = False, limit: int = KEPT) -> list[Alert]:
        """The newest first; those that were acknowledged only when asked for."""
        rows = self.store.connection.execute(
            "SELECT * FROM alerts WHERE acknowledged_at IS NULL OR ? ORDER BY id DESC LIMIT ?",
            [acknowledged, limit],
        )
        return [_alert(row) for row in rows]

    def acknowledge(self, ids: Sequence[int] = ()) -> list[Alert]:
        """Mark alerts as seen, all that are open when none is named; those that were open."""
        with self.store.transaction() as connection:
            found = [each for each in self.all() if not ids or each.id in ids]
            connection.executemany(
                "UPDATE alerts SET acknowledged_at = ? WHERE id = ?",
                [(stamp(self.clock()), each.id) for each in found],
            )
        return found

    def close(self) -> None:
        """Give what is being sent a moment."""
        for channel in self.channels:
            channel.close()


def _alert(row: sqlite3.Row) -> Alert:
    return Alert(**dict(row))
