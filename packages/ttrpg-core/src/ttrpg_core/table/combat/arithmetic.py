"""What becomes of damage before it is taken, and how: the arithmetic, step by step.

The order is the rules' own (``damage.steps``): in 5e immunity, then bonuses, penalties and halving
on a save, then resistance, then vulnerability (SRD 5.1 "Damage Resistance and Vulnerability",
SRD 5.2.1 "Order of Application"), and a threshold on what is left of the whole hit ("Damage
Threshold"). Several resistances to a type count once. Halves are rounded down.

What the books leave open: a change for ``all`` types is made once a hit, taken from its parts in
the order in which they are given.
"""

from collections.abc import Callable, Mapping, Sequence

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat.rules import DamageStep, Rules
from ttrpg_core.table.combat.state import Trait, TraitKind

AMOUNT_MAX = 1_000_000
"""Most damage or healing at once."""


@attrs.frozen
class Part:
    """Damage of one type in a hit; ``properties`` are what traits may ask for, like ``magical``."""

    amount: int
    type: str = ""
    properties: tuple[str, ...] = ()


@attrs.frozen
class Change:
    """A bonus or, below 0, a penalty to damage of a type; ``why`` is said beside it."""

    amount: int
    type: str = "all"
    why: str = ""


@attrs.frozen
class Taken:
    """A part after the arithmetic: what came, what is taken, and the steps between, for people."""

    type: str
    came: int
    amount: int
    steps: tuple[str, ...] = ()

    @property
    def prose(self) -> str:
        """``7 fire halved to 3 (resistance)``."""
        named = f"{self.came} {self.type}".strip()
        return f"{named} {', '.join(self.steps)}" if self.steps else named


def work_out(
    parts: Sequence[Part],
    traits: Sequence[Trait],
    rules: Rules,
    changes: Sequence[Change] = (),
    *,
    half: bool = False,
) -> tuple[Taken, ...]:
    """What is taken of each part of one hit; ``half`` is a save that was made for half damage."""
    hit = _Hit([_Sum(_checked(part, rules), traits) for part in parts], traits, changes, half)
    for step in rules.damage.steps:
        _STEPS[step](hit)
    return tuple(each.taken() for each in hit.sums)


class _Sum:
    """A part while it is worked on."""

    def __init__(self, part: Part, traits: Sequence[Trait]) -> None:
        self.part = part
        self.amount = part.amount
        self.steps: list[str] = []
        self.traits = [each for each in traits if self.is_meant(each)]

    def is_meant(self, trait: Trait) -> bool:
        """Whether a trait is about this part."""
        return trait.type in {"all", self.part.type} and not (
            set(trait.unless) & set(self.part.properties)
        )

    def has(self, kind: TraitKind) -> bool:
        """Whether some trait of a kind is about this part; more than one is no more than one."""
        return any(each.kind == kind for each in self.traits)

    def to(self, amount: int, how: str) -> None:
        """Change the sum and say how, unless there is nothing to change."""
        if amount != self.amount:
            self.amount = amount
            self.steps.append(how.format(amount))

    def taken(self) -> Taken:
        """The result."""
        return Taken(self.part.type, self.part.amount, self.amount, tuple(self.steps))


@attrs.frozen
class _Hit:
    """One hit while it is worked on."""

    sums: list[_Sum]
    traits: Sequence[Trait]
    changes: Sequence[Change]
    half: bool

    def each(self, kind: TraitKind, amount: Callable[[int], int], how: str) -> None:
        """Change every part that a trait of this kind is about."""
        for part in self.sums:
            if part.has(kind):
                part.to(amount(part.amount), how)

    def immunity(self) -> None:
        self.each("immunity", lambda _: 0, "is nothing (immunity)")

    def resistance(self) -> None:
        self.each("resistance", lambda n: n // 2, "halved to {} (resistance)")

    def vulnerability(self) -> None:
        self.each("vulnerability", lambda n: n * 2, "doubled to {} (vulnerability)")

    def change(self) -> None:
        if self.half:
            for part in self.sums:
                part.to(part.amount // 2, "halved to {} (save)")
        for each in self.changes:
            meant = [part for part in self.sums if each.type in {"all", part.part.type}]
            _shift(meant, each.amount, each.why)

    def reduction(self) -> None:
        for trait in self.traits:
            if trait.kind == "reduction":
                _shift([p for p in self.sums if trait in p.traits], -trait.amount, "reduction")

    def threshold(self) -> None:
        for trait in self.traits:
            meant = [part for part in self.sums if trait in part.traits]
            if trait.kind == "threshold" and sum(p.amount for p in meant) < trait.amount:
                for part in meant:
                    part.to(0, f"is nothing (under the threshold of {trait.amount})")


_STEPS: Mapping[DamageStep, Callable[[_Hit], None]] = {
    "immunity": _Hit.immunity,
    "change": _Hit.change,
    "reduction": _Hit.reduction,
    "resistance": _Hit.resistance,
    "vulnerability": _Hit.vulnerability,
    "threshold": _Hit.threshold,
}


def _shift(sums: list[_Sum], amount: int, why: str) -> None:
    """Add to the first part that is not nothing, or take off one part after the other."""
    left = amount
    for part in sums:
        if left and part.amount:
            after = max(part.amount + left, 0)
            moved = after - part.amount
            left -= moved
            how = f"less {-moved} is" if amount < 0 else f"and {moved} is"
            part.to(after, f"{how} {{}}" + (f" ({why})" if why else ""))


def _checked(part: Part, rules: Rules) -> Part:
    if not 0 <= part.amount <= AMOUNT_MAX:
        raise InputError(
            f"{part.amount} damage is not possible", f"Give a number from 0 to {AMOUNT_MAX:,}"
        )
    known = rules.damage.types
    if part.type and known:
        meant = text.match(part.type, ((each, each) for each in known), "damage type")
        return attrs.evolve(part, type=meant)
    return part
