"""A month as a page: its weeks, and what there is on its days; and what falls due in a time."""

import itertools
from collections.abc import Iterator
from typing import Literal

import attrs

from ttrpg_core.table.calendar import reckoning, saying, sky
from ttrpg_core.table.calendar.model import Calendar, Date, Holiday, Season

MOST = 200
"""Occasions that are listed at most, the first ones."""


@attrs.frozen
class Occasion:
    """Something that a calendar says of a moment: a holiday, a season that begins, a moon."""

    moment: int
    kind: Literal["holiday", "season", "moon"]
    text: str
    note: str = ""


@attrs.frozen
class Day:
    """A day on a page: its number, the moment at which it begins, and what there is on it."""

    number: int
    moment: int
    occasions: tuple[Occasion, ...] = ()


@attrs.frozen
class Page:
    """A month: a row for each week, None before its first day and after its last.

    Without weekdays, rows are of ten days.
    """

    title: str
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[Day | None, ...], ...]


def page(calendar: Calendar, year: int, place: int) -> Page:
    """The page of a month; InputError when the year has none."""
    first = Date(year, place, 1)
    begins = reckoning.moment_of(calendar, first)
    month = calendar.months[place]
    number = reckoning.length(month, year)
    names = calendar.weekdays if month.week else ()
    width = len(names) or 10
    found: dict[int, list[Occasion]] = {}
    for each in occasions(calendar, begins, begins + number * calendar.day):
        found.setdefault((each.moment - begins) // calendar.day, []).append(each)
    days: list[Day | None] = [
        Day(n + 1, begins + n * calendar.day, tuple(found.get(n, ()))) for n in range(number)
    ]
    if names:
        days = [*[None] * names.index(reckoning.weekday(calendar, first)), *days]
    days += [None] * (-len(days) % width)
    weeks = tuple(tuple(days[at : at + width]) for at in range(0, len(days), width))
    return Page(f"{month.name} {saying.year(calendar, year)}", names, weeks)


def occasions(calendar: Calendar, start: int, end: int) -> list[Occasion]:
    """What the calendar says of the time from a moment up to and not at another, in order."""
    found = list(itertools.islice(_of_the_year(calendar, start, end), MOST))
    for moon in calendar.moons:
        found += (
            Occasion(each.moment, "moon", f"{moon.name} is {'full' if each.full else 'new'}")
            for each in itertools.islice(sky.turnings(calendar, moon, start, end), MOST)
        )
    return sorted(found, key=lambda each: each.moment)[:MOST]


def _of_the_year(calendar: Calendar, start: int, end: int) -> Iterator[Occasion]:
    """Holidays and seasons, year by year."""
    if end <= start or not (calendar.holidays or calendar.seasons):
        return
    yearly: tuple[Season | Holiday, ...] = (*calendar.seasons, *calendar.holidays)
    first, last = (reckoning.date_of(calendar, each).year for each in (start, end - 1))
    for year in range(first, last + 1):
        in_year = []
        for each in yearly:
            place = calendar.place(each.month)
            is_day = each.day <= reckoning.length(calendar.months[place], year)
            if is_day and (not isinstance(each, Holiday) or (year - each.offset) % each.every == 0):
                moment = reckoning.moment_of(calendar, Date(year, place, each.day))
                if start <= moment < end:
                    in_year.append(
                        Occasion(moment, "holiday", each.name, each.text)
                        if isinstance(each, Holiday)
                        else Occasion(moment, "season", f"{each.name} begins")
                    )
        yield from sorted(in_year, key=lambda each: each.moment)
