"""A turn of a conversation as it is kept, and the hash that names it.

The hash covers what a turn says and where it stands, and not when it was said or what it cost: the
same words under the same parent are one turn, in however many branches.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from ttrpg_core.audience import GM, Audience
from ttrpg_core.llm.messages import (
    Finish,
    Image,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

Role = Literal["user", "assistant"]


@attrs.frozen
class Cited:
    """A passage that an answer was given, as it stood then: the book may be read anew since.

    ``number`` is the one that the model was to cite it by, ``path`` its headings, ``label`` the
    printed page and ``page`` the index of the first; ``digest`` is that of the chunk.
    """

    number: int
    book: str
    path: tuple[str, ...]
    label: str
    page: int | None
    text: str
    sha256: str = ""
    digest: str = ""
    audience: Audience = GM

    @property
    def heading(self) -> str:
        """The nearest of its headings."""
        return self.path[-1] if self.path else ""


@attrs.frozen
class Spent:
    """What a turn came to: tokens in and out, and US dollars, None when nobody knows."""

    input: int = 0
    output: int = 0
    cost: float | None = None


@attrs.frozen
class Turn:
    """One message, and what is known of it. ``hash`` and ``parent`` are "" until it is kept.

    ``finish`` is that of the reply, "cancelled" when it was stopped; "" for what a person says.
    """

    role: Role
    parts: tuple[Part, ...]
    sources: tuple[Cited, ...] = ()
    model: str = ""
    finish: Finish | Literal[""] = ""
    audience: Audience = GM
    spent: Spent | None = None
    hash: str = ""
    parent: str = ""
    at: str = ""

    @property
    def text(self) -> str:
        """The words, without thoughts and tools."""
        return "\n\n".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures."""
        return tuple(part for part in self.parts if isinstance(part, Image))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that were asked for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """What tools answered."""
        return tuple(part for part in self.parts if isinstance(part, ToolResult))

    @property
    def typed(self) -> bool:
        """Whether a person said this, and not a tool."""
        return self.role == "user" and not self.results

    @property
    def message(self) -> Message:
        """The turn as a model is told it."""
        return Message(self.role, self.parts)


@attrs.frozen
class Chat:
    """A conversation: the name of a turn. ``head`` is "" while nothing was said.

    ``campaign``, ``voice``, ``npc`` and ``model`` are what it goes on with; ``saved`` ones are
    not pruned. Times are ISO 8601 in UTC.
    """

    id: str
    title: str
    head: str = ""
    campaign: str = ""
    voice: str = ""
    npc: str = ""
    model: str = ""
    saved: bool = False
    created_at: str = ""
    updated_at: str = ""


@attrs.frozen
class Met:
    """A turn that a search of the history met, the conversations it stands in, and where it met.

    ``excerpt`` is a part of its words, ``marks`` the spans in it that met.
    """

    turn: Turn
    chats: tuple[str, ...]
    excerpt: str
    marks: tuple[tuple[int, int], ...]


def digest(data: bytes) -> str:
    """The name of bytes: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def name_of(turn: Turn, parent: str) -> str:
    """The hash of a turn under its parent."""
    said = [
        parent,
        turn.role,
        dumped(turn.parts),
        dumped_sources(turn.sources),
        turn.model,
        turn.finish,
        turn.audience.name,
    ]
    return digest(json.dumps(said).encode())


def dumped(parts: Iterable[Part]) -> str:
    """Parts as JSON; a picture by its hash, as its bytes are kept once."""
    return clean(json.dumps([_plain(part) for part in parts], ensure_ascii=False))


def loaded(text: str, pictures: Mapping[str, Image]) -> tuple[Part, ...]:
    """The parts of :func:`dumped`; a picture that is not among ``pictures`` is left out."""
    made = (_part(each, pictures) for each in json.loads(text))
    return tuple(part for part in made if part is not None)


def dumped_sources(sources: Iterable[Cited]) -> str:
    """Sources as JSON."""
    plain = [
        {**attrs.asdict(each, recurse=False), "audience": each.audience.name} for each in sources
    ]
    return clean(json.dumps(plain, ensure_ascii=False))


def loaded_sources(text: str) -> tuple[Cited, ...]:
    """The sources of :func:`dumped_sources`."""
    return tuple(
        Cited(**{**each, "path": tuple(each["path"]), "audience": Audience(each["audience"])})
        for each in json.loads(text)
    )


def clean(text: str) -> str:
    """A model's words without what no database keeps: halves of characters, and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _plain(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"text": part.text}
        case Image():
            return {"image": digest(part.data)}
        case Reasoning():
            return {"thought": attrs.asdict(part)}
        case ToolCall():
            return {"call": {**attrs.asdict(part), "arguments": dict(part.arguments)}}
        case ToolResult():
            return {"result": attrs.asdict(part)}


def _part(plain: Mapping[str, Any], pictures: Mapping[str, Image]) -> Part | None:
    match plain:
        case {"text": str(text)}:
            return Text(text)
        case {"image": str(name)}:
            return pictures.get(name)
        case {"thought": dict(fields)}:
            return Reasoning(**fields)
        case {"call": dict(fields)}:
            return ToolCall(**fields)
        case {"result": dict(fields)}:
            return ToolResult(**fields)
    return None
