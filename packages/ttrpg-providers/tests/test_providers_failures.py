"""What went wrong at a vendor: the kind, what is known of it, and no key anywhere."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from ttrpg_core.llm import Limit
from ttrpg_providers.failures import failure
from ttrpg_providers.waits import duration, limits, wait

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
KEY = "sk-canary-0123456789abcdef"


def of_anthropic(kind, message=""):
    return {"type": "error", "error": {"type": kind, "message": message}}


def of_openai(code, message="", kind="invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def of_google(code, status, message="", *details):
    return {"error": {"code": code, "status": status, "message": message, "details": [*details]}}


def violation(quota):
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": quota}],
    }


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (AuthError, 401, of_anthropic("authentication_error", "invalid x-api-key")),
        (NotPermitted, 403, of_anthropic("permission_error")),
        (UnknownModel, 404, of_anthropic("not_found_error", "model: claude-none")),
        (RateLimited, 429, of_anthropic("rate_limit_error", "input tokens per minute")),
        (OutOfQuota, 400, of_anthropic("invalid_request_error", "Your credit balance is too low")),
        (OutOfQuota, 402, of_anthropic("billing_error")),
        (TooLong, 413, of_anthropic("request_too_large")),
        (TooLong, 400, of_anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8")),
        (Overloaded, 529, of_anthropic("overloaded_error", "Overloaded")),
        (Overloaded, None, of_anthropic("overloaded_error", "Overloaded")),
        (ServerFailed, 500, of_anthropic("api_error")),
        (TimedOut, 504, of_anthropic("timeout_error")),
        (ProviderError, 400, of_anthropic("invalid_request_error", "stop: too many")),
        (AuthError, 401, of_openai("invalid_api_key", f"Incorrect API key provided: {KEY}.")),
        (NotPermitted, 403, of_openai("unsupported_country_region_territory")),
        (UnknownModel, 404, of_openai("model_not_found")),
        (RateLimited, 429, of_openai("rate_limit_exceeded", kind="tokens")),
        (RateLimited, 429, of_openai(None, "The context window of this tier is limited", "")),
        (RateLimited, None, of_openai("rate_limit_exceeded", kind="requests")),
        (OutOfQuota, 429, of_openai("insufficient_quota", kind="insufficient_quota")),
        (TooLong, 400, of_openai("context_length_exceeded")),
        (Refused, 400, of_openai("content_policy_violation")),
        (Refused, 400, of_openai("content_filter")),
        (Refused, None, of_openai("invalid_prompt")),
        (ServerFailed, 500, of_openai(None, kind="server_error")),
        (Overloaded, 503, of_openai(None, kind="server_error")),
        (ServerFailed, 502, {"error": {"code": 502, "message": "Bad upstream"}}),
        (Overloaded, None, {"error": {"code": 503, "message": "no provider is left"}}),
        (ProviderError, 400, of_openai("unsupported_parameter")),
        (ProviderError, 422, {"detail": [{"msg": "field required"}]}),
        (UnknownModel, 404, {"object": "error", "message": "no such", "code": 404}),
        (AuthError, 400, of_google(400, "INVALID_ARGUMENT", "API key not valid. Please pass one")),
        (AuthError, 401, of_google(401, "UNAUTHENTICATED")),
        (NotPermitted, 403, of_google(403, "PERMISSION_DENIED")),
        (UnknownModel, 404, of_google(404, "NOT_FOUND", "models/none is not found")),
        (RateLimited, 429, of_google(429, "RESOURCE_EXHAUSTED", "", violation("PerMinute-Free"))),
        (OutOfQuota, 429, of_google(429, "RESOURCE_EXHAUSTED", "", violation("PerDay-FreeTier"))),
        (Overloaded, 503, [of_google(503, "UNAVAILABLE", "The model is overloaded")]),
        (ServerFailed, 500, of_google(500, "INTERNAL")),
        (TimedOut, 504, of_google(504, "DEADLINE_EXCEEDED")),
        (UnknownModel, 404, {"error": "model 'none' not found"}),
        (UnknownModel, None, {"error": "model 'none' not found, try pulling it first"}),
        (ProviderError, 400, {"error": "registry does not support tools"}),
        (ServerFailed, 500, {"error": "llama runner process has terminated"}),
        (Overloaded, 503, {"error": "server busy, please try again"}),
        (OutOfQuota, 402, {"error": {"message": "Insufficient Balance", "code": 402}}),
    ],
)
def test_the_kind_is_read_from_what_a_vendor_says(kind, status, body):
    error = failure("the vendor", status, json.dumps(body).encode(), secrets=[KEY])
    assert type(error) is kind
    assert error.status == status
    assert error.message.startswith("the vendor") or kind is TooLong
    waiting = kind in {RateLimited, Overloaded, ServerFailed, TimedOut}
    assert error.retryable is waiting
    assert failure("the vendor", status, body, secrets=[KEY]).message == error.message
    assert KEY not in f"{error} {error!r} {error.hint}"


@pytest.mark.parametrize(
    ("tokens", "limit", "said"),
    [
        (210_000, 200_000, "prompt is too long: 210000 tokens > 200000 maximum"),
        (
            210_000,
            200_000,
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease",
        ),
        (
            1_250_074,
            1_048_576,
            "The input token count (1250074) exceeds the maximum of tokens allowed (1048576)",
        ),
        (
            150_000,
            128_000,
            "The maximum context length is 128000 tokens. Your messages resulted in 150000 tokens.",
        ),
        (
            9_000,
            8_192,
            "The maximum context length is 8,192 tokens. You requested 9,000 tokens (8,000 are in)",
        ),
        (None, None, "Your input exceeds the context window of this model."),
        (None, 4096, "The prompt exceeds the context length of 4096"),
    ],
)
def test_a_request_that_is_too_long_says_by_how_much(tokens, limit, said):
    error = failure("x", 400, {"error": {"message": said}})
    assert type(error) is TooLong
    assert (error.tokens, error.limit) == (tokens, limit)


def test_llama_cpp_counts_in_fields_of_their_own():
    said = {"code": 400, "message": "too big", "type": "exceed_context_size_error"}
    error = failure("x", 400, {"error": {**said, "n_prompt_tokens": 5000, "n_ctx": 4096}})
    assert (error.tokens, error.limit) == (5000, 4096)


@pytest.mark.parametrize(
    ("seconds", "headers", "error"),
    [
        (7.0, {"retry-after": "7"}, {}),
        (60.0, {"retry-after": "Fri, 02 Jan 2026 03:05:05 GMT"}, {}),
        (0.25, {"retry-after-ms": "250"}, {}),
        (1.0, {"retry-after": "1", "retry-after-ms": "0"}, {}),
        (
            360.0,
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"},
            {},
        ),
        (
            0.012,
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "12ms",
                "x-ratelimit-remaining-tokens": "9",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            {},
        ),
        (
            30.0,
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-01-02T03:04:35Z",
            },
            {},
        ),
        (
            55.0,
            {},
            {
                "metadata": {
                    "headers": {
                        "X-RateLimit-Remaining": "0",
                        "X-RateLimit-Reset": str(int(NOW.timestamp() * 1000) + 55_000),
                    }
                }
            },
        ),
        (9.0, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, {}),
        (48.0, {}, {"details": [{"@type": "x"}, {"retryDelay": "48s"}]}),
        (0.5, {}, {"details": [{"retryDelay": "0.5s"}], "message": "Please retry in 9s."}),
        (20.0, {}, {"message": "Please try again in 20s. Visit the page"}),
        (374.4, {}, {"message": "Please try again in 6m14.4s."}),
        (48.939935699, {}, {"message": "Please retry in 48.939935699s."}),
        (5.0, {}, {"message": "Please retry after 5 seconds."}),
        (None, {"retry-after": "soon"}, {"message": "Slow down"}),
        (None, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, {}),
        (None, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "9"}, {}),
    ],
)
def test_each_form_of_how_long_to_wait(seconds, headers, error):
    found = wait(headers, error, error.get("message", ""), NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))
    made = failure("x", 429, {"error": error}, headers, now=NOW)
    assert type(made) is RateLimited
    assert made.retry_after == found


@pytest.mark.parametrize("text", ["", "6", "m", "6m 0s", "-1s", "1.2.3s", "1y", "٣s"])
def test_no_duration(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (BadReply, 200, b"<!DOCTYPE html><title>Sign in</title>"),
        (BadReply, 200, b""),
        (BadReply, 404, b"404 page not found"),
        (ServerFailed, 502, b"<html><h1>Bad Gateway</h1></html>"),
        (Overloaded, 503, b"upstream connect error"),
        (Overloaded, 529, b""),
        (AuthError, 401, b"Unauthorized"),
        (TimedOut, 504, b"\xff\xfe"),
        (RateLimited, 429, b"error code: 1015"),
        (ProviderError, 418, b"[1, 2]"),
    ],
)
def test_an_answer_that_is_no_json(kind, status, body):
    error = failure("x", status, body, {"retry-after": "3"}, now=NOW)
    assert type(error) is kind
    assert "<h1>" not in error.message
    assert error.retry_after == (3.0 if error.retryable else error.retry_after)


@pytest.mark.parametrize(
    "told",
    [
        f"no such key {KEY}",
        "Incorrect API key provided: sk-pr***********wxyz.",
        "bad AIzaSyCanary0123456789 here",
        "got Authorization: Bearer canary0123456789",
        "gsk_canary0123456789 is revoked",
        "the key letmein-canary is old",
    ],
)
def test_no_key_is_shown(told):
    for body in ({"error": {"message": told}}, told.encode()):
        error = failure("x", 401, body, secrets=[KEY, "letmein-canary", ""])
        assert "[key]" in error.message
        for secret in ("canary", "wxyz", "AIza"):
            assert secret not in f"{error} {error!r} {error.hint}"


def test_what_is_shown_is_one_line_of_bounded_length():
    told = "a\nb\x1b[31m\u202e" + "c" * 10_000
    error = failure("x", 400, {"error": {"message": told}})
    assert len(error.message) < 400
    assert error.message.isprintable()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "status", "type", "details", "metadata"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANY, st.none() | st.integers(100, 599))
def test_any_json_is_some_error(body, status):
    error = failure("x", status, body, {}, now=NOW)
    assert isinstance(error, ProviderError)
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            [Limit("requests", 59, 1, 60), Limit("tokens", 149_984, 360, 150_000)],
        ),
        (
            {
                "anthropic-ratelimit-input-tokens-limit": "50000",
                "anthropic-ratelimit-input-tokens-remaining": "49000",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-27T12:00:30Z",
            },
            [Limit("input-tokens", 49_000, 30, 50_000)],
        ),
        (
            {"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOON.timestamp()) + 9)},
            [Limit("requests", 3, 9)],
        ),
        ({"x-ratelimit-remaining-tokens": "3"}, []),
        ({"x-ratelimit-remaining-tokens": "x", "x-ratelimit-reset-tokens": "1s"}, []),
        ({"x-ratelimit-remaining-tokens": "3", "x-ratelimit-reset-tokens": "soon"}, []),
        ({}, []),
    ],
)
def test_what_is_left_of_each_limit(headers, found):
    assert limits(headers, NOON) == found
