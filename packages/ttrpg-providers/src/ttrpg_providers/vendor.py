"""A vendor over HTTP: one wire format, an address, a key; its models stream and can be left.

Everything that differs between vendors is data in a :class:`Wire`, so there is one class of models
and one place where a request is sent, an answer framed and an error read.
"""

import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

import attrs

from ttrpg_core.errors import (
    AuthError,
    BadReply,
    ConfigError,
    ProviderError,
    TimedOut,
    Unreachable,
)
from ttrpg_core.http import Answer, exchange
from ttrpg_core.llm import Delta, Model, ModelInfo, Price, Reply, Request
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_providers.catalogue import filled
from ttrpg_providers.failures import failure
from ttrpg_providers.streams import Frames, JsonArray, Ndjson, Sse
from ttrpg_providers.waits import limits
from ttrpg_providers.wire import Fold, Json, broke_off, is_json, parsed

MOST = 64_000_000
"""Bytes of an answer that comes whole: a list of models, a batch of vectors."""
MOST_OF_STREAM, MOST_OF_TOKEN = 4_000_000, 4_000
"""Bytes of a stream: so many, and so many more for each token that was asked for at most."""
LAST_SECONDS = 2.0
"""How long after the reason to end the counts of tokens, and the end itself, are waited for."""
SHORTEST = 6
"""Characters of a secret."""
MOST_PAGES = 50
"""Pages of a list of models; a server that has more does not end."""


@attrs.frozen
class Wire:
    """How one vendor is spoken to.

    ``chat`` is the path for a model; ``models`` that of the list, ``listed`` what a page of it
    says, and ``more`` the query of the page after it, empty after the last.
    """

    body: Callable[[Request, str], Json]
    fold: Callable[[], Fold]
    frames: type[Sse | Ndjson]
    chat: Callable[[str], str]
    models: str
    listed: Callable[[Json], list[ModelInfo]]
    keyed: Callable[[str], Mapping[str, str]]
    more: Callable[[Json], dict[str, str]] = lambda _: {}


@attrs.frozen
class Line:
    """A wire to one server: ``name`` for messages, ``key`` in none of them, nor in a repr."""

    name: str
    wire: Wire
    base_url: str
    key: str | None = attrs.field(default=None, repr=False)
    key_hint: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    network: NetworkSettings = attrs.field(factory=NetworkSettings)
    offline: bool = False

    @asynccontextmanager
    async def ask(self, method: str, path: str, body: Json | None = None) -> AsyncIterator[Answer]:
        """Send a request; what is no success is raised as the error that it means.

        The error also says whether the request is sent again, and how long that waits.
        """
        if self.key_hint and not self.key:
            raise AuthError(f"there is no key for {self.name}", self.key_hint)
        headers = {"accept": "application/json", **self._key_headers()}
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        async with exchange(
            self.network,
            method,
            self.base_url.rstrip("/") + path,
            headers={**headers, **self.headers},
            content=content,
            offline=self.offline,
            failed=self.error,
        ) as answer:
            yield answer

    async def get(self, method: str, path: str, body: Json | None = None) -> Json:
        """A whole answer, as JSON."""
        async with self.ask(method, path, body) as answer:
            content = await answer.read(MOST)
        try:
            return parsed(content.decode("utf-8", "replace"))
        except BadReply:
            raise self.error(answer, content) from None

    def error(self, answer: Answer, body: object) -> ProviderError:
        """What an answer that is no success means."""
        return failure(self.name, answer.status, body, answer.headers, secrets=self.secrets())

    def secrets(self) -> list[str]:
        """What no message may show: the key, and what the user has us send in headers.

        Short values are words and numbers, which would be cut out of the middle of a message.
        """
        every = (self.key or "", *self.headers.values())
        return [value for value in every if len(value) >= SHORTEST]

    def _key_headers(self) -> Mapping[str, str]:
        return self.wire.keyed(self.key) if self.key else {}


class HttpModel:
    """One model of a vendor."""

    def __init__(self, info: ModelInfo, line: Line) -> None:
        self.info = info
        self._line = line

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Reply]:
        """Send a request; leaving the block closes the connection."""
        wire = self._line.wire
        body = wire.body(request, self.info.id)
        async with (
            self._line.ask("POST", wire.chat(self.info.id), body) as answer,
            aclosing(self._deltas(answer, request.max_tokens)) as pieces,
        ):
            yield Reply(pieces, limits(answer.headers, datetime.now(UTC)))

    async def _deltas(self, answer: Answer, max_tokens: int) -> AsyncGenerator[Delta]:
        """What a stream says; one loop in one generator, as it runs once a token.

        A server that says why the reply ends, and then neither goes on nor closes, has said it all.
        """
        fold = self._line.wire.fold()
        fold.secrets = self._line.secrets()
        frames = _framing(answer.headers.get("content-type", ""), self._line.wire.frames)
        if frames is None:
            for delta in _whole(self._line, answer, fold, await answer.read(MOST)):
                yield delta
            return
        came = False
        most = room = MOST_OF_STREAM + MOST_OF_TOKEN * max_tokens
        usual = self._line.network.read_seconds
        last = min(LAST_SECONDS, usual)
        try:
            async with aclosing(answer.pieces(lambda: last if fold.ended else usual)) as coming:
                async for piece in coming:
                    room -= len(piece)
                    if room < 0:
                        raise self._endless(most, max_tokens)
                    for event in frames.feed(piece):
                        for delta in fold.event(event):
                            came = True
                            yield delta
        except (TimedOut, Unreachable):
            if not fold.ended:
                raise
        for delta in _rest(fold, frames, came=came):
            yield delta

    def _endless(self, most: int, max_tokens: int) -> BadReply:
        return BadReply(
            f"{self._line.name} sent over {most:,} bytes for a reply of {max_tokens:,} tokens",
            "Check the base URL: this is not how a language model answers",
        )


def _whole(line: Line, answer: Answer, fold: Fold, body: bytes) -> Iterator[Delta]:
    """What an answer says that came whole: one object, or an array of what is else streamed."""
    if body.lstrip()[:1] == b"[":
        for event in JsonArray().feed(body):
            yield from fold.event(event)
    else:
        yield from fold.whole(_read(line, answer, body))
    yield from fold.end()


def _rest(fold: Fold, frames: Frames, *, came: bool) -> Iterator[Delta]:
    """What is left after the last byte; half an event, where others ``came``, is one broken off."""
    for event in frames.end():
        if came and not is_json(event.data):
            raise broke_off()
        yield from fold.event(event)
    yield from fold.end()


def _read(line: Line, answer: Answer, body: bytes) -> Json:
    try:
        return parsed(body.decode("utf-8", "replace"))
    except BadReply:
        error = line.error(answer, body)
    raise error


def _framing(media: str, usual: type[Sse | Ndjson]) -> Frames | None:
    """How the body is framed by its media type; None where it comes whole."""
    bare = media.partition(";")[0].strip().lower()
    if bare == "text/event-stream":
        return Sse()
    if bare in {"application/x-ndjson", "application/ndjson", "application/jsonl"}:
        return Ndjson()
    if bare == "text/html" or (bare == "application/json" and usual is not Ndjson):
        return None
    return usual()


class HttpVendor:
    """The models of one vendor.

    ``own`` are prices that the user says; ``free`` answers the price of a model that runs on a
    machine of the user's own, None for one that costs money.
    """

    def __init__(
        self,
        line: Line,
        own: Mapping[str, Price] | None = None,
        *,
        free: Callable[[str], Price | None] = lambda _: None,
    ) -> None:
        self.line = line
        self._own = dict(own or {})
        self._free = free
        self._seen: dict[str, ModelInfo] = {}

    async def models(self) -> Sequence[ModelInfo]:
        """The models that can be asked for, without paying for one."""
        found: dict[str, ModelInfo] = {}
        query: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            path = self.line.wire.models
            if query:
                path += ("&" if "?" in path else "?") + urlencode(query)
            page = await self.line.get("GET", path)
            found |= {
                info.id: self._filled(info) for info in self.line.wire.listed(page) if info.id
            }
            query = self.line.wire.more(page)
            if not query:
                break
        self._seen |= found
        return list(found.values())

    def model(self, name: str) -> Model:
        """The model of this id; whether the vendor has it shows when it is asked."""
        return HttpModel(self._seen.get(name) or self._filled(ModelInfo(name)), self.line)

    def _filled(self, info: ModelInfo) -> ModelInfo:
        if info.price is None:
            info = attrs.evolve(info, price=self._free(info.id))
        return filled(self.line.name, info, self._own)


def header_table(lines: Iterable[str], setting: str) -> dict[str, str]:
    """Headers of the settings, each ``Name: value``."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise ConfigError(f"{setting}: a header is written as 'Name: value'")
        found[name.strip().lower()] = value.strip()
    return found
