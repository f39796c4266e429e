"""The hooks of ttrpg. Start here if you are writing a plugin.

A plugin is one module with one function, named by an entry point in the group ``ttrpg``::

    # ttrpg_echo/__init__.py
    from ttrpg_core import Provider, hookimpl

    @hookimpl
    def ttrpg_providers():
        yield Provider("echo", "Says back what it hears", "ttrpg_echo.model:Echo")

    # pyproject.toml
    [project.entry-points.ttrpg]
    echo = "ttrpg_echo"

Every hook is asked once, takes no arguments, does no I/O and yields records from
:mod:`ttrpg_core.entries`. Nothing else is ever called through a hook: what a record names is loaded
when it is used and is then an ordinary typed object.
"""

from collections.abc import Iterable

import pluggy

from ttrpg_core.entries import (
    Command,
    Embedder,
    Genre,
    Parser,
    Provider,
    Reranker,
    Schema,
    Searcher,
    Speaker,
    System,
)

GROUP = "ttrpg"
"""The entry-point group, and the name under which hooks are marked."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The specifications. Each docstring holds the body of a whole plugin."""

    @hookspec
    def ttrpg_providers(self) -> Iterable[Provider]:
        """Vendors of language models, asked for as ``vendor/model``.

        ::

            @hookimpl
            def ttrpg_providers():
                yield Provider("echo", "Says back what it hears", "ttrpg_echo.model:Echo")

        The target is called with a ``Context`` and answers a ``ttrpg_core.llm.Vendor``. Suite:
        ``ttrpg_core.testing.ModelTests``.
        """
        return ()

    @hookspec
    def ttrpg_parsers(self) -> Iterable[Parser]:
        """Readers of document formats, chosen by suffix, then ``sniff``, then priority.

        ::

            @hookimpl
            def ttrpg_parsers():
                yield Parser("rtf", "Rich Text", "ttrpg_rtf:Rtf", suffixes=(".rtf",))

        The target is called with a ``Context`` and answers a ``ttrpg_core.documents.Parser``.
        It runs in a child process. Suite: ``ttrpg_core.testing.ParserTests``.
        """
        return ()

    @hookspec
    def ttrpg_searchers(self) -> Iterable[Searcher]:
        """Search backends, by words or by vectors; settings choose, else what is installed.

        ::

            @hookimpl
            def ttrpg_searchers():
                yield Searcher("grep", "Reads every page", "ttrpg_grep:Grep", role="keyword")

        The target is called with a ``Context`` and answers, by its role, a ``Searcher`` (keyword),
        a ``VectorIndex`` (vector) or a ``Finder`` of ``ttrpg_core.search``. Suites:
        ``ttrpg_core.testing.SearcherTests`` and ``VectorIndexTests``.
        """
        return ()

    @hookspec
    def ttrpg_rerankers(self) -> Iterable[Reranker]:
        """What orders the best hits once more; used when ``search.reranker`` names it.

        ::

            @hookimpl
            def ttrpg_rerankers():
                yield Reranker("short", "The shortest passage first", "ttrpg_short:Short")

        The target is called with a ``Context`` and answers a ``ttrpg_core.search.Reranker``.
        Suite: ``ttrpg_core.testing.RerankerTests``.
        """
        return ()

    @hookspec
    def ttrpg_embedders(self) -> Iterable[Embedder]:
        """Text to vectors; settings choose, else the best one that is offline.

        ::

            @hookimpl
            def ttrpg_embedders():
                yield Embedder("tiny", "64 numbers a text", "ttrpg_tiny:Tiny", dimension=64)

        The target is called with a ``Context`` and answers a ``ttrpg_core.search.Embedder``.
        Suite: ``ttrpg_core.testing.EmbedderTests``.
        """
        return ()

    @hookspec
    def ttrpg_speakers(self) -> Iterable[Speaker]:
        """Text-to-speech engines, chosen by a voice profile or the settings.

        ::

            @hookimpl
            def ttrpg_speakers():
                yield Speaker("beep", "A beep a word", "ttrpg_beep:Beep")

        The target is called with a ``Context`` and answers a ``ttrpg_core.speech.Speaker``.
        Suite: ``ttrpg_core.testing.SpeakerTests``.
        """
        return ()

    @hookspec
    def ttrpg_genres(self) -> Iterable[Genre]:
        """Genre packs: a folder of TOML, chosen by the campaign.

        ::

            @hookimpl
            def ttrpg_genres():
                yield Genre("noir", "Rain and regret", path=files("ttrpg_noir") / "noir")

        Suite: ``ttrpg_core.testing.GenreTests``.
        """
        return ()

    @hookspec
    def ttrpg_systems(self) -> Iterable[System]:
        """Game systems: a TOML file, chosen by the campaign.

        ::

            @hookimpl
            def ttrpg_systems():
                yield System("two-dice", "2d6 over 8", path=files("ttrpg_two") / "two-dice.toml")

        Suite: ``ttrpg_core.testing.SystemTests``.
        """
        return ()

    @hookspec
    def ttrpg_commands(self) -> Iterable[Command]:
        """Commands of the ``ttrpg`` program.

        ::

            @hookimpl
            def ttrpg_commands():
                yield Command("hello", "Greets the table", "ttrpg_hello.commands:hello")

        The target is a ``click.Command``; its ``ctx.obj`` is the ``ttrpg_core.app.App``. The
        record's summary is what ``ttrpg --help`` shows, so no command is imported for help.
        """
        return ()

    @hookspec
    def ttrpg_schemas(self) -> Iterable[Schema]:
        """Tables that a package keeps in the database.

        ::

            @hookimpl
            def ttrpg_schemas():
                yield Schema("weather", "What the weather was", "ttrpg_weather.schema:tables")

        The target is a ``sqlite_utils.migrations.Migrations`` whose name is the record's, and
        whose tables start with it. It is applied under a lock, after a verified backup.
        """
        return ()
