"""What a query asks for: words, phrases, what must not be there.

Two-letter terms are kept (AC, HP, DC). Only words that carry no meaning in English are left
out, and only while others remain.
"""

import re

import attrs

_PIECE = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\w+(?:[\'\u2019]\w+)*))')
_MOST_TERMS = 24
"""Terms that are looked up; a longer query is a pasted paragraph, and its start says it."""

_COMMON = """
a an and any are as at be been but by can could did do does for from get gets had has have how i if
in into is it its may me might my of on or our should so than that the their them then there they
this to was we what when where which while who why will with would you your
"""
STOP = frozenset(_COMMON.split())
"""English words left out of a query while others remain."""


@attrs.frozen
class Wanted:
    """Terms to find (words or phrases, in order, each once) and terms that must be absent."""

    terms: tuple[str, ...]
    absent: tuple[str, ...]


def understand(query: str) -> Wanted:
    """The terms of a query; empty when it holds no letter or digit."""
    terms: list[str] = []
    absent: list[str] = []
    for piece in _PIECE.finditer(query):
        raw = piece["phrase"] if piece["phrase"] is not None else piece["word"]
        words = " ".join(re.findall(r"\w+", raw.lower()))
        if words:
            (absent if piece["minus"] else terms).append(words)
    telling = [term for term in terms if term not in STOP]
    kept = telling or terms
    return Wanted(
        tuple(dict.fromkeys(kept))[:_MOST_TERMS], tuple(dict.fromkeys(absent))[:_MOST_TERMS]
    )


def expression(terms: tuple[str, ...], absent: tuple[str, ...] = ()) -> str:
    """The FTS5 query: any of the terms, none of the absent; each quoted, so no text is syntax."""
    wanted = " OR ".join(f'"{term}"' for term in terms)
    return f"({wanted})" + "".join(f' NOT "{term}"' for term in absent)
