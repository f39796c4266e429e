"""Dates as they are said and typed: ``3 Frostfall 1204``, ``1204-02-03``, both with a time.

What is printed can be typed again. A number before the name is the day; days outside of any month
are called by the name alone where there is only one. The year is that of the last era unless
another stands after it; in the form with dashes it is counted without eras.
"""

import re
from typing import NamedTuple

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.calendar import reckoning
from ttrpg_core.table.calendar.model import Calendar, Date, Era

LONGEST = 300
"""Characters of a date that is typed."""
_DASHED = re.compile(r"(-?[0-9]{1,8})-([0-9]{1,3})-([0-9]{1,5})\Z")
_MONTH = re.compile(r"(-?[0-9]{1,8})-([0-9]{1,3})\Z")
_TIME = re.compile(r"([0-9]{1,4}):([0-9]{1,4})(?::([0-9]{1,4}))?\Z")
_NUMBER = re.compile(r"-?[0-9]{1,8}\Z")
_DAY = re.compile(r"([0-9]{1,5})(?:st|nd|rd|th|\.)?\Z")


def say(calendar: Calendar, moment: int, *, time: bool = True) -> str:
    """A moment in words: ``3 Frostfall 1204, 14:30``; without the time, its day."""
    date = reckoning.date_of(calendar, moment)
    month = calendar.months[date.place]
    alone = month.outside and reckoning.length(month, date.year) == 1
    day = month.name if alone else f"{date.day} {month.name}"
    said = f"{day} {year(calendar, date.year)}"
    return f"{said}, {hour(calendar, moment)}" if time else said


def dashed(calendar: Calendar, moment: int) -> str:
    """The day of a moment in numbers: ``1204-02-03``; in words where its month has no number."""
    date = reckoning.date_of(calendar, moment)
    if calendar.months[date.place].outside:
        return say(calendar, moment, time=False)
    number = calendar.numbered.index(date.place) + 1
    sign = "-" if date.year < 0 else ""
    return f"{sign}{abs(date.year):04}-{number:02}-{date.day:02}"


def hour(calendar: Calendar, moment: int) -> str:
    """The time of day: ``14:30``, and ``14:30:06`` where there are seconds."""
    hours, rest = divmod(moment % calendar.day, calendar.hour)
    minutes, seconds = divmod(rest, calendar.seconds)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def year(calendar: Calendar, number: int) -> str:
    """A year as it is called: ``1204``, ``12 FA``, ``44 BC``."""
    if not calendar.eras:
        return str(number)
    begun = [each for each in calendar.eras if each.first <= number]
    if begun:
        return f"{number - begun[-1].first + 1} {begun[-1].short}"
    return f"{calendar.eras[0].first - number} {_before(calendar.eras[0])}"


def moment(typed: str, calendar: Calendar, near: int | None = None) -> int:
    """The moment that is typed; its day begins where no time is said.

    ``near`` is the moment now: a date without a year is of this year, a time alone of this day.
    InputError for what is no date of the calendar.
    """
    if len(typed) > LONGEST:
        raise InputError("that is too long for a date", f"At most {LONGEST} characters")
    weekday, words = _without_weekday(calendar, typed)
    second, words = _time(calendar, words)
    if not words and second is not None and near is not None:
        return near - near % calendar.day + second
    date = attrs.evolve(_date(calendar, words, typed, near), second=second or 0)
    found = reckoning.moment_of(calendar, date)
    real = reckoning.weekday(calendar, date)
    if weekday and weekday != real:
        raise InputError(
            f"that day is no {weekday}", f"It is {real}" if real else "It is in no week"
        )
    return found


def month(typed: str, calendar: Calendar, near: int) -> tuple[int, int]:
    """The year and the place in it of the month that is typed: ``Frostfall``, ``1204-02``.

    Without a year, that of ``near``; without anything, the month of that moment.
    """
    if len(typed) > LONGEST:
        raise InputError("that is too long for a month", f"At most {LONGEST} characters")
    now, words = reckoning.date_of(calendar, near), _words(typed)
    if not words:
        return now.year, now.place
    if len(words) == 1 and (match := _MONTH.match(words[0])):
        return int(match[1]), _numbered(calendar, int(match[2]))
    split = _split(calendar, words)
    if split.day is not None or not split.month:
        raise InputError(f"{typed!r:.60} is no month", f"Such as: {calendar.months[0].name}")
    place = calendar.place(text.match(split.month, _known(calendar), "month"))
    return now.year if split.year is None else split.year, place


def _without_weekday(calendar: Calendar, typed: str) -> tuple[str, list[str]]:
    """The weekday that stands before a comma, and the words after it."""
    first, comma, rest = typed.partition(",")
    named = {each.casefold(): each for each in calendar.weekdays}
    folded = " ".join(first.split()).casefold()
    if comma and folded in named:
        return named[folded], _words(rest)
    return "", _words(typed)


def _words(typed: str) -> list[str]:
    """What is typed in words; ``T`` may stand between the date and the time, as in ISO 8601."""
    joined = re.sub(r"(?<=[0-9])[Tt](?=[0-9]+:)", " ", typed.replace(",", " "))
    return joined.split()


def _time(calendar: Calendar, words: list[str]) -> tuple[int | None, list[str]]:
    """The second of the day that the last word says, and the words before it."""
    match = _TIME.match(words[-1]) if words else None
    if match is None:
        return None, words
    hours, minutes, seconds = (int(each or 0) for each in match.groups())
    if hours >= calendar.hours or minutes >= calendar.minutes or seconds >= calendar.seconds:
        raise InputError(
            f"there is no time {words[-1]}",
            f"A day has {calendar.hours} hours of {calendar.minutes} minutes",
        )
    words = words[:-1]
    if words and words[-1].casefold() == "at":
        words = words[:-1]
    return hours * calendar.hour + minutes * calendar.seconds + seconds, words


class _Split(NamedTuple):
    """The words of a date: the day if one was said, the month's name, the year if one was said."""

    day: int | None
    month: str
    year: int | None


def _date(calendar: Calendar, words: list[str], typed: str, near: int | None) -> Date:
    if len(words) == 1 and (match := _DASHED.match(words[0])):
        return Date(int(match[1]), _numbered(calendar, int(match[2])), int(match[3]))
    split = _split(calendar, words)
    if not split.month:
        raise InputError(f"{typed!r:.60} is no date", _example(calendar, near))
    place = calendar.place(text.match(split.month, _known(calendar), "month"))
    in_year = split.year
    if in_year is None:
        if near is None:
            raise InputError(f"{typed!r:.60} has no year", _example(calendar, near))
        in_year = reckoning.date_of(calendar, near).year
    month = calendar.months[place]
    if split.day is None and not (month.outside and reckoning.length(month, in_year) <= 1):
        raise InputError(f"{typed!r:.60} has no day", _example(calendar, near))
    return Date(in_year, place, 1 if split.day is None else split.day)


def _numbered(calendar: Calendar, number: int) -> int:
    """The place in the year of the month with a number."""
    if not 1 <= number <= len(calendar.numbered):
        raise InputError(f"there is no month {number}", f"There are {len(calendar.numbered)}")
    return calendar.numbered[number - 1]


def _known(calendar: Calendar) -> list[tuple[str, str]]:
    return [(each.name, each.name) for each in calendar.months]


def _split(calendar: Calendar, words: list[str]) -> _Split:
    """Tell the day, the month and the year apart; names have no digits in them."""
    if len(words) > 1 and words[0].casefold() == "the" and _DAY.match(words[1]):
        words = words[1:]
    day: int | None = None
    if words and (match := _DAY.match(words[0])):
        day, words = int(match[1]), words[1:]
        if words and words[0].casefold() == "of":
            words = words[1:]
    numbers = [at for at, word in enumerate(words) if _NUMBER.match(word)]
    if not numbers and words and (match := _DAY.match(words[-1])):
        return _Split(int(match[1]), " ".join(words[:-1]), None)  # Frostfall 3rd
    if not numbers:
        return _Split(day, " ".join(words), None)
    if day is None and len(numbers) > 1 and (match := _DAY.match(words[numbers[-2]])):
        day, name = int(match[1]), words[: numbers[-2]]  # Frostfall 3, 1204
    elif day is None and numbers[-1] > 1 and (match := _DAY.match(words[numbers[-1] - 1])):
        day, name = int(match[1]), words[: numbers[-1] - 1]  # Frostfall 3rd, 1204
    else:
        name = words[: numbers[-1]]
    number = _year(calendar, int(words[numbers[-1]]), " ".join(words[numbers[-1] + 1 :]))
    return _Split(day, " ".join(name), number)


def _year(calendar: Calendar, number: int, era: str) -> int:
    """The year, counted without eras, that a number and the name of an era mean."""
    if not era and not calendar.eras:
        return number
    folded, first = era.casefold(), calendar.eras[0] if calendar.eras else Era("")
    if calendar.eras and folded == _before(first).casefold():
        return first.first - number
    for each in calendar.eras[::-1]:
        if folded in {"", each.short.casefold(), each.name.casefold()}:
            return each.first + number - 1
    known = [*(each.short for each in calendar.eras), *([_before(first)] if first.short else [])]
    raise InputError(f"there is no era {era!r:.60}", text.nearest(era, known))


def _before(era: Era) -> str:
    return era.before or f"before {era.short}"


def _example(calendar: Calendar, near: int | None) -> str:
    return f"Such as: {say(calendar, near or 0)}, or {dashed(calendar, near or 0)}"
