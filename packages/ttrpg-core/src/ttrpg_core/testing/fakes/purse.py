"""A budget in memory, reserved and settled as the real purse does it, without a database."""

import attrs

from ttrpg_core.errors import BudgetExceeded, Denied
from ttrpg_core.llm.calls import Bill, Certainty, Purpose, Reservation, Stance
from ttrpg_core.llm.messages import Finish, Request, Usage
from ttrpg_core.llm.model import Price
from ttrpg_core.testing.fakes.models import tokens

MILLION = 1_000_000


@attrs.define
class Held:
    """One reservation: what it was for, and what became of it."""

    model: str
    price: Price
    request: Request
    worst: float
    state: str = "open"
    error: str = ""
    bill: Bill | None = None


@attrs.define
class MemoryPurse:
    """A purse of ``budget`` US dollars, None for no limit.

    ``advice`` is what ``stance`` answers. ``held`` are the reservations in their order; ``spent``
    is what was settled, and ``aside`` what is still set aside. Settling or giving back twice is an
    AssertionError, so that a test sees it.
    """

    budget: float | None = None
    advice: Stance = attrs.field(factory=lambda: Stance("allow"))
    held: list[Held] = attrs.field(factory=list)

    @property
    def spent(self) -> float:
        """What was settled, in US dollars."""
        return sum(each.bill.cost or 0.0 for each in self.held if each.bill is not None)

    @property
    def aside(self) -> float:
        """What is still set aside, in US dollars."""
        return sum(each.worst for each in self.held if each.state == "open")

    def stance(self, purpose: Purpose) -> Stance:
        """Advice, before a model is chosen."""
        return self.advice

    def reserve(
        self, model: str, price: Price | None, request: Request, purpose: Purpose
    ) -> Reservation:
        """Set the worst case aside: a token for each word, and the longest reply."""
        if price is None:
            raise Denied(f"{model} is unpriced", "Say what it costs")
        said = request.system + " ".join(str(message.parts) for message in request.messages)
        asked = tokens(said)
        each = price.at(asked)
        worst = (asked * each.input + request.max_tokens * each.output) / MILLION
        used = self.spent + self.aside
        if self.budget is not None and used + worst > self.budget:
            raise BudgetExceeded(f"{model} may cost ${worst:.4f}", self.budget, used)
        self.held.append(Held(model, price, request, worst))
        return Reservation(len(self.held) - 1, worst)

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
        """Put what was used in its place; without a count, a token for each word that came."""
        held = self._open(reservation)
        certainty: Certainty = "estimated" if usage is None else "priced"
        used = Usage(output=tokens(text)) if usage is None else usage
        price = held.price.at(used.input)
        cost = (used.input * price.input + used.output * price.output) / MILLION
        left = None if self.budget is None else self.budget - self.spent - cost
        held.state = "settled"
        held.bill = Bill(
            held.model, used, cost, certainty, finish, seconds, first_seconds, left, "test"
        )
        return held.bill

    def release(self, reservation: Reservation, error: str) -> None:
        """Give the money back."""
        held = self._open(reservation)
        held.state = "released"
        held.error = error

    def _open(self, reservation: Reservation) -> Held:
        held = self.held[reservation.id]
        assert held.state == "open", f"{held.model} was {held.state} already"
        return held
