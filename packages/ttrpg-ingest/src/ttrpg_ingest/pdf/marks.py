"""Bullets: whatever letter of a symbol font a program draws for one, it is read as one."""

from collections.abc import Iterable, Iterator

import attrs

from ttrpg_ingest.pdf.ink import Word

_DINGBATS = frozenset(
    "\uf0b7\uf0a7\uf076\uf0d8\uf0fc\uf02d\u25aa\u25ab\u25a0\u25cf\u25e6\u2023\u2043\u2219\u00b7"
    "\u27a2\u2756\u2666\u25c6\u2765\u2767\u2619"
)
_SYMBOLS = ("symbol", "wingding", "dingbat", "webding")


def with_marks(words: Iterable[Word]) -> Iterator[Word]:
    """The words, each dingbat that stands alone as a bullet."""
    for word in words:
        if len(word.text) == 1 and not word.text.isalnum() and _mark(word):
            yield attrs.evolve(word, text="\u2022")
        else:
            yield word


def _mark(word: Word) -> bool:
    return word.text in _DINGBATS or any(name in word.face.name.lower() for name in _SYMBOLS)
