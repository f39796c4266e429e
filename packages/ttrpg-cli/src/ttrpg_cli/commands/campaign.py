"""``campaign``: create, choose, show, edit, delete. Everything can be undone."""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import click
from click.shell_completion import CompletionItem

from ttrpg_cli.stdin import read_stdin
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.store import peek
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.text import TEXT_MAX
from ttrpg_core.views import Fields, Table

F = TypeVar("F", bound=Callable[..., Any])
UNDO = "'ttrpg undo' takes it back"


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Campaign ids for the shell."""
    known = peek(ctx.find_root().obj.paths.database, "SELECT id, name FROM campaigns ORDER BY id")
    return [CompletionItem(each, help=name) for each, name in known if each.startswith(incomplete)]


def _fields(command: F) -> F:
    """Options for the editable fields."""
    for field, text in (
        ("--game-date", "The date in the game."),
        ("--description", "What it is about; '-' reads stdin."),
        ("--setting", "The world it plays in."),
        ("--genre", "Its genre."),
        ("--system", "The game system."),
    ):
        command = click.option(field, help=text)(command)
    return command


def _given(fields: dict[str, str | None]) -> dict[str, str]:
    given = {name: value for name, value in fields.items() if value is not None}
    if given.get("description") == "-":
        given["description"] = read_stdin(TEXT_MAX, "description")
    return given


@click.group(invoke_without_command=True, short_help="Campaigns: create, choose, edit, delete")
@click.pass_context
def campaign(ctx: click.Context) -> None:
    """Campaigns. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@campaign.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """Every campaign; the current one is marked."""
    current = records.current(app.store.connection)
    known = records.campaigns(app.store.connection)
    app.screen.show(
        "ttrpg.campaign.list/1",
        {
            "current": current.id if current else None,
            "campaigns": [attrs.asdict(each) for each in known],
        },
        [
            Table(
                ("", "Name", "Id", "System", "Game date"),
                [
                    (
                        "*" if current and each.id == current.id else "",
                        each.name,
                        each.id,
                        each.system,
                        each.game_date,
                    )
                    for each in known
                ],
                empty="No campaign yet: ttrpg campaign create NAME",
            )
        ],
    )


@campaign.command()
@click.argument("name")
@_fields
@click.pass_obj
def create(app: App, /, name: str, **fields: str | None) -> None:
    """Start a campaign, and make it the current one."""
    given = _given(fields)
    with app.journal.change("campaign.create") as change:
        taken = [each.id for each in records.campaigns(app.store.connection)]
        made = campaigns.create(name, given, taken, app.clock().isoformat())
        change.insert("campaigns", attrs.asdict(made))
        change.put("chosen", {"key": records.CURRENT, "value": made.id})
        change.campaign = made.id
        change.prose = f"started the campaign {made.name!r}"
        change.facts = {"campaign": made.id}
        app.audit.record("campaign.created", {"campaign": made.id})
    _show(app, made)
    app.screen.say(f"Started {made.name!r}; it is the current campaign. {UNDO}", "good")


@campaign.command()
@click.argument("name", required=False, shell_complete=_names)
@click.pass_obj
def show(app: App, name: str | None) -> None:
    """One campaign; the current one when no NAME is given."""
    _show(app, records.campaign_or_current(app.store.connection, name))


@campaign.command()
@click.argument("name", required=False, shell_complete=_names)
@click.option("--name", "new_name", help="Another name; the id stays.")
@_fields
@click.pass_obj
def edit(app: App, /, name: str | None, new_name: str | None, **fields: str | None) -> None:
    """Change fields of a campaign; the current one when no NAME is given."""
    given = _given({**fields, "name": new_name})
    if not given:
        raise InputError(
            "nothing to change",
            "Name a field, such as: ttrpg campaign edit --game-date '3 Frostfall'",
        )
    with app.journal.change("campaign.edit") as change:
        old = records.campaign_or_current(app.store.connection, name)
        new, changed = campaigns.edit(old, given, app.clock().isoformat())
        if changed:
            change.campaign = old.id
            change.update("campaigns", {"id": old.id}, attrs.asdict(new))
            change.prose = f"changed {', '.join(changed).replace('_', ' ')} of {old.name!r}"
            change.facts = {"campaign": old.id, "changed": changed}
    _show(app, new)
    said = (
        f"Changed {', '.join(changed).replace('_', ' ')}. {UNDO}"
        if changed
        else "Nothing was different"
    )
    app.screen.say(said, "good")


@campaign.command()
@click.argument("name", shell_complete=_names)
@click.pass_obj
def use(app: App, name: str) -> None:
    """Make a campaign the current one."""
    with app.journal.change("campaign.use") as change:
        found = records.campaign(app.store.connection, name)
        change.put("chosen", {"key": records.CURRENT, "value": found.id})
        change.campaign = found.id
        change.prose = f"chose the campaign {found.name!r}"
        change.facts = {"campaign": found.id}
    _show(app, found)
    app.screen.say(f"{found.name!r} is the current campaign. {UNDO}", "good")


@campaign.command()
@click.argument("name", shell_complete=_names)
@click.pass_obj
def delete(app: App, name: str) -> None:
    """Delete a campaign; it can be taken back for as long as the history is kept."""
    with app.journal.change("campaign.delete") as change:
        found = records.campaign(app.store.connection, name)
        chosen = records.current(app.store.connection)
        change.delete("campaigns", {"id": found.id})
        if chosen is not None and chosen.id == found.id:
            change.delete("chosen", {"key": records.CURRENT})
        change.campaign = found.id
        change.prose = f"deleted the campaign {found.name!r}"
        change.facts = {"campaign": found.id}
        app.audit.record("campaign.deleted", {"campaign": found.id}, severity="warning")
    app.screen.show("ttrpg.campaign.delete/1", {"campaign": attrs.asdict(found)}, [])
    app.screen.say(f"Deleted {found.name!r}. {UNDO}", "good")


def _show(app: App, found: Campaign) -> None:
    pairs = [("Campaign", f"{found.name} ({found.id})")]
    pairs += [
        (field.replace("_", " ").capitalize(), getattr(found, field))
        for field in campaigns.EDITABLE
        if field != "name" and getattr(found, field)
    ]
    app.screen.show("ttrpg.campaign/1", {"campaign": attrs.asdict(found)}, [Fields(pairs)])
