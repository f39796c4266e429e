"""What time it is in a campaign: one clock for all of it, and the calendar that says the date.

The clock is a number of seconds. What is stored is where it was left outside of fights; a fight
that goes on has its own time, which is its beginning and its rounds, and the campaign's time is the
latest of them all. So a turn writes nothing here, several fights may go on at their own pace, and
none stands in the way of another's undo. When a fight ends, or time is let pass, it is stored.

A campaign that has chosen no calendar counts days. Where it has one, the date is kept in the
campaign as its ``game_date`` too, for whoever reads that.
"""

import sqlite3

import attrs

from ttrpg_core.errors import InputError, NotFound, StoreDamaged
from ttrpg_core.journal import Change
from ttrpg_core.table.calendar import almanac, saying
from ttrpg_core.table.calendar.model import Calendar

_FURTHEST = (
    "SELECT MAX(COALESCE(json_extract(state, '$.began'), 0)"
    " + COALESCE(json_extract(state, '$.skipped'), 0)"
    " + COALESCE(json_extract(state, '$.round_seconds'), 6) * MAX(COALESCE("
    "(SELECT MAX(round) FROM fight_turns WHERE fight = fights.id), 1) - 1, 0))"
    " FROM fights WHERE campaign = ? AND status = 'active'"
)
"""The time of the fight that is furthest, as ``table.combat.clock.reached`` has it."""


@attrs.frozen
class Clock:
    """The time of a campaign; ``dated`` is False where it has chosen no calendar."""

    campaign: str
    calendar: Calendar
    now: int
    dated: bool

    def say(self, *, time: bool = True) -> str:
        """The date, and the time of day."""
        return saying.say(self.calendar, self.now, time=time)


def now(connection: sqlite3.Connection, campaign: str) -> int:
    """The time of a campaign: as it was left, or that of the fight that is furthest."""
    furthest = connection.execute(_FURTHEST, [campaign]).fetchone()[0]
    stored = left(connection, campaign)
    return stored if furthest is None else max(stored, int(furthest))


def left(connection: sqlite3.Connection, campaign: str) -> int:
    """The time of a campaign as it was left outside of fights."""
    row = connection.execute("SELECT now FROM clocks WHERE campaign = ?", [campaign]).fetchone()
    return 0 if row is None else int(row["now"])


def read(connection: sqlite3.Connection, campaign: str) -> Clock:
    """The time of a campaign with its calendar."""
    found = content(connection, campaign)
    calendar = almanac.load(almanac.UNDATED) if found is None else _read(found, campaign)
    return Clock(campaign, calendar, now(connection, campaign), found is not None)


def content(connection: sqlite3.Connection, campaign: str) -> str | None:
    """The TOML of a campaign's calendar; None where it has chosen none."""
    row = connection.execute(
        "SELECT content FROM calendars WHERE campaign = ?", [campaign]
    ).fetchone()
    return None if row is None else str(row["content"])


def put(change: Change, connection: sqlite3.Connection, campaign: str, moment: int) -> Clock:
    """Set the stored time, inside a change; the campaign's date follows it."""
    change.put("clocks", {"campaign": campaign, "now": moment})
    found = read(connection, campaign)
    if found.dated:
        _date(change, connection, campaign, found.say(time=False))
    return found


def choose(change: Change, connection: sqlite3.Connection, campaign: str, toml: str) -> Clock:
    """Give a campaign a calendar, inside a change; :func:`put` the time after it."""
    almanac.read(toml, "calendar")
    change.put("calendars", {"campaign": campaign, "content": toml})
    return read(connection, campaign)


def drop(change: Change, connection: sqlite3.Connection, campaign: str) -> Clock:
    """Take a campaign's calendar away, inside a change: days are counted from then on."""
    if content(connection, campaign) is not None:
        change.delete("calendars", {"campaign": campaign})
        _date(change, connection, campaign, "")
    return read(connection, campaign)


def _date(change: Change, connection: sqlite3.Connection, campaign: str, date: str) -> None:
    row = connection.execute("SELECT game_date FROM campaigns WHERE id = ?", [campaign]).fetchone()
    if row is None:
        raise NotFound(f"there is no campaign {campaign!r} any more", "See: ttrpg campaign list")
    if row["game_date"] != date:
        change.update("campaigns", {"id": campaign}, {"game_date": date})


def _read(toml: str, campaign: str) -> Calendar:
    try:
        return almanac.read(toml, f"the calendar of {campaign}")
    except InputError as error:
        raise StoreDamaged(
            error.message, "Choose it anew: ttrpg calendar use FILE, or take back what changed it"
        ) from error
