"""Exact distributions, as whole-number weights over a common scale, and the work they may cost.

Whole numbers and not :class:`fractions.Fraction`: adding dice is polynomial multiplication (the
generating function of a die is the sum of ``x**face``; that of a pool is their product), and a
common denominator spares a greatest common divisor at every step.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

import attrs

from ttrpg_core.dice.limits import Limits
from ttrpg_core.dice.tree import Value
from ttrpg_core.errors import DiceError

Score: TypeAlias = Callable[[Value], Value]
"""What a kept die counts for: its value, or 1 for a success."""

NEGLIGIBLE = Fraction(1, 10**12)
"""A chance below this of exploding once more is not followed, but reported as left over."""


@attrs.frozen
class Distribution:
    """``weights[total] / scale`` is the probability of a total.

    The weights add up to ``scale``, or to less where explosions were cut off.
    """

    weights: Mapping[Value, int]
    scale: int = 1

    def mapped(self, function: Callable[[Value], Value]) -> "Distribution":
        """The distribution of a function of the total."""
        weights: dict[Value, int] = {}
        for value, weight in self.weights.items():
            result = function(value)
            weights[result] = weights.get(result, 0) + weight
        return Distribution(weights, self.scale)


@attrs.define
class Work:
    """What the odds of one expression have cost so far."""

    text: str
    limits: Limits
    done: int = 0

    def spend(self, steps: int, position: int) -> None:
        """Count steps before they are taken.

        Raises:
            DiceError: the limit is passed.
        """
        self.done += steps
        if self.done > self.limits.work:
            raise DiceError(
                "The exact odds of this would take too long",
                self.text,
                position,
                "Ask for the odds of fewer or smaller dice; rolling it works.",
            )

    def combine(
        self,
        function: Callable[[Value, Value], Value],
        left: Distribution,
        right: Distribution,
        position: int,
    ) -> Distribution:
        """The distribution of a function of two independent totals."""
        size = max(cost(left.scale), cost(right.scale))
        self.spend(len(left.weights) * len(right.weights) * size, position)
        weights: dict[Value, int] = {}
        for a, weight_a in left.weights.items():
            for b, weight_b in right.weights.items():
                result = function(a, b)
                weights[result] = weights.get(result, 0) + weight_a * weight_b
        return Distribution(weights, left.scale * right.scale)

    def add(self, left: Distribution, right: Distribution, position: int) -> Distribution:
        """The distribution of a sum of two independent totals."""
        return self.combine(lambda a, b: a + b, left, right, position)

    def times(self, one: Distribution, count: int, position: int) -> Distribution:
        """The distribution of the sum of several independent draws, by repeated squaring."""
        result = certain(0)
        square = one
        while count:
            if count & 1:
                result = self.add(result, square, position)
            count >>= 1
            if count:
                square = self.add(square, square, position)
        return result

    def mix(
        self, branches: Iterable[tuple[int, Distribution]], scale: int, position: int
    ) -> Distribution:
        """One of several distributions, each with probability ``weight / scale``."""
        parts = list(branches)
        common = math.lcm(*(part.scale for _, part in parts))
        weights: dict[Value, int] = {}
        for weight, part in parts:
            self.spend(len(part.weights), position)
            factor = weight * (common // part.scale)
            for value, inner in part.weights.items():
                weights[value] = weights.get(value, 0) + factor * inner
        return Distribution(weights, common * scale)


def cost(number: int) -> int:
    """How much dearer this weight is to multiply than a short one."""
    return 1 + number.bit_length() // 1024


def certain(value: Value) -> Distribution:
    """The distribution of what is known."""
    return Distribution({value: 1})


def from_fractions(chances: Mapping[Value, Fraction]) -> Distribution:
    """A distribution from probabilities."""
    scale = math.lcm(*(chance.denominator for chance in chances.values()))
    weights = {v: c.numerator * (scale // c.denominator) for v, c in chances.items()}
    return Distribution(weights, scale)
