"""``search stats``, ``gaps``, ``forget`` and ``open``: what was asked, and going back to it."""

from datetime import date, datetime, time

import attrs
import click

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.views import Bars, Block, Fields, Table, Text
from ttrpg_search.analytics import Often, Stats
from ttrpg_search.commands.finding import analytics
from ttrpg_search.commands.opening import open_book, shown_before

DAYS_SHOWN = 14
_days = click.option("--days", type=click.IntRange(1, 36_500), help="Only the last so many days.")


@click.command("stats")
@_days
@click.option("--top", type=click.IntRange(1, 1000), default=10, help="Questions to list; 10.")
@click.pass_obj
def stats(app: App, days: int | None, top: int) -> None:
    """What was asked: how often, how fast, what was opened.

    It is kept on this machine alone; `search.history` switches it off.
    """
    found = analytics(app).stats(days, top)
    app.screen.show("ttrpg.search.stats/1", attrs.asdict(found), list(_blocks(found)))
    if not app.settings.search.history:
        app.screen.say("New questions are not kept: search.history is off", "dim")


def _blocks(found: Stats) -> list[Block]:
    if not found.questions:
        return [Text("No question is kept.", "dim")]
    share = f"{found.unanswered / found.questions:.0%}"
    blocks: list[Block] = [
        Fields(
            [
                ("questions", f"{found.questions:,}, {found.distinct:,} different"),
                ("without an answer", f"{found.unanswered:,} ({share})"),
                ("nothing found", f"{found.empty:,} ({found.empty / found.questions:.0%})"),
                ("median time", f"{found.median_ms:.1f} ms"),
                ("95 of 100 within", f"{found.p95_ms:.1f} ms"),
            ]
        ),
        Text(""),
        Bars(_bars([(o.question[:40], o.times) for o in found.often]), "Asked most"),
        Text(""),
        Bars(_bars([(day, n) for day, n in [*found.days.items()][-DAYS_SHOWN:]]), "By day"),
    ]
    if found.opened:
        ranks = [(f"{rank}.", times) for rank, times in found.opened.items()]
        blocks += [Text(""), Bars(_bars(ranks), "Opened, by place in the answer")]
    return blocks


def _bars(rows: list[tuple[str, int]]) -> list[tuple[str, float, str]]:
    largest = max((count for _, count in rows), default=1)
    return [(text.printable(label), count / largest, str(count)) for label, count in rows]


@click.command("gaps")
@_days
@click.option("--top", type=click.IntRange(1, 1000), default=20, help="Questions to list; 20.")
@click.pass_obj
def gaps(app: App, days: int | None, top: int) -> None:
    """What your books do not answer: questions without an answer, the most frequent first."""
    found = analytics(app).gaps(days, top)
    app.screen.show(
        "ttrpg.search.gaps/1",
        {"gaps": [attrs.asdict(each) for each in found]},
        [
            Table(
                ["question", "asked", "last", "nearest"],
                [_gap(each) for each in found],
                empty="Every question that is kept had an answer.",
            )
        ],
    )


def _gap(each: Often) -> list[str]:
    nearest = f"{each.results} passage{'s' * (each.results != 1)}" if each.results else "nothing"
    return [each.question, str(each.times), each.at[:10], nearest]


@click.command("forget")
@click.option("--before", metavar="DATE", help="Only what was asked before a day: 2026-01-31.")
@click.option("--all", "everything", is_flag=True, help="Every question.")
@click.pass_obj
def forget(app: App, before: str | None, *, everything: bool) -> None:
    """Forget what was asked and opened; this cannot be undone."""
    if everything == (before is not None):
        raise click.UsageError("say what to forget: --before DATE or --all")
    asked = "Forget every question? This cannot be undone."
    if everything and not app.screen.ask(asked, default=True):
        return
    gone = analytics(app).forget(None if before is None else _day(before))
    app.screen.show("ttrpg.search.forget/1", {"forgotten": gone}, [])
    app.screen.say(f"Forgot {gone:,} question{'s' * (gone != 1)}", "good")


def _day(value: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(value), time()).astimezone()
    except (ValueError, OverflowError) as error:
        raise InputError(f"{value[:40]!r} is not a day", "Write it as 2026-01-31") from error


@click.command("open")
@click.argument("number", type=click.IntRange(1, 10_000))
@click.pass_context
def open_(ctx: click.Context, number: int) -> None:
    """Open a passage of the last answer in its book, at its page."""
    open_book(ctx, *shown_before(ctx.obj, number))
