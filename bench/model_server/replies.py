"""Streams of a reply in the five wire formats, one event a piece, as each vendor writes them."""

import json

PATHS = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "anthropic": "/messages",
    "gemini": "/models/m:streamGenerateContent",
    "ollama": "/api/chat",
}


def sse(*said: object, name: str = "") -> list[bytes]:
    """Events, as each vendor writes them."""
    head = f"event: {name}\n" if name else ""
    return [f"{head}data: {json.dumps(each)}\n\n".encode() for each in said]


def words(tokens: int) -> list[str]:
    """The text of a reply, a token each."""
    return [("The ", "bridge ", "is ", "watched ", "by ", "two. ")[at % 6] for at in range(tokens)]


def openai_chat(tokens: int) -> list[bytes]:
    """Chunks of a completion."""
    head = {
        "id": "chatcmpl-BenchBenchBenchBenchBenchBe",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "gpt-5.4-mini-2026-03-05",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }

    def choice(delta: object, finish: str | None = None) -> dict[str, object]:
        said = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head, "choices": [said], "usage": None, "obfuscation": "x8Yz"}

    usage = {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": tokens + 20}
    return [
        *sse(choice({"role": "assistant", "content": "", "refusal": None})),
        *sse(*(choice({"content": word}) for word in words(tokens))),
        *sse(choice({}, "stop"), {**head, "choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]


def openai_responses(tokens: int) -> list[bytes]:
    """Events of a response."""
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens + 20,
    }
    done = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_795_000_000,
        "model": "gpt-5.4-mini",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "status": "completed",
        "usage": usage,
    }
    at = {"item_id": "msg_0123456789abcdef0123456789abcdef", "output_index": 0, "content_index": 0}
    found = []
    kind = "response.output_text.delta"
    for number, word in enumerate(words(tokens)):
        said = {"type": kind, "sequence_number": number, **at, "delta": word, "logprobs": []}
        found += sse(said, name=kind)
    last = {"type": "response.completed", "sequence_number": tokens, "response": done}
    return [*found, *sse(last, name="response.completed")]


def anthropic(tokens: int) -> list[bytes]:
    """Events of a message."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 1},
    }
    block = {"type": "text", "text": ""}
    found = sse({"type": "message_start", "message": message}, name="message_start")
    found += sse(
        {"type": "content_block_start", "index": 0, "content_block": block},
        name="content_block_start",
    )
    for word in words(tokens):
        delta = {"type": "text_delta", "text": word}
        said = {"type": "content_block_delta", "index": 0, "delta": delta}
        found += sse(said, name="content_block_delta")
    found += sse({"type": "content_block_stop", "index": 0}, name="content_block_stop")
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    ended = {"type": "message_delta", "delta": stop, "usage": {"output_tokens": tokens}}
    return [
        *found,
        *sse(ended, name="message_delta"),
        *sse({"type": "message_stop"}, name="message_stop"),
    ]


def gemini(tokens: int) -> list[bytes]:
    """Chunks of generateContent; each counts anew."""
    found = []
    for number, word in enumerate(words(tokens)):
        candidate: dict[str, object] = {
            "content": {"parts": [{"text": word}], "role": "model"},
            "index": 0,
        }
        if number == tokens - 1:
            candidate["finishReason"] = "STOP"
        usage = {
            "promptTokenCount": 20,
            "candidatesTokenCount": number,
            "totalTokenCount": number + 20,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
        }
        said = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3.5"}
        found += sse({**said, "responseId": "0123456789abcdef"})
    return found


def ollama(tokens: int) -> list[bytes]:
    """Lines of a chat."""
    head = {"model": "llama3.2:3b", "created_at": "2026-11-27T12:00:00.123456789Z"}
    said = [
        {**head, "message": {"role": "assistant", "content": word}, "done": False}
        for word in words(tokens)
    ]
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    counts = {"total_duration": 1, "prompt_eval_count": 20, "eval_count": tokens}
    return [f"{json.dumps(each)}\n".encode() for each in [*said, {**head, **last, **counts}]]


STREAMS = {each.__name__: each for each in (openai_chat, openai_responses, anthropic, gemini)}
STREAMS["ollama"] = ollama
