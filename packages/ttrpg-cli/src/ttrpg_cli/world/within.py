"""Verbs for the named values in an entity: the clocks of a plot, the phases of an arc ..."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import attrs
import click

from ttrpg_cli.world import showing
from ttrpg_cli.world.noun import UNDO, More, named, show, world_of
from ttrpg_cli.world.options import naming
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.making import secrets_of
from ttrpg_core.world import World, plotting

F = TypeVar("F", bound=Callable[..., Any])


def audience_of(world: World, word: str) -> Audience:
    """Whom a word means: gm, party, public, or a character by a beginning of the name."""
    audience = Audience.of(word)
    if audience.name in {"gm", "party", "public"}:
        return audience
    try:
        found = world.resolve(word, ("character", "npc"))
    except NotFound:  # a character may be of a fight or a talk alone
        return audience
    return Audience(found.removeprefix("character/"))


def said(
    app: App,
    world: World,
    entity: Entity,
    words: str,
    more: More | None,
    old: Entity | None = None,
) -> None:
    """Show an entity that was changed and say how, or that it is as the ``old`` one was."""
    show(app, world, entity, more=more)
    app.screen.say("Nothing was different" if entity == old else f"{words}. {UNDO}", "good")


def of_values(
    parent: click.Group, cls: type[Entity], field: str, word: str, more: More | None
) -> click.Group:
    """A group under a noun for the values of a field, with ``rm reveal hide``."""

    @parent.group(word, help=f"The {word}s of {showing.one(cls)}.")
    def group() -> None:
        """Its commands do all."""

    value = click.argument("value", metavar=word.upper())
    secrets = secrets_of(get_args(getattr(attrs.fields(cls), field).type)[0])

    def secret_of(command: F) -> F:
        told = f"The secret of it: {', '.join(secrets)}."
        option = click.option("--field", "secret", default="", metavar="NAME", help=told)
        return option(command) if secrets else command

    @group.command(help=f"Take a {word} away.")
    @naming(cls)
    @value
    @click.pass_obj
    def rm(app: App, wanted: str, value: str) -> None:
        world = world_of(app)
        old = named(world, cls, wanted)
        new = plotting.change_value(world, old, field, value, word, None)
        said(app, world, new, f"Took a {word} from {new.name!r}", more, old)

    @group.command(
        help=f"Let the party know of a {word}{', or of a secret of it' if secrets else ''}."
    )
    @naming(cls)
    @value
    @secret_of
    @click.option("--to", default="party", show_default=True, metavar="WHO", help="Who may know.")
    @click.pass_obj
    def reveal(app: App, wanted: str, value: str, to: str, secret: str = "") -> None:
        world = world_of(app)
        old, audience = named(world, cls, wanted), audience_of(world, to)
        new = plotting.reveal_value(world, old, field, value, word, audience, secret)
        what = f"the {secret} of a {word}" if secret else f"a {word}"
        said(app, world, new, f"Revealed {what} of {new.name!r} to {audience}", more, old)
        if not audience.sees(new.audience):
            app.screen.say(
                f"They do not know of {new.name!r} yet: ttrpg {cls.KIND} reveal {new.id}", "warn"
            )

    @group.command(
        help=f"Make a {word}{', or a secret of it,' if secrets else ''} the GM's alone again."
    )
    @naming(cls)
    @value
    @secret_of
    @click.pass_obj
    def hide(app: App, wanted: str, value: str, secret: str = "") -> None:
        world = world_of(app)
        old = named(world, cls, wanted)
        new = plotting.reveal_value(world, old, field, value, word, GM, secret)
        what = f"the {secret} of a {word}" if secret else f"a {word}"
        said(app, world, new, f"Hid {what} of {new.name!r}", more, old)

    return group


def movers(
    parent: click.Group,
    cls: type[Entity],
    verbs: dict[str, tuple[str, str]],
    move: Callable[[App, World, Any, str], None],
) -> None:
    """Verbs that give an entity a status: ``{verb: (status, help)}``."""
    for verb, (status, told) in verbs.items():

        @parent.command(verb, help=told)
        @naming(cls)
        @click.pass_obj
        def mover(app: App, wanted: str, status: str = status) -> None:
            world = world_of(app)
            move(app, world, named(world, cls, wanted), status)
