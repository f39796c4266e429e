"""The commands of the table that change somebody: ``hit``, ``heal``, ``save`` and ``cond``."""

from random import Random
from typing import Literal

import click

from ttrpg_cli.commands.combatants import condition as condition_of
from ttrpg_cli.commands.effects_of import show_conditions
from ttrpg_cli.fighting import acting, words
from ttrpg_cli.fighting.acting import act_anywhere, campaign_of, each_of, looked_at, whom
from ttrpg_core import fights, text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions, death, effects, hp, roster, saves
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome
from ttrpg_core.table.combat.state import Combatant, Effect, Fight

_from = click.option(
    "--from", "source", metavar="WHO", shell_complete=acting.people, help="Who did it."
)
_NOBODY = "nobody"


@click.command(short_help="Damage: ttrpg hit gob2 7 fire")
@acting.who
@click.argument("damage", nargs=-1, required=True, metavar="AMOUNT [TYPE]...")
@click.option(
    "--from",
    "source",
    metavar="WHO",
    shell_complete=acting.people,
    help="Who dealt it, or nobody; by default whose turn it is.",
)
@click.option("--half", is_flag=True, help="A save was made for half.")
@click.option("--crit", is_flag=True, help="A critical hit, which matters at 0 hit points.")
@click.option("--knock-out", is_flag=True, help="Spare the life of one who falls.")
@click.option(
    "--is",
    "properties",
    multiple=True,
    metavar="WORD",
    help="What the damage is besides: magical, silvered.",
)
@acting.in_fight
@click.pass_obj
def hit(
    app: App,
    who: str,
    damage: tuple[str, ...],
    source: str | None,
    properties: tuple[str, ...],
    fight: str | None,
    *,
    half: bool,
    crit: bool,
    knock_out: bool,
) -> None:
    """One hit on WHO, with all its damage: 7 fire 3 piercing. Dice are rolled: 2d6+3 slashing.

    Several are hit at once with commas between them: gob1,gob2.
    """

    def strike(found: Fight, law: Rules, rng: Random) -> Outcome:
        keys = whom(found, who)
        dealt = words.parts(damage, properties, rng)
        by = found.current if source is None else ""
        if source is not None and source != _NOBODY:
            by = roster.find(found, source)
        done = each_of(
            found,
            keys,
            lambda f, key: hp.hit(
                f, law, key, dealt.parts, rng, source="" if by == key else by, half=half,
                critical=crit, knock_out=knock_out,
            ),
        )  # fmt: skip
        return Outcome(done.fight, words.rolls(dealt.rolled) + done.facts)

    act_anywhere(app, "combat.damage", fight, strike)


@click.command(short_help="Healing: ttrpg heal mara 5")
@acting.who
@click.argument("amount")
@_from
@acting.in_fight
@click.pass_obj
def heal(app: App, who: str, amount: str, source: str | None, fight: str | None) -> None:
    """Give WHO hit points back, a number or dice, up to the maximum."""

    def mend(found: Fight, law: Rules, rng: Random) -> Outcome:
        keys = whom(found, who)
        by = roster.find(found, source) if source else ""
        many = words.amount(amount, rng)
        done = each_of(found, keys, lambda f, key: hp.heal(f, law, key, many.total, by))
        return Outcome(done.fight, words.rolls([many.rolled]) + done.facts)

    act_anywhere(app, "combat.healing", fight, mend)


@click.command(short_help="A save that is owed: ttrpg save mara 12")
@acting.who
@click.argument("total", type=click.IntRange(-100, 1000), required=False)
@click.option("--against", metavar="CONDITION", help="Which one, when several are owed.")
@click.option("--death", "dying", is_flag=True, help="The death save, when others are owed too.")
@click.option("--bonus", type=click.IntRange(-100, 100), help="Bonus, when it is rolled here.")
@click.option("--adv", "luck", flag_value="advantage", help="Roll with advantage.")
@click.option("--dis", "luck", flag_value="disadvantage", help="Roll with disadvantage.")
@click.option(
    "--resist/--accept",
    default=None,
    help="Use Legendary Resistance on a failure, or let it stand.",
)
@acting.in_fight
@click.pass_obj
def save(
    app: App,
    who: str,
    total: int | None,
    against: str | None,
    bonus: int | None,
    luck: Literal["advantage", "disadvantage"] | None,
    fight: str | None,
    *,
    dying: bool,
    resist: bool | None,
) -> None:
    """Make the save that WHO owes: the oldest, rolled here or with the TOTAL that was rolled.

    Of a death save, TOTAL is what the die shows.
    """

    def make(found: Fight, law: Rules, rng: Random) -> Outcome:
        one = found.get(roster.find(found, who))
        if dying or (against is None and _is_for_life(found, one)):
            return death.death_save(found, law, one.id, rng, total, bonus or 0, luck or "")
        held = [name for each in one.effects for name in (each.condition, each.id)]
        return saves.save(
            found, law, one.id, rng,
            effect=words.one_of(against, sorted(set(held))) if against is not None else "",
            total=total, bonus=bonus, luck=luck or "", resist=resist,
        )  # fmt: skip

    act_anywhere(app, "combat.save", fight, make)


def _is_for_life(fight: Fight, one: Combatant) -> bool:
    """Whether the oldest save that one owes is a death save."""
    owed = next((each for each in fight.prompts if each.who == one.id), None)
    return owed.kind == "death-save" if owed else one.life == "dying"


@click.command(short_help="Conditions: ttrpg cond mara poisoned 3 rounds")
@acting.who
@click.argument("condition", required=False)
@click.argument("length", nargs=-1)
@_from
@click.option("--save", metavar="ABILITY:DC", help="A save that ends it: con:12 at turn's end.")
@click.option("--level", type=click.IntRange(1, 1000), help="Levels put on, or taken off.")
@click.option("--note", default="", help="What brought it, for you alone.")
@click.option("--each-turn", metavar="'DICE TYPE'", help="Damage at each turn's start.")
@click.option("--with", "caster", metavar="WHO", help="Ends with the concentration of WHO.")
@click.option("--of", "whose", metavar="WHO", help="Whose turns count; by default the bearer's.")
@click.option("--custom", is_flag=True, help="A condition of your own, that no rules name.")
@acting.in_fight
@click.pass_obj
def cond(
    app: App,
    who: str,
    condition: str | None,
    length: tuple[str, ...],
    source: str | None,
    save: str | None,
    level: int | None,
    note: str,
    each_turn: str | None,
    caster: str | None,
    whose: str | None,
    fight: str | None,
    *,
    custom: bool,
) -> None:
    """Put CONDITION on WHO, or take it off with 'off'. Without one: what is on WHO, explained.

    \b
      3 rounds               also turns, minutes, hours
      end of next turn       start of next turn, end of source turn
      until save             with --save con:12
      until short rest       until long rest
      until TEXT             whatever ends it
      permanent              nothing does
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if condition is None:
        _explain(app, who, fight)
        return
    if [each.casefold() for each in length] == ["off"]:
        act_anywhere(app, "combat.condition", fight, lambda f, law, _: each_of(
            f, whom(f, who), lambda f, key: _off(f, law, key, condition, level or 0)))  # fmt: skip
        return

    def put(found: Fight, law: Rules, rng: Random) -> Outcome:
        made = Effect(
            "",
            _custom(condition) if custom else condition_of(law, condition),
            source=roster.find(found, source) if source else "",
            note=text.name(note, "note") if note else "",
            level=level or 1,
            duration=words.duration(length, roster.find(found, whose) if whose else ""),
            save=words.repeat_save(save) if save else None,
            recurring=words.recurring(each_turn, rng) if each_turn else None,
            linked_to=_held_by(found, caster) if caster else "",
        )
        return each_of(found, whom(found, who), lambda f, key: effects.apply(f, law, key, made))

    act_anywhere(app, "combat.condition", fight, put)


def _custom(wanted: str) -> str:
    return text.name(wanted, "condition").casefold()


def _off(fight: Fight, law: Rules, who: str, condition: str, levels: int) -> Outcome:
    held = fight.get(who).effects
    names = sorted({name for each in held for name in (each.condition, each.id)})
    return effects.remove(fight, law, who, words.one_of(condition.casefold(), names), levels)


def _held_by(fight: Fight, caster: str) -> str:
    one = fight.get(roster.find(fight, caster))
    held = conditions.concentration(one)
    if held is None:
        raise InputError(
            f"{one.name} concentrates on nothing",
            f"Begin that first: ttrpg combat concentrate {one.id} SPELL",
        )
    return held.id


def _explain(app: App, who: str, fight: str | None) -> None:
    found, law = looked_at(app, fight, who)
    with fights.naming(app.store.connection, campaign_of(app), found):
        one = found.get(roster.find(found, who))
    show_conditions(app, list(conditions.rules_on(one, law)))
