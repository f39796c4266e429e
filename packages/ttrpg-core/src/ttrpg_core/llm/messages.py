"""What is said to a model and what comes back, in no vendor's words.

Identity and storage are not here: a message is a value, two equal ones are the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

Finish = Literal["stop", "length", "tool", "refused", "cancelled"]
"""Why a reply ended: done, out of tokens, wants a tool, declined, or stopped by us."""
Effort = Literal["low", "medium", "high"]
"""How much a model that can reason shall do so."""


@attrs.frozen
class Text:
    """Words."""

    text: str


@attrs.frozen
class Image:
    """A picture: its bytes and their media type, such as ``image/png``."""

    data: bytes = attrs.field(repr=False)
    media_type: str


@attrs.frozen
class Reasoning:
    """What a model thought before it spoke, to be given back as it came.

    ``signature`` is the vendor's own seal on it, and ``source`` the wire format that made it: no
    other one can use it, so it leaves it out. ``redacted`` thoughts have a seal and no words.
    """

    text: str
    signature: str = attrs.field(default="", repr=False)
    source: str = ""
    redacted: bool = False


@attrs.frozen
class ToolCall:
    """A model asks for a tool; ``arguments`` is the parsed JSON object.

    Where the model wrote no JSON object, or was cut off in the middle of it, ``arguments`` is empty
    and ``unread`` is what it wrote. ``signature`` is the vendor's own seal, to be given back.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    unread: str = ""
    signature: str = attrs.field(default="", repr=False)


@attrs.frozen
class ToolPiece:
    """A piece of a call while it streams, for showing; the whole ToolCall comes after it.

    ``index`` counts the calls of the reply from 0, so pieces of parallel calls are told apart;
    ``arguments`` is the next piece of the JSON text, and ``id`` and ``name`` are set when known.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@attrs.frozen
class ToolResult:
    """What a tool answered, to the call with this id; ``failed`` when it could not."""

    id: str
    text: str
    failed: bool = False


Part: TypeAlias = Text | Image | Reasoning | ToolCall | ToolResult


def _parts(value: str | Iterable[Part]) -> tuple[Part, ...]:
    return (Text(value),) if isinstance(value, str) else tuple(value)


@attrs.frozen
class Message:
    """One turn of ``user`` or ``assistant``; a plain text becomes one Text part."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...] = attrs.field(converter=_parts)


@attrs.frozen
class Tool:
    """Something a model may ask for: a JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


def _in_order(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(messages)


@attrs.frozen
class Request:
    """One call; ``max_tokens`` bounds the reply, ``temperature`` None leaves it to the vendor.

    ``schema`` is a JSON Schema that the text of the reply has to follow, where the model can do
    that. ``effort`` asks a model that can reason to do so, and how much; None leaves it to the
    vendor.
    """

    messages: tuple[Message, ...] = attrs.field(converter=_in_order)
    system: str = ""
    tools: tuple[Tool, ...] = ()
    max_tokens: int = 1024
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    effort: Effort | None = None


@attrs.frozen
class Usage:
    """Tokens of a call. ``cached`` are part of ``input``, ``reasoning`` part of ``output``.

    ``cached`` were read from the vendor's cache; ``written``, part of ``input`` too, were put there
    at a price of their own.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    written: int = 0


@attrs.frozen
class Delta:
    """One piece of a streamed reply; most fields of most pieces are empty.

    ``reasoning`` and ``tool_piece`` are for showing as they come; ``thought`` and ``tool_call``
    are the same things whole, once each, for keeping.
    """

    text: str = ""
    reasoning: str = ""
    tool_piece: ToolPiece | None = None
    thought: Reasoning | None = None
    tool_call: ToolCall | None = None
    usage: Usage | None = None
    finish: Finish | None = None
