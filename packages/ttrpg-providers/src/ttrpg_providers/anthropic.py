"""Anthropic's Messages: ``POST /v1/messages`` with ``anthropic-version: 2023-06-01``.

Source: platform.claude.com/docs (streaming, thinking, structured outputs, errors) and the types of
the vendor's own client 2.14, read in November 2026.
"""

import json
import re
from collections.abc import Sequence

import attrs

from ttrpg_core.llm import (
    Delta,
    Finish,
    Image,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from ttrpg_providers.failures import failure
from ttrpg_providers.streams import Event
from ttrpg_providers.wire import (
    Calls,
    Json,
    broke_off,
    count,
    encoded,
    parsed,
    rows,
    table,
    with_parts,
    words,
)

NAME = "anthropic"
VERSION = "2023-06-01"
"""The value of the header ``anthropic-version``."""
SAMPLED = re.compile(
    r"claude-(?:[23]\b|instant|(?:opus|sonnet|haiku)-4(?:-[0-6](?!\d)|-20\d{6}|-latest|\Z))"
)
"""Models that take a temperature: since Opus 4.7 it is an error to send one."""
FINISH: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "refused",
}


def body(request: Request, model: str, *, stream: bool = True) -> Json:
    """The JSON of a request; ``max_tokens`` is a must here.

    A temperature goes to the models that take one, and is left out for the others.
    """
    made: Json = {
        "model": model,
        "max_tokens": request.max_tokens,
        "messages": [
            {"role": message.role, "content": content}
            for message in with_parts(request.messages)
            if (content := _content(message.parts))
        ],
    }
    if request.system:
        made["system"] = request.system
    if request.tools:
        made["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema)}
            for tool in request.tools
        ]
    if request.temperature is not None and SAMPLED.match(model):
        made["temperature"] = request.temperature
    if request.stop:
        made["stop_sequences"] = list(request.stop)
    output: Json = {}
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": dict(request.schema)}
    if request.effort is not None:
        made["thinking"] = {"type": "adaptive", "display": "summarized"}
        output["effort"] = request.effort
    if output:
        made["output_config"] = output
    if stream:
        made["stream"] = True
    return made


def _content(parts: Sequence[Part]) -> list[Json]:
    """Blocks; results of tools have to come first, and an empty text is refused."""
    ordered = sorted(parts, key=lambda part: not isinstance(part, ToolResult))
    return [block for part in ordered for block in _block(part)]


def _block(part: Part) -> list[Json]:
    made: Json = {}
    if isinstance(part, Text) and part.text.strip():
        made = {"type": "text", "text": part.text}
    elif isinstance(part, Image):
        source = {"type": "base64", "media_type": part.media_type, "data": encoded(part)}
        made = {"type": "image", "source": source}
    elif isinstance(part, ToolCall):
        given = dict(part.arguments)
        made = {"type": "tool_use", "id": part.id, "name": part.name, "input": given}
    elif isinstance(part, ToolResult):
        made = {"type": "tool_result", "tool_use_id": part.id, "content": part.text}
        if part.failed:
            made["is_error"] = True
    elif isinstance(part, Reasoning) and part.source == NAME:
        made = {"type": "thinking", "thinking": part.text, "signature": part.signature}
        if part.redacted:
            made = {"type": "redacted_thinking", "data": part.signature}
    return [made] if made else []


@attrs.define
class _Thought:
    text: list[str] = attrs.field(factory=list)
    signature: str = ""


@attrs.define
class Fold:
    """Events or a whole message into deltas."""

    _calls: Calls = attrs.field(factory=Calls, init=False)
    _thoughts: dict[int, _Thought] = attrs.field(factory=dict, init=False)
    _usage: Json = attrs.field(factory=dict, init=False)
    ended: bool = attrs.field(default=False, init=False)
    secrets: Sequence[str] = attrs.field(default=(), init=False, repr=False)

    def event(self, event: Event) -> list[Delta]:
        """What an event says; those that are new to us say nothing."""
        said = parsed(event.data)
        kind = said.get("type")
        if kind == "content_block_delta":
            return self._piece(count(said.get("index")), table(said.get("delta")))
        if kind == "content_block_start":
            return self._start(count(said.get("index")), table(said.get("content_block")))
        if kind == "content_block_stop":
            return self._stop(count(said.get("index")))
        if kind == "message_start":
            return [Delta(usage=self._count(table(said.get("message")).get("usage")))]
        if kind == "message_delta":
            return self._finish(table(said.get("delta")), said.get("usage"))
        if kind == "error":
            raise failure(NAME, None, said, secrets=self.secrets)
        return []

    def whole(self, reply: Json) -> list[Delta]:
        """What a message says that came in one piece."""
        found: list[Delta] = []
        for index, block in enumerate(rows(reply.get("content"))):
            found += self._start(index, block) + self._stop(index)
        return found + self._finish(reply, reply.get("usage"))

    def end(self) -> list[Delta]:
        """Nothing is left after a stop reason."""
        if not self.ended:
            raise broke_off()
        return []

    def _start(self, index: int, block: Json) -> list[Delta]:
        kind = block.get("type")
        if kind == "text":
            text = words(block.get("text"))
            return [Delta(text=text)] if text else []
        if kind == "thinking":
            text = words(block.get("thinking"))
            self._thoughts[index] = _Thought([text], words(block.get("signature")))
            return [Delta(reasoning=text)] if text else []
        if kind == "redacted_thinking":
            seal = words(block.get("data"))
            return [Delta(thought=Reasoning("", seal, NAME, redacted=True))]
        if kind == "tool_use":
            given = table(block.get("input"))  # whole messages have it here, streams later
            text = json.dumps(given, ensure_ascii=False) if given else ""
            known, name = words(block.get("id")), words(block.get("name"))
            return [self._calls.piece(index, known, name, text)]
        return []

    def _piece(self, index: int, delta: Json) -> list[Delta]:
        kind = delta.get("type")
        if kind == "text_delta":
            return [Delta(text=words(delta.get("text")))]
        if kind == "input_json_delta" and self._calls.has(index):
            return [self._calls.piece(index, "", "", words(delta.get("partial_json")))]
        thought = self._thoughts.get(index)
        if thought is not None and kind == "thinking_delta":
            text = words(delta.get("thinking"))
            thought.text.append(text)
            return [Delta(reasoning=text)]
        if thought is not None and kind == "signature_delta":
            thought.signature += words(delta.get("signature"))
        return []

    def _stop(self, index: int) -> list[Delta]:
        thought = self._thoughts.pop(index, None)
        if thought is not None:
            text = "".join(thought.text)
            return [Delta(thought=Reasoning(text, thought.signature, NAME))]
        return self._calls.close(index)

    def _finish(self, delta: Json, usage: object) -> list[Delta]:
        reason = words(delta.get("stop_reason"))
        counted = self._count(usage)
        if not reason:
            return [Delta(usage=counted)]
        self.ended = True
        left = self._calls.close_all()  # cut off by the limit of tokens
        return [*left, Delta(usage=counted, finish=FINISH.get(reason, "stop"))]

    def _count(self, usage: object) -> Usage:
        """What was used so far: the later counts are sums, and leave out what stays the same."""
        self._usage.update({name: value for name, value in table(usage).items() if value})
        runs = rows(self._usage.get("iterations")) or [self._usage]  # each of them is billed
        read = sum(count(run.get("cache_read_input_tokens")) for run in runs)
        written = sum(count(run.get("cache_creation_input_tokens")) for run in runs)
        spoken = sum(count(run.get("output_tokens")) for run in runs)
        details = table(self._usage.get("output_tokens_details"))
        return Usage(
            input=sum(count(run.get("input_tokens")) for run in runs) + read + written,
            output=spoken,
            cached=read,
            written=written,
            reasoning=min(spoken, count(details.get("thinking_tokens"))),
        )
