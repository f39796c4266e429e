"""What the operators between terms do; the roller and the odds must agree on it to the last bit.

Python's own arithmetic, as in d20: ``/`` makes a float, ``//`` rounds down (also below zero) and
``%`` has the sign of the divisor.
"""

import operator
from collections.abc import Callable, Mapping

import attrs

from ttrpg_core.dice.limits import Limits
from ttrpg_core.dice.tree import COMPARISONS, Value
from ttrpg_core.errors import DiceError

_OPERATORS: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


@attrs.frozen
class Arithmetic:
    """The operators, bounded; ``text`` is the whole expression, for errors."""

    text: str
    limits: Limits

    def apply(self, symbol: str, left: Value, right: Value, position: int) -> Value:
        """One operator on two numbers; ``position`` is the operator's.

        Raises:
            DiceError: a division by zero, or a result beyond ``limits.magnitude``.
        """
        if symbol in COMPARISONS:
            return int(COMPARISONS[symbol](left, right))
        try:
            result = _OPERATORS[symbol](left, right)
        except ZeroDivisionError:
            raise DiceError(
                "Division by zero",
                self.text,
                position,
                "The term at the right of this operator must never be 0.",
            ) from None
        if abs(result) > self.limits.magnitude:
            raise DiceError(f"The result is beyond {self.limits.magnitude:,}", self.text, position)
        return result
