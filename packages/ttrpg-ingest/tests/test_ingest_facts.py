import attrs
import pytest

from ttrpg_core.documents import Document, Notice, Section
from ttrpg_core.library import BOOK_KINDS
from ttrpg_ingest.chunks import cut
from ttrpg_ingest.facts import Guess, detect, quality
from ttrpg_ingest.facts.guess import best
from ttrpg_ingest.facts.kinds import TITLES
from ttrpg_ingest.facts.languages import STOP_WORDS, language
from ttrpg_ingest.facts.quality import order_score, text_score
from ttrpg_ingest.facts.systems import SYSTEMS

PLAIN = "The river was wide and the ferry was late. They waited on the bank until it came. "


def told(text, title="", name="book.pdf", headings=()):
    sections = [Section(text, "Start", 1), *(Section("x.", each, 2) for each in headings)]
    return detect(Document(title), sections, name)


SAID = [
    (
        "dnd5e",
        (
            "Add your proficiency bonus. After a long rest you regain each spell slot. A cantrip"
            " needs none. Make an ability check or a saving throw; passive "
            "Perception counts. Hit Dice, a"
            " bonus action and your armor class matter. 5th edition."
        ),
    ),
    (
        "dnd5e-2024",
        (
            "SRD 5.2. A D20 Test uses your proficiency bonus. Weapon Mastery and Heroic"
            " Inspiration; a Bloodied creature; an Emanation; a long rest, a "
            "spell slot, a cantrip, a"
            " saving throw, the Rules Glossary."
        ),
    ),
    (
        "13th-age",
        (
            "13th Age uses the escalation die, icon relationship rolls, recoveries, a one"
            " unique thing, mental defense and physical defense."
        ),
    ),
    (
        "fate",
        (
            "Fate Core: spend a fate point to invoke an aspect, or compel it. A stunt; create an"
            " advantage; your high concept; consequences; refresh."
        ),
    ),
    (
        "traveller",
        (
            "Traveller: each starport has a tech level and a law level. A starship with a"
            " jump drive crosses a parsec. Roll 2d6. Social standing. Mustering out."
        ),
    ),
    (
        "coc",
        (
            "Call of Cthulhu: the Keeper asks each investigator for Sanity. The Mythos; credit"
            " rating; spot hidden; library use; a pushed roll."
        ),
    ),
    (
        "pbta",
        (
            "Powered by the Apocalypse: choose a playbook. On a 10+ hold 1. On a 7-9 the MC makes"
            " a hard move. Your agenda, the basic moves, bonds and fronts."
        ),
    ),
    (
        "savage-worlds",
        (
            "Savage Worlds: a Wild Card rolls a wild die and spends bennies. Parry,"
            " toughness, shaken, a raise, a soak roll, edges and hindrances."
        ),
    ),
    (
        "osr",
        (
            "Old school: a magic-user saves vs spells. Hit dice, morale, treasure type, retainers,"
            " wandering monsters and a dungeon level."
        ),
    ),
    (
        "pf2e",
        (
            "Pathfinder Second Edition: a critical success, a critical failure, three actions, an"
            " ancestry feat, Stride, a flat check, hero points, trained in a skill."
        ),
    ),
    (
        "cypher",
        (
            "Cypher System: a GM intrusion; your might pool and speed pool; effort and edge; a"
            " cypher; a recovery roll."
        ),
    ),
    (
        "ironsworn",
        "Ironsworn: swear an iron vow; momentum; a progress track; strong hit; weak hit.",
    ),
    ("shadowrun", "Shadowrun: nuyen, a decker in the matrix, a rigger, essence loss, drain."),
    (
        "mork-borg",
        "M\u00d6RK BORG: omens, a scvm, the basilisk, presence, DR12, an unclean scroll.",
    ),
]


@pytest.mark.parametrize(("system", "text"), SAID, ids=[each[0] for each in SAID])
def test_games_are_told_by_their_terms(system, text):
    found = told(text).system
    assert found.value == system
    assert found.confidence >= 0.5


@pytest.mark.parametrize(
    ("system", "title"), [("gurps", "GURPS Oceans"), ("wod", "Vampire: The Bay")]
)
def test_games_are_told_by_the_title(system, title):
    assert told(PLAIN * 5, title).system.value == system


def test_what_is_not_known_is_empty():
    facts = told(PLAIN * 20)
    assert facts.system == Guess()
    assert facts.edition == Guess()
    assert facts.publisher == Guess()
    assert told("").language == Guess()
    assert all(guess.value == "" for guess in attrs.astuple(told(""), recurse=False))


def test_a_name_that_is_an_ordinary_word_tells_nothing_but_in_a_title():
    text = "A traveller asks the referee for a lamp. Each traveller rolls 2d6. " * 4
    assert told(text, "The Lamplit Road").system.value == ""
    assert told(text, "Traveller Core").system.value == "traveller"


def test_names_of_games_are_their_own():
    names = [system.name for system in SYSTEMS]
    assert len(names) == len(set(names)) >= 19
    assert {system.base for system in SYSTEMS} - {""} <= set(names)


GENRES = [
    (
        "fantasy",
        (
            "A wizard casts a spell at the dragon. Elves and dwarves fight the orc with sword"
            " and magic in the dungeon; a paladin and a goblin; an undead knight in the castle."
        ),
    ),
    (
        "sci-fi",
        (
            "The starship leaves orbit for the planet. An alien android with a laser; an asteroid"
            " colony; gravity, vacuum and robots; the starport; psionic technology."
        ),
    ),
    (
        "cyberpunk",
        (
            "The hacker jacks a neural implant into the corporation's matrix. Chrome and neon"
            " on the street; a megacorp; cyberware and a netrunner."
        ),
    ),
    (
        "western",
        (
            "The sheriff meets the outlaw in the saloon: a duel with revolvers. A cowboy, a ranch,"
            " the railroad, a posse and a gunslinger on the frontier. The revolver speaks."
        ),
    ),
    (
        "post-apocalyptic",
        (
            "Survivors and raiders in the wasteland. Radiation, mutants, ruins, scrap, a"
            " bunker, a scavenger, the fallout of the apocalypse."
        ),
    ),
    (
        "superhero",
        (
            "A superhero and her sidekick fight villains with superpowers; a nemesis, a cape, a"
            " vigilante, a heroine, powers."
        ),
    ),
]


@pytest.mark.parametrize(("genre", "text"), GENRES, ids=[each[0] for each in GENRES])
def test_genres(genre, text):
    assert told(text).genre.value == genre


LANGUAGES = [
    ("en", PLAIN * 3),
    (
        "de",
        (
            "Der Fluss war breit und die F\u00e4hre kam zu sp\u00e4t, und sie "
            "warteten auf dem Ufer, weil es"
            " nicht anders ging. Das ist die Regel f\u00fcr den Wurf mit der "
            "Hand und ein W\u00fcrfel."
        ),
    ),
    (
        "fr",
        (
            "La rivi\u00e8re \u00e9tait large et le bac ne venait pas; ils "
            "attendaient sur la rive dans le"
            " froid avec les chevaux et une lampe pour la nuit que l'on craint."
        ),
    ),
    (
        "es",
        (
            "El r\u00edo era ancho y la barca no llegaba; los viajeros esperaban "
            "en la orilla con las"
            " mulas que el ni\u00f1o cuidaba por la noche, y no se ve\u00eda "
            "nada m\u00e1s que el agua."
        ),
    ),
    (
        "it",
        (
            "Il fiume era largo e la barca non arrivava; i viandanti aspettavano sulla riva con le"
            " mule che il ragazzo curava per la notte e non si vedeva pi\u00f9 "
            "nulla di quello che era."
        ),
    ),
    (
        "pt",
        (
            "O rio era largo e a barca n\u00e3o chegava; os viajantes esperavam "
            "na margem com as mulas que"
            " o menino cuidava por uma noite e n\u00e3o se via mais do que a \u00e1gua do rio."
        ),
    ),
    (
        "nl",
        (
            "De rivier was breed en het veer kwam niet; zij wachtten op de oever "
            "met een lamp die van"
            " de jongen was, en je kon niet meer zien dan het water in de nacht."
        ),
    ),
    (
        "sv",
        (
            "Floden var bred och f\u00e4rjan kom inte; de v\u00e4ntade p\u00e5 "
            "stranden med en lampa som pojken"
            " hade, och det gick inte att se mer \u00e4n vattnet i natten "
            "f\u00f6r att den var m\u00f6rk."
        ),
    ),
    (
        "ru",
        "\u0420\u0435\u043a\u0430 \u0431\u044b\u043b\u0430 \u0448\u0438\u0440\u043e\u043a\u0430",
    ),
    ("ar", "\u0643\u0627\u0646 \u0627\u0644\u0646\u0647\u0631 \u0648\u0627\u0633\u0639\u0627"),
    ("ja", "\u5ddd\u306f\u5e83\u304f\u3066\u6df1\u3044\u3067\u3059"),
    ("", "12 d6 34 STR CON"),
]


@pytest.mark.parametrize(("code", "text"), LANGUAGES, ids=[each[0] or "none" for each in LANGUAGES])
def test_languages(code, text):
    assert language(text.lower()).value == code


def test_stop_words_are_in_lower_case():
    assert all(words == words.lower() for words in STOP_WORDS.values())


def test_the_documents_word_stands_unless_the_text_contradicts():
    english = [Section(PLAIN * 5)]
    assert detect(Document("", language="en-GB"), english, "a").language == Guess("en", 0.9)
    assert detect(Document("", language="de"), english, "a").language.value == "en"
    said = Document("", publisher="Lantern Press", edition="2nd")
    facts = detect(said, english, "a")
    assert (facts.publisher, facts.edition) == (Guess("Lantern Press", 1.0), Guess("2nd", 1.0))


@pytest.mark.parametrize(
    ("text", "edition", "publisher"),
    [
        (
            "The Road, Third Edition. Published by Ferry Games in spring.",
            "Third Edition",
            "Ferry Games",
        ),
        ("\u00a9 2021 Lantern Press, all rights. Version 1.2", "1.2", "Lantern Press"),
        (
            "Copyright 2019 by Ash and Oak Publishing LLC. Refer to it.",
            "",
            "Ash and Oak Publishing LLC",
        ),
        ("\u00a9 2021 by a friend of mine", "", ""),
    ],
)
def test_edition_and_publisher_are_read_from_the_first_pages(text, edition, publisher):
    facts = told(text)
    assert (facts.edition.value, facts.publisher.value) == (edition, publisher)


BEAST = "Medium beast, unaligned\n\nArmor Class 12\nHit Points 9 (2d8)\nSpeed 30 ft."
SPELL = "*2nd-level evocation*\n\n**Casting Time:** 1 action\n\n**Range:** 60 feet\n\nBoom."


@pytest.mark.parametrize(
    ("kind", "title", "sections"),
    [
        ("bestiary", "", [Section(BEAST, f"Beast {n}", 2) for n in range(9)]),
        ("spells", "", [Section(SPELL, f"Spell {n}", 2) for n in range(9)]),
        (
            "rulebook",
            "The Road Rulebook",
            [Section(PLAIN, "Combat", 1), Section(PLAIN, "Skills", 1)],
        ),
        (
            "adventure",
            "The Drowned Mill",
            [
                Section(
                    "An adventure for four characters of levels 1-3. Random encounters.", "Mill", 1
                ),
                *(Section("You see it.", f"{n}. Room", 2, kind="read_aloud") for n in range(8)),
            ],
        ),
        (
            "setting",
            "",
            [Section(PLAIN, name, 1) for name in ("History", "Geography", "Religion", "Factions")],
        ),
        (
            "rulebook",
            "",
            [
                Section(PLAIN, "Combat", 1),
                Section(PLAIN, "Skills", 1),
                *(Section(SPELL[:9], f"{n}. Circle", 2) for n in range(1, 20)),
            ],
        ),
        ("house_rules", "House Rules of the Table", [Section(PLAIN, "Rest", 1)]),
        ("flavour", "", [Section(PLAIN * 60, "One", 1)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_kinds_of_books(kind, title, sections):
    assert detect(Document(title), sections, "x").kind.value == kind


def test_kinds_are_the_librarys():
    assert set(TITLES) == set(BOOK_KINDS)


def test_a_guess_is_less_sure_when_another_is_near():
    alone = best({"a": 8.0, "b": 0.0}, enough=4)
    near = best({"a": 8.0, "b": 7.0}, enough=4)
    assert alone.value == near.value == "a"
    assert alone.confidence > near.confidence
    assert best({}, enough=4) == best({"a": 0.1}, enough=4) == Guess()


def report(sections, pages=0, notices=()):
    return quality(Document("x", pages), sections, notices, cut("s", sections, 180))


def test_a_sound_reading_is_excellent():
    sections = [Section(f"{PLAIN * 4}\n\n{PLAIN * 4}", f"Part {n}", 1, n) for n in range(10)]
    found = report(sections, 10)
    assert found["overall"] == "excellent"
    assert (found["headings"], found["pages_without_text"]) == (10, [])
    assert found["kinds"] == {"text": 10}
    assert (found["text"], found["order"], found["coverage"]) == (1.0, 1.0, 1.0)


def test_a_broken_reading_is_not():
    glued = "theriverwaswideandtheferrywaslateandtheywaited " * 20
    torn = "\n\n".join(["and so it went on until the", "The ferry", "of the bank, which was"] * 9)
    sections = [Section(glued, page=0), Section(torn, page=5)]
    found = report(sections, 12, [Notice("nothing to read", 3)])
    assert found["overall"] == "poor"
    assert found["pages_without_text"] == [2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    assert found["notices"] == 1


def test_columns_read_across_lower_the_order_score():
    left = [
        f"The mill of part {n} stands by the river and its wheel turns all day." for n in range(8)
    ]
    right = [
        f"which is why nobody of part {n} has crossed the bridge since then and" for n in range(8)
    ]
    straight = [Section("\n\n".join(left))]
    crossed = [Section("\n\n".join(f"{a}\n\n{b}" for a, b in zip(left, right, strict=True)))]
    assert order_score(straight) == 1.0
    assert order_score(crossed) < 0.2
    assert order_score([]) == 1.0


def test_words_that_are_none_lower_the_text_score():
    assert (
        text_score([Section("Roll 2d6+3, then add (or subtract) the wolf's bonus: 1,200 gp.")]) == 1
    )
    assert text_score([Section("\ufffd\ufffdx\ufffdq f\ufffdi\ufffd ab\ufffdcd the")]) < 0.5
    assert text_score([]) == 0
