"""How long `ttrpg --version` and `ttrpg --help` take, against `python -c pass` and `import click`.

    python bench/startup.py [RUNS]

CPU seconds (user and system) of whole processes, the least of RUNS (default 25), taken in turn so
that a machine that slows down slows all of them. Ratios travel between machines; seconds do not.
"""

import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

DUMMIES = 40
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
GOALS = {"ttrpg --version": 1.4, "ttrpg --help": 2.2, f"ttrpg --help, {DUMMIES} plugins more": 2.8}


def cpu(command: list[str], environ: dict[str, str]) -> float:
    """CPU seconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def dummies(folder: Path) -> None:
    """Forty installed plugins, each a module with a command and an entry point."""
    for number in range(DUMMIES):
        (folder / f"dummy_{number}.py").write_text(
            "from ttrpg_core import Command, hookimpl\n\n@hookimpl\ndef ttrpg_commands():\n"
            f"    yield Command('dummy-{number}', 'Does nothing', 'dummy_{number}.cli:cli')\n"
        )
        info = folder / f"ttrpg_dummy_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: ttrpg-dummy-{number}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[ttrpg]\ndummy-{number} = dummy_{number}\n")


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    with tempfile.TemporaryDirectory() as folder:
        plugins = Path(folder) / "plugins"
        plugins.mkdir()
        dummies(plugins)
        plain = {**os.environ, "TTRPG_HOME": str(Path(folder) / "home")}
        plain.pop("PYTHONDONTWRITEBYTECODE", None)  # as on a user's machine: compiled once
        more = {**plain, "PYTHONPATH": str(plugins)}
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], plain),
            "import click": ([sys.executable, "-c", "import click"], plain),
            "ttrpg --version": ([TTRPG, "--version"], plain),
            "ttrpg --help": ([TTRPG, "--help"], plain),
            f"ttrpg --help, {DUMMIES} plugins more": ([TTRPG, "--help"], more),
        }
        least = dict.fromkeys(commands, float("inf"))
        for turn in range(runs + 2):  # two turns to warm the caches
            for name, (command, environ) in commands.items():
                seconds = cpu(command, environ)
                least[name] = min(least[name], seconds if turn > 1 else float("inf"))
    print(f"{'':32} {'CPU ms':>7} {'/ python':>9} {'/ click':>8} {'goal':>5}")
    for name, seconds in least.items():
        goal = f"{GOALS[name]:.1f}" if name in GOALS else ""
        bare, click = least["python -c pass"], least["import click"]
        ratios = f"{seconds / bare:9.2f} {seconds / click:8.2f}"
        print(f"{name:32} {seconds * 1000:7.1f} {ratios} {goal:>5}")


if __name__ == "__main__":
    main()
