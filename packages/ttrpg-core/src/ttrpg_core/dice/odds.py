"""Odds: the exact distribution of an expression's total, without rolling it.

Terms of an expression are independent, so a chain is worked out term by term; pools are in
:mod:`ttrpg_core.dice.pools`. The totals come from the very operators that rolling uses, floats
included, so what can be rolled and what has odds are the same.
"""

import math
import operator
from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

import attrs

from ttrpg_core.dice.arithmetic import Arithmetic
from ttrpg_core.dice.distribution import Distribution, Work, certain
from ttrpg_core.dice.grammar import parse
from ttrpg_core.dice.limits import DEFAULT, Limits
from ttrpg_core.dice.pools import pool_odds
from ttrpg_core.dice.states import set_odds
from ttrpg_core.dice.tree import (
    COMPARISONS,
    Chain,
    Count,
    Dice,
    Expression,
    Group,
    Labelled,
    Node,
    Number,
    Operation,
    Sign,
    Step,
    Value,
)


@attrs.frozen(slots=False)
class Odds:
    """The distribution of a total.

    ``weights[total] / scale`` is the probability of a total, the totals rising; as fractions it is
    ``probabilities``. ``left`` is the probability that is not accounted for, because dice explode
    without end and are followed only so far; without explosions it is 0 and all is ``exact``. The
    mean, the deviation and percentiles are those of the part that is accounted for, and
    ``at_least`` and ``at_most`` fall short of the truth by no more than ``left``.
    """

    expression: Expression
    weights: Mapping[Value, int]
    scale: int

    @cached_property
    def probabilities(self) -> Mapping[Value, Fraction]:
        """The probability of each total."""
        found = {value: Fraction(weight, self.scale) for value, weight in self.weights.items()}
        return MappingProxyType(found)

    @cached_property
    def _known(self) -> int:
        return sum(self.weights.values())

    @property
    def left(self) -> Fraction:
        """The probability that is not accounted for."""
        return 1 - Fraction(self._known, self.scale)

    @property
    def exact(self) -> bool:
        """Whether nothing is left out."""
        return self._known == self.scale

    @property
    def min(self) -> Value:
        """The smallest total."""
        return next(iter(self.weights))

    @property
    def max(self) -> Value:
        """The largest total; of exploding dice, the largest that was followed."""
        return next(reversed(self.weights))

    @cached_property
    def mean(self) -> Fraction:
        """The expected total."""
        return self._average(Fraction(0), 1)

    @cached_property
    def variance(self) -> Fraction:
        """The expected square of the distance from the mean."""
        return self._average(self.mean, 2)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)

    def probability(self, total: Value) -> Fraction:
        """The probability of just this total."""
        return Fraction(self.weights.get(total, 0), self.scale)

    def at_least(self, total: Value) -> Fraction:
        """The probability of this total or more."""
        return Fraction(sum(w for v, w in self.weights.items() if v >= total), self.scale)

    def at_most(self, total: Value) -> Fraction:
        """The probability of this total or less."""
        return Fraction(sum(w for v, w in self.weights.items() if v <= total), self.scale)

    def percentile(self, percent: float) -> Value:
        """The smallest total that at least so many in a hundred rolls do not exceed.

        Raises:
            ValueError: ``percent`` is not from 0 to 100.
        """
        if not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
            raise ValueError(f"percent must be from 0 to 100, not {percent}")
        wanted = Fraction(percent) * self._known / 100
        reached = 0
        for value, weight in self.weights.items():
            reached += weight
            if reached >= wanted:
                return value
        return self.max

    def _average(self, centre: Fraction, power: int) -> Fraction:
        """The expected power of the distance from a centre, over a common denominator."""
        ratios = [value.as_integer_ratio() for value in self.weights]
        common = math.lcm(centre.denominator, *{below for _, below in ratios})
        middle = centre.numerator * (common // centre.denominator)
        summed = sum(
            weight * (above * (common // below) - middle) ** power
            for weight, (above, below) in zip(self.weights.values(), ratios, strict=True)
        )
        return Fraction(summed, self._known * common**power)


def odds(expression: str | Expression, limits: Limits = DEFAULT) -> Odds:
    """The exact odds of an expression.

    Raises:
        DiceError: it cannot be read; its odds would take longer than ``limits.work``; or some
            outcome divides by zero or is beyond ``limits.magnitude``.
    """
    if isinstance(expression, str):
        expression = parse(expression, limits)
    found = _Reckoner(expression, limits).distribution(expression.root)
    return Odds(expression, MappingProxyType(dict(sorted(found.weights.items()))), found.scale)


_POOL = 100
"""What it costs to begin with a pool, in steps."""


class _Reckoner:
    """One walk over the tree."""

    def __init__(self, expression: Expression, limits: Limits) -> None:
        self.arithmetic = Arithmetic(expression.text, limits)
        self.work = Work(expression.text, limits)

    def distribution(self, node: Node) -> Distribution:
        """The odds of a node's total."""
        match node:
            case Number(value=value):
                found = certain(value)
            case Dice():
                found = self.pool(node, node.operations)
            case Labelled(item=item):
                found = self.distribution(item)
            case Group():
                found = self.group(node, ())
            case Sign(sign=sign, item=item):
                found = self.distribution(item)
                if sign == "-":
                    found = found.mapped(operator.neg)
            case Count():
                found = self.count(node)
            case Chain(first=first, steps=steps):
                found = self.distribution(first)
                for step in steps:
                    found = self.step(step, found)
        return found

    def step(self, step: Step, left: Distribution) -> Distribution:
        def apply(a: Value, b: Value) -> Value:
            return self.arithmetic.apply(step.operator, a, b, step.position)

        return self.work.combine(apply, left, self.distribution(step.item), step.position)

    def pool(self, dice: Dice, operations: tuple[Operation, ...]) -> Distribution:
        return pool_odds(dice, operations, lambda value: value, self.work)

    def count(self, node: Count) -> Distribution:
        threshold = self.distribution(node.threshold)
        branches = [
            (weight, self.counted(node, limit)) for limit, weight in threshold.weights.items()
        ]
        return self.work.mix(branches, threshold.scale, node.position)

    def counted(self, node: Count, limit: Value) -> Distribution:
        self.work.spend(_POOL, node.position)
        holds = COMPARISONS[node.relation]
        return pool_odds(
            node.pool, node.pool.operations, lambda value: int(holds(value, limit)), self.work
        )

    def group(self, node: Group, outer: tuple[Operation, ...]) -> Distribution:
        """A set, or brackets; operations on brackets around dice go on to the dice, as in d20."""
        operations = node.operations + outer
        item = node.items[0]
        if isinstance(item, Labelled):
            item = item.item
        if not node.is_set and isinstance(item, Group):
            return self.group(item, operations)
        if not node.is_set and isinstance(item, Dice):
            return self.pool(item, item.operations + operations)
        items = [self.distribution(each) for each in node.items]
        if operations:
            return set_odds(items, operations, node.position, self.work)
        found = items[0]
        for each in items[1:]:
            found = self.work.add(found, each, node.position)
        return found
