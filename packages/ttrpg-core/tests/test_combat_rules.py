"""The rules as data, against the books where those are at hand; and the difficulty of fights."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import attrs
import pytest

from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat import difficulty, roster, rules
from ttrpg_core.table.combat.difficulty import FateFoe, Missing
from ttrpg_core.table.combat.state import Combatant

DATA = Path(os.environ.get("TTRPG_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
BOOKS = DATA / "rules"


def book(name):
    if not (BOOKS / name).is_file():
        pytest.skip(f"no {name}: set TTRPG_TEST_DATA to the folder of shared data")
    return (BOOKS / name).read_text("utf-8")


def test_every_system_loads_and_says_whose_its_words_are():
    assert rules.names() == ("dnd5e-2014", "dnd5e-2024", "fate", "other")
    for name in rules.names():
        law = rules.load(name)
        assert law.name == name
        assert law.source
        assert law.licence
        known = {each.id for each in law.conditions}
        for each in law.conditions:
            assert set(each.implies) <= known
            assert each.text
        assert {*law.zero.conditions, *law.zero.leaves} <= known
    with pytest.raises(NotFound) as caught:
        rules.load("dnd5e-2015")
    assert caught.value.hint.startswith("Did you mean: dnd5e-20")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name = ", "x.toml: not valid TOML"),
        ('name = "x"\ntitle = "x"\nsource = "x"', "x.toml.licence: is missing"),
        ('name="x"\ntitle="x"\nsource="x"\nlicence="x"\nrond_seconds=6', "no such key"),
        ('name="x"\ntitle="x"\nsource="x"\nlicence="x"\n[damage]\nsteps=["luck"]', "steps"),
    ],
)
def test_wrong_rules_say_where(content, said):
    with pytest.raises(InputError) as caught:
        rules.read(content, "x.toml")
    assert said in caught.value.message


def test_the_conditions_are_the_books():
    """SRD 5.1 and 5.2.1, "Conditions": fifteen."""
    listed = json.loads(book("json/5e-database/2014-en/5e-SRD-Conditions.json"))
    for name in ("dnd5e-2014", "dnd5e-2024"):
        known = {each.title for each in rules.load(name).conditions}
        assert known - {"Concentrating"} == {each["name"] for each in listed}
    printed = re.findall(r"#### (\w+) \[Condition\]", book("md/dnd5e-srd-5.2/DND-SRD-5.2-CC.md"))
    assert set(printed) == {each["name"] for each in listed}


def test_the_experience_is_the_books():
    """SRD 5.1 "Experience Points by Challenge Rating"; 0 is worth 0 or 10."""
    fractions = {0.125: "1/8", 0.25: "1/4", 0.5: "1/2"}
    law = rules.load("dnd5e-2014")
    worth = {}
    for each in json.loads(book("json/5e-database/2014-en/5e-SRD-Monsters.json")):
        rating = each["challenge_rating"]
        worth.setdefault(fractions.get(rating, str(rating)), Counter())[each["xp"]] += 1
    for cr, seen in worth.items():  # the most common: the file has a few slips
        assert law.xp[cr] == seen.most_common(1)[0][0], cr
    assert len(worth) > 25
    assert rules.load("dnd5e-2024").xp == law.xp


def test_damage_types_are_the_books():
    listed = json.loads(book("json/5e-database/2014-en/5e-SRD-Damage-Types.json"))
    for name in ("dnd5e-2014", "dnd5e-2024"):
        assert rules.load(name).damage.types == tuple(each["index"] for each in listed)


def test_the_budget_of_2024_is_the_books():
    """SRD 5.2.1 "XP Budget per Character"."""
    lines = book("md/dnd5e-srd-5.2/DND-SRD-5.2-CC.md").splitlines()
    start = next(i for i, line in enumerate(lines) if "| Party's Level | Low DC" in line)
    for level, line in enumerate(lines[start + 2 : start + 22], 1):
        cells = [int(cell.replace(",", "")) for cell in line.strip("|").split("|")]
        found = difficulty.by_xp("dnd5e-2024", [level], [0])
        assert cells == [level, *(number for _, number in found.bands)]


@pytest.mark.parametrize(
    ("rule", "system", "levels", "foes", "verdict", "value"),
    [
        ("Basic Rules: a bugbear and three hobgoblins against 3, 3, 3, 2", "dnd5e-2014",
         [3, 3, 3, 2], [200, 100, 100, 100], "hard", 1000),
        ("Basic Rules: a single monster", "dnd5e-2014", [1] * 4, [200], "medium", 200),
        ("Basic Rules: two foes, 1.5", "dnd5e-2014", [1] * 4, [50, 50], "easy", 150),
        ("Basic Rules: 15 or more, 4", "dnd5e-2014", [1] * 4, [10] * 15, "deadly", 600),
        ("Basic Rules: a party of two, a step up", "dnd5e-2014", [5, 5], [700], "medium", 1050),
        ("Basic Rules: a party of two against 15, times 5", "dnd5e-2014", [5, 5], [10] * 15,
         "easy", 750),
        ("Basic Rules: a party of six, a step down", "dnd5e-2014", [1] * 6, [200], "below easy",
         100),
        ("Basic Rules: a party of six against three", "dnd5e-2014", [1] * 6, [100] * 3, "hard",
         450),
        ("nothing at all", "dnd5e-2014", [1], [0], "below easy", 0),
        ("SRD 5.2.1, example 1: one bugbear warrior for four of level 1", "dnd5e-2024", [1] * 4,
         [200], "low", 200),
        ("SRD 5.2.1, example 1: six giant rats", "dnd5e-2024", [1] * 4, [25] * 6, "low", 150),
        ("SRD 5.2.1, example 2: druids and stirges for five of level 3", "dnd5e-2024", [3] * 5,
         [450] * 2 + [25] * 9, "moderate", 1125),
        ("SRD 5.2.1, example 2: a wight and skeletons", "dnd5e-2024", [3] * 5,
         [700, 100] + [50] * 6, "moderate", 1100),
        ("SRD 5.2.1, example 3: dragons and giants for six of level 15", "dnd5e-2024", [15] * 6,
         [18000] * 2 + [5000] * 2, "high", 46000),
        ("SRD 5.2.1, more than the budget", "dnd5e-2024", [15] * 6, [46801], "beyond high", 46801),
    ],
)  # fmt: skip
def test_difficulty_by_xp(rule, system, levels, foes, verdict, value):
    found = difficulty.by_xp(system, levels, foes)
    assert (found.verdict, found.value) == (verdict, value), rule
    assert ("Basic Rules" if system == "dnd5e-2014" else "SRD 5.2.1") in found.rule


def test_thresholds_are_added_up_over_the_characters():
    """Basic Rules: three of level 3 and one of level 2."""
    found = difficulty.by_xp("dnd5e-2014", [3, 3, 3, 2], [100])
    assert found.bands == (("easy", 275), ("medium", 550), ("hard", 825), ("deadly", 1400))


def test_difficulty_says_how_it_came_about():
    assert difficulty.by_xp("dnd5e-2014", [3] * 4, [100] * 3).notes == (
        "300 XP times 2 for 3 foes",
    )
    many = difficulty.by_xp("dnd5e-2024", [1], [10] * 3)
    assert many.notes == ("more than 2 foes a character: choose fragile ones",)


def test_what_the_difficulty_has_yet_to_be_told():
    law = rules.load("dnd5e-2024")
    fight = roster.new("f", "F", law)

    def join(name, **more):
        nonlocal fight
        fight, _ = roster.add(fight, law, Combatant("", name, hp=9, hp_max=9, **more))
        return difficulty.missing(fight, law)

    assert join("Mara", kind="player") is None  # nobody to fight against
    assert join("Goblin", cr="1/4") == Missing(("mara",), ())
    assert join("Ogre") == Missing(("mara",), ("ogre",))
    assert join("Cook", xp=0) == Missing(("mara",), ("ogre",))
    assert join("Lair", kind="environment") == join("Ned", kind="ally")
    fight, _ = roster.leave(fight, law, "ogre")
    fight, _ = roster.edit(fight, law, attrs.evolve(fight.get("mara"), level=21))
    assert difficulty.missing(fight, law) == Missing(("mara",), ())
    fight, _ = roster.edit(fight, law, attrs.evolve(fight.get("mara"), level=20))
    assert difficulty.missing(fight, law) is None
    plain = rules.load("other")
    assert difficulty.missing(fight, plain) is None


@pytest.mark.parametrize(
    ("levels", "foes"),
    [([], [1]), ([1], []), ([0], [1]), ([21], [1]), ([1], [-1]), ([1] * 101, [1])],
)
def test_difficulty_needs_sense(levels, foes):
    with pytest.raises(InputError):
        difficulty.by_xp("dnd5e-2014", levels, foes)
    with pytest.raises(NotFound, match="no XP rule"):
        difficulty.by_xp("other", [1], [1])


def test_the_difficulty_of_a_fight_as_it_stands():
    law = rules.load("dnd5e-2024")
    fight = roster.new("f", "F", law)
    for name in ("Mara", "Ivo", "Ann", "Zed"):
        fight, _ = roster.add(fight, law, Combatant("", name, "player", hp=9, hp_max=9, level=1))
    fight, _ = roster.add(fight, law, Combatant("", "Wasp", hp=9, hp_max=9, cr="1/2"), number=3)
    fight, _ = roster.add(fight, law, Combatant("", "Lair", "environment"))
    assert difficulty.of_fight(fight, law).verdict == "moderate"
    fight, _ = roster.leave(fight, law, "wasp-1")
    assert difficulty.of_fight(fight, law).verdict == "low"


@pytest.mark.parametrize(
    ("rule", "peaks", "foes", "verdict"),
    [
        ("not more than the characters unless with lower skills", [4, 4, 4], [FateFoe(4)] * 4,
         "heavy"),
        ("more, but lower", [4, 4, 4], [FateFoe(1)] * 6, "right-sized"),
        ("one against all needs a peak two higher", [4, 4, 4], [FateFoe(5, "main")], "light"),
        ("and with it is right", [4, 4, 4], [FateFoe(6, "main")], "right-sized"),
        ("one main character a scene", [4, 4, 4], [FateFoe(4, "main")] * 2, "heavy"),
        ("fewer and no better", [4, 4, 4], [FateFoe(3)] * 2, "light"),
        ("as many and as good", [4, 4, 4], [FateFoe(4, "supporting")] * 3, "right-sized"),
    ],
)  # fmt: skip
def test_difficulty_in_fate(rule, peaks, foes, verdict):
    """Fate Core SRD, "Playing the Opposition: Right-sizing"."""
    found = difficulty.fate(peaks, foes)
    assert found.verdict == verdict, rule
    assert bool(found.notes) == (verdict != "right-sized")
    assert "Fate Core" in found.rule


def test_fate_needs_two_sides():
    with pytest.raises(InputError):
        difficulty.fate([], [FateFoe(1)])
    with pytest.raises(InputError):
        difficulty.fate([1], [])
