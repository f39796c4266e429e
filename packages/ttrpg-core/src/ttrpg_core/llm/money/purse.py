"""The budgets and the ledger as one Purse: set the worst case aside, ask, put the actual there.

What makes a limit hold is one transaction. Before anything is sent, a single ``BEGIN IMMEDIATE``
sums what is spent and set aside, and adds the worst case of the call if it fits; SQLite lets one
process at a time do that. After the call the row gets its actual cost, which is no larger. A
process that dies in between leaves the worst case behind, and it goes on counting.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from ttrpg_core.errors import BudgetExceeded, Denied, StoreError
from ttrpg_core.llm import tokens
from ttrpg_core.llm.calls import Bill, Certainty, Purpose, Reservation, Stance
from ttrpg_core.llm.messages import Finish, Request, Usage
from ttrpg_core.llm.model import Price
from ttrpg_core.llm.money import periods, watch
from ttrpg_core.llm.money.alerts import Alerts
from ttrpg_core.llm.money.amounts import MOST, NANO, Rates, dollars, sound
from ttrpg_core.llm.money.budgets import Budgets, Note
from ttrpg_core.llm.money.ledger import Entry, Ledger, stamp
from ttrpg_core.llm.money.lost import lost
from ttrpg_core.llm.money.periods import Zone
from ttrpg_core.llm.money.spending import Spending
from ttrpg_core.llm.money.standing import Standing, stand, strictest, tightest, title
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.store import Store

MARGIN = 1.25
"""What an estimate is multiplied by before it is charged: estimates err both ways."""

_MEMORY = timedelta(days=30)
"""How far back it is looked for what an hour usually costs."""

_TIDY = 100
"""Calls between two looks for days that are old enough to be summed up."""


class LedgerPurse:
    """Implements :class:`.Purse` on the database. ``zone`` None is what the computer is set to."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        settings: MoneySettings,
        note: Note,
        alerts: Alerts | None = None,
        *,
        zone: Zone = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self.zone = zone
        self.note = note
        self.alerts = Alerts(store, clock) if alerts is None else alerts
        self.ledger = Ledger(store, clock, zone)
        self.budgets = Budgets(store, clock, note)
        self.spending = Spending(store, zone)

    @contextlib.contextmanager
    def apart(self) -> Iterator["LedgerPurse"]:
        """The same purse over a connection of its own, which is closed behind the block.

        For what costs money in the middle of a transaction, as a search is one that reads all at
        one moment: what was paid stays paid, whatever becomes of that.
        """
        ours = self.store
        with contextlib.closing(
            Store(
                ours.path,
                ours.schemas,
                backups=ours.backups,
                keep=ours.keep,
                busy_seconds=ours.busy_seconds,
            )
        ) as store:
            alerts = Alerts(store, self.clock, self.alerts.channels)
            yield LedgerPurse(store, self.clock, self.settings, self.note, alerts, zone=self.zone)

    def standings(
        self, purpose: Purpose | None = None, now: datetime | None = None
    ) -> list[Standing]:
        """How the budgets stand that calls of a purpose are held against; every one without it."""
        now = now or self.clock()
        held = self.budgets.all() if purpose is None else self.budgets.of(purpose)
        return [
            stand(
                each,
                self.ledger.spent(
                    periods.span(each.period, now, self.zone), each.campaign, each.session
                ),
                now,
                self.zone,
            )
            for each in held
        ]

    def stance(self, purpose: Purpose) -> Stance:
        """Advice, before a model is chosen; a reservation is what holds."""
        found = self.standings(purpose)
        tight = tightest(found)
        return Stance(
            strictest(found, self.settings),
            "; ".join(self.notes(found)),
            None if tight is None else tight.left / NANO,
            "" if tight is None else tight.budget.id,
        )

    def reserve(
        self, model: str, price: Price | None, request: Request, purpose: Purpose
    ) -> Reservation:
        """Set the worst case aside, in one transaction.

        Raises BudgetExceeded when it does not fit, and Denied for a model without a price, with the
        way to price it.
        """
        rates = _rates(model, price)
        worst = rates.worst(tokens.at_most(request, model), max(request.max_tokens, 0))
        if worst > MOST:
            raise Denied(
                f"one call of {model} could cost {dollars(worst)}",
                "Look at its price, and at models.max_tokens",
            )
        asked = tokens.estimate(request, model)
        unseen = max(request.max_tokens, 0) if request.effort is not None else 0
        if self.store.connection.in_transaction:
            msg = "money is set aside in a transaction of its own: what is sent cannot be undone"
            raise RuntimeError(msg)
        with self.store.transaction():
            now = self.clock()  # one for the sums and the row, which may not fall in two periods
            self.ledger.mark_lost()
            found = self.standings(purpose, now)
            tight = tightest(found)
            fits = tight is None or worst == 0 or worst <= tight.left
            if fits:
                call = self.ledger.open(
                    model, purpose, rates, asked=asked, unseen=unseen, worst=worst, at=now
                )
        if tight is not None and not fits:
            refusal = self._exceeded(tight, model, worst)
            self.alerts.raise_alert("exceeded", tight.budget.id, "warning", refusal.message)
            raise refusal
        action = strictest(found, self.settings)
        return Reservation(call, worst / NANO, action, tuple(self.notes(found)))

    def settle(
        self,
        reservation: Reservation,
        usage: Usage | None,
        finish: Finish,
        *,
        text: str = "",
        seconds: float = 0.0,
        first_seconds: float | None = None,
    ) -> Bill:
        """Put what was used in its place; without a count it is estimated from ``text``.

        A second time changes nothing and answers the first bill. What a vendor counts is charged
        even where it is more than was set aside, as it will be paid.
        """
        with self.store.transaction():
            entry = self.ledger.entry(reservation.id)
            if entry.state == "released":
                msg = f"call {entry.id} was given back, as one that did nothing, and is settled now"
                raise RuntimeError(msg)
            counted, certainty = _count(entry, usage, finish, text)
            cost = entry.rates.cost(counted)
            if certainty == "estimated":
                least = entry.rates.cost(
                    sound(usage or Usage())
                )  # what the vendor said is no guess
                cost = max(least, min(cost, entry.reserved))
            first = self.ledger.settle(
                entry.id,
                counted,
                finish,
                cost=cost,
                certainty=certainty,
                seconds=seconds,
                first_seconds=first_seconds,
            )
            settled = self.ledger.entry(entry.id)
            found = self.standings(entry.purpose)
        if first:
            self._watch(settled, found)
        tight = tightest(found)
        return Bill(
            settled.model,
            settled.usage,
            settled.cost / NANO,
            settled.certainty,
            settled.finish,
            settled.seconds,
            settled.first_seconds,
            None if tight is None else tight.left / NANO,
            "" if tight is None else tight.budget.id,
        )

    def release(self, reservation: Reservation, error: str) -> None:
        """Give the money back: the vendor refused before it did anything."""
        with self.store.transaction():
            self.ledger.release(reservation.id, error)

    def _watch(self, entry: Entry, standings: list[Standing]) -> None:
        """Tell the user what is worth it, and tidy now and then, after a call was settled.

        What fails here, on a full disk for one, takes nobody's answer away.
        """
        with contextlib.suppress(StoreError, sqlite3.Error):
            if entry.id % _TIDY == 0:
                self.ledger.sum_up(self.settings.keep_days)
            for each in self._due(entry, standings):
                self.alerts.raise_alert(
                    each.kind, each.subject, each.severity, each.message, since=each.since
                )

    def _due(self, entry: Entry, standings: list[Standing]) -> list[watch.Due]:
        now = self.clock()
        due = watch.of_budgets(standings, now)
        if entry.cost > entry.reserved:
            due.append(watch.overcharged(entry.model, entry.cost, entry.reserved))
        begun = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        latest = self.ledger.hours(begun).get(stamp(now)[:13], 0)
        if latest < watch.LEAST:  # nearly always: a month of calls is not read for it
            return due
        hours = self.ledger.hours(now - _MEMORY)
        hours.pop(stamp(now)[:13], None)
        unusual = watch.of_hour(latest, list(hours.values()))
        return due if unusual is None else [*due, unusual]

    def notes(self, found: list[Standing]) -> list[str]:
        """What the user should hear of: budgets that run out, and those that will."""
        notes = [each.said() for each in found if each.action(self.settings) != "allow"]
        return notes + [
            f"{title(each.budget)}: at this pace {dollars(each.projected)} of"
            f" {dollars(each.budget.amount)} by its end"
            for each in found
            if each.fast and each.projected is not None
        ]

    def _exceeded(self, tight: Standing, model: str, worst: int) -> BudgetExceeded:
        budget = tight.budget
        needed = tight.used + worst
        step = NANO if needed >= NANO else NANO // 100
        raised = -(-needed // step) * step
        again = (
            "It never begins anew"
            if tight.span.end is None
            else f"It begins anew on {periods.local(tight.span.end, self.zone):%A %d %B at %H:%M}"
        )
        message = (
            f"{title(budget)} is {dollars(budget.amount)}, with {dollars(tight.used)} spent or set"
            f" aside; this call of {model} may cost {dollars(worst)}"
        )
        hint = (
            f"{again}; to raise it: {budget.command(raised)}; a shorter reply or a cheaper model"
            " may fit"
        )
        gone = sum(
            each.cost
            for each in lost(self.ledger)
            if budget.counts(each.purpose) and each.at >= tight.span.start
        )
        if gone:
            hint += f"; {dollars(gone)} is of calls that never ended: ttrpg budget lost"
        return BudgetExceeded(message, budget.amount / NANO, tight.used / NANO, hint)


def _rates(model: str, price: Price | None) -> Rates:
    try:
        if price is not None:
            return Rates.of(price)
    except ValueError:
        pass  # a price that is none
    vendor, _, name = model.partition("/")
    raise Denied(
        f"{model} is unpriced, and what a call may cost has to be known before it is made",
        f"Say it in dollars for a million tokens: 'ttrpg config edit', and under"
        f" [plugins.{vendor}] write: prices = [{json.dumps(name + ' IN OUT')}] with numbers for IN"
        " and OUT, 0 and 0 for a model on your machine. Where there are prices, add it to them",
    )


def _count(entry: Entry, usage: Usage | None, finish: Finish, text: str) -> tuple[Usage, Certainty]:
    """The tokens of a call: the vendor's count where it is whole, else what is likely.

    A reply that was stopped may have been thought over at length without a word of it being sent;
    where that was asked for, all of its output is charged.
    """
    said = sound(usage or Usage())
    written = tokens.estimate_text(text, entry.model)
    whole = finish != "cancelled" and said.input > 0 and (said.output > 0 or not written)
    if whole:
        return said, "priced"
    asked = said.input or round(entry.asked * MARGIN)
    spoken = max(said.output, round(written * MARGIN), entry.unseen)
    return (
        Usage(asked, spoken, said.cached, min(said.reasoning, spoken), said.written),
        "estimated",
    )
