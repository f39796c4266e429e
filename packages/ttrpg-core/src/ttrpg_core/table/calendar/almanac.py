"""Calendars from TOML: those that come with the kernel, and any file of the user's."""

import functools
import math
import tomllib
from collections.abc import Iterable
from importlib import resources

from ttrpg_core import text
from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.calendar import reckoning
from ttrpg_core.table.calendar.model import Calendar, Holiday, Leap, Month, Moon, Season

UNDATED = "days"
"""The calendar of a campaign that has chosen none: its days are numbered."""
DAYS_MAX, PARTS_MAX, SECONDS_MAX = 10_000, 200, 1_000_000
"""Most days of a year, months or weekdays or the like, and seconds of a day."""
_CYCLE_MAX = 20_000
"""Years within which all leap rules of a month have come round."""


def names() -> tuple[str, ...]:
    """The calendars that come with the kernel."""
    folder = resources.files("ttrpg_core.table.calendar") / "almanacs"
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    )


@functools.cache
def load(name: str) -> Calendar:
    """A calendar that comes with the kernel. NotFound names the others."""
    return read(content(name), f"{name}.toml")


def content(name: str) -> str:
    """The TOML of a calendar that comes with the kernel."""
    if name not in names():
        raise NotFound(f"there is no calendar {name!r:.60}", text.nearest(name, names()))
    folder = resources.files("ttrpg_core.table.calendar") / "almanacs"
    return (folder / f"{name}.toml").read_text("utf-8")


@functools.lru_cache(maxsize=8)
def read(content: str, where: str) -> Calendar:
    """A calendar from TOML. InputError names the key of what is wrong."""
    try:
        found = make_converter(forbid_extra_keys=True).structure(tomllib.loads(content), Calendar)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not valid TOML: {error}", "Check its syntax") from error
    except RecursionError as error:
        raise InputError(f"{where}: nested too deeply", "A calendar is flat") from error
    except Exception as error:
        raise InputError("; ".join(explain(error, where)), "Correct the file") from error
    return checked(found, where)


def checked(calendar: Calendar, where: str = "calendar") -> Calendar:
    """A calendar that can be reckoned with, and whose names can be told apart when typed."""
    _need(bool(calendar.months), f"{where}: it has no months", "Add [[months]]")
    for what in ("hours", "minutes", "seconds"):
        _between(getattr(calendar, what), 1, SECONDS_MAX, f"{where}.{what}")
    _between(calendar.day, 1, SECONDS_MAX, f"{where}: seconds of a day")
    for what in ("months", "weekdays", "eras", "moons", "seasons", "holidays"):
        _between(len(getattr(calendar, what)), 0, PARTS_MAX, f"number of {where}.{what}")
    _names((each.name for each in calendar.months), f"{where}.months")
    for month in calendar.months:
        words = month.name.casefold().split()
        _need(words[0] != "of" and words[-1] != "at" and words != ["the"],
              f"{where}.months: {month.name!r:.60} reads as part of a date",
              "Rename it")  # fmt: skip
    _names(calendar.weekdays, f"{where}.weekdays")
    _names((n for e in calendar.eras for n in (e.short, e.before) if n), f"{where}.eras")
    kinds: tuple[Moon | Season | Holiday, ...] = (
        *calendar.moons, *calendar.seasons, *calendar.holidays,
    )  # fmt: skip
    for each in kinds:
        text.name(each.name, f"name in {where}")
    text.name(calendar.name, f"name of {where}")
    text.name(calendar.title, f"title of {where}")
    _check_year(calendar, where)
    _between(
        calendar.first_weekday, 0, max(len(calendar.weekdays) - 1, 0), f"{where}.first_weekday"
    )
    firsts = [each.first for each in calendar.eras]
    _need(firsts == sorted(set(firsts)), f"{where}.eras: not in order", "The earliest comes first")
    for first in firsts:
        _between(first, -reckoning.YEAR_MAX, reckoning.YEAR_MAX, f"{where}.eras.first")
    for moon in calendar.moons:
        here = f"{where}.moons: {moon.name}"
        _need(math.isfinite(moon.days) and 1 <= moon.days <= DAYS_MAX,
              f"{here}: it comes round in 1 to {DAYS_MAX:,} days", "Correct its days")  # fmt: skip
        _need(math.isfinite(moon.new) and abs(moon.new) <= DAYS_MAX**2,
              f"{here}: new is too far away", "Give the days until it is new")  # fmt: skip
        _need(2 <= len(moon.phases) <= PARTS_MAX, f"{here}: too few phases", "Name two or more")  # noqa: PLR2004
    return calendar


def _check_year(calendar: Calendar, where: str) -> None:
    """Every year has days, no month ever has fewer than none, and days that are named are there."""
    least = most = 0
    for month in calendar.months:
        here = f"{where}.months: {month.name}"
        _between(month.days, 0, DAYS_MAX, f"{here}.days")
        for rule in month.leap:
            _between(rule.every, 1, _CYCLE_MAX, f"{here}.leap.every")
            _between(abs(rule.days), 1, DAYS_MAX, f"{here}.leap.days")
            _between(abs(rule.offset), 0, _CYCLE_MAX, f"{here}.leap.offset")
        low, high = _extremes(month, here)
        _need(low >= 0, f"{here}: in some year it has {low} days", "Correct its leap rules")
        _need(high >= 1, f"{here}: it never has a day", "Give it days")
        least, most = least + low, most + high
    _need(least >= 1, f"{where}: some year would have no day", "Give one month days in every year")
    _between(most, 1, DAYS_MAX, f"{where}: days of a year")
    months = {each.name: each for each in calendar.months}
    yearly: tuple[Season | Holiday, ...] = (*calendar.seasons, *calendar.holidays)
    for each in yearly:
        here = f"{where}: {each.name}"
        _need(each.month in months, f"{here}: there is no month {each.month!r:.60}",
              text.nearest(each.month, months))  # fmt: skip
        _between(each.day, 1, _extremes(months[each.month], here)[1], f"{here}: day")
    for holiday in calendar.holidays:
        _between(holiday.every, 1, _CYCLE_MAX, f"{where}: {holiday.name}: every")


def _extremes(month: Month, where: str) -> tuple[int, int]:
    """The fewest and the most days that a month ever has."""
    cycle = math.lcm(*(each.every for each in month.leap))
    _need(cycle <= _CYCLE_MAX, f"{where}: its leap rules come round in {cycle:,} years",
          f"At most {_CYCLE_MAX:,} are possible")  # fmt: skip
    if not month.leap:
        return month.days, month.days
    lengths = [month.days] * cycle
    for rule in month.leap:
        _add(lengths, rule)
    return min(lengths), max(lengths)


def _add(lengths: list[int], rule: Leap) -> None:
    for year in range(rule.offset % rule.every, len(lengths), rule.every):
        lengths[year] += rule.days


def _names(found: Iterable[str], where: str) -> None:
    """Names that are clean, different, and never taken for numbers of a date."""
    seen: set[str] = set()
    for each in found:
        cleaned = text.name(each, f"name in {where}")
        _need(cleaned == each and not any(c.isdigit() or c in ",:" for c in each),
              f"{where}: {each!r:.60} has a digit, comma or colon", "Use letters")  # fmt: skip
        _need(" ".join(each.split()) == each, f"{where}: {each!r:.60} has odd spaces", "Use one")
        folded = each.casefold()
        _need(folded not in seen, f"{where}: {each!r:.60} is there twice", "Names differ")
        seen.add(folded)


def _between(number: int, least: int, most: int, what: str) -> None:
    _need(least <= number <= most, f"{what}: {number:,} is not possible",
          f"From {least:,} to {most:,}")  # fmt: skip


def _need(condition: bool, message: str, hint: str) -> None:  # noqa: FBT001 - the condition is what it is about
    if not condition:
        raise InputError(message, hint)
