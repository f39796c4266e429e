"""``session``: evenings at the table: plan, start, pause, end, and what happened in each."""

from itertools import islice
from typing import Any

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.sessions import showing
from ttrpg_cli.sessions.kept import sessions_of
from ttrpg_cli.stdin import read_stdin
from ttrpg_cli.world.noun import LIMIT, UNDO, noun
from ttrpg_cli.world.options import as_viewer, given
from ttrpg_core.app import App
from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.sessions import NUMBER_MAX
from ttrpg_core.sessions.happened import happened
from ttrpg_core.store import peek
from ttrpg_core.table.recaps.events import Event, at_least
from ttrpg_core.table.world.seen import knows, seen
from ttrpg_core.table.world.sessions import Session, played
from ttrpg_core.text import TEXT_MAX

session = noun("session", "Sessions: plan, start, end, look back")
del session.commands["add"]
EVENTS = 200
"""Events that a timeline shows where nobody says otherwise."""


def numbers(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Sessions of the current campaign for the shell."""
    known = peek(
        ctx.find_root().obj.paths.database,
        "SELECT entities.id, name FROM entities JOIN chosen ON value = campaign"
        " WHERE key = 'campaign' AND kind = 'session' ORDER BY length(id), id",
    )
    return [CompletionItem(key, help=name) for key, name in known if key.startswith(incomplete)]


which = click.argument("wanted", metavar="SESSION", required=False, shell_complete=numbers)


@session.command("list")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def list_(app: App, limit: int, viewer: str) -> None:
    """Sessions: the one that runs, those that are planned, then the last that ended."""
    kept, audience = sessions_of(app), Audience.of(viewer)
    named = kept.world.named(audience)
    known = [*islice((each for each in kept.all() if knows(each, audience, named)), limit)]
    total = kept.world.count(Session.KIND, audience)
    showing.listing(app, known, total, lambda each: seen(each, audience, named))


@session.command()
@click.argument("title", required=False, default="")
@click.option("--number", type=click.IntRange(0, NUMBER_MAX), help="Which one; 0 is session zero.")
@click.option("--date", help="When you mean to play it.")
@click.option("--prep", metavar="TEXT", help="What to have ready for it; '-' reads stdin.")
@click.option("--character", "present", multiple=True, help="Who will be there; repeatable.")
@click.pass_obj
def plan(app: App, /, title: str, number: int | None, **fields: Any) -> None:
    """Plan a session: the next one, unless --number says which. It needs no TITLE."""
    kept = sessions_of(app)
    made = kept.plan(title, given(fields), number)
    showing.one(app, kept, made)
    app.screen.say(f"Planned session {made.number}. {UNDO}", "good")
    app.screen.say("Have all at hand: ttrpg session prep; begin: ttrpg session start", "dim")


@session.command("show")
@which
@as_viewer
@click.pass_obj
def show(app: App, wanted: str | None, viewer: str) -> None:
    """One session: by number or title, else the one that runs, else the last."""
    kept = sessions_of(app)
    showing.one(app, kept, kept.find(wanted), Audience.of(viewer))


@session.command()
@which
@click.pass_obj
def start(app: App, wanted: str | None) -> None:
    """Begin a session: the next that is planned, or a new one."""
    kept = sessions_of(app)
    begun = kept.start(wanted)
    showing.one(app, kept, begun)
    app.screen.say(f"Session {begun.number} runs. {UNDO}", "good")
    app.screen.say("Later: ttrpg session pause, ttrpg session end", "dim")


@session.command()
@click.pass_obj
def pause(app: App) -> None:
    """Stop the clock of the session that runs."""
    kept = sessions_of(app)
    paused = kept.pause()
    showing.one(app, kept, paused)
    app.screen.say(f"Session {paused.number} is paused. {UNDO}", "good")
    app.screen.say("Go on: ttrpg session resume", "dim")


@session.command()
@click.pass_obj
def resume(app: App) -> None:
    """Go on after a pause."""
    kept = sessions_of(app)
    back = kept.resume()
    showing.one(app, kept, back)
    app.screen.say(f"Session {back.number} goes on. {UNDO}", "good")


@session.command()
@click.option("--summary", help="What happened, in a line; it begins the next session.")
@click.pass_obj
def end(app: App, summary: str | None) -> None:
    """End the session that runs."""
    kept = sessions_of(app)
    ended = kept.end({} if summary is None else {"summary": summary})
    showing.one(app, kept, ended)
    app.screen.say(f"Ended session {ended.number}. {UNDO}", "good")
    app.screen.say("What happened: ttrpg recap; for the players: ttrpg recap --as party", "dim")


@session.command()
@click.argument("who", nargs=-1)
@click.option("--session", "wanted", metavar="SESSION", shell_complete=numbers, help="Another one.")
@click.option("--absent", multiple=True, metavar="WHO", help="Who was not there after all.")
@click.pass_obj
def attend(app: App, who: tuple[str, ...], wanted: str | None, absent: tuple[str, ...]) -> None:
    """Note WHO is there: characters, or names of people who play none."""
    if not who and not absent:
        raise InputError("nobody is named", "ttrpg session attend MARA TOM")
    kept = sessions_of(app)
    changed = kept.attend(kept.find(wanted), who, absent)
    showing.one(app, kept, changed)
    app.screen.say(f"Noted for session {changed.number}. {UNDO}", "good")


@session.command()
@which
@click.option("--notable", is_flag=True, help="Only what weighs something.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind, such as combat.damage.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 100_000), default=EVENTS, show_default=True,
    help="Events to show, the last ones.",
)  # fmt: skip
@click.pass_obj
def timeline(
    app: App, wanted: str | None, kinds: tuple[str, ...], limit: int, *, notable: bool
) -> None:
    """All that happened in a session, for the Game Master, with the numbers of the history."""
    kept = sessions_of(app)
    found = happened(kept.world, kept.find(wanted))
    every = found.events()
    events = at_least(every, "notable") if notable else every
    if kinds:
        events = [each for each in events if any(_is(each, kind) for kind in kinds)]
    names = {key: fight.name for key, fight in found.fights.items()}
    showing.timeline(app, found.session, events[-limit:], names)
    if len(events) > limit:
        app.screen.say(f"{len(events) - limit} earlier ones: --limit {len(events)}", "dim")
    if every and not events:
        app.screen.say(f"Nothing of {len(every)} events is so", "dim")


@session.command()
@which
@click.pass_obj
def prep(app: App, wanted: str | None) -> None:
    """What to have at hand: open plots, who and where is likely, pinned notes, rulings."""
    from ttrpg_core.sessions.preparing import prepared

    kept = sessions_of(app)
    chosen = kept.find(wanted) if wanted is not None else kept.coming()
    showing.sheet(app, chosen, prepared(kept, chosen))


@session.command("prepare")
@click.argument("text", metavar="TEXT")
@click.option("--session", "wanted", metavar="SESSION", shell_complete=numbers, help="Which one.")
@click.pass_obj
def prepare(app: App, text: str, wanted: str | None) -> None:
    """Add TEXT to what is prepared for a session; '-' reads stdin."""
    kept = sessions_of(app)
    chosen = kept.find(wanted) if wanted is not None else kept.coming()
    if chosen is None:
        raise NotFound("no session is planned", "Plan one: ttrpg session plan")
    more = read_stdin(TEXT_MAX, "text") if text == "-" else text
    whole = f"{chosen.prep}\n{more}" if chosen.prep else more
    kept.world.edit(chosen.ref, {"prep": whole})
    showing.one(app, kept, kept.find(str(chosen.number)))
    app.screen.say(f"Kept for session {chosen.number}. {UNDO}", "good")


@session.command()
@click.pass_obj
def stats(app: App) -> None:
    """How long was played: in all, on average, and of late."""
    kept = sessions_of(app)
    now = kept.world.now
    lengths = {e.number: played(e, now) for e in kept.all() if e.started_at}
    showing.playtime(app, [(number, lengths[number]) for number in sorted(lengths)])


def _is(event: Event, kind: str) -> bool:
    return event.kind == kind or event.kind.startswith(f"{kind.rstrip('.')}.")
