"""Whose turn it is: start, next, previous, delay, ready; and what is due at a turn's edges.

All turns begun are kept in a list, and a new one is the first in the order of those who have had
none in this round. So nobody is skipped and nobody comes twice, whoever joins, leaves, hides,
delays, dies or is moved in between. *Previous* only looks back along the list; *next* comes
forward along it, and only a new turn makes anything happen.

At the edge between two turns, in this order: what ends with the old turn, saves due at its end,
what others may do after it; then, in the new one, what ends as it begins, resources that come back,
a death save, saves and damage due at its start, what may be used in it. Somebody whose turn it is
may settle these in another order (SRD 5.2.1 "Simultaneous Effects"); they are prompts.
"""

import random

import attrs

from ttrpg_core import text
from ttrpg_core.errors import Denied, InputError
from ttrpg_core.table.combat import conditions, death, order, resources, saves
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Edge, Fight, Prompt, Turn


def start(fight: Fight, rules: Rules, rng: random.Random, clock: int | None = None) -> Outcome:
    """Begin: roll for those without initiative, order all, and give the first turn.

    ``clock`` is the campaign's time by now; what has run out since the fight was prepared ends.
    """
    scene = Scene(fight, rules, rng)
    if fight.status != "preparing":
        raise InputError("the fight has begun already", "Go on with the next turn")
    if not any(each.acts for each in fight.combatants):
        raise InputError("nobody is there to fight", "Add combatants first")
    if clock is not None:
        scene.fight = attrs.evolve(fight, began=clock)
        conditions.lapse(scene)
        death.wake(scene)
    scene.fight = attrs.evolve(scene.fight, status="active", round_seconds=rules.round_seconds)
    waiting = tuple(each.id for each in fight.combatants if each.initiative is None)
    if waiting:
        order.roll_for(scene, waiting)
    _line_up(scene)
    for each in scene.fight.combatants:
        resources.refresh(scene, each.id, "fight")
    scene.say("start", "", f"{fight.name or 'The fight'} begins", order=list(scene.fight.order))
    _begin_next(scene)
    return scene.outcome()


def advance(fight: Fight, rules: Rules, rng: random.Random, to: str = "") -> Outcome:
    """The next turn. After a look back, the turn that came next then, and nothing happens twice.

    ``to`` is who was chosen to be next, where that is chosen: one who has had no turn in this round
    or, when all have, anybody in the next.
    """
    scene = Scene(fight, rules, rng)
    _need_running(fight)
    if to and (fight.mode != "elective" or not fight.is_newest):
        raise InputError("the order says who is next", "Change it: ttrpg order NAME before NAME")
    if not fight.is_newest:
        conditions.lapse(scene, ending=True)
        scene.turns(fight.turns, fight.at + 1)
        _say_turn(scene, again=True)
        conditions.lapse(scene)
        return scene.outcome()
    _need_somebody(fight)
    if fight.mode == "elective":
        _need_choice(fight, to)
    _end_turn(scene)
    _begin_next(scene, to)
    return scene.outcome()


def choices(fight: Fight) -> tuple[str, ...]:
    """Who may be chosen to be next, in their order; nobody where the order says it."""
    if fight.mode != "elective" or fight.status != "active" or not fight.is_newest:
        return ()
    had = _had(fight)
    here = tuple(key for key in fight.order if fight.get(key).acts)
    return tuple(key for key in here if key not in had) or here


def back(fight: Fight, rules: Rules) -> Outcome:
    """Look back at the turn before. What happened since stays: undo takes that back."""
    scene = Scene(fight, rules)
    _need_running(fight)
    if fight.at < 1:
        raise InputError("this is the first turn", "There is none before it")
    scene.turns(fight.turns, fight.at - 1)
    _say_turn(scene, again=True)
    return scene.outcome()


def delay(fight: Fight, rules: Rules, rng: random.Random) -> Outcome:
    """Let whose turn it is wait. They come in when they like, or else at the end of the round."""
    scene = Scene(fight, rules, rng)
    _need_running(fight)
    _need_newest(fight)
    turn = fight.turns[-1]
    if fight.mode == "elective":
        raise InputError("nobody waits where one says who is next", "Let another act before")
    if not _upcoming(fight):
        raise InputError("nobody else acts in this round", "There is nobody to wait for")
    if turn.resumed:
        raise InputError(f"{scene.name(turn.who)} has delayed already", "Once a round is enough")
    scene.turns((*fight.turns[:-1], attrs.evolve(turn, delayed=True)), fight.at)
    scene.say("delay", turn.who, f"{scene.name(turn.who)} waits")
    _begin_next(scene)
    return scene.outcome()


def step_in(fight: Fight, rules: Rules, who: str, rng: random.Random) -> Outcome:
    """Give one who waits their turn now, after the one that is running. The order keeps it so."""
    scene = Scene(fight, rules, rng)
    _need_running(fight)
    _need_newest(fight)
    one = scene.get(who)
    those = [key for key in waiting(fight) if fight.get(key).acts]
    if who not in those:
        hint = f"Who waits: {', '.join(those)}" if those else "Only one who delayed can step in"
        raise InputError(f"{one.name} is not waiting", hint)
    _end_turn(scene)
    _begin(scene, who)
    return scene.outcome()


def waiting(fight: Fight) -> list[str]:
    """Who delayed in this round and has not come in, the first first."""
    turns = [turn for turn in fight.turns if turn.round == _round(fight)]
    resumed = {turn.who for turn in turns if turn.resumed}
    return [turn.who for turn in turns if turn.delayed and turn.who not in resumed]


def ready(fight: Fight, rules: Rules, who: str, what: str) -> Outcome:
    """Note what one will do and upon what; it holds until their next turn begins.

    Rules: SRD 5.1 and 5.2.1, "Ready". A readied spell is held by concentration: begin that too.
    """
    scene = Scene(fight, rules)
    one = scene.get(who)
    if conditions.stopped(one, rules):
        raise InputError(f"{one.name} can take no actions", "Nothing can be readied")
    what = text.name(what, "readied action")
    scene.put(attrs.evolve(one, readied=what))
    scene.say("ready", who, f"{one.name} readies: {what}", what=what)
    return scene.outcome()


def release(fight: Fight, rules: Rules, who: str) -> Outcome:
    """Do what was readied."""
    scene = Scene(fight, rules)
    one = scene.get(who)
    if not one.readied:
        raise InputError(f"{one.name} has readied nothing", "Ready an action first")
    scene.put(attrs.evolve(one, readied=""))
    scene.say("released", who, f"{one.name} does what was readied: {one.readied}", what=one.readied)
    return scene.outcome()


def _line_up(scene: Scene) -> None:
    """Put all in order that are not, and forget a surprise that only initiative knows."""
    if not scene.fight.order:
        order.sort(scene)
    for each in scene.fight.combatants:
        if each.id not in scene.fight.order:
            order.insert(scene, each)
        if scene.rules.initiative.surprise != "no-action":
            scene.put(attrs.evolve(scene.get(each.id), surprised=False))


def _need_running(fight: Fight) -> None:
    if fight.status != "active":
        raise InputError("the fight has not begun", "Start it: initiative is rolled then")


def _need_newest(fight: Fight) -> None:
    if not fight.is_newest:
        raise Denied("an earlier turn is shown", "Come forward to the last one first")


def _need_somebody(fight: Fight) -> None:
    if not any(each.acts for each in fight.combatants):
        raise InputError("nobody is left who can take a turn", "End the fight, or add somebody")


def _need_choice(fight: Fight, to: str) -> None:
    """Who is next has to be said where several may be."""
    known = choices(fight)
    if to not in known and (to or len(known) > 1):
        names = ", ".join(known[: text.SHOWN])
        what = f"{fight.get(to).name} cannot be next" if to else "who is next?"
        raise InputError(what, f"ttrpg next NAME: {names}")


def _round(fight: Fight) -> int:
    """The round of the last turn begun."""
    return fight.turns[-1].round if fight.turns else 0


def _had(fight: Fight) -> set[str]:
    """Who has begun a turn in this round, and those who joined too late for one."""
    round_now = _round(fight)
    had = {turn.who for turn in fight.turns if turn.round == round_now}
    return had | {each.id for each in fight.combatants if each.late == round_now}


def _upcoming(fight: Fight) -> str:
    """Who comes next in this round, those who wait apart; empty when nobody does."""
    had = _had(fight)
    return next((key for key in fight.order if key not in had and fight.get(key).acts), "")


def _begin_next(scene: Scene, to: str = "") -> None:
    """Begin the turn of whoever is next, in this round or a new one; ``to`` when it is chosen."""
    fight = scene.fight
    who = _upcoming(fight) if fight.turns else ""
    if not who and fight.turns:
        who = next((key for key in waiting(fight) if fight.get(key).acts), "")
    if who:
        _begin(scene, to if to and fight.get(to).acts else who)
        return
    number = _round(fight) + 1
    scene.say("round", "", f"Round {number}", round=number)
    if number > 1:
        if fight.reroll or fight.mode == "cards":
            order.roll_for(scene, order.everybody(fight))
            order.sort(scene)
        for each in fight.combatants:
            resources.refresh(scene, each.id, "round")
    fight = scene.fight
    first = next(key for key in fight.order if fight.get(key).acts)
    _begin(scene, to if to and fight.get(to).acts else first, number)


def _begin(scene: Scene, who: str, number: int = 0) -> None:
    """Begin a turn, in this round or the one with a number."""
    fight = scene.fight
    resumed = not number and who in waiting(fight)
    if resumed:
        order.put_beside(scene, who, fight.turns[-1].who, after=True)
        number = _round(fight)
    turn = Turn(number or _round(fight), who, resumed=resumed)
    scene.turns((*fight.turns, turn), len(fight.turns))
    _say_turn(scene)
    conditions.lapse(scene)
    death.wake(scene)
    if not resumed:
        _start_turn(scene, who)


def _start_turn(scene: Scene, who: str) -> None:
    one = scene.get(who)
    if one.readied:
        one = scene.put(attrs.evolve(one, readied=""))
        scene.say("ready.lapsed", who, f"{one.name} no longer holds a readied action")
    resources.refresh(scene, who, "turn-start")
    one = scene.get(who)
    if one.surprised and scene.rules.initiative.surprise == "no-action":
        scene.say("prompt.surprised", who, f"{one.name} is surprised: no move or action this turn")
    if one.life == "dying" and scene.rules.death:
        scene.ask(Prompt(0, "death-save", who, dc=scene.rules.death.success),
                  f"{one.name} is dying: death save")  # fmt: skip
    _ask_saves(scene, who, "start")
    resources.offer(scene, "turn-start", scene.get(who))


def _end_turn(scene: Scene) -> None:
    """What is due at the end of the turn that is running."""
    who = scene.fight.current
    conditions.lapse(scene, ending=True)
    _ask_saves(scene, who, "end")
    resources.refresh(scene, who, "turn-end")
    one = scene.get(who)
    if one.surprised:
        scene.put(attrs.evolve(one, surprised=False))
    if one.kind != "environment":  # "another creature's turn": a lair is none
        for each in scene.fight.combatants:
            if each.id != who and each.acts:
                resources.offer(scene, "others-turn-end", each)


def _ask_saves(scene: Scene, who: str, edge: Edge) -> None:
    """Ask for the saves, and remind of the damage and healing, due at an edge of one's turn."""
    one = scene.get(who)
    if not one.acts:
        return
    for each in one.effects:
        if each.recurring and each.recurring.edge == edge:
            again = each.recurring
            what = "regains" if again.heals else "takes"
            kind = f" {again.type}" if again.type else ""
            scene.say(
                "prompt.recurring", who,
                f"{one.name} {what} {again.dice}{kind}"
                f" ({each.note or scene.rules.called(each.condition)})",
                effect=each.id, dice=again.dice, type=again.type, heals=again.heals,
            )  # fmt: skip
        if each.save and each.save.when == f"turn-{edge}":
            saves.ask(scene, one, each.id, each.save)


def _say_turn(scene: Scene, *, again: bool = False) -> None:
    one = scene.get(scene.fight.current)
    scene.say("turn", one.id, f"Round {scene.fight.round}: {one.name}",
              round=scene.fight.round, again=again)  # fmt: skip
