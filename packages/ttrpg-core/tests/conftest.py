"""What the kernel's tests share: a home of their own, a store in it, a clock, a fresh Python."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from ttrpg_core import schema
from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store

CORE = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)


@attrs.define
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("TTRPG_") and name != "TTRPG_TEST_DATA":
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TTRPG_HOME", str(folder))
    return folder


@pytest.fixture
def stopped() -> Clock:
    return Clock()


@pytest.fixture
def core() -> SchemaSet:
    return CORE


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home / "ttrpg.db", [CORE])
    yield opened
    opened.close()


@pytest.fixture
def journal(store: Store, stopped: Clock) -> Journal:
    return Journal(store, stopped)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(home: Path, tmp_path: Path) -> Run:
    """Run code in a fresh interpreter with this test's home; ``path`` goes before sys.path."""

    def run(
        code: str, *args: object, path: Path | None = None, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **env}
        if path is not None:
            environ["PYTHONPATH"] = str(path)
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, args)],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def path(home: Path) -> Path:
    return home / "ttrpg.db"


@pytest.fixture
def used(path: Path, core: SchemaSet) -> Path:
    """A database with the kernel's tables and a row in one of them."""
    with contextlib.closing(Store(path, [core])) as store:
        store.connection.execute("INSERT INTO chosen VALUES ('campaign', 'keep')")
    return path
