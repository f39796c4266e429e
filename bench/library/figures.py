"""Figures and their goals: said where they are measured, and kept for the table of all of them.

Each part of the benchmark is a script that may be run alone. ``run.py`` gives it a file, by the
variable ``TTRPG_BENCH_FIGURES``, to which every figure is added as soon as it is known: what was
measured before a part fails is not lost. Beside it stands what took long to measure, by a key, and
is taken from there when the part is run again to its end.
"""

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

VARIABLE = "TTRPG_BENCH_FIGURES"
MISSED = 3
"""How a part ends that ran and missed a goal; Python itself ends with 1."""


class Figure(NamedTuple):
    """What was measured, of which of several things ("" for one), and its goal."""

    name: str
    figure: float
    goal: float
    least: bool = False
    of: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached; ``least`` says that more is better."""
        return self.figure >= self.goal if self.least else self.figure <= self.goal

    @property
    def measured(self) -> bool:
        """Whether there is a figure at all."""
        return not math.isnan(self.figure)

    @property
    def worth(self) -> float:
        """The better the higher, among figures of one name."""
        return self.figure if self.least else -self.figure


def at_most(name: str, figure: float, goal: float, of: str = "") -> str:
    """Report a figure that is to be small; what to print behind it."""
    return _report(Figure(name, round(figure, 4), goal, least=False, of=of))


def at_least(name: str, figure: float, goal: float, of: str = "") -> str:
    """Report a figure that is to be large; what to print behind it."""
    return _report(Figure(name, round(figure, 4), goal, least=True, of=of))


def not_measured(name: str, goal: float) -> None:
    """Report a goal that cannot be looked at here, as what it compares with is not installed."""
    _report(Figure(name, math.nan, goal))


def _report(figure: Figure) -> str:
    if kept := os.environ.get(VARIABLE):
        with Path(kept).open("a", encoding="utf-8") as file:
            file.write(json.dumps(figure) + "\n")
    return f"goal {figure.goal:g}: {'met' if figure.met else 'MISSED'}"


def once(key: str, measure: Callable[[], dict[str, float] | None]) -> dict[str, float] | None:
    """What was measured under a key, now or in a run that did not come to its end."""
    place = os.environ.get(VARIABLE)
    if not place:
        return measure()
    kept = Path(place).with_suffix(".once")
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    known: dict[str, dict[str, float]] = dict(map(json.loads, lines))
    if key in known:
        print(f"{key}: measured before")
        return known[key]
    found = measure()
    if found is not None:
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, found]) + "\n")
    return found


def read(path: Path) -> list[Figure]:
    """The figures in a file; none where there is none."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [Figure(*json.loads(line)) for line in lines]


def worst(figures: Iterable[Figure]) -> list[tuple[Figure, int]]:
    """For each name the figure that is farthest from its goal, and of how many it is."""
    by_name: dict[str, list[Figure]] = {}
    for each in figures:
        by_name.setdefault(each.name, []).append(each)
    return [(min(same, key=lambda each: each.worth), len(same)) for same in by_name.values()]
