"""What stands between a caller and a model: who is asked, what it may cost, and what it did cost.

A caller says what it needs (:class:`Need`) and why (:class:`Purpose`), and enters one
:class:`Call`. Whoever answers :class:`Models` chooses, reserves, asks, falls back before the first
byte and settles; the caller only iterates the reply and, after the block, reads the bill.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, runtime_checkable

import attrs

from ttrpg_core.llm.messages import Finish, Request, Usage
from ttrpg_core.llm.model import ModelInfo, Price, Reply

Actor = Literal["gm", "model", "api"]
"""Who makes a call: the person, a model that uses a tool, or a program beside us."""
Action = Literal["allow", "warn", "throttle", "degrade"]
"""What a budget asks for; what it forbids is raised as BudgetExceeded."""
Certainty = Literal["priced", "estimated", "unpriced"]
"""How a cost is known: from the vendor's count, from ours, or not at all."""


@attrs.frozen
class Purpose:
    """Why a call is made: ``why`` is the command, such as "ask"; ids where there are any."""

    why: str
    who: Actor = "gm"
    campaign: str = ""
    session: str = ""


@attrs.frozen
class Need:
    """What a model has to be able to do, and what the caller prefers.

    ``model`` is one that the user named, ``vendor/model``: it alone is asked. ``capabilities`` are
    those of :class:`.ModelInfo`. ``fallback`` may be refused, as in a test of one model. ``bare``
    is what a model is asked that is known to lack "tools" and nothing else of these: the user's
    order is then kept, and the request has none.
    """

    capabilities: frozenset[str] = frozenset()
    model: str = ""
    fallback: bool = True
    bare: Request | None = None


@attrs.frozen
class Bill:
    """What a call came to. ``cost`` and ``left`` are in US dollars.

    ``cost`` is None when unpriced; ``left`` is that of the tightest budget, None without one, and
    ``budget`` its name. ``seconds`` and ``first_seconds`` (until the first piece, None when there
    was none) are measured here.
    """

    model: str
    usage: Usage
    cost: float | None
    certainty: Certainty
    finish: Finish
    seconds: float = 0.0
    first_seconds: float | None = None
    left: float | None = None
    budget: str = ""


@attrs.frozen
class Weighed:
    """One model that was considered: whether it was asked, and the reason in words."""

    model: str
    verdict: Literal["asked", "next", "left out", "failed"]
    reason: str


@attrs.define
class Call:
    """A call under way. ``model`` is the one that answers; ``weighed`` are all in their order.

    ``notes`` are lines that the user is to see, such as a cheaper model that was taken. ``bill``
    is there after the block was left, in whatever way.
    """

    reply: Reply
    model: str
    info: ModelInfo
    weighed: Sequence[Weighed] = ()
    notes: list[str] = attrs.field(factory=list)
    bill: Bill | None = None


@runtime_checkable
class Models(Protocol):
    """Every model that the user lets us ask, as one. ``App.models`` answers it."""

    def names(self) -> Sequence[str]:
        """The models that may be asked, as ``vendor/model``, the first first; empty without any."""
        ...

    def call(
        self, request: Request, purpose: Purpose, need: Need | None = None
    ) -> AbstractAsyncContextManager[Call]:
        """Ask the model that suits; leaving the block closes the connection and settles.

        The block is entered when a model has begun to answer; until then another may take over.
        Raises NotFound when no model is configured, BudgetExceeded before anything is sent, and the
        ProviderError of the last model when none could answer.
        """
        ...


@attrs.frozen
class Reservation:
    """Money set aside for one call: ``id`` in the ledger, ``worst`` in US dollars."""

    id: int
    worst: float
    action: Action = "allow"
    notes: tuple[str, ...] = ()


@attrs.frozen
class Stance:
    """How the budgets stand before a call: the strictest action, why, and what is left."""

    action: Action
    reason: str = ""
    left: float | None = None
    budget: str = ""


@runtime_checkable
class Purse(Protocol):
    """The budgets and the ledger, as whoever makes calls sees them. ``App.purse`` answers it."""

    def stance(self, purpose: Purpose) -> Stance:
        """Advice, before a model is chosen; a reservation is what holds."""
        ...

    def reserve(
        self, model: str, price: Price | None, request: Request, purpose: Purpose
    ) -> Reservation:
        """Set the worst case aside, in one transaction.

        Raises BudgetExceeded when it does not fit, and Denied for a model without a price, with the
        way to price it.
        """
        ...

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
        """Put what was used in its place; without a count it is estimated from ``text``."""
        ...

    def release(self, reservation: Reservation, error: str) -> None:
        """Give the money back: the vendor refused before it did anything."""
        ...
