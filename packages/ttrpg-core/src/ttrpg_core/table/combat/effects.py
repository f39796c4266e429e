"""Commands that put conditions and other effects on somebody, and take them off."""

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions, death
from ttrpg_core.table.combat.rules import Rules, Stacking
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Effect, Fight


def apply(
    fight: Fight, rules: Rules, who: str, effect: Effect, stacking: Stacking | None = None
) -> Outcome:
    """Put an effect on somebody. Its id, moment and running out are worked out here.

    ``effect.condition`` is any name; one of the rules' own gets that condition's meaning. With
    ``linked_to`` it ends together with another effect, and begins only while that one holds. A
    level that kills does so (the sixth of exhaustion, SRD 5.1 and 5.2.1).
    """
    scene = Scene(fight, rules)
    conditions.put_on(scene, who, effect, stacking)
    fatal = conditions.kills(scene.get(who), rules)
    if fatal and scene.get(who).life != "dead":
        death.die(scene, who, rules.called(fatal))
    return scene.outcome()


def remove(fight: Fight, rules: Rules, who: str, condition: str, levels: int = 0) -> Outcome:
    """Take a condition, or the effect with this id, off somebody; ``levels`` of it, or all."""
    scene = Scene(fight, rules)
    bearer = scene.get(who)
    found = [e for e in bearer.effects if condition in {e.id, e.condition}]
    if not found:
        here = sorted({each.condition for each in bearer.effects})
        raise InputError(
            f"{bearer.name} is not {condition}",
            text.nearest(condition, here) if here else f"Nothing is on {bearer.name}",
        )
    if levels < 0:
        raise InputError(f"{levels} levels cannot be taken away", "Give 1 or more")
    for each in found:
        if levels:
            conditions.ease(scene, who, each.id, levels)
        else:
            conditions.end(scene, who, each.id, "by hand")
    return scene.outcome()
