"""``ttrpg roll``."""

import re

import pytest


def test_it_rolls(ttrpg):
    result = ttrpg("roll", "2d6+3")
    assert result.code == 0
    total = int(re.fullmatch(r"2d6 \(\d, \d\) \+ 3 = (\d+)\n", result.out)[1])
    assert 5 <= total <= 15
    assert result.err == ""


def test_the_same_seed_gives_the_same_dice(ttrpg):
    first = ttrpg("roll", "10d100", "--seed", "7").out
    assert ttrpg("roll", "--seed", "7", "10d100").out == first
    assert ttrpg("roll", "10d100", "--seed", "8").out != first


def test_a_roll_can_be_had_again_by_the_seed_it_tells(ttrpg):
    told = ttrpg("roll", "10d100", "--json").json()
    again = ttrpg("roll", "10d100", "--json", "--seed", str(told["seed"])).json()
    assert again == told


@pytest.mark.parametrize(
    "typed",
    [["1d20", "+", "5"], ["1d20", "+5"], ["1d20+", "5"], ["1d20", "-", "2"], ["1d20", "-2"]],
)
def test_an_expression_needs_no_quotes(ttrpg, typed):
    rolls = ttrpg("roll", *typed, "--json").json()["rolls"]
    assert [roll["expression"].replace(" ", "") for roll in rolls] == ["".join(typed)]


def test_a_sign_joins_what_stands_before_it(ttrpg):
    rolls = ttrpg("roll", "1d20", "4d6", "-2", "--json").json()["rolls"]
    assert [roll["expression"] for roll in rolls] == ["1d20", "4d6 -2"]


def test_several_expressions_are_rolled_each(ttrpg):
    rolls = ttrpg("roll", "4d6kh3", "1d20adv", "--json").json()["rolls"]
    assert [roll["expression"] for roll in rolls] == ["4d6kh3", "1d20adv"]
    assert all(
        roll["total"] == sum(d["value"] for d in roll["dice"] if d["kept"]) for roll in rolls
    )


def test_labels_are_added_up(ttrpg):
    result = ttrpg("roll", "2d6[fire]+1d4[cold]", "--seed", "1", "--json").json()["rolls"][0]
    assert set(result["by_label"]) == {"fire", "cold"}
    assert sum(result["by_label"].values()) == result["total"]
    assert re.search(r"fire \d+, cold \d", ttrpg("roll", "2d6[fire]+1d4[cold]").out)


def test_a_natural_twenty_is_said(ttrpg):
    seen = {ttrpg("roll", "1d20").out.partition("natural")[2].strip() for _ in range(150)}
    assert seen == {"", "20", "1"}


def test_an_error_has_a_caret_at_its_column(ttrpg):
    result = ttrpg("roll", "2d6+x")
    assert result.code == 2
    assert result.out == ""
    line, mark = result.err.splitlines()[1:3]
    assert line == "2d6+x"
    assert mark == "    ^"


@pytest.mark.parametrize("typed", ["--odd", "--sed=3", "--"])
def test_a_misspelt_option_is_no_dice(ttrpg, typed):
    result = ttrpg("roll", "1d6", typed) if typed != "--" else ttrpg("roll", "--")
    assert result.code == 2
    assert "--help" in result.err
    assert "^" not in result.err


def test_odds_are_exact(ttrpg):
    odds = ttrpg("roll", "2d6", "--odds", "--json").json()["odds"][0]
    assert odds["exact"] is True
    assert (odds["mean"], odds["min"], odds["max"]) == (7.0, 2, 12)
    assert {each["total"]: each["exactly"] for each in odds["totals"]}[7] == "1/6"
    assert sum(each["probability"] for each in odds["totals"]) == pytest.approx(1)


def test_odds_are_drawn(ttrpg):
    out = ttrpg("roll", "2d6", "--odds").out
    rows = [line for line in out.splitlines() if "%" in line]
    assert len(rows) >= 11
    lengths = [line.count("\N{FULL BLOCK}") for line in rows[:11]]
    assert lengths == sorted(lengths[:6]) + sorted(lengths[5:], reverse=True)[1:]
    assert "16.67%" in rows[5]
    assert "median" in out


def test_a_long_range_is_drawn_in_few_rows(ttrpg):
    result = ttrpg("roll", "20d20", "--odds")
    assert result.code == 0
    rows = [line for line in result.out.splitlines() if "to" in line and "%" in line]
    assert 10 < len(rows) < 60
    assert "below" in result.out
    assert "above" in result.out


def test_plain_odds_read_line_by_line(ttrpg):
    out = ttrpg("roll", "1d4", "--odds", "--plain").out
    assert "3: 25.00%\n" in out
    assert "\N{FULL BLOCK}" not in out


def test_odds_of_several_expressions(ttrpg):
    found = ttrpg("roll", "1d4", "1d6", "--odds", "--json").json()["odds"]
    assert [each["max"] for each in found] == [4, 6]


@pytest.mark.parametrize(
    "hostile",
    ["9999999d9999999", "(" * 5000 + "1" + ")" * 5000, "1d0", "9" * 10_000, "1/0", "d" * 9999],
)
@pytest.mark.parametrize("odds", [(), ("--odds",)])
def test_hostile_expressions_end_with_an_error(ttrpg, hostile, odds):
    result = ttrpg("roll", hostile, *odds)
    assert result.code == 2
    assert result.out == ""
    assert "Traceback" not in result.err
    assert max(map(len, result.err.splitlines())) < 300
