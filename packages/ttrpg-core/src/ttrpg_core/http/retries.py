"""What is sent once more, and how long that waits."""

import email.utils
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import httpx

from ttrpg_core.errors import ProviderError
from ttrpg_core.settings_tables import NetworkSettings

T = TypeVar("T")

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers worth another try: time-out, too early, rate limit, server errors, overloaded (529)."""
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

FIRST_PAUSE, LONGEST_PAUSE, JITTER = 0.5, 8.0, 1.0
"""Seconds between tries where the server asks for none: doubled each time, and a part by chance."""

_CHANCE = random.Random()
"""So that those who were refused together do not come back together."""
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?\Z")


class Unwanted(Exception):
    """An answer that another try may better; ``seconds`` is the wait that it asks for."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


async def again(
    once: Callable[[int], Awaitable[T]],
    error: Exception,
    method: str,
    settings: NetworkSettings,
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """What a later try answers, after the first one failed with ``error``; else the last error.

    ``once`` is told which try it is, from 1. tenacity does the trying, and starts from the first
    error: a call that is answered at once neither waits for it nor imports it.
    """
    import tenacity

    first = [error]

    async def attempt() -> T:
        if first:
            raise first.pop()
        return await once(retrying.statistics["attempt_number"])

    def wait(state: tenacity.RetryCallState) -> float:
        outcome = state.outcome
        return pause(state.attempt_number, outcome.exception() if outcome else None)

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(settings.retries + 1),
        wait=wait,
        retry=tenacity.retry_if_exception(
            lambda each: worth_another(method, each, settings.wait_seconds)
        ),
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)


def worth_another(method: str, error: BaseException, longest: float) -> bool:
    """Whether sending the same request again can help, and does no harm.

    A server that asks for a wait of more than ``longest`` seconds leaves that to the caller.

    An error that a vendor's words were read into knows it best: a quota that is used up comes with
    the same status as a limit that a minute's waiting helps against.
    """
    if isinstance(error, ProviderError):
        asked = error.retry_after
        return error.retryable and error.status in RETRY_STATUS and _short(asked, longest)
    if isinstance(error, Unwanted):
        return _short(error.seconds, longest)
    return isinstance(error, RETRY_ERRORS if method in SAFE_METHODS else UNSENT_ERRORS)


def _short(seconds: float | None, longest: float) -> bool:
    return seconds is None or seconds <= longest


def pause(tries: int, error: BaseException | None) -> float:
    """The seconds before the next try: as the server asks, else more each time, with jitter."""
    asked = None
    if isinstance(error, ProviderError):
        asked = error.retry_after
    elif isinstance(error, Unwanted):
        asked = error.seconds
    if asked is not None:
        return asked
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tries - 1)) + _CHANCE.uniform(0, JITTER)


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
