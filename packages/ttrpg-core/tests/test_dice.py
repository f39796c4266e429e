"""The dice grammar, the roller, its limits and its errors."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.dice import Limits, caret, odds, parse, roll
from ttrpg_core.errors import DiceError

fixed = settings(max_examples=300, derandomize=True, deadline=None, database=None)


class Faces(random.Random):
    """Chance that shows the given faces of dice numbered from 1, in order."""

    def __init__(self, *faces):
        super().__init__(0)
        self.faces = list(faces)

    def randrange(self, start, stop=None, step=1):
        assert (stop, step) == (None, 1)
        face = self.faces.pop(0)
        assert 1 <= face <= start
        return face - 1


def attempt(expression, seed=1):
    """The roll, or the error."""
    try:
        return roll(expression, random.Random(seed))
    except DiceError as error:
        return error


def text_of(expression, *faces):
    chance = Faces(*faces)
    text = roll(expression, chance).text
    assert not chance.faces
    return text


@pytest.mark.parametrize(
    ("expression", "faces", "text"),
    [
        ("4d6kh3", [5, 3, 2, 6], "4d6kh3 (5, 3, ~~2~~, 6) = 14"),
        ("4d6 KH3", [5, 3, 2, 6], "4d6kh3 (5, 3, ~~2~~, 6) = 14"),
        ("2d20kl1+5", [7, 12], "2d20kl1 (7, ~~12~~) + 5 = 12"),
        ("2d20kl", [7, 12], "2d20kl (7, ~~12~~) = 7"),
        ("4d6dl1", [5, 3, 2, 6], "4d6dl1 (5, 3, ~~2~~, 6) = 14"),
        ("4d6dh1", [5, 3, 2, 6], "4d6dh1 (5, 3, 2, ~~6~~) = 10"),
        ("4d6pl1", [5, 3, 2, 6], "4d6pl1 (5, 3, ~~2~~, 6) = 14"),
        ("4d6k6", [5, 6, 2, 6], "4d6k6 (~~5~~, 6, ~~2~~, 6) = 12"),
        ("4d6k>=5", [5, 6, 2, 4], "4d6k>=5 (5, 6, ~~2~~, ~~4~~) = 11"),
        ("4d6kh1kl1", [5, 6, 2, 4], "4d6kh1kl1 (~~5~~, 6, 2, ~~4~~) = 8"),
        ("4d6kh2p6", [5, 6, 2, 4], "4d6kh2p6 (5, ~~6~~, ~~2~~, ~~4~~) = 5"),
        ("d%", [4], "d% (30) = 30"),
        ("4dF", [1, 2, 3, 3], "4df (-1, 0, +1, +1) = 1"),
        ("1d20adv", [3, 17], "1d20adv (~~3~~, 17) = 17"),
        ("1d20 adv", [3, 17], "1d20adv (~~3~~, 17) = 17"),
        ("d20 dis + 2", [3, 17], "d20dis (3, ~~17~~) + 2 = 5"),
        ("3d6rr1", [1, 4, 5, 1, 3], "3d6rr1 (~~1~~ -> ~~1~~ -> 3, 4, 5) = 12"),
        ("3d6r<3", [1, 4, 2, 6, 5], "3d6r<3 (~~1~~ -> 6, 4, ~~2~~ -> 5) = 15"),
        ("3d6ro1", [1, 4, 5, 1], "3d6ro1 (~~1~~ -> 1, 4, 5) = 10"),
        ("3d6rol1", [2, 4, 5, 6], "3d6rol1 (~~2~~ -> 6, 4, 5) = 15"),
        ("2d6ra6", [6, 6, 6], "2d6ra6 (6!, 6, 6) = 18"),
        ("1d10e10", [10, 10, 4], "1d10e10 (10!, 10!, 4) = 24"),
        ("2d6!", [6, 2, 6, 1], "2d6! (6!, 2, 6!, 1) = 15"),
        ("3d6e>4", [5, 1, 6, 2, 3], "3d6e>4 (5!, 1, 6!, 2, 3) = 17"),
        ("2d6mi3", [1, 5], "2d6mi3 (1 -> 3, 5) = 8"),
        ("2d6ma3", [1, 5], "2d6ma3 (1, 5 -> 3) = 4"),
        ("2d6rr1kh1", [1, 5, 2], "2d6rr1kh1 (~~1 -> 2~~, 5) = 5"),
        ("5d10>=8", [9, 3, 8, 1, 2], "5d10 (9, 3, 8, 1, 2) >= 8 = 2 successes"),
        ("5d10!>=8", [10, 3, 1, 1, 2, 7], "5d10! (10!, 3, 1, 1, 2, 7) >= 8 = 1 success"),
        ("2d10!==10", [10, 3, 1], "2d10! (10!, 3, 1) == 10 = 1 success"),
        ("2d10!=10", [10, 3], "2d10 (10, 3) != 10 = 1 success"),
        ("(5d10)>=8", [9, 3, 8, 1, 2], "(5d10 (9, 3, 8, 1, 2)) >= 8 = 1"),
        ("1d20+5>=15", [9], "1d20 (9) + 5 >= 15 = 0"),
        ("8d6[fire]", [1] * 8, "8d6[fire] (1, 1, 1, 1, 1, 1, 1, 1) = 8"),
        ("(2d6+3)*2", [1, 4], "(2d6 (1, 4) + 3) * 2 = 16"),
        ("(1d6, 2d4)kh1", [5, 1, 2], "(1d6 (5), ~~2d4 (1, 2)~~)kh1 = 5"),
        ("(1d6,)", [5], "(1d6 (5),) = 5"),
        ("(4d6)kh3", [5, 3, 2, 6], "(4d6 (5, 3, ~~2~~, 6))kh3 = 14"),
        ("7/2", [], "7 / 2 = 3.5"),
        ("7//2*2 - -1", [], "7 // 2 * 2 - -1 = 7"),
        ("-7//2", [], "-7 // 2 = -4"),
        ("7%4", [], "7 % 4 = 3"),
        ("0d6", [], "0d6 () = 0"),
    ],
)
def test_what_is_rolled_and_written(expression, faces, text):
    assert text_of(expression, *faces) == text


def test_the_parts_make_up_the_text_and_hold_the_dice():
    rolled = roll("3d6ro1mi2kh2", Faces(1, 6, 3, 1))
    assert "".join(part.text for part in rolled.parts) == "3d6ro1mi2kh2 (1 -> 1 -> 2, 6, 3)"
    low, high, middle = rolled.dice
    assert [part.die for part in rolled.parts if part.die] == [low, high, middle]
    assert (low.face, low.value, low.rerolled, low.kept) == (1, 2, (1,), False)
    assert (high.name, high.value, high.kept, high.exploded) == ("d6", 6, True, False)
    assert middle.kept
    assert [part.text for part in rolled.parts if not part.kept] == ["1", " -> ", "1 -> 2"]


def test_successes_are_marked_on_the_dice_that_count():
    rolled = roll("3d10kh2>=8", Faces(9, 8, 3))
    assert [die.success for die in rolled.dice] == [True, True, None]
    assert rolled.successes == 2
    assert roll("3d10", Faces(9, 8, 3)).successes is None


def test_successes_compared_again():
    rolled = roll("3d10>=8>=2", Faces(9, 8, 3))
    assert (rolled.total, rolled.successes) == (1, 2)


def test_the_threshold_is_rolled_once():
    assert roll("3d6>=1d6", Faces(4, 5, 6, 5)).successes == 2


@pytest.mark.parametrize(
    ("expression", "faces", "shares"),
    [
        ("2d6[fire]+2d4[cold]+3", [1, 2, 3, 4], {"fire": 3, "cold": 7, "": 3}),
        ("2d6[fire]+1d6[fire]", [1, 2, 3], {"fire": 6}),
        ("2d6[fire][magic]", [1, 2], {"fire, magic": 3}),
        ("2d6 [ Fire ] - 1", [1, 2], {"Fire": 3, "": -1}),
        ("2d6[]", [1, 2], {"": 3}),
        ("(2d6[fire]+1d6[cold])*2", [1, 2, 3], {"fire": 6, "cold": 6}),
        ("2*(2d6[fire]+3)", [1, 2], {"fire": 6, "": 6}),
        ("2d6[fire]//2", [3, 2], {"fire": 2}),
        ("(2d6[fire]+1d6[cold])//2", [1, 2, 3], {"": 3}),
        ("(2d6[fire]+3)[cold]", [1, 2], {"fire": 3, "cold": 3}),
        ("-2d6[fire]", [1, 2], {"fire": -3}),
        ("(2d6[fire], 1d6[cold])kh1", [1, 2, 4], {"cold": 4}),
        ("3d10[hits]>=8", [9, 8, 1], {"hits": 2}),
        ("3d6[x]/2", [1, 2, 2], {"x": 2.5}),
    ],
)
def test_totals_by_label(expression, faces, shares):
    assert roll(expression, Faces(*faces)).by_label == shares


@pytest.mark.parametrize(
    ("expression", "faces", "natural"),
    [
        ("1d20+5", [20], 20),
        ("2d20kh1", [1, 1], 1),
        ("1d20adv+1d6", [4, 20, 6], 20),
        ("1d20mi10", [1], 1),
        ("(1d20, 1d20)kh1", [4, 20], 20),
        ("1d20+1d20", [4, 20], None),
        ("2d20", [4, 20], None),
        ("1d6", [6], None),
    ],
)
def test_the_natural_face_of_a_single_d20(expression, faces, natural):
    assert roll(expression, Faces(*faces)).natural == natural


def test_a_seed_repeats_a_roll():
    first, again = (roll("20d20e20+5d6rr1", random.Random(7)) for _ in range(2))
    assert first == again
    assert first.text != roll("20d20e20+5d6rr1", random.Random(8)).text


def test_a_parsed_expression_rolls_like_its_text():
    parsed = parse("4d6kh3+2")
    assert roll(parsed, random.Random(3)) == roll("4d6kh3+2", random.Random(3))


@pytest.mark.parametrize(
    ("expression", "position", "message", "hint"),
    [
        ("", 0, "nothing here", "2d6+3"),
        ("   ", 3, "nothing here", "2d6+3"),
        ("2d6+", 4, "the end", ""),
        ("2d6+)", 4, "“)”", ""),
        ("1d0", 2, "at least one side", ""),
        ("2d", 2, "number of sides", "d%"),
        ("9999999d6", 0, "9,999,999 dice", ""),
        ("1+2d9999999", 4, "9,999,999 sides", ""),
        ("600d6+600d6", 6, "More than 1,000 dice", ""),
        ("1d1e1", 3, "never ends", "ra"),
        ("1d6rr<7", 3, "never ends", "ro"),
        ("3d6rrh1", 3, "never ends", "ro"),
        ("1d6!+1d1!", 8, "never ends", ""),
        ("1d1000000rr>1", 9, "More than 1,000 dice", ""),
        ("1/0", 1, "Division by zero", ""),
        ("10 + 4//(1d1-1)", 6, "Division by zero", ""),
        ("7 % 0", 2, "Division by zero", ""),
        ("9*9" + "*9" * 200, 29, "beyond", ""),
        ("1" + "0" * 16, 0, "too large", ""),
        ("2+" + "9" * 900, 2, "too large", ""),
        ("9" * 10_000, 1000, "10000 characters", ""),
        ("(" * 10_000, 1000, "10000 characters", ""),
        ("(" * 100, 50, "More than 50 brackets", ""),
        ("-" * 100 + "1", 50, "More than 50 brackets", ""),
        ("(1d6", 0, "never closed", ""),
        ("2*((1d6)", 2, "never closed", ""),
        ("1d6)", 3, "never opened", ""),
        ("()", 0, "nothing between", ""),
        ("1d6, 2d4", 3, "comma", "(1d6, 2d4)kh1"),
        ("2 3", 2, "cannot stand here", "operator"),
        ("2(3)", 1, "cannot stand here", "operator"),
        ("2d6k", 4, "which dice k takes", "kh3"),
        ("2d6d1", 3, "cannot stand here", "dl1"),
        ("2d6!6", 4, "No number", "e6"),
        ("2d20adv", 4, "single die", "kh1"),
        ("1d20adv adv", 8, "single die", ""),
        ("(2d6)rr1", 5, "on dice, not on brackets", ""),
        ("2d6mi>3", 5, "Expected a number", ""),
        ("2d6rr", 5, "which dice rr takes", ""),
        ("1.5d6", 0, "whole dice", ""),
        ("hello", 0, "“hello” has no meaning", "2d6"),
        ("2d6+STR", 4, "“STR”", ""),
        ("1d6=3", 3, "cannot stand here", "=="),
        ("2\N{MULTIPLICATION SIGN}3", 1, "cannot stand here", "*"),
        ("2d6[fire", 3, "cannot stand here", "]"),
        ("2d6[a\x1b[2J]", 3, "cannot stand here", ""),
        ("2d6[a\x07]", 5, "printed", ""),
        ("٣d6", 0, "cannot stand here", "0 to 9"),
        ("1d\N{FULLWIDTH DIGIT SIX}", 2, "cannot stand here", "0 to 9"),
        ("1d6\0", 3, "\\x00", ""),
        ("[fire]", 0, "Expected a number", ""),
    ],
)
def test_errors_point_at_the_column_and_say_what_to_do(expression, position, message, hint):
    with pytest.raises(DiceError) as caught:
        roll(expression, random.Random(1))
    assert caught.value.position == position
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.expression == expression
    assert caught.value.message.isprintable()


def test_the_kelvin_sign_is_not_a_k():
    with pytest.raises(DiceError):
        parse("2d6\N{KELVIN SIGN}h1")


def test_a_chain_of_5000_terms_is_no_deeper_than_one_of_two():
    limits = Limits(length=20_000)
    expression = "+".join(["1[a]"] * 2_500 + ["1"] * 2_500)
    rolled = roll(expression, random.Random(1), limits)
    assert rolled.total == 5_000
    assert rolled.by_label == {"a": 2_500, "": 2_500}
    assert odds(expression, limits).mean == 5_000
    assert len(rolled.text) > 5_000


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 64 + "1d6" + ")" * 64,
        "-" * 64 + "1d6",
        "1<(1+1*(" * 32 + "1" + "))" * 32,
        "(1[a]+(1[b]//" * 32 + "1d6" + "))" * 32,
        "(1,(1,1)kh1,(" * 32 + "1d6" + ")" * 64,
    ],
)
def test_the_deepest_nesting_needs_no_deep_stack_and_no_long_time(expression):
    limits = Limits(depth=64)
    parsed = parse(expression, limits)
    assert parsed == parse(expression, limits)
    assert repr(parsed)
    rolled = roll(parsed, random.Random(1), limits)
    assert rolled.text
    assert odds(parsed, limits).probability(rolled.total) > 0


@pytest.mark.parametrize("wrong", [{"depth": 65}, {"depth": 0}, {"magnitude": 2**53}, {"dice": 0}])
def test_limits_that_would_not_protect_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


@fixed
@given(st.text("0123456789d%khlpreoamif!<>=+-*/(),[] x٣\0", max_size=40))
def test_every_text_gives_a_roll_or_a_pointed_error(text):
    result = attempt(text)
    if isinstance(result, DiceError):
        assert 0 <= result.position <= len(text)
        assert result.message
        assert len(caret(result).split("\n")) == 2
    else:
        assert f" = {result.total:.12g}" in result.text or abs(result.total) >= 10**12
        assert sum(result.by_label.values()) == pytest.approx(result.total)


terms = st.sampled_from(["2d6", "1d4[a]", "3[b]", "2", "(1d4[a]+1)[c]", "3d6[a]>=4", "1.5[b]"])
labelled = st.recursive(
    terms,
    lambda inner: (
        st.builds("({}{}{})".format, inner, st.sampled_from("+-*/<"), inner)
        | st.builds("({}, {})kh1".format, inner, inner)
        | inner.map("-{}".format)
    ),
    max_leaves=6,
)


@fixed
@given(labelled, st.integers(0, 1000))
def test_the_shares_of_labels_add_up_to_the_total(expression, seed):
    result = attempt(expression, seed)
    if isinstance(result, DiceError):
        assert result.message == "Division by zero"
    else:
        assert sum(result.by_label.values()) == pytest.approx(result.total)


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("2d6+x", "2d6+x\n    ^"),
        ("2d6+", "2d6+\n    ^"),
        ("2d6\t+ x", "2d6?+ x\n      ^"),
        ("2d6[火] x", "2d6[火] x\n        ^"),
        ("1+" * 100 + "x" + "+1" * 100, None),
    ],
)
def test_the_caret_stands_under_the_column(expression, lines):
    with pytest.raises(DiceError) as caught:
        parse(expression)
    shown = caret(caught.value)
    if lines is not None:
        assert shown == lines
        return
    above, below = shown.split("\n")
    assert above[below.index("^")] == "x"
    assert above.startswith("...")
    assert above.endswith("...")
    assert len(above) <= 72
