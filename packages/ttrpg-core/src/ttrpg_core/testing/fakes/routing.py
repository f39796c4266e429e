"""Models to ask, without a router: what needs a model takes this where App.models would be."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import attrs

from ttrpg_core.errors import NotFound
from ttrpg_core.llm.calls import Bill, Call, Certainty, Need, Purpose, Weighed
from ttrpg_core.llm.messages import Request
from ttrpg_core.llm.model import Model


@attrs.define
class FakeModels:
    """The models of a mapping by name, the first asked unless another is named.

    ``refusal`` is raised instead of a call, as when a budget is spent. What came is kept in
    ``requests``, ``purposes`` and ``needs``, and each call's bill in ``bills``: what the model
    said it used, at the price of its info.
    """

    models: Mapping[str, Model]
    refusal: Exception | None = None
    requests: list[Request] = attrs.field(factory=list)
    purposes: list[Purpose] = attrs.field(factory=list)
    needs: list[Need] = attrs.field(factory=list)
    bills: list[Bill] = attrs.field(factory=list)

    def names(self) -> tuple[str, ...]:
        """The models that may be asked."""
        return tuple(self.models)

    @asynccontextmanager
    async def call(
        self, request: Request, purpose: Purpose, need: Need | None = None
    ) -> AsyncIterator[Call]:
        """Ask the model that is named, else the first."""
        need = need or Need()
        self.requests.append(request)
        self.purposes.append(purpose)
        self.needs.append(need)
        if self.refusal is not None:
            raise self.refusal
        name = need.model or next(iter(self.models), "")
        if name not in self.models:
            raise NotFound(f"there is no model {name!r} to ask")
        model = self.models[name]
        async with model.stream(request) as reply:
            call = Call(reply, name, model.info, [Weighed(name, "asked", "the first")])
            try:
                yield call
            finally:
                used, price = reply.usage, model.info.price
                cost = None
                if price is not None:
                    price = price.at(used.input)
                    cost = (used.input * price.input + used.output * price.output) / 1e6
                certainty: Certainty = "unpriced" if cost is None else "priced"
                call.bill = Bill(name, used, cost, certainty, reply.finish)
                self.bills.append(call.bill)
