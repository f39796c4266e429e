"""The commands of the table that move the fight on: ``next``, ``prev`` and ``order``."""

import click

from ttrpg_cli.fighting import acting, showing, words
from ttrpg_cli.fighting.acting import act, campaign_of, law_of
from ttrpg_core import fights
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import order as orders
from ttrpg_core.table.combat import roster, seen, turns
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome
from ttrpg_core.table.combat.state import Fight


@click.command("next", short_help="The next turn of the fight")
@click.argument("who", required=False, shell_complete=acting.people)
@acting.in_fight
@click.pass_obj
def next_(app: App, who: str | None, fight: str | None) -> None:
    """The next turn: what ends, what is owed, what comes back, and whose turn it is.

    In a fight in which whoever has acted says who is next, that is WHO.
    """
    act(app, "combat.turn", fight, lambda f, law, rng: turns.advance(
        f, law, rng, roster.find(f, who) if who else ""))  # fmt: skip


@click.command(short_help="Look back at the turn before")
@acting.in_fight
@click.pass_obj
def prev(app: App, fight: str | None) -> None:
    """Look back at the turn before. What was done since stays: ttrpg undo takes that back."""
    act(app, "combat.turn", fight, lambda f, law, _: turns.back(f, law))


@click.command(
    short_help="The order: ttrpg order goblin-2 before mara",
    context_settings={"ignore_unknown_options": True},  # so that an initiative may be -1
)
@click.argument("who", required=False, shell_complete=acting.people)
@click.argument("place", required=False, metavar="before|after|NUMBER")
@click.argument("other", required=False, metavar="[OTHER]", shell_complete=acting.people)
@click.option("--pin", is_flag=True, help="Keep the NUMBER when all roll anew.")
@acting.in_fight
@click.pass_obj
def order(
    app: App,
    who: str | None,
    place: str | None,
    other: str | None,
    fight: str | None,
    *,
    pin: bool,
) -> None:
    """Put WHO before or after OTHER, or at an initiative of NUMBER. Alone: the order.

    Nobody gets a second turn in this round by it, and nobody loses one.
    """
    if who is None:
        connection = app.store.connection
        found = fights.load(connection, fights.find(connection, fight, campaign_of(app)))
        showing.fight(app.screen, seen.view(found, law_of(app, found)))
        return
    if place is None:
        raise InputError(f"where to, with {who!r:.60}?", "ttrpg order goblin-2 before mara")
    where = words.one_of(place.casefold(), ["before", "after"])

    def move(found: Fight, law: Rules, _: object) -> Outcome:
        mover = roster.find(found, who)
        if where in {"before", "after"}:
            if other is None:
                raise InputError(f"{where} whom?", f"ttrpg order {mover} {where} NAME")
            return orders.place(found, law, mover, where, roster.find(found, other))
        if other is not None:
            raise InputError(f"{place!r:.60} is no place in the order", "Say before or after")
        value = words.number(place.removeprefix("-"), "place: before, after, or an initiative")
        value = -value if place.startswith("-") else value
        return orders.set_initiative(found, law, mover, value, pin=pin)

    act(app, "combat.order", fight, move)
