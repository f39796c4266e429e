"""What can be said of a quote: the records that a check answers with."""

from collections import Counter
from typing import Literal

import attrs

from ttrpg_core.quotes.words import words

_NEGATIONS = """
not no never none nor neither without cannot nothing nobody nowhere unless except
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""Words that turn a rule around; a word that ends in "n't" does as well."""
Outcome = Literal["supported", "misattributed", "altered", "not_found"]


@attrs.frozen
class Place:
    """Where a quote is said to be from: a book by its hash, and a page of it.

    ``label`` is the printed page, or pages as "12-13"; without it ``page`` is the page's index;
    without both any page will do.
    """

    sha256: str
    label: str = ""
    page: int | None = None


@attrs.frozen
class Found:
    """Where it stands: a book, its printed page or pages, a span of the book's text, and the text.

    ``start`` and ``end`` count in :meth:`.Library.text`; ``page`` is the index of the first page.
    """

    sha256: str
    label: str
    page: int | None
    start: int
    end: int
    text: str


@attrs.frozen
class Difference:
    """Words of a quote and what stands in the book instead; either may be empty."""

    said: str
    stands: str

    @property
    def grave(self) -> bool:
        """Whether a number or a negation differs: the rule is then another one."""
        said, stands = (
            Counter(word.text for word in words(text) if is_grave(word.text))
            for text in (self.said, self.stands)
        )
        return said != stands

    @property
    def told(self) -> str:
        """What is different, in words."""
        if not self.said:
            return f"left out {self.stands!r}"
        if not self.stands:
            return f"{self.said!r} is not there"
        return f"{self.said!r} should be {self.stands!r}"


@attrs.frozen
class Verdict:
    """What became of a quote.

    "supported": every word of it stands there. "misattributed": it does, but in another book or on
    another page than was said. "altered": nearly; ``differences`` are what was changed. Else it is
    "not_found". ``similarity`` is twice the words in common over the words of both, from 0 to 1.
    ``recased`` says that capitals were changed, which is no other difference.
    """

    outcome: Outcome
    found: Found | None = None
    similarity: float = 0.0
    differences: tuple[Difference, ...] = ()
    recased: bool = False


def is_negation(word: str) -> bool:
    """Whether a word, in lower case, turns a rule around."""
    return word in NEGATIONS or word.endswith("n't")


def is_grave(word: str) -> bool:
    """Whether a word is a negation, or a number or holds one."""
    return is_negation(word) or any(char.isdigit() for char in word)
