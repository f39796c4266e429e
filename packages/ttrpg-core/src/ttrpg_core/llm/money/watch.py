"""When spending is worth an alert: rules over numbers, and no more.

A budget is told of at 50, 80, 90, 95 and 100 percent, once for each in its period, and anew when it
was set to another amount; at most once a day that its pace will use it up. An hour is told of when
it costs far more than is usual.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ttrpg_core.llm.money.alerts import Kind, Severity
from ttrpg_core.llm.money.amounts import NANO, dollars
from ttrpg_core.llm.money.standing import Standing, title
from ttrpg_core.values import frozen

STEPS: tuple[tuple[float, Severity], ...] = (
    (1.0, "critical"),
    (0.95, "critical"),
    (0.9, "warning"),
    (0.8, "warning"),
    (0.5, "info"),
)
"""Shares of a budget that are told of, the largest first."""
FEWEST_HOURS = 24
"""Hours with spending before one can be called unusual."""
UNUSUAL = 3.5
"""The modified z-score from which on a value is an outlier."""
LEAST = NANO // 10
"""Ten cents: an hour that costs less is not worth a word."""
FAR = 5
"""How many times the usual an hour has to cost."""
_DAY = timedelta(days=1)


@frozen
class Due:
    """An alert that is due. It was told when one of this kind and subject was after ``since``."""

    kind: Kind
    subject: str
    severity: Severity
    message: str
    since: datetime | None = None


def of_budgets(standings: Iterable[Standing], now: datetime) -> list[Due]:
    """What there is to tell of budgets."""
    found: list[Due] = []
    for each in standings:
        budget = each.budget
        step = next((step for step in STEPS if each.share >= step[0]), None)
        if step is not None:
            share, severity = step
            kind: Kind = "exceeded" if share >= 1 else "approaching"
            subject = f"{budget.id} {share:.0%} of {dollars(budget.amount)}"
            found.append(Due(kind, subject, severity, each.said(), each.span.start))
        if each.fast and each.projected is not None:
            said = (
                f"{title(budget)}: at this pace it is used up before its end"
                f" ({dollars(each.projected)} of {dollars(budget.amount)})"
            )
            found.append(Due("fast", budget.id, "warning", said, max(each.span.start, now - _DAY)))
    return found


def of_hour(latest: int, before: Sequence[int]) -> Due | None:
    """Whether an hour costs far more than usual: ``before`` are the hours that cost anything.

    It does when its modified z-score is above 3.5, it costs five times the median or more, and ten
    cents at least; with fewer than 24 hours nothing is usual yet. The score is
    0.6745 (x - median) / MAD, and with 1.2533 times the mean absolute deviation where MAD is 0:
    B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers (1993), section 3.
    """
    if len(before) < FEWEST_HOURS or latest < LEAST:
        return None
    from statistics import fmean, median  # only here, as it brings fractions and decimals along

    usual = median(before)
    spread = median(abs(each - usual) for each in before) / 0.6745
    if spread == 0:
        spread = fmean(abs(each - usual) for each in before) * 1.253314
    if latest - usual <= UNUSUAL * spread or latest < FAR * usual:
        return None
    said = f"{dollars(latest)} within an hour; one with calls usually costs {dollars(round(usual))}"
    return Due("anomaly", "hour", "warning", said)


def overcharged(model: str, cost: int, reserved: int) -> Due:
    """A vendor counted more than could be: the limit does not hold for what it charges beyond."""
    said = (
        f"{model} counted {dollars(cost)} for a call that could cost {dollars(reserved)} at the"
        " most; look at its price and at what the server counts"
    )
    return Due("overcharged", model, "critical", said)
