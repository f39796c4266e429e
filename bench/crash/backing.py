"""Backups taken while another process writes all the time: each is restored, and must match.

``python bench/crash/backing.py [100]`` prints how many of so many do. The writer makes a change of
several rows after the other; of which state the numbers in every row must be the same, so a copy
that has a part of a change is seen, whatever the backup says of itself.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ttrpg_core.app import App
from ttrpg_core.backups import Backups
from ttrpg_core.copies.making import digests
from ttrpg_core.errors import TtrpgError
from ttrpg_core.paths import Paths
from ttrpg_core.settings_tables import Settings

ROWS = 5
PAUSE = 0.005
"""Seconds between two changes: some fall into each backup, and the history grows no faster."""
OF_RESTORE = frozenset(("audit", "sqlite_sequence", "sqlite_schema"))
"""Tables that a restore adds to: it is told in the audit, and numbers go on."""
WRITER = """
import os, sys, time
from ttrpg_core.app import App
app = App()
number = 0
while True:
    number += 1
    with app.journal.change("bench.write") as change:
        for row in range(ROWS):
            change.put("chosen", {"key": f"row-{row}", "value": str(number)})
        change.put("chosen", {"key": f"padding-{number % 50}", "value": str(number) * 300})
    if number == 10:
        print("writing", flush=True)
    time.sleep(PAUSE)
    if os.getppid() != PARENT:
        sys.exit("nobody waits for it")
"""


def main(wanted: int = 100) -> int:
    """Print how many of the backups match; 0 when all do."""
    with tempfile.TemporaryDirectory(prefix="ttrpg-backing-") as folder:
        source = {"TTRPG_HOME": str(Path(folder) / "source"), "TTRPG_DISABLE": "*"}
        with _writing(source), contextlib.closing(App(environ=source)) as app:
            seen: list[int] = []
            wrong = []
            for number in range(wanted):
                try:
                    seen.append(_one(app, Path(folder) / f"restored-{number}"))
                except (AssertionError, TtrpgError, sqlite3.Error) as error:
                    wrong.append(f"{number}: {type(error).__name__}: {error}")
        print(f"{len(seen)} of {wanted} backups restore and match")
        if seen:
            print(f"the writer made {max(seen) - min(seen):,} changes meanwhile")
        for line in wrong:
            print(line)
    return bool(wrong) or len(set(seen)) < min(wanted, 2)


def _one(app: App, target: Path) -> int:
    """Make a backup and restore it into an empty home; answers the change that it ends with."""
    copy, manifest = app.backups.copies.create("manual")
    home = Paths.of({"TTRPG_HOME": str(target)})
    Backups(home, Settings(), app.schemas, lambda: datetime.now(UTC)).restore(copy.path)
    with contextlib.closing(sqlite3.connect(home.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (last,) = connection.execute("SELECT MAX(id) FROM journal").fetchone()
        rows = connection.execute("SELECT value FROM chosen WHERE key LIKE 'row-%'").fetchall()
        assert rows == [(str(last),)] * ROWS, f"rows {rows}, and {last} changes"
        (changed,) = connection.execute("SELECT MAX(entry) FROM journal_rows").fetchone()
        assert changed == last
        found = digests(connection)
    for name, told in manifest.tables.items():
        assert name in OF_RESTORE or found[name] == told, f"{name} is not as it was copied"
    return int(last)


@contextlib.contextmanager
def _writing(source: dict[str, str]) -> Iterator[None]:
    code = WRITER.replace("ROWS", str(ROWS)).replace("PAUSE", str(PAUSE))
    code = code.replace("PARENT", str(os.getpid()))
    writer = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **source}, stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        yield
        assert writer.poll() is None, "the writer stopped"
    finally:
        writer.kill()
        writer.communicate()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
