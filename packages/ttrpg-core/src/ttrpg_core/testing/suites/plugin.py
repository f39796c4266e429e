"""What is promised of a plugin's root: light, honest records that name code which loads."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from ttrpg_core import (
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
from ttrpg_core.entries import KINDS, MAX_SUMMARY
from ttrpg_core.testing.network import refuse_network
from ttrpg_core.testing.suites.inputs import missing

if TYPE_CHECKING:
    from ttrpg_core.app import App
    from ttrpg_core.plugins import Plugins

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_LIGHT = {"ttrpg_core", "attr", "attrs", "pluggy"}
_LOOK = """
import importlib, json, sys
name, sys.path[:] = sys.argv[1], json.loads(sys.argv[2])
before = set(sys.modules)
importlib.import_module(name)
print(json.dumps(sorted({each.partition(".")[0] for each in set(sys.modules) - before})))
"""


class PluginTests:
    """Inherit it for the module that your entry point names.

    ::

        class TestPlugin(PluginTests):
            @pytest.fixture
            def plugin(self):
                return ttrpg_hello
    """

    @pytest.fixture
    def plugin(self) -> ModuleType:
        """The module with your hooks."""
        missing("PluginTests", "plugin", "the module with your hooks")

    def test_its_import_is_light(self, plugin: ModuleType) -> None:
        """Importing it brings in ttrpg_core, attrs, pluggy and the standard library, no more."""
        done = subprocess.run(
            [sys.executable, "-c", _LOOK, plugin.__name__, json.dumps(sys.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed, _, last = done.stdout.rstrip("\n").rpartition("\n")
        assert not printed, f"importing {plugin.__name__} prints to stdout: {printed!r}"
        own = plugin.__name__.partition(".")[0]
        heavy = set(json.loads(last)) - _LIGHT - {own} - sys.stdlib_module_names
        assert not heavy, f"importing {plugin.__name__} brings in {', '.join(sorted(heavy))}"

    def test_every_hook_yields_its_records(self, plugin: ModuleType) -> None:
        """Each hook is one of ours by name and yields records of its kind, and there is one."""
        plugins = _registered(plugin)
        entries = list(_entries(plugin, plugins))
        assert plugins.problems == ()
        assert entries, f"{plugin.__name__} yields no record from any hook"

    def test_it_answers_the_same_twice(self, plugin: ModuleType) -> None:
        """Asked again, it yields the same records: a hook says what there is and does nothing."""
        first, second = list(_entries(plugin)), list(_entries(plugin))
        assert first == second

    def test_names_are_kebab_case(self, plugin: ModuleType) -> None:
        """Names are lower-case words joined by hyphens, as they are typed at a prompt."""
        wrong = [entry.name for entry in _entries(plugin) if not _KEBAB.match(entry.name)]
        assert wrong == []

    def test_summaries_stand_in_a_list(self, plugin: ModuleType) -> None:
        """A summary is one short line, with no blank around it and no full stop after it."""
        for entry in _entries(plugin):
            assert entry.summary.isprintable()
            assert len(entry.summary) <= MAX_SUMMARY
            assert entry.summary == entry.summary.strip().rstrip("."), entry.name

    def test_every_target_loads(self, plugin: ModuleType) -> None:
        """Whatever a record names, target or settings, can be imported."""
        plugins = _registered(plugin)
        assert plugins.check() == ()
        for entry in _entries(plugin, plugins):
            settings = getattr(entry, "settings", None)
            if settings is None:
                continue
            cls = plugins.resolve(settings, plugin.__name__, f"settings of {entry.name}")
            assert isinstance(cls, type)
            assert attrs.has(cls), f"{settings} is no attrs class"
            for field in attrs.fields(cls):
                assert "help" in field.metadata, (
                    f"{settings}.{field.name}: declare it with setting()"
                )

    def test_every_target_answers_its_protocol(
        self, plugin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Called with a Context it makes what the record promises, or says TtrpgError, offline.

        A package, key or model that is not here is a NotFound: PluginError would say that the
        plugin is broken.
        """
        from ttrpg_core.documents import Parser as ParserProtocol
        from ttrpg_core.errors import PluginError, TtrpgError
        from ttrpg_core.llm import Vendor
        from ttrpg_core.search import Embedder as EmbedderProtocol
        from ttrpg_core.search import Finder, VectorIndex
        from ttrpg_core.search import Reranker as RerankerProtocol
        from ttrpg_core.search import Searcher as SearcherProtocol
        from ttrpg_core.speech import Speaker as SpeakerProtocol

        refuse_network(monkeypatch)
        protocols: dict[type[Entry], type] = {
            Provider: Vendor,
            Parser: ParserProtocol,
            Searcher: SearcherProtocol,
            Embedder: EmbedderProtocol,
            Reranker: RerankerProtocol,
            Speaker: SpeakerProtocol,
        }
        roles: dict[str, type] = {"vector": VectorIndex, "finder": Finder}
        app = _app(plugin, tmp_path)
        wanted = [entry for entry in _entries(plugin) if type(entry) in protocols]
        if not wanted:
            pytest.skip(f"{plugin.__name__} has no record whose target is called")
        try:
            for entry in wanted:
                try:
                    promised = protocols[type(entry)]
                    promised = roles.get(getattr(entry, "role", ""), promised)
                    app.make(type(entry), entry.name, promised)
                except PluginError:
                    raise
                except TtrpgError:
                    continue  # such as: there is no key here
        finally:
            app.close()

    def test_fields_fit_their_use(self, plugin: ModuleType) -> None:
        """Keys are environment variables, vectors have a dimension, and paths are there."""
        for entry in _entries(plugin):
            if isinstance(entry, (Provider, Speaker)) and entry.key is not None:
                assert _VARIABLE.match(entry.key), f"{entry.name}: {entry.key!r} is no variable"
            if isinstance(entry, Embedder):
                assert entry.dimension > 0, f"{entry.name}: says no dimension"
            if isinstance(entry, Genre) and entry.path is not None:
                assert entry.path.is_dir(), f"{entry.name}: there is no folder {entry.path}"
            if isinstance(entry, System) and entry.path is not None:
                assert entry.path.is_file(), f"{entry.name}: there is no file {entry.path}"

    def test_commands_explain_themselves(self, plugin: ModuleType) -> None:
        """Every command's --help works without an App; its short help is the record's summary."""
        commands = [entry for entry in _entries(plugin) if isinstance(entry, Command)]
        if not commands:
            pytest.skip(f"{plugin.__name__} has no command")
        click = pytest.importorskip("click", reason="needs click, which comes with ttrpg-cli")
        plugins = _registered(plugin)
        for entry in commands:
            command = plugins.load(Command, entry.name)
            assert isinstance(command, click.Command), f"{entry.target} is no click command"
            said = command.get_short_help_str(MAX_SUMMARY + 1)
            assert said.removesuffix(".") == entry.summary  # a docstring ends with a full stop
            for name, each in _with_children(click, command, entry.name):
                _check_help(name, each)

    def test_tables_carry_its_name(self, plugin: ModuleType, tmp_path: Path) -> None:
        """Its tables are made in an empty database, and their names start with the schema's."""
        schemas = [entry.name for entry in _entries(plugin) if isinstance(entry, Schema)]
        if not schemas:
            pytest.skip(f"{plugin.__name__} has no tables")
        import ttrpg_core.plugin as kernel

        before = _tables(_app(kernel, tmp_path / "before"))
        app = _app(plugin, tmp_path / "after")
        made = _tables(app) - before
        assert app.plugins.problems == ()
        prefixes = tuple(name.removeprefix("ttrpg-").replace("-", "_") for name in schemas)
        prefixes += tuple(name.replace("-", "_") for name in schemas)
        strangers = {table for table in made if not table.startswith(prefixes)}
        assert strangers == set()
        for name in schemas:
            loaded = app.plugins.load(Schema, name)
            assert getattr(loaded, "name", None) == name, (
                f"the Migrations of {name} has another name"
            )


def _registered(plugin: ModuleType) -> "Plugins":
    from ttrpg_core.plugins import Plugins

    plugins = Plugins()
    plugins.register(plugin, plugin.__name__)
    return plugins


def _entries(plugin: ModuleType, plugins: "Plugins | None" = None) -> Iterator[Entry]:
    plugins = plugins or _registered(plugin)
    for kind in KINDS.values():
        yield from plugins.entries(kind).values()


def _app(plugin: ModuleType, home: Path) -> "App":
    import ttrpg_core.plugin as kernel
    from ttrpg_core.app import App
    from ttrpg_core.plugins import Plugins

    plugins = Plugins()
    plugins.register(kernel, "core")
    if plugin is not kernel:
        plugins.register(plugin, plugin.__name__)
    home.mkdir(exist_ok=True)
    return App(environ={"TTRPG_HOME": str(home)}, plugins=plugins, folder=home)


def _tables(app: "App") -> set[str]:
    try:
        rows = app.store.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {str(row[0]) for row in rows}
    finally:
        app.close()


def _with_children(click: Any, command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """A command and all beneath it. Any: the kernel does not know click's types."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for child in command.list_commands(context):
            yield from _with_children(click, command.get_command(context, child), f"{name} {child}")


def _check_help(name: str, command: Any) -> None:
    testing = pytest.importorskip("click.testing")
    done = testing.CliRunner().invoke(command, ["--help"], prog_name=f"ttrpg {name}")
    assert done.exit_code == 0, f"{name} --help: {done.output}{done.exception!r}"
    assert "Usage:" in done.output
    assert command.help, f"{name} has no docstring, so its help says nothing"
