"""Small real implementations of every protocol, and the plugin that offers them.

``plugins.register(fakes, "fakes")`` makes each available by name, as an installed plugin would.
Nothing here answers from a list: the searcher ranks, the parser reads, the embedder's vectors have
length one and the speaker's WAV files play. Each passes the conformance suite of its protocol, so
they also show what a suite asks for.
"""

from collections.abc import Iterable
from importlib.resources import files

from ttrpg_core import Embedder, Genre, Parser, Provider, Searcher, Speaker, System, hookimpl

_HERE = files(__name__)


@hookimpl
def ttrpg_providers() -> Iterable[Provider]:
    """``fake/echo``, and ``fake/scripted`` when the settings hold a script."""
    yield Provider(
        "fake",
        "Models without a network: an echo and a script",
        f"{__name__}.models:FakeVendor",
        settings=f"{__name__}.models:FakeSettings",
        offline=True,
    )


@hookimpl
def ttrpg_parsers() -> Iterable[Parser]:
    """Plain text."""
    yield Parser(
        "plain-text",
        "Text with form feeds between pages",
        f"{__name__}.documents:PlainText",
        suffixes=(".txt",),
        media_types=("text/plain",),
    )


@hookimpl
def ttrpg_searchers() -> Iterable[Searcher]:
    """Keyword search in memory."""
    yield Searcher("memory", "Keyword search in memory", f"{__name__}.search:MemorySearcher")


@hookimpl
def ttrpg_embedders() -> Iterable[Embedder]:
    """Hashed words as vectors."""
    yield Embedder(
        "hash", "A vector of hashed words", f"{__name__}.search:HashEmbedder", dimension=64
    )


@hookimpl
def ttrpg_speakers() -> Iterable[Speaker]:
    """Silence as long as the line."""
    yield Speaker("silent", "Silence as long as the line", f"{__name__}.speech:Silent")


@hookimpl
def ttrpg_genres() -> Iterable[Genre]:
    """A small pack."""
    yield Genre("lantern-road", "Night roads, small lights", path=_HERE / "lantern-road")


@hookimpl
def ttrpg_systems() -> Iterable[System]:
    """A small system."""
    yield System("two-dice", "Two dice and a knack", path=_HERE / "two-dice.toml")
