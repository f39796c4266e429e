"""Moons: how old, how full and what they are called, and when they are new and full."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from ttrpg_core.table.calendar.model import Calendar, Moon

SIGNS = ("○", "◔", "◑", "◕", "●")
"""A moon from new to full, by the share of it that is lit."""
PLAIN_SIGNS = ("( )", "(.)", "(o)", "(O)", "(@)")
"""The same, where there are no other signs."""


class Phase(NamedTuple):
    """A moon at a moment: what its phase is called, the share that is lit (0 to 1), if it grows."""

    name: str
    lit: float
    waxing: bool

    @property
    def step(self) -> int:
        """How full it looks, from 0 to 4; 0 and 4 only near the new and the full moon."""
        return round(4 * self.lit)


class Turning(NamedTuple):
    """A moment at which a moon is new or full."""

    moment: int
    full: bool


def phase(calendar: Calendar, moon: Moon, moment: int) -> Phase:
    """The phase of a moon at a moment."""
    period = _period(calendar, moon)
    age = (moment - _first(calendar, moon)) % period
    number = len(moon.phases)
    at = (2 * age * number + period) // (2 * period) % number
    lit = (1 - math.cos(2 * math.pi * age / period)) / 2
    return Phase(moon.phases[at], lit, 2 * age < period)


def turnings(calendar: Calendar, moon: Moon, start: int, end: int) -> Iterator[Turning]:
    """When a moon is new and full, from a moment up to and not at another."""
    period, first = _period(calendar, moon), _first(calendar, moon)
    for number in itertools.count(2 * (start - first) // period):
        moment = first + number * period // 2
        if moment >= end:
            return
        if moment >= start:
            yield Turning(moment, number % 2 == 1)


def _period(calendar: Calendar, moon: Moon) -> int:
    return max(round(moon.days * calendar.day), 2)


def _first(calendar: Calendar, moon: Moon) -> int:
    return round(moon.new * calendar.day)
