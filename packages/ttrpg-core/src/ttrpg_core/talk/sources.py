"""Passages of books as a model is given them: numbered, named, and fenced.

Whoever wrote a book did not write it for us: a passage may hold words that look like orders, or
like the end of the passage. So each stands between two lines with a word that stands nowhere in
what is fenced, and what could be taken for such a line is blunted besides. What a passage says is
then text of a book, whatever it says.
"""

import hashlib
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ttrpg_core.library import Book
from ttrpg_core.quotes import Place
from ttrpg_core.search import Hit

WORD = 12
"""Letters of the word that fences are told by."""
_TAG = re.compile(r"<(?=\s*/?\s*source\b)", re.IGNORECASE)
_BLUNT = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_JOINERS = "\u200c\u200d"
"""Of what is invisible, what some scripts cannot be written without."""


@attrs.frozen
class Passage:
    """One passage: ``number`` is what it is cited by, from 1.

    ``label`` is its printed page or pages, "" without any; ``page`` the index of the first.
    """

    number: int
    sha256: str
    title: str
    path: tuple[str, ...]
    label: str
    page: int | None
    text: str

    @property
    def place(self) -> Place:
        """Where its words are said to stand."""
        return Place(self.sha256, self.label, self.page)

    @property
    def paged(self) -> bool:
        """Whether its place is narrower than the whole book."""
        return bool(self.label) or self.page is not None

    @property
    def where(self) -> str:
        """Its printed page, "" where it has none: ``p. 12``, ``pp. 12-13``."""
        return printed(self.label)


def printed(label: str) -> str:
    """A printed page or pages, as they are written: ``p. 12``, ``pp. 12-13``."""
    return f"{'pp.' if '-' in label else 'p.'} {label}" if label else ""


def passages(hits: Iterable[Hit], books: Mapping[str, Book], most: int) -> tuple[Passage, ...]:
    """The hits as passages, best first, until they have ``most`` characters; at least one.

    ``books`` are those of the hits, by their hash; a hit of another is left out.
    """
    found: list[Passage] = []
    size = 0
    for hit in hits:
        chunk = hit.chunk
        if chunk.sha256 not in books:
            continue
        size += len(chunk.text)
        if found and size > most:
            break
        title = books[chunk.sha256].title
        path = chunk.path or ((chunk.heading,) if chunk.heading else ())
        found.append(
            Passage(
                len(found) + 1,
                chunk.sha256,
                title,
                path,
                chunk.label,
                chunk.first_page,
                chunk.text,
            )
        )
    return tuple(found)


def fenced(given: Sequence[Passage], *others: str) -> tuple[str, str]:
    """The passages between their fences, and the word of these.

    ``others`` are texts that will stand beside them, and do not have the word either.
    """
    told = [_inside(passage) for passage in given]
    word = _absent([*told, *map(str.casefold, others)])
    return (
        "\n\n".join(
            f"<source {passage.number} {word}>\n{inside}\n</source {passage.number} {word}>"
            for passage, inside in zip(given, told, strict=True)
        ),
        word,
    )


def plain(text: str) -> str:
    """A text of a book without what cannot be seen, which a model reads all the same."""
    kept = (
        char
        for char in text.replace("\r\n", "\n").replace("\r", "\n")
        if char in "\n\t" or char in _JOINERS or not _is_hidden(char)
    )
    return _TAG.sub(_BLUNT, "".join(kept))


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _inside(passage: Passage) -> str:
    named = {
        "book": passage.title,
        "section": " > ".join(passage.path),
        "printed page": passage.label,
    }
    lines = [
        f"{name}: {json.dumps(plain(value), ensure_ascii=False)}"
        for name, value in named.items()
        if value
    ]
    return "\n".join([*lines, "text:", plain(passage.text)])


def _absent(texts: Sequence[str]) -> str:
    """A word that stands in none of the texts, the same for the same texts."""
    for attempt in itertools.count():
        seed = "\0".join([str(attempt), *texts]).encode("utf-8", "replace")
        word = hashlib.sha256(seed).hexdigest()[:WORD]
        if not any(word in text.casefold() for text in texts):
            return word
    raise AssertionError  # itertools.count does not end
