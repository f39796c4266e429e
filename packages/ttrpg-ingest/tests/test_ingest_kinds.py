import pytest

from ttrpg_core.documents import Section
from ttrpg_ingest.chunks import cut
from ttrpg_ingest.chunks.mentions import mentions
from ttrpg_ingest.chunks.tables import rolled

WOLF = """*Medium beast (canine), unaligned*

**Armor Class** 13 (natural armor)

**Hit Points** 11 (2d8+2)

**Speed** 40 ft.

| STR | DEX | CON | INT | WIS | CHA |
|:---:|:---:|:---:|:---:|:---:|:---:|
| 12 (+1) | 15 (+2) | 12 (+1) | 3 (-4) | 12 (+1) | 6 (-2) |

**Skills** Perception +3, Stealth +4

**Senses** passive Perception 13

**Languages** -

**Challenge** 1/4 (50 XP)

***Keen Nose***. It smells well."""

PRINTED = """Large aberration, lawful evil

Armor Class 17 (natural armor)
Hit Points 135 (18d10 + 36)
Speed 10 ft., swim 40 ft.

STR DEX CON INT WIS CHA
21 (+5) 9 (\u22121) 15 (+2) 18 (+4) 15 (+2) 18 (+4)

Saving Throws Con +6, Int +8
Senses darkvision 120 ft., passive Perception 20
Languages Deep Speech, telepathy 120 ft. Challenge 10 (5,900 XP)"""


def kinds(sections, words=180):
    return [(chunk.heading, chunk.kind) for chunk in cut("s", sections, words)]


def only(sections, words=180):
    (chunk,) = cut("s", sections, words)
    return chunk


def test_a_stat_block_is_one_chunk_with_its_actions():
    chunks = cut(
        "s",
        [
            Section("", "Beasts", 1, file="a.md", line=1),
            Section(WOLF, "Wolf", 2, file="a.md", line=3),
            Section("***Bite***. It bites. " * 120, "Actions", 6, file="a.md", line=30),
            Section("It howls.", "Legendary Actions", 2, file="a.md", line=40),
            Section("Wolves live in packs.", "Where They Live", 3, file="a.md", line=50),
        ],
        180,
    )
    assert [(chunk.heading, chunk.kind) for chunk in chunks] == [
        ("Wolf", "stat_block"),
        ("Where They Live", "text"),
    ]
    fields = chunks[0].fields
    assert fields["lines"] == ("3", "30", "40")
    assert chunks[0].path == ("Beasts", "Wolf")
    assert "\n\nActions\n\n" in chunks[0].text
    expected = {"name": "Wolf", "size": "medium", "type": "beast", "alignment": "unaligned"}
    expected |= {"ac": 13, "hp": 11, "hp_dice": "2d8+2", "speed": "40 ft.", "cr": 0.25, "xp": 50}
    expected |= {"str": 12, "dex": 15, "con": 12, "int": 3, "wis": 12, "cha": 6}
    assert {name: fields[name] for name in expected} == expected


def test_a_block_in_a_quotation_has_its_headings_name():
    quoted = "\n>\n".join(f"> {line}" for line in WOLF.split("\n\n") if "|" not in line)
    sections = [
        Section(f">\n{quoted}\n>\n> **STR** 12 **DEX** 15 **CON** 12", "Wolf", 4),
        Section("> ***Bite.*** It bites.", "Actions", 3),
    ]
    assert kinds(sections) == [("Wolf", "stat_block")]


def test_a_chapter_after_the_last_creature_is_none_of_it():
    sections = [
        Section(WOLF, "Wolf", 2),
        Section("It bites.", "Actions", 2),
        Section("Buy a rope.", "Equipment", 2),
        Section("Roll to hit.", "Combat", 1),
        Section("Each turn you act.", "Actions", 1),
    ]
    assert kinds(sections) == [
        ("Wolf", "stat_block"),
        ("Equipment", "text"),
        ("Combat", "text"),
        ("Actions", "text"),
    ]


def test_a_printed_stat_block_has_the_same_facts():
    fields = only([Section(PRINTED, "Lurker", 4, 260)]).fields
    expected = {"ac": 17, "hp": 135, "hp_dice": "18d10+36", "cr": 10, "xp": 5900, "str": 21}
    expected |= {"dex": 9, "cha": 18, "languages": "Deep Speech, telepathy 120 ft."}
    assert {name: fields[name] for name in expected} == expected


def test_a_line_of_a_stat_block_that_looks_like_a_heading_is_none():
    sections = [
        Section("Large ooze, unaligned", "Grey Pudding", 4),
        Section(
            "Hit Points 85 (10d10 + 30)\nSpeed 20 ft.\n\nSTR DEX CON INT WIS CHA\n"
            "16 (+3) 5 (-3) 16 (+3) 1 (-5) 6 (-2) 1 (-5)\n\nChallenge 4 (1,100 XP)",
            "Armor Class 7",
            4,
        ),
        Section("Pseudopod. It hits.", "Actions", 5),
    ]
    chunk = only(sections)
    assert (chunk.heading, chunk.kind, chunk.fields["ac"]) == ("Grey Pudding", "stat_block", 7)


def test_only_an_endless_stat_block_is_split_between_its_entries():
    actions = "\n\n".join(f"Blow {n}. " + "It hits and hits. " * 20 for n in range(40))
    chunks = cut("s", [Section(WOLF, "Wolf", 2), Section(actions, "Actions", 3)], 180)
    assert [chunk.fields["part"] for chunk in chunks] == [
        f"{n + 1}/{len(chunks)}" for n in range(len(chunks))
    ]
    assert all(chunk.text.startswith("*Medium beast") for chunk in chunks)
    assert all(chunk.kind == "stat_block" for chunk in chunks)
    assert sum(chunk.text.count("Blow ") for chunk in chunks) == 40


FORMS = [
    (
        "pf1e",
        "Bandit CR 1/2",
        (
            "XP 200\nHuman warrior 2\nInit +2; Senses Perception +0\nAC 14, "
            "touch 11, flat-footed 13\n"
            "hp 11 (2d10)\nFort +3, Ref +2, Will \u20131\nSpeed 30 ft.\nStr 13, "
            "Dex 14, Con 10, Int 9"
        ),
        {"ac": 14, "hp": 11, "cr": 0.5, "xp": 200, "str": 13, "name": "Bandit"},
    ),
    (
        "pf2e",
        "Cave Stalker Creature 3",
        (
            "Uncommon N Medium Beast\nPerception +9; darkvision\nStr +3, Dex +4, "
            "Con +2, Int \u20134\n"
            "AC 19; Fort +8, Ref +11, Will +6\nHP 45\nSpeed 25 feet, climb 20 feet"
        ),
        {"ac": 19, "hp": 45, "name": "Cave Stalker"},
    ),
    (
        "13th-age",
        "Ash Hound",
        (
            "2nd level wrecker [beast]\nInitiative: +6\nBite +7 vs. AC—6 damage\n"
            "AC 18\nPD 16\nMD 12\nHP 36"
        ),
        {"ac": 18, "pd": 16, "md": 12, "hp": 36, "level": 2, "role": "wrecker", "type": "beast"},
    ),
    (
        "coc",
        "Thing in the Well",
        "STR 75 CON 60 SIZ 65 DEX 50 INT 40\nPOW 55 HP 12\nDamage Bonus: +1D4\nSanity Loss: 1/1D6",
        {"str": 75, "siz": 65, "pow": 55, "hp": 12},
    ),
    (
        "osr",
        "Marsh Ghoul",
        (
            "Armor Class: 14\nHit Dice: 2+1\nNo. of Attacks: 2 claws\nDamage: "
            "1d4/1d4\nMovement: 30'\n"
            "No. Appearing: 1d6\nSave As: Fighter: 2\nMorale: 9\nTreasure Type: B\nXP: 100"
        ),
        {"ac": 14, "hit_dice": "2+1", "morale": 9, "xp": 100},
    ),
    (
        "savage-worlds",
        "Smuggler",
        (
            "Attributes: Agility d8, Smarts d6, Spirit d6, Strength d6, Vigor d6\n"
            "Pace: 6; Parry: 5; Toughness: 6"
        ),
        {"parry": 5, "toughness": 6},
    ),
    (
        "fate",
        "The Clockmaker",
        (
            "Aspects\nHigh Concept: Keeper of the Last Hour\n\nSkills\nGreat (+4): Crafts\n\n"
            "Stress\nPhysical 2, Mental 3"
        ),
        {},
    ),
    (
        "pbta",
        "Bog Imp",
        "Horde, Small, Stealthy\nClaws (d6 damage) 3 HP 1 Armor\nClose\nInstinct: to drown fires",
        {"hp": 3},
    ),
    (
        "cairn",
        "Rust Knight",
        "12 HP, 2 Armor, 14 STR, 9 DEX, 8 WIL, sword (d8)",
        {"hp": 12, "str": 14, "wil": 8},
    ),
]


@pytest.mark.parametrize(("form", "heading", "text", "expected"), FORMS, ids=[f[0] for f in FORMS])
def test_stat_blocks_of_other_games(form, heading, text, expected):
    chunk = only([Section(text, heading, 3)])
    assert chunk.kind == "stat_block"
    assert chunk.fields["form"] == form
    assert {name: chunk.fields[name] for name in expected} == expected


def test_one_line_blocks_in_a_room_are_found_and_the_room_is_kept():
    room = (
        "The door is stuck.\n\n"
        "Goblins (4): AC 6; HD 1-1; hp 3 each; #AT 1; Dmg 1d6; ML 7\n\n"
        "Under the bed lies a key."
    )
    assert kinds([Section(room, "3. Guard Room", 2)]) == [
        ("3. Guard Room", "text"),
        ("Goblins", "stat_block"),
        ("3. Guard Room", "text"),
    ]


def test_blocks_under_bold_names_are_parted():
    text = (
        "**Root Imp**\n4 HP, 8 STR, 14 DEX, 8 WIL, spear (d6)\n- Hides.\n\n"
        "**Bog Man**\n9 HP, 12 STR, 6 DEX, 9 WIL, club (d8)\n- Sleeps by day."
    )
    assert kinds([Section(text, "Bestiary", 2)]) == [
        ("Root Imp", "stat_block"),
        ("Bog Man", "stat_block"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Your Armor Class 15 protects you. A creature has Hit Points, and a Speed of 30 feet.",
        "The suit has AC 18. Roll 2d6 and add your Strength. The wall has AC 15 and 20 hit points.",
        "Aspects, skills and stress tracks say who you are. Choose them together with your table.",
        "**Ranger:** a longbow (d8, bulky), a cloak, 1 Armor, 2 HP more than others.",
    ],
)
def test_rules_about_stat_blocks_are_none(text):
    assert only([Section(text, "Rules", 2)]).kind == "text"


SPELLS = [
    (
        (
            "*3rd-level evocation (ritual)*\n\n**Casting Time:** 1 "
            "action\n\n**Range:** 150 feet\n\n"
            "**Components:** V, S, M (ash)\n\n**Duration:** Concentration, up to 1 minute\n\nFire!"
        ),
        {"level": 3, "school": "evocation", "ritual": "yes", "concentration": "yes"},
    ),
    (
        (
            "Conjuration cantrip\n\nCasting Time: 1 action\nRange: 60 feet\nComponents: V, S\n"
            "Duration: Instantaneous\nA drop."
        ),
        {"level": 0, "school": "conjuration", "range": "60 feet", "duration": "Instantaneous"},
    ),
    (
        (
            "*Level 2 Abjuration (Cleric, Paladin)*\n\n**Casting Time:** Action\n\n"
            "**Range:** Touch\n\n**Duration:** 1 hour\n\nSafe."
        ),
        {"level": 2, "school": "abjuration", "classes": ("cleric", "paladin")},
    ),
    (
        (
            "School evocation [fire]; Level sorcerer/wizard 3, magus 2\nCasting "
            "Time 1 standard action\n"
            "Components V, S\nRange long\nDuration instantaneous"
        ),
        {"level": 2, "school": "evocation", "classes": ("sorcerer", "wizard", "magus")},
    ),
    (
        "Range: 30' Cleric 4, Magic-User 5\nDuration: special\n\nThe dead rise.",
        {"level": 4, "duration": "special"},
    ),
    (
        "*3rd-­level abjuration*\n\n**Casting Time:** 1 reaction\n\n**Range:** 60 feet\n\nStop.",
        {"level": 3, "school": "abjuration"},
    ),
]


@pytest.mark.parametrize(("text", "expected"), SPELLS)
def test_spells(text, expected):
    sections = [Section(text, "Star Fall", 4), Section("More.", "At Higher Levels", 5)]
    chunk = only(sections)
    assert chunk.kind == "spell"
    assert chunk.fields["name"] == "Star Fall"
    assert {name: chunk.fields[name] for name in expected} == expected


ITEMS = [
    (
        "*Wondrous item, rare (requires attunement by a bard)*\n\nIt hums.",
        {"type": "wondrous item", "rarity": "rare", "attunement": "a bard"},
    ),
    (
        "Weapon (any sword), uncommon (+1), rare (+2), or very rare (+3)\n\nSharp.",
        {"type": "weapon", "rarity": ("uncommon", "rare", "very rare")},
    ),
    ("*Armor (light), legendary (requires attunement)*\n\nOld.", {"attunement": "yes"}),
    (
        "Aura faint evocation; CL 5th; Slot none; Price 4,500 gp; Weight 2 lbs.\n\nIt glows.",
        {"level": 5, "price": 4500, "coin": "gp", "slot": "none"},
    ),
]


@pytest.mark.parametrize(("text", "expected"), ITEMS)
def test_items(text, expected):
    chunk = only([Section(text, "Lantern of Ash", 3), Section("Blue.", "The Blue One", 4)])
    assert chunk.kind == "item"
    assert {name: chunk.fields[name] for name in expected} == expected


def test_class_features_have_class_and_level():
    table = "| Level | Bonus | Features |\n|---|---|---|\n| 1st | +2 | Blood Song, Grit |\n"
    chunks = cut(
        "s",
        [
            Section(table, "Barbarian", 1),
            Section("You sing while you fight.", "Blood Song", 2),
            Section("At 6th level, you may sing twice.", "Second Verse", 2),
            Section("Level 9 is hard.", "Level 9: Long Song", 2),
            Section("You own an axe.", "Equipment", 2),
            Section("At 6th level, kings hear of you.", "Elsewhere", 1),
        ],
        180,
    )
    told = [(c.heading, c.kind, c.fields.get("class"), c.fields.get("level")) for c in chunks[1:]]
    assert told == [
        ("Blood Song", "class_feature", "barbarian", 1),
        ("Second Verse", "class_feature", "barbarian", 6),
        ("Level 9: Long Song", "class_feature", "barbarian", 9),
        ("Equipment", "text", None, None),
        ("Elsewhere", "text", None, None),
    ]


def test_what_is_mentioned_is_kept():
    said = mentions(
        "Make a DC 15 save or take 8d6 fire damage and be poisoned (see page 47); 1d4+1 rounds."
    )
    assert said == {
        "dice": ("8d6", "1d4+1"),
        "dcs": ("15",),
        "damage": ("fire",),
        "conditions": ("poisoned",),
        "references": ("page 47",),
    }
    assert mentions("The duke adds and walks on.") == {}


TABLES = [
    ("| d6 | Sky |\n|---|---|\n| 1-2 | Rain |\n| 3-6 | Sun |", ("d6", 2)),
    ("| 1d100 | A |\n|---|---|\n| 01\u201365 | x |\n| 66\u201300 | y |", ("d100", 2)),
    ("| 2d6 | A |\n|---|---|\n| 2 | x |\n| 3-12 | y |", ("2d6", 2)),
    ("|  | A |\n|---|---|\n| 1 | x |\n| 2 | y |\n| 3 | z |\n| 4 | w |", ("d4", 4)),
    ("d6 Sky\n1 Rain\n2-3 Snow\n4-6 Sun", ("d6", 3)),
    ("| Level | Bonus |\n|---|---|\n" + "\n".join(f"| {n} | +2 |" for n in range(1, 21)), None),
    ("| Name | Cost |\n|---|---|\n| 4 nails | 1 cp |\n| 10 nails | 2 cp |", None),
    ("1. Roll.\n2. Add.\n3. Tell.\n4. Rest.", None),
]


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_tables_that_are_rolled_on(text, expected):
    found = rolled(text)
    assert (None if found is None else (found.die, found.rows)) == expected


def test_a_numbered_list_under_a_die_is_rolled_on():
    chunk = only([Section("1. Fog\n2. Rain\n3. Hail\n4. Sun", "Weather (d4)", 2)])
    assert (chunk.kind, chunk.fields["dice"], chunk.fields["rows"]) == ("random_table", ("d4",), 4)
