"""The language of the table in the form that questions are matched against."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

import attrs

from ttrpg_search.keyword.tokens import STOP, stems
from ttrpg_search.language import Concept, Language, load


@attrs.frozen
class Matching:
    """The few numbers of matching concepts; docs/decisions/0015 says how they were found."""

    enough: float = 0.6
    """Share of a saying, weighed by rarity, that a question must have."""
    certain: float = 2.0
    """Rarities of a middling word from which a match is certain."""
    fewest: float = 0.3
    """Strength from which a described concept is looked for."""
    most: int = 4
    """Concepts that one question describes, at the most."""


MATCHING = Matching()


class Lexicon:
    """Abbreviations, synonyms, concepts and spelling, indexed by stems."""

    def __init__(self, language: Language, matching: Matching = MATCHING) -> None:
        self._language = language
        self._matching = matching
        self.abbreviations = language.abbreviations
        self.splits = language.splits
        self.words = language.words
        self.protected = language.protected

    @cached_property
    def _of_stem(self) -> dict[str, list[int]]:
        """The concepts that have a stem in one of their sayings."""
        found: dict[str, list[int]] = {}
        for number, concept in enumerate(self._language.concepts):
            for one in {one for phrase in concept.says for one in phrase.stems}:
                found.setdefault(one, []).append(number)
        return found

    @cached_property
    def _whole(self) -> float:
        return len(self._language.concepts) + 1.0

    def _rarity(self, one: str) -> float:
        return math.log(1 + self._whole / len(self._of_stem[one]))

    def meant(self, abbreviation: str, around: set[str], *, upper: bool) -> list[tuple[str, float]]:
        """What an abbreviation stands for among these stems, likeliest first; weights to 1."""
        found = []
        for each in self.abbreviations.get(abbreviation, ()):
            settled = bool(around & each.near) or (not each.near and not each.upper)
            settled = settled or (each.upper and upper)
            weight = each.weight if settled else each.weight * each.alone
            if weight > 0:
                found.append((each.full.lower(), round(weight, 3)))
        return sorted(found, key=lambda each: -each[1])

    def mended(self, word: str, around: set[str]) -> str:
        """What a known misspelling means among these stems, else the word; "" for any other."""
        typo = self._language.typos.get(word)
        if typo is None:
            return ""
        return typo.right if not typo.near or typo.near & around else word

    def synonyms(self, text: str) -> tuple[tuple[str, float], ...]:
        """Other ways to say a word or words, with their weights."""
        return tuple(self._language.synonyms.get(" ".join(stems(text)), ()))

    def described(
        self, words: Sequence[str], said: Iterable[tuple[str, float]]
    ) -> list[tuple[Concept, float]]:
        """The concepts that a question describes, with a strength from 0 to 1, strongest first.

        ``words`` are the question's own; ``said`` are its terms with their other ways.
        """
        asked: dict[str, float] = {}
        for text, weight in (*said, *((word, 1.0) for word in words)):
            for one in stems(text):
                if one not in STOP:
                    asked[one] = max(asked.get(one, 0.0), weight)
        numbers = Counter(number for one in asked for number in self._of_stem.get(one, ()))
        found = []
        for number in numbers:
            concept = self._language.concepts[number]
            if concept.near and not any(one in asked for one in concept.near):
                continue
            strength = self._strength(concept, asked)
            if strength >= self._matching.fewest:
                found.append((concept, strength))
        found.sort(key=lambda each: (-each[1], each[0].names))
        return found[: self._matching.most]

    def _strength(self, concept: Concept, asked: Mapping[str, float]) -> float:
        certain = self._matching.certain * math.log(1 + self._whole / 8)
        best = 0.0
        for phrase in concept.says:
            if not any(one in asked for one in phrase.stems):
                continue
            whole = met = 0.0
            for one in phrase.stems:
                rarity = self._rarity(one)
                whole += rarity
                met += rarity * asked.get(one, 0.0)
            share = met / whole if whole else 0.0
            if share >= self._matching.enough:
                best = max(best, phrase.weight * share * share * min(1.0, met / certain))
        return best


@lru_cache(maxsize=8)
def lexicon(systems: frozenset[str]) -> Lexicon:
    """The lexicon for books of these systems."""
    try:
        return Lexicon(load(sorted(systems)))
    except FileNotFoundError:  # TEMPORARY
        return Lexicon(Language({}, (), {}, {}, {}, frozenset(), {}, ()))
