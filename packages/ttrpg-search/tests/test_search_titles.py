"""A question that is a title: what bears it stands first."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ttrpg_search
from ttrpg_core.search import Question, Term
from ttrpg_search.asking.lexicon import lexicon
from ttrpg_search.asking.reading import Reader
from ttrpg_search.asking.titles import _alike, _in_a_row, by_name, described, names_of
from ttrpg_search.keyword.columns import Columns
from ttrpg_search.keyword.scoring import WEIGHTS
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import fold

BOOK = (
    ("Sleep", ("Spells", "Sleep"), 1, "1", "Creatures fall into a slumber."),
    (
        "Rest",
        ("Travel", "Rest"),
        2,
        "2",
        "Sleep is needed. Who sleeps badly, or cannot sleep, sleeps again: sleep, sleep, sleep.",
    ),
    ("Sleeping", ("Travel", "Sleeping"), 3, "3", "Sleep in a bed, sleep in a barn, sleep well."),
    (
        "Well of Magic",
        ("Sorcerer", "Well of Magic"),
        4,
        "4",
        "Two of these:\n\nCareful Spell\n\nIt spares a friend.\n\n***Far Spell.*** It goes far.",
    ),
    (
        "Careful Casting of a Spell",
        ("Spells", "Careful Casting of a Spell"),
        5,
        "5",
        "A careful caster of a spell is careful with each spell, and a far spell is a spell.",
    ),
)


@pytest.fixture
def headings(shelve, app):
    """Asks a shelf of one small book for the headings of its answer."""
    shelve("Book of Names", BOOK)

    def ask(question):
        finder = app.finder()
        try:
            return [hit.chunk.heading for hit in finder.find(Question(question)).hits]
        finally:
            finder.close()

    return ask


def test_a_heading_word_for_word_comes_before_one_of_its_stems(headings):
    assert headings("sleep")[:2] == ["Sleep", "Sleeping"]
    assert headings("sleeping")[:2] == ["Sleeping", "Sleep"]


def test_small_words_around_a_title_do_not_matter(headings):
    assert headings("what does the sleep thing do")[0] in {"Sleep", "Sleeping"}


@pytest.mark.parametrize("title", ["careful spell", "Far Spell", "far spell."])
def test_a_title_within_an_entry(headings, title):
    assert headings(title)[0] == "Well of Magic"


def test_a_title_with_more_around_it_is_ranked_as_ever(headings):
    assert headings("careful caster of a spell")[0] == "Careful Casting of a Spell"


def test_what_is_described_is_raised_by_its_name(app, plugins):
    plugins.register(ttrpg_search, "search")
    numbers = [(1, 0.8), (2, 0.7), (3, 0.69)]
    headings = {1: "Birds", 2: "Elephants", 3: "Roc"}
    terms = (Term("elephant"), Term("Roc", (("Great Bird", 1.0), ("Birds", 0.4)), 0.5))
    read = Reader(Texts(app.store.connection), lexicon(frozenset())).read
    asked = read("elephant")._replace(terms=terms, words=1)
    raised = described(names_of(asked), numbers, headings)
    assert [number for number, _ in raised] == [1, 3, 2]
    assert dict(raised)[1] == 0.8


ODD = "abk\u00b5\u017f\u212a\u0130i"


@given(
    st.lists(st.text(ODD, min_size=1, max_size=3), min_size=1, max_size=3),
    st.text(ODD + "\u03bcs '.-*\n", max_size=30),
)
def test_no_text_is_left_out_in_which_the_words_stand_in_a_row(said, text):
    title = r"[^\w\n|]{1,4}".join(map(re.escape, map(fold, said)))
    if re.search(title, text, re.IGNORECASE):
        assert _in_a_row([*map(fold, said)], _alike(text))


@pytest.mark.parametrize(
    "question",
    ["sleep", "sleeping", "what does the sleep thing do", "careful spell", "far spell.", "the",
     "careful caster of a spell", "well magic", "unheard of", "a great wingspan", "",
     "o brien", "istanbul", "rock n roll"],
)  # fmt: skip
def test_leaving_out_what_cannot_bear_a_title_changes_nothing(shelve, app, question):
    told = "O'Brien. A smith.\n\n\u0130STANBUL. A town.\n\nRock'n'Roll. A dance."
    shelve("Book of Names", [*BOOK, ("People", ("People",), 6, "6", told)])
    connection = app.store.connection
    texts = Texts(connection)
    asked = Reader(texts, lexicon(frozenset())).read(question)
    terms = (*asked.terms, Term("Careful Casting of a Spell", (("Rest", 1.0),), 0.5))
    asked = asked._replace(plain=question, terms=terms, words=len(asked.terms))
    fused = [(number, 1 / number) for number in sorted(texts.ids())]
    totals = texts.totals()
    columns = Columns(connection, totals.generation, totals.mean_length, WEIGHTS)
    read = by_name(asked, fused, connection, lambda _, ids, **__: ids)
    assert by_name(asked, fused, connection, columns.having) == read
    assert read[1] or question not in {"o brien", "istanbul", "rock n roll"}
