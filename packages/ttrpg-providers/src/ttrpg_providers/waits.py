"""How long a vendor asks to wait, in each of the forms that vendors use, and what it leaves us.

In order: ``retry-after-ms`` and ``retry-after`` (seconds or a date), Google's ``RetryInfo`` in the
body, the reset of a limit of which nothing remains (a duration such as ``6m0s``, a moment in
RFC 3339, seconds, or a moment in Unix time), and at last what the message says in words.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from ttrpg_core.http import retry_after
from ttrpg_core.llm import Limit
from ttrpg_providers.wire import Json, rows, table, words

_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_STEP = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhd])")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_SAID = re.compile(
    r"(?:try again|retry) (?:in|after) "
    r"(?:(?P<steps>(?:[0-9][0-9.]*(?:ms|[smhd]))+)|(?P<number>[0-9]+) (?P<unit>ms|[smh]))",
    re.IGNORECASE,
)
_REMAINING = re.compile(r"(?P<start>.*ratelimit.*?-?)remaining(?P<end>.*)\Z")
_EPOCH = 1e9
"""Larger numbers are moments in Unix time, and a thousand times larger ones in milliseconds."""


def wait(headers: Mapping[str, str], error: Json, said: str, now: datetime) -> float | None:
    """Seconds to wait, None when the vendor did not say; ``headers`` have lower-case names."""
    asked = [
        each for each in (_milliseconds(headers), retry_after(headers, now)) if each is not None
    ]
    if asked:
        return max(asked)
    for detail in rows(error.get("details")):
        seconds = duration(words(detail.get("retryDelay")))
        if seconds is not None:
            return seconds
    inner = table(table(error.get("metadata")).get("headers"))  # OpenRouter hands them on
    both = {**headers, **{name.lower(): str(value) for name, value in inner.items()}}
    resets = list(_resets(both, now))
    if resets:
        return max(resets)
    found = _SAID.search(said)
    if found is None:
        return None
    return duration((found["steps"] or found["number"] + found["unit"]).lower())


def duration(text: str) -> float | None:
    """Seconds of ``6m0s``, ``12ms``, ``1.5s``, ``1h2m3s``; None where it is not one."""
    steps = _STEP.findall(text)
    if not steps or "".join(number + unit for number, unit in steps) != text:
        return None
    return sum(float(number) * _UNIT[unit] for number, unit in steps)


def moment(text: str, now: datetime) -> float | None:
    """Seconds until a reset, which is a duration, a moment, or a number."""
    seconds = duration(text)
    if seconds is not None:
        return seconds
    if _NUMBER.match(text):
        number = float(text)
        if number >= _EPOCH * 1000:
            number /= 1000
        return max(0.0, number - now.timestamp()) if number >= _EPOCH else number
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def limits(headers: Mapping[str, str], now: datetime) -> list[Limit]:
    """What is left of each limit, as the head of an answer says it.

    OpenAI writes ``x-ratelimit-remaining-tokens`` and Anthropic
    ``anthropic-ratelimit-tokens-remaining``; the reset and the whole limit have names like it. A
    limit whose reset is not said is left out, as nobody could wait for it.
    """
    found = []
    for name, value in headers.items():
        known = _REMAINING.match(name) if "remaining" in name else None
        if known is None or not _NUMBER.match(value.strip()):
            continue
        start, end = known["start"], known["end"]
        most = headers.get(f"{start}limit{end}", "").strip()
        reset = headers.get(f"{start}reset{end}", "").strip()
        seconds = moment(reset, now) if reset else None
        if seconds is not None:
            kind = end.strip("-") or start.rpartition("ratelimit")[2].strip("-") or "requests"
            whole = float(most) if _NUMBER.match(most) else None
            found.append(Limit(kind, float(value), seconds, whole))
    return found


def _milliseconds(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after-ms", "").strip()
    return float(value) / 1000 if _NUMBER.match(value) else None


def _resets(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    """The resets of the limits of which nothing remains."""
    for name, value in headers.items():
        found = _REMAINING.match(name)
        if found and value.strip() in {"0", "0.0"}:
            reset = headers.get(f"{found['start']}reset{found['end']}", "").strip()
            seconds = moment(reset, now) if reset else None
            if seconds is not None:
                yield seconds
