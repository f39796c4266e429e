"""Whether what was found answers: the signs, their sum, and the whole on small shelves."""

import pytest

from ttrpg_core.search import Question
from ttrpg_search.answering import BAR, Signs, sure
from ttrpg_search.asking import elsewhere
from ttrpg_search.keyword.tokens import words

ROAD = (
    ("Falling", ("Dangers", "Falling"), 4, "5", "A fall does 1d6 harm for each height of a man."),
    ("Lanterns", ("Light", "Lanterns"), 2, "3", "A lantern lights a room. Oil burns for an hour."),
    ("Dread", ("Light", "Dread"), 3, "4", "With three points of Dread you run, hide or freeze."),
    ("Poison", ("Wounds", "Poison"), 5, "6", "Poison acts on the minute after it enters."),
)


def answers(**signs):
    found, least = sure(Signs(**{"met": 0.0, "headed": 0.0, "words": 2, **signs}))
    return found >= least


def test_all_words_under_a_heading_that_is_theirs_answer():
    assert answers(met=1.0, headed=1.0)
    assert answers(met=1.0, headed=1.0, nearest=0.3)


def test_nothing_met_does_not_however_near():
    assert not answers()
    assert not answers(nearest=0.7)


def test_each_sign_counts():
    base = {"met": 0.5, "headed": 0.5, "words": 2, "nearest": 0.4}
    for more in ({"met": 0.6}, {"headed": 0.6}, {"words": 3}, {"nearest": 0.5}, {"described": 0.4}):
        assert sure(Signs(**{**base, **more}))[0] > sure(Signs(**base))[0]
    many, more = (sure(Signs(0.5, 0.5, words))[0] for words in (7, 30))
    assert many == more


def test_a_word_alone_needs_less():
    one, two = (sure(Signs(1.0, 0.0, words))[0] for words in (1, 2))
    assert one == pytest.approx(two - BAR.word + BAR.alone)


@pytest.fixture
def told(shelve, app):
    """Asks a shelf of one small book whether it answers."""
    shelve("Lamplit Road", ROAD)

    def ask(question):
        finder = app.finder()
        try:
            return finder.find(Question(question))
        finally:
            finder.close()

    return ask


@pytest.mark.parametrize(
    "question",
    [
        "falling",
        "falling damage",
        "how does falling work",
        "what are the rules for poison",
        "what does dread do",
        "lantren",
    ],
)
def test_a_small_shelf_answers(told, question):
    assert told(question).answered


@pytest.mark.parametrize(
    "question",
    [
        "xylophone",
        "can I grapple a swarm",
        "what does a fireball do at higher levels",
        "spell slots",
        "turn undead",
        "the capital of Portugal",
        "harm of a xylophone played by zealots in a tavern",
    ],
)
def test_a_small_shelf_says_that_it_does_not(told, question):
    assert not told(question).answered


def test_a_name_that_no_book_has_is_not_answered(told, shelve):
    found = told("how many lanterns for toll the dead")
    assert not found.answered
    assert found.hits
    assert any("toll the dead is a name that is in no book" in step.said for step in found.steps)
    shelve("Bells", [("Bells", ("Bells",), 1, "1", "To Toll the Dead, ring; lanterns go out.")])
    assert told("how many lanterns for toll the dead").answered


def test_the_names_are_written_as_they_are_compared():
    names = elsewhere._names()
    assert len(names) > 700
    assert [name for name in names if " ".join(words(name)) != name] == []


def test_filters_alone_list_what_they_leave(told):
    found = told("page:3-4")
    assert [hit.chunk.heading for hit in found.hits] == ["Lanterns", "Dread"]
    assert found.answered
    assert not told("page:99").answered
