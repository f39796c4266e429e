"""A language model that needs no network: it fills in a template, and says so."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ttrpg_core.context import Context
from ttrpg_core.errors import NotFound
from ttrpg_core.llm import Delta, ModelInfo, Price, Reply, Request, Text, Usage


# -- vendor --
class Hello:
    """The vendor: what the record's target answers when it is called with a context."""

    def __init__(self, context: Context) -> None:
        self.context = context  # your settings, your key, a folder of your own

    async def models(self) -> Sequence[ModelInfo]:
        """The models there are."""
        return [Greeter().info]

    def model(self, name: str) -> "Greeter":
        """The model of this id."""
        if name != "greeter":
            raise NotFound(f"hello has no model {name!r}", "There is one: greeter")
        return Greeter()


# -- end --


# -- model --
class Greeter:
    """The model: enter ``stream``, iterate the reply, leave when you like."""

    def __init__(self) -> None:
        free = Price(input=0, output=0, source="it runs on your own machine")
        self.info = ModelInfo("greeter", context=2048, max_output=64, price=free)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Reply]:
        """Send a request; leaving the block closes the stream."""
        pieces = self._pieces(request)
        try:
            yield Reply(pieces)
        finally:
            await pieces.aclose()  # a real vendor closes its connection here

    async def _pieces(self, request: Request) -> AsyncGenerator[Delta, None]:
        heard = " ".join(
            part.text
            for message in request.messages
            for part in message.parts
            if isinstance(part, Text)
        )
        greeting = f"Well met! You said: {heard or 'nothing'}. I am a template, but a friendly one."
        words = greeting.split()
        said = words[: request.max_tokens]
        for index, word in enumerate(said):
            yield Delta(text=f" {word}" if index else word)
        yield Delta(
            usage=Usage(input=len(heard.split()), output=len(said)),
            finish="stop" if said == words else "length",
        )


# -- end --
