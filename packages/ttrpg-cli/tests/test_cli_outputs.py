"""Every command, in all its forms: one JSON object, plain lines, silence."""

import json

import pytest

from ttrpg_cli import install
from ttrpg_cli.plugin import COMMANDS

RUNS = [
    ([], "here"),
    (["roll", "2d6"], "roll"),
    (["roll", "2d6", "--odds"], "odds"),
    (["combat"], "combat.list"),
    (["combat", "list"], "combat.list"),
    (["combat", "show"], "combat"),
    (["combat", "show", "--as", "party"], "combat"),
    (["combat", "new", "Bridge"], "combat.step"),
    (["combat", "add", "Drake", "--hp", "9"], "combat.step"),
    (["combat", "use", "ambush"], "combat"),
    (["combat", "conditions"], "combat.conditions"),
    (["combat", "conditions", "prone"], "combat.conditions"),
    (["combat", "delete", "ambush"], "combat.delete"),
    (["combat", "end"], "combat.step"),
    (["next"], "combat.step"),
    (["hit", "mara", "1", "fire"], "combat.step"),
    (["heal", "mara", "1"], "combat.step"),
    (["save", "tam", "12"], "combat.step"),
    (["cond", "mara", "prone"], "combat.step"),
    (["cond", "mara"], "combat.conditions"),
    (["order", "mara", "before", "tam"], "combat.step"),
    (["undo"], "undo"),
    (["history"], "history"),
    (["campaign"], "campaign.list"),
    (["campaign", "list"], "campaign.list"),
    (["campaign", "show"], "campaign.show"),
    (["campaign", "create", "New"], "campaign"),
    (["campaign", "edit", "--genre", "road"], "campaign"),
    (["campaign", "use", "salt"], "campaign"),
    (["campaign", "delete", "salt"], "campaign.delete"),
    (["character"], "character.list"),
    (["npc"], "npc.list"),
    (["location"], "location.list"),
    (["faction"], "faction.list"),
    (["item"], "item.list"),
    (["note"], "note.list"),
    (["plot"], "plot.list"),
    (["arc"], "arc.list"),
    (["handout"], "handout.list"),
    (["ruling"], "ruling.list"),
    (["relation"], "relation.list"),
    (["condition"], "condition.list"),
    (["session"], "session.list"),
    (["snapshot"], "snapshot.list"),
    (["calendar"], "calendar.list"),
    (["proposals"], "proposals.list"),
    (["backup"], "backup.list"),
    (["recap"], "recap"),
    (["time"], "time"),
    (["rest", "short"], "time.passed"),
    (["downtime", "2 days", "sleep"], "time.passed"),
    (["find", "salt"], "find"),
    (["links"], "links.broken"),
    (["reveals"], "reveals"),
    (["config"], "config"),
    (["config", "show"], "config"),
    (["config", "get", "search.results"], "config.get"),
    (["config", "set", "search.results", "5"], "config.set"),
    (["config", "path"], "config.path"),
    (["keys"], "keys"),
    (["keys", "list"], "keys"),
    (["keys", "set", "anthropic"], "keys.set"),
    (["keys", "rm", "openai"], "keys.rm"),
    (["keys", "path"], "keys.path"),
    (["chat", "list"], "chat.list"),
    (["chat", "pending"], "chat.pending"),
    (["chat", "prune"], "chat.prune"),
    (["chat", "voices"], "chat.voices"),
    (["budget"], "budget.status"),
    (["usage"], "usage"),
    (["alerts"], "alerts"),
    (["chat", "list"], "chat.list"),
    (["models"], "models"),
    (["models", "list"], "models"),
    (["models", "health"], "models.health"),
    (["plugins"], "plugins"),
    (["plugins", "--why", "roll"], "plugins.why"),
    (["doctor"], "doctor"),
    (["audit"], "audit"),
    (["audit", "list"], "audit"),
    (["audit", "export"], "audit"),
    (["completion", "bash"], "completion"),
]
SILENT = {"campaign.delete", "combat.delete", "chat.prune", "config.set", "keys.set", "keys.rm"}
"""What these did is talk, not data."""
every_run = pytest.mark.parametrize(
    ("command", "schema"),
    RUNS,
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)


def play(ttrpg):
    for words in (
        ["campaign", "create", "Salt"],
        ["keys", "set", "openai"],
        ["combat", "new", "Ambush"],
        ["combat", "add", "Mara", "--hp", "12", "-k", "player"],
        ["combat", "add", "Tam", "--hp", "12", "-k", "player"],
        ["combat", "start"],
        ["next"],
        ["hit", "tam", "12"],
        ["session", "start"],
        ["character", "add", "Wren"],
        ["character", "sheet", "wren", "--hp", "12"],
    ):
        assert ttrpg(*words, input="sk-x").code == 0


@pytest.fixture
def played(prepared):
    return prepared(play)


def test_every_command_is_here():
    tried = {command[0] for command, _ in RUNS if command}
    assert tried | {"demo", "redo", "prev", "vault"} == {name for _, name, _, _ in COMMANDS}


@every_run
def test_json_is_one_object_and_nothing_else(played, command, schema):
    result = played(*command, "--json", input="sk-y")
    assert result.code == 0
    assert result.json()["schema"] == f"ttrpg.{schema}/1"
    before = played("--json", *command, input="sk-y") if command[:1] == ["config"] else result
    assert before.json()["schema"] == result.json()["schema"]


@every_run
def test_data_goes_to_stdout_and_talk_to_stderr(played, command, schema):
    result = played(*command, input="sk-y")
    assert result.code == 0
    assert bool(result.out) == (schema not in SILENT)
    assert not result.out.startswith("\n")
    if schema in SILENT:
        assert result.err


@every_run
def test_plain_is_lines_of_text(played, command, schema):
    result = played(*command, "--plain", input="sk-y")
    assert result.code == 0
    assert bool(result.out) == (schema not in SILENT)
    assert not set("\x1b\N{FULL BLOCK}\N{BOX DRAWINGS LIGHT VERTICAL}") & set(
        result.out + result.err
    )
    assert "  " not in result.out.replace("\n  ", "\n") or schema in {"audit", "completion", "here"}


@every_run
def test_quiet_says_nothing(played, command, schema):
    result = played(*command, "--quiet", input="sk-y")
    assert result.code == 0
    assert result.err == ""


def test_redo_in_all_forms(played):
    played("undo")
    assert played("redo", "--json").json()["schema"] == "ttrpg.redo/1"
    played("undo")
    assert "the numbers of 'Wren'" in played("redo", "--plain").out


def test_an_error_leaves_stdout_empty(played):
    for command in (["roll", "x"], ["campaign", "show", "zzz"], ["undo", "99"], ["zzz"], ["--zzz"]):
        result = played("--json", *command)
        assert result.code in {2, 3}
        assert result.out == ""
        assert result.err.startswith("Error: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script(ttrpg, shell):
    result = ttrpg("completion", shell)
    assert result.code == 0
    assert f"_TTRPG_COMPLETE={shell}_complete" in result.out
    assert f"ttrpg completion {shell}" in result.err
    assert (
        json.loads(ttrpg("completion", shell, "--json").out)["script"].strip() == result.out.strip()
    )


def test_the_demo_needs_two_packages(ttrpg, monkeypatch):
    monkeypatch.setattr(install, "_checkout", lambda: None)
    result = ttrpg("demo")
    assert result.code == 1
    assert "the demo needs ttrpg-ingest and ttrpg-search" in result.err
    assert "pip install ttrpg-ingest ttrpg-search" in result.err
