"""What somebody may use, and when they act: ``combat spend``, ``delay``, ``ready`` ..."""

import click

from ttrpg_cli.fighting import acting
from ttrpg_cli.fighting.acting import act, act_anywhere
from ttrpg_core.app import App
from ttrpg_core.table.combat import resources, roster, turns

_thing = click.argument("thing")


@click.command()
@acting.who
@_thing
@click.argument("number", type=click.IntRange(1, resources.USES_MAX), default=1)
@acting.in_fight
@click.pass_obj
def spend(app: App, who: str, thing: str, number: int, fight: str | None) -> None:
    """Let WHO use THING: a legendary action, a breath, a use a day."""
    act_anywhere(app, "combat.resource", fight, lambda f, law, _: resources.use(
        f, law, roster.find(f, who), thing, number))  # fmt: skip


@click.command()
@acting.who
@_thing
@click.argument("number", type=click.IntRange(1, resources.USES_MAX), required=False)
@acting.in_fight
@click.pass_obj
def regain(app: App, who: str, thing: str, number: int | None, fight: str | None) -> None:
    """Give WHO uses of THING back; all when no NUMBER is given."""
    act_anywhere(app, "combat.resource", fight, lambda f, law, _: resources.restore(
        f, law, roster.find(f, who), thing, number))  # fmt: skip


@click.command()
@acting.in_fight
@click.pass_obj
def delay(app: App, fight: str | None) -> None:
    """Let whose turn it is wait. They come in with 'ttrpg combat in', or at the round's end."""
    act(app, "combat.delay", fight, turns.delay)


@click.command("in")
@acting.who
@acting.in_fight
@click.pass_obj
def step_in(app: App, who: str, fight: str | None) -> None:
    """Give WHO delayed their turn now."""
    act(app, "combat.turn", fight, lambda f, law, rng: turns.step_in(
        f, law, roster.find(f, who), rng))  # fmt: skip


@click.command()
@acting.who
@click.argument("what")
@acting.in_fight
@click.pass_obj
def ready(app: App, who: str, what: str, fight: str | None) -> None:
    """Note WHAT WHO will do and upon what; it holds until their next turn."""
    act(app, "combat.ready", fight, lambda f, law, _: turns.ready(
        f, law, roster.find(f, who), what))  # fmt: skip


@click.command()
@acting.who
@acting.in_fight
@click.pass_obj
def release(app: App, who: str, fight: str | None) -> None:
    """Let WHO do what was readied."""
    act(app, "combat.ready", fight, lambda f, law, _: turns.release(
        f, law, roster.find(f, who)))  # fmt: skip


COMMANDS = (spend, regain, delay, step_in, ready, release)
