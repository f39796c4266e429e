"""What went wrong at a vendor, as one of our errors: from the status, the body and the headers.

Each vendor says it in its own words. The kind is read from the codes that it gives, then from its
message where that alone tells (a context that is full, a quota that is empty), then from the
status of HTTP. Sources: the vendors' pages on errors as of November 2026, the exception classes of
their own clients, and recorded traffic.
"""

import base64
import html
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

from ttrpg_core.errors import (
    AuthError,
    BadReply,
    NotPermitted,
    OutOfQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    TooLong,
    UnknownModel,
)
from ttrpg_providers.waits import wait
from ttrpg_providers.wire import Json, rows, table, words

LONGEST = 300
"""Characters of a vendor's message that are shown."""
MONTH = 2_678_400.0
"""Seconds; a longer wait is said as this one."""
KEYS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|nvapi|tgp|pplx|csk|fw)[-_][\w*.~+/=-]{6,}"
    r"|\bAIza[\w*-]{8,}|\b(?:Bearer|Basic)\s+[\w*.~+/=-]{8,}",
    re.IGNORECASE,
)
"""What keys look like; a vendor may send back the one it was given."""

_KINDS: dict[str, str] = {
    # those of Anthropic
    "authentication_error": "auth",
    "permission_error": "permission",
    "not_found_error": "model",
    "rate_limit_error": "rate",
    "billing_error": "quota",
    "request_too_large": "long",
    "overloaded_error": "busy",
    "api_error": "server",
    "timeout_error": "timeout",
    # those of OpenAI, and of servers that speak its format
    "invalid_api_key": "auth",
    "invalid_authentication": "auth",
    "model_not_found": "model",
    "rate_limit_exceeded": "rate",
    "ratelimitreached": "rate",
    "tokens": "rate",
    "requests": "rate",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "context_length_exceeded": "long",
    "string_above_max_length": "long",
    "exceed_context_size_error": "long",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "responsibleaipolicyviolation": "refused",
    "image_content_policy_violation": "refused",
    "invalid_prompt": "refused",
    "bio_policy": "refused",
    "misalignment_policy_violation": "refused",
    "unsupported_country_region_territory": "permission",
    "server_is_overloaded": "busy",
    "slow_down": "busy",
    "engine_overloaded_error": "busy",
    "server_error": "server",
    "internal_server_error": "server",
    # those of Google
    "unauthenticated": "auth",
    "permission_denied": "permission",
    "not_found": "model",
    "resource_exhausted": "rate",
    "deadline_exceeded": "timeout",
    "unavailable": "busy",
    "internal": "server",
}
ELSEWHERE = range(300, 400)
TOO_MANY = 429
MISSING = 404
FAILED = 400
SERVER = 500
"""Statuses of HTTP; the last two are where errors and errors of a server begin."""
_STATUS = {
    401: "auth",
    402: "quota",
    403: "permission",
    404: "model",
    408: "timeout",
    413: "long",
    429: "rate",
    503: "busy",
    504: "timeout",
    529: "busy",
}
_LONG = re.compile(
    r"context (?:length|window|limit|size)|prompt is too long|maximum (?:context|prompt) length"
    r"|token count .*exceeds|too many (?:input )?tokens",
    re.IGNORECASE | re.DOTALL,
)
_KEY_WRONG = re.compile(
    r"api[ _-]?key (?:not valid|is invalid|expired)|API_KEY_INVALID", re.IGNORECASE
)
_QUOTA = re.compile(
    r"credit balance is too low|insufficient (?:balance|credits|funds)", re.IGNORECASE
)
_MISSING = re.compile(
    r"\bmodel\b.{0,120}\bnot found\b|\binvalid model name\b", re.IGNORECASE | re.DOTALL
)
_DAILY = re.compile(r"per ?day", re.IGNORECASE)
_COUNTS = (  # (tokens, limit), or the other way round where the name of the group says so
    re.compile(r"(?P<tokens>\d+) tokens? > (?P<limit>\d+)"),
    re.compile(r"(?P<tokens>\d+) \+ (?P<more>\d+) > (?P<limit>\d+)"),
    re.compile(r"token count \(?(?P<tokens>\d+)\)?.*?allowed \(?(?P<limit>\d+)", re.DOTALL),
    re.compile(
        r"(?:length|window|limit) (?:is|of) (?P<limit>\d+) tokens.*?"
        r"(?:resulted in|requested|contains?|has)\D{0,40}(?P<tokens>\d+)",
        re.DOTALL,
    ),
    re.compile(r"\((?P<tokens>\d+) tokens\).*?context size \((?P<limit>\d+) tokens\)", re.DOTALL),
)


def failure(
    vendor: str,
    status: int | None,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
) -> ProviderError:
    """The error that an answer means.

    ``body`` is bytes as they came, or JSON that was read already (an error inside a stream, whose
    ``status`` is None); ``headers`` have lower-case names; ``secrets`` are cut out of the message.
    """
    if status in ELSEWHERE:
        return BadReply(
            f"{vendor} sends the request elsewhere, where the key does not go",
            "Check the base URL",
            status=status,
        )
    read = _read(body)
    if read is None:
        return _no_json(vendor, status, body, headers or {}, secrets, now or datetime.now(UTC))
    error = _error(read)
    told = _told(error)
    message = scrubbed(told, secrets)
    kind = _kind(error, told, status)
    seconds = wait(headers or {}, error, told, now or datetime.now(UTC))
    return _made(vendor, kind, message, status, seconds, error)


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """A vendor's message without keys, on one line, of bounded length."""
    text = without(text, secrets)
    line = KEYS.sub("[key]", " ".join(text.split()))
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def excerpt(text: str, longest: int = 80) -> str:
    """The start of a text on one line, for a message; what it must not show is out of it before."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:400]).split())
    return repr(line if len(line) <= longest else f"{line[:longest]} ...")


def without(text: str, secrets: Iterable[str]) -> str:
    """A text without these, also where it has them as JSON, HTML, a URL or base64 writes them."""
    for secret in filter(None, secrets):
        forms = {
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            html.escape(secret),
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            repr(secret)[1:-1],
            base64.b64encode(secret.encode()).decode().rstrip("="),
        }
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "[key]")
    return text


def _read(body: object) -> Json | None:
    """The JSON object of a body; an array stands for its first object."""
    value = body
    if isinstance(body, bytes):
        if body.startswith(b"data:"):  # an error in the frame of a stream, by LiteLLM
            body = body.removeprefix(b"data:").partition(b"\n")[0]
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, list):
        value = next(iter(rows(value)), None)
    return value if isinstance(value, dict) else None


def _error(read: Json) -> Json:
    """The object that tells of the error, wherever it lies."""
    error = read.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**read, "message": error}
    response = table(read.get("response")).get("error")  # response.failed of OpenAI
    return response if isinstance(response, dict) else read


def _told(error: Json) -> str:
    """What the vendor says, with what the vendor behind a gateway said."""
    said = words(error.get("message")) or words(error.get("detail"))
    behind = words(table(error.get("metadata")).get("raw"))
    return f"{said}: {behind}" if behind else said


def _kind(error: Json, told: str, status: int | None) -> str:
    """What happened, by the codes, the words and the status, whichever says most."""
    inner = table(error.get("innererror"))
    named = [inner.get("code"), *(error.get(name) for name in ("code", "status", "type"))]
    codes = [_KINDS[code] for name in named if (code := words(name).lower()) in _KINDS]
    by_words = _kind_by_words(error, told)
    if by_words in {"quota", "auth"}:
        return by_words
    if codes[:1] == ["rate"] or status == TOO_MANY:  # what it says may name a limit of tokens
        return "quota" if "quota" in codes or _spent(error) else "rate"
    if by_words == "long" and status in {None, 400, 413, 422, 500}:
        return by_words
    if codes and not (codes[0] == "server" and status in _STATUS):
        return codes[0]
    return _kind_by_status(error, status) or by_words or "request"


def _kind_by_words(error: Json, told: str) -> str:
    if _QUOTA.search(told):
        return "quota"
    if _KEY_WRONG.search(told) or _reason(error) == "API_KEY_INVALID":
        return "auth"
    if _LONG.search(told):
        return "long"
    return "model" if _MISSING.search(told) else ""


def _kind_by_status(error: Json, status: int | None) -> str:
    """By the status of HTTP, or the one that a gateway puts into the code, also in a stream."""
    code = error.get("code")
    for each in (status, code if isinstance(code, int) else None):
        if each in _STATUS:
            return _STATUS[each]
        if each is not None and each >= SERVER:
            return "server"
    return ""


def _reason(error: Json) -> str:
    """The reason in Google's ErrorInfo."""
    return next(
        (words(detail["reason"]) for detail in rows(error.get("details")) if "reason" in detail), ""
    )


def _spent(error: Json) -> bool:
    """Whether Google says that a day's quota is used up: a minute's comes back by itself."""
    return any(
        _DAILY.search(words(violation.get("quotaId")))
        for detail in rows(error.get("details"))
        for violation in rows(detail.get("violations"))
    )


def _made(
    vendor: str,
    kind: str,
    said: str,
    status: int | None,
    seconds: float | None,
    error: Json,
) -> ProviderError:
    tail = f": {said}" if said else ""
    if kind == "rate":
        asked = "" if seconds is None else f"Wait {math.ceil(min(seconds, MONTH)):,} s, or "
        return RateLimited(
            f"{vendor} says: too many requests{tail}",
            f"{asked}ask another model".capitalize(),
            status=status,
            retry_after=seconds,
        )
    if kind == "long":
        tokens, limit = _counts(said, error)
        return TooLong(
            f"the request is too long for the model of {vendor}{tail}",
            "Ask with fewer passages or a shorter history, or use a model with a larger context",
            status=status,
            tokens=tokens,
            limit=limit,
        )
    cls, what, hint, again = _SAYS[kind]
    return cls(f"{vendor} {what}{tail}", hint, retryable=again, status=status, retry_after=seconds)


_SAYS: dict[str, tuple[type[ProviderError], str, str, bool]] = {
    "auth": (AuthError, "does not take the key", "Set the right one: ttrpg keys set", False),
    "permission": (
        NotPermitted,
        "does not permit this",
        "Check at the vendor what the key may do",
        False,
    ),
    "model": (UnknownModel, "has no such model", "What there is: ttrpg models list", False),
    "quota": (
        OutOfQuota,
        "says that the quota is used up",
        "Add credit at the vendor, or ask another model",
        False,
    ),
    "refused": (Refused, "declined the request", "Say it in other words", False),
    "busy": (Overloaded, "is overloaded", "Try again in a while, or ask another model", True),
    "server": (ServerFailed, "had an error of its own", "Try again in a while", True),
    "timeout": (TimedOut, "took too long", "Try again, or with a shorter request", True),
    "request": (
        ProviderError,
        "does not accept the request",
        "Change what it names, or ask another model",
        False,
    ),
}


def _counts(said: str, error: Json) -> tuple[int | None, int | None]:
    """How many tokens there were, and how many there may be."""
    plain = re.sub(r"(?<=\d)[,_](?=\d{3})", "", said)
    for pattern in _COUNTS:
        found = pattern.search(plain)
        if found:
            groups = found.groupdict()
            return int(groups["tokens"]) + int(groups.get("more") or 0), int(groups["limit"])
    given, window = error.get("n_prompt_tokens"), error.get("n_ctx")  # llama.cpp
    if isinstance(given, int) and isinstance(window, int):
        return given, window
    limit = re.search(r"(?:context length|context window|limit) (?:is|of) (\d+)", plain)
    return None, int(limit[1]) if limit else None


def _no_json(
    vendor: str,
    status: int | None,
    body: object,
    headers: Mapping[str, str],
    secrets: Iterable[str],
    now: datetime,
) -> ProviderError:
    """An answer that is no JSON: a proxy's page, plain words, nothing at all."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
    if status is not None and status >= FAILED and status != MISSING:
        page = text.lstrip()[:1] == "<"
        said = "" if page else scrubbed(text, secrets)
        kind = _kind({}, said, status)
        return _made(vendor, kind, said, status, wait(headers, {}, said, now), {})
    if status == MISSING:  # vendors say in JSON that a model is missing
        return BadReply(
            f"there is nothing at this address of {vendor}", "Check the base URL", status=status
        )
    return BadReply(
        f"{vendor} did not answer as a language model does: {excerpt(scrubbed(text, secrets))}",
        "Check the base URL",
        status=status,
    )
