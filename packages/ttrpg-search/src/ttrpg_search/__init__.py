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
    yield Schema(
        "ttrpg-search-asked", "What was asked and opened", "ttrpg_search.analytics_schema:tables"
    )


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """Finding, asking, and checking: what was quoted, and how good the search is."""
    for name, summary, target in (
        ("search", "Find a rule in your books, with its page", "ttrpg_search.commands:search"),
        (
            "ask",
            "Ask your books: the sentences that answer, with their page",
            "ttrpg_search.commands.asking:ask",
        ),
        (
            "quote",
            "Whether a quote stands in your books, word for word",
            "ttrpg_search.commands.quoting:quote",
        ),
        (
            "eval",
            "How good the search is, by questions with known answers",
            "ttrpg_search.commands.evaluating:evaluate",
        ),
    ):
        yield Command(name, summary, target, section="Books")
