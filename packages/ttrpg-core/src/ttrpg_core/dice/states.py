"""The exact odds of a pool by following every multiset of kept values.

For what cannot be worked out die by die: explode and then keep, reroll the lowest, keep from a set
of unlike things. The number of multisets grows fast, so this is for small pools;
:class:`~ttrpg_core.dice.distribution.Work` stops the large ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from ttrpg_core.dice.distribution import NEGLIGIBLE, Distribution, Score, Work, from_fractions
from ttrpg_core.dice.tree import Dice, Operation, Value

State: TypeAlias = tuple[Value, ...]
"""The values of the kept dice, rising. Dropped dice can no longer change anything."""

States: TypeAlias = Mapping[State, Fraction]
"""The probability of each state."""

_COST = 10
"""A step here makes a fraction and a tuple, and takes about so many elementary ones."""


def by_state(dice: Dice, operations: Sequence[Operation], score: Score, work: Work) -> Distribution:
    """The odds of the summed score of a pool of equal dice."""
    walk = _Walk(dice, work)
    states = walk.drawn(tuple(dice.faces), dice.count)
    for operation in operations:
        states = walk.after(operation, states)
    return _scored(states, score)


def set_odds(
    items: Iterable[Distribution], operations: Iterable[Operation], position: int, work: Work
) -> Distribution:
    """The odds of the sum of a set of independent, unlike items of which some are kept."""
    states: States = {(): Fraction(1)}
    for item in items:
        work.spend(_COST * len(states) * len(item.weights), position)
        states = _gathered(
            (_sorted((*state, value)), chance * Fraction(weight, item.scale))
            for state, chance in states.items()
            for value, weight in item.weights.items()
        )
    for operation in operations:
        work.spend(_COST * len(states) * len(operation.selectors), position)
        states = _selected(operation, states)
    return _scored(states, lambda value: value)


class _Walk:
    """What operations do to the odds of the kept values."""

    def __init__(self, dice: Dice, work: Work) -> None:
        self.dice = dice
        self.work = work
        self.faces = tuple(dice.faces)
        self.hands: dict[tuple[int, ...], list[States]] = {}

    def spend(self, steps: int) -> None:
        self.work.spend(_COST * steps, self.dice.position)

    def drawn(self, faces: tuple[int, ...], count: int) -> States:
        """Some fresh dice, each equally likely to show any of the faces."""
        hands = self.hands.setdefault(faces, [{(): Fraction(1)}])
        while len(hands) <= count:
            self.spend(len(hands[-1]) * len(faces))
            hands.append(
                _gathered(
                    (_sorted((*state, face)), chance / len(faces))
                    for state, chance in hands[-1].items()
                    for face in faces
                )
            )
        return hands[count]

    def after(self, operation: Operation, states: States) -> States:
        """The odds after one more operation."""
        self.spend(len(states) * len(operation.selectors))
        match operation.verb:
            case "k" | "p":
                return _selected(operation, states)
            case "mi" | "ma":
                return _gathered(
                    (_sorted(operation.clamped(value) for value in state), chance)
                    for state, chance in states.items()
                )
            case "e":
                return self.exploded(operation, states)
            case "ra":
                return self.replaced(
                    ((state, min(1, len(operation.pick(state))), chance))
                    for state, chance in states.items()
                )
            case _:
                return self.rerolled(operation, states)

    def rerolled(self, operation: Operation, states: States) -> States:
        faces = self.faces
        if operation.verb == "rr":
            self.spend(len(faces) * len(operation.selectors))
            faces = tuple(face for face in faces if not operation.matches(face))
        branches = []
        for state, chance in states.items():
            taken = operation.pick(state)
            rest = tuple(value for i, value in enumerate(state) if i not in taken)
            branches.append((rest, len(taken), chance))
        return self.replaced(branches, faces)

    def replaced(
        self,
        branches: Iterable[tuple[State, int, Fraction]],
        faces: tuple[int, ...] | None = None,
    ) -> States:
        """States with so many fresh dice put to each."""
        found: dict[State, Fraction] = {}
        for rest, count, chance in branches:
            hands = self.drawn(faces or self.faces, count)
            self.spend(len(hands))
            for hand, odds in hands.items():
                state = _sorted(rest + hand)
                found[state] = found.get(state, Fraction(0)) + chance * odds
        return found

    def exploded(self, operation: Operation, states: States) -> States:
        """Explosions, for ``limits.explosions`` rounds or until the chance is negligible.

        While it lasts, a die is its value and whether it can still explode. Of equal dice those
        that did explode come first, as they do on the table, where new dice are put to the end.
        """
        going: dict[tuple[tuple[Value, bool], ...], Fraction] = {
            tuple((value, True) for value in state): chance for state, chance in states.items()
        }
        found: dict[State, Fraction] = {}
        for turn in range(self.work.limits.explosions + 1):
            last = turn == self.work.limits.explosions or sum(going.values()) < NEGLIGIBLE
            following: dict[tuple[tuple[Value, bool], ...], Fraction] = {}
            for marked, chance in going.items():
                taken = operation.pick([value for value, _ in marked])
                fresh = {i for i in taken if marked[i][1]}
                if not fresh:
                    state = tuple(value for value, _ in marked)
                    found[state] = found.get(state, Fraction(0)) + chance
                if last or not fresh:
                    continue
                old = [(value, able and i not in fresh) for i, (value, able) in enumerate(marked)]
                hands = self.drawn(self.faces, len(fresh))
                self.spend(len(hands))
                for hand, odds in hands.items():
                    both = tuple(sorted([*old, *((value, True) for value in hand)]))
                    following[both] = following.get(both, Fraction(0)) + chance * odds
            going = following
        return found


def _selected(operation: Operation, states: States) -> States:
    keep = operation.verb == "k"

    def left(state: State) -> State:
        taken = operation.pick(state)
        return tuple(value for i, value in enumerate(state) if (i in taken) == keep)

    return _gathered((left(state), chance) for state, chance in states.items())


def _sorted(values: Iterable[Value]) -> State:
    return tuple(sorted(values))


def _gathered(chances: Iterable[tuple[State, Fraction]]) -> States:
    found: dict[State, Fraction] = {}
    for state, chance in chances:
        found[state] = found.get(state, Fraction(0)) + chance
    return found


def _scored(states: States, score: Score) -> Distribution:
    found: dict[Value, Fraction] = {}
    for state, chance in states.items():
        total = sum(score(value) for value in state)
        found[total] = found.get(total, Fraction(0)) + chance
    return from_fractions(found)
