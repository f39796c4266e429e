"""``note``: what is worth writing down; any words that are no verb of it are a new note."""

import difflib
import itertools
from collections.abc import Mapping
from typing import Any

import click

from ttrpg_cli.stdin import read_stdin
from ttrpg_cli.world import showing
from ttrpg_cli.world.editing import written
from ttrpg_cli.world.finding import looked_for
from ttrpg_cli.world.noun import LIMIT, UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import as_viewer, naming
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import fields_of
from ttrpg_core.table.world.notes import Note, called
from ttrpg_core.table.world.seen import Seen, seen
from ttrpg_core.world import World, orders

KINDS = tuple(each for each in fields_of(Note)["type"].choices if each not in {"general", "secret"})
"""Kinds of notes that have a flag; ``--secret`` is a text of its own everywhere."""
_SWITCHES = frozenset({"--json", "--plain", "--quiet"})


class Quick(click.Group):
    """A group in which what is no verb is a note to write: ``note "The bridge is out" --plot``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The verb, or ``write`` before words without one."""
        at = next((n for n, each in enumerate(args) if each not in _SWITCHES), len(args))
        rest = args[at:]
        if rest and rest[0] not in {*self.commands, "-h", "--help"}:
            if not ctx.resilient_parsing:
                self._not_a_slip(rest)
            args = [*args[:at], "write", *rest]
        return super().parse_args(ctx, args)

    def _not_a_slip(self, words: list[str]) -> None:
        """InputError for a single word that looks like a verb mistyped."""
        first = words[0]
        if len(words) > 2 or not first.isalpha() or not first.islower():  # noqa: PLR2004 - verb, name
            return
        near = difflib.get_close_matches(first[:100], self.commands, n=1, cutoff=0.75)
        if near:
            raise InputError(
                f"note has no command {first!r}",
                f"Did you mean: ttrpg note {near[0]}; to write it down: ttrpg note write {first}",
            )


def _begins(world: World) -> Mapping[str, Any]:
    return {"session": world.running()}


note = noun("note", "Notes: write, find, link, pin", begins=_begins, of=Quick)
note.help = (
    'Notes. Words that are no command are a new note:\n\n  ttrpg note "The bridge is out"'
    " --plot --tag road\n\nWithout any: the list."
)


def _kinds(command: Any) -> Any:
    for each in reversed(KINDS):
        command = click.option(f"--{each}", "flagged", flag_value=each, help=f"A note on {each}.")(
            command
        )
    return command


@note.command()
@click.argument("words", nargs=-1, metavar="TEXT...")
@click.option("--kind", help="Another kind, or one of your own.")
@_kinds
@click.option("--tag", "tags", multiple=True, help="A word to find it by. Repeatable.")
@click.option("--pin", is_flag=True, help="Let it stand above the others.")
@click.option("--about", multiple=True, metavar="NAME", help="What it is about. Repeatable.")
@click.option("--audience", default="gm", show_default=True, metavar="WHO", help="Who may read it.")
@click.option("--session", metavar="NAME", help="The session; the one that is played, else none.")
@click.option("--edit", "in_editor", is_flag=True, help="Write it in your editor, $EDITOR.")
@click.pass_obj
def write(
    app: App,
    words: tuple[str, ...],
    kind: str | None,
    flagged: str | None,
    tags: tuple[str, ...],
    about: tuple[str, ...],
    audience: str,
    session: str | None,
    *,
    pin: bool,
    in_editor: bool,
) -> None:
    """Write a note; its first line is its name, and '-' reads stdin. 'write' may be left out."""
    world = world_of(app)
    said = " ".join(words)
    if said == "-":
        said = read_stdin(text.TEXT_MAX, "note")
    values: dict[str, Any] = {"tags": tags, "pinned": pin, "about": about, "audience": audience}
    if kind and flagged:
        raise InputError(f"--kind and --{flagged} exclude each other", "Leave one of them out")
    if kind or flagged:
        values["type"] = kind or flagged
    with written(app, said, wanted=in_editor) as edited:
        said = edited.get("text", said)
        if not said.strip():
            raise InputError("the note is empty", 'Say it: ttrpg note "The bridge is out"')
        name = called(said)
        values |= {"name": name, "session": world.running() if session is None else session}
        if said.strip() != name:
            values["text"] = said
        made = world.add(Note, values)
    show(app, world, made)
    app.screen.say(f"Wrote {made.name!r}. {UNDO}", "good")


@note.command("list")
@click.option("--kind", "--type", "kind", help="Only those of this kind.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--session", metavar="NAME", help="Only those of this session.")
@click.option("--about", metavar="NAME", help="Only those about this.")
@click.option("--pinned", is_flag=True, help="Only those that are pinned.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def list_(
    app: App,
    kind: str | None,
    tag: str | None,
    session: str | None,
    about: str | None,
    limit: int,
    viewer: str,
    *,
    pinned: bool,
) -> None:
    """The notes of the current campaign: those that are pinned, then the newest first."""
    world, audience = world_of(app), Audience.of(viewer)
    pointed = {
        "session": session and world.resolve(session, ("session",), audience),
        "about": about and world.resolve(about, (), audience),
    }
    name = world.named(audience)
    wanted = {
        field: each if audience == GM else name(each) for field, each in pointed.items() if each
    }
    views = (each for one in orders.notes(world) if (each := seen(one, audience, name)))
    columns = ("pinned", "type", "session", "about")
    if audience == GM and not (kind or tag or pinned or wanted):
        total = world.counts().get("note", 0)
        shown = [*itertools.islice(views, limit)]
        showing.listing(app.screen, Note, shown, total, columns)
        return
    found = [
        each
        for each in views
        if (kind is None or each.fields.get("type", "").casefold() == kind.strip().casefold())
        and (tag is None or tag in each.fields.get("tags", ()))
        and (not pinned or each.fields.get("pinned"))
        and all(_points(each, field, to) for field, to in wanted.items())
    ]
    showing.listing(app.screen, Note, found[:limit], len(found), columns)


def _points(each: Seen, field: str, to: str | None) -> bool:
    held = each.fields.get(field, ())
    return to is not None and (held == to or (isinstance(held, list) and to in held))


for _verb, _is, _told in (
    ("pin", True, "Let a note stand above the others."),
    ("unpin", False, "Let a note stand among the others again."),
):

    @note.command(_verb, help=_told)
    @naming(Note)
    @click.pass_obj
    def pin(app: App, wanted: str, pinned: bool = _is) -> None:  # noqa: FBT001 - not of the line
        """Whether a note is pinned."""
        world = world_of(app)
        new, different = world.edit(named(world, Note, wanted).ref, {"pinned": pinned})
        show(app, world, new)
        done = f"{'Pinned' if pinned else 'Unpinned'} {new.name!r}. {UNDO}"
        app.screen.say(done if different else "Nothing was different", "good")


@note.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def find(app: App, words: tuple[str, ...], limit: int, viewer: str) -> None:
    """The notes that have all the WORDS, the best first."""
    looked_for(app, world_of(app), " ".join(words), Audience.of(viewer), ("note",), limit)
