"""The models that come into question, each as it stands before a call.

A candidate is a value: what is known of a model, how it has fared, and why it may not be asked, in
words. Choosing among them is done in ``strategies`` and needs nothing else.
"""

from collections.abc import Callable

import attrs

from ttrpg_core.errors import (
    NotFound,
    Overloaded,
    RateLimited,
    TooLong,
    TtrpgError,
)
from ttrpg_core.llm.calls import Need
from ttrpg_core.llm.messages import Request
from ttrpg_core.llm.model import Model, ModelInfo, Price
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.llm.routing.vendors import Vendors, split

MILLION = 1_000_000
WITHOUT_TOOLS = "it cannot use tools, and is asked without"


@attrs.frozen
class Candidate:
    """One model before a call.

    ``refusal`` says why it is left out, None when it may be asked; ``remarks`` are worth saying.
    ``tokens`` is what the request is likely to have, ``worst`` its cost in US dollars with the
    longest reply that is allowed, None when unpriced; ``first_seconds`` is how long it takes to
    begin, None when that was not measured of late; ``wait`` is for a rate limit, in seconds.
    ``bare`` says that it is asked without tools, see :class:`.Need`.
    """

    name: str
    info: ModelInfo
    model: Model | None = attrs.field(default=None, repr=False)
    refusal: TtrpgError | None = None
    remarks: tuple[str, ...] = ()
    tokens: int = 0
    worst: float | None = None
    first_seconds: float | None = None
    wait: float = 0.0
    bare: bool = False

    @property
    def able(self) -> bool:
        """Whether it may be asked."""
        return self.refusal is None


class Weigher:
    """Looks at each model: whether it may be asked, and what there is to know of it."""

    def __init__(
        self, vendors: Vendors, records: Records, count: Callable[[Request, str], int]
    ) -> None:
        self._vendors = vendors
        self._records = records
        self._count = count

    def weigh(self, name: str, request: Request, need: Need, patience: float) -> Candidate:
        """A model as it stands; ``patience`` is how long a rate limit may be waited for.

        One that is asked for by name and without fallback is asked though its breaker is open: that
        is how a user sees whether it is well again.
        """
        try:
            vendor, _ = split(name)
            if (obstacle := self._vendors.obstacle(vendor)) is not None:
                return Candidate(name, ModelInfo(name), refusal=obstacle)
            model = self._vendors.model(name)
        except TtrpgError as error:
            return Candidate(name, ModelInfo(name), refusal=error)
        info = self._records.filled(name, model.info)
        bare = need.bare if lacks(info, need) == {"tools"} else None
        if bare is not None:
            request, need = bare, attrs.evolve(need, capabilities=need.capabilities - {"tools"})
        tokens = self._count(request, name)
        record = self._records.record(name)
        wait = self._records.wait(name, tokens)
        candidate = Candidate(
            name,
            info,
            model,
            remarks=(*([WITHOUT_TOOLS] if bare is not None else []), *remarks(info, need)),
            tokens=tokens,
            worst=worst(info.price, tokens, longest(request, info)),
            first_seconds=record.begins_in(self._records.now),
            wait=wait,
            bare=bare is not None,
        )
        refusal = unable(info, need) or too_long(name, info, tokens, longest(request, info))
        if refusal is None and need.fallback and wait > patience:
            refusal = RateLimited(
                f"{name} is at its rate limit for {spoken(wait)}",
                f"Wait {spoken(wait)}, or ask another model",
                status=None,
                retry_after=wait,
            )
        if refusal is None and need.fallback:
            refusal = self.left_alone(name)
        return attrs.evolve(candidate, refusal=refusal)

    def left_alone(self, name: str) -> TtrpgError | None:
        """Why its breaker lets no call through, None when it does."""
        breaker = self._records.breaker(name)
        wait = breaker.wait(self._records.now, self._records.rules)
        if wait <= 0:
            return None
        error = self._records.record(name).error
        if breaker.state == "half-open":
            return Overloaded(
                f"{name} failed before, and another call is trying it now: {error}",
                "Try again in a moment, or ask another model",
                retryable=True,
                retry_after=wait,
            )
        return Overloaded(
            f"{name} is left alone for {spoken(wait)} after failures in a row, the last: {error}",
            f"Ask another model, or see whether it is well again: ttrpg models test {name}",
            retryable=True,
            retry_after=wait,
        )


def unable(info: ModelInfo, need: Need) -> TtrpgError | None:
    """What a model is known not to do; one of which nothing is known may be asked."""
    if not (lacking := lacks(info, need)):
        return None
    return NotFound(f"it cannot do {', '.join(sorted(lacking))}", "Others can: ttrpg models list")


def lacks(info: ModelInfo, need: Need) -> frozenset[str]:
    """What of a need a model is known to lack; nothing where nothing is known."""
    return frozenset() if untold(info) else need.capabilities - info.capabilities


def untold(info: ModelInfo) -> bool:
    """Whether nobody said what a model can do. That it reasons is not enough.

    Gemini's list says that a model thinks, and says nothing of tools or images.
    """
    return not info.capabilities - {"reasoning"}


def too_long(name: str, info: ModelInfo, tokens: int, reply: int) -> TtrpgError | None:
    """Whether a request with its reply is larger than the model's window."""
    if not info.context or tokens + reply <= info.context:
        return None
    return TooLong(
        f"about {tokens:,} tokens with a reply of {reply:,} do not fit into the {info.context:,}"
        f" of {name}",
        "Ask with fewer passages or a shorter history, or use a model with a larger context",
        tokens=tokens,
        limit=info.context,
    )


def remarks(info: ModelInfo, need: Need) -> list[str]:
    """What is not known of a model, and is worth knowing when it is chosen."""
    found = []
    if (unsure := need.capabilities - info.capabilities) and untold(info):
        wanted = ", ".join(sorted(unsure))
        found.append(f"whether it can do {wanted} is not known")
    if info.price is None:
        found.append("it has no price")
    return found


def longest(request: Request, info: ModelInfo) -> int:
    """The most tokens of a reply: those that are asked for, as far as the model has them."""
    return min(request.max_tokens, info.max_output or request.max_tokens)


def worst(price: Price | None, tokens: int, reply: int) -> float | None:
    """What a request costs with the longest reply, in US dollars; None when unpriced."""
    if price is None:
        return None
    price = price.at(tokens)
    return (tokens * price.input + reply * price.output) / MILLION


def spoken(seconds: float) -> str:
    """A span of time in words, in its two largest units."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    parts = []
    rest = round(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        many, rest = divmod(rest, size)
        if many:
            parts.append(f"{many} {unit}")
    return " ".join(parts[:2])
