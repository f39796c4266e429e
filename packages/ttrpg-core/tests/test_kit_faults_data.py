"""The suites of plugins, genre packs and systems catch faults too."""

import importlib
import inspect
import shutil
import sys
from importlib.resources import files

import pytest

from ttrpg_core.testing import GenreTests, PluginTests, SystemTests, fakes

PACK = files(fakes) / "lantern-road"
SYSTEM = (files(fakes) / "two-dice.toml").read_text("utf-8")


def breaks(suite, promise, **fixtures):
    """Run one test of a suite on what is given; it has to fail, and not to be skipped."""
    test = getattr(suite, f"test_{promise}")
    assert test.__doc__
    wanted = inspect.signature(test).parameters
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        test(**{name: value for name, value in fixtures.items() if name in wanted})
    assert caught.type not in {TypeError, NameError}, "the fault is in this test"


# Plugins: each is the text of a module.

HEAD = """
import attrs
import itertools
from pathlib import Path
from ttrpg_core import *
from ttrpg_core import hookimpl
from ttrpg_core.testing.fakes.documents import PlainText
"""
TARGET = '"ttrpg_core.testing.fakes.documents:PlainText"'


def hook(kind, *records):
    body = "".join(f"    yield {record}\n" for record in records) or "    return ()\n"
    return f"\n@hookimpl\ndef ttrpg_{kind}():\n{body}"


COMMAND = '''
import click

@click.command(short_help="{short}")
@click.pass_obj
def wave(app):
    """{long}"""
'''
TABLES = """
from sqlite_utils.migrations import Migrations
tables = Migrations("{name}")

@tables()
def first(db):
    db["{table}"].create({{"id": int}})
"""
WAVES = hook("commands", 'Command("wave", "Waves at the table", "odd_plugin:wave")')
KEEPS = hook("schemas", 'Schema("weather", "The weather", "odd_plugin:tables")')
SETTINGS = """
@attrs.frozen
class Bare:
    words: str = ""

def vendor(context):
    from ttrpg_core.testing import FakeVendor
    return FakeVendor(context)
"""


@pytest.mark.parametrize(
    ("promise", "module"),
    [
        ("its_import_is_light", "import httpx" + HEAD + hook("parsers")),
        ("its_import_is_light", "print('hello')" + HEAD + hook("parsers")),
        ("every_hook_yields_its_records", HEAD),
        ("every_hook_yields_its_records", HEAD + hook("parsers")),
        ("every_hook_yields_its_records", HEAD + hook("speakers", f'Parser("a", "A", {TARGET})')),
        ("every_hook_yields_its_records", HEAD + hook("wizards", f'Parser("a", "A", {TARGET})')),
        (
            "every_hook_yields_its_records",
            HEAD + hook("parsers", f'Parser("Not A Name", "A", {TARGET})'),
        ),
        (
            "it_answers_the_same_twice",
            HEAD
            + "turn = itertools.count()\n"
            + hook("parsers", f'Parser(f"a{{next(turn)}}", "A", {TARGET})'),
        ),
        ("names_are_kebab_case", HEAD + hook("parsers", f'Parser("a.b", "A", {TARGET})')),
        ("summaries_stand_in_a_list", HEAD + hook("parsers", f'Parser("a", "A text.", {TARGET})')),
        ("summaries_stand_in_a_list", HEAD + hook("parsers", f'Parser("a", " A text", {TARGET})')),
        ("every_target_loads", HEAD + hook("parsers", 'Parser("a", "A", "odd_plugin:Gone")')),
        (
            "every_target_loads",
            HEAD
            + SETTINGS
            + hook(
                "providers", 'Provider("a", "A", "odd_plugin:vendor", settings="odd_plugin:Bare")'
            ),
        ),
        (
            "every_target_loads",
            HEAD
            + SETTINGS
            + hook(
                "providers", 'Provider("a", "A", "odd_plugin:vendor", settings="odd_plugin:vendor")'
            ),
        ),
        (
            "every_target_answers_its_protocol",
            HEAD + hook("speakers", f'Speaker("a", "A", {TARGET})'),
        ),
        (
            "every_target_answers_its_protocol",
            HEAD
            + "def dial(context):\n"
            + "    import socket\n"
            + "    socket.create_connection(('192.0.2.1', 80))\n"
            + hook("parsers", 'Parser("a", "A", "odd_plugin:dial")'),
        ),
        (
            "every_hook_yields_its_records",
            HEAD + hook("parsers", f'Parser("a", "A", {TARGET}, (".TXT",))'),
        ),
        (
            "every_hook_yields_its_records",
            HEAD + hook("parsers", f'Parser("a", "A", {TARGET}, ("txt",))'),
        ),
        (
            "fields_fit_their_use",
            HEAD + hook("speakers", f'Speaker("a", "A", {TARGET}, key="a key")'),
        ),
        ("fields_fit_their_use", HEAD + hook("embedders", f'Embedder("a", "A", {TARGET})')),
        ("fields_fit_their_use", HEAD + hook("genres", 'Genre("a", "A", path=Path("/no/where"))')),
        (
            "fields_fit_their_use",
            HEAD + hook("systems", 'System("a", "A", path=Path("/no/where"))'),
        ),
        ("every_hook_yields_its_records", HEAD + hook("systems", 'System("a", "A")')),
        (
            "commands_explain_themselves",
            HEAD + COMMAND.format(short="Waves", long="Waves.") + WAVES,
        ),
        (
            "commands_explain_themselves",
            HEAD + COMMAND.format(short="Waves at the table", long="") + WAVES,
        ),
        ("tables_carry_its_name", HEAD + TABLES.format(name="weather", table="storms") + KEEPS),
        ("tables_carry_its_name", HEAD + TABLES.format(name="sky", table="weather_log") + KEEPS),
    ],
)
def test_a_plugin_that(promise, module, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "odd_plugin.py").write_text(module)
    monkeypatch.syspath_prepend(folder)
    plugin = importlib.import_module("odd_plugin")
    try:
        breaks(PluginTests(), promise, plugin=plugin, tmp_path=tmp_path, monkeypatch=monkeypatch)
    finally:
        del sys.modules["odd_plugin"]


# Genre packs: each is the good one with a file written over.


@pytest.mark.parametrize(
    ("promise", "file", "text"),
    [
        ("it_loads", "tables/road.toml", '[a]\ndice = "d4"\nrows = ["one", "two"]'),
        ("it_loads", "tables/road.toml", "# nothing here"),
        ("nothing_is_wrong_with_it", "lang/de.toml", '[nowhere]\n1 = "nichts"'),
        ("nothing_is_wrong_with_it", "lang/de.toml", '["names.trade"]\n9 = "nichts"'),
        ("nothing_is_wrong_with_it", "genre.toml", 'name = "lantern-road"'),
        (
            "it_says_under_what_licence",
            "genre.toml",
            'name = "lantern-road"\ntitle = "T"\nsummary = "S"\nlicence = " "',
        ),
        ("rows_cover_the_dice", "tables/x.toml", '[a]\ndice = "1d2*2"\nrows = ["2", "3", "4"]'),
        (
            "no_row_is_there_twice",
            "tables/x.toml",
            '[a]\ndice = "d2"\nrows = ["A  door", "a door"]',
        ),
        ("rows_are_clean", "tables/x.toml", '[a]\ndice = "d2"\nrows = ["a", " b"]'),
        ("rows_are_clean", "tables/x.toml", '[a]\ndice = "d2"\nrows = ["a", ""]'),
        ("rows_are_clean", "tables/x.toml", '[a]\ndice = "d2"\nrows = ["a", "b\\u001b[2J"]'),
        ("translations_fit", "lang/en.toml", '["names.trade"]\n1 = "tinkerer"'),
        ("translations_fit", "lang/notes.txt", "ask the translator"),
        ("translations_fit", "lang/de.toml", '["names.trade"]\n1 = "tinker"'),
        ("translations_fit", "lang/de.toml", '["names.trade"]\n1 = ""'),
    ],
)
def test_a_pack_that(promise, file, text, tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(str(PACK), folder)
    (folder / file).write_text(text, "utf-8")
    breaks(GenreTests(), promise, folder=folder)


def test_a_pack_whose_rows_miss_a_roll(monkeypatch):
    """``load_genre`` refuses such a pack, so the suite is handed one that slipped through."""
    from ttrpg_core import genres

    rows = (genres.Row(1, 1, "one"), genres.Row(3, 4, "three"))
    slipped = genres.Genre(
        "a", "A", "A", "en", "CC0-1.0", "", {"t": genres.RandomTable("t", "T", "d4", rows)}
    )
    monkeypatch.setattr("ttrpg_core.testing.suites.genre.load_genre", lambda folder: slipped)
    breaks(GenreTests(), "rows_cover_the_dice", folder=PACK)
    breaks(GenreTests(), "it_can_be_rolled_on", folder=PACK)


# Systems: the good one with a word changed.


@pytest.mark.parametrize(
    ("promise", "old", "new"),
    [
        ("it_loads", 'check = "2d6 + {wits}"', ""),
        ("it_loads", 'title = "Two Dice"', 'title = " "'),
        ("it_says_under_what_licence", 'licence = "CC0-1.0"', 'licence = ""'),
        ("abilities_are_told_apart", 'id = "feet", title = "Feet"', 'id = "arms", title = "Legs"'),
        ("abilities_are_told_apart", 'title = "Feet"', 'title = "Arms"'),
        ("abilities_are_told_apart", 'id = "feet"', 'id = "Two Feet"'),
        ("its_rolls_name_its_abilities", "{wits}", "{luck}"),
        ("its_rolls_are_dice", "2d6 +", "2d6 plus"),
        ("its_rolls_are_dice", "1d6 + {feet}", "first come"),
        ("its_check_is_chance", "2d6 + {wits}", "7 + {wits}"),
    ],
)
def test_a_system_that(promise, old, new, tmp_path):
    assert old in SYSTEM
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM.replace(old, new), "utf-8")
    breaks(SystemTests(), promise, file=file)
