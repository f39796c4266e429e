"""One book's text, searched for what a quote says."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from heapq import nsmallest
from itertools import pairwise

from ttrpg_core.library import Library
from ttrpg_core.quotes.matching import LEFT_OUT, Part, compared, matches, window
from ttrpg_core.quotes.verdict import Found, Place, Verdict
from ttrpg_core.quotes.words import anchors, folded, words

_BLOCK = 6000
_NEAREST_BLOCKS = 8
_ANCHORS = 8
"""Words of a quote that are looked for before all are compared, at the most."""
_FEW, _LOST = 4, 2
"""So many may be lost where there are more than a few, else one: to ligatures and the like."""
_TOLD = 200
"""Characters that a passage is found in its book by."""
_PAIRED = 60
"""Words of a quote whose neighbours are looked for, at the most."""
_LONGEST_WORD = 100


class BookText:
    """The text of a book as :meth:`.Library.text` gives it, and which page each part is on."""

    def __init__(self, library: Library, sha256: str) -> None:
        self.sha256 = sha256
        parts: list[str] = []
        self._pages: list[tuple[int, str, int | None]] = []
        length = 0
        for section in library.sections(sha256):
            for part in (section.heading, section.text):
                if part:
                    self._pages.append((length, section.label or "", section.page))
                    parts.append(part)
                    length += len(part) + 2
        self.text = "\n\n".join(parts)
        self._plain: dict[int, str] = {}

    def standing(
        self,
        ways: Sequence[Sequence[Part]],
        length: int,
        cited: Place | None = None,
        near: str = "",
        written: Sequence[str] = (),
    ) -> Iterator[Found]:
        """Each place that the quote stands in: where it is cited first, then as the book goes.

        The passage ``near``, where it is found in the book, comes before the page that is cited.
        Only parts of the book are looked at that have all of ``written``, letter by letter.
        """
        probes = anchors([word.text for part in ways[-1] for word in part.words], _ANCHORS)
        enough = len(probes) - _LOST if len(probes) > _FEW else max(1, len(probes) - 1)
        seen = set()
        first = self.text.find(near[:_TOLD]) if near else -1
        if first < 0:
            first = self.place_of(cited)
        for start, end, plain in self._blocks(length, first, written):
            if _met(probes, plain) < enough:
                continue
            block = self.text[start:end]
            told = words(block)
            for first, last in matches(ways, told, block):
                span = (start + told[first].start, start + told[last].end)
                if span not in seen:
                    seen.add(span)
                    yield self._found(*span)

    def nearest(
        self, parts: Sequence[Part], length: int, cited: Place | None = None
    ) -> Verdict | None:
        """What is most like the quote in this book; of equals what stands where it is cited."""
        said = [word for part in parts for word in part.words]
        probes = [
            *anchors([word.text for word in said], 8),
            # What stands side by side tells more than words that any page may have.
            *(f"{one.text} {two.text}" for one, two in pairwise(said[:_PAIRED])),
        ]
        blocks = [
            (-have, start, end)
            for start, end, plain in self._blocks(length)
            if (have := _met(probes, plain))
        ]
        likely = nsmallest(_NEAREST_BLOCKS, blocks)
        if at := self.place_of(cited):
            likely = [(0, at, _edge(self.text, at + _BLOCK)), *likely]
        best: Verdict | None = None
        for _, start, end in likely:
            told = words(self.text[start:end])
            run = window(said, told)
            if run is None:
                continue
            first, last = run
            similarity, differences = compared(said, told[first : last + 1], parts)
            if best is None or similarity > best.similarity:
                found = self._found(start + told[first].start, start + told[last].end)
                best = Verdict("altered", found, similarity, differences)
        return best

    @cached_property
    def _begins(self) -> list[int]:
        """Where the parts of equal size begin that the text is looked at in."""
        return list(dict.fromkeys(_edge(self.text, at) for at in range(0, len(self.text), _BLOCK)))

    def _folded(self, number: int) -> str:
        """A part, folded once, as that is what costs most; with the first words of the next."""
        if number not in self._plain:
            begins = self._begins
            end = begins[number + 1] if number + 1 < len(begins) else len(self.text)
            self._plain[number] = folded(self.text[begins[number] : end + 2 * _LONGEST_WORD])
        return self._plain[number]

    def _blocks(
        self, length: int, first: int = 0, written: Sequence[str] = ()
    ) -> Iterator[tuple[int, int, list[str]]]:
        """Overlapping parts, long enough for a quote: start, end, and their text folded.

        Those that the place ``first`` is in come before all others; those that lack one of
        ``written`` are left out, before they are folded, which is what costs.
        """
        size = _BLOCK + 2 * length + LEFT_OUT + 200
        begins = self._begins
        order = sorted(range(len(begins)), key=lambda n: not begins[n] <= first < begins[n] + size)
        for number in order:
            end = begins[number] + size
            parts = range(number, bisect_left(begins, end))
            until = _edge(self.text, end)
            if all(self.text.find(word, begins[number], until) >= 0 for word in written):
                yield begins[number], until, [self._folded(n) for n in parts]

    def place_of(self, cited: Place | None) -> int:
        """Where a page begins, as near as is known; 0 for none."""
        if cited is None:
            return 0
        label = cited.label.partition("-")[0]
        places = (
            at
            for at, printed, page in self._pages
            if (cited.page is not None and page == cited.page) or (label and printed == label)
        )
        return next(places, 0)

    def _found(self, start: int, end: int) -> Found:
        first, page = self._page(start)
        last, _ = self._page(end - 1)
        label = first if first == last or not last else f"{first}-{last}" if first else last
        return Found(self.sha256, label, page, start, end, self.text[start:end])

    def _page(self, position: int) -> tuple[str, int | None]:
        index = bisect_right(self._pages, position, key=lambda each: each[0]) - 1
        return self._pages[index][1:]


def _met(probes: Iterable[str], plain: Iterable[str]) -> int:
    """How many of the probes stand in any of the parts."""
    return sum(any(probe in each for each in plain) for probe in probes)


def _edge(text: str, at: int) -> int:
    """The beginning of the word that a place in a text is in."""
    if at >= len(text):
        return len(text)
    begin = at
    while begin and not text[begin - 1].isspace() and at - begin < _LONGEST_WORD:
        begin -= 1
    return begin
