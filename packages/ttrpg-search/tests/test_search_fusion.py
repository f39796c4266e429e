"""Two rankings put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_search.fusion import convex, reciprocal

rankings = st.dictionaries(st.integers(1, 40), st.floats(0.001, 100), max_size=20).map(
    lambda scores: sorted(scores.items(), key=lambda each: -each[1])
)


def test_both_sides_count_by_their_share():
    words, vectors = [(1, 9.0), (2, 3.0), (3, 0.0)], [(3, 0.8), (2, 0.6), (1, 0.4)]
    assert convex(words, vectors, 0.0)[0] == (1, 1.0)
    assert convex(words, vectors, 1.0)[0] == (3, 1.0)
    assert dict(convex(words, vectors, 0.5))[2] == pytest.approx(0.5 / 3 + 0.25)


def test_what_one_side_did_not_find_counts_as_its_lowest():
    fused = dict(convex([(1, 5.0), (2, 1.0)], [(9, 0.7), (1, 0.5)], 0.5))
    assert fused == {1: 0.5, 2: 0.0, 9: 0.5}


def test_ranks_alone():
    fused = reciprocal([[(1, 900.0), (2, 1.0)], [(2, 0.2), (3, 0.1)]], [1.0, 1.0], constant=60)
    assert [number for number, _ in fused] == [2, 1, 3]
    assert dict(fused)[1] == pytest.approx(1 / 61)


def test_weights_of_ranks():
    fused = reciprocal([[(1, 1.0)], [(2, 1.0)]], [1.0, 1.5])
    assert fused[0][0] == 2


@given(rankings, rankings, st.floats(0, 1))
def test_nothing_is_lost_and_the_best_is_first(words, vectors, share):
    fused = convex(words, vectors, share)
    assert {number for number, _ in fused} == {n for n, _ in words} | {n for n, _ in vectors}
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    ranked = [score for _, score in reciprocal([words, vectors], [1.0, 1.0])]
    assert ranked == sorted(ranked, reverse=True)


@given(rankings, st.floats(0.1, 50), st.floats(-5, 5))
def test_only_the_shape_of_scores_counts(words, scale, shift):
    moved = [(number, score * scale + shift) for number, score in words]
    before, after = dict(convex(words, [], 0.3)), dict(convex(moved, [], 0.3))
    assert after == pytest.approx(before, abs=1e-6)
