"""Whatever models do and however a call is left: every stream is closed, every sum settled once."""

import asyncio
from contextlib import asynccontextmanager

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core.errors import (
    AuthError,
    BadReply,
    Overloaded,
    RateLimited,
    Refused,
    ServerFailed,
    TtrpgError,
    Unreachable,
)
from ttrpg_core.llm import Delta, ModelInfo, Need, Price, Reply, Usage

ERRORS = [
    AuthError("key"),
    RateLimited("slow"),
    RateLimited("slow", retry_after=1),
    Overloaded("busy"),
    ServerFailed("broke"),
    Unreachable("gone", unsent=True),
    Unreachable("broke"),
    BadReply("page"),
    Refused("no"),
    ValueError("a bug of a plugin"),
]
PAUSE = 0.001
LEAVING = ("read", "first", "nothing", "raise", "cancel")


class Left(Exception):
    """The caller has had enough."""


@attrs.define
class Played:
    """A model that plays a script: pieces, pauses and an error, on opening or within."""

    info: ModelInfo
    script: tuple
    opened: int = 0
    closed: int = 0

    @asynccontextmanager
    async def stream(self, request):
        self.opened += 1
        try:
            if self.script and self.script[0] == "opening":
                await asyncio.sleep(0)
                raise self.script[1]
            pieces = self.pieces()
            try:
                yield Reply(pieces)
            finally:
                await pieces.aclose()
        finally:
            self.closed += 1

    async def pieces(self):
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Delta):
                yield step
            else:
                await asyncio.sleep(step)


steps = st.one_of(
    st.sampled_from([0.0, PAUSE, 5 * PAUSE]),
    st.sampled_from([Delta(text="word "), Delta(usage=Usage(5, 1)), Delta(reasoning="hm")]),
)
scripts = st.one_of(
    st.tuples(st.just("opening"), st.sampled_from(ERRORS)),
    st.builds(
        lambda body, end: (*body, *end),
        st.lists(steps, max_size=4),
        st.one_of(
            st.just((Delta(usage=Usage(5, 2)), Delta(finish="stop"))),
            st.just(()),
            st.sampled_from(ERRORS).map(lambda error: (error,)),
        ),
    ),
)
prices = st.sampled_from([Price(1, 1), Price(500, 500), None])


async def ask(laid, calls, need, leaving):
    async with laid.router.call(laid.question, laid.purpose, need) as call:
        calls.append(call)
        if leaving == "raise":
            raise Left
        if leaving == "first":
            await anext(call.reply)
        elif leaving != "nothing":
            await call.reply.read()


async def made(laid, calls, need, leaving, after):
    """The call, left as it is to be left; what it raised."""
    task = asyncio.create_task(ask(laid, calls, need, leaving))
    if leaving == "cancel":
        await asyncio.sleep(after)
        task.cancel()
    await asyncio.wait([task])
    assert asyncio.all_tasks() == {asyncio.current_task()}, "no task is left behind"
    return None if task.cancelled() else task.exception()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    played=st.lists(st.tuples(scripts, prices), min_size=1, max_size=4),
    hedge=st.sampled_from([0.0, PAUSE]),
    strategy=st.sampled_from(["priority", "cost", "latency", "round_robin", "weighted"]),
    budget=st.sampled_from([None, 0.01, 1.0]),
    fallback=st.booleans(),
    leaving=st.sampled_from(LEAVING),
    after=st.sampled_from([0.0, PAUSE, 3 * PAUSE]),
)
def test_every_end_is_tidy(table, played, hedge, strategy, budget, fallback, leaving, after):
    models = [
        Played(ModelInfo(f"m{number}", price=price), script)
        for number, (script, price) in enumerate(played)
    ]
    laid = table(*models, budget=budget, hedge_seconds=hedge, strategy=strategy)
    with laid.records._store.transaction() as connection:
        for name in ("breakers", "limits", "answers"):
            connection.execute(f"DELETE FROM {name}")
    calls = []
    caught = asyncio.run(made(laid, calls, Need(fallback=fallback), leaving, after))
    assert all(model.opened == model.closed for model in models)
    assert laid.purse.aside == 0, "nothing is left set aside, and MemoryPurse allows it once"
    assert sum(model.opened for model in models) <= len(laid.purse.held)
    if budget is not None:
        assert all(held.worst <= budget for held in laid.purse.held)
    for call in calls:
        assert call.bill is not None
        assert call.bill.model == call.model
        assert [each.verdict for each in call.weighed].count("asked") == 1
    assert caught is None or isinstance(caught, (TtrpgError, Left, ValueError))
    if leaving == "read" and caught is None:
        assert calls[0].bill.first_seconds is not None
    for model in models:
        assert laid.records.breaker(f"v/{model.info.id}").probe == ""
