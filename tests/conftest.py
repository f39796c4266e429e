"""Whole programs: the installed ``ttrpg`` as a process, with all packages."""

import functools
import importlib.util
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = Path(sys.executable).with_name("ttrpg")
BOOK = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
TRIES = 600
"""Looks at the screen, a tenth of a second apart, before it is clear that nothing will come."""
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
"""Variables that count before the program runs."""
IGNORED = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PAGER", "EDITOR", "VISUAL"}


def environment(home, **more):
    """This process's environment with a home, without what a developer's shell may add."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in IGNORED and not name.startswith("TTRPG_") and not name.endswith("_API_KEY")
    }
    return {
        **kept,
        "TTRPG_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        **more,
    }


@functools.cache
def warm():
    """A program that has started, kept for all tests of this process."""
    spec = importlib.util.spec_from_file_location("warm", Path(__file__).with_name("warm.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Warm(environment("nowhere"))


def run(home, *arguments, env=None, code=0, cwd=None, **how):
    """Run ``ttrpg`` to its end; an exit code other than ``code`` (None: any) shows all.

    It is a child of a process that has imported everything, unless ``env`` says what Python reads
    when it starts.
    """
    more = env or {}
    cwd = cwd or (home if Path(home).is_dir() else Path.cwd())
    if "stdin" in how or any(name.startswith(READ_AT_START) for name in more):
        given = {"stdin": subprocess.DEVNULL} if "input" not in how else {}
        done = subprocess.run(
            [SCRIPT, *arguments],
            env=environment(home, **more),
            capture_output=True,
            check=False,
            cwd=cwd,
            **{"timeout": 200, **given, **how},
        )
    else:
        given = how.pop("input", b"")
        done = warm().run(arguments, env=environment(home, **more), cwd=cwd, given=given, **how)
    if code is not None:
        assert done.returncode == code, (arguments, done)
    return done


def sound(home):
    """Whether the database is in order, with every row that points somewhere."""
    path = Path(home) / "ttrpg.db"
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def rows(home):
    """Every row of every table, as text: two homes that say the same are the same."""
    path = Path(home) / "ttrpg.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def cli():
    """What the tests of whole programs share; ``cli.run(home, "roll", "1d6")``."""
    yield SimpleNamespace(
        run=run,
        environment=environment,
        sound=sound,
        rows=rows,
        script=SCRIPT,
        book=BOOK,
        data=DATA,
    )
    if warm.cache_info().currsize:
        warm().close()
        warm.cache_clear()


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(scope="session")
def shelved(tmp_path_factory):
    """A home with our own book and a campaign, made once; copy it before changing it."""
    path = tmp_path_factory.mktemp("shelved") / "home"
    path.mkdir(mode=0o700)
    run(path, "library", "add", BOOK)
    run(path, "campaign", "create", "Salt Road")
    return path


@pytest.fixture(scope="session")
def ambushed(tmp_path_factory):
    """A home with a fight of two groups that has begun: the party, and four goblins.

    It is made once; what changes it takes a copy.
    """
    home = tmp_path_factory.mktemp("ambushed") / "home"
    home.mkdir(mode=0o700)
    run(home, "campaign", "create", "Salt Road", "--system", "D&D 5e")
    run(home, "combat", "new", "Ambush")
    for name, points, at in (("Mara", "12", "18"), ("Tam", "20", "4")):
        run(home, "combat", "add", name, "--hp", points, "-k", "player", "--initiative", at,
            "--level", "3")  # fmt: skip
    run(home, "combat", "add", "Goblin", "4", "--hp", "7", "--cr", "1/4", "--initiative", "9")
    run(home, "combat", "start")
    return home


@pytest.fixture
def ambush(home, ambushed):
    """A copy of the fight that has begun, to go on with."""
    return shutil.copytree(ambushed, home, dirs_exist_ok=True)


class Window:
    """A tmux window with a shell in it; ``tmux`` runs tmux commands, ``script`` is our program."""

    def __init__(self, tmux, script):
        self.tmux = tmux
        self.script = script
        self.typed = 0

    def type(self, *words, env="", after=""):
        """Type a command; each tells its exit code in words of its own."""
        self.typed += 1
        line = f"{env} {shlex.join(map(str, [self.script, *words]))} {after}"
        self.tmux("send-keys", "-t", "0", "-l", f"clear; {line}; echo CODE {self.typed} is $?")
        self.tmux("send-keys", "-t", "0", "Enter")

    def code(self):
        """The exit code of what was typed last, when it has come to its end."""
        return int(self.until(rf"(?m)^CODE {self.typed} is (\d+)")[1])

    def press(self, key):
        self.tmux("send-keys", "-t", "0", key)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-t", "0", "-x", str(columns), "-y", str(lines))

    def screen(self, *, codes=False):
        return self.tmux("capture-pane", "-p", "-t", "0", *(["-e"] if codes else []))

    def until(self, pattern):
        """Wait until the screen shows this."""
        for _ in range(TRIES):
            shown = self.screen()
            found = re.search(pattern, shown)
            if found:
                return found
            time.sleep(0.1)
        pytest.fail(f"{pattern!r} never came; the screen shows:\n{shown}")


@pytest.fixture
def window(cli, home, tmp_path):
    """A window on a tmux server of its own."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")

    def tmux(*arguments):
        return subprocess.run(
            ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null", *arguments],
            env=cli.environment(home, TERM="xterm-256color", LC_ALL="C.UTF-8"),
            capture_output=True,
            check=True,
            text=True,
            cwd=home,
        ).stdout

    tmux("new-session", "-d", "-x", "100", "-y", "30", "bash --norc --noprofile")
    try:
        yield Window(tmux, cli.script)
    finally:
        tmux("kill-server")
