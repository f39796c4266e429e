"""How well a passage meets a query, by its words alone.

BM25F (Robertson, Zaragoza, Taylor 2004): how often a term stands in each field is weighed and
added up before it saturates, so that a word in the heading counts and a word said ten times does
not count ten times. A term counts by its best way of saying. On top of that: how much of the query
is covered, whether the heading is what was asked for, and how near the terms stand to each other.
"""

from itertools import pairwise
from typing import NamedTuple

from ttrpg_search.keyword.plan import Group, Plan, Way
from ttrpg_search.keyword.texts import Text


class Weights(NamedTuple):
    """The few numbers of the ranking; docs/decisions/0016 says how they were found."""

    heading: float = 3.0
    path: float = 0.5
    length: float = 0.4
    saturation: float = 1.2
    apart: float = 0.35
    """What a phrase counts whose words are there but not together."""
    covered: float = 1.0
    """How hard it is to miss terms: the exponent of the share that is met."""
    titled: float = 1.0
    """What a heading adds that is all of what was asked."""
    exact: float = 1.0
    """What a heading adds that is the query word for word."""
    near: float = 0.15
    """What terms add that stand close together."""


WEIGHTS = Weights()
NEAR = 24
"""Passages whose headings and places are looked at, where every passage is scored at once."""


def score(text: Text, plan: Plan, weights: Weights = WEIGHTS) -> float:
    """The score of a passage: 0 when no term is met."""
    whole = text.heading + text.path + text.body
    norm = 1 - weights.length + weights.length * text.length / plan.mean_length
    total = met = possible = titled = 0.0
    places: list[int] = []
    for group in plan.groups:
        best, best_title, place = _group(text, whole, group, norm, weights)
        total += group.weight * best
        possible += group.weight * group.rarity
        if group.rarity:
            met += group.weight * min(best, group.rarity)
            titled += group.weight * min(best_title, group.rarity)
        if place >= 0:
            places.append(place)
    if not total:
        return 0.0
    covered = met / possible if possible else 0.0
    score: float = total * (0.2 + 0.8 * covered**weights.covered)
    if titled:
        score *= 1 + weights.titled * (titled / possible) * told(text.heading, plan)
    if text.heading == plan.asked:
        score *= 1 + weights.exact
    if len(places) > 1:
        places.sort()
        gaps = [after - before for before, after in pairwise(places)]
        score *= 1 + weights.near * sum(1 / (1 + gap / 40) for gap in gaps) / len(gaps)
    return score


def headed(text: Text, plan: Plan) -> float:
    """The share of a passage's heading that belongs to the query."""
    return told(text.heading, plan)


def _group(
    text: Text, whole: str, group: Group, norm: float, weights: Weights
) -> tuple[float, float, int]:
    """What a term adds, what its presence in the heading is worth, and where it first stands."""
    best = best_title = 0.0
    place = -1
    apart = weights.apart * (weights.saturation + 1) / (weights.apart + weights.saturation)
    for way in group.ways:
        strength = way.weight * way.rarity
        if strength * (weights.saturation + 1) <= best:
            break
        if way.stems in whole:
            heads = text.heading.count(way.stems)
            often = (
                weights.heading * heads
                + weights.path * text.path.count(way.stems)
                + text.body.count(way.stems) / norm
            )
        elif len(way.parts) == 1 or strength * apart <= best or not _apart(way, whole):
            continue
        else:
            heads = 0
            often = weights.apart
        if heads:
            best_title = max(best_title, strength)
        value = strength * often * (weights.saturation + 1) / (often + weights.saturation)
        if value > best:
            best = value
            place = text.body.find(way.stems)
    return best, best_title, place


def _apart(way: Way, whole: str) -> bool:
    return all([f" {part} " in whole for part in way.parts])  # noqa: C419 - a generator is slower


def told(heading: str, plan: Plan) -> float:
    """The share of the stems of a heading that belong to the query."""
    said = heading.split()
    found: set[str] = set()
    for group in plan.groups:
        for way in group.ways:
            if way.stems in heading:
                found.update(way.parts)
    return sum(part in found for part in said) / max(1, len(said))
