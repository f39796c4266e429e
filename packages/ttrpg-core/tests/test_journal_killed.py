"""Killed at any point of a change, the database reopens as before it or as after it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store, verify

pytestmark = pytest.mark.long

CHANGE = """
import contextlib, os, signal, sqlite3, sys
from datetime import UTC, datetime
from pathlib import Path
from ttrpg_core.journal import Journal
from ttrpg_core.store import SchemaSet, Store

path, die_before = Path(sys.argv[1]), int(sys.argv[2])
core = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: None)  # made already
store = Store(path, [core])
journal = Journal(store, lambda: datetime(2026, 1, 1, tzinfo=UTC))
seen = 0
def count(statement):
    global seen
    if seen == die_before:
        os.kill(os.getpid(), signal.SIGKILL)
    seen += 1
store.connection.set_trace_callback(count if die_before >= 0 else None)
with journal.change("test.many") as change:
    for number in range(3):
        change.insert("chosen", {"key": f"new-{number}", "value": "x" * 3000})
    change.update("chosen", {"key": "old"}, {"value": "changed"})
    change.delete("chosen", {"key": "doomed"})
store.connection.set_trace_callback(None)
print(seen, flush=True)
"""
EACH = f"""
import os, shutil, signal, sys
from pathlib import Path
import ttrpg_core.journal, ttrpg_core.store

victim, number, status = Path(sys.argv[1]), -1, -signal.SIGKILL
while status == -signal.SIGKILL:
    number += 1
    folder = victim.parent / f"copy-{{number}}"
    folder.mkdir()
    shutil.copy(victim, folder / "ttrpg.db")
    pid = os.fork()
    if not pid:
        sys.argv[1:] = [str(folder / "ttrpg.db"), str(number)]
        exec({CHANGE!r}, {{}})
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(status, flush=True)
sys.exit(status)
"""
"""A process of its own for each statement, which dies before that one, until one lives to the end;
forked from one that has imported what they need, as starting Python would take most of the time."""


@pytest.fixture
def victim(home: Path, core: SchemaSet, stopped, insert) -> Path:
    with contextlib.closing(Store(home / "ttrpg.db", [core])) as store:
        journal = Journal(store, stopped)
        insert(journal, "chosen", key="old", value="as it was")
        insert(journal, "chosen", key="doomed", value="y" * 3000)
    return home / "ttrpg.db"


def state(path: Path, core: SchemaSet, dump) -> tuple:
    with contextlib.closing(Store(path, [core])) as store:
        assert verify(store.connection) == []
        everything = [dump(store)]
        for table in ("journal", "journal_rows"):
            found = store.connection.execute(f"SELECT * FROM {table}").fetchall()
            everything.append([tuple(row) for row in found])
        return repr(everything)


def copies(victim: Path, number: int) -> Path:
    """The victim in a folder of its own, so that each kill starts from the same."""
    folder = victim.parent / f"copy-{number}"
    folder.mkdir()
    return Path(shutil.copy(victim, folder / "ttrpg.db"))


def test_killed_before_any_statement_it_reopens_as_before_or_after(victim, core, python, dump):
    before = state(copies(victim, -2), core, dump)
    whole = copies(victim, -1)
    python(CHANGE, whole, -1)
    after = state(whole, core, dump)
    assert before != after
    *killed, seen, last = map(int, python(EACH, victim).stdout.split())
    number = len(killed)
    assert killed == [-signal.SIGKILL] * number
    assert (seen, last) == (number, 0), "every statement had its turn"
    found = [state(victim.parent / f"copy-{each}/ttrpg.db", core, dump) for each in range(number)]
    assert state(victim.parent / f"copy-{number}/ttrpg.db", core, dump) == after
    assert number > 20
    assert found == [before] * number, "nothing is there before the COMMIT has run"


def test_killed_at_any_write_to_the_disk_it_reopens_as_before_or_after(victim, core, dump):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run([strace, "-qq", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not be used here: {probe.stderr.strip()}")
    before = state(copies(victim, -2), core, dump)
    whole = copies(victim, -1)
    subprocess.run([sys.executable, "-c", CHANGE, whole, "-1"], check=True, capture_output=True)
    after = state(whole, core, dump)
    outcomes = []
    for number in range(1, 200):
        path = copies(victim, number)
        kill = f"inject=pwrite64:signal=SIGKILL:when={number}"
        command = [strace, "-f", "-qq", "-o", os.devnull, "-e", "trace=pwrite64", "-e", kill]
        done = subprocess.run(
            [*command, sys.executable, "-c", CHANGE, path, "-1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        found = state(path, core, dump)
        assert found in {before, after}, f"between, when killed at write {number}"
        outcomes.append(found)
        if done.returncode == 0:
            break
        assert done.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}, done.stderr
    else:
        pytest.fail("it never came to an end")
    assert outcomes[-1] == after
    assert before in outcomes
    assert len(outcomes) > 5


def test_a_change_that_was_killed_does_not_stop_the_next(victim, core, python, stopped, insert):
    python(CHANGE, victim, 15, check=False)
    with contextlib.closing(Store(victim, [core])) as store:
        journal = Journal(store, stopped)
        insert(journal, "chosen", key="next", value="works")
        journal.undo()
        assert store.connection.execute("SELECT COUNT(*) FROM chosen").fetchone()[0] == 2
        with contextlib.closing(sqlite3.connect(victim)) as other:
            assert other.execute("PRAGMA quick_check").fetchone()[0] == "ok"
