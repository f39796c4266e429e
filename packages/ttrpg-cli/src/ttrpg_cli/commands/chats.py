"""``chat list show search branch export rm prune ...``: what was said, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import datetime

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.screens import screen_of
from ttrpg_cli.talking.kept import chats_of, counted, proposals_of, short
from ttrpg_cli.talking.scrubbing import scrubber
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import Denied, NotFound
from ttrpg_core.llm.chats import Chat, Turn
from ttrpg_core.llm.chats.exporting import (
    FORMS,
    STOPPED,
    cited,
    export,
    plain,
    scrubbed,
    shown,
    speaker,
    used,
)
from ttrpg_core.llm.chats.keeping import SHORT
from ttrpg_core.paths import write_atomically
from ttrpg_core.store import peek
from ttrpg_core.views import Block, Markdown, Quote, Table, Text

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of a proposal, as SQLite can have it."""


def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Conversations for the shell."""
    known = peek(ctx.find_root().obj.paths.database, "SELECT id, title FROM chats ORDER BY id")
    return [
        CompletionItem(each, help=title) for each, title in known if each.startswith(incomplete)
    ]


def _audience(_: click.Context, __: click.Parameter, value: str) -> Audience:
    return Audience.of(value)


_viewer = click.option(
    "--as",
    "viewer",
    metavar="AUDIENCE",
    default="gm",
    callback=_audience,
    help="Only what gm, party, public or a character such as npc/mara may see.",
)
_name = click.argument("name", required=False, shell_complete=names)


@click.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10_000), default=20, help="Conversations to show."
)
@click.pass_obj
def list_(app: App, limit: int) -> None:
    """Conversations, the one that was said something in last first."""
    found = chats_of(app).chats()
    rows = [
        (each.id, _when(each.updated_at), each.npc or each.voice, each.title)
        for each in found[:limit]
    ]
    empty = "No conversation yet; start one: ttrpg chat"
    app.screen.show(
        "ttrpg.chat.list/1",
        {"chats": [_chat(each) for each in found[:limit]], "total": len(found)},
        [Table(("", "Last", "With", "Title"), rows, empty=empty)],
    )
    if len(found) > limit:
        app.screen.say(f"{len(found) - limit} more: -n {len(found)}", "dim")


@click.command()
@_name
@_viewer
@click.pass_obj
def show(app: App, name: str | None, viewer: Audience) -> None:
    """What was said in a conversation; in the last one when no NAME is given."""
    chats = chats_of(app)
    found = _found(app, name)
    turns = shown(chats.turns(found), viewer)
    scrub = scrubber(app)
    blocks: list[Block] = []
    for turn in turns:
        blocks += _said(turn, scrub)
    told = [scrubbed(plain(turn, pictures=False), scrub) for turn in turns]
    app.screen.show(
        "ttrpg.chat.show/1",
        {"chat": _chat(found) if viewer == GM else None, "turns": told},
        blocks or [Text("Nothing in it is for this audience." if found.head else "It is empty.")],
    )


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=10, help="Turns to show.")
@_viewer
@click.pass_obj
def search(app: App, words: tuple[str, ...], limit: int, viewer: Audience) -> None:
    """Look for WORDS in everything that was said."""
    met = chats_of(app).search(" ".join(words), viewer, limit)
    scrub = scrubber(app)
    blocks: list[Block] = []
    told = []
    for each in met:
        turn = each.turn
        # A conversation is named after its first words, which may be for the Game Master alone.
        where = each.chats if viewer == GM else ()
        said = f"{speaker(turn)}, {_when(turn.at)} ({turn.hash[:SHORT]})"
        excerpt = scrub(each.excerpt)
        marks = each.marks if excerpt == each.excerpt else ()
        blocks += [Quote(excerpt, ", ".join([*where, said]), marks), Text("")]
        (seen,) = shown([turn], viewer)
        told.append(
            {
                "chats": list(where),
                "excerpt": excerpt,
                **scrubbed(plain(seen, pictures=False), scrub),
            }
        )
    app.screen.show("ttrpg.chat.search/1", {"turns": told}, blocks[:-1])
    if not met:
        raise NotFound("nobody said that", "All words have to stand in one message; try fewer")


@click.command()
@_name
@click.option("--at", metavar="TURN", default="", help="The last turn that both have.")
@click.option("--title", default="", help="What the new one is called.")
@click.pass_obj
def branch(app: App, name: str | None, at: str, title: str) -> None:
    """A second conversation that shares what was said in the first, up to a turn."""
    found = _found(app, name)
    new = chats_of(app).branch(found, at, title)
    app.screen.show("ttrpg.chat.branch/1", {"chat": _chat(new)}, [Text(new.id)])
    app.screen.say(f"{new.id!r} goes its own way from here: ttrpg chat continue {new.id}", "good")


@click.command("export")
@_name
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="By the file's name; else md, or json under --json.",
)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to; '-' is stdout.")
@click.option("--force", is_flag=True, help="Replace FILE when it is there already.")
@_viewer
@click.pass_obj
def export_(
    app: App, name: str | None, form: str | None, output: str, viewer: Audience, *, force: bool
) -> None:
    """Write a conversation as Markdown, JSON or a web page. What looks like a key is left out."""
    found = _found(app, name)
    ending = output.rpartition(".")[2].casefold()
    usual = "json" if screen_of(app).json and output == "-" else "md"
    wanted = form or (ending if ending in FORMS else usual)
    out = export(found, chats_of(app).turns(found), wanted, viewer, scrubber(app))
    if output == "-":
        click.echo(out, nl=False)
        return
    named = text.text(output, "path", text.PATH_MAX)
    path = text.writable_file(named, force=force, ours=app.paths.irreplaceable)
    write_atomically(path, out)
    app.audit.record(
        "data.exported",
        {"what": "chat", "file": str(path), "for": str(viewer)},
        severity="security",
    )
    app.screen.show("ttrpg.chat.export/1", {"file": str(path), "for": str(viewer)}, [])
    app.screen.say(f"Wrote {path}, for {viewer}", "good")


@click.command()
@click.argument("names", nargs=-1, required=True, shell_complete=names)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(app: App, names: tuple[str, ...], *, yes: bool) -> None:
    """Forget conversations for good; what a branch shares stays with it."""
    chats = chats_of(app)
    found = list({chat.id: chat for chat in map(chats.chat, names)}.values())
    _forget(app, found, yes=yes)


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 36_500), help="Conversations that are as old as that, too."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def prune(app: App, days: int | None, *, yes: bool) -> None:
    """Collect turns and pictures that no conversation has any more, as after /undo."""
    chats = chats_of(app)
    found = chats.old(days) if days else []
    if found:
        _forget(app, found, yes=yes)
        return
    gone = chats.collect()
    app.screen.show("ttrpg.chat.prune/1", {"chats": [], "turns": gone}, [])
    app.screen.say(f"Collected {counted(gone, 'turn')}", "good")


@click.command()
@click.pass_obj
def pending(app: App) -> None:
    """Changes that models proposed and nobody decided on."""
    found = proposals_of(app).pending()
    rows = [(str(p.id), _when(p.at), p.campaign, "; ".join(p.lines)) for p in found]
    app.screen.show(
        "ttrpg.chat.pending/1",
        {
            "proposals": [
                {"id": p.id, "chat": p.chat, "at": p.at, "campaign": p.campaign, "changes": p.lines}
                for p in found
            ]
        },
        [Table(("", "When", "Campaign", "Change"), rows, empty="Nothing waits.")],
    )


@click.command()
@click.argument("number", type=NUMBER)
@click.pass_obj
def accept(app: App, number: int) -> None:
    """Write down what a model proposed."""
    done = proposals_of(app).accept(number)
    app.screen.show("ttrpg.chat.accept/1", {"id": done.id, "changes": done.lines}, [])
    app.screen.say("Done. 'ttrpg undo' takes it back", "good")


@click.command()
@click.argument("number", type=NUMBER)
@click.pass_obj
def refuse(app: App, number: int) -> None:
    """Let go of what a model proposed."""
    done = proposals_of(app).refuse(number)
    app.screen.show("ttrpg.chat.refuse/1", {"id": done.id, "changes": done.lines}, [])
    app.screen.say("Let go; nothing was changed", "good")


@click.command()
@click.pass_obj
def voices(app: App) -> None:
    """How a model can speak, and the NPCs that can be talked with."""
    from ttrpg_core.talk.voices import load_voices  # it brings cattrs

    found = load_voices(app.paths.voices)
    rows = [
        (v.id, "NPC" if v.kind == "npc" else "voice", v.title, v.tone or v.manner)
        for v in found.known.values()
    ]
    app.screen.show(
        "ttrpg.chat.voices/1",
        {
            "voices": [
                {"id": v.id, "kind": v.kind, "title": v.title, "campaign": v.campaign or None}
                for v in found.known.values()
            ],
            "folder": str(app.paths.voices),
            "problems": list(found.problems),
        },
        [Table(("", "", "Title", "How"), rows)],
    )
    for problem in found.problems:
        app.screen.say(problem, "bad")
    app.screen.say(f"Your own are TOML files in {app.paths.voices}", "dim")


COMMANDS: Sequence[click.Command] = (
    list_, show, search, branch, export_, rm, prune, pending, accept, refuse, voices,
)  # fmt: skip


def _found(app: App, name: str | None) -> Chat:
    chats = chats_of(app)
    found = chats.chat(name) if name is not None else chats.last()
    if found is None:
        raise NotFound("there is no conversation yet", "Start one: ttrpg chat")
    return found


def _forget(app: App, found: list[Chat], *, yes: bool) -> None:
    listed = ", ".join(chat.id for chat in found[:8]) + (" ..." if len(found) > 8 else "")  # noqa: PLR2004 - as hints do
    question = f"Forget {counted(len(found), 'conversation')} for good: {listed}?"
    if not yes and not app.screen.ask(question, default=False):
        raise Denied("nothing was forgotten", "--yes does not ask")
    with app.store.transaction():
        gone = chats_of(app).remove(found)
        app.audit.record("chat.deleted", {"chats": len(found), "turns": gone}, severity="warning")
    app.screen.show("ttrpg.chat.prune/1", {"chats": [chat.id for chat in found], "turns": gone}, [])
    app.screen.say(
        f"Forgot {counted(len(found), 'conversation')} and {counted(gone, 'turn')}", "good"
    )


def _said(turn: Turn, scrub: Callable[[str], str]) -> list[Block]:
    note = f", {STOPPED}" if turn.finish == "cancelled" else ""
    hidden = "" if turn.audience == GM else f", for {turn.audience}"
    head = f"{speaker(turn)} ({turn.hash[:SHORT]}{note}{hidden})"
    blocks: list[Block] = [Text(head, "title")]
    if turn.text:
        said = scrub(turn.text)
        blocks.append(Text(said) if turn.typed else Markdown(said))
    blocks += [Text(f"Picture: {i.media_type}, {len(i.data):,} bytes", "dim") for i in turn.images]
    blocks += [Text(short(scrub(line)), "dim") for line in used(turn)]
    blocks += [Text(cited(source), "dim") for source in turn.sources]
    return [*blocks, Text("")]


def _chat(chat: Chat) -> dict[str, object]:
    return {
        "id": chat.id,
        "title": chat.title,
        "head": chat.head or None,
        "campaign": chat.campaign or None,
        "voice": chat.voice or None,
        "npc": chat.npc or None,
        "model": chat.model or None,
        "saved": chat.saved,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
    }


def _when(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")
