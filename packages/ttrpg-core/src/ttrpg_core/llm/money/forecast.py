"""What will have been spent by the end of a period, with an interval, from the days before.

Two methods of R. Hyndman and G. Athanasopoulos, Forecasting: Principles and Practice, 3rd edition
(2021), section 5.2: the average method over the last days, and, when there are four weeks, the
average of each weekday, for a table that plays on Fridays. The second is taken when it leaves less
unexplained. Pure: days in, money out, all in nano-dollars.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

from ttrpg_core.values import frozen

FEWEST = 7
"""Whole days before anything is foretold."""
WEEKS = 28
"""Whole days before weekdays are told apart: each has been there four times."""
LONGEST = 56
"""Days that are looked at; older ones say little of how the program is used now."""
_Z = 1.96
"""Standard deviations to each side that hold 95 percent of a normal distribution."""
_FOREVER = 36_500
"""Days after which nobody waits for the end of a budget."""
_ONE = timedelta(days=1)


@frozen
class Forecast:
    """``expected`` is what will have been spent by the end of ``last``, ``low`` to ``high`` likely.

    ``spent`` is what was spent of it so far, ``daily`` the average of a day, ``days`` how many of
    them were looked at. ``method`` says whether weekdays were told apart.
    """

    last: date
    spent: int
    expected: int
    low: int
    high: int
    daily: int
    days: int
    method: Literal["average", "weekdays"]


@frozen
class TooLittle:
    """Nothing can be said yet: there are ``days`` whole days, and ``needed`` are needed."""

    days: int
    needed: int = FEWEST


@frozen
class _Fit:
    """The average of each weekday, the variance that is left, and whether weekdays differ.

    ``counts`` are the days that each average was made of.
    """

    averages: Sequence[float]
    counts: Sequence[int]
    variance: float
    weekdays: bool

    def spread(self, coming: Sequence[int]) -> float:
        """Half the width of the interval for days to come, so many of each weekday."""
        whole = sum(coming)
        shared = (
            sum(times**2 / count for times, count in zip(coming, self.counts, strict=True))
            if self.weekdays
            else whole**2 / self.counts[0]
        )
        return _Z * math.sqrt(self.variance * (whole + shared))


def whole_days(spending: Mapping[date, int], today: date) -> list[tuple[date, int]]:
    """Each day from the first with spending until yesterday, those without it too; the last 56."""
    before = [day for day in spending if day < today]
    if not before:
        return []
    first = max(min(before), today - timedelta(days=LONGEST))
    return [
        (day, spending.get(day, 0))
        for day in (first + timedelta(days=number) for number in range((today - first).days))
    ]


def foretell(
    spending: Mapping[date, int], today: date, last: date, spent: int
) -> Forecast | TooLittle:
    """What a period that ends with ``last`` comes to: ``spent`` of it so far, and the days to come.

    What is left of today is its average less what was spent today. The errors of h days to come
    are independent, and they share the error of the averages, which is sigma^2 / n for each: the
    variance of their sum is h sigma^2 + sum over weekdays of h_w^2 sigma^2 / n_w (section 5.5 has
    it for one day of the average method, sigma^2 (1 + 1/n)).
    """
    days = whole_days(spending, today)
    if len(days) < FEWEST:
        return TooLittle(len(days))
    fit = _plain(days)
    if len(days) >= WEEKS:
        fit = min(fit, _by_weekday(days), key=lambda each: each.variance)
    coming = [0] * 7
    for number in range((last - today).days + 1):
        coming[(today + number * _ONE).weekday()] += 1
    more = sum(fit.averages[weekday] * times for weekday, times in enumerate(coming))
    already = min(spending.get(today, 0), fit.averages[today.weekday()])
    spread = fit.spread(coming)
    expected = spent + max(0.0, more - already)
    return Forecast(
        last,
        spent,
        math.ceil(expected),
        max(spent, math.floor(expected - spread)),
        math.ceil(expected + spread),
        round(sum(cost for _, cost in days) / len(days)),
        len(days),
        "weekdays" if fit.weekdays else "average",
    )


def until(spending: Mapping[date, int], today: date, left: int) -> date | TooLittle | None:
    """The day on which ``left`` is used up at the average of a day; None when it never is."""
    days = whole_days(spending, today)
    if len(days) < FEWEST:
        return TooLittle(len(days))
    daily = sum(cost for _, cost in days) / len(days)
    whole = math.inf if daily == 0 else max(0, left) / daily
    return None if whole > _FOREVER else today + timedelta(days=math.floor(whole))


def _plain(days: Sequence[tuple[date, int]]) -> _Fit:
    costs = [cost for _, cost in days]
    mean = sum(costs) / len(costs)
    variance = sum((cost - mean) ** 2 for cost in costs) / (len(costs) - 1)
    return _Fit([mean] * 7, [len(costs)] * 7, variance, weekdays=False)


def _by_weekday(days: Sequence[tuple[date, int]]) -> _Fit:
    """In four weeks every weekday is there; seven averages cost seven degrees of freedom."""
    of: list[list[int]] = [[] for _ in range(7)]
    for day, cost in days:
        of[day.weekday()].append(cost)
    averages = [sum(costs) / len(costs) for costs in of]
    squares = sum((cost - averages[day.weekday()]) ** 2 for day, cost in days)
    counts = [len(costs) for costs in of]
    return _Fit(averages, counts, squares / (len(days) - 7), weekdays=True)
