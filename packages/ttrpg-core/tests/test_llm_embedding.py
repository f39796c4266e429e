"""An embedder that costs money stands behind the purse; one that does not is left as it is."""

from datetime import UTC
from types import ModuleType

import pytest

from ttrpg_core import Embedder, hookimpl
from ttrpg_core.errors import BudgetExceeded, Denied, RateLimited, TimedOut
from ttrpg_core.llm import Price
from ttrpg_core.llm.embedding import PaidEmbedder, PricedEmbedder, paid
from ttrpg_core.llm.money import Budget, LedgerPurse
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.testing import EmbedderTests, HashEmbedder

SOURCE = """
from ttrpg_core.llm import Price
from ttrpg_core.testing import HashEmbedder

class Cloud(HashEmbedder):
    model = "far"
    price = Price(1, 0)
    def counted(self, texts, count):
        vectors = self.embed(texts)
        count(7)
        return vectors
"""


DOLLAR = Price(1, 0)


class Cloud(HashEmbedder):
    """Counts ``tokens`` in requests of one text each; the error stands after so many requests."""

    model = "far"

    def __init__(self, price=DOLLAR, tokens=5, error=None, after=0):
        super().__init__()
        self.price, self.tokens, self.error, self.after = price, tokens, error, after
        self.asked = []

    def counted(self, texts, count):
        for number, text in enumerate(texts):
            if self.error is not None and number == self.after:
                raise self.error
            self.asked.append(text)
            count(self.tokens)
        return self.embed(texts)


@pytest.fixture
def purse(store, stopped):
    return LedgerPurse(store, stopped, MoneySettings(), lambda *_: None, zone=UTC)


def behind(purse, **more):
    cloud = Cloud(**more)
    return cloud, paid("acme", cloud, purse.apart)


def rows(purse):
    found = purse.store.connection.execute(
        "SELECT state, model, why, input, cost, reserved, certainty FROM calls ORDER BY id"
    )
    return [tuple(row) for row in found]


class TestPaid(EmbedderTests):
    @pytest.fixture
    def embedder(self, purse):
        return behind(purse)[1]


def test_what_the_vendor_counted_is_charged_and_the_most_was_set_aside(purse):
    cloud, made = behind(purse)
    assert isinstance(cloud, PricedEmbedder)
    assert (made.id, made.dimension) == (cloud.id, cloud.dimension)
    texts = ["a dragon", "höhle"]
    assert made.embed(texts) == cloud.embed(texts)
    ((state, model, why, tokens, cost, reserved, certainty),) = rows(purse)
    assert (state, model, why, certainty) == ("settled", "acme/far", "embed", "priced")
    assert (tokens, cost) == (10, 10_000)
    assert reserved >= sum(len(text.encode()) for text in texts) * 1000
    assert made.embed([]) == []
    assert len(rows(purse)) == 1


def test_what_is_paid_in_a_transaction_stays_paid_when_that_is_undone(purse):
    _, made = behind(purse)
    connection = purse.store.connection
    connection.execute("BEGIN")
    assert rows(purse) == []
    made.embed(["a"])
    connection.execute("ROLLBACK")
    assert [row[0] for row in rows(purse)] == ["settled"]


def test_what_is_not_counted_is_estimated(purse):
    _, made = behind(purse, tokens=0)
    made.embed(["The silver dragon guards its hoard."])
    ((state, _, _, tokens, cost, reserved, certainty),) = rows(purse)
    assert (state, certainty) == ("settled", "estimated")
    assert 8 <= tokens <= 40
    assert 0 < cost <= reserved


def test_over_budget_or_without_a_price_nothing_is_sent(purse):
    purse.budgets.set(Budget("day", 1000))
    cloud, made = behind(purse)
    with pytest.raises(BudgetExceeded, match="acme/far"):
        made.embed(["a"])
    unpriced, bare = behind(purse, price=None)
    with pytest.raises(Denied, match="acme/far is unpriced") as caught:
        bare.embed(["a"])
    assert 'prices = ["far IN OUT"]' in caught.value.hint
    assert cloud.asked == unpriced.asked == rows(purse) == []


def test_what_is_free_meets_no_purse_and_what_says_no_price_is_refused():
    free = Cloud(price=Price(0, 0))
    assert paid("near", free, lambda: pytest.fail("a purse was made")) is free
    with pytest.raises(Denied, match="acme opens a socket and does not say what it costs"):
        paid("acme", HashEmbedder(), lambda: pytest.fail("a purse was made"))


LIMITED, SLOW = RateLimited("too fast"), TimedOut("too slow")


@pytest.mark.parametrize(
    ("error", "after", "state", "tokens"),
    [
        (LIMITED, 0, "released", 0),
        (LIMITED, 1, "settled", 5),
        (SLOW, 0, "settled", None),
        (SLOW, 1, "settled", None),
        (KeyboardInterrupt(), 0, "settled", None),
        (ValueError("odd"), 0, "settled", None),
    ],
)
def test_a_failure_is_given_back_or_charged(purse, error, after, state, tokens):
    _, made = behind(purse, error=error, after=after)
    with pytest.raises(type(error)):
        made.embed(["one text", "another text"])
    ((was, _, _, counted, cost, reserved, _),) = rows(purse)
    assert was == state
    if tokens is None:
        assert counted > 5
        assert 0 < cost <= reserved
    else:
        assert (counted, cost) == (tokens, tokens * 1000)


def test_the_app_puts_its_purse_before_what_opens_a_socket_only(
    app, plugins, tmp_path, monkeypatch
):
    (tmp_path / "a_cloud.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    plugin = ModuleType("clouds")

    @hookimpl
    def ttrpg_embedders():
        for name, offline in (("here", True), ("there", False)):
            yield Embedder(name, "x", "a_cloud:Cloud", dimension=64, offline=offline)

    plugin.ttrpg_embedders = ttrpg_embedders
    plugins.register(plugin, "clouds")
    app.backend("embedder").embed(["a"])
    assert "purse" not in app.__dict__
    there = app.backend("embedder", "there")
    assert isinstance(there, PaidEmbedder)
    there.embed(["a"])
    assert [row[:4] for row in rows(app.purse)] == [("settled", "there/far", "embed", 7)]
