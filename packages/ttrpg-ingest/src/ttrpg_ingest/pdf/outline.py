"""The outline of a PDF: what it says of headings, and how deep they are.

An outline that names most headings gives their depths, and headings told by their fonts come below
the entry they stand under. One with a few entries only says that their titles are headings.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Self

import attrs

from ttrpg_ingest.folding import joined
from ttrpg_ingest.pdf.file import DEEPEST, MOST_MARKS, Mark, value_of

if TYPE_CHECKING:
    from pypdf import PdfReader

RICH = 0.25
"""Entries for each page from which an outline is believed on how deep headings are."""
LOWEST = 9
"""The level below which nothing is."""


@attrs.frozen
class Outline:
    """Entries by page, and the depth of the last entry on or before each page."""

    pages: Mapping[int, tuple[Mark, ...]] = attrs.field(factory=dict)
    depths: tuple[int, ...] = ()
    rich: bool = False

    @classmethod
    def of(cls, marks: Iterable[Mark], total: int) -> Self:
        """The outline that these entries make."""
        pages: dict[int, tuple[Mark, ...]] = {}
        count = 0
        for mark in marks:
            if 0 <= mark.page < total and _key(mark.title):
                pages[mark.page] = (*pages.get(mark.page, ()), mark)
                count += 1
        depths = []
        depth = 0
        for index in range(total):
            depth = pages[index][-1].depth if index in pages else depth
            depths.append(depth)
        return cls(pages, tuple(depths), count >= max(4, RICH * total))

    def match(self, texts: Sequence[str], index: int) -> tuple[int, int]:
        """How many of these lines are an entry of this page, and its depth; 0 when none are."""
        marks = self.pages.get(index, ())
        if not marks:
            return 0, 0
        keys = {_key(mark.title): mark.depth for mark in marks}
        whole = _key(texts[0])
        if not any(key.startswith(whole) for key in keys):
            return 0, 0
        for count in range(1, len(texts) + 1):
            depth = keys.get(_key(joined(texts[:count])))
            if depth:
                return count, depth
        return 0, 0

    def below(self, level: int, index: int) -> int:
        """The level of a heading that only its letters tell."""
        if not self.rich:
            return level
        return min(LOWEST, max(level, self.depths[index] + 1))


def marks_of(reader: "PdfReader | None") -> list[Mark]:
    """The entries of a file's outline, as far as it can be read; bounded in depth and number."""
    if reader is None:
        return []
    found: list[Mark] = []
    try:
        for mark in _walk(reader):
            found.append(mark)  # noqa: PERF402 - what was found before an error is kept
    except Exception:  # noqa: BLE001 - pypdf raises anything; what was found until then is good
        return found
    return found


def _walk(reader: "PdfReader") -> Iterator[Mark]:
    """The entries in their order, no more than an outline may have, each node once."""
    from pypdf.generic import DictionaryObject, IndirectObject

    root = reader.root_object.get("/Outlines")
    top = root.get_object() if root is not None else None
    if not isinstance(top, DictionaryObject) or "/First" not in top:
        return
    places = {
        page.indirect_reference.idnum: number
        for number, page in enumerate(reader.pages)
        if page.indirect_reference is not None
    }
    left: list[tuple[object, int]] = [(top.raw_get("/First"), 1)]
    seen: set[int] = set()
    while left and len(seen) < MOST_MARKS:
        node, depth = left.pop()
        if not isinstance(node, IndirectObject) or node.idnum in seen:
            continue
        seen.add(node.idnum)
        entry = node.get_object()
        if not isinstance(entry, DictionaryObject):
            continue
        if "/Next" in entry:
            left.append((entry.raw_get("/Next"), depth))
        if "/First" in entry and depth < DEEPEST:
            left.append((entry.raw_get("/First"), depth + 1))
        page = _page(reader, entry, places)
        if page is not None:
            yield Mark(str(value_of(entry, "/Title") or ""), depth, page)


def _page(reader: "PdfReader", node: object, places: Mapping[int, int]) -> int | None:
    """The page index that an entry leads to."""
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NumberObject

    if not isinstance(node, DictionaryObject):
        return None
    target = value_of(node, "/Dest")
    action = value_of(node, "/A")
    if target is None and isinstance(action, DictionaryObject):
        target = value_of(action, "/D")
    if isinstance(target, str):
        named = reader.named_destinations.get(target)
        target = named.dest_array if named is not None else None
    if isinstance(target, DictionaryObject):
        target = value_of(target, "/D")
    if not isinstance(target, ArrayObject) or not target:
        return None
    first = list.__getitem__(target, 0)
    if isinstance(first, IndirectObject):
        return places.get(first.idnum)
    return int(first) if isinstance(first, NumberObject) else None


def _key(text: str) -> str:
    """A title as it is compared: its letters and figures alone."""
    return "".join(char for char in text.casefold() if char.isalnum())
