"""Sections as groups of paragraphs, each of which knows where in the book's text it stands.

The book's text is what ``Library.text`` answers: headings and texts of all sections, parted by
blank lines. What a page break tore apart is joined here, and still knows both its places.
"""

import re
from collections.abc import Iterable, Iterator

import attrs

from ttrpg_core.documents import Block, Section, headed
from ttrpg_ingest.folding import ended, join

LONGEST_HEADING = 200
"""Characters of a heading that are kept in a path; a longer one is also text."""
LONG_WORD = 16
"""Letters that weigh as much as a word; no language with spaces has words so long on average."""
_LABELLED = re.compile(
    r"(?:Armou?r Class|Hit Points|Hit Dice|Speed|Challenge|AC|HP|Casting Time|Range|Components|"
    r"Duration)\b:?\s+\S*[\dVSM]|Languages\s+[-\u2010-\u2015]"
)
"""A line of a stat block or spell, which a reading may take for a heading by its looks."""
_BREAK = re.compile(r"\n[ \t]*\n")
_CELL_WORD = re.compile(r"[^\s|]+")
_LETTER = re.compile(r"\w")


@attrs.frozen
class Place:
    """A page: its index and the number printed on it."""

    page: int | None
    label: str | None


@attrs.frozen
class Mark:
    """From ``position`` in a piece, its letters are those from ``offset`` in the book's text."""

    position: int
    offset: int
    place: Place


@attrs.frozen
class Piece:
    """A paragraph, table or sub-heading; ``end`` is where it ends in the book's text.

    The first ``repeated`` characters do not stand there: they are a header that was said before.
    ``glue`` is what parts it from the piece before it: for the parts of a paragraph that was cut,
    what stood between them.
    """

    text: str
    marks: tuple[Mark, ...]
    end: int
    kind: Block = ""
    repeated: int = 0
    glue: str = "\n\n"

    @property
    def start(self) -> int:
        """Where it begins in the book's text."""
        return self.marks[0].offset

    @property
    def first(self) -> Place:
        """The page that it begins on."""
        return self.marks[0].place

    @property
    def last(self) -> Place:
        """The page that it ends on."""
        return self.marks[-1].place

    @property
    def words(self) -> int:
        """Its length in words."""
        return weight(self.text)

    def part(self, start: int, end: int) -> "Piece":
        """The letters from ``start`` to ``end``, which know their own places."""
        before = [mark for mark in self.marks if mark.position <= start]
        first = before[-1]
        marks = [Mark(0, first.offset + start - first.position, first.place)]
        marks += [
            attrs.evolve(mark, position=mark.position - start)
            for mark in self.marks
            if start < mark.position < end
        ]
        last = marks[-1]
        length = end - start
        return Piece(
            self.text[start:end], tuple(marks), last.offset + length - last.position, self.kind
        )

    def behind(self, header: str) -> "Piece":
        """The same with a header before it that stands elsewhere in the book."""
        by = len(header) + 1
        return attrs.evolve(
            self,
            text=f"{header}\n{self.text}",
            marks=tuple(attrs.evolve(mark, position=mark.position + by) for mark in self.marks),
            repeated=by,
        )

    def then(self, text: str, mark: Mark, end: int) -> "Piece":
        """This paragraph going on after a page break."""
        whole = join(self.text, text)
        moved = attrs.evolve(mark, position=len(whole) - len(text))
        return attrs.evolve(self, text=whole, marks=(*self.marks, moved), end=end)


@attrs.define
class Group:
    """What stands under one heading, over as many pages as it takes."""

    path: tuple[str, ...]
    level: int
    place: Place
    file: str = ""
    line: int | None = None
    title: Piece | None = None
    pieces: list[Piece] = attrs.field(factory=list)

    @property
    def heading(self) -> str:
        """Its own heading, "" for what stands before the first."""
        return self.path[-1] if self.path else ""


def groups(sections: Iterable[Section]) -> Iterator[Group]:
    """The groups of a book in reading order."""
    here: Group | None = None
    offset = 0
    for section, headings in headed(sections):
        place = Place(section.page, section.label)
        own = bool(section.level and section.heading)
        if own and here is not None and here.heading and _LABELLED.match(section.heading):
            own = False  # a line of the entry that it stands in
        if here is None or own or section.file != here.file:
            if here is not None:
                yield here
            path = tuple(each[:LONGEST_HEADING].replace(" > ", " / ") for each in headings)
            here = Group(path, section.level, place, section.file, section.line)
        if section.heading:
            title = _piece(section.heading, offset, place, "")
            offset += len(section.heading) + 2
            if own:
                here.title = title
            if not own or len(section.heading) > LONGEST_HEADING:
                here.pieces.append(title)
        _fill(here, section, offset, place)
        if section.text:
            offset += len(section.text) + 2
    if here is not None:
        yield here


def _fill(here: Group, section: Section, offset: int, place: Place) -> None:
    first = True
    for start, end in spans(section.text):
        text = section.text[start:end]
        last = here.pieces[-1] if here.pieces else None
        if (
            first
            and last is not None
            and last.last.page != section.page
            and last.kind == section.kind
            and section.kind != "table"
            and not ended(last.text)
            and text[:1].islower()
        ):
            here.pieces[-1] = last.then(text, Mark(0, offset + start, place), offset + end)
        else:
            here.pieces.append(_piece(text, offset + start, place, section.kind))
        first = False


def _piece(text: str, offset: int, place: Place, kind: Block) -> Piece:
    return Piece(text, (Mark(0, offset, place),), offset + len(text), kind)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the paragraphs of a section's text begin and end."""
    start = 0
    for found in _BREAK.finditer(text):
        yield from _trimmed(text, start, found.start())
        start = found.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start] == "\n":
        start += 1
    while start < end and text[end - 1] == "\n":
        end -= 1
    if text[start:end].strip():
        yield start, end


def weight(text: str) -> int:
    """How long a text is, in words; where there are no spaces, so many letters count as one."""
    if "|" in text:
        words = filter(_LETTER.search, _CELL_WORD.findall(text))
        return max(len(list(words)), len("".join(text.split())) // LONG_WORD // 2)
    return max(len(text.split()), len(text) // LONG_WORD)
