"""The quick way of ``ttrpg search`` is the command's, to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_search.commands import quick
from ttrpg_search.commands.root import search

TYPED = ["fall", "", " ", "harm", "--keyword", "-bolt", "-n", "3", "--", "stats", "open", "--json"]
TYPED += ["-i", "book:lamp", '"a b"', "--full", "-", "\N{EM DASH}x", "--keywor", "--keyword=1"]


@given(st.lists(st.sampled_from(TYPED), max_size=5))
def test_what_it_reads_click_reads_the_same(typed):
    read = quick.words_of(typed)
    if read is None:
        return
    with search.make_context("search", list(typed)) as context:
        assert (" ".join(context.args), context.params.pop("keyword_only")) == read
    with search.make_context("search", ["x"]) as plain:
        plain.params.pop("keyword_only")
        assert context.params == plain.params


@pytest.mark.parametrize("typed", [["fall"], ["fall", "--keyword"], ["", "x y"]])
def test_a_line_of_words_is_read(typed):
    assert quick.words_of(typed) is not None


@pytest.mark.parametrize("typed", [[], ["--keyword"], ["stats"], ["-n", "3", "x"], ["x", "-y"]])
def test_any_other_line_is_left_to_click(typed):
    assert quick.quick(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        ["falling", "harm"],
        ["--keyword", "falling harm"],
        ["fallng", "harm"],
        ["falling", "book:lamp-book", "--keyword"],
        ["xyzzyqq"],
        ["page:nowhere"],
        [""],
    ],
)
def test_both_ways_say_the_same(shelf, monkeypatch, typed):
    said = shelf("search", *typed)
    monkeypatch.setattr(quick, "quick", lambda _: None)
    assert shelf("search", *typed) == said
    asked = shelf("search", "stats", "--json").json()["often"]
    assert [each["times"] for each in asked] == [2] * len(asked), "both are kept"
