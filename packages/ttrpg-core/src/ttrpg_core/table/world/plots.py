"""Plot points: what may happen, what it waits for, how it stands, and the clocks that run in it.

A plot is pending until it starts. What it waits for is said from either end, as its prerequisites
or as what another unlocks; both mean the same, and no plot may wait for itself.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, field

STATUSES = ("pending", "active", "paused", "completed", "failed")
"""How a plot can stand, in the order of a board."""
MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pending": ("active", "failed"),
        "active": ("paused", "completed", "failed"),
        "paused": ("active", "failed"),
        "completed": ("active",),
        "failed": ("active",),
    }
)
"""Where a plot can go from each status. What ended can be taken up again, and nothing else."""
VERBS: Mapping[str, str] = MappingProxyType(
    {"active": "start", "paused": "pause", "completed": "complete", "failed": "fail"}
)
"""The word that brings a plot to a status."""
PRIORITIES = ("critical", "main", "side", "background")
URGENCIES = ("overdue", "critical", "pressing", "upcoming", "background", "")
"""The most urgent first."""
TENSION: Mapping[str, int] = MappingProxyType(
    {
        "hook": 1,
        "clue": 0,
        "escalation": 2,
        "confrontation": 3,
        "revelation": 2,
        "decision": 1,
        "resolution": -2,
        "backdrop": 0,
        "character moment": 0,
        "ticking clock": 2,
        "mystery": 1,
    }
)
"""How much a plot of each kind adds to the tension, where it does not say."""
SEGMENTS_MAX = 24


@attrs.frozen
class Objective:
    """Something to be done in a plot, which players may know of or not."""

    name: str = field("What is to be done.")
    done: bool = field("Whether it is.", "flag")
    audience: Audience = GM


@attrs.frozen
class Clock:
    """A circle of segments that fills up as something comes nearer."""

    name: str = field("What happens when it is full.")
    segments: int = field("Segments in all.", "number", default=4)
    filled: int = field("Segments that are full.", "number", default=0)
    audience: Audience = GM

    @property
    def full(self) -> bool:
        """Whether it has run out."""
        return self.filled >= self.segments


@attrs.frozen(kw_only=True)
class Plot(Entity):
    """Something that may happen; times are those of the table, ISO 8601 in UTC."""

    KIND: ClassVar[str] = "plot"
    PLURAL: ClassVar[str] = "plots"

    status: str = field(
        "How it stands.",
        "value",
        default="pending",
        choices=STATUSES,
    )
    priority: str = field(
        "How much it matters.", "choice", default="side", choices=PRIORITIES, secret=True
    )
    type: str = field(
        "What it does.", "choice", choices=("", *TENSION), secret=True, custom=True, option="kind"
    )
    tension: int | None = field(
        "What it adds to the tension, where its kind does not say.", "number", secret=True
    )
    urgency: str = field("How soon.", "choice", default="", choices=URGENCIES, secret=True)
    giver: str = field("Who asks for it.", "ref", kinds=("npc", "character", "faction"))
    npcs: tuple[str, ...] = field(
        "Who is in it.", "refs", kinds=("npc", "character", "faction"), secret=True, option="npc"
    )
    locations: tuple[str, ...] = field(
        "Where it plays.", "refs", kinds=("location",), secret=True, option="location"
    )
    prerequisites: tuple[str, ...] = field(
        "A plot that must be completed before.",
        "refs",
        kinds=("plot",),
        secret=True,
        option="after",
    )
    unlocks: tuple[str, ...] = field(
        "A plot that waits for this one.", "refs", kinds=("plot",), secret=True
    )
    rewards: str = field("What there is to win.", "text", secret=True)
    consequences: str = field("What follows, or what does if it is ignored.", "text", secret=True)
    objectives: tuple[Objective, ...] = field("What is to be done.", "value")
    clocks: tuple[Clock, ...] = field("What is coming nearer.", "value")
    started_at: str = field("When it started.", "value", default="")
    resolved_at: str = field("When it ended.", "value", default="")

    @property
    def pull(self) -> int:
        """What it adds to the tension: its own figure, else that of its kind."""
        return TENSION.get(self.type, 0) if self.tension is None else self.tension

    def check(self, of_kind: Callable[[str], Iterable[Entity]]) -> None:
        """InputError for a clock that cannot be, or when it would wait for itself."""
        for each in self.clocks:
            clock(each.name, each.segments)
            if not 0 <= each.filled <= each.segments:
                raise InputError(
                    f"the clock {each.name!r:.60} has {each.segments} segments", "No more are full"
                )
        if not (self.prerequisites or self.unlocks):
            return
        others = [each for each in of_kind("plot") if isinstance(each, Plot)]
        way = cycle(self, [*(each for each in others if each.ref != self.ref), self])
        if way:
            raise InputError(
                f"{self.name!r} would wait for itself", f"{' waits for '.join(way)}: leave one out"
            )


def order(plot: Plot) -> tuple[int, int, str, str]:
    """What to sort by: what matters most, then what is most urgent, then the name."""
    return (
        _place(PRIORITIES, plot.priority),
        _place(URGENCIES, plot.urgency),
        plot.name.casefold(),
        plot.id,
    )


def _place(words: tuple[str, ...], word: str) -> int:
    """Where a word stands; last, where an import brought another."""
    return words.index(word) if word in words else len(words)


def moved(plot: Plot, to: str, now: str) -> Plot:
    """The plot with another status; InputError with what is possible when that is not.

    It has started when it is first active, and is resolved when it is completed or failed.
    """
    allowed = MOVES.get(plot.status, ())
    if to not in allowed:
        words = [f"ttrpg plot {VERBS[each]} {plot.id}" for each in allowed]
        reason = f"is {to} already" if to == plot.status else f"is {plot.status}, so not yet {to}"
        if plot.status in {"completed", "failed"} and to != plot.status:
            reason = f"is {plot.status}: it has to start again before it can be {to}"
        raise InputError(f"{plot.name!r} {reason}", f"Possible: {'; '.join(words)}")
    ended = to in {"completed", "failed"}
    return attrs.evolve(
        plot,
        status=to,
        started_at=plot.started_at or (now if to == "active" else ""),
        resolved_at=now if ended else "",
    )


def needs(plots: Iterable[Plot]) -> dict[str, set[str]]:
    """For each plot what must be completed before it, said from either end; by reference."""
    every = list(plots)
    found = {each.ref: set(each.prerequisites) for each in every}
    for each in every:
        for later in each.unlocks:
            found.setdefault(later, set()).add(each.ref)
    return found


def waits_for(plot: Plot, plots: Iterable[Plot]) -> list[Plot]:
    """The plots that are not completed and have to be before this one; what is gone is none."""
    every = {each.ref: each for each in plots}
    wanted = needs(every.values()).get(plot.ref, set())
    return [
        every[each]
        for each in sorted(wanted)
        if each in every and every[each].status != "completed"
    ]


def opened_by(plot: Plot, plots: Iterable[Plot]) -> list[Plot]:
    """The pending plots that waited for this one, and for nothing else any more."""
    every = list(plots)
    wanted = needs(every)
    return [
        each
        for each in every
        if each.status == "pending"
        and plot.ref in wanted.get(each.ref, ())
        and not waits_for(each, every)
    ]


def cycle(plot: Plot, plots: Iterable[Plot]) -> list[str]:
    """The names on a way from a plot through what it waits for back to itself; empty for none."""
    every = {each.ref: each for each in plots}
    wanted = needs(every.values())
    before: dict[str, str] = {}
    open_ = [plot.ref]
    while open_:
        here = open_.pop()
        for following in sorted(wanted.get(here, ())):
            if following == plot.ref:
                way = [plot.ref, here]
                while way[-1] != plot.ref:
                    way.append(before[way[-1]])
                return [every[each].name for each in [*reversed(way[1:]), plot.ref]]
            if following in every and following not in before:
                before[following] = here
                open_.append(following)
    return []


def clock(name: str, segments: int, audience: Audience = GM) -> Clock:
    """A new clock, empty."""
    if not 2 <= segments <= SEGMENTS_MAX:  # noqa: PLR2004 - one segment is no clock
        raise InputError(
            f"a clock cannot have {segments} segments", f"From 2 to {SEGMENTS_MAX}; 4, 6 or 8 do"
        )
    return Clock(text.name(name, "clock's name"), segments, 0, audience)


def ticked(one: Clock, by: int) -> Clock:
    """The clock so many segments on, or back; InputError when none of it can be."""
    if by == 0 or (by > 0 and one.full) or (by < 0 and not one.filled):
        state = "full" if one.full else "empty"
        reason = "cannot tick by 0" if by == 0 else f"is {state} already"
        raise InputError(
            f"the clock {one.name!r} {reason}", "--by 1 fills a segment, --by -1 frees"
        )
    return attrs.evolve(one, filled=max(0, min(one.segments, one.filled + by)))
