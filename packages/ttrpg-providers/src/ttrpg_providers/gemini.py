"""Google's Gemini: ``POST /v1beta/models/{model}:generateContent`` and ``:streamGenerateContent``.

With ``alt=sse`` a stream is server-sent events, without it one JSON array; the objects in them are
those of a whole reply. Source: ai.google.dev/api, the types of the vendor's own client 3.6, and
recorded traffic, read in November 2026.
"""

from collections.abc import Mapping, Sequence

import attrs

from ttrpg_core.errors import BadReply
from ttrpg_core.llm import (
    Delta,
    Finish,
    Image,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolPiece,
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
    parsed,
    rows,
    table,
    tool_finish,
    with_parts,
    words,
)

NAME = "gemini"
FINISH: dict[str, Finish] = {
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "refused",
    "RECITATION": "refused",
    "LANGUAGE": "refused",
    "BLOCKLIST": "refused",
    "PROHIBITED_CONTENT": "refused",
    "SPII": "refused",
    "IMAGE_SAFETY": "refused",
    "IMAGE_PROHIBITED_CONTENT": "refused",
    "IMAGE_RECITATION": "refused",
    "ESCALATION": "refused",
    "MODEL_ARMOR": "refused",
}
SPOILT = {
    "MALFORMED_FUNCTION_CALL": "wrote a call of a tool that cannot be read",
    "UNEXPECTED_TOOL_CALL": "asked for a tool that it was not given",
    "MALFORMED_RESPONSE": "wrote an answer that cannot be read",
    "MISSING_THOUGHT_SIGNATURE": "misses the seal of its own thoughts",
}
"""Reasons that are failures of the model, which asking again may mend."""


def body(request: Request, model: str, *, stream: bool = True) -> Json:  # noqa: ARG001
    """The JSON of a request; the model and whether to stream are in the address."""
    names = call_names(request)
    made: Json = {
        "contents": [
            {"role": "model" if message.role == "assistant" else "user", "parts": parts}
            for message in with_parts(request.messages)
            if (parts := [part for each in message.parts for part in _part(each, names)])
        ]
    }
    if request.system:
        made["systemInstruction"] = {"parts": [{"text": request.system}]}
    if request.tools:
        declared = [
            {
                "name": tool.name,
                "description": tool.description,
                "parametersJsonSchema": dict(tool.schema),
            }
            for tool in request.tools
        ]
        made["tools"] = [{"functionDeclarations": declared}]
    config: Json = {"maxOutputTokens": request.max_tokens}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = dict(request.schema)
    if request.effort is not None:
        config["thinkingConfig"] = {"thinkingLevel": request.effort, "includeThoughts": True}
    made["generationConfig"] = config
    return made


def _part(part: Part, names: Mapping[str, str]) -> list[Json]:
    if isinstance(part, Text):
        return [{"text": part.text}] if part.text else []
    if isinstance(part, Image):
        return [{"inlineData": {"mimeType": part.media_type, "data": encoded(part)}}]
    if isinstance(part, Reasoning):  # the seal of words comes in a part of its own, and goes so
        sealed: list[Json] = [{"text": "", "thoughtSignature": part.signature}]
        return sealed if part.source == NAME and part.signature else []
    known: Json = {} if part.id.startswith(LOCAL) else {"id": part.id}
    if isinstance(part, ToolCall):
        made: Json = {"functionCall": {**known, "name": part.name, "args": dict(part.arguments)}}
        return [made | {"thoughtSignature": part.signature} if part.signature else made]
    answer = {"error" if part.failed else "output": part.text}
    name = names.get(part.id, part.id)
    return [{"functionResponse": {**known, "name": name, "response": answer}}]


@attrs.define
class Fold:
    """Chunks or a whole reply into deltas; of several candidates the first."""

    _calls: int = attrs.field(default=0, init=False)
    ended: bool = attrs.field(default=False, init=False)
    secrets: Sequence[str] = attrs.field(default=(), init=False, repr=False)

    def event(self, event: Event) -> list[Delta]:
        """What a chunk says."""
        return self.whole(parsed(event.data))

    def whole(self, reply: Json) -> list[Delta]:
        """What a reply says; those of a stream are alike, and each says what is new."""
        if reply.get("error"):
            raise failure(NAME, None, reply, secrets=self.secrets)
        found: list[Delta] = []
        counted = reply.get("usageMetadata")
        usage = used(counted) if isinstance(counted, dict) else None
        for candidate in rows(reply.get("candidates")):
            if not count(candidate.get("index")):
                for part in rows(table(candidate.get("content")).get("parts")):
                    found += self._part(part, reply, usage)
                if candidate.get("finishReason"):
                    found += self._finish(words(candidate["finishReason"]))
        if usage is not None and not (found and found[-1].usage):
            found.append(Delta(usage=usage))
        if "promptFeedback" in reply and words(table(reply["promptFeedback"]).get("blockReason")):
            self.ended = True
            found.append(Delta(finish="refused"))
        return found

    def end(self) -> list[Delta]:
        """Nothing is left after a finish reason."""
        if not self.ended:
            raise broke_off()
        return []

    def _part(self, part: Json, reply: Json, usage: Usage | None) -> list[Delta]:
        """A part; every chunk counts anew, and what it counts goes with its words."""
        seal = words(part["thoughtSignature"]) if "thoughtSignature" in part else ""
        if "functionCall" in part:
            return self._call(table(part["functionCall"]), seal, words(reply.get("responseId")))
        text = words(part.get("text"))
        found = []
        if text and part.get("thought"):
            found.append(Delta(reasoning=text, usage=usage))
        elif text:
            found.append(Delta(text=text, usage=usage))
        if seal:
            found.append(Delta(thought=Reasoning("", seal, NAME)))
        return found

    def _call(self, asked: Json, seal: str, reply: str) -> list[Delta]:
        """A call comes whole; without an id it gets one, that of the reply and its place in it.

        Where the reply has none either, as of a proxy, the name stands for it: results are given
        back by name, and those of two turns must not be taken for one another.
        """
        place = self._calls
        self._calls += 1
        name = words(asked.get("name"))
        known = words(asked.get("id")) or f"{LOCAL}{reply or name}-{place}"
        made = call(name, asked.get("args"), known, signature=seal)
        piece = ToolPiece(place, known, made.name, argument_text(made))
        return [Delta(tool_piece=piece), Delta(tool_call=made)]

    def _finish(self, reason: str) -> list[Delta]:
        if not reason or reason == "FINISH_REASON_UNSPECIFIED":
            return []
        if reason in SPOILT:
            raise BadReply(f"the model of {NAME} {SPOILT[reason]}", "Ask again", retryable=True)
        self.ended = True
        return [Delta(finish=tool_finish(FINISH.get(reason, "stop"), self._calls))]


def used(usage: Json) -> Usage:
    """Tokens so far; thoughts are counted beside the candidates, and billed as output."""
    heard, said = count(usage.get("promptTokenCount")), count(usage.get("candidatesTokenCount"))
    cached = thought = 0
    if "toolUsePromptTokenCount" in usage:
        heard += count(usage["toolUsePromptTokenCount"])
    if "cachedContentTokenCount" in usage:
        cached = min(heard, count(usage["cachedContentTokenCount"]))
    if "thoughtsTokenCount" in usage:
        thought = count(usage["thoughtsTokenCount"])
    return Usage(heard, said + thought, cached, thought)
