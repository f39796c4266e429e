"""Wire formats: what is sent for each kind of part of a conversation."""

import json

import pytest

from ttrpg_core.llm import (
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from ttrpg_providers import anthropic, gemini, ollama, openai_chat, openai_responses
from ttrpg_providers.wire import shaped

FORMATS = [anthropic, openai_chat, openai_responses, gemini, ollama]
SCHEMA = {
    "type": "object",
    "properties": {"dice": {"type": "string"}},
    "required": ["dice"],
    "additionalProperties": False,
}
ROLL = Tool("roll", "Rolls dice.", SCHEMA)
PICTURE = Image(b"\x89PNG", "image/png")
CALLS = [ToolCall("call-1", "roll", {"dice": "2d6"}), ToolCall("call-2", "roll", {"dice": "d20"})]
RESULTS = [ToolResult("call-1", "7"), ToolResult("call-2", "no such die", failed=True)]
LOOP = Request(
    [
        Message("user", [Text("What is on the map?"), PICTURE]),
        Message("assistant", [Text("I roll."), *CALLS]),
        Message("user", [Text("Go on."), *RESULTS]),
    ],
    system="Be brief.",
    tools=(ROLL,),
    max_tokens=99,
    temperature=0.5,
    stop=("END",),
    schema=SCHEMA,
    effort="low",
)


def test_anthropic_body():
    assert anthropic.body(LOOP, "claude-haiku-4-5") == {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is on the map?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I roll."},
                    {"type": "tool_use", "id": "call-1", "name": "roll", "input": {"dice": "2d6"}},
                    {"type": "tool_use", "id": "call-2", "name": "roll", "input": {"dice": "d20"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call-1", "content": "7"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "call-2",
                        "content": "no such die",
                        "is_error": True,
                    },
                    {"type": "text", "text": "Go on."},
                ],
            },
        ],
        "tools": [{"name": "roll", "description": "Rolls dice.", "input_schema": SCHEMA}],
        "temperature": 0.5,
        "stop_sequences": ["END"],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
        "stream": True,
    }


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-3-5-haiku-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-1", True),
        ("claude-haiku-4-5-20251001", True),
        ("claude-opus-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-opus-4-10", False),
        ("claude-sonnet-5", False),
        ("claude-fable-5-1", False),
        ("some-model", False),
    ],
)
def test_anthropic_is_told_a_temperature_where_the_model_takes_one(model, sent):
    assert ("temperature" in anthropic.body(LOOP, model)) is sent


def test_openai_chat_body():
    made = openai_chat.body(LOOP, "gpt-x", limit="max_completion_tokens")
    assert made.pop("messages") == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is on the map?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        },
        {
            "role": "assistant",
            "content": "I roll.",
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": "roll", "arguments": json.dumps(call.arguments)},
                }
                for call in CALLS
            ],
        },
        {"role": "tool", "tool_call_id": "call-1", "content": "7"},
        {"role": "tool", "tool_call_id": "call-2", "content": "no such die"},
        {"role": "user", "content": "Go on."},
    ]
    assert made == {
        "model": "gpt-x",
        "max_completion_tokens": 99,
        "temperature": 0.5,
        "stop": ["END"],
        "tools": [
            {
                "type": "function",
                "function": {"name": "roll", "description": "Rolls dice.", "parameters": SCHEMA},
            }
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
        "reasoning_effort": "low",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_openai_responses_body():
    made = openai_responses.body(LOOP, "gpt-x")
    assert made.pop("input") == [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is on the map?"},
                {
                    "type": "input_image",
                    "image_url": "data:image/png;base64,iVBORw==",
                    "detail": "auto",
                },
            ],
        },
        {"type": "message", "role": "assistant", "content": "I roll."},
        *(
            {
                "type": "function_call",
                "call_id": call.id,
                "name": "roll",
                "arguments": json.dumps(call.arguments),
            }
            for call in CALLS
        ),
        {"type": "function_call_output", "call_id": "call-1", "output": "7"},
        {"type": "function_call_output", "call_id": "call-2", "output": "no such die"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]},
    ]
    assert made["store"] is False
    assert made["text"]["format"]["strict"] is True
    assert made["reasoning"] == {"effort": "low", "summary": "auto"}
    assert made["instructions"] == "Be brief."
    assert made["max_output_tokens"] == 99


def test_gemini_body():
    assert gemini.body(LOOP, "gemini-x") == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "What is on the map?"},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "I roll."},
                    *(
                        {"functionCall": {"id": c.id, "name": "roll", "args": c.arguments}}
                        for c in CALLS
                    ),
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"text": "Go on."},
                    {
                        "functionResponse": {
                            "id": "call-1",
                            "name": "roll",
                            "response": {"output": "7"},
                        }
                    },
                    {
                        "functionResponse": {
                            "id": "call-2",
                            "name": "roll",
                            "response": {"error": "no such die"},
                        }
                    },
                ],
            },
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "roll", "description": "Rolls dice.", "parametersJsonSchema": SCHEMA}
                ]
            }
        ],
        "generationConfig": {
            "maxOutputTokens": 99,
            "temperature": 0.5,
            "stopSequences": ["END"],
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
            "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True},
        },
    }


def test_ollama_body():
    made = ollama.body(LOOP, "llama", stream=False)
    assert made.pop("messages") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is on the map?", "images": ["iVBORw=="]},
        {
            "role": "assistant",
            "content": "I roll.",
            "tool_calls": [{"function": {"name": "roll", "arguments": c.arguments}} for c in CALLS],
        },
        {"role": "tool", "content": "7", "tool_name": "roll"},
        {"role": "tool", "content": "no such die", "tool_name": "roll"},
        {"role": "user", "content": "Go on."},
    ]
    assert made["options"] == {"num_predict": 99, "temperature": 0.5, "stop": ["END"]}
    assert (made["format"], made["think"], made["stream"]) == (SCHEMA, "low", False)


@pytest.mark.parametrize("format_", FORMATS, ids=lambda each: each.__name__.split(".")[-1])
def test_a_plain_question_has_nothing_that_was_not_asked(format_):
    made = format_.body(Request([Message("user", "Hi"), Message("assistant", [])]), "m")
    sent = json.dumps(made)
    for word in ("tools", "temperature", "stop", "system", "think", "reason", "ormat", "effort"):
        assert f'"{word}' not in sent, word
    assert sent.count('"role"') == 1


def test_the_conversation_that_another_client_sent_is_the_one_we_send(recorded):
    """The recorded second request is ours, made of what the first answer said."""
    first, second = recorded("anthropic/llm-anthropic__test_tools.yaml")
    calls = [call for delta in _read(anthropic, first.body) if (call := delta.tool_call)]
    turns = [Message("user", "Two names for a pet pelican"), Message("assistant", calls)]
    results = [
        ToolResult(call.id, name) for call, name in zip(calls, ("Charles", "Sammy"), strict=True)
    ]
    made = anthropic.body(Request([*turns, Message("user", results)]), "m")
    sent = second.sent["messages"]
    sent[1]["content"] = [block for block in sent[1]["content"] if block.get("text") != " "]
    assert made["messages"] == sent

    first, second = recorded("openai/otel__test_chat_completion_tool_calls_with_content.yaml")
    calls = [
        call
        for delta in openai_chat.Fold().whole(json.loads(first.body))
        if (call := delta.tool_call)
    ]
    question = "What's the weather in Seattle and San Francisco today?"
    results = [
        ToolResult(calls[0].id, "50 degrees and raining"),
        ToolResult(calls[1].id, "70 degrees and sunny"),
    ]
    asked = Request(
        [Message("user", question), Message("assistant", calls), Message("user", results)],
        system="You're a helpful assistant.",
    )
    made = openai_chat.body(asked, "m")["messages"]
    assert made[2].pop("content") is None
    assert made == second.sent["messages"]

    first, second = recorded("gemini/llm-gemini__test_tools_with_gemini_3_thought_signatures.yaml")
    (call,) = [
        d.tool_call for v in json.loads(first.body) for d in gemini.Fold().whole(v) if d.tool_call
    ]
    asked = Request(
        [
            Message("user", "What is 5 times 3?"),
            Message("assistant", [call]),
            Message("user", [ToolResult(call.id, "15")]),
        ]
    )
    made = json.dumps(gemini.body(asked, "m")["contents"], sort_keys=True)
    sent = second.sent["contents"]
    sent[1]["parts"] = [part for part in sent[1]["parts"] if part.get("text") != ""]
    text = json.dumps(sent, sort_keys=True)  # the other client wrote both in snake case
    text = text.replace("function_call", "functionCall")
    assert made == text.replace("function_response", "functionResponse")


def _read(format_, body):
    from ttrpg_providers.streams import Sse

    frames, fold = Sse(), format_.Fold()
    return [delta for event in frames.feed(body) + frames.end() for delta in fold.event(event)]


THOUGHTS = [
    Reasoning("Hm.", "seal", "anthropic"),
    Reasoning("", "hidden", "anthropic", redacted=True),
    Reasoning("Hm.", '{"id": "rs_1", "encrypted_content": "seal"}', "openai-responses"),
    Reasoning("", "seal", "gemini"),
    Reasoning("Hm.", source="ollama"),
]


@pytest.mark.parametrize("format_", FORMATS, ids=lambda each: each.__name__.split(".")[-1])
def test_thoughts_go_back_to_whom_they_came_from_and_to_nobody_else(format_):
    made = format_.body(Request([Message("assistant", [*THOUGHTS, Text("Yes.")])]), "m")
    sent = json.dumps(made)
    wanted = {
        anthropic: [
            '"thinking": "Hm.", "signature": "seal"',
            '"redacted_thinking", "data": "hidden"',
        ],
        openai_responses: ['"id": "rs_1", "encrypted_content": "seal"'],
        gemini: ['"text": "", "thoughtSignature": "seal"'],
        ollama: ['"thinking": "Hm."'],
    }.get(format_, [])
    assert all(each in sent for each in wanted)
    assert sent.count("seal") == sum("seal" in each for each in wanted)
    assert sent.count("Hm.") == sum("Hm." in each for each in wanted)


def test_a_strict_schema_is_one_that_says_everything():
    assert shaped(SCHEMA)
    assert shaped({"type": "array", "items": SCHEMA})
    assert shaped({"anyOf": [SCHEMA, {"type": "null"}]})
    assert not shaped(SCHEMA | {"required": []})
    assert not shaped(SCHEMA | {"additionalProperties": True})
    assert not shaped({"type": "array", "items": SCHEMA | {"required": []}})
    assert not shaped({"anyOf": [{"type": "object"} | {"properties": {"a": {}}}]})
    loose = SCHEMA | {"properties": {"dice": {"type": "object", "properties": {"a": {}}}}}
    assert not shaped(loose)
    loose_body = openai_chat.body(Request([Message("user", "Hi")], schema=loose), "m")
    assert "strict" not in loose_body["response_format"]["json_schema"]


@pytest.mark.parametrize("format_", [openai_chat, openai_responses])
@pytest.mark.parametrize(
    ("model", "taken"),
    [
        ("gpt-4o", True),
        ("gpt-5.4-mini", True),
        ("gpt-5-chat-latest", True),
        ("llama-3", True),
        ("openai/gpt-6-luna", True),
        ("gpt-5", False),
        ("gpt-5-mini", False),
        ("gpt-5.6-luna", False),
        ("gpt-6.2-sol", False),
        ("o3-mini", False),
    ],
)
def test_a_temperature_goes_to_the_models_of_openai_that_take_one(format_, model, taken):
    request = Request([Message("user", "Hi")], temperature=0.2)
    assert ("temperature" in format_.body(request, model)) is taken
