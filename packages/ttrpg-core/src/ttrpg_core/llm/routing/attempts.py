"""One model asked once: money set aside, the stream entered, its first piece waited for, settled.

Whatever becomes of it, three things happen once: the connection is closed, the money is settled or
given back, and the model's record says how it fared.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Literal

import attrs

from ttrpg_core.errors import (
    AuthError,
    BadReply,
    Denied,
    InputError,
    NotFound,
    OutOfQuota,
    Overloaded,
    PluginError,
    ProviderError,
    RateLimited,
    StoreError,
    TimedOut,
    TooLong,
    TtrpgError,
    UnknownModel,
)
from ttrpg_core.llm.calls import Bill, Purse, Reservation
from ttrpg_core.llm.messages import Delta, Finish, Request, Usage
from ttrpg_core.llm.model import Model, Reply
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.plugins import describe

UNBILLED = (
    AuthError,
    UnknownModel,
    RateLimited,
    OutOfQuota,
    Overloaded,
    TooLong,
    Denied,
    InputError,
    NotFound,
)
"""Errors before anything came after which the vendor has surely done nothing that costs."""

Kind = Literal["provider_down", "rate_limited"]
Tell = Callable[[Kind, str, Literal["info", "warning"], str], object]
"""Tells the user: what happened, to which model, how grave it is, and the vendor's words."""


def says(piece: Delta) -> bool:
    """Whether a piece says something, and is not merely a count of tokens.

    Some vendors count what they read before they begin. Until something was said another model can
    still answer in this one's place, and nobody sees a word twice.
    """
    return bool(
        piece.text
        or piece.reasoning
        or piece.tool_piece is not None
        or piece.thought is not None
        or piece.tool_call is not None
        or piece.finish is not None
    )


def unbilled(error: TtrpgError) -> bool:
    """Whether an error before anything came, a count of tokens included, cost nothing."""
    return isinstance(error, UNBILLED) or (isinstance(error, ProviderError) and error.unsent)


@attrs.define
class Attempt:
    """A model being asked. ``start``, then read ``reply``, then ``leave``: always all of them.

    ``patience`` bounds the wait for the first piece where that is a try of a model that failed: who
    is not through in time no longer has the right to it. ``first_seconds`` is set when the first
    piece came, ``error`` when one ended it, ``bill`` when it was settled; ``note`` is what the user
    should know of that.
    """

    name: str
    model: Model
    request: Request
    reservation: Reservation
    purse: Purse
    records: Records
    claim: str
    patience: float | None
    tell: Tell
    timer: Callable[[], float]
    began: float = 0.0
    first_seconds: float | None = None
    error: TtrpgError | None = None
    bill: Bill | None = None
    note: str = ""
    _stack: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)
    _inner: Reply | None = attrs.field(default=None, init=False)
    _held: list[Delta] = attrs.field(factory=list, init=False)
    _pieces: AsyncGenerator[Delta] | None = attrs.field(default=None, init=False)
    _reply: Reply | None = attrs.field(default=None, init=False)
    _whole: bool = attrs.field(default=False, init=False)
    _open: bool = attrs.field(default=True, init=False)

    @property
    def reply(self) -> Reply:
        """The reply, from its first piece on."""
        assert self._reply is not None, "start() comes first"
        return self._reply

    async def start(self) -> None:
        """Enter the stream and wait for the first piece that says something; raises its error."""
        self.began = self.timer()
        try:
            async with asyncio.timeout(self.patience) as limit:
                inner = await self._hear()
        except TtrpgError as error:
            self.error = error
            raise
        except Exception as error:  # what others wrote may fail in any way; others can answer
            self.error = PluginError(
                f"{self.name} failed: {describe(error)}", "Tell its author; see: ttrpg plugins"
            )
            if limit.expired():
                self.error = TimedOut(
                    f"{self.name} was silent for {self.patience:g} s", "Try again", retryable=True
                )
            raise self.error from error
        self.first_seconds = self.timer() - self.began
        self._pieces = self._flow(inner, self.first_seconds)
        self._reply = Reply(self._pieces, inner.limits)

    async def _hear(self) -> Reply:
        """Enter the stream, and hold what comes until something is said."""
        inner = await self._stack.enter_async_context(self.model.stream(self.request))
        self._inner = inner
        async for piece in inner:
            self._held.append(piece)
            if says(piece):
                return inner
        raise BadReply(f"{self.name} answered nothing at all", "Try again, or ask another model")

    async def _flow(self, inner: Reply, first_seconds: float) -> AsyncGenerator[Delta]:
        """Every piece, those held first. What is to be written is, when the first was handed on."""
        for piece in self._held:
            yield piece
        self._note(inner, first_seconds)
        try:
            async for piece in inner:
                yield piece
        except TtrpgError as error:
            self.error = error
            raise
        self._whole = True

    def _note(self, inner: Reply, first_seconds: float) -> None:
        claim, self.claim = self.claim, ""
        if claim:
            with contextlib.suppress(StoreError):  # a full disk takes nobody's answer away
                self.records.answered(self.name, claim, first_seconds, inner.limits)

    async def leave(self, finish: Finish | None = None) -> None:
        """Close the connection, settle and remember; a second time does nothing."""
        if not self._open:
            return
        self._open = False
        try:
            if self._pieces is not None:
                await self._pieces.aclose()
            await self._stack.aclose()
        finally:
            try:
                self._settle(finish)
            finally:
                with contextlib.suppress(StoreError):  # as above
                    self._remember()

    def _settle(self, finish: Finish | None) -> None:
        error = self.error
        if error is not None and not self._held and unbilled(error):
            with contextlib.suppress(StoreError):  # as it goes on counting, another can be asked
                self.purse.release(self.reservation, error.message)
            return
        came = self._inner
        counted = None if came is None else self._counted(came)
        ended: Finish = finish or ("cancelled" if came is None else came.finish)
        seconds = self.timer() - self.began
        try:
            self.bill = self.purse.settle(
                self.reservation,
                counted,
                ended,
                text="" if came is None else _said(came),
                seconds=seconds,
                first_seconds=self.first_seconds,
            )
        except StoreError as error:  # the answer is there, and paid for: it is not taken away
            self.note = (
                f"what this call cost could not be written down, so the most counts: {error}"
            )
            self.bill = Bill(
                self.name,
                counted or Usage(),
                self.reservation.worst,
                "estimated",
                ended,
                seconds,
                self.first_seconds,
            )

    def _counted(self, came: Reply) -> Usage | None:
        """What the vendor counted; None where it had not, or was left before it was through."""
        if came.usage == Usage() or (came.finish != "cancelled" and not self._whole):
            return None
        return came.usage

    def _remember(self) -> None:
        if isinstance(self.error, ProviderError):
            opened = self.records.failed(self.name, self.claim, self.error)
            said = f"{self.name}: {self.error.message}"
            if opened:
                self.tell("provider_down", self.name, "warning", said)
            elif isinstance(self.error, RateLimited):
                self.tell("rate_limited", self.name, "info", said)
        elif self._inner is not None and self.first_seconds is not None:
            self._note(self._inner, self.first_seconds)  # where nobody asked for a second piece
            if self._whole:
                self.records.ended(self.name)
        else:
            self.records.dropped(self.name, self.claim)


def _said(reply: Reply) -> str:
    """What came, with what the model thought and the arguments it wrote, to estimate tokens by."""
    calls = [json.dumps(dict(call.arguments), default=str) for call in reply.tool_calls]
    return "".join((reply.reasoning, reply.text, *calls))
