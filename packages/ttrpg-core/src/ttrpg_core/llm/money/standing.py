"""How budgets stand: what is used, what that asks for, and whether it will last.

Pure: numbers in, numbers and words out.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ttrpg_core.llm.calls import Action
from ttrpg_core.llm.money import periods
from ttrpg_core.llm.money.amounts import dollars
from ttrpg_core.llm.money.budgets import ACTIONS, Budget
from ttrpg_core.llm.money.periods import Period, Span, Zone
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.values import frozen

_EARLY = 0.1
"""Share of a period that has to be over before its pace tells anything."""
_ITS: dict[Period, str] = {
    "hour": "this hour's",
    "day": "today's",
    "week": "this week's",
    "month": "this month's",
    "total": "the total of",
}


@frozen
class Standing:
    """One budget in the span that is running: ``used`` is what is spent and set aside.

    ``pace`` is nano-dollars an hour since the span began, and ``projected`` what that makes of the
    whole span; both None where there is no end, or too little of the span is over.
    """

    budget: Budget
    span: Span
    used: int
    pace: int | None = None
    projected: int | None = None

    @property
    def left(self) -> int:
        """What can still be set aside; below 0 when a vendor counted more than was set aside."""
        return self.budget.amount - self.used

    @property
    def share(self) -> float:
        """How much of the limit is used; 1 is all."""
        return self.used / self.budget.amount

    @property
    def fast(self) -> bool:
        """Whether the limit would be passed before the span ends, at the pace so far."""
        return self.projected is not None and self.used < self.budget.amount < self.projected

    def action(self, settings: MoneySettings) -> Action:
        """What the share asks for."""
        for action, share in (
            ("degrade", settings.degrade),
            ("throttle", settings.throttle),
            ("warn", settings.soft),
        ):
            if self.share >= share:
                return action  # type: ignore[return-value]
        return "allow"

    def said(self) -> str:
        """In words: ``this month's budget: $16.20 of $20.00 is spent or set aside (81%)``."""
        return (
            f"{title(self.budget)}: {dollars(self.used)} of {dollars(self.budget.amount)}"
            f" is spent or set aside ({self.share:.0%})"
        )


def title(budget: Budget) -> str:
    """A budget in a sentence: ``this month's budget of salt-road``."""
    of = " of " + "/".join(part for part in (budget.campaign, budget.session) if part)
    if budget.period == "total":
        return "the total budget" + (of if budget.campaign else "")
    return f"{_ITS[budget.period]} budget" + (of if budget.campaign else "")


def stand(budget: Budget, used: int, now: datetime, zone: Zone) -> Standing:
    """How a budget stands, with the pace of its span.

    The pace is a plain average, used / hours gone. Before a tenth of the span is over it is not
    told: one call in the first minutes of a month would foretell ruin.
    """
    span = periods.span(budget.period, now, zone)
    if span.end is None:
        return Standing(budget, span, used)
    whole = span.end - span.start
    gone = now - span.start
    if gone < whole * _EARLY:
        return Standing(budget, span, used)
    hour = timedelta(hours=1)
    return Standing(budget, span, used, round(used / (gone / hour)), round(used * (whole / gone)))


def strictest(standings: Iterable[Standing], settings: MoneySettings) -> Action:
    """The strictest action that any of the budgets asks for."""
    asked = (each.action(settings) for each in standings)
    return max(asked, key=ACTIONS.index, default="allow")


def tightest(standings: Iterable[Standing]) -> Standing | None:
    """The budget with the least left, None without any."""
    return min(standings, key=lambda each: each.left, default=None)
