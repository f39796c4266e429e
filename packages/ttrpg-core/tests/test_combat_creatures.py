"""Creatures of the rules: found by name, made as they fight, and as the books print them."""

import os
import random
import re
from pathlib import Path

import pytest

from ttrpg_core import text
from ttrpg_core.dice import roll
from ttrpg_core.table.combat import creatures, difficulty, roster, rules
from ttrpg_core.table.combat.state import Combatant, Trait

DATA = Path(os.environ.get("TTRPG_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
FOLDER = Path(creatures.__file__).with_name("systems")
SYSTEMS = tuple(creatures.SOURCES)
COLUMNS = {
    "dnd5e-2014": ("Damage Resistances?", "Damage Vulnerabilities", "Damage Immunities"),
    "dnd5e-2024": ("Resistances", "Vulnerabilities", "Immunities"),
}
KINDS = ("resistance", "vulnerability", "immunity")


def blocks(system):
    """The stat blocks of the book, by name; skips where it is not at hand."""
    folder = DATA / "rules" / "md"
    if system == "dnd5e-2014":
        pages, heading = sorted((folder / "dnd5e-srd-5.1/Monsters (Alt)").glob("[!#]*.md")), r"#+"
    else:
        pages, heading = sorted((folder / "dnd5e-srd-5.2").glob("*.md")), "##"
    if not pages:
        pytest.skip(f"no {creatures.SOURCES[system]}: set TTRPG_TEST_DATA to the shared data")
    found = {}
    for page in pages:
        headings = rf"^{heading} (.+)\n+(?=\*?[A-Z][^\n]+\*?\n+(?:- )?\*\*Armor)"
        parts = re.split(headings, page.read_text("utf-8"), flags=re.MULTILINE)
        for title, body in zip(parts[1::2], parts[2::2], strict=True):
            if re.search(r"^(- )?\*\*Armor Class:?\*\*", body[:400], re.MULTILINE):
                found[title.strip().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")] = body
    return found


def line(block, name):
    found = re.search(rf"^(?:- )?\*\*{name}:?\*\*:? *(.+)$", block, re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_numbers_are_those_of_the_book(system):
    law, known = rules.load(system), {each.name: each for each in creatures.load(system)}
    checked = set()
    for title, block in blocks(system).items():
        one = known.get(title) or creatures.find(system, title)
        assert one is not None, title
        hp, dice = re.match(r"(\d+) \((.+?)\)", line(block, "Hit Points")).groups()
        assert (one.made.hp, one.dice) == (int(hp), dice.replace(" ", "")), title
        assert one.made.ac == int(re.match(r"\d+", line(block, "Armor Class"))[0]), title
        rating = line(block, "Challenge") or line(block, "CR")
        assert one.made.cr == rating.split()[0], title
        numbers = [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\d|\d", rating)]
        assert law.worth(one.made) in numbers[1:], title
        for kind, name in zip(KINDS, COLUMNS[system], strict=True):
            written = line(block, name).casefold()
            ours = {each.type for each in one.made.traits if each.kind == kind}
            printed = {each for each in law.damage.types if re.search(rf"\b{each}\b", written)}
            assert ours == printed or (ours < printed and one.note), (title, kind)
            magic = {each.type for each in one.made.traits if each.kind == kind and each.unless}
            assert bool(magic) == ("nonmagical" in written) or one.note, (title, kind)
        immune = line(block, "(?:Condition )?Immunities").casefold()
        printed = {each.id for each in law.conditions if re.search(rf"\b{each.id}\b", immune)}
        ours = set(one.made.condition_immunities)
        assert ours == printed or (ours < printed and one.note), title
        saves = {"str", "dex", "con", "int", "wis", "cha"}
        assert set(one.made.saves) == saves, title
        for name, bonus in re.findall(r"(\w{3}) ([+-]\d+)", line(block, "Saving Throws")):
            assert one.made.saves[name.lower()] == int(bonus), title
        for name, bonus in re.findall(r"^\| (\w{3}) .*\| ([+-]\d+) \|$", block, re.MULTILINE):
            assert one.made.saves[name.lower()] == int(bonus), title
        if system == "dnd5e-2024":
            assert one.made.initiative_bonus == int(line(block, "Initiative").split()[0]), title
        names = {each.name for each in one.made.resources}
        for name in re.findall(r"\*\*\*([^*(]+) \(Recharge", block):
            assert name.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") in names, (title, name)
        checked.add(one.name)
    assert checked == set(known)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_creature_is_one_that_a_fight_takes(system):
    law, fight = rules.load(system), roster.new("a", "A", rules.load(system))
    names = []
    for each in creatures.load(system):
        roster.add(fight, law, each.made)
        assert each.made.cr in law.xp
        assert set(each.made.condition_immunities) <= {one.id for one in law.conditions}
        average = re.fullmatch(r"(\d+)d(\d+)([+-]\d+)?", each.dice)
        expected = int(average[1]) * (int(average[2]) + 1) / 2 + int(average[3] or 0)
        assert each.made.hp == max(int(expected), 1), each.name
        assert roll(each.dice, random.Random(1)).total is not None
        names.append(each.name)
        assert creatures.find(system, each.name.upper()) is each
        assert creatures.find(system, text.slug(each.name)) is each  # as the shell completes it
    assert len(set(names)) == len(names) > 300


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_file_says_whose_work_it_is(system):
    head = (FOLDER / f"{system}.creatures.tsv").read_text("utf-8").split("\nname\t")[0]
    said = " ".join(head.replace("#", " ").split())
    assert "This work includes material taken from the System Reference Document" in said
    assert "by Wizards of the Coast LLC" in said
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in said
    assert "Changed:" in said


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("goblin", "Goblin"), ("Goblins", "Goblin"), (" WOLVES ", "Wolf"), ("harpies", "Harpy"),
        ("young  red dragons", "Young Red Dragon"), ("swarms of rats", "Swarm of Rats"),
        ("Deep Gnome", "Deep Gnome"), ("incubus", "Succubus"), ("drow", "Drow"),
        ("will-o\N{RIGHT SINGLE QUOTATION MARK}-wisp", "Will-o'-Wisp"),
        ("Goblin boss", None), ("gob", None), ("", None), ("s", None), ("x" * 9999, None),
    ],
)  # fmt: skip
def test_a_creature_is_found_by_its_whole_name(typed, name):
    found = creatures.find("dnd5e-2014", typed)
    assert (found and found.name) == name


def test_editions_are_not_mixed_and_others_have_none():
    assert creatures.find("dnd5e-2024", "goblin") is None
    assert creatures.named_like("dnd5e-2024", "Goblins") == [
        "Goblin Boss", "Goblin Minion", "Goblin Warrior",
    ]  # fmt: skip
    assert creatures.find("dnd5e-2014", "lich").made.hp == 135
    assert creatures.find("dnd5e-2024", "lich").made.hp == 315
    assert creatures.load("other") == ()
    assert creatures.named_like("other", "goblin") == []


def test_what_a_creature_brings():
    gargoyle = creatures.find("dnd5e-2014", "gargoyle").made
    assert Trait("resistance", "slashing", unless=("magical", "adamantine")) in gargoyle.traits
    assert gargoyle.condition_immunities == ("exhaustion", "petrified", "poisoned")
    dragon = creatures.find("dnd5e-2014", "adult red dragon").made
    assert [(each.name, each.most) for each in dragon.resources] == [
        ("Legendary Actions", 3), ("Legendary Resistance", 3), ("Fire Breath", 1),
    ]  # fmt: skip
    assert dragon.saves == {"str": 8, "dex": 6, "con": 13, "int": 3, "wis": 7, "cha": 11}


def test_each_rolls_its_own_hit_points_and_counts_for_the_difficulty():
    law = rules.load("dnd5e-2014")
    ogre = creatures.find(law.name, "ogre")
    fight = roster.new("a", "A", law)
    fight = roster.add(fight, law, ogre.made, 6, random.Random(3), ogre.dice).fight
    points = [each.hp for each in fight.combatants]
    assert len(set(points)) > 1
    assert all(28 <= each <= 91 for each in points)
    assert [each.hp_max for each in fight.combatants] == points
    fight = roster.add(fight, law, Combatant("", "Mara", "player", level=3)).fight
    assert difficulty.of_fight(fight, law).xp == 6 * 450


def test_whoever_rolls_less_than_one_has_one():
    law = rules.load("dnd5e-2014")
    frog = creatures.find(law.name, "frog")
    fight = roster.add(roster.new("a", "A", law), law, frog.made, 20, random.Random(1), "1d4-3")
    assert min(each.hp for each in fight.fight.combatants) == 1
