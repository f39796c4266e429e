"""Rests: what an hour or a night gives back to the party, and what time passes meanwhile.

Rules: SRD 5.1 "Short Rest" and "Long Rest" (all hit points, half of the hit dice, at least one);
SRD 5.2.1 "Short Rest" (a die heals 1 at least) and "Long Rest" (all hit dice, the maximum too).
A long rest wants 1 hit point at the start and takes away a level of exhaustion; a short one wants
that hit point in SRD 5.2.1 only. Who rests is held by nobody and stands up after it; who sleeps
through a long one is unconscious meanwhile, which ends concentration (SRD 5.2.1 "Long Rest" says
so; SRD 5.1 "Concentration": an incapacitated one loses it).
"""

import random
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import clock, conditions, durations, hp, resources
from ttrpg_core.table.combat.rules import Rest, Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight

Length = Literal["short", "long"]
PARTY = "the party"
"""The id of what is no fight, which no fight can have: the party together, outside of any."""
_UNTIL = {
    "short": {"until-short-rest"},
    "long": {"until-short-rest", "until-long-rest"},
}


def together(party: Sequence[Combatant], rules: Rules, now: int) -> Fight:
    """The party outside of any fight, so that what is done in one can be done to them.

    Nobody takes turns in it: only the clock says what runs out.
    """
    return Fight(PARTY, "", rules.name, "active", began=now, combatants=tuple(party))


def rest(
    fight: Fight,
    rules: Rules,
    who: Sequence[str],
    length: Length,
    rng: random.Random,
    spend: Mapping[str, Mapping[str, int]] | None = None,
) -> Outcome:
    """Let some in a fight rest; in a short one ``spend`` says how many of which hit dice.

    That is ``{"mara": {"d8": 2}}``. Time passes first, for all who are there, so that a stable one
    may wake in it, but who has no hit point when the rest begins gains nothing by it.
    """
    rule = rules.short_rest if length == "short" else rules.long_rest
    if rule is None:
        raise InputError(f"{rules.title} knows no {length} rest", "Heal by hand instead")
    scene = Scene(fight, rules, rng)
    need_no_dying(scene, rule.seconds)
    fit = [key for key in who if _is_fit(scene.get(key), rule)]
    for key in spend or {}:
        if key not in fit:
            raise InputError(f"{scene.name(key)} cannot rest", "It takes 1 hit point at the start")
    everybody = fight.id == PARTY and len(who) == len(fight.combatants)
    names = "The party" if everybody else ", ".join(scene.name(key) for key in who)
    verb = "takes" if everybody or len(who) == 1 else "take"
    scene.say("rest", "", f"{names} {verb} a {length} rest",
              length=length, seconds=rule.seconds, members=list(who))  # fmt: skip
    clock.elapse(scene, rule.seconds)
    for key in fit:
        recover(scene, key, length, (spend or {}).get(key, {}))
    for key in who:
        _say_what_stays(scene, key)
    return scene.outcome()


def recover(scene: Scene, who: str, length: Length, spend: Mapping[str, int] | None = None) -> None:
    """Give one what a rest gives, inside another command; the time is the caller's business."""
    rule = scene.rules.short_rest if length == "short" else scene.rules.long_rest
    if rule is not None:
        _gain(scene, who, rule, length, spend or {})


def need_no_dying(scene: Scene, seconds: int) -> None:
    """InputError where time would pass over one who is dying, which five rounds at most settle."""
    dying = [each for each in scene.fight.combatants if each.life == "dying" and each.active]
    if dying and scene.rules.death and seconds >= durations.MINUTE:
        one = dying[0]
        raise InputError(
            f"{one.name} is dying, and death saves come first",
            f"ttrpg save {one.id}, or: ttrpg combat stabilise {one.id}",
        )


def _say_what_stays(scene: Scene, who: str) -> None:
    """Remind of what this rest did not end: much of it is over by now, if somebody says so."""
    one = scene.get(who)
    stays = [
        f"{conditions.titled(each, scene.rules)} ({durations.left(scene.fight, each)})"
        for each in one.effects
    ]
    if stays:
        scene.say("prompt.stays", who, f"Still on {one.name}: {', '.join(stays)}",
                  effects=[each.id for each in one.effects])  # fmt: skip


def _is_fit(one: Combatant, rule: Rest) -> bool:
    return one.life == "up" or (not rule.needs_hp and one.life in {"out", "stable"})


def _gain(scene: Scene, who: str, rule: Rest, length: Length, spend: Mapping[str, int]) -> None:
    for each in scene.get(who).effects:
        if each.duration.kind in _UNTIL[length] or each.condition in rule.ends:
            conditions.end(scene, who, each.id, f"a {length} rest")
        elif each.condition in rule.eases:
            conditions.ease(scene, who, each.id)
    if rule.max_hp:
        scene.put(attrs.evolve(scene.get(who), hp_max_lost=0))
    for name, number in spend.items():
        _spend_dice(scene, who, rule, name, number)
    _heal(scene, who, rule)
    conditions.stand_up(scene, who)
    resources.refresh(scene, who, "short-rest")
    if length == "long":
        resources.refresh(scene, who, "long-rest")
        _dice_back(scene, who, rule)


def _heal(scene: Scene, who: str, rule: Rest) -> None:
    """Give hit points back, and take temporary ones away."""
    one = scene.get(who)
    if rule.heals == "all" and one.hp is not None:
        lost = (conditions.max_hp(one, scene.rules) or 0) - one.hp
        if lost:
            hp.restore(scene, who, lost)
    if rule.temp_hp and scene.get(who).temp_hp:
        one = scene.get(who)
        scene.put(attrs.evolve(one, temp_hp=0))
        scene.say("temporary", who, f"{one.name}: {one.temp_hp} temporary hit points are gone",
                  temporary=0)  # fmt: skip


def _spend_dice(scene: Scene, who: str, rule: Rest, name: str, number: int) -> None:
    found = resources.find(scene.get(who), name)
    if rule.dice is None or not found.heals:
        raise InputError(
            f"{found.name} heals nothing in this rest", "Spend hit dice in a short one"
        )
    resources.spend(scene, who, found.name, number)
    for _ in range(number):
        hp.restore(scene, who, max(scene.roll(found.heals), rule.dice))


def _dice_back(scene: Scene, who: str, rule: Rest) -> None:
    """Give hit dice back: all, or half of all that one has, in the order in which they stand."""
    dice = [each for each in scene.get(who).resources if each.heals]
    total = sum(each.most for each in dice)
    left = {"none": 0, "half": max(total // 2, 1), "all": total}[rule.dice_back]
    for each in dice:
        back = min(each.most - each.left, left)
        left -= back
        if back:
            resources.return_uses(scene, who, each.name, back)
