"""Ollama's chat, ``POST /api/chat``: one JSON object a line, and no key.

Source: docs/api.md of ollama/ollama and recorded traffic, read in November 2026.
"""

from collections.abc import Sequence

import attrs

from ttrpg_core.llm import (
    Delta,
    Finish,
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolPiece,
    ToolResult,
    Usage,
)
from ttrpg_providers.failures import failure
from ttrpg_providers.streams import Event
from ttrpg_providers.wire import (
    LOCAL,
    Json,
    argument_text,
    broke_off,
    call,
    call_names,
    count,
    encoded,
    functions,
    parsed,
    rows,
    table,
    tool_finish,
    with_parts,
    words,
)

NAME = "ollama"
FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}


def body(request: Request, model: str, *, stream: bool = True) -> Json:
    """The JSON of a request; ``stream`` is true there when it is left out."""
    options: Json = {"num_predict": request.max_tokens}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.stop:
        options["stop"] = list(request.stop)
    names = call_names(request)
    messages: list[Json] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in with_parts(request.messages):
        messages += _results(message, names) + _message(message)
    made: Json = {"model": model, "messages": messages, "stream": stream, "options": options}
    if request.tools:
        made["tools"] = functions(request.tools)
    if request.schema is not None:
        made["format"] = dict(request.schema)
    if request.effort is not None:
        made["think"] = request.effort
    return made


def _results(message: Message, names: dict[str, str]) -> list[Json]:
    return [
        {"role": "tool", "content": part.text, "tool_name": names.get(part.id, part.id)}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]


def _message(message: Message) -> list[Json]:
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    made: Json = {"role": message.role, "content": text}
    images = [encoded(part) for part in message.parts if isinstance(part, Image)]
    if images:
        made["images"] = images
    calls = [
        {"function": {"name": part.name, "arguments": dict(part.arguments)}}
        for part in message.parts
        if isinstance(part, ToolCall)
    ]
    if calls:
        made["tool_calls"] = calls
    thoughts = [
        part.text for part in message.parts if isinstance(part, Reasoning) and part.source == NAME
    ]
    if thoughts:
        made["thinking"] = "".join(thoughts)
    return [made] if text or images or calls else []


@attrs.define
class Fold:
    """Lines or a whole reply into deltas."""

    _thought: list[str] = attrs.field(factory=list, init=False)
    _calls: int = attrs.field(default=0, init=False)
    ended: bool = attrs.field(default=False, init=False)
    secrets: Sequence[str] = attrs.field(default=(), init=False, repr=False)

    def event(self, event: Event) -> list[Delta]:
        """What a line says."""
        return self.whole(parsed(event.data))

    def whole(self, reply: Json) -> list[Delta]:
        """What a reply says; the lines of a stream are alike, and each says what is new."""
        if reply.get("error"):
            raise failure(NAME, None, reply, secrets=self.secrets)
        message = table(reply.get("message"))
        found: list[Delta] = []
        thought = words(message.get("thinking"))
        if thought:
            self._thought.append(thought)
            found.append(Delta(reasoning=thought))
        text = words(message.get("content"))
        if text:
            found += [*self._thoughts(), Delta(text=text)]
        for asked in rows(message.get("tool_calls")):
            found += [*self._thoughts(), *self._call(asked, words(reply.get("created_at")))]
        if reply.get("done") is True:
            self.ended = True
            finish = tool_finish(FINISH.get(words(reply.get("done_reason")), "stop"), self._calls)
            usage = Usage(count(reply.get("prompt_eval_count")), count(reply.get("eval_count")))
            found += [*self._thoughts(), Delta(usage=usage, finish=finish)]
        return found

    def end(self) -> list[Delta]:
        """Nothing is left after the line that is done."""
        if not self.ended:
            raise broke_off()
        return []

    def _thoughts(self) -> list[Delta]:
        """What was thought is whole when something else comes; it carries no seal here."""
        text = "".join(self._thought)
        self._thought.clear()
        return [Delta(thought=Reasoning(text, source=NAME))] if text else []

    def _call(self, asked: Json, moment: str) -> list[Delta]:
        """A call comes whole and, from older versions, without an id; it gets one then."""
        place = self._calls
        self._calls += 1
        function = table(asked.get("function"))
        known = words(asked.get("id")) or f"{LOCAL}{moment}-{place}"
        made = call(words(function.get("name")), function.get("arguments"), known)
        piece = ToolPiece(place, known, made.name, argument_text(made))
        return [Delta(tool_piece=piece), Delta(tool_call=made)]
