"""Finding passages: by words with SQLite FTS5, by vectors that ship, and both put together."""

from collections.abc import Iterable

from ttrpg_core import Command, Embedder, Schema, Searcher, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_searchers() -> Iterable[Searcher]:
    """Backends; SQLite's own is in every Python and needs nothing. The finder asks the others."""
    yield Searcher("fts5", "Keywords with SQLite FTS5", "ttrpg_search.fts:Fts5", role="keyword")
    yield Searcher(
        "exact", "Vectors compared in full", "ttrpg_search.vectors.exact:Exact", role="vector"
    )
    yield Searcher("engine", "The whole search", "ttrpg_search.engine:Engine", role="finder")


@hookimpl
def ttrpg_embedders() -> Iterable[Embedder]:
    """Embedders; the first ships with the package and needs no model."""
    yield Embedder(
        "static", "Vectors that ship; no model runs", "ttrpg_search.embed.static:Static", 256
    )


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
