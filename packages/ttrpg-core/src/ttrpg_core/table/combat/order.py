"""Initiative: rolled or set, alone, in groups or by sides, in an order that is total and stays.

The order is kept as a list of ids. It is worked out when initiative is rolled; afterwards a
newcomer is put into it and nothing else moves, so ties never change places behind anybody's back
and what the Game Master arranged stands.

Rules: SRD 5.1 "Initiative" and "Surprise", SRD 5.2.1 "Initiative"; lair actions on 20, losing
ties, SRD 5.1 "Lair Actions".
"""

import random
from collections.abc import Collection, Iterable

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import cards, conditions
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight

Key = tuple[int, ...]


def roll_initiative(
    fight: Fight,
    rules: Rules,
    rng: random.Random,
    only: Collection[str] = (),
    advantage: Collection[str] = (),
    disadvantage: Collection[str] = (),
) -> Outcome:
    """Roll for everybody, or for those in ``only``, and put them in order.

    Those who roll together (a group of identical creatures, or a side) get one roll, with the
    best bonus among them.
    """
    scene = Scene(fight, rules, rng)
    for key in {*only, *advantage, *disadvantage}:
        scene.get(key)
    roll_for(scene, tuple(only) or everybody(fight), advantage, disadvantage)
    if only:
        for key in only:
            insert(scene, scene.get(key))
    else:
        sort(scene)
    return scene.outcome()


def set_initiative(
    fight: Fight, rules: Rules, who: str, value: int, *, pin: bool = False
) -> Outcome:
    """Set one's initiative by hand. A pinned one keeps it when everybody rolls anew."""
    scene = Scene(fight, rules)
    changed = scene.put(attrs.evolve(scene.get(who), initiative=value, pinned=pin))
    insert(scene, changed)
    scene.say("initiative", who, f"{changed.name} acts on {value}", value=value)
    return scene.outcome()


def place(fight: Fight, rules: Rules, who: str, where: str, other: str) -> Outcome:
    """Put one directly ``before`` or ``after`` another; it holds until initiative is rolled anew.

    Who has had a turn in this round gets no second one, and who has not still gets theirs.
    """
    scene = Scene(fight, rules)
    if where not in {"before", "after"}:
        raise InputError(f"{where!r} is no place in the order", "Say before or after")
    mover, anchor = scene.get(who), scene.get(other)
    if who == other:
        raise InputError(f"{mover.name} cannot stand {where} itself", "Name two combatants")
    for each in (mover, anchor):
        if each.id not in fight.order:
            raise InputError(f"{each.name} has no initiative yet", "Roll or set it first")
    put_beside(scene, who, other, after=where == "after")
    scene.say("order", who, f"{mover.name} acts {where} {anchor.name}", place=where, other=other)
    return scene.outcome()


def roll_for(
    scene: Scene,
    who: Collection[str],
    advantage: Collection[str] = (),
    disadvantage: Collection[str] = (),
) -> None:
    """Roll for those named, but for the pinned. The order is the caller's business."""
    rules = scene.rules.initiative
    units = _units(scene, who)
    if scene.fight.mode == "cards":
        _deal(scene, units)
        return
    for members in units:
        first = members[0]
        if first.kind == "environment":
            value, dice = rules.lair, ""
        elif scene.fight.mode == "side" and rules.side:
            value, dice = scene.roll(rules.side), rules.side
        else:
            dice = _dice(scene, members, advantage, disadvantage)
            value = scene.roll(dice) + max(each.initiative_bonus for each in members)
        for each in members:
            off = scene.rng.randint(1, 1000)
            scene.put(attrs.evolve(scene.get(each.id), initiative=value, roll_off=off))
        names = ", ".join(each.name for each in members)
        scene.say(
            "initiative", first.id, f"{names}: initiative {value}",
            value=value, dice=dice, members=[each.id for each in members],
        )  # fmt: skip


def _deal(scene: Scene, units: list[list[Combatant]]) -> None:
    """Give each unit a card. Advantage and the like are no matter of cards."""
    out = cards.left_in(scene.fight.dealt, len(units))
    for members in units:
        card = cards.draw(out, scene.rng)
        out = (*out, card)
        for each in members:
            scene.put(attrs.evolve(scene.get(each.id), initiative=card, roll_off=0))
        names = ", ".join(each.name for each in members)
        scene.say(
            "initiative", members[0].id, f"{names}: {cards.title(card)}",
            value=card, dice="", members=[each.id for each in members],
        )  # fmt: skip
    scene.fight = attrs.evolve(scene.fight, dealt=out)


def everybody(fight: Fight) -> tuple[str, ...]:
    """Who is here."""
    return tuple(each.id for each in fight.combatants if each.active)


def sort(scene: Scene) -> None:
    """Work the whole order out anew."""
    ranked = tuple(each.id for each in _sorted(scene))
    scene.fight = attrs.evolve(scene.fight, order=ranked)


def insert(scene: Scene, who: Combatant) -> None:
    """Put one into the order by initiative, moving nobody else."""
    rest = [key for key in scene.fight.order if key != who.id]
    mine = _key(who, scene)
    at = len(rest)
    for index, key in enumerate(rest):
        if mine < _key(scene.get(key), scene):
            at = index
            break
    mates = [
        index
        for index, key in enumerate(rest)
        if _unit(scene.fight, scene.get(key)) == _unit(scene.fight, who)
        and scene.get(key).initiative == who.initiative
    ]
    if mates:
        at = mates[-1] + 1
    scene.fight = attrs.evolve(scene.fight, order=(*rest[:at], who.id, *rest[at:]))


def put_beside(scene: Scene, who: str, other: str, *, after: bool) -> None:
    """Move one to a place beside another."""
    rest = [key for key in scene.fight.order if key != who]
    at = rest.index(other) + after
    scene.fight = attrs.evolve(scene.fight, order=(*rest[:at], who, *rest[at:]))


def mates(fight: Fight, who: Combatant) -> list[Combatant]:
    """Those in the fight who share a roll with one."""
    unit = _unit(fight, who)
    return [
        each
        for each in fight.combatants
        if each.id != who.id and each.active and _unit(fight, each) == unit
    ]


def _units(scene: Scene, who: Collection[str]) -> list[list[Combatant]]:
    units: dict[str, list[Combatant]] = {}
    for each in scene.fight.combatants:
        if each.id in who and not (each.pinned and each.initiative is not None):
            units.setdefault(_unit(scene.fight, each), []).append(each)
    return list(units.values())


def _unit(fight: Fight, who: Combatant) -> str:
    """What one rolls with: itself, its group or its side. A lair is always by itself."""
    if who.kind != "environment":
        if fight.mode == "side" and who.side:
            return f"side {who.side}"
        if fight.mode in {"group", "side", "cards"} and who.group:
            return f"group {who.group}"
    return f"one {who.id}"


def _dice(
    scene: Scene,
    members: Iterable[Combatant],
    advantage: Collection[str],
    disadvantage: Collection[str],
) -> str:
    """The dice for a unit; advantage and disadvantage undo one another."""
    rules = scene.rules.initiative
    up = down = False
    for each in members:
        up |= each.id in advantage
        down |= each.id in disadvantage
        down |= each.surprised and rules.surprise == "disadvantage"
        for condition in conditions.rules_on(each, scene.rules):
            up |= condition.initiative == "advantage"
            down |= condition.initiative == "disadvantage"
    if up == down:
        return rules.dice
    return rules.advantage if up else rules.disadvantage


def _key(who: Combatant, scene: Scene) -> Key:
    """What is sorted by: initiative, then the ties of the rules. A lair loses every tie."""
    rules, first = scene.rules, who.initiative or 0
    highest = scene.fight.mode == "cards" or rules.initiative.first == "highest"
    ties = {
        "score": -who.score,
        "players": 0 if who.kind in {"player", "ally"} else 1,
        "roll": -who.roll_off,
    }
    return (
        -first if highest else first,
        who.kind == "environment",
        *(ties[tie] for tie in rules.initiative.ties),
    )


def _sorted(scene: Scene) -> list[Combatant]:
    """Everybody with an initiative, in a total order; who shares a roll stays together."""
    fight = scene.fight
    joined = {each.id: index for index, each in enumerate(fight.combatants)}
    best: dict[str, tuple[Key, int]] = {}
    rolled = [each for each in fight.combatants if each.initiative is not None]
    for each in rolled:
        unit = f"{_unit(fight, each)} {each.initiative}"
        mine = (_key(each, scene), joined[each.id])
        best[unit] = min(best.get(unit, mine), mine)
    return sorted(
        rolled,
        key=lambda each: (
            best[f"{_unit(fight, each)} {each.initiative}"], _key(each, scene), joined[each.id],
        ),
    )  # fmt: skip
