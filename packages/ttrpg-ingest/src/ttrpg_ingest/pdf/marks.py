"""Bullets and icons: a letter of a symbol font is a bullet, an icon without a meaning is no text.

Programs draw both with letters of fonts of their own. "Private use" is what such a letter is called
where nothing says what it means: it cannot be searched or shown, and in a heading it would make
"Smith" and an hourglass a title that nobody writes.
"""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_ingest.pdf.ink import Word

_DINGBATS = frozenset(
    "\uf0b7\uf0a7\uf076\uf0d8\uf0fc\uf02d\u25aa\u25ab\u25a0\u25cf\u25e6\u2023\u2043\u2219\u00b7"
    "\u27a2\u2756\u2666\u25c6\u2765\u2767\u2619"
)
_PRIVATE = frozenset(map(chr, range(0xE000, 0xF900)))
_ICONS = 3
"""Private letters that make a word at the most: more are a font whose letters nobody can tell."""
_SYMBOLS = ("symbol", "wingding", "dingbat", "webding")


def with_marks(words: Iterable[Word]) -> Iterator[Word]:
    """The words, each dingbat that stands alone as a bullet, and those that are icons left out."""
    for word in words:
        text = word.text
        if len(text) == 1 and not text.isalnum() and _mark(word):
            yield attrs.evolve(word, text="\u2022")
        elif len(text) > _ICONS or not all(char in _PRIVATE for char in text):
            yield word


def _mark(word: Word) -> bool:
    return word.text in _DINGBATS or any(name in word.face.name.lower() for name in _SYMBOLS)
