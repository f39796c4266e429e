"""In which order models are asked: five strategies, each a pure function over candidates.

Each answers every candidate it was given exactly once, so that whoever is not first is the next to
be asked when the first does not answer.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence

import attrs

from ttrpg_core.errors import ConfigError
from ttrpg_core.llm.routing.candidates import Candidate


@attrs.frozen
class Turn:
    """What some strategies need besides: whose turn it is, weights by name, and chance."""

    position: int = 0
    weights: Mapping[str, float] = attrs.field(factory=dict)
    rng: random.Random = attrs.field(factory=random.Random)


Strategy = Callable[[Sequence[Candidate], Turn], list[Candidate]]


def priority(candidates: Sequence[Candidate], _: Turn) -> list[Candidate]:
    """The user's order."""
    return list(candidates)


def cost(candidates: Sequence[Candidate], _: Turn) -> list[Candidate]:
    """The cheapest for this request first, in the user's order among equals; unpriced ones last."""
    return sorted(candidates, key=lambda c: math.inf if c.worst is None else c.worst)


def latency(candidates: Sequence[Candidate], _: Turn) -> list[Candidate]:
    """The quickest to begin first; one that was not measured of late before all."""
    return sorted(candidates, key=lambda c: -1.0 if c.first_seconds is None else c.first_seconds)


def round_robin(candidates: Sequence[Candidate], turn: Turn) -> list[Candidate]:
    """The one whose turn it is, then those after it."""
    if not candidates:
        return []
    start = turn.position % len(candidates)
    return [*candidates[start:], *candidates[:start]]


def weighted(candidates: Sequence[Candidate], turn: Turn) -> list[Candidate]:
    """Drawn by weight, 1 for one that has none; those of weight 0 stay last, in their order.

    Each gets the key ``u ** (1 / weight)`` and the largest goes first: a draw without putting back
    (Efraimidis and Spirakis 2006).
    """
    keys = {
        candidate.name: turn.rng.random() ** (1 / weight) if weight > 0 else -1.0
        for candidate in candidates
        for weight in [turn.weights.get(candidate.name, 1.0)]
    }
    return sorted(candidates, key=lambda c: -keys[c.name])


STRATEGIES: Mapping[str, Strategy] = {
    "priority": priority,
    "cost": cost,
    "latency": latency,
    "round_robin": round_robin,
    "weighted": weighted,
}
"""By the word of the setting ``models.strategy``."""


def weights(lines: Sequence[str]) -> dict[str, float]:
    """The setting ``models.weights``: a model and a number each, not less than 0."""
    found: dict[str, float] = {}
    for line in lines:
        name, _, number = line.strip().rpartition(" ")
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not name or not 0 <= weight < math.inf:
            raise ConfigError(
                f"models.weights: {line!r:.80} is no weight; write it as 'vendor/model NUMBER'",
                "Such as: openai/gpt-5.4-mini 3",
            )
        found[name.strip()] = weight
    return found
