"""What is remembered between calls and processes: limits, latency, turns, what vendors named."""

import contextlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.errors import Overloaded, RateLimited, ServerFailed
from ttrpg_core.llm import Limit, ModelInfo
from ttrpg_core.llm.routing import Records, Rules
from ttrpg_core.llm.routing.limits import WAIT, Left, waiting
from ttrpg_core.store import Store

NAME = "v/a"


@pytest.fixture
def records(store, stopped):
    return Records(store, stopped, Rules())


def answered(records, *limits, seconds=0.5):
    claim = records.claim(NAME, 100)
    records.answered(NAME, claim.who, seconds, limits)


def test_what_is_left_is_taken_by_each_call_and_comes_back(records, stopped):
    answered(records, Limit("requests", 2, 30.0, 60))
    assert records.wait(NAME, 100) == 0
    assert records.claim(NAME, 100)
    assert records.claim(NAME, 100)
    assert records.wait(NAME, 100) == pytest.approx(30)
    stopped.move(seconds=29)
    assert records.wait(NAME, 100) == pytest.approx(1)
    stopped.move(seconds=1)
    assert records.wait(NAME, 100) == 0
    assert records.claim(NAME, 100)
    assert records.limits(NAME) == []


def test_the_vendors_count_is_the_true_one(records):
    answered(records, Limit("requests", 1, 30.0))
    records.claim(NAME, 1)
    assert records.wait(NAME, 1) > 0
    answered_by = "somebody who asked before"
    records.answered(NAME, answered_by, 0.5, [Limit("requests", 5, 30.0)])
    assert records.wait(NAME, 1) == 0


def test_a_clock_that_was_set_back_leaves_no_model_alone_for_years(records, stopped):
    stopped.move(days=900)
    answered(records, Limit("requests", 0, 60.0))
    stopped.move(days=-900)
    assert records.wait(NAME, 1) == 0


def test_no_limit_is_believed_to_last_longer_than_a_day(records):
    answered(records, Limit("requests", 0, 1e12))
    assert records.wait(NAME, 1) == 86_400


def test_tokens_count_by_the_request(records):
    answered(records, Limit("input-tokens", 500, 20.0, 10_000), Limit("output-tokens", 1, 5.0))
    assert records.wait(NAME, 500) == 0
    assert records.wait(NAME, 501) == pytest.approx(20)
    assert records.wait(NAME, 10_001) == 0, "no waiting helps, so the vendor says it"
    records.claim(NAME, 400)
    assert records.wait(NAME, 101) == pytest.approx(20)
    assert records.wait(NAME, 100) == 0


@pytest.mark.parametrize(
    "error", [RateLimited("x", retry_after=12), Overloaded("x", retry_after=12)]
)
def test_a_refusal_says_how_long_to_wait(records, stopped, error):
    records.failed(NAME, "", error)
    assert records.wait(NAME, 1) == pytest.approx(12)
    answered(records)
    assert records.wait(NAME, 1) == 0, "it answered all the same"


def test_no_vendor_is_waited_for_longer_than_a_day(records):
    records.failed(NAME, "", RateLimited("x", retry_after=1e12))
    assert records.wait(NAME, 1) == pytest.approx(86_400)


limits = st.lists(
    st.builds(
        Left,
        st.sampled_from(["requests", "tokens", "input-tokens", "output-tokens", "x", WAIT]),
        st.floats(0, 1e6),
        st.floats(0, 1e4),
        st.none() | st.floats(0, 1e6),
    ),
    max_size=6,
)


@given(known=limits, tokens=st.integers(0, 10**6), now=st.floats(0, 1e4))
def test_a_wait_ends_at_a_reset_and_never_before_now(known, tokens, now):
    wait = waiting(known, tokens, now)
    assert wait >= 0
    assert wait == 0 or any(now + wait == pytest.approx(each.resets_at) for each in known)
    after = [each.taken(tokens) for each in known]
    assert waiting(after, tokens, now) >= wait, "what is taken is not waited for less"
    assert waiting(known, tokens, max((each.resets_at for each in known), default=now)) == 0


def test_latency_is_smoothed_nine_to_one(records):
    answered(records, seconds=1.0)
    assert records.record(NAME).first_seconds == 1.0
    answered(records, seconds=2.0)
    assert records.record(NAME).first_seconds == pytest.approx(1.1)
    records.failed(NAME, "", ServerFailed("broke"))
    record = records.record(NAME)
    assert (record.answered, record.failed, record.error) == (2, 1, "broke")
    assert record.first_seconds == pytest.approx(1.1), "a failure has no latency"
    records.failed(NAME, "", ServerFailed("x" * 5000))
    assert len(records.record(NAME).error) == 300


def test_turns_are_taken_once_by_any_number_of_processes(home, core, stopped):
    path = home / "ttrpg.db"
    Store(path, [core]).close()
    taken = []

    def take():
        with contextlib.closing(Store(path, [core])) as store:
            records = Records(store, stopped, Rules())
            taken.extend(records.turn("models") for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(80))


def test_what_a_vendor_named_is_known_without_asking_again(records):
    records.learn(
        "v", [ModelInfo("a", 1000, 100, capabilities=frozenset({"tools"})), ModelInfo("b")]
    )
    records.learn("w", [ModelInfo("c/d")])
    assert records.named() == ["v/a", "v/b", "w/c/d"]
    assert records.named("v") == ["v/a", "v/b"]
    filled = records.filled(NAME, ModelInfo("a", context=500))
    assert (filled.context, filled.max_output, filled.capabilities) == (500, 100, {"tools"})
    assert records.filled("v/x", ModelInfo("x")) == ModelInfo("x")
    records.learn("v", [ModelInfo("b"), ModelInfo("x" * 201), ModelInfo("\x1b[2J")])
    assert records.named("v") == ["v/b"]


def test_a_call_without_limits_and_trouble_writes_nothing_before_it_is_sent(records, store):
    before = store.connection.total_changes
    claim = records.claim(NAME, 10)
    records.ended(NAME)
    records.dropped(NAME, claim.who)
    assert store.connection.total_changes == before
