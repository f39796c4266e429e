"""OpenAI's chat completions, ``POST /v1/chat/completions``, and every server that speaks them.

Source: developers.openai.com/api/docs, the types of the vendor's own client 3.57, and recorded
traffic of DeepSeek, OpenRouter, Azure and Ollama, read in November 2026.
"""

import re
from collections.abc import Sequence

import attrs

from ttrpg_core.llm import (
    Delta,
    Finish,
    Image,
    Message,
    Part,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from ttrpg_providers.failures import failure
from ttrpg_providers.streams import Event
from ttrpg_providers.wire import (
    DONE,
    Calls,
    Json,
    argument_text,
    broke_off,
    count,
    data_url,
    functions,
    parsed,
    rows,
    shaped,
    table,
    tool_finish,
    with_parts,
    words,
)

THINKING = re.compile(r"o[1-9]\b|gpt-(?:5(?!\.[1-5]|-chat)|[6-9])")
FINISH: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "refused",
}


def body(request: Request, model: str, *, stream: bool = True, limit: str = "max_tokens") -> Json:
    """The JSON of a request.

    ``limit`` names the field for the most tokens: OpenAI wants ``max_completion_tokens``, the
    servers that speak its format know ``max_tokens``.
    """
    made: Json = {"model": model, limit: request.max_tokens, "messages": _messages(request)}
    if request.tools:
        made["tools"] = functions(request.tools)
    if request.temperature is not None and sampled(model):
        made["temperature"] = request.temperature
    if request.stop:
        made["stop"] = list(request.stop)
    if request.schema is not None:
        schema: Json = {"name": "answer", "schema": dict(request.schema)}
        if shaped(request.schema):
            schema["strict"] = True
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.effort is not None:
        made["reasoning_effort"] = request.effort
    if stream:
        made["stream"] = True
        made["stream_options"] = {"include_usage": True}
    return made


def sampled(model: str) -> bool:
    """Whether a model takes a temperature: OpenAI's that think of themselves refuse one."""
    return not THINKING.match(model)


def _messages(request: Request) -> list[Json]:
    made: list[Json] = []
    if request.system:
        made.append({"role": "system", "content": request.system})
    for message in with_parts(request.messages):
        made += _assistant(message) if message.role == "assistant" else _user(message)
    return made


def _assistant(message: Message) -> list[Json]:
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    calls = [
        {
            "id": part.id,
            "type": "function",
            "function": {"name": part.name, "arguments": argument_text(part)},
        }
        for part in message.parts
        if isinstance(part, ToolCall)
    ]
    if not text and not calls:
        return []
    made: Json = {"role": "assistant", "content": text or None}
    return [made | {"tool_calls": calls} if calls else made]


def _user(message: Message) -> list[Json]:
    """Results of tools are messages of their own, and have to come right after their calls."""
    made: list[Json] = [
        {"role": "tool", "tool_call_id": part.id, "content": part.text}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    rest = [part for part in message.parts if isinstance(part, Text | Image)]
    if rest:
        made.append({"role": "user", "content": _content(rest)})
    return made


def _content(parts: Sequence[Part]) -> str | list[Json]:
    """Words alone are a plain string, which small servers want."""
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) == len(parts):
        return "\n".join(texts)
    made: list[Json] = []
    for part in parts:
        if isinstance(part, Text):
            made.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            made.append({"type": "image_url", "image_url": {"url": data_url(part)}})
    return made


@attrs.define
class Fold:
    """Chunks or a whole completion into deltas; of several choices the first."""

    vendor: str = "openai"
    _calls: Calls = attrs.field(factory=Calls, init=False)
    _refused: bool = attrs.field(default=False, init=False)
    ended: bool = attrs.field(default=False, init=False)
    secrets: Sequence[str] = attrs.field(default=(), init=False, repr=False)

    def event(self, event: Event) -> list[Delta]:
        """What a chunk says."""
        if event.data[:1] != "{" and event.data.strip() == DONE:  # some servers say no other end
            return self._finish("stop")
        return self._said(parsed(event.data), "delta")

    def whole(self, reply: Json) -> list[Delta]:
        """What a completion says that came in one piece."""
        return self._said(reply, "message")

    def end(self) -> list[Delta]:
        """Nothing is left after a finish reason."""
        if not self.ended:
            raise broke_off()
        return []

    def _said(self, reply: Json, where: str) -> list[Delta]:
        if reply.get("error"):
            raise failure(self.vendor, None, reply, secrets=self.secrets)
        found: list[Delta] = []
        for choice in rows(reply.get("choices")):
            if choice.get("error"):
                raise failure(self.vendor, None, choice, secrets=self.secrets)
            if not count(choice.get("index")):
                found += self._piece(table(choice.get(where)))
                if choice.get("finish_reason"):
                    found += self._finish(words(choice["finish_reason"]))
                if isinstance(choice.get("usage"), dict):  # Moonshot has it here
                    found.append(Delta(usage=used(choice["usage"])))
        usage = reply.get("usage")
        return [*found, Delta(usage=used(usage))] if isinstance(usage, dict) else found

    def _piece(self, delta: Json) -> list[Delta]:
        found: list[Delta] = []
        thought = words(delta.get("reasoning_content")) or words(delta.get("reasoning"))
        if thought:
            found.append(Delta(reasoning=thought))
        text = _text(delta.get("content"))
        if text:
            found.append(Delta(text=text))
        if delta.get("refusal"):
            self._refused = True
            found.append(Delta(text=words(delta["refusal"])))
        if delta.get("tool_calls"):
            found += self._called(delta["tool_calls"])
        return found

    def _called(self, pieces: object) -> list[Delta]:
        found = []
        for piece in rows(pieces):
            function = table(piece.get("function"))
            arguments = function.get("arguments")
            index = piece.get("index")
            if isinstance(arguments, dict):  # some servers send the object itself
                arguments = argument_text(ToolCall("", "", arguments))
            found.append(
                self._calls.piece(
                    index if isinstance(index, int) else None,
                    words(piece.get("id")),
                    words(function.get("name")),
                    words(arguments),
                )
            )
        return found

    def _finish(self, reason: str) -> list[Delta]:
        if not reason or self.ended:  # OpenRouter says it twice
            return []
        self.ended = True
        calls = self._calls.close_all()
        finish = tool_finish(FINISH.get(reason, "stop"), self._calls.seen)
        return [*calls, Delta(finish="refused" if self._refused else finish)]


def _text(content: object) -> str:
    """The words of a content, which is a string or, at Mistral, a list of parts."""
    if isinstance(content, list):
        return "".join(words(part.get("text")) for part in rows(content))
    return words(content)


def used(usage: object) -> Usage:
    """Tokens, as OpenAI counts them and as those do who left the details elsewhere."""
    counted = table(usage)
    details = table(counted.get("prompt_tokens_details"))
    heard, said = count(counted.get("prompt_tokens")), count(counted.get("completion_tokens"))
    thought = count(table(counted.get("completion_tokens_details")).get("reasoning_tokens"))
    if thought and count(counted.get("total_tokens")) == heard + said + thought:
        said += thought  # xAI counts them beside the completion, all others within
    cached = count(details.get("cached_tokens")) or count(counted.get("prompt_cache_hit_tokens"))
    return Usage(
        input=heard,
        output=said,
        cached=min(heard, cached),
        reasoning=min(said, thought),
        written=min(heard, count(details.get("cache_write_tokens"))),
    )
