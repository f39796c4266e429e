"""Broken plugins, as really installed distributions: each is named, and nobody else suffers."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from ttrpg_core import Command, Genre, Parser, Provider, Schema, hookimpl
from ttrpg_core.errors import PluginError
from ttrpg_core.plugins import MAX_ENTRIES, MAX_ERROR, Plugins, describe, disabled_names

ASK = """
import json, sys
from ttrpg_core.plugins import Plugins
from ttrpg_core.entries import KINDS
plugins = Plugins.discover()
for kind in KINDS:
    plugins.owned(kind)
quiet = [str(problem) for problem in plugins.problems]
print(json.dumps({
    "installed": [[p.name, p.distribution, p.version, p.disabled] for p in plugins.installed],
    "entries": {k: {n: o.plugin for n, o in plugins.owned(k).items()} for k in KINDS},
    "quiet": quiet,
    "problems": [[p.plugin, p.where, p.error] for p in plugins.check()],
}))
"""

GOOD = """
from ttrpg_core import Provider, hookimpl
@hookimpl
def ttrpg_providers():
    yield Provider("{name}", "Says back what it hears", "{module}:Target")
class Target: pass
"""


def install(site: Path, dist: str, plugin: str, source: str | None, module: str = "") -> None:
    """What pip leaves behind: a .dist-info with its entry point, and the module."""
    module = module or dist.replace("-", "_")
    info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[ttrpg]\n{plugin} = {module}\n")
    if source is not None:
        (site / f"{module}.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    install(folder, "well-made", "well", GOOD.format(name="well", module="well_made"))
    return folder


def ask(python, site, **env):
    done = python(ASK, path=site, **env)
    return json.loads(done.stdout), done


def errors_of(answer, plugin):
    return [error for name, _, error in answer["problems"] if name == plugin]


def assert_others_work(answer):
    assert answer["entries"]["providers"]["well"] == "well"
    assert answer["entries"]["schemas"]["ttrpg-core"] == "core"
    assert not errors_of(answer, "well")
    assert not errors_of(answer, "core")


def test_four_broken_plugins_and_every_other_works(python, site):
    install(site, "bad-import", "bad-import", "raise RuntimeError('no ink\\nleft')")
    install(
        site,
        "bad-yield",
        "bad-yield",
        "from ttrpg_core import hookimpl\n@hookimpl\ndef ttrpg_parsers():\n    return None\n",
    )
    install(
        site,
        "bad-target",
        "bad-target",
        "from ttrpg_core import Provider, hookimpl\n@hookimpl\ndef ttrpg_providers():\n"
        "    yield Provider('lost', 'Is not there', 'bad_target.gone:Model')\n",
    )
    install(
        site,
        "aaa-thief",
        "aaa-thief",
        "from ttrpg_core import Schema, hookimpl\n@hookimpl\ndef ttrpg_schemas():\n"
        "    yield Schema('ttrpg-core', 'Mine now', 'aaa_thief:tables')\n",
    )
    answer, done = ask(python, site)
    assert_others_work(answer)
    assert errors_of(answer, "bad-import") == ["RuntimeError: no ink"]
    (error,) = errors_of(answer, "bad-yield")
    assert "NoneType" in error
    (error,) = errors_of(answer, "bad-target")
    assert "bad_target.gone:Model" in error
    assert "No module named 'bad_target.gone'" in error
    (error,) = errors_of(answer, "aaa-thief")
    assert "'ttrpg-core' is taken by 'core'" in error
    assert "'aaa-thief'" in error
    assert done.stderr == ""
    assert not any("bad-target" in line for line in answer["quiet"])  # seen when it is used


BROKEN = [
    ("import sys; sys.exit(3)", "SystemExit: 3"),
    ("class Panic(BaseException): pass\nraise Panic('a rusty plugin')", "Panic: a rusty"),
    ("def f(:", "SyntaxError"),
    ("import surely_not_installed", "No module named 'surely_not_installed'"),
    (None, "No module named 'odd_{}'"),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\ndef ttrpg_parsers(oops):\n    return ()",
        "PluginValidationError",
    ),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\nasync def ttrpg_parsers():\n    return ()",
        "this one returned coroutine",
    ),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\ndef ttrpg_parsers():\n    return 'md'",
        "this one returned str",
    ),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\ndef ttrpg_parsers():\n    yield 'md'",
        "Parser records; got 'md'",
    ),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\ndef ttrpg_parser():\n    yield 1",
        "did you mean ttrpg_parsers?",
    ),
    (
        "from ttrpg_core import hookimpl\n@hookimpl\ndef trpg_zzz():\n    yield 1",
        "there is no such hook",
    ),
    (
        (
            "from ttrpg_core import hookimpl as h, Parser as P\n@h\ndef ttrpg_parsers():\n"
            "    yield P('Bad Name', 'x', 'a:b')"
        ),
        "a name is lower-case words",
    ),
]
"""What a plugin's module is, None for none, and what is said of it."""


def test_every_other_way_to_be_broken(python, site):
    for number, (source, _) in enumerate(BROKEN):
        install(site, f"odd-{number}", f"odd-{number}", source)
    answer, done = ask(python, site)
    assert_others_work(answer)
    for number, (_, said) in enumerate(BROKEN):
        errors = errors_of(answer, f"odd-{number}")
        assert any(said.format(number) in error for error in errors), (said, answer["problems"])
    assert len({who for who, _, _ in answer["problems"]}) == len(BROKEN), "nobody else is named"
    assert done.stderr == ""


def test_two_plugins_of_one_name_are_both_named(python, site):
    install(site, "zzz-late", "well", GOOD.format(name="late", module="zzz_late"))
    answer, _ = ask(python, site)
    assert_others_work(answer)
    ((who, where, error),) = answer["problems"]
    assert who == "well (zzz-late)"
    assert where == "name"
    assert "well-made" in error
    assert "late" not in answer["entries"]["providers"]


def test_a_third_party_called_core_does_not_displace_the_kernel(python, site):
    install(site, "aaa-evil", "core", GOOD.format(name="evil", module="aaa_evil"))
    answer, _ = ask(python, site)
    assert_others_work(answer)
    assert "evil" not in answer["entries"]["providers"]
    assert any(who == "core (aaa-evil)" for who, _, _ in answer["problems"])


def test_a_distribution_that_says_it_is_ours_is_no_excuse_for_a_name(python, site):
    """The order is that of our own list, whatever the plugin or distribution is called."""
    command = (
        "from ttrpg_core import Command, hookimpl\n@hookimpl\ndef ttrpg_commands():\n"
        "    yield Command('roll', 'Rolls {who}', '{who}:roll')\nroll = 1\n"
    )
    install(site, "aaa", "aaa", command.format(who="aaa"))
    install(site, "AAB", "aab", command.format(who="AAB"))
    install(site, "ttrpg-zz", "zz-ours", command.format(who="ttrpg_zz"))
    code = "import ttrpg_core.plugins as p\np.FIRST_PARTY += ('ttrpg-zz',)\n" + ASK
    answer = json.loads(python(code, path=site, TTRPG_DISABLE="cli").stdout)
    assert answer["entries"]["commands"]["roll"] == "zz-ours"
    named = {who: error for who, _, error in answer["problems"]}
    assert "taken by 'zz-ours'" in named["aaa"]
    assert "taken by 'zz-ours'" in named["aab"]


@pytest.mark.parametrize(("disable", "ran"), [("marked", False), ("*", False), ("other, x", True)])
def test_disable_acts_before_import(python, site, tmp_path, disable, ran):
    mark = tmp_path / "imported"
    source = f"open({str(mark)!r}, 'w').close()\n" + GOOD.format(name="marked", module="marked")
    install(site, "marked", "marked", source)
    answer, _ = ask(python, site, TTRPG_DISABLE=disable)
    assert mark.exists() is ran
    assert ("marked" in answer["entries"]["providers"]) is ran
    assert ["marked", "marked", "1.2", not ran] in answer["installed"]
    assert answer["entries"]["schemas"]["ttrpg-core"] == "core"
    assert ("well" in answer["entries"]["providers"]) is (disable != "*")


def test_the_kernel_itself_cannot_be_switched_off(python, site):
    answer, _ = ask(python, site, TTRPG_DISABLE="core,*")
    assert answer["entries"]["schemas"]["ttrpg-core"] == "core"


def test_unreadable_metadata_of_anybody_spoils_nothing(python, site):
    for name, file, content in (
        ("rotten-a", "entry_points.txt", "[console_scripts]\nno equals sign here\n"),
        ("rotten-b", "entry_points.txt", "\x00\xff[ttrpg"),
        ("rotten-c", "METADATA", ""),
    ):
        install(site, name, name, GOOD.format(name=name, module=name.replace("-", "_")))
        info = site / f"{name.replace('-', '_')}-1.2.dist-info"
        (info / file).write_text(content, "latin-1")
    answer, done = ask(python, site)
    assert_others_work(answer)
    assert done.stderr == ""


def test_discovery_imports_no_heavy_module(python, site):
    code = ASK + (
        "\nheavy = {'httpx','sqlite_utils','structlog','cattrs','keyring','tomlkit'}"
        "\nassert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    python(code.replace("plugins.check()", "()"), path=site, TTRPG_DISABLE="*")


# In one process, with plugins given by hand.


def plugin(**hooks) -> ModuleType:
    made = ModuleType("by_hand")
    for name, answer in hooks.items():
        answer.__name__ = name
        setattr(made, name, hookimpl(answer))
    return made


def test_a_hook_without_an_end_is_cut():
    def endless():
        number = 0
        while True:
            number += 1
            yield Provider(f"p{number}", "One more", "a:b")

    plugins = Plugins()
    plugins.register(plugin(ttrpg_providers=endless), "endless")
    assert len(plugins.entries(Provider)) == MAX_ENTRIES
    (problem,) = plugins.problems
    assert "more than" in problem.error


def test_what_a_hook_yielded_before_it_broke_stays():
    def breaks():
        yield Provider("first", "Is fine", "a:b")
        raise ValueError("then not")

    plugins = Plugins()
    plugins.register(plugin(ttrpg_providers=breaks), "half")
    assert list(plugins.entries(Provider)) == ["first"]
    assert plugins.problems[0].error == "ValueError: then not"


def test_a_misspelt_hook_of_an_object_and_of_specname_is_seen():
    class Mine:
        @hookimpl
        def ttrpg_speaker(self):
            return ()

        @hookimpl(specname="ttrpg_genres")
        def anything(self):
            yield Genre("noir", "Rain", path=Path())

    plugins = Plugins()
    plugins.register(Mine(), "mine")
    assert list(plugins.entries(Genre)) == ["noir"]
    (problem,) = plugins.problems
    assert problem.where == "ttrpg_speaker"
    assert "did you mean ttrpg_speakers?" in problem.error


def test_ctrl_c_in_a_plugin_is_still_ctrl_c():
    def slow():
        raise KeyboardInterrupt

    plugins = Plugins()
    plugins.register(plugin(ttrpg_providers=slow), "slow")
    with pytest.raises(KeyboardInterrupt):
        plugins.entries(Provider)


def test_load_says_what_is_there_and_how_to_switch_a_plugin_off():
    plugins = Plugins()
    answer = [Provider("echo", "Echo", "json:dumps"), Provider("lost", "Lost", "json:nothing")]
    plugins.register(plugin(ttrpg_providers=lambda: answer), "mine")
    assert plugins.load(Provider, "echo") is json.dumps
    with pytest.raises(PluginError) as caught:
        plugins.load(Provider, "lost")
    assert caught.value.plugin == "mine"
    assert "TTRPG_DISABLE=mine" in caught.value.hint
    with pytest.raises(PluginError) as caught:
        plugins.load(Provider, "nobody")
    assert "echo, lost" in caught.value.hint
    with pytest.raises(PluginError):
        plugins.load(Provider, "lost")
    assert len(plugins.problems) == 1, "the same problem once"


def test_an_error_is_one_bounded_line():
    line = describe(ValueError("x" * 5000 + "\nmore"))
    assert len(line) == MAX_ERROR
    assert describe(KeyError()) == "KeyError"


def test_disabled_names():
    assert disabled_names({"TTRPG_DISABLE": " a,b ,,*"}) == {"a", "b", "*"}
    assert disabled_names({}) == frozenset()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Provider("Upper", "x", "a:b"),
        lambda: Provider("a b", "x", "a:b"),
        lambda: Provider("a\n", "x", "a:b"),
        lambda: Provider("a", "two\nlines", "a:b"),
        lambda: Provider("a", "x" * 81, "a:b"),
        lambda: Provider("a", " ", "a:b"),
        lambda: Provider("a", "x", "no-colon"),
        lambda: Provider("a", "x", "a:b\n"),
        lambda: Provider("a", "x"),
        lambda: Provider(3, "x", "a:b"),
        lambda: Command("a", "x", ""),
        lambda: Schema("a", "x", "a.b"),
        lambda: Parser("a", "x", "a:b", suffixes=".md"),
        lambda: Parser("a", "x", "a:b", suffixes=("md",)),
        lambda: Parser("a", "x", "a:b", suffixes=(".MD",)),
        lambda: Genre("a", "x"),
    ],
)
def test_records_are_checked_where_they_are_made(make):
    with pytest.raises(ValueError):
        make()
