"""Forecasts: what they say, how sure they are, and when they say nothing."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.llm.money.forecast import (
    FEWEST,
    LONGEST,
    WEEKS,
    Forecast,
    TooLittle,
    foretell,
    until,
    whole_days,
)

TODAY = date(2026, 6, 15)  # a Monday
LAST = date(2026, 6, 30)
CENT = 10**7


def spending(costs, today=TODAY):
    """Costs of the days before today, the last one yesterday."""
    return {today - timedelta(days=len(costs) - n): cost for n, cost in enumerate(costs) if cost}


@pytest.mark.parametrize("days", range(FEWEST))
def test_too_little_history_is_said_and_not_guessed(days):
    found = foretell(spending([CENT] * days), TODAY, LAST, 5 * CENT)
    assert found == TooLittle(days, FEWEST)
    assert until(spending([CENT] * days), TODAY, CENT) == TooLittle(days, FEWEST)


def test_what_was_spent_today_alone_is_no_whole_day():
    assert foretell({TODAY: CENT}, TODAY, LAST, CENT) == TooLittle(0)


def test_the_same_every_day_goes_on_so():
    found = foretell(spending([CENT] * 10), TODAY, LAST, 14 * CENT)
    assert isinstance(found, Forecast)
    assert found.expected == found.low == found.high == (14 + 16) * CENT
    assert (found.daily, found.days, found.method) == (CENT, 10, "average")


def test_what_today_has_had_is_not_expected_again():
    history = spending([CENT] * 10)
    for today, more in ((CENT // 4, 0), (CENT, 0), (3 * CENT, 2 * CENT)):
        found = foretell({**history, TODAY: today}, TODAY, TODAY, today)
        assert found.expected == CENT + more


def test_days_without_spending_count():
    history = whole_days(spending([CENT, 0, 0, 0, 0, 0, CENT, 0]), TODAY)
    assert [cost for _, cost in history] == [CENT, 0, 0, 0, 0, 0, CENT, 0]
    assert history[-1][0] == TODAY - timedelta(days=1)
    found = foretell(spending([CENT, 0, 0, 0, 0, 0, CENT, 0]), TODAY, LAST, 0)
    assert found.daily == CENT // 4


def test_old_days_are_forgotten():
    costs = [100 * CENT] * 30 + [CENT] * LONGEST
    assert foretell(spending(costs), TODAY, LAST, 0).daily == CENT


def test_a_table_that_plays_on_fridays():
    first = TODAY - timedelta(days=WEEKS + 7)
    fridays = [(first + timedelta(days=n)).weekday() == 4 for n in range(WEEKS + 7)]
    costs = [10 * CENT * friday for friday in fridays]
    found = foretell(spending(costs), TODAY, LAST, 0)  # two Fridays to come: the 19th and 26th
    assert (found.expected, found.low, found.high) == (20 * CENT,) * 3
    assert found.method == "weekdays"
    for last, cents in ((18, 0), (19, 10), (25, 10), (26, 20)):
        assert foretell(spending(costs), TODAY, date(2026, 6, last), 0).expected == cents * CENT
    short = foretell(spending(costs[14:]), TODAY, LAST, 0)
    assert short.method == "average"
    assert short.high > short.expected > short.low


def test_weekdays_are_not_told_apart_where_they_do_not_differ():
    rng = random.Random(1)
    methods = [
        foretell(spending([rng.randrange(CENT) for _ in range(LONGEST)]), TODAY, LAST, 0).method
        for _ in range(200)
    ]
    assert methods.count("average") > 100


def test_the_interval_holds_what_comes_about_as_often_as_it_says():
    """Of days that vary by chance the interval of 95 percent holds the true sum in 90 to 99."""
    rng = random.Random(7)
    held = 0
    for _ in range(500):
        costs = [round(max(0, rng.gauss(20, 6)) * CENT) for _ in range(30 + 16)]
        found = foretell(spending(costs[:30]), TODAY, LAST, 0)
        held += found.low <= sum(costs[30:]) <= found.high
    assert 450 <= held <= 495


@given(
    st.lists(st.integers(0, 10**12), max_size=70),
    st.integers(0, 60),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)
def test_a_forecast_is_in_its_interval_and_never_below_what_was_spent(costs, ahead, today, spent):
    history = {**spending(costs), TODAY: today}
    found = foretell(history, TODAY, TODAY + timedelta(days=ahead), spent)
    if isinstance(found, TooLittle):
        assert found.days < FEWEST
        return
    assert spent <= found.low <= found.expected <= found.high
    assert found.days <= LONGEST


def test_when_what_is_left_will_be_used_up():
    history = spending([CENT] * 10)
    assert until(history, TODAY, 5 * CENT) == TODAY + timedelta(days=5)
    assert until(history, TODAY, 0) == TODAY
    assert until(history, TODAY, -CENT) == TODAY
    assert until(history, TODAY, 10**9 * CENT) is None
    assert until({date(2020, 1, 1): CENT}, TODAY, CENT) is None
