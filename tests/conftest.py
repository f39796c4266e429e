"""Whole programs: the installed ``ttrpg`` as a process, with all packages."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = Path(sys.executable).with_name("ttrpg")
BOOK = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
IGNORED = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "PAGER", "EDITOR", "VISUAL"}


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


def run(home, *arguments, env=None, code=0, **how):
    """Run ``ttrpg`` to its end; an exit code other than ``code`` (None: any) shows all."""
    done = subprocess.run(
        [SCRIPT, *arguments],
        env=environment(home, **(env or {})),
        stdin=how.pop("stdin", None if "input" in how else subprocess.DEVNULL),
        capture_output=True,
        check=False,
        timeout=how.pop("timeout", 200),
        cwd=how.pop("cwd", home if Path(home).is_dir() else None),
        **how,
    )
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
    return SimpleNamespace(
        run=run,
        environment=environment,
        sound=sound,
        rows=rows,
        script=SCRIPT,
        book=BOOK,
        data=DATA,
    )


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
