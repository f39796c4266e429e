"""The protocol of a model: enter a stream, iterate its pieces, read what they add up to.

``stream`` answers a context manager and not a bare generator: leaving the block closes the socket,
also after ``break`` or an error, which a generator does not promise. Retries, budgets and fallbacks
wrap a model in another of the same protocol, so each is visible in one line.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

import attrs

from ttrpg_core.llm.messages import (
    Delta,
    Finish,
    Message,
    Part,
    Request,
    Text,
    ToolCall,
    Usage,
)


@attrs.frozen
class Price:
    """US dollars for a million tokens, with the day it was read and where. None is *unpriced*.

    ``cached`` and ``written`` are for tokens read from the vendor's cache and put there; None
    where they cost what other input does. ``beyond`` is what longer prompts cost, where it differs.
    """

    input: float
    output: float
    cached: float | None = None
    written: float | None = None
    date: str = ""
    source: str = ""
    beyond: "Beyond | None" = None

    def at(self, tokens: int) -> "Price":
        """The price of a prompt of so many tokens."""
        if self.beyond is None or tokens <= self.beyond.tokens:
            return self
        return self.beyond.price.at(tokens)


@attrs.frozen
class Beyond:
    """The ``price`` of a prompt of more than so many ``tokens``, cached ones among them.

    It is that of the whole request, its output and what is below the limit included, as Anthropic,
    Google and OpenAI all have it.
    """

    tokens: int
    price: Price


@attrs.frozen
class ModelInfo:
    """What a model can do; ``context`` is its window in tokens, 0 when unknown."""

    id: str
    context: int = 0
    max_output: int = 0
    price: Price | None = None
    capabilities: frozenset[str] = frozenset()


@attrs.frozen
class Limit:
    """What a vendor's answer says is left of a limit, such as 59 of 60 "requests".

    ``kind`` is the vendor's word: "requests", "tokens", "input-tokens" ...; ``resets_in`` is in
    seconds from the answer on; ``most`` None when not said.
    """

    kind: str
    remaining: float
    resets_in: float
    most: float | None = None


class Reply:
    """An async iterator of pieces that keeps what they add up to.

    After the block, or when it was left early, ``text``, ``tool_calls``, ``usage`` and ``finish``
    hold what had arrived; ``finish`` is "cancelled" when the reply did not end by itself.
    ``message`` makes a turn of it, in the order it came. ``limits`` are what the head of the answer
    says is left, and are there from the start.
    """

    def __init__(self, pieces: AsyncIterator[Delta], limits: Iterable[Limit] = ()) -> None:
        self._pieces = pieces
        self.limits = tuple(limits)
        self._reasoning: list[str] = []
        self.tool_calls: list[ToolCall] = []
        self._turn: list[Part | list[str]] = []
        self.usage = Usage()
        self.finish: Finish = "cancelled"

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self

    async def __anext__(self) -> Delta:
        piece = await anext(self._pieces)
        if piece.text:
            last = self._turn[-1] if self._turn else None
            if isinstance(last, list):
                last.append(piece.text)
            else:
                self._turn.append([piece.text])
        if piece.reasoning:
            self._reasoning.append(piece.reasoning)
        if piece.thought is not None:
            self._turn.append(piece.thought)
        if piece.tool_call is not None:
            self.tool_calls.append(piece.tool_call)
            self._turn.append(piece.tool_call)
        if piece.usage is not None:
            self.usage = piece.usage
        if piece.finish is not None:
            self.finish = piece.finish
        return piece

    @property
    def text(self) -> str:
        """The words so far."""
        return "".join([_joined(part) for part in self._turn if isinstance(part, list)])

    @property
    def reasoning(self) -> str:
        """What was thought so far."""
        return _joined(self._reasoning)

    async def read(self) -> str:
        """Take every piece that is left, and answer the whole text."""
        async for _ in self:
            pass
        return self.text

    def message(self) -> Message:
        """The assistant's turn so far, with what a vendor wants back of it, to go on from."""
        return Message(
            "assistant",
            [Text("".join(part)) if isinstance(part, list) else part for part in self._turn],
        )


def _joined(pieces: list[str]) -> str:
    """The pieces as one, which they are from then on.

    They are not put together as they come: a long reply would be copied once for each of them.
    """
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0] if pieces else ""


@runtime_checkable
class Model(Protocol):
    """One model of a vendor. The suite is ``ttrpg_core.testing.ModelTests``."""

    info: ModelInfo

    def stream(self, request: Request) -> AbstractAsyncContextManager[Reply]:
        """Send a request; leaving the block closes the connection. Raises ProviderError."""
        ...


@runtime_checkable
class Vendor(Protocol):
    """What a Provider record's target answers: the models of one vendor."""

    async def models(self) -> Sequence[ModelInfo]:
        """The models that can be asked for, without paying for one."""
        ...

    def model(self, name: str) -> Model:
        """The model of this id. NotFound when the vendor surely has none."""
        ...
