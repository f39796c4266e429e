"""``campaign``: create, choose, show, edit, put away, delete. Everything can be undone."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ttrpg_cli.campaigns import names, showing
from ttrpg_cli.stdin import read_stdin
from ttrpg_cli.world import exchanging
from ttrpg_cli.world.options import as_viewer
from ttrpg_core import clocks, records
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.text import TEXT_MAX
from ttrpg_core.views import Fields, Table

F = TypeVar("F", bound=Callable[..., Any])
UNDO = "'ttrpg undo' takes it back"
_ORDERS: dict[str, tuple[Callable[[Campaign], tuple[str, str]], bool]] = {
    "name": (lambda each: (each.name.casefold(), each.id), False),
    "system": (lambda each: (each.system.casefold(), each.name.casefold()), False),
    "changed": (lambda each: (each.updated_at, each.id), True),
    "created": (lambda each: (each.created_at, each.id), True),
}
"""What to sort by, and whether the greatest comes first."""


def _fields(command: F) -> F:
    """Options for the editable fields."""
    for field, text in (
        ("--veil", "What happens out of sight only; '-WORDS' takes one away. Repeatable."),
        ("--line", "What never happens; '-WORDS' takes one away. Repeatable."),
        ("--tag", "A word to sort it by; '-TAG' takes one away. Repeatable."),
        ("--player", "NAME or NAME=CHARACTER; '-NAME' takes one away. Repeatable."),
    ):
        name = f"{field.removeprefix('--')}s"
        command = click.option(field, name, multiple=True, help=text)(command)
    for field, text in (
        ("--game-date", "The date in the game."),
        ("--description", "What it is about; '-' reads stdin."),
        ("--setting", "The world it plays in."),
        ("--genre", "Its genre."),
        ("--system", "The game system."),
    ):
        command = click.option(field, help=text)(command)
    return command


def _given(fields: dict[str, str | Sequence[str] | None]) -> dict[str, str | Sequence[str]]:
    given = {name: value for name, value in fields.items() if value not in (None, ())}
    if given.get("description") == "-":
        given["description"] = read_stdin(TEXT_MAX, "description")
    return given


@click.group(invoke_without_command=True, short_help="Campaigns: create, choose, edit, delete")
@click.pass_context
def campaign(ctx: click.Context) -> None:
    """Campaigns. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


campaign.add_command(exchanging.export)
campaign.add_command(exchanging.import_)


@campaign.command("list")
@click.option(
    "--sort",
    type=click.Choice(list(_ORDERS)),
    default="name",
    show_default=True,
    help="The order; changed and created have the newest first.",
)
@click.option("--tag", help="Only those with this tag.")
@click.option("--system", help="Only those of this game system.")
@click.option("--archived", is_flag=True, help="Only those that are put away.")
@click.option("--all", "both", is_flag=True, help="Those that are put away, too.")
@click.pass_obj
def list_(
    app: App, sort: str, tag: str | None, system: str | None, *, archived: bool, both: bool
) -> None:
    """Campaigns that are not put away; the current one is marked."""
    current = records.current(app.store.connection)
    known = records.campaigns(app.store.connection)
    key, newest_first = _ORDERS[sort]
    found = [
        each
        for each in sorted(known, key=key, reverse=newest_first)
        if (both or bool(each.archived_at) == archived)
        and (tag is None or tag.casefold() in map(str.casefold, each.tags))
        and (system is None or system.casefold() in each.system.casefold())
    ]
    away = sum(bool(each.archived_at) for each in known)
    empty = "No campaign is so" if known else "No campaign yet: ttrpg campaign create NAME"
    app.screen.show(
        "ttrpg.campaign.list/1",
        {
            "current": current.id if current else None,
            "campaigns": [campaigns.plain(each) for each in found],
        },
        [
            Table(
                ("", "Name", "Id", "System", "Game date", "Tags"),
                [
                    (
                        "*" if current and each.id == current.id else "",
                        each.name + (" (archived)" if each.archived_at else ""),
                        each.id,
                        each.system,
                        each.game_date,
                        ", ".join(each.tags),
                    )
                    for each in found
                ],
                empty=empty,
            )
        ],
    )
    if away and not (archived or both):
        app.screen.say(f"{away} put away: ttrpg campaign list --archived", "dim")


@campaign.command()
@click.argument("name")
@_fields
@click.pass_obj
def create(app: App, /, name: str, **fields: str | tuple[str, ...] | None) -> None:
    """Start a campaign, and make it the current one."""
    given = _given(dict(fields))
    with app.journal.change("campaign.create") as change:
        taken = [each.id for each in records.campaigns(app.store.connection)]
        made = campaigns.create(name, given, taken, app.clock().isoformat())
        change.insert("campaigns", records.row(made))
        change.put("chosen", {"key": records.CURRENT, "value": made.id})
        change.campaign = made.id
        change.prose = f"started the campaign {made.name!r}"
        change.facts = {"campaign": made.id}
        app.audit.record("campaign.created", {"campaign": made.id})
    _show(app, made)
    app.screen.say(f"Started {made.name!r}; it is the current campaign. {UNDO}", "good")


@campaign.command()
@click.argument("name", required=False, shell_complete=names.campaigns)
@click.option(
    "--at",
    metavar="MOMENT",
    help="As it was: a snapshot's name, a date, or the number of an entry of the history.",
)
@as_viewer
@click.pass_obj
def show(app: App, name: str | None, at: str | None, viewer: str) -> None:
    """A campaign at a glance: what is in it, sessions, open plots, what was changed lately."""
    from ttrpg_cli.campaigns import dashboard as drawing
    from ttrpg_cli.campaigns.kept import snapshots_of
    from ttrpg_core import dashboard
    from ttrpg_core.world import World

    audience = Audience.of(viewer)
    if at is not None and audience != GM:
        raise InputError("only the GM can look back", "Leave out --at, or --as")
    connection = app.store.connection
    with records.one_moment(connection):
        found = records.campaign_or_current(connection, name)
        world = World(app.journal, found.id)
        kept = snapshots_of(app)
        if at is None:
            drawing.show(app, dashboard.now(world, found, kept, audience), audience)
        else:
            moment = kept.moment(found, at)
            drawing.show(app, dashboard.then(world, found, kept, moment), GM, moment.name)
    current = records.current(connection)
    if at is None and found.archived_at and current is not None and current.id == found.id:
        app.screen.say("The current campaign is put away", "warn")


@campaign.command()
@click.argument("name", required=False, shell_complete=names.campaigns)
@click.option("--name", "new_name", help="Another name; the id stays.")
@_fields
@click.pass_obj
def edit(
    app: App, /, name: str | None, new_name: str | None, **fields: str | tuple[str, ...] | None
) -> None:
    """Change fields of a campaign; the current one when no NAME is given."""
    given = _given({**fields, "name": new_name})
    if not given:
        raise InputError(
            "nothing to change",
            "Name a field, such as: ttrpg campaign edit --game-date '3 Frostfall'",
        )
    with app.journal.change("campaign.edit") as change:
        old = records.campaign_or_current(app.store.connection, name)
        if "game_date" in given and clocks.content(app.store.connection, old.id) is not None:
            raise InputError(
                f"{old.name} has a calendar, which says its date",
                "Set its clock: ttrpg time set DATE, or ttrpg calendar drop",
            )
        new, changed = campaigns.edit(old, given, app.clock().isoformat())
        if changed:
            change.campaign = old.id
            change.update("campaigns", {"id": old.id}, records.row(new))
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
@click.argument("name", shell_complete=names.campaigns)
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
    if found.archived_at:
        app.screen.say(f"It is put away: ttrpg campaign restore {found.id}", "warn")


@campaign.command()
@click.argument("name", required=False, shell_complete=names.campaigns)
@click.pass_obj
def archive(app: App, name: str | None) -> None:
    """Put a campaign away: it is kept whole, and not listed unless asked for."""
    with app.journal.change("campaign.archive") as change:
        old = records.campaign_or_current(app.store.connection, name)
        new = campaigns.archive(old, app.clock().isoformat())
        change.campaign = old.id
        change.update("campaigns", {"id": old.id}, records.row(new))
        change.prose = f"put the campaign {old.name!r} away"
        change.facts = {"campaign": old.id}
    _show(app, new)
    if new == old:
        app.screen.say(f"{old.name!r} was put away already", "good")
        return
    app.screen.say(f"Put {old.name!r} away. {UNDO}", "good")
    current = records.current(app.store.connection)
    if current is not None and current.id == old.id:
        app.screen.say("It is still the current campaign: ttrpg campaign use NAME", "warn")


@campaign.command()
@click.argument("name", required=False, shell_complete=names.campaigns)
@click.pass_obj
def restore(app: App, name: str | None) -> None:
    """Take up a campaign again that was put away."""
    with app.journal.change("campaign.restore") as change:
        old = records.campaign_or_current(app.store.connection, name)
        new = campaigns.restore(old)
        change.campaign = old.id
        change.update("campaigns", {"id": old.id}, records.row(new))
        change.prose = f"took the campaign {old.name!r} up again"
        change.facts = {"campaign": old.id}
    _show(app, new)
    said = f"Took {old.name!r} up again. {UNDO}" if new != old else f"{old.name!r} is not put away"
    app.screen.say(said, "good")


@campaign.command()
@click.argument("name", shell_complete=names.campaigns)
@click.pass_obj
def delete(app: App, name: str) -> None:
    """Delete a campaign with all that is in it; it can be taken back at any time."""
    with app.journal.change("campaign.delete") as change:
        found = records.campaign(app.store.connection, name)
        change.delete("campaigns", {"id": found.id})  # and not the choice of it: others make one
        change.campaign = found.id
        change.prose = f"deleted the campaign {found.name!r}"
        change.facts = {"campaign": found.id}
        app.audit.record("campaign.deleted", {"campaign": found.id}, severity="warning")
    app.screen.show("ttrpg.campaign.delete/1", {"campaign": campaigns.plain(found)}, [])
    app.screen.say(f"Deleted {found.name!r} and all that is in it. {UNDO}", "good")
    number = app.journal.history(1)[0].id
    app.screen.say(f"At any time later, too: ttrpg undo --entry {number}", "dim")


def _show(app: App, found: Campaign) -> None:
    app.screen.show(
        "ttrpg.campaign/1", {"campaign": campaigns.plain(found)}, [Fields(showing.card(found))]
    )
