"""``usage``: what language models cost, by model, day, campaign and more."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import click

from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.llm.money import dollars
from ttrpg_core.llm.money.amounts import NANO
from ttrpg_core.llm.money.lost import lost
from ttrpg_core.llm.money.periods import EARLIEST, local, midnight
from ttrpg_core.llm.money.spending import WAYS, By, Spent, together
from ttrpg_core.text import printable
from ttrpg_core.views import Bars, Block, Table, Text

NAME_SHOWN = 32
"""Characters of a name in a row."""
_BACK = re.compile(r"(\d{1,4})\s?(h|d|w)\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.command(short_help="What language models cost, by model, day, campaign")
@click.option(
    "--by",
    "way",
    type=click.Choice(WAYS),
    default="model",
    show_default=True,
    help="What it is added up by.",
)
@click.option(
    "--since",
    default="30d",
    show_default=True,
    help="A date (2026-11-01), a span (12h, 7d, 4w), 'today', 'month' or 'all'.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 10_000),
    default=30,
    show_default=True,
    help="Rows to show; of days the last.",
)
@click.pass_obj
def usage(app: App, way: By, since: str, limit: int) -> None:
    """Calls, tokens and costs. What is 'about' was estimated, as the vendor did not count."""
    begin = _begin(app, since)
    rows = app.purse.spending.by(way, begin)
    total = together(rows)
    gone = [each for each in lost(app.purse.ledger) if each.at >= begin]
    shown = rows[-limit:] if way in {"day", "month"} else rows[:limit]
    app.screen.show(
        "ttrpg.usage/1",
        {
            "currency": "USD",
            "by": way,
            "since": None if begin == EARLIEST else begin.isoformat(),
            "total": _data(total),
            "rows": [{"name": each.name, **_data(each)} for each in shown],
            "left_out": len(rows) - len(shown),
            "lost": [each.id for each in gone],
        },
        _blocks(app, way, begin, shown, total, len(rows) - len(shown)),
    )
    if gone:
        several = "calls" if len(gone) > 1 else "call"
        aside = dollars(sum(each.cost for each in gone))
        app.screen.say(
            f"{len(gone)} {several} never ended, as their program was killed, and {aside} set aside"
            " for that counts in full; to have it back: ttrpg budget lost",
            "warn",
        )


def _blocks(
    app: App, way: By, begin: datetime, shown: list[Spent], total: Spent, left_out: int
) -> list[Block]:
    here = local(begin, app.purse.zone) if begin != EARLIEST else None
    since = "" if here is None else f" since {here:%d %b %Y %H:%M}"
    if not shown:
        return [Text(f"No call of a model{since}.", "dim")]
    most = max(each.cost for each in shown) or 1
    bars = [(_name(each), each.cost / most, _cost(each)) for each in shown]
    blocks: list[Block] = [
        Bars(bars, f"Cost by {way}{since}"),
        Text(""),
        Table(
            ("", "Calls", "In", "of it cached", "Out", "Cost"),
            [_row(each) for each in [*shown, total]],
        ),
    ]
    if left_out:
        blocks.append(Text(f"{left_out} more: -n {len(shown) + left_out}", "dim"))
    return blocks


def _name(each: Spent) -> str:
    return printable(each.name)[:NAME_SHOWN] or "none"


def _cost(each: Spent) -> str:
    return ("about " if each.estimated else "") + dollars(each.cost)


def _row(each: Spent) -> tuple[str, ...]:
    used = each.usage
    counts = (each.calls, used.input, used.cached, used.output)
    return (_name(each), *(f"{count:,}" for count in counts), _cost(each))


def _data(each: Spent) -> dict[str, Any]:
    used = each.usage
    return {
        "calls": each.calls,
        "input": used.input,
        "cached": used.cached,
        "written": used.written,
        "output": used.output,
        "reasoning": used.reasoning,
        "cost": each.cost / NANO,
        "estimated": each.estimated / NANO,
        "seconds": round(each.seconds, 3),
    }


def _begin(app: App, since: str) -> datetime:
    """The moment that a user means; InputError for what is none."""
    now, zone = app.clock(), app.purse.zone
    today = local(now, zone).date()
    word = since.strip().lower()
    if word == "all":
        return EARLIEST
    if word == "today":
        return midnight(today, zone)
    if word == "month":
        return midnight(today.replace(day=1), zone)
    if found := _BACK.match(word):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return midnight(date.fromisoformat(word), zone)
    except (ValueError, OverflowError):
        raise InputError(
            f"{since[:40]!r} is no date and no span",
            "Such as: --since 2026-11-01, --since 7d, --since month, --since all",
        ) from None
