"""The language of the table: what is shipped, what packs add, and what is wrong with a file."""

import json
import time

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ttrpg_search
from ttrpg_core import Genre, System, hookimpl
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import ConfigError, InputError
from ttrpg_core.library import Book
from ttrpg_core.search import Question
from ttrpg_search.asking.lexicon import lexicon
from ttrpg_search.asking.reading import Reader
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import STOP, stems, words
from ttrpg_search.language import load, systems_known
from ttrpg_search.language.building import build, compiled
from ttrpg_search.language.loader import COMPILED, HOME
from ttrpg_search.language.reading import read

GAMES = sorted(set(systems_known().values()))


@pytest.fixture(scope="module")
def table():
    """The language of the fifth edition, as questions meet it."""
    return lexicon(frozenset({"dnd5e-2014"}))


@pytest.fixture
def texts(app, plugins):
    """A shelf with a few plain passages."""
    plugins.register(ttrpg_search, "search")
    kept = Texts(app.store.connection)
    said = (
        ("Treant", "A treant is an awakened tree that throws rocks at a castle."),
        ("Fireball", "A bright streak of flame. Darkvision and hit points are not needed."),
        ("Force", "The plane of force. The forge burns, the sorcerer casts a plan."),
        ("Rogue", "A rogue has sneak attack. A red rouge is worn. Wild shape is for druids."),
        ("Goblin", "A goblin hides. A griffon flies. A blessed warhammer strikes."),
    )
    kept.add(
        Chunk(number, "a" * 64, number, heading, (heading,), None, None, "", text)
        for number, (heading, text) in enumerate(said, 1)
    )
    return kept


@pytest.fixture
def ask(texts, table):
    """Understands a question."""
    return Reader(texts, table).read


def meant(table, question, short):
    """What an abbreviation means in a question, likeliest first."""
    around = {one for one in stems(question) if one not in stems(short)}
    return table.meant(short, around, upper=short.upper() in question.split())


# --- what is shipped


def test_what_is_compiled_is_what_is_written():
    written = {path.name: path.read_text("utf-8") for path in COMPILED.iterdir()}
    assert written == dict(compiled()), "run: python -m ttrpg_search.language"


def test_building_writes_the_compiled_files(tmp_path):
    paths = build(tmp_path / "new")
    assert {path.name for path in paths} == {path.name for path in COMPILED.iterdir()}
    assert json.loads((tmp_path / "new" / "systems.json").read_text("utf-8"))["dnd5e"] == "dnd5e"


@pytest.mark.parametrize("game", GAMES)
def test_every_game_has_a_language_that_can_be_used_whole(game):
    language = load([game])
    assert not language.problems
    assert all(language.abbreviations[short] for short in language.abbreviations)
    assert all(concept.says for concept in language.concepts)
    assert all(language.synonyms[key] for key in language.synonyms)
    assert all(language.typos[wrong].right for wrong in language.typos)
    assert all(
        0 <= n < len(language.concepts) for stem in language.index for n in language.index[stem]
    )
    assert len(language.index) > 1000


def test_an_edition_is_its_game_and_a_game_has_its_base():
    fifth = load(["dnd5e-2024"])
    assert fifth.abbreviations["loh"][0].full == "lay on hands"
    assert len(load(["pf2e"]).concepts) > len(fifth.concepts)
    assert load(["nobody-knows-it"]).abbreviations.get("loh") is None


def test_words_have_classes():
    known = load([]).words
    assert 20_000 <= len(known) <= 40_000
    assert set(known.values()) == {1, 2, 3, 4, 5}
    assert known["the"] == 5
    assert known["fight"] > known["troupe"]


@pytest.mark.parametrize(
    ("question", "short", "full"),
    [
        ("how much dmg does it do", "dmg", "damage"),
        ("which chapter of the dmg has traps", "dmg", "dungeon master's guide"),
        ("con save for the poison", "con", "constitution"),
        ("CON 14", "con", "constitution"),
        ("int check to recall", "int", "intelligence"),
        ("sr or lr to get hit dice back", "sr", "short rest"),
        ("does sr stop a spell of the caster", "sr", "spell resistance"),
        ("what gives dr", "dr", "damage reduction"),
        ("fort ref or will", "will", "will save"),
        ("lasts 10 min", "min", "minute"),
        ("al of a lawful evil devil", "al", "alignment"),
        ("mm spell slot", "mm", "magic missile"),
        ("mm stat block of a monster", "mm", "monster manual"),
        ("pp to notice a trap", "pp", "passive perception"),
        ("cost in gp and pp", "pp", "platinum pieces"),
        ("is the warlock pact lock good", "lock", "warlock"),
        ("sp of a sorcerer for metamagic", "sp", "spell points"),
        ("mi per hour of travel", "mi", "miles"),
        ("copies from mi illusion", "mi", "mirror image"),
        ("rogue AT", "at", "arcane trickster"),
        ("fighter AS twice", "as", "action surge"),
        ("hp", "hp", "hit points"),
    ],
)
def test_a_collision_is_settled_by_what_stands_near(table, question, short, full):
    assert meant(table, question, short)[0][0] == full


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("will the dragon attack", "will"),
        ("look at the map", "at"),
        ("strong as an ox", "as"),
    ],
)
def test_an_ordinary_word_is_no_abbreviation(table, question, short):
    assert meant(table, question, short) == []


@pytest.mark.parametrize(
    ("question", "short"),
    [("con man", "con"), ("open the lock", "lock"), ("a verb", "verb"), ("raw meat", "raw")],
)
def test_an_ordinary_word_hardly_counts_as_an_abbreviation(table, question, short):
    assert all(weight <= 0.5 for _, weight in meant(table, question, short))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("knock someone out without killing", "Knocking a Creature Out"),
        ("hold my breath under water", "Suffocating"),
        ("can I move after attacking and then move again", "Breaking Up Your Move"),
        ("hurl a ball of fire into a room", "Fireball"),
        ("statue that comes alive and flies", "Gargoyle"),
        ("bag that is bigger inside", "Bag of Holding"),
        ("druid becomes a wolf", "Wild Shape"),
        ("tie a sheep with ropes", "Restrained"),
    ],
)
def test_a_thing_is_told_by_its_description(table, question, name):
    telling = [word for word in words(question) if word not in STOP]
    said = [(word, 1.0) for word in telling]
    said += [(text, 0.75 * weight) for word in telling for text, weight in table.synonyms(word)]
    found = table.described(telling, said)
    assert any(name in each.concept.names for each in found[:6])


# --- spelling


@pytest.mark.parametrize(
    "text", ["plane", "castle", "forge", "tree", "gazebo", "kitchen", "artificer", "beholder"]
)
def test_real_words_and_names_stay_as_they_are(ask, text):
    """Words that look like words of the game: none of them is turned into one."""
    asked = ask(text)
    assert asked.plain == text
    assert asked.corrected == ""
    assert "Treant" not in [term.text for term in asked.terms[:1]]


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("gobiln", "goblin"),
        ("firebal", "fireball"),
        ("wildshape", "wild shape"),
        ("dark vision", "dark vision"),
        ("hitpoints", "hit points"),
        ("griffin", "griffon"),
        ("sheild", "shield"),
        ("wrestel", "wrestle"),
        ("rouge sneak attack", "rogue sneak attack"),
        ("red rouge", "red rouge"),
        ("wight limit to carry", "weight limit to carry"),
        ("wight", "wight"),
        ("barkout", "barkout"),
    ],
)
def test_spelling(ask, typed, right):
    assert ask(typed).plain == right


def test_a_book_says_how_a_word_is_spelled(texts, table):
    texts.add([Chunk(9, "b" * 64, 9, "Griffin", ("Griffin",), None, None, "", "A griffin.")])
    assert Reader(texts, table).read("griffin").plain == "griffin"


def test_words_apart_and_joined(ask):
    assert "fireball" in dict(ask("fire ball").terms[-1].others) or any(
        "fireball" in dict(term.others) for term in ask("fire ball").terms
    )
    assert "darkvision" in {t for term in ask("dark vision").terms for t, _ in term.others}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.text(max_size=300), st.text("abdehilmnorstu -:\"'", max_size=120)))
def test_any_text_is_understood_and_soon(ask, text):
    before = time.process_time()
    try:
        asked = ask(text)
    except InputError:
        return
    assert all(term.text and term.weight > 0 for term in asked.terms)
    assert time.process_time() - before < 1.0


# --- files of packs


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("[abbreviations", "(file): is not TOML"),
        ("[spells]\na = 'b'", "spells: is not known"),
        ("systems = 'osr'", "systems: is a list"),
        ("base = ''", "base: is text"),
        ("abbreviations = 1", "abbreviations: is a table"),
        ("[abbreviations]\nhp = ''", "abbreviations.hp: is text"),
        ("[abbreviations]\nhp = []", "abbreviations.hp: has no meaning"),
        ("[abbreviations]\nhp = 'a;;b'", "abbreviations.hp: has nothing between"),
        ("[abbreviations]\nhp = [{ full = 'x', nea = 'y' }]", "abbreviations.hp.nea: is not known"),
        ("[abbreviations]\nhp = [{ full = 'x', weight = 'much' }]", "abbreviations.hp.weight"),
        ("[abbreviations]\nhp = [{ full = 'x', weight = 2 }]", "weight: is a number from"),
        ("[abbreviations]\nhp = [{ full = 'x', weight = 0 }]", "weight: is a number from 0.01"),
        ("[abbreviations]\nhp = [{ full = 'x', alone = nan }]", "alone: is a number from 0 to 1"),
        ("[concepts]\nTreant = 'tree ~5'", "'tree': is a number from 0.01 to 1"),
        ("[concepts]\nTreant = '!!'", "'!!' has no word"),
        ("[abbreviations]\n'!' = 'x'", "abbreviations.!: has no letter"),
        ("[abbreviations]\nhp = 'x'\nHP = 'y'", "abbreviations.HP: stands there twice"),
        ("[concepts]\nTreant = 'a b c d e f g h j k'", "more than 5 words"),
        ("[concepts]\nTreant = 'tree ~much'", "'much' is no weight"),
        ("[concepts]\nTreant = 'tree; tree'", "says 'tree' twice"),
        ("[concepts]\nTreant = { say = 'tree' }", "is not known"),
        ("[synonyms]\nsame = 'a; b'", "synonyms.same: is a list"),
        ("[synonyms]\nsame = ['a']", "has one word only"),
        ("[kinds]\nbeast = 3", "kinds.beast: is text"),
        ("[splits]\nforms = ['hitpoints']", "is not written apart"),
        ("[typos]\nrogue = 'rogue'", "is right as it stands"),
        ("[antonyms]\npairs = ['fire; cold; ice']", "is not a pair"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_the_entry(tmp_path, text, entry):
    path = tmp_path / "ours.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert entry in str(caught.value)
    assert "ours.toml" in str(caught.value)


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        read(tmp_path / "odd.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.toml")


@given(st.dictionaries(st.sampled_from(["abbreviations", "concepts", "kinds", "typos"]), st.text()))
def test_any_file_is_read_or_refused(tmp_path_factory, tables):
    path = tmp_path_factory.mktemp("pack") / "any.toml"
    path.write_text(
        "\n".join(f"[{k}]\n{json.dumps(v)} = {json.dumps(v)}" for k, v in tables.items())
    )
    try:
        rows = read(path)
    except ConfigError as error:
        rows = None
        said = str(error)
    assert set(rows) >= set(tables) if rows is not None else "any.toml" in said


def test_packs_say_more_and_the_last_is_right(tmp_path):
    ours, more, other = (tmp_path / f"{name}.toml" for name in ("ours", "more", "other"))
    ours.write_text("[abbreviations]\nhp = 'heart points'\n[kinds]\nbeast = 'wug'\n", "utf-8")
    more.write_text(
        "systems = ['dnd5e']\n[abbreviations]\nhp = 'hope'\n[concepts]\nWug = 'two of them'\n",
        "utf-8",
    )
    other.write_text("systems = ['gurps']\n[abbreviations]\nhp = 'never'\n", "utf-8")
    language = load(["dnd5e-2014"], [ours, more, other])
    assert language.abbreviations["hp"][0].full == "hope"
    assert language.kinds["wug"] == ("beast",)
    assert language.concepts[language.index["two"][-1]].names == ("Wug",)
    assert language.concepts[-1].names == ("Wug",)


# --- in the program


@pytest.fixture
def pack(tmp_path):
    """A plugin with a genre and a system that bring words of their own."""
    folder = tmp_path / "noir"
    folder.mkdir()
    (folder / "language.toml").write_text("[abbreviations]\npi = 'private eye'\n", "utf-8")
    (tmp_path / "twodice.toml").write_text("", "utf-8")
    (tmp_path / "twodice.language.toml").write_text("[abbreviations]\ntd = 'two dice'\n", "utf-8")

    class Pack:
        @hookimpl
        def ttrpg_genres(self):
            yield Genre("noir", "Rain", path=folder)

        @hookimpl
        def ttrpg_systems(self):
            yield System("twodice", "2d6", path=tmp_path / "twodice.toml")
            yield System("coded", "No data", target="ttrpg_core.dice:roll")

    return Pack()


@pytest.fixture
def engine(app, plugins, texts):
    """The whole search over a book of one passage."""
    with app.store.transaction():
        app.library.begin("c" * 64, "text", 1, "2026-01-01T00:00:00+00:00")
        chunk = Chunk(0, "c" * 64, 0, "Inn", ("Inn",), None, None, "", "The barkeep, an eye.")
        texts.add(app.library.finish("c" * 64, [chunk]))
        texts.remove("a" * 64)
        book = Book("inn", "Inn", "c" * 64, "/x", "text", 1, 9, 1, "2026")
        with app.journal.change("library.add") as change:
            change.insert("books", attrs.asdict(book))
            change.prose = "added"
    return app.finder()


def test_packs_and_the_user_are_read(app, plugins, pack, engine):
    plugins.register(pack, "pack")
    own = app.paths.language
    own.mkdir(parents=True)
    (own / "house.toml").write_text("[abbreviations]\nbob = 'the barkeep'\n", "utf-8")
    (own / "broken.toml").write_text("[abbreviations]\nx = 1\n", "utf-8")
    assert [path.name for path in app.language()] == [
        "language.toml",
        "twodice.language.toml",
        "broken.toml",
        "house.toml",
    ]
    found = engine.find(Question("bob pi td", keyword_only=True))
    said = [f"{step.name} {step.said}" for step in found.steps]
    assert found.hits[0].chunk.heading == "Inn"
    assert any("bob: the barkeep" in each for each in said)
    assert any("pi: private eye" in each for each in said)
    assert any("td: two dice" in each for each in said)
    assert any("left aside" in each and "broken.toml.abbreviations.x" in each for each in said)
    (own / "house.toml").write_text("[abbreviations]\nbob = 'the private eye'\n", "utf-8")
    (own / "broken.toml").unlink()
    again = engine.find(Question("bob", keyword_only=True))
    assert any("bob: the private eye" in step.said for step in again.steps)
    assert not any("left aside" in step.said for step in again.steps)


def test_what_may_have_been_meant_is_suggested(engine):
    found = engine.find(Question("bagkeen", keyword_only=True))
    assert (found.suggested, found.corrected) == ("barkeep", "")
    assert ("did you mean", "barkeep") in [(step.name, step.said) for step in found.steps]
    assert engine.find(Question("barkep", keyword_only=True)).corrected == "barkeep"
    assert engine.find(Question("barkeep", keyword_only=True)).suggested == ""


def test_the_lists_are_small():
    assert (HOME / "words.txt").stat().st_size < 300_000
    assert (HOME / "protected.txt").stat().st_size < 20_000
