"""``ruling``: how a rule is played at this table; a search shows it above the books."""

from collections.abc import Mapping
from typing import Any

import click

from ttrpg_cli.world.noun import UNDO, named, noun, show, world_of
from ttrpg_cli.world.options import naming
from ttrpg_core.app import App
from ttrpg_core.table.world.rulings import Ruling
from ttrpg_core.world import World


def _begins(world: World) -> Mapping[str, Any]:
    return {"session": world.running()}


ruling = noun("ruling", "Rulings: how a rule is played here, above the book",
              ("rule", "status", "book", "page", "session"), begins=_begins)  # fmt: skip


@ruling.command()
@naming(Ruling)
@click.pass_obj
def withdraw(app: App, wanted: str) -> None:
    """Let a ruling hold no longer: it is kept, and no search shows it."""
    _set(app, wanted, "withdrawn", "does not hold any more")


@ruling.command()
@naming(Ruling)
@click.pass_obj
def restore(app: App, wanted: str) -> None:
    """Let a ruling hold again that was withdrawn."""
    _set(app, wanted, "standing", "holds again")


def _set(app: App, wanted: str, status: str, words: str) -> None:
    world = world_of(app)
    new, different = world.edit(named(world, Ruling, wanted).ref, {"status": status})
    show(app, world, new)
    done = f"{new.name!r} {words}. {UNDO}"
    app.screen.say(done if different else "Nothing was different", "good")
