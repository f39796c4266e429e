"""What is kept of conversations, for commands that only look and so import little."""

from typing import TYPE_CHECKING

from ttrpg_core.app import App
from ttrpg_core.llm.chats import Chat, Chats

if TYPE_CHECKING:
    from ttrpg_core.proposals import Proposals

NEW = Chat("", "")
"""A conversation in which nothing was said yet."""
SHOWN = 200
"""Characters of a tool's answer that are shown."""


def chats_of(app: App) -> Chats:
    """The conversations of this home."""
    return Chats(app.store, app.clock)


def proposals_of(app: App) -> "Proposals":
    """What models would like to change."""
    from ttrpg_cli.campaigns.kept import snapshots_of
    from ttrpg_core.proposals import Proposals

    return Proposals(app.journal, app.clock, snapshots_of(app).take)


def counted(number: int, noun: str) -> str:
    """``1 quote``, ``2 quotes``."""
    return f"{number} {noun}" + "s" * (number != 1)


def short(told: str) -> str:
    """What a tool answered, in a line or two."""
    line = " ".join(told.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} \N{HORIZONTAL ELLIPSIS}"
