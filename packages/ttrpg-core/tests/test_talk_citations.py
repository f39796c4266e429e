"""The quotes of an answer against the books: supported, altered, misattributed, invented, none."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core.documents import Section
from ttrpg_core.library import Library
from ttrpg_core.quotes import Checker
from ttrpg_core.schema import tables
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.talk.citations import Citations
from ttrpg_core.talk.reading import Group, Reader, cited_numbers
from ttrpg_core.talk.sources import Passage

ROAD, NOTES = "a" * 64, "b" * 64
FALL = "When a wanderer falls, they take 1d6 harm for each height, up to 20d6."
HOLD = "A wanderer who holds another does not need a free hand. Their pace is 0 while they hold on."
LIGHT = "A lantern shows what is near. You can not see past 30 feet by its light."
HOUSE = "Whoever falls at our table may shout a last word."
REST = "A night of rest heals all harm that is not grievous."
ROAD_PAGES = [("12", FALL), ("13", HOLD), ("14", LIGHT)]
PIECES = st.sampled_from(
    [
        '"', "\u201c", "\u201d", "\u2018", "\u2019", "\u00ab", "\u00bb", "[1]", "[2, 3]", "[", "]",
        "1", ",", " ", "\n", "\n\n", "> ", "- ", "They take 1d6 harm", "a b c d", "x", "*", ".",
        "\u3010", "2\u3011", "\u2014 ",
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("talk") / "ttrpg.db"
    store = Store(path, [SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: tables)])
    shelf = Library(store)
    pages = [(int(label) - 1, label, text) for label, text in ROAD_PAGES]
    for sha256, sections in (
        (ROAD, [Section(text, "Part", 1, page, label) for page, label, text in pages]),
        (NOTES, [Section(HOUSE, "Falls", 1), Section(REST, "Rest", 1)]),
    ):
        shelf.begin(sha256, "text", 3, "2026-01-01")
        shelf.keep(sha256, sections, 3)
    yield shelf
    store.close()


GIVEN = (
    Passage(1, ROAD, "Road", ("Falls",), "12", 11, FALL),
    Passage(2, ROAD, "Road", ("Holds",), "13", 12, HOLD),
    Passage(3, NOTES, "Notes", ("Falls",), "", None, HOUSE),
)


@pytest.fixture
def read(library):
    """Reads an answer, whole or in pieces: what is shown, and the Citations."""

    def reader(*pieces, question="", given=GIVEN):
        citations = Citations(given, Checker(library, {p.sha256 for p in given}), question)
        shown = "".join(citations.feed(piece) for piece in pieces) + citations.end()
        return shown, citations

    return reader


def outcomes(citations):
    return [each.verdict.outcome for each in citations.quotes]


def test_a_quote_that_stands_gets_its_printed_page(read):
    shown, found = read('Yes: "they take 1d6 harm for each height" [1]. Ouch.')
    assert shown == 'Yes: "they take 1d6 harm for each height" [1, p. 12]. Ouch.'
    assert outcomes(found) == ["supported"]
    assert found.quotes[0].cited == (1,)
    assert found.quotes[0].source == 1
    assert found.cited == (GIVEN[0],)


def test_an_altered_quote_is_marked_with_what_differs(read):
    shown, found = read('It is "they take 2d6 harm for each height" [1].')
    assert shown == (
        "It is \"they take 2d6 harm for each height\" **[altered: '2' should be '1']** [1, p. 12]."
    )
    assert outcomes(found) == ["altered"]
    assert not found.quotes[0].supported


def test_a_misattributed_quote_is_given_to_where_it_stands(read):
    shown, found = read('So "they take 1d6 harm for each height" [2].')
    assert shown == 'So "they take 1d6 harm for each height" [1, p. 12, not 2].'
    assert outcomes(found) == ["misattributed"]
    assert found.cited == (GIVEN[0],)


def test_a_quote_of_a_page_that_was_not_given_is_given_its_page(read):
    shown, found = read('"You can not see past 30 feet by its light." [1] says so.')
    assert shown == '"You can not see past 30 feet by its light." [p. 14, not 1] says so.'
    assert (outcomes(found), found.quotes[0].source) == (["misattributed"], None)
    assert found.cited == ()


def test_an_invented_quote_is_marked(read):
    shown, found = read('"Wizards may fly as high as they please." [1]')
    assert shown == '"Wizards may fly as high as they please." **[not in the sources]** [1, p. 12]'
    assert outcomes(found) == ["not_found"]


def test_an_answer_without_quotes_keeps_its_words(read):
    said = 'It\'s 6" long and costs 5 > 3 coins.\n\n- "Falling" is a hazard.\n'
    shown, found = read(said)
    assert shown == said
    assert (found.quotes, found.cited, found.unknown) == ([], (), [])


def test_every_citation_gets_its_page(read):
    shown, found = read("Falls hurt [1] and holds slow [2; 3], see [1-2].")
    assert shown == (
        "Falls hurt [1, p. 12] and holds slow [2, p. 13; 3], see [1, p. 12; 2, p. 13]."
    )
    assert [passage.number for passage in found.cited] == [1, 2, 3]


def test_a_source_that_is_not_there_is_said(read):
    shown, found = read("So they say [9].")
    assert shown == "So they say [9: no such source]."
    assert (found.unknown, found.cited) == ([9], ())


def test_a_quote_without_a_citation_gets_one(read):
    shown, found = read('"Their pace is 0 while they hold on."\n')
    assert shown == '"Their pace is 0 while they hold on." [2, p. 13]\n'
    assert outcomes(found) == ["supported"]


def test_a_citation_before_its_quote_counts(read):
    shown, found = read('As [2] says, "Their pace is 0 while they hold on." Then rest [3].')
    assert shown == ('As [2, p. 13] says, "Their pace is 0 while they hold on." Then rest [3].')
    assert (outcomes(found), found.quotes[0].cited) == (["supported"], (2,))


def test_two_quotes_with_one_citation(read):
    shown, found = read('Both "they take 1d6 harm" and "up to 20d6" [1].')
    assert shown == 'Both "they take 1d6 harm" and "up to 20d6" [1, p. 12].'
    assert outcomes(found) == ["supported", "supported"]
    shown, found = read('Both "they take 1d6 harm" and "Their pace is 0" [1].')
    assert shown == (
        'Both "they take 1d6 harm" and "Their pace is 0" [2, p. 13, not 1] [1, p. 12].'
    )


def test_a_quote_of_a_book_without_pages_must_stand_in_its_passage(read):
    shown, found = read('"may shout a last word" [3]')
    assert (shown, outcomes(found)) == ('"may shout a last word" [3]', ["supported"])
    shown, found = read('"A night of rest heals all harm" [3]')
    assert shown == '"A night of rest heals all harm" [elsewhere in the book, not 3]'
    assert outcomes(found) == ["misattributed"]


def test_terms_and_the_users_own_words_are_no_quotes(read):
    said = 'A "free hand" is none; "can I fly as high as I please" is not said.'
    shown, found = read(said, question="Can I fly as high as I please?")
    assert (shown, found.quotes) == (said, [])
    shown, found = read('It costs "99 coins" [1].')  # a number is no mere term
    assert outcomes(found) == ["not_found"]


def test_words_left_out_and_emphasis_are_read(read):
    _, found = read('"When a wanderer falls, they take **1d6 harm** ... up to 20d6." [1]')
    assert outcomes(found) == ["supported"]
    _, found = read('"When a wanderer falls, they take 1d6 harm [1]"')
    assert outcomes(found) == ["supported"]
    assert found.quotes[0].text == "When a wanderer falls, they take 1d6 harm"


@pytest.mark.parametrize(
    "quote",
    [
        "\u201cthey take 1d6 harm for each height\u201d",
        "\u201ethey take 1d6 harm for each height\u201c",
        "\u00abthey take 1d6 harm for each height\u00bb",
        "\u2018they take 1d6 harm for each height\u2019",
        '*"they take 1d6 harm for each height"*',
        '("they take 1d6 harm for each height")',
    ],
)
def test_any_quotation_marks_are_read(read, quote):
    shown, found = read(f"So {quote} [1].")
    assert (shown, outcomes(found)) == (f"So {quote} [1, p. 12].", ["supported"])


def test_an_apostrophe_ends_no_quote(read):
    said = "\u2018Wizards don\u2019t walk where they may fly instead\u2019 [1]"
    _, found = read(said)
    assert [each.text for each in found.quotes] == [said[1:-5]]


def test_block_quotes_are_quotes(read):
    shown, found = read("It says:\n\n> When a wanderer falls,\n> they take 1d6 harm. [1]\n\nSo.")
    assert shown == "It says:\n\n> When a wanderer falls,\n> they take 1d6 harm. [1, p. 12]\n\nSo."
    assert outcomes(found) == ["supported"]
    shown, found = read("> Wizards may fly as they please.\n\n\u2014 [2]\n")
    assert (
        shown == "> Wizards may fly as they please. **[not in the sources]**\n\n\u2014 [2, p. 13]\n"
    )
    assert outcomes(found) == ["not_found"]
    shown, found = read("> Their pace is 0 while they hold on.\n[1] says more.")
    assert shown.startswith("> Their pace is 0 while they hold on. [2, p. 13]\n[1, p. 12] says")


def test_a_quote_that_is_never_closed_is_shown(read):
    said = 'He said "they take 1d6 harm and more\n\nNext.'
    assert read(said)[0] == said
    assert read('So "')[0] == 'So "'
    assert read('So "they take')[0] == 'So "they take'


def test_text_goes_on_at_once_and_a_quote_when_it_is_whole(library):
    citations = Citations(GIVEN, Checker(library, {ROAD}))
    assert citations.feed("Falls hurt: ") == "Falls hurt: "
    assert citations.feed('"they take 1d6 ') == ""
    assert citations.feed('harm" [') == ""
    assert citations.feed("1") == ""
    assert citations.feed("].") == '"they take 1d6 harm" [1, p. 12].'
    assert citations.feed(" Go") == " Go"
    assert citations.end() == ""


def test_what_a_hostile_answer_claims_of_itself_is_not_believed(read):
    said = '"Wizards may fly as high as they please." [1, p. 12] (checked, supported)'
    shown, found = read(said)
    assert "**[not in the sources]**" in shown
    assert outcomes(found) == ["not_found"]


def test_a_very_long_quote_is_marked_and_not_waited_for(read):
    endless = "they take harm " * 2000
    shown, found = read(f'So "{endless}')
    assert shown == f'So "{endless}'
    assert found.quotes == []
    block = f"> {endless}\n\nSo."
    shown, found = read(block)
    assert "**[not in the sources]**" in shown


def test_numbers_of_a_citation():
    assert cited_numbers("[1] [3, 2] [5-7] [1]") == (1, 3, 2, 5, 6, 7)
    assert cited_numbers("[1-900] [7-3] [x] [1234]") == (1, 7)


def merged(groups):
    """Groups with plain ones that stand side by side put together."""
    found = []
    for group in groups:
        if found and not (group.quotes or group.cited or found[-1].quotes or found[-1].cited):
            found[-1] = Group(found[-1].text + group.text)
        else:
            found.append(group)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=25), st.data())
def test_how_an_answer_is_cut_makes_no_difference(pieces, data):
    text = "".join(pieces)
    whole = Reader()
    once = merged(whole.feed(text) + whole.end())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    reader = Reader()
    told = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        told += reader.feed(text[start:end])
    assert merged(told + reader.end()) == once
    assert "".join(group.text for group in once) == text
    letters = Reader()
    assert merged([g for c in text for g in letters.feed(c)] + letters.end()) == once


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(pieces=st.lists(PIECES, max_size=15))
def test_no_word_of_an_answer_is_lost(read, pieces):
    text = "".join(pieces)
    shown, _ = read(*pieces)
    for word in ("They take 1d6 harm", "a b c d", "x"):
        assert shown.count(word) >= text.count(word)


@pytest.mark.parametrize("text", ["lorem ipsum " * 300_000, 'a "b [" c ' * 60_000, "x" * 3_000_000])
def test_a_reply_in_one_piece_or_many_costs_no_more_than_its_length(text):
    began = time.process_time()
    reader = Reader()
    whole = reader.feed(text) + reader.end()
    assert "".join(group.text for group in whole) == text
    reader = Reader()
    cut = [g for at in range(0, len(text), 200) for g in reader.feed(text[at : at + 200])]
    assert "".join(group.text for group in [*cut, *reader.end()]) == text
    assert time.process_time() - began < 20
