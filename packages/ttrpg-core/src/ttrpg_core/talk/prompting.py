"""What a model is told before a conversation goes on: who it is, what it may know, what was said.

Everything here has gone through :func:`~ttrpg_core.audience.project` for the one who hears it.
"""

from collections.abc import Iterable, Sequence

import attrs

from ttrpg_core.llm import Image, Message, Part, Text, ToolCall, ToolResult
from ttrpg_core.llm.chats import Turn
from ttrpg_core.talk.memory import Remembered, told
from ttrpg_core.talk.voices import Fact, Voice

LETTERS = 3.5
"""Characters of a token, about, where a history is cut: rather too short than too long."""
PICTURE = 1500
"""Tokens that a picture of an earlier turn is taken for."""
_HELPER = (
    "You help a Game Master at the table of a tabletop role-playing game. Answer in the language of"
    " the question. Say so when you do not know."
)
_PLAYERS = (
    "What you say is read by the players. Speak of nothing that only a Game Master would know."
)
_NPC = (
    "You play one character of a tabletop role-playing game, and speak as that character only. You"
    " know what stands here and what any person of that world would know; asked about anything"
    " else, the character does not know, and does not guess. You know of no rules, no players and"
    " no Game Master."
)
_TOOLS = (
    "Roll with the tool roll_dice and never make up a roll. What you would like to write down or"
    " change you only propose; the Game Master decides."
)


def system_prompt(
    voice: Voice,
    facts: Sequence[Fact],
    *,
    for_players: bool = False,
    remembered: Remembered | None = None,
    tools: bool = False,
    sources: str = "",
) -> str:
    """The instructions of a conversation; ``sources`` is what is said of passages and citing."""
    npc = voice.kind == "npc"
    parts = [_NPC if npc else _HELPER]
    if npc:
        parts.append(f"You are {voice.title}.")
    parts += [
        f"{label}: {value}."
        for label, value in (
            ("Tone", voice.tone),
            ("Perspective", voice.perspective),
            ("Manner", voice.manner),
            ("Words you like", "; ".join(voice.vocabulary)),
            ("Avoid", "; ".join(voice.avoid)),
        )
        if value
    ]
    if for_players:
        parts.append(_PLAYERS)
    if npc and (known := voice.knowledge()):
        parts.append("You know:\n" + "\n".join(f"- {fact.text}" for fact in known))
    if facts:
        parts.append("\n".join(fact.text for fact in facts))
    if remembered:
        parts += told(remembered)
    if tools and not npc:
        parts.append(_TOOLS)
    if sources:
        parts.append(sources)
    return "\n\n".join(parts)


def latest(turns: Iterable[Turn], tokens: int) -> list[Turn]:
    """The last turns that fit into so many tokens, from a question on; the very last always."""
    kept: list[Turn] = []
    spent = 0.0
    for turn in reversed(list(turns)):
        spent += _size(turn)
        if spent > tokens and kept:
            break
        kept.insert(0, turn)
    while kept and not kept[0].typed:
        kept.pop(0)
    return kept


def whole(messages: Iterable[Message]) -> list[Message]:
    """Messages that every vendor takes: calls answered, sides in turn, nothing empty.

    A tool call without its result, or a result without its call, is left out, as after a stop; two
    messages of one side become one.
    """
    merged: list[Message] = []
    for message in messages:
        parts = tuple(p for p in message.parts if not isinstance(p, Text) or p.text.strip())
        if not parts:
            continue
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, (*merged[-1].parts, *parts))
        else:
            merged.append(Message(message.role, parts))
    found: list[Message] = []
    for at, message in enumerate(merged):
        after = merged[at + 1].parts if at + 1 < len(merged) else ()
        before = merged[at - 1].parts if at else ()
        results = {p.id for p in after if isinstance(p, ToolResult)}
        calls = {p.id for p in before if isinstance(p, ToolCall)}
        parts = tuple(p for p in message.parts if _paired(p, calls, results))
        if parts:
            found.append(attrs.evolve(message, parts=parts))
    while found and found[0].role != "user":
        found.pop(0)
    return found if found == merged else whole(found)


def without_tools(message: Message) -> Message:
    """A message as a model is told it that cannot use tools, and may not take what they leave."""
    kept = tuple(p for p in message.parts if not isinstance(p, ToolCall | ToolResult))
    return attrs.evolve(message, parts=kept)


def _paired(part: Part, calls: set[str], results: set[str]) -> bool:
    if isinstance(part, ToolCall):
        return part.id in results
    return not isinstance(part, ToolResult) or part.id in calls


def _size(turn: Turn) -> float:
    size = 0.0
    for part in turn.parts:
        if isinstance(part, Image):
            size += PICTURE
        elif isinstance(part, ToolCall):
            size += len(str(dict(part.arguments))) / LETTERS
        else:
            size += len(part.text) / LETTERS
    return size
