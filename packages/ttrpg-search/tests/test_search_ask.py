"""``ttrpg ask``: sentences of the books, each checked where it stands."""

import pytest


def test_the_sentence_that_answers_with_its_page(shelf):
    result = shelf("ask", "who can walk away when held by a foe", "--book", "lamplit", "-n", "1")
    assert "1. Grappling" in result.out
    assert "The held foe cannot walk away." in result.out
    assert "Lamplit Road, p. 7, Fights > Grappling\n" in result.out
    assert "It ends when" not in result.out


def test_one_json_object(shelf):
    data = shelf("ask", "falling harm", "--book", "lamp-book", "--json").json()
    assert data["schema"] == "ttrpg.ask/1"
    assert (data["answered"], data["supported"]) == (True, True)
    passage = data["passages"][0]
    quote = passage["quotes"][0]
    assert quote["text"] == "A fall does 1d6 harm for each height."
    assert (quote["verdict"], quote["page"]) == ("supported", "6")
    start, end = quote["span"]
    assert passage["text"][start:end] == quote["text"]
    assert (passage["book"], passage["heading"]) == ("lamp-book", "Falling")


def test_the_whole_passage(shelf):
    out = shelf("ask", "who cannot walk away", "--full", "--book", "lamplit").out
    assert "It ends when you" in out


def test_from_stdin(shelf):
    typed = shelf("ask", "falling", "harm")
    for words in ([], ["-"]):
        piped = shelf("ask", *words, input="falling\n  harm\n")
        assert (piped.code, piped.out) == (typed.code, typed.out)
    assert shelf("ask", input="").code == 2
    assert shelf("ask", input="x" * 1001).code == 2
    assert shelf("ask", input=b"\xff").code == 2


def test_not_in_your_books(shelf):
    result = shelf("ask", "xylophone")
    assert result.code == 3
    assert result.out == ""
    assert "Not in your books" in result.err
    data = shelf("ask", "xylophone", "--json").json()
    assert (data["answered"], data["passages"]) == (False, [])


def test_filters_and_what_only_the_gm_may_see(shelve, reopened, ttrpg):
    shelve("Secrets", gm_only={"Grappling"})
    reopened()
    assert "held foe" in ttrpg("ask", "held foe walk away page:7").out
    assert "held foe" not in ttrpg("ask", "held foe walk away", "--players").out


def test_a_quote_that_stands_there_no_more(shelf, app):
    """The text of the book changed under its index: that is said, and --strict ends with 6."""
    assert shelf("ask", "falling harm", "--strict").code == 0
    with app.store.transaction() as connection:
        connection.execute("UPDATE sections SET text = replace(text, '1d6', '2d6')")
    loose = shelf("ask", "falling harm", "--book", "lamplit")
    assert loose.code == 0
    assert "Not supported: '1' should be '2'" in loose.out
    strict = shelf("ask", "falling harm", "--book", "lamplit", "--strict", "--json")
    assert strict.code == 6
    assert "1 quote cannot be found where cited" in strict.err
    quote = strict.json()["passages"][0]["quotes"][0]
    assert quote["verdict"] == "altered"


def test_a_quote_that_stands_on_another_page(shelf, app):
    with app.store.transaction() as connection:
        connection.execute("UPDATE sections SET label = '66' WHERE label = '6'")
    result = shelf("ask", "falling harm", "--book", "lamplit", "--strict")
    assert result.code == 6
    assert "Not supported: it stands elsewhere: p. 66" in result.out


def test_it_is_kept_like_a_search(shelf):
    shelf("ask", "climbing", "--book", "lamplit")
    assert shelf("search", "--open", "1").out == "/x.pdf#page=7, p. 8\n"


@pytest.mark.parametrize("option", ["--plain", "--quiet"])
def test_screens(shelf, option):
    result = shelf("ask", "falling harm", "--book", "lamplit", option)
    assert "A fall does 1d6 harm" in result.out
    assert result.err == ""
