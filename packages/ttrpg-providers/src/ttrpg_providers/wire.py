"""What the wire formats share: reading JSON that may be anything, and folding calls that stream.

A format is one file of pure functions: a request becomes the JSON that its vendor wants, and a
``Fold`` turns events of a stream, or one whole reply, into deltas. What came from outside is read
with the four functions here, so a field that is missing or of another type is empty and never an
exception.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import attrs

from ttrpg_core.errors import BadReply
from ttrpg_core.llm import Delta, Finish, Image, Message, Request, Tool, ToolCall, ToolPiece
from ttrpg_providers.streams import Event

Json: TypeAlias = dict[str, object]
DONE = "[DONE]"
MOST_TOKENS = 1e15
"""A count beyond it is nonsense, and may be infinite."""
_NUMBERS = (int, float)
_DECODE = json.JSONDecoder().raw_decode
"""What json.loads calls, after it has looked for white space in a way that takes half as long."""
LOCAL = "local-"
"""How ids of calls start that we made up because the vendor gives none; they are not sent."""


class Fold(Protocol):
    """Turns what one vendor answers to one request into deltas; a new one for each reply.

    ``ended`` is true from the reason to end on; counts of tokens may still follow it. ``secrets``
    are what no error may show, though a server repeats it.
    """

    ended: bool
    secrets: Sequence[str]

    def event(self, event: Event) -> list[Delta]:
        """What an event of a stream says. Raises ProviderError where it is an error."""
        ...

    def whole(self, reply: Json) -> list[Delta]:
        """What a reply says that came in one piece."""
        ...

    def end(self) -> list[Delta]:
        """What is left when the stream is over; BadReply when it broke off."""
        ...


def table(value: object) -> Json:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Json]:
    """The objects of a JSON array; none for anything else."""
    if not isinstance(value, list):
        return []
    if len(value) == 1 and isinstance(value[0], dict):  # nearly always
        return value
    return [item for item in value if isinstance(item, dict)]


def words(value: object) -> str:
    """A JSON string; "" for anything else."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of tokens; 0 for anything else."""
    if isinstance(value, _NUMBERS) and value is not True and 0 <= value < MOST_TOKENS:
        return int(value)
    return 0


def parsed(text: str) -> Json:
    """The JSON object of an event or a reply.

    DONE is the end of a stream in OpenAI's chats; proxies write it after every format, where it
    says nothing.
    """
    bare = text.strip(" \t\r\n")
    try:
        value, end = _DECODE(bare)
    except (ValueError, RecursionError):
        value, end = None, 0
    if end != len(bare) or not isinstance(value, dict):
        if bare == DONE:
            return {}
        raise BadReply("the answer is not the JSON of a language model", "Check the base URL")
    return value


def is_json(text: str) -> bool:
    """Whether an event is whole."""
    try:
        parsed(text)
    except BadReply:
        return False
    return True


def call(
    name: str, arguments: object, call_id: str, *, signature: str = "", place: int = 0
) -> ToolCall:
    """A whole call; ``arguments`` is JSON text or the object itself, nothing is no arguments."""
    known = call_id or f"{LOCAL}{place}"
    if arguments is None or arguments == "":
        return ToolCall(known, name, {}, signature=signature)
    if isinstance(arguments, dict):
        return ToolCall(known, name, arguments, signature=signature)
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if value is None and text.strip() == "null":
        value = {}
    if isinstance(value, dict):
        return ToolCall(known, name, value, signature=signature)
    return ToolCall(known, name, {}, unread=text, signature=signature)


@attrs.define
class _Open:
    """One call whose arguments are still coming."""

    place: int
    id: str = ""
    name: str = ""
    pieces: list[str] = attrs.field(factory=list)


@attrs.define
class Calls:
    """Calls that come in pieces, each piece with the ``key`` of its call.

    A piece without a key belongs to the last call, and one with another id than its call has begins
    a new one: servers that speak OpenAI's format leave the index out, or give 0 to every call.
    """

    _open: dict[object, _Open] = attrs.field(factory=dict, init=False)
    _last: object = attrs.field(default=None, init=False)
    seen: int = attrs.field(default=0, init=False)

    def piece(self, key: object, call_id: str, name: str, arguments: str) -> Delta:
        """Take a piece, and give it on for showing."""
        if key is None:
            key = self._last if self._last in self._open and not call_id else ("id", call_id)
        known = self._open.get(key)
        if known is not None and call_id and known.id and call_id != known.id:
            key, known = (key, call_id), self._open.get((key, call_id))
        if known is None:
            known = self._open[key] = _Open(self.seen)
            self.seen += 1
        self._last = key
        known.id = known.id or call_id
        known.name = known.name or name
        known.pieces.append(arguments)
        return Delta(tool_piece=ToolPiece(known.place, known.id, known.name, arguments))

    def has(self, key: object) -> bool:
        """Whether a call of this key is open."""
        return key in self._open

    def close(self, key: object, whole: str = "") -> list[Delta]:
        """The call of this key is whole; ``whole`` are its arguments where they come once more."""
        known = self._open.pop(key, None)
        return [] if known is None else [_whole(known, whole)]

    def close_all(self) -> list[Delta]:
        """Every call is whole."""
        left = sorted(self._open.values(), key=lambda each: each.place)
        self._open.clear()
        return [_whole(each) for each in left]


def _whole(known: _Open, whole: str = "") -> Delta:
    text = whole or "".join(known.pieces)
    return Delta(tool_call=call(known.name, text, known.id, place=known.place))


def data_url(image: Image) -> str:
    """A picture as a ``data:`` URL."""
    return f"data:{image.media_type};base64,{encoded(image)}"


def encoded(image: Image) -> str:
    """The bytes of a picture in base64."""
    return base64.b64encode(image.data).decode("ascii")


def argument_text(each: ToolCall) -> str:
    """The arguments of a call as JSON text."""
    return json.dumps(dict(each.arguments), ensure_ascii=False)


def call_names(request: Request) -> dict[str, str]:
    """The name of the tool for each id of a call in the conversation."""
    return {
        part.id: part.name
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }


def tool_finish(finish: Finish, calls: int) -> Finish:
    """Vendors that say "stop" after asking for tools mean those."""
    return "tool" if finish == "stop" and calls else finish


def with_parts(messages: Iterable[Message]) -> Iterator[Message]:
    """The turns that say something: an empty one is refused by every vendor."""
    return (message for message in messages if message.parts)


def broke_off() -> BadReply:
    """The error of a stream that ended in the middle."""
    return BadReply(
        "the answer broke off before its end", "What came is kept; ask again", retryable=True
    )


def shaped(schema: Mapping[str, object]) -> bool:
    """Whether a JSON Schema says all that OpenAI's strict mode wants of it.

    Every object names all its properties as required and allows no others.
    """
    inner = [value for value in schema.values() if isinstance(value, dict)]
    for value in schema.values():
        if isinstance(value, list):
            inner += [item for item in value if isinstance(item, dict)]
    if schema.get("type") == "object" or "properties" in schema:
        properties = table(schema.get("properties"))
        required = schema.get("required")
        names = set(required) if isinstance(required, list) else set()
        if schema.get("additionalProperties") is not False or names != set(properties):
            return False
        inner = [item for item in inner if item is not properties]
        inner += [item for item in properties.values() if isinstance(item, dict)]
    return all(shaped(item) for item in inner)


def functions(tools: Sequence[Tool]) -> list[Json]:
    """Tools as OpenAI's chat format has them, which Ollama shares."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.schema),
            },
        }
        for tool in tools
    ]
