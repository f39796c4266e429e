"""Sessions: evenings at the table, from session zero on.

A session is planned, runs, may pause, and ends; each step is checked, and how long it was played is
worked out from when it began, paused and ended. Pure, and the time is given.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar, Literal

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, field

Status = Literal["planned", "active", "paused", "ended"]
MOVES: Mapping[Status, tuple[Status, ...]] = MappingProxyType(
    {
        "planned": ("active",),
        "active": ("paused", "ended"),
        "paused": ("active", "ended"),
        "ended": (),
    }
)
"""What may follow on each status."""
RUNNING: tuple[Status, ...] = ("active", "paused")
ORDER: tuple[Status, ...] = ("active", "paused", "planned", "ended")
"""What a list has first."""
_HINTS: Mapping[Status, str] = MappingProxyType(
    {
        "planned": "Start it: ttrpg session start",
        "active": "Pause or end it: ttrpg session pause, ttrpg session end",
        "paused": "Go on with it: ttrpg session resume, or end it: ttrpg session end",
        "ended": "Plan another: ttrpg session plan; or take its end back: ttrpg undo",
    }
)


@attrs.frozen
class Pause:
    """A time in which a session was not played; ``until`` is empty while it lasts."""

    since: str = field("When it began.")
    until: str = field("When the session went on.")


@attrs.frozen(kw_only=True)
class Session(Entity):
    """One session; its name is its title. Times are ISO 8601 in UTC, empty until they come.

    ``recap`` and ``told`` are what was accepted as the story of it, for the Game Master and for
    the players.
    """

    KIND: ClassVar[str] = "session"
    PLURAL: ClassVar[str] = "sessions"

    number: int = field("Which one it is; 0 is session zero.", "value", default=0)
    status: Status = field(  # noqa: RUF009 - a field, not a value
        "How far it is.", "value", default="planned"
    )
    date: str = field("When you mean to play it.")
    prep: str = field("What to have ready for it; '-' reads stdin.", "text", secret=True)
    recap: str = field("What happened, for the GM.", "text", secret=True)
    told: str = field("What happened, as the players are told it.", "text", secret=True)
    present: tuple[str, ...] = field(
        "A character that was there.", "refs", kinds=("character",), option="character"
    )
    players: tuple[str, ...] = field("Somebody else who was there.", "lines", option="player")
    started_at: str = field("When it began.", "value", default="")
    ended_at: str = field("When it ended.", "value", default="")
    pauses: tuple[Pause, ...] = field("When it was not played.", "value")

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self.status in RUNNING

    def check(self, _: Callable[[str], Iterable[Entity]]) -> None:
        """InputError for times and pauses that no session has, as a page or a file may say."""
        pauses = [each for pause in self.pauses for each in (pause.since, pause.until)]
        for each in (self.started_at, self.ended_at, *pauses):
            if each and not _is_time(each):
                raise InputError(f"{each!r:.60} is no time", "Such as: 2026-01-31T20:00:00+00:00")
        lasting = bool(self.pauses) and not self.pauses[-1].until
        if not all(each.since for each in self.pauses) or lasting != (self.status == "paused"):
            raise InputError("its pauses do not fit its status", "The last one goes on in a pause")


def moved(session: Session, to: Status, now: str) -> Session:
    """The session one step on; InputError where it cannot go there from where it is."""
    if to not in MOVES[session.status]:
        wanted = {"active": "start", "paused": "pause", "ended": "end"}.get(to, to)
        raise InputError(
            f"session {session.number} cannot {wanted}: it is {session.status}",
            _HINTS[session.status],
        )
    pauses = session.pauses
    if session.status == "paused":
        pauses = (*pauses[:-1], attrs.evolve(pauses[-1], until=now))
    match to:
        case "paused":
            changed = attrs.evolve(session, pauses=(*pauses, Pause(now)))
        case "ended":
            changed = attrs.evolve(session, pauses=pauses, ended_at=now)
        case _:
            changed = attrs.evolve(session, pauses=pauses, started_at=session.started_at or now)
    return attrs.evolve(changed, status=to)


def played(session: Session, now: str) -> timedelta:
    """How long it was played so far, without its pauses; never less than nothing.

    A clock that was set back between two steps would make it so.
    """
    if not session.started_at:
        return timedelta()
    until = session.ended_at or now
    whole = _between(session.started_at, until)
    paused = sum(
        (_between(each.since, each.until or until) for each in session.pauses), timedelta()
    )
    return max(whole - paused, timedelta())


def ordered(sessions: list[Session]) -> list[Session]:
    """Those that run first, then those that are planned, both by number; then the last ended."""

    def place(each: Session) -> tuple[int, int, str]:
        number = -each.number if each.status == "ended" else each.number
        return ORDER.index(each.status), number, each.id

    return sorted(sessions, key=place)


def spoken(length: timedelta) -> str:
    """``3 h 05 min``, ``12 min``."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _between(since: str, until: str) -> timedelta:
    return max(datetime.fromisoformat(until) - datetime.fromisoformat(since), timedelta())


def _is_time(value: str) -> bool:
    """Whether it is a moment: ISO 8601 with where it is from UTC."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
