"""``ttrpg search -i`` with its lines piped in; tests/test_terminal.py types them."""

import json

import pytest


def talk(shelf, *lines, options=()):
    return shelf("search", "-i", *options, input="\n".join(lines) + "\n")


def test_a_question_a_passage_and_out(shelf):
    result = talk(shelf, "falling harm", "1", "q", "climbing", options=["--book", "lamplit"])
    assert result.code == 0
    assert result.out.count("1. Falling") == 2
    assert result.out.count("A fall does 1d6 harm for each height.") == 2
    assert "Climbing" not in result.out
    assert "search>" not in result.out + result.err


def test_the_end_of_the_lines_is_the_end(shelf):
    assert talk(shelf, "falling").code == 0
    assert shelf("search", "-i", input="").code == 0


def test_the_first_question_may_stand_on_the_command_line(shelf):
    result = shelf("search", "-i", "climbing", input="q\n")
    assert "1. Climbing" in result.out


def test_what_stands_around(shelf):
    out = talk(shelf, "grappling foe", "c 1", options=["--book", "lamplit"]).out
    assert "Before, Falling:" in out
    assert "After, Climbing:" in out


def test_the_last_one_looked_at_is_meant(shelf):
    out = talk(shelf, "falling", "2", "c", options=["-n", "2", "--book", "lamplit"]).out
    assert out.count("2. Foreword") == 3


def test_pages_forth_and_back(shelf):
    result = talk(shelf, "falling", "n", "p", "p", "n", "n", options=["-n", "2"])
    ranks = [line[0] for line in result.out.splitlines() if line[1:3] == ". "]
    assert ranks == ["1", "2", "3", "4", "1", "2", "3", "4"]
    assert "these are the first" in result.err
    assert "there is no more" in result.err
    assert "2 more: n" in result.err


def test_its_book_and_its_page(shelf):
    result = talk(shelf, "climbing", "o 1", "f", options=["--book", "lamplit"])
    assert "/x.pdf#page=7, p. 8" in result.out
    assert "no page to show" in result.err  # the library's commands are not installed here


def test_how_it_was_found(shelf):
    assert "answered" in talk(shelf, "falling harm", "e").out


def test_the_keys(shelf):
    out = talk(shelf, "?").out
    assert "the next passages" in out
    assert talk(shelf, "help").out == out


@pytest.mark.parametrize("line", ["1", "c", "n", "e", "o 1"])
def test_nothing_was_asked_yet(shelf, line):
    result = talk(shelf, line, "climbing")
    assert "nothing was asked yet" in result.err
    assert "1. Climbing" in result.out


def test_an_error_costs_its_question_alone(shelf):
    result = talk(shelf, "harm book:nobody", "x" * 1001, "9", "climbing", "9")
    assert result.code == 0
    assert "nobody" in result.err
    assert "There are 1 to" in result.err
    assert "1. Climbing" in result.out


def test_not_in_your_books(shelf):
    result = talk(shelf, "xylophone", "climbing")
    assert "Not in your books (2 asked)" in result.err
    assert "1. Climbing" in result.out


def test_what_is_no_text(shelf):
    result = shelf("search", "-i", input=b"\xff\xfe\n")
    assert result.code == 2
    assert "UTF-8" in result.err


def test_questions_and_openings_are_kept(shelf):
    talk(shelf, "falling harm", "1", "climbing")
    stats = shelf("search", "stats", "--json").json()
    assert stats["questions"] == 2
    assert stats["opened"] == {"1": 1}


def test_an_object_an_answer(shelf):
    out = talk(shelf, "climbing", "1", options=["--json", "--book", "lamplit"]).out
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(out)
    second, _ = decoder.raw_decode(out[end:].lstrip())
    assert first["schema"] == "ttrpg.search/2"
    assert (second["schema"], second["page"]) == ("ttrpg.search.passage/1", "8")
