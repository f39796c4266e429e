"""Money is whole nano-dollars: written, read, charged and shown without losing any."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.errors import InputError
from ttrpg_core.llm import Beyond, Bill, Price, Usage
from ttrpg_core.llm.money.amounts import MOST, MOST_TOKENS, Rates, amount, dollars, sound, summary


@pytest.mark.parametrize(
    ("written", "nano"),
    [
        ("20", 20_000_000_000),
        ("$20", 20_000_000_000),
        (" 20 $ ", 20_000_000_000),
        ("20 USD", 20_000_000_000),
        ("0.50", 500_000_000),
        (".5", 500_000_000),
        ("0.000000001", 1),
        ("1000000", MOST),
    ],
)
def test_an_amount_as_people_write_it(written, nano):
    assert amount(written) == nano


@pytest.mark.parametrize(
    "written",
    [
        "",
        "0",
        "0.00",
        "-5",
        "5,50",
        "1e3",
        "nan",
        "inf",
        "€20",
        "twenty",
        "1000000.01",
        "٣",
        "1" * 60,
        "0.0000000001",
        "20$20",
        "$",
    ],
)
def test_anything_else_is_refused_with_an_example(written):
    with pytest.raises(InputError) as caught:
        amount(written)
    assert "$" in caught.value.hint or "dollar" in caught.value.hint
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "$0"),
        (1, "$0.000000001"),
        (2_100_000, "$0.0021"),
        (2_160_000, "$0.0022"),
        (21_300_000, "$0.021"),
        (500_000_000, "$0.50"),
        (996_000_000, "$1.00"),
        (19_630_000_000, "$19.63"),
        (1_234_567_890_000, "$1,234.57"),
        (-2_100_000, "-$0.0021"),
    ],
)
def test_an_amount_to_read(nano, shown):
    assert dollars(nano) == shown


def test_what_is_left_is_never_said_to_be_more():
    assert dollars(19_999_999_999) == "$20.00"
    assert dollars(19_999_999_999, down=True) == "$19.99"


def test_a_price_in_decimals_is_taken_as_it_is_written():
    rates = Rates.of(Price(0.1, 2.5, cached=0.025, written=0.125))
    assert rates == Rates(100_000_000, 25_000_000, 125_000_000, 2_500_000_000)
    assert Rates.of(Price(3, 15)) == Rates(*[3_000_000_000] * 3, 15_000_000_000)


def test_a_price_below_a_nano_dollar_is_rounded_up():
    assert Rates.of(Price(1e-12, 1.0000000001)).input == 1
    assert Rates.of(Price(0, 1.0000000001)).output == 1_000_000_001


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -0.01, 1e12])
def test_what_is_no_price_is_none(wrong):
    for price in (Price(wrong, 1), Price(1, wrong), Price(1, 1, cached=wrong)):
        with pytest.raises(ValueError, match="is no price"):
            Rates.of(price)


def test_each_class_of_tokens_has_its_rate():
    rates = Rates.of(Price(4, 20, cached=0.2, written=5))
    usage = Usage(input=1000, output=100, cached=600, reasoning=40, written=300)
    assert rates.cost(usage) == 100 * 4000 + 600 * 200 + 300 * 5000 + 100 * 20_000


LONG = Price(1, 5, cached=0.1, beyond=Beyond(1000, Price(2, 7.5, cached=0.2)))


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1000, 10), 1000 * 1000 + 10 * 5000),
        (Usage(1001, 10), 1001 * 2000 + 10 * 7500),
        (Usage(1001, 10, cached=1001), 1001 * 200 + 10 * 7500),
        (Usage(0, 5000), 5000 * 5000),
    ],
)
def test_a_longer_prompt_has_the_price_beyond_for_the_whole_request(usage, cost):
    assert Rates.of(LONG).cost(usage) == cost
    assert LONG.at(usage.input).input == (1 if usage.input <= 1000 else 2)


def test_the_worst_case_is_the_dearest_of_the_prices_that_can_be_reached():
    assert Rates.of(LONG).worst(1000, 10) == 1000 * 1000 + 10 * 5000
    assert Rates.of(LONG).worst(1001, 10) == 1001 * 2000 + 10 * 7500
    cheaper = Rates.of(Price(2, 2, beyond=Beyond(1000, Price(1, 1))))
    assert cheaper.worst(1001, 10) == 1000 * 2000 + 10 * 2000


def test_rates_are_read_as_they_were_written():
    more = Price(1, 2, beyond=Beyond(10, Price(3, 4, beyond=Beyond(20, Price(5, 6)))))
    for rates in map(Rates.of, (Price(1, 2), LONG, more)):
        assert Rates.read(rates.numbers()) == rates
    assert Rates.read([1, 2, 3, 4]) == Rates(1, 2, 3, 4)


counts = st.integers(-5, 10**13)
usages = st.builds(Usage, counts, counts, counts, counts, counts)
flat = {
    "input": st.floats(0, 1000),
    "output": st.floats(0, 1000),
    "cached": st.none() | st.floats(0, 1000),
    "written": st.none() | st.floats(0, 1000),
}
prices = st.builds(Price, **flat)
tiers = st.builds(
    Price, **flat, beyond=st.builds(Beyond, st.sampled_from([1, 200_000, MOST_TOKENS]), prices)
)


@given(usages, tiers, st.integers(0, MOST_TOKENS), st.integers(0, MOST_TOKENS))
def test_no_count_within_the_most_costs_more_than_the_worst(usage, price, more_in, more_out):
    rates, said = Rates.of(price), sound(usage)
    assert rates.cost(said) <= rates.worst(said.input + more_in, said.output + more_out)


@given(usages, prices)
def test_no_count_costs_more_than_the_worst_or_less_than_it_is(usage, price):
    rates, said = Rates.of(price), sound(usage)
    cost = rates.cost(said)
    assert isinstance(cost, int)
    assert 0 <= cost <= rates.worst(said.input, said.output)
    plain = said.input - said.cached - said.written
    assert plain >= 0
    assert said.reasoning <= said.output <= MOST_TOKENS
    exact = sum(
        Fraction(tokens) * rate
        for tokens, rate in (
            (plain, rates.input),
            (said.cached, rates.cached),
            (said.written, rates.written),
            (said.output, rates.output),
        )
    )
    assert 0 <= cost - exact / 10**6 < 1


@given(st.integers(1, MOST))
def test_what_is_shown_can_be_typed_back_nearly(nano):
    shown = dollars(nano).replace(",", "")
    assert abs(amount(shown) - nano) <= nano * 0.05


def test_a_bill_in_one_line():
    bill = Bill(
        "openai/gpt-5.4", Usage(412, 96), 0.0021, "priced", "stop", left=19.6399, budget="month"
    )
    assert summary(bill) == "412 in, 96 out · $0.0021 · $19.63 left of month"


@pytest.mark.parametrize(
    ("cost", "certainty", "left", "said"),
    [
        (0.5, "estimated", None, "1,000 in, 2 out · about $0.50"),
        (None, "unpriced", None, "1,000 in, 2 out · no price known"),
        (0.0, "priced", 0.0, "1,000 in, 2 out · $0 · $0 left of day"),
        (0.3, "priced", -0.1, "1,000 in, 2 out · $0.30 · day is over by $0.10"),
    ],
)
def test_a_bill_says_what_is_not_sure(cost, certainty, left, said):
    bill = Bill("v/m", Usage(1000, 2), cost, certainty, "stop", left=left, budget="day")
    assert summary(bill) == said
