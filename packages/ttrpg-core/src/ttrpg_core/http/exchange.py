"""A request and its answer as it comes, with a limit for each wait and errors of our own."""

import asyncio
import contextlib
import functools
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
)
from typing import TypeAlias, cast

import attrs
import httpx

from ttrpg_core.errors import (
    AuthError,
    BadReply,
    ConfigError,
    Offline,
    ProviderError,
    TimedOut,
    Unreachable,
)
from ttrpg_core.http.kept import connections
from ttrpg_core.http.patience import Patience
from ttrpg_core.http.retries import RETRY_STATUS, Unwanted, again, retry_after, worth_another
from ttrpg_core.settings_tables import NetworkSettings

MOST_OF_ERROR = 1_000_000
"""Bytes that are read of an answer that is an error."""
FINE = range(200, 300)
WITHOUT = {
    "connect_seconds": "a connection",
    "first_seconds": "the first byte of an answer",
    "read_seconds": "the next piece of the answer",
    "answer_seconds": "the end of the answer",
}
"""What did not come, by the setting of ``[network]`` whose time passed."""
ALWAYS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "ttrpg"}
"""Headers of every request, under those of the caller."""


@attrs.frozen
class Answer:
    """An answer whose body is still to come; ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    _response: httpx.Response = attrs.field(repr=False)
    _settings: NetworkSettings = attrs.field(repr=False)

    async def pieces(self, between: Callable[[], float] | None = None) -> AsyncGenerator[bytes]:
        """The body as it comes. Raises TimedOut and Unreachable, also midway.

        ``between`` answers the seconds until the next piece, asked for each; without it they are
        ``read_seconds``.
        """
        response, settings = self._response, self._settings
        host = response.url.host
        packed = "content-encoding" in self.headers
        body = response.aiter_bytes() if packed else aiter(cast("Body", response.stream))
        limit, name = settings.first_seconds, "first_seconds"
        patience = Patience(settings.answer_seconds)
        with _as_ours(host, settings):
            async with contextlib.aclosing(cast("AsyncGenerator[bytes]", body)) as coming:
                try:
                    patience.wait(limit)
                    async for piece in coming:
                        patience.rest()
                        yield piece
                        limit = between() if between else settings.read_seconds
                        name = "read_seconds"
                        patience.wait(limit)
                except asyncio.CancelledError as error:
                    if patience.ended():
                        if patience.over():
                            limit, name = settings.answer_seconds, "answer_seconds"
                        raise _late(host, limit, name) from error
                    raise
                finally:
                    patience.close()

    async def read(self, most: int) -> bytes:
        """The whole body. BadReply when it is longer than ``most`` bytes."""
        body = bytearray()
        async with contextlib.aclosing(self.pieces()) as coming:
            async for piece in coming:
                body += piece
                if len(body) > most:
                    raise BadReply(
                        f"{self._response.url.host} sent an answer of over {most:,} bytes",
                        "Check the base URL",
                        status=self.status,
                    )
        return bytes(body)


Body: TypeAlias = AsyncIterable[bytes]
Failed: TypeAlias = Callable[[Answer, bytes], ProviderError]


@contextlib.asynccontextmanager
async def exchange(
    settings: NetworkSettings,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    offline: bool = False,
    failed: Failed | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Answer]:
    """Send a request; leaving the block in the middle of the answer closes the connection.

    An answer that was read to its end leaves the connection for the next request. Limits hold one
    by one: ``connect_seconds`` to get through, ``first_seconds`` until the first byte,
    ``read_seconds`` between two pieces. It is sent ``retries`` times more at most, before the first
    byte only.

    ``failed`` reads an answer that is no success, of which it gets at most MOST_OF_ERROR bytes, and
    says what it means; that error is raised, or decides that and when another try is worth it.
    Without ``failed`` an answer of any status is an answer. Raises Offline, TimedOut, Unreachable,
    and ConfigError for what is no address.
    """
    request = _request(settings, method, url, headers or {}, content)
    host = request.url.host
    if offline:
        raise Offline(
            f"{host} was asked for, and offline is set",
            "Drop --offline, or: ttrpg config set general.offline false",
        )
    with _as_ours(host, settings):
        answer = await _answered(request, settings, failed, sleep)
    try:
        yield answer
    finally:
        await answer._response.aclose()  # noqa: SLF001 - callers have no use for it


def _request(
    settings: NetworkSettings,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
) -> httpx.Request:
    address = _address(url)
    times = httpx.Timeout(settings.first_seconds, connect=settings.connect_seconds)
    with _as_ours(address.host, settings):
        return httpx.Request(
            method,
            address,
            headers={**ALWAYS, **headers},
            content=content,
            extensions={"timeout": {**times.as_dict(), "pool": settings.connect_seconds}},
        )


async def _answered(
    request: httpx.Request,
    settings: NetworkSettings,
    failed: Failed | None,
    sleep: Callable[[float], Awaitable[None]],
) -> Answer:
    """The answer of the first try that is worth keeping, or of the last."""
    client = await connections()

    async def once(tries: int) -> Answer:
        request.extensions["timeout"]["read"] = settings.first_seconds
        response = await client.send(request, stream=True)
        request.extensions["timeout"]["read"] = None  # from here on the answer has patience
        answer = Answer(response.status_code, response.headers, response, settings)
        if response.status_code not in FINE:
            await _judge(answer, failed, last=tries > settings.retries)
        return answer

    try:
        return await once(1)
    except (httpx.HTTPError, ProviderError, Unwanted) as error:
        if not settings.retries or not worth_another(request.method, error, settings.wait_seconds):
            raise
        return await again(once, error, request.method, settings, sleep)


async def _judge(answer: Answer, failed: Failed | None, *, last: bool) -> None:
    """Raise what an answer that is no success means; nothing where it stands."""
    response = answer._response  # noqa: SLF001 - an answer of this module
    if failed is None:
        unwanted = Unwanted(retry_after(answer.headers))
        longest = answer._settings.wait_seconds  # noqa: SLF001 - as above
        if not last and answer.status in RETRY_STATUS and worth_another("", unwanted, longest):
            await response.aclose()
            raise unwanted
        return
    body = bytearray()
    try:
        async with contextlib.aclosing(answer.pieces()) as coming:
            async for piece in coming:
                body += piece
                if len(body) >= MOST_OF_ERROR:
                    break
    except ProviderError:  # the status says enough
        pass
    finally:
        await response.aclose()
    raise failed(answer, bytes(body[:MOST_OF_ERROR]))


@functools.lru_cache(maxsize=64)
def _address(url: str) -> httpx.URL:
    """Kept, as reading it takes longer than making the rest of a request."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _no_address(url) from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise _no_address(url)
    return address


def _no_address(url: str) -> ConfigError:
    return ConfigError(
        f"{url!r} is no address of a server", "A base URL starts with http:// or https://"
    )


def _late(host: str, seconds: float, limit: str, *, unsent: bool = False) -> TimedOut:
    return TimedOut(
        f"{host} let {seconds:g} s pass without {WITHOUT[limit]}",
        f"Try again, or give it longer: ttrpg config set network.{limit} {seconds * 2:g}",
        retryable=True,
        unsent=unsent,
    )


@contextlib.contextmanager
def _as_ours(host: str, settings: NetworkSettings) -> Iterator[None]:
    """Failures of httpx as our errors. Those that quote a header, and so a key, are cut off."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise _late(host, settings.connect_seconds, "connect_seconds", unsent=True) from error
    except httpx.TimeoutException as error:
        raise _late(host, settings.first_seconds, "first_seconds") from error
    except (httpx.LocalProtocolError, UnicodeEncodeError):
        raise AuthError(
            f"the key or a header for {host} has characters that cannot be sent",
            "Set it again: ttrpg keys set",
        ) from None
    except (httpx.ConnectError, httpx.ProxyError) as error:
        raise Unreachable(
            f"there is no connection to {host}",
            "Is it running, and the network up?",
            retryable=True,
            unsent=True,
        ) from error
    except httpx.HTTPError as error:
        raise Unreachable(
            f"the connection to {host} broke", "What came is kept; try again", retryable=True
        ) from error
