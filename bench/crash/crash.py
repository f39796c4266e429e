"""SIGKILL at every numbered write of every command that changes something.

``nox -s crash`` runs all of it; ``python bench/crash/crash.py hit next`` the lines that begin so,
``--every 7`` each seventh write, ``--table`` only looks whether every installed command has its
line in ``samples.py``. What is left after each kill is opened again: a sound database with the
rows, and the files, of before the command or of after it. Ends with 1 where it is not.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import killing
from checking import Verdict, check, only_reads
from samples import APART, READS, WRITES, Sample

from ttrpg_cli import group
from ttrpg_core.app import App

WORKERS = 2
SHOWN = 3
ENDS = ("before", "after", "step", "other")
"""What a kill can leave; "step" only of a command whose line says why it is several changes."""


def main(argv: Sequence[str]) -> int:
    """Check the table, then every line of it, and print one row each."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("lines", nargs="*", help="beginnings of lines in samples.py")
    words.add_argument("--every", type=int, default=1, help="kill at each so many writes")
    words.add_argument("--table", action="store_true", help="only look for missing commands")
    chosen = words.parse_args(argv)
    os.environ.update(killing.SETTINGS)
    faults = missing(installed())
    for fault in faults:
        print(fault)
    if chosen.table:
        return bool(faults)
    fine = killing.watch()
    print(
        "writes are", "system calls" if fine else "statements, as SQLite's calls are out of reach"
    )
    print(f"{'command':<44} {'home':<10}", *(f"{n:>6}" for n in ("writes", *ENDS)))
    wanted = tuple(chosen.lines)
    writes = [each for each in WRITES if not wanted or each.line.startswith(wanted)]
    reads = [] if wanted else READS
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ttrpg-crash-", dir=folder) as root:
        works = [(each, root, chosen.every) for each in sorted(writes, key=lambda w: w.home)]
        works += [(each, root, 0) for each in sorted(reads, key=lambda w: w.home)]
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            verdicts = [_row(each) for each in pool.imap_unordered(_work, works)]
    return int(total(verdicts) or bool(faults))


def installed() -> list[str]:
    """Every command that can be typed, by its words; of one in two places the shorter.

    A noun with verbs counts through them alone.
    """
    app = App(environ={"TTRPG_HOME": "/nonexistent", "TTRPG_DISABLE": "*"})

    def below(command: click.Command, path: str) -> Iterator[tuple[click.Command, str]]:
        if not isinstance(command, click.Group):
            yield command, path
            return
        for name, child in command.commands.items():
            yield from below(child, f"{path} {name}")

    paths: dict[click.Command, str] = {}
    for name in sorted(app.plugins.owned("commands")):
        for command, path in below(group.load(app, name), name):
            paths[command] = min(paths.get(command, path), path, key=len)
    return sorted(paths.values())


def missing(known: Sequence[str]) -> list[str]:
    """What is wrong with the table: commands that it lacks, and lines of no command."""
    named = set(APART)
    faults = []
    for sample in [*WRITES, *READS]:
        fits = [path for path in known if f"{sample.line} ".startswith(f"{path} ")]
        fits += [
            noun
            for noun in {path.partition(" ")[0] for path in known}
            if f"{sample.line} ".startswith(f"{noun} ")
        ]
        if not fits:
            faults.append(f"there is no command for the line {sample.line!r}")
        named.update(sorted(fits, key=len)[-1:])
    faults += [
        f"there is no command {path!r}, which APART names"
        for path in sorted(set(APART) - set(known))
    ]
    faults += [
        f"{path}: say in bench/crash/samples.py how it is typed, under WRITES or READS"
        for path in known
        if path not in named
    ]
    return faults


def _work(work: tuple[Sample, str, int]) -> Verdict:
    sample, root, every = work
    folder = Path(root) / str(os.getpid())
    folder.mkdir(exist_ok=True)
    try:
        return check(sample, folder, every) if every else only_reads(sample, folder)
    except AssertionError as error:
        return Verdict(sample, wrong=[str(error)])


def _row(verdict: Verdict) -> Verdict:
    """Print what came of a line, at once."""
    left = verdict.left
    figures = [verdict.writes, *(left[name] for name in ENDS)]
    print(
        f"{verdict.sample.line[:44]:<44} {verdict.sample.home:<10}", *(f"{n:>6}" for n in figures)
    )
    for wrong in verdict.wrong[:SHOWN]:
        print(f"    {wrong}")
    sys.stdout.flush()
    return verdict


def total(verdicts: Sequence[Verdict]) -> bool:
    """Print the sums, and answer whether anything is wrong."""
    sums = {name: sum(each.left[name] for each in verdicts) for name in ENDS}
    wrong = sum(bool(each.wrong) for each in verdicts)
    print(
        f"\n{len(verdicts)} lines, {sum(sums.values()):,} kills: "
        + ", ".join(f"{count:,} {name}" for name, count in sums.items())
        + f"; {wrong} lines with something wrong"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
