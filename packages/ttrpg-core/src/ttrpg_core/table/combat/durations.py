"""When an effect ends: a length of time becomes a moment, and the remainder follows from it.

A duration is worked out once, when the effect begins, into a moment on the clock and an edge of
somebody's turn. Nothing is counted down, so neither a look back nor a change of the order can end
an effect twice or too early; and since a round that is over is over, the moment is reached even
when the one whose turn was meant has left.

Lengths: a round is 6 seconds (SRD 5.1 "The Order of Combat"), so an effect of a minute that began
on somebody's turn ends at the start of that turn ten rounds later. "The end of your next turn" is
the end of a turn that begins after now: given on one's own turn, it is not this one.
"""

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat.scene import count
from ttrpg_core.table.combat.state import Due, Duration, Effect, Fight

MINUTE, HOUR = 60, 3600
COUNTED = ("turns", "rounds", "minutes", "hours")
LONGEST = 1_000_000
"""Most turns, rounds, minutes or hours."""


def due(fight: Fight, duration: Duration, bearer: str) -> Due | None:
    """The moment at which an effect that begins now ends; None when only people can tell."""
    kind, n = duration.kind, duration.n
    if kind in COUNTED and not 1 <= n <= LONGEST:
        raise InputError(f"{n} {kind} is no length of time", f"Give a number from 1 to {LONGEST:,}")
    who = duration.of or bearer
    next_turn = _next_turn(fight, who)
    current = fight.current
    moments = {
        "turns": Due(next_turn + (n - 1) * fight.round_seconds, who, "end"),
        "rounds": Due(fight.now + n * fight.round_seconds, current),
        "minutes": Due(fight.now + n * MINUTE, current),
        "hours": Due(fight.now + n * HOUR, current),
        "end-of-next-turn": Due(next_turn, who, "end"),
        "start-of-next-turn": Due(next_turn, who),
        "end-of-source-turn": Due(fight.now if who == current else next_turn, who, "end"),
    }
    return moments.get(kind)


def reached(fight: Fight, moment: Due, *, ending: bool = False) -> bool:
    """Whether a moment has come; ``ending`` is True when the turn that is shown is just ending.

    Where no turns are taken, as on a rest, only the clock tells.
    """
    if fight.now != moment.at:
        return fight.now > moment.at
    if fight.status == "active" and not fight.turns:
        return True
    if not moment.who or not fight.has(moment.who):
        return True
    begun = [
        index
        for index, turn in enumerate(fight.turns[: fight.at + 1])
        if turn.who == moment.who and turn.round == fight.round
    ]
    if moment.edge == "start":
        return bool(begun)
    return any(not fight.turns[i].delayed and (i < fight.at or ending) for i in begun)


def left(fight: Fight, effect: Effect) -> str:
    """What is left of an effect, for people: ``3 rounds``, ``until the end of Mara's turn``."""
    moment, duration = effect.due, effect.duration
    if moment is None:
        return _by_hand(effect)
    seconds = moment.at - fight.now
    if seconds >= 2 * HOUR:
        return count(seconds // HOUR, "hour")
    if seconds > MINUTE and fight.round_seconds <= MINUTE:
        return count(-(-seconds // MINUTE), "minute")
    if not moment.who or not fight.has(moment.who) or duration.kind in COUNTED[1:]:
        return count(max(-(-seconds // fight.round_seconds), 1), "round")
    turns = (moment.at - _next_turn(fight, moment.who)) // fight.round_seconds + 1
    if turns > 1:
        return count(turns, "turn")
    turn = "the next turn" if turns else "this turn"
    return f"until the {moment.edge} of {turn} of {fight.get(moment.who).name}"


def _by_hand(effect: Effect) -> str:
    duration, save = effect.duration, effect.save
    if duration.text:
        return f"until {duration.text}"
    if duration.kind == "until-save" and save:
        return f"until a DC {save.dc} {save.ability.upper()} save"
    return {
        "permanent": "for good",
        "until-short-rest": "until a rest",
        "until-long-rest": "until a long rest",
    }.get(duration.kind, "until it is removed")


def _next_turn(fight: Fight, who: str) -> int:
    """The start of the round, in seconds, in which one's next turn begins."""
    had = fight.get(who).late == fight.round > 0 or any(
        turn.who == who and turn.round == fight.round and not turn.resumed
        for turn in fight.turns[: fight.at + 1]
    )
    return fight.now + (fight.round_seconds if had else 0)
