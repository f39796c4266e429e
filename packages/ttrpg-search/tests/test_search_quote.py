"""``ttrpg quote``: whether a quote stands in the books."""

import pytest


def test_supported(shelf):
    result = shelf("quote", "The held foe cannot walk away.")
    assert result.code == 0
    assert result.out.splitlines()[0] == "Supported"
    assert "p. 7" in result.out
    data = shelf("quote", "a fall does 1d6", "harm", "--book", "lamp-book", "--json").json()
    assert data["schema"] == "ttrpg.quote/1"
    assert data["verdict"] == "supported"
    assert (data["found"]["book"], data["found"]["page"]) == ("lamp-book", "6")


@pytest.mark.parametrize(
    "quote",
    [
        '"A fall does 1d6 harm for each height."',
        "\u201cA fall does 1d6 harm\u201d",
        "A fall\n does   1d6 harm",
        "To hold a foe ... cannot walk away",
        "a FALL does 1d6 harm",
    ],
)
def test_how_it_is_set_does_not_count(shelf, quote):
    assert shelf("quote", quote).code == 0


def test_altered(shelf):
    result = shelf("quote", "A fall does 2d6 harm for each height.")
    assert result.code == 6
    assert result.out.splitlines()[0] == "Altered"
    assert "the quote is altered" in result.err
    assert "'2' should be '1'" in result.err
    data = shelf("quote", "The held foe can walk away.", "--json").json()
    assert data["verdict"] == "altered"
    assert data["differences"] == [{"said": "can", "stands": "cannot", "grave": True}]


def test_misattributed(shelf):
    quote = "The held foe cannot walk away."
    result = shelf("quote", quote, "--book", "lamplit", "--page", "6")
    assert result.code == 6
    assert "p. 7" in result.err
    assert shelf("quote", quote, "--book", "lamplit", "--page", "7").code == 0
    assert shelf("quote", quote, "--book", "lamplit", "--page", "#6").code == 0
    assert shelf("quote", quote, "--book", "lamplit", "--page", "#7").code == 6


def test_not_found(shelf):
    result = shelf("quote", "Xylophones melt under the moon of glass")
    assert result.code == 6
    assert result.out == "Not found\n"
    assert "nothing like it" in result.err
    assert shelf("quote", "Xylophones melt", "--json").json()["found"] is None


def test_from_stdin(shelf):
    assert shelf("quote", input="The held foe\ncannot walk away.\n").code == 0
    assert shelf("quote", "-", input="The held foe cannot walk away.").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no quote"),
        (['""'], "there is no quote"),
        (["x" * 4001], "more than 4,000"),
        (["fall", "--page", "6"], "of which book"),
    ],
)
def test_what_cannot_be_checked(shelf, arguments, said):
    result = shelf("quote", *arguments)
    assert result.code == 2
    assert said in result.err
