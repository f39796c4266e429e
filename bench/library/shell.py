"""One question from the shell, as a new process, against ``ttrpg --version``.

    python bench/library/shell.py [BOOK]

By words alone, then with the question embedded by the vectors that ship. CPU seconds of whole
processes, the least of the runs: on a busy machine the wall says more about its neighbours.
"""

import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from figures import at_most

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
SRD = DATA / "rules/md/dnd5e-srd-5.1"
OURS = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.md"
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
RUNS = 15
OF_VERSION, MOST_MILLISECONDS = 3.0, 600
QUESTION = ("what", "happens", "when", "somebody", "is", "grappled")


def least(arguments: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of the quickest run."""
    cpu = wall = float("inf")
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(arguments, env=environ, check=True, capture_output=True)
        wall = min(wall, time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        cpu = min(cpu, used)
    return cpu, wall


def main() -> None:
    """Print the milliseconds and the ratios."""
    book = Path(sys.argv[1]) if len(sys.argv) > 1 else SRD if SRD.exists() else OURS
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TTRPG_HOME": home}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as on a user's machine: compiled once
        subprocess.run(
            [TTRPG, "library", "add", str(book)], env=environ, check=True, capture_output=True
        )
        base, _ = least([TTRPG, "--version"], environ)
        for name, options in (("words alone", ["--keyword"]), ("words and vectors", [])):
            cpu, wall = least([TTRPG, "search", *options, *QUESTION], environ)
            if options:
                said = at_most("words alone / --version, CPU", cpu / base, OF_VERSION)
                goal = f"{cpu / base:.1f} times --version ({said})"
            else:
                goal = f"({at_most('words and vectors, ms CPU', cpu * 1000, MOST_MILLISECONDS)})"
            print(f"{name:18} {cpu * 1000:5.0f} ms CPU, {wall * 1000:5.0f} ms wall: {goal}")


if __name__ == "__main__":
    main()
