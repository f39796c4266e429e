"""What the tags of a web page mean for its text."""

import re
from collections.abc import Mapping

from ttrpg_core.documents import Block as Kind

VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("param", "source", "track", "wbr", "mbp:pagebreak"),
    }
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
ENDS_PARAGRAPH = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd"),
        *("details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
        *("header", "hgroup", "hr", "html", "legend", "li", "main", "mbp:pagebreak", "menu"),
        *("nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "ul", *HEADINGS),
    }
)
DROPPED = frozenset(
    {
        *("annotation", "annotation-xml", "audio", "button", "canvas", "datalist", "guide"),
        *("iframe", "nav", "noscript", "object", "ops:switch", "rp", "rt", "script", "select"),
        *("style", "svg", "template", "textarea", "video"),
    }
)
"""Elements whose text is not the book's. A reading aid over a character (rt) would split words."""
_READ_ALOUD = re.compile(
    r"read[-_ ]?(?:aloud|out)|box(?:ed)?[-_ ]?text|flavou?r[-_ ]?(?:text|box)|vorlese|narration",
    re.IGNORECASE,
)
_SIDEBAR = re.compile(
    r"(?:\A|[\s_-])(?:side[-_]?bar|call[-_]?out|inset|info[-_]?box|text[-_]?box|note[-_]?box|"
    r"admonition|tip[-_]?box|gm[-_]?(?:note|box))(?:\Z|[\s_-])",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:\A|\s)(?:footnote|endnote|rearnote|foot-note|end-note)s?(?:[-_]?text)?(?:\Z|\s)",
    re.IGNORECASE,
)
_NOTE_TYPES = frozenset({"footnote", "endnote", "rearnote", "doc-footnote", "doc-endnote"})
NOTES = frozenset({"footnotes", "endnotes", "rearnotes", "doc-footnotes", "doc-endnotes"})
"""A part of a page whose paragraphs are notes."""
_BOX_TYPES = frozenset(
    {
        *("sidebar", "tip", "help", "warning", "notice", "case-study", "pullquote"),
        *("doc-tip", "doc-notice", "doc-pullquote", "note", "doc-example"),
    }
)
_HIDDEN = re.compile(r"(?:\A|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_PAGE_NAME = re.compile(
    r"(?:page|pg|pag|p|seite)[\s._-]*(\d{1,5}|[ivxlcdm]{1,9})\.?\Z", re.IGNORECASE
)
_BOXABLE = frozenset({"aside", "blockquote", "div", "section", "p", "li", "dd", "figure", "td"})
Attributes = Mapping[str, str | None]


def types(attributes: Attributes) -> frozenset[str]:
    """What an element says that it is: its ``epub:type`` and its role."""
    said = f"{attributes.get('epub:type') or ''} {attributes.get('role') or ''}"
    return frozenset(said.lower().split())


def hidden(attributes: Attributes) -> bool:
    """Whether a reader of the page does not see the element."""
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    style = attributes.get("style")
    return bool(style and _HIDDEN.search(style))


def box(tag: str, attributes: Attributes, said: frozenset[str]) -> Kind:
    """What box an element is: its name, its class or what it says; "" for none."""
    if tag not in _BOXABLE:
        return ""
    name = attributes.get("class") or ""
    if said & _NOTE_TYPES or _NOTE.search(name):
        return "note"
    if "se:read-aloud" in said or _READ_ALOUD.search(name):
        return "read_aloud"
    if tag == "aside" or said & _BOX_TYPES or _SIDEBAR.search(name):
        return "sidebar"
    return ""


def page_label(attributes: Attributes, text: str = "") -> str:
    """The number of the printed page that begins at an element; "" when it does not say."""
    for value in (attributes.get("title"), attributes.get("aria-label"), text):
        said = " ".join((value or "").split()).strip(" .[]")
        if said:
            found = _PAGE_NAME.match(said)
            return found[1] if found else said[:16]
    found = _PAGE_NAME.match(attributes.get("id") or "")
    return found[1] if found else ""
