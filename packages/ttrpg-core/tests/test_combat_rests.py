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
    down = mara(hp=0, life="dying", resources=(DICE,))
    party = rest(law, length, down).party
    assert (party[0].hp, party[0].life) == (0, "dying")
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
    ]
    assert facts[0].data == {
        "rounds": 2, "seconds": 12, "began": 5000, "ended": 5012, "defeated": ["goblin"],
        "down": ["ned"],
    }  # fmt: skip
    assert facts[-1].kind == "combat.prompt.loot"
    for command in (ending.end, turns.back):
        with pytest.raises(InputError, match="the fight is over"):
            command(fight, NEW)


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
    one, ned = ending.carried(ending.end(fight, NEW).fight)
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
