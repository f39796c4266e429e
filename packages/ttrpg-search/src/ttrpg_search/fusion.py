"""Putting two rankings together: by normalised scores, or by ranks alone."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

Ranking = Sequence[tuple[int, float]]
"""Ids with their scores, best first."""
Fuse = Callable[[Ranking, Ranking, float], list[tuple[int, float]]]
"""Puts the ranking of words and that of vectors together; the number is the share of the latter."""


def convex(lexical: Ranking, dense: Ranking, share: float) -> list[tuple[int, float]]:
    """Weighted sum of scores that were stretched to 0..1; ``share`` is that of ``dense``.

    An id that one side did not find counts there as its lowest. After Bruch, Gai and Ingber
    (2023), who found it better than ranks where some questions are at hand to choose the share by.
    """
    scores = _stretched(lexical, 1 - share)
    for each, score in _stretched(dense, share).items():
        scores[each] = scores.get(each, 0.0) + score
    return _best(scores)


def reciprocal(
    rankings: Sequence[Ranking], weights: Sequence[float], constant: int = 60
) -> list[tuple[int, float]]:
    """Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): the sum of w / (60 + rank)."""
    scores: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, (each, _) in enumerate(ranking, 1):
            scores[each] = scores.get(each, 0.0) + weight / (constant + rank)
    return _best(scores)


def by_ranks(lexical: Ranking, dense: Ranking, share: float) -> list[tuple[int, float]]:
    """Reciprocal rank fusion of the two, in the form of :func:`convex`."""
    return reciprocal([lexical, dense], [1 - share, share])


def _stretched(ranking: Ranking, share: float) -> dict[int, float]:
    """The scores between 0 and a share."""
    if not ranking:
        return {}
    every = [score for _, score in ranking]
    low, high = min(every), max(every)
    if low == high:
        return dict.fromkeys([each for each, _ in ranking], share)
    width = high - low
    return {each: share * ((score - low) / width) for each, score in ranking}


def _best(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    found = sorted(scores.items())
    found.sort(key=itemgetter(1), reverse=True)  # equal ones stay in the order of their ids
    return found
