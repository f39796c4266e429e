"""The program in one object: each part built when first used, plugins kept at arm's length."""

import random
from pathlib import Path
from types import ModuleType

import pytest

import ttrpg_core.plugin
from ttrpg_core import Parser, Provider, Schema, Searcher, entries, hookimpl
from ttrpg_core.app import App
from ttrpg_core.errors import ConfigError, InputError, NotFound, PluginError
from ttrpg_core.plugins import Plugins
from ttrpg_core.search import Searcher as SearcherProtocol

SOURCE = """
import attrs
from ttrpg_core.errors import InputError
from ttrpg_core.settings import setting

@attrs.frozen
class Settings:
    depth: int = setting(3, "How deep.", low=1, high=9)

class Whole:
    def __init__(self, context): self.context = context
    def add(self, chunks): ...
    def remove(self, source): ...
    def search(self, query, k): return []
    def count(self): return 0
    def close(self): ...

class Half(Whole):
    count = property()

class Raises:
    def __init__(self, context): raise KeyError("no idea")

class Refuses:
    def __init__(self, context): raise InputError("set depth first", "do it")

class Bare:
    def __init__(self, context): pass

NotCallable = 3
plain = dict
"""


@pytest.fixture
def app(home: Path, tmp_path: Path, monkeypatch, stopped):
    (tmp_path / "a_searcher.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    plugin = ModuleType("searchers")

    @hookimpl
    def ttrpg_searchers():
        for name in ("Whole", "Half", "Raises", "Refuses", "Bare", "NotCallable", "Gone"):
            role = "vector" if name == "Half" else "keyword"
            yield Searcher(name.lower(), "x", f"a_searcher:{name}", role, "a_searcher:Settings")
        yield Searcher("odd", "x", "a_searcher:Whole", settings="a_searcher:plain")

    plugin.ttrpg_searchers = ttrpg_searchers
    plugins = Plugins()
    plugins.register(ttrpg_core.plugin, "core")
    plugins.register(plugin, "mine")
    made = App(plugins=plugins, folder=tmp_path, rng=random.Random(1), clock=stopped)
    yield made
    made.close()


def test_each_part_is_built_once_and_belongs_together(app, home, stopped):
    assert app.store is app.store
    assert app.journal.store is app.store
    assert app.audit.store is app.store
    assert app.library.store is app.store
    assert app.store.path == home / "ttrpg.db"
    assert app.journal.clock is stopped
    assert app.settings is app.config.settings
    assert app.secrets.paths == app.paths


def test_making_an_app_does_nothing_yet(home):
    app = App()
    app.close()
    assert not home.exists()


def test_a_command_without_a_screen_is_a_bug_that_says_so(app):
    with pytest.raises(RuntimeError, match="no screen"):
        _ = app.screen
    app.screen = screen = object()
    assert app.screen is screen


def test_an_implementation_gets_what_it_may_use(app, home, monkeypatch):
    home.mkdir()
    (home / "config.toml").write_text("[plugins.whole]\ndepth = 5\n")
    made = app.make(entries.Searcher, "whole", SearcherProtocol)
    context = made.context
    assert context.settings.depth == 5
    assert context.folder == home / "indexes" / "whole"
    assert context.offline is False
    assert context.database() is app.store.connection
    assert context.secret() is None
    assert app.index_folder("whole").is_dir()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", "cannot be made: KeyError: 'no idea'"),
        ("bare", "Bare lacks add, close, count, remove, search"),
        ("notcallable", "3 cannot be called"),
        ("gone", "has no attribute 'Gone'"),
        ("odd", "is not an attrs class"),
        ("nobody", "there is no searcher 'nobody'"),
    ],
)
def test_an_implementation_that_is_wrong_is_its_plugins_fault(app, name, said):
    with pytest.raises(PluginError) as caught:
        app.make(entries.Searcher, name, SearcherProtocol)
    assert said in caught.value.message
    assert caught.value.hint
    if name != "nobody":
        assert caught.value.plugin == "mine"
        assert "TTRPG_DISABLE=mine" in caught.value.hint


def test_an_error_meant_for_the_user_goes_through(app):
    with pytest.raises(InputError, match="set depth first"):
        app.make(entries.Searcher, "refuses", SearcherProtocol)


def test_a_plugins_settings_are_checked(app, home):
    home.mkdir()
    (home / "config.toml").write_text("[plugins.whole]\ndepth = 50\n")
    with pytest.raises(ConfigError, match=r"config\.toml\.plugins\.whole\.depth: 50 is out"):
        app.make(entries.Searcher, "whole", SearcherProtocol)


def test_the_context_of_what_is_not_there(app):
    with pytest.raises(PluginError):
        app.context(entries.Provider, "nobody")


def test_the_keyword_backend_is_the_first_installed_or_the_one_wanted(app, home, tmp_path):
    assert app.keyword_searcher().context.folder.name == "whole"
    for wanted, hint in (("half", "Installed: whole"), ("nobody", "Installed: whole")):
        other = App(
            plugins=app.plugins, folder=tmp_path, environ={"TTRPG_HOME": str(home)},
            flags={"search.keyword": wanted},
        )  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            other.keyword_searcher()
        assert hint in caught.value.hint
    empty = App(plugins=Plugins(), folder=tmp_path)
    with pytest.raises(NotFound) as caught:
        empty.keyword_searcher()
    assert "ttrpg-search" in caught.value.hint


def test_a_key_is_asked_for_when_it_is_needed_and_the_environment_wins(home, tmp_path):
    plugin = ModuleType("vendors")
    plugin.ttrpg_providers = hookimpl(ttrpg_providers)
    plugins = Plugins()
    plugins.register(plugin, "vendors")
    app = App(
        plugins=plugins, folder=tmp_path,
        environ={"TTRPG_HOME": str(home), "ECHO_KEY": "sk-from-the-environment"},
    )  # fmt: skip
    context = app.context(entries.Provider, "echo")
    assert context.secret() == "sk-from-the-environment"
    assert "sk-from" not in repr(context)
    assert app.context(entries.Provider, "free").secret() is None


def test_a_record_may_have_several_keys_under_its_own_name(home, tmp_path):
    plugin = ModuleType("vendors")
    plugin.ttrpg_providers = hookimpl(ttrpg_providers)
    plugins = Plugins()
    plugins.register(plugin, "vendors")
    environ = {"TTRPG_HOME": str(home), "ECHO_KEY": "sk-its-own", "NEAR_KEY": "sk-near"}
    environ["TTRPG_NETWORK_FIRST_SECONDS"] = "7"
    app = App(plugins=plugins, folder=tmp_path, environ=environ)
    app.secrets.set("echo-far", "sk-far")
    context = app.context(entries.Provider, "echo")
    assert context.secret("near", "NEAR_KEY") == "sk-near"
    assert context.secret("far") == "sk-far"
    assert context.secret("other") is None, "the key of the record is for nothing else"
    assert context.network.first_seconds == 7


def ttrpg_providers():
    yield Provider("echo", "x", "a:b", key="ECHO_KEY")
    yield Provider("free", "x", "a:b")


def test_tables_that_cannot_be_made_are_noted_under_their_plugin(app):
    plugin = ModuleType("weather")

    @hookimpl
    def ttrpg_schemas():
        yield Schema("rain", "x", "a_searcher:plain")

    plugin.ttrpg_schemas = ttrpg_schemas
    app.plugins.register(plugin, "weather")
    assert app.store.connection.execute("SELECT COUNT(*) FROM journal").fetchone()[0] == 0
    assert any(p.plugin == "weather" and "tables" in p.error for p in app.plugins.problems)


def test_tables_of_ours_are_required(home):
    app = App(plugins=Plugins.discover({"TTRPG_DISABLE": "*"}))
    required = {schema.name for schema in app.schemas() if schema.required}
    assert "ttrpg-core" in required


def test_records_of_a_parser_are_typed(app):
    assert app.plugins.entries(Parser) == {}
