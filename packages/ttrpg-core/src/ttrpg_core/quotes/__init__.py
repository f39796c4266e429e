"""Whether a quote stands in the books, word for word, and on the page that it is said to be from.

No model is asked and nothing is guessed: a quote and a book are both read as words and numbers, so
that white space, line breaks, hyphens at the ends of lines, ligatures, kinds of quotation marks and
dashes, and case do not count; every word, number and sign does. In a quote ``...`` leaves words
out, and ``[words]`` are the quoter's own; neither may hide a "not" of the same sentence.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from ttrpg_core.library import Library
from ttrpg_core.quotes.books import BookText
from ttrpg_core.quotes.matching import Part, matches, readings
from ttrpg_core.quotes.verdict import Difference, Found, Outcome, Place, Verdict
from ttrpg_core.quotes.words import words

__all__ = ["Checker", "Difference", "Found", "Outcome", "Place", "Verdict", "check", "mark"]

LONGEST = 4000
"""Characters of a quote that are checked; what is longer is no quote."""
ALIKE = 0.6
"""How alike a text must be to a quote to be what was altered; see :attr:`Verdict.similarity`."""
_BOOKS_KEPT = 8


def check(
    quote: str,
    library: Library,
    sources: Iterable[str] | None = None,
    cited: Place | None = None,
) -> Verdict:
    """The verdict on one quote; see :class:`Checker`."""
    return Checker(library, sources).check(quote, cited)


def mark(text: str, quotes: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The spans of ``text`` that the quotes stand in, in order; overlapping ones are one."""
    told = words(text)
    spans = sorted(
        (told[first].start, told[last].end)
        for quote in quotes
        if (found := next(matches(readings(quote), told, text), None)) is not None
        for first, last in [found]
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class Checker:
    """Checks quotes against the books of ``sources`` (hashes; the whole shelf unless given).

    Keeps the texts of a few books, so that many quotes of one book cost little more than one. The
    work is bounded by the text of the books: each is read once, and only the parts that hold words
    of the quote are compared word by word.
    """

    def __init__(self, library: Library, sources: Iterable[str] | None = None) -> None:
        self._library = library
        self._sources = None if sources is None else tuple(sources)
        self._kept: OrderedDict[str, BookText] = OrderedDict()

    def check(self, quote: str, cited: Place | None = None, near: str = "") -> Verdict:
        """Whether ``quote`` stands at ``cited``, or anywhere in the sources when None.

        ``near`` is a passage of the book that is cited, where the quote is looked for first: that
        saves reading the book and changes no verdict.
        """
        ways = readings(quote) if len(quote) <= LONGEST else []
        if not ways:
            return Verdict("not_found")
        elsewhere: Found | None = None
        for sha256 in self._order(cited):
            for found in self._book(sha256).standing(ways, len(quote), cited, near):
                if cited is not None and not _is_at(found, cited):
                    elsewhere = elsewhere or found
                    continue
                if not _recased(ways[0], found):
                    return Verdict("supported", found, 1.0)
                return self._exact(ways, len(quote), cited, found)
            if elsewhere is not None:
                break
        if elsewhere is not None:
            recased = _recased(ways[0], elsewhere)
            return Verdict("misattributed", elsewhere, 1.0, recased=recased)
        return self._nearest(ways[-1], cited, len(quote))

    def _exact(
        self, ways: Sequence[Sequence[Part]], length: int, cited: Place | None, first: Found
    ) -> Verdict:
        """The verdict on a quote with other capitals than where it was found ``first``.

        It may stand elsewhere in the book with its own; only what has its words so is read.
        """
        raw = sorted(_lettered(ways[0]), key=len, reverse=True)
        for found in self._book(first.sha256).standing(ways, length, cited, written=raw):
            if not _recased(ways[0], found) and (cited is None or _is_at(found, cited)):
                return Verdict("supported", found, 1.0)
        return Verdict("supported", first, 1.0, recased=True)

    def _nearest(self, parts: Sequence[Part], cited: Place | None, length: int) -> Verdict:
        best = Verdict("not_found")
        for sha256 in self._order(cited):
            near = self._book(sha256).nearest(parts, length, cited)
            if near is not None and near.similarity > best.similarity:
                best = near
        return best if best.similarity >= ALIKE else Verdict("not_found")

    def _order(self, cited: Place | None) -> list[str]:
        """The books to look in, the one that was cited first."""
        known = self._sources
        if known is None:
            known = tuple(book.sha256 for book in self._library.books())
        first = [] if cited is None else [cited.sha256]
        return list(dict.fromkeys([*first, *known]))

    def _book(self, sha256: str) -> "BookText":
        if sha256 not in self._kept:
            self._kept[sha256] = BookText(self._library, sha256)
            if len(self._kept) > _BOOKS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]


def _recased(parts: Sequence[Part], found: Found) -> bool:
    stands = {word.raw for word in words(found.text)}
    return not _lettered(parts) <= stands


def _lettered(parts: Sequence[Part]) -> set[str]:
    """The words of a quote as it has them, but for numbers, which have no capitals."""
    return {word.raw for part in parts for word in part.words if word.raw.isalpha()}


def _is_at(found: Found, cited: Place) -> bool:
    if found.sha256 != cited.sha256:
        return False
    if not cited.label:
        return cited.page is None or cited.page == found.page
    if cited.label == found.label:
        return True
    wanted, there = _numbers(cited.label), _numbers(found.label)
    if wanted and there:
        return wanted[0] <= there[-1] and there[0] <= wanted[-1]
    return bool({cited.label, *cited.label.split("-")} & {found.label, *found.label.split("-")})


def _numbers(label: str) -> list[int]:
    """Printed pages as numbers, first and last; none where they are not plain numbers."""
    ends = label.split("-")
    return [int(end) for end in ends] if all(end.isdecimal() for end in ends) else []
