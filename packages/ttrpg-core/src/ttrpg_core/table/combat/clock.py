"""Time in the game: one clock for the campaign, and fights that keep to it.

The clock is a number of seconds, a value like any other. A fight takes the time at which it begins
from it, and knows by its rounds what time it is there. When the party splits, each fight runs at
its own pace and the clock follows the one that is furthest; :func:`behind` says who is late.
"""

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import conditions, death
from ttrpg_core.table.combat.durations import HOUR, MINUTE
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight

DAY = 24 * HOUR
LONGEST = 10_000 * DAY
"""Most that passes at once, in seconds."""


def reached(fight: Fight) -> int:
    """How far a fight has come, in seconds on the clock: to its last round, whatever is shown."""
    last = fight.turns[-1].round if fight.turns else 1
    return fight.began + fight.skipped + (last - 1) * fight.round_seconds


def over(fight: Fight) -> int:
    """When a fight is over that ends now, in seconds on the clock: its last round counts whole."""
    return reached(fight) + (fight.round_seconds if fight.turns else 0)


def behind(clock: int, fight: Fight) -> int:
    """How many seconds a fight is behind the clock."""
    return max(clock - reached(fight), 0)


def shifted(one: Combatant, seconds: int) -> Combatant:
    """A combatant with all its moments so much later, as when the clock itself is set."""
    return attrs.evolve(
        one,
        wakes_at=None if one.wakes_at is None else one.wakes_at + seconds,
        effects=tuple(
            each
            if each.due is None
            else attrs.evolve(each, due=attrs.evolve(each.due, at=each.due.at + seconds))
            for each in one.effects
        ),
    )


def pass_time(fight: Fight, rules: Rules, seconds: int) -> Outcome:
    """Let time pass in a fight beside its rounds: what runs out meanwhile ends."""
    scene = Scene(fight, rules)
    elapse(scene, seconds)
    return scene.outcome()


def elapse(scene: Scene, seconds: int) -> None:
    """Let time pass inside another command."""
    if not 0 < seconds <= LONGEST:
        raise InputError(f"{seconds} s cannot pass", f"From 1 second to {LONGEST // DAY:,} days")
    scene.fight = attrs.evolve(scene.fight, skipped=scene.fight.skipped + seconds)
    scene.say("time", "", f"{span(seconds)} pass", seconds=seconds)
    conditions.lapse(scene)
    death.wake(scene)
    if seconds >= scene.fight.round_seconds:
        for each in scene.fight.combatants:
            conditions.stand_up(scene, each.id)


def span(seconds: int) -> str:
    """A length of time for people: ``1 h 30 min``."""
    days, rest = divmod(seconds, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
