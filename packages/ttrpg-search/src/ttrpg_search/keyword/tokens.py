"""Text to words and stems: the one way for the index, for questions and for marks."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

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
"""
STOP = frozenset(_COMMON.split())
"""English words left out of a question while others remain."""

_OWN = frozenset(f"{mark}s" for mark in "'\u2019\u02bc")


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


def stems(text: str) -> list[str]:
    """The stems of a text, in order."""
    return [stem(word) for word in words(text)]


def joined(text: str) -> str:
    """The stems of a text as one string, a space on either side of each."""
    return f" {' '.join(stems(text))} "


def telling(text: str) -> list[str]:
    """The words of a text that say something; all of them when none does."""
    every = words(text)
    return [word for word in every if word not in STOP] or every


def known_stem(word: str) -> str:
    """The stem of a word as it stands in a text; "" for what is none. Kept for the next time."""
    found = _known.get(word)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        folded = fold(word)
        found = _known[word] = stem(folded) if folded else ""
    return found


def spanned(
    text: str, said: Sequence[str], wanted: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The spans of runs of words, from the first to the last of each, without an ending 's.

    ``said`` are the words of the text, all of them, as WORD finds them; the runs are in order.
    """
    at = place = 0
    for first, last in wanted:
        start = at
        while place <= last:
            at = text.index(said[place], at)
            if place == first:
                start = at
            at += len(said[place])
            place += 1
        yield start, at - 2 * (said[last][-2:].lower() in _OWN)


_known: dict[str, str] = {}
_MOST_KNOWN = 50_000
