"""Whatever is done in whatever order, what is spent and set aside never passes a limit.

Three purses on three connections stand for three processes. A plain list of what was done is the
model that the database is held against, period by period.
"""

import functools
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from ttrpg_core import schema
from ttrpg_core.errors import BudgetExceeded
from ttrpg_core.llm import Message, Price, Purpose, Request, Usage, tokens
from ttrpg_core.llm.money import Budget, LedgerPurse
from ttrpg_core.llm.money.amounts import Rates
from ttrpg_core.llm.money.periods import local, span
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.store import SchemaSet, Store

pytestmark = pytest.mark.long

ZONE = ZoneInfo("Europe/Berlin")
CORE = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)
CENT = 10**7
LIMITS = (
    Budget("hour", 20 * CENT),
    Budget("day", 30 * CENT),
    Budget("week", 40 * CENT),
    Budget("month", 50 * CENT),
    Budget("total", 60 * CENT),
    Budget("day", 18 * CENT, "storm"),
    Budget("total", 20 * CENT, "storm", "session-1"),
)
"""So near to each other that each of them is the one that holds, now and then."""
PRICES = {
    "a/small": Price(0.15, 0.6, cached=0.075),
    "a/large": Price(3, 15, cached=0.3, written=3.75),
    "b/odd": Price(0.0333, 1.7),
}
PURPOSES = (
    Purpose("ask"),
    Purpose("chat", campaign="storm"),
    Purpose("chat", "model", "storm", "session-1"),
)
STEPS = (
    timedelta(seconds=1),
    timedelta(minutes=40),
    timedelta(hours=7),
    timedelta(days=3),
    timedelta(days=20),
    timedelta(hours=-30),
)


@functools.cache
def template():
    """A new database, made once: the folder goes with the process."""
    folder = tempfile.TemporaryDirectory()
    Store(Path(folder.name) / "ttrpg.db", [CORE]).close()
    return folder


class Race(RuleBasedStateMachine):
    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(Path(template().name) / "ttrpg.db", self.folder / "ttrpg.db")
        self.now = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)  # the clocks change in three hours
        self.stores = [Store(self.folder / "ttrpg.db", [CORE]) for _ in range(3)]
        self.purses = [
            LedgerPurse(
                store,
                lambda: self.now,
                MoneySettings(),
                lambda kind, facts=None: None,
                zone=ZONE,
            )
            for store in self.stores
        ]
        for limit in LIMITS:
            self.purses[0].budgets.set(limit)
        self.rows = {}
        self.summed = False

    def teardown(self):
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    @rule(
        target=held,
        which=st.integers(0, 2),
        model=st.sampled_from(("a/large", "a/large", "a/small", "b/odd")),
        purpose=st.sampled_from(PURPOSES),
        words=st.integers(0, 400),
        most=st.sampled_from((1, 50, 1000, 5000, 10_000, 12_345)),
    )
    def reserve(self, which, model, purpose, words, most):
        request = Request([Message("user", "fall " * words)], max_tokens=most)
        rates = Rates.of(PRICES[model])
        worst = rates.worst(tokens.at_most(request, model), most)
        fits = all(
            self.used(limit, self.now) + worst <= limit.amount
            for limit in LIMITS
            if limit.counts(purpose)
        )
        if not fits:
            with pytest.raises(BudgetExceeded):
                self.purses[which].reserve(model, PRICES[model], request, purpose)
            return multiple()
        try:
            reservation = self.purses[which].reserve(model, PRICES[model], request, purpose)
        except BudgetExceeded:
            if self.summed:  # a day without its hours counts for each of them
                return multiple()
            raise
        assert round(reservation.worst * 1e9) == worst
        self.rows[reservation.id] = [self.now, purpose, worst]
        return reservation, request, model

    @rule(
        call=consumes(held),
        which=st.integers(0, 2),
        shares=st.tuples(*[st.sampled_from((0, 0.1, 0.5, 1))] * 4),
    )
    def settle(self, call, which, shares):
        reservation, request, model = call
        given = max(1, int(tokens.at_most(request, model) * shares[0]))
        cached = int(given * shares[1])
        usage = Usage(
            input=given,
            output=max(1, int(request.max_tokens * shares[2])),
            cached=cached,
            written=int((given - cached) * shares[3]),
        )
        for _ in range(2):
            self.purses[which].settle(reservation, usage, "stop")
        self.rows[reservation.id][2] = Rates.of(PRICES[model]).cost(usage)

    @rule(call=consumes(held), which=st.integers(0, 2), said=st.sampled_from((0, 10, 2000, 50_000)))
    def stop(self, call, which, said):
        bill = self.purses[which].settle(call[0], None, "cancelled", text="word " * said)
        cost = round(bill.cost * 1e9)
        assert cost <= self.rows[call[0].id][2]
        self.rows[call[0].id][2] = cost

    @rule(call=consumes(held), which=st.integers(0, 2))
    def give_back(self, call, which):
        self.purses[which].release(call[0], "503")
        self.rows[call[0].id][2] = 0

    @rule(call=consumes(held))
    def crash(self, call):
        self.stores[0].connection.execute(
            "UPDATE calls SET process = '1 0' WHERE id = ?", [call[0].id]
        )

    @rule(which=st.integers(0, 2))
    def reopen(self, which):
        self.stores[which].close()
        self.stores[which] = store = Store(self.folder / "ttrpg.db", [CORE])
        purse = self.purses[which]
        purse.store = purse.ledger.store = purse.budgets.store = purse.alerts.store = store

    @rule(by=st.sampled_from(STEPS))
    def move(self, by):
        self.now += by

    @rule(days=st.integers(1, 60))
    def sum_up(self, days):
        """Old open calls are summed up too: their processes are gone by then."""
        edge = local(self.now, ZONE).date() - timedelta(days=days)
        if all(
            local(self.rows[row["id"]][0], ZONE).date() >= edge
            for row in self.stores[0].connection.execute(
                "SELECT id FROM calls WHERE state = 'open'"
            )
        ):
            self.summed |= self.purses[0].ledger.sum_up(days) > 0

    def used(self, limit, moment):
        found = span(limit.period, moment, ZONE)
        return sum(
            cost
            for at, purpose, cost in self.rows.values()
            if limit.counts(purpose) and (found.end is None or found.start <= at < found.end)
        )

    @invariant()
    def no_limit_is_passed_in_any_period(self):
        for limit in LIMITS:
            for at in {self.now, *(row[0] for row in self.rows.values())}:
                assert self.used(limit, at) <= limit.amount

    @invariant()
    def the_database_counts_no_less_than_was_done(self):
        for purse in self.purses:
            for standing in purse.standings():
                expected = self.used(standing.budget, self.now)
                if standing.budget.period == "hour":  # days that were summed up have no hours
                    assert standing.used >= expected
                else:
                    assert standing.used == expected


TestRace = Race.TestCase
TestRace.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
