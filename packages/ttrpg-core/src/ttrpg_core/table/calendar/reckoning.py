"""From moments to dates and back, for any calendar: exact, and as fast for a year as for 100,000.

What lies before a year is worked out at once: every leap rule adds its days once for each of its
years since year 1. The year of a day is found by halving.
"""

from bisect import bisect_right

from ttrpg_core.errors import InputError
from ttrpg_core.table.calendar.model import Calendar, Date, Leap, Month

YEAR_MAX = 10_000_000
"""The last year that is reckoned with, and the first with a minus before it."""
_YEARS = range(-YEAR_MAX, YEAR_MAX + 2)


def length(month: Month, year: int) -> int:
    """How many days a month has in a year; 0 where it is left out."""
    return month.days + sum(each.days for each in month.leap if _is_leap(each, year))


def days_before(calendar: Calendar, year: int, *, of_weeks: bool = False) -> int:
    """Days from the epoch to the first of a year; or only those that the week counts."""
    return sum(
        (year - 1) * month.days + sum(_leaps(each, year) for each in month.leap)
        for month in calendar.months
        if month.week or not of_weeks
    )


def date_of(calendar: Calendar, moment: int) -> Date:
    """What a moment is in a calendar. InputError beyond YEAR_MAX."""
    day, second = divmod(moment, calendar.day)
    year = _YEARS[0] - 1 + bisect_right(_YEARS, day, key=lambda y: days_before(calendar, y))
    if not _YEARS[0] <= year <= YEAR_MAX:
        raise InputError("that is beyond the calendar", f"Years go to {YEAR_MAX:,}")
    rest = day - days_before(calendar, year)
    for place, month in enumerate(calendar.months):
        here = length(month, year)
        if rest < here:
            return Date(year, place, rest + 1, second)
        rest -= here
    msg = f"year {year} has no day {rest}"
    raise AssertionError(msg)


def moment_of(calendar: Calendar, date: Date) -> int:
    """The moment of a date. InputError for one that is not in the calendar."""
    if abs(date.year) > YEAR_MAX:
        raise InputError(f"the year {date.year:,} is beyond the calendar", f"To {YEAR_MAX:,}")
    month = calendar.months[date.place]
    most = length(month, date.year)
    if not 1 <= date.day <= most:
        raise InputError(
            f"{month.name} has no day {date.day} in that year",
            f"It has {most}" if most else "It is not in every year",
        )
    if not 0 <= date.second < calendar.day:
        raise InputError("the day has no such hour", f"It has {calendar.hours} hours")
    before = sum(length(each, date.year) for each in calendar.months[: date.place])
    day = days_before(calendar, date.year) + before + date.day - 1
    return day * calendar.day + date.second


def weekday(calendar: Calendar, date: Date) -> str:
    """The name of its day of the week; empty where there are no weeks, or the day is in none."""
    names, month = calendar.weekdays, calendar.months[date.place]
    if not names or not month.week:
        return ""
    if calendar.weeks == "month":
        return names[(date.day - 1) % len(names)]
    before = (
        date.day
        - 1
        + sum(length(each, date.year) for each in calendar.months[: date.place] if each.week)
    )
    if calendar.weeks == "run":
        before += days_before(calendar, date.year, of_weeks=True) + calendar.first_weekday
    return names[before % len(names)]


def season(calendar: Calendar, date: Date) -> str:
    """The name of the season; empty where there are none."""
    found = sorted((calendar.place(each.month), each.day, each.name) for each in calendar.seasons)
    begun = [each for each in found if each[:2] <= (date.place, date.day)] or found
    return begun[-1][2] if begun else ""


def _is_leap(rule: Leap, year: int) -> bool:
    return (year - rule.offset) % rule.every == 0


def _leaps(rule: Leap, year: int) -> int:
    """Days that a rule adds from year 1 to the beginning of a year; less than 0 before year 1."""
    times = (year - 1 - rule.offset) // rule.every - (-rule.offset) // rule.every
    return times * rule.days
