"""OpenAI's responses, ``POST /v1/responses``: the same models, asked without keeping state there.

Source: developers.openai.com/api/docs, the types of the vendor's own client 3.57, and recorded
traffic, read in November 2026.
"""

import json
from collections.abc import Sequence

import attrs

from ttrpg_core.llm import (
    Delta,
    Finish,
    Image,
    Message,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from ttrpg_providers.failures import failure
from ttrpg_providers.openai_chat import sampled
from ttrpg_providers.streams import Event
from ttrpg_providers.wire import (
    Calls,
    Json,
    argument_text,
    broke_off,
    count,
    data_url,
    parsed,
    rows,
    shaped,
    table,
    tool_finish,
    with_parts,
    words,
)

NAME = "openai"
SOURCE = "openai-responses"
"""Whose sealed thoughts these are."""
LIMITS: dict[str, Finish] = {"max_output_tokens": "length", "content_filter": "refused"}
_LAST = {"response.completed", "response.incomplete", "response.failed"}
_TEXT = {"response.output_text.delta", "response.refusal.delta"}
_THOUGHT = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}


def body(request: Request, model: str, *, stream: bool = True) -> Json:
    """The JSON of a request; stop sequences are not known here, and left out."""
    made: Json = {
        "model": model,
        "max_output_tokens": request.max_tokens,
        "input": [item for message in with_parts(request.messages) for item in _items(message)],
        "store": False,
    }
    if request.system:
        made["instructions"] = request.system
    if request.tools:
        made["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.schema),
                "strict": shaped(tool.schema),
            }
            for tool in request.tools
        ]
    if request.temperature is not None and sampled(model):
        made["temperature"] = request.temperature
    if request.schema is not None:
        made["text"] = {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "schema": dict(request.schema),
                "strict": shaped(request.schema),
            }
        }
    if request.effort is not None:
        made["reasoning"] = {"effort": request.effort, "summary": "auto"}
    if stream:
        made["stream"] = True
    return made


def _items(message: Message) -> list[Json]:
    """A turn as items; words and pictures that stand together are one message."""
    made: list[Json] = []
    content: list[Json] = []
    ordered = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
    for part in ordered:
        said = _content(part)
        if said is not None:
            content.append(said)
            continue
        made += _spoken(message.role, content)
        content = []
        made += _item(part)
    return made + _spoken(message.role, content)


def _content(part: Part) -> Json | None:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "input_image", "image_url": data_url(part), "detail": "auto"}
    return None


def _spoken(role: str, content: list[Json]) -> list[Json]:
    """A message; what the model said itself goes back as plain text, as it has no id here."""
    if not content:
        return []
    if role == "assistant":
        said = "".join(words(part.get("text")) for part in content)
        return [{"type": "message", "role": role, "content": said}]
    return [{"type": "message", "role": role, "content": content}]


def _item(part: Part) -> list[Json]:
    if isinstance(part, ToolCall):
        return [
            {
                "type": "function_call",
                "call_id": part.id,
                "name": part.name,
                "arguments": argument_text(part),
            }
        ]
    if isinstance(part, ToolResult):
        return [{"type": "function_call_output", "call_id": part.id, "output": part.text}]
    if isinstance(part, Reasoning) and part.source == SOURCE:
        sealed = table(json.loads(part.signature))
        return [{"type": "reasoning", "summary": [], **sealed}]
    return []


@attrs.define
class Fold:
    """Events or a whole response into deltas."""

    _calls: Calls = attrs.field(factory=Calls, init=False)
    _refused: bool = attrs.field(default=False, init=False)
    ended: bool = attrs.field(default=False, init=False)
    secrets: Sequence[str] = attrs.field(default=(), init=False, repr=False)

    def event(self, event: Event) -> list[Delta]:
        """What an event says; those that are new to us say nothing."""
        said = parsed(event.data)
        kind = words(said.get("type"))
        if kind == "error":
            raise failure(NAME, None, said, secrets=self.secrets)
        if kind in _LAST:
            return self._finish(table(said.get("response")))
        if kind == "response.output_item.added":
            return self._added(table(said.get("item")))
        if kind == "response.output_item.done":
            return self._done(table(said.get("item")))
        return self._piece(kind, words(said.get("delta")), words(said.get("item_id")))

    def _piece(self, kind: str, piece: str, key: object) -> list[Delta]:
        if kind in _TEXT:
            self._refused = self._refused or kind == "response.refusal.delta"
            return [Delta(text=piece)]
        if kind in _THOUGHT:
            return [Delta(reasoning=piece)]
        if kind == "response.function_call_arguments.delta" and self._calls.has(key):
            return [self._calls.piece(key, "", "", piece)]
        return []

    def whole(self, reply: Json) -> list[Delta]:
        """What a response says that came in one piece."""
        found: list[Delta] = []
        for item in rows(reply.get("output")):
            for part in rows(item.get("content")):
                self._refused = self._refused or part.get("type") == "refusal"
                found.append(Delta(text=words(part.get("text")) or words(part.get("refusal"))))
            thoughts = [words(part.get("text")) for part in rows(item.get("summary"))]
            found += [Delta(reasoning=text) for text in thoughts if text]
            found += self._added(item) + self._done(item)
        return [delta for delta in found if delta != Delta()] + self._finish(reply)

    def end(self) -> list[Delta]:
        """Nothing is left after the last event."""
        if not self.ended:
            raise broke_off()
        return []

    def _added(self, item: Json) -> list[Delta]:
        if item.get("type") != "function_call":
            return []
        call_id, name = words(item.get("call_id")), words(item.get("name"))
        return [
            self._calls.piece(words(item.get("id")), call_id, name, words(item.get("arguments")))
        ]

    def _done(self, item: Json) -> list[Delta]:
        if item.get("type") == "function_call":
            return self._calls.close(words(item.get("id")), words(item.get("arguments")))
        seal = words(item.get("encrypted_content"))
        if item.get("type") == "reasoning" and seal:
            text = "\n".join(words(part.get("text")) for part in rows(item.get("summary")))
            sealed = json.dumps({"id": words(item.get("id")), "encrypted_content": seal})
            return [Delta(thought=Reasoning(text, sealed, SOURCE))]
        return []

    def _finish(self, response: Json) -> list[Delta]:
        if response.get("error"):
            raise failure(NAME, None, response, secrets=self.secrets)
        status = words(response.get("status"))
        if status not in {"completed", "incomplete"}:
            raise broke_off()
        self.ended = True
        why = words(table(response.get("incomplete_details")).get("reason"))
        finish = LIMITS.get(why, "stop") if status == "incomplete" else "stop"
        calls = self._calls.close_all()
        ended = "refused" if self._refused else tool_finish(finish, self._calls.seen)
        return [*calls, Delta(usage=used(response.get("usage")), finish=ended)]


def used(usage: object) -> Usage:
    """Tokens as responses count them."""
    counted = table(usage)
    details = table(counted.get("input_tokens_details"))
    heard, said = count(counted.get("input_tokens")), count(counted.get("output_tokens"))
    thought = count(table(counted.get("output_tokens_details")).get("reasoning_tokens"))
    return Usage(
        input=heard,
        output=said,
        cached=min(heard, count(details.get("cached_tokens"))),
        reasoning=min(said, thought),
        written=min(heard, count(details.get("cache_write_tokens"))),
    )
