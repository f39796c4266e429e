"""Finding passages: by words with SQLite FTS5, by vectors that ship, and both put together."""

from collections.abc import Iterable

from ttrpg_core import Command, Embedder, Schema, Searcher, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_searchers() -> Iterable[Searcher]:
    """Backends, of each role the default first; ``engine`` asks the others.

    One whose package is an extra says so when it is chosen.
    """
    yield Searcher("fts5", "Keywords with SQLite FTS5", "ttrpg_search.fts:Fts5")
    yield Searcher(
        "tantivy", "Keywords with tantivy", "ttrpg_search.backends.tantivy_index:Tantivy"
    )
    yield Searcher("whoosh", "Keywords with whoosh", "ttrpg_search.backends.whoosh_index:Whoosh")
    for name, summary, target in (
        ("auto", "Vectors by what suits their number", "suited"),
        ("exact", "Vectors compared in full", "exact"),
        ("faiss", "Vectors with codes of faiss", "faiss"),
    ):
        yield Searcher(name, summary, f"ttrpg_search.vectors.choosing:{target}", role="vector")
    yield Searcher("engine", "The whole search", "ttrpg_search.engine:Engine", role="finder")


@hookimpl
def ttrpg_embedders() -> Iterable[Embedder]:
    """Embedders; the first ships with the package and needs no model."""
    yield Embedder(
        "static", "Vectors that ship; no model runs", "ttrpg_search.embed.static:Static", 224
    )
    yield Embedder(
        "minilm",
        "A model of BERT type in numpy",
        "ttrpg_search.embed.minilm:MiniLM",
        384,
        settings="ttrpg_search.embed.folder:ModelSettings",
    )
    yield Embedder(
        "onnx",
        "A model of BERT type with onnxruntime",
        "ttrpg_search.embed.onnx:Onnx",
        384,
        settings="ttrpg_search.embed.folder:ModelSettings",
    )
    yield Embedder(
        "sentence-transformers",
        "Any model of sentence-transformers",
        "ttrpg_search.embed.sentence:SentenceTransformers",
        384,
        settings="ttrpg_search.embed.sentence:SentenceSettings",
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
    yield Command(
        "search",
        "Find a rule in your books, with its page",
        "ttrpg_search.commands.root:search",
        section="Books",
        quick="ttrpg_search.commands.quick:quick",
    )
    for name, summary, target in (
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
