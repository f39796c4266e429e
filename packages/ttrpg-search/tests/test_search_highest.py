"""The highest of many numbers are those that sorting finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_search.highest import highest


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 3000),
    st.integers(0, 80),
    st.sampled_from([0.0, 0.01, 0.5, 1.0]),
    st.integers(1, 50),
)
def test_they_are_those_of_sorting_with_all_that_equal_the_last(seed, count, most, met, levels):
    rng = np.random.default_rng(seed)
    scores = (rng.integers(1, levels + 1, count) * (rng.random(count) < met)).astype(np.float32)
    for above in (-np.inf, 0.0):
        some = scores[scores > above]
        least = np.sort(some)[-most] if 0 < most <= len(some) else -np.inf
        wanted = np.flatnonzero((scores > above) & (scores >= least)) if most else []
        assert highest(scores, most, above).tolist() == list(wanted)


@pytest.mark.parametrize("met", [0, 1, 7])
def test_few_that_count_among_many_leave_no_others(met):
    scores = np.zeros(100_000, np.float32)
    scores[::17][:met] = 1
    assert highest(scores, 24, 0).tolist() == list(range(0, 17 * met, 17))
