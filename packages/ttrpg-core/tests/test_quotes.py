"""Quotes against books: what stands there, what is from elsewhere, what was changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core import quotes
from ttrpg_core.documents import Section
from ttrpg_core.library import Library
from ttrpg_core.quotes import Checker, Difference, Place, books, check, mark
from ttrpg_core.quotes.words import words
from ttrpg_core.schema import tables
from ttrpg_core.store import SchemaSet, Store

ROAD, KEEP, BARE = "a" * 64, "b" * 64, "c" * 64
RULES = (
    "A lantern shows what is near. You can not see past 30 feet by its light.",
    "When a wanderer falls, they take 1d6 harm for each height, up to 20d6, and lie on the ground.",
    "A wanderer who holds another does not need a free hand.\nTheir pace is 0 while they hold on.",
)
OTHER = (
    "A gate of iron bars the way. It has 27 points of toughness and a rusty lock.",
    "Whoever oils the lock opens it with ease; whoever forces it wakes the warden.",
)
VOCABULARY = sorted({word.raw for rule in RULES for word in words(rule) if word.raw.isalpha()})


def shelve(shelf, sha256, pages):
    shelf.begin(sha256, "text", len(pages), "2026-01-01")
    shelf.keep(
        sha256,
        [
            Section(
                text,
                heading=f"Part {n}",
                level=1,
                page=n,
                label=None if sha256 == BARE else str(n + 11),
            )
            for n, text in enumerate(pages)
        ],
        len(pages),
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("quotes") / "ttrpg.db"
    store = Store(path, [SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: tables)])
    shelf = Library(store)
    filler = "Dust lies on every stone here and nobody sweeps. " * 90
    for sha256, pages in (
        (ROAD, [*RULES, filler, "The last inn of the road sells bread."]),
        (KEEP, OTHER),
        (BARE, ["A page without a number says: rest here."]),
    ):
        shelve(shelf, sha256, pages)
    yield shelf
    store.close()


def verdict(library, quote, cited=None, sources=(ROAD, KEEP, BARE)):
    return check(quote, library, sources, cited)


TEXTS = {ROAD: RULES, KEEP: OTHER}


@st.composite
def slices(draw, least=1):
    """A run of words of one page, with the book and the printed page."""
    sha256 = draw(st.sampled_from([ROAD, KEEP]))
    page = draw(st.integers(0, len(TEXTS[sha256]) - 1))
    text = TEXTS[sha256][page]
    told = words(text)
    first = draw(st.integers(0, len(told) - least))
    last = draw(st.integers(first + least - 1, len(told) - 1))
    return sha256, str(page + 11), text[told[first].start : told[last].end]


@given(slices())
def test_any_run_of_words_is_supported_where_it_stands(library, chosen):
    sha256, label, quote = chosen
    found = verdict(library, quote, Place(sha256, label))
    assert found.outcome == "supported"
    assert not found.recased
    assert found.found.label == label
    text = library.text(sha256)
    assert text[found.found.start : found.found.end] == found.found.text == quote


@given(slices(least=5), st.data())
def test_any_changed_word_is_altered(library, chosen, data):
    sha256, label, quote = chosen
    told = words(quote)
    word = data.draw(st.sampled_from(told))
    new = "9999" if word.text[-1].isdigit() else "zzyzx"
    changed = quote[: word.start] + new + quote[word.end :]
    found = verdict(library, changed, Place(sha256, label))
    assert found.outcome == "altered"
    assert 0.6 <= found.similarity < 1
    assert [each.said.split()[-1] for each in found.differences if each.said] == [new]


@given(slices(least=6))
def test_a_run_of_another_book_is_misattributed(library, chosen):
    sha256, label, quote = chosen
    other = KEEP if sha256 == ROAD else ROAD
    found = verdict(library, quote, Place(other, label))
    assert found.outcome == "misattributed"
    assert (found.found.sha256, found.found.label) == (sha256, label)


@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12).map(" ".join))
def test_words_that_do_not_stand_so_are_never_supported(library, quote):
    spoken = [word.text for word in words(quote)]
    pages = [*RULES, "The last inn of the road sells bread."]
    stands = any(
        spoken == [word.text for word in words(page)][at : at + len(spoken)]
        for page in pages
        for at in range(len(words(page)))
    )
    if not stands:
        assert verdict(library, quote, sources=(ROAD,)).outcome != "supported"


@given(st.text(max_size=300))
def test_any_text_has_a_verdict(library, quote):
    assert verdict(library, quote, Place(ROAD, "12")).outcome in {
        "supported",
        "misattributed",
        "altered",
        "not_found",
    }
    for start, end in mark(quote, [quote]):
        assert 0 <= start < end <= len(quote)


@pytest.mark.parametrize(
    "quote",
    [
        "they  take\n1d6   harm for each height",
        "they take 1d6 harm for each height, up to 20d6",
        "\u201cthey take 1d6 harm\u201d for each height",
        "they take 1d6 harm for each h\u00adeight",
        "they take 1d6 harm for each hei-\nght",
        "can not \u017fee past 30 feet",
        "they take ... up to 20d6",
        "they take \u2026 up to 20d6 [...] on the ground",
        "[the fallen] take 1d6 harm",
        "they take 1d6 harm [as always] for each height",
        "does not need a free hand. Their pace is 0",
    ],
)
def test_how_it_is_set_does_not_count(library, quote):
    assert verdict(library, quote, Place(ROAD)).outcome == "supported"


@pytest.mark.parametrize(
    ("quote", "grave"),
    [
        ("they take 2d6 harm for each height, up to 20d6", True),
        ("they take 1d6 harm for each height, up to 200d6", True),
        ("A wanderer who holds another does need a free hand", True),
        ("A wanderer who holds another does ... need a free hand", True),
        ("A wanderer who holds another does [always] need a free hand", True),
        ("they take [2d6] harm for each height, up to 20d6", True),
        ("You can see past 30 feet by its light", True),
        ("You can not see past 30 feet by her light", False),
        ("When a traveller falls, they take 1d6 harm for each height", False),
    ],
)
def test_a_changed_rule_is_altered(library, quote, grave):
    found = verdict(library, quote, Place(ROAD))
    assert found.outcome == "altered"
    assert any(each.grave for each in found.differences) is grave


def test_what_was_changed(library):
    found = verdict(library, "they take 2d6 harm for every height", Place(ROAD))
    assert found.differences == (Difference("2", "1"), Difference("every", "each"))
    assert found.found.label == "12"
    assert found.found.text == "they take 1d6 harm for each height"


@pytest.mark.parametrize(
    "quote", ["", "...", "[ ]", "Rust never sleeps among the roses", "x" * 5000]
)
def test_what_is_nowhere(library, quote):
    assert verdict(library, quote).outcome == "not_found"


def test_what_was_changed_is_spelled_as_it_is_written(library):
    (found,) = verdict(library, "they take nine harm for each height", Place(ROAD)).differences
    assert found == Difference("nine", "1d6")


def test_capitals_are_told(library):
    found = verdict(library, "WHEN A WANDERER FALLS", Place(ROAD, "12"))
    assert (found.outcome, found.recased) == ("supported", True)


def test_the_wrong_page_of_the_right_book(library):
    found = verdict(library, "they take 1d6 harm", Place(ROAD, "13"))
    assert (found.outcome, found.found.label) == ("misattributed", "12")
    assert verdict(library, "they take 1d6 harm", Place(ROAD, "12-13")).outcome == "supported"
    assert verdict(library, "they take 1d6 harm", Place(ROAD, "xii")).outcome == "misattributed"


def test_a_page_without_a_number(library):
    assert verdict(library, "rest here", Place(BARE, page=0)).outcome == "supported"
    assert verdict(library, "rest here", Place(BARE, page=3)).outcome == "misattributed"


def test_across_two_pages(library):
    found = verdict(library, "by its light.\n\nPart 1\n\nWhen a wanderer falls", Place(ROAD))
    assert (found.outcome, found.found.label) == ("supported", "11-12")


def test_far_behind_in_a_long_text(library):
    found = verdict(library, "last inn of the road", Place(ROAD, "15"))
    assert found.outcome == "supported"
    assert library.text(ROAD)[found.found.start : found.found.end] == "last inn of the road"


def test_the_nearest_is_told_by_what_stands_side_by_side(tmp_path):
    """Every page here has each word of the quote; one has them in its order."""
    sets = [SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: tables)]
    store = Store(tmp_path / "t.db", sets)
    shelf = Library(store)
    noise = "Damage fails a target. Takes a save. On a fire, 3d6 or 8d6 half. " * 120
    pages = [noise] * 12 + ["A target takes 8d6 fire damage on a failed save."] + [noise] * 12
    shelf.begin(ROAD, "text", len(pages), "2026-01-01")
    shelf.keep(ROAD, [Section(t, page=n, label=str(n)) for n, t in enumerate(pages)], len(pages))
    found = check("A target takes 9d6 fire damage on a failed save.", shelf, [ROAD])
    pages[3] = pages[12]
    shelf.begin(KEEP, "text", len(pages), "2026-01-01")
    shelf.keep(KEEP, [Section(t, page=n, label=str(n)) for n, t in enumerate(pages)], len(pages))
    cited = check(
        "A target takes 9d6 fire damage on a failed save.", shelf, [KEEP], Place(KEEP, "12")
    )
    store.close()
    assert (cited.outcome, cited.found.label) == ("altered", "12")
    assert (found.outcome, found.found.label) == ("altered", "12")
    assert [(each.said, each.stands) for each in found.differences] == [("9", "8")]


def test_every_book_on_the_shelf_unless_told(library):
    assert check("rest here", library).outcome == "not_found", "no book is on this shelf"
    assert check("rest here", library, [BARE]).outcome == "supported"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("1,000 gold", "1000 gold"),
        ("a \u22122 penalty", "a -2 penalty"),
        ("1d6+2", "1d6 + 2"),
        ("1d6-2", "1d6 \u2013 2"),
        ("\u00bd", "1/2"),
        ("\ufb01re", "fire"),
        ("can\u2019t", "can't"),
        ("30-foot", "30 foot"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_two_ways_to_set_one_thing(one, two):
    assert [word.text for word in words(one)] == [word.text for word in words(two)]


@pytest.mark.parametrize(
    ("one", "two"), [("+2", "-2"), ("1d6+2", "1d6-2"), ("2.5", "25"), ("1/4", "1/2"), ("50%", "50")]
)
def test_two_things(one, two):
    assert [word.text for word in words(one)] != [word.text for word in words(two)]


def test_marks():
    text = "Roll two dice. Keep the higher. Roll again on a 1."
    assert mark(text, ["keep the HIGHER", "Roll two dice", "dice. Keep", "nothing"]) == ((0, 30),)
    assert mark(text, ["again"]) == ((37, 42),)
    assert mark("", ["x"]) == ()


def test_what_is_public():
    assert set(quotes.__all__) >= {"Checker", "Place", "Verdict", "check", "mark"}


def test_a_quote_in_other_capitals_reads_on_only_where_its_own_words_stand(library, monkeypatch):
    read = []
    monkeypatch.setattr(books, "words", lambda text: read.append(len(text)) or words(text))
    long = [f"Then the {n}th lantern keeper went home and slept. " * 150 for n in range(40)]
    page = "The Lantern Keeper went home. "
    sha256 = "e" * 64
    shelve(library, sha256, [page, *long, "the lantern keeper rose"])
    checker = Checker(library, [sha256])
    found = checker.check("THE lantern keeper WENT home", Place(sha256))
    assert (found.outcome, found.recased, found.found.label) == ("supported", True, "11")
    assert len(read) == 1, "no other part has THE and WENT"
    exact = checker.check("lantern keeper went home", Place(sha256))
    assert (exact.outcome, exact.recased, exact.found.label) == ("supported", False, "12")


def test_a_quote_is_looked_for_first_where_it_is_said_to_stand(library, monkeypatch):
    read = []
    monkeypatch.setattr(books, "words", lambda text: read.append(len(text)) or words(text))
    long = [f"Whoever falls from tower {n} lands prone in the yard. " * 150 for n in range(40)]
    sha256 = "d" * 64
    shelve(library, sha256, long)
    found = Checker(library, [sha256]).check("from tower 33 lands prone", Place(sha256), long[33])
    assert (found.outcome, found.found.label) == ("supported", "44")
    assert len(read) == 1
