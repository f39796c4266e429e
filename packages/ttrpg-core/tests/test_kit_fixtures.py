"""The fixtures: a home of one's own, nothing but what was registered, no network."""

import asyncio
import os
import random
import socket
import subprocess
import sys
from datetime import timedelta
from types import ModuleType

import pytest

import ttrpg_core.testing
from ttrpg_core import entries, hookimpl
from ttrpg_core.testing import Clock, NetworkRefused, RecordingScreen, fakes
from ttrpg_core.testing.network import is_loopback
from ttrpg_core.views import Bars, Board, Fields, Quote, Table, Text

pytest_plugins = ["pytester"]


@pytest.fixture
def dirty(monkeypatch):
    """An environment that has been lived in."""
    monkeypatch.setenv("TTRPG_OFFLINE", "1")
    monkeypatch.setenv("TTRPG_DISABLE", "*")
    monkeypatch.setenv("TTRPG_TEST_DATA", "kept")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-live")
    return monkeypatch


def test_home_is_empty_and_the_environment_clean(dirty, ttrpg_home):
    assert os.environ["TTRPG_HOME"] == str(ttrpg_home)
    assert list(ttrpg_home.iterdir()) == []
    left = {name for name in os.environ if name.startswith("TTRPG_") or name.endswith("_API_KEY")}
    assert left == {"TTRPG_HOME", "TTRPG_TEST_DATA"}


def test_the_working_folder_has_no_settings_above_it(tmp_path, monkeypatch, request):
    (tmp_path / "ttrpg.toml").write_text("[search]\nresults = 9\n")
    monkeypatch.chdir(tmp_path)
    app = request.getfixturevalue("app")
    assert app.settings.search.results == 3


def test_keys_are_kept_in_the_file_of_the_home(app):
    import keyring

    assert keyring.get_keyring().priority < 1
    assert app.secrets.set("anthropic", "a-test-key").source == "file"
    assert app.paths.keys.is_file()


def test_a_keyring_that_was_there_before_comes_back(pytester):
    pytester.makepyfile(
        """
        import keyring
        from keyring.backends.fail import Keyring

        mine = Keyring()
        keyring.set_keyring(mine)

        def test_inside(ttrpg_home):
            assert keyring.get_keyring() is not mine

        def test_outside():
            assert keyring.get_keyring() is mine
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_no_socket_reaches_another_machine(ttrpg_home, host):
    with pytest.raises(NetworkRefused, match=r"a test tried to reach"):
        socket.create_connection((host, 80), timeout=1)


def test_nor_by_any_other_call(ttrpg_home):
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for call in (tcp.connect, tcp.connect_ex):
            with pytest.raises(NetworkRefused):
                call(("192.0.2.1", 80))
        with pytest.raises(NetworkRefused):
            udp.sendto(b"x", ("192.0.2.1", 53))
    with pytest.raises(NetworkRefused):
        asyncio.run(asyncio.open_connection("192.0.2.1", 80))
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("example.org", 443)


def test_loopback_and_local_sockets_are_open(ttrpg_home, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
    if hasattr(socket, "AF_UNIX"):
        left, right = socket.socketpair()
        left.close()
        right.close()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        (b"localhost", True),
        (None, True),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_what_is_this_machine(host, local):
    assert is_loopback(host) is local


def test_the_network_comes_back(pytester):
    pytester.makepyfile(
        """
        import socket

        before = socket.socket.connect, socket.getaddrinfo

        def test_inside(ttrpg_home):
            assert (socket.socket.connect, socket.getaddrinfo) != before

        def test_outside():
            assert (socket.socket.connect, socket.getaddrinfo) == before
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_plugins_sees_only_what_is_registered(plugins):
    assert [plugin.name for plugin in plugins.installed] == ["core"]
    assert plugins.entries(entries.Command) == {}
    plugins.register(fakes, "fakes")
    assert list(plugins.entries(entries.Parser)) == ["plain-text"]
    assert plugins.check() == ()


def test_app_is_whole_and_repeatable(app, ttrpg_home, rng):
    assert app.rng is rng
    assert rng.random() == random.Random(1974).random()
    assert app.clock() + timedelta(seconds=1) == app.clock()
    assert app.store.path.parent == ttrpg_home
    with app.store.transaction() as connection:
        connection.execute("INSERT INTO chosen VALUES ('campaign', 'x')")
    assert app.journal.history(5) == []


def test_the_clock_can_be_set(clock):
    later = clock.now + timedelta(days=3)
    clock.now = later
    assert [clock(), clock()] == [later, later + timedelta(seconds=1)]
    assert Clock() == Clock()


def test_the_screen_keeps_everything():
    screen = RecordingScreen(answers=[False])
    screen.show(
        "a/1",
        {"rows": (1, 2)},
        [
            Text("hello"),
            Fields([("hp", "7")]),
            Table(["name"], [["Mara"]]),
            Table(["name"], [], empty="nobody"),
            Quote("a rule", "page 9"),
            Bars([("2", 1.0, "1/36")], title="odds"),
            Board([("Active", ["Cult"])]),
            Board([("Active", [])], empty="no plot"),
        ],
    )
    screen.say("done", "good")
    with screen.progress("reading", 10) as bar:
        bar.update(4, "page 4")
    with screen.stream("Waiting") as stream:
        stream.write("a ")
        stream.write("rule")
        assert not screen.streams[0].ended
    assert (screen.streams[0].text, screen.streams[0].ended) == ("a rule", True)
    assert screen.shown[0].data == {"rows": [1, 2]}
    for word in ("hello", "hp: 7", "Mara", "nobody", "a rule", "page 9", "odds", "2: 1/36"):
        assert word in screen.text.splitlines()
    for word in ("Active: Cult", "no plot"):
        assert word in screen.text.splitlines()
    assert (screen.said[0].text, screen.said[0].role) == ("done", "good")
    assert (screen.bars[0].done, screen.bars[0].note) == (4, "page 4")
    assert [screen.ask("sure?", default=True), screen.ask("really?", default=True)] == [False, True]
    assert screen.asked == ["sure?", "really?"]


def test_what_no_json_can_hold_is_refused():
    with pytest.raises(TypeError):
        RecordingScreen().show("a/1", {("a", "b"): 1}, [])


# The command line, in this process


@pytest.fixture
def shouting(plugins):
    """A plugin with a command that reads, shows, says and fails on demand."""
    click = pytest.importorskip("click")
    module = ModuleType("shouting")

    @click.command(short_help="Shouts")
    @click.argument("word")
    @click.pass_obj
    def shout(app, word):
        """Shouts."""
        typed = sys.stdin.read()
        said = f"{word}{typed}".upper()
        data = {"said": said, "roll": app.rng.randint(1, 10**6), "x": app.environ.get("SHOUT_X")}
        app.screen.show("shout/1", data, [Text(said)])
        app.screen.say("that was loud")
        if word == "bug":
            raise ZeroDivisionError

    @hookimpl
    def ttrpg_commands():
        yield entries.Command("shout", "Shouts", "shouting:shout")

    module.shout, module.ttrpg_commands = shout, ttrpg_commands
    sys.modules["shouting"] = module
    plugins.register(module, "shouting")
    yield
    del sys.modules["shouting"]


def test_the_runner_runs_the_command_line(shouting, ttrpg):
    done = ttrpg("shout", "hä", input="llo", env={"SHOUT_X": "1"})
    assert (done.code, done.out.strip()) == (0, "HÄLLO")
    assert "that was loud" in done.err
    assert "SHOUT_X" not in os.environ
    assert ttrpg("shout", "a", "--json", env={"SHOUT_X": "1"}).json()["x"] == "1"


def test_chance_goes_on_from_run_to_run(shouting, ttrpg):
    rolls = [ttrpg("shout", "a", "--json").json()["roll"] for _ in range(2)]
    expected = random.Random(1974)
    assert rolls == [expected.randint(1, 10**6), expected.randint(1, 10**6)]


def test_a_failing_run_is_a_result(shouting, ttrpg):
    assert ttrpg("shout").code == 2
    assert ttrpg("no-such-command").code == 2
    bug = ttrpg("shout", "bug")
    assert (bug.code, bug.out.strip()) == (70, "BUG")


def test_json_that_is_none_shows_the_run(shouting, ttrpg):
    with pytest.raises(AssertionError, match="that was loud"):
        ttrpg("shout", "a").json()


def test_streams_are_put_back(shouting, ttrpg):
    before = sys.stdin, sys.stdout, sys.stderr
    ttrpg("shout", "a")
    assert (sys.stdin, sys.stdout, sys.stderr) == before


def test_without_the_command_line_the_test_is_skipped(pytester):
    pytester.makepyfile(
        """
        import importlib.util
        import pytest

        @pytest.fixture(autouse=True)
        def no_cli(monkeypatch):
            find = importlib.util.find_spec
            hidden = lambda name: None if name == "ttrpg_cli" else find(name)
            monkeypatch.setattr(importlib.util, "find_spec", hidden)

        def test_roll(no_cli, ttrpg):
            assert ttrpg("--version").code == 0
        """
    )
    done = pytester.runpytest_subprocess("-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*the command line is not installed: pip install ttrpg-cli"])


# The kit as an author meets it


def test_loading_the_kit_is_light():
    code = "import sys, ttrpg_core.testing.pytest_plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "ttrpg_core.testing.pytest_plugin" in loaded
    for heavy in ("hypothesis", "httpx", "sqlite_utils", "keyring", "cattrs", "click", "ttrpg_cli"):
        assert heavy not in loaded
    ours = {name for name in loaded if name.startswith("ttrpg_core.")}
    assert ours == {
        "ttrpg_core.entries",
        "ttrpg_core.hooks",
        "ttrpg_core.testing",
        "ttrpg_core.testing.pytest_plugin",
        "ttrpg_core.values",
    }


def test_every_public_name_is_there():
    assert ttrpg_core.testing.__all__ == sorted(ttrpg_core.testing._HOME)
    for name in ttrpg_core.testing.__all__:
        assert getattr(ttrpg_core.testing, name).__doc__
    with pytest.raises(AttributeError, match="Nonsense"):
        ttrpg_core.testing.Nonsense  # noqa: B018 - the looking is the test


def test_every_promise_is_a_sentence():
    suites = [
        getattr(ttrpg_core.testing, n) for n in ttrpg_core.testing.__all__ if n.endswith("Tests")
    ]
    assert len(suites) == 10
    for suite in suites:
        tests = [value for name, value in vars(suite).items() if name.startswith("test_")]
        assert len(tests) >= 5
        for test in tests:
            first = (test.__doc__ or "").strip()
            assert first.endswith("."), f"{suite.__name__}.{test.__name__}"


def test_a_suite_fails_in_the_words_of_its_promise(pytester):
    """An author's run: tests are inherited, asserts show their values, faults have names."""
    pytester.makepyfile(
        """
        import pytest
        from ttrpg_core.testing import MemorySearcher, SearcherTests

        class WorstFirst(MemorySearcher):
            def search(self, query, k):
                return super().search(query, 99)[::-1][:k]

        class TestGood(SearcherTests):
            @pytest.fixture
            def searcher(self):
                return MemorySearcher()

        class TestBad(SearcherTests):
            @pytest.fixture
            def searcher(self):
                return WorstFirst()
        """
    )
    good = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "TestGood")
    assert "failed" not in good.parseoutcomes()
    assert good.parseoutcomes()["passed"] >= 18
    bad = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "TestBad")
    assert bad.parseoutcomes()["failed"] >= 1
    bad.stdout.fnmatch_lines(["E*assert*== *", "*FAILED *::TestBad::test_the_best_comes_first*"])


def test_a_missing_fixture_is_named(pytester):
    pytester.makepyfile(
        """
        from ttrpg_core.testing import EmbedderTests

        class TestMine(EmbedderTests):
            pass
        """
    )
    done = pytester.runpytest_subprocess("-k", "unit or length_one")
    done.stdout.fnmatch_lines(
        ["*EmbedderTests needs an embedder: override the fixture 'embedder'*"]
    )
