"""Uses of things, in one model: how many at most, how many are left, and when they come back.

Legendary actions come back at the start of the creature's turn, a breath on a 5 or 6 then, slots
with a long rest, a lair's with the round: each is a resource with its refreshes. What can be used
now is offered at the moment at which it can be.

Rules: SRD 5.1 "Limited Usage", "Legendary Creatures"; SRD 5.2.1 "Limited Usage", "Legendary
Actions" (used after another creature's turn, not while incapacitated).
"""

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight, Refresh, Resource, Trigger

USES_MAX = 10_000
"""Most uses of one thing."""


def legendary_actions(uses: int = 3) -> Resource:
    """Legendary actions: offered after others' turns, all back at the start of one's own."""
    return Resource(
        "Legendary Actions", uses, uses, (Refresh("turn-start"),), offer="others-turn-end"
    )


def legendary_resistance(uses: int = 3) -> Resource:
    """Legendary Resistance, so many times a day: turns a failed save into a success."""
    return Resource(
        "Legendary Resistance", uses, uses, (Refresh("long-rest"),), offer="failed-save"
    )


def lair_actions() -> Resource:
    """The lair's action on its initiative count, one a round."""
    return Resource("Lair Action", 1, 1, (Refresh("turn-start"),), offer="turn-start")


def recharge(name: str, needs: int = 5, dice: str = "1d6") -> Resource:
    """Recharge 5-6: one use, rolled for at the start of each turn; any rest brings it back."""
    back = Refresh("turn-start", roll=dice, needs=needs)
    return Resource(name, 1, 1, (back, Refresh("short-rest"), Refresh("long-rest")))


def per_day(name: str, uses: int) -> Resource:
    """Uses a day, which a long rest brings back."""
    return Resource(name, uses, uses, (Refresh("long-rest"),))


def per_rest(name: str, uses: int) -> Resource:
    """Uses that a short or long rest brings back."""
    return Resource(name, uses, uses, (Refresh("short-rest"), Refresh("long-rest")))


def hit_dice(name: str, number: int, heals: str) -> Resource:
    """Hit dice, spent in a short rest; ``heals`` is one die and its bonus: ``1d8+2``."""
    return Resource(name, number, number, heals=heals)


def use(fight: Fight, rules: Rules, who: str, wanted: str, number: int = 1) -> Outcome:
    """Spend uses; InputError when fewer are left, and nothing is spent."""
    scene = Scene(fight, rules)
    spend(scene, who, find(scene.get(who), wanted).name, number)
    return scene.outcome()


def restore(
    fight: Fight, rules: Rules, who: str, wanted: str, number: int | None = None
) -> Outcome:
    """Give uses back by hand; all when no number is given."""
    scene = Scene(fight, rules)
    if number is not None and number < 1:
        raise InputError(f"{number} uses cannot come back", "Give 1 or more")
    return_uses(scene, who, find(scene.get(who), wanted).name, number)
    return scene.outcome()


def give(fight: Fight, rules: Rules, who: str, resource: Resource) -> Outcome:
    """Give somebody a resource, or another of the same name in its place."""
    scene = Scene(fight, rules)
    bearer = scene.get(who)
    checked(resource)
    kept = tuple(each for each in bearer.resources if each.name != resource.name)
    scene.put(attrs.evolve(bearer, resources=(*kept, resource)))
    uses = f"{resource.left}/{resource.most}"
    scene.say("resource.given", who, f"{bearer.name}: {resource.name} {uses}",
              resource=resource.name, left=resource.left)  # fmt: skip
    return scene.outcome()


def checked(resource: Resource) -> Resource:
    """A resource whose numbers make sense."""
    text.name(resource.name, "resource's name")
    if not 0 <= resource.left <= resource.most <= USES_MAX:
        raise InputError(
            f"{resource.name} cannot have {resource.left} of {resource.most} uses",
            f"From 0 to as many as there are, at most {USES_MAX:,}",
        )
    return resource


def find(who: Combatant, wanted: str) -> Resource:
    """The resource that a name or unique beginning means."""
    names = [(each.name, each.name) for each in who.resources]
    found = text.match(wanted, names, "resource")
    return next(each for each in who.resources if each.name == found)


def spend(scene: Scene, who: str, name: str, number: int = 1) -> None:
    """Spend uses inside another command."""
    bearer = scene.get(who)
    found = next(each for each in bearer.resources if each.name == name)
    if number < 1:
        raise InputError(f"{number} uses cannot be spent", "Give 1 or more")
    if found.left < number:
        raise InputError(
            f"{bearer.name} has {found.left} of {found.most} {name} left", "It must come back first"
        )
    left = found.left - number
    _put(scene, bearer, attrs.evolve(found, left=left))
    scene.say("resource.used", who, f"{bearer.name} uses {name}: {left}/{found.most} left",
              resource=name, left=left, spent=number)  # fmt: skip


def return_uses(
    scene: Scene, who: str, name: str, number: int | None = None, how: str = ""
) -> None:
    """Give uses back inside another command; all when no number is given."""
    bearer = scene.get(who)
    found = next(each for each in bearer.resources if each.name == name)
    left = found.most if number is None else min(found.left + number, found.most)
    _put(scene, bearer, attrs.evolve(found, left=left))
    scene.say("resource.back", who, f"{bearer.name}: {name}{how} {left}/{found.most}",
              resource=name, left=left, back=left - found.left)  # fmt: skip


def refresh(scene: Scene, who: str, when: Trigger) -> None:
    """Bring back what comes back at this moment, rolling where it says so."""
    for each in scene.get(who).resources:
        for back in each.refresh:
            bearer = scene.get(who)
            current = next(r for r in bearer.resources if r.name == each.name)
            if back.when == when and current.left < current.most:
                _come_back(scene, bearer, current, back)


def offer(scene: Scene, when: str, who: Combatant) -> None:
    """Remind of what somebody can use at this moment, unless they can take no actions."""
    if conditions.stopped(who, scene.rules) or who.surprised:
        return
    for each in who.resources:
        if each.offer == when and each.left:
            scene.say(
                "prompt.resource", who.id,
                f"{who.name} may use {each.name}: {each.left}/{each.most} left",
                resource=each.name, left=each.left,
            )  # fmt: skip


def _come_back(scene: Scene, bearer: Combatant, found: Resource, back: Refresh) -> None:
    if back.roll:
        rolled = scene.roll(back.roll)
        if rolled < back.needs:
            scene.say("resource.spent", bearer.id,
                      f"{bearer.name}: {found.name} does not recharge ({rolled})",
                      resource=found.name, rolled=rolled)  # fmt: skip
            return
        how = f" recharges ({rolled})"
    else:
        how = ""
    return_uses(scene, bearer.id, found.name, back.amount, how)


def _put(scene: Scene, bearer: Combatant, changed: Resource) -> None:
    scene.put(
        attrs.evolve(
            bearer,
            resources=tuple(
                changed if each.name == changed.name else each for each in bearer.resources
            ),
        )
    )
