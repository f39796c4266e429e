"""Chooses a model, asks it, and goes on to the next when it does not answer.

In this order: the budgets are asked how they stand, every model is weighed, one strategy puts those
that may be asked in an order, and each is tried until one has begun to speak. From then on it is
the one: what a model has said is never said again by another.
"""

import asyncio
import copy
import functools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import attrs

from ttrpg_core.errors import Denied, NotFound, Overloaded, RateLimited, Refused, TtrpgError
from ttrpg_core.llm import tokens
from ttrpg_core.llm.calls import Call, Need, Purpose, Purse, Stance, Weighed
from ttrpg_core.llm.messages import Request
from ttrpg_core.llm.routing.attempts import Attempt, Tell
from ttrpg_core.llm.routing.candidates import Candidate, Weigher, longest
from ttrpg_core.llm.routing.explaining import DEGRADED, NAMED, Plan, Trip, on_budget
from ttrpg_core.llm.routing.hedging import Ask, InTask, race
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.llm.routing.strategies import STRATEGIES, Turn, cost, weights
from ttrpg_core.llm.routing.vendors import Vendors
from ttrpg_core.settings_tables import ModelsSettings

THROTTLE = 2.0
"""Seconds that a call is held back when a budget asks for slowness; less if so little is waited."""
ROTATION = "models"
"""The name under which the position of the rotation is kept."""
EARLY = 0.02
"""Seconds by which a sleep may end before the clock says so."""


class Router:
    """Implements :class:`.Models` over vendors, a purse and what is remembered of each model.

    ``rng`` is the chance of the strategy "weighted"; ``tell`` raises alerts, ``timer``
    measures spans, ``sleep`` waits.
    """

    def __init__(
        self,
        settings: ModelsSettings,
        vendors: Vendors,
        purse: Purse,
        records: Records,
        *,
        rng: random.Random,
        tell: Tell = lambda *_: None,
        timer: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        count: Callable[[Request, str], int] = tokens.estimate,
    ) -> None:
        self.settings = settings
        self.vendors = vendors
        self.purse = purse
        self.records = records
        self._rng = rng
        self._tell = tell
        self._timer = timer
        self._sleep = sleep
        self._weigher = Weigher(vendors, records, count)

    def names(self) -> Sequence[str]:
        """The models that may be asked, as ``vendor/model``, the first first; empty without any."""
        return tuple(dict.fromkeys(self.settings.use))

    def why(
        self, request: Request, purpose: Purpose, need: Need | None = None
    ) -> tuple[list[Weighed], list[str]]:
        """Who would be asked and why, and what the user would be told; nothing is sent or paid."""
        need = need or Need()
        stance = self.purse.stance(purpose)
        turn = Turn(
            self.records.position(ROTATION) + 1,
            weights(self.settings.weights),
            copy.copy(self._rng),
        )
        plan = self._plan(request, need, stance, turn)
        trip = Trip(plan)
        trip.note(on_budget(stance, plan, self._throttle))
        return trip.weighed(plan.able[0].name if plan.able else ""), trip.notes

    @asynccontextmanager
    async def call(
        self, request: Request, purpose: Purpose, need: Need | None = None
    ) -> AsyncIterator[Call]:
        """Ask the model that suits; leaving the block closes the connection and settles.

        The block is entered when the first piece is there. Raises NotFound when no model is
        configured, BudgetExceeded before anything is sent, and the ProviderError of the last model
        when none could answer.
        """
        attempt, call = await self._answering(request, purpose, need or Need())
        try:
            yield call
        finally:
            try:
                await attempt.leave()
            finally:
                call.bill = attempt.bill
                if attempt.note:
                    call.notes.append(attempt.note)

    async def _answering(
        self, request: Request, purpose: Purpose, need: Need
    ) -> tuple[Attempt, Call]:
        stance = self.purse.stance(purpose)
        turn = Turn(weights=weights(self.settings.weights), rng=self._rng)
        if self.settings.strategy == "round_robin" and not need.model:
            turn = attrs.evolve(turn, position=self.records.turn(ROTATION))
        plan = self._plan(request, need, stance, turn)
        trip = Trip(plan)
        trip.note(on_budget(stance, plan, self._throttle))
        if stance.action == "throttle" and plan.able:
            await self._sleep(self._throttle)
        candidates = plan.able if need.fallback else plan.able[:1]
        asks = (
            (each.name, functools.partial(self._try, each, request, purpose, need, trip))
            for each in candidates
        )
        if self.settings.hedge_seconds > 0:
            attempt = await race(asks, self.settings.hedge_seconds, trip.silent)
        else:
            attempt = await _one_by_one(asks)
        if attempt is None:
            raise trip.error()
        for note in attempt.reservation.notes:
            trip.note(note)
        trip.answered(attempt.name)
        weighed = trip.weighed(attempt.name)
        info = next(each.info for each in candidates if each.name == attempt.name)
        return attempt, Call(attempt.reply, attempt.name, info, weighed, trip.notes)

    @property
    def _throttle(self) -> float:
        return min(THROTTLE, self.settings.wait_seconds)

    def _plan(self, request: Request, need: Need, stance: Stance, turn: Turn) -> Plan:
        names = [need.model] if need.model else self.names()
        if not names:
            raise NotFound(
                "no language model is chosen, and none is asked without your word",
                "Choose one: ttrpg models use VENDOR/MODEL; what there is: ttrpg models list",
            )
        weighed = [
            self._weigher.weigh(name, request, need, self.settings.wait_seconds) for name in names
        ]
        able = [each for each in weighed if each.able]
        refused = [each for each in weighed if not each.able]
        ordered = STRATEGIES[self.settings.strategy](able, turn)
        usual = ordered[0].name if ordered else ""
        if need.model:
            return Plan(able, refused, NAMED, usual, names)
        if stance.action == "degrade":
            return Plan(cost(able, turn), refused, DEGRADED, usual, names)
        return Plan(ordered, refused, self.settings.strategy, usual, names)

    async def _try(
        self, candidate: Candidate, request: Request, purpose: Purpose, need: Need, trip: Trip
    ) -> Attempt | None:
        """Ask one model until it begins; None when it does not. A short rate limit is waited for.

        What a vendor declined for what it says is not shown to the next one: that is for the user
        to decide.
        """
        began = self._timer()
        for _ in range(2):
            await self._wait(candidate, trip)
            attempt = self._begin(candidate, request, purpose, need, trip)
            if attempt is None:
                return None
            try:
                await attempt.start()
            except TtrpgError as error:
                await attempt.leave()
                trip.failed(candidate.name, error)
                if isinstance(error, Refused):
                    raise
                if not self._again(error, self._timer() - began):
                    return None
            except BaseException:
                await attempt.leave()
                raise
            else:
                return attempt
        return None

    def _again(self, error: TtrpgError, spent: float) -> bool:
        """Whether the same model is asked once more, after a wait that is short enough.

        What was waited for it already counts, as a transport may have done by itself.
        """
        return (
            isinstance(error, RateLimited)
            and error.retry_after is not None
            and spent + error.retry_after <= self.settings.wait_seconds
        )

    async def _wait(self, candidate: Candidate, trip: Trip) -> None:
        wait = self.records.wait(candidate.name, candidate.tokens)
        if 0 < wait <= self.settings.wait_seconds:
            await self._sleep(wait + EARLY)
            trip.note(f"waited {wait:.1f} s for the rate limit of {candidate.name}")

    def _begin(
        self, candidate: Candidate, request: Request, purpose: Purpose, need: Need, trip: Trip
    ) -> Attempt | None:
        """Claim the right to ask and set the money aside; None when either is refused."""
        assert candidate.model is not None, "a candidate that may be asked has its model"
        name, info = candidate.name, candidate.info
        if candidate.bare and need.bare is not None:
            request = need.bare
        claim = self.records.claim(name, candidate.tokens, forced=not need.fallback)
        if claim is None:
            refusal = self._weigher.left_alone(name)
            trip.left_out(name, refusal or Overloaded(f"{name} is being tried", retryable=True))
            return None
        fitting = attrs.evolve(request, max_tokens=longest(request, info))
        try:
            reservation = self.purse.reserve(name, info.price, fitting, purpose)
        except Denied as error:
            self.records.dropped(name, claim.who)
            trip.left_out(name, error)
            return None
        except BaseException:
            self.records.dropped(name, claim.who)
            raise
        hedged = self.settings.hedge_seconds > 0
        return Attempt(
            name,
            InTask(candidate.model) if hedged else candidate.model,
            fitting,
            reservation,
            self.purse,
            self.records,
            claim.who,
            self.records.rules.probe_seconds if claim.probe else None,
            self._tell,
            self._timer,
        )


async def _one_by_one(asks: Iterator[tuple[str, Ask]]) -> Attempt | None:
    """The first attempt that begins to answer."""
    for _, ask in asks:
        attempt = await ask()
        if attempt is not None:
            return attempt
    return None
