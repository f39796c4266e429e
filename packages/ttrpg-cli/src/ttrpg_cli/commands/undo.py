"""``undo``, ``redo`` and ``history``: the journal, from the command line."""

from datetime import datetime

import click

from ttrpg_core.app import App
from ttrpg_core.journal import Entry
from ttrpg_core.views import Table

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of an entry, as SQLite can have it."""


@click.command(short_help="Take back the last change, or the last few")
@click.argument("count", type=int, default=1)
@click.option(
    "--entry", type=NUMBER, metavar="NUMBER", help="The one entry of the history to take back."
)
@click.pass_obj
def undo(app: App, count: int, entry: int | None) -> None:
    """Take back the last COUNT changes, all or none.

    Refused, with the reason, when something was changed since. An undo can be undone: ttrpg redo.
    """
    with app.store.transaction():
        done = app.journal.undo(count, entry=entry)
        app.audit.record("change.undone", {"entries": [each.id for each in done]})
    _report(app, done, "undone", "redo")


@click.command(short_help="Do again what was undone")
@click.argument("count", type=int, default=1)
@click.pass_obj
def redo(app: App, count: int) -> None:
    """Do again the COUNT changes that were undone last; possible until a new change is made."""
    with app.store.transaction():
        done = app.journal.redo(count)
        app.audit.record("change.redone", {"entries": [each.id for each in done]})
    _report(app, done, "done again", "undo")


@click.command(short_help="Every change, the newest first")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Entries to show.",
)
@click.option("--before", type=NUMBER, metavar="NUMBER", help="Entries older than this one.")
@click.option("--campaign", "wanted", metavar="NAME", help="Only this campaign's.")
@click.pass_obj
def history(app: App, limit: int, before: int | None, wanted: str | None) -> None:
    """Every change: its number, when, who, and what."""
    from ttrpg_core import records

    only = None if wanted is None else records.campaign(app.store.connection, wanted).id
    found = app.journal.history(limit, campaign=only, before=before)
    rows = [
        (f"#{e.id}", _when(e.at), e.actor, e.prose + (" (undone)" if e.undone_by else ""))
        for e in found
    ]
    app.screen.show(
        "ttrpg.history/1",
        {"entries": [_plain(entry) for entry in found]},
        [Table(("", "When", "Who", "What"), rows, empty="Nothing has been changed yet.")],
    )


def _report(app: App, done: list[Entry], verb: str, other: str) -> None:
    app.screen.show(
        f"ttrpg.{'undo' if other == 'redo' else 'redo'}/1",
        {"entries": [_plain(entry) for entry in done]},
        [Table((verb.capitalize(),), [(f"#{entry.id} {entry.prose}",) for entry in done])],
    )
    count = f" {len(done)}" if len(done) > 1 else ""
    app.screen.say(f"{len(done)} {verb}; 'ttrpg {other}{count}' takes it back", "good")


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "campaign": entry.campaign,
        "prose": entry.prose,
        "facts": dict(entry.facts),
        "target": entry.target,
        "undone_by": entry.undone_by,
    }


def _when(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
