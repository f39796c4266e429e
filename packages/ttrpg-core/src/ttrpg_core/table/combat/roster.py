"""Who is in the fight: made, found by a few letters, joined, left, hidden, surprised."""

import random
import re
from collections.abc import Iterable, Sequence

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat import conditions, order, resources
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight, Mode

HP_MAX = 1_000_000
"""Most hit points of one combatant."""
COMBATANTS_MAX = 500
"""Most combatants of one fight."""
PARTY, FOES = "party", "foes"
EDITABLE = (
    "name", "side", "group", "hp_max", "ac", "initiative_bonus", "score", "traits",
    "condition_immunities", "saves", "at_zero", "level", "cr", "xp",
)  # fmt: skip
"""What of a combatant may be corrected by hand; the rest has commands of its own."""
_SIDES = {"player": PARTY, "ally": PARTY, "npc": FOES, "monster": FOES, "environment": ""}
_NUMBERED = re.compile(r"(.*?)-?([0-9]+)\Z")


class Nobody(NotFound):
    """There is nobody in the fight whom a name means."""


def new(
    key: str,
    name: str,
    rules: Rules,
    clock: int = 0,
    mode: Mode = "each",
    *,
    reroll: bool = False,
) -> Fight:
    """A fight without anybody in it; ``clock`` is the campaign's time in seconds."""
    return Fight(
        id=key,
        name=text.name(name, "fight's name"),
        rules=rules.name,
        mode=mode,
        reroll=reroll,
        round_seconds=rules.round_seconds,
        began=clock,
    )


def add(
    fight: Fight,
    rules: Rules,
    made: Combatant,
    number: int = 1,
    rng: random.Random | None = None,
    dice: str = "",
) -> Outcome:
    """Put a combatant into the fight, or a ``number`` of the same kind: goblin-1, goblin-2 ...

    The id is made from the name and never changes; one that is given stays if it is free. Who joins
    a running fight rolls for initiative (which takes ``rng``), or has that of their group, and acts
    in this round unless their place in it has passed. With hit ``dice`` each rolls its hit points,
    of which there is one at least.
    """
    scene = Scene(fight, rules, rng)
    made = checked(made, rules)
    if number < 1 or len(fight.combatants) + number > COMBATANTS_MAX:
        raise InputError(
            f"{number} cannot join: a fight has at most {COMBATANTS_MAX} combatants", "Add fewer"
        )
    for _ in range(number):
        key, name = _named(made, {each.id for each in scene.fight.combatants}, several=number > 1)
        one = attrs.evolve(
            made,
            id=key,
            name=name,
            side=made.side or _SIDES[made.kind],
            group=made.group or (text.slug(made.name) if number > 1 else ""),
        )
        if dice:
            hp = max(scene.roll(dice), 1)
            one = attrs.evolve(one, hp=hp, hp_max=hp)
        if one.hp == 0 and one.life == "up":
            one = attrs.evolve(one, life=rules.at_zero(one))
        scene.fight = attrs.evolve(scene.fight, combatants=(*scene.fight.combatants, one))
        scene.say("joined", key, f"{name} joins", side=one.side, hp=one.hp)
        if fight.status == "active":
            _take_place(scene, one)
    return scene.outcome()


def edit(fight: Fight, rules: Rules, changed: Combatant) -> Outcome:
    """Correct what is written of a combatant: ``changed`` is it with other values.

    Only what is in EDITABLE may differ. Hit points above a lower maximum are lost.
    """
    scene = Scene(fight, rules)
    one = scene.get(changed.id)
    differ = [
        each.name
        for each in attrs.fields(Combatant)
        if getattr(one, each.name) != getattr(changed, each.name)
    ]
    for name in differ:
        if name not in EDITABLE:
            raise InputError(f"{name} is not corrected so", text.nearest(name, EDITABLE))
    if changed.hp_max is not None:
        hp = min(one.hp or 0, changed.hp_max) if one.hp_max is not None else changed.hp_max
        changed = attrs.evolve(changed, hp=hp, hp_max_lost=min(one.hp_max_lost, changed.hp_max))
    else:
        changed = attrs.evolve(changed, hp=None)
    scene.put(checked(changed, rules))
    scene.say("edited", one.id, f"{changed.name}: {', '.join(differ) or 'nothing'} corrected",
              fields=differ)  # fmt: skip
    conditions.settle(scene, one.id)
    return scene.outcome()


def leave(fight: Fight, rules: Rules, who: str) -> Outcome:
    """Take one out of the fight: fled, banished, gone. What they did stays in the statistics."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    if not one.active:
        raise InputError(f"{one.name} has left already", "They can come back")
    scene.put(attrs.evolve(one, active=False, readied=""))
    scene.drop_prompts(who)
    scene.say("left", who, f"{one.name} leaves the fight")
    conditions.let_go(scene, who)
    return scene.outcome()


def come_back(fight: Fight, rules: Rules, who: str, rng: random.Random) -> Outcome:
    """Bring back one who left, with the initiative they had."""
    scene = Scene(fight, rules, rng)
    one = scene.get(who)
    if one.active:
        raise InputError(f"{one.name} is in the fight", "Nothing to do")
    scene.put(attrs.evolve(one, active=True))
    scene.say("returned", who, f"{one.name} is back")
    if fight.status == "active":
        _take_place(scene, scene.get(who))
    return scene.outcome()


def hide(fight: Fight, rules: Rules, who: str, *, hidden: bool = True) -> Outcome:
    """Hide one from the players' view, or show them. Their turns come as before."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    scene.put(attrs.evolve(one, hidden=True))  # said while hidden: neither is for the players
    scene.say("hidden" if hidden else "revealed", who,
              f"{one.name} is {'hidden' if hidden else 'seen'}")  # fmt: skip
    scene.put(attrs.evolve(one, hidden=hidden))
    return scene.outcome()


def surprise(fight: Fight, rules: Rules, who: Iterable[str]) -> Outcome:
    """Mark those who are surprised, before the fight begins.

    Rules: no move or action on their first turn (SRD 5.1 "Surprise"), or disadvantage on
    initiative (SRD 5.2.1 "Initiative").
    """
    scene = Scene(fight, rules)
    if fight.status != "preparing":
        raise InputError("the fight has begun", "Surprise is settled before initiative")
    for key in who:
        one = scene.put(attrs.evolve(scene.get(key), surprised=True))
        scene.say("surprised", key, f"{one.name} is surprised")
    return scene.outcome()


def find(fight: Fight, wanted: str) -> str:
    """The id that a few letters mean: ``goblin-2``, ``mar``, ``gob2``.

    Those who are here come before those who left. Raises Ambiguous or Nobody.
    """
    try:
        return _match(wanted, [each for each in fight.combatants if each.active])
    except NotFound:
        pass
    try:
        return _match(wanted, fight.combatants)
    except NotFound as error:
        raise Nobody(error.message, error.hint) from None


def checked(one: Combatant, rules: Rules) -> Combatant:
    """A combatant whose numbers make sense, and whose name is clean."""
    one = attrs.evolve(one, name=text.name(one.name, "combatant's name"))
    if (one.hp is None) != (one.hp_max is None):
        raise InputError(
            f"{one.name} needs both hit points and their maximum, or neither", "Give both"
        )
    most = one.hp_max or 0
    if one.hp is not None and not (0 <= one.hp <= most and 1 <= most <= HP_MAX):
        raise InputError(
            f"{one.name} cannot have {one.hp} of {one.hp_max} hit points",
            f"From 0 to the maximum, which is from 1 to {HP_MAX:,}",
        )
    if not 0 <= one.temp_hp <= HP_MAX:
        raise InputError(f"{one.temp_hp} temporary hit points are not possible", "Give 0 or more")
    for trait in one.traits:
        known = rules.damage.types
        if trait.type != "all" and known and trait.type not in known:
            raise InputError(f"there is no damage {trait.type!r}", text.nearest(trait.type, known))
    for each in one.resources:
        resources.checked(each)
    return one


def _named(made: Combatant, taken: set[str], *, several: bool) -> tuple[str, str]:
    """Id and name of a newcomer: as they are, or with the next number of its kind."""
    if made.id and made.id not in taken and not several:
        return made.id, made.name
    base = text.slug(made.name)
    has_kin = any(re.fullmatch(rf"{base}(-[0-9]+)?", key) for key in taken)
    if not several and not has_kin:
        return base, made.name
    number = 2 if base in taken else 1  # the one without a number is the first
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}", f"{made.name} {number}"


def _take_place(scene: Scene, one: Combatant) -> None:
    """Give a newcomer initiative and a place, and find out whether it has passed in this round."""
    if one.initiative is None:
        mates = [each for each in order.mates(scene.fight, one) if each.initiative is not None]
        if mates:
            scene.put(attrs.evolve(one, initiative=mates[0].initiative, roll_off=mates[0].roll_off))
        else:
            order.roll_for(scene, (one.id,))
        one = scene.get(one.id)
    if one.id not in scene.fight.order:
        order.insert(scene, one)
    last = scene.fight.turns[-1]
    places = scene.fight.order
    if scene.fight.mode != "elective" and places.index(one.id) < places.index(last.who):
        scene.put(attrs.evolve(one, late=last.round))


def _match(wanted: str, those: Sequence[Combatant]) -> str:
    """The id among some that a name, a beginning, or letters and a number mean."""
    try:
        return text.match(wanted, ((each.id, each.name) for each in those), "combatant")
    except NotFound:
        numbered = _NUMBERED.match(wanted.strip().casefold())
        letters, number = (numbered[1], numbered[2]) if numbered else ("", "")
        found = [each.id for each in those if letters and _fits(each.id, letters, number)]
        if len(found) != 1:
            raise
        return found[0]


def _fits(key: str, letters: str, number: str) -> bool:
    stem, _, end = key.rpartition("-")
    if not end.isdigit():
        stem, end = key, "1"
    return stem.startswith(letters) and end == number
