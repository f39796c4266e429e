"""Names of things that only some books have: a question about one is answered by such a book.

"Silvery barbs" is two words that the rules have in many places, and no ranking tells that together
they are a spell of another book. Players know; what they ask for by name is a list that is shipped.
A name that a book on the shelf has, however it is written there, says nothing.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ttrpg_search.keyword.texts import Texts
from ttrpg_search.keyword.tokens import words

_LIST = Path(__file__).parent.parent / "language" / "elsewhere.txt"


def missing(text: str, texts: Texts) -> str:
    """A name in the question that is in no book, the longest; "" where there is none."""
    return next((name for name in named(words(text)) if not texts.with_phrase(name)), "")


def named(said: list[str]) -> Iterator[str]:
    """The names that stand in a question's words, the longest first."""
    known = _names()
    return (run for run in _runs(said) if run in known)


def _runs(said: list[str]) -> Iterator[str]:
    """The words in a row, the longest runs first."""
    for size in range(min(_longest(), len(said)), 0, -1):
        for start in range(len(said) - size + 1):
            yield " ".join(said[start : start + size])


@cache
def _names() -> frozenset[str]:
    lines = _LIST.read_text("utf-8").splitlines()
    return frozenset(name for line in lines if line[:1] != "#" for name in line.split("; "))


@cache
def _longest() -> int:
    return max(len(name.split()) for name in _names())
