"""Kills a command at each of its writes, and looks at what is left."""

import contextlib
import hashlib
import shlex
import shutil
import sqlite3
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import attrs
import killing
from samples import HOMES, Sample

from ttrpg_core.copies.making import digests

PASSED_OVER = frozenset(("state", "indexes"))
"""Folders of what is no data: logs, and what can be made again."""
TIMED = frozenset(("_sqlite_migrations", "store"))
"""Tables of when the schema was made and of which files; the schema itself is compared."""
CHANCE = frozenset(("search_seal", "search_totals", "search_asked", "answers", "calls"))
"""Tables with secret numbers, or with how long a model took: only their rows are counted."""
PART = ".part"
"""In the names of what is being made."""
MOST = 5000
"""More writes than any command makes; beyond, it is no command that ends."""


class State(NamedTuple):
    """What there is in a home: rows and hash of every table, and the hash of every file."""

    tables: dict[str, tuple[int, str]]
    files: dict[str, str]


@attrs.define
class Verdict:
    """What came of one sample: its writes, how often each was left, and what is wrong."""

    sample: Sample
    writes: int = 0
    left: Counter[str] = attrs.field(factory=Counter)
    wrong: list[str] = attrs.field(factory=list)


def state(home: Path) -> State:
    """The home as it is when it is opened again. AssertionError when the database is not sound."""
    tables: dict[str, tuple[int, str]] = {}
    path = home / "ttrpg.db"
    if path.exists():
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
            assert found == [("ok",)], found
            assert not connection.execute("PRAGMA foreign_key_check").fetchall()
            tables = {
                name: (rows, "" if name in CHANCE else mark)
                for name, (rows, mark) in digests(connection).items()
                if name not in TIMED and rows
            }
    files = {
        str(each.relative_to(home)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in home.rglob("*")
        if each.is_file() and not _passed_over(each.relative_to(home))
    }
    return State(tables, files)


def _passed_over(path: Path) -> bool:
    """Logs, indexes, the database itself, and what was half written under another name."""
    return (
        path.parts[0] in PASSED_OVER or path.name.startswith((".", "ttrpg.db")) or PART in path.name
    )


@cache
def home_of(name: str, folder: Path) -> Path:
    """A home as ``HOMES`` says, made once in a process."""
    home = folder / "home"  # the one name under which all is run
    home.mkdir()
    try:
        for step, line in enumerate(HOMES[name]):
            if line.startswith("! "):
                subprocess.run(line[2:], shell=True, check=True, cwd=home)
                continue
            done = killing.run(home, shlex.split(line), step=step, stdin="sk-y\n")
            assert done.code == 0, f"the home {name!r}: {line}: {done}"
        return home.rename(folder / name)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def check(sample: Sample, folder: Path, every: int = 1) -> Verdict:
    """Run a sample to its end, then again and again, killed at each write, or at each so many."""
    verdict = Verdict(sample)
    begin = home_of(sample.home, folder)
    before = [state(begin)]
    done, after = _left(sample, begin, folder)
    verdict.writes = done.writes
    if done.code != 0 or after == before[0]:
        verdict.wrong.append(
            f"ended with {done.code}, and left {_differ(after, before[0])}; {done.said}"
        )
        return verdict
    if not HOMES[sample.home]:
        before.append(_left(Sample("campaign list", sample.home), begin, folder)[1])
    for fatal in range(every, MOST, every):
        try:
            done, found = _left(sample, begin, folder, fatal)
        except (AssertionError, sqlite3.Error) as error:
            verdict.left["other"] += 1
            verdict.wrong.append(f"killed at write {fatal}: not sound: {error}")
            continue
        if done.code is not None:
            if found != after or done.code:
                verdict.wrong.append(f"another run left {_differ(found, after)}; {done}")
            return verdict
        if found in before:
            verdict.left["before"] += 1
        elif found == after:
            verdict.left["after"] += 1
        elif sample.steps:
            verdict.left["step"] += 1
        else:
            verdict.left["other"] += 1
            verdict.wrong.append(f"killed at write {fatal}: {_differ(found, before[-1])}")
    verdict.wrong.append("it came to no end")
    return verdict


def only_reads(sample: Sample, folder: Path) -> Verdict:
    """Run a sample that should change nothing."""
    begin = home_of(sample.home, folder)
    done, after = _left(sample, begin, folder)
    verdict = Verdict(sample, done.writes)
    if done.code != 0 or after != state(begin):
        verdict.wrong.append(
            f"ended with {done.code}, changed {_differ(after, state(begin))}; {done.said}"
        )
    return verdict


def _left(sample: Sample, begin: Path, folder: Path, fatal: int = 0) -> tuple[killing.Ended, State]:
    """One run in a copy of a home, which always has one name: a path may be kept in a row."""
    home = folder / "home"
    shutil.copytree(begin, home)
    try:
        done = killing.run(
            home,
            shlex.split(sample.line),
            step=len(HOMES[sample.home]),
            fatal=fatal,
            stdin=sample.stdin,
            days=sample.days,
        )
        return done, state(home)
    finally:
        shutil.rmtree(home)


def _differ(one: State, two: State) -> str:
    """The tables and files that are not the same in both."""
    tables = one.tables.keys() | two.tables.keys()
    files = one.files.keys() | two.files.keys()
    odd = [name for name in tables if one.tables.get(name) != two.tables.get(name)]
    odd += [name for name in files if one.files.get(name) != two.files.get(name)]
    return ", ".join(sorted(odd)) or "nothing"
