"""Rests, the party carried over, the end of a fight, and one clock for several."""

from random import Random
from typing import NamedTuple

import attrs
import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import (
    clock,
    death,
    effects,
    ending,
    hp,
    resources,
    rests,
    roster,
    rules,
    saves,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import Combatant, Duration, Effect, Tally

OLD, NEW, OTHER = (rules.load(name) for name in ("dnd5e-2014", "dnd5e-2024", "other"))
DICE = resources.hit_dice("Hit Dice", 8, "1d8+2")


def mara(**more):
    return Combatant("mara", "Mara", "player", **({"hp": 5, "hp_max": 40} | more))


class Rested(NamedTuple):
    """The party after a rest, the clock in seconds, and what happened."""

    party: tuple
    clock: int
    facts: tuple


def rest(law, length, *party, **more):
    fight = rests.together(party, law, 1000)
    keys = [each.id for each in party]
    done = rests.rest(fight, law, keys, length, Random(1), **more)
    return Rested(done.fight.combatants, done.fight.now, done.facts)


@pytest.mark.parametrize("law", [OLD, NEW])
def test_a_short_rest_takes_an_hour_and_heals_by_hit_dice(law):
    """SRD 5.1 and 5.2.1 "Short Rest"."""
    party, now, facts = rest(law, "short", mara(resources=(DICE,)), spend={"mara": {"hit": 2}})
    assert now == 1000 + 3600
    assert party[0].resources[0].left == 6
    rolled = [Random(1)]
    expected = sum(rolled[0].randint(1, 8) + 2 for _ in range(2))
    assert party[0].hp == 5 + expected
    assert facts[0].prose == "The party takes a short rest"
    assert rest(law, "short", mara()).party[0].hp == 5


@pytest.mark.parametrize(
    ("rule", "law", "healed"),
    [
        ("SRD 5.1 Short Rest: minimum of 0", OLD, 0),
        ("SRD 5.2.1 Short Rest: minimum of 1 Hit Point", NEW, 1),
    ],
)
def test_a_poor_constitution(rule, law, healed):
    poor = resources.hit_dice("Hit Dice", 1, "1d6-9")
    party = rest(law, "short", mara(resources=(poor,)), spend={"mara": {"hit": 1}}).party
    assert party[0].hp == 5 + healed, rule


@pytest.mark.parametrize(
    ("rule", "law", "most", "left", "after"),
    [
        ("SRD 5.1 Long Rest: half of all, 8 gives 4", OLD, 8, 0, 4),
        ("SRD 5.1 Long Rest: no more than all", OLD, 8, 6, 8),
        ("SRD 5.1 Long Rest: minimum of one die", OLD, 1, 0, 1),
        ("SRD 5.1 Long Rest: half, rounded down", OLD, 5, 0, 2),
        ("SRD 5.2.1 Long Rest: all spent Hit Point Dice", NEW, 8, 0, 8),
    ],
)
def test_a_long_rest_gives_hit_dice_back(rule, law, most, left, after):
    dice = attrs.evolve(DICE, most=most, left=left)
    assert rest(law, "long", mara(resources=(dice,))).party[0].resources[0].left == after, rule


def test_half_of_several_kinds_of_dice_is_half_of_them_together():
    several = tuple(resources.hit_dice(f"d{n}", 3, f"1d{n}") for n in (10, 6))
    spent = tuple(attrs.evolve(each, left=0) for each in several)
    party = rest(OLD, "long", mara(resources=spent)).party
    assert [each.left for each in party[0].resources] == [3, 0]


@pytest.mark.parametrize("law", [OLD, NEW, OTHER])
def test_a_long_rest_heals_all_and_ends_temporary_hit_points(law):
    """SRD 5.1 and 5.2.1 "Long Rest", "Temporary Hit Points"."""
    party, now, facts = rest(law, "long", mara(temp_hp=7))
    assert (party[0].hp, party[0].temp_hp, now) == (40, 0, 1000 + 8 * 3600)
    assert "Mara regains 35 hp: 40/40" in [fact.prose for fact in facts]


@pytest.mark.parametrize(("law", "most"), [(OLD, 30), (NEW, 40)])
def test_the_maximum_returns_in_2024(law, most):
    """SRD 5.2.1 "Long Rest": a reduced maximum returns to normal."""
    assert rest(law, "long", mara(hp_max_lost=10)).party[0].hp == most


@pytest.mark.parametrize("law", [OLD, NEW])
@pytest.mark.parametrize("length", ["short", "long"])
def test_without_a_hit_point_a_rest_gives_nothing(law, length):
    """SRD 5.1 "Long Rest", SRD 5.2.1 "Short Rest", "Long Rest": at least 1 hit point."""
    down = mara(hp=0, life="dead", resources=(DICE,))
    party = rest(law, length, down).party
    assert (party[0].hp, party[0].life) == (0, "dead")
    with pytest.raises(InputError, match="cannot rest"):
        rest(law, "short", down, spend={"mara": {"hit": 1}})
    woken = rest(law, length, mara(hp=0, life="stable", wakes_at=1001)).party[0]
    assert (woken.hp, woken.life) == (1, "up")


@pytest.mark.parametrize(
    ("rule", "law", "heals"),
    [
        ("SRD 5.1 Short Rest asks for no hit point", OLD, True),
        ("SRD 5.2.1 Short Rest: at least 1 Hit Point", NEW, False),
    ],
)
def test_the_stable_and_short_rests(rule, law, heals):
    down = mara(hp=0, life="stable", wakes_at=9999, resources=(DICE,))
    if heals:
        party = rest(law, "short", down, spend={"mara": {"hit": 1}}).party
        assert (party[0].life, party[0].hp > 1) == ("up", True), rule
    else:
        with pytest.raises(InputError, match="cannot rest"):
            rest(law, "short", down, spend={"mara": {"hit": 1}})


def test_hit_dice_are_for_short_rests_and_other_uses_for_neither():
    luck = resources.per_day("Luck", 3)
    for length, name in (("long", "hit"), ("short", "luck")):
        with pytest.raises(InputError, match="heals nothing"):
            rest(NEW, length, mara(resources=(DICE, luck)), spend={"mara": {name: 1}})


def resting_effects(length):
    one = mara(hp=40)
    fight, _ = roster.add(roster.new("f", "F", NEW, clock=1000), NEW, one)
    for name, lasts in (
        ("tired", Duration("until-short-rest")), ("cursed", Duration("until-long-rest")),
        ("blessed", Duration("minutes", 30)), ("warded", Duration("hours", 8)),
        ("marked", Duration("permanent")), ("held", Duration("hours", 9)),
    ):  # fmt: skip
        fight, _ = effects.apply(fight, NEW, "mara", Effect("", name, duration=lasts))
    fight, _ = effects.apply(fight, NEW, "mara", Effect("", "exhaustion", level=2))
    party = rest(NEW, length, fight.get("mara")).party
    return [(each.condition, each.level) for each in party[0].effects]


def test_what_ends_with_a_rest():
    """SRD 5.1 and 5.2.1 "Exhaustion": a long rest takes away one level."""
    assert resting_effects("short") == [
        ("cursed", 1), ("warded", 1), ("marked", 1), ("held", 1), ("exhaustion", 2)
    ]  # fmt: skip
    assert resting_effects("long") == [("marked", 1), ("held", 1), ("exhaustion", 1)]


@pytest.mark.parametrize("law", [OLD, NEW])
@pytest.mark.parametrize("length", ["short", "long"])
def test_nobody_lies_dying_through_a_rest(law, length):
    """SRD 5.1 and 5.2.1 "Death Saving Throws": three of one kind settle it, long before."""
    with pytest.raises(InputError, match="Mara is dying, and death saves come first") as caught:
        rest(law, length, mara(hp=0, life="dying"), attrs.evolve(mara(), id="ned"))
    assert "ttrpg combat stabilise mara" in caught.value.hint


STANDING = (
    ("SRD 5.1 Being Prone; SRD 5.2.1 Prone: it ends by standing up", (), {}, False),
    ("both, Grappled: speed 0, but nobody is held through a rest", ("grappled",), {}, False),
    ("both: you cannot stand up if your speed is 0", ("restrained",), {}, True),
    ("both, Petrified: cannot move; SRD 5.2.1: speed 0", ("petrified",), {}, True),
    ("both, Incapacitated: one may move", ("incapacitated",), {}, False),
    ("somebody said what ends it", (), {"duration": Duration("until-trigger", text="a nap")}, True),
    ("for good", (), {"duration": Duration("permanent")}, True),
)


@pytest.mark.parametrize("law", [OLD, NEW])
@pytest.mark.parametrize("length", ["short", "long"])
@pytest.mark.parametrize(("rule", "others", "more", "stays"), STANDING)
def test_who_can_stands_up_in_a_rest(law, length, rule, others, more, stays):
    on = [Effect("mara.1", "prone", **more)]
    on += [Effect(f"mara.{n}", name) for n, name in enumerate(others, 2)]
    one = rest(law, length, mara(effects=tuple(on))).party[0]
    assert ("prone" in [each.condition for each in one.effects]) == stays, rule


def test_exhaustion_that_takes_all_speed_keeps_one_down_in_2014():
    """SRD 5.1 "Exhaustion": speed 0 at level 5; a long rest takes it to 4."""
    down = mara(effects=(Effect("m.1", "prone"), Effect("m.2", "exhaustion", level=5)))
    assert len(rest(OLD, "short", down).party[0].effects) == 2
    assert [e.condition for e in rest(OLD, "long", down).party[0].effects] == ["exhaustion"]


def test_time_beside_a_fight_lets_one_stand_up_and_a_round_of_it_does_not():
    down = rests.together([mara(effects=(Effect("mara.1", "prone"),))], NEW, 0)
    done = clock.pass_time(down, NEW, 60)
    assert [each.prose for each in done.facts] == ["1 min pass", "Mara: Prone ends (stands up)"]
    assert clock.pass_time(down, NEW, 1).fight.get("mara").effects
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, mara(initiative=9))
    fight, _ = turns.start(fight, NEW, Random(1))
    fight, _ = effects.apply(fight, NEW, "mara", Effect("", "prone"))
    fight, _ = turns.advance(fight, NEW, Random(1))
    assert [each.condition for each in fight.get("mara").effects] == ["prone"]


@pytest.mark.parametrize("law", [OLD, NEW])
def test_sleep_ends_concentration_and_what_hangs_on_it(law):
    """SRD 5.2.1 "Long Rest": asleep one is unconscious; "Concentration": so it ends."""
    held = Effect("mara.1", "concentrating", note="Hex")
    hexed = attrs.evolve(mara(), id="ned", effects=(Effect("ned.1", "hexed", linked_to="mara.1"),))
    assert rest(law, "short", mara(effects=(held,))).party[0].effects
    party = rest(law, "long", mara(effects=(held,)), hexed).party
    assert [each.effects for each in party] == [(), ()]


def test_a_rest_says_what_it_takes_and_what_it_leaves():
    """SRD 5.1 and 5.2.1 "Temporary Hit Points": until depleted or a long rest."""
    one = mara(hp=40, temp_hp=5, effects=(Effect("mara.1", "exhaustion", level=3),
                                          Effect("mara.2", "poisoned")))  # fmt: skip
    said = [each.prose for each in rest(NEW, "long", one).facts]
    assert said[2:] == [
        "Mara: Exhaustion 2",
        "Mara: 5 temporary hit points are gone",
        "Still on Mara: Exhaustion 2 (until it is removed), Poisoned (until it is removed)",
    ]
    assert rest(NEW, "short", one).party[0].temp_hp == 5


def fought():
    """Mara and Ned beat one goblin of two; the other is there; Ned is dying."""
    fight = roster.new("f", "Ambush", NEW, clock=5000)
    goblin = Combatant("", "Goblin", hp=7, hp_max=7, initiative=5, cr="1/4")
    for each in (
        mara(hp=40, initiative=20, level=3),
        Combatant("", "Ned", "ally", hp=9, hp_max=9, initiative=15),
        goblin, goblin,
    ):  # fmt: skip
        fight, _ = roster.add(fight, NEW, each)
    fight, _ = turns.start(fight, NEW, Random(1))
    fight, _ = hp.hit(fight, NEW, "goblin", [Part(9, "fire")], Random(1), source="mara")
    fight, _ = hp.hit(fight, NEW, "ned", [Part(9, "fire")], Random(1), source="goblin-2")
    for _ in range(4):
        fight, _ = turns.advance(fight, NEW, Random(1))
    return fight


def test_the_end_of_a_fight_counts_and_asks():
    fight, facts = ending.end(fought(), NEW)
    assert (fight.status, fight.prompts) == ("ended", ())
    assert [fact.prose for fact in facts] == [
        "Ambush ends after 2 rounds (12 s)",
        "Mara: 9 dealt, 1 felled",
        "Ned: 9 taken, 1 time down",
        "Goblin: 9 taken, 1 time down",
        "Goblin 2: 9 dealt, 1 felled",
        "50 XP for 1 foe, 50 each",
        "What do they leave? Goblin",
        "Ned is still dying: ttrpg save ned",
    ]
    assert facts[0].data == {
        "rounds": 2, "seconds": 12, "began": 5000, "ended": 5012, "defeated": ["goblin"],
        "down": ["ned"],
    }  # fmt: skip
    assert facts[-2].kind == "combat.prompt.loot"
    for command in (ending.end, turns.back):
        with pytest.raises(InputError, match="the fight is over"):
            command(fight, NEW)


def test_who_is_dying_at_the_end_is_not_forgotten():
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, mara(hp=0, life="dying"))
    fight, _ = roster.add(fight, NEW, Combatant("", "Orc", hp=0, hp_max=9, life="dying"))
    fight, facts = ending.end(fight, NEW)
    asked = [each.prose for each in facts if each.kind == "combat.prompt.dying"]
    assert asked == ["Mara is still dying: ttrpg save mara"]


def test_a_fight_that_ends_during_a_look_back_ends_where_it_was():
    whole = fought()
    fight, _ = turns.back(turns.back(whole, NEW)[0], NEW)
    assert not fight.is_newest
    done, facts = ending.end(fight, NEW)
    assert (done.round, facts[0].data["rounds"]) == (whole.round, whole.round)


def test_foes_that_fled_may_count_and_xp_is_shared():
    """SRD 5.1 "Experience Points": for neutralizing the threat in some other manner too."""
    fight = fought()
    fight, _ = roster.add(fight, NEW, Combatant("", "Ivo", "player", hp=9, hp_max=9), rng=Random(1))
    _, facts = ending.end(fight, NEW, beaten=["goblin", "goblin-2"])
    assert "100 XP for 2 foes, 50 each" in [fact.prose for fact in facts]
    assert "combat.xp" not in [fact.kind for fact in ending.end(fight, NEW, beaten=[]).facts]
    boss = Combatant("", "Boss", hp=1, hp_max=1, xp=777, cr="1/4", initiative=1)
    assert NEW.worth(boss) == 777


def test_the_party_is_carried_over_as_it_is():
    fight = fought()
    fight, facts = saves.concentrate(fight, NEW, "mara", "Bless", Duration("minutes", 1))
    held = facts[-1].data["effect"]
    for who, link in (("ned", held), ("goblin-2", held)):
        fight, _ = effects.apply(fight, NEW, who, Effect("", "blessed", linked_to=link))
    fight, facts = effects.apply(fight, NEW, "goblin-2", Effect("", "glaring"))
    fight, _ = effects.apply(
        fight, NEW, "mara", Effect("", "glared at", linked_to=facts[0].data["effect"])
    )
    one, ned = ending.carried(ending.end(fight, NEW).fight, NEW)
    assert [each.condition for each in one.effects] == ["concentrating"]
    assert (one.initiative, one.tally, one.hp) == (None, Tally(), 40)
    assert (ned.life, ned.failures) == ("dying", 0)
    later = roster.new("g", "Next", NEW, clock=5060)
    for each in (one, ned):
        later, _ = roster.add(later, NEW, each)
    later, facts = turns.start(later, NEW, Random(1))
    assert later.get("mara").effects
    for _ in range(4):  # a minute after round 2, at 5006: the first round from 5066 on
        later, _ = turns.advance(later, NEW, Random(1))
    assert later.now == 5072
    assert later.get("mara").effects == ()
    assert "blessed" not in [each.condition for each in later.get("ned").effects]


def test_the_wounded_join_a_fight_as_they_are():
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, mara(hp=0, life="dying", failures=2))
    assert (
        death.death_save(fight, NEW, "mara", Random(1), rolled=3).fight.get("mara").life == "dead"
    )
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, mara(hp=0))
    assert fight.get("mara").life == "dying"
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, Combatant("", "Orc", hp=0, hp_max=5))
    assert fight.get("orc").life == "dead"


def test_two_fights_keep_to_one_clock():
    """A split party: each fight at its own pace, the clock with the one that is furthest."""
    fights = []
    for name in ("a", "b"):
        fight, _ = roster.add(roster.new(name, name, NEW, clock=600), NEW, mara(hp=9))
        fights.append(turns.start(fight, NEW, Random(1)).fight)
    first, second = fights
    for _ in range(3):
        first, _ = turns.advance(first, NEW, Random(1))
    now = max(map(clock.reached, (first, second)))
    assert (now, clock.behind(now, first), clock.behind(now, second)) == (618, 0, 18)
    assert (clock.over(first), clock.over(second)) == (624, 606)
    assert clock.reached(turns.back(first, NEW).fight) == 618


@pytest.mark.parametrize("seconds", [0, -6, 10**12])
def test_time_does_not_pass_backwards(seconds):
    fight, _ = roster.add(roster.new("f", "F", NEW), NEW, mara())
    with pytest.raises(InputError, match="cannot pass"):
        clock.pass_time(fight, NEW, seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (6, "6 s"), (90, "1 min 30 s"), (3600, "1 h"), (90061, "1 d 1 h 1 min 1 s")],
)
def test_spans_of_time_read_well(seconds, text):
    assert clock.span(seconds) == text
