"""Orders of candidates: each a permutation, and each what its name says."""

import random
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.errors import ConfigError
from ttrpg_core.llm import ModelInfo
from ttrpg_core.llm.routing.candidates import Candidate
from ttrpg_core.llm.routing.strategies import STRATEGIES, Turn, weights

number = st.none() | st.floats(0, 1e6)
candidates = st.lists(
    st.builds(
        lambda name, worst, first: Candidate(
            name, ModelInfo(name), worst=worst, first_seconds=first
        ),
        st.text("abcdef/", min_size=1, max_size=6),
        number,
        number,
    ),
    unique_by=lambda each: each.name,
    max_size=8,
)
turns = st.builds(
    lambda position, weight, seed: Turn(position, weight, random.Random(seed)),
    st.integers(0, 1000),
    st.dictionaries(
        st.text("abcdef/", min_size=1, max_size=6),
        st.floats(0, 1e9) | st.sampled_from([5e-324, 1e-300]),
        max_size=8,
    ),
    st.integers(),
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(known=candidates, turn=turns)
def test_nobody_is_lost_or_asked_twice(name, known, turn):
    ordered = STRATEGIES[name](known, turn)
    assert sorted(each.name for each in ordered) == sorted(each.name for each in known)


@given(known=candidates, turn=turns)
def test_priority_is_the_users_order(known, turn):
    assert STRATEGIES["priority"](known, turn) == known


@given(known=candidates, turn=turns)
def test_cost_goes_up_and_unpriced_is_last(known, turn):
    ordered = [each.worst for each in STRATEGIES["cost"](known, turn)]
    priced = [each for each in ordered if each is not None]
    assert priced == sorted(priced)
    assert ordered[: len(priced)] == priced


@given(known=candidates, turn=turns)
def test_latency_goes_up_and_unmeasured_is_first(known, turn):
    ordered = [each.first_seconds for each in STRATEGIES["latency"](known, turn)]
    measured = [each for each in ordered if each is not None]
    assert measured == sorted(measured)
    assert ordered[len(ordered) - len(measured) :] == measured


@given(known=candidates, turn=turns)
def test_a_round_asks_each_first_once(known, turn):
    firsts = [
        STRATEGIES["round_robin"](known, attrs.evolve(turn, position=turn.position + step))[0].name
        for step in range(len(known))
    ]
    assert sorted(firsts) == sorted(each.name for each in known)


@given(known=candidates, turn=turns)
def test_a_weight_of_nothing_is_never_drawn_before_others(known, turn):
    ordered = [turn.weights.get(each.name, 1.0) for each in STRATEGIES["weighted"](known, turn)]
    heavy = [weight for weight in ordered if weight > 0]
    assert ordered[: len(heavy)] == heavy


def test_weights_are_shares_of_who_comes_first():
    known = [Candidate(name, ModelInfo(name)) for name in ("a", "b", "c")]
    turn = Turn(weights={"a": 6.0, "b": 3.0}, rng=random.Random(1974))
    firsts = Counter(STRATEGIES["weighted"](known, turn)[0].name for _ in range(10_000))
    assert firsts["a"] == pytest.approx(6000, rel=0.05)
    assert firsts["b"] == pytest.approx(3000, rel=0.05)


def test_weights_of_the_settings():
    assert weights(["openai/gpt 3", " server/here/a b  0.5 "]) == {
        "openai/gpt": 3.0,
        "server/here/a b": 0.5,
    }
    for wrong in ("", "openai/gpt", "openai/gpt -1", "a inf", "a nan", "3"):
        with pytest.raises(ConfigError, match="is no weight"):
            weights([wrong])
