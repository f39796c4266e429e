"""Spending limits: of an hour, a day, a week, a month or for good, for all or for one campaign.

Several hold at once, and the strictest wins. A budget is the user's own setting about money, so it
is no part of the game's journal: each change leaves a line in the audit instead.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from ttrpg_core import text
from ttrpg_core.llm.calls import Action, Purpose
from ttrpg_core.llm.money.amounts import NANO, dollars
from ttrpg_core.llm.money.ledger import stamp
from ttrpg_core.llm.money.periods import PERIODS, Period
from ttrpg_core.store import Store
from ttrpg_core.values import frozen

ACTIONS: tuple[Action, ...] = ("allow", "warn", "throttle", "degrade")
"""From the mildest to the strictest."""


class Note(Protocol):
    """Keeps a line for the audit, in the transaction that is open."""

    def __call__(self, kind: str, facts: Mapping[str, Any] | None = None) -> None:
        """What was done, and its facts."""
        ...


@frozen
class Budget:
    """A limit of ``amount`` nano-dollars for each ``period``.

    It counts the calls of one campaign where ``campaign`` is set, and of one session of it where
    ``session`` is too. ``id`` is made of these three.
    """

    period: Period
    amount: int
    campaign: str = ""
    session: str = ""

    @property
    def id(self) -> str:
        """``month``, ``month/salt-road`` or ``total/salt-road/session-3``."""
        return "/".join(part for part in (self.period, self.campaign, self.session) if part)

    def counts(self, purpose: Purpose) -> bool:
        """Whether calls of a purpose are held against it."""
        return self.campaign in {"", purpose.campaign} and self.session in {"", purpose.session}

    def command(self, amount: int) -> str:
        """What sets it to another amount."""
        more = f" --campaign {self.campaign}" if self.campaign else ""
        more += f" --session {self.session}" if self.session else ""
        figure = f"{amount / NANO:.2f}" if amount % (NANO // 100) == 0 else f"{amount / NANO:.9f}"
        return f"ttrpg budget set {figure.rstrip('0').rstrip('.')} --per {self.period}{more}"


class Budgets:
    """The limits that are set."""

    def __init__(self, store: Store, clock: Callable[[], datetime], note: Note) -> None:
        self.store = store
        self.clock = clock
        self._note = note

    def all(self) -> list[Budget]:
        """Every budget, those for all first, the shortest period first."""
        rows = self.store.connection.execute(
            "SELECT period, amount, campaign, session FROM budgets ORDER BY campaign, session"
        )
        found = [Budget(**dict(row)) for row in rows]
        return sorted(
            found, key=lambda each: (each.campaign, each.session, PERIODS.index(each.period))
        )

    def of(self, purpose: Purpose) -> list[Budget]:
        """Those that calls of a purpose are held against."""
        return [each for each in self.all() if each.counts(purpose)]

    def find(self, wanted: str) -> Budget:
        """The budget of an id or of a unique beginning of one. NotFound, Ambiguous."""
        known = self.all()
        found = text.match(wanted, [(each.id, each.id) for each in known], "budget")
        return next(each for each in known if each.id == found)

    def set(self, budget: Budget) -> Budget | None:
        """Set a limit; the one that was there before, if any."""
        with self.store.transaction() as connection:
            before = next((each for each in self.all() if each.id == budget.id), None)
            connection.execute(
                "INSERT OR REPLACE INTO budgets (id, period, campaign, session, amount, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    budget.id,
                    budget.period,
                    budget.campaign,
                    budget.session,
                    budget.amount,
                    stamp(self.clock()),
                ],
            )
            facts = {"budget": budget.id, "amount": dollars(budget.amount)}
            if before is not None:
                facts["before"] = dollars(before.amount)
            self._note("budget.set", facts)
        return before

    def remove(self, budget: Budget) -> None:
        """Take a limit away."""
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM budgets WHERE id = ?", [budget.id])
            self._note("budget.removed", {"budget": budget.id, "amount": dollars(budget.amount)})
