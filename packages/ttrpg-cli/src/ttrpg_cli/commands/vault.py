"""``vault``: the campaign as a folder of Markdown pages, and what was edited in them back."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import attrs
import click

from ttrpg_cli.world.noun import UNDO
from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError, TtrpgError
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.views import Block, Fields, Table
from ttrpg_core.world import World

if TYPE_CHECKING:
    from ttrpg_core.exchange.vault.reading import Plan
    from ttrpg_core.exchange.vault.writing import Written

CELL = 24
"""Characters of a value in the table of conflicts."""


@click.group(short_help="The campaign as Markdown pages, for Obsidian")
def vault() -> None:
    """The campaign as a folder of Markdown pages, as Obsidian keeps them, and back from it."""


@vault.command()
@click.argument("folder")
@click.option(
    "--as", "viewer", metavar="WHO", default="gm", help="What party or a character knows."
)
@click.option("--force", is_flag=True, help="Write over pages that were edited and not imported.")
@click.pass_obj
def export(app: App, folder: str, viewer: str, *, force: bool) -> None:
    """Write the campaign into FOLDER, a page for each thing; again, to bring it up to date."""
    campaign = records.campaign_or_current(app.store.connection, None)
    audience = Audience.of(viewer)
    done = _write(app, campaign, _folder(app, folder), audience, force=force)
    app.audit.record(
        "campaign.exported",
        {"campaign": campaign.id, "file": folder, "for": str(audience)},
        severity="security",
    )
    pairs = [("Pages", str(done.pages)), ("Written", str(done.written))]
    if done.removed:
        pairs.append(("Moved to .trash", ", ".join(done.removed[:8])))
    app.screen.show(
        "ttrpg.vault.export/1",
        {"folder": folder, "for": str(audience), **attrs.asdict(done)},
        [Fields(pairs)],
    )
    app.screen.say(f"The vault in {folder} is up to date, for {audience}", "good")


@vault.command("import")
@click.argument("folder")
@click.option(
    "--keep",
    type=click.Choice(["ours", "theirs"]),
    help="Whose value stays where both sides changed it: the campaign's, or the vault's.",
)
@click.option("--delete", is_flag=True, help="Delete what has no page any more.")
@click.option("--check", is_flag=True, help="Only show what would be done.")
@click.pass_obj
def import_(
    app: App, folder: str, keep: Literal["ours", "theirs"] | None, *, delete: bool, check: bool
) -> None:
    """Take over what was edited in a vault that export wrote: pages changed, new, and gone.

    Where a value was changed on both sides, it shows all three and writes nothing until --keep
    says whose stays.
    """
    from ttrpg_cli.campaigns.kept import snapshots_of
    from ttrpg_core.exchange.vault import reading

    campaign = records.campaign_or_current(app.store.connection, None)
    world = World(app.journal, campaign.id, "import")
    path = _folder(app, folder)
    todo = reading.plan(world, path)
    done: reading.Done | None = None
    stopped = todo.conflicts and keep is None
    if not (check or stopped or todo.empty):
        with app.store.transaction():
            snapshots_of(app).take(campaign.id, f"before importing {path.name}")
            done = reading.apply(world, path, todo, keep=keep, delete=delete)
    counts = {} if done is None else dict(done.counts)
    app.screen.show(
        "ttrpg.vault.import/1",
        {"plan": attrs.asdict(todo, filter=attrs.filters.exclude("places")), "done": counts},
        _planned(todo, delete=delete),
    )
    if check:
        app.screen.say("Nothing was imported", "good")
    elif stopped:
        reading.apply(world, path, todo)  # it says what to do
    elif not any(counts.values()):
        app.screen.say("Nothing in the vault is new", "good")
    else:
        app.screen.say(f"Imported the vault. {UNDO}", "good")
    if not (check or todo.empty):
        _bring_up(app, campaign, path, todo.places if done is None else done.places)


def _bring_up(app: App, campaign: Campaign, path: Path, moved: Mapping[str, str]) -> None:
    """Write what the campaign has now into the vault, so that both sides agree again."""
    try:
        _write(app, campaign, path, GM, force=True, moved=moved)
    except TtrpgError as error:
        app.screen.say(f"The vault itself was not brought up to date: {error.message}", "warn")


def _write(
    app: App,
    campaign: Campaign,
    folder: Path,
    viewer: Audience,
    *,
    force: bool,
    moved: Mapping[str, str] = MappingProxyType({}),
) -> "Written":
    from ttrpg_cli.campaigns.kept import snapshots_of
    from ttrpg_cli.talking.scrubbing import scrubber
    from ttrpg_core import dashboard
    from ttrpg_core.exchange.vault import writing

    world = World(app.journal, campaign.id)
    total = sum(world.counts().values()) + 1
    with (
        records.one_moment(app.store.connection),
        app.screen.progress("Writing the vault", total) as progress,
    ):
        return writing.write(
            world,
            dashboard.now(world, campaign, snapshots_of(app), viewer),
            campaign,
            folder,
            viewer,
            now=app.clock().isoformat(),
            scrub=scrubber(app),
            force=force,
            moved=moved,
            tell=progress.update,
        )


def _folder(app: App, value: str) -> Path:
    """The folder that is meant; none of the program's own."""
    path = Path(text.text(value, "path", text.PATH_MAX)).expanduser().resolve()
    for own in app.paths.irreplaceable:
        if (
            path == own.resolve()
            or path.is_relative_to(own.resolve())
            or own.resolve().is_relative_to(path)
        ):
            raise InputError(f"{value} belongs to ttrpg itself", "Name a folder somewhere else")
    return path


def _planned(todo: "Plan", *, delete: bool) -> list[Block]:
    rows = [
        *((each.path, "changed", ", ".join(each.values).replace("_", " ")) for each in todo.edited),
        *((each.path, f"new {each.kind}", "") for each in todo.new),
        *(
            (each, "page gone", "deleted" if delete else "kept: --delete deletes it")
            for each in todo.gone
        ),
    ]
    blocks: list[Block] = [Table(("Page", "What", "Fields"), rows)] if rows else []
    if todo.conflicts:
        both = [
            (f"{each.ref}: {each.field}", _cell(each.before), _cell(each.here), _cell(each.there))
            for each in todo.conflicts
        ]
        blocks.append(Table(("Changed on both sides", "Was", "Here", "In the vault"), both))
    return blocks


def _cell(value: Any) -> str:
    told = "" if value is None else " ".join(str(value).split())
    return told if len(told) <= CELL else f"{told[: CELL - 4]} ..."
