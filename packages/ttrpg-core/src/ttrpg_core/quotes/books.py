"""One book's text, searched for what a quote says."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ttrpg_core.library import Library
from ttrpg_core.quotes.matching import LEFT_OUT, Part, compared, matches, window
from ttrpg_core.quotes.verdict import Found, Verdict
from ttrpg_core.quotes.words import anchors, folded, words

_BLOCK = 6000
_NEAREST_BLOCKS = 24
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

    def standing(self, ways: Sequence[Sequence[Part]], length: int) -> Iterator[Found]:
        """Each place that the quote stands in, in the order of the book."""
        probes = anchors([word.text for part in ways[-1] for word in part.words])
        seen = set()
        for start, block, have in self._blocks(probes, length):
            if have < max(1, len(probes) - 1):
                continue
            told = words(block)
            for first, last in matches(ways, told, block):
                span = (start + told[first].start, start + told[last].end)
                if span not in seen:
                    seen.add(span)
                    yield self._found(*span)

    def nearest(self, parts: Sequence[Part], length: int) -> Verdict | None:
        """What is most like the quote in this book."""
        said = [word for part in parts for word in part.words]
        probes = anchors([word.text for word in said], 8)
        blocks = [each for each in self._blocks(probes, length) if each[2]]
        blocks.sort(key=lambda each: (-each[2], each[0]))
        best: Verdict | None = None
        for start, block, _ in blocks[:_NEAREST_BLOCKS]:
            told = words(block)
            run = window(said, told)
            if run is None:
                continue
            first, last = run
            similarity, differences = compared(said, told[first : last + 1], parts)
            if best is None or similarity > best.similarity:
                found = self._found(start + told[first].start, start + told[last].end)
                best = Verdict("altered", found, similarity, differences)
        return best

    def _blocks(self, probes: Sequence[str], length: int) -> Iterator[tuple[int, str, int]]:
        """Overlapping parts of the text, each with how many probes it has."""
        overlap = 2 * length + LEFT_OUT + 200
        size = _BLOCK + overlap
        for start in range(0, max(1, len(self.text) - overlap), _BLOCK):
            begin = _edge(self.text, start)
            block = self.text[begin : _edge(self.text, start + size)]
            plain = folded(block)
            yield begin, block, sum(probe in plain for probe in probes)

    def _found(self, start: int, end: int) -> Found:
        first, page = self._page(start)
        last, _ = self._page(end - 1)
        label = first if first == last or not last else f"{first}-{last}" if first else last
        return Found(self.sha256, label, page, start, end, self.text[start:end])

    def _page(self, position: int) -> tuple[str, int | None]:
        index = bisect_right(self._pages, position, key=lambda each: each[0]) - 1
        return self._pages[index][1:]


def _edge(text: str, at: int) -> int:
    """The beginning of the word that a place in a text is in."""
    if at >= len(text):
        return len(text)
    begin = at
    while begin and not text[begin - 1].isspace() and at - begin < _LONGEST_WORD:
        begin -= 1
    return begin
