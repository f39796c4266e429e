"""What starts fast imports little: the modules that a command line has loaded at its end."""

import json
import os
import subprocess
import sys

import pytest

LOOK = (
    "import json, sys\n"
    "from ttrpg_cli.main import run\n"
    "code = run(sys.argv[1:])\n"
    "print('MODULES', json.dumps(sorted(sys.modules)))\n"
    "sys.exit(code)\n"
)
HEAVY = {"httpx", "structlog", "keyring", "numpy", "rich", "sqlite_utils", "asyncio"}
NOT_FOR_VERSION = HEAVY | {"click", "pluggy", "attr", "attrs", "sqlite3", "importlib.metadata"}
NOT_FOR_HELP = HEAVY | {"sqlite3", "cattrs", "pypdf", "tomlkit", "platformdirs"}


@pytest.fixture
def modules(cli):
    """Runs a command line and answers what it has imported."""

    def loaded(home, *arguments, **more):
        done = subprocess.run(
            [sys.executable, "-c", LOOK, *arguments],
            env=cli.environment(home, **more),
            capture_output=True,
            check=True,
            text=True,
            cwd=home,
        )
        return set(json.loads(done.stdout.partition("MODULES ")[2]))

    return loaded


def commands(loaded):
    """Modules with commands, of ours or of anybody's."""
    return {
        name
        for name in loaded
        if name.startswith("ttrpg") and "commands" in name.split(".") and "." in name
    }


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version_imports_next_to_nothing(modules, home, flag):
    loaded = modules(home, flag)
    assert "ttrpg_cli.main" in loaded
    assert not NOT_FOR_VERSION & loaded
    assert not {name for name in loaded if name.startswith("ttrpg_core")}


def test_help_imports_no_command(modules, home):
    loaded = modules(home, "--help")
    assert {"ttrpg_cli.plugin", "ttrpg_ingest", "ttrpg_search"} <= loaded, "it did see the plugins"
    assert not NOT_FOR_HELP & loaded
    assert not commands(loaded)
    assert list(home.iterdir()) == []


def test_completion_of_a_command_imports_no_command(modules, home):
    loaded = modules(home, _TTRPG_COMPLETE="bash_complete", COMP_WORDS="ttrpg cam", COMP_CWORD="1")
    assert not NOT_FOR_HELP & loaded
    assert not commands(loaded)


def test_roll_imports_no_database(modules, home):
    loaded = modules(home, "roll", "1d20", "--plain")
    assert commands(loaded) == {"ttrpg_cli.commands", "ttrpg_cli.commands.roll"}
    assert not {"sqlite3", "sqlite_utils", "httpx", "keyring", "cattrs", "rich", "numpy"} & loaded
    assert list(home.iterdir()) == []


def test_a_command_that_only_reads_imports_no_migrations(modules, shelved):
    modules(shelved, "campaign")
    loaded = modules(shelved, "campaign")
    assert "sqlite3" in loaded
    assert not {"sqlite_utils", "httpx", "pypdf", "keyring", "ttrpg_core.schema"} & loaded


def test_a_question_by_words_imports_neither_click_nor_rich(modules, shelved):
    modules(shelved, "search", "falling")
    loaded = modules(shelved, "search", "falling", "--keyword")
    assert "ttrpg_search.fts" in loaded
    assert not {"click", "rich", "numpy", "cattrs", "hashlib", "tomllib", "sqlite_utils"} & loaded
    assert "click" in modules(shelved, "search", "falling", "--keyword", "--json")


def test_a_question_by_vectors_made_here_imports_nothing_of_money(modules, shelved):
    loaded = modules(shelved, "search", "falling")
    assert "ttrpg_core.app" in loaded
    assert not {name for name in loaded if name.startswith(("ttrpg_core.llm", "ttrpg_providers."))}


def test_the_import_of_the_kernel_is_light(home):
    done = subprocess.run(
        [sys.executable, "-c", "import ttrpg_core, sys; print(*sys.modules)"],
        env={**os.environ, "TTRPG_HOME": str(home)},
        capture_output=True,
        check=True,
        text=True,
    )
    ours = {name.partition(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names
    assert {name for name in ours if not name.startswith("_")} == {
        "ttrpg_core",
        "attr",
        "attrs",
        "pluggy",
    }
