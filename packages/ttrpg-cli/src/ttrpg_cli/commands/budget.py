"""``budget``: limits of what language models may cost, how they stand and what is to come."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import click
from click.shell_completion import CompletionItem

from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.llm.money import Budget, amount, dollars
from ttrpg_core.llm.money.amounts import NANO
from ttrpg_core.llm.money.forecast import Forecast, TooLittle
from ttrpg_core.llm.money.ledger import Entry
from ttrpg_core.llm.money.lost import free, lost
from ttrpg_core.llm.money.outlook import Outlook, outlooks
from ttrpg_core.llm.money.periods import PERIODS, Period, local
from ttrpg_core.llm.money.standing import Standing, title
from ttrpg_core.store import peek
from ttrpg_core.views import Bars, Block, Fields, Table, Text

NONE = "No budget is set, so nothing limits what models cost: ttrpg budget set 20 --per month"
LABEL = 32
"""Characters of a budget's name beside its bar; the table has it whole."""
DAYS = 14
"""Days that the chart shows."""
_SESSION = re.compile(r"[\w.-]{1,80}\Z")


def _ids(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Budgets for the shell."""
    known = peek(ctx.find_root().obj.paths.database, "SELECT id, period FROM budgets ORDER BY id")
    return [CompletionItem(each) for each, _ in known if each.startswith(incomplete)]


@click.group(invoke_without_command=True, short_help="Limits of what language models may cost")
@click.pass_context
def budget(ctx: click.Context) -> None:
    """Limits of what language models may cost. Without a command: how they stand."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(status)


@budget.command("set")
@click.argument("limit", metavar="AMOUNT")
@click.option(
    "--per",
    "period",
    type=click.Choice(PERIODS),
    default="month",
    show_default=True,
    help="When it begins anew; a week does on Monday, total never.",
)
@click.option("--campaign", help="Count one campaign's calls alone.")
@click.option("--session", help="Count one session of the campaign alone.")
@click.pass_obj
def set_(app: App, limit: str, period: Period, campaign: str | None, session: str | None) -> None:
    """Set a limit in US dollars: 20, $20, 0.50. No call that might pass it is made."""
    if session is not None and not _SESSION.match(session):
        raise InputError(
            f"{session[:40]!r} is no session", "Its id has letters, digits, '.', '-' and '_'"
        )
    known = None
    if campaign is not None or session is not None:
        known = records.campaign_or_current(app.store.connection, campaign)
    wanted = Budget(period, amount(limit), known.id if known else "", session or "")
    before = app.purse.budgets.set(wanted)
    standing = next(each for each in app.purse.standings() if each.budget == wanted)
    app.screen.show("ttrpg.budget.set/1", {"budget": _data(app, standing)}, [])
    back = f"ttrpg budget rm {wanted.id}" if before is None else before.command(before.amount)
    was = "" if before is None else f"; it was {dollars(before.amount)}"
    app.screen.say(
        f"{_capital(title(wanted))} is {dollars(wanted.amount)}{was}. '{back}' takes it back",
        "good",
    )
    if standing.left <= 0:
        app.screen.say(
            f"{dollars(standing.used)} is spent already: calls that cost anything are refused"
            + ("" if standing.span.end is None else f" until {_when(app, standing.span.end)}"),
            "warn",
        )


@budget.command()
@click.pass_obj
def status(app: App) -> None:
    """What is spent and left of each budget, and how fast."""
    found = app.purse.standings()
    blocks: list[Block] = [Text(NONE, "dim")]
    if found:
        blocks = [
            Bars(
                [(_short(each.budget.id), min(1.0, each.share), _of(each)) for each in found],
                "Spent",
            ),
            Text(""),
            Table(
                ("Budget", "Left", "Set aside", "Per hour", "Projected", "Begins anew"),
                [_row(app, each) for each in found],
            ),
        ]
    warnings = list(app.purse.notes(found))
    blocks += [Text(warning, "warn") for warning in warnings]
    app.screen.show(
        "ttrpg.budget.status/1",
        {"currency": "USD", "budgets": [_data(app, each) for each in found], "warnings": warnings},
        blocks,
    )


@budget.command()
@click.pass_obj
def forecast(app: App) -> None:
    """What this month and each budget will come to, from the days before."""
    found = outlooks(app.purse)
    today = local(app.clock(), app.purse.zone).date()
    costs = [
        (day, found.days.get(day, 0))
        for day in (today - timedelta(days=back) for back in reversed(range(DAYS)))
    ]
    most = max(cost for _, cost in costs)
    blocks: list[Block] = []
    if most:
        rows = [(_day(day), cost / most, dollars(cost)) for day, cost in costs]
        blocks += [Bars(rows, f"The last {DAYS} days"), Text("")]
    pairs = [("This month", _said(found.month))]
    pairs += [(each.standing.budget.id, _verdict(each)) for each in found.budgets]
    blocks.append(Fields(pairs))
    app.screen.show(
        "ttrpg.budget.forecast/1",
        {
            "currency": "USD",
            "month": _coming(found.month),
            "days": {str(day): found.days[day] / NANO for day in sorted(found.days)},
            "budgets": [
                {
                    "id": each.standing.budget.id,
                    "amount": each.standing.budget.amount / NANO,
                    "forecast": _coming(each.coming),
                    "used_up": str(each.used_up) if each.used_up else None,
                    "verdict": _verdict(each),
                }
                for each in found.budgets
            ],
        },
        blocks,
    )


@budget.command()
@click.argument("name", shell_complete=_ids)
@click.pass_obj
def rm(app: App, name: str) -> None:
    """Take a limit away: month, day/salt-road, ..."""
    found = app.purse.budgets.find(text.name(name, "budget"))
    app.purse.budgets.remove(found)
    app.screen.show("ttrpg.budget.rm/1", {"budget": found.id, "amount": found.amount / NANO}, [])
    again = found.command(found.amount)
    app.screen.say(f"Took {title(found)} away. '{again}' brings it back", "good")


@budget.command("lost")
@click.pass_obj
def lost_(app: App) -> None:
    """Calls that never ended, as their program was killed.

    What was set aside for them counts in full.
    """
    found = lost(app.purse.ledger)
    app.screen.show(
        "ttrpg.budget.lost/1",
        {"currency": "USD", "calls": [_call(each) for each in found]},
        [
            Table(
                ("Id", "When", "Model", "For", "Counts"),
                [
                    (
                        str(each.id),
                        _when(app, each.at),
                        each.model,
                        each.purpose.why,
                        dollars(each.cost),
                    )
                    for each in found
                ],
                empty="Every call has ended.",
            )
        ],
    )
    if found:
        app.screen.say("What did not cost it, as your vendor says: ttrpg budget free ID", "dim")


@budget.command("free")
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1), metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that 'ttrpg budget lost' lists.")
@click.pass_obj
def free_(app: App, ids: tuple[int, ...], *, every: bool) -> None:
    """Count calls that never ended as nothing.

    That is for those of which your vendor's page shows that they were.
    """
    if every == bool(ids):
        raise InputError("name calls, or say --all", "See: ttrpg budget lost")
    found = free(app.purse.ledger, app.audit.record, ids)
    app.screen.show("ttrpg.budget.free/1", {"calls": [_call(each) for each in found]}, [])
    if found or every:
        again = dollars(sum(each.cost for each in found))
        app.screen.say(f"{again} can be spent again" if found else "Every call has ended", "good")
    if missing := sorted(set(ids) - {each.id for each in found}):
        raise NotFound(
            "no call that never ended is " + ", ".join(map(str, missing)),
            "See: ttrpg budget lost",
        )


def _call(each: Entry) -> dict[str, Any]:
    return {
        "id": each.id,
        "at": each.at.isoformat(),
        "model": each.model,
        "why": each.purpose.why,
        "campaign": each.purpose.campaign or None,
        "cost": each.cost / NANO,
    }


def _data(app: App, each: Standing) -> dict[str, Any]:
    limit, held = each.budget, _held(app, each)
    return {
        "id": limit.id,
        "period": limit.period,
        "campaign": limit.campaign or None,
        "session": limit.session or None,
        "amount": limit.amount / NANO,
        "spent": (each.used - held) / NANO,
        "set_aside": held / NANO,
        "left": each.left / NANO,
        "share": round(each.share, 4),
        "action": each.action(app.settings.money) if each.left > 0 else "reject",
        "hourly": None if each.pace is None else each.pace / NANO,
        "projected": None if each.projected is None else each.projected / NANO,
        "begins_anew": None if each.span.end is None else each.span.end.isoformat(),
    }


def _row(app: App, each: Standing) -> tuple[str, ...]:
    return (
        each.budget.id,
        dollars(each.left, down=True),
        dollars(_held(app, each)),
        "" if each.pace is None else dollars(each.pace),
        "" if each.projected is None else dollars(each.projected),
        "never" if each.span.end is None else _when(app, each.span.end),
    )


def _held(app: App, each: Standing) -> int:
    return app.purse.spending.set_aside(each.span, each.budget.campaign, each.budget.session)


def _of(each: Standing) -> str:
    return f"{dollars(each.used)} of {dollars(each.budget.amount)}"


def _when(app: App, moment: datetime) -> str:
    return f"{local(moment, app.purse.zone):%a %d %b %H:%M}"


def _short(name: str) -> str:
    return name if len(name) <= LABEL else name[: LABEL - 3] + "..."


def _day(day: date) -> str:
    return f"{day:%a %d %b}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _said(found: Forecast | TooLittle) -> str:
    if isinstance(found, TooLittle):
        return f"too little history: {found.days} of {found.needed} whole days"
    span = f"{dollars(found.low)} to {dollars(found.high)}"
    by = "by weekday" if found.method == "weekdays" else f"at {dollars(found.daily)} a day"
    return f"about {dollars(found.expected)} by {_day(found.last)}, likely {span} ({by})"


def _verdict(each: Outlook) -> str:
    limit = each.standing.budget.amount
    coming = each.coming
    if isinstance(coming, TooLittle):
        return _said(coming)
    if coming is None:
        if each.standing.budget.period == "hour":
            pace = each.standing.projected
            return "too early to say" if pace is None else f"at this pace {dollars(pace)}"
        end = each.used_up
        return "is not used up" if end is None else f"is used up about {end:%d %b %Y}"
    if coming.expected > limit:
        ends = "is not enough"
    elif coming.high > limit:
        ends = "may not be enough"
    else:
        ends = "is enough"
    return f"{dollars(limit)} {ends}: {_said(coming)}"


def _coming(found: Forecast | TooLittle | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, TooLittle):
        return {"too_little": True, "days": found.days, "needed": found.needed}
    return {
        "too_little": False,
        "last": str(found.last),
        "spent": found.spent / NANO,
        "expected": found.expected / NANO,
        "low": found.low / NANO,
        "high": found.high / NANO,
        "daily": found.daily / NANO,
        "days": found.days,
        "method": found.method,
    }
