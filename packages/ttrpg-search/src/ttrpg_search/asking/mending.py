"""Mends the spelling of a question's words, by what the books say and by the words around.

A word that stands nowhere is read as the likeliest word near it, unless it is of a name that
players know. Two unsure words are sure together when some heading has them side by side; and a word
of several, run together, is taken apart where the books have these words in that order.
"""

from collections.abc import Iterable
from itertools import pairwise, product

import attrs

from ttrpg_core.search import Step
from ttrpg_search.asking.elsewhere import named
from ttrpg_search.asking.foreign import SMALL, tongue
from ttrpg_search.asking.lexicon import Lexicon
from ttrpg_search.asking.spelling import SHORTEST, Mended, nearest
from ttrpg_search.keyword.stemming import stem
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import STOP, stems_of

SURE = 0.55
"""How sure a mended word is that takes the place of the one typed."""
STRANGE = 0.8
"""The same for a word that is in no book: what is in none may as well be a name."""
_LIKELY = 0.25
"""How sure one is that is looked for beside the one typed."""
_JOINED = 0.9
_INITIALS = 5
"""Letters of a word that may be initials, at the most."""
_FEW = 4
"""Words of a question that names a thing, at the most."""
_OTHERS = 3
_NEAR = 6
"""Words near one that are looked for beside its neighbours."""
_WRITTEN = 20
"""Passages that have a small word of a language in which there is a book."""
_RUN_TOGETHER = 7
"""Letters of a word that may be several, at the least."""
_LONGEST_PART = 16
_SMALL = 3
_CUTS = 8
"""Ways to take a word apart that the books are asked about."""


@attrs.define
class Word:
    """A word of the question on its way to a term."""

    typed: str
    text: str
    upper: bool
    others: list[tuple[str, float]] = attrs.field(factory=list)
    weight: float = 1.0
    known: bool = True
    spoken: str = ""
    initials: bool = False


class Speller:
    """Mends spelling by the books that are indexed and the language of the table."""

    def __init__(self, texts: Texts, lexicon: Lexicon) -> None:
        self._texts = texts
        self._lexicon = lexicon

    def spelled(self, typed: list[Word], steps: list[Step]) -> list[Word]:
        """The words with their spelling mended; one that is several words comes out as those."""
        said = self._texts.said(
            [word.text for word in typed] + [one.text + two.text for one, two in pairwise(typed)]
        )
        around = {stem(word.text) for word in typed}
        stemmed = self._texts.chunks_with(stem(word.text) for word in typed)
        strange = self._strange(typed, steps)
        few = len(typed) <= _FEW
        kept = {part for name in named([word.text for word in typed]) for part in name.split()}
        meant: list[str] = []
        near: list[list[str]] = []
        for word in typed:
            others: list[str] = []
            text = word.text
            if not strange and text not in kept:
                text, others = self._meant(word, said, stemmed, around, few=few)
            meant.append(text)
            near.append(others)
        self._side_by_side(typed, meant, near)
        return self._found(typed, meant, said, steps)

    def _found(
        self, typed: list[Word], meant: list[str], said: dict[str, str], steps: list[Step]
    ) -> list[Word]:
        """The words as they are meant, and what was done to them."""
        found: list[Word] = []
        for place, (word, text) in enumerate(zip(typed, meant, strict=True)):
            if text != word.text:
                steps.append(Step("spelling", f"{word.text} is read as {text}"))
            parts = text.split()
            found += [
                attrs.evolve(word, text=part, spoken=part, others=list(word.others))
                for part in parts
            ]
            if len(parts) == 1 and word.others and not word.known:
                told = ", ".join(f"{other} ({weight:.2f})" for other, weight in word.others)
                steps.append(Step("spelling", f"{word.text} may be {told}"))
            following = typed[place + 1].text if place + 1 < len(typed) else ""
            joined = said.get(word.text + following, "") if following else ""
            if joined == word.text + following:  # "fire ball" where the book has "fireball"
                found[-1].others.append((joined, _JOINED))
                steps.append(Step("joined", f"{word.text} {following} may be {joined}"))
        return found

    def _strange(self, typed: list[Word], steps: list[Step]) -> bool:
        """Whether a question is in a language of which there is no book: nothing to mend."""
        words = [word.text for word in typed]
        code = tongue(words)
        if not code:
            return False
        small = [word for word in words if word in SMALL[code]]
        there = self._texts.often(small)
        if sum(there.get(word, 0) >= _WRITTEN for word in small) > len(small) / 2:
            return False
        steps.append(Step("spelling", f"left as it is: no book is in this language ({code})"))
        return True

    def _meant(
        self,
        word: Word,
        said: dict[str, str],
        stemmed: dict[str, int],
        around: set[str],
        *,
        few: bool,
    ) -> tuple[str, list[str]]:
        """What a word is read as, and what else it may be beside the right neighbour.

        Less sure candidates go to its ``others`` as well. A word of the language that no book has
        is looked at among ``few`` others only: in a sentence most such words are meant.
        """
        text = word.text
        if text.isdigit():
            return text, []
        if text in self._lexicon.abbreviations:
            if word.upper:
                self._initials(word)
            return text, []
        if word.upper or (1 < len(text) <= _INITIALS and not self._is_word(text, said)):
            self._initials(word)
        known = self._lexicon.mended(text, around, real=text in said) or (
            said.get(text, text)
            if text in STOP or text in said or stem(text) in stemmed
            else self._lexicon.splits.get(text, "")
        )
        if known:
            return text if text in STOP else known, []
        word.known = word.initials
        if any(letter.isdigit() for letter in text) or len(text) < SHORTEST:
            return text, []
        return self._unknown(word, known=word.known or self._is_word(text, said), few=few)

    def _unknown(self, word: Word, *, known: bool, few: bool) -> tuple[str, list[str]]:
        """The same for a word that no book has; it may be one of the language, or initials."""
        apart = "" if word.upper else self._apart(word.text)
        if apart:
            word.known = True
            return apart, []
        if known:
            likely = few and not word.upper
            return word.text, [each.word for each in self._near(word.text)] if likely else []
        return self._guessed(word)

    def _near(self, text: str) -> list[Mended]:
        """The likeliest words near one."""
        texts = self._texts
        return nearest(text, texts.like, texts.often, self._lexicon.words, _NEAR, self._titled)

    def _titled(self, words: Iterable[str]) -> set[str]:
        """Those of some words that stand in a heading, in any form of theirs."""
        said = ((word, " ".join(stems_of(word))) for word in words)
        return {
            word
            for word, parts in said
            if parts and self._texts.matching(f'{{heading}} : "{parts}"', 1)
        }

    def _guessed(self, word: Word) -> tuple[str, list[str]]:
        """The word that was likely meant, as typed when that is not sure; and all that are near."""
        near = self._near(word.text)
        if not near:
            return word.text, []
        where = self._texts.said(each.word for each in near)
        sure = near[0].sure >= (SURE if near[0].word in where else STRANGE)
        if sure:
            word.known = near[0].word in where
        word.others += [
            (where.get(each.word, each.word), round(each.sure, 2))
            for each in near[sure:_OTHERS]
            if each.sure >= _LIKELY
        ]
        meant = where.get(near[0].word, near[0].word) if sure else word.text
        return meant, [each.word for each in near]

    def _side_by_side(self, typed: list[Word], meant: list[str], near: list[list[str]]) -> None:
        """Reads two neighbours as what a heading has side by side, where one of them is unsure."""
        pairs: dict[int, list[tuple[str, str]]] = {}
        for place in range(len(typed) - 1):
            if near[place] or near[place + 1]:
                ones = [meant[place], *near[place]]
                twos = [meant[place + 1], *near[place + 1]]
                pairs[place] = list(product(dict.fromkeys(ones), dict.fromkeys(twos)))
        if not pairs:
            return
        said = self._texts.said(one + two for each in pairs.values() for one, two in each)
        for place, each in pairs.items():
            best = next((pair for pair in each if "".join(pair) in said), None)
            if best is None:
                continue
            for at, text in zip((place, place + 1), best, strict=True):
                if meant[at] != text or near[at]:
                    meant[at], near[at] = text, []
                    typed[at].known, typed[at].others = True, []
                    typed[at].initials = False

    def _apart(self, text: str) -> str:
        """The words that were run together, as the books have them in a row; "" for none."""
        if len(text) < _RUN_TOGETHER:
            return ""
        parts = {
            text[start:end]
            for start in range(len(text))
            for end in range(start + 2, min(len(text), start + _LONGEST_PART) + 1)
        }
        known = {each for each, told in self._texts.said(parts).items() if " " not in told}
        known |= {each for each in parts if each in STOP} | {"a"}
        for words in sorted(_cut(text, known), key=len)[:_CUTS]:
            if any(len(word) > _SMALL for word in words) and self._texts.with_phrase(
                " ".join(words)
            ):
                return " ".join(words)
        return ""

    def _is_word(self, text: str, said: dict[str, str]) -> bool:
        """Whether a word means something as it stands."""
        lexicon = self._lexicon
        return (
            text in said
            or text in lexicon.protected
            or lexicon.says(stem(text))
            or bool(lexicon.synonyms(text))
            or text in lexicon.words
        )

    def _initials(self, word: Word) -> None:
        """Headings that a word may be the initials of: "DSTs", "BoH"."""
        found = self._texts.initials(word.text)
        if not found and word.text.endswith("s"):
            found = self._texts.initials(word.text[:-1])
        weight = round(1.0 / max(1, len(found)) ** 0.5, 2)
        word.others += [(each, weight) for each in found]
        word.initials = bool(found)


def _cut(text: str, known: set[str]) -> list[tuple[str, ...]]:
    """The ways in which a text is known words in a row, two at the least, the fewest first."""
    ways: list[list[tuple[str, ...]]] = [[()], *([] for _ in text)]
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - _LONGEST_PART), end):
            if text[start:end] in known:
                ways[end] += [(*way, text[start:end]) for way in ways[start]]
        ways[end].sort(key=len)
        del ways[end][_CUTS:]
    return [way for way in ways[-1] if len(way) > 1]
