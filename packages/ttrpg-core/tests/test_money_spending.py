"""What was spent, added up by model, day and the rest, before and after days are summed up."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ttrpg_core.llm import Message, Price, Purpose, Request, Usage
from ttrpg_core.llm.money import LedgerPurse
from ttrpg_core.llm.money.periods import span
from ttrpg_core.llm.money.spending import WAYS, Spending, Spent, together
from ttrpg_core.settings_tables import MoneySettings

TOKYO = ZoneInfo("Asia/Tokyo")
EVER = datetime(2020, 1, 1, tzinfo=UTC)
NANO = 1000
"""Nano-dollars of a token at a dollar a million."""


@pytest.fixture
def purse(store, stopped):
    made = LedgerPurse(store, stopped, MoneySettings(), lambda kind, facts=None: None, zone=TOKYO)

    def call(model, purpose, usage, finish="stop"):
        request = Request([Message("user", "x")], max_tokens=1000)
        held = made.reserve(model, Price(1, 1), request, purpose)
        made.settle(held, usage, finish, seconds=2)

    stopped.now = datetime(2026, 1, 31, 14, 30, tzinfo=UTC)  # Saturday, half past eleven there
    call("a/one", Purpose("ask"), Usage(10, 20, cached=5, reasoning=7, written=2))
    call("a/two", Purpose("chat", campaign="storm", session="s-1"), Usage(100, 200))
    stopped.move(minutes=45)  # Sunday the first, there
    call("a/one", Purpose("chat", "model", "storm"), Usage(1, 2))
    call("b/one", Purpose("ask"), Usage(3, 4), "cancelled")
    made.release(
        made.reserve("b/one", Price(1, 1), Request([Message("user", "x")]), Purpose("ask")), "503"
    )
    return made


def costs(found):
    return {each.name: each.cost // NANO for each in found}


EXPECTED = {
    "model": {"a/two": 300, "a/one": 33, "b/one": 7},
    "vendor": {"a": 333, "b": 7},
    "campaign": {"storm": 303, "": 37},
    "session": {"s-1": 300, "": 40},
    "day": {"2026-01-31": 330, "2026-02-01": 10},
    "month": {"2026-01": 330, "2026-02": 10},
    "weekday": {"Saturday": 330, "Sunday": 10},
    "why": {"chat": 303, "ask": 37},
    "who": {"gm": 337, "model": 3},
}


@pytest.mark.parametrize("kept", [True, False], ids=["calls", "sums"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_adding_up(purse, stopped, way, kept):
    if not kept:
        stopped.move(days=5)
        assert purse.ledger.sum_up(1) == 5
    found = purse.spending.by(way, EVER)
    assert list(costs(found).items()) == list(EXPECTED[way].items())
    total = together(found)
    assert total == Spent("all", 4, Usage(114, 226, 5, 7, 2), 340 * NANO, 7 * NANO, 8.0)


def test_since_a_moment(purse):
    since = datetime(2026, 1, 31, 15, tzinfo=UTC)
    assert costs(purse.spending.by("model", since)) == {"b/one": 7, "a/one": 3}
    assert together(purse.spending.by("model", datetime(2027, 1, 1, tzinfo=UTC))) == Spent("all")


def test_days_of_one_campaign(purse):
    assert purse.spending.days(EVER, "storm") == {
        date(2026, 1, 31): 300 * NANO,
        date(2026, 2, 1): 3 * NANO,
    }
    assert purse.spending.days(EVER, "storm", "s-1") == {date(2026, 1, 31): 300 * NANO}


def test_what_is_under_way_stands_with_its_worst_case(purse):
    held = purse.reserve("c/x", Price(1, 1), Request([Message("user", "x")]), Purpose("ask"))
    aside = round(held.worst * 1e9)
    now = span("day", purse.clock(), TOKYO)
    assert purse.spending.set_aside(now) == aside
    assert purse.spending.set_aside(now, "storm") == 0
    latest = next(each for each in purse.spending.by("model", EVER) if each.name == "c/x")
    assert (latest.cost, latest.estimated, latest.calls) == (aside, aside, 1)


def test_calls_of_a_quarter_are_read_as_one(purse, monkeypatch):
    read = []
    each = Spending._each

    def counted(self, query, first):
        found = each(self, query, first)
        read.append(len(found))
        return found

    monkeypatch.setattr(Spending, "_each", counted)
    connection = purse.store.connection
    for minute in range(60):
        connection.execute(
            "INSERT INTO calls (at, state, model, why, who, campaign, session, prices, asked,"
            " unseen, reserved, cost, certainty, process) VALUES (?, 'settled', 'd/x', 'ask', 'gm',"
            " '', '', '[0, 0, 0, 0]', 1, 0, 1, 1, 'priced', '')",
            [f"2026-03-01T18:{minute:02}:00.000000+00:00"],
        )
    zoned = Spending(purse.store, ZoneInfo("Asia/Kathmandu"))  # five hours and three quarters on
    found = zoned.by("day", datetime(2026, 3, 1, tzinfo=UTC))
    assert {each.name: each.calls for each in found} == {"2026-03-01": 15, "2026-03-02": 45}
    assert read[0] == 4
