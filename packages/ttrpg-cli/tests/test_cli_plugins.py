"""``ttrpg plugins``, ``doctor`` and what is remembered of plugins."""

import json
import shutil
import sqlite3
from importlib.metadata import EntryPoint

import pytest

from ttrpg_core import Command, Parser, hookimpl


class Nice:
    """A plugin in order."""

    @hookimpl
    def ttrpg_commands(self):
        yield Command("wave", "Waves", "ttrpg_cli.commands.roll:roll", section="Greetings")

    @hookimpl
    def ttrpg_parsers(self):
        yield Parser("rtf", "Rich Text", "json:loads", suffixes=(".rtf",), priority=3)


class Missing:
    """A plugin whose target does not exist."""

    @hookimpl
    def ttrpg_commands(self):
        yield Command("gone", "Is not there", "no_such_module_at_all:cli")


def finding(result, what):
    return [f for f in result.json()["findings"] if f["what"] == what]


def test_every_plugin_is_listed_with_what_it_has(ttrpg, plugins):
    plugins.register(Nice(), "nice")
    result = ttrpg("plugins", "--json")
    assert result.code == 0
    rows = {row["name"]: row for row in result.json()["plugins"]}
    assert rows["nice"]["state"] == "ok"
    assert rows["nice"]["has"] == "parser rtf, command wave"
    assert "command roll" in rows["cli"]["has"]
    assert result.json()["problems"] == []


def test_a_target_that_is_not_there_is_named(ttrpg, plugins):
    plugins.register(Missing(), "missing")
    result = ttrpg("plugins")
    assert result.code == 0
    assert "Problems: 1" in result.out
    assert "missing: command gone: cannot load no_such_module_at_all:cli" in result.out
    ran = ttrpg("gone")
    assert ran.code == 1
    assert "TTRPG_DISABLE=missing" in ran.err


def test_why(ttrpg, plugins):
    plugins.register(Nice(), "nice")
    plugins.register(Missing(), "missing")
    assert "wave, from the plugin nice" in ttrpg("plugins", "--why", "wave").out
    assert "ttrpg_cli.plugin" in ttrpg("plugins", "--why", "cli").out
    assert "rtf (priority 3): Rich Text" in ttrpg("plugins", "--why", "Old Notes.RTF").out
    assert "cannot load no_such_module" in ttrpg("plugins", "--why", "gone").out
    assert ttrpg("plugins", "--why", "wave", "--json").json()["schema"] == "ttrpg.plugins.why/1"


@pytest.mark.parametrize("name", ["", "wavee", "x.unknown", "\x1b[31m", "\ud800", "x" * 100_000])
def test_why_of_what_is_not_there(ttrpg, plugins, name):
    plugins.register(Nice(), "nice")
    result = ttrpg("plugins", "--why", name)
    assert result.code == 3
    assert "\x1b" not in result.err
    assert len(result.err) < 5000


def test_doctor_of_an_empty_home(ttrpg):
    result = ttrpg("doctor", "--json")
    assert result.code == 0
    assert {f["state"] for f in result.json()["findings"]} <= {"ok", "warn"}
    assert finding(result, "database")[0]["seen"] == "none yet"


def test_doctor_of_a_sound_home(ttrpg):
    ttrpg("campaign", "create", "Salt")
    result = ttrpg("doctor", "--json")
    assert result.code == 0
    assert "sound" in finding(result, "database")[0]["seen"]
    assert finding(result, "keys")[0]["seen"] == "0 kept"


def damage(path):
    """Overwrite all pages but the first; the header still says that it is a database."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def test_doctor_finds_a_damaged_database(ttrpg, ttrpg_home):
    ttrpg("campaign", "create", "Salt")
    damage(ttrpg_home / "ttrpg.db")
    result = ttrpg("doctor", "--json")
    assert result.code == 7
    assert finding(result, "database")[0]["state"] == "bad"
    assert "damaged" in finding(result, "database")[0]["seen"]
    assert finding(result, "python")[0]["state"] == "ok"


@pytest.mark.parametrize(
    "command", [["history"], ["campaign"], ["campaign", "create", "A"], ["undo"]]
)
def test_a_damaged_database_is_code_7(ttrpg, ttrpg_home, command):
    ttrpg("campaign", "create", "Salt")
    damage(ttrpg_home / "ttrpg.db")
    result = ttrpg(*command)
    assert result.code == 7
    assert "damaged" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("command", [["roll", "1d6"], ["config"], ["keys"], ["completion", "bash"]])
def test_a_damaged_database_stops_nothing_else(ttrpg, ttrpg_home, command):
    (ttrpg_home / "ttrpg.db").write_bytes(b"no database" * 1000)
    assert ttrpg(*command).code == 0


def test_doctor_says_which_backups_are_sound(ttrpg, ttrpg_home):
    ttrpg("campaign", "create", "Salt")
    backups = ttrpg_home / "backups"
    backups.mkdir()
    with sqlite3.connect(ttrpg_home / "ttrpg.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(ttrpg_home / "ttrpg.db", backups / "ttrpg-20260101T000000.0Z-good.db")
    (backups / "ttrpg-20260102T000000.0Z-bad.db").write_bytes(b"nonsense" * 1000)
    states = [f["state"] for f in finding(ttrpg("doctor", "--json"), "backup")]
    assert states == ["warn", "ok"], "the newest first"


def test_doctor_sees_a_key_file_that_others_may_read(ttrpg, ttrpg_home):
    ttrpg("keys", "set", "anthropic", input="sk-x")
    (ttrpg_home / "keys.toml").chmod(0o644)
    result = ttrpg("doctor")
    assert result.code == 1
    assert f"chmod 600 {ttrpg_home / 'keys.toml'}" in result.out


def test_doctor_goes_on_after_broken_settings(ttrpg, ttrpg_home):
    (ttrpg_home / "config.toml").write_text("[search]\nresults = 0\n")
    result = ttrpg("doctor", "--json")
    assert result.code == 1
    assert "search.results" in finding(result, "settings")[0]["seen"]
    assert finding(result, "disk")


def test_doctor_of_a_home_that_cannot_be(ttrpg, tmp_path):
    (tmp_path / "file").write_text("")
    result = ttrpg("doctor", "--json", env={"TTRPG_HOME": str(tmp_path / "file" / "below")})
    assert result.code == 1
    assert finding(result, "data folder")[0]["state"] == "bad"


def added(plugins, name, version="1.0"):
    plugins.add(EntryPoint(name, "json", "ttrpg"), distribution=f"ttrpg-{name}", version=version)


def test_a_plugin_that_is_gone(ttrpg, plugins, ttrpg_home):
    added(plugins, "hello")
    assert ttrpg("plugins").err == ""
    plugins.installed[:] = [p for p in plugins.installed if p.name != "hello"]
    gone = ttrpg("plugins")
    assert gone.code == 0
    assert "Gone since last time: ttrpg-hello" in gone.err
    event = ttrpg("audit", "list", "-n", "1", "--json").json()["events"][0]
    assert (event["kind"], event["facts"]["gone"]) == ("plugins.changed", ["ttrpg-hello"])
    result = ttrpg("doctor")
    assert result.code == 0
    assert "gone since last time: ttrpg-hello" in result.out
    assert "install" in result.out
    assert len(ttrpg("audit", "--json").json()["events"]) == 1, "said once"
    assert "gone since" not in ttrpg("doctor", "--forget").out
    assert "gone since" not in ttrpg("doctor").out
    assert "Gone" not in ttrpg("plugins").err


def test_a_plugin_that_is_new_or_changed_is_audited(ttrpg, plugins):
    added(plugins, "hello")
    ttrpg("plugins")
    plugins.installed[:] = [p for p in plugins.installed if p.name != "hello"]
    added(plugins, "hello", "2.0")
    added(plugins, "world")
    ttrpg("plugins")
    facts = ttrpg("audit", "--json").json()["events"][0]["facts"]
    assert facts == {"added": ["ttrpg-world"], "back": [], "changed": ["ttrpg-hello"], "gone": []}


@pytest.mark.parametrize(
    "kept", ["", "[]", '{"expected": 3}', '{"expected": {}, "gone": 7}', "\x00"]
)
def test_what_is_remembered_may_be_damaged(ttrpg, plugins, ttrpg_home, kept):
    added(plugins, "hello")
    (ttrpg_home / "state").mkdir()
    path = ttrpg_home / "state" / "plugins-seen.json"
    path.write_text(kept)
    assert ttrpg("plugins").code == 0
    assert json.loads(path.read_text())["expected"]["ttrpg-hello"] == "1.0"


def test_plugins_are_listed_where_nothing_can_be_kept(ttrpg, plugins, tmp_path):
    added(plugins, "hello")
    (tmp_path / "file").write_text("")
    result = ttrpg("plugins", env={"TTRPG_HOME": str(tmp_path / "file")})
    assert result.code == 0
    assert "hello" in result.out
    assert "not remembered" in result.err
