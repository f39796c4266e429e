"""Rulings of the campaign stand above what the books say of the same."""

import json
import re

import pytest

import ttrpg_search
from ttrpg_core.testing import fakes


@pytest.fixture
def ruled(shelf):
    """A shelf and a campaign with rulings; runs a line."""

    def do(*words, **how):
        result = shelf(*words, **how)
        assert result.code == 0, result
        return result

    do("campaign", "create", "Salt Road")
    do("ruling", "add", "Falls do 2d6 harm", "--rule", "falling", "--book", "Lamplit Road",
       "--page", "6", "--text", "Agreed after [[Mara]] fell.", "--audience", "party")  # fmt: skip
    do("ruling", "add", "A held foe may crawl", "--kind", "house rule")
    do("ruling", "add", "Lamps burn for an hour", "--rule", "lamp light")
    return do


def names(result):
    return [each["name"] for each in result.json()["rulings"]]


def test_it_stands_above_the_book_with_its_date(ruled):
    lines = ruled("search", "falling", "harm").out.splitlines()
    assert re.fullmatch(r"Falls do 2d6 harm \[ruling, \d{4}-\d\d-\d\d\]", lines[0])
    assert lines[1].endswith("Agreed after Mara fell.")
    assert lines[2] == "on falling, instead of Lamplit Road p. 6, ruling/falls-do-2d6-harm"
    assert lines[3] == ""
    assert lines[4].startswith("1. Falling [score ")
    told = ruled("search", "falling harm", "--json").json()
    assert told["rulings"][0]["rule"] == "falling"
    assert told["hits"][0]["rank"] == 1


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("how much harm does a fall do", ["Falls do 2d6 harm"]),
        ("may a held foe crawl away", ["A held foe may crawl"]),
        ("grappling", []),
        ("lamps", ["Lamps burn for an hour"]),
        ("harm to a wall when climbing", []),
        ("the light of a lamp", ["Lamps burn for an hour"]),
        ("falling -harm", ["Falls do 2d6 harm"]),
        ("book:lamplit falling", ["Falls do 2d6 harm"]),
    ],
)
def test_which_rulings_a_question_is_about(ruled, question, found):
    assert names(ruled("search", "--json", question)) == found


def test_what_is_asked_otherwise_gets_none(ruled, shelf):
    for more in (("--offset", "1"), ("--page", "6"), ("--kind", "text")):
        assert shelf("search", "falling harm", "--json", *more).json()["rulings"] == []
    ruled("ruling", "withdraw", "falls")
    assert names(ruled("search", "falling harm", "--json")) == []
    ruled("undo")
    ruled("campaign", "create", "Far Shore")
    assert names(ruled("search", "falling harm", "--json")) == []
    ruled("campaign", "use", "salt")
    assert names(ruled("search", "falling harm", "--json")) == ["Falls do 2d6 harm"]


def test_players_get_those_that_they_know(ruled, shelf):
    assert names(ruled("search", "--players", "falling harm", "--json")) == ["Falls do 2d6 harm"]
    told = shelf("search", "--players", "held foe crawl", "--json")
    assert names(told) == []
    assert "crawl" not in json.dumps(told.json()["hits"])


def test_a_ruling_answers_what_no_book_does(ruled, shelf):
    assert shelf("search", "zeppelin fuel").code == 3
    ruled("ruling", "add", "Zeppelin fuel costs 5 crowns")
    result = ruled("search", "zeppelin fuel")
    assert result.out.startswith("Zeppelin fuel costs 5 crowns [ruling, ")
    assert "Not in your books" not in result.err
    asked = ruled("ask", "zeppelin fuel", "--json").json()
    assert (asked["answered"], names(ruled("ask", "zeppelin fuel", "--json"))) == (
        True, ["Zeppelin fuel costs 5 crowns"]
    )  # fmt: skip
    assert ruled("ask", "falling", "harm").out.startswith("Falls do 2d6 harm [ruling, ")


def test_a_ruling_needs_no_book(ttrpg, plugins):
    plugins.register(ttrpg_search, "search")
    ttrpg("campaign", "create", "Salt Road")
    ttrpg("ruling", "add", "Flanking gives +2")
    for verb in ("search", "ask"):
        result = ttrpg(verb, "flanking")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith("Flanking gives +2 [ruling, ")
        assert ttrpg(verb, "grappling").code == 3


def test_a_model_hears_of_it_and_it_is_shown(ruled, plugins, ttrpg_home):
    plugins.register(fakes, "fakes")
    (ttrpg_home / "config.toml").write_text(
        '[models]\nuse = ["fake/echo"]\nmax_tokens = 5000\n[plugins.fake]\nscript = []\n'
    )
    heard = ruled("ask", "falling", "harm")
    assert "- Falls do 2d6 harm: Agreed after Mara fell." in heard.out
    assert "Rulings of this table\nFalls do 2d6 harm [ruling, " in heard.out
    told = ruled("ask", "falling", "harm", "--json").json()
    assert (told["question"], len(told["rulings"])) == ("falling harm", 1)
