"""A question answered by a model: streamed, checked, kept whatever becomes of it."""

import asyncio

import pytest

from ttrpg_core.documents import Section
from ttrpg_core.errors import BudgetExceeded, Unreachable
from ttrpg_core.library import Library
from ttrpg_core.llm import Need, Purpose, Usage
from ttrpg_core.quotes import Checker
from ttrpg_core.schema import tables
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.talk.answering import Answer, answer
from ttrpg_core.talk.sources import Passage
from ttrpg_core.testing import FakeModels, Scripted

ROAD = "a" * 64
FALL = "When a wanderer falls, they take 1d6 harm for each height, up to 20d6."
GIVEN = (Passage(1, ROAD, "Road", ("Falls",), "12", 11, FALL),)
GOOD = ['A fall: "they take 1d6 ', "harm for each", ' height" [', "1]. Ouch."]


@pytest.fixture
def checker(tmp_path):
    store = Store(
        tmp_path / "ttrpg.db", [SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: tables)]
    )
    shelf = Library(store)
    shelf.begin(ROAD, "text", 1, "2026-01-01")
    shelf.keep(ROAD, [Section(FALL, "Falls", 1, 11, "12")], 1)
    yield Checker(shelf, [ROAD])
    store.close()


def ask(models, checker, **how):
    told = Answer("How far may I fall?", GIVEN)
    shown = []
    purpose = Purpose("ask", campaign="lamp")
    asyncio.run(answer(models, told, checker, shown.append, purpose=purpose, **how))
    assert "".join(shown) == told.shown
    return told, shown


def test_an_answer_is_shown_while_it_comes_with_its_pages(checker):
    model = Scripted(GOOD)
    models = FakeModels({"fake/scripted": model})
    told, shown = ask(models, checker, need=Need(model="fake/scripted"), max_tokens=99)
    assert told.text == "".join(GOOD)
    assert told.shown == 'A fall: "they take 1d6 harm for each height" [1, p. 12]. Ouch.'
    assert shown[0] == "A fall: "
    assert (told.finish, told.model) == ("stop", "fake/scripted")
    assert told.unsupported == ()
    assert told.cited == GIVEN
    assert told.bill.usage.output > 0
    (request,) = models.requests
    assert (request.max_tokens, models.purposes) == (99, [Purpose("ask", campaign="lamp")])
    assert FALL in request.messages[0].parts[0].text
    assert model.opened == model.closed == 1


def test_what_came_before_a_break_is_kept_and_billed(checker):
    models = FakeModels({"fake/scripted": Scripted([*GOOD[:2], Unreachable("it broke off")])})
    told = Answer("How far?", GIVEN)
    with pytest.raises(Unreachable):
        asyncio.run(answer(models, told, checker, lambda _: None, purpose=Purpose("ask")))
    assert told.text == told.shown == 'A fall: "they take 1d6 harm for each'
    assert (told.finish, told.bill.finish) == ("cancelled", "cancelled")


class Slow(Scripted):
    """Waits before each piece, as a network does: that is when a reply can be cancelled."""

    async def _play(self, request):
        async for piece in super()._play(request):
            await asyncio.sleep(0)
            yield piece


def test_what_came_before_ctrl_c_is_kept_and_billed(checker):
    model = Slow(GOOD)
    told = Answer("How far?", GIVEN)

    async def go():
        task = asyncio.current_task()
        await answer(
            FakeModels({"fake/scripted": model}),
            told,
            checker,
            lambda text: task.cancel() if "A fall" in text else None,
            purpose=Purpose("ask"),
        )

    async def stopped():
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(go())

    asyncio.run(stopped())
    assert told.shown == told.text == GOOD[0]  # the half of a quote that was held back as well
    assert told.bill.finish == told.finish == "cancelled"
    assert model.opened == model.closed == 1


def test_a_refusal_leaves_nothing(checker):
    models = FakeModels({"fake/scripted": Scripted(GOOD)}, refusal=BudgetExceeded("spent", 1, 2))
    told = Answer("How far?", GIVEN)
    with pytest.raises(BudgetExceeded):
        asyncio.run(answer(models, told, checker, lambda _: None, purpose=Purpose("ask")))
    assert (told.text, told.bill, told.model) == ("", None, "")


def test_what_is_wrong_is_told(checker):
    model = Scripted(['"Wizards may fly as they please" [7], "they take 1d6 harm" [1]'])
    told, _ = ask(FakeModels({"fake/scripted": model}), checker)
    assert [each.text for each in told.unsupported] == ["Wizards may fly as they please"]
    assert told.unknown == [7]
    assert told.bill.usage != Usage()
