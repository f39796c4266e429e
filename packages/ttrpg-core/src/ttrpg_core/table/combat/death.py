"""At 0 hit points: falling, dying, death saves, being stable, death, and coming back.

What 0 hit points mean is said by the rules for each kind of combatant and may be said for one:
monsters die, characters make death saves, and in a system without either one is out.

Rules: SRD 5.1 and 5.2.1, "Dropping to 0 Hit Points", "Instant Death", "Death Saving Throws",
"Stabilizing", "Knocking a Creature Out".
"""

import random
from typing import Literal

import attrs

from ttrpg_core.dice import roll
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions
from ttrpg_core.table.combat.durations import HOUR
from ttrpg_core.table.combat.rules import DeathSaves, Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Duration, Effect, Fight

Luck = Literal["", "advantage", "disadvantage"]
BEST, WORST = 20, 1
"""Faces of a death save that do more: up with 1 hit point, or two failures."""


def death_save(
    fight: Fight,
    rules: Rules,
    who: str,
    rng: random.Random,
    rolled: int | None = None,
    bonus: int = 0,
    luck: Luck = "",
) -> Outcome:
    """Make a death save, rolled here or at the table (``rolled`` is the face of the die)."""
    scene = Scene(fight, rules, rng)
    one, saves = scene.get(who), rules.death
    if one.life != "dying" or saves is None:
        raise InputError(f"{one.name} is not dying", "Only the dying make death saves")
    face = _face(saves, rules, rng, luck) if rolled is None else rolled
    if not WORST <= face <= BEST:
        raise InputError(f"{face} is no face of a d20", "Give what the die shows")
    asked = next((p for p in fight.prompts if p.who == who and p.kind == "death-save"), None)
    if asked:
        scene.answered(asked.number)
    if face == BEST:
        scene.say("death-save", who, f"{one.name} rolls a 20", face=face, successes=0, failures=0)
        rise(scene, who, 1)
        return scene.outcome()
    if face + bonus >= saves.success and face != WORST:
        scene.put(attrs.evolve(one, successes=one.successes + 1))
        _say_save(scene, who, face, "succeeds")
    else:
        failures = one.failures + (2 if face == WORST else 1)
        scene.put(attrs.evolve(one, failures=min(failures, saves.needed)))
        _say_save(scene, who, face, "fails twice" if face == WORST else "fails")
    settle(scene, who)
    return scene.outcome()


def stabilise(fight: Fight, rules: Rules, who: str, rng: random.Random) -> Outcome:
    """Make a dying one stable: first aid, or magic."""
    scene = Scene(fight, rules, rng)
    one = scene.get(who)
    if one.life != "dying":
        raise InputError(f"{one.name} is not dying", "Only the dying can be made stable")
    become_stable(scene, who)
    return scene.outcome()


def revive(fight: Fight, rules: Rules, who: str, hp: int = 1) -> Outcome:
    """Bring one back from the dead, with hit points."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    if one.life != "dead":
        raise InputError(f"{one.name} is not dead", "Heal them instead")
    most = conditions.max_hp(one, rules)
    if hp < 1 or (most is not None and hp > most):
        raise InputError(f"{one.name} cannot come back with {hp} hp", f"Give 1 to {most}")
    rise(scene, who, hp)
    return scene.outcome()


def kill(fight: Fight, rules: Rules, who: str, why: str = "") -> Outcome:
    """Kill one outright, without damage."""
    scene = Scene(fight, rules)
    if scene.get(who).life == "dead":
        raise InputError(f"{scene.name(who)} is dead already", "Nothing to do")
    die(scene, who, why)
    return scene.outcome()


def fall(scene: Scene, who: str, rest: int, *, knock_out: bool = False) -> None:
    """Bring one to 0 hit points; ``rest`` is the damage that was left then."""
    one = scene.get(who)
    most = conditions.max_hp(one, scene.rules) or 0
    zero = scene.rules.zero
    one = scene.put(attrs.evolve(one, hp=0, successes=0, failures=0))
    means = scene.rules.at_zero(one)
    if knock_out and scene.rules.death:
        _knock_out(scene, one)
    elif means == "dying" and zero.massive and rest >= most:
        die(scene, who, f"massive damage: {rest} left of {most} at most")
    elif means == "dead":
        die(scene, who, "0 hp")
    elif means == "out":
        scene.put(attrs.evolve(one, life="out", readied=""))
        scene.say("out", who, f"{one.name} is out of the fight")
    else:
        scene.put(attrs.evolve(one, life="dying", readied="", wakes_at=None))
        scene.say("dying", who, f"{one.name} falls unconscious and is dying")
        _leave_with(scene, who)
    conditions.settle(scene, who)


def hurt_at_zero(scene: Scene, who: str, amount: int, *, critical: bool) -> None:
    """Damage to one who lies at 0 hit points: failed saves, or death at once."""
    one = scene.get(who)
    most = conditions.max_hp(one, scene.rules) or 0
    saves = scene.rules.death
    if amount >= most and scene.rules.zero.massive:
        die(scene, who, f"{amount} damage at 0 hp, of {most} at most")
    elif saves:
        failures = min(one.failures + (2 if critical else 1), saves.needed)
        scene.put(attrs.evolve(one, life="dying", failures=failures, wakes_at=None))
        how = "two death saves" if critical else "a death save"
        scene.say("death-save", who, f"{one.name} fails {how}: {failures} of {saves.needed}",
                  successes=one.successes, failures=failures)  # fmt: skip
        settle(scene, who)


def settle(scene: Scene, who: str) -> None:
    """What the death saves so far mean."""
    one, saves = scene.get(who), scene.rules.death
    if saves and one.failures >= saves.needed:
        die(scene, who, f"{one.failures} failed death saves")
    elif saves and one.successes >= saves.needed:
        become_stable(scene, who)


def become_stable(scene: Scene, who: str) -> None:
    """Stable: no more death saves, and a hit point after some hours."""
    one, saves = scene.get(who), scene.rules.death
    hours = scene.roll(saves.stable_hours) if saves else 0
    scene.drop_prompts(who, kind="death-save")
    scene.put(
        attrs.evolve(
            one, life="stable", successes=0, failures=0, wakes_at=scene.fight.now + hours * HOUR
        )
    )
    scene.say("stable", who, f"{one.name} is stable, and wakes in {hours} h", hours=hours)


def die(scene: Scene, who: str, why: str) -> None:
    """Dead: no turns, no concentration, nothing owed."""
    one = scene.get(who)
    hp = None if one.hp is None else 0
    scene.put(attrs.evolve(one, life="dead", hp=hp, wakes_at=None, readied=""))
    scene.drop_prompts(who)
    scene.say("death", who, f"{one.name} dies" + (f": {why}" if why else ""), why=why)
    conditions.settle(scene, who)


def rise(scene: Scene, who: str, hp: int) -> None:
    """Up again, with hit points; the count of death saves begins anew."""
    one = scene.get(who)
    scene.drop_prompts(who, kind="death-save")
    healed = [each for each in one.effects if each.until_healed]
    scene.put(
        attrs.evolve(
            one,
            life="up",
            hp=None if one.hp_max is None else hp,
            successes=0,
            failures=0,
            wakes_at=None,
        )
    )
    if one.life != "up":
        scene.say("up", who, f"{one.name} is up again with {hp} hp", hp=hp)
    conditions.end_where(scene, who, healed, "healed")


def wake(scene: Scene) -> None:
    """Give those who were stable long enough their hit point."""
    for one in scene.fight.combatants:
        if one.life == "stable" and one.wakes_at is not None and one.wakes_at <= scene.fight.now:
            rise(scene, one.id, 1)


def _knock_out(scene: Scene, one: Combatant) -> None:
    """Unconscious rather than dead: stable at 0 hp (SRD 5.1), or asleep with 1 (SRD 5.2.1)."""
    hp = scene.rules.zero.knocked_out_at
    scene.say("knocked-out", one.id, f"{one.name} is knocked out", hp=hp)
    if not hp:
        become_stable(scene, one.id)
        _leave_with(scene, one.id)
        return
    scene.put(attrs.evolve(one, hp=hp))
    for name in scene.rules.zero.conditions:
        asleep = Effect("", name, duration=Duration("until-short-rest"), until_healed=True)
        conditions.put_on(scene, one.id, asleep)


def _leave_with(scene: Scene, who: str) -> None:
    """What falling leaves one with after waking up: prone, in 5e."""
    for name in scene.rules.zero.leaves:
        conditions.put_on(scene, who, Effect("", name))


def _face(saves: DeathSaves, rules: Rules, rng: random.Random, luck: Luck) -> int:
    dice = {
        "advantage": rules.initiative.advantage,
        "disadvantage": rules.initiative.disadvantage,
    }.get(luck, saves.dice)
    found = roll(dice, rng)
    return int(found.total if found.natural is None else found.natural)


def _say_save(scene: Scene, who: str, face: int, how: str) -> None:
    one = scene.get(who)
    scene.say(
        "death-save", who,
        f"{one.name} {how} a death save ({face}): {one.successes} made, {one.failures} failed",
        face=face, successes=one.successes, failures=one.failures,
    )  # fmt: skip
