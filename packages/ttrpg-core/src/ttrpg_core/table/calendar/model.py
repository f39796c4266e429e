"""What a calendar is made of. Everything is frozen and plain data, read from TOML.

A year is a row of months. One that is ``outside`` is a festival or the like that belongs to no
month: it has no number, and its days are called by its name. Leap rules add days to a month in
some years, or take some away; together they say any cycle: every 4 years a day more, every 100 one
less, every 400 one more.
"""

from typing import Literal

import attrs

PHASES = (
    "new", "waxing crescent", "first quarter", "waxing gibbous",
    "full", "waning gibbous", "last quarter", "waning crescent",
)  # fmt: skip


@attrs.frozen
class Leap:
    """So many ``days`` more in each year that is ``offset`` away from a multiple of ``every``."""

    every: int
    days: int = 1
    offset: int = 0


@attrs.frozen
class Month:
    """A month, or days ``outside`` of any; ``week`` is False where the week stands still."""

    name: str
    days: int
    leap: tuple[Leap, ...] = ()
    outside: bool = False
    week: bool = True


@attrs.frozen
class Era:
    """Years from ``first``, which is its year 1.

    Those before the first era are counted backwards, as ``before``. ``short`` stands after
    the number.
    """

    short: str
    first: int = 1
    name: str = ""
    before: str = ""


@attrs.frozen
class Moon:
    """A moon that is new every so many ``days``, the first time ``new`` days after the epoch.

    The phases have equal parts, each about its middle; the first is the new moon's, and where their
    number is even, that in the middle is the full one's.
    """

    name: str
    days: float
    new: float = 0.0
    phases: tuple[str, ...] = PHASES


@attrs.frozen
class Season:
    """A season, from a day of every year until the next one's."""

    name: str
    month: str
    day: int = 1


@attrs.frozen
class Holiday:
    """A day of every year, or of each that is ``offset`` away from a multiple of ``every``."""

    name: str
    month: str
    day: int = 1
    every: int = 1
    offset: int = 0
    text: str = ""


@attrs.frozen
class Calendar:
    """A calendar. Its moment 0 is the beginning of the first day of year 1.

    ``weeks`` says whether the week runs on through months and years, or begins anew with each.
    ``first_weekday`` is the index of the weekday of that first day. A day has ``hours``, each of
    ``minutes``, each of ``seconds``.
    """

    name: str
    title: str
    months: tuple[Month, ...]
    about: str = ""
    weekdays: tuple[str, ...] = ()
    first_weekday: int = 0
    weeks: Literal["run", "month", "year"] = "run"
    hours: int = 24
    minutes: int = 60
    seconds: int = 60
    eras: tuple[Era, ...] = ()
    moons: tuple[Moon, ...] = ()
    seasons: tuple[Season, ...] = ()
    holidays: tuple[Holiday, ...] = ()

    @property
    def hour(self) -> int:
        """Seconds of an hour."""
        return self.minutes * self.seconds

    @property
    def day(self) -> int:
        """Seconds of a day."""
        return self.hours * self.hour

    @property
    def numbered(self) -> tuple[int, ...]:
        """The places in the year of the months that have a number, in order."""
        return tuple(place for place, each in enumerate(self.months) if not each.outside)

    def place(self, name: str) -> int:
        """The place in the year of the month with exactly this name."""
        return next(place for place, each in enumerate(self.months) if each.name == name)


@attrs.frozen
class Date:
    """A day of a calendar and the second in it; ``place`` is that of its month, from 0.

    ``year`` counts from 1 without regard to eras; year 0 and those below come before it.
    """

    year: int
    place: int
    day: int
    second: int = 0
