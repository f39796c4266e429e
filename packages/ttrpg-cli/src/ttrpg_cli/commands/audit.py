"""``audit``: list and export what matters for security."""

from datetime import datetime, timedelta

import click

from ttrpg_cli.screens import screen_of
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audit import SEVERITIES, export
from ttrpg_core.paths import write_atomically
from ttrpg_core.views import Table

EVERY = 10_000_000
"""More rows than the settings ever keep."""


@click.group(invoke_without_command=True, short_help="What happened that matters for security")
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Keys, imports, deletes, settings and plugins. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@audit.command("list")
@click.option("--severity", type=click.Choice(SEVERITIES), help="This severe, or more.")
@click.option("--kind", default="", help="Kinds that begin so, such as 'key'.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Only the last so many days.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="Rows to show.",
)
@click.pass_obj
def list_(app: App, severity: str | None, kind: str, days: int | None, limit: int) -> None:
    """The newest first."""
    since = app.clock() - timedelta(days=days) if days else None
    kind = text.text(kind, "kind", text.NAME_MAX)
    events = app.audit.events(since=since, severity=severity, kind=kind, limit=limit)
    rows = [
        (
            datetime.fromisoformat(event.at).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            event.severity,
            event.kind,
            event.actor,
            ", ".join(f"{name}: {value}" for name, value in event.facts.items()),
        )
        for event in events
    ]
    app.screen.show(
        "ttrpg.audit/1",
        {
            "events": [
                {
                    "id": e.id,
                    "at": e.at,
                    "severity": e.severity,
                    "kind": e.kind,
                    "actor": e.actor,
                    "facts": dict(e.facts),
                }
                for e in events
            ]
        },
        [Table(("When", "Severity", "Kind", "Who", "Facts"), rows, empty="Nothing yet.")],
    )


@audit.command("export")
@click.argument("file", default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "json", "csv"]),
    help="How rows are written; jsonl unless set, json under --json.",
)
@click.option("--force", is_flag=True, help="Replace FILE when it is there already.")
@click.pass_obj
def export_(app: App, file: str, form: str | None, *, force: bool) -> None:
    """Write every row to FILE; '-' is stdout."""
    screen = screen_of(app)
    events = app.audit.events(limit=EVERY)
    if file == "-":
        click.echo(export(events, form or ("json" if screen.json else "jsonl")), nl=False)
        return
    named = text.text(file, "path", text.PATH_MAX)
    path = text.writable_file(named, force=force, ours=app.paths.irreplaceable)
    write_atomically(path, export(events, form or "jsonl"))
    app.audit.record("data.exported", {"what": "audit", "file": str(path)}, severity="security")
    screen.show("ttrpg.audit.export/1", {"file": str(path), "events": len(events)}, [])
    screen.say(f"Wrote {len(events)} rows to {path}", "good")
