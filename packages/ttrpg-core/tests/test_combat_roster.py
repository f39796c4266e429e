"""Who is in the fight: made, found by a few letters, corrected."""

import attrs
import pytest

from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.table.combat import roster, rules
from ttrpg_core.table.combat.state import Combatant

OLD = rules.load("dnd5e-2014")


def one(name, kind="monster"):
    return Combatant("", name, kind, hp=10, hp_max=10)


def fight_of(*those):
    fight = roster.new("f", "Fight", OLD)
    for each in those:
        fight, _ = roster.add(fight, OLD, each)
    return fight


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("mara", "mara"), ("MAR", "mara"), ("goblin-2", "goblin-2"), ("gob2", "goblin-2"),
        ("g2", "goblin-2"), ("goblin 2", "goblin-2"), ("Goblin-3", "goblin-3"),
        ("gob1", "goblin-1"), ("ogre1", "ogre"), ("chief", "orc-chief"),
    ],
)  # fmt: skip
def test_a_few_letters_are_enough(wanted, found):
    assert roster.find(crowd(), wanted) == found


def crowd():
    fight = fight_of(one("Mara", "player"), one("Ogre"), one("Orc Chief"))
    return roster.add(fight, OLD, one("Goblin"), number=3).fight


def test_letters_that_fit_several_are_refused():
    with pytest.raises(Ambiguous) as caught:
        roster.find(crowd(), "gob")
    assert caught.value.candidates == ("goblin-1", "goblin-2", "goblin-3")
    for wanted in ("gob4", "zed", "7", ""):
        with pytest.raises((NotFound, Ambiguous)):
            roster.find(crowd(), wanted)


def test_those_who_are_here_come_first():
    fight = crowd()
    for key in ("goblin-1", "goblin-2"):
        fight, _ = roster.leave(fight, OLD, key)
    assert roster.find(fight, "gob") == "goblin-3"
    assert roster.find(fight, "gob2") == "goblin-2"


def test_ids_are_short_stable_and_never_taken_twice():
    fight = fight_of(one("Goblin"), one("Goblin"))
    assert [(each.id, each.name) for each in fight.combatants] == [
        ("goblin", "Goblin"), ("goblin-2", "Goblin 2")
    ]  # fmt: skip
    fight, _ = roster.add(fight, OLD, Combatant("pc/mara", "Mara", "player"))
    assert fight.combatants[-1].id == "pc/mara"
    fight, _ = roster.add(fight, OLD, Combatant("goblin", "Goblin"))
    assert fight.combatants[-1].id == "goblin-3"
    fight, _ = roster.add(fight, OLD, Combatant("", "Goblin"), number=2)
    assert [each.name for each in fight.combatants[-2:]] == ["Goblin 4", "Goblin 5"]
    fight, _ = roster.add(fight, OLD, Combatant("", "Rat"), number=2)
    fight, _ = roster.add(fight, OLD, Combatant("", "Rat"))
    assert [each.id for each in fight.combatants[-3:]] == ["rat-1", "rat-2", "rat-3"]
    fight, _ = roster.add(fight, OLD, Combatant("", "Rat Queen"))
    assert fight.combatants[-1].id == "rat-queen"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Combatant("", " "), "empty"),
        (Combatant("", "A", hp=5), "both"),
        (Combatant("", "A", hp=11, hp_max=10), "11 of 10"),
        (Combatant("", "A", hp=-1, hp_max=10), "-1 of 10"),
        (Combatant("", "A", hp=1, hp_max=10**9), "from 1 to"),
        (Combatant("", "A", hp=0, hp_max=0), "0 of 0"),
        (Combatant("", "A", temp_hp=-1), "-1 temporary"),
    ],
)
def test_a_combatant_is_checked(made, said):
    with pytest.raises(InputError) as caught:
        roster.add(roster.new("f", "F", OLD), OLD, made)
    assert said in caught.value.message + caught.value.hint


def test_what_is_written_of_somebody_can_be_corrected():
    fight = fight_of(one("Ann"), one("Ben"))
    ann = fight.get("ann")
    fight, facts = roster.edit(fight, OLD, attrs.evolve(ann, ac=17, hp_max=6, name="Anna"))
    assert facts[0].prose == "Anna: name, hp_max, ac corrected"
    assert (fight.get("ann").hp, fight.get("ann").ac) == (6, 17)
    fight, _ = roster.edit(fight, OLD, attrs.evolve(fight.get("ann"), hp_max=50))
    assert (fight.get("ann").hp, fight.get("ann").hp_max) == (6, 50)
    fight, _ = roster.edit(fight, OLD, attrs.evolve(fight.get("ann"), hp_max=None))
    assert fight.get("ann").hp is None
    fight, _ = roster.edit(fight, OLD, attrs.evolve(fight.get("ann"), hp_max=9))
    assert fight.get("ann").hp == 9
    for wrong in ({"hp": 1}, {"life": "dead"}, {"initiative": 3}, {"name": ""}, {"hp_max": 0}):
        with pytest.raises(InputError):
            roster.edit(fight, OLD, attrs.evolve(fight.get("ann"), **wrong))


def test_a_fight_has_an_end_of_combatants():
    with pytest.raises(InputError, match="at most 500"):
        roster.add(roster.new("f", "F", OLD), OLD, one("Rat"), number=501)
