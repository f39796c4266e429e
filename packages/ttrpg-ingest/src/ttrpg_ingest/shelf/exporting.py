"""A book as Markdown, which reads back to the same text on the same printed pages.

``<!-- page 12 -->`` stands where the printed page 12 begins; ``<!-- page #12 -->`` says that it is
the twelfth of the file and nobody knows what is printed on it. ``<!-- part -->`` parts two runs of
text that nothing else parts.
"""

import re
from collections.abc import Iterator

from ttrpg_core.app import App
from ttrpg_core.documents import Section
from ttrpg_core.library import Book

DEEPEST = 6
"""Levels of headings that Markdown has."""
_BOXES = {"read_aloud": "read-aloud", "sidebar": "sidebar"}
"""Kinds of text that Markdown writes as a box."""
_PLAIN_LABEL = re.compile(r"[\w.-]{1,16}\Z")
_STRUCTURE = re.compile(r"\A( {0,3})(#{1,6}(?:[ \t]|$)|(?:`{3,}|~{3,})|={1,}\s*$|-{2,}\s*$)")
_COMMENT = re.compile(r"(<|%)(!--|(?<=%)%)")
_IN_HEADING = re.compile(r"([\\`*_\[\]<>{}])")


def markdown(app: App, book: Book) -> Iterator[str]:
    """The lines of a book, with its title and what is known of it in front."""
    yield from _front_matter(book)
    sections = app.library.sections(book.sha256)
    labels = app.library.pages(book.sha256)
    there = -1
    before: Section | None = None
    for section in sections:
        if section.page is not None and section.page > there:
            for index in range(there + 1, section.page + 1):
                yield _marker(_label(labels, index), index)
                yield ""
            there = section.page
        elif before is not None and _runs_on(before, section):
            yield "<!-- part -->"
            yield ""
        yield from _section(section)
        before = section


def _runs_on(before: Section, section: Section) -> bool:
    """Whether two sections of one page would be read as one: text after text, without a heading."""
    return not section.heading and not {before.kind, section.kind} & {"table", *_BOXES}


def _front_matter(book: Book) -> Iterator[str]:
    yield "---"
    facts = {
        "title": book.title,
        "authors": book.authors,
        "publisher": book.publisher,
        "edition": book.edition,
        "language": book.language,
        "system": book.system,
    }
    for name, value in facts.items():
        if value:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            plain = re.fullmatch(r"[\w ().,&'/-]+", value) and value[0].isalnum()
            yield f"{name}: {value}" if plain else f'{name}: "{quoted}"'
    yield "---"
    yield ""


def _label(labels: dict[int, str], index: int) -> str:
    """What is printed on a page; on one without text, what follows from the page nearest to it."""
    if index in labels:
        return labels[index]
    near = min(labels, key=lambda each: (abs(each - index), each))
    if not labels[near].isdecimal() or int(labels[near]) + index - near < 1:
        return ""
    label = str(int(labels[near]) + index - near)
    return "" if label in labels.values() else label


def _marker(label: str, index: int) -> str:
    return f"<!-- page {label if _PLAIN_LABEL.match(label) else f'#{index + 1}'} -->"


def _section(section: Section) -> Iterator[str]:
    if section.heading:
        level = min(DEEPEST, max(1, section.level))
        yield f"{'#' * level} {_IN_HEADING.sub(_escaped, section.heading)}"
        yield ""
    if section.text:
        lines = _lines(section.text, verbatim=section.kind == "code")
        if section.kind in _BOXES and not section.heading:
            yield f"> [!{_BOXES[section.kind]}]"
            lines = (f"> {line}".rstrip() for line in lines)
        yield from lines
        yield ""


def _escaped(found: "re.Match[str]") -> str:
    return f"\\{found[1]}"


def _lines(text: str, *, verbatim: bool) -> Iterator[str]:
    """The lines of a text; what Markdown would take for a heading or comment gets a backslash.

    Fenced code that is closed stays as it is: it came from Markdown, or reads as what it is.
    """
    lines = text.split("\n")
    fences = [n for n, line in enumerate(lines) if line.lstrip().startswith(("```", "~~~"))]
    fenced = verbatim or (fences and len(fences) % 2 == 0)
    inside = False
    for number, line in enumerate(lines):
        if fenced and number in fences:
            inside = not inside
            yield line
        elif inside:
            yield line
        else:
            yield _COMMENT.sub(r"\1\\\2", _STRUCTURE.sub(r"\1\\\2", line, count=1))
