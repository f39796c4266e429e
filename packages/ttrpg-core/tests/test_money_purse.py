"""The purse: what is set aside, what is put in its place, and what is refused."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ttrpg_core.errors import BudgetExceeded, Denied, InputError, StoreError
from ttrpg_core.llm import Beyond, Price, Purpose, Purse, Request, Usage, tokens
from ttrpg_core.llm.money import Budget, LedgerPurse
from ttrpg_core.llm.money.standing import stand
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.store import Store

MODEL = "openai/gpt-5.4"
PRICE = Price(2.5, 15, cached=0.25)
ASK = Purpose("ask")
DOLLAR = 10**9


def request(words="How far can I fall?", most=1000, **more):
    from ttrpg_core.llm import Message

    return Request([Message("user", words)], max_tokens=most, **more)


@pytest.fixture
def told():
    return []


@pytest.fixture
def purse(store, stopped, told) -> LedgerPurse:
    def note(kind, facts=None):
        told.append((kind, facts))

    return LedgerPurse(store, stopped, MoneySettings(), note, zone=UTC)


def spent(purse, period="total", **of):
    from ttrpg_core.llm.money.periods import span

    return purse.ledger.spent(span(period, purse.clock(), purse.zone), **of)


def worst(words_request):
    return tokens.at_most(words_request, MODEL) * 2500 + words_request.max_tokens * 15_000


def pay(purse, cost, purpose=ASK):
    """Spend so many nano-dollars: one of input costs 2,500."""
    held = purse.reserve(MODEL, PRICE, request(most=cost // 15_000 + 1), purpose)
    return purse.settle(held, Usage(input=cost // 2500, output=0), "stop")


def test_a_longer_prompt_is_set_aside_and_settled_at_its_own_price(purse, store, stopped):
    price = Price(1, 5, beyond=Beyond(1000, Price(5, 25)))
    short, long = request(), request("word " * 1000)
    assert purse.reserve(MODEL, price, short, ASK).worst == pytest.approx(
        (tokens.at_most(short, MODEL) * 1 + 1000 * 5) / 1e6
    )
    held = purse.reserve(MODEL, price, long, ASK)
    assert held.worst == pytest.approx((tokens.at_most(long, MODEL) * 5 + 1000 * 25) / 1e6)
    again = LedgerPurse(store, stopped, MoneySettings(), print, zone=UTC)
    assert again.settle(held, Usage(1001, 10), "stop").cost == pytest.approx(5255e-6)
    held = purse.reserve(MODEL, price, long, ASK)
    assert again.settle(held, Usage(1000, 10), "stop").cost == pytest.approx(1050e-6)


def test_it_is_the_purse_of_the_protocol(purse):
    assert isinstance(purse, Purse)


def test_the_worst_case_is_set_aside_and_the_actual_put_in_its_place(purse):
    asked = request()
    held = purse.reserve(MODEL, PRICE, asked, ASK)
    assert held.worst == worst(asked) / DOLLAR
    assert held.action == "allow"
    assert spent(purse) == worst(asked)
    assert purse.ledger.entry(held.id).state == "open"
    usage = Usage(input=412, output=96, cached=100, reasoning=20)
    bill = purse.settle(held, usage, "stop", text="Far.", seconds=2.5, first_seconds=0.5)
    cost = 312 * 2500 + 100 * 250 + 96 * 15_000
    assert spent(purse) == cost
    assert bill.cost == cost / DOLLAR
    assert (bill.model, bill.usage, bill.certainty, bill.finish) == (MODEL, usage, "priced", "stop")
    assert (bill.seconds, bill.first_seconds, bill.left, bill.budget) == (2.5, 0.5, None, "")
    entry = purse.ledger.entry(held.id)
    assert (entry.state, entry.usage, entry.cost) == ("settled", usage, cost)
    assert entry.reserved == worst(asked)


def test_a_call_that_does_not_fit_is_refused_with_the_numbers_and_the_way_out(purse):
    purse.budgets.set(Budget("month", DOLLAR))
    pay(purse, DOLLAR - 10_000_000)
    before = spent(purse)
    with pytest.raises(BudgetExceeded) as caught:
        purse.reserve(MODEL, PRICE, request(), ASK)
    error = caught.value
    assert error.code == 4
    assert (error.limit, error.spent) == (1.0, before / DOLLAR)
    assert "this month's budget is $1.00, with $0.99 spent or set aside" in error.message
    assert "may cost $0.015" in error.message
    assert MODEL in error.message
    assert "Sunday 01 February at 00:00" in error.hint
    assert "ttrpg budget set 2 --per month" in error.hint
    assert spent(purse) == before


def test_what_fits_to_the_last_billionth_is_let_through(purse):
    asked = request()
    purse.budgets.set(Budget("total", worst(asked)))
    held = purse.reserve(MODEL, PRICE, asked, ASK)
    with pytest.raises(BudgetExceeded) as caught:
        purse.reserve(MODEL, Price(0, 0.001), asked, ASK)
    assert "never begins anew" in caught.value.hint
    purse.release(held, "503 from the vendor")
    purse.budgets.set(Budget("total", worst(asked) - 1))
    with pytest.raises(BudgetExceeded):
        purse.reserve(MODEL, PRICE, asked, ASK)


def test_the_strictest_of_several_budgets_wins(purse):
    storm, third = Purpose("chat", campaign="storm"), Purpose("chat", "gm", "storm", "session-3")
    purse.budgets.set(Budget("month", 20 * DOLLAR))
    purse.budgets.set(Budget("day", 10 * DOLLAR))
    purse.budgets.set(Budget("total", 5 * DOLLAR, "storm"))
    purse.budgets.set(Budget("total", DOLLAR, "storm", "session-3"))
    assert [each.id for each in purse.budgets.of(third)] == [
        "day",
        "month",
        "total/storm",
        "total/storm/session-3",
    ]
    assert pay(purse, 2500, third).budget == "total/storm/session-3"
    assert pay(purse, 2500, storm).budget == "total/storm"
    assert pay(purse, 2500, Purpose("chat", campaign="other")).budget == "day"
    pay(purse, 900_000_000, third)
    with pytest.raises(BudgetExceeded, match="budget of storm/session-3 is"):
        purse.reserve(MODEL, PRICE, request(most=10_000), third)
    purse.reserve(MODEL, PRICE, request(most=10_000), storm)


@pytest.mark.parametrize("price", [None, Price(float("nan"), 1), Price(1, -1), Price(1, 1e300)])
def test_a_model_without_a_price_is_refused_with_the_line_that_prices_it(purse, price):
    for _ in range(2):  # with and without a budget
        with pytest.raises(Denied) as caught:
            purse.reserve("server/groq/llama-4", price, request(), ASK)
        assert not isinstance(caught.value, BudgetExceeded)
        assert "unpriced" in caught.value.message
        assert "[plugins.server]" in caught.value.hint
        assert 'prices = ["groq/llama-4 IN OUT"] with numbers' in caught.value.hint
        assert "add it to them" in caught.value.hint  # a second line makes the file no TOML
        purse.budgets.set(Budget("day", DOLLAR))
    assert spent(purse) == 0


def test_what_costs_nothing_is_let_through_when_nothing_is_left(purse):
    purse.budgets.set(Budget("day", DOLLAR))
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    purse.settle(held, Usage(input=10**6), "stop")
    assert spent(purse) > DOLLAR
    free = purse.reserve("ollama/qwen3", Price(0, 0), request(), ASK)
    assert purse.settle(free, None, "stop", text="Yes.").cost == 0


def test_a_vendor_that_counts_beyond_the_worst_is_charged_as_it_will_be_paid(purse):
    purse.budgets.set(Budget("day", DOLLAR))
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    bill = purse.settle(held, Usage(input=10**6, output=10), "stop")
    assert bill.cost == 2.5 + 10 * 15e-6
    assert bill.left < 0
    with pytest.raises(BudgetExceeded):
        purse.reserve(MODEL, PRICE, request(), ASK)


def test_settling_twice_changes_nothing_and_answers_the_first_bill(purse):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    first = purse.settle(held, Usage(100, 10), "stop", seconds=1)
    again = purse.settle(held, Usage(9999, 999), "length", seconds=9)
    assert again == first
    purse.release(held, "too late")
    assert spent(purse) == 100 * 2500 + 10 * 15_000


def test_what_was_given_back_cannot_be_settled(purse):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    purse.release(held, "401: no such key")
    assert spent(purse) == 0
    with pytest.raises(RuntimeError, match="was given back"):
        purse.settle(held, Usage(1, 1), "stop")
    assert spent(purse) == 0


def test_no_call_of_that_number(purse):
    from ttrpg_core.llm import Reservation

    with pytest.raises(InputError):
        purse.settle(Reservation(77, 1.0), None, "stop")


def test_a_stopped_call_stays_as_an_estimate(purse):
    asked = request("word " * 400)
    held = purse.reserve(MODEL, PRICE, asked, ASK)
    bill = purse.settle(held, None, "cancelled", text="It falls " * 50)
    assert bill.certainty == "estimated"
    expected = tokens.estimate(asked, MODEL)
    assert expected < bill.usage.input < 1.5 * expected
    assert bill.usage.output >= tokens.estimate_text("It falls " * 50, MODEL)
    assert 0 < bill.cost < held.worst


def test_an_estimate_is_never_more_than_was_set_aside(purse):
    held = purse.reserve(MODEL, PRICE, request(most=10), ASK)
    assert purse.settle(held, None, "cancelled", text="x y z " * 10_000).cost == held.worst


def test_what_the_vendor_counted_before_it_was_stopped_is_kept(purse):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    bill = purse.settle(held, Usage(input=412, output=1), "cancelled", text="It falls " * 50)
    assert bill.usage.input == 412
    assert bill.usage.output > 50
    assert bill.certainty == "estimated"


def test_thoughts_that_were_asked_for_and_not_seen_are_charged_when_it_is_stopped(purse):
    held = purse.reserve(MODEL, PRICE, request(most=2000, effort="high"), ASK)
    assert purse.settle(held, None, "cancelled").usage.output == 2000
    whole = purse.reserve(MODEL, PRICE, request(most=2000, effort="high"), ASK)
    assert purse.settle(whole, Usage(10, 20), "stop").usage.output == 20


@pytest.mark.parametrize("usage", [None, Usage(), Usage(input=50), Usage(input=-1, output=-1)])
def test_a_server_that_does_not_count_is_estimated_and_not_free(purse, usage):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    bill = purse.settle(held, usage, "stop", text="It falls for a long while.")
    assert bill.certainty == "estimated"
    assert bill.usage.input >= 5
    assert bill.usage.output >= 5
    assert bill.cost > 0


@pytest.mark.parametrize(
    ("used", "action", "words"),
    [
        (0.5, "allow", ""),
        (0.8, "warn", "80%"),
        (0.9, "throttle", "90%"),
        (0.95, "degrade", "95%"),
    ],
)
def test_soft_tiers_come_before_the_limit(purse, used, action, words):
    purse.budgets.set(Budget("total", 20 * DOLLAR))
    for _ in range(20):
        pay(purse, int(used * DOLLAR))
    stance = purse.stance(ASK)
    assert (stance.action, stance.budget) == (action, "total")
    assert stance.left == pytest.approx(20 * (1 - used))
    assert words in stance.reason
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    assert held.action == action
    assert all("the total budget" in note for note in held.notes)
    assert bool(held.notes) == (action != "allow")


def test_without_a_budget_all_is_allowed(purse):
    stance = purse.stance(ASK)
    assert (stance.action, stance.reason, stance.left, stance.budget) == ("allow", "", None, "")


def test_a_budget_begins_anew_when_its_period_ends(purse, stopped):
    purse.zone = purse.ledger.zone = ZoneInfo("America/New_York")
    purse.budgets.set(Budget("month", DOLLAR))
    stopped.now = datetime(2026, 2, 1, 4, 59, tzinfo=UTC)  # a minute before midnight there
    asked = request(most=60_000)
    held = purse.reserve(MODEL, PRICE, asked, ASK)
    with pytest.raises(BudgetExceeded) as caught:
        purse.reserve(MODEL, PRICE, asked, ASK)
    assert "Sunday 01 February at 00:00" in caught.value.hint
    stopped.move(minutes=1)
    purse.reserve(MODEL, PRICE, asked, ASK)
    purse.settle(held, Usage(10**5, 50_000), "stop")  # counts in the month it was set aside in
    assert spent(purse, "month") == worst(asked)


def test_the_moment_a_period_ends_is_the_next_ones(purse, stopped):
    stopped.now = datetime(2026, 2, 1, tzinfo=UTC)
    pay(purse, 2500)
    assert spent(purse, "month") == spent(purse, "hour") == 2500
    stopped.now -= timedelta(microseconds=1)
    assert {spent(purse, period) for period in ("hour", "day", "month")} == {0}


def test_pace_and_what_it_makes_of_the_period():
    budget = Budget("day", 24 * DOLLAR)
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    half = stand(budget, 6 * DOLLAR, noon, UTC)
    assert (half.pace, half.projected, half.fast) == (DOLLAR // 2, 12 * DOLLAR, False)
    assert stand(budget, 13 * DOLLAR, noon, UTC).fast
    assert not stand(budget, 24 * DOLLAR, noon, UTC).fast  # it is used up, and told of so
    early = stand(budget, 6 * DOLLAR, datetime(2026, 1, 2, 2, tzinfo=UTC), UTC)
    assert (early.pace, early.projected, early.fast) == (None, None, False)
    total = stand(Budget("total", DOLLAR), 2 * DOLLAR, noon, UTC)
    assert (total.pace, total.left, total.share, total.fast) == (None, -DOLLAR, 2.0, False)


def test_nothing_is_set_aside_in_a_transaction_that_may_be_undone(purse, store):
    with store.transaction(), pytest.raises(RuntimeError, match="transaction of its own"):
        purse.reserve(MODEL, PRICE, request(), ASK)


def test_a_change_of_a_budget_is_told_with_it_or_not_at_all(purse, store, told):
    assert purse.budgets.set(Budget("month", 20 * DOLLAR)) is None
    assert purse.budgets.set(Budget("month", 5 * DOLLAR)).amount == 20 * DOLLAR
    purse.budgets.remove(purse.budgets.find("mo"))
    assert told == [
        ("budget.set", {"budget": "month", "amount": "$20.00"}),
        ("budget.set", {"budget": "month", "amount": "$5.00", "before": "$20.00"}),
        ("budget.removed", {"budget": "month", "amount": "$5.00"}),
    ]

    def broken(kind, facts=None):
        raise StoreError("the disk is full")

    deaf = LedgerPurse(store, purse.clock, purse.settings, broken)
    with pytest.raises(StoreError):
        deaf.budgets.set(Budget("day", DOLLAR))
    assert purse.budgets.all() == []


CRASHING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ttrpg_core import schema
from ttrpg_core.llm import Message, Price, Purpose, Request
from ttrpg_core.llm.money import LedgerPurse
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.store import SchemaSet, Store
core = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)
store = Store(Path(sys.argv[1]), [core])
now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
purse = LedgerPurse(store, lambda: now, MoneySettings(), lambda kind, facts=None: None)
request = Request([Message("user", "How far can I fall?")], max_tokens=1000)
price = Price(2.5, 15, cached=0.25)
print(purse.reserve("openai/gpt-5.4", price, request, Purpose("ask")).id, flush=True)
sys.stdin.readline()
"""


def test_what_a_killed_process_set_aside_is_marked_and_goes_on_counting(purse, store):
    child = subprocess.Popen(
        [sys.executable, "-c", CRASHING, store.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with contextlib.closing(child.stdout), contextlib.closing(child.stdin):
        call = int(child.stdout.readline())
        assert purse.ledger.mark_lost() == 0
        child.send_signal(signal.SIGKILL)
        child.wait()
    before = spent(purse)
    assert before == worst(request())
    held = purse.reserve(MODEL, PRICE, request(), ASK)  # looks for the dead by the way
    entry = purse.ledger.entry(call)
    assert (entry.state, entry.certainty, entry.finish) == ("lost", "estimated", "cancelled")
    assert spent(purse) == before + worst(request())
    purse.settle(held, Usage(1, 1), "stop")
    assert spent(purse) == before + 2500 + 15_000


def test_a_process_that_was_taken_for_dead_may_still_settle(purse, store):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    store.connection.execute("UPDATE calls SET process = '999999999 1'")
    assert purse.ledger.mark_lost() == 1
    assert purse.settle(held, Usage(100, 10), "stop").certainty == "priced"
    assert spent(purse) == 100 * 2500 + 10 * 15_000


def test_a_number_that_was_given_to_another_process_is_not_this_one():
    from ttrpg_core.llm.money import processes

    assert processes.alive(processes.mine())
    pid, _, started = processes.mine().partition(" ")
    assert int(pid) == os.getpid()
    if started:
        assert not processes.alive(f"{pid} {int(started) + 1}")
    assert not processes.alive("")
    assert not processes.alive("x 1")
    assert not processes.alive(f"{10**30} 1")
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 30
    while processes._started(child.pid) != "dead" and time.monotonic() < deadline:
        time.sleep(0.01)  # until it is a zombie: nobody has waited for it
    assert not processes.alive(f"{child.pid} 1")
    child.wait()


def test_a_full_disk_leaves_the_worst_case_counted(purse, store):
    held = purse.reserve(MODEL, PRICE, request(), ASK)
    store.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        purse.settle(held, Usage(1, 1), "stop")
    store.connection.execute("PRAGMA query_only = OFF")
    assert spent(purse) == worst(request())


def test_old_days_are_summed_up_and_the_sums_stay(purse, store, stopped):
    storm = Purpose("chat", campaign="storm")
    for _ in range(10):
        for purpose in (ASK, ASK, storm):
            pay(purse, 5000, purpose)
        stopped.move(days=1)
    held = purse.reserve(MODEL, PRICE, request(), storm)
    purse.release(purse.reserve(MODEL, PRICE, request(), storm), "503")
    stopped.move(days=1)
    before = {p: spent(purse, p) for p in ("hour", "day", "week", "month", "total")}
    of_storm = spent(purse, "month", campaign="storm")
    assert of_storm == 50_000 + worst(request())
    assert purse.ledger.sum_up(4) == 21
    assert store.connection.execute("SELECT COUNT(*) FROM calls").fetchone()[0] == 11
    assert purse.ledger.sum_up(4) == 0
    assert {p: spent(purse, p) for p in before} == before
    assert spent(purse, "month", campaign="storm") == of_storm
    stopped.move(days=30)
    assert purse.ledger.sum_up(1) == 10
    assert spent(purse, "total") == before["total"]
    assert purse.settle(held, Usage(1, 1), "stop").certainty == "priced"  # open ones wait
    row = store.connection.execute(
        "SELECT calls, input FROM spending WHERE day = '2026-01-02' AND why = 'ask'"
    ).fetchone()
    assert tuple(row) == (2, 4)


def test_a_clock_that_ran_ahead_for_a_moment_forgets_nothing(purse, stopped):
    purse.budgets.set(Budget("month", DOLLAR))
    pay(purse, 900_000_000)
    now = stopped.now
    stopped.move(days=4000)
    assert purse.ledger.sum_up(730) == 1
    stopped.now = now + timedelta(minutes=1)
    with pytest.raises(BudgetExceeded):
        pay(purse, 200_000_000)


def test_another_process_sees_the_same(purse, store, core, stopped):
    purse.budgets.set(Budget("total", DOLLAR))
    held = purse.reserve(MODEL, PRICE, request(most=60_000), ASK)
    with contextlib.closing(Store(store.path, [core])) as second:
        other = LedgerPurse(second, stopped, MoneySettings(), lambda *_: None, zone=UTC)
        with pytest.raises(BudgetExceeded):
            other.reserve(MODEL, PRICE, request(most=60_000), ASK)
        assert other.settle(held, Usage(10, 10), "stop").left == 1 - 10 * 17.5e-6
        other.reserve(MODEL, PRICE, request(most=60_000), ASK)


def test_what_a_vendor_counted_of_a_stopped_reply_is_charged_beyond_what_was_set_aside(purse):
    held = purse.reserve(MODEL, PRICE, request(most=10), ASK)
    bill = purse.settle(held, Usage(10, 5000), "cancelled", text="Far.")
    assert bill.certainty == "estimated"
    assert spent(purse) == 10 * 2500 + 5000 * 15_000
    assert [each.kind for each in purse.alerts.all()] == ["overcharged"]
