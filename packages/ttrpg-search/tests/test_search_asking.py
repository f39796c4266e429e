"""Understanding a question: filters, spelling, abbreviations, concepts."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ttrpg_search
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import InputError
from ttrpg_search.asking.filters import Filter, conditions, parse
from ttrpg_search.asking.lexicon import Lexicon
from ttrpg_search.asking.reading import Reader
from ttrpg_search.asking.spelling import distance, nearest, reach
from ttrpg_search.keyword.stemming import stem
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import stems
from ttrpg_search.language import Concept, Language, Meaning, Phrase, Typo

RED = "a" * 64
EMPTY = Language(
    abbreviations={},
    concepts=(),
    synonyms={},
    kinds={},
    splits={},
    typos={},
    protected=frozenset(),
    words={},
    antonyms=(),
)
TABLE = attrs.evolve(
    EMPTY,
    abbreviations={
        "hp": (Meaning("Hit Points"),),
        "dmg": (
            Meaning("damage"),
            Meaning("guide for masters", near=frozenset({"book"}), alone=0.2),
        ),
        "will": (Meaning("will save", near=frozenset({"save"}), alone=0.0),),
        "it": (Meaning("item table", upper=True, alone=0.0),),
        "nat 20": (Meaning("natural twenty"),),
    },
    concepts=(
        Concept(
            ("Parting Blow", "Blow in Passing"),
            tuple(Phrase(said, tuple(stems(said))) for said in ("run away", "leave melee")),
        ),
        Concept(("Drowning",), (Phrase("lungs water", ("lung", "water"), 0.6),)),
        Concept(
            ("Tavern",),
            (Phrase("drink", ("drink",)),),
            near=frozenset({"inn"}),
        ),
    ),
    synonyms={"foe": (("enemy", 1.0), ("opponent", 0.8))},
    splits={"hitpoints": "hit points"},
    typos={"rouge": Typo("rogue", frozenset({"sneak"})), "teh": Typo("the")},
    protected=frozenset({"lanturn"}),
    words={"cupboard": 3},
)


def passage(number, text, heading=""):
    return Chunk(number, RED, number, heading, (heading,), None, None, "", text)


@pytest.fixture
def texts(app, plugins):
    plugins.register(ttrpg_search, "search")
    kept = Texts(app.store.connection)
    kept.add(
        [
            passage(1, "Running away from an enemy in melee earns a parting blow.", "Parting Blow"),
            passage(2, "Hit points, damage, and how a lantern is lit.", "Hit Points"),
            passage(3, "A wild shape lasts an hour. Fireball burns.", "Wild Shape"),
            passage(4, "The lantern of seven winds glows.", "Lantern of Seven Winds"),
            passage(5, "A natural twenty hits. The rogue sneaks. A grappled foe is held.", "Rolls"),
            passage(6, "Ale costs a copper piece.", "Tavern"),
        ]
    )
    return kept


@pytest.fixture
def read(texts):
    return Reader(texts, Lexicon(TABLE)).read


def ways(asked, text):
    return dict(next(term.others for term in asked.terms if term.text == text))


@pytest.mark.parametrize(
    ("text", "rest", "filters"),
    [
        ("fire level:3", "fire", [Filter("level", "3", 3.0, 3.0)]),
        ("cr:1/4-2 wolf", "wolf", [Filter("cr", "1/4-2", 0.25, 2.0)]),
        ("level:5-", "", [Filter("level", "5-", 5.0, None)]),
        ("level:-5", "", [Filter("level", "-5", None, 5.0)]),
        ("level:9-2", "", [Filter("level", "9-2", 2.0, 9.0)]),
        ("page:350..360 grab", "grab", [Filter("page", "350..360", 350.0, 360.0)]),
        ("level:cantrip", "", [Filter("level", "cantrip", 0.0, 0.0)]),
        ('book:"Lamp Road" oil', "oil", [Filter("book", "Lamp Road")]),
        ("kind:monster Kind:Spell", "", [Filter("kind", "stat_block"), Filter("kind", "spell")]),
        ("note: a thing", "note: a thing", []),
        ("level: 3", "level: 3", []),
        ("see http://x.y", "see http://x.y", []),
        ('"in level:3 words"', '"in level:3 words"', []),
    ],
)
def test_filters(text, rest, filters):
    assert parse(text) == (rest, tuple(filters))


def test_bounds_of_a_filter():
    assert parse("level:>=3")[1][0].low == 3.0
    assert parse("level:>3")[1][0].low > 3.0
    assert parse("level:<3")[1][0].high < 3.0


@pytest.mark.parametrize(
    "text", ["level:high", "cr:1/0", "page:" + "9" * 400, "page:3-x", "level:--", "level:3.4.5"]
)
def test_a_number_that_is_none(text):
    with pytest.raises(InputError, match="not a number or a range"):
        parse(text)


@given(st.text(max_size=80))
def test_any_text_has_filters_or_none(text):
    try:
        rest, filters = parse(text)
    except InputError:
        return
    conditions(filters)
    assert len(rest) <= len(text)


def test_filters_of_one_name_are_alternatives():
    sql, values = conditions(parse("kind:spell kind:item level:3 book:x")[1])
    assert sql.count(" AND ") >= 1
    assert "(c.kind = ? OR c.kind = ?)" in sql
    assert values == ["spell", "item", 3.0, 3.0]


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("grapple", "grapples grappled grappling"),
        ("condition", "conditions conditional"),
        ("suffocate", "suffocating suffocation suffocates"),
        ("fall", "falls falling fell fallen"),
        ("quick", "quickly"),
        ("armor", "armour armors"),
        ("paralyze", "paralyzed paralysed paralysis"),
        ("foot", "feet"),
    ],
)
def test_forms_of_a_word_have_one_stem(one, others):
    assert {stem(word) for word in others.split()} == {stem(one)}


@pytest.mark.parametrize("pair", ["rest rust", "ring ranger", "dragon drag", "magic magus"])
def test_different_words_have_two(pair):
    one, two = pair.split()
    assert stem(one) != stem(two)


@pytest.mark.parametrize(
    ("one", "two", "far"),
    [
        ("fire", "fire", 0.0),
        ("fier", "fire", 0.8),
        ("atack", "attack", 0.4),
        ("vampyre", "vampire", 0.6),
        ("polymorf", "polymorph", 1.7),
        ("xire", "fire", 1.3),
    ],
)
def test_distance(one, two, far):
    assert distance(one, two, 3.0) == pytest.approx(far, abs=0.35)
    assert distance(one, two, 3.0) == distance(two, one, 3.0)


@given(st.text("abcdefg", max_size=9), st.text("abcdefg", max_size=9))
def test_distance_is_one(one, two):
    far = distance(one, two, 99)
    assert far == pytest.approx(distance(two, one, 99))
    assert (far == 0) == (one == two)
    assert far <= 1.3 * max(len(one), len(two)) + 0.6


def near(word, known, more=None):
    """The nearest of a book's words, with how often they are."""
    return nearest(
        word,
        lambda *_: list(known),
        lambda words: {each: known[each] for each in words},
        more or {},
    )


def test_common_words_come_first():
    found = near("lentern", {"lantern": 40, "lectern": 1, "cavern": 3})
    assert found[0].word == "lantern"
    assert found[0].sure > found[1].sure
    assert near("abc", {"abd": 9}) == []
    assert reach("abc") == 0


def test_a_doubled_letter_is_one_slip_and_both_are_more():
    assert near("missle", {"missile": 9, "mile": 60})[0].word == "missile"
    assert near("graple", {"grapple": 9})[0].distance < 1


def test_a_word_of_a_book_comes_before_one_of_the_language():
    found = near("graple", {"grapple": 1}, {"grape": 1, "grapple": 5, "staple": 5})
    assert [each.word for each in found][:2] == ["grapple", "grape"]
    assert near("staaple", {"grapple": 1}, {"staple": 1})[0].word == "staple"


@given(st.text("abcdefgh", min_size=4, max_size=12), st.text("abcdefgh", min_size=1, max_size=12))
def test_every_word_within_reach_is_found(one, two):
    """The library counts slips; none of those that our distance lets pass is lost to it."""
    far = distance(one, two, reach(one))
    found = {each.word for each in near(one, {two: 1})}
    if one != two and far <= reach(one) and one[0] == two[0] and abs(len(one) - len(two)) <= 1:
        assert two in found
    assert found <= {two}


def test_a_misspelled_word_is_mended(read):
    asked = read("grapled foe")
    assert asked.plain == asked.corrected == "grappled foe"
    assert any("grapled is read as grappled" in step.said for step in asked.steps)
    assert asked.terms[0].text == "grappled"


def test_right_words_are_left_alone(read):
    for text in ("grappled foe", "lanturn", "cupboard", "xyzzyqq"):
        assert read(text).corrected == ""
        assert read(text).plain == text


def test_words_joined_and_apart(read):
    assert read("wildshape").plain == "wild shape"
    assert read("wildshap").plain == "wild shape"
    assert read("hitpoints").plain == "hit points"
    assert ways(read("fire ball"), "ball") == {"fireball": 0.9} or ways(
        read("fire ball"), "fire"
    ) == {"fireball": 0.9}


def test_a_known_slip_counts_beside_its_words(read):
    assert read("rouge sneaks").plain == "rogue sneaks"
    assert "rogue" not in read("rouge et noir").plain.split()


def test_an_abbreviation(read):
    asked = read("max HP")
    assert ways(asked, "hp")["hit points"] == 1.0
    assert asked.corrected == ""
    assert asked.spoken == "max hit points"


def test_an_abbreviation_is_settled_by_its_neighbours(read):
    assert ways(read("dmg roll"), "dmg") == {"damage": 1.0, "guide for masters": 0.2}
    assert ways(read("dmg book"), "dmg")["guide for masters"] == 1.0
    assert "will save" in ways(read("will save"), "will")
    assert [term.text for term in read("what will burn").terms] == ["burn"]


def test_an_abbreviation_in_capitals(read):
    assert "it" in [term.text for term in read("roll IT").terms]
    assert "it" not in [term.text for term in read("roll it").terms]


def test_an_abbreviation_of_two_words(read):
    assert ways(read("nat 20 hits"), "nat 20") == {"natural twenty": 1.0}


def test_initials_of_a_heading(read):
    for text in ("LoSW", "losw"):
        assert "lantern of seven winds" in ways(read(text), "losw")
    assert read("LoSW").spoken == "lantern of seven winds"


def test_synonyms(read):
    assert ways(read("foe"), "foe") == {"enemy": 0.75, "opponent": 0.6}


def test_a_concept_that_is_described(read):
    asked = read("what if I run away from it")
    assert any(term.text == "Parting Blow" for term in asked.terms[asked.words :])
    assert "Parting Blow" in ways(asked, "run")
    assert not any(term.text == "Parting Blow" for term in read("a foe").terms)


def test_a_concept_that_the_books_do_not_have(read):
    asked = read("lungs full of water")
    assert not any(term.text == "Drowning" for term in asked.terms)
    assert not any("Blow in Passing" in dict(term.others) for term in read("run away").terms)


def test_a_kind_of_thing_is_described_by_its_kind(texts):
    language = attrs.evolve(TABLE, kinds={"wyvern": ("beast",)})
    language = attrs.evolve(
        language,
        concepts=(Concept(("Wild Shape",), (Phrase("a beast", ("beast",)),)),),
    )
    read = Reader(texts, Lexicon(language)).read
    assert "Wild Shape" in [term.text for term in read("become a wyvern").terms]
    assert "Wild Shape" not in [term.text for term in read("become a king").terms]
    assert "beast" not in [text for text, _ in read("become a wyvern").terms[1].others]


def test_what_is_related_is_looked_for_too_and_counts_less(texts):
    concept = Concept(("Tavern",), (Phrase("drink", ("drink",)),), related=("Hit Points",))
    asked = Reader(texts, Lexicon(attrs.evolve(TABLE, concepts=(concept,)))).read("drink")
    assert 0 < ways(asked, "Tavern")["Hit Points"] < 1
    assert "Hit Points" not in ways(asked, "drink")


def test_the_opposite_of_what_is_asked_counts_less(texts):
    phrases = (Phrase("weather", ("weather",)),)
    language = attrs.evolve(
        TABLE,
        concepts=(Concept(("Wild Shape",), phrases), Concept(("Lantern",), phrases)),
        antonyms=(("tame", "wild"),),
    )
    lexicon = Lexicon(language)

    def strengths(question):
        found = lexicon.described(question.split(), [(word, 1.0) for word in question.split()])
        return {each.concept.names[0]: each.strength for each in found}

    assert strengths("tame weather")["Wild Shape"] < strengths("tame weather")["Lantern"]
    assert strengths("tame wild weather")["Wild Shape"] == strengths("weather")["Lantern"]


def test_a_saying_is_meant_as_a_whole(texts):
    language = attrs.evolve(TABLE, synonyms={"out cold": (("grappled", 1.0),)})
    asked = Reader(texts, Lexicon(language)).read("he is out cold")
    assert "grappled" in ways(asked, "cold")
    assert "grappled" not in ways(Reader(texts, Lexicon(language)).read("cold ale"), "cold")


def test_a_concept_in_its_surroundings(read):
    assert "Tavern" not in [term.text for term in read("drink").terms]
    assert "Tavern" in [term.text for term in read("drink at the inn").terms]


def test_phrases_and_what_must_be_absent(read):
    asked = read('"parting blow" -melee -"two words" enemy')
    assert asked.phrases == ("parting blow",)
    assert asked.absent == ("melee", "two words")
    assert [term.text for term in asked.terms][:2] == ["parting blow", "enemy"]


def test_names_and_sentences(read):
    assert read("how do lanterns burn").natural
    assert not read("parting blow").natural


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    class Nothing(Texts):
        def said(self, words):
            return {}

        chunks_with = often = said

        def initials(self, word):
            return []

        def like(self, length, reach):
            return []

    try:
        asked = Reader(Nothing(None), Lexicon(TABLE)).read(text)
    except InputError:
        return
    assert all(term.text for term in asked.terms)


def test_words_run_together_are_taken_apart_as_the_books_have_them(read):
    assert read("lanternofsevenwinds").plain == "lantern of seven winds"
    assert read("costsacopperpiece").plain == "costs a copper piece"
    assert read("windsofseven").plain == "windsofseven"  # its words stand nowhere in this order


def test_two_unsure_words_are_what_a_heading_has_side_by_side(read):
    assert read("parying blaw").plain == "parting blow"
    assert read("wald shape").plain == "wild shape"


def test_a_word_of_a_heading_is_meant_before_another():
    book = ["close", "clone"]

    def near(**more):
        found = nearest("cloe", lambda *_: book, lambda words: {"close": 3, "clone": 2}, **more)
        return found[0].word

    assert near() == "close"
    assert near(titled=lambda _: {"clone"}) == "clone"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("\u00bfcu\u00e1nto da\u00f1o hace una bola de fuego?", "es"),
        ("wie viel Schaden macht ein Feuerball", "de"),
        ("combien de d\u00e9g\u00e2ts fait une boule de feu", "fr"),
        ("quanto dano causa uma bola de fogo", "pt"),
    ],
)
def test_a_question_in_a_language_of_no_book_is_left_as_it_is(read, question, code):
    asked = read(f"{question} grapled")
    assert asked.corrected == ""
    assert any(f"({code})" in step.said for step in asked.steps)


def test_a_question_in_the_language_of_a_book_is_mended(texts):
    texts.add([passage(100 + n, f"Das ist ein Feuerball, und der brennt {n}.") for n in range(20)])
    asked = Reader(texts, Lexicon(TABLE)).read("was ist ein Feurball und der")
    assert asked.plain == "was ist ein feuerball und der"


@pytest.mark.parametrize(
    "question",
    ["how do I die", "what does con do", "roll the die in melee", "will save or hp", "der grapled"],
)
def test_small_words_that_english_has_too_tell_no_language(read, question):
    assert not any("no book is in this language" in step.said for step in read(question).steps)


def test_a_name_that_players_know_is_spelled_right(texts):
    texts.add([passage(200, "Bars of silver are worth their weight.", "Silver Bars")])
    read = Reader(texts, Lexicon(TABLE)).read
    assert read("silvery barrs").plain == "silver bars"
    assert read("silvery barbs").plain == "silvery barbs"
