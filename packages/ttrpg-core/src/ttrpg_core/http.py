"""The network, in one place: time limits, retries before the first byte, and ``--offline``.

Only this module imports httpx. Providers and cloud engines ask for a :func:`client` and get one that
retries what can be retried, waits as long as the server asks, and never retries once a byte of the
answer has come: what a model has begun to say is never said twice, or paid twice.
"""

import email.utils
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
import tenacity

from ttrpg_core.errors import Offline
from ttrpg_core.settings import NetworkSettings

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers worth another try: time-out, too early, rate limit, server errors, overloaded (529)."""
MAX_WAIT = 60.0
"""Longest wait in seconds that a server's ``Retry-After`` is followed; beyond it the answer stands."""


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
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.inner = inner
        self.retries = retries
        self._options = {} if sleep is None else {"sleep": sleep}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first try that is worth keeping, or of the last."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.retries + 1),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(httpx.TransportError)
            | tenacity.retry_if_result(_worth_retrying),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
            before_sleep=_release,
            **self._options,  # type: ignore[arg-type]
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

    Redirects are not followed, so a key is never sent to another host than the one it is for.
    """
    inner = transport or httpx.AsyncHTTPTransport()
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers or {}),
        timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
        transport=OfflineTransport() if offline else RetryTransport(inner, settings.retries),
        follow_redirects=False,
        trust_env=not offline,
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that ``Retry-After`` asks for (RFC 9110 section 10.2.3): a number or a date."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _worth_retrying(response: httpx.Response) -> bool:
    if response.status_code not in RETRY_STATUS:
        return False
    asked = retry_after(response.headers)
    return asked is None or asked <= MAX_WAIT


def _wait(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_exponential_jitter(initial=0.5, max=8.0)(state)
    outcome = state.outcome
    if outcome is None or outcome.failed:
        return backoff
    asked = retry_after(outcome.result().headers)
    return backoff if asked is None else max(asked, 0.0)


async def _release(state: tenacity.RetryCallState) -> None:
    """Close the answer that is given up, so its connection goes back to the pool."""
    if state.outcome is not None and not state.outcome.failed:
        await state.outcome.result().aclose()
