"""The navigation page of an EPUB 3: nested lists of links, each list with what it is for."""

import contextlib
from html.parser import HTMLParser

import attrs

from ttrpg_ingest.ebooks.blocks import clean
from ttrpg_ingest.ebooks.decoding import decoded, harmless
from ttrpg_ingest.ebooks.tags import types

DEEPEST = 20
LONGEST = 1000
_LISTS = {
    "toc": {"toc", "doc-toc"},
    "page-list": {"page-list", "doc-pagelist"},
    "landmarks": {"landmarks"},
}


@attrs.define
class Entry:
    """A link of a list: its text, where it leads, how deep it stands and what it says it is."""

    title: str = ""
    href: str = ""
    level: int = 1
    parent: bool = False
    said: frozenset[str] = frozenset()


def navigation(data: bytes) -> dict[str, list[Entry]]:
    """The lists of a navigation page: ``toc``, ``page-list``, ``landmarks``."""
    reader = _Reader()
    with contextlib.suppress(AssertionError):  # a declaration that the parser gives up on
        reader.feed(harmless(decoded(data)))
        reader.close()
    reader.done()
    return reader.lists


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lists: dict[str, list[Entry]] = {}
        self.list: list[Entry] | None = None
        self.depth = 0
        self.entry: Entry | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "nav":
            said = types(attributes)
            name = next(
                (name for name, signs in _LISTS.items() if said & signs),
                "other",
            )
            self.list, self.depth = self.lists.setdefault(name, []), 0
        elif self.list is None:
            return
        elif tag == "ol":
            self.done()
            if self.depth and self.list and self.list[-1].level == self.depth:
                self.list[-1].parent = True
            self.depth += 1
        elif tag == "li":
            self.done()
            self.entry = Entry(level=max(1, min(self.depth, DEEPEST)))
        elif tag == "a" and self.entry is not None and not self.entry.href:
            self.entry.href = attributes.get("href") or ""
            self.entry.said = types(attributes)
        elif tag == "img" and self.entry is not None:
            self.entry.title += attributes.get("alt") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self.done()
            self.list = None
        elif tag == "li":
            self.done()
        elif tag == "ol":
            self.done()
            self.depth = max(0, self.depth - 1)

    def handle_data(self, data: str) -> None:
        if self.entry is not None and len(self.entry.title) < LONGEST:
            self.entry.title += data

    def done(self) -> None:
        """The entry that was read is whole."""
        if self.entry is not None and self.list is not None:
            self.entry.title = clean(self.entry.title)[:300]
            if self.entry.title:
                self.list.append(self.entry)
        self.entry = None
