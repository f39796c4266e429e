"""Fixtures for plugin authors; pytest loads this wherever ttrpg-core is installed.

So it is light, and it imports nothing of the host at the top: what is imported before coverage
starts would count as never run, and a project that has ttrpg-core for another reason should not
pay for our tests. Everything is imported by the fixture that needs it.
"""

import contextlib
import importlib.util
import os
import random
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ttrpg_core.app import App
    from ttrpg_core.plugins import Plugins
    from ttrpg_core.testing.clock import Clock
    from ttrpg_core.testing.runner import Runner

pytest.register_assert_rewrite("ttrpg_core.testing.suites")

SEED = 1974
"""The seed of ``rng``: the year the hobby began."""
_NULL = "keyring.backends.null.Keyring"
_OF_THE_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PAGER", "EDITOR", "VISUAL")
_KEPT = "TTRPG_TEST_DATA"
"""Says where a test's own files lie, not how the program behaves, so it stays."""


@pytest.fixture
def ttrpg_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Path"]:
    """An empty ``TTRPG_HOME``: no settings, no keys, no keyring, no network beyond loopback.

    What the terminal of whoever runs the tests says of itself is forgotten.

    The working folder is an empty one too, so that no ``ttrpg.toml`` above it is found.
    """
    from ttrpg_core.testing.network import refuse_network

    for name in list(os.environ):
        if (name.startswith("TTRPG_") and name != _KEPT) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    for name in _OF_THE_TERMINAL:
        monkeypatch.delenv(name, raising=False)
    root = tmp_path_factory.mktemp("ttrpg")
    home, table = root / "home", root / "table"
    home.mkdir(mode=0o700)
    table.mkdir()
    monkeypatch.setenv("TTRPG_HOME", str(home))
    monkeypatch.chdir(table)
    refuse_network(monkeypatch)
    with _no_keyring(monkeypatch):
        yield home


@pytest.fixture
def plugins() -> "Plugins":
    """A ``Plugins`` that sees only what the test registers, whatever is installed.

    The kernel's own ``ttrpg_core.plugin`` is there already: without its tables no store opens.
    """
    from ttrpg_core.plugins import Plugins

    found = Plugins()
    _add(found, "core", "ttrpg_core.plugin", "ttrpg-core")
    return found


@pytest.fixture
def rng() -> random.Random:
    """Chance with a seed, so that a test sees the same dice each time."""
    return random.Random(SEED)


@pytest.fixture
def clock() -> "Clock":
    """A stopped clock: each look at it is one second after the last."""
    from ttrpg_core.testing.clock import Clock

    return Clock()


@pytest.fixture
def app(
    ttrpg_home: "Path", plugins: "Plugins", rng: random.Random, clock: "Clock"
) -> Iterator["App"]:
    """An ``App`` of ``ttrpg_home``, ``plugins``, ``rng`` and ``clock``, with a recording screen."""
    from ttrpg_core.app import App
    from ttrpg_core.testing.screen import RecordingScreen

    made = App(plugins=plugins, screen=RecordingScreen(), rng=rng, clock=clock)
    yield made
    made.close()


@pytest.fixture
def ttrpg(ttrpg_home: "Path", plugins: "Plugins", rng: random.Random, clock: "Clock") -> "Runner":
    """Runs a command line in this process: ``ttrpg("roll", "2d6").out``.

    ``plugins`` then has the commands of ttrpg-cli as well; without that package the test is
    skipped.
    """
    if importlib.util.find_spec("ttrpg_cli") is None:
        pytest.skip("the command line is not installed: pip install ttrpg-cli")
    from ttrpg_core.testing.runner import Runner

    _add(plugins, "cli", "ttrpg_cli.plugin", "ttrpg-cli")
    return Runner(plugins, rng, clock)


def _add(plugins: "Plugins", name: str, module: str, distribution: str) -> None:
    from importlib.metadata import EntryPoint

    from ttrpg_core.hooks import GROUP

    plugins.add(EntryPoint(name, module, GROUP), distribution=distribution)


@contextlib.contextmanager
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Null keyring: by environment for what imports keyring later, by call for what did before."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", _NULL)
    if "keyring" not in sys.modules:
        yield
        return
    import keyring
    from keyring.core import load_keyring

    before = keyring.get_keyring()
    keyring.set_keyring(load_keyring(_NULL))
    try:
        yield
    finally:
        keyring.set_keyring(before)
