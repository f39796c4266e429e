"""Damage, healing and temporary hit points; each row names its rule."""

from random import Random

import pytest

from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.table.combat import effects, hp, roster, rules, saves
from ttrpg_core.table.combat.arithmetic import Change, Part, work_out
from ttrpg_core.table.combat.state import Combatant, Effect, Trait

OLD, NEW, OTHER = (rules.load(name) for name in ("dnd5e-2014", "dnd5e-2024", "other"))
LONG = "28 fire less 5 is 23 (aura), halved to 11 (resistance), doubled to 22 (vulnerability)"
AURA = Change(-5, why="aura")


def traits(*said):
    return [Trait(*each.split()) for each in said]


@pytest.mark.parametrize(
    ("rule", "law", "parts", "has", "changes", "half", "amounts", "prose"),
    [
        ("SRD 5.1 Damage Resistance and Vulnerability: 25 bludgeoning, an aura of -5, halved",
         OLD, [Part(25, "bludgeoning")], traits("resistance bludgeoning"), [AURA], False, [10],
         "25 bludgeoning less 5 is 20 (aura), halved to 10 (resistance)"),
        ("SRD 5.2.1 Order of Application: 28 fire, less 5, halved to 11, doubled to 22",
         NEW, [Part(28, "fire")], traits("vulnerability fire", "resistance all"), [AURA], False,
         [22], LONG),
        ("SRD 5.1, the same order", OLD, [Part(28, "fire")],
         traits("vulnerability fire", "resistance all"), [AURA], False, [22], None),
        ("SRD 5.1 and 5.2.1: half is rounded down", NEW, [Part(7, "fire")],
         traits("resistance fire"), [], False, [3], "7 fire halved to 3 (resistance)"),
        ("SRD 5.2.1 No Stacking: two resistances are one", NEW, [Part(20, "necrotic")],
         traits("resistance necrotic", "resistance all"), [], False, [10], None),
        ("SRD 5.2.1 Immunity", NEW, [Part(20, "poison")], traits("immunity poison"), [Change(5)],
         False, [0], "20 poison is nothing (immunity)"),
        ("SRD 5.2.1 Half Damage on a save, before resistance", NEW, [Part(15, "fire")],
         traits("resistance fire"), [], True, [3],
         "15 fire halved to 7 (save), halved to 3 (resistance)"),
        ("SRD 5.1 Damage Rolls: a penalty makes 0, never less", OLD, [Part(3, "cold")], [],
         [Change(-8)], False, [0], "3 cold less 3 is 0"),
        ("SRD 5.1 Damage Rolls: a bonus", OLD, [Part(3, "cold")], [], [Change(4, "cold", "rage")],
         False, [7], "3 cold and 4 is 7 (rage)"),
        ("SRD 5.1 Damage Threshold: less is nothing", OLD, [Part(9, "piercing")],
         [Trait("threshold", amount=10)], [], False, [0],
         "9 piercing is nothing (under the threshold of 10)"),
        ("SRD 5.2.1 Damage Threshold: as much is the whole of it", NEW, [Part(10, "piercing")],
         [Trait("threshold", amount=10)], [], False, [10], "10 piercing"),
        ("a threshold looks at the whole hit", NEW, [Part(6, "fire"), Part(6, "cold")],
         [Trait("threshold", amount=10)], [], False, [6, 6], None),
        ("a threshold comes after resistance", NEW, [Part(18, "fire")],
         [Trait("resistance", "fire"), Trait("threshold", amount=10)], [], False, [0], None),
        ("a threshold of one type leaves others be", NEW, [Part(3, "fire"), Part(3, "cold")],
         [Trait("threshold", "fire", 5)], [], False, [0, 3], None),
        ("several types in one hit, each by its own traits", NEW,
         [Part(7, "fire"), Part(8, "slashing"), Part(5, "cold")],
         traits("resistance fire", "vulnerability slashing", "immunity cold"), [], False,
         [3, 16, 0], None),
        ("a change for all types is made once a hit", NEW, [Part(3, "fire"), Part(10, "slashing")],
         [], [AURA], False, [0, 8], None),
        ("a reduction is a change that one always has", NEW, [Part(9, "slashing")],
         [Trait("reduction", "slashing", 3), Trait("resistance", "slashing")], [], False, [3],
         "9 slashing less 3 is 6 (reduction), halved to 3 (resistance)"),
        ("SRD 5.1 resistance to nonmagical attacks: the magical pass by", OLD,
         [Part(9, "slashing", ("magical",)), Part(9, "slashing")],
         [Trait("resistance", "slashing", unless=("magical",))], [], False, [9, 4], None),
        ("a system that knows no types takes any", OTHER, [Part(6, "sarcasm")],
         traits("resistance sarcasm"), [], False, [3], None),
        ("damage without a type", NEW, [Part(6)], traits("resistance fire"), [], False, [6], "6"),
    ],
)  # fmt: skip
def test_the_arithmetic_of_damage(rule, law, parts, has, changes, half, amounts, prose):
    taken = work_out(parts, has, law, changes, half=half)
    assert [each.amount for each in taken] == amounts, rule
    if prose:
        assert taken[0].prose == prose


def test_the_order_of_steps_is_data():
    steps = ("vulnerability", "resistance", "change")
    law = rules.read(
        f'name="x"\ntitle="x"\nsource="x"\nlicence="x"\n[damage]\nsteps={list(steps)}', "x.toml"
    )
    has = traits("resistance fire", "vulnerability fire")
    assert work_out([Part(7, "fire")], has, law, [AURA])[0].amount == 2


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (Part(-1, "fire"), InputError), (Part(10**9), InputError), (Part(3, "sarcasm"), NotFound),
        (Part(3, "p"), Ambiguous),
    ],
)  # fmt: skip
def test_impossible_damage_is_refused(part, error):
    with pytest.raises(error):
        work_out([part], [], NEW)


def test_a_unique_beginning_is_enough_for_a_type():
    assert work_out([Part(3, "bl")], [], NEW)[0].type == "bludgeoning"


def fight_of(law=NEW, **more):
    mara = Combatant("", "Mara", "player", **({"hp": 20, "hp_max": 20} | more))
    fight, _ = roster.add(roster.new("f", "F", law), law, mara)
    return roster.add(fight, law, Combatant("", "Orc", hp=15, hp_max=15)).fight


def hit(fight, amount, law=NEW, who="mara", **more):
    return hp.hit(fight, law, who, [Part(amount, "fire")], Random(1), **more)


def test_a_hit_says_how_it_came_about():
    fight = fight_of(traits=(Trait("resistance", "fire"),), temp_hp=2)
    fight, facts = hp.hit(
        fight, NEW, "mara", [Part(7, "fire"), Part(8, "slashing")], Random(1), source="orc"
    )
    assert fight.get("mara").hp == 11
    assert facts[0].kind == "combat.damage"
    assert facts[0].prose == (
        "Mara takes 11 (7 fire halved to 3 (resistance) + 8 slashing), 2 by temporary hp: 11/20 hp"
    )
    assert facts[0].data["arithmetic"] == ["7 fire halved to 3 (resistance)", "8 slashing"]
    assert (facts[0].data["amounts"], facts[0].data["source"]) == ([3, 8], "orc")


@pytest.mark.parametrize(
    ("rule", "temp", "amount", "left"),
    [
        ("SRD 5.2.1 Lose Temporary Hit Points First: 5 temporary, 7 damage", 5, 7, (0, 18)),
        ("less than there are", 5, 3, (2, 20)),
        ("none", 0, 3, (0, 17)),
        ("hit points stop at 0", 5, 99, (0, 0)),
        ("nothing is nothing", 5, 0, (5, 20)),
    ],
)
def test_temporary_hit_points_go_first(rule, temp, amount, left):
    mara = hit(fight_of(temp_hp=temp), amount).fight.get("mara")
    assert (mara.temp_hp, mara.hp) == left, rule


@pytest.mark.parametrize(("before", "given", "kept"), [(10, 12, 12), (12, 10, 12), (0, 5, 5)])
def test_temporary_hit_points_never_add_up(before, given, kept):
    """SRD 5.1 "Temporary Hit Points", SRD 5.2.1 "They Don't Stack": 12 or 10, not 22."""
    fight, facts = hp.grant_temporary(fight_of(temp_hp=before), NEW, "mara", given)
    assert fight.get("mara").temp_hp == kept
    assert ("keeps them" in facts[0].prose) == (kept != given)


def test_temporary_hit_points_wake_nobody():
    """SRD 5.1 and 5.2.1 "Temporary Hit Points": only true healing can."""
    fight = hit(fight_of(), 25).fight
    fight, _ = hp.grant_temporary(fight, NEW, "mara", 5)
    assert (fight.get("mara").life, fight.get("mara").temp_hp) == ("dying", 5)


def test_healing_stops_at_the_maximum():
    """SRD 5.1 and 5.2.1 "Healing": 14 of 20, healed by 8, is 20."""
    fight, facts = hp.heal(fight_of(hp=14), NEW, "mara", 8, source="orc")
    assert fight.get("mara").hp == 20
    assert facts[0].prose == "Mara regains 6 hp: 20/20"
    assert (fight.get("mara").tally.healed, fight.get("orc").tally.healing) == (6, 6)


def test_the_dead_are_not_healed():
    """SRD 5.1 "Healing": not until magic has restored it to life."""
    fight = hit(fight_of(), 99, who="orc").fight
    with pytest.raises(InputError, match="is dead"):
        hp.heal(fight, NEW, "orc", 5)
    with pytest.raises(InputError, match="dead already"):
        hit(fight, 5, who="orc")


@pytest.mark.parametrize("amount", [-1, 10**7])
def test_impossible_amounts_are_refused(amount):
    fight = fight_of()
    for command in (hp.heal, hp.grant_temporary):
        with pytest.raises(InputError):
            command(fight, NEW, "mara", amount)
    with pytest.raises(InputError):
        hp.set_hp(fight, NEW, "mara", amount)
    with pytest.raises(InputError, match="there is no damage"):
        hp.hit(fight, NEW, "mara", [], Random(1))


def test_half_is_bloodied_and_said_once():
    """SRD 5.2.1 "Bloodied": half the hit points or fewer."""
    fight, _ = hit(fight_of(), 9)
    assert not fight.get("mara").bloodied
    fight, facts = hit(fight, 1)
    assert fight.get("mara").bloodied
    assert facts[-1].prose == "Mara is bloodied"
    assert "combat.bloodied" not in [fact.kind for fact in hit(fight, 1).facts]


def test_correcting_hit_points_lets_fall_and_rise():
    fight, _ = hp.set_hp(fight_of(), NEW, "mara", 0)
    assert fight.get("mara").life == "dying"
    fight, facts = hp.set_hp(fight, NEW, "mara", 7)
    assert (fight.get("mara").life, fight.get("mara").hp) == ("up", 7)
    assert facts[-1].prose == "Mara is up again with 7 hp"


def test_a_lower_maximum_takes_hit_points_along_and_kills_at_0():
    """SRD 5.2.1 "Hit Point Maximum of 0"."""
    fight, _ = hp.lose_max(fight_of(), NEW, "mara", 8)
    assert fight.get("mara").hp == 12
    fight, _ = hp.lose_max(fight, NEW, "mara", -3)
    assert hp.heal(fight, NEW, "mara", 99).fight.get("mara").hp == 15
    fight, _ = hp.lose_max(fight, NEW, "mara", 99)
    assert (fight.get("mara").life, fight.get("mara").hp_max_lost) == ("dead", 20)


def test_a_condition_changes_how_damage_is_taken():
    """SRD 5.1 and 5.2.1 "Petrified": resistance to all damage."""
    fight, _ = effects.apply(fight_of(), NEW, "mara", Effect("", "petrified"))
    assert hit(fight, 10).fight.get("mara").hp == 15
    rage = Effect("", "raging", traits=(Trait("resistance", "slashing"),))
    fight, _ = effects.apply(fight_of(), NEW, "mara", rage)
    assert hit(fight, 10).fight.get("mara").hp == 10
    fight, _ = hp.hit(fight, NEW, "mara", [Part(10, "slashing")], Random(1))
    assert fight.get("mara").hp == 15


def test_without_hit_points_damage_is_counted_only():
    fight = fight_of()
    fight, _ = roster.add(fight, NEW, Combatant("", "Wall", "environment"))
    fight, facts = hit(fight, 10, who="wall", source="mara")
    assert facts[0].prose == "Wall takes 10 (10 fire)"
    assert (fight.get("wall").hp, fight.get("wall").tally.taken) == (None, 10)
    with pytest.raises(InputError, match="no hit points"):
        hp.heal(fight, NEW, "wall", 5)


@pytest.mark.parametrize(
    ("rule", "law", "damage", "dc"),
    [
        ("SRD 5.1 Concentration: 10 at least", OLD, 1, 10),
        ("SRD 5.1 Concentration: 10 or half", OLD, 21, 10),
        ("SRD 5.1 Concentration: half, rounded down", OLD, 23, 11),
        ("SRD 5.1 Concentration: no cap", OLD, 90, 45),
        ("SRD 5.2.1 Concentration: 10 at least", NEW, 19, 10),
        ("SRD 5.2.1 Concentration: half", NEW, 45, 22),
        ("SRD 5.2.1 Concentration: at most 30", NEW, 90, 30),
        ("no concentration, no save", OTHER, 90, 0),
    ],
)
def test_the_dc_of_concentration(rule, law, damage, dc):
    assert saves.concentration_dc(law, damage) == dc, rule
