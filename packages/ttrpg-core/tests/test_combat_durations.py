"""When an effect ends: the twelve durations, and what may come between."""

from random import Random

import attrs
import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import (
    clock,
    durations,
    effects,
    hp,
    order,
    roster,
    rules,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import (
    Combatant,
    Due,
    Duration,
    Effect,
)

NEW = rules.load("dnd5e-2024")
UNTIL = "until the end of"
AT = {"ann": 20, "ben": 15, "cid": 10}


def fight_of(law=NEW, at="ann", **more):
    """Ann, Ben and Cid in the first round, at somebody's turn."""
    fight = roster.new("f", "F", law)
    for name, value in AT.items():
        one = Combatant("", name.title(), "player", hp=30, hp_max=30, initiative=value)
        if name in more:
            one = attrs.evolve(one, **more[name])
        fight, _ = roster.add(fight, law, one)
    fight, _ = turns.start(fight, law, Random(1))
    while fight.current != at:
        fight, _ = turns.advance(fight, law, Random(1))
    return fight


def put(fight, who, condition="hexed", law=NEW, **more):
    return effects.apply(fight, law, who, Effect("", condition, **more)).fight


def when_it_ends(fight, law=NEW, turns_at_most=700):
    """Between which two turns an effect ends: ``(round, old turn, round, new turn)``."""
    for _ in range(turns_at_most):
        before = fight
        fight, facts = turns.advance(fight, law, Random(1))
        ended = [index for index, f in enumerate(facts) if f.kind == "combat.condition.ended"]
        if ended:
            turn = [index for index, f in enumerate(facts) if f.kind == "combat.turn"]
            edge = "end" if ended[0] < turn[0] else "start"
            shown = before if edge == "end" else fight
            return edge, shown.round, shown.current
    return None


@pytest.mark.parametrize(
    ("lasts", "at", "bearer", "source", "ends"),
    [
        # 1 turns: the end of the bearer's turns that begin after now
        (Duration("turns", 1), "ann", "ben", "ann", ("end", 1, "ben")),
        (Duration("turns", 1), "ann", "ann", "ann", ("end", 2, "ann")),
        (Duration("turns", 3), "cid", "ben", "cid", ("end", 4, "ben")),
        # 2 rounds: the same point so many rounds later
        (Duration("rounds", 1), "ben", "cid", "ben", ("start", 2, "ben")),
        (Duration("rounds", 3), "cid", "ann", "cid", ("start", 4, "cid")),
        # 3 minutes and 4 hours: by the clock, ten rounds a minute
        (Duration("minutes", 1), "ben", "ann", "ben", ("start", 11, "ben")),
        (Duration("minutes", 2), "ann", "ann", "ann", ("start", 21, "ann")),
        # 5 and 6: an edge of the bearer's next turn, or of somebody else's
        (Duration("end-of-next-turn"), "ann", "ben", "ann", ("end", 1, "ben")),
        (Duration("end-of-next-turn"), "ben", "ben", "ben", ("end", 2, "ben")),
        (Duration("end-of-next-turn", of="ann"), "ann", "cid", "ann", ("end", 2, "ann")),
        (Duration("start-of-next-turn"), "ann", "cid", "ann", ("start", 1, "cid")),
        (Duration("start-of-next-turn"), "ben", "ann", "ben", ("start", 2, "ann")),
        (Duration("start-of-next-turn", of="ann"), "ann", "cid", "ann", ("start", 2, "ann")),
        # 7 the end of the source's turn: this one, if it is theirs
        (Duration("end-of-source-turn"), "ann", "cid", "ann", ("end", 1, "ann")),
        (Duration("end-of-source-turn"), "ann", "cid", "ben", ("end", 1, "ben")),
        (Duration("end-of-source-turn"), "ben", "cid", "ann", ("end", 2, "ann")),
        # 8 to 12: only people can tell
        (Duration("until-save"), "ann", "ben", "ann", None),
        (Duration("until-removed"), "ann", "ben", "ann", None),
        (Duration("permanent"), "ann", "ben", "ann", None),
        (Duration("until-trigger", text="the bell rings"), "ann", "ben", "ann", None),
        (Duration("custom", text="the moon is full"), "ann", "ben", "ann", None),
    ],
)
def test_when_a_duration_ends(lasts, at, bearer, source, ends):
    fight = put(fight_of(at=at), bearer, source=source, duration=lasts)
    assert when_it_ends(fight, turns_at_most=90) == ends


def test_hours_end_by_the_clock_after_so_many_rounds():
    fight = put(fight_of(), "ben", duration=Duration("hours", 1))
    assert when_it_ends(fight, turns_at_most=2000) == ("start", 601, "ann")


def test_hours_end_when_time_is_let_pass():
    fight = put(fight_of(), "ben", duration=Duration("hours", 8))
    fight, facts = clock.pass_time(fight, NEW, 8 * 3600 - 1)
    assert [fact.prose for fact in facts] == ["7 h 59 min 59 s pass"]
    fight, facts = clock.pass_time(fight, NEW, 2)
    assert facts[1].prose == "Ben: Hexed ends (time is up)"


@pytest.mark.parametrize(
    ("lasts", "left", "later"),
    [
        (Duration("turns", 1), f"{UNTIL} the next turn of Ben", f"{UNTIL} this turn of Ben"),
        (Duration("turns", 2), "2 turns", f"{UNTIL} the next turn of Ben"),
        (Duration("turns", 4), "4 turns", "3 turns"),
        (Duration("rounds", 2), "2 rounds", "2 rounds"),
        (Duration("minutes", 1), "10 rounds", "10 rounds"),
        (Duration("minutes", 10), "10 minutes", "10 minutes"),
        (Duration("hours", 8), "8 hours", "8 hours"),
        (Duration("permanent"), "for good", "for good"),
        (Duration("until-removed"), "until it is removed", "until it is removed"),
        (Duration("until-trigger", text="the bell rings"), "until the bell rings", None),
        (Duration("until-long-rest"), "until a long rest", None),
    ],
)  # fmt: skip
def test_what_is_left_follows_from_the_clock(lasts, left, later):
    fight = put(fight_of(), "ben", duration=lasts)
    effect = fight.get("ben").effects[0]
    assert durations.left(fight, effect) == left
    fight, _ = turns.advance(fight, NEW, Random(1))
    assert fight.get("ben").effects[0] == effect  # nothing counts down
    if later:
        assert durations.left(fight, effect) == later


@pytest.mark.parametrize("n", [0, -3, 10**9])
def test_impossible_lengths_are_refused(n):
    with pytest.raises(InputError, match="no length of time"):
        put(fight_of(), "ben", duration=Duration("rounds", n))


def test_looking_back_neither_ends_nor_brings_back():
    fight = put(fight_of(), "ben", duration=Duration("turns", 1))
    for _ in range(2):
        fight, facts = turns.advance(fight, NEW, Random(1))
    assert facts[0].kind == "combat.condition.ended"
    for command in (turns.back, turns.advance, turns.back, turns.back, turns.advance):
        more = () if command is turns.back else (Random(1),)
        fight, facts = command(fight, NEW, *more)
        assert [fact.kind for fact in facts] == ["combat.turn"]


def test_an_effect_put_on_while_looking_back_ends_where_it_belongs():
    fight = fight_of(at="cid")
    fight, _ = turns.back(fight, NEW)
    fight = put(fight, "cid", duration=Duration("start-of-next-turn"))
    assert when_it_ends(fight) == ("start", 1, "cid")
    fight = turns.back(fight_of(at="cid"), NEW).fight
    fight = put(fight, "cid", source="ben", duration=Duration("end-of-source-turn"))
    assert when_it_ends(fight) == ("end", 1, "ben")


@pytest.mark.parametrize("why", ["leaves", "dies", "is moved", "waits"])
def test_an_effect_ends_although_the_one_it_is_anchored_to(why):
    fight = put(fight_of(), "cid", duration=Duration("end-of-next-turn", of="ben"))
    if why == "leaves":
        fight, _ = roster.leave(fight, NEW, "ben")
    elif why == "dies":
        fight, _ = hp.hit(fight, NEW, "ben", [Part(99)], Random(1))
    elif why == "is moved":
        fight, _ = order.place(fight, NEW, "ben", "after", "cid")
    else:
        fight, _ = turns.advance(fight, NEW, Random(1))
        fight, _ = turns.delay(fight, NEW, Random(1))
    gone = why in {"leaves", "dies"}
    assert when_it_ends(fight) == (("start", 2, "ann") if gone else ("end", 1, "ben"))


def test_an_effect_anchored_to_nobody_here_ends_with_the_time():
    fight = fight_of()
    assert durations.reached(fight, Due(fight.now, "ghost", "end"))
    assert not durations.reached(fight, Due(fight.now + 1, "ghost"))
    assert not durations.reached(fight, Due(fight.now, "ben", "end"))


def test_the_next_turn_of_a_late_comer_is_in_the_next_round():
    fight = fight_of(at="ben")
    fight, _ = roster.add(fight, NEW, Combatant("", "Late", hp=9, hp_max=9, initiative=18))
    fight = put(fight, "late", duration=Duration("end-of-next-turn"))
    assert when_it_ends(fight) == ("end", 2, "late")
