"""The stretches of time that a budget begins anew with, on the user's own calendar.

A day begins at midnight where the user is, a week on Monday (ISO 8601), a month on its first. Days
of 23 and 25 hours, when the clocks change, are whole days; an hour is always sixty minutes. Every
moment that comes out is in UTC, so that two of them can be compared and subtracted.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, TypeAlias, get_args

from ttrpg_core.values import frozen

Period = Literal["hour", "day", "week", "month", "total"]
"""How often a budget begins anew; "total" never does."""
PERIODS: tuple[str, ...] = get_args(Period)
Zone: TypeAlias = tzinfo | None
"""Where the user is; None is what the computer is set to."""

EARLIEST = datetime.min.replace(tzinfo=UTC)
_DECEMBER = 12


@frozen
class Span:
    """From ``start`` on and before ``end``, in UTC; ``end`` is None where it has none.

    ``first`` and ``last`` are the days that it touches, on the user's calendar.
    """

    start: datetime
    end: datetime | None
    first: date
    last: date


def local(moment: datetime, zone: Zone) -> datetime:
    """A moment on the user's clock."""
    return moment.astimezone(zone)


def midnight(day: date, zone: Zone) -> datetime:
    """When a day begins, in UTC. Where clocks skip midnight, it is the moment that they do."""
    plain = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - gets its zone in the next line
    begins = plain.astimezone() if zone is None else plain.replace(tzinfo=zone)
    return begins.astimezone(UTC)


def span(period: Period, now: datetime, zone: Zone) -> Span:
    """The stretch of a period that a moment is in."""
    here = local(now, zone)
    today = here.date()
    match period:
        case "hour":
            past = timedelta(
                minutes=here.minute, seconds=here.second, microseconds=here.microsecond
            )
            start = now.astimezone(UTC) - past
            return Span(start, start + timedelta(hours=1), today, today)
        case "day":
            first, after = today, today + timedelta(days=1)
        case "week":
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case "month":
            first = today.replace(day=1)
            after = (
                date(today.year + 1, 1, 1)
                if today.month == _DECEMBER
                else date(today.year, today.month + 1, 1)
            )
        case "total":
            return Span(EARLIEST, None, date.min, date.max)
    return Span(midnight(first, zone), midnight(after, zone), first, after - timedelta(days=1))
