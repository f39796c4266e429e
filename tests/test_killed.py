"""SIGKILL at each write of a command: the home is as before or as after, never between.

Code in the child counts the statements that SQLite is about to run and kills its own process at the
N-th; the parent looks at what is left, for every N until the command comes to its end.
"""

import itertools
import shutil
import signal

import pytest

WATCHING = """
import os, signal, sqlite3

count = 0
WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
connect = sqlite3.connect

def traced(statement):
    global count
    if statement.lstrip("- ").upper().startswith(WRITES):
        count += 1
        if count == FATAL:
            os.kill(os.getpid(), signal.SIGKILL)

def watching(*arguments, **named):
    connection = connect(*arguments, **named)
    connection.set_trace_callback(traced)
    return connection

sqlite3.connect = watching
"""


TABLES = (
    "campaigns",
    "chosen",
    "books",
    "journal",
    "journal_rows",
    "audit",
    "chunks",
    "search_chunks",
    "fights",
    "combatants",
    "fight_turns",
)


def state(cli, home):
    """What there is, without times and without what is read of a book but not yet on the shelf."""
    import sqlite3

    connection = sqlite3.connect(home / "ttrpg.db")
    try:
        known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        return {
            table: [
                tuple(
                    value
                    for name, value in zip((c[0] for c in rows.description), row, strict=True)
                    if not name.endswith("_at") and name not in {"at", "before", "after", "facts"}
                )
                for row in rows
            ]
            for table in TABLES
            if table in known
            for rows in [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
        }
    finally:
        connection.close()


def killed(cli, home, fatal, *arguments):
    """Run a command that is killed at a write; it ends in its own way when it has fewer."""
    return cli.run(home, *arguments, code=None, first=f"FATAL = {fatal}{WATCHING}")


@pytest.fixture
def killed_at_each_write(cli, tmp_path):
    """Runs a command to its end, then again and again, killed at a write; checks what is left."""

    def check(before, *arguments, every=1):
        after = tmp_path / "after"
        shutil.copytree(before, after)
        cli.run(after, *arguments)
        first, last = state(cli, before), state(cli, after)
        assert first != last
        seen = []
        for fatal in itertools.count(1, every):
            home = tmp_path / f"killed-{fatal}"
            shutil.copytree(before, home)
            done = killed(cli, home, fatal, *arguments)
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL, done
            cli.sound(home)
            left = state(cli, home)
            assert left in (first, last), f"between, when killed at write {fatal}"
            seen.append(left == last)
            if len(seen) % 4 == 1:
                cli.run(home, "campaign", "create", "The next one")
            shutil.rmtree(home)
        assert seen == sorted(seen), "once it has happened, it stays so"
        assert len(seen) >= 4
        assert not seen[0]

    return check


@pytest.fixture
def played(cli, home):
    """A campaign, changed once."""
    cli.run(home, "campaign", "create", "Salt Road")
    cli.run(home, "campaign", "edit", "--genre", "road")
    return home


@pytest.mark.parametrize(
    "command",
    [
        ["campaign", "create", "The Lost Keep"],
        ["campaign", "edit", "--game-date", "Day 2"],
        ["campaign", "delete", "salt-road"],
        ["undo"],
        ["undo", "2"],
    ],
    ids=" ".join,
)
def test_a_command_is_whole_or_nothing(killed_at_each_write, played, command):
    killed_at_each_write(played, *command)


def test_a_redo_is_whole_or_nothing(killed_at_each_write, played, cli):
    cli.run(played, "undo")
    killed_at_each_write(played, "redo")


@pytest.mark.parametrize(
    "command",
    [
        ["hit", "gob1,gob2,mara", "5", "fire"],
        ["next"],
        ["combat", "end"],
        ["combat", "delete", "ambush"],
        ["combat", "new", "Bridge", "--after", "ambush"],
        ["undo"],
    ],
    ids=" ".join,
)
def test_a_step_of_a_fight_is_whole_or_nothing(killed_at_each_write, ambush, cli, command):
    cli.run(ambush, "combat", "concentrate", "mara", "Bless")
    cli.run(ambush, "hit", "mara", "1")
    killed_at_each_write(ambush, *command)


def test_a_book_is_whole_or_nothing(killed_at_each_write, played, tmp_path):
    book = tmp_path / "book.md"
    book.write_text("# Rules\n\n## Falling\n\nA fall hurts.\n\n## Fire\n\nFire burns.\n")
    killed_at_each_write(played, "library", "add", str(book), every=3)


def test_a_removed_book_is_whole_or_nothing(killed_at_each_write, shelved):
    killed_at_each_write(shelved, "library", "rm", "the-lamplit-road")


def test_a_home_is_made_whole_or_not_at_all(cli, tmp_path):
    """Killed at any write of the very first command, the next one makes the home."""
    for fatal in itertools.count(1, 6):
        home = tmp_path / f"home-{fatal}"
        home.mkdir()
        done = killed(cli, home, fatal, "campaign", "create", "First")
        if done.returncode == 0:
            assert fatal > 20
            break
        assert done.returncode == -signal.SIGKILL, done
        cli.run(home, "campaign", "create", "Second")
        cli.sound(home)
        assert state(cli, home)["campaigns"][-1][1] == "Second"
