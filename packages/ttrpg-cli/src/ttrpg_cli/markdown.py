"""Markdown drawn while it comes: each word once, where it stays.

A reply streams in pieces that end anywhere. What can be told by now is printed at once, word by
word; what cannot, because a mark or a word may go on, waits for the next piece. Nothing that was
printed is ever printed again, so nothing flickers, a terminal may be scrolled meanwhile, and a
reply of any length costs the same for each word. A table waits for its end, as its columns are as
wide as its widest cell, and a line of code for its own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ttrpg_cli.drawing import READING_WIDTH
from ttrpg_cli.light import styled
from ttrpg_core.text import printable
from ttrpg_core.views import Table

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_BEGINS = frozenset("#>-*+`~|0123456789=_")
"""Characters by which a line may be more than words."""
_LONGEST_MARK = 16
_AT_ONCE = 2000
"""Characters that are looked at together; what is longer without a space is no word."""
_HEADING = re.compile(r"#{1,6} ")
_ITEM = re.compile(r"([-*+]|\d{1,9}[.)]) ")
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([\w+#.-]*)")
_RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_CELL = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(r"(\*{1,3}|`)(?=\S)(.+?)(?<=\S)\1")
_PUNCTUATION = "([{\"'\u201c\u2018"
_CODE: Mapping[str, str] = {
    "Keyword": "bold cyan",
    "Literal.String": "green",
    "Literal.Number": "yellow",
    "Comment": "dim",
    "Name.Function": "cyan",
    "Name.Class": "cyan",
    "Name.Tag": "cyan",
    "Name.Builtin": "cyan",
    "Generic.Heading": "bold",
}
"""How a token of code looks, by the beginning of its type's name."""


class Marked:
    """Draws what is written to it.

    ``out`` prints a text, ``width`` answers the columns there are, ``table`` draws a table, and
    ``codes`` switch styles on as in :mod:`.light`. ``fancy`` where there is more than ASCII.
    """

    def __init__(
        self,
        out: Callable[[str], None],
        width: Callable[[], int],
        table: Callable[[Table], str],
        codes: Mapping[str, str],
        *,
        fancy: bool,
    ) -> None:
        self._out = out
        self._width = width
        self._table = table
        self._codes = codes
        self._bullet = "\N{BULLET}" if fancy else "-"
        self._edge = "\N{BOX DRAWINGS LIGHT VERTICAL} " if fancy else "| "
        self._dash = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" if fancy else "-"
        self._left = ""  # what has come and is not drawn
        self._drawn: list[str] = []
        self._column = 0
        self._gap = ""  # white space before the next word
        self._indent = ""
        self._words = False  # within a line of words
        self._fresh = False  # before the first of them
        self._style: set[str] = set()
        self._base = ""
        self._fence = ""
        self._lexer: Lexer | None = None
        self._rows: list[str] = []

    def write(self, piece: str) -> None:
        """Take the next piece, and draw what can be told by now."""
        text = printable(piece.replace("\r", "")).replace("\t", "    ")
        for at in range(0, len(text), _AT_ONCE):  # what is left is copied for each word
            self._left += text[at : at + _AT_ONCE]
            self._draw(final=False)
        self._flush()

    def end(self) -> None:
        """Draw the rest, and end its last line."""
        self._draw(final=True)
        self._end_table()
        if self._column:
            self._new_line()
        self._flush()

    def _flush(self) -> None:
        if self._drawn:
            self._out("".join(self._drawn))
            self._drawn.clear()

    def _draw(self, *, final: bool) -> None:
        while self._left and (self._text(final=final) if self._words else self._begin(final=final)):
            pass

    # The beginning of a line

    def _begin(self, *, final: bool) -> bool:
        """Look at what a line begins with; False when more has to come first."""
        line, newline, _ = self._left.partition("\n")
        whole = bool(newline) or final
        bare = line.lstrip()
        if self._rows and (whole or bare) and not bare.startswith("|"):
            self._end_table()
        if self._fence or bare.startswith("|") or _may_fence(bare, whole=whole):
            return whole and self._by_line(line, bare)
        if not bare:
            return whole and self._blank(line)
        if bare[0] in _BEGINS and not whole:
            mark = re.match(r"\S+\s", bare)
            if mark is None and len(bare) < _LONGEST_MARK:
                return False
            if set(bare) <= set("-*_ \t"):  # perhaps a rule
                return False
        if whole and _RULE.match(bare):
            self._take(line)
            width = min(self._width(), READING_WIDTH)
            self._print(styled(self._dash * width, "dim", self._codes), width)
            self._new_line()
            return True
        self._open(line, bare)
        return True

    def _open(self, line: str, bare: str) -> None:
        """Begin a line of words, with its mark."""
        lead = len(line) - len(bare)
        self._indent = " " * min(lead, 12)
        self._base = ""
        self._print(self._indent, len(self._indent))
        if heading := _HEADING.match(bare):
            self._left = self._left[lead + heading.end() :]
            self._base = "bold"
        elif bare.startswith(">"):
            self._left = self._left[lead + 1 :]
            self._print(styled(self._edge, "dim", self._codes), len(self._edge))
            self._indent += self._edge
        elif item := _ITEM.match(bare):
            self._left = self._left[lead + item.end() :]
            mark = item[1] if item[1][0].isdigit() else self._bullet
            self._print(f"{mark} ", len(mark) + 1)
            self._indent += " " * (len(mark) + 1)
        else:
            self._left = self._left[lead:]
        self._words = self._fresh = True

    def _blank(self, line: str) -> bool:
        """An empty line ends whatever emphasis was not ended."""
        self._take(line)
        self._style.clear()
        self._new_line()
        return True

    def _by_line(self, line: str, bare: str) -> bool:
        """Code and tables, which are drawn a whole line at a time."""
        self._take(line)
        fence = _FENCE.match(bare)
        if self._fence:
            if fence and fence[1].startswith(self._fence) and bare.strip() == fence[1]:
                self._fence = ""
            else:
                self._print("    " + self._coloured(line), 4 + len(line))
                self._new_line()
        elif fence:
            self._fence = fence[1]
            self._lexer = _lexer(fence[2]) if self._codes else None
        else:
            self._rows.append(bare)
        return True

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        cells = [_cells(row) for row in rows]
        if len(cells) < 2 or not all(set(cell) <= set("-: ") for cell in cells[1]):  # noqa: PLR2004 - a head and its rule
            for row in rows:
                self._print(row, len(row))
                self._new_line()
            return
        width = max(map(len, cells))
        full = [[*row, *[""] * (width - len(row))] for row in (cells[0], *cells[2:])]
        self._drawn.append(self._table(Table(full[0], full[1:])))

    # Words

    def _text(self, *, final: bool) -> bool:
        """Draw the next word of a line; False when it may go on in the next piece."""
        found = re.match(r"( *)([^ \n]*)", self._left)
        assert found is not None, "a pattern that can be empty matches everywhere"
        space, word = found[1], found[2]
        rest = self._left[found.end() :]
        if not rest and not final and len(word) < _AT_ONCE:
            return False
        self._gap += "" if self._fresh else space
        if word:
            self._word(word)
            self._fresh = False
        self._left = rest
        if rest.startswith("\n"):
            self._left = rest[1:]
            self._words = False
            self._gap = ""
            self._new_line()
        return bool(self._left)

    def _word(self, word: str) -> None:
        pieces = list(self._inline(word))
        size = sum(cells_of(text) for text, _ in pieces)
        room = min(self._width(), READING_WIDTH)
        gap = len(self._gap)
        if self._column + gap + size > room and self._column > len(self._indent):
            self._new_line()
            self._print(self._indent, len(self._indent))
        elif gap:
            self._print(self._gap, gap)
        self._gap = ""
        for text, style in pieces:
            self._print(styled(text, style, self._codes), cells_of(text))

    def _inline(self, word: str) -> Iterator[tuple[str, str]]:
        """The parts of a word with their styles; marks of emphasis and code are taken away."""
        said, at = "", 0
        while at < len(word):
            mark = self._mark(word, at)
            if not mark:
                if word[at] == "\\" and word[at + 1 : at + 2] in set("*_`\\#|[]") - {""}:
                    at += 1
                said += word[at]
                at += 1
                continue
            if said:
                yield said, self._now()
                said = ""
            self._style ^= {mark}
            at += len(mark)
        if said:
            yield said, self._now()

    def _mark(self, word: str, at: int) -> str:
        """The mark that stands here and opens or closes something; "" for a plain character."""
        char = word[at]
        if char == "`":
            return char
        if "`" in self._style or char not in "*_":
            return ""
        mark = char * 2 if word.startswith(char * 2, at) else char
        before, after = word[:at].strip("*_`"), word[at + len(mark) :]
        if mark in self._style:
            inside = char == "_" and after[:1].isalnum()
            return "" if inside else mark
        inside = before[-1:] not in {"", *_PUNCTUATION} and mark != "**"  # as in 2*3*4
        return mark if after.strip("*_") and not inside else ""

    def _now(self) -> str:
        ours = {"**": "bold", "__": "bold", "*": "italic", "_": "italic", "`": "cyan"}
        return " ".join(dict.fromkeys(filter(None, [self._base, *(ours[s] for s in self._style)])))

    # Lines

    def _coloured(self, line: str) -> str:
        if self._lexer is None:
            return line
        out = ""
        for kind, text in self._lexer.get_tokens(line):
            name = str(kind).removeprefix("Token.")
            style = next((s for begin, s in _CODE.items() if name.startswith(begin)), "")
            out += styled(text.replace("\n", ""), style, self._codes)
        return out

    def _take(self, line: str) -> None:
        self._left = self._left[len(line) :].removeprefix("\n")

    def _print(self, text: str, cells: int) -> None:
        if text:
            self._drawn.append(text)
            self._column += cells

    def _new_line(self) -> None:
        self._drawn.append("\n")
        self._column = 0


def cells_of(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    none = sum(
        unicodedata.combining(char) > 0 or unicodedata.category(char) == "Cf" for char in text
    )
    return len(text) + wide - none


def _may_fence(bare: str, *, whole: bool) -> bool:
    """Whether a line begins with a fence of code, or may yet."""
    begun = bare[:3]
    return begun in {"```", "~~~"} or (not whole and begun in {"`", "``", "~", "~~"})


def _cells(row: str) -> Sequence[str]:
    bare = row.strip().removeprefix("|").removesuffix("|")
    return [_EMPHASIS.sub(r"\2", cell.strip()).replace("\\|", "|") for cell in _CELL.split(bare)]


def _lexer(language: str) -> "Lexer | None":
    """What knows a language's words; None for one that nobody knows."""
    if not language:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
