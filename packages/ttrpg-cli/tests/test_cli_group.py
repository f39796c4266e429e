"""The group: help, unknown commands, ``ttrpg`` alone, and bugs in a plugin's command."""

import json
import sys
import types

import click
import pytest

from ttrpg_cli import install
from ttrpg_cli.commands import here
from ttrpg_cli.install import install_line
from ttrpg_cli.plugin import COMMANDS
from ttrpg_core import Command, hookimpl
from ttrpg_core.errors import PluginError

NAMES = sorted(name for _, name, _, _ in COMMANDS)


@pytest.fixture
def command(plugins, monkeypatch):
    """Makes a function a third party's command ``wave``, in a module of its own."""

    def make(function, **fields):
        module = types.ModuleType("ttrpg_wave_for_tests")
        namespace = module.__dict__
        exec(f"def call(function):\n    return function()", namespace)  # noqa: F541 - a frame of that module
        module.wave = click.Command("wave", callback=lambda: namespace["call"](function))
        monkeypatch.setitem(sys.modules, module.__name__, module)

        @hookimpl
        def ttrpg_commands():
            yield Command("wave", "Waves", f"{module.__name__}:wave", **fields)

        module.ttrpg_commands = ttrpg_commands
        plugins.register(module, "wave")

    return make


def test_help_names_every_command_with_its_line(ttrpg):
    out = ttrpg("--help").out
    for _, name, summary, _ in COMMANDS:
        assert any(line.split(None, 1) == [name, summary] for line in out.splitlines()), name


@pytest.mark.parametrize("name", NAMES)
def test_the_line_of_help_is_the_commands_own(ttrpg, plugins, name):
    loaded = plugins.load(Command, name)
    assert loaded.get_short_help_str(limit=200) == plugins.entries(Command)[name].summary


def leaves(path, group):
    yield path, group
    if isinstance(group, click.Group):
        for name, child in group.commands.items():
            yield from leaves([*path, name], child)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself_and_its_options(ttrpg, plugins, name, flag):
    for path, each in leaves([name], plugins.load(Command, name)):
        result = ttrpg(*path, flag)
        assert result.code == 0
        assert result.err == ""
        assert f"Usage: ttrpg {' '.join(path)}" in result.out
        assert each.help, path
        for option in each.params:
            assert not isinstance(option, click.Option) or option.help, (path, option.name)
        assert "--json" in result.out


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(ttrpg, flag):
    result = ttrpg(flag)
    assert result.code == 0
    assert result.out.startswith("ttrpg 0.")
    assert ttrpg("--quiet", "--version").out == result.out


def test_a_misspelt_command(ttrpg):
    result = ttrpg("hsitory")
    assert result.code == 2
    assert "there is no command 'hsitory'" in result.err
    assert "Did you mean: ttrpg history" in result.err


@pytest.mark.parametrize(
    ("typed", "package"),
    [("search", "ttrpg-search"), ("library", "ttrpg-ingest"), ("serach", "ttrpg-search")],
)
def test_a_command_of_another_package(ttrpg, typed, package, monkeypatch):
    monkeypatch.setattr(install, "_checkout", lambda: None)
    result = ttrpg(typed, "x")
    assert result.code == 2
    assert f"comes with {package}: " in result.err
    assert f"-m pip install {package}" in result.err


def test_an_unknown_command_of_a_broken_plugin(ttrpg, plugins):
    plugins.report("hello", "ModuleNotFoundError: No module named 'lute'", "import")
    result = ttrpg("zzz")
    assert result.code == 2
    assert "'hello'" in result.err
    assert "No module named 'lute'" in result.err


def test_an_unknown_command_of_nobody(ttrpg):
    assert ttrpg("zzz").err == "Error: there is no command 'zzz'\nSee: ttrpg --help\n"


def test_a_very_long_command(ttrpg):
    result = ttrpg("z" * 1_000_000)
    assert result.code == 2
    assert len(result.err) < 300


def test_a_command_whose_needs_are_not_met(ttrpg, command):
    command(lambda: None, needs=("providers", "speakers"))
    assert "wave" not in ttrpg("--help").out
    result = ttrpg("wave")
    assert result.code == 2
    assert "It needs providers or speakers" in result.err


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        (
            "/home/a/.local/share/uv/tools/ttrpg-cli",
            "uv tool install ttrpg-cli --with ttrpg-search",
        ),
        ("/home/a/.local/share/pipx/venvs/ttrpg-cli", "pipx inject ttrpg-cli ttrpg-search"),
        ("/usr", f"{sys.executable} -m pip install ttrpg-search"),
    ],
)
def test_the_install_line(prefix, line, monkeypatch):
    monkeypatch.setattr(install, "_checkout", lambda: None)
    assert install_line("ttrpg-search", prefix) == line


def test_a_checkout_installs_from_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "_checkout", lambda: tmp_path / "ttrpg-core")
    line = install_line("ttrpg-search ttrpg-ingest", "/usr")
    assert line.endswith(f"install -e {tmp_path}/ttrpg-search -e {tmp_path}/ttrpg-ingest")


@pytest.mark.parametrize(
    ("mark", "start"),
    [("uv-receipt.toml", "uv tool install"), ("pipx_metadata.json", "pipx inject")],
)
def test_an_installer_is_known_by_its_mark_wherever_it_works(tmp_path, mark, start):
    (tmp_path / mark).write_text("")
    assert install_line("ttrpg-search", str(tmp_path)).startswith(start)


def test_uv_keeps_what_is_there():
    line = install_line(
        "ttrpg-search", "/x/uv/tools/ttrpg-cli", beside=["ttrpg-core", "ttrpg-ingest"]
    )
    assert line == "uv tool install ttrpg-cli --with ttrpg-ingest --with ttrpg-search"


def test_alone_in_an_empty_home_it_makes_nothing(ttrpg, ttrpg_home):
    result = ttrpg()
    assert result.code == 0
    assert "Nothing here yet" in result.out
    assert "ttrpg demo" in result.out
    assert list(ttrpg_home.iterdir()) == []
    assert ttrpg("--json").json()["next"][0] == "ttrpg demo"
    assert list(ttrpg_home.iterdir()) == []


def test_alone_it_shows_where_you_are(ttrpg):
    ttrpg("campaign", "create", "Salt Road")
    ttrpg("campaign", "edit", "--game-date", "Day 2")
    out = ttrpg().out
    assert "Salt Road" in out
    assert "Day 2" in out
    assert "changed game date" in out
    data = ttrpg("--json").json()
    assert data["campaign"] == "salt-road"
    assert len(data["next"]) == 2


def test_alone_with_no_campaign_chosen(ttrpg):
    ttrpg("campaign", "create", "Salt Road")
    ttrpg("undo")
    assert "ttrpg campaign create NAME" in ttrpg().out
    ttrpg("campaign", "create", "A")
    ttrpg("campaign", "create", "B")
    ttrpg("campaign", "delete", "b")
    assert ttrpg("--json").json()["next"][0] == "ttrpg campaign use a"


def test_a_bug_in_a_plugin_names_it_and_keeps_the_story(ttrpg, ttrpg_home, command):
    def bug():
        raise ZeroDivisionError("lute \x1b[31m sk-0123456789abcdef")

    command(bug)
    result = ttrpg("wave")
    assert result.code == 70
    assert "a bug in the plugin 'wave': ZeroDivisionError: lute \\u001b[31m" in result.err
    assert "Traceback" not in result.err
    path = ttrpg_home / "state" / "last-error.txt"
    assert str(path) in result.err
    told = path.read_text()
    assert told.startswith("ttrpg wave\n")
    assert "Traceback" in told
    assert "ZeroDivisionError" in told
    assert "sk-0123456789abcdef" not in told
    logged = (path.parent / "log.jsonl").read_text()
    assert "sk-0123456789abcdef" not in logged
    line = json.loads(logged)
    assert line["event"] == "bug"
    assert line["owner"] == "the plugin 'wave'"
    assert "ZeroDivisionError: lute" in line["exception"]


def test_a_bug_of_ours_is_not_a_plugins(ttrpg, monkeypatch):
    def bug(app):
        raise ZeroDivisionError

    monkeypatch.setattr(here, "here", bug)
    assert "a bug in ttrpg" in ttrpg().err


def test_a_bug_where_nothing_can_be_kept(ttrpg, command, tmp_path):
    command(lambda: 1 / 0)
    (tmp_path / "file").write_text("")
    result = ttrpg("wave", env={"TTRPG_HOME": str(tmp_path / "file")})
    assert result.code == 70
    assert "ttrpg --debug" in result.err


def test_debug_shows_the_trace(ttrpg, command):
    command(lambda: 1 / 0)
    result = ttrpg("--debug", "wave")
    assert result.code == 70
    assert "Traceback" in result.err


@pytest.mark.parametrize(
    ("raised", "code", "said"), [(3, 3, ""), (None, 0, ""), ("farewell", 1, "farewell")]
)
def test_a_command_that_ends_the_program(ttrpg, command, raised, code, said):
    def leave():
        sys.exit(raised)

    command(leave)
    result = ttrpg("wave")
    assert result.code == code
    assert said in result.err


def test_a_target_that_is_no_command(ttrpg, plugins):
    class Odd:
        @hookimpl
        def ttrpg_commands(self):
            yield Command("odd", "Is a function", "json:loads")

    plugins.register(Odd(), "odd")
    result = ttrpg("odd")
    assert result.code == 1
    assert "not a click.Command" in result.err


def test_problems_are_one_dim_line(ttrpg, plugins):
    plugins.report("hello", "ImportError: lute", "import")
    plugins.report("world", "ImportError: harp", "import")
    assert ttrpg("roll", "1").err == "2 plugin problems; see: ttrpg plugins\n"
    assert ttrpg("--quiet", "roll", "1").err == ""


def quick_way(command, name="quick", **fields):
    """A command with a quick way that reads lines with "fast" in them."""
    command(lambda: click.echo("slow"), quick=f"ttrpg_wave_for_tests:{name}", **fields)
    sys.modules["ttrpg_wave_for_tests"].quick = lambda typed: (
        (lambda app: click.echo(" ".join(["quick", *typed])) or 3) if "fast" in typed else None
    )


def test_the_quick_way_of_a_command_is_taken_where_it_reads_the_line(ttrpg, command):
    quick_way(command)
    result = ttrpg("wave", "fast", "x")
    assert (result.code, result.out) == (3, "quick fast x\n")
    assert ttrpg("wave").out == "slow\n"
    assert ttrpg("--quiet", "wave").out == "slow\n"


def test_a_quick_way_that_is_not_there_leaves_the_command_whole(ttrpg, command, plugins):
    quick_way(command, "nowhere")
    assert ttrpg("wave").out == "slow\n"
    assert any("nowhere" in problem.error for problem in plugins.check())


def test_a_command_that_is_not_shown_has_no_quick_way(ttrpg, command):
    quick_way(command, needs=("speakers",))
    assert ttrpg("wave", "fast").code == 2


def test_a_quick_way_that_fails_says_so_as_its_command_would(ttrpg, command):
    quick_way(command)

    def fails(app):
        raise PluginError("no wave", "Wait for one")

    sys.modules["ttrpg_wave_for_tests"].quick = lambda typed: fails
    result = ttrpg("wave")
    assert (result.code, result.err) == (1, "Error: no wave\nWait for one\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("campaign new", "campaign create"),
        ("combat create", "combat new"),
        ("npc delete", "npc rm"),
        ("campaign rm", "campaign delete"),
        ("plot ls", "plot list"),
        ("item view", "item show"),
    ],
)
def test_a_verb_may_be_called_as_other_tools_call_it(ttrpg, typed, meant):
    def rest(line):
        return ttrpg(*line.split(), "--help").out.partition("\n")[2]

    assert rest(typed) == rest(meant)
    noun, verb = typed.split()
    assert f"\n  {verb} " not in ttrpg(noun, "--help").out


def test_words_of_a_note_are_not_taken_for_a_verb(ttrpg):
    ttrpg("campaign", "create", "Veln")
    assert "new boots" in ttrpg("note", "new", "boots").out


def test_other_words_are_still_no_command(ttrpg):
    ran = ttrpg("campaign", "creat", "Veln")
    assert (ran.code, "Did you mean 'create'?" in ran.err) == (2, True)
