"""Headings from a book's outline, where its pages have none of their own.

Many books, and every old MOBI, set their headings as large text in an ordinary paragraph; only the
outline knows that it is one. Where a page has a heading at the place that the outline leads to, the
page is right and the outline says nothing new.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence

import attrs

from ttrpg_ingest.ebooks.blocks import Block, Page, Piece, Point

NEAR = 240
"""Characters of text that may stand between the place of an entry and its heading."""
MOST_LINES = 4
"""Paragraphs that may make up a title together: "Chapter 3", "The Road"."""
SHORTEST_OF_CONTENTS = 0.5
"""Share of a page that is links, for it to be a table of contents."""
SIGNS = 3
"""Characters of a line without letters that may stand before a title, as an ornament does."""
_REFERENCE = re.compile(r"\[\w{1,4}\]")


def with_headings(page: Page, points: Sequence[Point], deeper: int = 0) -> tuple[Piece, ...]:
    """The pieces of a page, with the headings that only the outline has, ``deeper`` by so much."""
    if not points:
        return page.pieces
    pieces = list(page.pieces)
    places = _places(pieces, points)
    own = {key(piece.text) for piece in pieces if isinstance(piece, Block) and piece.level}
    made: dict[int, list[Block]] = {}
    dropped: set[int] = set()
    following = dict(itertools.pairwise([*dict(places), len(pieces)]))
    for place, point in places:
        if key(point.title) in own:
            continue
        after = following[place]
        if _has_heading(pieces, place, after):
            continue
        lines = _title_lines(pieces, place, after, point.title)
        at = _line_of(pieces, place)
        made.setdefault(place, []).append(Block(point.title, _level(point, deeper), line=at))
        dropped.update(lines)
    found: list[Piece] = []
    for index, piece in enumerate(pieces):
        found.extend(made.get(index, ()))
        if index not in dropped:
            found.append(piece)
    found.extend(made.get(len(pieces), ()))
    return tuple(found)


def shift(page: Page, points: Sequence[Point], before: int) -> int:
    """How much deeper the page's own headings are than the outline says; as before if unknown."""
    levels = {key(block.text): block.level for block in page.blocks if block.level}
    for point in points:
        level = levels.get(key(point.title))
        if level:
            return level - point.level
    return before


def is_contents(page: Page) -> bool:
    """Whether a page that should be a table of contents is one: mostly links."""
    letters = sum(len(block.text) for block in page.blocks if not block.level)
    linked = sum(block.linked for block in page.blocks if not block.level)
    return not letters or linked / letters > SHORTEST_OF_CONTENTS


def key(text: str) -> str:
    """A title without what differs between outline and page: case, signs, spaces, note numbers."""
    plain = unicodedata.normalize("NFKC", _REFERENCE.sub("", text)).casefold()
    return "".join(char for char in plain if char.isalnum())


def grouped(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The entries by the file that they lead to, parents without text of their own among them."""
    found: dict[str, list[Point]] = {}
    waiting: list[Point] = []
    for point in points:
        waiting.append(point)
        if point.file:
            found.setdefault(point.file, []).extend(
                attrs.evolve(each, file=point.file, id=point.id) for each in waiting
            )
            waiting = []
    return found


def _places(pieces: Sequence[Piece], points: Sequence[Point]) -> list[tuple[int, Point]]:
    """Where each entry leads to among the pieces, in the order of the page."""
    index: dict[str, int] = {}
    for number, piece in enumerate(pieces):
        for name in piece.ids:
            index.setdefault(name, number)
    found = [(index.get(point.id, 0) if point.id else 0, point) for point in points]
    return sorted(found, key=lambda each: each[0])


def _has_heading(pieces: Sequence[Piece], place: int, after: int) -> bool:
    """Whether the page has a heading at the place, or so near that it is the one meant."""
    passed = 0
    for piece in pieces[place : max(after, place + 1)]:
        if isinstance(piece, Block):
            if piece.level:
                return True
            passed += len(piece.text)
            if passed > NEAR:
                return False
    return False


def _title_lines(pieces: Sequence[Piece], place: int, after: int, title: str) -> list[int]:
    """The paragraphs at the place that say the title, and so become the heading."""
    wanted, said, lines = key(title), "", list[int]()
    for number in range(place, min(after, place + 2 * MOST_LINES)):
        piece = pieces[number]
        if not isinstance(piece, Block):
            continue
        mine = key(piece.text)
        if not mine and len(piece.text) <= SIGNS:
            lines.append(number)
            continue
        said += mine
        if piece.kind or piece.item or not wanted.startswith(said) or len(lines) >= MOST_LINES:
            return []
        lines.append(number)
        if said == wanted:
            return lines
    return []


def _level(point: Point, deeper: int) -> int:
    return max(1, min(point.level + deeper, 6))


def _line_of(pieces: Sequence[Piece], place: int) -> int | None:
    for piece in itertools.islice(pieces, place, place + MOST_LINES):
        if isinstance(piece, Block):
            return piece.line
    return None
