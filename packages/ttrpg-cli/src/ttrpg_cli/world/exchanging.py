"""``campaign export`` and ``campaign import``: a campaign as one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs
import click

import ttrpg_core
from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.paths import write_atomically
from ttrpg_core.views import Block, Fields, Table

if TYPE_CHECKING:
    from ttrpg_core.exchange.file import Contents, Lost

UNDO = "'ttrpg undo' takes it back"


@click.command()
@click.argument("output", metavar="FILE")
@click.option("--campaign", metavar="NAME", help="Another campaign than the current one.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def export(app: App, output: str, campaign: str | None, *, force: bool) -> None:
    """Write a campaign to a file, with all that is in it; '-' is stdout.

    The file holds the GM's secrets and no key. What cannot go along is listed.
    """
    from ttrpg_cli.talking.scrubbing import scrubber
    from ttrpg_core.exchange import file

    connection = app.store.connection
    found = records.campaign_or_current(connection, campaign)
    contents = file.gather(
        connection,
        found.id,
        now=app.clock().isoformat(),
        program=ttrpg_core.__version__,
        scrub=scrubber(app),
    )
    if output == "-":
        click.echo(file.dump(contents), nl=False)
        return
    path = text.writable_file(
        text.text(output, "path", text.PATH_MAX), force=force, ours=app.paths.irreplaceable
    )
    write_atomically(path, file.dump(contents))
    app.audit.record(
        "campaign.exported", {"campaign": found.id, "file": str(path)}, severity="security"
    )
    app.screen.show(
        "ttrpg.campaign.export/1",
        {
            "campaign": found.id,
            "file": str(path),
            "counts": contents.counts,
            "lost": [attrs.asdict(each) for each in contents.lost],
        },
        [_counted(contents), *_lost(contents.lost)],
    )
    app.screen.say(f"Wrote {found.name!r} to {path}", "good")


@click.command("import")
@click.argument("source", metavar="FILE")
@click.option("--into", metavar="NAME", help="Merge into a campaign that is here.")
@click.option(
    "--keep",
    type=click.Choice(["ours", "theirs"]),
    default="ours",
    show_default=True,
    help="With --into: whose version stays where the two differ.",
)
@click.option("--name", help="What to call the new campaign.")
@click.option("--check", is_flag=True, help="Only check the file, and say what is in it.")
@click.pass_obj
def import_(
    app: App,
    source: str,
    into: str | None,
    keep: Literal["ours", "theirs"],
    name: str | None,
    *,
    check: bool,
) -> None:
    """Read a campaign from a file that export wrote: a new one, or into one that is here.

    It gets ids of its own, so that a file can be read twice. Nothing is written unless all of it
    can be.
    """
    from ttrpg_cli.campaigns.kept import snapshots_of
    from ttrpg_core.exchange import file
    from ttrpg_core.exchange.importing import Importer

    if into is not None and name is not None:
        raise InputError("a campaign that is merged into keeps its name", "Leave out --name")
    path = text.readable_file(text.text(source, "path", text.PATH_MAX))
    contents = file.load(_read(path, file.LONGEST), str(path))
    if check:
        app.screen.show(
            "ttrpg.campaign.check/1",
            {"file": str(path), "made_at": contents.made_at, "counts": contents.counts},
            [_counted(contents)],
        )
        app.screen.say("The file is whole; nothing was imported", "good")
        return
    importer = Importer(app.journal)
    with app.store.transaction():
        if into is None:
            done = importer.new(contents, name)
        else:
            known = records.campaign(app.store.connection, into)
            snapshots_of(app).take(known.id, f"before importing {path.name}")
            done = importer.into(contents, known.id, keep)
        app.audit.record("campaign.imported", {"campaign": done.campaign, "file": str(path)})
    pairs = [("Campaign", f"{done.name} ({done.campaign})")]
    pairs += [
        (what.replace("_", " ").capitalize(), str(count)) for what, count in done.counts.items()
    ]
    if done.same:
        pairs.append(("Here already", str(done.same)))
    if done.conflicts:
        whose = "as they were here" if keep == "ours" else "as they are in the file"
        pairs.append(("Different", f"{', '.join(done.conflicts[:20])}; kept {whose}"))
    app.screen.show(
        "ttrpg.campaign.import/1", attrs.asdict(done), [Fields(pairs), *_lost(done.lost)]
    )
    new = into is None or any(done.counts.values())
    said = f"Imported {done.name!r}. {UNDO}" if new else "Nothing in it is new here"
    app.screen.say(said, "good")


def _read(path: Path, longest: int) -> str:
    try:
        if (size := path.stat().st_size) > longest:
            raise InputError(
                f"{path} has {size:,} bytes; at most {longest:,} are read", "Is it the right file?"
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8", "Is it the right file?") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "Check the file") from error


def _counted(contents: "Contents") -> Block:
    pairs = [("Campaign", str(contents.campaign.get("name", "")))]
    pairs += [(name.replace("_", " ").capitalize(), str(n)) for name, n in contents.counts.items()]
    return Fields(pairs)


def _lost(lost: Sequence["Lost"]) -> list[Block]:
    rows = [(each.what, str(each.count), each.why) for each in lost]
    return [Table(("Not in it", "Count", "Why"), rows)] if rows else []
