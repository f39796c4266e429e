"""The commands of this package: ``search`` here, ``ask`` and ``eval`` in modules of their own."""

from ttrpg_search.commands.root import search
from ttrpg_search.commands.shown import caption

__all__ = ["caption", "search"]
