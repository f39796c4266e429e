"""Which lines of a PDF are headings, learnt from its fonts.

The body is the size and face that most letters of a sample have; a heading is larger, or as large
and in a bold or rare face on a short line of its own. The sample is a fixed set of pages, whatever
page reading starts at, so an interrupted reading goes on with the same levels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs

from ttrpg_ingest.edges import masked
from ttrpg_ingest.folding import ended
from ttrpg_ingest.pdf.ink import Face
from ttrpg_ingest.pdf.lines import Line

RATIOS = ((2.3, 1), (1.7, 2), (1.35, 3), (1.16, 4))
"""Size over body size, and the level of such a heading."""
LOWEST = 5
"""The level of a heading that stands out by its face more than by its size."""
LARGER, SMALLER = 1.06, 0.97
"""Size over body size, between which a line is as large as the body."""
FEWEST_LETTERS = 2
"""Letters that a heading has: a drop capital is none."""
LONGEST, LONGEST_LABEL, MOST_WORDS = 120, 50, 7
"""Characters of a heading; characters and words of one that is no larger than the body."""
FEWEST_COLUMNS, LONGEST_COLUMN = 3, 4
"""Words in capitals, of so many letters, that make the head of a table."""
RARE = 0.05
"""The share of the words below which a face is rare."""
FULL = 20
"""Characters that a line has at the least to tell how wide the text is set."""
RUNNING = 100
"""Characters of a running line."""

_EDGE = 0.14
"""The part of a page, at the top and at the bottom, in which running lines stand."""


def sample(total: int, most: int = 24) -> list[int]:
    """Up to ``most`` page indexes, in runs of three spread over the book.

    Runs, because a running head changes with the chapter and with odd and even pages.
    """
    if total <= most:
        return list(range(total))
    runs = most // 3
    starts = [round(n * (total - 3) / (runs - 1)) for n in range(runs)]
    return sorted({start + n for start in starts for n in range(3)})


@attrs.frozen
class Page:
    """The lines of a page as they stand, whatever its columns, its height and its gutters."""

    lines: tuple[Line, ...]
    height: float
    gutters: tuple[float, ...] = ()


@attrs.frozen
class Style:
    """What the sample says: the body, faces that stand out, and what repeats at an edge.

    ``leading`` is the distance of two lines in points, ``width`` that of a full line in characters.
    ``repeated`` are lines at an edge that come back with other numbers, ``steady`` those that come
    back as they are on the next pages: a running head may, and "Chapter 2" after "Chapter 1" not.
    """

    size: float
    face: Face
    leading: float
    width: int
    loud: frozenset[Face]
    repeated: frozenset[tuple[str, int]]
    steady: frozenset[tuple[str, int]]
    gutters: tuple[float, ...] = ()

    @classmethod
    def learnt(cls, pages: Mapping[int, Page]) -> "Style":
        """The style of a book from its sample pages."""
        words: Counter[tuple[float, Face]] = Counter()
        for page in pages.values():
            for line in page.lines:
                words[_half(line.size), line.face] += len(line.words)
        size, face = _body(words)
        inside = [
            line
            for page in pages.values()
            for line in page.lines
            if _half(line.size) == size and not at_edge(line, page)
        ]
        exact = Counter(line.size for line in inside)
        gaps = Counter(gap for page in pages.values() for gap in _gaps(page.lines))
        widths = sorted(width for width in (len(line.text) for line in inside) if width > FULL)
        return cls(
            size=exact.most_common(1)[0][0] if exact else size,
            face=face,
            leading=gaps.most_common(1)[0][0] if gaps else 1.2 * size,
            width=widths[len(widths) * 3 // 4] if widths else 0,
            loud=_loud(words, face),
            repeated=_repeated(pages),
            steady=_steady(pages),
            gutters=_gutters(pages),
        )

    def level(self, line: Line) -> int:
        """The level of a line as a heading by its letters alone; 0 when it is text."""
        text = line.text
        if not line.whole or not _reads_like_a_heading(text):
            return 0
        ratio = line.size / self.size
        level = next((level for least, level in RATIOS if ratio >= least), 0)
        if level or line.face not in self.loud:
            return level
        if any(word.face != line.face for word in line.words):
            return 0  # the label of a line that goes on in the face of the text
        if ratio >= LARGER or (ratio >= SMALLER and _label_like(line, text)):
            return LOWEST
        return 0

    def stands_out(self, line: Line) -> bool:
        """Whether a line is larger than the body or in another face, all of it."""
        return line.whole and (line.size > LARGER * self.size or line.face != self.face)

    def needs_room(self, line: Line) -> bool:
        """Whether a heading stands out so little that it must also have space above it."""
        return line.size < LARGER * self.size

    def running(self, line: Line, page: Page) -> bool:
        """Whether a line at an edge is a running head or foot, or a page number."""
        if not at_edge(line, page):
            return False
        text = line.text
        if text.isdigit() or (text, _height(line)) in self.steady:
            return True
        if not self.level(line) and _edge_key(line) in self.repeated:
            return True
        if (
            line.size >= 1.16 * self.size
            or len(text) > RUNNING
            or not _alone(line, page, self.leading)
        ):
            return False
        return text[0].isdigit() or text[-1].isdigit() or not self.level(line)

    def labelled(self, line: Line) -> bool:
        """Whether a line of text begins with a label in bold: "Armor Class 17", "12 Orc guard"."""
        return (
            line.lead.bold
            and (line.text[:1].isupper() or line.text[:1].isdigit())
            and not all(word.face.bold for word in line.words)
        )


def _reads_like_a_heading(text: str) -> bool:
    """Whether it has letters enough, begins with a capital or figure and is no long sentence."""
    letters = sum(map(str.isalpha, text))
    if (
        letters < FEWEST_LETTERS
        or len(text) > LONGEST
        or letters < 0.4 * len(text.replace(" ", ""))
    ):
        return False
    first = next(char for char in text if char.isalnum())
    return not first.islower() and not (text.endswith(".") and len(text) > LONGEST_LABEL)


def _label_like(line: Line, text: str) -> bool:
    """Whether a line as large as the body is a heading: a few words that are no table's head."""
    words = text.split()
    if len(line.spans) > 1 or ended(text) or text.endswith(","):
        return False
    if len(words) >= FEWEST_COLUMNS and all(
        len(word) <= LONGEST_COLUMN and word.isupper() for word in words
    ):
        return False  # such as STR DEX CON
    return len(text) <= LONGEST_LABEL and len(words) <= MOST_WORDS


def _half(size: float) -> float:
    """A size to half a point: programs scale the same letters by a hair."""
    return round(size * 2) / 2


def _body(words: Counter[tuple[float, Face]]) -> tuple[float, Face]:
    """The size that most words are in, and the face that most of those are in."""
    sizes: Counter[float] = Counter()
    for (size, _), count in words.items():
        sizes[size] += count
    size = max(sizes, key=lambda each: (sizes[each], each), default=10.0)
    faces = {face: count for (at, face), count in words.items() if at == size}
    return size, max(faces, key=lambda each: (faces[each], each.name), default=Face(""))


def _loud(words: Counter[tuple[float, Face]], body: Face) -> frozenset[Face]:
    """Faces that make a line stand out: bold ones, and upright ones that are rare."""
    faces: Counter[Face] = Counter()
    for (_, face), count in words.items():
        faces[face] += count
    enough = RARE * faces.total()
    return frozenset(
        face
        for face, count in faces.items()
        if face != body and not face.italic and (face.bold or count < enough)
    )


def _gutters(pages: Mapping[int, Page]) -> tuple[float, ...]:
    """The gutters that several pages have."""
    counts = Counter(round(x / 4) for page in pages.values() for x in page.gutters)
    return tuple(
        4.0 * x for x, count in sorted(counts.items()) if count >= max(2, 0.15 * len(pages))
    )


def _repeated(pages: Mapping[int, Page]) -> frozenset[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for page in pages.values():
        counts.update({_edge_key(line) for line in page.lines if at_edge(line, page)})
    return frozenset(key for key, count in counts.items() if count > 1)


def _steady(pages: Mapping[int, Page]) -> frozenset[tuple[str, int]]:
    edges = {
        index: {(line.text, _height(line)) for line in page.lines if at_edge(line, page)}
        for index, page in pages.items()
    }
    return frozenset(
        key
        for index, keys in edges.items()
        for key in keys
        if any(key in edges.get(index + ahead, ()) for ahead in (1, 2))
    )


def at_edge(line: Line, page: Page) -> bool:
    """Whether a line stands in the top or bottom margin, where running lines are."""
    return not _EDGE * page.height < line.y < (1 - _EDGE) * page.height


def _edge_key(line: Line) -> tuple[str, int]:
    return masked(line.text), _height(line)


def _height(line: Line) -> int:
    """Where a line stands, to a few points."""
    return round(line.y / 3)


def _alone(line: Line, page: Page, leading: float) -> bool:
    """Whether nothing stands between a line and its edge, and there is room on the other side."""
    top = line.y > page.height / 2
    others = [other.y for other in page.lines if abs(other.y - line.y) > 0.2 * line.size]
    if any(other > line.y if top else other < line.y for other in others):
        return False
    nearest = min((abs(other - line.y) for other in others), default=page.height)
    return nearest > 1.5 * leading


def _gaps(lines: Sequence[Line]) -> Iterable[float]:
    for above, below in pairwise(lines):
        gap = above.y - below.y
        if 0 < gap < 3 * above.size and above.size == below.size:
            yield round(gap)
