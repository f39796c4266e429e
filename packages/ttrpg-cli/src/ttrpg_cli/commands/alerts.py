"""``alerts``: budgets that run out, providers that are down, spending that is unusual."""

from datetime import datetime

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import NotFound
from ttrpg_core.llm.money import Alert
from ttrpg_core.views import Role, Table


@click.group(invoke_without_command=True, short_help="Budgets that run out, providers that fail")
@click.pass_context
def alerts(ctx: click.Context) -> None:
    """What you should hear of about models and money. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@alerts.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were acknowledged too.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="Rows to show.",
)
@click.pass_obj
def list_(app: App, limit: int, *, every: bool = False) -> None:
    """The newest first, until they are acknowledged."""
    found = app.alerts.all(acknowledged=every, limit=limit)
    app.screen.show(
        "ttrpg.alerts/1",
        {"alerts": [attrs.asdict(each) for each in found]},
        [
            Table(
                ("Id", "When", "Severity", "What", "Times"),
                [_row(each) for each in found],
                empty="Nothing to tell.",
            )
        ],
    )


@alerts.command()
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1), metavar="[ID]...")
@click.pass_obj
def ack(app: App, ids: tuple[int, ...]) -> None:
    """Acknowledge alerts, or all of them: they leave the list, and stay under 'list --all'."""
    found = app.alerts.acknowledge(ids)
    missing = sorted(set(ids) - {each.id for each in found})
    app.screen.show("ttrpg.alerts.ack/1", {"acknowledged": [each.id for each in found]}, [])
    role: Role = "good" if found else "dim"
    noun = "alert" if len(found) == 1 else "alerts"
    app.screen.say(f"Acknowledged {len(found)} {noun}" if found else "Nothing was open", role)
    if missing:
        raise NotFound(
            "there is no open alert " + ", ".join(map(str, missing)), "See: ttrpg alerts list --all"
        )


def _row(each: Alert) -> tuple[str, ...]:
    when = datetime.fromisoformat(each.last_at).astimezone()
    return (
        str(each.id),
        f"{when:%Y-%m-%d %H:%M}",
        each.severity,
        each.message,
        str(each.times),
    )
