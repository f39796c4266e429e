"""What a server can do wrong in each wire format, played by a real process, and what is seen of it.

Used by test_providers_faults.py, which judges it, and by docs/make_providers.py, which draws it.
"""

import asyncio
import email.utils
import html
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import attrs

from ttrpg_core import errors
from ttrpg_core.context import Context
from ttrpg_core.errors import ProviderError
from ttrpg_core.http.retries import worth_another
from ttrpg_core.llm import Message, Request
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_core.testing.played import REPEAT, RESET, Step, answer, asked, played
from ttrpg_providers import vendors
from ttrpg_providers.vendor import HttpVendor

LIMITS = NetworkSettings(connect_seconds=10, first_seconds=10, read_seconds=10, retries=0)
KEY = 'sk-canary-0123456789/+"=='
"""With characters that URLs and JSON write in another way."""
HEADER = 'canary-header-0123/+"=='
ASK = Request([Message("user", "Who guards the bridge?")], max_tokens=16)
JSON, HTML = "application/json", "text/html; charset=utf-8"
DATED = 3600
"""Seconds from now of the moments in headers: so far off that the run itself does not matter."""


@attrs.frozen
class Dialect:
    """How one vendor says things: ``said`` is an event with words, ``ended`` the end of a reply."""

    name: str
    vendor: str
    media: str
    made: Callable[[Context, str, tuple[str, ...]], HttpVendor]
    said: Callable[[bytes], bytes]
    ended: bytes
    ping: bytes
    busy: bytes
    error: Callable[[str, str], bytes]
    """An answer's body for a kind of error of this vendor, and its message."""
    rate: str
    quota: tuple[str, str]


@attrs.frozen
class Case:
    """What the server does, and what is to be seen: an error or None, and the words that are kept.

    ``wait`` are the seconds that the error tells of; ``limits`` are settings that differ.
    """

    name: str
    steps: Sequence[Step]
    error: type[ProviderError] | None
    kept: str = ""
    wait: float | None = None
    limits: dict[str, float] = attrs.field(factory=dict)


@attrs.frozen
class Seen:
    """What came of a case; ``again`` is whether it is sent once more before that, if it may be."""

    kept: str
    finish: str
    error: ProviderError | None
    again: bool
    requests: int


def _sse(name: str = "") -> Callable[[object], bytes]:
    head = f"event: {name}\n" if name else ""
    return lambda value: f"{head}data: {json.dumps(value)}\n\n".encode()


def _chat(text: bytes) -> bytes:
    return b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % text


def _plain_error(kind: str, message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "code": kind}}).encode()


def _anthropic_error(kind: str, message: str) -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def _google_error(kind: str, message: str, *details: object) -> bytes:
    code = 429 if kind == "RESOURCE_EXHAUSTED" else 400
    said = {"code": code, "message": message, "status": kind, "details": list(details)}
    return json.dumps({"error": said}).encode()


DIALECTS = (
    Dialect(
        "openai_chat",
        "openai",
        "text/event-stream",
        lambda known, url, headers: vendors.openai_vendor(
            attrs.evolve(known, settings=vendors.OpenAISettings(url, api="chat", headers=headers))
        ),
        _chat,
        _sse()({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        + b"data: [DONE]\n\n",
        b": ping\n\n",
        _sse()({"error": {"message": "Overloaded", "code": "server_is_overloaded"}}),
        _plain_error,
        "rate_limit_exceeded",
        ("insufficient_quota", "You exceeded your current quota"),
    ),
    Dialect(
        "openai_responses",
        "openai",
        "text/event-stream",
        lambda known, url, headers: vendors.openai_vendor(
            attrs.evolve(
                known, settings=vendors.OpenAISettings(url, api="responses", headers=headers)
            )
        ),
        lambda text: b'data: {"type": "response.output_text.delta", "delta": "%s"}\n\n' % text,
        _sse()({"type": "response.completed", "response": {"status": "completed"}}),
        b": ping\n\n",
        _sse()({"type": "error", "code": "server_is_overloaded", "message": "Overloaded"}),
        _plain_error,
        "rate_limit_exceeded",
        ("insufficient_quota", "You exceeded your current quota"),
    ),
    Dialect(
        "anthropic",
        "anthropic",
        "text/event-stream",
        lambda known, url, headers: vendors.anthropic_vendor(
            attrs.evolve(known, settings=vendors.AnthropicSettings(url, headers=headers))
        ),
        lambda text: (
            b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0,'
            b' "delta": {"type": "text_delta", "text": "%s"}}\n\n' % text
        ),
        _sse("message_delta")({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
        + _sse("message_stop")({"type": "message_stop"}),
        b'event: ping\ndata: {"type": "ping"}\n\n',
        b"event: error\ndata: %s\n\n" % _anthropic_error("overloaded_error", "Overloaded"),
        _anthropic_error,
        "rate_limit_error",
        ("invalid_request_error", "Your credit balance is too low to access the API"),
    ),
    Dialect(
        "gemini",
        "gemini",
        "text/event-stream",
        lambda known, url, headers: vendors.gemini_vendor(
            attrs.evolve(known, settings=vendors.GeminiSettings(url, headers=headers))
        ),
        lambda text: b'data: {"candidates": [{"content": {"parts": [{"text": "%s"}]}}]}\n\n' % text,
        _sse()({"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}),
        b": ping\n\n",
        _sse()({"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}),
        _google_error,
        "RESOURCE_EXHAUSTED",
        ("RESOURCE_EXHAUSTED", "insufficient credits"),
    ),
    Dialect(
        "ollama",
        "ollama",
        "application/x-ndjson",
        lambda known, url, headers: vendors.ollama_vendor(
            attrs.evolve(known, settings=vendors.OllamaSettings(url, headers=headers))
        ),
        lambda text: b'{"message": {"role": "assistant", "content": "%s"}, "done": false}\n' % text,
        b'{"message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop"}\n',
        b"\n",
        b'{"error": {"message": "Overloaded", "code": 503}}\n',
        lambda _, message: json.dumps({"error": message}).encode(),
        "too many requests",
        ("quota", "insufficient credits"),
    ),
)


def chunk(data: bytes) -> bytes:
    """A chunk of a body whose length is not known."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def cases(to: Dialect, now: datetime) -> list[Case]:
    """Everything that can go wrong, in the order of the table."""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {to.media}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    hello, end, last = chunk(to.said(b"Hello")), chunk(to.ended), b"0\r\n\r\n"
    long = chunk(to.said(b"x" * 50_000))
    both = to.said(b"Hello") + to.ended
    secrets = f"{KEY} {HEADER}".encode()
    in_json = json.dumps(f"{KEY} {HEADER}")[1:-1].encode()
    quoted = f"/x?key={quote(KEY, safe='')}&team={quote_plus(HEADER)}"
    short = {"first_seconds": 0.4, "read_seconds": 0.4}
    return [
        Case("it takes its time", [0.3, head, 0.3, hello, 0.3, end, last], None, "Hello"),
        Case("it does not answer", [9], errors.TimedOut, limits=short),
        Case("it answers, and then says nothing", [head, 9], errors.TimedOut, limits=short),
        Case("it stops in the middle", [head, hello, 9], errors.TimedOut, "Hello", limits=short),
        Case("it says that it is done, and does not close", [head, hello, end, 9], None, "Hello"),
        Case("it hangs up before the answer", [], errors.Unreachable),
        Case("the connection is reset before the answer", [RESET], errors.Unreachable),
        Case(
            "the connection is reset after the first words",
            [head, hello, 0.2, RESET],
            errors.Unreachable,
            "Hello",
        ),
        Case("the stream ends in the middle", [head, hello, last], errors.BadReply, "Hello"),
        Case(
            "an event is cut off",
            [head, hello, chunk(to.said(b"Hello")[:-20]), last],
            errors.BadReply,
            "Hello",
        ),
        Case(
            "it announces more bytes than it sends",
            [answer(200, to.media, to.said(b"Hello"), Content_Length="99999")],
            errors.Unreachable,
            "Hello",
        ),
        Case(
            "it sends more bytes than it announces",
            [answer(200, to.media, both, Content_Length=str(len(to.said(b"Hello"))))],
            errors.BadReply,
            "Hello",
        ),
        Case("an error in the stream", [head, hello, chunk(to.busy)], errors.Overloaded, "Hello"),
        Case(
            "characters that are none",
            [head, chunk(to.said(b"Hel\xfflo")), end, last],
            None,
            "Hel\ufffdlo",
        ),
        Case("words without end", [head, REPEAT, long], errors.BadReply, "x" * 4_000_000),
        Case(
            "a line without end",
            [head, chunk(to.said(b"Hello")[:-30]), REPEAT, chunk(b"x" * 50_000)],
            errors.BadReply,
        ),
        Case(
            "signs of life without end",
            [head, hello, REPEAT, 0.05, chunk(to.ping)],
            errors.TimedOut,
            "Hello",
            limits={"answer_seconds": 1.0},
        ),
        Case("200 with a web page", [answer(200, HTML, b"<!DOCTYPE html>")], errors.BadReply),
        Case("200 with nothing", [answer(200, to.media)], errors.BadReply),
        Case("302 to elsewhere", [answer(302, HTML, Location="/x")], errors.BadReply),
        Case("401", [answer(401, JSON, to.error("x", f"bad key {KEY}"))], errors.AuthError),
        Case(
            "nonsense in the stream, with the key and a header in it",
            [head, hello, chunk(to.said(b"Hello").replace(b"{", secrets)), last],
            errors.BadReply,
            "Hello",
        ),
        Case(
            "an error in the stream that repeats the key",
            [head, hello, chunk(to.busy.replace(b"Overloaded", in_json)), last],
            errors.Overloaded,
            "Hello",
        ),
        *(
            Case(f"{status} that repeats the key {how}", [answer(status, media, body)], kind)
            for how, media, status, body, kind in (
                ("in JSON", JSON, 400, to.error("x", f"no {KEY} {HEADER}"), errors.ProviderError),
                ("in words", "text/plain", 400, f"{KEY} {HEADER}".encode(), errors.ProviderError),
                ("in a page", HTML, 200, html.escape(f"{KEY} {HEADER}").encode(), errors.BadReply),
                ("as a URL does", "text/plain", 403, quoted.encode(), errors.NotPermitted),
            )
        ),
        Case("500", [answer(500, JSON, to.error("x", "It broke"))], errors.ServerFailed),
        Case("500 with a web page", [answer(500, HTML, b"<h1>Oops</h1>")], errors.ServerFailed),
        Case("503", [answer(503, JSON, to.error("x", "Busy"))], errors.Overloaded),
        Case("529", [answer(529, JSON, to.error("x", "Busy"))], errors.Overloaded),
        *_limits(to, now),
    ]


def _limits(to: Dialect, now: datetime) -> list[Case]:
    """429 with each form of the wait, those of other vendors only where they are at home."""
    body = to.error(to.rate, "Slow down")
    then = now + timedelta(seconds=DATED)
    date = email.utils.format_datetime(then, usegmt=True)
    kind = errors.RateLimited

    def told(name: str, wait: float | None, body: bytes = body, **headers: str) -> Case:
        return Case(f"429{name}", [answer(429, JSON, body, **headers)], kind, wait=wait)

    found = [
        told("", None),
        told(", `Retry-After: 20`", 20, Retry_After="20"),
        told(", `Retry-After` with a date", DATED, Retry_After=date),
    ]
    if to.vendor == "openai":
        spent = {"X_RateLimit_Remaining_Tokens": "0", "X_RateLimit_Reset_Tokens": "6m0s"}
        found.append(told(", `x-ratelimit-reset-tokens: 6m0s`", 360, **spent))
        found.append(told(", `retry-after-ms: 1500`", 1.5, Retry_After_Ms="1500"))
    if to.vendor == "anthropic":
        spent = {
            "Anthropic_RateLimit_Tokens_Remaining": "0",
            "Anthropic_RateLimit_Tokens_Reset": then.isoformat(),
        }
        found.append(told(", `anthropic-ratelimit-tokens-reset` in RFC 3339", DATED, **spent))
    if to.vendor == "gemini":
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "40s"}
        found.append(told(", `RetryInfo` in the body", 40, _google_error(to.rate, "Slow", info)))
    spent_body = to.error(*to.quota)
    steps = [answer(429, JSON, spent_body, Retry_After="20")]
    return [*found, Case("429, nothing is left of what was paid for", steps, errors.OutOfQuota)]


def see(to: Dialect) -> list[tuple[Case, Seen]]:
    """Play every case of a format to a model of its vendor, all at once."""
    every = cases(to, datetime.now(UTC))
    with played({f"/{number}/": [each.steps] for number, each in enumerate(every)}) as url:
        return asyncio.run(_see(to, every, url))


async def _see(to: Dialect, every: list[Case], url: str) -> list[tuple[Case, Seen]]:
    async def one(number: int, case: Case) -> tuple[Case, Seen]:
        limits = attrs.evolve(LIMITS, **case.limits)
        known = Context(secret=lambda *_: KEY, network=limits)
        model = to.made(known, f"{url}/{number}", (f"X-Team: {HEADER}",)).model("m")
        reply = error = None
        try:
            async with model.stream(ASK) as reply:
                await reply.read()
        except ProviderError as caught:
            error = caught
        again = error is not None and worth_another(
            "POST", error.__cause__ or error, LIMITS.wait_seconds
        )
        text, finish = (reply.text, reply.finish) if reply else ("", "")
        return case, Seen(text, finish, error, again, 0)

    seen = await asyncio.gather(*(one(number, case) for number, case in enumerate(every)))
    counts = await asyncio.to_thread(asked, url)
    return [
        (case, attrs.evolve(one_seen, requests=sum(_of(counts, number))))
        for number, (case, one_seen) in enumerate(seen)
    ]


def _of(counts: dict[str, int], number: int) -> list[int]:
    return [count for path, count in counts.items() if path == f"/{number}/"]
