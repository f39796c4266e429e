"""What is on a PDF page: words with their place, size and face, and the lines and boxes drawn.

PDFium knows where every letter stands and puts spaces where the gaps between glyphs say so. Asking
it letter by letter costs more than all the rest, so the text of a page comes in one call and only
the first and the last letter of each word are asked for their place. Places are in points from
the lower left of the page as its text is read: a page whose text runs upwards is turned first.
"""

import ctypes
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator

import attrs
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # ctypes, without types

MOST_LETTERS = 400_000
"""Letters of a page that are read; the fullest pages of real books have some thousands."""
MOST_DRAWN = 20_000
"""Things drawn on a page that are looked at."""
DEEPEST = 3
"""Forms inside forms that are looked into for lines and boxes."""
THIN = 3.0
"""Points: what is drawn thinner than this is a line."""

_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?")
_BOLD = re.compile(r"bold|black|heavy|demi|medi?\b", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obli", re.IGNORECASE)
_TURN = math.pi / 2
_TILT = 0.15
"""Radians by which text may lean from a quarter turn."""
_BOLD_FLAG, _ITALIC_FLAG = 1 << 18, 1 << 6
_HEAVY = 600
_WHITE = 250
_ASKEW = 4
_DROP_CAP = 1.7
_HALF_LETTER = 0.25
_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_NAME_BYTES = 256
_HALVES = range(0xD800, 0xE000)
_piece = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(pdfium.FPDFText_GetTextObject, ctypes.c_void_p).value or 0
)
"""The address of the piece of text that a letter belongs to; as a number it is had much faster."""
_LINE_END = "\x02\ufffe"
"""What PDFium makes of a hyphen at the end of a line."""


@attrs.frozen
class Face:
    """A font by its name, without the mark of a subset."""

    name: str
    bold: bool = False
    italic: bool = False

    @property
    def family(self) -> str:
        """The name without the cut, as "Calibri" of "Calibri-Bold"."""
        return self.name.replace(",", "-").split("-")[0]


@attrs.define(eq=False)
class Word:
    """One word: its left and right end, base line, size and face."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    face: Face


@attrs.frozen
class Rect:
    """Something drawn: a line where it is thin, else a box or a picture."""

    x0: float
    y0: float
    x1: float
    y1: float
    filled: bool = False

    @property
    def width(self) -> float:
        """From left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.y1 - self.y0


@attrs.frozen
class Ink:
    """One page: its words in the order of the content, and what is drawn.

    ``asides`` are the words that run in other directions than most, a list for each direction.
    ``cut`` says that there was more text than is read.
    """

    words: list[Word]
    width: float
    height: float
    drawn: list[Rect]
    pictures: list[Rect]
    asides: list[list[Word]]
    cut: bool = False


@attrs.frozen
class _Hand:
    """How a piece of text is set: its face, size and direction in quarter turns; 4 is askew.

    ``angle`` is that of text askew, in radians.
    """

    face: Face
    size: float
    turn: int
    angle: float = 0.0


@attrs.define
class _Letters:
    """The letters of a page as PDFium holds them; the numbers it fills in are made once."""

    page: ctypes.c_void_p
    faces: dict[tuple[bytes, bool, bool], Face]
    hands: dict[int | None, _Hand] = attrs.field(factory=dict)
    known: dict[tuple[Face, float, int, float], _Hand] = attrs.field(factory=dict)
    rect: pdfium.FS_RECTF = attrs.field(factory=pdfium.FS_RECTF)
    matrix: pdfium.FS_MATRIX = attrs.field(factory=pdfium.FS_MATRIX)
    x: ctypes.c_double = attrs.field(factory=ctypes.c_double)
    y: ctypes.c_double = attrs.field(factory=ctypes.c_double)
    flags: ctypes.c_int = attrs.field(factory=ctypes.c_int)
    name: "ctypes.Array[ctypes.c_char]" = attrs.field(
        factory=lambda: ctypes.create_string_buffer(_NAME_BYTES)
    )

    def text(self) -> str:
        """All letters, one for each index."""
        count = min(pdfium.FPDFText_CountChars(self.page), MOST_LETTERS)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        written = pdfium.FPDFText_GetText(self.page, 0, count, buffer)
        text = bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")
        if len(text) == count == written - 1:
            return text
        return "".join(self._letter(index) for index in range(count))

    def _letter(self, index: int) -> str:
        code = pdfium.FPDFText_GetUnicode(self.page, index)
        if code in _HALVES or not 0 < code <= sys.maxunicode:
            return "\u200b"
        return chr(code)

    def hand(self, index: int) -> _Hand:
        """How the letter at an index is set."""
        key = _piece(self.page, index)
        known = self.hands.get(key)
        if known is None:
            known = self.hands[key] = self._look(index)
        return known

    def _look(self, index: int) -> _Hand:
        matrix = self.matrix
        pdfium.FPDFText_GetMatrix(self.page, index, matrix)
        size = pdfium.FPDFText_GetFontSize(self.page, index)
        size = round(abs(size) * (math.hypot(matrix.c, matrix.d) or 1.0), 1)
        angle = math.atan2(matrix.b, matrix.a)
        turn = round(angle / _TURN)
        askew = abs(angle - turn * _TURN) > _TILT
        pdfium.FPDFText_GetFontInfo(self.page, index, self.name, _NAME_BYTES, self.flags)
        weight = pdfium.FPDFText_GetFontWeight(self.page, index)
        flags = self.flags.value
        key = (
            self.name.value,
            weight >= _HEAVY or bool(flags & _BOLD_FLAG),
            bool(flags & _ITALIC_FLAG),
        )
        face = self.faces.get(key)
        if face is None:
            face = self.faces[key] = _face(key[0], bold=key[1], italic=key[2])
        lean = round(angle, 2) if askew else 0.0
        made = face, size or 1.0, _ASKEW if askew else turn % 4, lean
        hand = self.known.get(made)
        if hand is None:
            hand = self.known[made] = _Hand(*made)
        return hand

    def ends(self, first: int, last: int) -> tuple[float, float, float, float, float, float]:
        """Where a word begins (x, y), and the box of its last letter."""
        pdfium.FPDFText_GetCharOrigin(self.page, first, self.x, self.y)
        pdfium.FPDFText_GetLooseCharBox(self.page, last, self.rect)
        rect = self.rect
        return self.x.value, self.y.value, rect.left, rect.bottom, rect.right, rect.top


def read_ink(page: ctypes.c_void_p, faces: dict[tuple[bytes, bool, bool], Face]) -> Ink:
    """The words and the drawn things of a loaded page; ``faces`` keeps those met before."""
    box = _box(page)
    textpage = pdfium.FPDFText_LoadPage(page)
    if not textpage:
        return Ink([], box.width, box.height, [], [], [])
    try:
        letters = _Letters(textpage, faces)
        found = [
            ((hand.turn, hand.angle), _placed(word, ends, hand, box))
            for word, ends, hand in _words(letters, letters.text())
        ]
        cut = pdfium.FPDFText_CountChars(textpage) > MOST_LETTERS
    finally:
        pdfium.FPDFText_ClosePage(textpage)
    ways = Counter(way for way, _ in found)
    straight = (way for way in ways if way[0] < _ASKEW)
    main = max(straight, key=lambda each: ways[each], default=(0, 0.0))
    asides = [[word for at, word in found if at == way] for way in sorted(ways) if way != main]
    turn = main[0]
    drawn, pictures = _drawn(page, box, turn)
    width, height = (box.height, box.width) if turn % 2 else (box.width, box.height)
    words = [word for at, word in found if at == main]
    return Ink(words, width, height, drawn, pictures, asides, cut)


def _words(
    letters: _Letters, text: str
) -> Iterator[tuple[str, tuple[float, float, float, float, float, float], _Hand]]:
    for match in _WORD.finditer(text):
        first, last = match.start(), match.end() - 1
        word = match[0]
        hand = letters.hand(first)
        if last > first and letters.hand(last) is not hand:
            second = letters.hand(first + 1)
            begin, hand = _main_hand(letters, first, last, hand, second)
            if begin > first:  # a drop capital: its word begins with the second letter
                yield word, letters.ends(begin, last), hand
                continue
        if word[-1] in _LINE_END:
            word = word[:-1] + "\xad"
        yield word, letters.ends(first, last), hand


def _main_hand(
    letters: _Letters, first: int, last: int, hand: _Hand, second: _Hand
) -> tuple[int, _Hand]:
    """Where a word begins for its place, and how most of it is set."""
    if hand.size > _DROP_CAP * second.size:
        return first + 1, second
    counts = Counter(letters.hand(index) for index in range(first, last + 1))
    (most, _) = counts.most_common(1)[0]
    if hand.face == most.face and hand.size > most.size:  # small capitals
        return first, hand
    return first, most


def _placed(
    word: str,
    ends: tuple[float, float, float, float, float, float],
    hand: _Hand,
    box: Rect,
) -> Word:
    x, y, left, bottom, right, top = ends
    match hand.turn:
        case 1:
            first, base, other, end = y - box.y0, box.x1 - x, bottom - box.y0, top - box.y0
        case 2:
            first, base, other, end = box.x1 - x, box.y1 - y, box.x1 - right, box.x1 - left
        case 3:
            first, base, other, end = box.y1 - y, x - box.x0, box.y1 - top, box.y1 - bottom
        case 4:
            return _leaning(word, ends, hand)
        case _:
            first, base, other, end = x - box.x0, y - box.y0, left - box.x0, right - box.x0
    return Word(word, min(first, other), max(first, end), base, hand.size, hand.face)


def _leaning(word: str, ends: tuple[float, float, float, float, float, float], hand: _Hand) -> Word:
    """A word of text askew, in a frame that leans as it does.

    It ends in the middle of its last letter's box and half a letter more: the box is upright.
    """
    x, y, left, bottom, right, top = ends
    across, up = math.cos(hand.angle), math.sin(hand.angle)
    first, base = x * across + y * up, y * across - x * up
    end = (left + right) / 2 * across + (bottom + top) / 2 * up + _HALF_LETTER * hand.size
    return Word(word, first, max(first, end), base, hand.size, hand.face)


def _face(name: bytes, *, bold: bool, italic: bool) -> Face:
    text = name.decode("utf-8", "replace")
    text = text[7:] if text[6:7] == "+" else text
    return Face(text, bold or bool(_BOLD.search(text)), italic or bool(_ITALIC.search(text)))


def _box(page: ctypes.c_void_p) -> Rect:
    found = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, found) and found.right > found.left:
        return Rect(
            found.left, min(found.bottom, found.top), found.right, max(found.bottom, found.top)
        )
    return Rect(0, 0, pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))


def _drawn(page: ctypes.c_void_p, box: Rect, turn: int) -> tuple[list[Rect], list[Rect]]:
    """The lines and boxes drawn on a page, and its pictures."""
    drawn: list[Rect] = []
    pictures: list[Rect] = []
    left = MOST_DRAWN

    def look(
        count: int,
        holder: ctypes.c_void_p,
        *,
        inside: bool,
        move: pdfium.FS_MATRIX | None,
        depth: int,
    ) -> None:
        nonlocal left
        get = pdfium.FPDFFormObj_GetObject if inside else pdfium.FPDFPage_GetObject
        for index in range(min(count, left)):
            thing = get(holder, index)
            left -= 1
            kind = pdfium.FPDFPageObj_GetType(thing)
            if kind in (_PATH, _IMAGE):
                rect = _turned(_bounds(thing, move), box, turn)
                if kind == _IMAGE:
                    pictures.append(rect)
                else:
                    drawn.append(attrs.evolve(rect, filled=_filled(thing)))
            elif kind == _FORM and depth < DEEPEST:
                here = pdfium.FS_MATRIX()
                pdfium.FPDFPageObj_GetMatrix(thing, here)
                inner = pdfium.FPDFFormObj_CountObjects(thing)
                look(inner, thing, inside=True, move=_times(here, move), depth=depth + 1)

    look(pdfium.FPDFPage_CountObjects(page), page, inside=False, move=None, depth=0)
    return drawn, pictures


def _times(first: pdfium.FS_MATRIX, then: pdfium.FS_MATRIX | None) -> pdfium.FS_MATRIX:
    if then is None:
        return first
    return pdfium.FS_MATRIX(
        first.a * then.a + first.b * then.c,
        first.a * then.b + first.b * then.d,
        first.c * then.a + first.d * then.c,
        first.c * then.b + first.d * then.d,
        first.e * then.a + first.f * then.c + then.e,
        first.e * then.b + first.f * then.d + then.f,
    )


def _bounds(thing: ctypes.c_void_p, move: pdfium.FS_MATRIX | None) -> Rect:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(thing, left, bottom, right, top)
    rect = Rect(left.value, bottom.value, right.value, top.value)
    if move is None:
        return rect
    corners = [
        (x * move.a + y * move.c + move.e, x * move.b + y * move.d + move.f)
        for x in (rect.x0, rect.x1)
        for y in (rect.y0, rect.y1)
    ]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return Rect(min(across), min(up), max(across), max(up))


def _turned(rect: Rect, box: Rect, turn: int) -> Rect:
    match turn:
        case 1:
            return Rect(rect.y0 - box.y0, box.x1 - rect.x1, rect.y1 - box.y0, box.x1 - rect.x0)
        case 2:
            return Rect(box.x1 - rect.x1, box.y1 - rect.y1, box.x1 - rect.x0, box.y1 - rect.y0)
        case 3:
            return Rect(box.y1 - rect.y1, rect.x0 - box.x0, box.y1 - rect.y0, rect.x1 - box.x0)
        case _:
            return Rect(rect.x0 - box.x0, rect.y0 - box.y0, rect.x1 - box.x0, rect.y1 - box.y0)


def _filled(thing: ctypes.c_void_p) -> bool:
    """Whether a path is filled with something that is seen on white paper."""
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(thing, mode, stroke) or not mode.value:
        return False
    red, green, blue, solid = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPageObj_GetFillColor(thing, red, green, blue, solid)
    white = min(red.value, green.value, blue.value) >= _WHITE
    return solid.value > 0 and not white
