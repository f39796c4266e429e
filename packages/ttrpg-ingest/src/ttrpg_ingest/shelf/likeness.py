"""Whether two contents are the same book in two formats.

A sketch of each text is kept: the 128 smallest hashes of pairs of long words that follow each
other. The share that two sketches have in common estimates the share of such pairs that the texts
have in common (bottom-k sampling: A. Broder, "On the resemblance and containment of documents",
1997). Long words alone, as page furniture, hyphens and lost spaces hardly touch them.
"""

import re
import zlib
from collections.abc import Iterable

from ttrpg_core.documents import Section

SIZE = 128
"""Hashes in a sketch."""
LEAST = 40
"""Pairs of long words that a text must have to be told from another."""
SAME = 0.5
"""Likeness from which two texts are the same book."""
_LONG_WORD = re.compile(r"[^\W\d_]{7,}")


def sketch(sections: Iterable[Section]) -> str:
    """The sketch of a text, in hexadecimal; "" for one that is too short to be told apart."""
    pairs: set[int] = set()
    before = ""
    for section in sections:
        for word in _LONG_WORD.findall(section.text.lower()):
            pairs.add(zlib.crc32(f"{before} {word}".encode()))
            before = word
    if len(pairs) < LEAST:
        return ""
    return "".join(f"{each:08x}" for each in sorted(pairs)[:SIZE])


def likeness(first: str, second: str) -> float:
    """The share of pairs that two texts have in common, from 0 to 1."""
    left, right = _hashes(first), _hashes(second)
    if not left or not right:
        return 0.0
    size = min(SIZE, max(len(left), len(right)))
    smallest = sorted(left | right)[:size]
    return len(left & right & set(smallest)) / len(smallest)


def _hashes(stored: str) -> set[str]:
    return {stored[at : at + 8] for at in range(0, len(stored), 8)}
