"""Conversations as files: Markdown, JSON and HTML, for whoever may see them.

Thoughts and a vendor's seals stay here; a turn that the viewer may not see is left out as if it
had never been. ``scrub`` takes away what looks like a key, in case somebody pasted one.
"""

import base64
import html
import json
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ttrpg_core.audience import Audience, project
from ttrpg_core.errors import InputError
from ttrpg_core.llm.chats.turns import Chat, Cited, Turn, digest
from ttrpg_core.llm.messages import ToolCall, ToolResult
from ttrpg_core.text import printable, printable_json

FORMS = ("md", "json", "html")
STOPPED = "stopped"
"""What is said of a reply that did not end by itself."""
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  font: 1rem/1.5 system-ui, sans-serif }}
article {{ margin: 1.5rem 0; white-space: pre-wrap; overflow-wrap: anywhere }}
article.user {{ border-left: .25rem solid #888; padding-left: .75rem }}
h2 {{ font-size: .9rem; margin: 0 0 .25rem; white-space: normal }}
small, footer {{ color: #555; white-space: normal }}
img {{ max-width: 100% }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def shown(turns: Sequence[Turn], viewer: Audience) -> list[Turn]:
    """The turns that a viewer may see, each with the sources that it may see."""
    seen: list[Turn] = []
    for turn in project(turns, viewer):
        sources = tuple(project(turn.sources, viewer))
        above = seen[-1].hash if seen else ""
        seen.append(attrs.evolve(turn, sources=sources, parent=above))
    return seen


def export(
    chat: Chat, turns: Sequence[Turn], form: str, viewer: Audience, scrub: Callable[[str], str]
) -> str:
    """A conversation as ``md``, ``json`` or ``html`` text."""
    seen = shown(turns, viewer)
    title = scrub(chat.title if len(seen) == len(turns) else _seen_title(chat, seen))
    if form == "json":
        turns_told = [scrubbed(plain(turn), scrub) for turn in seen]
        told = {"schema": "ttrpg.chat.export/1", "title": title, "turns": turns_told}
        return printable_json(json.dumps(told, ensure_ascii=False, indent=2)) + "\n"
    if form == "md":
        return _visible(scrub(_markdown(title, seen)))
    if form == "html":
        body = "\n".join(_article(turn, scrub) for turn in seen)
        return _visible(_PAGE.format(title=html.escape(title), body=body))
    raise InputError(f"there is no export format {form!r:.60}", "One of: " + ", ".join(FORMS))


def plain(turn: Turn, *, pictures: bool = True) -> dict[str, Any]:
    """A turn as plain values, its pictures in base64 where they are wanted."""
    return {
        "id": turn.hash,
        "parent": turn.parent or None,
        "role": turn.role,
        "at": turn.at,
        "text": turn.text,
        "images": [
            {
                "id": digest(image.data),
                "media_type": image.media_type,
                **({"base64": base64.b64encode(image.data).decode()} if pictures else {}),
            }
            for image in turn.images
        ],
        "tools": [
            *({"tool": call.name, "arguments": dict(call.arguments)} for call in turn.calls),
            *({"result": each.text, "failed": each.failed} for each in turn.results),
        ],
        "sources": [
            {
                "number": each.number,
                "book": each.book,
                "page": each.label or None,
                "heading": each.heading,
                "text": each.text,
            }
            for each in turn.sources
        ],
        "model": turn.model or None,
        "finish": turn.finish or None,
        "audience": turn.audience.name,
        "spent": None if turn.spent is None else attrs.asdict(turn.spent),
    }


def speaker(turn: Turn) -> str:
    """Who says a turn, in a word or two."""
    if turn.results:
        return "Tool"
    return "You" if turn.role == "user" else turn.model or "Assistant"


def cited(source: Cited) -> str:
    """A source in one line: ``[2] SRD 5.1, p. 358, Grappled``."""
    page = f"{'pp.' if '-' in source.label else 'p.'} {source.label}" if source.label else ""
    said = ", ".join(part for part in (source.book, page, source.heading) if part)
    return f"[{source.number}] {said}"


def used(turn: Turn) -> list[str]:
    """What tools were asked for and answered, a line each."""
    lines = []
    for part in turn.parts:
        if isinstance(part, ToolCall):
            asked = json.dumps(dict(part.arguments), ensure_ascii=False) if part.arguments else ""
            lines.append(f"{part.name} {asked}".rstrip())
        elif isinstance(part, ToolResult):
            lines.append(f"{'failed: ' if part.failed else ''}{part.text}")
    return lines


def scrubbed(value: Any, scrub: Callable[[str], str]) -> Any:
    """Plain values with every text scrubbed, but for pictures, whose letters mean nothing."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [scrubbed(each, scrub) for each in value]
    if isinstance(value, dict):
        return {
            key: each if key == "base64" else scrubbed(each, scrub) for key, each in value.items()
        }
    return value


def _visible(text: str) -> str:
    """A file that may be looked at in a terminal, whatever a model wrote."""
    return printable(text.replace("\r\n", "\n").replace("\r", "\n"))


def _seen_title(chat: Chat, seen: Sequence[Turn]) -> str:
    """A title that tells no more than the turns do: a title is made of the first question."""
    from ttrpg_core.llm.chats.keeping import titled

    first = next((turn.text for turn in seen if turn.typed), "")
    return titled(first) if first else f"Conversation {chat.created_at[:10]}".rstrip()


def _markdown(title: str, turns: Sequence[Turn]) -> str:
    out = [f"# {title}"]
    for turn in turns:
        note = f" ({STOPPED})" if turn.finish == "cancelled" else ""
        out.append(f"## {speaker(turn)}{note}")
        out += [turn.text.strip()] if turn.text.strip() else []
        out += [f"*Picture: {i.media_type}, {len(i.data):,} bytes*" for i in turn.images]
        out += ["\n".join(f"    {line}" for line in each.splitlines()) for each in used(turn)]
        if turn.sources:
            out.append("\n".join(f"- {cited(each)}" for each in turn.sources))
    return "\n\n".join(out) + "\n"


def _article(turn: Turn, scrub: Callable[[str], str]) -> str:
    def safe(text: str) -> str:
        return html.escape(scrub(text))

    note = f" <small>{STOPPED}</small>" if turn.finish == "cancelled" else ""
    out = [f'<article class="{turn.role}"><h2>{safe(speaker(turn))}{note}</h2>{safe(turn.text)}']
    for image in turn.images:
        data = base64.b64encode(image.data).decode()
        out.append(f'<img alt="picture" src="data:{html.escape(image.media_type)};base64,{data}">')
    out += [f"<pre>{safe(line)}</pre>" for line in used(turn)]
    if turn.sources:
        rows = "".join(f"<li>{safe(cited(each))}</li>" for each in turn.sources)
        out.append(f"<footer><ul>{rows}</ul></footer>")
    return "".join(out) + "</article>"
