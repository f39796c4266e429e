"""Vendors over HTTP: recordings on loopback, sockets that close, keys, faults, lists, prices."""

import asyncio
import datetime as dt
import importlib
import json
import time
import tomllib
import zlib
from pathlib import Path

import attrs
import pytest

from ttrpg_core import errors
from ttrpg_core.context import Context
from ttrpg_core.errors import ConfigError, NotFound, ProviderError
from ttrpg_core.llm import Limit, Message, ModelInfo, Price, Request
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_providers import streams, vendors
from ttrpg_providers.catalogue import filled, own_prices

LISTED = tomllib.loads(Path(__file__).with_name("recordings.toml").read_text("utf-8"))["exchange"]
TALKS = [each for each in LISTED if "other" not in each]
NETWORK = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=0)
KEY = "sk-canary-0123456789"
ASK = Request([Message("user", "Hi")])
SSE = {"Content-Type": "text/event-stream"}
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
PATHS = {
    "anthropic": "/messages",
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "gemini": "/models/m:streamGenerateContent",
    "ollama": "/api/chat",
}
MEDIA = {"Sse": SSE, "Ndjson": NDJSON, "JsonArray": JSON, "": JSON}


def context(settings, *, network=NETWORK, key=KEY, offline=False) -> Context:
    return Context(settings=settings, secret=lambda *_: key, network=network, offline=offline)


def vendor(format_, url, **more):
    made = {
        "anthropic": lambda c: vendors.anthropic_vendor(c(vendors.AnthropicSettings(url))),
        "openai_chat": lambda c: vendors.openai_vendor(c(vendors.OpenAISettings(url, api="chat"))),
        "openai_responses": lambda c: vendors.openai_vendor(
            c(vendors.OpenAISettings(url, api="responses"))
        ),
        "gemini": lambda c: vendors.gemini_vendor(c(vendors.GeminiSettings(url))),
        "ollama": lambda c: vendors.ollama_vendor(c(vendors.OllamaSettings(url))),
    }
    return made[format_](lambda settings: context(settings, **more))


def ask(model, request=ASK):
    """The reply as far as it came, and the error that ended it."""

    async def go():
        reply = None
        try:
            async with model.stream(request) as reply:
                await reply.read()
        except ProviderError as error:
            return reply, error
        return reply, None

    return asyncio.run(go())


def name(each) -> str:
    return f"{each['file'].split('/')[1].split('.')[0][-60:]}-{each['number']}"


@pytest.mark.parametrize("each", TALKS, ids=name)
def test_a_recording_served_over_http_says_what_it_says(server, recorded, each):
    exchange = recorded(each["file"])[each["number"]]
    media = MEDIA[each.get("frames", "")]
    headers = {**media, **{n: v for n, v in exchange.headers.items() if "retry" in n}}
    body = exchange.body
    if ".chunks." in each["file"]:  # lines of what were server-sent events
        headers = SSE
        body = b"".join(b"data: %s\n\n" % line for line in body.splitlines())
    server.script[PATHS[each["format"]]] = [(exchange.status, headers, [body[:99], body[99:]])]
    reply, error = ask(vendor(each["format"], server.url).model("m"))
    if "error" in each:
        assert type(error) is getattr(errors, each["error"])
        assert error.retry_after == each.get("retry_after")
        return
    assert error is None
    assert reply.text.startswith(each["text"])
    assert len(reply.text) == each["length"]
    assert len(reply.reasoning) == each.get("thought", 0)
    assert [call.name for call in reply.tool_calls] == [call[0] for call in each.get("calls", [])]
    assert list(attrs.astuple(reply.usage)) == each["usage"]
    assert reply.finish == each["finish"]


def until_text(each, body: bytes) -> bytes:
    """The beginning of a stream in which something was said, and nothing ended."""
    frames = getattr(streams, each["frames"])()
    fold = importlib.import_module(f"ttrpg_providers.{each['format']}").Fold()
    for end in range(len(body)):
        for event in frames.feed(body[end : end + 1]):
            if any(delta.text for delta in fold.event(event)):
                return body[: end + 1]
    raise AssertionError


@pytest.mark.parametrize("format_", PATHS)
@pytest.mark.parametrize("leave", ["break", "cancel"])
def test_leaving_a_reply_closes_the_socket_at_once(server, recorded, format_, leave):
    each = next(
        e
        for e in TALKS
        if e["format"] == format_ and e.get("length", 0) > 3 and e["frames"] in {"Sse", "Ndjson"}
    )
    cut = until_text(each, recorded(each["file"])[each["number"]].body)
    server.script[PATHS[format_]] = [(200, MEDIA[each["frames"]], [cut, 30])]

    async def go():
        model = vendor(format_, server.url).model("m")
        replies = []
        came = asyncio.Event()

        async def read():
            async with model.stream(ASK) as reply:
                replies.append(reply)
                async for _ in reply:
                    if reply.text:
                        came.set()
                        if leave == "break":
                            return

        task = asyncio.create_task(read())
        await came.wait()
        start = time.perf_counter()
        if leave == "cancel":
            task.cancel()
        assert await asyncio.to_thread(server.left.wait, 5)
        seconds = time.perf_counter() - start
        await asyncio.gather(task, return_exceptions=True)
        return replies[0], seconds

    reply, seconds = asyncio.run(go())
    assert seconds < 2  # a busy machine; the goal is a tenth of a second
    assert reply.text
    assert reply.finish == "cancelled"


def test_openai_is_asked_for_responses_and_other_servers_for_chats(server):
    server.script["/responses"] = server.script["/chat/completions"] = [(503, {}, [])]
    named = vendors.ServerSettings((f"here {server.url}",))
    ask(vendors.openai_vendor(context(vendors.OpenAISettings(server.url))).model("m"))
    ask(vendors.Servers(context(named)).model("here/m"))
    assert [asked[0] for asked in server.asked] == ["/responses", "/chat/completions"]


def test_what_is_left_of_the_limits_is_known_when_the_reply_begins(server):
    left = {"X-RateLimit-Remaining-Tokens": "7", "X-RateLimit-Reset-Tokens": "1m30s"}
    server.script["/chat/completions"] = [(200, {**SSE, **left}, [HELLO])]

    async def go():
        async with vendor("openai_chat", server.url).model("m").stream(ASK) as reply:
            return reply.limits

    assert asyncio.run(go()) == (Limit("tokens", 7, 90),)


@pytest.mark.parametrize(
    ("format_", "header", "value"),
    [
        ("anthropic", "x-api-key", KEY),
        ("openai_chat", "authorization", f"Bearer {KEY}"),
        ("openai_responses", "authorization", f"Bearer {KEY}"),
        ("gemini", "x-goog-api-key", KEY),
        ("ollama", "authorization", f"Bearer {KEY}"),
    ],
)
def test_the_key_goes_into_its_header_and_nowhere_else(server, format_, header, value):
    echo = json.dumps({"error": {"message": f"bad key {KEY}", "type": "x"}}).encode()
    server.script[PATHS[format_]] = [(401, JSON, [echo])]
    made = vendor(format_, server.url)
    _, error = ask(made.model("m"))
    path, headers, sent = server.asked[0]
    assert headers[header] == value
    assert [name for name, each in headers.items() if KEY in each] == [header]
    assert KEY not in f"{path} {sent}"
    assert type(error) is errors.AuthError
    assert KEY not in f"{error} {error!r} {error.hint} {made.line!r} {error.__cause__!r}"


@pytest.mark.parametrize("format_", ["anthropic", "openai_chat", "gemini"])
def test_without_a_key_nothing_is_sent(server, format_):
    _, error = ask(vendor(format_, server.url, key=None).model("m"))
    assert type(error) is errors.AuthError
    assert "_API_KEY" in error.hint
    assert server.asked == []


def test_offline_nothing_is_sent(server):
    with pytest.raises(errors.Offline):
        ask(vendor("ollama", server.url, offline=True).model("m"))
    assert server.asked == []


HELLO = b'data: {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}\n\n'
BROKEN = {**SSE, "Content-Length": "9999"}
FAULTS = [
    ((200, {"Content-Type": "text/html"}, [b"<!DOCTYPE html><p>Sign in"]), errors.BadReply, ""),
    ((200, JSON, [b"nonsense"]), errors.BadReply, ""),
    ((200, JSON, [b'{"models": []}']), errors.BadReply, ""),
    ((200, SSE, []), errors.BadReply, ""),
    ((200, SSE, [HELLO]), errors.BadReply, "Hello"),
    ((200, SSE, [HELLO, b'data: {"choi']), errors.BadReply, "Hello"),
    ((200, BROKEN, [HELLO]), errors.Unreachable, "Hello"),
    ((200, SSE, [HELLO, b'data: {"error": {"code": 503}}\n\n']), errors.Overloaded, "Hello"),
    ((200, SSE, [HELLO, 5]), errors.TimedOut, "Hello"),
    ((302, {"Location": "/elsewhere"}, []), errors.BadReply, ""),
    ((401, {}, [b"Unauthorized"]), errors.AuthError, ""),
    ((404, {"Content-Type": "text/html"}, [b"<h1>404</h1>"]), errors.BadReply, ""),
    ((500, {}, []), errors.ServerFailed, ""),
    ((503, {}, []), errors.Overloaded, ""),
    ((529, {}, []), errors.Overloaded, ""),
    ((429, {"Retry-After": "7"}, []), errors.RateLimited, ""),
]


@pytest.mark.parametrize(("answer", "kind", "came"), FAULTS)
def test_a_fault_is_an_error_of_its_kind_and_what_came_is_kept(server, answer, kind, came):
    server.script["/chat/completions"] = [answer]
    limits = attrs.evolve(NETWORK, read_seconds=0.2)
    reply, error = ask(vendor("openai_chat", server.url, network=limits).model("m"))
    assert type(error) is kind
    assert (reply.text if reply else "") == came
    assert reply is None or reply.finish == "cancelled"
    assert error.hint


def test_a_retry_happens_before_the_first_byte_only(server):
    done = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    server.script["/chat/completions"] = [
        (503, {"Retry-After": "0"}, []),
        (200, SSE, [HELLO, done]),
    ]
    limits = attrs.evolve(NETWORK, retries=1)
    reply, error = ask(vendor("openai_chat", server.url, network=limits).model("m"))
    assert (reply.text, error, len(server.asked)) == ("Hello", None, 2)
    server.script["/chat/completions"] = [(200, BROKEN, [HELLO])]
    reply, error = ask(vendor("openai_chat", server.url, network=limits).model("m"))
    assert (reply.text, type(error), len(server.asked)) == ("Hello", errors.Unreachable, 3)


def test_a_packed_stream_is_unpacked_as_it_comes(server):
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(HELLO) + packer.flush(zlib.Z_SYNC_FLUSH)
    packed = {**SSE, "Content-Encoding": "gzip"}
    server.script["/chat/completions"] = [(200, packed, [first, 5])]
    limits = attrs.evolve(NETWORK, read_seconds=0.2)
    reply, error = ask(vendor("openai_chat", server.url, network=limits).model("m"))
    assert (reply.text, type(error)) == ("Hello", errors.TimedOut)
    server.script["/chat/completions"] = [(200, packed, [first, 0.2, b"no gzip"])]
    reply, error = ask(vendor("openai_chat", server.url).model("m"))
    assert (reply.text, type(error)) == ("Hello", errors.Unreachable)


def test_headers_of_the_settings_are_sent_and_not_shown(server):
    known = vendors.OpenAISettings(
        server.url, api="chat", headers=("X-Team: canary-team", "x-empty:")
    )
    server.script["/models"] = [(403, JSON, [b'{"error": {"message": "no canary-team"}}'])]
    made = vendors.openai_vendor(context(known))
    with pytest.raises(errors.NotPermitted) as caught:
        asyncio.run(made.models())
    assert server.asked[0][1]["x-team"] == "canary-team"
    assert "canary-team" not in f"{caught.value} {made.line!r}"
    with pytest.raises(ConfigError, match="Name: value"):
        vendors.openai_vendor(context(vendors.OpenAISettings(headers=("nonsense",))))


def test_a_short_header_is_no_secret(server):
    known = vendors.OpenAISettings(server.url, api="chat", headers=("X-Table: 3",))
    server.script["/models"] = [(403, JSON, [b'{"error": {"message": "not before 13:30"}}'])]
    with pytest.raises(errors.NotPermitted, match="13:30"):
        asyncio.run(vendors.openai_vendor(context(known)).models())


def models(made):
    return {info.id: info for info in asyncio.run(made.models())}


def test_gemini_lists_what_can_talk_over_all_pages(server, recorded):
    page, _ = recorded("gemini/llm-gemini__test_cli_gemini_models.yaml")
    token = json.loads(page.body)["nextPageToken"]
    last = {
        "models": [
            {"name": "models/gemini-3.5-flash", "supportedGenerationMethods": ["generateContent"]}
        ]
    }
    server.script["/models?pageSize=1000"] = [(200, JSON, [page.body])]
    server.script[f"/models?pageSize=1000&pageToken={token}"] = [
        (200, JSON, [json.dumps(last).encode()])
    ]
    found = models(vendor("gemini", server.url))
    assert found["gemini-2.5-flash"].context == 1_048_576
    assert found["gemini-2.5-flash"].max_output == 65_536
    assert found["gemini-2.5-flash"].capabilities == {"reasoning"}
    assert found["gemini-2.5-flash"].price is None
    assert found["gemini-3.5-flash"].price.output == 9.0
    assert not any("embedding" in each for each in found)
    assert len(server.asked) == 2


def test_anthropic_lists_pages_without_what_is_retired(server):
    can = {"image_input": {"supported": True}, "thinking": {"supported": False}}
    first = {
        "data": [
            {
                "id": "claude-haiku-4-5-20251001",
                "max_input_tokens": 200_000,
                "max_tokens": 64_000,
                "capabilities": can,
            },
            {"id": "claude-old", "lifecycle": "retired"},
        ],
        "has_more": True,
        "last_id": "claude-old",
    }
    server.script["/models?limit=1000"] = [(200, JSON, [json.dumps(first).encode()])]
    server.script["/models?limit=1000&after_id=claude-old"] = [
        (200, JSON, [b'{"data": [{"id": "claude-new"}], "has_more": false}'])
    ]
    found = models(vendor("anthropic", server.url))
    assert list(found) == ["claude-haiku-4-5-20251001", "claude-new"]
    info = found["claude-haiku-4-5-20251001"]
    assert (info.context, info.max_output) == (200_000, 64_000)
    assert info.capabilities == {"images", "tools"}
    assert (info.price.input, info.price.output) == (1.0, 5.0)
    assert found["claude-new"].price is None
    assert server.asked[0][1]["anthropic-version"] == "2023-06-01"


def test_a_list_without_end_ends(server):
    server.script["/models"] = [
        (200, JSON, [b'{"data": [{"id": "a"}], "has_more": true, "last_id": "a"}'])
    ]
    assert list(models(vendor("anthropic", server.url))) == ["a"]
    assert len(server.asked) == 50


def test_servers_have_names_and_one_that_is_down_hides_no_other(server):
    server.script["/v1/models"] = [(200, JSON, [b'{"data": [{"id": "m", "max_model_len": 9}]}'])]
    known = vendors.ServerSettings(
        servers=("near " + server.url + "/v1", "gone http://127.0.0.1:9/v1"),
        headers=("near X-Here: yes", "gone X-Here: no"),
        prices=("near/m 1 2 0.5", "* 0 0"),
    )
    made = vendors.Servers(context(known))
    found = models(made)
    assert list(found) == ["near/m"]
    assert found["near/m"].context == 9
    assert found["near/m"].price == Price(1, 2, cached=0.5, source="your settings")
    assert made.model("gone/x").info.price == Price(0, 0, source="your settings")
    assert server.asked[0][1]["x-here"] == "yes"
    gone = vendors.ServerSettings(servers=("gone http://127.0.0.1:9/v1",))
    with pytest.raises(errors.Unreachable):
        models(vendors.Servers(context(gone)))
    keyless = vendors.ServerSettings(servers=("near " + server.url + "/v1 NEAR_KEY",))
    _, error = ask(vendors.Servers(context(keyless, key=None)).model("near/m"))
    assert (type(error), "server-near" in error.hint) == (errors.AuthError, True)
    for wrong in ("nea/m", "near/", "m"):
        with pytest.raises(NotFound):
            made.model(wrong)
    assert models(vendors.Servers(context(vendors.ServerSettings()))) == {}


@pytest.mark.parametrize("line", ["", "groq", "groq a.example", "a/b http://c/", "a http://b/ C d"])
def test_a_server_that_is_written_wrongly(line):
    with pytest.raises(ConfigError, match="NAME URL"):
        vendors.Servers(context(vendors.ServerSettings(servers=(line,))))


def test_what_is_not_known_is_unpriced_and_the_user_stands_first():
    own = own_prices(["gpt-5.4 1 2", "house-model 0 0 0 0"], "x")
    assert filled("openai", ModelInfo("gpt-9"), {}).price is None
    assert filled("openai", ModelInfo("gpt-5.5-mini"), {}).price is None
    assert filled("openai", ModelInfo("gpt-5.4-2026-03-05"), {}).price.input == 2.5
    assert filled("openai", ModelInfo("gpt-5.4-2026-03-05"), own).price.input == 1
    assert filled("openai", ModelInfo("house-model"), own).price.written == 0
    assert filled("nobody", ModelInfo("gpt-5.4"), {}).price is None


@pytest.mark.parametrize(
    "line", ["", "m", "m 1", "m 1 x", "m 1 -2", "m 1 nan", "m 1 inf", "m 1 2 3 4 5"]
)
def test_a_price_that_is_written_wrongly(line):
    with pytest.raises(ConfigError, match="is no price"):
        own_prices([line], "plugins.openai.prices")


def test_every_listed_price_has_its_day_and_source():
    from ttrpg_providers.catalogue import _known

    prices = [info.price for models_ in _known().values() for info in models_.values()]
    assert len(prices) > 15
    for price in prices:
        assert price.input > 0
        assert price.output == 0 or price.input < price.output
        assert price.cached is None or price.cached < price.input
        assert price.written is None or price.input <= price.written <= 2 * price.input
        assert dt.date.fromisoformat(price.date).year == 2026
        assert price.source.startswith("https://")
        if price.beyond is not None:
            longer = price.beyond.price
            assert price.beyond.tokens >= 100_000
            assert price.input < longer.input < longer.output > price.output
            assert (longer.cached is None) == (price.cached is None)
            assert (longer.written is None) == (price.written is None)


def test_a_longer_prompt_has_the_price_that_its_vendor_asks_and_the_user_has_one():
    haiku = filled("anthropic", ModelInfo("claude-haiku-5-5"), {}).price
    assert [haiku.at(tokens).input for tokens in (100_000, 100_001)] == [0.1, 0.5]
    pro = filled("gemini", ModelInfo("gemini-3.1-pro-preview"), {}).price
    assert [pro.at(tokens).output for tokens in (200_000, 200_001)] == [12, 18]
    own = own_prices(["claude-haiku-5-5 1 2"], "x")
    assert filled("anthropic", ModelInfo("claude-haiku-5-5"), own).price.at(10**6).input == 1


def test_ollama_is_free_on_a_machine_of_ones_own_only():
    here = vendor("ollama", "http://127.0.0.1:11434")
    assert (here.model("llama").info.price.input, here.model("llama").info.price.output) == (0, 0)
    assert here.model("gpt-oss:120b-cloud").info.price is None
    assert vendor("ollama", "https://ollama.com").model("llama").info.price is None
