"""Which models can be asked: those chosen, able, known by price, and within the budget."""

import asyncio

import attrs
import pytest

from ttrpg_core.errors import (
    AuthError,
    BudgetExceeded,
    Denied,
    InputError,
    NotFound,
    Offline,
    ServerFailed,
    TooLong,
)
from ttrpg_core.llm import Message, ModelInfo, Need, Price, Request, Stance
from ttrpg_core.settings_tables import ModelsSettings
from ttrpg_core.testing import Scripted

ASK = Request([Message("user", "What does falling cost?")], max_tokens=100)
DEAR, CHEAP = Price(10, 50), Price(1, 5)


def model(name, *pieces, price=CHEAP, context=8192, can=frozenset()):
    info = ModelInfo(
        name, context=context, max_output=4096, price=price, capabilities=frozenset(can)
    )
    return Scripted(pieces or ("Six ", "points."), info)


def run(coroutine):
    return asyncio.run(coroutine)


def verdicts(call):
    return {each.model: each.verdict for each in call.weighed}


def test_nothing_chosen_is_said_with_the_way_to_choose(table):
    laid = table(model("a"))
    laid.router.settings = ModelsSettings()
    with pytest.raises(NotFound) as caught:
        run(laid.ask())
    assert "ttrpg models use" in caught.value.hint
    assert list(laid.router.names()) == []


def test_a_named_model_alone_is_asked(table):
    laid = table(model("a"), model("b", ServerFailed("broke")), model("c"))
    with pytest.raises(ServerFailed):
        run(laid.ask(need=Need(model="v/b")))
    assert laid.models["a"].opened == laid.models["c"].opened == 0
    call = run(laid.ask(need=Need(model="v/c")))
    assert call.model == "v/c"
    assert "you named it" in call.weighed[0].reason


def test_without_fallback_only_the_first_is_asked(table):
    laid = table(model("a", ServerFailed("broke")), model("b"))
    with pytest.raises(ServerFailed):
        run(laid.ask(need=Need(fallback=False)))
    assert laid.models["b"].opened == 0


LEFT_OUT = [
    (["nobody/x"], {}, NotFound, "there is no vendor 'nobody'"),
    (["plain"], {}, InputError, "write it as vendor/model"),
    (["v/"], {}, InputError, "write it as vendor/model"),
    (["v/none"], {}, NotFound, "has no model 'none'"),
    (["k/a"], {"keys": False}, AuthError, "there is no key for k"),
    (["k/a"], {"offline": True}, Offline, "offline is set"),
]


@pytest.mark.parametrize(
    ("use", "how", "error", "said"), LEFT_OUT, ids=[each[3] for each in LEFT_OUT]
)
def test_what_cannot_be_asked_is_left_out_and_named(table, use, how, error, said):
    laid = table(model("a"), use=[*use, "v/a"], **how)
    call = run(laid.ask())
    assert call.model == "v/a"
    assert call.weighed[-1].verdict == "left out"
    assert said in call.weighed[-1].reason
    assert f"v/a answers instead of {use[0]}: " in call.notes[0]
    assert said in call.notes[0]
    laid = table(model("a"), use=["v/a", *use], **how)
    assert run(laid.ask()).notes == []
    laid = table(model("a"), use=use, **how)
    with pytest.raises(error, match=said):
        run(laid.ask())


def test_needs(table):
    blind = model("blind", can={"tools"})
    seeing = model("seeing", can={"tools", "images"})
    unknown = model("unknown")
    laid = table(blind, unknown, seeing)
    call = run(laid.ask(need=Need(capabilities=frozenset({"images"}))))
    assert call.model == "v/unknown"
    assert "whether it can do images is not known" in call.weighed[0].reason
    assert verdicts(call)["v/blind"] == "left out"
    assert "cannot do images" in call.weighed[-1].reason
    laid = table(blind, model("thinking", can={"reasoning"}))
    call = run(laid.ask(need=Need(capabilities=frozenset({"images", "reasoning"}))))
    assert call.model == "v/thinking"
    assert "whether it can do images is not known" in call.weighed[0].reason


def test_a_request_that_does_not_fit_goes_where_it_does(table):
    small, large = model("small", context=100), model("large", context=1000)
    laid = table(small, large)
    call = run(laid.ask(attrs.evolve(ASK, max_tokens=200)))
    assert call.model == "v/large"
    assert "10 tokens with a reply of 200 do not fit into the 100" in call.weighed[-1].reason
    laid = table(small)
    with pytest.raises(TooLong) as caught:
        run(laid.ask(attrs.evolve(ASK, max_tokens=200)))
    assert (caught.value.tokens, caught.value.limit) == (10, 100)


def test_a_reply_is_no_longer_than_the_model_can(table):
    laid = table(model("a", context=0))
    run(laid.ask(attrs.evolve(ASK, max_tokens=100_000)))
    assert laid.models["a"].requests[0].max_tokens == 4096
    assert laid.purse.held[0].request.max_tokens == 4096


def test_a_model_without_a_price_is_left_out(table):
    laid = table(model("a", price=None), model("b"))
    call = run(laid.ask())
    assert call.model == "v/b"
    assert verdicts(call)["v/a"] == "left out"
    laid = table(model("a", price=None))
    with pytest.raises(Denied, match="unpriced"):
        run(laid.ask())
    assert laid.models["a"].opened == 0


def test_a_budget_that_is_too_small_for_the_first_may_do_for_the_next(table):
    laid = table(model("dear", price=DEAR), model("cheap"), budget=0.001)
    call = run(laid.ask())
    assert call.model == "v/cheap"
    assert "v/cheap answers instead of v/dear" in call.notes[0]
    laid = table(model("dear", price=DEAR), budget=0.001)
    with pytest.raises(BudgetExceeded):
        run(laid.ask())
    assert laid.models["dear"].opened == 0


def test_a_budget_may_ask_for_the_cheapest(table):
    laid = table(
        model("dear", price=DEAR),
        model("free", price=None),
        model("cheap"),
        advice=Stance("degrade", "96 % of the month is spent"),
    )
    call = run(laid.ask())
    assert call.model == "v/cheap"
    assert call.notes == ["96 % of the month is spent; so v/cheap is asked instead of v/dear"]
    call = run(laid.ask(need=Need(model="v/dear")))
    assert call.model == "v/dear"
    assert call.notes == ["96 % of the month is spent"]


def test_a_budget_may_ask_for_slowness(table):
    laid = table(model("a"), advice=Stance("throttle", "a lot was spent"))
    call = run(laid.ask())
    assert laid.slept == [2.0]
    assert call.notes == ["a lot was spent; so this waits 2 s"]


def test_a_warning_is_handed_on(table):
    laid = table(model("a"), advice=Stance("warn", "80 % of the day is spent"))
    assert run(laid.ask()).notes == ["80 % of the day is spent"]
