"""``audit``: list and export what matters for security."""

from datetime import datetime, timedelta

import click

from ttrpg_core.app import App
from ttrpg_core.audit import SEVERITIES, export
from ttrpg_core.paths import write_atomically
from ttrpg_core.views import Table


@click.group(invoke_without_command=True, short_help="What happened that matters for security")
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Keys, imports, deletes, settings and plugins. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@audit.command("list")
@click.option("--severity", type=click.Choice(SEVERITIES), help="This severe, or more.")
@click.option("--kind", default="", help="Kinds that begin so, such as 'key'.")
@click.option("--days", type=click.IntRange(1), help="Only the last so many days.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Rows to show.")
@click.pass_obj
def list_(app: App, severity: str | None, kind: str, days: int | None, limit: int) -> None:
    """The newest first."""
    since = app.clock() - timedelta(days=days) if days else None
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
        {"events": [{"id": e.id, "at": e.at, "severity": e.severity, "kind": e.kind, "actor": e.actor, "facts": dict(e.facts)} for e in events]},
        [Table(("When", "Severity", "Kind", "Who", "Facts"), rows, empty="Nothing yet.")],
    )


@audit.command("export")
@click.argument("file", default="-")
@click.option("--format", "form", type=click.Choice(["jsonl", "json", "csv"]), default="jsonl", show_default=True, help="How rows are written.")
@click.pass_obj
def export_(app: App, file: str, form: str) -> None:
    """Write every row to FILE; '-' is stdout."""
    from pathlib import Path

    events = app.audit.events(limit=10_000_000)
    content = export(events, form)
    if file == "-":
        click.echo(content, nl=False)
        return
    write_atomically(Path(file).expanduser().absolute(), content)
    app.audit.record("data.exported", {"what": "audit", "file": file})
    app.screen.say(f"Wrote {len(events)} rows to {file}", "good")
