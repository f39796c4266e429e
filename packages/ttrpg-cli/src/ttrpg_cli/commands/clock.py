"""``time``: what time it is in the campaign; letting it pass, and setting it."""

import click

from ttrpg_cli import passing
from ttrpg_cli.fighting import acting
from ttrpg_cli.passing import UNDO, days_of
from ttrpg_cli.world.options import as_viewer
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.table.calendar import lengths, saying
from ttrpg_core.table.combat import clock as times


@click.group(
    "time", invoke_without_command=True, short_help="The campaign's time: now, advance, set"
)
@click.pass_context
def time(ctx: click.Context) -> None:
    """The time in the campaign. Without a command: now.

    There is one clock for a campaign. Fights begin at it and go on by their rounds; when several
    go on, it is as late as the latest.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(now)


@time.command()
@as_viewer
@click.pass_obj
def now(app: App, viewer: str) -> None:
    """The date, the time of day, the season, the moons, and what there is today."""
    passing.now(app, days_of(app), Audience.of(viewer))


@time.command()
@click.argument("length", nargs=-1, required=True, metavar="LENGTH...")
@acting.in_fight
@click.pass_obj
def advance(app: App, length: tuple[str, ...], fight: str | None) -> None:
    """Let time pass: 8 hours, 3 days, 2 weeks, 1 month, 1h 30min.

    What was to last no longer ends on all who are in no fight, and what falls due is said. With
    --fight, time passes there, beside its rounds, and for those who are in it.
    """
    days = days_of(app)
    if fight is not None:
        clock = days.clock
        then = lengths.later(clock.calendar, clock.now, lengths.read(length, clock.calendar))
        acting.act(app, "combat.time", fight, lambda f, law, _: times.pass_time(
            f, law, then - clock.now))  # fmt: skip
        return
    passed = days.advance(lengths.read(length, days.clock.calendar))
    passing.passed(app, passed)
    app.screen.say(f"It is {passed.clock.say()}. {UNDO}", "good")


@time.command("set")
@click.argument("date", nargs=-1, required=True, metavar="DATE...")
@click.pass_obj
def set_(app: App, date: tuple[str, ...]) -> None:
    """Set the clock: 3 Frostfall 1204, or 1204-02-03 14:30, or 22:15 today.

    No time passes by it: what had an hour left still has an hour left, in fights too.
    """
    set_to(app, " ".join(date))


def set_to(app: App, date: str) -> None:
    """Set the clock to a date as it is typed."""
    days = days_of(app)
    clock = days.clock
    passed = days.set(saying.moment(date, clock.calendar, clock.now))
    passing.passed(app, passed)
    changed = passed.before.now != passed.clock.now
    more = UNDO if changed else "Nothing was different"
    app.screen.say(f"It is {passed.clock.say()}. {more}", "good")
