"""Tables and boxes in Markdown: where they end, and what a box is."""

import re
from collections.abc import Sequence

from ttrpg_core.documents import Block

LONGEST = 400
"""Characters of a line that says that it begins a box."""
_DELIMITER = re.compile(r"\s{0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*\Z")
_CALLOUT = re.compile(r" {0,3}>\s?\[!([\w -]{1,30})(?:\|[^\]\n]*)?\][+-]?(?:\s+(.*))?\Z")
_QUOTE = re.compile(r" {0,3}>[ ]?")
_QUOTES = re.compile(r"\A(?: {0,3}>[ ]?)+")
_INNER = re.compile(r"\A\[![\w -]{1,30}\][+-]?[ \t]*")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|\Z)")
_READ_ALOUD = re.compile(
    r"read(?:[ _-]?(?:this|it))?[ _-]?(?:aloud|out)?|box(?:ed)?[ _-]?text|vorlesen|vorlesetext|"
    r"narration|flavou?r(?:[ _-]?text)?|description",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"[*_\s]*(?:read (?:this |it )?(?:aloud|out)|boxed text|vorlesen|vorlesetext)\b[\w ]{0,30}"
    r"[*_\s]*[:.]?[*_\s]*\Z",
    re.IGNORECASE,
)


def table_end(lines: Sequence[str], start: int) -> int:
    """The line after a pipe table that begins at ``start``; ``start`` itself when none does."""
    if start + 1 >= len(lines) or "|" not in lines[start] or "|" not in lines[start + 1]:
        return start
    if not _DELIMITER.match(lines[start + 1]) or _QUOTE.match(lines[start]):
        return start
    end = start + 2
    while end < len(lines) and "|" in lines[end] and not _QUOTE.match(lines[end]):
        end += 1
    return end


def box_end(lines: Sequence[str], start: int) -> tuple[int, Block, str]:
    """The line after a box that begins at ``start``, what it is, and its text.

    A box is a quotation that says so: ``> [!info]`` or "Read aloud:" on its first line. One with
    headings in it is no box but a part of the text that was set off, as stat blocks are.
    """
    first = lines[start] if len(lines[start]) <= LONGEST else ""
    callout = _CALLOUT.match(first)
    if not callout and not (_QUOTE.match(first) and _LABEL.match(_QUOTES.sub("", first))):
        return start, "", ""
    end = start + 1
    while end < len(lines) and _QUOTE.match(lines[end]):
        end += 1
    inner = [_QUOTES.sub("", line).rstrip() for line in lines[start + 1 : end]]
    if any(_HEADING.match(line) for line in inner):
        return start, "", ""
    aloud = not callout or _READ_ALOUD.fullmatch(callout[1].strip()) is not None
    title = (callout[2] or "").strip() if callout else ""
    body = "\n".join(_INNER.sub("", line) for line in inner)
    text = re.sub(r"\n{3,}", "\n\n", f"{title}\n\n{body}").strip("\n")
    return end, "read_aloud" if aloud else "sidebar", text
