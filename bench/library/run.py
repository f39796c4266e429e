"""Everything that the library is measured by, and one table of it with the goal beside each figure.

    nox -s bench -- library [--resume] [PART...]

Parts: quality, pages (of the PDF), held-out, second, fidelity, ingest, speed, vectors, shell,
hostile. Each is a script beside this one and says what it compares with. A part that cannot run
here (test data or a package is missing) or fails says so, and the others run; its figures are in
the table.

Figures are kept in ``.bench/library``, so that ``--resume`` runs only what did not come to its end,
and of the long part on speed only the sizes that are missing. What takes long to make is kept there
too, under a digest of what it was made of (see kept.py): the indexes of each engine, the texts, the
vectors of a model. All parts together take about forty minutes on two quiet cores the first time,
and half an hour again; the minutes of each are said before it begins.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from figures import MISSED, VARIABLE, Figure, read, worst

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".bench" / "library"


class Part(NamedTuple):
    """A script with its options, and the minutes that it takes on two cores."""

    command: str
    minutes: int

    @property
    def most(self) -> float:
        """Seconds after which it is stopped."""
        return 60.0 * max(15, 6 * self.minutes)


PARTS = {
    "quality": Part("quality.py --model", 8),
    "pages": Part("quality.py --pdf", 1),
    "held-out": Part("quality.py --held-out", 1),
    "second": Part("quality.py --second", 1),
    "fidelity": Part("pdf_fidelity.py", 3),
    "ingest": Part("ingest.py", 4),
    "speed": Part("speed.py", 12),
    "vectors": Part("vectors.py", 3),
    "shell": Part("shell.py", 1),
    "hostile": Part("hostile.py", 7),
}


def figures_of(part: str) -> Path:
    """Where the figures of a part are kept."""
    return KEPT / f"{part}.jsonl"


def run(part: str) -> str:
    """Run a part; what kept it from its end, "" for nothing."""
    script, *flags = PARTS[part].command.split()
    figures_of(part).unlink(missing_ok=True)
    try:
        code = subprocess.run(
            [sys.executable, HERE / script, *flags],
            env={**os.environ, VARIABLE: str(figures_of(part))},
            timeout=PARTS[part].most,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return f"stopped after {PARTS[part].most / 60:.0f} minutes"
    return "" if code in {0, MISSED} else f"failed with {code}"


def table(parts: list[str], wrong: dict[str, str]) -> int:
    """Print the figures of some parts; how many goals are missed."""
    missed = 0
    every = {part: worst(read(figures_of(part))) for part in parts}
    wide = max((len(_name(*row)) for rows in every.values() for row in rows), default=6)
    print(f"\n{'part':9} {'figure':{wide}} {'measured':>9} {'goal':>6}")
    for part, rows in every.items():
        for figure, count in rows:
            missed += figure.measured and not figure.met
            sign = ">=" if figure.least else "<="
            said = "MET" if figure.met else "MISSED" if figure.measured else "NOT MEASURED"
            name = _name(figure, count)
            print(f"{part:9} {name:{wide}} {figure.figure:9.4g} {sign} {figure.goal:<6g} {said}")
        if part in wrong:
            print(f"{part:9} {wrong[part]}: figures may be missing")
        elif not rows:
            print(f"{part:9} nothing could be measured here; it says above what is missing")
    print(f"\n{missed} goals missed, {len(wrong)} parts not run to their end")
    return missed


def _name(figure: Figure, count: int) -> str:
    of = f"{figure.of}, worst of {count}" if count > 1 else figure.of
    return f"{figure.name} ({of})" if of else figure.name


def main(wanted: list[str]) -> int:
    """Run the parts; 1 when one failed or a goal is missed, 2 for a part that is not there."""
    resume = "--resume" in wanted
    parts = [each for each in wanted if each != "--resume"] or list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
        return 2
    KEPT.mkdir(parents=True, exist_ok=True)
    wrong: dict[str, str] = {}
    for part in parts:
        done = figures_of(part).with_suffix(".done")
        if resume and done.exists():
            print(f"== {part}: run before")
            continue
        if not resume:
            figures_of(part).with_suffix(".once").unlink(missing_ok=True)
        done.unlink(missing_ok=True)
        print(f"\n== {part}, about {PARTS[part].minutes} minutes", flush=True)
        start = time.perf_counter()
        if said := run(part):
            wrong[part] = said
        else:
            done.touch()
        print(f"-- {part}: {time.perf_counter() - start:.0f} s", flush=True)
    return int(bool(table(parts, wrong) or wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
