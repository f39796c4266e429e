"""What a detector answers, and the plain text that detectors read."""

import re
from collections.abc import Mapping

import attrs

from ttrpg_core.documents import Fact, Kind

LEAST = 0.6
"""The confidence from which a kind counts."""
HEAD = 2400
"""Characters at the beginning of an entry that detectors look at."""
_MARKS = re.compile(r"\*+|__+|(?<!\w)_|_(?!\w)|`|\\(?=[\W_])|^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-\u2022*+][ \t]+(?=\S)", re.MULTILINE)
_SIGNS = {0x2212: "-", 0x2010: "-", 0x2011: "-", 0xAD: None}
"""A minus and other hyphens as "-"; soft hyphens are no letters."""
_BREAKS = re.compile(r"<br ?/?>", re.IGNORECASE)


@attrs.frozen
class Found:
    """A kind, how sure it is from 0 to 1, and the facts parsed with it."""

    kind: Kind
    confidence: float
    fields: Mapping[str, Fact] = attrs.field(factory=dict, hash=False)


def plain(text: str) -> str:
    """A text without Markdown's emphasis, quotation and bullets; lines stay lines."""
    if "<br" in text:
        text = _BREAKS.sub("\n", text)
    if "*" in text or "_" in text or ">" in text or "`" in text or "\\" in text:
        text = _MARKS.sub("", text)
    text = _BULLET.sub("", text)
    return text if text.isascii() else text.translate(_SIGNS)


def number(text: str) -> float | None:
    """A number as rules write it: "1,800", "1/4", a sign for a half; None for anything else."""
    text = text.strip().replace(",", "")
    signs = {"\u00bd": 0.5, "\u00bc": 0.25, "\u215b": 0.125, "\u2153": 1 / 3}
    if text in signs:
        return signs[text]
    above, slash, below = text.partition("/")
    try:
        value = float(above) / float(below) if slash else float(text)
    except (ValueError, ZeroDivisionError):
        return None
    return int(value) if value.is_integer() else value
