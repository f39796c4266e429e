"""Hit points: damage taken, healing, temporary hit points, a lower maximum.

Rules: SRD 5.1 and 5.2.1, "Damage and Healing", "Temporary Hit Points" (lost first; the higher of
two, never the sum), "Concentration". Damage that temporary hit points absorb is taken all the
same: it asks for the save of concentration and counts at 0 hit points (Sage Advice Compendium).
"""

import random
from collections.abc import Sequence

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import arithmetic, conditions, death, saves
from ttrpg_core.table.combat.arithmetic import AMOUNT_MAX, Change, Part
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight, Trait


def hit(
    fight: Fight,
    rules: Rules,
    who: str,
    parts: Sequence[Part],
    rng: random.Random,
    *,
    source: str = "",
    changes: Sequence[Change] = (),
    half: bool = False,
    critical: bool = False,
    knock_out: bool = False,
) -> Outcome:
    """One hit, with all its types: one sum, one save of concentration.

    ``source`` is the id of who dealt it, for the statistics. ``half`` is a save made for half,
    ``critical`` matters to one at 0 hit points, ``knock_out`` spares a life.
    """
    scene = Scene(fight, rules, rng)
    one = scene.get(who)
    if not parts:
        raise InputError("there is no damage", "Say how much, and of what type: 7 fire")
    if one.life == "dead":
        raise InputError(f"{one.name} is dead already", "Name another target")
    taken = arithmetic.work_out(parts, _traits(scene, one), rules, changes, half=half)
    amount = sum(each.amount for each in taken)
    before, most = one.hp, conditions.max_hp(one, rules) or 0
    soaked = min(one.temp_hp, amount)
    rest = amount - soaked
    lost = rest if before is None else min(before, rest)
    one = scene.put(
        attrs.evolve(
            one,
            temp_hp=one.temp_hp - soaked,
            hp=None if before is None else before - lost,
            tally=attrs.evolve(one.tally, taken=one.tally.taken + amount),
        )
    )
    how = " + ".join(each.prose for each in taken)
    scene.say(
        "damage", who,
        f"{one.name} takes {amount} ({how})"
        + (f", {soaked} by temporary hp" if soaked else "")
        + ("" if one.hp is None else f": {one.hp}/{most} hp"),
        amount=amount, temporary=soaked, hp=one.hp, hp_max=most, source=source,
        types=[each.type for each in taken], amounts=[each.amount for each in taken],
        arithmetic=[each.prose for each in taken], critical=critical,
    )  # fmt: skip
    credit(scene, source, dealt=amount)
    if amount:
        _suffer(scene, one, before, amount, critical=critical)
        if before and one.hp == 0:
            death.fall(scene, who, rest - lost, knock_out=knock_out)
            _credit_fall(scene, who, source)
        saves.after_damage(scene, who, amount)
    return scene.outcome()


def heal(fight: Fight, rules: Rules, who: str, amount: int, source: str = "") -> Outcome:
    """Give hit points back, up to the maximum. The dead stay dead; temporary ones do not count."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    _need(amount, "healing")
    if one.life == "dead":
        raise InputError(f"{one.name} is dead", "Healing does not help; reviving does")
    if one.hp is None:
        raise InputError(f"{one.name} has no hit points that are kept", "Set them first")
    restore(scene, who, amount, source)
    return scene.outcome()


def grant_temporary(fight: Fight, rules: Rules, who: str, amount: int) -> Outcome:
    """Give temporary hit points: the higher of old and new, never both."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    _need(amount, "temporary hit points")
    kept = max(one.temp_hp, amount)
    scene.put(attrs.evolve(one, temp_hp=kept))
    why = "" if kept == amount else f" (keeps them rather than {amount})"
    scene.say("temporary", who, f"{one.name} has {kept} temporary hp{why}", temporary=kept)
    return scene.outcome()


def set_hp(fight: Fight, rules: Rules, who: str, hp: int) -> Outcome:
    """Correct hit points by hand. At 0 one falls, above 0 one is up."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    most = conditions.max_hp(one, rules)
    if most is None or not 0 <= hp <= most:
        raise InputError(f"{one.name} cannot have {hp} hp", f"From 0 to {most or 0}")
    scene.say("hp", who, f"{one.name} has {hp}/{most} hp", hp=hp)
    if hp:
        death.rise(scene, who, hp)
    elif one.life == "up":
        death.fall(scene, who, 0)
    return scene.outcome()


def lose_max(fight: Fight, rules: Rules, who: str, amount: int) -> Outcome:
    """Lower the hit point maximum, or raise it back with a number below 0.

    At a maximum of 0 one dies (SRD 5.2.1 "Hit Point Maximum of 0").
    """
    scene = Scene(fight, rules)
    one = scene.get(who)
    if one.hp_max is None or abs(amount) > AMOUNT_MAX:
        raise InputError(f"{one.name} has no maximum that can change so", "Give a smaller number")
    lost = min(max(one.hp_max_lost + amount, 0), one.hp_max)
    one = scene.put(attrs.evolve(one, hp_max_lost=lost))
    most = conditions.max_hp(one, rules)
    scene.say("max-hp", who, f"{one.name} has a maximum of {most} hp", hp_max=most, lost=lost)
    conditions.settle(scene, who)
    if not most and one.life != "dead":
        death.die(scene, who, "a maximum of 0 hp")
    return scene.outcome()


def restore(scene: Scene, who: str, amount: int, source: str = "") -> None:
    """Heal inside another command."""
    one = scene.get(who)
    before, most = one.hp or 0, conditions.max_hp(one, scene.rules) or 0
    after = max(min(before + amount, most), before)
    gained = after - before
    scene.say(
        "healing", who, f"{one.name} regains {gained} hp: {after}/{most}",
        amount=gained, hp=after, hp_max=most, source=source,
    )  # fmt: skip
    if not gained:
        return
    death.rise(scene, who, after)
    one = scene.get(who)
    scene.put(attrs.evolve(one, tally=attrs.evolve(one.tally, healed=one.tally.healed + gained)))
    credit(scene, source, healing=gained)


def credit(scene: Scene, who: str, dealt: int = 0, healing: int = 0, felled: int = 0) -> None:
    """Add to what somebody did, if it is somebody in the fight."""
    if scene.fight.has(who):
        one = scene.get(who)
        tally = attrs.evolve(
            one.tally,
            dealt=one.tally.dealt + dealt,
            healing=one.tally.healing + healing,
            felled=one.tally.felled + felled,
        )
        scene.put(attrs.evolve(one, tally=tally))


def _suffer(
    scene: Scene, one: Combatant, before: int | None, amount: int, *, critical: bool
) -> None:
    """What damage does besides: failed death saves to the dying, and being bloodied."""
    if one.life in {"dying", "stable"}:
        death.hurt_at_zero(scene, one.id, amount, critical=critical)
    elif one.hp and before and one.bloodied and 2 * before > (one.hp_max or 0):
        scene.say("bloodied", one.id, f"{one.name} is bloodied")


def _credit_fall(scene: Scene, who: str, source: str) -> None:
    one = scene.get(who)
    tally = attrs.evolve(one.tally, downs=one.tally.downs + 1)
    scene.put(attrs.evolve(one, tally=tally))
    credit(scene, source, felled=1)


def _traits(scene: Scene, one: Combatant) -> list[Trait]:
    found = list(one.traits)
    for each in one.effects:
        found += each.traits
    for rule in conditions.rules_on(one, scene.rules):
        found += rule.traits
    return found


def _need(amount: int, what: str) -> None:
    if not 0 <= amount <= AMOUNT_MAX:
        raise InputError(f"{amount} {what} is not possible", f"From 0 to {AMOUNT_MAX:,}")
