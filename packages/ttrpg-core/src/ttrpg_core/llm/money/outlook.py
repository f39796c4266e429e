"""What is to come for each budget, and for this month where there is none."""

from datetime import date, timedelta

from ttrpg_core.llm.money import forecast, periods
from ttrpg_core.llm.money.forecast import Forecast, TooLittle
from ttrpg_core.llm.money.purse import LedgerPurse
from ttrpg_core.llm.money.standing import Standing
from ttrpg_core.values import frozen

_BACK = timedelta(days=forecast.LONGEST + 1)


@frozen
class Outlook:
    """A budget, and what its period comes to; None for an hour, of which only the pace is known.

    ``used_up`` is the day on which a budget without an end is used up, None when it is not.
    """

    standing: Standing
    coming: Forecast | TooLittle | None
    used_up: date | None = None


@frozen
class Outlooks:
    """This month of everything, the days that are behind, and each budget."""

    month: Forecast | TooLittle
    days: dict[date, int]
    budgets: list[Outlook]


def outlooks(purse: LedgerPurse) -> Outlooks:
    """What is to come, as the ledger and the clock of a purse have it."""
    now = purse.clock()
    today = periods.local(now, purse.zone).date()
    month = periods.span("month", now, purse.zone)
    days = purse.spending.days(now - _BACK)
    coming = forecast.foretell(days, today, month.last, purse.ledger.spent(month))
    return Outlooks(coming, days, [_of(purse, each, today) for each in purse.standings(now=now)])


def _of(purse: LedgerPurse, standing: Standing, today: date) -> Outlook:
    budget = standing.budget
    if budget.period == "hour":
        return Outlook(standing, None)
    days = purse.spending.days(purse.clock() - _BACK, budget.campaign, budget.session)
    if budget.period == "total":
        end = forecast.until(days, today, standing.left)
        if isinstance(end, TooLittle):
            return Outlook(standing, end)
        return Outlook(standing, None, end)
    return Outlook(standing, forecast.foretell(days, today, standing.span.last, standing.used))
