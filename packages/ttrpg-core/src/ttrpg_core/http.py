"""The network, in one place: time limits, retries before the first byte, and ``--offline``.

Only this module imports httpx. Providers and cloud engines ask for a :func:`client` and get one
that retries what can be retried, waits as long as the server asks, and never retries once a byte of
the answer has come: what a model has begun to say is never said twice, or paid twice.
"""

import asyncio
import contextlib
import email.utils
import functools
import re
import ssl
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

import attrs
import httpx
import tenacity

from ttrpg_core.errors import AuthError, BadReply, ConfigError, Offline, TimedOut, Unreachable
from ttrpg_core.settings_tables import NetworkSettings

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers worth another try: time-out, too early, rate limit, server errors, overloaded (529)."""
MAX_WAIT = 60.0
"""Longest ``Retry-After`` that is followed, in seconds; beyond it the answer stands."""
RETRY_ERRORS = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
)
"""Failures on the way, before an answer; a request that is wrong in itself stays wrong."""
UNSENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Failures before anything was sent: the only ones after which a POST is sent again."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent twice (RFC 9110 section 9.2.1)."""

_BACKOFF = tenacity.wait_exponential(multiplier=0.5, max=8) + tenacity.wait_random(0, 1)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?\Z")


class OfflineTransport(httpx.AsyncBaseTransport):
    """Opens no socket: every request raises Offline."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse."""
        raise Offline(
            f"{request.url.host} was asked for, and offline is set",
            "Drop --offline, or: ttrpg config set general.offline false",
        )


class RetryTransport(httpx.AsyncBaseTransport):
    """Tries again, before the first byte only, with jitter and the server's own ``Retry-After``."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        retries: int,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.inner = inner
        self.retries = retries
        self._sleep = sleep or asyncio.sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first try that is worth keeping, or of the last."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.retries + 1),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(
                RETRY_ERRORS if request.method in SAFE_METHODS else UNSENT_ERRORS
            )
            | tenacity.retry_if_result(_worth_retrying),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
            before_sleep=_release,
            sleep=self._sleep,
        )
        response: httpx.Response = await retrying(self.inner.handle_async_request, request)
        return response

    async def aclose(self) -> None:
        """Close the transport beneath."""
        await self.inner.aclose()


def client(
    settings: NetworkSettings,
    *,
    offline: bool = False,
    headers: Mapping[str, str] | None = None,
    base_url: str = "",
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """An HTTP client as the settings want it; ``transport`` is the seam for tests.

    Redirects are not followed, so a key is never sent to another host than the one it is for. The
    proxies of the environment are used, except to reach this machine.
    """

    def retrying(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return OfflineTransport() if offline else RetryTransport(inner, settings.retries)

    mounts = {} if offline or transport is not None else proxies(urllib.request.getproxies())
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers or {}),
        timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
        transport=retrying(transport or httpx.AsyncHTTPTransport(verify=_tls())),
        mounts={
            pattern: retrying(httpx.AsyncHTTPTransport(proxy=proxy, verify=_tls()))
            for pattern, proxy in mounts.items()
        },
        follow_redirects=False,
        trust_env=not offline,
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read once a process: the certificates take longer to load than a local model to answer."""
    return httpx.create_ssl_context()


@attrs.frozen
class Answer:
    """An answer whose body is still to come; ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    _response: httpx.Response = attrs.field(repr=False)
    _settings: NetworkSettings = attrs.field(repr=False)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The body as it comes. Raises TimedOut and Unreachable, also midway."""
        limit, what = self._settings.first_seconds, "the first byte"
        host = self._response.url.host
        with _as_ours(host, self._settings):
            body = cast("AsyncGenerator[bytes]", self._response.aiter_bytes())
            async with contextlib.aclosing(body) as coming:
                while True:
                    try:
                        async with asyncio.timeout(limit):
                            piece = await anext(coming, None)
                    except TimeoutError as error:
                        raise _late(host, limit, what) from error
                    if piece is None:
                        return
                    yield piece
                    limit, what = self._settings.read_seconds, "the next piece of the answer"

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


@contextlib.asynccontextmanager
async def exchange(
    settings: NetworkSettings,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    offline: bool = False,
) -> AsyncIterator[Answer]:
    """Send a request; leaving the block closes the connection, also in the middle of the answer.

    Limits hold one by one: ``connect_seconds`` to get through, ``first_seconds`` until the first
    byte, ``read_seconds`` between two pieces. Raises Offline, TimedOut and Unreachable; an answer
    of any status is an answer.
    """
    times = httpx.Timeout(
        max(settings.first_seconds, settings.read_seconds), connect=settings.connect_seconds
    )
    async with client(settings, offline=offline) as asking:
        with _as_ours(httpx.URL(url).host if _is_url(url) else url, settings):
            request = asking.build_request(
                method, url, headers=dict(headers or {}), content=content, timeout=times
            )
            response = await asking.send(request, stream=True)
        try:
            yield Answer(response.status_code, response.headers, response, settings)
        finally:
            await response.aclose()


def _is_url(url: str) -> bool:
    try:
        return httpx.URL(url).scheme in {"http", "https"} and bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _late(host: str, seconds: float, what: str) -> TimedOut:
    return TimedOut(
        f"{host} let {seconds:g} s pass without {what}",
        "Try again, or give it longer: ttrpg config set network.first_seconds 300",
        retryable=True,
    )


@contextlib.contextmanager
def _as_ours(host: str, settings: NetworkSettings) -> Iterator[None]:
    """Failures of httpx as our errors. Those that quote a header, and so a key, are cut off."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise _late(host, settings.connect_seconds, "a connection") from error
    except httpx.TimeoutException as error:
        raise _late(host, settings.first_seconds, "an answer") from error
    except (httpx.LocalProtocolError, UnicodeEncodeError):
        raise AuthError(
            f"the key or a header for {host} has characters that cannot be sent",
            "Set it again: ttrpg keys set",
        ) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ConfigError(
            f"{host!r} is no address of a server", "A base URL starts with http:// or https://"
        ) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        raise Unreachable(
            f"there is no connection to {host}",
            "Is it running, and the network up?",
            retryable=True,
        ) from error
    except httpx.HTTPError as error:
        raise Unreachable(
            f"the connection to {host} broke", "What came is kept; try again", retryable=True
        ) from error


def proxies(environment: Mapping[str, str]) -> dict[str, str | None]:
    """URL patterns and the proxy for each, None for none, as httpx mounts want them.

    ``environment`` is what ``urllib.request.getproxies()`` answers: proxies by scheme, and ``no``
    for the hosts that are reached without one. A host written without its scheme is taken as http.
    """
    found: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        proxy = environment.get(scheme, "")
        if proxy:
            found[f"{scheme}://"] = proxy if "://" in proxy else f"http://{proxy}"
    direct = [host.strip() for host in environment.get("no", "").split(",") if host.strip()]
    if "*" in direct or not found:
        return {}
    for host in ("localhost", "127.0.0.1", "[::1]"):
        found[f"all://{host}"] = None
    for host in direct:
        bare = host.removeprefix("*").removeprefix(".")
        if not re.fullmatch(r"[0-9.:/\[\]]+", bare):  # names cover what is below them
            found[f"all://*.{bare}"] = None
        if "/" not in bare:  # httpx knows no address ranges
            found[f"all://{bare}"] = None
    return found


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that ``Retry-After`` asks for (RFC 9110 section 10.2.3): a number or a date."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.match(value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000" means UTC, of a clock that does not know its place
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _worth_retrying(response: httpx.Response) -> bool:
    if response.status_code not in RETRY_STATUS:
        return False
    asked = retry_after(response.headers)
    return asked is None or asked <= MAX_WAIT


def _wait(state: tenacity.RetryCallState) -> float:
    backoff = _BACKOFF(state)
    outcome = state.outcome
    if outcome is None or outcome.failed:
        return backoff
    asked = retry_after(outcome.result().headers)
    return backoff if asked is None else asked


async def _release(state: tenacity.RetryCallState) -> None:
    """Close the answer that is given up, so its connection goes back to the pool."""
    if state.outcome is not None and not state.outcome.failed:
        await state.outcome.result().aclose()
