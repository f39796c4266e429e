"""What is said to a model and what comes back, in no vendor's words.

Identity and storage are not here: a message is a value, two equal ones are the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

Finish = Literal["stop", "length", "tool", "refused", "cancelled"]
"""Why a reply ended: done, out of tokens, wants a tool, declined, or stopped by us."""


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
class ToolCall:
    """A model asks for a tool; ``arguments`` is the parsed JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@attrs.frozen
class ToolResult:
    """What a tool answered, to the call with this id; ``failed`` when it could not."""

    id: str
    text: str
    failed: bool = False


Part: TypeAlias = Text | Image | ToolCall | ToolResult


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
    """One call; ``max_tokens`` bounds the reply, ``temperature`` None leaves it to the vendor."""

    messages: tuple[Message, ...] = attrs.field(converter=_in_order)
    system: str = ""
    tools: tuple[Tool, ...] = ()
    max_tokens: int = 1024
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@attrs.frozen
class Usage:
    """Tokens of a call. ``cached`` are part of ``input``, ``reasoning`` part of ``output``."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@attrs.frozen
class Delta:
    """One piece of a streamed reply; most fields of most pieces are empty."""

    text: str = ""
    reasoning: str = ""
    tool_call: ToolCall | None = None
    usage: Usage | None = None
    finish: Finish | None = None
