"""A fact that was detected, and how sure it is."""

import attrs


@attrs.frozen
class Guess:
    """A value, "" when nothing is known, and a confidence from 0 to 1."""

    value: str = ""
    confidence: float = 0.0


@attrs.frozen
class Facts:
    """What a book seems to be; the user's word stands above each of them.

    ``kind`` is one of ``ttrpg_core.library.BOOK_KINDS``, ``language`` a two-letter code.
    """

    system: Guess
    genre: Guess
    kind: Guess
    language: Guess
    edition: Guess
    publisher: Guess


def best(scores: dict[str, float], *, enough: float, least: float = 0.3) -> Guess:
    """The greatest score as a guess: half sure at ``enough``, less so when another is near."""
    ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))
    if not ranked or ranked[0][1] <= 0:
        return Guess()
    first = ranked[0][1]
    second = max(0.0, ranked[1][1]) if len(ranked) > 1 else 0.0
    confidence = first / (first + enough) * (1 - 0.5 * (second / first) ** 2)
    return Guess(ranked[0][0], round(confidence, 2)) if confidence >= least else Guess()
