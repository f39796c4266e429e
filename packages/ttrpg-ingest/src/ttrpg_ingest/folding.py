"""Letters and lines as they come out of a file, folded into clean paragraphs.

A PDF says where ink goes, not what a word is: spaces come as tabs, carriage returns and no-break
spaces, hyphens as three code points in a row, "fi" as one. A search for "finesse" must find it all
the same, so everything is folded once, here, before anything is kept.
"""

import re
import unicodedata
from collections.abc import Iterable

_HYPHENS = re.compile(
    "[-\u2010\u2011]?\u00ad[\u00ad\u2010\u2011-]+|[-\u2010\u2011]\u00ad|[\u2010\u2011]"
)
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]"
)
_BROKEN_WORD = re.compile(r"[^\W\d_]-\Z")
_ENDED = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*\Z")


def fold(text: str) -> str:
    """One line of clean text: single spaces, plain hyphens, no ligatures or control characters.

    A soft hyphen at the very end is kept as a hyphen that says "the word goes on": ``-``; a real
    hyphen there is kept as U+2011, so that :func:`join` can tell the two apart.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", text.translate(_LIGATURES))
    text = " ".join(text.split())
    text = _UNPRINTABLE.sub("", text)
    text = _HYPHENS.sub("\u2011", text)
    if text.endswith("\u00ad"):
        text = text[:-1].rstrip("\u00ad") + "-"
    text = text.replace("\u00ad", "")
    return text[:-1].replace("\u2011", "-") + text[-1:] if text else text


def join(first: str, second: str) -> str:
    """Two lines of a paragraph as one, with a word that was broken at the line's end mended."""
    if not first or not second:
        return first or second
    if first.endswith("\u2011"):
        return first[:-1] + "-" + second
    if _BROKEN_WORD.search(first):
        if second[0].islower():
            return first[:-1] + second
        return first + second
    return f"{first} {second}"


def joined(lines: Iterable[str]) -> str:
    """Folded lines as one paragraph."""
    whole = ""
    for line in lines:
        whole = join(whole, line)
    return whole.replace("\u2011", "-")


def ended(text: str) -> bool:
    """Whether a sentence is complete at the end of this text."""
    return bool(_ENDED.search(text))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a section's text."""
    return [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
