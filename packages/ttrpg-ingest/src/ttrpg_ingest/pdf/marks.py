"""Bullets, icons and the numbers on a map: letters that are no words of the text beside them.

Programs draw bullets and icons with letters of fonts of their own. "Private use" is what such a
letter is called where nothing says what it means: it cannot be searched or shown, and in a heading
it would make "Smith" and an hourglass a title that nobody writes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import attrs

from ttrpg_ingest.pdf.ink import Face, Word
from ttrpg_ingest.pdf.lines import Span

_DINGBATS = frozenset(
    "\uf0b7\uf0a7\uf076\uf0d8\uf0fc\uf02d\u25aa\u25ab\u25a0\u25cf\u25e6\u2023\u2043\u2219\u00b7"
    "\u27a2\u2756\u2666\u25c6\u2765\u2767\u2619"
)
_PRIVATE = frozenset(map(chr, range(0xE000, 0xF900)))
_ICONS = 3
"""Private letters that make a word at the most: more are a font whose letters nobody can tell."""
_KEY = re.compile(r"\d{1,3}[a-z]?|[A-Za-z]\d?")
FEWEST_KEYS = 4
"""Keys of a map, at the least."""
FEWEST_CELLS, SLACK = 2, 2.0
"""Cells beside or under each other that no map has, and points by which they may differ."""
MOST_KEYS = 300
"""Keys of one map that are looked at."""
ALIGNED = 0.5
"""The share of keys under or beside two others from which they are the cells of a table."""
_SYMBOLS = ("symbol", "wingding", "dingbat", "webding")


def with_marks(words: Iterable[Word]) -> Iterator[Word]:
    """The words, each dingbat that stands alone as a bullet, and those that are icons left out."""
    for word in words:
        text = word.text
        if len(text) > _ICONS or text.isalnum():
            yield word
        elif len(text) == 1 and _mark(word):
            yield attrs.evolve(word, text="\u2022")
        elif not all(char in _PRIVATE for char in text):
            yield word


def _mark(word: Word) -> bool:
    return word.text in _DINGBATS or any(name in word.face.name.lower() for name in _SYMBOLS)


def keys_of_a_map(spans: Sequence[Span]) -> list[Span]:
    """The numbers and letters that stand here and there on a map, in letters of their own.

    They are no words of the lines that they happen to stand beside: a face in which a page has
    nothing longer, neither in columns nor in rows.
    """
    faces: dict[tuple[Face, int], list[Span]] = defaultdict(list)
    for span in spans:
        if span.single:
            faces[span.words[0].face, round(span.size)].append(span)
    found: list[Span] = []
    for alike in faces.values():
        short = all(_KEY.fullmatch(span.text) for span in alike)
        if not short or not FEWEST_KEYS <= len(alike) <= MOST_KEYS:
            continue
        in_line = sum(
            sum(abs(span.x0 - other.x0) < SLACK for other in alike) > FEWEST_CELLS
            or sum(abs(span.y - other.y) < SLACK for other in alike) > FEWEST_CELLS
            for span in alike
        )
        if in_line < ALIGNED * len(alike):
            found += alike
    return found
