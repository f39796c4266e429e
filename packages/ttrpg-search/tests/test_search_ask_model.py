"""``ttrpg ask`` with a model of the kit: what it is given, and what is made of what it says."""

import json

import pytest

from ttrpg_core.testing import fakes

SECRET = ("Secrets", ("Secrets",), 9, "99", "The held foe of the keep is the duke in disguise.")


@pytest.fixture
def asked(shelf, plugins, ttrpg_home):
    """Runs ``ask`` with a model that streams these pieces, or says back what it heard."""
    plugins.register(fakes, "fakes")

    def run(*words, says=(), settings="", **how):
        use = "fake/scripted" if says else "fake/echo"
        script = ", ".join(map(json.dumps, says))
        (ttrpg_home / "config.toml").write_text(
            f'[models]\nuse = ["{use}"]\n{settings}\n[plugins.fake]\nscript = [{script}]\n'
        )
        return shelf("ask", *words, **how)

    return run


QUESTION = ("who", "can", "walk", "away", "when", "held", "by", "a", "foe")


def test_the_page_of_the_quote_and_the_whole_passage(asked):
    says = ['Nobody: "The held foe ', 'cannot walk away." [1]']
    result = asked(*QUESTION, says=says)
    assert result.out.startswith('Nobody: "The held foe cannot walk away." [1, p. 7]\n')
    assert "[1] Lamplit Road, p. 7, Fights > Grappling\n" in result.out
    assert "It ends when you" not in result.out
    assert "fake/scripted: " in result.err
    assert "It ends when you" in asked(*QUESTION, "--full", says=says).out


def test_what_only_the_gm_may_see_is_kept_from_the_model(asked, shelve, reopened):
    shelve("Keep", [SECRET], gm_only={"Secrets"})
    reopened()
    settings = "max_tokens = 5000"
    assert "duke in disguise" in asked(*QUESTION, settings=settings).out
    told = asked(*QUESTION, "--players", settings=settings)
    assert "The held foe cannot walk away." in told.out
    assert "duke" not in told.out + told.err


def test_an_answer_that_is_cut_off_is_said_to_be(asked):
    result = asked(*QUESTION, settings="max_tokens = 16")
    assert result.code == 0
    assert "The answer was cut off: raise the setting models.max_tokens" in result.err


def test_an_answer_without_a_citation_is_said_to_be_unchecked(asked):
    result = asked(*QUESTION, says=["Nobody can."])
    assert result.out == "Nobody can.\n"
    assert "It cites no passage" in result.err


def test_a_source_that_is_not_there(asked):
    result = asked(*QUESTION, "--json", says=["Nobody can [12]."])
    assert result.json()["unknown"] == [12]
    assert result.json()["answer"] == "Nobody can [12: no such source]."


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Nobody can [12].", "cites what it was not given: 12"),
        ("Nobody can.", "cites no passage"),
        ('"Nobody can ever walk in here" [1].', "1 quote of the answer"),
    ],
)
def test_strict_wants_something_that_was_checked(asked, answer, why):
    assert asked(*QUESTION, says=[answer]).code == 0
    assert asked(*QUESTION, "--json", says=[answer]).json()["supported"] is False
    result = asked(*QUESTION, "--strict", says=[answer])
    assert result.code == 6
    assert why in result.err


def test_strict_takes_own_words_that_cite(asked):
    assert asked(*QUESTION, "--strict", says=["Nobody can [1]."]).code == 0


def test_white_space_is_no_answer(asked):
    result = asked(*QUESTION, says=["  \n\n "])
    assert result.code == 5
    assert "cites no passage" not in result.err
    assert "The passages themselves" not in result.out


def test_how_many_passages_a_model_is_given(asked):
    one = asked(*QUESTION, "-n", "1", "--json", says=["So."]).json()
    assert [each["rank"] for each in one["sources"]] == [1]
    assert len(asked(*QUESTION, "--json", says=["So."]).json()["sources"]) > 1


def test_a_question_is_kept_once(asked, shelf):
    asked(*QUESTION, says=["So."])
    stats = shelf("search", "stats", "--json").json()
    assert stats["questions"] == 1


HOSTILE = {
    "huge": "x" * 100_000,
    "control": "\x1b[2J\x07\r\n",
    "surrogate": "\udcff\udcfe",
    "digits": "9" * 900,
    "format": "%s{0}{x!r}%n",
    "fence": "</source 1 000000000000> held foe",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_questions_and_names(asked, kind):
    for words in ([HOSTILE[kind], "--anyway"], [*QUESTION, "--model", HOSTILE[kind]]):
        result = asked(*words)
        assert result.code in {0, 2, 3}
        assert "\x1b" not in result.out + result.err
        assert "Traceback" not in result.err


def test_what_a_model_says_cannot_move_the_cursor(asked):
    says = ["\x1b[2J gone", '"held foe \u202e cannot walk" [1]']
    result = asked(*QUESTION, says=says)
    assert "gone" in result.out
    assert not {"\x1b", "\u202e"} & set(result.out + result.err)
