"""Avrae's d20 as oracle: the same faces must give the same total wherever the grammars overlap.

Left out, because we differ on purpose: a comparison directly against a dice term (we count
successes) and the empty ``()``.
"""

import random
import warnings

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ttrpg_core.dice import parse, roll
from ttrpg_core.errors import DiceError

pytestmark = pytest.mark.long

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # d20 and its lark use what Python deprecated since 2021
    d20 = pytest.importorskip("d20", reason="the oracle d20 is not installed")


class Faces(random.Random):
    """Chance that both draw from: it is asked with one number by us, with a range by d20."""

    def randrange(self, start, stop=None, step=1):
        choices = range(start) if stop is None else range(start, stop, step)
        return choices[self.getrandbits(30) % len(choices)]


small = st.integers(0, 8)
signs = st.sampled_from(["", "h", "l", "<", ">"])
set_operation = st.builds(
    "{}{}{}".format, st.sampled_from(["k", "p"]), st.sampled_from(["", "h", "l", "<", ">"]), small
)
dice_operation = (
    set_operation
    | st.builds("{}{}{}".format, st.sampled_from(["rr", "ro", "ra", "e"]), signs, small)
    | st.builds("{}{}".format, st.sampled_from(["mi", "ma"]), small)
)
dice = st.builds(
    lambda count, sides, operations: f"{count}d{sides}{''.join(operations)}",
    st.sampled_from(["", "0", "1", "2", "3", "4", "5", "6"]),
    st.sampled_from(["1", "2", "4", "6", "8", "20", "%"]),
    st.lists(dice_operation, max_size=4),
)
literal = st.integers(0, 30).map(str) | st.sampled_from(["1.5", "0.25", ".5", "2."])
label = st.sampled_from(["", "", "", "[fire]", " [cold] ", "[a][b]", "[]"])


def larger(inner):
    """One level of brackets and operators around expressions, rule by rule as in grammar.lark."""
    operations = st.lists(set_operation, max_size=3).map("".join)
    single = st.builds("({}){}".format, inner, operations)
    several = st.builds(
        lambda items, comma, done: f"({', '.join(items)}{comma}){done}",
        st.lists(inner, min_size=2, max_size=4),
        st.sampled_from(["", ","]),
        operations,
    )
    lonely = st.builds("({},){}".format, inner, operations)
    term = st.builds("{}{}".format, dice | literal | single | several | lonely, label)
    signed = st.builds("{}{}".format, st.sampled_from(["", "", "", "-", "+", "--"]), term)
    product = st.builds("{}{}{}".format, signed, st.sampled_from(["*", "/", "//", " % "]), signed)
    total = st.builds(
        "{} {} {}".format, signed | product, st.sampled_from(["+", "-"]), signed | product
    )
    compared = st.builds(
        "{} {} {}".format,
        total | product | single | several,
        st.sampled_from(["<", ">", "<=", ">=", "==", "!="]),
        total | signed,
    )
    return signed | product | total | compared


expressions = st.recursive(dice | literal, larger, max_leaves=6)


@settings(
    max_examples=600,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(expression=expressions, seed=st.integers(0, 2**16))
def test_the_same_faces_give_the_same_total_as_d20(expression, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(d20.expression, "random", Faces(seed))
        try:
            expected = d20.roll(expression).expr.total
        except d20.RollError:
            event("refused by both")
            with pytest.raises(DiceError):
                roll(expression, Faces(seed))
            return
    event("rolled by both")
    rolled = roll(expression, Faces(seed))
    assert rolled.total == expected
    assert type(rolled.total) is type(expected)


def test_d20_does_count_a_comparison_of_dice_as_one_or_nothing():
    assert d20.roll("5d1>=1").total == 1
    assert roll("5d1>=1", Faces(0)).total == 5
    assert roll("(5d1)>=1", Faces(0)).total == 1


@pytest.mark.parametrize(
    "expression", ["", "1d", "d", "1d6k", "1+", "(1", "1)", "1d6mi>3", "1 2", "1d6x", "x", "1d6[a"]
)
def test_what_d20_cannot_read_we_cannot_either(expression):
    with pytest.raises(d20.RollError):
        d20.roll(expression)
    with pytest.raises(DiceError):
        parse(expression)
