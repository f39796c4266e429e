"""The language of the table in the form that questions are matched against."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from ttrpg_search.keyword.tokens import STOP, stems, stems_of
from ttrpg_search.language import Concept, Language, Phrase, load


class Matching(NamedTuple):
    """The few numbers of matching concepts; docs/decisions/0016 says how they were found."""

    enough: float = 0.5
    """Share of a saying, weighed by rarity, that a question must have."""
    certain: float = 2.0
    """Rarities of a middling word from which a match is certain."""
    fewest: float = 0.2
    """Strength from which a described concept is looked for."""
    untold: float = 0.7
    """What a meaning of an abbreviation counts while the words nearby speak for another."""
    contrary: float = 0.4
    """What a concept counts whose name is the opposite of what was asked."""
    kind: float = 0.6
    """What the kind of a thing counts, where the question has the thing."""
    most: int = 6
    """Concepts that one question describes, at the most."""


MATCHING = Matching()
_NEARLY = 1e-6
"""What adding up in another order may come to less."""


class Described(NamedTuple):
    """A concept that a question describes: how strongly, and by which stems of the question."""

    concept: Concept
    strength: float
    by: frozenset[str]


class Lexicon:
    """Abbreviations, synonyms, concepts and spelling, indexed by stems."""

    def __init__(self, language: Language, matching: Matching = MATCHING) -> None:
        self._language = language
        self.matching = matching
        self.abbreviations = language.abbreviations
        self.splits = language.splits
        self.words = language.words
        self.protected = language.protected
        self.problems = language.problems
        self._rarities: dict[str, float] = {}
        self._said: dict[str, list[tuple[tuple[int, int, float], float]]] = {}

    @cached_property
    def _index(self) -> Mapping[str, Sequence[int]]:
        """The concepts that have a stem in one of their sayings."""
        if self._language.index is not None:
            return self._language.index
        found: dict[str, list[int]] = {}
        for number, concept in enumerate(self._language.concepts):
            for one in {one for phrase in concept.says for one in phrase.stems}:
                found.setdefault(one, []).append(number)
        return found

    @cached_property
    def _whole(self) -> float:
        return len(self._language.concepts) + 1.0

    def _rarity(self, one: str) -> float:
        found = self._rarities.get(one)
        if found is None:
            found = self._rarities[one] = math.log(1 + self._whole / len(self._index[one]))
        return found

    def meant(self, abbreviation: str, around: set[str], *, upper: bool) -> list[tuple[str, float]]:
        """What an abbreviation stands for among these stems, likeliest first; weights to 1.

        A meaning that a word nearby speaks for comes before one that needs none.
        """
        found = []
        meanings = self.abbreviations.get(abbreviation, ())
        told = any(around & each.near for each in meanings)
        for each in meanings:
            weight = each.weight
            if not each.near and not each.upper:
                weight *= self.matching.untold if told else 1.0
            elif not (around & each.near or (each.upper and upper)):
                weight *= each.alone
            if weight > 0:
                found.append((each.full.lower(), round(weight, 3)))
        return sorted(found, key=lambda each: -each[1])

    def mended(self, word: str, around: set[str], *, real: bool) -> str:
        """What a known misspelling means among these stems, else the word; "" for any other.

        A word that the books have (``real``) is a slip only beside what makes it one.
        """
        typo = self._language.typos.get(word)
        if typo is None:
            return ""
        return typo.right if typo.near & around or not (typo.near or real) else word

    def synonyms(self, text: str) -> tuple[tuple[str, float], ...]:
        """Other ways to say a word or words, with their weights."""
        return tuple(self._language.synonyms.get(" ".join(stems_of(text)), ()))

    def phrases(self) -> set[tuple[str, ...]]:
        """Whatever of several words may be looked for, as stems: names, full forms, synonyms."""
        language = self._language
        said = [
            each for concept in language.concepts for each in (*concept.names, *concept.related)
        ]
        for short, meanings in language.abbreviations.items():
            said += [short, *(each.full for each in meanings)]
        for ways in language.synonyms.values():
            said += [text for text, _ in ways]
        said += language.splits.values()
        found = {tuple(stems(text)) for text in said}
        found.update(tuple(text.split()) for text in language.synonyms)
        return {parts for parts in found if len(parts) > 1}

    def says(self, one: str) -> bool:
        """Whether a stem is in what somebody says of a concept."""
        return one in self._index

    def saying(self, parts: Sequence[str]) -> tuple[tuple[str, float], ...]:
        """The same for some stems in a row."""
        return tuple(self._language.synonyms.get(" ".join(parts), ()))

    def described(
        self, words: Sequence[str], said: Iterable[tuple[str, float]]
    ) -> list["Described"]:
        """The concepts that a question describes, strongest first.

        ``words`` are the question's own; ``said`` are its terms with their other ways.
        """
        asked: dict[str, float] = {}
        for text, weight in (*said, *((word, 1.0) for word in words)):
            parts = stems_of(text)
            for one in parts:
                if one not in STOP:
                    asked[one] = max(asked.get(one, 0.0), weight)
            for kind in self._language.kinds.get(" ".join(parts), ()):
                for one in stems_of(kind):
                    asked[one] = max(asked.get(one, 0.0), self.matching.kind * weight)
        found = []
        for number, places in self._likely(asked).items():
            concept = self._language.concepts[number]
            if concept.near and not any(one in asked for one in concept.near):
                continue
            strength, phrase = self._strength([concept.says[place] for place in places], asked)
            if phrase and strength >= self.matching.fewest:
                strength *= self._contrary(concept, asked)
                by = frozenset(one for one in phrase.stems if one in asked)
                found.append(Described(concept, strength, by))
        found.sort(key=lambda each: (-each.strength, each.concept.names))
        return found

    def _likely(self, asked: Mapping[str, float]) -> dict[int, list[int]]:
        """Concepts by number, with the places of those sayings of which enough is asked, or nearly.

        Most sayings that have a word of the question have no other.
        """
        met: dict[tuple[int, int, float], float] = {}
        for one, weight in asked.items():
            for key, worth in self._sayings(one):
                met[key] = met.get(key, 0.0) + weight * worth
        found: dict[int, list[int]] = {}
        for (number, place, whole), much in met.items():
            if much >= (self.matching.enough - _NEARLY) * whole:
                found.setdefault(number, []).append(place)
        for places in found.values():
            places.sort()
        return found

    def _sayings(self, one: str) -> list[tuple[tuple[int, int, float], float]]:
        """The sayings that have a stem: concept, place and worth of each, and the stem's share."""
        found = self._said.get(one)
        if found is None:
            found = self._said[one] = []
            for number in self._index.get(one, ()):
                for place, phrase in enumerate(self._language.concepts[number].says):
                    times = phrase.stems.count(one)
                    if times:
                        whole = sum(map(self._rarity, phrase.stems))
                        found.append(((number, place, whole), times * self._rarity(one)))
        return found

    def _contrary(self, concept: Concept, asked: Mapping[str, float]) -> float:
        """Less than 1 where the name of a concept says the opposite of a word of the question."""
        said = [one for one, much in asked.items() if much >= 1 and one in self._opposites]
        if not said:  # most questions; stemming the names takes longer than all the rest
            return 1.0
        named = {one for name in concept.names for one in stems_of(name)}
        against = any(
            one not in named and (self._opposites[one] & named).difference(asked) for one in said
        )
        return self.matching.contrary if against else 1.0

    @cached_property
    def _opposites(self) -> dict[str, set[str]]:
        """Words as stems to those that exclude them."""
        found: dict[str, set[str]] = {}
        for one, other in self._language.antonyms:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return found

    def _strength(
        self, phrases: Iterable[Phrase], asked: Mapping[str, float]
    ) -> tuple[float, Phrase | None]:
        certain = self.matching.certain * math.log(1 + self._whole / 8)
        best, by = 0.0, None
        for phrase in phrases:
            whole = met = 0.0
            for one in phrase.stems:
                rarity = self._rarity(one)
                whole += rarity
                met += rarity * asked.get(one, 0.0)
            share = met / whole if whole else 0.0
            if share >= self.matching.enough:
                value = phrase.weight * share * share * min(1.0, met / certain)
                if value > best:
                    best, by = value, phrase
        return best, by


def lexicon(systems: frozenset[str], packs: Sequence[Path] = ()) -> Lexicon:
    """The lexicon for books of these systems, with the words of some packs.

    It is made once, and anew when one of the packs has changed.
    """
    return _lexicon(systems, tuple((path, _changed(path)) for path in packs))


@lru_cache(maxsize=8)
def _lexicon(systems: frozenset[str], packs: tuple[tuple[Path, int], ...]) -> Lexicon:
    return Lexicon(load(sorted(systems), [path for path, _ in packs]))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # gone meanwhile: reading it says so
        return 0
