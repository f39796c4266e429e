"""The plugin keeps what ttrpg promises, and does what it says."""

import asyncio
from importlib.resources import files

import pytest
import ttrpg_hello
from click.testing import CliRunner
from ttrpg_hello import commands
from ttrpg_hello.model import Greeter, Hello

from ttrpg_core.context import Context
from ttrpg_core.llm import Message, Request
from ttrpg_core.testing import GenreTests, ModelTests, PluginTests


# -- suites --
class TestPlugin(PluginTests):
    @pytest.fixture
    def plugin(self):
        return ttrpg_hello


class TestGreeter(ModelTests):
    @pytest.fixture
    def model(self):
        return Greeter()

    @pytest.fixture
    def vendor(self):
        return Hello(Context())


class TestSmallHours(GenreTests):
    @pytest.fixture
    def folder(self):
        return files("ttrpg_hello") / "small-hours"


# -- end --


# -- command --
@pytest.fixture
def hello(plugins, ttrpg):
    plugins.register(ttrpg_hello, "hello")
    return ttrpg


def test_it_greets(hello):
    done = hello("hello", "Mara")
    assert done.code == 0
    assert "Well met, Mara!" in done.out


def test_it_greets_in_json(hello):
    greeting = hello("hello", "Mara", "--json").json()
    assert greeting["schema"] == "ttrpg-hello.greeting/1"
    assert greeting["greeting"] == "Well met, Mara!"
    assert 2 <= greeting["roll"] <= 12


# -- end --


# -- app --
def test_a_seed_repeats_the_guest(app):
    guests = []
    for _ in range(2):
        app.rng.seed(7)
        CliRunner().invoke(commands.hello, ["Mara"], obj=app, catch_exceptions=False)
        guests.append(app.screen.shown[-1].data["guest"])
    assert guests[0] == guests[1]
    assert f"Still up: {guests[0]}" in app.screen.text


# -- end --


def test_a_name_that_would_forge_a_line_is_refused(hello):
    done = hello("hello", "Mara\nBoris")
    assert done.code == 2
    assert "control character" in done.err


def test_it_is_listed(hello):
    assert "Greet somebody at the table" in hello("--help").out


def test_the_greeter_stops_at_max_tokens():
    async def run():
        async with Greeter().stream(Request([Message("user", "hello")], max_tokens=2)) as reply:
            await reply.read()
        return reply

    reply = asyncio.run(run())
    assert (reply.text, reply.finish, reply.usage.output) == ("Well met!", "length", 2)
