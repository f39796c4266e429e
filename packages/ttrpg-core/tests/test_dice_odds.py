"""Odds against enumeration of all faces, against a second algorithm, and against known values."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ttrpg_core.dice import Limits, odds, parse, roll
from ttrpg_core.dice.distribution import Work
from ttrpg_core.dice.pools import pool_odds
from ttrpg_core.dice.states import by_state
from ttrpg_core.errors import DiceError

fixed = settings(max_examples=250, derandomize=True, deadline=None, database=None)
MOST = 800


class Script(random.Random):
    """Chance that plays a given list of choices, then always the first, and notes the choices."""

    def __init__(self, script):
        super().__init__(0)
        self.script = script
        self.played = []

    def randrange(self, start, stop=None, step=1):
        assert (stop, step) == (None, 1)
        turn = len(self.played)
        choice = self.script[turn] if turn < len(self.script) else 0
        self.played.append((choice, start))
        return choice


def mass(distribution):
    return Fraction(sum(distribution.weights.values()), distribution.scale)


def enumerated(expression):
    """The distribution by rolling every sequence of faces; None when there are too many."""
    found = {}
    script = []
    for _ in range(MOST):
        chance = Script(script)
        total = roll(expression, chance).total
        weight = Fraction(1, math.prod(sides for _, sides in chance.played))
        found[total] = found.get(total, 0) + weight
        played = chance.played
        while played and played[-1][0] + 1 == played[-1][1]:
            played.pop()
        if not played:
            return found
        script = [choice for choice, _ in played]
        script[-1] += 1
    return None


numbers = st.integers(0, 6)
relations = st.sampled_from(["", "h", "l", "<", ">", "<=", ">="])
finite = st.builds(
    "{}{}{}".format, st.sampled_from(["k", "p", "ro", "ra"]), relations, numbers
) | st.builds("{}{}".format, st.sampled_from(["mi", "ma"]), numbers)
pools = st.builds(
    lambda count, sides, operations: f"{count}d{sides}{''.join(operations)}",
    st.integers(0, 4),
    st.sampled_from(["2", "3", "4", "6", "F", "%"]),
    st.lists(finite, max_size=3),
)
simple = pools | st.integers(-3, 9).map(str) | st.sampled_from(["1d4adv", "d6dis", "0.5", "1d3[x]"])


def joined(inner):
    operation = st.sampled_from(["+", "-", "*", "//", "/", "%", ">=", "<", "==", "!="])
    return (
        st.builds("{} {} {}".format, inner, operation, inner)
        | st.builds("({}){}".format, inner, st.sampled_from(["", "kh1", "pl1", "k>2"]))
        | st.builds(
            "({}, {}, {}){}".format, inner, inner, inner, st.sampled_from(["", "kh2", "pl1"])
        )
        | inner.map("-{}".format)
    )


@fixed
@given(st.recursive(simple, joined, max_leaves=4))
@pytest.mark.long
def test_odds_are_those_of_rolling_every_sequence_of_faces(text):
    expression = parse(text)
    try:
        expected = enumerated(expression)
    except DiceError:  # some outcome divides by zero
        with pytest.raises(DiceError):
            odds(expression)
        return
    assume(expected is not None)
    found = odds(expression)
    assert found.probabilities == expected
    assert sum(found.probabilities.values()) == 1
    assert found.exact
    mean = sum(Fraction(total) * chance for total, chance in expected.items())
    assert found.mean == mean
    assert found.variance == sum((Fraction(t) - mean) ** 2 * p for t, p in expected.items())


endless = st.builds("{}{}{}".format, st.sampled_from(["rr", "ro"]), st.just(""), numbers)
by_die = endless | st.builds("{}{}".format, st.sampled_from(["mi", "ma"]), numbers)
ranks = st.builds("{}{}".format, st.sampled_from(["kh", "kl", "ph", "pl"]), st.integers(0, 3))
later = by_die | st.builds("{}{}{}".format, st.sampled_from(["k", "p"]), relations, numbers)


@fixed
@given(
    st.integers(1, 4),
    st.sampled_from(["3", "4", "6", "F"]),
    st.lists(by_die, max_size=2),
    st.lists(ranks, max_size=2),
    st.lists(later, max_size=2),
)
def test_the_two_algorithms_for_pools_agree(count, sides, before, ranking, after):
    text = f"{count}d{sides}{''.join(before + ranking + after)}"
    (dice,) = [parse(text).root]
    fast = pool_odds(dice, dice.operations, lambda value: value, Work(text, Limits()))
    slow = by_state(dice, dice.operations, lambda value: value, Work(text, Limits()))
    chances = {value: Fraction(w, fast.scale) for value, w in fast.weights.items() if w}
    assert chances == {value: Fraction(w, slow.scale) for value, w in slow.weights.items() if w}


@pytest.mark.parametrize("text", ["2d3e3", "2d4e>3", "3d6e6", "2d6mi2e6", "2d3e3k>1"])
def test_the_two_algorithms_agree_on_explosions_as_far_as_they_are_followed(text):
    dice = parse(text).root
    limits = Limits(explosions=4)
    fast = pool_odds(dice, dice.operations, lambda value: value, Work(text, limits))
    slow = by_state(dice, dice.operations, lambda value: value, Work(text, limits))
    for total in range(1, 8):
        assert abs(
            Fraction(fast.weights.get(total, 0), fast.scale)
            - Fraction(slow.weights.get(total, 0), slow.scale)
        ) < Fraction(1, 100)
    assert 0 < 1 - mass(fast) < Fraction(1, 50)
    assert 0 < 1 - mass(slow) < Fraction(1, 50)


@pytest.mark.parametrize(
    ("text", "mean"),
    [
        ("3d6", Fraction(21, 2)),
        ("4d6kh3", Fraction(15869, 1296)),
        ("4d6dl1", Fraction(15869, 1296)),
        ("2d20kl1+5", Fraction(287, 40) + 5),
        ("d%", 45),
        ("1d100", Fraction(101, 2)),
        ("4dF", 0),
        ("1d20adv", Fraction(553, 40)),
        ("3d6rr1", 12),
        ("1d6ro1", Fraction(47, 12)),
        ("8d6[fire]+3", 31),
        ("(2d6+3)*2", 20),
        ("5d10>=8", Fraction(3, 2)),
        ("1d6rr<3", Fraction(9, 2)),
        ("1d20mi10", Fraction(10 * 10 + sum(range(11, 21)), 20)),
    ],
)
def test_known_means(text, mean):
    found = odds(text)
    assert found.mean == mean
    assert found.exact
    assert found.left == 0


def test_counting_successes_is_binomial():
    found = odds("5d10>=8")
    expected = {k: math.comb(5, k) * Fraction(3**k * 7 ** (5 - k), 10**5) for k in range(6)}
    assert found.probabilities == expected


def test_successes_compared_again_are_the_chance_of_enough_of_them():
    assert odds("5d10>=8>=2").probability(1) == odds("5d10>=8").at_least(2)


def test_advantage():
    found = odds("1d20adv")
    assert found.probability(20) == Fraction(39, 400)
    assert found.at_least(11) == Fraction(3, 4)
    assert odds("1d20 dis").probability(1) == Fraction(39, 400)


def test_four_dice_keep_three_known_counts():
    # The counts of 4d6 drop lowest, of 1296, are printed in many places: 21 ways to an 18.
    found = odds("4d6kh3")
    assert found.probability(18) == Fraction(21, 1296)
    assert found.probability(3) == Fraction(1, 1296)
    assert (found.min, found.max) == (3, 18)
    assert found.percentile(50) == 12
    assert (found.percentile(0), found.percentile(100)) == (3, 18)
    assert found.at_most(3) + found.at_least(4) == 1


def test_the_deviation_of_many_dice():
    found = odds("100d6")
    assert found.mean == 350
    assert found.variance == 100 * Fraction(35, 12)
    assert found.deviation == pytest.approx(17.078251)


def test_exploding_dice_say_what_is_left():
    found = odds("1d10e10")
    assert not found.exact
    assert 0 < found.left < Fraction(1, 10**11)
    assert float(found.mean) == pytest.approx(5.5 / 0.9)  # the geometric series
    assert sum(found.probabilities.values()) + found.left == 1
    assert found.probabilities == odds("d10!").probabilities


def test_exploding_successes():
    assert float(odds("4d6e6>=5").mean) == pytest.approx(4 * (2 / 6) / (5 / 6))


def test_explosions_then_keep_are_followed_by_state():
    found = odds("2d4e4kh1", Limits(explosions=6))
    # The chance that no kept die is above 1: both first dice show 1.
    assert found.probability(1) == Fraction(1, 16)
    assert 0 < found.left < Fraction(1, 1000)


def test_brackets_around_dice_keep_dice():
    assert odds("(4d6)kh3").probabilities == odds("4d6kh3").probabilities
    assert odds("((4d6[x]))kh3").probabilities == odds("4d6kh3").probabilities


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("1000d1000", 0),
        ("5+9d10000", 2),
        ("1d1000000*1d1000000", 10),
        ("20d20e20kh3", 0),
        ("5d10>=1d1000000", 4),
        ("1d1000000rr<500000", 0),
    ],
)
def test_what_would_take_too_long_is_refused(text, position):
    with pytest.raises(DiceError, match="too long") as caught:
        odds(text)
    assert caught.value.position == position
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "position"), [("1d6rr<7", 3), ("2d6e>0", 3), ("1/(1d6-1)", 1), ("d6*0+1//(d2-1)", 6)]
)
def test_what_has_no_odds_is_refused(text, position):
    with pytest.raises(DiceError) as caught:
        odds(text)
    assert caught.value.position == position


def test_a_percentile_is_from_0_to_100():
    with pytest.raises(ValueError, match="100"):
        odds("1d6").percentile(101)


def test_divided_totals_are_the_floats_that_rolling_gives():
    assert set(odds("1d3/3").weights) == {1 / 3, 2 / 3, 1.0}
