"""Every command of the table on a long campaign, against the same command on an empty one.

The long one has 100 sessions, 5,000 things and 20,000 entries in its journal; the empty one only
what a command needs to have something to do. Commands and what they need are those of
``bench/crash/samples.py``, in which none that is installed may be missing. Both run in this
process, in turns, each with an ``App`` of its own, so what is left out is the start of Python. What
a command changed is undone before its next run, outside the clock. Printed are the milliseconds of
a command, median and worst, and two ratios: of the medians on the wall, and of the means of the
processor's time, which no neighbour on the machine adds to and which some systems count in ticks of
four milliseconds. Goal: the latter at most 2 times.

Then: undo of 1,000 steps, and what an entry of the journal takes of the disk.

Usage: ``python bench/table.py [runs] [words of a command ...]``; five runs by default.
"""

import os
import random
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "crash"))

import samples
import seeds

from ttrpg_cli.plugin import COMMANDS
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins
from ttrpg_core.table.world.kinds import kind
from ttrpg_core.testing.clock import Clock
from ttrpg_core.testing.runner import Result, Runner
from ttrpg_core.world import World

GOAL = 2.0
RUNS = 5
SESSIONS, THINGS, ENTRIES = 100, 5_000, 20_000
STEPS = 1_000
WORDS = ["salt", "tide", "gull", "crown", "smith", "oath", "ember", "fen", "reed", "knot", "storm"]
NOUNS = {name for section, name, *_ in COMMANDS if section in {"At the table", "Campaign"}}
WHOLE = {
    "campaign export": "writes all of it",
    "campaign import": "reads all of it",
    "campaign delete": "takes all of it out, so that it can be put back",
    "vault export": "writes a page for each thing",
    "vault import": "reads a page for each thing",
    "links": "looks for broken links in every text",
    "location tree": "draws every place",
    "plot board": "draws every plot",
}
"""Commands whose answer is the campaign itself: their ratio is printed, and not counted."""


def main() -> int:
    """Build the two campaigns, run every command on both, and print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    only = " ".join(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        long = Path(folder) / "filled"
        type_lines(long, samples.CAMPAIGN)
        fill(long)
        said = f"{SESSIONS} sessions, {THINGS:,} things, {ENTRIES:,} entries"
        print(f"{said}, made in {time.perf_counter() - began:.0f} s")
        print(f"{'ms, median and worst':44}{'empty':>16}{'long':>16}{'wall':>8}{'CPU':>8}")
        found = dict(measured(Path(folder), long, runs, only))
        ratios = [ratio for line, ratio in found.items() if whole(line) is None]
        if not ratios:
            raise SystemExit(f"no command begins with {only!r}")
        over = sum(ratio > GOAL for ratio in ratios)
        print(f"{len(ratios)} commands: median ratio {statistics.median(ratios):.2f}, ", end="")
        print(f"worst {max(ratios):.2f}, goal {GOAL:.1f}: ", end="")
        print(f"MISSED by {over}" if over else "MET")
        if not only:
            undoing(long)
            disk(long)
    return 1 if over else 0


def measured(folder: Path, long: Path, runs: int, only: str) -> Iterator[tuple[str, float]]:
    """Each command's line and ratio, printed as it comes; homes are made for as long as needed."""
    chosen = [
        each
        for each in [*samples.WRITES, *samples.READS]
        # A model is nobody's to measure here, and what is decided on does not wait again.
        if "--style" not in each.line
        and each.home not in {"drafted", "proposed"}
        and each.line.split()[0] in NOUNS - {"chat"}
        and not each.days
        and each.line.startswith(only)
    ]
    for name in dict.fromkeys(each.home for each in chosen):
        lines = samples.HOMES[name]
        homes = {"empty": folder / "empty", "long": folder / "long"}
        type_lines(homes["empty"], lines)
        if lines[:1] != samples.CAMPAIGN:
            continue  # nothing is there, so nothing can be long
        shutil.copytree(long, homes["long"])
        type_lines(homes["long"], lines[1:])
        os.sync()  # else the first to flush its change flushes the copy
        for each in chosen:
            if each.home == name:
                yield each.line, ratio_of(homes, each, runs)
        for home in homes.values():
            shutil.rmtree(home)


def ratio_of(homes: dict[str, Path], sample: samples.Sample, runs: int) -> float:
    """Run a line on both, in turns; print what it took, and answer how much more the long one."""
    words = shlex.split(sample.line)
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in homes}
    for _ in range(runs + 1):
        for name, home in homes.items():
            before = position(home)
            began, worked = time.perf_counter(), time.process_time()
            done = run(home, words)
            took[name].append((time.perf_counter() - began, time.process_time() - worked))
            if done.code:
                raise SystemExit(f"ttrpg {sample.line}: {done.code}\n{done.out}{done.err}")
            restore(home, words, before)
            (home / "out.json").unlink(missing_ok=True)
            shutil.rmtree(home / "pages", ignore_errors=True)
    # The first run imports what the command needs.
    walls = {name: [wall * 1000 for wall, _ in times[1:]] for name, times in took.items()}
    works = {name: statistics.fmean(cpu for _, cpu in times[1:]) for name, times in took.items()}
    wall = statistics.median(walls["long"]) / statistics.median(walls["empty"])
    ratio = works["long"] / works["empty"]
    cells = "".join(f"{statistics.median(each):8.1f}{max(each):8.1f}" for each in walls.values())
    why = whole(sample.line)
    mark = f"  ({why})" if why else "  <" if ratio > GOAL else ""
    print(f"{sample.line[:43]:44}{cells}{wall:8.2f}{ratio:8.2f}{mark}", flush=True)
    return ratio


def restore(home: Path, words: Sequence[str], before: int) -> None:
    """Take back what a command did."""
    if position(home) == before:
        return
    back = {"undo": ["redo", *words[1:]], "redo": ["undo", *words[1:]]}
    done = run(home, back.get(words[0], ["undo", str(changes(home, before))]))
    if done.code:
        raise SystemExit(f"taking back {shlex.join(words)}: {done.err}")


def whole(line: str) -> str | None:
    """Why a command has to do with all of a campaign."""
    return next((why for words, why in WHOLE.items() if f"{line} ".startswith(f"{words} ")), None)


def type_lines(home: Path, lines: Sequence[str]) -> None:
    """Make a home of lines, as ``bench/crash/samples.py`` writes them."""
    home.mkdir(exist_ok=True)
    for line in lines:
        if line.startswith("! "):
            subprocess.run(line[2:], shell=True, check=True, cwd=home)
        elif line.startswith("@"):
            os.environ["TTRPG_HOME"] = str(home)
            app = App(plugins=PLUGINS, clock=Clock())
            getattr(seeds, line[1:])(app)
            app.close()
        elif (done := run(home, shlex.split(line))).code:
            raise SystemExit(f"ttrpg {line}: {done.err}")


def run(home: Path, words: Sequence[str]) -> Result:
    """Run a command in this process, in a home."""
    os.environ["TTRPG_HOME"] = str(home)
    os.chdir(home)
    return RUNNER(*words)


PLUGINS = Plugins.discover({"TTRPG_DISABLE": "*"})
RUNNER = Runner(PLUGINS, random.Random(5), Clock())


def position(home: Path) -> int:
    """The number of the journal's last entry."""
    with sqlite3.connect(home / "ttrpg.db") as connection:
        return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM journal").fetchone()[0])


def changes(home: Path, before: int) -> int:
    """How many changes were made after an entry."""
    with sqlite3.connect(home / "ttrpg.db") as connection:
        query = "SELECT COUNT(*) FROM journal WHERE id > ? AND target IS NULL"
        return int(connection.execute(query, [before]).fetchone()[0])


def fill(home: Path) -> None:
    """Make the campaign long."""
    os.environ["TTRPG_HOME"] = str(home)
    rng = random.Random(1)
    app = App(plugins=PLUGINS, rng=rng, clock=Clock())
    app.store.connection.execute("PRAGMA synchronous = OFF")
    campaign = records.campaign_or_current(app.store.connection, None)
    world = World(app.journal, campaign.id)
    kinds = ["npc"] * 30 + ["location"] * 20 + ["note"] * 30 + ["item"] * 10 + ["plot"] * 10
    refs: dict[str, list[str]] = {}
    for number in range(THINGS - SESSIONS):
        name = rng.choice(kinds)
        given: dict[str, object] = {
            "name": f"{' '.join(rng.sample(WORDS, 2)).title()} {number}",
            "text": " ".join(rng.choices(WORDS, k=30)),
            "secret": " ".join(rng.choices(WORDS, k=10)),
            "tags": rng.sample(WORDS, 2),
        }
        if refs.get("location"):
            where = rng.choice(refs["location"])
            given["text"] = f"{given['text']} [[{where}]]"
            if name == "npc":
                given["location"] = where
            elif name == "location" and number % 3:
                given["parent"] = where
        refs.setdefault(name, []).append(world.add(kind(name), given).ref)
    every = [ref for several in refs.values() for ref in several]
    app.close()
    for _ in range(SESSIONS):
        for line in ("session start", "note 'They went by the salt road'", "session end"):
            type_lines(home, [line])
    app = App(plugins=PLUGINS, rng=rng, clock=RUNNER.clock)
    app.store.connection.execute("PRAGMA synchronous = OFF")
    world = World(app.journal, campaign.id)
    for number in range(app.journal.history(1)[0].id, ENTRIES):
        world.edit(rng.choice(every), {"summary": f"{rng.choice(WORDS)} {number}"})
    app.close()


def undoing(home: Path) -> None:
    """A thousand steps taken back at once, and done again."""
    for verb in ("undo", "redo"):
        began = time.perf_counter()
        done = run(home, [verb, str(STEPS)])
        print(f"{verb} {STEPS:,}: {time.perf_counter() - began:.2f} s (exit code {done.code})")


def disk(home: Path) -> None:
    """What the database takes, by entry and by table."""
    path = home / "ttrpg.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        entries = connection.execute("SELECT COUNT(*) FROM journal").fetchone()[0]
        pages = connection.execute(
            "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 6"
        ).fetchall()
    size = path.stat().st_size
    print(f"{size / 1e6:.1f} MB, {size / entries:.0f} bytes an entry: ", end="")
    print(", ".join(f"{name} {taken / 1e6:.1f}" for name, taken in pages))


if __name__ == "__main__":
    sys.exit(main())
