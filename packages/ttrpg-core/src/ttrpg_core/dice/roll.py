"""Rolling: the expression, a source of chance and the limits make a :class:`Roll`.

Terms are rolled from left to right, and the operations of a pool in the order in which they were
typed, exactly as d20 does, so that the same faces give the same total. Chance comes only from the
``random.Random`` passed in, one ``randrange(number of faces)`` a die: a seed repeats a roll.
"""

import random
from types import MappingProxyType

from ttrpg_core.dice.arithmetic import Arithmetic
from ttrpg_core.dice.grammar import parse
from ttrpg_core.dice.limits import DEFAULT, Limits
from ttrpg_core.dice.result import Roll
from ttrpg_core.dice.table import (
    Brackets,
    Cast,
    Counted,
    Literal,
    Pool,
    Signed,
    Thing,
    Worked,
    shares_of,
)
from ttrpg_core.dice.tree import (
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
)
from ttrpg_core.errors import DiceError


def roll(expression: str | Expression, rng: random.Random, limits: Limits = DEFAULT) -> Roll:
    """Roll an expression.

    Raises:
        DiceError: it cannot be read, needs more dice than the limits allow, or divides by zero.
    """
    if isinstance(expression, str):
        expression = parse(expression, limits)
    roller = _Roller(expression, rng, limits)
    thing = roller.value(expression.root)
    parts = tuple(thing.show(kept=True))
    dice = tuple(part.die for part in parts if part.die)
    twenties = [die.face for die in dice if die.kept and die.name == "d20"]
    return Roll(
        expression=expression,
        total=thing.total,
        parts=parts,
        dice=dice,
        by_label=MappingProxyType(dict(shares_of(thing))),
        successes=sum(c.successes for c in roller.counted) if roller.counted else None,
        natural=twenties[0] if len(twenties) == 1 else None,
    )


class _Roller:
    """One walk over the tree; it counts the dice it draws."""

    def __init__(self, expression: Expression, rng: random.Random, limits: Limits) -> None:
        self.text = expression.text
        self.rng = rng
        self.limits = limits
        self.arithmetic = Arithmetic(expression.text, limits)
        self.counted: list[Counted] = []
        self.drawn = 0

    def value(self, node: Node) -> Thing:
        """The rolled value of a node."""
        thing: Thing
        match node:
            case Labelled(item=item, label=label):
                thing = term = self.term(item)
                term.label = label
            case Sign(sign=sign, item=item):
                thing = Signed(sign, self.value(item))
            case Count():
                thing = self.count(node)
            case Chain():
                thing = self.chain(node)
            case _:
                thing = self.term(node)
        return thing

    def term(self, node: Number | Dice | Group) -> Literal | Pool | Brackets:
        """The rolled value of a node that can have a label."""
        match node:
            case Number(value=value):
                return Literal(value)
            case Dice():
                return self.pool(node)
            case Group():
                return self.brackets(node)

    def chain(self, node: Chain) -> Worked:
        first = self.value(node.first)
        total = first.total
        steps = []
        for step in node.steps:
            item = self.value(step.item)
            total = self.arithmetic.apply(step.operator, total, item.total, step.position)
            steps.append((step, item))
        return Worked(first, steps, total, self.arithmetic)

    def count(self, node: Count) -> Counted:
        pool = self.pool(node.pool)
        pool.label = node.label
        counted = Counted(pool, node.relation, self.value(node.threshold))
        self.counted.append(counted)
        return counted

    def brackets(self, node: Group) -> Brackets:
        brackets = Brackets([self.value(item) for item in node.items], node.is_set, node.suffix)
        for operation in node.operations:
            members = [m for m in brackets.members if m.kept]
            chosen = operation.pick([m.total for m in members])
            for i, member in enumerate(members):
                if (i in chosen) == (operation.verb == "p"):
                    member.kept = False
        return brackets

    def pool(self, dice: Dice) -> Pool:
        pool = Pool(dice, [self.cast(dice, dice.position) for _ in range(dice.count)])
        for operation in dice.operations:
            self.operate(operation, pool)
        return pool

    def cast(self, dice: Dice, position: int) -> Cast:
        face = self.face(dice, position)
        return Cast([face], face)

    def face(self, dice: Dice, position: int) -> int:
        """One die drawn; ``position`` is of the term or operation that wants it."""
        self.drawn += 1
        if self.drawn > self.limits.rolls:
            raise DiceError(
                f"More than {self.limits.rolls:,} dice in one roll, with rerolls and explosions",
                self.text,
                position,
                "Roll fewer dice, or let fewer faces be rolled again.",
            )
        return dice.faces[self.rng.randrange(len(dice.faces))]

    # Operations on dice

    def operate(self, operation: Operation, pool: Pool) -> None:
        """One operation on the kept dice of a pool, in place."""
        match operation.verb:
            case "k" | "p":
                self.select(operation, pool)
            case "rr":
                while taken := self.taken(operation, pool):
                    self.refuse_endless(operation, pool)
                    self.reroll(taken, operation, pool)
            case "ro":
                self.reroll(self.taken(operation, pool), operation, pool)
            case "ra":
                self.add_one(operation, pool)
            case "e":
                self.explode(operation, pool)
            case "mi" | "ma":
                for cast in filter(_is_kept, pool.casts):
                    cast.value = int(operation.clamped(cast.value))

    def select(self, operation: Operation, pool: Pool) -> None:
        kept = list(filter(_is_kept, pool.casts))
        chosen = operation.pick([c.value for c in kept])
        for i, cast in enumerate(kept):
            cast.kept = (i in chosen) == (operation.verb == "k")

    def taken(self, operation: Operation, pool: Pool) -> list[Cast]:
        kept = list(filter(_is_kept, pool.casts))
        chosen = operation.pick([c.value for c in kept])
        return [c for i, c in enumerate(kept) if i in chosen]

    def reroll(self, taken: list[Cast], operation: Operation, pool: Pool) -> None:
        for cast in taken:
            cast.value = self.face(pool.dice, operation.position)
            cast.faces.append(cast.value)

    def add_one(self, operation: Operation, pool: Pool) -> None:
        kept = list(filter(_is_kept, pool.casts))
        values = [c.value for c in kept]
        chosen = next((picked[0] for s in operation.selectors if (picked := s.pick(values))), None)
        if chosen is not None:
            kept[chosen].exploded = True
            pool.casts.append(self.cast(pool.dice, operation.position))

    def explode(self, operation: Operation, pool: Pool) -> None:
        done: set[int] = set()
        while fresh := [c for c in self.taken(operation, pool) if id(c) not in done]:
            self.refuse_endless(operation, pool)
            for cast in fresh:
                done.add(id(cast))
                cast.exploded = True
                pool.casts.append(self.cast(pool.dice, operation.position))

    def refuse_endless(self, operation: Operation, pool: Pool) -> None:
        if not operation.endless(pool.dice.faces):
            return
        what = "rerolled" if operation.verb == "rr" else "exploded"
        raise DiceError(
            f"This never ends: every {pool.dice.name} would be {what} again",
            self.text,
            operation.position,
            "Let fewer faces be taken, or use ro to reroll only once."
            if operation.verb == "rr"
            else "Let fewer faces explode, or use ra for one more die only.",
        )


def _is_kept(cast: Cast) -> bool:
    return cast.kept
