"""The package is a sound plugin: its vendors are named, load when asked, and know their keys."""

from pathlib import Path

import pytest

import ttrpg_providers
from ttrpg_core import Embedder, Provider
from ttrpg_core.app import App
from ttrpg_core.context import Context
from ttrpg_core.llm import Vendor
from ttrpg_core.testing import PluginTests
from ttrpg_providers.vendors import Servers

KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "ollama": None,
    "server": None,
}


class TestThePlugin(PluginTests):
    @pytest.fixture
    def plugin(self):
        return ttrpg_providers


def test_it_yields_its_vendors_and_is_no_problem(plugins):
    plugins.register(ttrpg_providers, "providers")
    assert {name: entry.key for name, entry in plugins.entries(Provider).items()} == KEYS
    assert plugins.check() == ()


def test_its_embedders_are_used_only_where_the_settings_name_one(app, plugins, monkeypatch):
    plugins.register(ttrpg_providers, "providers")
    found = plugins.entries(Embedder)
    assert {name: entry.key for name, entry in found.items()} == {
        name: KEYS[name] for name in ("openai", "gemini", "ollama")
    }
    assert not any(entry.offline for entry in found.values())
    assert app.backend("embedder") is None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    made = app.backend("embedder", "openai")
    assert (made.dimension, made.inner.line.key) == (found["openai"].dimension, "sk-canary")


@pytest.mark.parametrize("name", KEYS)
def test_each_is_a_vendor_without_settings_or_key(plugins, name):
    plugins.register(ttrpg_providers, "providers")
    assert isinstance(plugins.load(Provider, name)(Context()), Vendor)


def test_the_app_hands_it_its_settings_key_and_limits(app, plugins, monkeypatch):
    plugins.register(ttrpg_providers, "providers")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("GROQ_API_KEY", "gsk-canary")
    monkeypatch.setenv("TTRPG_NETWORK_FIRST_SECONDS", "7")
    monkeypatch.setenv("TTRPG_PLUGINS_OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("TTRPG_PLUGINS_SERVER_SERVERS", '["groq https://a.example/v1 GROQ_API_KEY"]')
    line = plugins.load(Provider, "openai")(app.context(Provider, "openai")).line
    assert (line.base_url, line.key) == ("http://127.0.0.1:1/v1", "sk-canary")
    assert line.network.first_seconds == 7
    servers = plugins.load(Provider, "server")(app.context(Provider, "server"))
    assert servers._vendors["groq"].line.key == "gsk-canary"
    assert "canary" not in f"{line!r} {servers._vendors['groq'].line!r}"


def test_its_readme_names_every_vendor_and_shows_settings_that_hold(plugins, ttrpg_home):
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for name, key in KEYS.items():
        assert f"| `{name}` |" in readme
        assert key is None or key in readme
    block = readme.partition("```toml\n")[2].partition("```")[0]
    (ttrpg_home / "config.toml").write_text(block, "utf-8")
    plugins.register(ttrpg_providers, "providers")
    fresh = App(plugins=plugins)
    servers = Servers(fresh.context(Provider, "server"))
    assert servers.model("here/any").info.price.input == 0
    assert servers.model("groq/some-model").info.price.output == 0.8
    assert servers.model("groq/other").info.price is None
    fresh.close()
