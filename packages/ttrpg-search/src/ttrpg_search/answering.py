"""Whether what was found answers a question, or is only what is nearest to it.

No score of a ranking says so: the best of nothing is still the best. What does is how much of the
question's own words, by their rarity, one passage has; whether a heading is about them; and how
near the first passage is by vectors. A question in many words is met by no passage in full, and a
single word is a name that the books use, so both need less. Measured on questions over the SRD and
over a book of eleven pages, half of them about what is not there; see
docs/decisions/0017.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ttrpg_search.keyword.plan import Group, Plan
from ttrpg_search.keyword.scoring import headed
from ttrpg_search.keyword.texts import Text

FIRST = 3
"""Passages that are looked at."""
_MOST_WORDS = 7


class Signs(NamedTuple):
    """What speaks for an answer, each from 0 to 1; ``nearest`` is a cosine, None without vectors.

    ``met`` is the share of the question's own words in one passage, ``headed`` the share of a
    heading that the question names, ``described`` how well it describes what a heading names.
    """

    met: float
    headed: float
    words: int
    nearest: float | None = None
    described: float = 0.0


class Bar(NamedTuple):
    """What the signs weigh, and how much of them an answer has at the least."""

    headed: float = 0.2
    word: float = 0.1
    described: float = 0.6
    alone: float = 0.3
    """What a single word is worth on top."""
    least: float = 1.52
    least_words: float = 1.14
    """The same without vectors."""


BAR = Bar()


def signs(first: Iterable[Text], own: Sequence[Group], plan: Plan, nearest: float | None) -> Signs:
    """The signs in the first passages, of which each may bring the best."""
    texts = list(first)[:FIRST]
    return Signs(
        max((met(text, own) for text in texts), default=0.0),
        max((headed(text, plan) for text in texts), default=0.0),
        len(own),
        nearest,
        max((told(text, plan.groups[len(own) :]) for text in texts), default=0.0),
    )


def told(text: Text, groups: Iterable[Group]) -> float:
    """The weight of the best of some terms that is the whole heading of a passage."""
    return max(
        (
            group.weight
            for group in groups
            if any(way.stems == text.heading and way.weight >= 1 for way in group.ways)
        ),
        default=0.0,
    )


def met(text: Text, groups: Iterable[Group]) -> float:
    """The share of terms that a passage has anywhere, by their rarity."""
    whole = text.heading + text.path + text.body
    possible = here = 0.0
    for group in groups:
        possible += group.weight * group.rarity
        here += group.weight * max(
            (
                min(way.weight * way.rarity, group.rarity)
                for way in group.ways
                if way.stems in whole
            ),
            default=0.0,
        )
    return here / possible if possible else 0.0


def sure(told: Signs, bar: Bar = BAR) -> tuple[float, float]:
    """How sure an answer is, and how sure it must be."""
    found = told.met + bar.headed * told.headed + bar.word * min(told.words, _MOST_WORDS)
    found += bar.described * told.described
    if told.words == 1:
        found += bar.alone
    if told.nearest is None:
        return found, bar.least_words
    return found + told.nearest, bar.least
