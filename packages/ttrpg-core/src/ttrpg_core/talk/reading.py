"""A streamed text cut into groups: plain text, or quotes with the citation that belongs to them."""

import re
from collections.abc import Iterator

import attrs

from ttrpg_core.quotes import LONGEST

CLOSING = {
    '"': '"',
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u300c": "\u300d",
    "\u2018": "\u2019",
}
"""Opening quotation marks, and what closes each."""
_NUMBERS = r"\d{1,3}(?:\s?[,;\u2013-]\s?\d{1,3})*"
_CITE = re.compile(rf"\[({_NUMBERS})\]|\u3010({_NUMBERS})\u3011")
_CITES = re.compile(rf"(?:[ \t]*(?:\[{_NUMBERS}\]|\u3010{_NUMBERS}\u3011))+")
_HALF_CITE = re.compile(r"[ \t]*(?:[\[\u3010][\d\s,;\u2013-]*)?\Z")
_BELOW = r"[ \t]*\n{0,2}[ \t]*(?:[\u2014\u2013-]+[ \t]*)?"
_CITE_BELOW = re.compile(rf"{_BELOW}{_CITES.pattern}[ \t]*(?=\n|\Z)")
_HALF_BELOW = re.compile(rf"{_BELOW}(?:{_CITES.pattern})?{_HALF_CITE.pattern}")
_START = re.compile(r"[\"\u201c\u201e\u00ab\u300c\u2018\[\u3010>]")
_STEP = re.compile(r"[\"\u201c\u201e\u00ab\u300c\u2018\n\[\u3010]")
_EMPHASIS = re.compile(r"[*_`]+")
_LINE_MARKS = re.compile(r"^[ \t]*(?:>[ \t]?)+(?:[-*+]\s+|\d+[.)]\s+)?", re.MULTILINE)
_LONGEST_GROUP = LONGEST + 1000
_LONGEST_CITE = 60
_AT_ONCE = 4000
"""Characters that are looked at together."""
_BLANK = "\n\n"
_ENDS = {opens: re.compile(f"[{closes}]|{_BLANK}") for opens, closes in CLOSING.items()}
_SINGLE = "\u2018"
_FAR = 300
"""Characters behind a quote within which its citation has to begin."""


@attrs.frozen
class Group:
    """A run of an answer; ``quotes`` are texts with where each ends in it, ``cited`` numbers."""

    text: str
    quotes: tuple[tuple[str, int], ...] = ()
    cited: tuple[int, ...] = ()


def citations(text: str) -> Iterator[re.Match[str]]:
    """Where a text cites."""
    return _CITE.finditer(text)


def cited_numbers(text: str) -> tuple[int, ...]:
    """The numbers that the citations of a text name, each once; a range names all between."""
    found: dict[int, None] = {}
    for each in citations(text):
        for part in re.split(r"\s?[,;]\s?", each[1] or each[2]):
            first, *last = [int(end) for end in re.split(r"\s?[\u2013-]\s?", part)]
            until = last[-1] if last and first < last[-1] <= first + 20 else first
            found.update(dict.fromkeys(range(first, until + 1)))
    return tuple(found)


class _More(Exception):
    """What is held is not enough to say what it is."""


class Reader:
    """Takes pieces, answers groups; however the text is cut, it is grouped alike."""

    def __init__(self) -> None:
        self._held = ""
        self._line = ""

    def feed(self, piece: str) -> list[Group]:
        """The groups that are whole by now."""
        groups: list[Group] = []
        for at in range(0, len(piece), _AT_ONCE):  # what is held is copied for each group
            self._held += piece[at : at + _AT_ONCE]
            groups += self._drain(final=False)
        return groups

    def end(self) -> list[Group]:
        """The rest."""
        return list(self._drain(final=True))

    def _drain(self, *, final: bool) -> Iterator[Group]:
        while self._held:
            group = self._next(final=final)
            if group is None:
                return
            self._held = self._held[len(group.text) :]
            self._line = _line_end(self._line + group.text)
            yield group

    def _next(self, *, final: bool) -> Group | None:
        start = _START.search(self._held)
        if start is None:
            return Group(self._held)
        if start.start():
            return Group(self._held[: start.start()])
        try:
            if start[0] in "[\u3010":
                return self._citation(final=final)
            if start[0] == ">":
                return self._block(final=final)
            return self._quote(final=final)
        except _More:
            return None

    def _citation(self, *, final: bool) -> Group:
        found = self._cites(0, final=final)
        if found is not None:
            return Group(found[0], (), cited_numbers(found[0]))
        if not final and len(self._held) <= _LONGEST_CITE and _HALF_CITE.match(self._held):
            raise _More
        return Group(self._held[0])

    def _cites(self, at: int, *, final: bool) -> re.Match[str] | None:
        """The citations that begin there, as far as they go."""
        found = _CITES.match(self._held, at)
        if found is not None and not final and _HALF_CITE.match(self._held, found.end()):
            raise _More
        return found

    def _quote(self, *, final: bool) -> Group:
        """From an opening mark to the citation behind it, or to the end of its line."""
        text = self._held
        quotes: list[tuple[str, int]] = []
        at = last = 0
        while (step := _STEP.search(text, at)) is not None:
            at = step.start()
            if at > _LONGEST_GROUP or (quotes and at - last > _FAR):
                break
            if step[0] == "\n":
                return _group(text, quotes, at)
            if step[0] in "[\u3010":
                found = self._cites(at, final=final)
                if found is not None:
                    return _group(text, quotes, found.end())
                at += 1
                continue
            at = self._closing(at, quotes, final=final)
            if not quotes:
                return Group(text[:at])
            last = quotes[-1][1]
        if step is None and final:
            return _group(text, quotes, len(text))
        if step is None and len(text) - last <= _FAR + _LONGEST_CITE:
            raise _More
        return _group(text, quotes, last)

    def _closing(self, at: int, quotes: list[tuple[str, int]], *, final: bool) -> int:
        """Add the quote that opens there, if one does; where to read on."""
        text = self._held
        if at + 1 == len(text) and not final:
            raise _More
        end = self._closed(at, final=final) if self._opens(at) else 0
        if end:
            quotes.append((text[at + 1 : end - 1], end))
        return end or at + 1

    def _opens(self, at: int) -> bool:
        """Whether a mark opens a quote: not inside a word, and before one."""
        before = self._held[at - 1] if at else self._line[-1:]
        after = self._held[at + 1 : at + 2]
        if not after or after.isspace():
            return False
        return self._held[at] not in '"\u2018' or not before.isalnum()

    def _closed(self, at: int, *, final: bool) -> int:
        """Behind the mark that closes the quote that opens there; 0 when none does."""
        text = self._held
        for found in _ENDS[text[at]].finditer(text, at + 1, at + LONGEST + 2):
            if found[0] == _BLANK:
                return 0
            after = text[found.end() : found.end() + 1]
            if text[at] == _SINGLE and not after and not final:
                raise _More
            if text[at] != _SINGLE or not after.isalpha():  # else it is an apostrophe
                return found.end()
        if not final and len(text) <= at + LONGEST:
            raise _More
        return 0

    def _block(self, *, final: bool) -> Group:
        """The lines of a block quote, and a citation right below them."""
        text = self._held
        if self._line.strip():
            return Group(text[0])
        end = 0
        while re.match(r"[ \t]*>", text[end:]):
            line = text.find("\n", end)
            if line < 0:
                if not final:
                    raise _More
                end = len(text)
                break
            end = line + 1
            if end == len(text) or not text[end:].strip(" \t"):
                if not final:
                    raise _More
                break
        body = text[:end].rstrip("\n")
        if not cited_numbers(body):
            if not final and _HALF_BELOW.match(text, len(body)):
                raise _More
            below = _CITE_BELOW.match(text, len(body))
            if below is not None:
                return Group(text[: below.end()], _block_quotes(body), cited_numbers(below[0]))
        return Group(body, _block_quotes(body), cited_numbers(body))


def _line_end(text: str) -> str:
    """What tells of the line that a text ends in: whether it is blank so far, and its last sign."""
    line = text.rpartition("\n")[2]
    return line if len(line) <= _AT_ONCE else line.strip()[:1] + line[-1:]


def _group(text: str, quotes: list[tuple[str, int]], end: int) -> Group:
    """The group that ends there; a citation inside a quote counts for it."""
    told = text[:end]
    bare = tuple((_bare(_CITE.sub("", said)), until) for said, until in quotes)
    return Group(told, bare, cited_numbers(told))


def _block_quotes(body: str) -> tuple[tuple[str, int], ...]:
    said = _bare(_CITES.sub("", _LINE_MARKS.sub("", body)))
    last = _CITES.search(body.rstrip())
    end = len(body)
    if last is not None and last.end() == len(body.rstrip()):
        end = last.start()
    return ((said, end),)


def _bare(text: str) -> str:
    """A quote without Markdown's emphasis and the quotation marks around the whole of it."""
    text = _EMPHASIS.sub("", text).strip()
    while len(text) > 1 and text[-1] in CLOSING.get(text[0], ""):
        text = text[1:-1].strip()
    return text
