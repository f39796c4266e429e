"""The exact odds of a pool of equal dice, die by die.

Operations that judge each die by its own value leave the dice independent, so the odds of
one die are worked out and multiplied up. One block of operations that rank the pool (``kh3``,
``dl1``) may stand between them: that is an order-statistics recurrence over the faces, highest
first, choosing how many of the dice not yet placed show this face (binomial coefficients), as in
the pool algorithm of A. J. Liu's *icepool*. Its cost grows with faces and dice, never with
``faces**dice``.

Whatever else d20 can say goes to :mod:`ttrpg_core.dice.states`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate

from ttrpg_core.dice.distribution import NEGLIGIBLE, Distribution, Score, Work, certain, cost
from ttrpg_core.dice.states import by_state
from ttrpg_core.dice.tree import Dice, Operation, Value
from ttrpg_core.errors import DiceError


def pool_odds(
    dice: Dice, operations: Sequence[Operation], score: Score, work: Work
) -> Distribution:
    """The odds of the summed score of a pool; ``operations`` may be more than those of the dice."""
    refuse_endless(dice, operations, work)
    if any(o.verb == "ra" for o in operations):
        return by_state(dice, operations, score, work)
    ranked = [i for i, o in enumerate(operations) if o.ranks]
    if not ranked:
        return work.times(_ByDie(dice, operations, score, work).fresh, dice.count, dice.position)
    first, last = ranked[0], ranked[-1] + 1
    before, ranking, after = operations[:first], operations[first:last], operations[last:]
    if all(o.verb in {"rr", "ro", "mi", "ma"} for o in before) and all(
        o.verb in {"k", "p"} and all(s.ranks for s in o.selectors) for o in ranking
    ):
        return _ranked(dice, (before, ranking, after), score, work)
    return by_state(dice, operations, score, work)


def refuse_endless(dice: Dice, operations: Iterable[Operation], work: Work) -> None:
    """An error for a pool that could be rerolled or exploded without end."""
    for operation in operations:
        if operation.verb in {"rr", "e"} and dice.count and operation.endless(dice.faces):
            raise DiceError(
                "This never ends, so it has no odds",
                work.text,
                operation.position,
                "Let fewer faces be taken.",
            )


_SHOWING = 5
"""What it costs to look at one face of a die, in steps."""


class _ByDie:
    """The odds of what one die brings in, with the operations that are still to come."""

    def __init__(
        self, dice: Dice, operations: Sequence[Operation], score: Score, work: Work
    ) -> None:
        self.dice = dice
        self.operations = operations
        self.score = score
        self.work = work
        self.known: dict[tuple[int, Value], Distribution] = {}
        self.anew: dict[int, Distribution] = {}

    @property
    def fresh(self) -> Distribution:
        """Of a die just rolled, before all operations."""
        if not self.operations:
            self.work.spend(len(self.dice.faces), self.dice.position)
            uniform = Distribution(dict.fromkeys(self.dice.faces, 1), len(self.dice.faces))
            return uniform.mapped(self.score)
        return self.rolled(self.dice.faces, 0)

    def rolled(self, faces: Iterable[int], index: int) -> Distribution:
        """Of a die rolled among some faces, before the operation at an index."""
        branches = [(1, self.showing(face, index)) for face in faces]
        return self.work.mix(branches, len(branches), self.dice.position)

    def showing(self, value: Value, index: int) -> Distribution:
        """Of a kept die with a value, before the operation at an index."""
        key = (index, value)
        if key not in self.known:
            selectors = self.operations[index].selectors if index < len(self.operations) else ()
            self.work.spend(_SHOWING + len(selectors), self.dice.position)
            self.known[key] = self.work_out(value, index)
        return self.known[key]

    def work_out(self, value: Value, index: int) -> Distribution:
        if index == len(self.operations):
            return certain(self.score(value))
        operation, following = self.operations[index], index + 1
        if operation.verb in {"mi", "ma"}:
            return self.showing(operation.clamped(value), following)
        taken = operation.matches(value)
        if operation.verb in {"k", "p"} and taken != (operation.verb == "k"):
            return certain(0)
        found = self.showing(value, following)
        if taken and operation.verb == "e":
            found = self.work.add(found, self.explosion(index), self.dice.position)
        elif taken and operation.verb == "ro":
            found = self.rerolled(index, self.dice.faces)
        elif taken and operation.verb == "rr":
            # Rerolled until a face stands: one of those that stand, all equally likely.
            standing = (face for face in self.dice.faces if not operation.matches(face))
            found = self.rerolled(index, standing)
        return found

    def rerolled(self, index: int, faces: Iterable[int]) -> Distribution:
        """Of a die rolled anew by the operation at an index."""
        if index not in self.anew:
            self.spend_on_faces(index)
            self.anew[index] = self.rolled(faces, index + 1)
        return self.anew[index]

    def spend_on_faces(self, index: int) -> None:
        steps = len(self.dice.faces) * len(self.operations[index].selectors)
        self.work.spend(steps, self.dice.position)

    def explosion(self, index: int) -> Distribution:
        """Of the dice that one exploding die brings, as far as they are followed.

        Those dice have been through none of the operations before this one.
        """
        if index in self.anew:
            return self.anew[index]
        operation, faces = self.operations[index], self.dice.faces
        position = self.dice.position
        self.spend_on_faces(index)
        chance = Fraction(sum(map(operation.matches, faces)), len(faces))
        more = Distribution({})
        for turn in range(self.work.limits.explosions):
            if chance**turn < NEGLIGIBLE:
                break
            branches = []
            for face in faces:
                shown = self.showing(face, index + 1)
                taken = operation.matches(face)
                branches.append((1, self.work.add(shown, more, position) if taken else shown))
            more = self.work.mix(branches, len(faces), position)
        self.anew[index] = more
        return more


def _ranked(
    dice: Dice,
    operations: tuple[Sequence[Operation], Sequence[Operation], Sequence[Operation]],
    score: Score,
    work: Work,
) -> Distribution:
    """Independent dice, ranked once, then independent again."""
    before, ranking, after = operations
    count, position = dice.count, dice.position
    values = _ByDie(dice, before, lambda value: value, work).fresh
    kept = _kept_ranks(count, ranking)
    gains = _ByDie(dice, after, score, work)
    gain = {value: gains.showing(value, 0) for value in values.weights}
    common = math.lcm(*(g.scale for g in gain.values()))
    # sums[placed] are the weights of the score, when so many dice have been placed from the top.
    sums: list[dict[Value, int]] = [{} for _ in range(count + 1)]
    sums[0][0] = 1
    dear = cost(values.scale**count)
    kept_above = [0, *accumulate(kept)]
    for value in sorted(values.weights, reverse=True):
        powers = _powers(gain[value], common, sum(kept), work, position)
        for placed in range(count - 1, -1, -1):
            for new in range(1, count - placed + 1):
                if not sums[placed]:
                    break
                keep = kept_above[placed + new] - kept_above[placed]
                weight = math.comb(count - placed, new) * values.weights[value] ** new
                power = powers(keep)
                work.spend(len(sums[placed]) * len(power) * dear, position)
                target = sums[placed + new]
                for total, ways in sums[placed].items():
                    for extra, inner in power.items():
                        result = total + extra
                        target[result] = target.get(result, 0) + ways * inner * weight
    return Distribution(sums[count], values.scale**count * common ** sum(kept))


def _kept_ranks(count: int, ranking: Sequence[Operation]) -> list[bool]:
    """Which dice, the highest first, are kept in the end; their values do not matter."""
    ranks = list(range(count))
    for operation in ranking:
        # Any strictly falling values stand for the sorted dice.
        chosen = operation.pick([-rank for rank in ranks])
        ranks = [r for i, r in enumerate(ranks) if (i in chosen) == (operation.verb == "k")]
    left = set(ranks)
    return [rank in left for rank in range(count)]


def _powers(
    gain: Distribution, common: int, most: int, work: Work, position: int
) -> Callable[[int], dict[Value, int]]:
    """The weights of the sum of so many gains, over the scale ``common`` for each."""
    factor = common // gain.scale
    one = {value: weight * factor for value, weight in gain.weights.items()}
    known: list[dict[Value, int]] = [{0: 1}]

    def power(count: int) -> dict[Value, int]:
        while len(known) <= min(count, most):
            last = Distribution(known[-1])
            known.append(dict(work.add(last, Distribution(one), position).weights))
        return known[count]

    return power
