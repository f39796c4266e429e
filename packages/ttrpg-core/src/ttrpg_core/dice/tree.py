"""The parsed expression, as frozen values.

What d20 calls AST: nothing here rolls. A chain such as ``1+2-3`` is one node with many steps and
not a tower of pairs, so that a thousand terms need no deeper stack than two. Positions are indexes
into the text of the whole expression; errors at roll time point with them.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

Value: TypeAlias = int | float
"""An int, or a float where ``/`` or a decimal point made one."""

Compare = Literal["==", "!=", "<", ">", "<=", ">="]
Rank = Literal["h", "l"]
Verb = Literal["k", "p", "rr", "ro", "ra", "e", "mi", "ma"]

COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@attrs.frozen
class Selector:
    """Which members of a pool an operation takes: ``3``, ``>4``, ``<=2``, ``h1`` or ``l2``."""

    relation: Compare | Rank
    number: int

    @property
    def ranks(self) -> bool:
        """Whether it takes the highest or lowest, and so looks at the whole pool."""
        return self.relation in {"h", "l"}

    def matches(self, value: Value) -> bool:
        """Whether a member with this value is taken; for a selector that does not rank."""
        return COMPARISONS[self.relation](value, self.number)

    def pick(self, values: Sequence[Value]) -> list[int]:
        """The indexes taken, in the order d20 takes them: of equals, the earlier one first."""
        if self.ranks:
            order = sorted(range(len(values)), key=values.__getitem__, reverse=self.relation == "h")
            return order[: self.number]
        return [i for i, value in enumerate(values) if self.matches(value)]


@attrs.frozen
class Operation:
    """What is done to a pool.

    ``k`` keep, ``p`` drop, ``rr`` reroll while taken, ``ro`` reroll once, ``ra`` one more die for
    the first taken, ``e`` explode, ``mi`` raise to at least, ``ma`` lower to at most. Neighbours of
    one verb are one operation with several selectors (``k1k2``), as in d20, except ``mi`` and
    ``ma``.
    """

    verb: Verb
    selectors: tuple[Selector, ...]
    position: int

    @property
    def ranks(self) -> bool:
        """Whether any selector looks at the whole pool."""
        return any(s.ranks for s in self.selectors)

    def matches(self, value: Value) -> bool:
        """Whether any selector that does not rank takes this value."""
        return any(s.matches(value) for s in self.selectors if not s.ranks)

    def pick(self, values: Sequence[Value]) -> set[int]:
        """The indexes taken by any selector."""
        return {i for s in self.selectors for i in s.pick(values)}

    def clamped(self, value: Value) -> Value:
        """The value after ``mi`` or ``ma``."""
        (selector,) = self.selectors
        number = selector.number
        return max(value, number) if self.verb == "mi" else min(value, number)

    def endless(self, faces: range) -> bool:
        """Whether a freshly rolled die is always taken again, so that ``rr`` or ``e`` never ends.

        A ranking ``rr`` always finds a highest die to roll again; a ranking ``e`` takes each die
        only once and ends.
        """
        if self.verb == "rr" and any(s.ranks and s.number for s in self.selectors):
            return True
        telling = {faces[0], faces[-1]}
        telling.update(s.number + step for s in self.selectors for step in (-1, 0, 1))
        # Between the numbers that selectors name all faces fare alike; only d% has gaps.
        suspects = faces if faces.step > 1 else [face for face in telling if face in faces]
        return all(self.matches(face) for face in suspects)


@attrs.frozen
class Number:
    """A number that was typed."""

    value: Value
    position: int


@attrs.frozen
class Dice:
    """A pool of equal dice, ``4d6kh3``; ``text`` is the term as typed, without spaces."""

    count: int
    name: str
    faces: range
    operations: tuple[Operation, ...]
    text: str
    position: int


@attrs.frozen
class Group:
    """Brackets: ``(2d6+3)``, or a set ``(1d6, 2d4)kh1``; ``suffix`` is its operations as typed."""

    items: tuple["Node", ...]
    is_set: bool
    operations: tuple[Operation, ...]
    suffix: str
    position: int


@attrs.frozen
class Labelled:
    """A term with a label, ``8d6[fire]``."""

    item: Number | Dice | Group
    label: str


@attrs.frozen
class Sign:
    """A term with a sign, ``-1d4``."""

    sign: Literal["+", "-"]
    item: "Node"
    position: int


@attrs.frozen
class Step:
    """One operator of a chain with the term at its right."""

    operator: str
    item: "Node"
    position: int


@attrs.frozen
class Chain:
    """Operators of one precedence, done from left to right."""

    first: "Node"
    steps: tuple[Step, ...]


@attrs.frozen
class Count:
    """A pool with a comparison written directly against it: how many kept dice meet it."""

    pool: Dice
    label: str
    relation: Compare
    threshold: "Node"
    position: int


Node: TypeAlias = Number | Dice | Group | Labelled | Sign | Chain | Count


@attrs.frozen
class Expression:
    """A parsed expression: its text as typed, and the tree."""

    text: str
    root: Node
