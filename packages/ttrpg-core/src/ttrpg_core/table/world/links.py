"""Links in texts: ``[[Mara]]``, ``[[npc/mara]]``, ``[[Mara|the smith]]``, as Obsidian writes them.

A link means an entity by reference, id, name or alias. It is found when it is read, so a text may
link to what does not exist yet.
"""

import re
from collections.abc import Callable, Iterator

import attrs

UNKNOWN = "..."
"""What is said in the place of a name that somebody does not know."""
_LINK = re.compile(r"(!?)\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{0,200}))?\]\]")


@attrs.frozen
class Link:
    """A link: what it points at, how it is called there, and where it stands (characters)."""

    target: str
    label: str
    start: int
    end: int


def links(text: str) -> Iterator[Link]:
    """The links of a text, in order."""
    for found in _LINK.finditer(text):
        target = found[2].split("#", 1)[0].strip()
        if target:
            yield Link(target, (found[3] or found[2]).strip(), found.start(), found.end())


def _last(target: str) -> str | None:
    return target.rpartition("/")[2]


def spoken(text: str, named: Callable[[str], str | None] = _last) -> str:
    """The text with each link as people say it: its label, else the name of what it points at.

    ``named`` answers None for what the listener does not know, which is left out then.
    """

    def said(found: re.Match[str]) -> str:
        target = found[2].split("#", 1)[0].strip()
        if found[3] and found[3].strip():
            return found[3].strip()
        name = named(target) if target else found[2].strip()
        return UNKNOWN if name is None else name

    return _LINK.sub(said, text)


def relinked(text: str, change: Callable[[Link], str | None]) -> str:
    """The text with links pointing elsewhere, where ``change`` answers a new target."""

    def written(found: re.Match[str]) -> str:
        target = found[2].split("#", 1)[0].strip()
        label = (found[3] or found[2]).strip()
        new = change(Link(target, label, found.start(), found.end())) if target else None
        return found[0] if new is None else f"{found[1]}[[{new}|{label}]]"

    return _LINK.sub(written, text)
