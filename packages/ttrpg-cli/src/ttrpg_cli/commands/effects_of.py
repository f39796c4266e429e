"""What befalls somebody in a fight, beside hits: ``combat temp``, ``concentrate``, ``kill`` ..."""

from random import Random

import click

from ttrpg_cli.fighting import acting, words
from ttrpg_cli.fighting.acting import act_anywhere, campaign_of, each_of, whom
from ttrpg_core import fights, records, text
from ttrpg_core.app import App
from ttrpg_core.errors import Ambiguous, NotFound
from ttrpg_core.table.combat import death, hp, roster, rules, saves
from ttrpg_core.table.combat.rules import Condition, Rules
from ttrpg_core.table.combat.scene import Outcome
from ttrpg_core.table.combat.state import Fight
from ttrpg_core.views import Fields, Table

_points = click.argument("points", type=click.IntRange(0, roster.HP_MAX))


@click.command()
@acting.who
@click.argument("amount")
@acting.in_fight
@click.pass_obj
def temp(app: App, who: str, amount: str, fight: str | None) -> None:
    """Give WHO temporary hit points, a number or dice: the higher of old and new, never both."""

    def grant(found: Fight, law: Rules, rng: Random) -> Outcome:
        many = words.amount(amount, rng)
        done = each_of(
            found, whom(found, who), lambda f, key: hp.grant_temporary(f, law, key, many.total)
        )
        return Outcome(done.fight, words.rolls([many.rolled]) + done.facts)

    act_anywhere(app, "combat.temporary", fight, grant)


@click.command("hp")
@acting.who
@_points
@acting.in_fight
@click.pass_obj
def set_hp(app: App, who: str, points: int, fight: str | None) -> None:
    """Correct the hit points of WHO by hand. At 0 one falls, above 0 one is up."""
    act_anywhere(app, "combat.hp", fight, lambda f, law, _: each_of(
        f, whom(f, who), lambda f, key: hp.set_hp(f, law, key, points)))  # fmt: skip


@click.command("max")
@acting.who
@click.argument("lost", type=click.IntRange(-roster.HP_MAX, roster.HP_MAX))
@acting.in_fight
@click.pass_obj
def lose_max(app: App, who: str, lost: int, fight: str | None) -> None:
    """Lower the hit point maximum of WHO by LOST; -- -5 raises it back."""
    act_anywhere(app, "combat.max-hp", fight, lambda f, law, _: hp.lose_max(
        f, law, roster.find(f, who), lost))  # fmt: skip


@click.command()
@acting.who
@click.argument("spell")
@click.argument("length", nargs=-1)
@acting.in_fight
@click.pass_obj
def concentrate(app: App, who: str, spell: str, length: tuple[str, ...], fight: str | None) -> None:
    """Let WHO concentrate on SPELL, for 10 minutes or until it ends.

    What was concentrated on before ends, and all that hangs on it. Conditions hang on it with
    ttrpg cond WHO CONDITION --with CASTER.
    """
    lasts = words.duration(length)
    act_anywhere(app, "combat.concentrate", fight, lambda f, law, _: saves.concentrate(
        f, law, roster.find(f, who), text.name(spell, "spell"), lasts))  # fmt: skip


@click.command()
@acting.who
@click.argument("why", default="")
@acting.in_fight
@click.pass_obj
def kill(app: App, who: str, why: str, fight: str | None) -> None:
    """Kill WHO outright, without damage."""
    reason = text.name(why, "reason") if why else ""
    act_anywhere(app, "combat.death", fight, lambda f, law, _: each_of(
        f, whom(f, who), lambda f, key: death.kill(f, law, key, reason)))  # fmt: skip


@click.command()
@acting.who
@click.argument("points", type=click.IntRange(1, roster.HP_MAX), default=1)
@acting.in_fight
@click.pass_obj
def revive(app: App, who: str, points: int, fight: str | None) -> None:
    """Bring WHO back from the dead, with so many hit points."""
    act_anywhere(app, "combat.revive", fight, lambda f, law, _: death.revive(
        f, law, roster.find(f, who), points))  # fmt: skip


@click.command()
@acting.who
@acting.in_fight
@click.pass_obj
def stabilise(app: App, who: str, fight: str | None) -> None:
    """Make WHO is dying stable: first aid, or magic."""
    act_anywhere(app, "combat.stable", fight, lambda f, law, rng: each_of(
        f, whom(f, who), lambda f, key: death.stabilise(f, law, key, rng)))  # fmt: skip


@click.command()
@click.argument("number", type=click.IntRange(1, 2**31))
@acting.in_fight
@click.pass_obj
def dismiss(app: App, number: int, fight: str | None) -> None:
    """Take what is owed off the list without a roll; NUMBER stands beside it."""
    act_anywhere(app, "combat.dismiss", fight, lambda f, law, _: saves.dismiss(f, law, number))


@click.command("conditions")
@click.argument("name", required=False)
@click.option("--rules", "system", help="The rules; by default those of the fight that goes on.")
@click.pass_obj
def conditions(app: App, name: str | None, system: str | None) -> None:
    """What each condition of the rules does, or the one with this NAME."""
    law = rules.load(system) if system else _law(app)
    if name is not None:
        show_conditions(app, [law.condition(name)])
        return
    rows = [(each.title, each.text[0] if each.text else "") for each in law.conditions]
    app.screen.show(
        "ttrpg.combat.conditions/1",
        {"conditions": [_plain(each) for each in law.conditions]},
        [Table(("Condition", "What it does"), rows, empty=f"{law.title} names none.")],
    )


def show_conditions(app: App, found: list[Condition]) -> None:
    """Conditions with all that the rules say of them, in our words."""
    pairs = [
        (each.title if not line else "", said)
        for each in found
        for line, said in enumerate(each.text or ("The rules do not name it.",))
    ]
    app.screen.show(
        "ttrpg.combat.conditions/1",
        {"conditions": [_plain(each) for each in found]},
        [Fields(pairs)] if pairs else [Table((), [], empty="No condition is on it.")],
    )


def _plain(each: Condition) -> dict[str, object]:
    return {"id": each.id, "title": each.title, "text": list(each.text)}


def _law(app: App) -> Rules:
    """The rules of the fight that goes on, else those that the campaign's system means."""
    connection, campaign = app.store.connection, records.current(app.store.connection)
    try:
        name = fights.load(connection, fights.find(connection, None, campaign_of(app))).rules
    except (NotFound, Ambiguous):
        name = fights.rules_for(campaign.system if campaign else "")
    return fights.law(connection, name, campaign.id if campaign else None)


COMMANDS = (
    temp, set_hp, lose_max, concentrate, kill, revive, stabilise, dismiss, conditions,
)  # fmt: skip
