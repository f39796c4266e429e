"""Notes: whatever is worth writing down, linked to what it is about."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field
from ttrpg_core.table.world.links import spoken

NAME_MOST = 80
"""Characters of a first line that become a note's name."""


@attrs.frozen(kw_only=True)
class Note(Entity):
    """A note; its name is its first line where none was given."""

    KIND: ClassVar[str] = "note"
    PLURAL: ClassVar[str] = "notes"

    type: str = field(
        "What sort of note.",
        "choice",
        custom=True,
        option="kind",
        choices=(
            "general",
            "combat",
            "character",
            "location",
            "plot",
            "quest",
            "loot",
            "rules",
            "meta",
            "worldbuilding",
            "dialogue",
            "secret",
        ),
    )
    pinned: bool = field("Whether it stands above the others.", "flag")
    session: str = field("The session that it was written in.", "ref", kinds=("session",))
    about: tuple[str, ...] = field("What it is about.", "refs", option="about")
    date: str = field("When in the game it falls due: 3 Frostfall 1204, or with 14:30 after it.")


def called(said: str) -> str:
    """The first line with something in it, without marks of Markdown, as people say it."""
    lines = (" ".join(spoken(each).split()).lstrip("#>*-+ ") for each in said.splitlines())
    shown = ("".join(filter(str.isprintable, each)) for each in lines)
    line = next((each for each in shown if each), said.strip())
    if len(line) <= NAME_MOST:
        return line
    whole = line[: NAME_MOST - 4].rpartition(" ")[0] or line[: NAME_MOST - 4]
    return f"{whole} ..."
