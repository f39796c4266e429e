"""``backup``: make copies of everything, prove them, put one back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ttrpg_core.app import App
from ttrpg_core.backups import Checked
from ttrpg_core.copies import Copies, Copy, Manifest, described
from ttrpg_core.errors import StoreDamaged, StoreError
from ttrpg_core.views import Block, Fields, Table, Text

NAMED = "ttrpg backup restore NAME"


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of backups for the shell."""
    paths = ctx.find_root().obj.paths
    try:
        known = Copies(paths.database, paths.backups).all()
    except StoreError:
        return []
    return [CompletionItem(each.name) for each in known if each.name.startswith(incomplete)]


@click.group(invoke_without_command=True, short_help="Backups: create, check, restore")
@click.pass_context
def backup(ctx: click.Context) -> None:
    """Copies of everything: campaigns, books, talks, history. Without a command: the list.

    One is made by itself before the first change to the game of a day, and before an upgrade
    changes the database. Keys and settings are in none.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@backup.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """Every backup, the newest first."""
    known = [(copy, described(copy.path)) for copy in app.backups.copies.all()]
    rows = [
        (
            copy.name,
            copy.at.astimezone().strftime("%Y-%m-%d %H:%M"),
            _size(copy.size),
            "damaged" if isinstance(said, str) else said.note if said else "",
        )
        for copy, said in known
    ]
    app.screen.show(
        "ttrpg.backup.list/1",
        {
            "folder": str(app.paths.backups),
            "backups": [
                _data(copy, None if isinstance(said, str) else said) for copy, said in known
            ],
        },
        [
            Table(
                ("Name", "Made", "Size", "Note"),
                rows,
                empty="No backup yet: ttrpg backup create",
            )
        ],
    )


@backup.command()
@click.argument("note", default="")
@click.pass_obj
def create(app: App, note: str) -> None:
    """Make one now; NOTE says what for. It stays until you remove it.

    Others may go on writing meanwhile. What was copied is read again and compared, table by table.
    """
    copy, manifest = app.backups.create(app.audit, note=note)
    app.screen.show(
        "ttrpg.backup.create/1",
        {"backup": _data(copy, manifest)},
        [Fields(_facts(copy.path, copy.size, manifest))],
    )
    app.screen.say(f"Made {copy.name}, and read it back: it is whole", "good")


@backup.command()
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...", shell_complete=_names)
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Read backups to their end, and hold them against what was copied; all without a NAME.

    Ends with 7 when one is damaged.
    """
    app: App = ctx.obj
    files = [app.backups.source(name) for name in names] or [
        copy.path for copy in app.backups.copies.all()
    ]
    found = [app.backups.check(path) for path in files]
    app.screen.show(
        "ttrpg.backup.verify/1",
        {
            "backups": [
                {
                    "file": str(each.path),
                    "sound": not each.wrong,
                    "compared": each.manifest is not None,
                    "wrong": list(each.wrong),
                }
                for each in found
            ]
        },
        _verdicts(found),
    )
    if any(each.wrong for each in found):
        ctx.exit(StoreDamaged.code)


@backup.command()
@click.argument("name", metavar="NAME|FILE", shell_complete=_names)
@click.pass_obj
def restore(app: App, name: str) -> None:
    """Put a backup in the place of everything; the newest is 'latest'.

    What is there now is kept as a backup too, and its name is said. Refused while another ttrpg is
    running, and when the backup is not whole.
    """
    done = app.backups.restore(app.backups.source(name))
    kept = None if done.kept is None else done.kept.stem.removeprefix("ttrpg-")
    facts = _facts(done.source, done.source.stat().st_size, done.manifest)
    app.screen.show(
        "ttrpg.backup.restore/1",
        {"restored": str(done.source), "kept": None if done.kept is None else str(done.kept)},
        [Fields([*facts, *([("Kept", kept)] if kept else [])])],
    )
    back = f" 'ttrpg backup restore {kept}' takes it back" if kept else ""
    app.screen.say(f"Put {done.source.name} back.{back}", "good")


@backup.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=_names)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.pass_obj
def prune(app: App, names: tuple[str, ...], *, dry_run: bool) -> None:
    """Remove backups by NAME, or those that the settings no longer keep.

    Without a NAME only backups go that were made by themselves. What is removed is gone for good.
    """
    copies = app.backups.copies
    wanted = list(dict.fromkeys(map(copies.find, names))) if names else copies.outdated()
    size = sum(copy.size for copy in wanted)
    gone = wanted if dry_run else app.backups.prune(app.audit, wanted)
    app.screen.show(
        "ttrpg.backup.prune/1",
        {"removed": [] if dry_run else [copy.name for copy in gone],
         "would_remove": [copy.name for copy in gone] if dry_run else []},
        [Table(("Name",), [(copy.name,) for copy in gone])] if gone else [],
    )  # fmt: skip
    if len(gone) < len(wanted):
        left = next(copy for copy in wanted if copy not in gone)
        raise StoreError(f"cannot remove {left.path}", "Mend the permissions of its folder")
    verb = "Would remove" if dry_run else "Removed"
    app.screen.say(
        f"{verb} {len(gone)} backup(s), {_size(size)}" if gone else "There is nothing to remove",
        "good",
    )


def _verdicts(found: Sequence[Checked]) -> list[Block]:
    rows = [
        (
            "damaged" if each.wrong else "whole",
            each.path.name,
            "; ".join(each.wrong[:2])
            if each.wrong
            else f"{each.manifest.rows:,} rows as they were copied"
            if each.manifest
            else "sound; it does not say what was copied",
        )
        for each in found
    ]
    table = Table(("", "Backup", "Seen"), rows, empty="No backup yet: ttrpg backup create")
    bad = sum(bool(each.wrong) for each in found)
    return [table, Text(f"{bad} of {len(found)} damaged", "bad")] if bad else [table]


def _facts(path: Path, size: int, manifest: Manifest | None) -> list[tuple[str, str]]:
    facts = [("Backup", str(path)), ("Size", _size(size))]
    if manifest is not None:
        facts += [
            ("Made", manifest.at.replace("T", " ")[:19] + " UTC"),
            ("Holds", f"{manifest.rows:,} rows in {len(manifest.tables) - 1} tables"),
        ]
        facts += [("Note", manifest.note)] if manifest.note else []
    return facts


def _data(copy: Copy, manifest: Manifest | None) -> dict[str, Any]:
    return {
        "name": copy.name,
        "file": str(copy.path),
        "at": copy.at.isoformat(),
        "kind": copy.kind,
        "bytes": copy.size,
        "note": manifest.note if manifest else "",
        "version": manifest.version if manifest else None,
        "rows": manifest.rows if manifest else None,
    }


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
