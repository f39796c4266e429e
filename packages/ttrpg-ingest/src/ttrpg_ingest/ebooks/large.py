"""Paragraphs in large bold letters made headings again, as they were before a book became MOBI 6.

The format's makers write a heading as ``<p><font size="5"><b>Torches</b></font></p>``, and its
outline, which is often flat, names the chapters only. So where a book has no heading tags, such
paragraphs are headings, and bold ones of any size that the outline names; the sizes are the levels.
"""

import html
import re
from collections.abc import Container, Iterator, Sequence

from ttrpg_ingest.ebooks.outline import key

LARGE = 4
"""The size of letters from which a paragraph may be a heading; 3 is that of the text."""
LONGEST = 160
"""Letters of a heading; longer is a saying that was set large."""
_PARAGRAPH = re.compile(
    rb"<(/?)table\b|<p\b([^<>]*)>((?:(?!</?p\b|<table\b|<br\b).){1,2000}?)</p>",
    re.IGNORECASE | re.DOTALL,
)
_TAG_OR_TEXT = re.compile(r"<(/?)(\w*)([^<>]*)>|([^<]+|<)")
_SIZE = re.compile(r"\bsize\s*=\s*[\"']?([1-7])")
_OWN = re.compile(rb"<h[1-6]\b", re.IGNORECASE)
_ANCHOR = re.compile(rb"<a id=[^<>]*></a>")
_TEXT = re.compile(rb">\s*[^<>\s]")
_APART = frozenset({"sup", "small"})
"""Elements whose text says nothing of a paragraph's letters, as numbers of notes stand in them."""


def with_headings(
    parts: dict[str, bytes], titles: Sequence[str], encoding: str
) -> dict[str, bytes]:
    """The parts of a book with heading tags round such paragraphs.

    ``titles`` are those of the outline, which says them in its own letters. One that stands over
    several paragraphs ("Chapter 3", "The Road") is left to it, as it knows them as one heading.
    """
    if any(_OWN.search(part) for part in parts.values()):
        return parts
    names = {key(title): title for title in titles}
    found = {name: list(_large(part, encoding, names)) for name, part in parts.items()}
    sizes = sorted({size for lines in found.values() for _, size, _ in lines}, reverse=True)
    levels = {size: min(number, 6) for number, size in enumerate(sizes, 1)}
    made = {}
    for name, part in parts.items():
        pieces: list[bytes] = []
        done = 0
        for at, size, text in _lone(found[name], names):
            tag, inside = b"h%d" % levels[size], at[3]
            if key(text) in names:
                title = html.escape(names[key(text)]).encode(encoding, "xmlcharrefreplace")
                inside = b"".join(_ANCHOR.findall(inside)) + title
            pieces += [part[done : at.start()], b"<%b%b>%b</%b>" % (tag, at[2], inside, tag)]
            done = at.end()
        made[name] = b"".join([*pieces, part[done:]])
    return made


def _large(
    part: bytes, encoding: str, names: Container[str]
) -> Iterator[tuple[re.Match[bytes], int, str]]:
    """Such paragraphs of a part, outside of tables: where, how large, and what they say."""
    tables = 0
    for found in _PARAGRAPH.finditer(part):
        if found[3] is None:
            tables = max(0, tables - 1 if found[1] else tables + 1)
        elif not tables and b"<b>" in found[3].lower():
            size, text = _letters(found[3].decode(encoding, "replace"))
            if key(text) and (size >= LARGE or (size and key(text) in names)):
                yield found, size, text


def _letters(inside: str) -> tuple[int, str]:
    """The size of the largest letters of a paragraph, 0 when some are not bold, and its text."""
    sizes, bold, apart, largest = [3], 0, 0, 0
    said: list[str] = []
    for ended, tag, attributes, text in _TAG_OR_TEXT.findall(inside):
        name = tag.lower()
        if name == "b":
            bold += -1 if ended else 1
        elif name in _APART:
            apart += -1 if ended else 1
        elif name == "font" and ended:
            del sizes[max(1, len(sizes) - 1) :]
        elif name == "font":
            size = _SIZE.search(attributes)
            sizes.append(int(size[1]) if size else sizes[-1])
        elif text.strip() and not apart:
            if bold <= 0:
                return 0, ""
            largest = max(largest, sizes[-1])
            said.append(text)
    whole = html.unescape("".join(said))
    return (largest, whole) if len(whole) <= LONGEST else (0, "")


def _lone(
    lines: list[tuple[re.Match[bytes], int, str]], names: Container[str]
) -> Iterator[tuple[re.Match[bytes], int, str]]:
    """The paragraphs that are a heading each, without those that are one title together."""
    together = set[int]()
    for number, (_, _, text) in enumerate(lines):
        said = key(text)
        for other in range(number + 1, min(number + 4, len(lines))):
            before, after = lines[other - 1][0], lines[other][0]
            if _TEXT.search(before.string, before.end(), after.start()):
                break
            said += key(lines[other][2])
            if said in names:
                together.update(range(number, other + 1))
    yield from (line for number, line in enumerate(lines) if number not in together)
