"""From one place to another: the shortest way, and the places as a tree."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import TypeAlias

import attrs

from ttrpg_core.table.world.places import SHORT_WAYS

INSIDE = ("out", "in")
"""Kinds of steps that follow no way: to the place around this one, and into one that is in it."""
Cost: TypeAlias = tuple[int, int, int, int]
"""Steps without a way, ways of which nobody knows how long they are, minutes, steps."""


@attrs.frozen
class Step:
    """One step of a route: how, and where it leads. ``minutes`` is None where nobody knows."""

    kind: str
    to: str
    minutes: int | None = None
    hazards: str = ""

    @property
    def counted(self) -> int | None:
        """The minutes that are counted for it: a door takes none."""
        short = self.kind in SHORT_WAYS or self.kind in INSIDE
        return 0 if self.minutes is None and short else self.minutes

    @property
    def cost(self) -> Cost:
        """What it adds to a route; the least of the first counts most."""
        return (self.kind in INSIDE, self.counted is None, self.counted or 0, 1)


def shortest(
    start: str, goal: str, steps: Callable[[str], Iterable[Step]]
) -> tuple[Step, ...] | None:
    """The steps of the best route, none when both are the same place; None when there is none.

    By ways as far as they lead, then in the least time, then in the fewest steps. Dijkstra's
    algorithm, with costs that are compared part by part.
    """
    best: dict[str, Cost] = {start: (0, 0, 0, 0)}
    came: dict[str, tuple[str, Step]] = {}
    order = count()  # so that equal costs are taken as they came
    heap = [(best[start], next(order), start)]
    while heap:
        so_far, _, here = heapq.heappop(heap)
        if here == goal:
            return tuple(_back(came, start, goal))[::-1]
        if so_far > best[here]:
            continue
        for each in steps(here):
            first, second, third, fourth = (a + b for a, b in zip(so_far, each.cost, strict=True))
            new = (first, second, third, fourth)
            if each.to not in best or new < best[each.to]:
                best[each.to] = new
                came[each.to] = (here, each)
                heapq.heappush(heap, (new, next(order), each.to))
    return None


def _back(came: Mapping[str, tuple[str, Step]], start: str, goal: str) -> Iterator[Step]:
    while goal != start:
        goal, step = came[goal]
        yield step


def tree(parents: Mapping[str, str], root: str = "") -> list[tuple[int, str]]:
    """Depth and reference of all things, or of a root and what is in it, each below what it is in.

    ``parents`` says of each, in the order in which they are to stand, what it is in. What is in
    nothing that is known begins a tree, and so does the first of those that are in each other.
    """
    inside: dict[str, list[str]] = {}
    for each, parent in parents.items():
        inside.setdefault(parent if parent in parents else "", []).append(each)
    rows: list[tuple[int, str]] = []
    seen: set[str] = set()
    for top in [root] if root else [*inside.get("", ()), *parents]:
        stack = [(0, top)]
        while stack:
            depth, each = stack.pop()
            if each in seen:
                continue
            seen.add(each)
            rows.append((depth, each))
            stack += [(depth + 1, below) for below in reversed(inside.get(each, ()))]
    return rows
