"""Models without a network: one says back what it hears, one follows a script."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import attrs

from ttrpg_core.context import Context
from ttrpg_core.errors import NotFound
from ttrpg_core.llm.messages import Delta, Finish, Message, Request, Text, Usage
from ttrpg_core.llm.model import Model, ModelInfo, Price, Reply
from ttrpg_core.settings import setting
from ttrpg_core.text import nearest

FREE = Price(input=0, output=0, source="runs in this process")
"""A price, so that a budget has something to reckon with: a model without one is refused."""


def tokens(text: str) -> int:
    """How many tokens a text has; here, a word is one."""
    return len(text.split())


class Echo:
    """Says back what the user said last, word by word, within ``max_tokens``."""

    def __init__(self) -> None:
        self.info = ModelInfo("echo", context=8192, max_output=8192, price=FREE)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Reply]:
        """Send a request."""
        pieces = _echo(request)
        try:
            yield Reply(pieces)
        finally:
            await pieces.aclose()


class Scripted:
    """Streams the pieces it was given, in every reply anew.

    A piece is a text, a :class:`Delta`, or an exception, which is raised when it is reached: that
    is how a connection is lost midway. The end adds usage and ``finish`` where the script has none.
    ``requests`` are those that came; ``opened`` and ``closed`` count streams, so a test sees that
    each was closed.
    """

    def __init__(
        self, pieces: Iterable[str | Delta | Exception], info: ModelInfo | None = None
    ) -> None:
        self.pieces = tuple(pieces)
        self.info = info or ModelInfo("scripted", context=8192, max_output=8192, price=FREE)
        self.requests: list[Request] = []
        self.opened = 0
        self.closed = 0

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Reply]:
        """Send a request."""
        self.requests.append(request)
        self.opened += 1
        pieces = self._play(request)
        try:
            yield Reply(pieces)
        finally:
            await pieces.aclose()
            self.closed += 1

    async def _play(self, request: Request) -> AsyncGenerator[Delta]:
        sent = 0
        usage: Usage | None = None
        finish: Finish | None = None
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            delta = Delta(text=piece) if isinstance(piece, str) else piece
            sent += tokens(delta.text)
            usage = delta.usage or usage
            finish = delta.finish or finish
            yield delta
        if usage is None or finish is None:
            yield Delta(usage=usage or _usage(request, sent), finish=finish or "stop")


@attrs.frozen
class FakeSettings:
    """The table ``[plugins.fake]``."""

    script: tuple[str, ...] = setting(
        (), "Pieces that fake/scripted streams; empty: no such model."
    )


class FakeVendor:
    """A vendor of the two: what the record's target answers.

    ``models`` are added to the echo and to the script of the settings, so a test may bring a
    :class:`Scripted` of its own.
    """

    def __init__(self, context: Context | None = None, models: Iterable[Model] = ()) -> None:
        known: list[Model] = [Echo()]
        settings = context.settings if context else None
        if isinstance(settings, FakeSettings) and settings.script:
            known.append(Scripted(settings.script))
        self._models = {model.info.id: model for model in (*known, *models)}

    async def models(self) -> Sequence[ModelInfo]:
        """The models that can be asked for."""
        return [model.info for model in self._models.values()]

    def model(self, name: str) -> Model:
        """The model of this id."""
        if name not in self._models:
            raise NotFound(f"fake has no model {name!r}", nearest(name, self._models))
        return self._models[name]


async def _echo(request: Request) -> AsyncGenerator[Delta]:
    said = [message for message in request.messages if message.role == "user"]
    words = _words(said[-1]).split(" ") if said else []
    sent = 0
    finish: Finish = "stop"
    for index, word in enumerate(words):
        if sent + tokens(word) > request.max_tokens:
            finish = "length"
            break
        sent += tokens(word)
        yield Delta(text=f" {word}" if index else word)
    yield Delta(usage=_usage(request, sent), finish=finish)


def _words(message: Message) -> str:
    return " ".join(part.text for part in message.parts if isinstance(part, Text))


def _usage(request: Request, sent: int) -> Usage:
    heard = tokens(request.system) + sum(tokens(_words(message)) for message in request.messages)
    return Usage(input=heard, output=sent)
