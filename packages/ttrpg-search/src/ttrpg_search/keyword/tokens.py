"""Text to words and stems: the one way for the index, for questions and for marks."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from ttrpg_search.keyword.stemming import stem

WORD = re.compile(r"[^\W_]+(?:['\u2019\u02bc][^\W_]+)*")
"""A word: letters and digits, with apostrophes inside."""

_COMMON = """
a about am an and any are as at be been being but by can could did do does doing done for from get
gets getting got had has have he her hers him his how i if im in into is it its ive
just lets like may me might mine must my need of on onto or our ours really shall
she should so some somebody someone something still such than that thats the their theirs them then
there theres these they thing things this those though to too u us very want was we were what whats
when where wheres which while who whom whose why will with would you your yours
explain happen happens happening rule rules tell work works working
"""
STOP = frozenset(_COMMON.split())
"""English words left out of a question while others remain."""


def fold(word: str) -> str:
    """A word in lower case, without accents and without its apostrophe: "Hunter's" is "hunter"."""
    word = word.lower()
    if word.isascii():
        if "'" not in word:
            return word
    else:
        word = unicodedata.normalize("NFKD", re.sub("[\u2019\u02bc]", "'", word))
        word = "".join(letter for letter in word if not unicodedata.combining(letter))
    word = word.removesuffix("'s")
    return "".join(letter for letter in word if letter.isalnum())


def words(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return [folded for found in WORD.findall(text) if (folded := fold(found))]


def joined(text: str) -> str:
    """The stems of a text as one string, a space on either side of each."""
    return f" {' '.join(stems(text))} "


def telling(text: str) -> list[str]:
    """The words of a text that say something; all of them when none does."""
    every = words(text)
    return [word for word in every if word not in STOP] or every


class _Stems(dict[str, str]):
    """Words as they stand in texts, with their stems ("" for what is none), kept once made."""

    def __missing__(self, word: str) -> str:
        folded = fold(word)
        found = self[word] = stem(folded) if folded else ""
        return found


_known = _Stems()
_MOST_KNOWN = 100_000


def known_stem(word: str) -> str:
    """The stem of a word as it stands in a text."""
    _bound()
    return _known[word]


def stems(text: str) -> list[str]:
    """The stems of a text, in order."""
    return stemmed(WORD.findall(text))


@lru_cache(maxsize=8192)
def stems_of(text: str) -> tuple[str, ...]:
    """The stems of a word or two that are asked for again and again."""
    return tuple(stems(text))


def stemmed(said: Iterable[str]) -> list[str]:
    """The stems of words as they stand in a text, in order."""
    _bound()
    return list(filter(None, map(_known.__getitem__, said)))


def _bound() -> None:
    if len(_known) > _MOST_KNOWN:
        _known.clear()
