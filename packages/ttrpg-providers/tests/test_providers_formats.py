"""Wire formats: what usual and unusual answers mean."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.errors import BadReply, Overloaded, ProviderError, RateLimited, Refused
from ttrpg_core.llm import (
    Delta,
    Message,
    Reasoning,
    Reply,
    Request,
    ToolCall,
    ToolResult,
    Usage,
)
from ttrpg_providers import anthropic, gemini, ollama, openai_chat, openai_responses
from ttrpg_providers.streams import Event

FORMATS = [anthropic, openai_chat, openai_responses, gemini, ollama]


def stream(format_, *values, end=True):
    fold = format_.Fold()
    found = [
        delta
        for value in values
        for delta in fold.event(Event(value if isinstance(value, str) else json.dumps(value)))
    ]
    return found + fold.end() if end else found


def test_sealed_thoughts_of_a_stream_come_back_as_they_were():
    said = stream(
        anthropic,
        {"type": "message_start", "message": {"usage": {"input_tokens": 5}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
        _piece(0, {"type": "thinking_delta", "thinking": "A "}),
        _piece(0, {"type": "thinking_delta", "thinking": "name."}),
        _piece(0, {"type": "signature_delta", "signature": "se"}),
        _piece(0, {"type": "signature_delta", "signature": "al"}),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "redacted_thinking", "data": "hidden"},
        },
        {"type": "content_block_stop", "index": 1},
        {"type": "something_new", "index": 2},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 3},
        },
    )
    assert [delta.thought for delta in said if delta.thought] == [
        Reasoning("A name.", "seal", "anthropic"),
        Reasoning("", "hidden", "anthropic", redacted=True),
    ]
    assert said[-1] == Delta(usage=Usage(5, 3), finish="stop")


def _piece(index, delta):
    return {"type": "content_block_delta", "index": index, "delta": delta}


def chat(delta, finish=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def asked(index, call_id, name, arguments):
    made = {"id": call_id, "function": {"name": name, "arguments": arguments}}
    return made if index is None else {"index": index, **made}


@pytest.mark.parametrize(
    "pieces",
    [
        [
            asked(0, "a", "roll", '{"n":'),
            asked(0, None, None, "1}"),
            asked(1, "b", "roll", '{"n":2}'),
        ],
        [asked(0, "a", "roll", '{"n":'), asked(1, "b", "roll", '{"n":2}'), asked(0, "", "", "1}")],
        [asked(0, "a", "roll", '{"n":1}'), asked(0, "b", "roll", '{"n":2}')],  # every index is 0
        [asked(None, "a", "roll", '{"n":1}'), asked(None, "b", "roll", '{"n":2}')],  # no index
        [
            asked(None, "a", "roll", '{"n":'),
            asked(None, None, None, "1}"),
            asked(None, "b", "roll", '{"n":2}'),
        ],
        [asked(0, "a", "roll", {"n": 1}), asked(1, "b", "roll", {"n": 2})],  # no text
        [asked(1, "a", "roll", '{"n":1}'), asked(2, "b", "roll", '{"n":2}')],  # counted from 1
    ],
)
def test_calls_come_in_pieces_of_many_shapes(pieces):
    said = stream(
        openai_chat, *(chat({"tool_calls": [piece]}) for piece in pieces), chat({}, "stop")
    )
    calls = [delta.tool_call for delta in said if delta.tool_call]
    assert calls == [ToolCall("a", "roll", {"n": 1}), ToolCall("b", "roll", {"n": 2})]
    assert said[-1].finish == "tool"


@pytest.mark.parametrize(
    ("written", "arguments", "unread"),
    [
        ("", {}, ""),
        (None, {}, ""),
        ("null", {}, ""),
        ('{"a": 1}', {"a": 1}, ""),
        ('{"a": 1', {}, '{"a": 1'),
        ("[1]", {}, "[1]"),
        ("2d6", {}, "2d6"),
        ("[" * 100_000, {}, "[" * 100_000),
    ],
)
def test_arguments_that_are_no_object_are_kept_as_written(written, arguments, unread):
    said = stream(
        openai_chat, chat({"tool_calls": [asked(0, "a", "roll", written)]}), chat({}, "length")
    )
    assert [d.tool_call for d in said if d.tool_call] == [ToolCall("a", "roll", arguments, unread)]
    assert said[-1].finish == "length"


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 5}, Usage(9, 5)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
                "total_tokens": 14,
            },
            Usage(9, 5, cached=4, reasoning=3, written=2),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 4},
            Usage(9, 5, 4),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "total_tokens": 21,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(9, 12, reasoning=7),
        ),
        (
            {"prompt_tokens": -1, "completion_tokens": "many", "prompt_tokens_details": None},
            Usage(),
        ),
    ],
)
def test_tokens_as_servers_of_openais_format_count_them(usage, counted):
    said = stream(openai_chat, chat({"content": "Hi"}, "stop"), {"choices": [], "usage": usage})
    assert said[-1].usage == counted


def test_anthropic_counts_the_cache_beside_the_input():
    used = {
        "input_tokens": 10,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 30,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 4},
    }
    said = anthropic.Fold().whole({"content": [], "stop_reason": "end_turn", "usage": used})
    assert said[-1].usage == Usage(240, 7, cached=200, reasoning=4, written=30)


@pytest.mark.parametrize(
    ("format_", "error", "values"),
    [
        (anthropic, Overloaded, [{"type": "error", "error": {"type": "overloaded_error"}}]),
        (openai_chat, RateLimited, [{"error": {"code": 429, "message": "slow"}}]),
        (
            openai_chat,
            ProviderError,
            [chat({"content": "Hi"}), {"choices": [{"error": {"code": 502}}]}],
        ),
        (openai_responses, RateLimited, [{"type": "error", "code": "rate_limit_exceeded"}]),
        (
            openai_responses,
            Refused,
            [{"type": "response.failed", "response": {"error": {"code": "invalid_prompt"}}}],
        ),
        (gemini, Overloaded, [{"error": {"code": 503, "status": "UNAVAILABLE"}}]),
        (gemini, BadReply, [{"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}]),
        (ollama, ProviderError, [{"error": "an error was encountered while running the model"}]),
        *((format_, BadReply, ["<!DOCTYPE html>"]) for format_ in FORMATS),
        *((format_, BadReply, ["[1]"]) for format_ in FORMATS),
        *((format_, BadReply, ["{" * 100_000]) for format_ in FORMATS),
        *((format_, BadReply, []) for format_ in FORMATS),
    ],
)
def test_an_error_inside_a_stream_is_an_error(format_, error, values):
    with pytest.raises(error):
        stream(format_, *values)


@pytest.mark.parametrize(
    ("format_", "finish", "value"),
    [
        *(
            (anthropic, finish, {"type": "message_delta", "delta": {"stop_reason": reason}})
            for reason, finish in [*anthropic.FINISH.items(), ("new", "stop")]
        ),
        *(
            (openai_chat, finish, chat({}, reason))
            for reason, finish in [*openai_chat.FINISH.items(), ("new", "stop")]
        ),
        (openai_chat, "refused", chat({"refusal": "I can not."}, "stop")),
        (openai_chat, "stop", "[DONE]"),
        *(
            (gemini, finish, {"candidates": [{"finishReason": reason}]})
            for reason, finish in [*gemini.FINISH.items(), ("STOP", "stop"), ("OTHER", "stop")]
        ),
        (gemini, "refused", {"promptFeedback": {"blockReason": "SAFETY"}}),
        (ollama, "stop", {"done": True}),
        (ollama, "length", {"done": True, "done_reason": "length"}),
        *(
            (
                openai_responses,
                finish,
                {
                    "type": "response.incomplete",
                    "response": {"status": "incomplete", "incomplete_details": {"reason": reason}},
                },
            )
            for reason, finish in openai_responses.LIMITS.items()
        ),
        (
            openai_responses,
            "stop",
            {"type": "response.completed", "response": {"status": "completed"}},
        ),
    ],
)
def test_each_reason_to_end(format_, finish, value):
    assert stream(format_, value)[-1].finish == finish


KEYS = "type index delta content_block message choices candidates content parts text finish_reason"
KEYS += " finishReason usage usageMetadata tool_calls function arguments functionCall args id name"
KEYS += " response output item item_id error done done_reason thinking stop_reason status"
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "text", "tool_use", "thinking", "content_block_start", "STOP", "stop"])
    | st.sampled_from(["content_block_delta", "text_delta", "input_json_delta", "message_delta"])
    | st.sampled_from(["response.completed", "response.output_item.added", "function_call"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("format_", FORMATS, ids=lambda each: each.__name__.split(".")[-1])
@given(st.lists(st.dictionaries(st.sampled_from(KEYS.split()), ANY, max_size=6), max_size=4))
def test_any_json_gives_deltas_or_a_provider_error(format_, values):
    for fold, read in ((format_.Fold(), "event"), (format_.Fold(), "whole")):
        with contextlib.suppress(ProviderError):
            for value in values:
                data = Event(json.dumps(value)) if read == "event" else value
                for delta in getattr(fold, read)(data):
                    assert isinstance(delta, Delta)
                    assert delta.usage is None or min(delta.usage.input, delta.usage.output) >= 0
            fold.end()


def test_a_reply_of_a_format_can_be_sent_back():
    import asyncio

    said = stream(
        gemini,
        {
            "candidates": [
                {"content": {"parts": [{"text": "I ", "thought": True}, {"text": "roll."}]}}
            ]
        },
        {
            "responseId": "r",
            "candidates": [
                {
                    "finishReason": "STOP",
                    "content": {
                        "parts": [
                            {
                                "functionCall": {"name": "roll", "args": {}},
                                "thoughtSignature": "seal",
                            }
                        ]
                    },
                }
            ],
        },
    )

    async def read():
        async def pieces():
            for delta in said:
                yield delta

        reply = Reply(pieces())
        await reply.read()
        return reply

    reply = asyncio.run(read())
    turns = [reply.message(), Message("user", [ToolResult(reply.tool_calls[0].id, "7")])]
    assert gemini.body(Request(turns), "m")["contents"] == [
        {
            "role": "model",
            "parts": [
                {"text": "roll."},
                {"functionCall": {"name": "roll", "args": {}}, "thoughtSignature": "seal"},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "roll", "response": {"output": "7"}}}],
        },
    ]


@pytest.mark.parametrize("format_", [openai_responses, anthropic, gemini])
def test_the_end_mark_of_openai_says_nothing_in_other_formats(format_):
    """Proxies write it after every stream."""
    assert format_.Fold().event(Event("[DONE]")) == []


def test_calls_of_two_replies_without_ids_keep_their_names():
    """Of Gemini's format as a proxy writes it; results go back by name."""

    def reply(name):
        part = {"functionCall": {"name": name, "args": {}}}
        chunk = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
        return next(each.tool_call for each in gemini.Fold().whole(chunk) if each.tool_call)

    roll, search = reply("roll"), reply("search")
    turns = [
        Message("assistant", [roll]),
        Message("user", [ToolResult(roll.id, "7")]),
        Message("assistant", [search]),
        Message("user", [ToolResult(search.id, "found")]),
    ]
    body = gemini.body(Request(turns), "m")
    named = [
        part["functionResponse"]["name"]
        for turn in body["contents"]
        for part in turn["parts"]
        if "functionResponse" in part
    ]
    assert named == ["roll", "search"]
