"""``chat``: a conversation with a language model about the campaign and the books."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ttrpg_cli.commands import chats
from ttrpg_cli.screens import screen_of
from ttrpg_cli.stdin import is_typed, read_stdin
from ttrpg_cli.talking.kept import NEW, chats_of
from ttrpg_cli.words import Words
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.llm.chats import Chat
from ttrpg_core.text import TEXT_MAX

F = TypeVar("F", bound=Callable[..., Any])


def talking(command: F) -> F:
    """The options of whatever lets a conversation go on."""
    for option in (
        click.option(
            "--as",
            "viewer",
            metavar="AUDIENCE",
            default="",
            help="For whom the answers are: gm, party, public or a character.",
        ),
        click.option("--model", metavar="VENDOR/MODEL", default="", help="Who answers."),
        click.option("--npc", metavar="NAME", default="", help="Talk with an NPC."),
        click.option("--voice", metavar="NAME", default="", help="How the model speaks."),
        click.option(
            "-a",
            "--attach",
            "files",
            metavar="FILE",
            multiple=True,
            help="A picture that goes with the message; may be given again.",
        ),
    ):
        command = option(command)
    return command


@click.group(
    "chat",
    cls=Words,
    commands={command.name or "": command for command in chats.COMMANDS},
    short_help="Talk with a model about your campaign and books",
    subcommand_metavar="[MESSAGE]... | COMMAND",
    invoke_without_command=True,
)
@talking
@click.pass_context
def chat(ctx: click.Context, /, files: tuple[str, ...], **named: str) -> None:
    """Talk with a language model. It can roll, search your books and look up your campaign.

    On a terminal the conversation goes on until /quit; /help lists what there is besides talking.
    What is piped in is one message, and gets one answer. What the model would like to write down it
    proposes, and you decide.
    """
    if ctx.invoked_subcommand is None:
        talk(ctx, " ".join(ctx.args), files, named, NEW)


@chat.command("continue")
@click.argument("name", required=False, shell_complete=chats.names)
@click.argument("message", required=False)
@talking
@click.pass_context
def continue_(
    ctx: click.Context,
    /,
    name: str | None,
    message: str | None,
    files: tuple[str, ...],
    **named: str,
) -> None:
    """Go on with a conversation; the last one when no NAME is given."""
    known = chats_of(ctx.obj)
    found = known.chat(name) if name is not None else known.last()
    if found is None:
        raise NotFound("there is no conversation yet", "Start one: ttrpg chat")
    talk(ctx, message or "", files, named, found)


def talk(
    ctx: click.Context, words: str, files: tuple[str, ...], named: dict[str, str], found: Chat
) -> None:
    """Say one thing, or talk until the lines end; ``named`` are the fields of Wanted."""
    from ttrpg_cli.talking.session import Session  # with what it takes to ask a model
    from ttrpg_cli.talking.starting import Wanted, started
    from ttrpg_core.talk.pictures import MOST_AT_ONCE, read_picture

    app = ctx.find_object(App)
    assert app is not None, "the root group has made one"
    screen = screen_of(app)
    if len(files) > MOST_AT_ONCE:
        raise InputError(f"{len(files)} pictures; {MOST_AT_ONCE} at the most", "Send some later")
    with started(app, Wanted(**named), found) as conversation:
        images = [read_picture(file, app.settings.chat.image_megabytes) for file in files]
        session = Session(app, conversation, images)
        if is_typed() and not screen.json:
            said = text.text(words, "message")
            if code := session.converse(said, plain=screen.plain):
                ctx.exit(code)
            return
        piped = "" if is_typed() else read_stdin(TEXT_MAX, "message").strip()
        said = text.text("\n\n".join(filter(None, [words.strip(), piped])), "message")
        if not said and not images:
            raise InputError(
                "there is no message", 'ttrpg chat "MESSAGE", or pipe one in: ttrpg chat < FILE'
            )
        session.once(said)
