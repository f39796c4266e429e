"""``ttrpg search``, where the command line is installed too."""

import re

import pytest

import ttrpg_search
from ttrpg_core.documents import Chunk
from ttrpg_core.library import Book
from ttrpg_core.search import Hit
from ttrpg_search.commands.shown import caption


def test_a_passage_with_its_page(shelf):
    result = shelf("search", "falling", "harm", "--book", "lamplit-road")
    assert result.code == 0
    first, text, said = result.out.splitlines()[:3]
    assert first.startswith("1. Falling [score ")
    assert text.endswith("A fall does 1d6 harm for each height.")
    assert said == "Lamplit Road, p. 6, Dangers > Falling"


def test_one_json_object(shelf):
    data = shelf("search", "grappling", "--book", "lamp-book", "-n", "1", "--json").json()
    assert data["schema"] == "ttrpg.search/2"
    assert data["answered"] is True
    hit = data["hits"][0]
    assert (hit["book"], hit["page"], hit["path"]) == ("lamp-book", "7", ["Fights", "Grappling"])
    assert (hit["first_index"], hit["last_index"], hit["rank"]) == (5, 5, 1)
    assert hit["kind"] == "text"
    (words,) = hit["ranks"]
    assert (words["stage"], words["rank"]) == ("words", 1)
    assert hit["score"] > words["score"] > 0  # its heading is all of the question


def test_marks_are_spans_of_the_text(shelf):
    hit = shelf("search", "falling harm", "--json").json()["hits"][0]
    assert [hit["text"][start:end] for start, end in hit["marks"]] == ["fall", "harm"]


@pytest.mark.parametrize("how", [(), ("--keyword",)])
def test_what_is_shown_of_a_score_goes_to_one(shelf, how):
    out = shelf("search", "falling harm foe light", *how, "-n", "9").out
    shown = [float(each) for each in re.findall(r"\[(?:[^\]]*, )?score ([\d.]+)\]", out)]
    assert shown
    assert all(0 < each <= 1 for each in shown)
    assert shown == sorted(shown, reverse=True)


def test_plain(shelf):
    out = shelf("search", "falling", "--book", "lamplit", "-n", "1", "--plain").out
    assert "Source: Lamplit Road, p. 6, Dangers > Falling\n" in out


def test_every_book_or_some(shelf):
    found = shelf("search", "falling", "-n", "9", "--json").json()["hits"]
    assert {hit["book"] for hit in found} == {"lamplit-road", "lamp-book"}
    both = shelf(
        "search", "falling", "-n", "9", "--book", "lamp-", "--book", "lamplit", "--json"
    ).json()
    assert len(both["hits"]) == len(found)


def test_a_book_that_fits_two_or_none(shelf):
    result = shelf("search", "x", "--book", "lamp")
    assert result.code == 2
    assert "lamp-book, lamplit-road" in result.err
    assert shelf("search", "x", "--book", "nobody").code == 3


def test_filters_among_the_words(shelf):
    found = shelf("search", "harm foe book:lamp-book page:7 kind:text", "--json").json()["hits"]
    assert [(hit["book"], hit["page"]) for hit in found] == [("lamp-book", "7")]
    listed = shelf("search", "--page", "7-8", "--book", "lamp-book", "--json").json()
    assert [hit["heading"] for hit in listed["hits"]] == ["Grappling", "Climbing"]
    result = shelf("search", "harm book:nobody")
    assert result.code == 2
    assert "nobody" in result.err


def test_a_kind_that_there_is_not(shelf):
    result = shelf("search", "kind:foo falling")
    assert result.code == 2
    assert "kind:foo fits no passage" in result.err
    assert "There are: " in result.err


def test_nothing_found(shelf):
    result = shelf("search", "xylophone")
    assert result.code == 3
    assert result.out == ""
    assert "Not in your books (2 asked); try fewer or other words" in result.err
    data = shelf("search", "xylophone", "--json").json()
    assert (data["hits"], data["answered"]) == ([], False)


def test_what_is_nearest_of_what_is_not_answered(shelf):
    result = shelf("search", "harm of a xylophone played by night in a tavern full of zealots")
    assert result.code == 3
    assert "Not in your books (2 asked); what is nearest:" in result.err
    assert "1. Falling" in result.out


def test_no_book_yet(ttrpg, plugins):
    plugins.register(ttrpg_search, "search")
    for command in ("search", "ask", "quote"):
        result = ttrpg(command, "anything")
        assert result.code == 3
        assert "ttrpg library add" in result.err


def test_an_empty_index(shelf, app):
    for book in app.library.books():
        app.keyword_searcher().remove(book.sha256)
    app.store.connection.commit()
    assert "ttrpg library reindex" in shelf("search", "falling").err


@pytest.mark.parametrize("query", ["", " ", "x" * 1001, "\ud800"])
def test_what_cannot_be_asked(shelf, query):
    result = shelf("search", query)
    assert result.code == 2
    assert "query" in result.err


def test_a_backend_that_is_not_there(shelf):
    result = shelf("search", "x", env={"TTRPG_SEARCH_KEYWORD": "grep"})
    assert result.code == 2
    assert "fts5" in result.err


def test_a_word_that_must_not_be_there(shelf):
    """Its letters are no options, though -i and -n and -h are."""
    found = shelf("search", "foe", "wall", "-climbing", "--json").json()
    assert {hit["heading"] for hit in found["hits"]} == {"Grappling"}
    for absent in ("-inn", "-hill", "-n5b"):
        hits = shelf("search", "falling", "harm", absent, "--json").json()["hits"]
        assert {hit["heading"] for hit in hits[:2]} == {"Falling"}
    assert len(shelf("search", "falling", "-n2", "--json").json()["hits"]) == 2


def test_a_misspelt_option(shelf):
    result = shelf("search", "falling", "--contxt", "2")
    assert result.code == 2
    assert "--context" in result.err
    assert shelf("search", "falling", "--", "--contxt").code in {0, 3}


def test_words_that_are_commands_too(shelf):
    assert shelf("search", "stats", "--json").json()["schema"] == "ttrpg.search.stats/1"
    for words in (["stats", "of", "a", "foe"], ["--", "stats"]):
        assert shelf("search", "--json", *words).json()["schema"] == "ttrpg.search/2"


def test_neighbours(shelf):
    result = shelf("search", "grappling", "-n", "1", "--context", "1", "--book", "lamplit")
    before, rest = result.out.split("Lamplit Road, p. 7")
    assert "Before, Falling:\nA fall does" in before
    assert "After, Climbing:\nWhoever climbs" in rest
    hit = shelf("search", "grappling", "-n", "1", "--context", "9", "--json").json()["hits"][0]
    assert (len(hit["before"]), len(hit["after"])) == (1, 2)


def test_paging(shelf):
    first = shelf("search", "falling", "-n", "2", "--json").json()
    assert [hit["rank"] for hit in first["hits"]] == [1, 2]
    second = shelf("search", "--more", "--json").json()
    assert second["query"] == "falling"
    assert [hit["rank"] for hit in second["hits"]] == [3, 4]
    assert not {h["id"] for h in first["hits"]} & {h["id"] for h in second["hits"]}
    straight = shelf("search", "falling", "-n", "2", "--offset", "2", "--json").json()
    assert straight["hits"] == second["hits"]
    end = shelf("search", "--more")
    assert end.code == 3
    assert "there is no more" in end.err
    assert shelf("search", "more", "words", "--more").code == 2


def test_how_many_more_are_said(shelf):
    assert "3 more: ttrpg search --more" in shelf("search", "falling", "-n", "1").err


def test_nothing_to_go_on_with(shelf):
    result = shelf("search", "--more")
    assert result.code == 3
    assert "no earlier search is kept" in result.err
    off = shelf("search", "--more", env={"TTRPG_SEARCH_HISTORY": "false"})
    assert "search.history is off" in off.err


def test_explain(shelf):
    out = shelf("search", "fallling harm", "--explain", "-n", "1").out
    assert "spelling" in out
    assert "answered" in out
    assert " ms" in out
    steps = shelf("search", "fallling harm", "--json").json()
    assert steps["corrected"] == "falling harm"
    assert "spelling" in {step["name"] for step in steps["steps"]}


def test_a_mended_question_is_said(shelf):
    assert "Searched for: falling harm" in shelf("search", "fallling harm").err


def test_open_says_where_it_lies_when_nothing_can_open_it(shelf):
    shelf("search", "grappling", "--book", "lamp-book")
    result = shelf("search", "--open", "1")
    assert result.code == 0
    assert result.out == "/x.pdf#page=6, p. 7\n"
    assert shelf("search", "open", "1", "--json").json()["page"] == "7"
    assert shelf("search", "--open", "9").code == 3
    stats = shelf("search", "stats", "--json").json()
    assert stats["opened"] == {"1": 2}


def test_open_at_once(shelf):
    result = shelf("search", "grappling", "--book", "lamp-book", "--open", "1")
    assert result.out == "/x.pdf#page=6, p. 7\n"
    one = shelf("search", "grappling", "--open", "1", "--json").json()
    assert one["schema"] == "ttrpg.search.open/1"


def test_paths(shelf):
    assert "/x.pdf#page=7" in shelf("search", "climbing", "--paths", "--book", "lamp-book").out


def test_what_only_the_gm_may_see(shelve, reopened, ttrpg):
    shelve("Secrets", gm_only={"Grappling"})
    reopened()
    assert "[GM only, score" in ttrpg("search", "grappling foe").out
    open_to_all = ttrpg("search", "grappling foe falling", "--players", "--json").json()
    assert "Grappling" not in {hit["heading"] for hit in open_to_all["hits"]}
    beside = ttrpg("search", "falling harm", "--players", "--context", "3", "--json").out
    assert "To hold a foe" not in beside


def test_systems_are_not_mixed_without_a_word(shelve, reopened, ttrpg):
    shelve("Old Book", system="dnd5e")
    shelve("New Book", system="pf2e")
    reopened()
    result = ttrpg("search", "falling harm")
    assert "Systems: books of dnd5e, pf2e are asked" in result.err
    assert "1. Falling [" in result.out
    one = ttrpg("search", "falling harm", "--system", "pf2e", "--json").json()
    assert {hit["system"] for hit in one["hits"]} == {"pf2e"}
    two = ttrpg("search", "falling harm system:dnd5e", "--json").json()
    assert {hit["system"] for hit in two["hits"]} == {"dnd5e"}


def test_narrow(shelf):
    out = shelf("search", "grappling", "-n", "1", env={"COLUMNS": "40"}).out
    assert max(map(len, out.splitlines())) <= 40


@pytest.mark.parametrize(
    ("label", "first", "path", "file", "said"),
    [
        ("6", 3, ("A", "B"), "", "Book, p. 6, A > B"),
        ("6-7", 3, ("A",), "", "Book, pp. 6-7"),
        ("6", 3, ("Book", "A", "B"), "", "Book, p. 6, A > B"),
        ("", 3, (), "", "Book, page 4 of the file"),
        ("", None, ("A", "B"), "rules/a.md", "Book, rules/a.md, A > B"),
        ("", None, (), "", "Book"),
    ],
)
def test_a_caption(label, first, path, file, said):
    book = Book("book", "Book", "a" * 64, "/x", "pdf", 1, 9, 1, "2026")
    chunk = Chunk(1, "a" * 64, 0, "", path, first, first, label, "text", file=file)
    assert caption(Hit(chunk, 1.0), book) == said


def test_what_may_have_been_meant_is_asked_back(shelve, reopened, ttrpg):
    shelve("Inns", [("Barkeep", ("Barkeep",), 1, "1", "The barkeep hears every rumour.")])
    reopened()
    assert "Did you mean: barkeep" in ttrpg("search", "bagkeen").err
    assert ttrpg("search", "bagkeen", "--json").json()["suggested"] == "barkeep"
    assert ttrpg("search", "barkeep", "--json").json()["suggested"] is None


def test_words_of_ones_own_that_are_wrong_are_told(shelf, ttrpg_home):
    for folder in (ttrpg_home / "language", ttrpg_home / "config" / "language"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mine.toml").write_text("[abbreviations]\nbob = 3\n", "utf-8")
    result = shelf("search", "falling harm")
    assert result.code == 0
    assert "Language: left aside" in result.err
