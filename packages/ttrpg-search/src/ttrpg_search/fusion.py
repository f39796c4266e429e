"""Putting two rankings together: by normalised scores, or by ranks alone."""

from collections.abc import Callable, Mapping, Sequence

Ranking = Sequence[tuple[int, float]]
"""Ids with their scores, best first."""
Fuse = Callable[[Ranking, Ranking, float], list[tuple[int, float]]]
"""Puts the ranking of words and that of vectors together; the number is the share of the latter."""


def convex(lexical: Ranking, dense: Ranking, share: float) -> list[tuple[int, float]]:
    """Weighted sum of scores that were stretched to 0..1; ``share`` is that of ``dense``.

    An id that one side did not find counts there as its lowest. After Bruch, Gai and Ingber
    (2023), who found it better than ranks where some questions are at hand to choose the share by.
    """
    one, two = _stretched(lexical), _stretched(dense)
    return _best(
        {
            each: (1 - share) * one.get(each, 0.0) + share * two.get(each, 0.0)
            for each in {**one, **two}
        }
    )


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


def _stretched(ranking: Ranking) -> dict[int, float]:
    if not ranking:
        return {}
    low = min(score for _, score in ranking)
    high = max(score for _, score in ranking)
    width = high - low
    return {each: (score - low) / width if width else 1.0 for each, score in ranking}


def _best(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))
