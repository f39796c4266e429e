"""Money in whole nano-dollars, prices for a token, and how both are written.

A token costs down to 25 nano-dollars, so a billionth of a dollar is fine enough to add without a
fraction, and whole numbers never drift. What is charged is rounded up: a limit is kept to the last
of them.
"""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.llm.calls import Bill
from ttrpg_core.llm.messages import Usage
from ttrpg_core.llm.model import Price
from ttrpg_core.values import frozen

NANO = 1_000_000_000
"""Nano-dollars in a dollar."""
MOST = 1_000_000 * NANO
"""The largest budget: sums of many such still fit the 64 bits of a database's number."""
MOST_TOKENS = 1_000_000_000
"""More than any call has; what a server counts beyond it is no count."""
_MILLION = 1_000_000
_AMOUNT = re.compile(r"(?:\$|USD)?\s*(\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})\s*(?:\$|USD)?", re.ASCII)


@frozen
class Rates:
    """Whole nano-dollars for a million tokens of each class.

    ``beyond`` are the rates of a call with more than so many input tokens, where they differ.
    """

    input: int
    cached: int
    written: int
    output: int
    beyond: "tuple[int, Rates] | None" = None

    @classmethod
    def of(cls, price: Price) -> "Rates":
        """The rates of a price, rounded up. ValueError for one that is no amount of money."""
        cached = price.input if price.cached is None else price.cached
        written = price.input if price.written is None else price.written
        more = price.beyond
        beyond = None if more is None else (more.tokens, cls.of(more.price))
        return cls(
            _whole(price.input), _whole(cached), _whole(written), _whole(price.output), beyond
        )

    @classmethod
    def read(cls, numbers: Sequence[int]) -> "Rates":
        """The rates that ``numbers`` answered."""
        given, cached, written, output, *more = numbers
        return cls(given, cached, written, output, (more[0], cls.read(more[1:])) if more else None)

    def numbers(self) -> list[int]:
        """The rates as numbers in a row: four, then a limit and the four beyond it."""
        own = [self.input, self.cached, self.written, self.output]
        return own if self.beyond is None else [*own, self.beyond[0], *self.beyond[1].numbers()]

    def cost(self, usage: Usage) -> int:
        """What tokens cost, in nano-dollars, rounded up."""
        if self.beyond is not None and usage.input > self.beyond[0]:
            return self.beyond[1].cost(usage)
        plain = usage.input - usage.cached - usage.written
        parts = (
            plain * self.input
            + usage.cached * self.cached
            + usage.written * self.written
            + usage.output * self.output
        )
        return -(-parts // _MILLION)

    def worst(self, most_input: int, most_output: int) -> int:
        """What so many tokens can cost at the most: all input at the dearest of its rates."""
        if self.beyond is not None and most_input > (limit := self.beyond[0]):
            longer = self.beyond[1].worst(most_input, most_output)
            return max(longer, attrs.evolve(self, beyond=None).worst(limit, most_output))
        dearest = max(self.input, self.cached, self.written)
        return -(-(most_input * dearest + most_output * self.output) // _MILLION)


def _whole(dollars: float) -> int:
    if not math.isfinite(dollars) or not 0 <= dollars <= _MILLION:
        msg = f"{dollars} is no price"
        raise ValueError(msg)
    return int((Decimal(repr(dollars)) * NANO).to_integral_value(ROUND_CEILING))


def sound(usage: Usage) -> Usage:
    """A count that can be reckoned with: nothing below 0 or beyond reason, no part over its whole.

    What a server says is not to be trusted with the sums of a budget.
    """
    given = min(max(usage.input, 0), MOST_TOKENS)
    cached = min(max(usage.cached, 0), given)
    output = min(max(usage.output, 0), MOST_TOKENS)
    return Usage(
        input=given,
        output=output,
        cached=cached,
        reasoning=min(max(usage.reasoning, 0), output),
        written=min(max(usage.written, 0), given - cached),
    )


def amount(text: str) -> int:
    """Nano-dollars that a user wrote: ``20``, ``$20``, ``0.50``. InputError for anything else."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise InputError(
            f"{text[:40]!r} is no amount of money", "In US dollars, such as: 20, $20 or 0.50"
        )
    nano = int(Decimal(found[1]) * NANO)
    if not 0 < nano <= MOST:
        raise InputError(
            f"{text[:40]} is no amount for a budget",
            f"More than nothing, and at most {dollars(MOST)}; to spend nothing, use no model",
        )
    return nano


def dollars(nano: int, *, down: bool = False) -> str:
    """An amount to read: ``$19.63``, ``$0.0021``, ``$0``. ``down`` never says more than there is.

    From a dollar on there are cents; below, two digits that count.
    """
    value = Decimal(abs(nano)) / NANO
    if value == 0:
        return "$0"
    places = 2 if value >= 1 else min(9, max(2, 1 - value.adjusted()))
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR if down else ROUND_HALF_EVEN)
    return f"{'-' if nano < 0 else ''}${rounded:,f}"


def nano_of(value: float) -> int:
    """Nano-dollars of a plain number of dollars."""
    return round(value * NANO)


def summary(bill: Bill) -> str:
    """One line for the end of an answer: ``412 in, 96 out · $0.0021 · $19.63 left of month``."""
    parts = [f"{bill.usage.input:,} in, {bill.usage.output:,} out"]
    if bill.cost is None:
        parts.append("no price known")
    else:
        about = "about " if bill.certainty == "estimated" else ""
        parts.append(about + dollars(nano_of(bill.cost)))
    if bill.left is not None:
        left = dollars(nano_of(bill.left), down=True)
        parts.append(
            f"{left} left of {bill.budget}"
            if bill.left >= 0
            else f"{bill.budget} is over by {dollars(-nano_of(bill.left))}"
        )
    return " · ".join(parts)
