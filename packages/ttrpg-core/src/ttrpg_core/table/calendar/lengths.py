"""Lengths of time in a calendar's own units: ``8 hours``, ``3 days``, ``2 months 1 week``.

Months and years go from a day to the day of the same number; where the month is shorter, to its
last. From a day outside of any month, to the same day of that year, or else to the last day of the
month that it would follow.
"""

import re
from collections.abc import Sequence

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.calendar import reckoning
from ttrpg_core.table.calendar.model import Calendar, Date

MOST = 1_000_000_000
"""Most of a unit that is typed."""
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
_SHORT = {"s": "seconds", "min": "minutes", "h": "hours", "hr": "hours", "hrs": "hours",
          "d": "days", "w": "weeks", "y": "years"}  # fmt: skip
_TOGETHER = re.compile(r"([0-9]{1,10})([A-Za-z]+)")


@attrs.frozen
class Length:
    """A length of time: years and months of the calendar, however long they are, and seconds."""

    years: int = 0
    months: int = 0
    seconds: int = 0

    def __neg__(self) -> "Length":
        return Length(-self.years, -self.months, -self.seconds)


def read(words: Sequence[str], calendar: Calendar) -> Length:
    """What is typed: numbers, each with its unit. ``1h 30min`` is ``1 hour 30 minutes``."""
    spaced = _TOGETHER.sub(r"\1 \2 ", " ".join(words).replace(",", " ")).split()
    spaced = [each for each in spaced if each.casefold() != "and"]
    if not spaced or len(spaced) % 2:
        raise _no_length(words)
    counted = dict.fromkeys(UNITS, 0)
    for number, unit in zip(spaced[::2], spaced[1::2], strict=True):
        if not re.fullmatch(r"[0-9]{1,10}", number) or int(number) > MOST:
            raise _no_length(words)
        counted[_unit(unit)] += int(number)
    if counted["weeks"] and not calendar.weekdays:
        raise InputError(f"{calendar.title} has no weeks", "Say it in days")
    if (counted["months"] or counted["years"]) and not calendar.numbered:
        raise InputError(f"{calendar.title} has no months", "Say it in days")
    days = counted["days"] + counted["weeks"] * len(calendar.weekdays)
    return Length(
        counted["years"],
        counted["months"],
        days * calendar.day
        + counted["hours"] * calendar.hour
        + counted["minutes"] * calendar.seconds
        + counted["seconds"],
    )


def later(calendar: Calendar, moment: int, length: Length) -> int:
    """The moment so much later, earlier for a negative length; years and months are added first."""
    if length.years or length.months:
        date = _moved(calendar, reckoning.date_of(calendar, moment), length)
        moment = reckoning.moment_of(calendar, date)
    moment += length.seconds
    reckoning.date_of(calendar, moment)  # so that it is in the calendar
    return moment


def say(calendar: Calendar, seconds: int) -> str:
    """A length of time for people, in days and less: ``1 d 2 h 30 min``."""
    days, rest = divmod(seconds, calendar.day)
    hours, rest = divmod(rest, calendar.hour)
    minutes, rest = divmod(rest, calendar.seconds)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number) or "0 s"


def _moved(calendar: Calendar, date: Date, length: Length) -> Date:
    year = date.year + length.years
    if not length.months and (days := reckoning.length(calendar.months[date.place], year)):
        return attrs.evolve(date, year=year, day=min(date.day, days))
    number, back = _number(calendar, date.place)
    outside = calendar.months[date.place].outside
    years, at = divmod(number + length.months, len(calendar.numbered))
    year, place = year - back + years, calendar.numbered[at]
    if outside and length.months and length.months % len(calendar.numbered) == 0:
        return _moved(calendar, attrs.evolve(date, year=year + back), Length())
    days = reckoning.length(calendar.months[place], year)
    if not days:  # a month that this year leaves out: the moment at which it would begin
        return _first_after(calendar, year, place, date.second)
    return Date(year, place, days if outside else min(date.day, days), date.second)


def _number(calendar: Calendar, place: int) -> tuple[int, int]:
    """The number of the month at a place, or of that before it, and whether it is of last year."""
    before = [n for n, each in enumerate(calendar.numbered) if each <= place]
    return (before[-1], 0) if before else (len(calendar.numbered) - 1, 1)


def _first_after(calendar: Calendar, year: int, place: int, second: int) -> Date:
    for at in range(place + 1, len(calendar.months)):
        if reckoning.length(calendar.months[at], year):
            return Date(year, at, 1, second)
    return reckoning.date_of(
        calendar, reckoning.days_before(calendar, year + 1) * calendar.day + second
    )


def _unit(word: str) -> str:
    folded = word.casefold()
    if folded in _SHORT:
        return _SHORT[folded]
    return text.match(folded, [(each, each) for each in UNITS], "unit")


def _no_length(words: Sequence[str]) -> InputError:
    typed = " ".join(words)
    return InputError(
        f"{typed!r:.60} is no length of time", "Such as: 8 hours, or 3 days 30 minutes"
    )
