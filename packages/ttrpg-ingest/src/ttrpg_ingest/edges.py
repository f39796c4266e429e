"""The first and last lines of each page: where page numbers stand, and what runs over all pages."""

import re
from collections import defaultdict
from collections.abc import Iterable

import attrs

from ttrpg_core.documents import Section
from ttrpg_ingest.folding import ended, fold, paragraphs

DEEP = 2
"""Paragraphs at each end of a page that may be running lines."""
LONGEST = 100
"""Longest running line, in characters."""
NEAR = 8
"""Pages before and after that a running line is compared with."""

_NUMBERS = 8
"""Numbers of a line that are looked at, and digits of one, at the most."""
_DIGITS = re.compile(r"\d+")


@attrs.frozen
class Edges:
    """The one-line paragraphs at the beginning and the end of a page, from the edge inwards."""

    first: tuple[str, ...]
    last: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Both ends."""
        return (*self.first, *self.last)


def masked(text: str) -> str:
    """A text with its numbers made alike, in one case: to tell running lines."""
    return _DIGITS.sub("#", fold(text)).casefold()


def edges_of(sections: Iterable[Section]) -> dict[int, Edges]:
    """The edges of every page that has text, by index."""
    pages: dict[int, list[str]] = defaultdict(list)
    for section in sections:
        if section.page is not None:
            head = [section.heading] if section.heading else []
            pages[section.page] += head + paragraphs(section.text)
    return {
        page: Edges(_single(found[:DEEP]), _single(found[::-1][:DEEP]))
        for page, found in pages.items()
    }


def without_running_lines(sections: Iterable[Section]) -> list[Section]:
    """The sections without running heads, feet and page numbers.

    A line at an edge goes when it repeats on the pages around, word for word or with a number that
    goes up by one a page, or when it begins or ends with the page's own printed number. Sections
    left with nothing go too.
    """
    whole = list(sections)
    edges = edges_of(whole)
    seen = {page: _told(page, edge) for page, edge in edges.items()}
    by_page: dict[int | None, list[int]] = defaultdict(list)
    for place, section in enumerate(whole):
        by_page[section.page].append(place)
    for page, places in by_page.items():
        if page is not None:
            running = _running(page, whole[places[0]].label, edges[page], seen)
            _strip(whole, places, running)
    return [section for section in whole if section.text or section.heading]


def _single(parts: list[str]) -> tuple[str, ...]:
    """The lines up to the first paragraph that is too long to be a running line."""
    found: list[str] = []
    for part in parts:
        if "\n" in part.strip() or len(part) > LONGEST:
            break
        found.append(part.strip())
    return tuple(found)


_Told = set[tuple[str, int, int]]


def _told(page: int, edges: Edges) -> _Told:
    """What may run over the pages: each line as it is, and masked with each number less the page.

    "Hit Points 45" and "Hit Points 68" are alike but for their number, and do not run.
    """
    found = {(line, -1, 0) for line in edges.lines}
    for line in edges.lines:
        found |= {
            (masked(line), place, int(each) - page)
            for place, each in enumerate(_DIGITS.findall(line)[:_NUMBERS])
            if len(each) <= _NUMBERS
        }
    return found


def _running(page: int, label: str | None, edges: Edges, seen: dict[int, _Told]) -> set[str]:
    around = [seen[near] for near in range(page - NEAR, page + NEAR + 1) if near in seen]
    enough = max(3, 0.3 * len(around))
    return {
        line
        for line in edges.lines
        if _numbered(line, label)
        or any(
            sum(each in other for other in around) >= enough
            for each in _told(page, Edges((line,), ()))
        )
    }


def _numbered(line: str, label: str | None) -> bool:
    """Whether a line begins or ends with the page's printed number."""
    words = line.split()
    return label is not None and label in {words[0], words[-1]} and not ended(line)


def _strip(whole: list[Section], places: list[int], running: set[str]) -> None:
    """Take the running lines off both ends of the sections of one page.

    A heading goes only with the page's own number: "Actions" may begin page after page.
    """
    for end in (0, -1):
        left = DEEP
        for place in places if end == 0 else reversed(places):
            section = whole[place]
            if end == 0 and section.heading:
                if not _numbered(section.heading, section.label):
                    break
                section = attrs.evolve(section, heading="", level=0)
                left -= 1
            parts = paragraphs(section.text)
            while parts and left and parts[end].strip() in running:
                parts.pop(end)
                left -= 1
            whole[place] = attrs.evolve(section, text="\n\n".join(parts))
            if parts or section.heading or not left:
                break
