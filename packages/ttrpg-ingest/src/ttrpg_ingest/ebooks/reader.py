"""Web pages into blocks, in one pass over the tags and without a tree.

The standard library's parser is used: it forgives as browsers do, expands no entity that a file
declares, opens nothing, and adds no dependency. Without a tree, two hundred thousand nested tags
cost no more than as many flat ones: only elements that change the meaning of what is in them are
remembered, and of these no more than :data:`DEEPEST`.
"""

import contextlib
import re
from collections.abc import Iterable

from ttrpg_ingest.ebooks import tags
from ttrpg_ingest.ebooks.blocks import Page
from ttrpg_ingest.ebooks.decoding import decoded, harmless
from ttrpg_ingest.ebooks.paragraphs import DEEPEST, LINE, Open, Paragraphs

PAGE_BREAK = frozenset({"pagebreak", "doc-pagebreak"})
MOST_TAGS = 1_500_000
"""Tags of a book, or of a web page by itself; a thousand pages of rules have a tenth of it."""
MOST_IDS = 50
"""Anchors of one block that are remembered."""
_REF = re.compile(r"[\[(]?([\d*\u2020\u2021\u00a7]{1,4}|[a-z])[\])]?\Z")
_BACK = re.compile("[\u21a9\u2191^\u23ce\u21b5\u21e7\u2934\ufe0e\ufe0f\\s]+\\Z")


def read_page(data: bytes | str, *, default: str = "utf-8", breaks: Iterable[str] = ()) -> Page:
    """The blocks of a page. ``breaks`` are anchors at which a printed page begins."""
    reader = Reader(frozenset(breaks))
    text = decoded(data, default=default) if isinstance(data, bytes) else data
    # an assertion of the parser: a declaration that it gives up on
    with contextlib.suppress(AssertionError):
        reader.feed(harmless(text))
        reader.close()
    return reader.page()


class Reader(Paragraphs):
    """Collects the pieces of one page."""

    # --- tags ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        attributes = dict(reversed(attrs))
        if tag == "title" and not self._dropping:
            self._in_title = not self.title
            return
        if self._dropping:
            self._count(tag)
            return
        if tag in tags.ENDS_PARAGRAPH:
            self._flush(ended_by=tag)
        self._anchor(tag, attributes)
        if tag in tags.VOID:
            self._void(tag, attributes)
            return
        if tag in {"li", "p", "td", "th", "tr", "dt", "dd", "a"}:
            self._imply_end(tag)
        if tag in tags.HEADINGS:
            self._leave_table_for_a_heading()
            self._level = tags.HEADINGS[tag]
            self._line = self.getpos()[0]
        elif tag == "pre":
            self._pre += 1
        elif tag in {"table", "tr", "td", "th"}:
            self._table_tag(tag, attributes)
        elif tag == "li":
            self._item(attributes.get("value") or "")
        self._push(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that is empty by its slash, as in XHTML."""
        self.handle_starttag(tag, attrs)
        if tag not in tags.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End an element, and what is open in it."""
        if tag == "title":
            self._in_title = False
            return
        if not self._dropping and tag in tags.ENDS_PARAGRAPH:
            self._flush(ended_by=f"/{tag}")
            if tag == "pre" and self._pre:
                self._pre -= 1
            elif tag in {"table", "tr", "td", "th"}:
                self._table_end(tag)
        for place in range(len(self._open) - 1, -1, -1):
            element = self._open[place]
            if element.tag != tag:
                continue
            if element.same:
                element.same -= 1
            else:
                while len(self._open) > place:
                    self._pop()
            return

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._in_title:
            self.title += data[:1000]
        elif not self._dropping:
            if not self._parts:
                self._line = self._line if self._level else self.getpos()[0]
            self._parts.append(data if self._pre else data.replace(LINE, " "))
            if any(element.tag == "a" for element in self._open[-4:]):
                self._linked += len(data.strip())

    # --- elements that mean something ---

    def _push(self, tag: str, attributes: tags.Attributes) -> None:
        """Remember an element if it means something for what is in it, else count its tag."""
        made = Open(tag, said=tags.types(attributes))
        if len(self._open) < DEEPEST and self._means(made, attributes):
            self._open.append(made)
            self._dropping += made.drops
        else:
            self._count(tag)

    def _means(self, made: Open, attributes: tags.Attributes) -> bool:
        """Say on ``made`` what the element means; False for nothing."""
        tag, said = made.tag, made.said
        if tag in tags.DROPPED or tags.hidden(attributes):
            made.drops = True
        elif said & PAGE_BREAK:
            if attributes.get("id") in self.breaks:
                made.drops = True
            else:
                made.label, made.mark = tags.page_label(attributes), len(self._parts)
        elif tag in {"ol", "ul", "menu", "dl"}:
            made.is_list = True
            start = attributes.get("start") or ""
            if tag == "ol":
                made.number = int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1
        elif tag in {"a", "sup"}:
            self._refer(made, attributes)
            return made.mark >= 0
        else:
            return self._holds(made, attributes)
        return True

    def _holds(self, made: Open, attributes: tags.Attributes) -> bool:
        """Whether it is a part of the page or a box, or must be closed by the next of its kind."""
        made.main = made.tag in {"main", "article"} or "main" in made.said
        made.notes = bool(made.said & tags.NOTES)
        made.kind = tags.box(made.tag, attributes, made.said)
        if made.kind:
            self._boxes += 1
            made.box = self._boxes
        return bool(made.main or made.notes or made.kind or made.tag in {"li", "td", "th"})

    def _refer(self, made: Open, attributes: tags.Attributes) -> None:
        """A link or a raised text: it may turn out to be the number of a note."""
        to = attributes.get("href") or ("#" if "filepos" in attributes else "")
        if made.tag == "sup" or to:
            made.mark = len(self._parts)
            made.refers = "#" in to

    def _count(self, tag: str) -> None:
        """A tag without meaning: its end must not end an element with one."""
        for element in reversed(self._open):
            if element.tag == tag:
                element.same += 1
                return

    def _pop(self) -> None:
        element = self._open.pop()
        self._dropping -= element.drops
        if element.label is not None:
            text = "".join(self._parts[element.mark :])
            del self._parts[element.mark :]
            self._break(element.label or tags.page_label({}, text))
        elif element.mark >= 0 and not element.drops and element.mark <= len(self._parts):
            self._note_number(element)
        elif element.box:
            self._flush()

    def _note_number(self, element: Open) -> None:
        """Set the number of a note in brackets, so that it is no part of the word before it."""
        text = "".join(self._parts[element.mark :])
        outer = self._open[-1] if self._open else None
        if element.refers and outer is not None and outer.tag == "sup":
            outer.refers = True
        linked = element.refers or (outer is not None and outer.tag == "a" and outer.refers)
        found = _REF.match(text.strip())
        back = element.refers and _BACK.match(text)
        if back or (element.said & {"backlink", "doc-backlink"} and not found):
            del self._parts[element.mark :]
            return
        named = bool(element.said & {"noteref", "doc-noteref"})
        raised = element.tag == "sup" and linked
        if found and (named or raised):
            del self._parts[element.mark :]
            if not self._level:
                self._parts.append(f"[{found[1]}]")

    def _imply_end(self, tag: str) -> None:
        """Close what this tag closes by itself: an item by the next, a paragraph by the next."""
        closed = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th"}}.get(tag, {tag})
        for place in range(len(self._open) - 1, -1, -1):
            element = self._open[place]
            if element.tag in closed:
                while len(self._open) > place:
                    self._pop()
                return
            if element.is_list or element.tag in {"td", "th"} or element.box:
                return

    def _anchor(self, tag: str, attributes: tags.Attributes) -> None:
        for name in ("id", "name") if tag == "a" else ("id",):
            value = attributes.get(name)
            if not value:
                continue
            if value in self.breaks:
                self._break("", value)
            elif len(self._ids) < MOST_IDS:
                self._ids.append(value)

    def _void(self, tag: str, attributes: tags.Attributes) -> None:
        if tag == "br":
            self._parts.append("\n" if self._pre else LINE)
        elif tag == "img" and self._level and not self._alt:
            self._alt = attributes.get("alt") or ""
        elif tags.types(attributes) & PAGE_BREAK and attributes.get("id") not in self.breaks:
            self._break(tags.page_label(attributes))

    # --- lists ---

    def _item(self, value: str) -> None:
        depth = sum(element.is_list for element in self._open)
        around = next((e for e in reversed(self._open) if e.is_list), None)
        marker = "-"
        if around is not None and around.number is not None:
            if re.fullmatch(r"[0-9]{1,6}", value):
                around.number = int(value)
            marker = f"{around.number}."
            around.number += 1
        self._prefix = "  " * max(0, min(depth, 10) - 1) + marker + " "
