"""Four broken plugins, installed as real distributions: every other command works all the same."""

import json

import pytest

BROKEN = {
    "ballad": 'raise RuntimeError("no lute in this tavern")\n',
    "chorus": "@hookimpl\ndef ttrpg_commands():\n    return 42\n",
    "dirge": (
        "@hookimpl\ndef ttrpg_commands():\n"
        "    yield Command('dirge', 'Sings of the dead', 'ttrpg_dirge.nowhere:cli')\n"
    ),
    "echo": (
        "@hookimpl\ndef ttrpg_commands():\n"
        "    yield Command('roll', 'Not the roll you know', 'ttrpg_echo:cli')\n"
    ),
}
REASONS = {
    "ballad": "RuntimeError: no lute in this tavern",
    "chorus": "this one returned int",
    "dirge": "No module named 'ttrpg_dirge.nowhere'",
    "echo": "the name 'roll' is taken by 'cli'",
}
COMMANDS = [
    [],
    ["--help"],
    ["--version"],
    ["roll", "2d6"],
    ["roll", "2d6", "--odds"],
    ["campaign"],
    ["campaign", "create", "New"],
    ["campaign", "show"],
    ["campaign", "edit", "--genre", "road"],
    ["campaign", "use", "salt-road"],
    ["campaign", "delete", "salt-road"],
    ["undo"],
    ["history"],
    ["config"],
    ["config", "get", "search.results"],
    ["config", "set", "search.results", "4"],
    ["config", "path"],
    ["keys"],
    ["keys", "path"],
    ["audit"],
    ["audit", "export"],
    ["completion", "bash"],
    ["doctor"],
    ["library"],
    ["library", "show", "the-lamplit-road"],
    ["library", "rm", "the-lamplit-road"],
    ["library", "reindex"],
    ["library", "prune"],
    ["search", "falling"],
    ["demo"],
]


@pytest.fixture(scope="session")
def broken(tmp_path_factory):
    """A folder with the four distributions, for sys.path."""
    folder = tmp_path_factory.mktemp("broken")
    for name, body in BROKEN.items():
        head = "from ttrpg_core import Command, hookimpl\n\n"
        (folder / f"ttrpg_{name}.py").write_text(head + body)
        info = folder / f"ttrpg_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ttrpg-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ttrpg]\n{name} = ttrpg_{name}\n")
        (info / "RECORD").write_text("")
    return folder


@pytest.fixture
def tavern(cli, shelved, broken, tmp_path):
    """Runs a command where the four are installed, in a home with a book and a campaign."""
    import shutil

    home = tmp_path / "home"
    shutil.copytree(shelved, home)

    def run(*arguments, **more):
        first = f"import sys; sys.path.insert(0, {str(broken)!r})"
        return cli.run(home, *arguments, first=first, **more)

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command) or "alone")
def test_every_other_command_works(tavern, command):
    done = tavern(*command)
    talk = done.stderr.decode()
    assert "Traceback" not in talk
    noted = [line for line in talk.splitlines() if "plugin problem" in line]
    if command in ([], ["demo"]) or command[0] not in {"--help", "--version"}:
        assert len(noted) >= 1
        assert set(noted) == {"3 plugin problems; see: ttrpg plugins"}
        if command != ["demo"]:  # its steps are commands of their own
            assert len(noted) == 1
    for reason in REASONS.values():
        assert reason not in talk


def test_each_is_named_with_its_reason(tavern):
    data = json.loads(tavern("plugins", "--json").stdout)
    problems = {problem["plugin"]: problem["error"] for problem in data["problems"]}
    assert set(problems) == set(BROKEN)
    for name, reason in REASONS.items():
        assert reason in problems[name]
    states = {row["name"]: row["state"] for row in data["plugins"]}
    assert {states[name] for name in BROKEN} == {"problem"}
    assert states["cli"] == states["search"] == states["ingest"] == "ok"
    shown = tavern("plugins").stdout.decode()
    assert "Problems: 4" in shown
    for name in BROKEN:
        assert f"{name}: " in shown


@pytest.mark.parametrize("name", list(BROKEN))
def test_why_tells_the_reason(tavern, name):
    assert REASONS[name] in tavern("plugins", "--why", name, "--plain").stdout.decode()


def test_doctor_says_how_to_switch_them_off(tavern):
    out = tavern("doctor", "--plain").stdout.decode()
    for name in BROKEN:
        assert f"TTRPG_DISABLE={name}" in out


def test_the_name_that_was_stolen_is_still_ours(tavern):
    first = tavern("roll", "10d100", "--seed", "3").stdout
    assert first == tavern("roll", "10d100", "--seed", "3", env={"TTRPG_DISABLE": "*"}).stdout
    assert b"Not the roll you know" not in tavern("--help").stdout


def test_the_broken_command_itself_says_so(tavern):
    done = tavern("dirge", code=1)
    assert b"ttrpg_dirge.nowhere" in done.stderr
    assert b"TTRPG_DISABLE=dirge" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_unknown_command_tells_of_the_broken_plugin(tavern):
    done = tavern("sing", code=2)
    assert REASONS["ballad"] in done.stderr.decode()


@pytest.mark.parametrize("disabled", ["*", "ballad,chorus,dirge,echo"])
def test_switched_off_they_say_nothing(tavern, disabled):
    done = tavern("roll", "1d6", env={"TTRPG_DISABLE": disabled})
    assert done.stderr == b""
    data = json.loads(tavern("plugins", "--json", env={"TTRPG_DISABLE": disabled}).stdout)
    assert data["problems"] == []
    states = {row["name"]: row["state"] for row in data["plugins"]}
    assert {states[name] for name in BROKEN} == {"off"}


def test_one_can_be_switched_off(tavern):
    done = tavern("roll", "1d6", env={"TTRPG_DISABLE": "ballad"})
    assert done.stderr == b"2 plugin problems; see: ttrpg plugins\n"
