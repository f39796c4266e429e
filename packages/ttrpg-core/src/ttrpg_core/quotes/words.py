"""A text as the words, numbers and signs that count when a quote is compared with its source."""

import re
import unicodedata
from collections.abc import Iterable

import attrs

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W\d_{_IDEOGRAPHS}]"
_INSIDE = r"[\u0300-\u036f\u00ad]"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212-"
_WORD = re.compile(
    rf"(?P<word>{_LETTER}(?:{_LETTER}|{_INSIDE})*(?:['\u2019]{_LETTER}+)*)"
    r"|(?P<sign>(?:(?<=[\w)])[ \u00a0]?)?\+[ \u00a0]?(?=\d)"
    rf"|(?<=[\d)])[ \u00a0]?[{_DASHES}][ \u00a0]?(?=\d)|(?<!\w)[{_DASHES}](?=\d))?"
    r"(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<other>[{_IDEOGRAPHS}%])"
)
_BREAK = re.compile(rf"[\u00ad{_DASHES}][ \t]*\r?\n\s*")
_BROKEN = re.compile(rf"(?<=\w){_BREAK.pattern}(?=\w)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PLAIN = str.maketrans({"\u2019": "'", "\u00ad": None})


@attrs.frozen
class Word:
    """A word or number with its sign: as it is compared, as it is written, and where it stands.

    ``broken`` says that a hyphen at the end of a line follows, so it may be half a word.
    """

    text: str
    raw: str
    start: int
    end: int
    broken: bool = False


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    found: list[Word] = []
    for each in _WORD.finditer(text):
        raw = each[0]
        start, end = each.span()
        if each["word"]:
            broken = bool(_BREAK.match(text, end))
            told = raw if raw.isascii() else unicodedata.normalize("NFKC", raw.translate(_PLAIN))
            halves = told.casefold().split("\u2044")  # the bar of a fraction such as one half
            found.extend(Word(half, raw, start, end, broken) for half in halves)
        elif each["number"]:
            number = unicodedata.normalize("NFKC", each["number"])
            if _THOUSANDS.fullmatch(number):
                number = number.replace(",", "")
            sign = (each["sign"] or "").strip()
            told = ("" if not sign else "+" if sign == "+" else "-") + number
            found.append(Word(told, raw.strip(), start + len(raw) - len(raw.lstrip()), end))
        else:
            found.append(Word(unicodedata.normalize("NFKC", raw), raw, start, end))
    return found


def folded(text: str) -> str:
    """A text in which a word of :func:`words` is found by ``in``, even one broken at a line's end.

    The broken words stand joined behind the text.
    """
    plain = text.translate(_PLAIN)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    plain = plain.casefold()
    if _BROKEN.search(plain):
        return plain + "\n" + _BROKEN.sub("", plain)
    return plain


def anchors(told: Iterable[str], most: int = 3) -> list[str]:
    """The words to look for first: the longest, which are the rarest; letters alone."""
    distinct = dict.fromkeys(told)
    letters = [word for word in distinct if word.isalpha()] or [
        word.lstrip("+-") for word in distinct
    ]
    return sorted(letters, key=lambda word: -len(word))[:most]
