"""``calendar``: which one the campaign goes by, its months drawn, and what there is to choose."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ttrpg_cli import passing
from ttrpg_cli.commands.clock import set_to
from ttrpg_cli.passing import UNDO, days_of
from ttrpg_cli.world.options import as_viewer
from ttrpg_core import clocks, records, text
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.calendar import almanac, saying
from ttrpg_core.table.calendar.model import Calendar, Month
from ttrpg_core.views import Block, Fields, Table, Text

FILE_MAX = 200_000
"""Largest file of a calendar, in bytes."""


def _names(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=almanac.load(name).title)
        for name in almanac.names()
        if name.startswith(incomplete)
    ]


@click.group(invoke_without_command=True, short_help="Calendars: choose one, see a month")
@click.pass_context
def calendar(ctx: click.Context) -> None:
    """Calendars: any months, weeks and moons, as data. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@calendar.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """The calendars that there are; that of the current campaign is marked."""
    campaign = records.current(app.store.connection)
    found = clocks.read(app.store.connection, campaign.id) if campaign else None
    known = [almanac.load(name) for name in almanac.names()]
    mine = found.calendar if found and found.dated else None
    if mine and mine not in known:
        known.append(mine)
    app.screen.show(
        "ttrpg.calendar.list/1",
        {
            "current": mine.name if mine else None,
            "calendars": [
                {"name": each.name, "title": each.title, "about": each.about} for each in known
            ],
        },
        [
            Table(
                ("", "Name", "Title", "About"),
                [
                    ("*" if each == mine else "", each.name, each.title, each.about)
                    for each in known
                ],
            )
        ],
    )


@calendar.command()
@click.argument("name", required=False, shell_complete=_names)
@click.pass_obj
def show(app: App, name: str | None) -> None:
    """One calendar: its months, weeks, moons, seasons and holidays; by default the campaign's."""
    found = days_of(app).clock.calendar if name is None else almanac.load(_called(name))
    app.screen.show("ttrpg.calendar/1", {"calendar": passing.plain(found)}, _blocks(found))


@calendar.command()
@click.argument("wanted", nargs=-1, metavar="[MONTH] [YEAR]")
@as_viewer
@click.pass_obj
def month(app: App, wanted: tuple[str, ...], viewer: str) -> None:
    """A month as a page: this one, or Frostfall, or Frostfall 1204, or 1204-02."""
    days = days_of(app)
    clock = days.clock
    year, place = saying.month(" ".join(wanted), clock.calendar, clock.now)
    passing.page(app, days, year, place, Audience.of(viewer))


@calendar.command()
@click.argument("name", shell_complete=_names)
@click.option("--date", help="What day it is in it now; by default the clock stays as it is.")
@click.pass_obj
def use(app: App, name: str, date: str | None) -> None:
    """Choose the calendar of the campaign: NAME, or a TOML file of your own.

    It is kept in the campaign: a file may change or go afterwards. Begin your own with ttrpg
    calendar copy.
    """
    days = days_of(app)
    passed = days.use(_content(name), date)
    passing.now(app, days)
    app.screen.say(f"Chose {passed.clock.calendar.title!r}: {passed.clock.say()}. {UNDO}", "good")
    if date is None and not passed.before.dated:
        app.screen.say("Say what day it is: ttrpg calendar set DATE", "dim")


@calendar.command("set")
@click.argument("date", nargs=-1, required=True, metavar="DATE...")
@click.pass_obj
def set_(app: App, date: tuple[str, ...]) -> None:
    """Say what day it is; the same as ttrpg time set."""
    set_to(app, " ".join(date))


@calendar.command()
@click.pass_obj
def drop(app: App) -> None:
    """Put the campaign's calendar away: days are counted, and its date is any text again."""
    days = days_of(app)
    passed = days.drop()
    passing.now(app, days)
    said = f"Put {passed.before.calendar.title!r} away. {UNDO}"
    app.screen.say(said if passed.before.dated else "No calendar was chosen", "good")


@calendar.command()
@click.argument("name", shell_complete=_names)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def copy(app: App, name: str, file: Path, *, force: bool) -> None:
    """Write the calendar NAME as a TOML file, to make your own of."""
    content = almanac.content(_called(name))
    paths = app.paths
    target = text.writable_file(
        file, force=force, ours=(paths.data_dir, paths.config_dir, paths.state_dir)
    )
    try:
        target.write_text(content, "utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}", "Name another") from error
    app.screen.show("ttrpg.calendar.copy/1", {"file": str(target)}, [])
    app.screen.say(f"Wrote {target}. Change it, then: ttrpg calendar use {file}", "good")


def _called(name: str) -> str:
    known = [(each, almanac.load(each).title) for each in almanac.names()]
    return text.match(name, known, "calendar")


def _content(name: str) -> str:
    """The TOML of a calendar of ours, or of a file."""
    try:
        return almanac.content(_called(name))
    except NotFound:
        if not ("/" in name or "\\" in name or name.endswith(".toml") or Path(name).is_file()):
            raise
    path = text.readable_file(name)
    raw = path.read_bytes()[: FILE_MAX + 1]
    if len(raw) > FILE_MAX:
        raise InputError(f"{name} is too large for a calendar", f"At most {FILE_MAX:,} bytes")
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text", "Save it as UTF-8") from error
    almanac.read(content, path.name)
    return content


def _blocks(found: Calendar) -> list[Block]:
    week = f"{len(found.weekdays)} days" if found.weekdays else "no weeks"
    begins = {"run": "", "month": ", anew with each month", "year": ", anew with each year"}
    clock = f"{found.hours} hours of {found.minutes} minutes of {found.seconds} seconds"
    pairs = [("Calendar", f"{found.title} ({found.name})"), ("", found.about)]
    pairs += [("Day", clock), ("Week", week + begins[found.weeks] if found.weekdays else week)]
    pairs += [("", ", ".join(found.weekdays))] if found.weekdays else []
    pairs += [("Era", _era(each.short, each.name, each.first)) for each in found.eras]
    pairs += [("Moon", f"{each.name}, every {each.days:g} days") for each in found.moons]
    pairs += [("Season", f"{each.name}, from {each.day} {each.month}") for each in found.seasons]
    numbers = {place: str(n + 1) for n, place in enumerate(found.numbered)}
    rows = [
        (numbers.get(place, ""), each.name, str(each.days), _note(each))
        for place, each in enumerate(found.months)
    ]
    blocks: list[Block] = [Fields([pair for pair in pairs if any(pair)]), Text("")]
    blocks.append(Table(("", "Month", "Days", ""), rows))
    if found.holidays:
        told = [
            (each.name, f"{each.day} {each.month}" + (f": {each.text}" if each.text else ""))
            for each in found.holidays
        ]
        blocks += [Text(""), Text("Holidays:", "title"), Fields(told)]
    return blocks


def _note(month: Month) -> str:
    notes = [
        f"{each.days:+} every {each.every} years" if each.every > 1 else f"{each.days:+}"
        for each in month.leap
    ]
    notes += ["in no month"] if month.outside else []
    notes += ["in no week"] if not month.week else []
    return ", ".join(notes)


def _era(short: str, name: str, first: int) -> str:
    return f"{short}{f', {name}' if name else ''}, from the year {first:,}"
