"""Finding passages: keyword search with SQLite FTS5, and the ``search`` command."""

from collections.abc import Iterable

from ttrpg_core import Command, Schema, Searcher, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_searchers() -> Iterable[Searcher]:
    """Backends; SQLite's own is in every Python and needs nothing."""
    yield Searcher("fts5", "Keywords with SQLite FTS5", "ttrpg_search.fts:Fts5", role="keyword")


@hookimpl
def ttrpg_schemas() -> Iterable[Schema]:
    """The index, in the same database and transaction as the text."""
    yield Schema("ttrpg-search", "The keyword index", "ttrpg_search.schema:tables")


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """The command that the main job needs."""
    yield Command(
        "search",
        "Find a rule in your books, with its page",
        "ttrpg_search.commands:search",
        section="Books",
    )
