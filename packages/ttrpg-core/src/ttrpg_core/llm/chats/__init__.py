"""What was said: conversations whose branches share their beginnings.

A :class:`Turn` is named by the hash of its parent and its content; a :class:`Chat` is a name for
one turn, its head, and with it for all that led there. :class:`Chats` keeps both.
"""

from ttrpg_core.llm.chats.keeping import Chats, titled
from ttrpg_core.llm.chats.turns import Chat, Cited, Met, Spent, Turn

__all__ = ["Chat", "Chats", "Cited", "Met", "Spent", "Turn", "titled"]
