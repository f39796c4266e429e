"""``rest`` and ``downtime``: what an hour, a night or some days give back."""

from collections.abc import Sequence
from random import Random
from typing import Literal

import click

from ttrpg_cli import passing
from ttrpg_cli.fighting import acting, words
from ttrpg_cli.fighting.acting import act
from ttrpg_cli.passing import UNDO, days_of
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.fights import characters
from ttrpg_core.table.calendar import lengths, saying
from ttrpg_core.table.combat import rests, roster
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome
from ttrpg_core.table.combat.state import Combatant, Fight
from ttrpg_core.views import Table

LISTED = 1000
"""Entries of the history that are looked through for downtime."""


@click.command(short_help="A rest of the party: short or long")
@click.argument("length", type=click.Choice(["short", "long"]))
@click.argument("who", nargs=-1, shell_complete=acting.people)
@click.option(
    "--dice",
    multiple=True,
    metavar="WHO=N",
    help="Hit dice that WHO spends in a short rest; of several kinds, WHO=d8:2.",
)
@click.option(
    "--fight", metavar="NAME", shell_complete=acting.fights, help="Rest inside this fight."
)
@click.pass_obj
def rest(
    app: App,
    length: Literal["short", "long"],
    who: tuple[str, ...],
    dice: tuple[str, ...],
    fight: str | None,
) -> None:
    """Let the party rest, or only WHO: the clock goes on, and what a rest gives back comes back.

    That is by the rules of the campaign's system. Those who are in a fight do not rest with the
    others; inside a fight, time passes for all who are in it.
    """
    if fight is not None:
        act(app, "combat.rest", fight, lambda f, law, rng: _in_fight(
            f, law, rng, length, who, dice))  # fmt: skip
        return
    days = days_of(app)
    meant = [characters.meant(days.world, each) for each in who]
    spend: dict[str, dict[str, int]] = {}
    for each in dice:
        name, kind, number = _dice(each)
        one = characters.combatant(characters.meant(days.world, name))
        spend.setdefault(one.id, {})[kind or _die(one)] = number
    passed = days.rest(length, [each.id for each in meant], spend)
    passing.passed(app, passed)
    app.screen.say(f"It is {passed.clock.say()}. {UNDO}", "good")


def _in_fight(
    fight: Fight,
    law: Rules,
    rng: Random,
    length: rests.Length,
    who: Sequence[str],
    dice: Sequence[str],
) -> Outcome:
    keys = [key for each in who for key in acting.whom(fight, each)] or [
        each.id for each in fight.combatants if each.side == roster.PARTY and each.active
    ]
    if not keys:
        raise InputError("nobody of the party is in this fight", "Say who rests")
    spend: dict[str, dict[str, int]] = {}
    for each in dice:
        name, kind, number = _dice(each)
        one = fight.get(roster.find(fight, name))
        spend.setdefault(one.id, {})[kind or _die(one)] = number
    return rests.rest(fight, law, keys, length, rng, spend)


def _dice(word: str) -> tuple[str, str, int]:
    """``mara=2`` or ``mara=d8:2``: who, which, how many."""
    who, _, rest_of = word.partition("=")
    kind, colon, number = rest_of.rpartition(":")
    if not who or not rest_of or (colon and not kind):
        raise InputError(f"{word!r:.60} says no hit dice", "Who and how many: mara=2")
    return who, kind, words.number(number, "number of hit dice")


def _die(one: Combatant) -> str:
    """The hit dice that one has; InputError where a kind has to be named."""
    found = [each.name for each in one.resources if each.heals]
    if len(found) != 1:
        hint = (
            f"Say which: {one.id}={found[0]}:1"
            if found
            else (f"Give them: ttrpg character sheet {one.id} --hit-dice 3d8+2")
        )
        raise InputError(f"{one.name} has {len(found) or 'no'} kinds of hit dice", hint)
    return found[0]


@click.command(short_help="Days between adventures, and for what")
@click.argument("spent", nargs=-1, metavar="LENGTH... WHAT")
@click.option("--who", multiple=True, metavar="NAME", help="A character who does it.")
@click.pass_obj
def downtime(app: App, spent: tuple[str, ...], who: tuple[str, ...]) -> None:
    """Let days pass that are used for something: 5 days "crafting a sword". Alone: the list.

    Each night is a long rest for all who are in no fight.
    """
    days = days_of(app)
    if not spent:
        _list(app, days.campaign)
        return
    *length, what = spent
    try:
        whole = lengths.read(length, days.clock.calendar)
    except InputError:
        raise InputError(
            "how long, and for what?", 'Such as: ttrpg downtime 5 days "crafting a sword"'
        ) from None
    passed = days.downtime(whole, text.name(what, "downtime"), who)
    passing.passed(app, passed)
    app.screen.say(f"It is {passed.clock.say()}. {UNDO}", "good")


def _list(app: App, campaign: str) -> None:
    """What downtime was spent on, the newest first."""
    calendar = days_of(app).clock.calendar
    found = [
        each
        for each in app.journal.history(LISTED, campaign=campaign)
        if each.kind == "time.downtime" and each.undone_by is None
    ]
    rows = [(saying.say(calendar, each.facts["now"], time=False), each.prose) for each in found]
    app.screen.show(
        "ttrpg.downtime.list/1",
        {"downtime": [{"prose": each.prose, **each.facts} for each in found]},
        [Table(("Until", "What"), rows, empty='None yet: ttrpg downtime 5 days "a sword"')],
    )
