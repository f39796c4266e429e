"""The end of a fight: experience, what was done and suffered, what there is to take, who goes on.

Rules: SRD 5.1 "Experience Points" (a monster's are by its challenge rating, for defeating it or
otherwise ending its threat), SRD 5.2.1 "Experience Points"; shared equally among the characters.
"""

from collections.abc import Collection

import attrs

from ttrpg_core.table.combat.clock import span
from ttrpg_core.table.combat.roster import FOES, PARTY
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene, count
from ttrpg_core.table.combat.state import Combatant, Fight, Tally


def defeated(fight: Fight) -> tuple[str, ...]:
    """The foes who are dead, dying or out."""
    return tuple(each.id for each in fight.combatants if each.side == FOES and each.life != "up")


def end(fight: Fight, rules: Rules, beaten: Collection[str] | None = None) -> Outcome:
    """End the fight. ``beaten`` are the foes that count, where some fled or gave in."""
    scene = Scene(fight, rules)
    fallen = defeated(fight) if beaten is None else tuple(scene.get(key).id for key in beaten)
    xp = sum(rules.worth(scene.get(key)) for key in fallen)
    players = [each.id for each in fight.combatants if each.kind == "player"]
    share = xp // len(players) if players else 0
    rounds = fight.turns[-1].round if fight.turns else 0
    seconds = rounds * fight.round_seconds + fight.skipped
    scene.say(
        "end", "", f"{fight.name} ends after {count(rounds, 'round')} ({span(seconds)})",
        rounds=rounds, seconds=seconds, began=fight.began, ended=fight.began + seconds,
        defeated=list(fallen),
        down=[each.id for each in fight.combatants if each.side == PARTY and each.life != "up"],
    )  # fmt: skip
    for each in fight.combatants:
        _report(scene, each)
    if xp:
        scene.say(
            "xp", "", f"{xp:,} XP for {count(len(fallen), 'foe')}"
            + (f", {share:,} each" if players else ""),
            xp=xp, share=share, players=players, foes=list(fallen),
        )  # fmt: skip
    if fallen:
        names = ", ".join(scene.name(key) for key in fallen)
        scene.say("prompt.loot", "", f"What do they leave? {names}", foes=list(fallen))
    for each in fight.combatants:
        if each.side == PARTY and each.active and each.life == "dying" and rules.death:
            scene.say("prompt.dying", each.id, f"{each.name} is still dying: ttrpg save {each.id}")
    newest = len(fight.turns) - 1  # not an earlier one that somebody looks back at
    scene.fight = attrs.evolve(scene.fight, status="ended", prompts=(), at=newest)
    return scene.outcome()


def carried(fight: Fight, rules: Rules) -> tuple[Combatant, ...]:
    """The party as it goes on: hit points, uses and effects stay, what was the fight's goes.

    An effect that hung on one of somebody who stays behind ends, and so does being held by them.
    """
    party = [each for each in fight.combatants if each.kind in {"player", "ally"}]
    held = {effect.id for each in party for effect in each.effects}
    near = {"", *(each.id for each in party)}
    return tuple(
        attrs.evolve(
            each,
            initiative=None,
            roll_off=0,
            pinned=False,
            readied="",
            surprised=False,
            late=0,
            active=True,
            tally=Tally(),
            effects=tuple(
                effect
                for effect in each.effects
                if (not effect.linked_to or effect.linked_to in held)
                and (effect.source in near or not rules.known(effect.condition).held)
            ),
        )
        for each in party
    )


def _report(scene: Scene, one: Combatant) -> None:
    tally = one.tally
    parts = [
        f"{number:,} {what}"
        for number, what in (
            (tally.dealt, "dealt"),
            (tally.taken, "taken"),
            (tally.healing, "healed in others"),
            (tally.healed, "healed"),
            (tally.felled, "felled"),
            (tally.downs, "time down" if tally.downs == 1 else "times down"),
        )
        if number
    ]
    if parts:
        turns = sum(t.who == one.id and not t.resumed for t in scene.fight.turns)
        scene.say(
            "statistics", one.id, f"{one.name}: {', '.join(parts)}", turns=turns,
            **attrs.asdict(tally),
        )  # fmt: skip
