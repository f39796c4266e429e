"""Time on the screen: now, what happened while it passed, and a month as a page."""

from collections.abc import Iterable, Sequence

import attrs

from ttrpg_cli import drawing
from ttrpg_cli.screens import screen_of
from ttrpg_core import fights, records
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.clocks import Clock
from ttrpg_core.days import Days, Due, Passed
from ttrpg_core.table.calendar import lengths, pages, reckoning, saying, sky
from ttrpg_core.table.calendar.model import Calendar
from ttrpg_core.views import Block, Fields, Role, Table, Text

UNDO = "'ttrpg undo' takes it back"
CELLS = 76
"""Columns of a page of a month."""
SHOWN = 12
"""Occasions that are listed one by one."""
_ROLES: dict[str, Role] = {"combat.death": "bad", "combat.up": "good"}


def days_of(app: App) -> Days:
    """The days of the current campaign; NotFound, with how to choose one, when there is none."""
    found = records.campaign_or_current(app.store.connection, None)
    return Days(app.journal, found.id, app.rng)


def now(app: App, days: Days, viewer: Audience = GM) -> None:
    """The time of a campaign, as somebody sees it."""
    clock = days.clock
    today = clock.now - clock.now % clock.calendar.day
    due = days.due(today - 1, today + clock.calendar.day - 1, clock.calendar, viewer)
    late = days.behind(clock.now) if viewer == GM else ()
    app.screen.show(
        "ttrpg.time/1",
        {**_data(clock), "today": [attrs.asdict(each) for each in due], "behind": _late(late)},
        [Fields([*_pairs(app, clock), *_today(due), *_behind(clock, late)])],
    )


def passed(app: App, done: Passed) -> None:
    """What happened while time passed, and what time it is."""
    clock = done.clock
    blocks: list[Block] = [Text(each.prose, _ROLES.get(each.kind, "plain")) for each in done.facts]
    if done.due:
        shown = [(_on(clock, each), _told(each)) for each in done.due[:SHOWN]]
        more = len(done.due) - len(shown)
        blocks += [Text("Due:", "title"), Fields(shown)]
        blocks += [Text(f"and {more} more", "dim")] if more else []
    blocks += [Text("")] if blocks else []
    blocks.append(Fields([*_pairs(app, clock), *_behind(clock, done.behind)]))
    app.screen.show(
        "ttrpg.time.passed/1",
        {
            **_data(clock),
            "before": done.before.now,
            "facts": fights.plain(done.facts),
            "due": [attrs.asdict(each) for each in done.due],
            "behind": _late(done.behind),
        },
        blocks,
    )


def page(app: App, days: Days, year: int, place: int, viewer: Audience) -> None:
    """A month as a page, with what there is on its days below it."""
    clock = days.clock
    calendar = clock.calendar
    found = pages.page(calendar, year, place)
    first = next(day for week in found.weeks for day in week if day)
    last = first.moment + reckoning.length(calendar.months[place], year) * calendar.day
    due = days.due(first.moment - 1, last - 1, calendar, viewer)
    by_day: dict[int, list[Due]] = {}
    for each in due:
        by_day.setdefault((each.moment - first.moment) // calendar.day + 1, []).append(each)
    today = clock.now - clock.now % calendar.day
    rows = [
        [
            _cell(app, day.number, by_day.get(day.number, ()), today=day.moment == today)
            if day
            else ""
            for day in week
        ]
        for week in found.weeks
    ]
    told = [(str(number), "; ".join(map(_told, each))) for number, each in sorted(by_day.items())]
    then = _then(calendar, year, place)
    headings = _short(found.weekdays) or [""] * len(rows[0])
    blocks: list[Block] = [Text(found.title, "title"), Table(headings, rows)]
    blocks += [Text(f"Then: {then}")] if then else []
    blocks += [Text(""), Fields(told)] if told else []
    app.screen.show(
        "ttrpg.calendar.month/1",
        {
            "month": calendar.months[place].name,
            "year": year,
            "title": found.title,
            "weekdays": list(found.weekdays),
            "weeks": [[day.number if day else None for day in week] for week in found.weeks],
            "today": _day_of(clock, year, place),
            "due": [attrs.asdict(each) for each in due],
            "then": then,
        },
        blocks,
    )


def plain(calendar: Calendar) -> dict[str, object]:
    """A calendar as JSON has it."""
    return attrs.asdict(calendar)


def _data(clock: Clock) -> dict[str, object]:
    calendar, moment = clock.calendar, clock.now
    date = reckoning.date_of(calendar, moment)
    return {
        "now": moment,
        "date": clock.say(time=False),
        "time": saying.hour(calendar, moment),
        "dashed": saying.dashed(calendar, moment),
        "weekday": reckoning.weekday(calendar, date),
        "season": reckoning.season(calendar, date),
        "calendar": calendar.name if clock.dated else None,
        "moons": [_moon(moon.name, sky.phase(calendar, moon, moment)) for moon in calendar.moons],
    }


def _moon(name: str, phase: sky.Phase) -> dict[str, object]:
    return {"name": name, "phase": phase.name, "lit": round(phase.lit, 4), "waxing": phase.waxing}


def _pairs(app: App, clock: Clock) -> list[tuple[str, str]]:
    calendar, moment = clock.calendar, clock.now
    date = reckoning.date_of(calendar, moment)
    weekday = reckoning.weekday(calendar, date)
    said = clock.say(time=False)
    pairs = [
        ("Date", f"{weekday}, {said}" if weekday else said),
        ("Time", saying.hour(calendar, moment)),
    ]
    if season := reckoning.season(calendar, date):
        pairs.append(("Season", season))
    for moon in calendar.moons:
        phase = sky.phase(calendar, moon, moment)
        sign = _signs(app)[phase.step]
        pairs.append((moon.name, f"{sign} {phase.name}, {phase.lit:.0%} lit"))
    return pairs


def _signs(app: App) -> Sequence[str]:
    fancy = drawing.can(screen_of(app).out, "".join(sky.SIGNS))
    return sky.SIGNS if fancy else sky.PLAIN_SIGNS


def _today(due: Iterable[Due]) -> list[tuple[str, str]]:
    return [("Today" if not n else "", _told(each)) for n, each in enumerate(due)]


def _behind(clock: Clock, late: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    return [
        (f"Fight {name}", f"{lengths.say(clock.calendar, seconds)} behind the clock")
        for name, seconds in late
    ]


def _late(late: Iterable[tuple[str, int]]) -> list[dict[str, object]]:
    return [{"fight": name, "seconds": seconds} for name, seconds in late]


def _told(due: Due) -> str:
    where = f" ({due.ref})" if due.ref else ""
    return f"{due.text}{where}: {due.note}" if due.note else f"{due.text}{where}"


def _on(clock: Clock, due: Due) -> str:
    timed = due.kind == "note" and due.moment % clock.calendar.day
    return saying.say(clock.calendar, due.moment, time=bool(timed))


def _cell(app: App, number: int, due: Sequence[Due], *, today: bool) -> str:
    """A day: ``[14]*`` is today and has something on it; a moon that is new or full is drawn."""
    marks = "*" if any(each.kind in {"holiday", "note"} for each in due) else ""
    signs = _signs(app)
    for each in due:
        if each.kind == "moon":
            marks += signs[4 if each.text.endswith("full") else 0]
    return f"[{number:>2}]{marks}" if today else f" {number:>2} {marks}"


def _short(weekdays: Sequence[str]) -> list[str]:
    """Headings that fit beside one another."""
    room = max(CELLS // max(len(weekdays), 1) - 2, 3)
    longest = 3 if room < max(map(len, weekdays), default=0) else room
    return [f" {each[:longest]}" for each in weekdays]


def _then(calendar: Calendar, year: int, place: int) -> str:
    """The days outside of any month that follow a month."""
    found = []
    for month in calendar.months[place + 1 :]:
        if not month.outside:
            break
        if days := reckoning.length(month, year):
            found.append(f"{month.name}, {days} days" if days > 1 else month.name)
    return "; ".join(found)


def _day_of(clock: Clock, year: int, place: int) -> int | None:
    date = reckoning.date_of(clock.calendar, clock.now)
    return date.day if (date.year, date.place) == (year, place) else None
