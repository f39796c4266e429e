"""Language models and vendors as rows, fields and plain data, for the command ``models``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from ttrpg_core.errors import NotFound, TtrpgError
from ttrpg_core.llm import ModelInfo, Price
from ttrpg_core.llm.routing import Health, Router
from ttrpg_core.llm.routing.candidates import spoken
from ttrpg_core.llm.routing.records import Record
from ttrpg_core.views import Block, Table, Text

THOUSAND, MILLION = 1_000, 1_000_000


@attrs.frozen
class Known:
    """A model and what is known of it; ``error`` says why it cannot be asked."""

    name: str
    info: ModelInfo
    place: int = 0
    error: TtrpgError | None = None

    @classmethod
    def of(cls, router: Router, name: str) -> "Known":
        """What is known of a model here, without asking its vendor."""
        used = list(router.names())
        place = used.index(name) + 1 if name in used else 0
        error = router.vendors.obstacle(name.partition("/")[0])
        try:
            info = router.vendors.model(name).info
        except TtrpgError as missing:
            return cls(name, ModelInfo(name), place, missing)
        return cls(name, router.records.filled(name, info), place, error)

    @property
    def unknown(self) -> bool:
        """Whether there is surely no such model."""
        return isinstance(self.error, NotFound)

    def row(self) -> tuple[str, ...]:
        """As a row of the list."""
        return (
            self.name,
            str(self.place or ""),
            size(self.info.context),
            ("from " if self.info.price and self.info.price.beyond else "") + cost(self.info.price),
            ", ".join(sorted(self.info.capabilities)),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """As fields."""
        info, price = self.info, self.info.price
        found = [
            ("model", self.name),
            ("asked", f"number {self.place}" if self.place else "no; see: ttrpg models use"),
            ("context", f"{info.context:,} tokens" if info.context else "not known"),
            ("longest reply", f"{info.max_output:,} tokens" if info.max_output else "not known"),
            ("can do", ", ".join(sorted(info.capabilities)) or "not known"),
            ("price", cost(price) + (" for a million tokens, in and out" if price else "")),
        ]
        if price is None:
            return found
        if price.cached is not None:
            found.append(("from the cache", f"${price.cached:g}"))
        if price.written is not None:
            found.append(("into the cache", f"${price.written:g}"))
        beyond = price.beyond
        while beyond is not None:
            found.append((f"over {beyond.tokens:,} in", longer(beyond.price)))
            beyond = beyond.price.beyond
        return [*found, ("price from", " ".join(filter(None, [price.date, price.source])))]

    def data(self) -> dict[str, Any]:
        """As plain data."""
        info = self.info
        return {
            "model": self.name,
            "place": self.place or None,
            "context": info.context or None,
            "max_output": info.max_output or None,
            "capabilities": sorted(info.capabilities),
            "price": None if info.price is None else attrs.asdict(info.price),
            "error": None if self.error is None else self.error.message,
        }


def names(router: Router, answer: Health) -> list[str]:
    """The models of a vendor: those that it named, now or before, and those that are used."""
    vendor = answer.vendor
    named = (
        [f"{vendor}/{info.id}" for info in answer.models]
        if answer.error is None
        else router.records.named(vendor)
    )
    used = [name for name in router.names() if name.partition("/")[0] == vendor]
    return sorted({*named, *used})


def listing(found: Sequence[Known]) -> list[Block]:
    """The list, with where its prices are from."""
    headings = ("Model", "Asked", "Context", "Price", "Can do")
    blocks: list[Block] = [
        Table(headings, [each.row() for each in found], empty="No models are known here.")
    ]
    sources: dict[str, None] = {}
    for each in found:
        if (price := each.info.price) is not None and price.date:
            vendor = each.name.partition("/")[0]
            sources[f"Prices of {vendor}: {price.date}, {price.source}"] = None
    unpriced = sum(each.info.price is None for each in found)
    if unpriced:
        sources[
            f"{unpriced} unpriced: such a model is not asked; the setting prices of its vendor"
            " says what it costs"
        ] = None
    return [*blocks, *(Text(source, "dim") for source in sources)]


def cost(price: Price | None) -> str:
    """A price in a row."""
    if price is None:
        return "unpriced"
    return f"${price.input:g} / ${price.output:g}" if price.input or price.output else "free"


def longer(price: Price) -> str:
    """The price of longer prompts as a field."""
    cache = ((price.cached, "from the cache"), (price.written, "into the cache"))
    said = [f"${each:g} {where}" for each, where in cache if each is not None]
    return "; ".join([f"{cost(price)} for the whole request", *said])


def size(context: int) -> str:
    """A number of tokens in a row; empty when unknown."""
    if context >= MILLION:
        return f"{context / MILLION:.3g}M"
    return f"{context / THOUSAND:.3g}k" if context >= THOUSAND else str(context or "")


def health_row(health: Health) -> tuple[str, ...]:
    """A vendor as a row."""
    if health.error is None:
        return (health.vendor, "well", str(len(health.models)), f"{health.seconds:.2f} s")
    state = "down" if health.seconds else "not asked"
    return (health.vendor, state, "", f"{health.seconds:.2f} s" if health.seconds else "")


def health_data(health: Health) -> dict[str, Any]:
    """A vendor as plain data."""
    return {
        "vendor": health.vendor,
        "well": health.error is None,
        "models": len(health.models),
        "seconds": round(health.seconds, 3),
        "error": None if health.error is None else health.error.message,
    }


def fared_row(router: Router, name: str) -> tuple[str, ...]:
    """A model and how it has fared as a row."""
    record = router.records.record(name)
    first = "" if record.first_seconds is None else f"{record.first_seconds:.2f} s"
    return (name, standing(router, name), first, str(record.answered), str(record.failed))


def fared(router: Router, name: str, record: Record) -> list[tuple[str, str]]:
    """How a model has fared, as fields."""
    found = [("state", standing(router, name))]
    if record.answered or record.failed:
        found += [("answered", str(record.answered)), ("failed", str(record.failed))]
    if record.first_seconds is not None:
        found.append(("begins in", f"{record.first_seconds:.2f} s, as a rule"))
    if error := last_error(router, record):
        found.append(("last error", error))
    for limit in router.records.limits(name):
        left = f"{limit.remaining:,.0f}"
        of = f" of {limit.most:,.0f}" if limit.most is not None else ""
        if (rest := limit.resets_at - router.records.now) > 0:
            found.append((f"limit of {limit.kind}", f"{left}{of} left for {spoken(rest)}"))
    return found


def last_error(router: Router, record: Record) -> str:
    """The last error of a model and how long ago it was; empty when it never failed."""
    if not record.error or record.error_at is None:
        return ""
    return f"{record.error} ({spoken(max(0.0, router.records.now - record.error_at))} ago)"


def standing(router: Router, name: str) -> str:
    """Whether a model is asked, in words."""
    breaker = router.records.breaker(name)
    wait = breaker.wait(router.records.now, router.records.rules)
    if breaker.state == "closed":
        record = router.records.record(name)
        if not record.answered and not record.failed:
            return "not asked yet"
        return f"failed, {breaker.failures} in a row" if breaker.failures else "trusted"
    if wait > 0:
        return f"left alone for {spoken(wait)}"
    return "to be tried"


def record_data(router: Router, name: str) -> dict[str, Any]:
    """How a model has fared, as plain data."""
    record, breaker = router.records.record(name), router.records.breaker(name)
    return {
        "breaker": breaker.state,
        "first_seconds": record.first_seconds,
        "answered": record.answered,
        "failed": record.failed,
        "last_error": record.error or None,
        "last_error_at": None if record.error_at is None else moment(record.error_at),
        "limits": [
            {
                "kind": each.kind,
                "remaining": each.remaining,
                "of": each.most,
                "resets_at": moment(each.resets_at),
            }
            for each in router.records.limits(name)
        ],
    }


def moment(seconds: float) -> str:
    """A moment in Unix time, as the others are written."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
