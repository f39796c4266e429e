"""``snapshot``: names of moments of a campaign, what changed between two, and the way back."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypeVar

import attrs
import click

from ttrpg_cli.campaigns import names
from ttrpg_cli.campaigns.kept import snapshots_of
from ttrpg_cli.campaigns.showing import several
from ttrpg_cli.world.showing import more
from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.snapshots import Difference, Moment, Snapshot
from ttrpg_core.views import Block, Fields, Later, Table, Text

F = TypeVar("F", bound=Callable[..., Any])
UNDO = "'ttrpg undo' takes it back"
SHOWN = 20
"""Snapshots of a list, or things of a kind in a comparison, where nobody says otherwise."""
_COUNTED = ("turn", "effect")
"""Kinds of which it is only said how many: a fight's, and its combatants tell what they are."""


def _of(command: F) -> F:
    """``--campaign``, for one that is not the current."""
    return click.option(
        "--campaign",
        "whose",
        metavar="NAME",
        shell_complete=names.campaigns,
        help="The campaign, if not the current one.",
    )(command)


@click.group(invoke_without_command=True, short_help="Moments of a campaign, and the way back")
@click.pass_context
def snapshot(ctx: click.Context) -> None:
    """Moments of a campaign: given a name, compared, gone back to. Without a command: the list.

    A moment is a snapshot's name, a date such as 2026-11-01 or '2026-11-01 20:30', the number of an
    entry of the history such as 12 (just after it), or now.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@snapshot.command("list")
@click.option(
    "--kind",
    type=click.Choice(["manual", "automatic", "pre-rollback", "milestone"]),
    help="Only those of a kind.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=SHOWN,
    show_default=True,
    help="How many; --json has all.",
)
@_of
@click.pass_obj
def list_(app: App, kind: str | None, limit: int, whose: str | None) -> None:
    """The snapshots of a campaign, the latest first, and how many changes there were since."""
    campaign = records.campaign_or_current(app.store.connection, whose)
    kept = snapshots_of(app)
    found = [each for each in kept.all(campaign) if kind in (None, each.kind)]
    shown = found[:limit]
    blocks: list[Block] = [
        Table(
            ("Name", "Kind", "Made", "Since", "Note"),
            [
                (_short(each), each.kind, _when(each.at), str(count), each.note)
                for each, count in zip(shown, kept.since(campaign, shown), strict=True)
            ],
            empty="No snapshot yet: ttrpg snapshot create NAME",
        )
    ]
    blocks += more(len(found), limit)

    def whole() -> dict[str, Any]:
        since = zip(found, kept.since(campaign, found), strict=True)
        every = [{**attrs.asdict(each), "changes_since": count} for each, count in since]
        return {"campaign": campaign.id, "snapshots": every}

    app.screen.show("ttrpg.snapshot.list/1", Later(whole), blocks)


@snapshot.command()
@click.argument("name", required=False)
@click.option("--note", default="", help="Why it is worth going back to.")
@click.option("--milestone", is_flag=True, help="Mark it as one of the campaign's milestones.")
@click.option("--at", default="now", metavar="MOMENT", help="Name an earlier moment.")
@_of
@click.pass_obj
def create(
    app: App, name: str | None, note: str, at: str, whose: str | None, *, milestone: bool
) -> None:
    """Give this moment a NAME, or an earlier one with --at; it is kept until it is removed."""
    campaign = records.campaign_or_current(app.store.connection, whose)
    kept = snapshots_of(app)
    kind: Literal["milestone", "manual"] = "milestone" if milestone else "manual"
    called = name if name is not None else f"Snapshot {len(kept.all(campaign)) + 1}"
    made = kept.create(campaign, called, note=note, kind=kind, at=at)
    app.screen.show("ttrpg.snapshot/1", {"snapshot": attrs.asdict(made)}, [_card(made)])
    app.screen.say(f"Made the snapshot {made.name!r}. {UNDO}", "good")


@snapshot.command()
@click.argument("moment", shell_complete=names.moments)
@click.option("--kind", metavar="KIND", help="Name all of a kind, such as npc.")
@_of
@click.pass_obj
def show(app: App, moment: str, kind: str | None, whose: str | None) -> None:
    """What a campaign had at a MOMENT: how many of each kind, or with --kind which."""
    campaign = records.campaign_or_current(app.store.connection, whose)
    kept = snapshots_of(app)
    with records.one_moment(app.store.connection):
        then = kept.moment(campaign, moment)
        was = kept.campaign_at(campaign, then)
        counts = kept.counts_at(campaign, then)
        wanted = (kind or "").casefold()
        listed = kept.names_at(campaign, then, wanted) if wanted else {}
    named = next((each for each in kept.all(campaign) if each.id == then.snapshot), None)
    pairs = [("Moment", f"{then.name} (after #{then.position})")]
    pairs += [("Note", named.note)] if named is not None and named.note else []
    pairs += [("Campaign", was.name)] + ([("Game date", was.game_date)] if was.game_date else [])
    pairs += [(_title(each), str(count)) for each, count in sorted(counts.items())]
    blocks: list[Block] = [Fields(pairs)]
    if kind is not None:
        rows = [(name, key) for key, name in listed.items()]
        blocks += [Text(""), Table(("Name", "Id"), rows, empty=f"There was no {kind}")]
    app.screen.show(
        "ttrpg.snapshot.show/1",
        {
            "campaign": campaign.id,
            "position": then.position,
            "snapshot": attrs.asdict(named) if named is not None else None,
            "name": was.name,
            "game_date": was.game_date,
            "counts": dict(sorted(counts.items())),
            "things": [{"ref": f"{wanted}/{key}", "name": name} for key, name in listed.items()],
        },
        blocks,
    )


@snapshot.command()
@click.argument("first", shell_complete=names.moments)
@click.argument("second", default="now", shell_complete=names.moments)
@click.option("--kind", metavar="KIND", help="Only things of a kind, such as npc or plot.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=SHOWN,
    show_default=True,
    help="How many of each kind; --json has all.",
)
@_of
@click.pass_obj
def diff(
    app: App, first: str, second: str, kind: str | None, limit: int, whose: str | None
) -> None:
    """What became of everything between two moments, field by field; the SECOND is now if missing.

    'ttrpg snapshot diff now NAME' says what going back to NAME would do.
    """
    campaign = records.campaign_or_current(app.store.connection, whose)
    kept = snapshots_of(app)
    start, end = kept.moment(campaign, first), kept.moment(campaign, second)
    found = [
        each
        for each in kept.diff(campaign, start, end)
        if kind is None or each.kind == kind.casefold()
    ]
    app.screen.show(
        "ttrpg.snapshot.diff/1",
        {
            "campaign": campaign.id,
            "from": attrs.asdict(start),
            "to": attrs.asdict(end),
            "differences": [_plain(each) for each in found],
        },
        [Text(f"From {_called(start)} to {_called(end)}", "dim"), *_compared(found, limit)],
    )


@snapshot.command()
@click.argument("moment", shell_complete=names.moments)
@_of
@click.pass_obj
def rollback(app: App, moment: str, whose: str | None) -> None:
    """Put everything of a campaign back as it was at a MOMENT; nothing is lost by it.

    A snapshot of how it is now is taken before, and 'ttrpg undo' takes the whole back. What is no
    campaign's (books, chats, which campaign and fight are chosen) stays as it is.
    """
    campaign = records.campaign_or_current(app.store.connection, whose)
    kept = snapshots_of(app)
    with app.store.transaction():
        done = kept.rollback(campaign, moment)
        found = kept.told(campaign, done.rows)
        if done.rows:
            facts = {"campaign": campaign.id, "position": done.moment.position}
            app.audit.record("campaign.rolled_back", facts, severity="warning")
    app.screen.show(
        "ttrpg.snapshot.rollback/1",
        {
            "campaign": campaign.id,
            "to": attrs.asdict(done.moment),
            "before": attrs.asdict(done.before) if done.before is not None else None,
            "rows": len(done.rows),
            "differences": [_plain(each) for each in found],
        },
        list(_compared(found, SHOWN)) if done.rows else [],
    )
    if done.before is None:
        app.screen.say(f"{campaign.name!r} is as it was then", "good")
        return
    called = _called(done.moment)
    app.screen.say(f"{campaign.name!r} is as it was at {called}. {UNDO}", "good")
    app.screen.say(f"How it was before: ttrpg snapshot show {done.before.id}", "dim")


@snapshot.command()
@click.argument("name", shell_complete=names.moments)
@_of
@click.pass_obj
def rm(app: App, name: str, whose: str | None) -> None:
    """Remove a snapshot's name; the moment itself stays in the history."""
    campaign = records.campaign_or_current(app.store.connection, whose)
    gone = snapshots_of(app).delete(campaign, name)
    app.screen.show("ttrpg.snapshot.rm/1", {"snapshot": attrs.asdict(gone)}, [])
    app.screen.say(f"Removed the snapshot {gone.name!r}. {UNDO}", "good")


def _short(each: Snapshot) -> str:
    """Its name, with the id where that cannot be guessed from it."""
    return each.name if text.slug(each.name) == each.id else f"{each.name} ({each.id})"


def _card(made: Snapshot) -> Fields:
    pairs = [("Snapshot", f"{made.name} ({made.id})"), ("Kind", made.kind)]
    pairs += [("Moment", f"after #{made.position}"), ("Made", _when(made.at))]
    return Fields(pairs + ([("Note", made.note)] if made.note else []))


def _compared(found: Sequence[Difference], limit: int) -> Iterable[Block]:
    """Differences, kind by kind: how many, and the first of them with their fields."""
    if not found:
        yield Text("Nothing is different", "dim")
    for kind, group in groupby(found, lambda each: each.kind):
        each_of = list(group)
        counts = Counter(each.how for each in each_of)
        told = ", ".join(
            f"{counts[how]} {how}" for how in ("added", "removed", "changed") if counts[how]
        )
        yield Text("")
        yield Text(f"{_title(kind)}: {told}", "title")
        if kind in _COUNTED:
            continue
        yield Fields([(f"  {each.how}", _lines(each)) for each in each_of[:limit]])
        if len(each_of) > limit:
            yield Text(f"  and {len(each_of) - limit} more: --kind {kind} --limit", "dim")


def _title(kind: str) -> str:
    named = several(kind)
    return named[:1].upper() + named[1:]


def _lines(each: Difference) -> str:
    return "\n".join([f"{each.name} ({each.ref})", *(field.words for field in each.fields)])


def _plain(each: Difference) -> dict[str, object]:
    fields = [{**attrs.asdict(field), "words": field.words} for field in each.fields]
    return {**attrs.asdict(each), "fields": fields}


def _called(moment: Moment) -> str:
    number = f"#{moment.position}"
    return number if moment.name == number else f"{moment.name} ({number})"


def _when(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")
