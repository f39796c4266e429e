"""``proposals``: what models, imports and clients would like to change; a person decides."""

import difflib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import click
from click.shell_completion import CompletionItem

from ttrpg_cli.stdin import read_stdin
from ttrpg_cli.talking.kept import counted, proposals_of
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.errors import Denied, InputError
from ttrpg_core.store import peek
from ttrpg_core.text import TEXT_MAX
from ttrpg_core.views import Block, Fields, Role, Table, Text

if TYPE_CHECKING:
    from ttrpg_core.proposals import Proposal

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of a proposal, as SQLite can have it."""
UNDO = "'ttrpg undo' takes it back"
_ROLES: Mapping[str, Role] = {"-": "bad", "+": "good"}
LONG = 60
"""Characters of a value beyond which its difference is drawn line by line."""


def numbers(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Proposals that wait, for the shell."""
    known = peek(
        ctx.find_root().obj.paths.database,
        "SELECT CAST(id AS TEXT), kind FROM proposals WHERE state = 'pending' ORDER BY id",
    )
    return [CompletionItem(key, help=kind) for key, kind in known if key.startswith(incomplete)]


_number = click.argument("number", type=NUMBER, shell_complete=numbers)
_numbers = click.argument("numbers", type=NUMBER, nargs=-1, shell_complete=numbers)
_every = click.option("--all", "every", is_flag=True, help="All that wait.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(invoke_without_command=True, short_help="What models propose: accept, edit, reject")
@click.pass_context
def proposals(ctx: click.Context) -> None:
    """What models, imports and clients would like to change. Without a command: those that wait.

    Nothing of it is written down before you accept it, and 'ttrpg undo' takes that back.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@proposals.command("list")
@click.option("--all", "decided", is_flag=True, help="Those that were decided on, too.")
@click.option("--campaign", metavar="NAME", help="Only those of one campaign.")
@click.pass_obj
def list_(app: App, campaign: str | None, *, decided: bool) -> None:
    """Proposals that wait, the oldest first."""
    only = None if campaign is None else records.campaign(app.store.connection, campaign).id
    kept = proposals_of(app)
    found = kept.all(only) if decided else kept.pending(only)
    headings = ("", "When", "Campaign", "State", "Change") if decided else (
        "", "When", "Campaign", "Change",
    )  # fmt: skip
    rows = [
        (
            str(each.id),
            _when(each.at),
            each.campaign,
            *([each.state] if decided else []),
            "; ".join(map(_brief, each.lines)),
        )
        for each in found
    ]
    app.screen.show(
        "ttrpg.proposals.list/1",
        {"proposals": [data(each) for each in found]},
        [Table(headings, rows, empty="Nothing waits.")],
    )
    if found and not decided:
        app.screen.say("ttrpg proposals show, accept, edit or reject NUMBER", "dim")


@proposals.command()
@_number
@click.pass_obj
def show(app: App, number: int) -> None:
    """One proposal: what would be different, and what it rests on."""
    _show(app, proposals_of(app).one(number))


@proposals.command()
@_numbers
@_every
@_yes
@click.pass_obj
def accept(app: App, numbers: tuple[int, ...], *, every: bool, yes: bool) -> None:
    """Write down what was proposed, all of these or none; each is one change."""
    kept = proposals_of(app)
    wanted = _wanted(app, "accept", "Write down", numbers, every=every, yes=yes)
    with app.store.transaction():
        done = [kept.accept(number) for number in wanted]
        for each in done:
            app.audit.record("proposal.accepted", {"proposal": each.id, "kind": each.kind})
    _decided(app, "accept", done)
    app.screen.say(f"Wrote down {counted(len(done), 'proposal')}. {UNDO}", "good")


@proposals.command()
@_number
@click.argument("field")
@click.argument("value")
@click.pass_obj
def edit(app: App, number: int, field: str, value: str) -> None:
    """Give FIELD of a proposal another VALUE, before it is accepted; '-' reads stdin."""
    said = read_stdin(TEXT_MAX, "value") if value == "-" else value
    changed = proposals_of(app).amend(number, field.replace("-", "_"), said)
    _show(app, changed)
    app.screen.say(f"Proposal {number} is so now; nothing else was changed", "good")


@proposals.command()
@_numbers
@_every
@_yes
@click.pass_obj
def reject(app: App, numbers: tuple[int, ...], *, every: bool, yes: bool) -> None:
    """Let go of what was proposed."""
    kept = proposals_of(app)
    wanted = _wanted(app, "reject", "Let go of", numbers, every=every, yes=yes)
    with app.store.transaction():
        done = [kept.refuse(number) for number in wanted]
    _decided(app, "reject", done)
    app.screen.say(f"Let go of {counted(len(done), 'proposal')}; nothing was changed", "good")


def data(each: "Proposal") -> dict[str, Any]:
    """A proposal as ``--json`` prints it."""
    plain = attrs.asdict(each)
    plain.pop("seen")
    plain["changes"] = {name: list(pair) for name, pair in each.changes.items()}
    return {**plain, "lines": each.lines}


def _wanted(
    app: App, verb: str, words: str, numbers: tuple[int, ...], *, every: bool, yes: bool
) -> list[int]:
    """Those that are meant: the ones that are named, or all, where a person says yes to it."""
    if every == bool(numbers):
        raise InputError("name proposals, or all of them", f"ttrpg proposals {verb} 3, or --all")
    if not every:
        return list(dict.fromkeys(numbers))
    wanted = [each.id for each in proposals_of(app).pending()]
    question = f"{words} {counted(len(wanted), 'proposal')}?"
    if wanted and not yes and not app.screen.ask(question, default=False):
        raise Denied("nothing was decided", "--yes does not ask")
    return wanted


def _show(app: App, found: "Proposal") -> None:
    why = found.evidence
    by = {"model": "a model", "import": "an import", "api": "a client"}[found.actor]
    pairs = [
        (f"Proposal {found.id}", found.title),
        ("State", found.state),
        ("By", f"{by}, {_when(found.at)}"),
        ("Because", why.because),
        ("You had said", why.said),
        ("In the talk", found.chat),
        ("Entries", ", ".join(f"#{each}" for each in why.entries)),
        ("Before it", "; ".join(why.quotes)),
        ("Changed by you", ", ".join(why.amended)),
    ]
    blocks: list[Block] = [Fields([pair for pair in pairs if pair[1]])]
    for name, (old, new) in found.changes.items():
        blocks += [Text(""), Text(name.replace("_", " ").capitalize(), "title")]
        blocks += _difference(_told(old), _told(new))
    app.screen.show("ttrpg.proposal/1", {"proposal": data(found)}, blocks)


def _difference(old: str, new: str) -> Iterator[Block]:
    """What would be different: short values as they are, long ones line by line."""
    if max(len(old), len(new)) <= LONG and "\n" not in old + new:
        if old:
            yield Text(f"- {old}", "bad")
        yield Text(f"+ {new}", "good")
        return
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    for line in list(lines)[2:]:
        if line.startswith("@@"):
            yield Text("...", "dim")
        else:
            yield Text(line, _ROLES.get(line[:1], "plain"))


def _decided(app: App, verb: str, done: list["Proposal"]) -> None:
    app.screen.show(
        f"ttrpg.proposals.{verb}/1",
        {"proposals": [data(each) for each in done]},
        [Text(_brief(line)) for each in done for line in each.lines],
    )


def _told(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def _brief(line: str) -> str:
    flat = " ".join(line.split())
    return flat if len(flat) <= 2 * LONG else f"{flat[: 2 * LONG - 4]} ..."


def _when(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")
