"""Options made from the fields of a kind, and what somebody gave with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.stdin import read_stdin
from ttrpg_core.errors import InputError
from ttrpg_core.store import peek
from ttrpg_core.table.world.entity import Entity, Field, fields_of
from ttrpg_core.text import TEXT_MAX

F = TypeVar("F", bound=Callable[..., Any])

FEW = 4
"""Usual words of a field that its help names."""
TOO = {"--kind": "--type", "--type": "--kind"}
"""Options that may be called by the other word as well: kinds do not agree on it."""
as_viewer = click.option(
    "--as", "viewer", metavar="WHO", default="gm", help="As party, public or a character sees it."
)


def _number(value: str) -> int | str:
    """A whole number; an empty text takes the one that is there away."""
    try:
        return int(value) if value else value
    except ValueError as error:
        msg = f"{value!r:.60} is not a valid integer."
        raise click.BadParameter(msg) from error


def naming(kind: type[Entity], *, required: bool = True, several: bool = False) -> Callable[[F], F]:
    """The argument that names an entity of a kind: an id, a name, or a beginning of either."""
    return click.argument(
        "wanted",
        metavar="NAME",
        required=required,
        nargs=-1 if several else 1,
        shell_complete=names_of(kind.KIND),
    )


def names_of(
    *kinds: str,
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Completes the ids of entities of some kinds, with their names."""

    def complete(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        among = ", ".join(f"'{each}'" for each in kinds)
        known = peek(
            ctx.find_root().obj.paths.database,
            "SELECT entities.id, name FROM entities JOIN chosen ON value = campaign"  # noqa: S608 - kinds' own names
            f" WHERE key = 'campaign' AND kind IN ({among}) ORDER BY entities.id",
        )
        return [CompletionItem(key, help=name) for key, name in known if key.startswith(begun)]

    return complete


def settable(kind: type[Entity], *, renames: bool = False) -> Callable[[F], F]:
    """Options for the fields of a kind; ``renames`` adds one for its name."""

    def decorate(command: F) -> F:
        for name, known in reversed(list(fields_of(kind).items())):
            if known.shape != "value" and name not in kind.FIXED:
                command = _option(name, known)(command)
        command = click.option(
            "--edit", "in_editor", is_flag=True, help="Write the text in your editor, $EDITOR."
        )(command)
        command = click.option(
            "--audience",
            metavar="WHO",
            help="Who knows of it: gm, party, public, or a character's id.",
        )(command)
        if renames and "name" not in kind.FIXED:
            command = click.option("--name", help="Another name; the id stays.")(command)
        return command

    return decorate


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of the options, with ``-`` read from stdin, which can be read once."""
    found = {name: value for name, value in values.items() if value not in (None, ())}
    piped = [name for name, value in found.items() if value == "-"]
    if len(piped) > 1:
        raise InputError(f"stdin cannot be both the {piped[0]} and the {piped[1]}", "Give '-' once")
    for name in piped:
        found[name] = read_stdin(TEXT_MAX, name)
    return found


def _option(name: str, known: Field) -> Callable[[F], F]:
    flag = "--" + (known.option or name).replace("_", "-")
    told = (
        f"{known.help} For the GM alone."
        if known.secret and "only" not in known.help
        else known.help
    )
    word = "NAME" if known.shape in {"ref", "refs"} else "TEXT"
    flags = (flag, TOO[flag]) if flag in TOO else (flag,)
    if known.shape == "flag":
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=told)
    if known.shape == "number":
        return click.option(*flags, name, type=_number, metavar="INTEGER", help=told)
    if known.shape == "choice":
        words = ", ".join(each for each in known.choices if each)
        own = ", or a word of your own" if known.custom else ""
        return click.option(*flags, name, metavar="WORD", help=f"{told} One of: {words}{own}.")
    if known.shape in {"lines", "refs"}:
        return click.option(
            *flags, name, multiple=True, metavar=word, help=f"{told} May be given again."
        )
    if known.suggested:
        few = ", ".join(known.suggested[:FEW])
        told = f"{told} Any word; usual ones, such as {few}, are completed."
        return click.option(
            *flags, name, metavar="WORD", help=told, shell_complete=words_of(known.suggested)
        )
    return click.option(*flags, name, metavar=word, help=told)


def words_of(
    words: Sequence[str],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Completes usual words, where any other may be given too."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(each) for each in words if each.startswith(begun.casefold())]

    return complete
