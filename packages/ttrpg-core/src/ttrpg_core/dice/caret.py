"""Showing where in an expression an error is."""

import unicodedata

from ttrpg_core.errors import DiceError

WIDTH = 72
"""No line is wider; a longer expression is cut around the column."""

_CUT = "..."


def caret(error: DiceError) -> str:
    """Two lines: the expression, and a ``^`` under the column of the error.

    For a terminal: characters that cannot be printed become ``?``, wide characters of East Asian
    scripts count for two columns and accents for none, and a long expression is cut on both sides.
    """
    text = "".join(c if c.isprintable() else "?" for c in error.expression)
    position = min(error.position, len(text))
    room = WIDTH // 2 - len(_CUT)
    start = position
    while start > 0 and _columns(text[start - 1 : position]) <= room:
        start -= 1
    stop = position
    while stop < len(text) and _columns(text[position : stop + 1]) <= room:
        stop += 1
    before = (_CUT if start else "") + text[start:position]
    after = text[position:stop] + (_CUT if stop < len(text) else "")
    return f"{before}{after}\n{' ' * _columns(before)}^"


def _columns(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1
        for c in text
    )
