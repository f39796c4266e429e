"""What lies on the table while an expression is rolled: values that operations can still drop.

The counterpart of d20's ``expression.py``. A value is built once its terms are rolled, then changed
by the operations that follow it, and read when all is done. Only :mod:`ttrpg_core.dice.roll` makes
these; callers see the frozen :class:`~ttrpg_core.dice.result.Roll`.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from ttrpg_core.dice.arithmetic import Arithmetic
from ttrpg_core.dice.result import Die, Part, number_text
from ttrpg_core.dice.tree import COMPARISONS, Compare, Dice, Step, Value

Shares: TypeAlias = Mapping[str, Value]
"""A total split by label; what has no label is under ``""``. The values add up to the total."""


@attrs.define(eq=False)
class Cast:
    """One die: the faces it showed, the last one its face; ``value`` is what it counts for."""

    faces: list[int]
    value: int
    kept: bool = True
    exploded: bool = False
    success: bool | None = None

    @property
    def total(self) -> Value:
        """The value, or 0 when dropped."""
        return self.value if self.kept else 0

    def show(self, name: str, *, kept: bool) -> Iterator[Part]:
        """The die as parts: rerolled faces, its face, and its value where that differs."""
        kept = kept and self.kept
        face = self.faces[-1]
        earlier = tuple(self.faces[:-1])
        die = Die(name, face, self.value, kept, self.exploded, earlier, self.success)
        for old in earlier:
            yield Part(_face_text(name, old), kept=False)
            yield Part(" -> ", kept=kept)
        forced = "" if face == self.value else f" -> {self.value}"
        yield Part(f"{_face_text(name, face)}{forced}{'!' * self.exploded}", kept, die)


@attrs.define(eq=False)
class Pool:
    """Rolled dice of one kind, with the comparison that counts them, if any."""

    dice: Dice
    casts: list[Cast]
    label: str = ""
    kept: bool = True

    @property
    def total(self) -> Value:
        """The sum of the kept dice, or 0 when the whole pool was dropped."""
        return sum(cast.total for cast in self.casts) if self.kept else 0

    @property
    def members(self) -> list[Cast]:
        """What an operation works on."""
        return self.casts

    def show(self, *, kept: bool) -> Iterator[Part]:
        """``4d6kh3[fire] (5, 3, ~~2~~, 6)``."""
        kept = kept and self.kept
        yield Part(f"{self.dice.text}{label_text(self.label)} (", kept)
        for i, cast in enumerate(self.casts):
            if i:
                yield Part(", ", kept)
            yield from cast.show(self.dice.name, kept=kept)
        yield Part(")", kept)

    def shares(self) -> Shares:
        """All of it without a label."""
        return {"": self.total}


@attrs.define(eq=False)
class Literal:
    """A number that was typed."""

    value: Value
    label: str = ""
    kept: bool = True

    @property
    def total(self) -> Value:
        """The number, or 0 when dropped."""
        return self.value if self.kept else 0

    @property
    def members(self) -> "list[Thing]":
        """Itself: a set of one."""
        return [self]

    def show(self, *, kept: bool) -> Iterator[Part]:
        """The number."""
        yield Part(number_text(self.value) + label_text(self.label), kept and self.kept)

    def shares(self) -> Shares:
        """All of it without a label."""
        return {"": self.total}


@attrs.define(eq=False)
class Brackets:
    """Something in brackets, or a set of several things."""

    items: "list[Thing]"
    is_set: bool
    suffix: str
    label: str = ""
    kept: bool = True

    @property
    def total(self) -> Value:
        """The sum of the kept items, or 0 when dropped."""
        return sum(item.total for item in self.items) if self.kept else 0

    @property
    def members(self) -> "list[Thing] | list[Cast]":
        """The items of a set; brackets around one thing are looked through, as d20 does."""
        return self.items if self.is_set else self.items[0].members

    def show(self, *, kept: bool) -> Iterator[Part]:
        """``(1d6 (3), ~~2d4 (1, 1)~~)kh1``."""
        kept = kept and self.kept
        yield Part("(", kept)
        for i, item in enumerate(self.items):
            if i:
                yield Part(", ", kept)
            yield from item.show(kept=kept)
        closing = ",)" if self.is_set and len(self.items) == 1 else ")"
        yield Part(f"{closing}{self.suffix}{label_text(self.label)}", kept)

    def shares(self) -> Shares:
        """The shares of the items together."""
        found: dict[str, Value] = {}
        for item in self.items:
            for label, value in shares_of(item).items():
                found[label] = found.get(label, 0) + value
        return found


@attrs.define(eq=False)
class Signed:
    """A thing with a sign before it."""

    sign: str
    item: "Thing"
    kept: bool = True

    @property
    def total(self) -> Value:
        """The item's total with the sign, or 0 when dropped."""
        if not self.kept:
            return 0
        return -self.item.total if self.sign == "-" else self.item.total

    @property
    def members(self) -> "list[Thing]":
        """Itself: a set of one."""
        return [self]

    def show(self, *, kept: bool) -> Iterator[Part]:
        """``-1d4 (3)``."""
        kept = kept and self.kept
        yield Part(self.sign, kept)
        yield from self.item.show(kept=kept)

    def shares(self) -> Shares:
        """The shares of the item with the sign."""
        factor = -1 if self.sign == "-" else 1
        return {label: factor * value for label, value in shares_of(self.item).items()}


@attrs.define(eq=False)
class Counted:
    """The dice of a pool that meet a comparison."""

    pool: Pool
    relation: Compare
    threshold: "Thing"
    kept: bool = True

    def __attrs_post_init__(self) -> None:
        for cast in self.pool.casts:
            if cast.kept:
                cast.success = COMPARISONS[self.relation](cast.value, self.threshold.total)

    @property
    def successes(self) -> int:
        """How many kept dice meet it."""
        return sum(cast.success is True for cast in self.pool.casts)

    @property
    def total(self) -> Value:
        """The successes, or 0 when dropped."""
        return self.successes if self.kept else 0

    @property
    def members(self) -> "list[Thing]":
        """Itself: a set of one."""
        return [self]

    def show(self, *, kept: bool) -> Iterator[Part]:
        """``5d10 (9, 3, 8, 1, 2) >= 8``."""
        kept = kept and self.kept
        yield from self.pool.show(kept=kept)
        yield Part(f" {self.relation} ", kept)
        yield from self.threshold.show(kept=kept)

    def shares(self) -> Shares:
        """The successes under the label of the pool."""
        return {self.pool.label: self.total}


@attrs.define(eq=False)
class Worked:
    """A chain of operators whose result stands; its terms cannot be dropped one by one."""

    first: "Thing"
    steps: "list[tuple[Step, Thing]]"
    value: Value
    arithmetic: Arithmetic
    kept: bool = True

    @property
    def total(self) -> Value:
        """The result, or 0 when dropped."""
        return self.value if self.kept else 0

    @property
    def members(self) -> "list[Thing]":
        """Itself: a set of one."""
        return [self]

    def show(self, *, kept: bool) -> Iterator[Part]:
        """``2d6 (1, 2) + 3``."""
        kept = kept and self.kept
        yield from self.first.show(kept=kept)
        for step, item in self.steps:
            yield Part(f" {step.operator} ", kept)
            yield from item.show(kept=kept)

    def shares(self) -> Shares:
        """The shares of the terms, added, scaled, or joined where they cannot be told apart."""
        if not self.kept:
            return {}
        total, shares = self.first.total, shares_of(self.first)
        for step, item in self.steps:
            result = self.arithmetic.apply(step.operator, total, item.total, step.position)
            right = shares_of(item)  # once: twice would double at every bracket
            split = _split(step.operator, (total, shares), (item.total, right))
            if split is None or max(map(abs, split.values()), default=0) > self.most:
                split = {_common_label((shares, right)): result}
            total, shares = result, split
        return shares

    @property
    def most(self) -> int:
        """The bound of every share; opposite shares could outgrow their sum without it."""
        return self.arithmetic.limits.magnitude


Tagged: TypeAlias = Pool | Literal | Brackets
Thing: TypeAlias = Tagged | Signed | Counted | Worked


def shares_of(thing: Thing) -> Shares:
    """The shares of a thing, where its label takes what has none inside."""
    if not thing.kept:
        return {}
    shares = thing.shares()
    if not isinstance(thing, Tagged) or not thing.label:
        return shares
    named = dict(shares)
    named[thing.label] = named.get(thing.label, 0) + named.pop("", 0)
    return named


def label_text(label: str) -> str:
    """The label as typed, ``[fire]``."""
    return f"[{label}]" if label else ""


def _split(
    operator: str, left: tuple[Value, Shares], right: tuple[Value, Shares]
) -> dict[str, Value] | None:
    """The shares of a result, or None where the operator does not split by term."""
    (left_total, left_shares), (right_total, right_shares) = left, right
    if operator in {"+", "-"}:
        sign = 1 if operator == "+" else -1
        added = dict(left_shares)
        for label, value in right_shares.items():
            added[label] = added.get(label, 0) + sign * value
        return added
    if operator == "*" and not any(right_shares):
        return {label: value * right_total for label, value in left_shares.items()}
    if operator == "*" and not any(left_shares):
        return {label: left_total * value for label, value in right_shares.items()}
    if operator == "/" and not any(right_shares):
        return {label: value / right_total for label, value in left_shares.items()}
    return None


def _common_label(sides: tuple[Shares, ...]) -> str:
    """The only label on either side, "" when there are more: ``8d6[fire]//2`` is all fire."""
    labels = {label for shares in sides for label in shares if label}
    return labels.pop() if len(labels) == 1 else ""


def _face_text(name: str, face: int) -> str:
    """The face as people read it; Fate dice show a plus."""
    return f"{face:+d}" if name == "dF" and face else str(face)
