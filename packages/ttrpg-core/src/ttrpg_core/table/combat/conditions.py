"""Conditions and other effects: what is on somebody, how it stacks, when and how it ends.

Rules: SRD 5.1 and 5.2.1, "Conditions" (each instance of a condition has its own duration, and the
condition does not get worse) and "Concentration"; exhaustion has levels that add up. Which
condition stacks how is said by the data, and may be said for one effect. The commands are in
:mod:`ttrpg_core.table.combat.effects`.
"""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import durations
from ttrpg_core.table.combat.rules import Condition, Level, Rules, Stacking
from ttrpg_core.table.combat.scene import Scene
from ttrpg_core.table.combat.state import Combatant, Effect, Fight, RepeatSave

CONCENTRATING = "concentrating"


def on(who: Combatant, rules: Rules) -> tuple[str, ...]:
    """The conditions somebody has: what is on them, what their state brings, what that implies."""
    found: dict[str, None] = {}
    wanted = [each.condition for each in who.effects]
    if who.life in {"dying", "stable"}:
        wanted += rules.zero.conditions
    while wanted:
        name = wanted.pop(0)
        if name not in found and name not in who.condition_immunities:
            found[name] = None
            wanted += rules.known(name).implies
    return tuple(found)


def rules_on(who: Combatant, rules: Rules) -> Iterator[Condition]:
    """What the rules say of the conditions that somebody has."""
    return (rules.known(name) for name in on(who, rules))


def stopped(who: Combatant, rules: Rules) -> bool:
    """Whether somebody can take no actions."""
    return not who.acts or any(each.stops_actions for each in rules_on(who, rules))


def immunities(who: Combatant, rules: Rules) -> set[str]:
    """The conditions that somebody cannot get: by nature, or for one that they have."""
    return {*who.condition_immunities, *(name for r in rules_on(who, rules) for name in r.immune)}


def max_hp(who: Combatant, rules: Rules) -> int | None:
    """The hit point maximum as it is now (exhaustion of SRD 5.1 halves it at level 4)."""
    if who.hp_max is None:
        return None
    most = max(who.hp_max - who.hp_max_lost, 0)
    for each in who.effects:
        if any(level.max_hp == "half" for level in _levels(rules, each)):
            most //= 2
    return most


def concentration(who: Combatant) -> Effect | None:
    """What somebody concentrates on."""
    return next((e for e in who.effects if e.condition == CONCENTRATING), None)


def put_on(
    scene: Scene, who: str, effect: Effect, stacking: Stacking | None = None
) -> Effect | None:
    """Put an effect on somebody inside another command; None when nothing came of it."""
    bearer, rule = scene.get(who), scene.rules.known(effect.condition)
    name = text.name(effect.condition, "condition")
    if effect.condition in immunities(bearer, scene.rules):
        scene.say("condition.immune", who, f"{bearer.name} is immune: not {rule.title}",
                  condition=name)  # fmt: skip
        return None
    if effect.linked_to and not _is_held(scene.fight, effect.linked_to):
        raise InputError(f"the effect {effect.linked_to!r} does not hold", "Begin that one first")
    if effect.level < 1 or (rule.levels and effect.level > len(rule.levels)):
        raise InputError(f"{rule.title} has no level {effect.level}", "Give a level that it has")
    if effect.duration.kind == "until-save" and effect.save is None:
        effect = attrs.evolve(effect, save=RepeatSave())
    number = bearer.last_effect + 1
    new = attrs.evolve(
        effect,
        id=f"{who}.{number}",
        due=durations.due(scene.fight, effect.duration, _whose(effect, who)),
    )
    old = [e for e in bearer.effects if e.condition == new.condition]
    kept = _stacked(scene, old, new, stacking or rule.stacking, rule)
    if kept is None:
        scene.say("condition.kept", who, f"{bearer.name} is {rule.title} already", condition=name)
        return None
    for each in old:
        if each.id != kept.id and _gives_way(each, kept, stacking or rule.stacking):
            end(scene, who, each.id, "replaced")
    link = kept.linked_to
    if link and (link == kept.id or not _is_held(scene.fight, link)):
        raise InputError(
            f"{link} gives way to this {rule.title}, which cannot hang on it",
            "Link it to another effect",
        )
    bearer = scene.get(who)
    effects = (*(each for each in bearer.effects if each.id != kept.id), kept)
    scene.put(attrs.evolve(bearer, effects=effects, last_effect=number))
    level = f" {kept.level}" if rule.levels or kept.level > 1 else ""
    scene.say(
        "condition.applied", who,
        f"{bearer.name} {'has' if level else 'is'} {_named(scene, kept)}{level},"
        f" {durations.left(scene.fight, kept)}",
        condition=name, effect=kept.id, level=kept.level, source=kept.source,
        until=kept.due.at if kept.due else None,
    )  # fmt: skip
    settle(scene, who)
    return kept


def settle(scene: Scene, who: str) -> None:
    """What follows from how somebody is now: concentration lost, holds lost, a lower maximum."""
    bearer = scene.get(who)
    held = concentration(bearer)
    if held and (
        bearer.life == "dead"
        or any(each.breaks_concentration for each in rules_on(bearer, scene.rules))
    ):
        end(scene, who, held.id, "concentration is broken")
    bearer = scene.get(who)
    most = max_hp(bearer, scene.rules)
    if bearer.hp is not None and most is not None and bearer.hp > most:
        scene.put(attrs.evolve(bearer, hp=most))
        scene.say("hp", who, f"{bearer.name} has {most} hp at most now", hp=most)
    if stopped(bearer, scene.rules):
        let_go(scene, who)


def let_go(scene: Scene, who: str) -> None:
    """End the holds of one who can hold nobody any more: gone, dead or incapacitated.

    Rules: SRD 5.1 "Grappled"; SRD 5.2.1 "Grappling", "Ending a Grapple".
    """
    for other in scene.fight.combatants:
        for each in other.effects:
            if each.source == who != other.id and scene.rules.known(each.condition).held:
                end(scene, other.id, each.id, f"{scene.name(who)} holds on no longer")


def stand_up(scene: Scene, who: str) -> None:
    """End what ends by standing up, where somebody can and nothing else was said of its end.

    It costs half of one's speed, so it is done as soon as time passes; not with a speed of 0.
    Rules: SRD 5.1 "Being Prone" and "Prone"; SRD 5.2.1 "Prone", "Restricted Movement".
    """
    one = scene.get(who)
    stuck = any(each.stops_movement for each in rules_on(one, scene.rules)) or any(
        level.stops_movement for each in one.effects for level in _levels(scene.rules, each)
    )
    if one.life != "up" or stuck:
        return
    for each in one.effects:
        is_free = each.duration.kind == "until-removed" and not each.save and not each.linked_to
        if is_free and scene.rules.known(each.condition).stands_up:
            end(scene, who, each.id, "stands up")


def titled(effect: Effect, rules: Rules) -> str:
    """What people call an effect: its condition, and its level where it has more than one."""
    name = rules.called(effect.condition)
    return f"{name} {effect.level}" if effect.level > 1 else name


def kills(who: Combatant, rules: Rules) -> str:
    """The condition that kills somebody at its level, such as the sixth of exhaustion."""
    for each in who.effects:
        if any(level.kills for level in _levels(rules, each)):
            return each.condition
    return ""


def ease(scene: Scene, who: str, effect: str, levels: int = 1) -> None:
    """Take levels off an effect, which ends with the last."""
    bearer = scene.get(who)
    found = next(each for each in bearer.effects if each.id == effect)
    left = found.level - levels
    if left < 1:
        end(scene, who, effect, "the last level is gone")
        return
    _replace(scene, who, attrs.evolve(found, level=left))
    name = scene.rules.called(found.condition)
    scene.say("condition.level", who, f"{bearer.name}: {name} {left}",
              condition=found.condition, level=left)  # fmt: skip


def end(scene: Scene, who: str, effect: str, why: str) -> None:
    """End an effect for good, and with it all that is linked to it."""
    bearer = scene.get(who)
    found = next((each for each in bearer.effects if each.id == effect), None)
    if found is None:
        return
    scene.put(attrs.evolve(bearer, effects=tuple(e for e in bearer.effects if e.id != effect)))
    scene.drop_prompts(who, effect=effect)
    scene.say(
        "condition.ended", who, f"{scene.name(who)}: {_named(scene, found)} ends ({why})",
        condition=found.condition, effect=effect, why=why,
    )  # fmt: skip
    for other in scene.fight.combatants:
        for each in other.effects:
            if each.linked_to == effect:
                end(
                    scene,
                    other.id,
                    each.id,
                    f"with {found.note or scene.rules.called(found.condition)}",
                )


def lapse(scene: Scene, *, ending: bool = False) -> None:
    """End what has run out by the clock; ``ending`` is True when the turn that is shown ends.

    It is taken off, so it cannot run out twice: not even when the turns are gone through again
    after a look back.
    """
    for bearer in scene.fight.combatants:
        for each in bearer.effects:
            if each.due and durations.reached(scene.fight, each.due, ending=ending):
                end(scene, bearer.id, each.id, "time is up")


def end_where(scene: Scene, who: str, effects: Iterable[Effect], why: str) -> None:
    """End several effects of one bearer."""
    for each in tuple(effects):
        end(scene, who, each.id, why)


def _named(scene: Scene, effect: Effect) -> str:
    name = scene.rules.called(effect.condition)
    return f"{name} ({effect.note})" if effect.note else name


def _replace(scene: Scene, who: str, changed: Effect) -> None:
    bearer = scene.get(who)
    effects = tuple(changed if each.id == changed.id else each for each in bearer.effects)
    scene.put(attrs.evolve(bearer, effects=effects))


def _is_held(fight: Fight, effect: str) -> bool:
    return any(each.id == effect for c in fight.combatants for each in c.effects)


def _whose(effect: Effect, bearer: str) -> str:
    """Whose turns count: the source's where the duration says so and there is one."""
    return (
        effect.source if effect.duration.kind == "end-of-source-turn" and effect.source else bearer
    )


def _levels(rules: Rules, effect: Effect) -> tuple[Level, ...]:
    return rules.known(effect.condition).levels[: effect.level]


def _stacked(
    scene: Scene, old: list[Effect], new: Effect, stacking: Stacking, rule: Condition
) -> Effect | None:
    """What is put on, given what is there; None when that stays as it is.

    What grows in levels or in time is still the same effect, by its id.
    """
    if not old:
        return new
    last, kept = old[-1], new
    linked_to = new.linked_to or last.linked_to
    if stacking == "stack":
        level = min(last.level + new.level, len(rule.levels) or durations.LONGEST)
        later = max((last, new), key=_ends)
        kept = attrs.evolve(
            new,
            id=last.id,
            level=level,
            due=later.due,
            duration=later.duration,
            linked_to=linked_to,
        )
    elif stacking == "extend" and last.due and new.due:
        more = new.due.at - scene.fight.now
        due = attrs.evolve(last.due, at=last.due.at + more)
        kept = attrs.evolve(new, id=last.id, due=due, linked_to=linked_to)
    wins = {
        "none": False,
        "highest": _strength(new) > max(map(_strength, old)),
        "extend": last.due is not None,
    }
    return kept if wins.get(stacking, True) else None


def _gives_way(old: Effect, kept: Effect, stacking: Stacking) -> bool:
    return stacking != "source" or old.source == kept.source


def _ends(effect: Effect) -> tuple[bool, int, bool]:
    """Later is more; what only people end is last."""
    due = effect.due
    return (due is None, due.at if due else 0, due is not None and due.edge == "end")


def _strength(effect: Effect) -> tuple[int, tuple[bool, int, bool]]:
    return effect.level, _ends(effect)
