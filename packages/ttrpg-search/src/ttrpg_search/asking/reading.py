"""Reads a question: filters, phrases, spelling, then what its words stand for."""

import re
from collections.abc import Iterable, Sequence

import attrs

from ttrpg_core.search import Step, Term
from ttrpg_search.asking.asked import Asked
from ttrpg_search.asking.filters import parse
from ttrpg_search.asking.lexicon import Described, Lexicon
from ttrpg_search.asking.mending import Speller, Word
from ttrpg_search.keyword.plan import MOST_TERMS
from ttrpg_search.keyword.stemming import stem
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import STOP, WORD, fold, stems, stems_of, words

SYNONYM = 0.75
"""What a synonym counts beside the word itself."""
SPOKEN = 0.6
"""Weight of what an abbreviation stands for that vectors are asked in its place."""
_CONCEPT = 0.7
"""What a term that the question only describes weighs, beside one that it names."""
_NAMED = 0.7
"""What the name of a thing counts for a word that describes it."""
_RELATED = 0.4
"""What counts that is related to a thing, beside the thing itself."""
_PIECE = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_ASKS = frozenset(
    "how what when where who why which can could do does did is are should will would if".split()  # noqa: SIM905 - a list of words
)
_LONGEST_SAYING = 4
"""Words of a saying that has synonyms as a whole, at the most."""
_NATURAL = 5
"""Words from which on a question is a sentence, even without a word that asks."""


class Reader:
    """Understands questions about the books that are indexed, in one language of the table."""

    def __init__(self, texts: Texts, lexicon: Lexicon) -> None:
        self._texts = texts
        self._lexicon = lexicon
        self._speller = Speller(texts, lexicon)

    def read(self, text: str) -> Asked:
        """What a question means; InputError for a filter that cannot be used."""
        rest, filters = parse(text)
        phrases, absent, typed = _pieces(rest)
        steps = [Step("filter", f"{each.name}: {each.value}") for each in filters]
        found = self._speller.spelled(typed, steps)
        terms = [Term(phrase, weight=2.0) for phrase in phrases]
        terms += self._terms(found, steps)
        own = len(terms)
        terms += self._concepts(found, terms, steps)
        plain = " ".join([*(f'"{each}"' for each in phrases), *(word.text for word in found)])
        mended = any(word.text != word.typed for word in found)
        guesses = [word for word in found if not word.known and word.others]
        suggested = _suggested(found) if guesses else ""
        if suggested:
            steps.append(Step("did you mean", suggested))
        return Asked(
            text=rest,
            plain=" ".join([*phrases, *(word.text for word in found)]),
            spoken=" ".join([*phrases, *(word.spoken for word in found if word.spoken)]),
            corrected=plain if mended else "",
            terms=tuple(terms[: 2 * MOST_TERMS]),
            words=own,
            absent=absent,
            phrases=phrases,
            filters=filters,
            natural=len(found) >= _NATURAL or any(word.text in _ASKS for word in found),
            unknown=tuple(word.text for word in found if not word.known),
            suggested=suggested,
            steps=tuple(steps),
        )

    def _terms(self, found: list[Word], steps: list[Step]) -> list[Term]:
        """Terms for the words that say something, with their abbreviations and synonyms."""
        around = {stem(word.text) for word in found}
        terms: list[Term] = []
        telling = any(word.text not in STOP for word in found)
        place = 0
        while place < len(found):
            size = self._abbreviation(found, place)
            if size:
                text = " ".join(word.text for word in found[place : place + size])
                upper = any(word.upper for word in found[place : place + size])
                senses = self._lexicon.meant(text, around - set(stems(text)), upper=upper)
                if senses:
                    steps.append(Step("abbreviation", f"{text}: {_told(senses)}"))
                    ways = self._widened([*senses, *_weaker(found[place : place + size])])
                    terms.append(Term(text, ways, 1.0 + 0.25 * (size > 1)))
                    if senses[0][1] >= SPOKEN:
                        found[place].spoken = senses[0][0]
                        for word in found[place + 1 : place + size]:
                            word.spoken = ""
                    place += size
                    continue
            word = found[place]
            place += 1
            if telling and word.text in STOP:
                continue
            if word.initials and word.others[0][1] >= SPOKEN:
                word.spoken = word.others[0][0]
            ways = (*word.others, *self._alike(word.text))
            if ways:
                steps.append(Step("synonyms", f"{word.text}: {_told(ways)}"))
            terms.append(Term(word.text, ways))
        self._sayings(found, terms, steps)
        return list({term.text: term for term in terms}.values())[:MOST_TERMS]

    def _sayings(self, found: list[Word], terms: list[Term], steps: list[Step]) -> None:
        """Adds to the words of a saying what it means as a whole: "out cold", "run away"."""
        every = [stem(word.text) for word in found]
        for size in range(_LONGEST_SAYING, 1, -1):
            for place in range(len(every) - size + 1):
                ways = self._lexicon.saying(every[place : place + size])
                if not ways:
                    continue
                text = " ".join(word.text for word in found[place : place + size])
                others = tuple((each, round(SYNONYM * much, 3)) for each, much in ways)
                steps.append(Step("synonyms", f"{text}: {_told(others)}"))
                said = {word.text for word in found[place : place + size]}
                for at, term in enumerate(terms):
                    if term.text in said:
                        terms[at] = attrs.evolve(term, others=(*term.others, *others))

    def _abbreviation(self, found: list[Word], place: int) -> int:
        """How many words the longest abbreviation has that begins at a word; 0 for none."""
        for size in (3, 2, 1):
            text = " ".join(word.text for word in found[place : place + size])
            if place + size <= len(found) and text in self._lexicon.abbreviations:
                return size
        return 0

    def _alike(self, text: str) -> list[tuple[str, float]]:
        """Synonyms; one of them is never as good as the word itself."""
        return [(each, round(SYNONYM * weight, 3)) for each, weight in self._lexicon.synonyms(text)]

    def _widened(self, ways: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        """Full forms with their own synonyms behind them."""
        found: dict[str, float] = {}
        for text, weight in ways:
            found[text] = max(weight, found.get(text, 0.0))
        for text, weight in tuple(found.items()):
            for other, much in self._alike(text):
                found.setdefault(other, round(weight * much, 3))
        return tuple(found.items())

    def _concepts(self, found: list[Word], terms: list[Term], steps: list[Step]) -> list[Term]:
        """Terms that the question describes without naming them.

        The words that describe a thing are also met by its name, else a passage that has the
        name and nothing of the description would seem to miss half of the question.
        """
        said = [each for term in terms for each in ((term.text, 1.0), *term.others)]
        parts = [
            {one for text in (term.text, *dict(term.others)) for one in stems_of(text)}
            for term in terms
        ]
        added = []
        telling = [word.text for word in found if word.text not in STOP]
        for each, names in self._there(self._lexicon.described(telling, said)):
            steps.append(Step("concept", f"{', '.join(names[:3])} ({each.strength:.2f})"))
            ways = [(name, 1.0) for name in names[1:]]
            ways += [(name, _RELATED) for name in each.concept.related]
            added.append(Term(names[0], tuple(ways), _CONCEPT * each.strength))
            more = tuple((name, round(_NAMED * each.strength, 3)) for name in names)
            for place, term in enumerate(terms):
                if each.by & parts[place]:
                    terms[place] = attrs.evolve(term, others=(*term.others, *more))
        return added

    def _there(self, described: Sequence[Described]) -> list[tuple[Described, list[str]]]:
        """The strongest whose names the books have; those of another game say nothing here."""
        said = {name: stems_of(name) for each in described for name in each.concept.names}
        known = self._texts.chunks_with(one for parts in said.values() for one in parts)
        found = []
        for each in described:
            names = [name for name in each.concept.names if all(s in known for s in said[name])]
            if names:
                found.append((each, names))
        return found[: self._lexicon.matching.most]


def _pieces(text: str) -> tuple[tuple[str, ...], tuple[str, ...], list[Word]]:
    """Phrases, what must be absent, and the other words in order."""
    phrases: list[str] = []
    absent: list[str] = []
    typed: list[Word] = []
    for piece in _PIECE.finditer(text):
        quoted = piece["phrase"] is not None
        raw = piece["phrase"] if quoted else piece["word"]
        said = " ".join(words(raw))
        if not said:
            continue
        if piece["minus"]:
            absent.append(said)
        elif quoted:
            phrases.append(said)
        else:
            typed += [
                Word(folded, folded, sum(map(str.isupper, found)) > 1)
                for found in WORD.findall(raw)
                if (folded := fold(found))
            ]
    return tuple(phrases), tuple(absent[:MOST_TERMS]), typed[: 4 * MOST_TERMS]


def _weaker(found: Sequence[Word]) -> list[tuple[str, float]]:
    """Headings that an abbreviation may also be the initials of: less than what it means."""
    return [(text, round(0.5 * weight, 2)) for word in found for text, weight in word.others]


def _told(ways: Iterable[tuple[str, float]]) -> str:
    return ", ".join(text if weight >= 1 else f"{text} ({weight:.2f})" for text, weight in ways)


def _suggested(found: list[Word]) -> str:
    """The question with the likeliest reading of its unsure words: "did you mean"."""
    return " ".join(
        word.others[0][0] if not word.known and word.others else word.text for word in found
    )
