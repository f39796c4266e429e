"""Vectors that cost money: set aside, made, and settled, as a call of a chat model is.

An embedder that opens a socket may be a vendor's, which charges for each token. It says its price
and what was counted, and ``App.backend`` puts the purse before it; without a price it is not asked.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import attrs

from ttrpg_core.errors import Denied, StoreError, TtrpgError
from ttrpg_core.llm.calls import Purpose, Purse
from ttrpg_core.llm.messages import Message, Request, Usage
from ttrpg_core.llm.model import Price
from ttrpg_core.llm.routing.attempts import unbilled
from ttrpg_core.search import Embedder, Vectors

PURPOSE = Purpose("embed")
"""What the ledger says of every such call."""


@runtime_checkable
class PricedEmbedder(Embedder, Protocol):
    """An :class:`.Embedder` that says what it costs: ``price`` for the tokens of ``model``.

    ``model`` is the vendor's name of it, ``price`` None where nobody knows; 0 is free.
    """

    model: str
    price: Price | None

    def counted(self, texts: Sequence[str], count: Callable[[int], object]) -> Vectors:
        """As ``embed``; ``count`` is told the tokens of each request when it was answered.

        0 where the vendor does not say them. It may be called from another thread.
        """
        ...


@attrs.define
class PaidEmbedder:
    """An embedder behind the purse; ``name`` is its model in the ledger, ``vendor/model``."""

    name: str
    inner: PricedEmbedder
    purse: Callable[[], AbstractContextManager[Purse]]
    timer: Callable[[], float] = time.monotonic
    id: str = attrs.field(init=False)
    dimension: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.id = self.inner.id
        self.dimension = self.inner.dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector a text. Raises BudgetExceeded or Denied before anything is sent.

        One that failed half way is charged with what its answered requests had where the vendor
        counted those and refused the next, else with what all of it is likely to cost.
        """
        if not texts:
            return self.inner.embed(texts)
        with self.purse() as purse:
            return self._paid(texts, purse)

    def _paid(self, texts: Sequence[str], purse: Purse) -> Vectors:
        # each text as a message: what is added for those is little, and no vendor adds more
        asked = Request([Message("user", text) for text in texts], max_tokens=0)
        reservation = purse.reserve(self.name, self.inner.price, asked, PURPOSE)
        counts: list[int] = []
        began = self.timer()
        try:
            vectors = self.inner.counted(texts, counts.append)
        except BaseException as error:
            refused = isinstance(error, TtrpgError) and unbilled(error)
            with contextlib.suppress(StoreError):  # the most goes on counting
                if refused and not counts:
                    purse.release(reservation, str(error))
                else:
                    used = _usage(counts) if refused else None
                    purse.settle(reservation, used, "cancelled", seconds=self.timer() - began)
            raise
        with contextlib.suppress(StoreError):  # a full disk takes no vectors away
            purse.settle(reservation, _usage(counts), "stop", seconds=self.timer() - began)
        return vectors


def _usage(counts: Sequence[int]) -> Usage | None:
    """The tokens of all requests; None where the vendor did not count each."""
    return Usage(input=sum(counts)) if counts and all(counts) else None


def paid(vendor: str, made: object, purse: Callable[[], AbstractContextManager[Purse]]) -> object:
    """An embedder that may cost money, behind the purse; one that is free as it is.

    Raises Denied for one that cannot say what it costs.
    """
    if not isinstance(made, PricedEmbedder):
        raise Denied(
            f"the embedder {vendor} opens a socket and does not say what it costs",
            "Tell its author that ttrpg_core.llm.embedding.PricedEmbedder is what is wanted;"
            " others: ttrpg config set search.embedder ''",
        )
    if made.price is not None and made.price.input == 0 and made.price.beyond is None:
        return made
    return PaidEmbedder(f"{vendor}/{made.model}", made, purse)
