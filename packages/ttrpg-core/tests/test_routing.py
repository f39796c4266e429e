"""Who is asked, who is asked next, and what each attempt cost: the router with real records."""

import asyncio

import attrs
import pytest

from ttrpg_core.app import App
from ttrpg_core.entries import Provider
from ttrpg_core.errors import (
    AuthError,
    BadReply,
    ConfigError,
    NotFound,
    Offline,
    Overloaded,
    PluginError,
    RateLimited,
    Refused,
    ServerFailed,
    StoreError,
    TooLong,
    UnknownModel,
    Unreachable,
)
from ttrpg_core.llm import Delta, Message, ModelInfo, Need, Price, Purpose, Request, Usage
from ttrpg_core.llm.routing import ask_vendors
from ttrpg_core.testing import Scripted

ASK = Request([Message("user", "What does falling cost?")], max_tokens=100)
WHY = Purpose("ask")
CHEAP = Price(1, 5)


def model(name, *pieces, price=CHEAP, context=8192, can=frozenset()):
    info = ModelInfo(
        name, context=context, max_output=4096, price=price, capabilities=frozenset(can)
    )
    return Scripted(pieces or ("Six ", "points."), info)


def run(coroutine):
    return asyncio.run(coroutine)


def verdicts(call):
    return {each.model: each.verdict for each in call.weighed}


def test_the_first_is_asked_and_settled_by_the_vendors_count(table):
    laid = table(model("a", "Six.", Delta(usage=Usage(7, 3), finish="stop")), model("b"))
    call = run(laid.ask())
    assert call.model == "v/a"
    assert call.reply.text == "Six."
    assert call.bill.certainty == "priced"
    assert call.bill.usage == Usage(7, 3)
    assert call.bill.first_seconds <= call.bill.seconds
    assert verdicts(call) == {"v/a": "asked", "v/b": "next"}
    assert call.notes == []
    assert laid.purse.aside == 0
    assert laid.models["b"].opened == 0


FALLS = [
    AuthError("no"),
    UnknownModel("none"),
    RateLimited("slow down"),
    Overloaded("busy", retryable=True, status=529),
    ServerFailed("broke", retryable=True, status=500),
    TooLong("long"),
    Unreachable("gone", retryable=True),
    BadReply("html"),
    Offline("offline"),
    NotFound("no such"),
]


@pytest.mark.parametrize("error", FALLS, ids=lambda e: type(e).__name__)
def test_an_error_before_the_first_piece_goes_to_the_next(table, error):
    laid = table(model("a", Delta(usage=Usage(5, 0)), error), model("b"))
    call = run(laid.ask())
    assert call.model == "v/b"
    assert call.reply.text == "Six points."
    assert verdicts(call) == {"v/a": "failed", "v/b": "asked"}
    assert call.notes == [f"v/b answers instead of v/a: {error.message}"]
    assert [held.state for held in laid.purse.held][1] == "settled"
    assert laid.purse.aside == 0
    assert laid.models["a"].closed == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AuthError("no"), "released"),
        (RateLimited("slow down"), "released"),
        (Overloaded("busy"), "released"),
        (Unreachable("nobody there", unsent=True), "released"),
        (Unreachable("it broke"), "settled"),
        (ServerFailed("broke"), "settled"),
        (BadReply("html"), "settled"),
    ],
    ids=lambda e: getattr(e, "message", e),
)
def test_money_is_given_back_where_the_vendor_surely_did_nothing(table, error, state):
    laid = table(model("a", error))
    with pytest.raises(type(error)):
        run(laid.ask())
    assert [held.state for held in laid.purse.held] == [state]
    if state == "settled":
        assert laid.purse.held[0].bill.finish == "cancelled"
        assert laid.purse.held[0].bill.certainty == "estimated"


def test_what_a_vendor_counted_before_it_failed_is_paid_for(table):
    laid = table(model("a", Delta(usage=Usage(500, 0)), Overloaded("busy")), model("b"))
    run(laid.ask())
    assert [held.state for held in laid.purse.held] == ["settled", "settled"]
    assert laid.purse.held[0].bill.usage.input == 500


def test_an_error_after_the_first_piece_is_raised_as_it_is(table):
    broke = Unreachable("it broke", retryable=True)
    laid = table(model("a", "Six ", "po", broke), model("b"))

    async def main():
        async with laid.router.call(ASK, WHY) as call:
            with pytest.raises(Unreachable) as caught:
                await call.reply.read()
            assert caught.value is broke
            return call

    call = run(main())
    assert call.reply.text == "Six po"
    assert call.reply.finish == "cancelled"
    assert call.bill.certainty == "estimated"
    assert call.bill.finish == "cancelled"
    assert laid.models["b"].opened == 0
    assert laid.records.breaker("v/a").failures == 1


def test_what_a_vendor_declined_is_not_shown_to_another(table):
    laid = table(model("a", Refused("not that")), model("b"))
    with pytest.raises(Refused):
        run(laid.ask())
    assert laid.models["b"].opened == 0
    assert laid.purse.aside == 0


def test_the_error_of_the_last_is_raised_and_tells_of_the_others(table):
    laid = table(model("a", ServerFailed("broke")), model("b", AuthError("bad key", "Set it")))
    with pytest.raises(AuthError) as caught:
        run(laid.ask())
    assert caught.value.hint == "Set it\nNor could others: v/a: broke"
    assert laid.purse.aside == 0


def test_a_plugin_that_fails_keeps_nobody_from_an_answer(table):
    for broken in (ValueError("not mine"), TimeoutError()):
        laid = table(model("a", broken), model("b"))
        call = run(laid.ask())
        assert call.model == "v/b"
        assert f"v/a failed: {type(broken).__name__}" in call.notes[0]
        assert [held.state for held in laid.purse.held] == ["settled", "settled"]
        assert laid.records.breaker("v/a").failures == 0
    laid = table(model("a", broken))
    with pytest.raises(PluginError):
        run(laid.ask())


def test_a_vendor_that_fails_is_left_out(table):
    laid = table(model("a"), use=["x/a", "v/a"])
    good = laid.router.vendors.vendor("v")

    class Broken:
        async def models(self):
            raise KeyError("models")

        def model(self, name):
            raise ZeroDivisionError

    laid.router.vendors.known["x"] = Provider("x", "Broken", "x:y", offline=True)
    laid.router.vendors._made["x"] = Broken()
    call = run(laid.ask())
    assert call.model == "v/a"
    assert "the vendor x failed: ZeroDivisionError" in call.notes[0]
    answers = run(ask_vendors(laid.router.vendors, laid.records, ["x", "v", "k"]))
    assert "the vendor x failed: KeyError" in answers[0].error.message
    assert [info.id for info in answers[1].models] == [m.id for m in run(good.models())]
    assert laid.records.named("v") == ["v/a", "v/echo"]


def test_models_are_listed_where_they_cannot_be_remembered(table, store):
    laid = table(model("a"))
    store.connection.execute("PRAGMA query_only = ON")
    (answer,) = run(ask_vendors(laid.router.vendors, laid.records, ["v"]))
    store.connection.execute("PRAGMA query_only = OFF")
    assert answer.error is None
    assert "a" in [info.id for info in answer.models]
    assert laid.records.named("v") == []


def test_a_locked_keyring_keeps_nobody_from_an_answer(table):
    def locked(name, variable):
        raise StoreError("the keyring cannot be opened", "Unlock it")

    laid = table(model("a"), use=["k/a", "v/a"])
    laid.router.vendors._has_key = locked
    call = run(laid.ask())
    assert call.notes == ["v/a answers instead of k/a: the keyring cannot be opened"]
    with pytest.raises(StoreError):
        run(laid.ask(need=Need(model="k/a")))


def test_a_vendor_that_is_silent_is_not_waited_for(table):
    laid = table(model("a"))

    class Silent:
        async def models(self):
            await asyncio.sleep(60)

    laid.router.vendors._made["v"] = Silent()
    (answer,) = run(ask_vendors(laid.router.vendors, laid.records, ["v"], patience=0.02))
    assert "did not answer within 0.02 s" in answer.error.message


def test_no_piece_at_all_is_no_answer(table):
    class Mute(Scripted):
        async def _play(self, request):
            for _ in ():
                yield Delta()

    laid = table(Mute((), ModelInfo("a", price=CHEAP)), model("b"))
    call = run(laid.ask())
    assert call.model == "v/b"
    assert "answered nothing at all" in call.notes[0]


def test_a_memory_that_cannot_be_written_takes_no_answer_away(table, store):
    laid = table(model("a"))
    store.connection.execute("PRAGMA query_only = ON")
    call = run(laid.ask())
    assert call.reply.text == "Six points."
    assert laid.purse.held[0].state == "settled"


def test_leaving_early_settles_an_estimate_of_what_came(table):
    laid = table(model("a", "one two ", "three ", "four"))
    call = run(laid.ask(pieces=2))
    assert call.bill.finish == "cancelled"
    assert call.bill.certainty == "estimated"
    assert call.bill.usage.output == 3
    assert laid.models["a"].closed == 1
    assert laid.purse.aside == 0


def test_an_error_of_the_caller_settles(table):
    laid = table(model("a"))

    async def main():
        async with laid.router.call(ASK, WHY) as call:
            await anext(call.reply)
            raise KeyError

    with pytest.raises(KeyError):
        run(main())
    assert [held.state for held in laid.purse.held] == ["settled"]
    assert laid.models["a"].closed == 1


@attrs.define
class Stuck:
    """A model that says so much and then nothing more."""

    info: ModelInfo = attrs.field(factory=lambda: ModelInfo("stuck", price=CHEAP))
    before: tuple = ()
    began: asyncio.Event = attrs.field(factory=asyncio.Event)
    closed: int = 0
    opened: int = 0

    def stream(self, request):
        from contextlib import asynccontextmanager

        from ttrpg_core.llm import Reply

        async def pieces():
            for text in self.before:
                yield Delta(text=text)
            self.began.set()
            await asyncio.Event().wait()

        @asynccontextmanager
        async def entered():
            self.opened += 1
            coming = pieces()
            try:
                yield Reply(coming)
            finally:
                await coming.aclose()
                self.closed += 1

        return entered()


@pytest.mark.parametrize("before", [(), ("One ", "two ")], ids=["silent", "speaking"])
def test_a_cancel_closes_settles_and_goes_on(table, before):
    stuck = Stuck(before=before)
    laid = table(stuck, model("b"))

    async def main():
        task = asyncio.create_task(laid.ask())
        await stuck.began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert stuck.closed == 1
    assert [held.state for held in laid.purse.held] == ["settled"]
    assert laid.purse.held[0].bill.finish == "cancelled"
    assert laid.purse.held[0].bill.usage.output == len(before)
    assert laid.models["b"].opened == 0
    assert laid.records.breaker("v/stuck").failures == 0


def test_app_models_asks_what_the_settings_name(app: App, plugins):
    from importlib.metadata import EntryPoint

    plugins.add(EntryPoint("fakes", "ttrpg_core.testing.fakes", "ttrpg"), "fakes")
    app.flags["models.use"] = ["fake/echo"]
    assert list(app.models.names()) == ["fake/echo"]

    async def main():
        async with app.models.call(ASK, WHY) as call:
            await call.reply.read()
        return call

    call = app.run(main())
    assert call.reply.text == "What does falling cost?"
    assert call.bill.model == "fake/echo"
    assert call.bill.cost == 0


def test_a_vendor_is_told_to_wait_no_longer_than_the_next_model_is_worth(app: App, plugins):
    from importlib.metadata import EntryPoint

    plugins.add(EntryPoint("fakes", "ttrpg_core.testing.fakes", "ttrpg"), "fakes")
    app.flags["models.wait_seconds"] = 4
    assert app.settings.network.retries == 2
    assert app.context(Provider, "fake").network.wait_seconds == 2, "each, so 4 together"
    assert app.settings.network.wait_seconds == 60


def test_weights_that_are_none(table):
    laid = table(model("a"), strategy="weighted", weights=("v/a much",))
    with pytest.raises(ConfigError, match="v/a much"):
        run(laid.ask())


def test_an_answer_is_not_lost_when_its_cost_cannot_be_written_down(table, monkeypatch):
    laid = table(model("a", "Six.", Delta(usage=Usage(7, 3), finish="stop")))

    def full(*_, **__):
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(laid.purse), "settle", full)
    call = run(laid.ask())
    assert call.reply.text == "Six."
    assert (call.bill.usage, call.bill.certainty) == (Usage(7, 3), "estimated")
    assert call.bill.cost == laid.purse.aside > 0
    assert "the disk is full" in call.notes[-1]


def test_money_that_cannot_be_given_back_does_not_keep_the_next_from_being_asked(
    table, monkeypatch
):
    laid = table(model("a", Overloaded("busy", retryable=True, status=529)), model("b"))

    def full(*_, **__):
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(laid.purse), "release", full)
    assert run(laid.ask()).model == "v/b"


def test_the_number_of_a_model_is_that_of_the_users_list(table):
    laid = table(model("a"), model("b"), use=["x/none", "v/a", "v/b"])
    weighed, _ = laid.router.why(ASK, WHY)
    assert "number 2 in your order" in weighed[0].reason
    assert "number 3 in your order" in weighed[1].reason
