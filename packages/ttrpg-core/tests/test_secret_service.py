"""The real Secret Service: GNOME's keyring daemon on a bus of its own, with a home of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SESSION = ("dbus-run-session", "--", "sh", "-c")
PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")

USE = """
import json, sys
from ttrpg_core.errors import StoreError
from ttrpg_core.paths import Paths
from ttrpg_core.secrets import Secrets
told = []
for command in sys.argv[1:]:
    verb, _, name = command.partition(":")
    secrets = Secrets(Paths.of(), {})
    try:
        if verb == "set":
            answer = secrets.set(name, f"sk-value-of-{name}").source
        elif verb == "find":
            answer = secrets.find(name)
        elif verb == "rm":
            answer = secrets.remove(name).source
        else:
            answer = [[known.name, known.source] for known in secrets.known()]
    except StoreError as error:
        answer = [type(error).__name__, error.message, error.hint]
    told.append(answer)
    told += secrets.notices
print(json.dumps(told))
"""


@pytest.fixture
def desk(home: Path, tmp_path: Path):
    """Runs shell commands, then ours, in a session with its own bus and keyring."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    # A socket's path has a limit of about 100 bytes, which pytest's folders may pass.
    runtime = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "DBUS_", "GNOME_", "DISPLAY", "WAYLAND", "SSH_"))
    }
    environ |= {"HOME": str(tmp_path / "user"), "XDG_RUNTIME_DIR": str(runtime)}
    environ.pop("PYTHON_KEYRING_BACKEND", None)
    (tmp_path / "user").mkdir()

    def run(prelude: str, *commands: str) -> list:
        script = f'{prelude}; exec "$@"'
        done = subprocess.run(
            [*SESSION, script, "sh", sys.executable, "-c", USE, *commands],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    yield run
    shutil.rmtree(runtime, ignore_errors=True)


UNLOCK = "printf {} | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; sleep 0.5"
UNLOCKED = UNLOCK.format("pw")
LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; sleep 0.5"


def test_set_find_list_and_remove(desk, home: Path):
    told = desk(UNLOCKED, "set:anthropic", "find:anthropic", "known", "rm:anthropic", "known")
    assert told == [
        "keyring",
        ["sk-value-of-anthropic", "keyring"],
        [["anthropic", "keyring"]],
        "keyring",
        [],
    ]
    assert "sk-value" not in (home / "keys.toml").read_text()


def test_another_session_finds_what_was_kept(desk, home: Path):
    assert desk(UNLOCKED, "set:openai") == ["keyring"]
    assert desk(UNLOCKED, "find:openai") == [["sk-value-of-openai", "keyring"]]


def test_the_desktops_own_tool_sees_the_same_key(desk):
    if shutil.which("secret-tool") is None:
        pytest.skip("secret-tool is not installed")
    look = (
        f"{UNLOCKED}; {sys.executable} -c 'from ttrpg_core.secrets import Secrets;"
        ' from ttrpg_core.paths import Paths; Secrets(Paths.of(), {}).set("mine", "sk-mine")\'; '
        'test "$(secret-tool lookup service ttrpg username mine)" = sk-mine || exit 9'
    )
    assert desk(look, "known") == [[["mine", "keyring"]]]


def test_a_locked_keyring_means_the_file_and_one_notice(desk, home: Path):
    assert desk(UNLOCKED, "set:openai") == ["keyring"]
    told = desk(LOCKED, "set:anthropic", "find:anthropic", "set:gemini", "known", "find:openai")
    source, notice, found, again, known, locked = told
    assert (source, again) == ("file", "file")
    assert str(home / "keys.toml") in notice
    assert found == ["sk-value-of-anthropic", "file"]
    assert known == [["anthropic", "file"], ["gemini", "file"], ["openai", "keyring"]]
    assert locked[0] == "StoreError"
    assert "openai" in locked[1]
    assert locked[2]
    assert (home / "keys.toml").stat().st_mode & 0o777 == 0o600
    assert desk(UNLOCKED, "find:openai") == [["sk-value-of-openai", "keyring"]]


def test_a_keyring_that_was_never_made_means_the_file(desk, home: Path):
    source, notice = desk(LOCKED, "set:anthropic")
    assert source == "file"
    assert "keyring" in notice
