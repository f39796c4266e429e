"""What a plugin author imports: ``hookimpl`` and the record classes, nothing heavier.

This module imports attrs and pluggy alone, so a plugin's root costs nothing at start-up. Protocols
and values live beside it: :mod:`ttrpg_core.documents`, ``.search``, ``.llm``, ``.speech``,
``.genres``; the test kit is :mod:`ttrpg_core.testing`.
"""

from ttrpg_core.entries import (
    Command,
    Embedder,
    Entry,
    Genre,
    Parser,
    Provider,
    Reranker,
    Schema,
    Searcher,
    Speaker,
    System,
)
from ttrpg_core.hooks import hookimpl

__version__ = "0.1.0"

__all__ = [
    "Command",
    "Embedder",
    "Entry",
    "Genre",
    "Parser",
    "Provider",
    "Reranker",
    "Schema",
    "Searcher",
    "Speaker",
    "System",
    "__version__",
    "hookimpl",
]
