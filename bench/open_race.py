"""Twelve processes open a new database at once, fifteen times; how many of 180 manage.

The plain way, each process applying its migrations when it finds them missing, is the baseline:
run with ``--plain`` to see it fail. Usage: ``python bench/open_race.py [--plain] [rounds]``.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROCESSES = 12
ROUNDS = 15

OURS = """
import sys
from ttrpg_core.app import App
app = App()
app.schemas()
print("ready", flush=True)
sys.stdin.readline()
app.store.connection.execute("SELECT COUNT(*) FROM journal").fetchone()
app.close()
"""

PLAIN = """
import sqlite3, sys
from sqlite_utils import Database
from ttrpg_core.paths import Paths, make_folder
from ttrpg_core.schema import tables
path = Paths.of().database
make_folder(path.parent)
print("ready", flush=True)
sys.stdin.readline()
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
db = Database(connection, execute_plugins=False)
tables.apply(db)
connection.execute("SELECT COUNT(*) FROM journal").fetchone()
connection.close()
"""


def race(home: Path, code: str) -> list[str]:
    """The last line that each process which failed had to say."""
    environ = {**os.environ, "TTRPG_HOME": str(home), "TTRPG_DISABLE": "*"}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for racer in racers:
        if racer.stdout is not None:
            racer.stdout.readline()
    for racer in racers:  # every import is done: now they meet in the database
        if racer.stdin is not None:
            racer.stdin.write("go\n")
            racer.stdin.flush()
    errors = [(racer.communicate()[1], racer.returncode) for racer in racers]
    return [error.strip().rpartition("\n")[2] for error, code in errors if code]


def main(arguments: list[str]) -> int:
    """Run the races, print the figure, and fail when one process did."""
    code = PLAIN if "--plain" in arguments else OURS
    rounds = next((int(each) for each in arguments if each.isdigit()), ROUNDS)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            failed += race(Path(folder) / str(number), code)
    for error in sorted(set(failed)):
        print(f"{failed.count(error)} x {error}", file=sys.stderr)
    total = rounds * PROCESSES
    print(f"{total - len(failed)} of {total} opened")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
