"""Waiting and not waiting: rate limits, models that are down, tries, hedging, turns."""

import asyncio
from contextlib import asynccontextmanager

import attrs
import pytest

from ttrpg_core.errors import (
    Overloaded,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    UnknownModel,
    Unreachable,
)
from ttrpg_core.llm import Delta, Limit, Message, ModelInfo, Need, Price, Purpose, Reply, Request
from ttrpg_core.llm.routing import Rules
from ttrpg_core.testing import Scripted

ASK = Request([Message("user", "What does falling cost?")], max_tokens=100)
WHY = Purpose("ask")


def model(name, *pieces, price=1):
    info = ModelInfo(name, context=8192, max_output=4096, price=Price(price, price))
    return Scripted(pieces or ("Six ", "points."), info)


@attrs.define
class Slow:
    """A model that begins after ``seconds``, and says how it was used.

    It keeps a time limit open while it streams, as another author's may: so whoever opens it has
    to close it in the same task.
    """

    info: ModelInfo
    seconds: float = 30.0
    error: Exception | None = None
    limits: tuple = ()
    opened: int = 0
    closed: int = 0
    began: asyncio.Event = attrs.field(factory=asyncio.Event)

    @asynccontextmanager
    async def stream(self, request):
        self.opened += 1
        self.began.set()
        try:
            async with asyncio.timeout(60):
                pieces = self.pieces()
                try:
                    yield Reply(pieces, self.limits)
                finally:
                    await pieces.aclose()
        finally:
            self.closed += 1

    async def pieces(self):
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        yield Delta(text="Slow ")
        yield Delta(text="and steady.")
        yield Delta(finish="stop")


def slow(name, seconds=30.0, **more):
    return Slow(ModelInfo(name, price=Price(1, 1)), seconds, **more)


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_short_rate_limit_is_waited_for(table):
    laid = table(model("a"), model("b"))
    laid.records.failed("v/a", "", RateLimited("slow down", retry_after=3))
    call = run(laid.ask())
    assert call.model == "v/a"
    assert laid.slept == [pytest.approx(3, abs=0.1)]
    assert call.notes == ["waited 3.0 s for the rate limit of v/a"]


def test_a_long_one_is_not(table):
    laid = table(model("a"), model("b"))
    laid.records.failed("v/a", "", RateLimited("slow down", retry_after=90))
    call = run(laid.ask())
    assert call.model == "v/b"
    assert laid.slept == []
    assert "at its rate limit for 1 min 30 s" in call.weighed[-1].reason
    laid = table(model("a"))
    with pytest.raises(RateLimited) as caught:
        run(laid.ask())
    assert caught.value.retry_after == pytest.approx(90)


def test_the_same_is_asked_once_more_after_a_short_wait(table):
    first = RateLimited("slow down", retry_after=2)

    class Again(Scripted):
        async def _play(self, request):
            if self.opened == 1:
                raise first
            async for piece in super()._play(request):
                yield piece

    again = Again(("Six.",), ModelInfo("a", price=Price(1, 1)))
    laid = table(again, model("b"))
    call = run(laid.ask())
    assert call.model == "v/a"
    assert again.opened == 2
    assert laid.slept == [pytest.approx(2, abs=0.1)]
    assert [held.state for held in laid.purse.held] == ["released", "settled"]
    laid = table(model("x", RateLimited("slow down", retry_after=2)), model("b"))
    assert run(laid.ask()).model == "v/b", "and only once"
    assert laid.models["x"].opened == 2


def test_what_an_answer_says_is_left_holds_for_the_next_call(table):
    limited = slow("a", 0.0, limits=(Limit("requests", 0, 600.0, 60),))
    laid = table(limited, model("b"))
    assert run(laid.ask()).model == "v/a"
    assert run(laid.ask()).model == "v/b"


def test_a_model_that_is_down_is_left_alone_and_tried_later(table, stopped):
    bad = model("a", ServerFailed("broke", retryable=True))
    laid = table(bad, model("b"))
    for _ in range(5):
        assert run(laid.ask()).model == "v/b"
    assert bad.opened == 3
    with pytest.raises(Overloaded, match="left alone for 30 s after failures in a row") as caught:
        run(laid.ask(need=Need(model="v/a")))
    assert "ttrpg models test v/a" in caught.value.hint
    stopped.move(seconds=30)
    bad.pieces = ("Well ", "again.")
    assert run(laid.ask()).model == "v/a"
    assert laid.records.breaker("v/a").successes == 1
    assert run(laid.ask()).model == "v/a"
    assert laid.records.breaker("v/a").state == "closed"


def test_one_that_is_asked_by_name_and_alone_is_tried_though_it_is_left_alone(table):
    bad = model("a", ServerFailed("broke"))
    laid = table(bad)
    for _ in range(3):
        with pytest.raises(ServerFailed):
            run(laid.ask())
    bad.pieces = ("Well.",)
    call = run(laid.ask(need=Need(model="v/a", fallback=False)))
    assert call.reply.text == "Well."


def test_a_try_is_given_so_long_and_no_longer(table, stopped):
    laid = table(slow("a"), model("b"))
    laid.records.rules = Rules(probe_seconds=0.05)
    for _ in range(3):
        laid.records.failed("v/a", "", Unreachable("gone"))
    stopped.move(seconds=30)
    call = run(laid.ask())
    assert call.model == "v/b"
    assert "was silent for 0.05 s" in call.notes[0]
    assert laid.records.breaker("v/a").state == "open"
    assert laid.models["a"].closed == 1
    with pytest.raises(TimedOut):
        run(laid.ask(need=Need(model="v/a", fallback=False)))


def test_a_try_that_is_stopped_lets_the_next_one_try(table, stopped):
    laid = table(slow("a"))
    for _ in range(3):
        laid.records.failed("v/a", "", Unreachable("gone"))
    stopped.move(seconds=30)

    async def main():
        task = asyncio.create_task(laid.ask())
        await laid.models["a"].began.wait()
        with pytest.raises(Overloaded, match="another call is trying it now"):
            await laid.ask()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert laid.records.breaker("v/a").probe == ""
    assert laid.records.claim("v/a", 1).probe


def test_turns(table):
    laid = table(model("a"), model("b"), model("c"), strategy="round_robin")
    assert [run(laid.ask()).model for _ in range(5)] == ["v/a", "v/b", "v/c", "v/a", "v/b"]
    weighed, _ = laid.router.why(ASK, WHY)
    assert weighed[0].model == "v/c"
    assert run(laid.ask()).model == "v/c", "saying why takes no turn"


def test_why_draws_as_the_next_call_will(table):
    models = [model(name) for name in "abcdef"]
    laid = table(*models, strategy="weighted", weights=("v/a 3",))
    for _ in range(10):
        weighed, _ = laid.router.why(ASK, WHY)
        assert run(laid.ask()).model == weighed[0].model


def test_why_sends_and_takes_nothing(table):
    laid = table(model("a", price=50), model("b"), strategy="cost", use=["v/a", "v/b", "v/none"])
    weighed, notes = laid.router.why(ASK, WHY)
    assert [(each.model, each.verdict) for each in weighed] == [
        ("v/b", "asked"),
        ("v/a", "next"),
        ("v/none", "left out"),
    ]
    assert "by cost: $0.00011 at most" in weighed[0].reason
    assert notes == []
    assert laid.purse.held == []
    assert laid.models["a"].opened == laid.models["b"].opened == 0


def test_the_quickest_is_asked_once_each_was_measured(table):
    laid = table(model("a"), model("b"), strategy="latency")
    assert {run(laid.ask()).model for _ in range(2)} == {"v/a", "v/b"}
    with laid.records._store.transaction() as connection:
        connection.execute("UPDATE answers SET first_seconds = 9 WHERE model = 'v/a'")
    assert run(laid.ask()).model == "v/b"


def test_a_model_that_was_slow_once_is_measured_again_another_day(table, stopped):
    laid = table(model("a"), model("b"), strategy="latency")
    for _ in range(2):
        run(laid.ask())
    with laid.records._store.transaction() as connection:
        connection.execute("UPDATE answers SET first_seconds = 9 WHERE model = 'v/a'")
    stopped.move(days=1)
    assert {run(laid.ask()).model for _ in range(2)} == {"v/a", "v/b"}
    assert laid.records.record("v/a").first_seconds < 1


def test_the_quickest_is_no_model_that_only_fails(table):
    laid = table(model("a", UnknownModel("no such model")), model("b"), strategy="latency")
    for _ in range(3):
        assert run(laid.ask()).model == "v/b"
    assert laid.models["a"].opened == 1
    weighed, _ = laid.router.why(ASK, WHY)
    assert (weighed[1].model, weighed[1].verdict) == ("v/a", "next")
    assert "it failed, and has not answered since" in weighed[1].reason


def test_a_silent_model_is_overtaken(table):
    quiet = slow("a")
    laid = table(quiet, model("b"), hedge_seconds=0.05)

    async def main():
        async with laid.router.call(ASK, WHY) as call:
            await call.reply.read()
        return call

    call = run(main())
    assert call.model == "v/b"
    assert call.reply.text == "Six points."
    assert quiet.closed == 1
    assert [(held.model, held.state) for held in laid.purse.held] == [
        ("v/a", "settled"),
        ("v/b", "settled"),
    ]
    assert laid.purse.held[0].bill.finish == "cancelled"
    assert laid.purse.held[0].bill.certainty == "estimated"
    assert {each.model: each.verdict for each in call.weighed} == {"v/a": "failed", "v/b": "asked"}
    assert laid.records.breaker("v/a").failures == 0, "slow is not ill"


def test_the_first_may_still_win(table):
    laid = table(slow("a", 0.15), slow("b"), hedge_seconds=0.05)
    call = run(laid.ask())
    assert call.model == "v/a"
    assert call.reply.text == "Slow and steady."
    assert laid.models["b"].closed == 1
    assert [held.state for held in laid.purse.held] == ["settled", "settled"]


def test_of_two_that_begin_in_the_same_moment_one_is_left(table):
    gate = asyncio.Event()

    class Gated(Slow):
        async def pieces(self):
            await gate.wait()
            yield Delta(text=f"{self.info.id} ")
            yield Delta(finish="stop")

    first, second = (Gated(ModelInfo(name, price=Price(1, 1))) for name in "ab")
    laid = table(first, second, hedge_seconds=0.01)

    async def main():
        task = asyncio.create_task(laid.ask())
        await second.began.wait()
        await asyncio.sleep(0.01)
        gate.set()
        return await task

    call = run(main())
    assert call.reply.text.strip() == call.model.removeprefix("v/")
    assert first.closed == second.closed == 1
    assert [held.state for held in laid.purse.held] == ["settled", "settled"]


def test_a_quick_answer_is_not_hedged(table):
    laid = table(model("a"), model("b"), hedge_seconds=5.0)
    assert run(laid.ask()).model == "v/a"
    assert laid.models["b"].opened == 0


def test_hedged_models_that_fail_go_on_to_the_next(table):
    bad = ServerFailed("broke")
    laid = table(
        slow("a", 0.1, error=bad),
        model("b", bad),
        model("c", bad),
        slow("d", 0.0),
        hedge_seconds=0.02,
    )
    call = run(laid.ask())
    assert call.model == "v/d"
    assert [held.state for held in laid.purse.held].count("settled") == len(laid.purse.held)
    laid = table(slow("a", 0.05, error=bad), model("b", bad), hedge_seconds=0.02)
    with pytest.raises(ServerFailed):
        run(laid.ask())
    assert laid.purse.aside == 0


def test_what_one_declined_ends_the_race(table):
    laid = table(slow("a"), model("b", Refused("not that")), model("c"), hedge_seconds=0.02)
    with pytest.raises(Refused):
        run(laid.ask())
    assert laid.models["a"].closed == 1
    assert laid.models["c"].opened == 0
    assert laid.purse.aside == 0


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05])
def test_a_race_that_is_stopped_leaves_nothing_open(table, after):
    laid = table(slow("a"), slow("b"), hedge_seconds=0.02)

    async def main():
        task = asyncio.create_task(laid.ask())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    run(main())
    for each in laid.models.values():
        assert each.opened == each.closed
    assert laid.purse.aside == 0


def test_a_hedged_reply_can_be_left_early(table):
    laid = table(slow("a", 0.0), model("b"), hedge_seconds=1.0)
    call = run(laid.ask(pieces=1))
    assert call.reply.text == "Slow "
    assert call.bill.finish in {"cancelled", "stop"}
    assert call.bill.certainty == "estimated"
    assert laid.models["a"].closed == 1
