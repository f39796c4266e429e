"""Saving throws that keep or end effects, and concentration.

Rules: concentration, SRD 5.1 "Concentration" (DC 10 or half the damage taken, whichever is higher)
and SRD 5.2.1 "Concentration" (at most DC 30); one save for each source of damage; broken by
another such spell, by being incapacitated, and by death. Legendary Resistance, SRD 5.1 and 5.2.1.
"""

import random

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions, resources
from ttrpg_core.table.combat.death import Luck
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import (
    Combatant,
    Duration,
    Effect,
    Fight,
    Prompt,
    RepeatSave,
    Resource,
)


def concentrate(
    fight: Fight, rules: Rules, who: str, spell: str, duration: Duration | None = None
) -> Outcome:
    """Begin to concentrate; what was concentrated on before ends, and all that hangs on it.

    Put the spell's effects on with ``linked_to`` the id of this one, which the facts name.
    """
    scene = Scene(fight, rules)
    one = scene.get(who)
    if rules.concentration is None:
        raise InputError(f"{rules.title} knows no concentration", "Put an effect on instead")
    if conditions.stopped(one, rules):
        raise InputError(f"{one.name} can take no actions", "Nothing can be concentrated on")
    before = conditions.concentration(one)
    if before:
        conditions.end(scene, who, before.id, f"concentrates on {spell} instead")
    lasts = duration or Duration()
    held = Effect("", conditions.CONCENTRATING, source=who, note=spell, duration=lasts)
    conditions.put_on(scene, who, held)
    return scene.outcome()


def save(
    fight: Fight,
    rules: Rules,
    who: str,
    rng: random.Random,
    *,
    effect: str = "",
    total: int | None = None,
    bonus: int | None = None,
    luck: Luck = "",
    resist: bool | None = None,
) -> Outcome:
    """Make the save that is owed: the oldest, or that against an effect (its id or condition).

    Rolled here with the combatant's own bonus, or said as a ``total``. A failure of one that has
    Legendary Resistance left is not yet one: ask again with ``resist`` True to spend a use, or
    False to accept it; nothing is rolled a second time.
    """
    scene = Scene(fight, rules, rng)
    one = scene.get(who)
    owed = _owed(fight, one, effect)
    if not owed.number:
        owed = scene.keep(owed)  # asked for now: what was asked and answered is a change
    resistance = next((r for r in one.resources if r.offer == "failed-save" and r.left), None)
    if resist and resistance is None:
        raise InputError(f"{one.name} has nothing to resist with", "Save without it")
    if total is None and owed.failed is not None:
        total = owed.failed
        if resist is False:
            scene.say("save", who, f"{one.name}: the failed save stands ({total})",
                      total=total, dc=owed.dc, ability=owed.ability, effect=owed.effect,
                      success=False)  # fmt: skip
    else:
        total = _rolled(scene, one, owed, bonus, luck) if total is None else total
        _say_save(scene, owed, total)
    success = total >= owed.dc
    if not success and resistance and resist is not False:
        if resist is None:
            scene.keep(attrs.evolve(owed, failed=total))
            _offer(scene, one, resistance)
            return scene.outcome()
        resources.spend(scene, who, resistance.name)
        success = True
    scene.answered(owed.number)
    if owed.kind == "concentration" and not success:
        conditions.end(scene, who, owed.effect, "concentration is broken")
    elif owed.kind == "repeat-save" and success:
        conditions.end(scene, who, owed.effect, "saved")
    return scene.outcome()


def dismiss(fight: Fight, rules: Rules, number: int) -> Outcome:
    """Take a prompt off the list without a roll."""
    scene = Scene(fight, rules)
    found = next((each for each in fight.prompts if each.number == number), None)
    if found is None:
        raise InputError(f"nothing is asked under {number}", "It may have been answered")
    scene.answered(number)
    scene.say("dismissed", found.who, f"{scene.name(found.who)}: no {found.kind}", number=number)
    return scene.outcome()


def concentration_dc(rules: Rules, damage: int) -> int:
    """The DC of the save for one hit."""
    rule = rules.concentration
    if rule is None:
        return 0
    dc = max(rule.least, damage // 2)
    return min(dc, rule.most) if rule.most else dc


def after_damage(scene: Scene, who: str, amount: int) -> None:
    """Ask for what damage asks for: concentration, and saves that effects allow then."""
    one = scene.get(who)
    held = conditions.concentration(one)
    rule = scene.rules.concentration
    if held and rule:
        dc = concentration_dc(scene.rules, amount)
        scene.ask(
            Prompt(0, "concentration", who, held.id, rule.ability, dc),
            f"{one.name}: DC {dc} {rule.ability.upper()} save to keep up {held.note or 'a spell'}",
        )
    for each in one.effects:
        if each.save and each.save.when == "damage" and one.life != "dead":
            ask(scene, one, each.id, each.save)


def ask(scene: Scene, who: Combatant, effect: str, wanted: RepeatSave) -> None:
    """Ask for the save that ends an effect, unless it is asked for already."""
    if any(each.effect == effect for each in scene.fight.prompts):
        return
    found = next(each for each in who.effects if each.id == effect)
    prompt = Prompt(0, "repeat-save", who.id, effect, wanted.ability, wanted.dc)
    scene.ask(
        prompt,
        f"{who.name}: DC {wanted.dc} {wanted.ability.upper()} save"
        f" against {scene.rules.called(found.condition)}",
    )


def _rolled(scene: Scene, one: Combatant, owed: Prompt, bonus: int | None, luck: Luck) -> int:
    dice = {
        "advantage": scene.rules.initiative.advantage,
        "disadvantage": scene.rules.initiative.disadvantage,
    }.get(luck, scene.rules.saves)
    return scene.roll(dice) + (one.saves.get(owed.ability, 0) if bonus is None else bonus)


def _say_save(scene: Scene, owed: Prompt, total: int) -> None:
    success = total >= owed.dc
    name = f"{scene.name(owed.who)}: {owed.ability.upper()} save {total} against DC {owed.dc}"
    scene.say(
        "save", owed.who, f"{name}, {'made' if success else 'failed'}",
        total=total, dc=owed.dc, ability=owed.ability, effect=owed.effect, success=success,
    )  # fmt: skip


def _owed(fight: Fight, one: Combatant, effect: str) -> Prompt:
    """The prompt that is answered; a save on an action is made without having been asked for."""
    for each in fight.prompts:
        if each.who == one.id and each.kind != "death-save" and _is_meant(one, each.effect, effect):
            return each
    for held in one.effects:
        if held.save and _is_meant(one, held.id, effect):
            return Prompt(0, "repeat-save", one.id, held.id, held.save.ability, held.save.dc)
    against = f" against {effect}" if effect else ""
    raise InputError(
        f"{one.name} owes no save{against}", "'ttrpg combat show' says who owes what, under Owed"
    )


def _is_meant(one: Combatant, effect: str, wanted: str) -> bool:
    names = {effect, *(e.condition for e in one.effects if e.id == effect)}
    return not wanted or wanted in names


def _offer(scene: Scene, one: Combatant, found: Resource) -> None:
    scene.say(
        "prompt.resource", one.id,
        f"{one.name} may use {found.name}: {found.left}/{found.most} left",
        resource=found.name, left=found.left,
    )  # fmt: skip
